"""Texts that put things side by side between signs and in quotes, byte by byte; see ``transforms.literals``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

_QUOTE, _BACKSLASH = b'"\\'


@kernel
def signs(data: Bytes, offsets: Places, wanted: Bytes, escapes: bool, quotes: bool) -> tuple[Places, Places, Mask]:
    """The text and the place of every wanted byte that is in no quotes, and which texts have half a pair of quotes.

    In those, no quotes count.  With ``escapes``, what a backslash stands before is no sign and no quote.
    """
    text, places = np.empty(len(data), np.int64), np.empty(len(data), np.int64)
    odd = np.zeros(len(offsets) - 1, np.bool_)
    count = 0
    for number in range(len(offsets) - 1):
        before = count
        for counting in (quotes, False):
            within = False
            count, place = before, offsets[number]
            while place < offsets[number + 1]:
                byte = data[place]
                if byte == _BACKSLASH and escapes:
                    place += 1
                elif byte == _QUOTE and quotes:
                    within = counting and not within
                elif wanted[byte] and not within:
                    text[count], places[count] = number, place
                    count += 1
                place += 1
            if not within:
                break
            odd[number] = True
    return text[:count], places[:count], odd


@kernel
def strings(data: Bytes, offsets: Places) -> tuple[Places, Places, Places]:
    """The text, start and end of all that stands in quotes, these included; a backslash may escape one."""
    text, start, end = np.empty(len(data), np.int64), np.empty(len(data), np.int64), np.empty(len(data), np.int64)
    count = 0
    for number in range(len(offsets) - 1):
        place, opened = offsets[number], np.int64(-1)
        while place < offsets[number + 1]:
            byte = data[place]
            if byte == _BACKSLASH:
                place += 1
            elif byte == _QUOTE and opened < 0:
                opened = place
            elif byte == _QUOTE:
                text[count], start[count], end[count] = number, opened, place + 1
                count, opened = count + 1, np.int64(-1)
            place += 1
    return text[:count], start[:count], end[:count]


@kernel
def trimmed(data: Bytes, start: Places, end: Places, blank: Bytes) -> tuple[Places, Places]:
    """Where parts start and end without the blanks at their ends."""
    starts, ends = start.copy(), end.copy()
    for number in range(len(start)):
        while starts[number] < ends[number] and blank[data[starts[number]]]:
            starts[number] += 1
        while starts[number] < ends[number] and blank[data[ends[number] - 1]]:
            ends[number] -= 1
    return starts, ends


@kernel
def read(data: Bytes, offsets: Places, doubled: bool) -> tuple[Bytes, Places]:
    """What literals spell, and the n + 1 offsets: without quotes around them and backslashes before characters.

    If ``doubled``, two quotes are one, too.
    """
    out, ends = np.empty(offsets[-1] - offsets[0], np.uint8), np.zeros(len(offsets), np.int64)
    at = 0
    for number in range(len(offsets) - 1):
        place, end = offsets[number], offsets[number + 1]
        if place < end and data[place] == _QUOTE:
            place, end = place + 1, end - 1
            while end > place and data[end] & 0xC0 == 0x80:
                end -= 1
        while place < end:
            byte = data[place]
            more = place + 1 < end and (byte == _BACKSLASH or (doubled and byte == data[place + 1] == _QUOTE))
            place += 1 if more else 0
            out[at] = data[place]
            at, place = at + 1, place + 1
        ends[number + 1] = at
    return out[:at].copy(), ends


@kernel
def written(
    data: Bytes, offsets: Places, raw: Bytes, bounds: Places, special: Bytes, nothing: Bytes, doubled: bool
) -> tuple[Bytes, Places]:
    """Texts as literals, and the n + 1 offsets: in quotes if the literal before was, or something in them is special.

    So is the empty text, and one that reads as nothing, in capitals or not.  In quotes, a backslash stands before
    a backslash and a quote; or, if ``doubled``, each of them twice.
    """
    out, ends = np.empty(2 * (offsets[-1] - offsets[0]) + 2 * len(offsets), np.uint8), np.zeros(len(offsets), np.int64)
    at = 0
    for number in range(len(offsets) - 1):
        some = data[offsets[number] : offsets[number + 1]]
        quoted = len(some) == 0 or (bounds[number] < bounds[number + 1] and raw[bounds[number]] == _QUOTE)
        for byte in some:
            quoted |= special[byte] > 0
        if not quoted and len(some) == len(nothing):
            same = 0
            for place in range(len(nothing)):
                upper = some[place] - 32 if 97 <= some[place] <= 122 else some[place]
                same += upper == nothing[place]
            quoted = same == len(nothing)
        if quoted:
            out[at] = _QUOTE
            at += 1
        for byte in some:
            if quoted and byte in (_BACKSLASH, _QUOTE):
                out[at] = _QUOTE if doubled and byte == _QUOTE else _BACKSLASH
                at += 1
            out[at] = byte
            at += 1
        if quoted:
            out[at] = _QUOTE
            at += 1
        ends[number + 1] = at
    return out[:at].copy(), ends
