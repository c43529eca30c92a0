"""Things inside things, told by what opens and closes them: brackets, tags."""

from __future__ import annotations

import numpy as np

from understudy.transforms.stretches import Flags, Places


def inside(chosen: Flags, after: Places) -> Flags:
    """Which of some things stand inside chosen ones, at any depth.

    Each comes before what is inside it, and ``after`` is the first that is not inside any more.
    """
    size = len(chosen) + 1
    place = np.flatnonzero(chosen)
    edges = np.bincount(place + 1, minlength=size) - np.bincount(after[place], minlength=size)
    return np.cumsum(edges[:-1]) > 0
