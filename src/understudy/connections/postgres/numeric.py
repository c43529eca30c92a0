"""PostgreSQL's binary form of ``numeric`` as Arrow decimals, whole columns at a time.

The driver would write every number as text, which Arrow then reads again: five times the work.  A value is
four 16-bit words (how many digits, the weight of the first, the sign, the shown scale) and then its digits
in base 10,000, the most significant first (``numeric_send`` in the server's ``numeric.c``).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

from understudy.errors import Inexact

MOST_DIGITS = 18
"""Numbers of so many digits fit 64 bits; columns of more are read as text."""

Words = np.ndarray[Any, np.dtype[np.int64]]

_HEAD = 4
_NEGATIVE, _NOT_FINITE = 0x4000, 0x8000
_POWERS = 10 ** np.arange(MOST_DIGITS + 1, dtype=np.int64)


def is_packed(arrow_type: pa.DataType) -> bool:
    """Whether numbers of a type are read in their binary form."""
    return bool(pat.is_decimal(arrow_type)) and arrow_type.precision <= MOST_DIGITS


def unpack(values: pa.Array, arrow_type: pa.DataType, *, table: str, column: str) -> pa.Array:
    """Decimals from a binary array of what ``numeric_send`` gives; Inexact, naming the column, for NaN or infinity."""
    offsets = np.frombuffer(values.buffers()[1], np.int32)[values.offset : values.offset + len(values) + 1] // 2
    data = values.buffers()[2]
    words = np.frombuffer(data, ">i2").astype(np.int64) if data is not None and data.size else np.zeros(0, np.int64)
    present = np.flatnonzero(np.diff(offsets) >= _HEAD)
    starts = offsets[:-1][present].astype(np.int64)
    digits, weights, signs = words[starts], words[starts + 1], words[starts + 2]
    if (signs & _NOT_FINITE).any():
        raise Inexact(table, column, "NaN or an infinity, which no decimal of Arrow can be")
    sums = _sums(words, starts + _HEAD, digits, 4 * weights + arrow_type.scale)
    numbers = np.zeros((len(values), 2), np.int64)  # two words each, the lower one first
    numbers[present, 0] = np.where(signs & _NEGATIVE, -sums, sums)
    numbers[:, 1] = numbers[:, 0] >> 63
    made = pa.Array.from_buffers(arrow_type, len(values), [None, pa.py_buffer(numbers)])
    return pc.if_else(values.is_valid(), made, pa.scalar(None, arrow_type)) if values.null_count else made


def _sums(words: Words, firsts: Words, digits: Words, powers: Words) -> Words:
    """Numbers without their signs, in units of the last place that their column shows.

    ``powers`` says which power of ten the first digit of each counts; the column's scale makes digits below exact.
    """
    total = np.zeros(len(firsts), np.int64)
    for place in range(int(digits.max(initial=0))):
        rows = np.flatnonzero(digits > place)
        digit, power = words[firsts[rows] + place], powers[rows] - 4 * place
        scaled = digit * _POWERS[np.clip(power, 0, MOST_DIGITS)]
        total[rows] += np.where(power < 0, digit // _POWERS[np.clip(-power, 0, MOST_DIGITS)], scaled)
    return total
