"""Exact decimals: as 128-bit numbers with a scale, or as the text in which a numeric without scale travels."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Context, Decimal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.errors import Error
from understudy.transforms.prf import decimal_text

_DIGITS = 38
_WIDE_DIGITS = 60  # room for sums and multiples beyond what the type holds
_PLAIN = r"^-?\d+(\.\d+)?$"


def each_scale(values: pa.Array, change: Callable[[pa.Array, NDArray[np.bool_]], pa.Array]) -> pa.Array:
    """Apply a change of 128-bit decimals to decimals in text, those with as many decimal places together.

    ``change`` gets the decimals and which rows they are.  NaN and the infinities stay; an Error
    where a number has more than 38 digits.
    """
    plain = pc.fill_null(pc.match_substring_regex(values, _PLAIN), False).to_numpy(zero_copy_only=False)
    point = pc.find_substring(values, ".").fill_null(-1).to_numpy(zero_copy_only=False)
    length = pc.binary_length(values).fill_null(0).to_numpy(zero_copy_only=False)
    scales = np.where(point < 0, 0, length - point - 1)
    made = values
    for scale in np.unique(scales[plain]):
        rows = plain & (scales == scale)
        try:
            numbers = values.filter(pa.array(rows)).cast(pa.decimal128(_DIGITS, int(scale)))
        except pa.ArrowInvalid:
            raise Error("a number has more than 38 digits, too many to change exactly", hint="use `replace`") from None
        made = pc.replace_with_mask(made, pa.array(rows), decimal_text(change(numbers, rows)).cast(values.type))
    return made


def add(values: pa.Array, differences: NDArray[np.float64]) -> pa.Array:
    """Decimals plus differences rounded to their scale; a sum the type cannot hold becomes its largest number."""
    rounded = pa.array(differences).cast(pa.decimal128(_DIGITS, values.type.scale))
    return _narrow(pc.add(_widen(values), _widen(rounded)), values.type)


def floor(values: pa.Array, multiple: Decimal) -> pa.Array:
    """The largest multiples that are not above the decimals."""
    wide = _widen(values)
    step = pa.scalar(multiple, wide.type)
    return _narrow(pc.round_to_multiple(wide, multiple=step, round_mode="down"), values.type)


def _widen(values: pa.Array) -> pa.Array:
    return values.cast(pa.decimal256(_WIDE_DIGITS, values.type.scale))


def _narrow(values: pa.Array, kind: pa.DataType) -> pa.Array:
    largest = Decimal(10**kind.precision - 1).scaleb(-kind.scale, Context(prec=_WIDE_DIGITS))
    limit, negative = (pa.scalar(number, values.type) for number in (largest, -largest))
    return pc.max_element_wise(pc.min_element_wise(values, limit), negative).cast(kind)
