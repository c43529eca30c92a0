"""XML documents read byte by byte: where paths name texts and attributes, and whether tags are paired."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import inner, kernel
from understudy.native.paths import called, ended, entered
from understudy.native.texts import BLANK, starts, trimmed

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]
Words = NDArray[np.uint64]

_LESS, _MORE, _SLASH, _EQUAL, _QUOTE, _OTHER_QUOTE, _OPEN, _CLOSE, _ASKS, _SAYS, _COLON = b"<>/=\"'[]?!:"
_NAME_END = np.zeros(256, np.bool_)
_NAME_END[list(b" \t\n\f\r/>")] = True
_NO_NAME = np.zeros(256, np.bool_)
_NO_NAME[list(b" \t\n\f\r\"'=<>/")] = True
_SPACE = np.zeros(256, np.bool_)
_SPACE[list(b" \t\n\f\r")] = True

_IDLE, _TEXT, _TAG = range(3)

_COMMENT, _COMMENT_END, _CDATA, _CDATA_END, _SCRIPT, _SCRIPT_END, _DOCTYPE, _XMLNS = (
    np.frombuffer(text, np.uint8)
    for text in (b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?", b"?>", b"<!DOCTYPE", b"xmlns")
)


@inner
def _end_of(data: Bytes, place: int, stop: int, wanted: Bytes) -> int:
    """Where some bytes end that come first from a place on; -1 where they do not come."""
    while place < stop:
        if data[place] == wanted[0] and starts(data, place, stop, wanted):
            return place + len(wanted)
        place += 1
    return -1


@inner
def _doctype(data: Bytes, place: int, stop: int) -> int:
    """Where the declaration of a type ends that starts at a place; -1 where it does not."""
    place += len(_DOCTYPE)
    while place < stop and data[place] not in (_LESS, _MORE, _OPEN):
        place += 1
    inside = place < stop and data[place] == _OPEN
    while place < stop:
        if data[place] == _MORE:
            return place + 1
        place += 1
        while inside and place < stop and data[place] != _CLOSE:
            place += 1
        while inside and place + 1 < stop and BLANK[data[place + 1]]:
            place += 1
        place += 1 if inside else 0
    return -1


@inner
def _tag(data: Bytes, place: int, stop: int) -> int:
    """Where the tag ends that starts at a place, arrows in quotes left out; -1 where it does not end."""
    quote = 0
    for number in range(place + 1, stop):
        byte = data[number]
        if byte == _LESS:
            return -1
        if quote:
            quote = 0 if byte == quote else quote
        elif byte == _MORE:
            return number + 1
        elif byte == _QUOTE or byte == _OTHER_QUOTE:  # noqa: SIM109  # a tuple would be built for every byte
            quote = byte
    return -1


@inner
def _item(data: Bytes, place: int, stop: int) -> tuple[int, int]:
    """Where the tag or section ends that starts at a place, -1 where it does not; and what it is."""
    mark = data[place + 1] if place + 1 < stop else 0
    if mark == _ASKS:
        return _end_of(data, place + len(_SCRIPT), stop, _SCRIPT_END), _IDLE
    if mark == _SAYS:
        if starts(data, place, stop, _COMMENT):
            return _end_of(data, place + len(_COMMENT), stop, _COMMENT_END), _TEXT
        if starts(data, place, stop, _CDATA):
            return _end_of(data, place + len(_CDATA), stop, _CDATA_END), _TEXT
        if starts(data, place, stop, _DOCTYPE):
            return _doctype(data, place, stop), _IDLE
    return _tag(data, place, stop), _TAG


@inner
def _attribute(data: Bytes, reach: int, stop: int) -> tuple[int, int, int, int]:
    """Where the value and the name start and end of the next attribute of a tag; the first is -1 where none comes."""
    place = reach
    while place < stop and data[place] != _QUOTE and data[place] != _OTHER_QUOTE:
        place += 1
    sign = place - 1
    while sign >= reach and _SPACE[data[sign]]:
        sign -= 1
    last = sign
    while last > reach and _SPACE[data[last - 1]]:
        last -= 1
    first = last
    while first > reach and not _NO_NAME[data[first - 1]]:
        first -= 1
    end = place + 1
    while end < stop and data[end] != data[place]:
        end += 1
    found = end < stop and sign >= reach and data[sign] == _EQUAL and first < last
    return place + 1 if found else -1, end, first, last


@inner
def _declares(data: Bytes, first: int, last: int) -> bool:
    """Whether the name of an attribute says that it declares a namespace."""
    if not starts(data, first, last, _XMLNS):
        return False
    return last == first + len(_XMLNS) or data[first + len(_XMLNS)] == _COLON


@inner
def _local(data: Bytes, first: int, last: int) -> int:
    """Where a name starts behind the prefix of its namespace; its end where it has none, or more than one."""
    found, count = last, 0
    for place in range(first, last):
        if data[place] == _COLON:
            found, count = place + 1, count + 1
    return found if count == 1 else last


@inner
def _same(data: Bytes, start: int, end: int, other: int, other_end: int) -> bool:
    """Whether the same bytes stand in two places."""
    found = end - start == other_end - other
    for number in range(end - start if found else 0):
        found &= data[start + number] == data[other + number]
    return found


@inner
def _next(data: Bytes, place: int, stop: int) -> int:
    """Where the next tag or section starts; the end where none does."""
    while place < stop and data[place] != _LESS:
        place += 1
    return place


@inner
def _name(data: Bytes, place: int) -> int:
    """Where the name ends that starts here, in a tag."""
    while not _NAME_END[data[place]]:
        place += 1
    return place


@kernel
def find(
    data: Bytes,
    offsets: Places,
    names: Bytes,
    bounds: Places,
    elements: int,
    _positions: Places,
    wants: Words,
    begin: Words,
    lasting: Words,
    ends: Places,
    ends_beside: Places,
    rest: int,
) -> tuple[Mask, Places, Places, Places, Places]:
    """Which documents are not well-formed; and where paths name texts or attributes: text, start, end, and the path.

    The paths are as ``transforms.paths`` tells them.  Texts have no blanks around them; CDATA and comments are texts
    too.  Of attributes it is the value, without quotes; those that are empty or declare a namespace do not count.
    """
    size, every, other = len(lasting), len(bounds) - 1, len(bounds)
    most, deepest = (offsets[-1] - offsets[0]) // 2 + len(offsets), 2
    for number in range(len(offsets) - 1):
        deepest = max(deepest, (offsets[number + 1] - offsets[number]) // 3 + 3)
    wrong = np.zeros(len(offsets) - 1, np.bool_)
    text, start, end = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    path = np.empty(most, np.int64)
    # of the elements around a place: where their names start and end; and of what is there too, the states
    label, label_end = np.empty(deepest, np.int64), np.empty(deepest, np.int64)
    states = np.empty(deepest * size, np.uint64)
    states[:size] = begin
    count = 0
    for number in range(len(offsets) - 1):
        place, stop, depth = offsets[number], offsets[number + 1], 0
        while place < stop:
            first, place = place, _next(data, place, stop)
            first, last, kind = *trimmed(data, first, place), _TEXT
            if first == last:
                if place == stop:
                    break
                last, kind = _item(data, place, stop)
                if last < 0:
                    wrong[number] = True
                    break
                place = last
            if kind == _TEXT:
                chosen = ended(states, depth * size, ends, rest)
                text[count], start[count], end[count], path[count] = number, first, last, chosen
                count += chosen >= 0
            if kind != _TAG:
                continue
            closes = data[first + 1] == _SLASH
            named = first + 2 if closes else first + 1
            named_end = _name(data, named)
            if named == named_end or (closes and depth == 0):
                wrong[number] = True
                break
            if closes:
                wrong[number] |= not _same(data, named, named_end, label[depth], label_end[depth])
                depth -= 1
                continue
            word = called(data, named, named_end, names, bounds, 0, elements, every)
            short = called(data, _local(data, named, named_end), named_end, names, bounds, 0, elements, every)
            entered(states, depth * size, wants, word, short, lasting)
            depth += 1
            label[depth], label_end[depth] = named, named_end
            value, value_end, named, named_end = _attribute(data, first, last)
            while value >= 0:
                word = called(data, named, named_end, names, bounds, elements, every, other)
                short = called(data, _local(data, named, named_end), named_end, names, bounds, elements, every, other)
                entered(states, depth * size, wants, word, short, lasting)
                chosen = ended(states, depth * size + size, ends_beside, rest)
                text[count], start[count], end[count], path[count] = number, value, value_end, chosen
                count += chosen >= 0 and value < value_end and not _declares(data, named, named_end)
                value, value_end, named, named_end = _attribute(data, value_end + 1, last)
            depth -= data[last - 2] == _SLASH
        wrong[number] |= depth > 0
    return wrong, text[:count], start[:count], end[:count], path[:count]
