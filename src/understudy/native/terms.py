"""Which of some terms texts hold, told by an automaton that reads every byte once; see ``transforms.terms``."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]
Words = NDArray[np.uint64]


@kernel
def held(data: Bytes, offsets: Places, classes: Bytes, following: NDArray[np.uint32], ended: Words) -> Words:
    """For every text the terms that end in it, a bit for each.

    ``following`` has a row for every state: for every class of bytes, where the row of the next one starts.  The terms
    that end in a state stand in ``ended`` where its row starts.
    """
    out = np.zeros(len(offsets) - 1, np.uint64)
    for text in range(len(out)):
        row, found = np.uint64(0), np.uint64(0)
        for place in range(offsets[text], offsets[text + 1]):
            row = np.uint64(following[row + np.uint64(classes[data[np.uint64(place)]])])
            found |= ended[row]
        out[text] = found
    return out
