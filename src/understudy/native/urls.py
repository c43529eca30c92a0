"""URLs taken apart byte by byte: the host, the port, the path, the query, and the names that change in them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import inner, kernel
from understudy.native.texts import copied, starts

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

_SLASH, _COLON, _ASKS, _HASH, _AT, _PERCENT, _EQUAL, _OPEN, _AND = b"/:?#@%=[&"
_MAIL = np.frombuffer(b"mailto:", np.uint8)
_MARKS = np.zeros(256, np.bool_)
_MARKS[list(b"/?#&=;.:@%+")] = True
_SIGNS = np.zeros(256, np.bool_)
_SIGNS[list(b":/?#")] = True
_ENDS = np.zeros(256, np.bool_)
_ENDS[list(b"/?#")] = True
_ASKED = np.zeros(256, np.bool_)
_ASKED[list(b"?#")] = True
_HEX = np.zeros(256, np.bool_)
_HEX[list(b"0123456789abcdefABCDEF")] = True


@inner
def _start(data: Bytes, place: int, stop: int) -> int:
    """Where a URL starts without its scheme and the slashes after it."""
    if starts(data, place, stop, _MAIL):
        return place + len(_MAIL)
    sign = place
    while sign < stop and not _SIGNS[data[np.uint64(sign)]]:
        sign += 1
    slash = sign + 1 if sign < stop and data[sign] == _COLON else sign
    named = slash + 1 < stop and data[slash] == data[slash + 1] == _SLASH
    return slash + 2 if named and (slash > sign or slash == place) else place


@inner
def _port(data: Bytes, host: int, path: int) -> int:
    """Where a host ends: before a colon with digits alone after it, or where the path starts."""
    colon, colons = np.uint64(path), 0
    for place in range(np.uint64(host), np.uint64(path)):
        if data[place] == _COLON:
            colon = np.uint64(place)
            colons += 1
    for place in range(colon + np.uint64(1), np.uint64(path)):
        if not 48 <= data[place] <= 57:
            return path
    bare = colons > 1 and data[host] != _OPEN  # an IPv6 address without brackets
    return path if bare else int(np.int64(colon))


@inner
def _parts(data: Bytes, start: int, stop: int) -> tuple[int, int, int, int]:
    """Where the host of a URL starts, where it ends, where the path starts, and where the query does."""
    host = path = _start(data, start, stop)
    while path < stop and not _ENDS[data[np.uint64(path)]]:
        host = path + 1 if data[np.uint64(path)] == _AT else host
        path += 1
    query = path
    while query < stop and not _ASKED[data[np.uint64(query)]]:
        query += 1
    return host, _port(data, host, path), path, query


@inner
def _mark(data: Bytes, start: int, stop: int) -> int:
    """Where a name ends."""
    place, end = np.uint64(start), np.uint64(stop)
    while place < end and not _MARKS[data[place]]:
        place += np.uint64(1)
    return int(np.int64(place))


@inner
def _after(data: Bytes, place: int, stop: int) -> int:
    """Where a name may start again: after a mark, or what is escaped."""
    escapes = data[place] == _PERCENT and place + 2 < stop and _HEX[data[place + 1]] and _HEX[data[place + 2]]
    return place + (3 if escapes else 1)


@kernel
def names(
    data: Bytes, offsets: Places, keep_path: bool, keep_query: bool
) -> tuple[Places, Places, Places, Places, Places, Places]:
    """Where every name that changes starts and ends; and the parts of every URL.

    Those of the host, of parameters, and what is escaped are none.
    """
    rows, most = len(offsets) - 1, (offsets[-1] - offsets[0]) // 2 + len(offsets)
    start, end, count = np.empty(most, np.int64), np.empty(most, np.int64), 0
    hosts, ports, paths, queries = (
        np.empty(rows, np.int64),
        np.empty(rows, np.int64),
        np.empty(rows, np.int64),
        np.empty(rows, np.int64),
    )
    for row in range(rows):
        first, last = offsets[row], offsets[row + 1]
        host, port, path, query = _parts(data, first, last)
        hosts[row], ports[row], paths[row], queries[row] = host, port, path, query
        for place, stop, stay in ((first, host, False), (path, query, keep_path), (query, last, keep_query)):
            while place < stop and not stay:
                if _MARKS[data[np.uint64(place)]]:
                    place = _after(data, place, last)
                    continue
                start[count], place = place, _mark(data, place, stop)
                end[count] = place
                count += start[count] < query or place == last or data[place] != _EQUAL
    return start[:count], end[:count], hosts, ports, paths, queries


@inner
def _asks(data: Bytes, place: int, stop: int) -> bool:
    """Whether there is a question mark that is in no fragment."""
    while place < stop and data[place] != _ASKS and data[place] != _HASH:
        place += 1
    return place < stop and data[place] == _ASKS


@kernel
def parameters(data: Bytes, offsets: Places) -> tuple[Places, Places, Places, Places]:
    """The text of every parameter, where its name starts, and where its value starts and ends; between them one sign.

    They stand in the query, in the fragment, or in a text that has neither.
    """
    size, count = offsets[-1] - offsets[0], 0
    text, names = np.empty(size, np.int64), np.empty(size, np.int64)
    start, end = np.empty(size, np.int64), np.empty(size, np.int64)
    for number in range(len(offsets) - 1):
        place, stop = offsets[number], offsets[number + 1]
        asks = before = _asks(data, place, stop)
        fragment = False
        first, equal = place, np.int64(-1)
        while place <= stop:
            byte = data[place] if place < stop else _AND
            if byte == _EQUAL and equal < 0:
                equal = place
            elif byte == _AND or (byte == _ASKS and asks) or (byte == _HASH and not fragment):
                if equal >= 0 and not before:
                    text[count], names[count], start[count], end[count] = number, first, equal + 1, place
                    count += 1
                asks, fragment = asks and byte == _AND, fragment or byte == _HASH
                before, first, equal = False, place + 1, np.int64(-1)
            place += 1
    return text[:count], names[:count], start[:count], end[:count]


@kernel
def rehosted(
    data: Bytes,
    offsets: Places,
    host: Places,
    port: Places,
    gone: Places,
    after: Places,
    made: Bytes,
    bounds: Places,
    which: NDArray[np.int32],
) -> tuple[Bytes, Places]:
    """URLs with other hosts, those of a list that ``which`` says, and without what is gone; and their n + 1 offsets."""
    rows = len(offsets) - 1
    ends = np.zeros(rows + 1, np.int64)
    for row in range(rows):
        size = host[row] - offsets[row] + gone[row] - port[row] + offsets[row + 1] - after[row]
        ends[row + 1] = ends[row] + size + bounds[which[row] + 1] - bounds[which[row]]
    out = np.empty(ends[rows], np.uint8)
    at = np.int64(0)
    for row in range(rows):
        at = copied(out, at, data, offsets[row], host[row])
        at = copied(out, at, made, bounds[which[row]], bounds[which[row] + 1])
        at = copied(out, at, data, port[row], gone[row])
        at = copied(out, at, data, after[row], offsets[row + 1])
    return out, ends
