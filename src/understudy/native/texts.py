"""Parts of texts taken out and put in."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]


@kernel
def copied(there: Bytes, some: Bytes) -> int:
    """How many bytes were copied to the start of others; for kernels alone, which write what they return."""
    for place in range(len(some)):
        there[place] = some[place]
    return len(some)


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
        copied(out[offsets[number] : offsets[number + 1]], data[start[number] : end[number]])
    return out, offsets


@kernel
def exchanged(
    data: Bytes, offsets: Places, text: Places, start: Places, end: Places, made: Bytes, bounds: Places
) -> tuple[Bytes, Places]:
    """Texts with other bytes from every start to its end, those that ``bounds`` cut; and their n + 1 offsets.

    What is exchanged is in order, and none of it overlaps.
    """
    rows, parts = len(offsets) - 1, len(start)
    ends = np.empty(rows + 1, np.int64)
    size, part = np.int64(0), 0
    for row in range(rows):
        ends[row] = size
        size += offsets[row + 1] - offsets[row]
        while part < parts and text[part] == row:
            size += bounds[part + 1] - bounds[part] - (end[part] - start[part])
            part += 1
    ends[rows] = size
    out = np.empty(size, np.uint8)
    here, at = offsets[0], 0
    for part in range(parts):
        at += copied(out[at:], data[here : start[part]])
        at += copied(out[at:], made[bounds[part] : bounds[part + 1]])
        here = end[part]
    copied(out[at:], data[here : offsets[rows]])
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
def equal(data: Bytes, start: Places, end: Places, wanted: Bytes) -> Mask:
    """Which parts are these bytes."""
    out = np.zeros(len(start), np.bool_)
    for number in range(len(start)):
        some = data[start[number] : end[number]]
        place = 0
        if len(some) == len(wanted):
            while place < len(some) and some[place] == wanted[place]:
                place += 1
            out[number] = place == len(some)
    return out


@kernel
def filled(data: Bytes, start: Places, end: Places, made: Bytes, source: Places) -> Bytes:
    """The bytes with those of parts replaced by as many others, from places of their own on."""
    out = data.copy()
    for number in range(len(start)):
        size = end[number] - start[number]
        copied(out[start[number] :], made[source[number] : source[number] + size])
    return out


@kernel
def put(data: Bytes, places: NDArray[np.int32], made: Bytes) -> Bytes:
    """The bytes with those at some places replaced."""
    out = data.copy()
    for number in range(len(places)):
        out[places[number]] = made[number]
    return out


@kernel
def painted(size: int, start: Places, end: Places, colour: Mask) -> Mask:
    """Of so many bytes, the colour of the last part that each lies in; False where none does."""
    out = np.zeros(size, np.bool_)
    for number in range(len(start)):
        for place in range(start[number], end[number]):
            out[place] = colour[number]
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


@kernel
def _hashed(data: Bytes, start: int, end: int) -> np.uint64:
    """A number that tells most parts apart (FNV-1a)."""
    found = np.uint64(0xCBF29CE484222325)
    for place in range(start, end):
        found = (found ^ np.uint64(data[place])) * np.uint64(0x100000001B3)
    return found ^ found >> np.uint64(32)


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
        size, slot = end[number] - start[number], _hashed(data, start[number], end[number]) & mask
        while True:
            known = table[slot]
            if known < 0:
                table[slot], first[count], known, count = count, number, count, count + 1
                break
            other = first[known]
            if end[other] - start[other] == size:
                place = 0
                while place < size and data[start[other] + place] == data[start[number] + place]:
                    place += 1
                if place == size:
                    break
            slot = slot + np.uint64(1) & mask
        which[number] = known
    return which, first[:count].copy()


@kernel
def names(data: Bytes, offsets: Places, between: Bytes) -> tuple[Places, Places, Places]:
    """The text of every name, and where it starts and ends: what is between bytes that are not 0 in a table of 256."""
    most = len(data) // 2 + len(offsets)
    text, start, end = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    count = 0
    for number in range(len(offsets) - 1):
        place = offsets[number]
        while place < offsets[number + 1]:
            if between[data[place]]:
                place += 1
                continue
            text[count], start[count] = number, place
            while place < offsets[number + 1] and not between[data[place]]:
                place += 1
            end[count] = place
            count += 1
    return text[:count], start[:count], end[:count]
