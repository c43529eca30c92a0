"""Parts of texts taken out and put in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.blocks import word
from understudy.native.kernel import inner, kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]


_1, _8, _16, _32 = np.uint64(1), np.uint64(8), np.uint64(16), np.uint64(32)
_MIXER = np.uint64(0xD6E8FEB86659FD93)

BLANK = np.zeros(256, np.bool_)
BLANK[list(b" \t\r\n\v\f")] = True
"""Which bytes are blanks."""


@inner
def trimmed(data: Bytes, start: int, end: int) -> tuple[int, int]:
    """Where a part starts and ends without the blanks at its ends."""
    while start < end and BLANK[data[start]]:
        start += 1
    while start < end and BLANK[data[end - 1]]:
        end -= 1
    return start, end


@inner
def starts(data: Bytes, place: int, stop: int, wanted: Bytes) -> bool:
    """Whether some bytes stand at a place."""
    found = stop - place >= len(wanted)
    for number in range(len(wanted) if found else 0):
        found &= data[place + number] == wanted[number]
    return found


@inner
def copied(out: Bytes, at: np.int64, data: Bytes, start: np.int64, end: np.int64) -> np.int64:
    """Where the next bytes go, after some were copied to a place; what stands behind them is spoiled.

    They go by sixteen, which is quicker than to go by as many as there are.
    """
    to, place = np.uint64(at), np.uint64(start)
    size = np.uint64(end) - place
    after = to + size
    while size > 0 and to + _16 <= np.uint64(len(out)) and place + _16 <= np.uint64(len(data)):
        for number in range(_16):
            out[to + number] = data[place + number]
        done = min(size, _16)
        to, place, size = to + done, place + done, size - done
    for number in range(size):
        out[to + number] = data[place + number]
    return np.int64(after)


@kernel
def taken(data: Bytes, start: Places, end: Places) -> tuple[Bytes, Places]:
    """The bytes from every start to its end, one after another, and their n + 1 offsets."""
    offsets = np.empty(len(start) + 1, np.int64)
    size = 0
    for number in range(len(start)):
        offsets[number] = size
        size += end[number] - start[number]
    offsets[len(start)] = size
    out = np.empty(size, np.uint8)
    for number in range(len(start)):
        copied(out, offsets[number], data, start[number], end[number])
    return out, offsets


@kernel
def exchanged(
    data: Bytes, offsets: Places, text: Places, start: Places, end: Places, made: Bytes, first: Places, last: Places
) -> tuple[Bytes, Places]:
    """Texts with other bytes from every start to its end, those from ``first`` to ``last``; and their n + 1 offsets.

    What is exchanged is in order, and none of it overlaps.
    """
    rows, parts = len(offsets) - 1, len(start)
    ends = np.empty(rows + 1, np.int64)
    size, part = np.int64(0), 0
    for row in range(rows):
        ends[row] = size
        size += offsets[row + 1] - offsets[row]
        while part < parts and text[part] == row:
            size += last[part] - first[part] - (end[part] - start[part])
            part += 1
    ends[rows] = size
    out = np.empty(size, np.uint8)
    here, at = offsets[0], np.int64(0)
    for part in range(parts):
        at = copied(out, at, data, here, start[part])
        at = copied(out, at, made, first[part], last[part])
        here = end[part]
    copied(out, at, data, here, offsets[rows])
    return out, ends


@kernel
def holding(data: Bytes, start: Places, end: Places, wanted: Bytes) -> Mask:
    """Which parts hold a byte that is not 0 in a table of 256."""
    out = np.empty(len(start), np.bool_)
    for number in range(len(start)):
        found = np.uint8(0)
        for place in range(start[number], end[number]):
            found |= wanted[data[place]]  # to leave at the first would take longer, most being short
        out[number] = found > 0
    return out


@kernel
def counted(data: Bytes, offsets: Places, wanted: int) -> Places:
    """How often a byte stands in every text."""
    out = np.zeros(len(offsets) - 1, np.int64)
    for text in range(len(offsets) - 1):
        for byte in data[offsets[text] : offsets[text + 1]]:
            out[text] += byte == wanted
    return out


@kernel
def filled(data: Bytes, start: Places, end: Places, made: Bytes, source: Places) -> Bytes:
    """The bytes with those of parts replaced by as many others, from places of their own on."""
    out = data.copy()
    for number in range(len(start)):
        first, at = np.uint64(start[number]), np.uint64(source[number])
        for place in range(np.uint64(end[number]) - first):
            out[first + place] = made[at + place]
    return out


@kernel
def covered(size: int, start: Places, end: Places) -> Mask:
    """Which of so many bytes lie in one of these parts."""
    out = np.zeros(size, np.bool_)
    for number in range(len(start)):
        for place in range(start[number], end[number]):
            out[place] = True
    return out


@kernel
def first(data: Bytes, start: Places, end: Places, wanted: Bytes) -> Places:
    """Where in every part the first byte stands that is not 0 in a table of 256; the end where none does."""
    out = np.empty(len(start), np.int64)
    for number in range(len(start)):
        place, stop = start[number], end[number]
        while place < stop and wanted[data[place]] == 0:
            place += 1
        out[number] = min(place, stop)
    return out


@kernel
def last(data: Bytes, start: Places, end: Places, wanted: Bytes) -> Places:
    """Where in every part the last byte stands that is not 0 in a table of 256; one before its start if none does."""
    out = np.empty(len(start), np.int64)
    for number in range(len(start)):
        place = end[number] - 1
        while place >= start[number] and wanted[data[place]] == 0:
            place -= 1
        out[number] = max(place, start[number] - 1)
    return out


@inner
def _word(data: Bytes, place: np.uint64, size: np.uint64) -> np.uint64:
    """The next eight bytes of a part, or the last that it has, as a number; read at once where that many are left."""
    found = np.uint64(0)
    if place + _8 <= np.uint64(len(data)):
        found = word(data, place)
    else:
        for number in range(min(size, _8)):
            found |= np.uint64(data[place + number]) << number * _8
    return found if size >= _8 else found & (_1 << size * _8) - _1


@inner
def _hashed(data: Bytes, start: np.uint64, end: np.uint64) -> np.uint64:
    """A number that tells most parts apart."""
    found, place = end - start, start
    while place < end:
        found = (found ^ _word(data, place, end - place)) * _MIXER
        found ^= found >> _32
        place += _8
    found *= _MIXER
    return found ^ found >> _32


@inner
def _same(data: Bytes, one: np.uint64, two: np.uint64, size: np.uint64) -> bool:
    """Whether two parts of one size are equal."""
    done = np.uint64(0)
    while done < size and _word(data, one + done, size - done) == _word(data, two + done, size - done):
        done += _8
    return bool(done >= size)


@kernel
def distinct(data: Bytes, start: Places, end: Places) -> tuple[NDArray[np.int32], Places]:
    """For every part, which of the different parts it is; and for each of these, the first that is the same."""
    which, first = np.empty(len(start), np.int32), np.empty(len(start), np.int64)
    room = 16
    while room < 2 * len(start):
        room *= 2
    table, mask = np.full(room, -1, np.int32), np.uint64(room - 1)
    count = 0
    for number in range(len(start)):
        place, stop = np.uint64(start[number]), np.uint64(end[number])
        slot = _hashed(data, place, stop) & mask
        while True:
            known = table[slot]
            if known < 0:
                table[slot], first[count], known, count = count, number, count, count + 1
                break
            other = first[known]
            same = np.uint64(end[other] - start[other]) == stop - place
            if same and _same(data, place, np.uint64(start[other]), stop - place):
                break
            slot = slot + _1 & mask
        which[number] = known
    return which, first[:count].copy()


@kernel
def names(data: Bytes, offsets: Places, between: Bytes) -> tuple[Places, Places]:
    """Where every name of texts starts and ends: what is between bytes that are not 0 in a table of 256."""
    most = (offsets[-1] - offsets[0]) // 2 + len(offsets)
    start, end = np.empty(most, np.int64), np.empty(most, np.int64)
    count = 0
    for number in range(len(offsets) - 1):
        place, stop = np.uint64(offsets[number]), np.uint64(offsets[number + 1])
        while place < stop:
            if between[data[place]]:
                place += _1
                continue
            start[count] = place
            while place < stop and not between[data[place]]:
                place += _1
            end[count] = place
            count += 1
    return start[:count], end[:count]
