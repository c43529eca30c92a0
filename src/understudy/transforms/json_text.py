"""JSON documents of a whole column read at once: which are valid, and where their values and keys stand.

The bytes of many documents are looked at together, as simdjson does it: quotes are paired by counting
them, brackets by counting depth.  Nothing is copied and nothing decoded, so that whoever changes some
values leaves all other bytes as they are.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.transforms.nesting import pairs, parents
from understudy.transforms.stretches import Bytes, Flags, Places, Stretches, Texts

OBJECT, _END_OBJECT, ARRAY, _END_ARRAY, STRING, SCALAR = range(6)
"""What a value is, and the brackets that end one; a scalar is a number, true, false or null."""

Kinds = NDArray[np.uint8]

_BETWEEN = 6  # a comma, a colon or a blank
_CLASSES = bytes(
    b'{}[]"'.find(byte) if byte in b'{}[]"' else _BETWEEN if byte in b",: \t\n\r" else SCALAR for byte in range(256)
)
_BLANK = np.isin(np.arange(256), list(b" \t\n\r"))
_QUOTE, _BACKSLASH, _COLON = b'"\\:'


@dataclass(frozen=True, eq=False)
class Values:
    """The values of documents, each before those inside it."""

    where: Stretches
    """Quotes included; of an object or array, its first bracket."""
    kind: Kinds
    parent: Places
    """The value that holds this one; -1 for a document's own."""
    after: Places
    """The first value that is not inside this one."""
    key: Places
    """Which of the keys leads to it; -1 for the items of arrays and for documents."""
    keys: Stretches
    """Quotes included."""

    @cached_property
    def place(self) -> Places:
        """Which item of its array every value is, from 0."""
        order = np.argsort(self.parent, kind="stable")
        count, parents = np.arange(len(order)), self.parent[order]
        new = np.append(True, parents[1:] != parents[:-1])[: len(order)]
        found = np.empty(len(order), np.int64)
        found[order] = count - np.maximum.accumulate(np.where(new, count, 0))
        return found


def read(texts: Texts) -> Values:
    """The values of documents that are all valid."""
    data = texts.data[texts.offsets[0] : texts.offsets[-1]]
    classes = np.frombuffer(data.tobytes().translate(_CLASSES), np.uint8)
    quote = classes == STRING
    escaped = escaped_places(data)
    if len(escaped):
        quote[escaped[quote[escaped]]] = False
    inside = np.bitwise_xor.accumulate(quote)  # of a string: from its first quote to before its last
    plain = (classes == SCALAR) & ~inside
    edges = texts.offsets[1:-1] - texts.offsets[0]
    edges = edges[(edges > 0) & (edges < len(data))]  # a scalar ends with its text, whatever the next one starts with
    ends = np.append(plain[:-1] > plain[1:], plain[-1:])
    ends[edges - 1] = plain[edges - 1]
    starts = np.append(plain[:1], plain[1:] > plain[:-1])
    starts[edges] = plain[edges]
    tokens = np.flatnonzero((quote & inside) | ((classes < STRING) & ~inside) | starts)
    kind = classes.take(tokens)
    end = tokens + 1
    end[kind == STRING] = np.flatnonzero(quote & ~inside) + 1
    end[kind == SCALAR] = np.flatnonzero(ends) + 1
    base = texts.offsets[0]
    text = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(tokens, texts.offsets - base)))
    keyed = kind == STRING
    keyed[keyed] = followed_by(_COLON, data, end[keyed])
    return _values(Stretches(text, tokens + base, end + base), kind, keyed)


def escaped_places(data: Bytes) -> Places:
    """The bytes right after a backslash that escapes them: of several in a row, every other one does."""
    found = np.flatnonzero(data == _BACKSLASH)
    if not len(found):
        return found
    count = np.arange(len(found))
    new = np.append(True, found[1:] != found[:-1] + 1)
    escaping = (count - np.maximum.accumulate(np.where(new, count, 0))) % 2 == 0
    return cast("Places", found[escaping] + 1)


def followed_by(sign: int, data: Bytes, end: Places) -> Flags:
    """Whether a sign, blanks before it left out, is the first thing after each of these places."""
    after = skip_blanks(data, end)
    return cast("Flags", (data.take(after, mode="clip") == sign) & (after < len(data)))


def skip_blanks(data: Bytes, places: Places) -> Places:
    """The first places from these on that are not blank."""
    found = places.copy()
    blank = np.flatnonzero(_BLANK[data.take(found, mode="clip")])
    while len(blank):
        found[blank] += 1
        blank = blank[(found[blank] < len(data)) & _BLANK[data.take(found[blank], mode="clip")]]
    return found


def _values(where: Stretches, kind: Kinds, keyed: Flags) -> Values:
    opens = (kind == OBJECT) | (kind == ARRAY)
    closes = (kind == _END_OBJECT) | (kind == _END_ARRAY)
    depth = np.cumsum(opens.view(np.int8) - closes.view(np.int8), dtype=np.int32)
    parent = parents(opens, closes, depth)
    is_value = ~(closes | keyed)
    index = np.flatnonzero(is_value)
    number = np.cumsum(is_value) - 1
    before = np.maximum(index - 1, 0)
    box = parent[index]
    after = np.arange(1, len(index) + 1)
    opener, closer = pairs(opens, closes, depth)
    after[number[opener]] = number[closer] + 1
    return Values(
        where=where.at(index),
        kind=kind[index],
        parent=np.where(box < 0, -1, number[box]),
        after=after,
        key=np.where(keyed[before], np.cumsum(keyed)[before] - 1, -1),
        keys=where.at(np.flatnonzero(keyed)),
    )


class Engine:
    """DuckDB, asked about documents: it reads them at a gigabyte a second.  Threads may share it."""

    def __init__(self) -> None:
        self._local = threading.local()

    def ask(self, texts: Texts, questions: Sequence[str]) -> tuple[Flags, list[Places]]:
        """Which texts are valid JSON, and the answer to every question (SQL on ``document``) about those; else 0.

        As DuckDB has it, NaN, Infinity and one comma too many are valid too: none of them hides a value.
        """
        asked = "".join(f", CASE WHEN valid THEN coalesce({question}, 0) ELSE 0 END" for question in questions)
        query = f"SELECT valid{asked} FROM (SELECT document, json_valid(document) AS valid FROM documents)"
        connection = self._connection()
        connection.register("documents", pa.table({"document": texts.values}))
        try:
            valid, *answers = connection.execute(query).fetchnumpy().values()
        finally:
            connection.unregister("documents")
        return valid | self._valid_after_all(texts, ~valid), answers

    def _connection(self) -> duckdb.DuckDBPyConnection:
        if not hasattr(self._local, "connection"):
            self._local.connection = duckdb.connect(":memory:", config={"threads": 1, "temp_directory": ""})
        return cast("duckdb.DuckDBPyConnection", self._local.connection)

    def _valid_after_all(self, texts: Texts, doubtful: Flags) -> Flags:
        """Half a character in an escape is valid JSON too, and too much for DuckDB; such texts are asked one by one."""
        found = np.zeros(len(texts), bool)
        for place in np.flatnonzero(doubtful):
            try:
                json.loads(texts.values[int(place)].as_py())
                found[place] = True
            except (ValueError, RecursionError):
                continue
        return found
