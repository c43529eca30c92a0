"""``stretch``: numbers keep their order, and the distances between them do not."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.errors import Error
from understudy.transforms import arithmetic, whole
from understudy.transforms.arithmetic import NUMBERS, Floats
from understudy.transforms.declare import (
    LOSSY,
    PRESERVED,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    Uniqueness,
)
from understudy.transforms.prf import digest

Numbers = NDArray[Any]
"""Whole numbers (of units) or floating-point ones."""

_MOST = 2**62  # so that sums of rounded steps stay below 2^63


def _build(setting: Setting) -> Change:
    """Read the whole column once; takes 16 bytes for each of its different values."""
    place = setting.place
    where = f"{place.table.name}.{place.column.name}"
    values, _ = whole.counted(setting)
    before = np.unique(_numbers(values))
    before = before[np.isfinite(before)]
    words = digest(pa.array(before), setting.key.subkey(f"stretch:{where}"))
    factors = np.exp(math.log(float(place.options["factor"])) * arithmetic.uniform(words))
    floating = pa.types.is_floating(values.type)
    most = float(np.finfo(values.type.to_pandas_dtype()).max) if floating else _most(values.type)
    mirror = np.negative if floating else np.invert
    below = before < 0
    lower = mirror(_outwards(mirror(before[below])[::-1], factors[below][::-1], most))[::-1]
    after = np.concatenate([lower, _outwards(before[~below], factors[~below], most)])

    def change(column: pa.Array, _rows: Rows) -> pa.Array:
        numbers = _numbers(column)
        at = np.searchsorted(before[:-1], numbers)
        moving = np.isfinite(numbers) & column.is_valid().to_numpy(zero_copy_only=False)
        lost = int((moving & (before[at] != numbers)).sum()) if len(before) else int(moving.sum())
        if lost:
            raise Error(f"{lost} values of {where} were not there when the column was read as a whole")
        if not moving.any():
            return column
        made = np.where(moving, after[at], numbers)
        return pa.array(made).cast(column.type) if floating else arithmetic.of_units(made, column.type)

    return change


def _numbers(values: pa.Array) -> Numbers:
    return arithmetic.floats(values) if pa.types.is_floating(values.type) else arithmetic.in_units(values)


def _most(kind: Any) -> int:
    return min(arithmetic.most_units(kind), _MOST)


def _outwards(sizes: Numbers, factors: Floats, most: float) -> Numbers:
    """Ascending numbers from 0, each as far from the one before as its factor says, and none beyond the most."""
    gaps = np.diff(sizes, prepend=sizes.dtype.type(0)).astype(np.float64)
    parts = gaps / most * factors
    with np.errstate(over="ignore"):
        steps = gaps * factors if parts.sum() <= 1 else parts / parts.sum() * most
    if np.issubdtype(sizes.dtype, np.floating):
        return np.cumsum(steps).clip(0, most)
    made = np.cumsum(np.where(gaps > 0, np.maximum(np.rint(steps), 1), 0).astype(np.int64))
    return np.minimum(made, int(most) - np.arange(len(sizes))[::-1])


def _uniqueness(place: Place) -> Uniqueness:
    return LOSSY if place.column.kind == "float" else PRESERVED


def _problem(place: Place) -> str:
    if place.column.as_text:
        return "numbers without a scale cannot be stretched"
    return whole.problem(place)


STRETCH = Declaration(
    name="stretch",
    summary=(
        "Numbers keep their order and their sign, and the distance between neighbours becomes another; "
        "equal numbers stay equal, zero stays zero. Reads the whole column once."
    ),
    example="{stretch: 2}",
    kinds=NUMBERS,
    build=_build,
    main="factor",
    options=(
        Option("factor", "number", "how many times longer or shorter a distance may become", default=2, least=1.01),
    ),
    uniqueness=_uniqueness,
    problem=_problem,
    by="column",
    sensitive=False,
)
