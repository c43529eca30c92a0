"""Exact decimals: as 128-bit numbers with a scale, or as the text in which a numeric without scale travels."""

from __future__ import annotations

from collections.abc import Callable
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.errors import Error
from understudy.transforms.prf import decimal_text

DIGITS = 38
"""How many digits a 128-bit decimal holds."""

_WIDE_DIGITS = 60  # room for sums and multiples beyond what the type holds
_LARGEST_STEP = 0.999 * 10.0**DIGITS
_HALF = 2**62  # two numbers below it have a sum that fits 64 bits

PLAIN = r"^-?\d+(\.\d+)?$"


def each_scale(values: pa.Array, change: Callable[[pa.Array, NDArray[np.bool_]], pa.Array]) -> pa.Array:
    """Apply a change of 128-bit decimals to decimals in text, those with as many decimal places together.

    ``change`` gets the decimals and which rows they are.  NaN and the infinities stay; an Error
    where a number has more than 38 digits.
    """
    plain = pc.fill_null(pc.match_substring_regex(values, PLAIN), False).to_numpy(zero_copy_only=False)
    point = pc.find_substring(values, ".").fill_null(-1).to_numpy(zero_copy_only=False)
    length = pc.binary_length(values).fill_null(0).to_numpy(zero_copy_only=False)
    scales = np.where(point < 0, 0, length - point - 1)
    made = values
    for scale in np.unique(scales[plain]):
        rows = plain & (scales == scale)
        try:
            numbers = values.filter(pa.array(rows)).cast(pa.decimal128(DIGITS, int(scale)))
        except pa.ArrowInvalid:
            raise Error("a number has more than 38 digits, too many to change exactly", hint="use `replace`") from None
        made = pc.replace_with_mask(made, pa.array(rows), decimal_text(change(numbers, rows)).cast(values.type))
    return made


def add(values: pa.Array, differences: NDArray[np.float64]) -> pa.Array:
    """Decimals plus differences rounded to their scale; a sum the type cannot hold becomes its largest number."""
    kind = values.type
    steps = np.rint(differences * 10.0**kind.scale).clip(-_LARGEST_STEP, _LARGEST_STEP)
    numbers = _units(values)
    if numbers is not None and all((part > -_HALF).all() and (part < _HALF).all() for part in (numbers, steps)):
        most = min(10**kind.precision - 1, 2**63 - 1)
        return of_units((numbers + steps.astype(np.int64)).clip(-most, most), kind)
    whole = pa.array(steps).cast(pa.decimal128(DIGITS, 0))
    rounded = pa.Array.from_buffers(pa.decimal128(DIGITS, kind.scale), len(whole), whole.buffers())
    return narrowed(pc.add(widened(values), widened(rounded)), kind)


def floor(values: pa.Array, multiple: Decimal) -> pa.Array:
    """The largest multiples that are not above the decimals, with as many places as they need."""
    places = -int(multiple.normalize().as_tuple().exponent)
    kind = values.type if places <= values.type.scale else pa.decimal128(DIGITS, places)
    wide = values.cast(pa.decimal256(_WIDE_DIGITS, kind.scale))
    step = pa.scalar(multiple, wide.type)
    return narrowed(pc.round_to_multiple(wide, multiple=step, round_mode="down"), kind)


def rounded(values: pa.Array, digits: int | pa.Array) -> pa.Array:
    """Decimals rounded to so many places, halves away from zero; down where the type cannot hold what is above."""
    wide = widened(values)
    places = pa.scalar(digits, pa.int32()) if isinstance(digits, int) else digits
    nearest = pc.round_binary(wide, places, round_mode="half_towards_infinity")
    beyond = pc.fill_null(pc.greater(pc.abs(nearest), _largest(values.type)), False)
    if beyond.true_count:
        nearest = pc.if_else(beyond, pc.round_binary(wide, places, round_mode="towards_zero"), nearest)
    return nearest.cast(values.type)


def between(values: pa.Array, least: Decimal | None, most: Decimal | None) -> pa.Array:
    """Decimals, where they are below one limit or above the other that limit, rounded to their scale inwards."""
    unit = Decimal(1).scaleb(-values.type.scale)
    context = Context(prec=_WIDE_DIGITS)
    wide = widened(values)
    for limit, rounding, hold in (
        (least, ROUND_CEILING, pc.max_element_wise),
        (most, ROUND_FLOOR, pc.min_element_wise),
    ):
        if limit is not None:
            wide = hold(wide, pa.scalar(limit.quantize(unit, rounding, context), wide.type), skip_nulls=False)
    return narrowed(wide, values.type)


def units(values: pa.Array) -> NDArray[np.int64]:
    """Decimals in units of their last place (1.50 is 150), nulls as 0; an Error where one needs more than 64 bits."""
    found = _units(values)
    if found is None:
        raise Error("a number has more than 18 digits, too many to count in units", hint="use `noise` or `replace`")
    return found


def _units(values: pa.Array) -> NDArray[np.int64] | None:
    """Decimals in units of their last place; None where one needs more than 64 bits."""
    words = np.frombuffer(values.buffers()[1], np.int64).reshape(-1, 2)[values.offset : values.offset + len(values)]
    low, high = words[:, 0], words[:, 1]
    if values.null_count:
        there = values.is_valid().to_numpy(zero_copy_only=False)
        low, high = np.where(there, low, 0), np.where(there, high, 0)
    return None if (high != low >> 63).any() else low


def of_units(numbers: NDArray[np.int64], kind: Any) -> pa.Array:
    """The decimals of a type that are so many units of its last place."""
    words = np.empty((len(numbers), 2), np.int64)
    words[:, 0] = numbers
    np.right_shift(numbers, 63, out=words[:, 1])
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(words)])


def widened(values: pa.Array) -> pa.Array:
    """The same decimals with room for sums and multiples."""
    return values.cast(pa.decimal256(_WIDE_DIGITS, values.type.scale))


def narrowed(values: pa.Array, kind: pa.DataType) -> pa.Array:
    """Decimals as those of a type; what it cannot hold becomes its largest number."""
    limit = _largest(kind).cast(values.type)
    negative = pa.scalar(limit.as_py().copy_negate(), limit.type)
    return pc.max_element_wise(pc.min_element_wise(values, limit), negative).cast(kind)


def _largest(kind: Any) -> pa.Scalar:
    largest = Decimal(10**kind.precision - 1).scaleb(-kind.scale, Context(prec=_WIDE_DIGITS))
    return pa.scalar(largest, pa.decimal256(_WIDE_DIGITS, kind.scale))
