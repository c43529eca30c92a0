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


def unpaired(text: Places, depth: NDArray[np.int32]) -> Places:
    """Texts in which something is opened and not closed, or closed and not opened."""
    ends = np.append(text[1:] != text[:-1], True)[: len(text)]
    return np.unique(text[(depth < 0) | (ends & (depth != 0))])


def _by_depth(depth: NDArray[np.int32]) -> Places:
    """The order by depth, from left to right where that is equal."""
    narrow = np.uint8 if depth.max(initial=0) < 256 else np.uint32
    return np.argsort(depth.astype(narrow), kind="stable")


def parents(opens: Flags, closes: Flags, depth: NDArray[np.int32]) -> Places:
    """For every token the bracket that opens what it stands in; -1 where it stands in none."""
    # an opening bracket comes twice: as an item, and before its items
    tokens = np.repeat(np.arange(len(opens)), 1 + opens.view(np.int8) - closes.view(np.int8))
    begins = np.append(False, tokens[1:] == tokens[:-1])[: len(tokens)]
    level = depth.take(tokens) - (opens.take(tokens) & ~begins)
    order = _by_depth(level)
    latest = np.maximum.accumulate(np.where(begins.take(order), np.arange(len(order)), -1))
    holder = np.where((latest < 0) | (level.take(order) == 0), -1, tokens.take(order.take(latest)))
    found = np.full(len(opens), -1)
    child = np.flatnonzero(~begins.take(order))
    found[tokens.take(order.take(child))] = holder.take(child)
    return found


def pairs(opens: Flags, closes: Flags, depth: NDArray[np.int32]) -> tuple[Places, Places]:
    """Opening brackets, and those that close them."""
    brackets = np.flatnonzero(opens | closes)
    order = brackets.take(_by_depth((depth + closes).take(brackets)))
    return order[::2], order[1::2]


def inside(chosen: Flags, after: Places) -> Flags:
    """Which of some things stand inside chosen ones, at any depth.

    Each comes before what is inside it, and ``after`` is the first that is not inside any more.
    """
    size = len(chosen) + 1
    place = np.flatnonzero(chosen)
    edges = np.bincount(place + 1, minlength=size) - np.bincount(after[place], minlength=size)
    return np.cumsum(edges[:-1]) > 0
