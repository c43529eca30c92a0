"""Texts put together of pieces: of tables, of the rows' own texts, and of what stands between them."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.arrow import own_spans, text_array
from understudy.native import joined as native

Taken: TypeAlias = tuple[pa.Array, NDArray[np.int64]]
"""Of the texts of a table, for every row the one at this place."""

Piece: TypeAlias = str | pa.Array | Taken
"""A text for all rows, one for each, or those taken from a table."""

_BEHIND = np.zeros(16, np.uint8)  # so many bytes are copied at a time


def joined(*pieces: Piece) -> pa.Array:
    """The pieces of every row as one text; none of them is NULL, and one at least is not the same for all rows."""
    rows = next(len(one[1] if isinstance(one, tuple) else one) for one in pieces if not isinstance(one, str))
    which = np.empty((len(pieces), rows), np.int32)
    data, bounds, first = [], [], []
    size = texts = 0
    for number, piece in enumerate(pieces):
        table, which[number] = _taken(piece, rows)
        some, offsets = own_spans(table)
        data.append(some)
        bounds.append(offsets + size)
        first.append(texts)
        size, texts = size + len(some), texts + len(offsets)
    whole = np.concatenate([*data, _BEHIND])
    return text_array(*native.joined(whole, np.concatenate(bounds), np.array(first), which.reshape(-1)))


def _taken(piece: Piece, rows: int) -> tuple[pa.Array, Any]:
    """A table, and which of its texts the piece is in every row."""
    if isinstance(piece, str):
        return pa.array([piece]), 0
    if isinstance(piece, tuple):
        table, places = piece
        if len(table) <= rows:
            return table, places
        piece = table.take(pa.array(places))  # or the whole table would be copied for the sake of a few
    return piece, np.arange(rows, dtype=np.int32)
