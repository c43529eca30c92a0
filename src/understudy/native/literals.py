"""Texts that put things side by side between signs and in quotes, byte by byte; see ``transforms.literals``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import inner, kernel
from understudy.native.texts import BLANK, trimmed

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

SIGN, QUOTED, ESCAPE = 1, 2, 3
"""What a byte means, in a table of 256: it parts things, it stands around one, or the byte after it means nothing."""

_QUOTE, _BACKSLASH, _OPEN, _CLOSE, _COMMA, _EQUAL, _GREATER, _LINE = b'"\\{},=>\n'
_ROUND, _ROUND_END, _SQUARE, _SQUARE_END = b"()[]"
_CAPITALS = 0xDF  # without the bit that tells small letters from capitals
_EMPTY = np.frombuffer(b"empty", np.uint8)
_NULL = np.frombuffer(b"NULL", np.uint8)
_SPACE = BLANK.copy()  # as regular expressions have it
_SPACE[ord("\v")] = False
_BARE = ~_SPACE
_BARE[list(b'[](){},"\\')] = False


@inner
def _next(data: Bytes, place: int, stop: int, meaning: Bytes) -> int:
    """Where the next sign stands that is in no quotes; the end where none does, one behind it where quotes are open."""
    one, at, end, within = np.uint64(1), np.uint64(place), np.uint64(stop), False
    while at < end:
        means = meaning[data[at]]
        if means:
            if means == SIGN and not within:
                return int(np.int64(at))
            within ^= bool(means == QUOTED)
            at += np.uint64(means == ESCAPE)
        at += one
    return stop + within


@inner
def _reads(data: Bytes, start: int, end: int, word: Bytes, case: int) -> bool:
    """Whether a part is a word in capitals; or in small letters, too, if the bit that tells these is left out."""
    same = end - start == len(word)
    for number in range(len(word) if same else 0):
        same &= data[start + number] & case == word[number]
    return same


@kernel
def elements(data: Bytes, offsets: Places, meaning: Bytes) -> tuple[Places, Places, Places, Mask]:
    """The text, start and end of every element of arrays that is not NULL, and which texts are no arrays.

    An array may have its bounds before it, and be the element of another.
    """
    size, count = offsets[-1] - offsets[0], 0
    text, start, end = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    wrong = np.zeros(len(offsets) - 1, np.bool_)
    for number in range(len(offsets) - 1):
        begin, stop = offsets[number], offsets[number + 1]
        place, depth = _next(data, begin, stop, meaning), 0
        good = place < stop and data[place] == _OPEN and (place == begin or data[place - 1] == _EQUAL)
        while good and place < stop:
            sign, following = data[place], _next(data, place + 1, stop, meaning)
            depth += int(sign == _OPEN) - int(sign == _CLOSE)
            good = depth > 0 if following < stop else depth == 0 and sign == _CLOSE and place + 1 == stop
            if following < stop and sign != _CLOSE and data[following] != _OPEN:
                first, last = trimmed(data, place + 1, following)
                if first < last and not _reads(data, first, last, _NULL, _CAPITALS):
                    text[count], start[count], end[count] = number, first, last
                    count += 1
            place = following
        wrong[number] = not good and begin < stop
    return text[:count], start[:count], end[:count], wrong


@kernel
def fields(data: Bytes, offsets: Places, meaning: Bytes) -> tuple[Places, Places, Places, Places, Mask]:
    """The text, start, end and position of every field of composites that is not NULL, and which texts are none."""
    size, count = offsets[-1] - offsets[0], 0
    text, start, end = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    which, wrong = np.empty(size, np.int64), np.zeros(len(offsets) - 1, np.bool_)
    for number in range(len(offsets) - 1):
        place, stop, position = offsets[number], offsets[number + 1], 0
        good = place < stop and data[place] == _ROUND
        while good and place + 1 < stop:
            following = _next(data, place + 1, stop, meaning)
            position += 1
            if place + 1 < following:
                text[count], start[count], end[count], which[count] = number, place + 1, following, position
                count += 1
            good = following < stop and data[following] == (_ROUND_END if following + 1 == stop else _COMMA)
            place = following
        wrong[number] = not (good and position) and offsets[number] < stop
    return text[:count], start[:count], end[:count], which[:count], wrong


@kernel
def parts(data: Bytes, offsets: Places, meaning: Bytes, unquoted: Bytes) -> tuple[Places, Places, Places, Places]:
    """The text, start, end and position in its line of every part of lists that is more than blanks, without these.

    What bytes mean in a text that has half a pair of quotes is told apart.
    """
    size, count = offsets[-1] - offsets[0], 0
    text, start, end = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    which = np.empty(size, np.int64)
    for number in range(len(offsets) - 1):
        before, stop = count, offsets[number + 1]
        for means in (meaning, unquoted):
            count, place, position = before, offsets[number], 1
            while place <= stop:
                sign = _next(data, place, stop, means)
                first, last = trimmed(data, place, min(sign, stop))
                if first < last:
                    text[count], start[count], end[count], which[count] = number, first, last, position
                    count += 1
                position = 1 if sign < stop and data[sign] == _LINE else position + 1
                place = sign + 1
            if place == stop + 1:
                break
    return text[:count], start[:count], end[:count], which[:count]


@inner
def _bound(data: Bytes, place: int, stop: int) -> int:
    """Where the bound of a range ends that starts at a place; behind the end where its quotes are open."""
    if place < stop and data[place] == _QUOTE:
        place += 1
        while place < stop:
            doubled = place + 1 < stop and data[place] == data[place + 1] == _QUOTE
            if data[place] == _QUOTE and not doubled:
                return place + 1
            place += 2 if doubled or data[place] == _BACKSLASH else 1
        return stop + 1
    while place < stop and _BARE[data[place]]:
        place += 1
    return place


@inner
def _range(data: Bytes, place: int, stop: int) -> tuple[int, int]:
    """Where the range ends that starts at a place, and where its lower bound does; the place where there is none."""
    if _reads(data, place, min(place + len(_EMPTY), stop), _EMPTY, 0xFF):
        return place + len(_EMPTY), place
    if data[place] == _SQUARE or data[place] == _ROUND:
        low = _bound(data, place + 1, stop)
        if low < stop and data[low] == _COMMA:
            high = _bound(data, low + 1, stop)
            if high < stop and (data[high] == _SQUARE_END or data[high] == _ROUND_END):
                return high + 1, low
    return place, place


@kernel
def bounds(data: Bytes, offsets: Places) -> tuple[Places, Places, Places, Mask]:
    """The text, start and end of all bounds of ranges and multiranges that are some, and which texts are neither."""
    size, count = offsets[-1] - offsets[0], 0
    text, start, end = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    wrong = np.zeros(len(offsets) - 1, np.bool_)
    for number in range(len(offsets) - 1):
        begin, stop = offsets[number], offsets[number + 1]
        several = int(begin < stop and data[begin] == _OPEN)
        place, stop = begin + several, stop - several
        more = place < stop
        while more:
            after, low = _range(data, place, stop)
            if low > place:
                text[count], start[count], end[count] = number, place + 1, low
                count += place + 1 < low
                text[count], start[count], end[count] = number, low + 1, after - 1
                count += low + 1 < after - 1
            more = several > 0 and place < after < stop - 1 and data[after] == _COMMA
            place = after + int(more)
        wrong[number] = place != stop or (several > 0 and data[stop] != _CLOSE)
    return text[:count], start[:count], end[:count], wrong


@inner
def _spaced(data: Bytes, place: int, stop: int) -> int:
    """Where something stands that is no space."""
    while place < stop and _SPACE[data[place]]:
        place += 1
    return place


@inner
def _string(data: Bytes, place: int, stop: int) -> int:
    """Where what stands in quotes ends, these included; the place where it does not."""
    if place >= stop or data[place] != _QUOTE:
        return place
    one, at, end = np.uint64(1), np.uint64(place + 1), np.uint64(stop)
    while at < end and data[at] != _QUOTE:
        at += one + np.uint64(data[at] == _BACKSLASH)
    return int(np.int64(at + one)) if at < end else place


@inner
def _pair(data: Bytes, place: int, stop: int) -> tuple[int, int, int, int]:
    """Where a pair of hstore has the end of its key, the start and the end of its value, and its own; 0 if it is none.

    The value is empty where it is NULL.
    """
    key = _string(data, place, stop)
    arrow = _spaced(data, key, stop)
    if key == place or arrow + 1 >= stop or data[arrow] != _EQUAL or data[arrow + 1] != _GREATER:
        return 0, 0, 0, 0
    value = _spaced(data, arrow + 2, stop)
    after = end = _string(data, value, stop)
    if end == value:
        if not _reads(data, value, min(value + len(_NULL), stop), _NULL, _CAPITALS):
            return 0, 0, 0, 0
        after += len(_NULL)
    return key, value, end, _spaced(data, after, stop)


@kernel
def pairs(data: Bytes, offsets: Places) -> tuple[Places, Places, Places, Mask, Mask]:
    """The text, start and end of all keys of hstores and of the values after them, which are keys; and what is wrong.

    Their quotes are included; a value that is NULL is left out.
    """
    size, count = offsets[-1] - offsets[0], 0
    text, start, end = np.empty(size, np.int64), np.empty(size, np.int64), np.empty(size, np.int64)
    keyed, wrong = np.empty(size, np.bool_), np.zeros(len(offsets) - 1, np.bool_)
    for number in range(len(offsets) - 1):
        stop = offsets[number + 1]
        place = _spaced(data, offsets[number], stop)
        good, more = True, place < stop
        while more:
            key, value, last, after = _pair(data, place, stop)
            if key:
                text[count], start[count], end[count], keyed[count] = number, place, key, True
                count += 1
            if value < last:
                text[count], start[count], end[count], keyed[count] = number, value, last, False
                count += 1
            good = after == stop and key > 0
            more = key > 0 and after < stop and data[after] == _COMMA
            place = _spaced(data, after + 1, stop)
        wrong[number] = not good
    return text[:count], start[:count], end[:count], keyed[:count], wrong


@kernel
def read(data: Bytes, offsets: Places, doubled: bool) -> tuple[Bytes, Places]:
    """What literals spell, and the n + 1 offsets: without quotes around them and backslashes before characters.

    If ``doubled``, two quotes are one, too.
    """
    out, ends = np.empty(offsets[-1] - offsets[0], np.uint8), np.zeros(len(offsets), np.int64)
    one, at = np.uint64(1), np.uint64(0)
    for number in range(len(offsets) - 1):
        place, end = np.uint64(offsets[number]), np.uint64(offsets[number + 1])
        if place < end and data[place] == _QUOTE:
            place, end = place + one, end - one
            while end > place and data[end] & 0xC0 == 0x80:
                end -= one
        while place < end:
            byte = data[place]
            escapes = byte == _BACKSLASH or (doubled and byte == _QUOTE)
            if escapes and place + one < end and (byte == _BACKSLASH or data[place + one] == _QUOTE):
                place += one
            out[at] = data[place]
            at, place = at + one, place + one
        ends[number + 1] = at
    return out[: np.int64(at)].copy(), ends


@kernel
def quoted(data: Bytes, offsets: Places, raw: Bytes, bounds: Places, special: Bytes, nothing: Bytes) -> Mask:
    """Which texts need quotes: the literal before had some, something in them is special, or they would be NULL.

    So would the empty text, and one that reads as nothing, in capitals or not.
    """
    out = np.empty(len(offsets) - 1, np.bool_)
    for number in range(len(offsets) - 1):
        start, end = np.uint64(offsets[number]), np.uint64(offsets[number + 1])
        before = bounds[number] < bounds[number + 1] and raw[bounds[number]] == _QUOTE
        none = start == end or _reads(data, offsets[number], offsets[number + 1], nothing, _CAPITALS)
        found = np.uint8(before or none)
        for place in range(start, end):
            found |= special[data[place]]
        out[number] = found > 0
    return out


@kernel
def written(data: Bytes, offsets: Places, quoted: Mask, doubled: bool) -> tuple[Bytes, Places]:
    """Texts as literals, some of them in quotes, and the n + 1 offsets.

    In quotes, a backslash stands before a backslash and a quote; or, if ``doubled``, each of them twice.
    """
    out, ends = np.empty(2 * (offsets[-1] - offsets[0]) + 2 * len(offsets), np.uint8), np.zeros(len(offsets), np.int64)
    one, at = np.uint64(1), np.uint64(0)
    for number in range(len(offsets) - 1):
        if quoted[number]:
            out[at] = _QUOTE
            at += one
        for place in range(np.uint64(offsets[number]), np.uint64(offsets[number + 1])):
            byte = data[place]
            if quoted[number] and byte in (_BACKSLASH, _QUOTE):
                out[at] = _QUOTE if doubled and byte == _QUOTE else _BACKSLASH
                at += one
            out[at] = byte
            at += one
        if quoted[number]:
            out[at] = _QUOTE
            at += one
        ends[number + 1] = at
    return out[: np.int64(at)].copy(), ends
