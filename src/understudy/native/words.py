"""Words: counted in texts, and written from a text that starts again where it ends."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

_STOP, _SMALL = np.uint8(ord(".")), np.uint8(ord("a"))


@kernel
def counted(data: Bytes, offsets: Places, between: Bytes) -> Places:
    """How many words each text has: runs of bytes that are 0 in a table of 256."""
    out = np.zeros(len(offsets) - 1, np.int64)
    for text in range(len(offsets) - 1):
        before = 1
        for byte in data[offsets[text] : offsets[text + 1]]:
            out[text] += before > between[byte]
            before = between[byte]
    return out


@kernel
def written(source: Bytes, start: Places, lengths: Places, ended: bool) -> tuple[Bytes, Places]:
    """So many bytes of a source from each start on, as sentences: the first letter large; and their n + 1 offsets.

    If they are to end as a sentence does, the last byte becomes a full stop, and a blank before it a letter; else
    a full stop at the end is left out.
    """
    out, offsets = np.empty(lengths.sum(), np.uint8), np.zeros(len(start) + 1, np.int64)
    at = 0
    for text in range(len(start)):
        place = start[text] % len(source)
        first = at
        for _ in range(lengths[text]):
            out[at] = source[place]
            at, place = at + 1, place + 1
            if place == len(source):
                place = 0
        if lengths[text] and out[first] >= _SMALL:
            out[first] -= 32
        if ended and lengths[text] > 2:
            out[at - 1] = _STOP
            out[at - 2] = max(out[at - 2], _SMALL)
        elif not ended and lengths[text] and out[at - 1] == _STOP:
            at -= 1
        offsets[text + 1] = at
    return out[:at], offsets
