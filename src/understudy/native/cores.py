"""Letters and digits of texts, read and written where they stand among other characters; see ``entities.cores``.

What a byte counts as is in tables of 256, which have 255 for all but letters and digits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.native.kernel import kernel

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]

_OTHER = 255
_LAST_DIGIT = 9
_STEPS = 3  # places after which 97 * 100**3 still fits 31 bits
_SMALL, _TO_SMALL = ord("a"), np.uint8(32)


@kernel
def counted(data: Bytes, offsets: Places, value: Bytes) -> Places:
    """How many letters and digits every text has."""
    out = np.empty(len(offsets) - 1, np.int64)
    for text in range(len(out)):
        count = 0
        for byte in data[offsets[text] : offsets[text + 1]]:
            count += value[byte] != _OTHER
        out[text] = count
    return out


@kernel
def told(data: Bytes, offsets: Places, texts: Places, length: int, value: Bytes, table: Bytes) -> Bytes:
    """What a table has for the letters and digits of some texts with so many: all first ones, all second ones, ..."""
    rows = len(texts)
    out = np.empty((length + 1) * rows, np.uint8)  # what stands behind the last one is written, too
    for row in range(rows):
        place = row
        for byte in data[offsets[texts[row]] : offsets[texts[row] + 1]]:
            out[place] = table[byte]
            place += rows * (value[byte] != _OTHER)
    return out[: length * rows]


@kernel
def written(data: Bytes, offsets: Places, first: Places, made: Bytes, value: Bytes, letters: Bytes) -> Bytes:
    """The bytes with others for the letters and digits of some texts: small ones where these were, else capitals.

    ``first`` tells where those of each text start among all that are made, and is below 0 for texts that stay.
    """
    out = data.copy()
    for text in range(len(first)):
        at = first[text]
        if at < 0:
            continue
        for place in range(offsets[text], offsets[text + 1]):
            byte = data[place]
            if value[byte] != _OTHER:
                small = byte >= _SMALL and made[at] > _LAST_DIGIT
                out[place] = letters[made[at]] + small * _TO_SMALL
                at += 1
    return out


@kernel
def modulo_97(values: Bytes, rows: int, places: Places) -> Places:
    """The remainder by 97 of what the values at some places are as a number; letters, above 9, are two digits of it.

    Values come as ``told`` gives them: those of the first place for all rows, those of the second, ...
    """
    out = np.zeros(rows, np.int32)
    for number in range(len(places)):
        start = places[number] * rows
        for row in range(rows):
            value = np.int32(values[start + row])
            out[row] = out[row] * (np.int32(100) if value > _LAST_DIGIT else np.int32(10)) + value
        if number % _STEPS == _STEPS - 1 or number == len(places) - 1:
            for row in range(rows):
                out[row] %= np.int32(97)
    return out.astype(np.int64)
