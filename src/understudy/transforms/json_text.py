"""JSON documents of a whole column read at once: which are valid, and where their values and keys stand.

Nothing is copied and nothing decoded, so that whoever changes some values leaves all other bytes as they are.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.native import json as native
from understudy.transforms.stretches import Flags, Places, Stretches, Texts

Kinds = NDArray[np.uint8]
STRING = native.STRING
"""The kind of texts; that of other values without any inside them is above."""


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


def read(texts: Texts) -> tuple[Values, Flags]:
    """The values of documents, and which of these are JSON, or blank; of others the values mean nothing.

    As DuckDB has it, NaN, Infinity and one comma too many are JSON too: none of them hides a value.
    """
    base, found = texts.offsets[0], native.read(*texts.own)
    valid, text, start, end, kind, parent, after, key, keys = found
    doubtful = np.flatnonzero(~valid)
    if len(doubtful):
        valid[doubtful] = _lenient(texts.values.take(pa.array(doubtful)))
    names = Stretches(keys[::3], keys[1::3] + base, keys[2::3] + base)
    return Values(Stretches(text, start + base, end + base), kind, parent, after, key, names), valid


_local = threading.local()


def _lenient(documents: pa.Array) -> Flags:
    """Which documents DuckDB takes for JSON, or are blank."""
    if not hasattr(_local, "connection"):
        _local.connection = duckdb.connect(":memory:", config={"threads": 1, "temp_directory": ""})
    connection: duckdb.DuckDBPyConnection = _local.connection
    connection.register("documents", pa.table({"document": documents}))
    try:
        (valid,) = connection.execute("SELECT json_valid(document) FROM documents").fetchnumpy().values()
    finally:
        connection.unregister("documents")
    blank = pc.equal(pc.utf8_trim_whitespace(documents), "").to_numpy(zero_copy_only=False)
    return cast("Flags", valid | blank)
