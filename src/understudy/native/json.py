"""JSON documents read byte by byte: where paths name values and keys, and whether they are JSON at all (RFC 8259)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import inner, kernel
from understudy.native.paths import called, ended, entered

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
Words = NDArray[np.uint64]

_VALUE, _KEY, _COLON, _COMMA, _END_OBJECT, _END_ARRAY = 1, 2, 4, 8, 16, 32
"""What may come next, as a sum."""

_REST, _BETWEEN, _SIGN = range(3)
_KINDS = np.zeros(256, np.uint8)
_KINDS[list(b" \t\n\r")] = _BETWEEN
_KINDS[list(b'{}[]",:')] = _SIGN
_ESCAPED = np.isin(np.arange(256), list(b'"/\\bfnrt'))
_PLAIN = (np.arange(256) >= 32) & ~np.isin(np.arange(256), list(b'"\\'))


@inner
def _string(data: Bytes, place: int, stop: int) -> tuple[int, bool, bool]:
    """Where the string ends that starts at a place of a text, if it is as it should be, and if it holds escapes."""
    good, escapes, place = True, False, place + 1
    while place < stop:
        byte = data[np.uint64(place)]  # which is not asked whether it counts from the end
        place += 1
        if _PLAIN[byte]:
            continue
        if byte == 34:
            return place, good, escapes
        if byte != 92:
            good = False
            continue
        escapes = True
        escaped = data[place] if place < stop else 0
        place += 1
        if escaped == 117:  # \u and four digits
            for digit in range(place, place + 4):
                byte = data[digit] if digit < stop else 0
                good &= 48 <= byte <= 57 or 65 <= byte <= 70 or 97 <= byte <= 102
        else:  # one of "/\bfnrt
            good &= _ESCAPED[escaped]
    return stop, False, escapes


@inner
def _past(data: Bytes, place: int, stop: int, kind: int) -> int:
    """Where bytes of a kind end that start at a place."""
    while place < stop and _KINDS[data[np.uint64(place)]] == kind:
        place += 1
    return place


@inner
def _digits(data: Bytes, place: int) -> int:
    """Where the digits end that start at a place."""
    while place < len(data) and 48 <= data[place] <= 57:
        place += 1
    return place


@inner
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


@inner
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


@inner
def _after(depth: int, in_object: bool) -> int:
    """What may come after a value."""
    return _COMMA + (_END_OBJECT if in_object else _END_ARRAY) if depth else 0


@inner
def _item(positions: Places, wanted: int, first: int, none: int) -> int:
    """Which of some positions this is, counted on from the first; or what stands for none of them."""
    for number in range(len(positions)):
        if positions[number] == wanted:
            return first + number
    return none


@kernel
def find(
    data: Bytes,
    offsets: Places,
    names: Bytes,
    bounds: Places,
    keys: int,
    positions: Places,
    wants: Words,
    begin: Words,
    lasting: Words,
    ends: Places,
    ends_beside: Places,
    rest: int,
) -> tuple[Mask, Places, Places, Places, Places]:
    """Which documents are JSON; and where paths name strings, scalars or keys: text, start, end, and the path.

    The paths are as ``transforms.paths`` tells them.  What is no JSON is read as far as it can be.
    """
    size, other = len(lasting), len(bounds) - 1
    most, deepest = (offsets[-1] - offsets[0]) // 2 + len(offsets), 2
    for number in range(len(offsets) - 1):
        deepest = max(deepest, offsets[number + 1] - offsets[number] + 2)
    valid = np.zeros(len(offsets) - 1, np.bool_)
    text, start, end = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    path = np.empty(most, np.int64)
    # of the boxes around a place, and of a value there: if it is an object, how many values it has, and the states
    is_object, values = np.zeros(deepest, np.bool_), np.zeros(deepest, np.int64)
    states, scratch = np.zeros(deepest * size, np.uint64), np.empty(deepest, np.uint8)
    count = 0
    for number in range(len(offsets) - 1):
        place, stop, depth, led = offsets[number], offsets[number + 1], 0, -1
        may, odd = _VALUE, 0  # what may come next, and what came that might not
        while place < stop:
            byte, first = data[np.uint64(place)], place
            place += 1
            if _KINDS[byte] == _BETWEEN:
                continue
            if byte == 44 or byte == 58:  # comma, colon
                odd |= (_COMMA if byte == 44 else _COLON) & ~may
                may = _KEY if byte == 44 and is_object[depth] else _VALUE
                continue
            if byte == 93 or byte == 125:  # what closes a box
                odd |= (_END_ARRAY if byte == 93 else _END_OBJECT) & ~may
                depth, led = max(depth - 1, 0), -1
                may = _after(depth, is_object[depth])
                continue
            here = depth * size
            if byte == 34:
                place, good, escapes = _string(data, first, stop)
                odd |= 0 if good else 1
                follow = _past(data, place, stop, _BETWEEN)
                if follow < stop and data[follow] == 58:
                    odd |= _KEY & ~may
                    may = _COLON
                    if escapes:
                        spelled = _spelled(data, first + 1, place - 1, scratch, 0)
                        led = called(scratch, 0, spelled, names, bounds, 0, keys, other)
                    else:
                        led = called(data, first + 1, place - 1, names, bounds, 0, keys, other)
                    chosen = ended(states, here, ends_beside, -1) if depth else -1
                    text[count], start[count], end[count], path[count] = number, first, place, chosen
                    count += chosen >= 0
                    continue
            elif byte != 91 and byte != 123:
                place = _past(data, place, stop, _REST)
                odd |= 0 if _scalar(data[first:place]) else 1
            odd |= _VALUE & ~may
            if depth:
                led = _item(positions, values[depth], keys, other) if led < 0 else led
                entered(states, here, wants, led, other, lasting)
            else:
                for word in range(size):
                    states[size + word] = begin[word]
            values[depth] += 1
            led = -1
            if byte == 91 or byte == 123:
                depth += 1
                is_object[depth], values[depth] = byte == 123, 0
                may = _KEY + _END_OBJECT if byte == 123 else _VALUE + _END_ARRAY
                continue
            may = _after(depth, is_object[depth])
            chosen = ended(states, here + size, ends, rest)
            text[count], start[count], end[count], path[count] = number, first, place, chosen
            count += chosen >= 0
        valid[number] = odd == 0 and depth == 0 and may == 0
    return valid, text[:count], start[:count], end[:count], path[:count]


_LARGEST = np.uint64(2**63 - 1)


@kernel
def whole(data: Bytes, start: Places, end: Places) -> Mask:
    """Which scalars are whole numbers of 64 bits."""
    out = np.empty(len(start), np.bool_)
    for number in range(len(start)):
        first = start[number] + (1 if data[start[number]] == 45 else 0)
        good, value = 0 < end[number] - first < 20, np.uint64(0)  # so many digits are no more than 64 bits
        for place in range(first, end[number]):
            good &= 48 <= data[place] <= 57
            value = value * np.uint64(10) + np.uint64(data[place] & 15)
        out[number] = good and value <= _LARGEST
    return out


_SHORT = np.zeros(128, np.uint8)
_SHORT[list(b'"\\\b\f\n\r\t')] = list(b'"\\bfnrt')
_LONG = np.arange(256).astype(np.uint8)
_LONG[list(b"bfnrt")] = list(b"\b\f\n\r\t")
_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)


@inner
def _unit(out: Bytes, at: int, code: int) -> int:
    """Write a code unit of UTF-16 as an escape, for the kernel that returns it; where that ends."""
    out[at], out[at + 1] = 92, 117
    for place in range(4):
        out[at + 2 + place] = _DIGITS[code >> 4 * (3 - place) & 15]
    return at + 6


@inner
def _code(data: Bytes, place: int, stop: int) -> int:
    """The code unit of UTF-16 that four digits of an escape spell."""
    code = 0
    for digit in range(place, min(place + 4, stop)):
        byte = int(data[digit])
        code = code << 4 | (byte - 48 if byte <= 57 else byte + 9) & 15
    return code


@inner
def _encoded(out: Bytes, at: int, code: int) -> int:
    """Write a character in UTF-8, for the kernel that returns it; where that ends."""
    more = 0 if code < 0x80 else 1 if code < 0x800 else 2 if code < 0x10000 else 3
    out[at] = code if more == 0 else 0xFF00 >> more + 1 & 0xFF | code >> 6 * more
    for place in range(1, more + 1):
        out[at + place] = 0x80 | code >> 6 * (more - place) & 0x3F
    return at + more + 1


@inner
def _spelled(data: Bytes, place: int, stop: int, out: Bytes, at: int) -> int:
    """Write what the inside of a string spells, half a character as its escape; where that ends."""
    while place < stop:
        byte = data[place]
        place += 1
        if byte != 92 or place == stop:
            out[at] = byte
            at += 1
            continue
        mark = data[place]
        place += 1
        if mark != 117:
            out[at] = _LONG[mark]
            at += 1
            continue
        code = _code(data, place, stop)
        place += 4
        if code >> 10 == 0x36 and place + 6 <= stop and data[place] == 92 and data[place + 1] == 117:
            other = _code(data, place + 2, stop)
            if other >> 10 == 0x37:
                code, place = 0x10000 + (code - 0xD800 << 10) + other - 0xDC00, place + 6
        at = _unit(out, at, code) if code >> 11 == 0x1B else _encoded(out, at, code)
    return at


@kernel
def spelled(data: Bytes, offsets: Places) -> tuple[Bytes, Places]:
    """What the insides of strings spell, half a character as its escape; and their n + 1 offsets."""
    out = np.empty(offsets[-1] - offsets[0], np.uint8)
    ends = np.zeros(len(offsets), np.int64)
    for number in range(len(offsets) - 1):
        ends[number + 1] = _spelled(data, offsets[number], offsets[number + 1], out, ends[number])
    return out[: ends[-1]], ends


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
