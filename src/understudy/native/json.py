"""JSON documents read byte by byte: where their values and keys stand, and whether they are JSON at all (RFC 8259)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

OBJECT, ARRAY, STRING, SCALAR = range(4)
"""What a value is; a scalar is a number, true, false or null."""

_VALUE, _KEY, _COLON, _COMMA, _END_OBJECT, _END_ARRAY = 1, 2, 4, 8, 16, 32
"""What may come next, as a sum."""

_AFTER = np.array([_COMMA + _END_OBJECT, _COMMA + _END_ARRAY])  # a value in an object, in an array

_BETWEEN, _SIGN = 1, 2
_KINDS = np.zeros(256, np.uint8)
_KINDS[list(b" \t\n\r")] = _BETWEEN
_KINDS[list(b'{}[]",:')] = _SIGN
_PLAIN = (np.arange(256) >= 32) & ~np.isin(np.arange(256), list(b'"\\'))


@kernel
def _string(data: Bytes, place: int, stop: int) -> tuple[int, bool]:
    """Where the string ends that starts at a place of a text, and whether it is one as it should be."""
    good, place = True, place + 1
    while place < stop:
        byte = data[place]
        if _PLAIN[byte]:
            place += 1
            continue
        if byte == 34:
            return place + 1, good
        place += 1
        if byte != 92:
            good = False
            continue
        escaped = data[place] if place < stop else 0
        place += 1
        if escaped == 117:  # \u and four digits
            for digit in range(place, place + 4):
                byte = data[digit] if digit < stop else 0
                good &= 48 <= byte <= 57 or 65 <= byte <= 70 or 97 <= byte <= 102
        else:  # one of "/\bfnrt
            good &= escaped in (34, 47, 92, 98, 102, 110, 114, 116)
    return stop, False


@kernel
def _digits(data: Bytes, place: int) -> int:
    """Where the digits end that start at a place."""
    while place < len(data) and 48 <= data[place] <= 57:
        place += 1
    return place


@kernel
def _number(data: Bytes) -> bool:
    """Whether it is a number."""
    size = len(data)
    place = 1 if data[0] == 45 else 0
    end = _digits(data, place)
    good = end > place and (data[place] != 48 or end == place + 1)
    if end < size and data[end] == 46:
        place = end + 1
        end = _digits(data, place)
        good &= end > place
    if end < size and data[end] | 32 == 101:
        place = end + 2 if end + 1 < size and data[end + 1] in (43, 45) else end + 1
        end = _digits(data, place)
        good &= end > place
    return good and end == size


@kernel
def _scalar(data: Bytes) -> bool:
    """Whether it is a number, true, false or null."""
    name = _TRUE if data[0] == 116 else _FALSE if data[0] == 102 else _NULL
    if data[0] != name[0]:
        return _number(data)
    found = len(data) == len(name)
    for place in range(len(name) if found else 0):
        found &= data[place] == name[place]
    return found


_TRUE, _FALSE, _NULL = (np.frombuffer(name, np.uint8) for name in (b"true", b"false", b"null"))


@kernel
def read(data: Bytes, offsets: Places) -> tuple[Mask, Places, Places, Places, Bytes, Places, Places, Places, Places]:
    """Which documents are JSON; of all values text, start, end, kind, parent, the value after, and key; and the keys.

    The parent is the value that holds one (-1 for a document's own), the key which of the keys leads to it (-1
    for none); each value comes before those inside it.  Of keys there is text, start and end, in turn.
    What is no JSON is read as far as it can be.
    """
    most = len(data) + 1
    valid = np.zeros(len(offsets) - 1, np.bool_)
    text, start, end = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    kind, parent, after = np.empty(most, np.uint8), np.empty(most, np.int64), np.empty(most, np.int64)
    key, keys = np.empty(most, np.int64), np.empty(3 * most, np.int64)
    count = names = 0
    for number in range(len(offsets) - 1):
        place, stop, box, led = offsets[number], offsets[number + 1], -1, -1
        may, odd = _VALUE, 0  # what may come next, and what came that might not
        while place < stop:
            byte = data[place]
            if _KINDS[byte] == _BETWEEN:
                place += 1
            elif byte == 44 or byte == 58:  # comma, colon
                odd |= (_COMMA if byte == 44 else _COLON) & ~may
                may = _KEY if byte == 44 and box >= 0 and kind[box] == OBJECT else _VALUE
                place += 1
            elif byte == 93 or byte == 125:  # what closes a box
                odd |= (_END_ARRAY if byte == 93 else _END_OBJECT) & ~may
                if box >= 0:
                    after[box], box = count, parent[box]
                may, led = _AFTER[kind[box]] if box >= 0 else 0, -1
                place += 1
            else:
                first = place
                if byte == 34:
                    place, good = _string(data, place, stop)
                    odd |= 0 if good else 1
                    follow = place
                    while follow < stop and _KINDS[data[follow]] == _BETWEEN:
                        follow += 1
                    if follow < stop and data[follow] == 58:
                        odd |= _KEY & ~may
                        keys[3 * names], keys[3 * names + 1], keys[3 * names + 2] = number, first, place
                        led, names, may = names, names + 1, _COLON
                        continue
                    kind[count] = STRING
                elif byte == 91 or byte == 123:
                    kind[count] = ARRAY if byte == 91 else OBJECT
                    place += 1
                else:
                    while place < stop and _KINDS[data[place]] == 0:
                        place += 1
                    odd |= 0 if _scalar(data[first:place]) else 1
                    kind[count] = SCALAR
                odd |= _VALUE & ~may
                text[count], start[count], end[count], parent[count], key[count] = number, first, place, box, led
                after[count], led = count + 1, -1
                if kind[count] < STRING:
                    box = count
                    may = _KEY + _END_OBJECT if byte == 123 else _VALUE + _END_ARRAY
                else:
                    may = _AFTER[kind[box]] if box >= 0 else 0
                count += 1
        valid[number] = odd == 0 and box < 0 and may == 0
        while box >= 0:
            after[box], box = count, parent[box]
    return (
        valid,
        text[:count],
        start[:count],
        end[:count],
        kind[:count],
        parent[:count],
        after[:count],
        key[:count],
        keys[: 3 * names],
    )


_SHORT = np.zeros(128, np.uint8)
_SHORT[list(b'"\\\b\f\n\r\t')] = list(b'"\\bfnrt')
_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)


@kernel
def _unit(out: Bytes, at: int, code: int) -> int:
    """Write a code unit of UTF-16 as an escape, for the kernel that returns it; where that ends."""
    out[at], out[at + 1] = 92, 117
    for place in range(4):
        out[at + 2 + place] = _DIGITS[code >> 4 * (3 - place) & 15]
    return at + 6


@kernel
def quoted(data: Bytes, offsets: Places, before: Bytes, bounds: Places) -> tuple[Bytes, Places]:
    """Texts as JSON strings, and their n + 1 offsets; those escaped beyond ASCII whose originals were (``\\\\u``)."""
    out = np.empty(6 * (offsets[-1] - offsets[0]) + 2 * len(offsets), np.uint8)
    ends = np.zeros(len(offsets), np.int64)
    at = 0
    for number in range(len(offsets) - 1):
        wide = False
        for place in range(bounds[number], bounds[number + 1] - 1):
            wide |= before[place] == 92 and before[place + 1] == 117
        out[at] = 34
        at += 1
        place, stop = offsets[number], offsets[number + 1]
        while place < stop:
            byte = np.int64(data[place])
            place += 1
            if byte >= 128 and wide:
                more = 1 if byte < 0xE0 else 2 if byte < 0xF0 else 3
                code = byte & 0x3F >> more
                for _ in range(more):
                    code = code << 6 | data[place] & 0x3F
                    place += 1
                if code > 0xFFFF:
                    at = _unit(out, at, int(0xD800 + (code - 0x10000 >> 10)))
                    code = 0xDC00 + (code & 0x3FF)
                at = _unit(out, at, int(code))
            elif byte < 128 and _SHORT[byte]:
                out[at], out[at + 1] = 92, _SHORT[byte]
                at += 2
            elif byte < 32 or (byte == 127 and wide):
                at = _unit(out, at, int(byte))
            else:
                out[at] = byte
                at += 1
        out[at] = 34
        at += 1
        ends[number + 1] = at
    return out[:at].copy(), ends
