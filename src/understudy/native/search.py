"""Automata that read texts byte by byte; see ``transforms.automata`` for what their cells say."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
Cells = NDArray[np.int32]


@kernel
def _end(data: Bytes, state: int, cells: Cells, classes: Bytes, last: int, home: int, idle: Mask) -> int:
    """Where the leftmost match ends in a text; -1 where there is none.

    ``last`` is the class of the end of the text; ``home`` a state that idle bytes lead back to.
    """
    end, place = -1, 0
    while place < len(data):
        if state == home and idle[data[place]]:
            place += 1
            continue
        cell = cells[state + classes[data[place]]]
        if cell & 1:
            end = place
        state = cell >> 1
        if state == 0:
            return end
        place += 1
    return len(data) if cells[state + last] & 1 else end


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
            start = place = end
            while state:
                kind = back_classes[data[place - 1]] if place > first else back_last
                cell = back_cells[state + kind]
                if cell & 1:
                    start = place
                if place == at:
                    break
                state = cell >> 1
                place -= 1
            row[count], found[count], ends[count] = text, start, end
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
