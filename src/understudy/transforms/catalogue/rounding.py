"""``round`` and ``clamp``: numbers say less, to whoever looks for one of them."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.transforms import arithmetic, decimals
from understudy.transforms.arithmetic import NUMBERS
from understudy.transforms.declare import Change, Declaration, Option, Place, Rows, Setting

_TENS = np.array([10**power for power in range(20)], np.uint64)
_MOST_SIGNIFICANT = 15


def _build(setting: Setting) -> Change:
    digits, significant = setting.place.options["digits"], setting.place.options["significant"]

    def places(numbers: pa.Array) -> int | pa.Array:
        """To how many decimal places each number is rounded."""
        return int(digits) if significant is None else pa.array(int(significant) - 1 - _magnitude(numbers))

    def change(values: pa.Array, _rows: Rows) -> pa.Array:
        if pa.types.is_integer(values.type):
            return _integers(values, digits, significant)
        if pa.types.is_floating(values.type):
            return _floats(values, places(values))
        if pa.types.is_decimal(values.type):
            return decimals.rounded(values, places(values))
        return decimals.each_scale(values, lambda part, _chosen: decimals.rounded(part, places(part)))

    return change


def _magnitude(values: pa.Array) -> NDArray[np.int32]:
    """The power of ten of the first digit; 0 for zero and what is no number."""
    numbers = np.abs(arithmetic.floats(values))
    usual = np.isfinite(numbers) & (numbers > 0)
    return np.floor(np.log10(np.where(usual, numbers, 1.0))).astype(np.int32)


def _integers(values: pa.Array, digits: int | None, significant: int | None) -> pa.Array:
    """Halves away from zero; towards it where the type ends before."""
    numbers = values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    sizes = np.abs(numbers).view(np.uint64)  # of the least number too, whose size int64 cannot hold
    if significant is None:
        power = np.full(1, min(max(-int(digits or 0), 0), len(_TENS) - 1))
    else:
        power = np.maximum(np.searchsorted(_TENS, sizes, side="right") - int(significant), 0)
    step = _TENS[power]
    down = sizes // step * step
    limit = np.uint64(np.iinfo(values.type.to_pandas_dtype()).max)
    up = (
        ((sizes - down) * np.uint64(2) >= step)
        & (down <= limit)
        & (limit - np.minimum(down, limit) >= step)
        & (step > 1)
    )
    made = (down + np.where(up, step, np.uint64(0))).view(np.int64)
    return pa.array(np.where(numbers < 0, -made, made)).cast(values.type)


def _floats(values: pa.Array, places: int | pa.Array) -> pa.Array:
    """What is no number stays; below all numbers that have so many places, nothing is left."""
    numbers = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    largest = float(np.finfo(values.type.to_pandas_dtype()).max)
    with np.errstate(over="ignore", invalid="ignore"):
        scale = np.power(10.0, places if isinstance(places, int) else places.to_numpy())
        sizes = np.abs(numbers) * scale
        nearest = np.floor(sizes + 0.5) / scale
        nearest = np.where(nearest > largest, np.floor(sizes) / scale, nearest)
    nearest = np.where(np.isnan(nearest), 0.0, nearest)
    return pa.array(np.where(np.isfinite(numbers), np.copysign(nearest, numbers), numbers)).cast(values.type)


def _problem(place: Place) -> str:
    digits, significant = place.options["digits"], place.options["significant"]
    if (digits is None) == (significant is None):
        return "round takes either digits or significant"
    if place.column.kind == "integer" and digits is not None and digits >= 0:
        return "whole numbers are rounded to tens with -1, hundreds with -2 and so on"
    if (
        place.column.kind == "decimal"
        and not place.column.as_text
        and (digits or 0) >= place.column.arrow_type.scale > 0
    ):
        return f"{place.column.native_type} has no more than {digits} decimal places, so all would stay"
    return ""


def _build_clamp(setting: Setting) -> Change:
    hold = arithmetic.between(setting.place.column, setting.place.options["least"], setting.place.options["most"])
    return lambda values, _rows: hold(values)


def _clamp_problem(place: Place) -> str:
    if place.options["least"] is None and place.options["most"] is None:
        return "clamp takes least, most or both"
    return arithmetic.limits_problem(place)


ROUND = Declaration(
    name="round",
    summary="A number is rounded to so many decimal places (-3 for thousands) or significant digits.",
    example="{round: -2}",
    kinds=NUMBERS,
    build=_build,
    main="digits",
    options=(
        Option("digits", "whole number", "decimal places that stay; below 0, zeros at the end", least=-18, most=18),
        Option("significant", "whole number", "digits that stay, from the first", least=1, most=_MOST_SIGNIFICANT),
    ),
    problem=_problem,
    sensitive=False,
)

CLAMP = Declaration(
    name="clamp",
    summary="What is below or above a limit becomes that limit: with `most: 90`, nobody is older than 90.",
    example="{clamp: {most: 90}}",
    kinds=NUMBERS | {"date", "timestamp", "time"},
    build=_build_clamp,
    options=(
        Option("least", "value", "the least value there may be"),
        Option("most", "value", "the largest value there may be"),
    ),
    problem=_clamp_problem,
    sensitive=False,
)
