"""Automata that read texts byte by byte; see ``transforms.automata`` for what their cells say.

Places and states are numbers without a sign here: as indices they are not asked whether they count from the end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
Cells = NDArray[np.int32]


_ONE = np.uint64(1)


@kernel
def _end(data: Bytes, first: int, cells: Cells, classes: Bytes, last: int, home: int, idle: Mask) -> int:
    """Where the leftmost match ends in a text; -1 where there is none.

    ``last`` is the class of the end of the text; ``home`` a state that idle bytes lead back to.
    """
    end, place, size = np.int64(-1), np.uint64(0), np.uint64(len(data))
    state, base = np.uint64(first), np.uint64(home)
    while place < size:
        if state == base and idle[data[place]]:
            place += _ONE
            continue
        cell = np.uint64(cells[state + np.uint64(classes[data[place]])])
        if cell & _ONE:
            end = np.int64(place)
        state = cell >> _ONE
        if state == 0:
            return int(end)
        place += _ONE
    return len(data) if cells[state + np.uint64(last)] & 1 else int(end)


@kernel
def _idle(cells: Cells, classes: Bytes, home: int) -> Mask:
    """Which bytes lead from a state back to it."""
    out = np.zeros(256, np.bool_)
    for byte in range(256):
        out[byte] = cells[home + classes[byte]] == 2 * home
    return out


@kernel
def matches(
    data: Bytes,
    offsets: Places,
    word: Mask,
    cells: Cells,
    classes: Bytes,
    starts: Cells,
    back_cells: Cells,
    back_classes: Bytes,
    back_starts: Cells,
) -> tuple[Places, Places, Places]:
    """The text of every match, and where it starts and stops: in every text the leftmost, and after it the next.

    The first automaton finds where a match ends; the second one reads back from there to where it starts.
    """
    row, found, ends = np.empty(len(data), np.int64), np.empty(len(data), np.int64), np.empty(len(data), np.int64)
    last, back_last, home = int(classes.max()) + 1, int(back_classes.max()) + 1, int(starts[1])
    idle = _idle(cells, classes, home)
    count = 0
    for text in range(len(offsets) - 1):
        first, stop = offsets[text], offsets[text + 1]
        at = first
        while at < stop:
            state = starts[0] if at == first else starts[2] if word[data[at - 1]] else starts[1]
            size = _end(data[at:stop], state, cells, classes, last, home, idle)
            if size < 1:  # an empty match would lead nowhere
                break
            end = at + size
            state = back_starts[0] if end == stop else back_starts[2] if word[data[end]] else back_starts[1]
            start = place = np.uint64(end)
            until, low, state = np.uint64(at), np.uint64(first), np.uint64(state)
            while state:
                kind = np.uint64(back_classes[data[place - _ONE]] if place > low else back_last)
                cell = np.uint64(back_cells[state + kind])
                if cell & _ONE:
                    start = place
                if place == until:
                    break
                state = cell >> _ONE
                place -= _ONE
            row[count], found[count], ends[count] = text, np.int64(start), end
            count += 1
            at = end
    return row[:count], found[:count], ends[:count]


@kernel
def holds(data: Bytes, offsets: Places, cells: Cells, classes: Bytes, starts: Cells) -> Mask:
    """Which texts have a match."""
    last, home = int(classes.max()) + 1, int(starts[1])
    idle = _idle(cells, classes, home)
    out = np.zeros(len(offsets) - 1, np.bool_)
    for text in range(len(offsets) - 1):
        out[text] = _end(data[offsets[text] : offsets[text + 1]], int(starts[0]), cells, classes, last, home, idle) >= 0
    return out
