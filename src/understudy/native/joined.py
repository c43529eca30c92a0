"""Texts put together of others, in one pass over what they become."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.blocks import put, word
from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

_1, _8, _16 = np.uint64(1), np.uint64(8), np.uint64(16)


@kernel
def joined(data: Bytes, bounds: Places, first: Places, which: NDArray[np.int32]) -> tuple[Bytes, Places]:
    """For every row a text of each table, one after another; and the n + 1 offsets of the rows.

    The texts of all tables are cut from the bytes by ``bounds``, behind which there are sixteen more; ``first`` tells
    where those of each table start there, and ``which`` what is taken of each table for every row.
    """
    tables = len(first)
    rows = len(which) // tables
    offsets = np.zeros(rows + 1, np.int64)
    for table in range(tables):
        for row in range(rows):
            text = np.uint64(first[table] + which[table * rows + row])
            offsets[row + 1] += bounds[text + _1] - bounds[text]
    for row in range(rows):
        offsets[row + 1] += offsets[row]
    out = np.empty(offsets[rows] + 16, np.uint8)
    for row in range(rows):
        at = np.uint64(offsets[row])
        for table in range(tables):
            text = np.uint64(first[table] + which[table * rows + row])
            start, end = np.uint64(bounds[text]), np.uint64(bounds[text + _1])
            after = at + (end - start)
            while True:  # what is copied too much is written over by what comes next
                put(out, at, word(data, start))
                put(out, at + _8, word(data, start + _8))
                start, at = start + _16, at + _16
                if start >= end:
                    break
            at = after
    return out[: offsets[rows]], offsets
