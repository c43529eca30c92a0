"""Things inside things, told by what opens and closes them: brackets, tags."""

from __future__ import annotations

from typing import cast

import numpy as np
from numpy.typing import NDArray

from understudy.transforms.stretches import Flags, Places


def depths(text: Places, opens: Flags, closes: Flags) -> NDArray[np.int32]:
    """In how many pairs each token stands, counted in its text; what opens a pair is in it, what closes it no more."""
    step = opens.view(np.int8) - closes.view(np.int8)
    total = np.cumsum(step, dtype=np.int32)
    begins = np.append(True, text[1:] != text[:-1])[: len(text)]
    before = np.repeat((total - step)[begins], np.diff(np.flatnonzero(np.append(begins, True))))
    return cast("NDArray[np.int32]", total - before)


def inside(chosen: Flags, after: Places) -> Flags:
    """Which of some things stand inside chosen ones, at any depth.

    Each comes before what is inside it, and ``after`` is the first that is not inside any more.
    """
    size = len(chosen) + 1
    place = np.flatnonzero(chosen)
    edges = np.bincount(place + 1, minlength=size) - np.bincount(after[place], minlength=size)
    return np.cumsum(edges[:-1]) > 0
