"""Numbers of every kind of column, moved or held between limits, exactly and without leaving their type.

Integers and decimals beyond 2^53 stay exact: what is added to them is computed in floating point, they are not.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.errors import InputError
from understudy.schema import Column, Kind
from understudy.transforms import decimals, moments
from understudy.transforms.constants import constants
from understudy.transforms.declare import Place
from understudy.transforms.draws import fraction
from understudy.transforms.prf import Words, words

NUMBERS: frozenset[Kind] = frozenset({"integer", "decimal", "float"})
"""The kinds of columns that hold numbers."""

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

Chosen = slice | NDArray[np.bool_]
"""Which rows of a column are worked on."""

EVERY = slice(None)

Difference = Callable[[Floats, Chosen], Floats]
"""From numbers, and which rows they are, to what is to be added to them."""

_LARGEST = 2.0**62  # a step that fits 64 bits


def floats(values: pa.Array) -> Floats:
    """Numbers in floating point, nulls as 0."""
    return cast("Floats", values.cast(pa.float64()).fill_null(0).to_numpy(zero_copy_only=False))


def in_units(values: pa.Array) -> Integers:
    """Integers as they are, decimals in units of their last place, dates and times in ticks; nulls as 0.

    An Error where a decimal has more than 18 digits.
    """
    if pa.types.is_decimal(values.type):
        return decimals.units(values)
    return moments.ticks(values) if pa.types.is_temporal(values.type) else words(values.cast(pa.int64())).view(np.int64)


def of_units(numbers: Integers, kind: Any) -> pa.Array:
    """The values of a type that are so many units."""
    if pa.types.is_decimal(kind):
        return decimals.of_units(numbers, kind)
    return moments.of_ticks(numbers, kind) if pa.types.is_temporal(kind) else pa.array(numbers).cast(kind)


def most_units(kind: Any) -> int:
    """The largest number of units that an integer or decimal type holds, and 64 bits do."""
    if pa.types.is_decimal(kind):
        return int(min(10**kind.precision, 2**63) - 1)
    return int(np.iinfo(kind.to_pandas_dtype()).max)


def move(values: pa.Array, difference: Difference) -> pa.Array:
    """Numbers plus differences, rounded as their type is; what would not fit the type becomes its largest number."""
    kind = values.type
    if pa.types.is_decimal(kind):
        return decimals.add(values, difference(floats(values), EVERY))
    if pa.types.is_floating(kind):
        return _move_floats(values, difference)
    if pa.types.is_integer(kind):
        return _move_integers(values, difference)
    return decimals.each_scale(values, lambda part, chosen: decimals.add(part, difference(floats(part), chosen)))


def _move_floats(values: pa.Array, difference: Difference) -> pa.Array:
    """What is no number stays."""
    numbers, largest = floats(values), float(np.finfo(values.type.to_pandas_dtype()).max)
    finite = np.isfinite(numbers)
    with np.errstate(over="ignore"):
        moved = numbers + difference(np.where(finite, numbers, 0.0), EVERY)
    return pa.array(np.where(finite, moved.clip(-largest, largest), numbers))


def _move_integers(values: pa.Array, difference: Difference) -> pa.Array:
    numbers = values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    found = difference(numbers.astype(np.float64), EVERY)
    steps = np.rint(found.clip(-_LARGEST, _LARGEST)).astype(np.int64)
    limits = np.iinfo(values.type.to_pandas_dtype())
    low = np.maximum(steps, limits.min - np.minimum(numbers, 0))
    return pa.array(numbers + np.minimum(low, limits.max - np.maximum(numbers, 0))).cast(values.type)


def between(column: Column, least: Any, most: Any) -> Callable[[pa.Array], pa.Array]:
    """What holds a column's values between two limits, of which either may be None.

    An InputError where one is no value of the column, or nothing lies between them.
    """
    low, high = (None if limit is None else _limit(limit, column) for limit in (least, most))
    if low is not None and high is not None and low > high:
        raise InputError(f"nothing lies between {least} and {most}")
    if column.as_text:
        return lambda values: decimals.each_scale(values, lambda part, _chosen: decimals.between(part, low, high))
    ends = [None if limit is None else constants([limit], column)[0] for limit in (least, most)]

    def change(values: pa.Array) -> pa.Array:
        held = values
        for end, beyond in zip(ends, (pc.less, pc.greater), strict=True):
            held = held if end is None else pc.if_else(beyond(held, end), end, held)
        return held

    return change


def _limit(value: Any, column: Column) -> Any:
    """A limit as Python compares it."""
    found = constants([value], column)[0].as_py()
    return Decimal(found) if column.as_text else found


def limits_problem(place: Place) -> str:
    """Why the options ``least`` and ``most`` do not fit a place; empty if they do."""
    try:
        between(place.column, place.options["least"], place.options["most"])
    except InputError as error:
        return error.message
    return ""


def normal(words: Words) -> Floats:
    """A normally distributed random number for every row (Box and Muller, 1958)."""
    radius = np.sqrt(-2.0 * np.log(1.0 - fraction(words, 0)))
    return cast("Floats", radius * np.cos(2.0 * np.pi * fraction(words, 1)))


def laplace(words: Words) -> Floats:
    """A random number for every row, of the Laplace distribution with the scale 1."""
    place = fraction(words, 0) - 0.5 + 2.0**-54  # never the end, whose logarithm is infinite
    return cast("Floats", np.sign(place) * np.log1p(-2.0 * np.abs(place)))


def uniform(words: Words) -> Floats:
    """A random number from -1 to 1 for every row."""
    return 2.0 * fraction(words, 0) - 1.0
