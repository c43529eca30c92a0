"""Pieces of keys, tokens and digests, and what each is written in; see ``transforms.catalogue.secrets``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Mask = NDArray[np.bool_]

KEPT = 255
"""What a piece before the part to change is written in."""


@kernel
def pieces(data: Bytes, offsets: Places, begins: Places, marks: Bytes, uses: Bytes, least: int) -> tuple[Places, Bytes]:
    """The n + 1 bounds of the pieces of texts, and for each what it is written in: ``KEPT`` before a text begins.

    A byte that is a mark by its table of 256 is a piece of its own.  What a piece is written in is what its bytes need
    together, 1 or 2; or 0 where that is something else, or the piece is shorter than the least.
    """
    bounds, written = np.empty(len(data) + 1, np.int64), np.empty(len(data), np.uint8)
    count = 0
    for text in range(len(begins)):
        start, end = offsets[text], offsets[text + 1]
        while start < end:
            needed, place = uses[data[start]], start + 1
            if not marks[data[start]]:
                until = begins[text] if start < begins[text] else end
                while place < until and not marks[data[place]]:
                    needed |= uses[data[place]]
                    place += 1
            bounds[count] = start
            written[count] = KEPT if start < begins[text] else needed if needed <= 2 and place - start >= least else 0
            count += 1
            start = place
    bounds[count] = len(data)
    return bounds[: count + 1], written[:count]


@kernel
def unlike(offsets: Places, bounds: Places, written: Bytes, other_bounds: Places, other_written: Bytes) -> Mask:
    """Which texts have a byte in a piece that is written in something else than the other piece it is in."""
    out = np.zeros(len(offsets) - 1, np.bool_)
    one = other = 0
    for text in range(len(out)):
        place = offsets[text]
        while place < offsets[text + 1]:
            out[text] |= written[one] != other_written[other]
            after, other_after = bounds[one + 1], other_bounds[other + 1]
            place = min(after, other_after)
            one += after == place
            other += other_after == place
    return out
