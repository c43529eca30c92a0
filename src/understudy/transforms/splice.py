"""Texts with some of their parts exchanged; everything between stays byte for byte."""

from __future__ import annotations

import pyarrow as pa

from understudy.transforms.stretches import Places, Stretches, Texts, spliced


def splice(texts: pa.Array, row: Places, start: Places, end: Places, made: pa.Array) -> pa.Array:
    """Texts in which the bytes from ``start`` to ``end`` of a row are replaced by ``made``.

    The parts are sorted by row and place and do not overlap.  NULL becomes an empty text.
    """
    whole = Texts(texts)
    first = whole.offsets[row]
    return spliced(whole, Stretches(row, first + start, first + end), made)
