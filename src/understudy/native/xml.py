"""XML documents read byte by byte: where their elements, attributes and texts stand, and whether they are paired."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

_LESS, _MORE, _SLASH, _EQUAL, _QUOTE, _OTHER_QUOTE, _OPEN, _CLOSE, _ASKS, _SAYS = b"<>/=\"'[]?!"
_BLANK = np.zeros(256, np.bool_)
_BLANK[list(b" \t\r\n\v\f")] = True
_NAME_END = np.zeros(256, np.bool_)
_NAME_END[list(b" \t\n\f\r/>")] = True
_NO_NAME = np.zeros(256, np.bool_)
_NO_NAME[list(b" \t\n\f\r\"'=<>/")] = True
_SPACE = np.zeros(256, np.bool_)
_SPACE[list(b" \t\n\f\r")] = True

_IDLE, _TEXT, _TAG = range(3)

_COMMENT, _COMMENT_END, _CDATA, _CDATA_END, _SCRIPT, _SCRIPT_END, _DOCTYPE = (
    np.frombuffer(text, np.uint8) for text in (b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?", b"?>", b"<!DOCTYPE")
)


@kernel
def _starts(data: Bytes, place: int, stop: int, wanted: Bytes) -> bool:
    """Whether some bytes stand at a place."""
    found = stop - place >= len(wanted)
    for number in range(len(wanted) if found else 0):
        found &= data[place + number] == wanted[number]
    return found


@kernel
def _end_of(data: Bytes, place: int, stop: int, wanted: Bytes) -> int:
    """Where some bytes end that come first from a place on; -1 where they do not come."""
    while place < stop:
        if data[place] == wanted[0] and _starts(data, place, stop, wanted):
            return place + len(wanted)
        place += 1
    return -1


@kernel
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
        while inside and place + 1 < stop and _BLANK[data[place + 1]]:
            place += 1
        place += 1 if inside else 0
    return -1


@kernel
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


@kernel
def _item(data: Bytes, place: int, stop: int) -> tuple[int, int]:
    """Where the tag or section ends that starts at a place, -1 where it does not; and what it is."""
    mark = data[place + 1] if place + 1 < stop else 0
    if mark == _ASKS:
        return _end_of(data, place + len(_SCRIPT), stop, _SCRIPT_END), _IDLE
    if mark == _SAYS:
        if _starts(data, place, stop, _COMMENT):
            return _end_of(data, place + len(_COMMENT), stop, _COMMENT_END), _TEXT
        if _starts(data, place, stop, _CDATA):
            return _end_of(data, place + len(_CDATA), stop, _CDATA_END), _TEXT
        if _starts(data, place, stop, _DOCTYPE):
            return _doctype(data, place, stop), _IDLE
    return _tag(data, place, stop), _TAG


@kernel
def _attributes(data: Bytes, place: int, stop: int, owner: int, out: Places, count: int) -> int:
    """Write the attributes of a tag, for the kernel that returns them; how many there are then."""
    reach = place
    while place < stop:
        byte = data[place]
        if byte != _QUOTE and byte != _OTHER_QUOTE:
            place += 1
            continue
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
        while end < stop and data[end] != byte:
            end += 1
        if sign < reach or data[sign] != _EQUAL or first == last or end == stop:
            break
        out[5 * count], out[5 * count + 1], out[5 * count + 2] = place + 1, end, first
        out[5 * count + 3], out[5 * count + 4] = last, owner
        count += 1
        place = reach = end + 1
    return count


@kernel
def _same(data: Bytes, start: int, end: int, other: int, other_end: int) -> bool:
    """Whether the same bytes stand in two places."""
    found = end - start == other_end - other
    for number in range(end - start if found else 0):
        found &= data[start + number] == data[other + number]
    return found


@kernel
def _next(data: Bytes, place: int, stop: int) -> int:
    """Where the next tag or section starts; the end where none does."""
    while place < stop and data[place] != _LESS:
        place += 1
    return place


@kernel
def _trimmed(data: Bytes, first: int, last: int) -> tuple[int, int]:
    """Where a text starts and ends without the blanks around it."""
    while first < last and _BLANK[data[first]]:
        first += 1
    while first < last and _BLANK[data[last - 1]]:
        last -= 1
    return first, last


@kernel
def _name(data: Bytes, place: int) -> int:
    """Where the name ends that starts here, in a tag."""
    while not _NAME_END[data[place]]:
        place += 1
    return place


@kernel
def read(data: Bytes, offsets: Places) -> tuple[Mask, Places, Places, Places, Places, Places, Places, Places, Places]:
    """Which documents are not well-formed; of all elements and texts the text, start, end, parent, the node after,
    and where the name starts and ends; and the attributes.

    The parent is the element that holds a node (-1 for none); each comes before what is inside it.  Texts have no
    name (-1), and no blanks around them.  Of attributes there is where value and name start and end, and the
    element, in turn.
    """
    most = len(data) // 2 + 2
    wrong = np.zeros(len(offsets) - 1, np.bool_)
    text, start, end = np.empty(most, np.int64), np.empty(most, np.int64), np.empty(most, np.int64)
    parent, after = np.empty(most, np.int64), np.empty(most, np.int64)
    name, name_end = np.empty(most, np.int64), np.empty(most, np.int64)
    attributes = np.empty(5 * most, np.int64)
    count = several = 0
    for number in range(len(offsets) - 1):
        place, stop, box = int(offsets[number]), int(offsets[number + 1]), -1
        while place < stop:
            first, place = place, _next(data, place, stop)
            first, last, kind = *_trimmed(data, first, place), _TEXT
            if first == last:
                if place == stop:
                    break
                last, kind = _item(data, place, stop)
                if last < 0:
                    wrong[number] = True
                    break
                place = last
            label = label_end = -1
            if kind == _TAG:
                closes = data[first + 1] == _SLASH
                label = first + 2 if closes else first + 1
                label_end = _name(data, label)
                if label == label_end or (closes and box < 0):
                    wrong[number] = True
                    break
                if closes:
                    wrong[number] |= not _same(data, label, label_end, name[box], name_end[box])
                    after[box], box, kind = count, parent[box], _IDLE
            if kind == _IDLE:
                continue
            text[count], start[count], end[count], parent[count], after[count] = number, first, last, box, count + 1
            name[count], name_end[count] = label, label_end
            if kind == _TAG:
                several = _attributes(data, first, last, count, attributes, several)
                box = box if data[last - 2] == _SLASH else count
            count += 1
        wrong[number] |= box >= 0
        while box >= 0:
            after[box], box = count, parent[box]
    return (
        wrong,
        text[:count],
        start[:count],
        end[:count],
        parent[:count],
        after[:count],
        name[:count],
        name_end[:count],
        attributes[: 5 * several],
    )
