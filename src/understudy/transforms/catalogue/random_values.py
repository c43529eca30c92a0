"""``random``: a number, date or time from a range."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.transforms import arithmetic, decimals
from understudy.transforms.arithmetic import NUMBERS, Floats
from understudy.transforms.constants import constants
from understudy.transforms.declare import BY, DOMAIN, PER, Change, Declaration, Option, Place, Rows, Setting
from understudy.transforms.draws import drawn, fraction, needs_drawn

_DEVIATIONS = 6  # how many standard deviations wide a range is
_WIDEST = 2**62  # so many whole numbers fit a range


def _build(setting: Setting) -> Change:
    options, kind = setting.place.options, setting.place.column.kind
    draw, shape = drawn(setting, "random", "value"), options["distribution"]
    growth = math.log(float(options["most"]) / float(options["least"])) if shape == "lognormal" else 0.0

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        words = draw(values, rows)
        if shape == "uniform":
            return fill(values, fraction(words, 0))
        place = (0.5 + arithmetic.normal(words) / _DEVIATIONS).clip(0.0, 1.0)
        return fill(values, np.expm1(place * growth) / math.expm1(growth) if growth else place)

    if setting.place.column.as_text:
        low, high = (Decimal(str(options[name])) for name in ("least", "most"))
        fill = _texts(low, high)
    else:
        ends = constants([options["least"], options["most"]], setting.place.column)
        fill = _floats(*ends.to_pylist()) if kind == "float" else _whole(ends)
    return change


Fill = Callable[[pa.Array, Floats], pa.Array]
"""From places in a range, 0 at its start and 1 at its end, to what stands there."""


def _floats(low: float, high: float) -> Fill:
    return lambda _values, place: pa.array(low + place * (high - low))


def _whole(ends: pa.Array) -> Fill:
    """Of what is counted in whole units: integers, decimals, dates and times."""
    low, high = (int(end) for end in arithmetic.in_units(ends))
    return lambda values, place: arithmetic.of_units(_between(place, low, high), values.type)


def _texts(low: Decimal, high: Decimal) -> Fill:
    """Decimals in text get as many decimal places as they had."""

    def fill(values: pa.Array, place: Floats) -> pa.Array:
        def of_scale(part: pa.Array, chosen: NDArray[np.bool_]) -> pa.Array:
            first, last = (int(end.scaleb(part.type.scale)) for end in (low, high))
            if max(abs(first), abs(last)) < _WIDEST:
                return decimals.of_units(_between(place[chosen], first, last), part.type)
            zeros = decimals.of_units(np.zeros(len(part), np.int64), part.type)
            return decimals.add(zeros, float(low) + place[chosen] * float(high - low))

        return decimals.each_scale(values, of_scale)

    return fill


def _between(place: Floats, low: int, high: int) -> NDArray[np.int64]:
    steps = np.floor(place * (high - low + 1)).astype(np.int64)
    return cast("NDArray[np.int64]", low + np.minimum(steps, high - low))


def _problem(place: Place) -> str:
    options, kind = place.options, place.column.kind
    found = arithmetic.limits_problem(place)
    if found:
        return found
    if options["distribution"] == "lognormal":
        if kind not in NUMBERS:
            return "only numbers are distributed lognormally"
        if float(options["least"]) <= 0:
            return "a lognormal distribution lies above 0"
    if kind == "float" or place.column.as_text:
        return ""
    low, high = (int(end) for end in arithmetic.in_units(constants([options["least"], options["most"]], place.column)))
    return "" if high - low < _WIDEST else "the range is wider than 18 digits"


RANDOM = Declaration(
    name="random",
    summary="A random number, date or time of a range takes the place of the value; equal values get the same one.",
    example="{random: {least: 18, most: 99}}",
    kinds=NUMBERS | {"date", "timestamp", "time"},
    build=_build,
    options=(
        Option("least", "value", "where the range starts", required=True),
        Option("most", "value", "where it ends; it may come out too", required=True),
        Option(
            "distribution",
            "text",
            "uniform; or normal around the middle of the range, or lognormal, the range being six deviations wide",
            default="uniform",
            choices=("uniform", "normal", "lognormal"),
        ),
        BY,
        PER,
        DOMAIN,
    ),
    needs=needs_drawn("value"),
    problem=_problem,
)
