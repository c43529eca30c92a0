"""``noise``: numbers move a little."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.transforms import decimals
from understudy.transforms.declare import DOMAIN, PER, Change, Declaration, Option, Place, Rows, Setting
from understudy.transforms.draws import by_value, fraction, needs_subject

_LARGEST = 2.0**62  # a step that fits 64 bits

Floats = NDArray[np.float64]


def _build(setting: Setting) -> Change:
    options = setting.place.options
    draw = by_value(setting, "noise")
    ratio, absolute = options["ratio"], options["absolute"]

    def difference(numbers: Floats, random: Floats) -> Floats:
        """By how much numbers move, for random numbers from -1 to 1."""
        return random * (float(absolute) if ratio is None else np.abs(numbers) * float(ratio))

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        random = 2 * fraction(draw(values, rows), 0) - 1
        if pa.types.is_decimal(values.type):
            return _decimals(values, random, difference)
        if pa.types.is_floating(values.type):
            numbers = values.cast(pa.float64()).fill_null(0).to_numpy(zero_copy_only=False)
            return pa.array(_floats(numbers, random, difference, np.finfo(values.type.to_pandas_dtype()).max))
        if pa.types.is_integer(values.type):
            return _integers(values, random, difference)
        return decimals.each_scale(values, lambda numbers, chosen: _decimals(numbers, random[chosen], difference))

    return change


Difference = Callable[[Floats, Floats], Floats]


def _floats(numbers: Floats, random: Floats, difference: Difference, largest: Any) -> Floats:
    """What is no number stays; what would be too large for the type becomes its largest."""
    finite = np.isfinite(numbers)
    with np.errstate(over="ignore"):
        moved = numbers + difference(np.where(finite, numbers, 0.0), random)
    return np.where(finite, moved.clip(-float(largest), float(largest)), numbers)


def _decimals(values: pa.Array, random: Floats, difference: Difference) -> pa.Array:
    numbers = values.cast(pa.float64()).fill_null(0).to_numpy(zero_copy_only=False)
    return decimals.add(values, difference(numbers, random))


def _integers(values: pa.Array, random: Floats, difference: Difference) -> pa.Array:
    """Exact beyond 2^53 too: only the difference is computed in floating point."""
    numbers = values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    steps = np.rint(difference(numbers.astype(np.float64), random).clip(-_LARGEST, _LARGEST)).astype(np.int64)
    limits = np.iinfo(values.type.to_pandas_dtype())
    low = np.maximum(steps, limits.min - np.minimum(numbers, 0))
    return pa.array(numbers + np.minimum(low, limits.max - np.maximum(numbers, 0))).cast(values.type)


def _problem(place: Place) -> str:
    given = [name for name in ("ratio", "absolute") if place.options[name] is not None]
    return "" if len(given) == 1 else "noise takes either a ratio or an absolute amount"


NOISE = Declaration(
    name="noise",
    summary=(
        "A number moves by a share of itself or by an amount, evenly either way; equal numbers move alike, "
        "or all of one subject by the same share."
    ),
    example="{noise: 0.1}",
    kinds=frozenset({"integer", "decimal", "float"}),
    build=_build,
    main="ratio",
    options=(
        Option("ratio", "number", "the largest share of itself by which a number moves", least=0.000001, most=1),
        Option("absolute", "number", "the largest amount by which a number moves", least=0.000001),
        PER,
        DOMAIN,
    ),
    needs=needs_subject,
    problem=_problem,
    sensitive=False,
)
