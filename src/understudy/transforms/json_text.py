"""JSON documents of a whole column read at once: which are valid, and where what paths name stands.

Nothing is copied and nothing decoded, so that whoever changes some values leaves all other bytes as they are.
"""

from __future__ import annotations

import threading
from typing import cast

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.native import json as native
from understudy.transforms.paths import Told
from understudy.transforms.stretches import CHUNK_BYTES, Flags, Places, Stretches, Texts, joined

_NONE: Places = np.zeros(0, np.int64)


def find(texts: Texts, paths: Told) -> tuple[Stretches, Places, int]:
    """What paths name in documents, quotes included: strings, scalars and keys, which path each is for, and how many
    documents are neither JSON nor blank; then nothing else counts.

    As DuckDB has it, NaN, Infinity and one comma too many are JSON too: none of them hides a value.
    """
    found, which, lost = [], [_NONE], 0
    for first, last in texts.cuts(CHUNK_BYTES):
        valid, text, start, end, path = native.find(texts.data, texts.offsets[first : last + 1], *paths)
        doubtful = np.flatnonzero(~valid) + first
        if len(doubtful):
            lost += len(doubtful) - int(np.count_nonzero(_lenient(texts.values.take(pa.array(doubtful)))))
        found.append(Stretches(text + first, start, end))
        which.append(path)
    return joined(found), np.concatenate(which), lost


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
