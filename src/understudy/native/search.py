"""Automata that read texts byte by byte; see ``transforms.automata`` for what their cells say.

Places and states are numbers without a sign here: as indices they are not asked whether they count from the end.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import inner, kernel
from understudy.native.texts import copied

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
Cells = NDArray[np.int32]


MATCHED, UNSURE, BEGUN, LOST = 1, 2, 4, 8
"""What a cell says beside the next state: that a match ended before the byte, and that this was not the first of
those under way to begin; that all that are under way now begin with the byte; or that the first may begin anywhere."""

STATE = 4
"""By how many bits the next state is shifted."""

_ONE, _STATE, _SAID = np.uint64(1), np.uint64(STATE), np.uint64((1 << STATE) - 1)
_MATCHED, _UNSURE, _BEGUN, _OTHER = (np.uint64(flags) for flags in (MATCHED, UNSURE, BEGUN, BEGUN | LOST))


@inner
def _first(
    data: Bytes, at: int, stop: int, first: int, cells: Cells, classes: Bytes, last: int, home: int, idle: Mask
) -> tuple[int, int]:
    """Where the leftmost match starts and ends from a place of a text on; -1 where that is not known or there is none.

    ``last`` is the class of the end of the text; ``home`` a state that idle bytes lead back to.
    """
    begin = start = end = np.int64(-1)
    place, size = np.uint64(at), np.uint64(stop)
    state, base = np.uint64(first), np.uint64(home)
    while True:
        if place == size:
            break
        if state == base:
            if idle[data[place]]:
                place += _ONE
                continue
            begin = np.int64(place)
        cell = np.uint64(cells[state + np.uint64(classes[data[place]])])
        if cell & _SAID:  # few do
            if cell & _MATCHED:
                start, end = np.int64(-1) if cell & _UNSURE else begin, np.int64(place)
            if cell & _OTHER:
                begin = np.int64(place) if cell & _BEGUN else np.int64(-1)
        state = cell >> _STATE
        if state == 0:
            return int(start), int(end)
        place += _ONE
    cell = np.uint64(cells[state + np.uint64(last)])
    if cell & _MATCHED:
        start, end = np.int64(-1) if cell & _UNSURE else begin, np.int64(stop)
    return int(start), int(end)


@kernel
def _start(data: Bytes, first: int, at: int, end: int, state: int, cells: Cells, classes: Bytes, last: int) -> int:
    """Where the longest match starts that ends at a place, read back to another place of the text."""
    start = place = np.uint64(end)
    until, low, here = np.uint64(at), np.uint64(first), np.uint64(state)
    while here:
        kind = np.uint64(classes[data[place - _ONE]] if place > low else last)
        cell = np.uint64(cells[here + kind])
        if cell & _MATCHED:
            start = place
        if place == until:
            break
        here = cell >> _STATE
        place -= _ONE
    return int(np.int64(start))


@kernel
def _idle(cells: Cells, classes: Bytes, home: int) -> Mask:
    """Which bytes lead from a state back to it."""
    out = np.zeros(256, np.bool_)
    for byte in range(256):
        out[byte] = cells[home + classes[byte]] == home << STATE
    return out


@kernel
def matches(
    data: Bytes,
    begins: Places,
    stops: Places,
    word: Mask,
    cells: Cells,
    classes: Bytes,
    starts: Cells,
    back_cells: Cells,
    back_classes: Bytes,
    back_starts: Cells,
) -> tuple[Places, Places, Places]:
    """The text of every match, and where it starts and stops: in every text the leftmost, and after it the next.

    The first automaton finds where a match ends and mostly where it starts; the second one reads back to there
    where several might have been under way.
    """
    room = np.int64(0)  # what no match takes of it, takes no memory
    for text in range(len(begins)):
        room += stops[text] - begins[text]
    row, found, ends = np.empty(room, np.int64), np.empty(room, np.int64), np.empty(room, np.int64)
    last, back_last, home = int(classes.max()) + 1, int(back_classes.max()) + 1, int(starts[1])
    idle = _idle(cells, classes, home)
    count = 0
    for text in range(len(begins)):
        first, stop = begins[text], stops[text]
        at = first
        while at < stop:
            state = starts[0] if at == first else starts[2] if word[data[at - 1]] else starts[1]
            start, end = _first(data, at, stop, state, cells, classes, last, home, idle)
            if end <= at:  # an empty match would lead nowhere
                break
            if start < 0:
                state = back_starts[0] if end == stop else back_starts[2] if word[data[end]] else back_starts[1]
                start = _start(data, first, at, end, state, back_cells, back_classes, back_last)
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
        _, end = _first(data, offsets[text], offsets[text + 1], starts[0], cells, classes, last, home, idle)
        out[text] = end >= 0
    return out


@kernel
def replaced(data: Bytes, offsets: Places, start: Places, end: Places, made: Bytes, each: bool) -> tuple[Bytes, Places]:
    """Texts with the same bytes in the place of every match, or of each of its characters; and their n + 1 offsets."""
    size = np.int64(len(data))
    for number in range(len(start)):
        size += len(made) * (end[number] - start[number] if each else 1)
    out, ends = np.empty(size, np.uint8), np.zeros(len(offsets), np.int64)
    here, at, number = offsets[0], np.int64(0), 0
    for text in range(len(offsets) - 1):
        stop = offsets[text + 1]
        while number < len(start) and start[number] < stop:
            at = copied(out, at, data, here, start[number])
            here = end[number]
            for place in range(start[number], here if each else start[number] + 1):
                if data[place] & 0xC0 != 0x80 or not each:
                    at = copied(out, at, made, np.int64(0), np.int64(len(made)))
            number += 1
        at = copied(out, at, data, here, stop)
        here, ends[text + 1] = stop, at
    return out[:at], ends


@inner
def _painted(out: Mask, start: Places, end: Places, colour: bool) -> None:
    """Write the colour of what lies in parts, for the kernel that returns it."""
    for number in range(len(start)):
        for place in range(np.uint64(start[number]), np.uint64(end[number])):
            out[place] = colour


@inner
def _bound(bounds: Places, count: int, place: int) -> int:
    """Write a bound unless it is the last one already, for the kernel that returns it; how many there are then."""
    bounds[count] = place
    return count if bounds[count - 1] == place else count + 1


@inner
def _cuts(bounds: Places, count: int, kept: Places, first: int, stop: int, reach: np.int64) -> tuple[int, int]:
    """Write bounds where something kept starts before a place, inside what changes up to another; how many there are
    then, and what is kept next.
    """
    while first < len(kept) and kept[first] < stop:
        count = _bound(bounds, count, kept[first]) if kept[first] < reach else count
        first += 1
    return count, first


@kernel
def parted(
    offsets: Places,
    start: Places,
    end: Places,
    changing: Places,
    changing_end: Places,
    kept: Places,
    kept_end: Places,
    mark: Places,
    mark_end: Places,
) -> tuple[Mask, Places]:
    """Which bytes of texts stay, and the n + 1 bounds of the pieces that the others are in.

    Parts stay, but for those inside that change, and those of these that are kept; and so do marks.  A piece ends
    where a text does, where a part ends, and where something in it changes or is kept of that; what stays only may
    lie in any piece.
    """
    out = np.zeros(offsets[-1], np.bool_)
    _painted(out, start, end, True)
    _painted(out, changing, changing_end, False)
    _painted(out, kept, kept_end, True)
    _painted(out, mark, mark_end, True)
    bounds = np.zeros(len(offsets) + len(start) + len(changing) + len(kept) + 1, np.int64)
    count, part, one, other, reach = 1, 0, 0, 0, np.int64(0)  # all texts begin at 0, which is there
    for text in range(len(offsets) - 1):
        count = _bound(bounds, count, offsets[text])
        while part < len(start) and start[part] < offsets[text + 1]:
            while one < len(changing) and changing[one] < end[part]:
                count, other = _cuts(bounds, count, kept, other, changing[one], reach)
                count, reach, one = _bound(bounds, count, changing[one]), changing_end[one], one + 1
            count, other = _cuts(bounds, count, kept, other, end[part], reach)
            part += 1
            if part == len(start) or start[part] > end[part - 1]:
                count = _bound(bounds, count, end[part - 1])
    count = _bound(bounds, count, offsets[-1])
    return out, bounds[:count]
