"""Texts with some of their parts exchanged; everything between stays byte for byte."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import spans

Numbers = NDArray[np.int64]


def splice(texts: pa.Array, row: Numbers, start: Numbers, end: Numbers, made: pa.Array) -> pa.Array:
    """Texts in which the bytes from ``start`` to ``end`` of a row are replaced by ``made``.

    The parts are sorted by row and place and do not overlap.  NULL becomes an empty text.
    """
    data, offsets = spans(texts)
    count = len(texts)
    place = 2 * np.arange(len(row)) + row + 1  # of the k-th part among all pieces: there is one before every part
    bounds = np.empty(2 * len(row) + count + 1, np.int64)
    bounds[place] = offsets[row] + start
    bounds[place + 1] = offsets[row] + end
    firsts = np.arange(count + 1) + 2 * np.searchsorted(row, np.arange(count + 1))
    bounds[firsts] = offsets
    pieces = pa.Array.from_buffers(
        pa.large_string(), len(bounds) - 1, [None, pa.py_buffer(bounds), pa.py_buffer(np.ascontiguousarray(data))]
    )
    chosen = np.zeros(len(pieces), bool)
    chosen[place] = True
    whole = pc.replace_with_mask(pieces, pa.array(chosen), made.cast(pa.large_string()))
    joined, edges = spans(whole)
    ends = edges[firsts]
    made_whole = pa.Array.from_buffers(
        pa.large_string(), count, [None, pa.py_buffer(ends), pa.py_buffer(np.ascontiguousarray(joined))]
    )
    return made_whole.cast(pa.string())
