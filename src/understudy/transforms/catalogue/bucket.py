"""``bucket``: numbers, dates and times become the start of the range they lie in."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.schema import Column, Kind
from understudy.transforms import decimals, moments
from understudy.transforms.arithmetic import NUMBERS
from understudy.transforms.catalogue.constant import problem
from understudy.transforms.constants import constants
from understudy.transforms.declare import Change, Declaration, Option, Place, Rows, Setting, Uniqueness
from understudy.transforms.moments import LENGTHS

_UNITS = ("second", "minute", "hour", "day", "week", "month", "quarter", "year")
_UNITS_OF: dict[Kind, tuple[str, ...]] = {"timestamp": _UNITS, "date": _UNITS[3:], "time": _UNITS[:3]}


def _build(setting: Setting) -> Change:
    options, column = setting.place.options, setting.place.column
    if options["edges"] is not None:
        return _by_edges(options["edges"], column)
    width = options["width"]

    def change(values: pa.Array, _rows: Rows) -> pa.Array:
        if pa.types.is_time(values.type):
            unit = LENGTHS[width]
            return moments.of_microseconds(moments.in_microseconds(values) // unit * unit, values.type)
        if pa.types.is_temporal(values.type):
            return pc.floor_temporal(values, unit=width)
        if pa.types.is_floating(values.type):
            return pc.multiply(pc.floor(pc.divide(values, float(width))), float(width)).cast(values.type)
        if pa.types.is_decimal(values.type):
            return decimals.floor(values, Decimal(str(width)))
        if pa.types.is_integer(values.type):
            return _floor_integers(values, int(width))
        return decimals.each_scale(values, lambda numbers, _chosen: decimals.floor(numbers, Decimal(str(width))))

    return change


def _floor_integers(values: pa.Array, width: int) -> pa.Array:
    numbers = values.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    limits = np.iinfo(values.type.to_pandas_dtype())
    floored = np.where(numbers < limits.min + width, limits.min, numbers // width * width)
    return pa.array(floored).cast(values.type)


def _by_edges(edges: list[Any], column: Column) -> Change:
    """Each value becomes the largest edge that is not above it; what is below them all, the smallest edge."""
    starts = constants(edges, column)
    numbers = _comparable(starts)
    order = np.argsort(numbers, kind="stable")
    starts, numbers = starts.take(pa.array(order)), numbers[order]

    def change(values: pa.Array, _rows: Rows) -> pa.Array:
        place = np.searchsorted(numbers, _comparable(values), side="right") - 1
        return starts.take(pa.array(np.maximum(place, 0)))

    return change


def _comparable(values: pa.Array) -> Any:
    """Numbers in the order of the values, nulls as 0."""
    if pa.types.is_temporal(values.type):
        values = values.view(pa.int32() if values.type.bit_width == 32 else pa.int64())
    elif not pa.types.is_integer(values.type):
        values = values.cast(pa.float64())
    return values.fill_null(0).to_numpy(zero_copy_only=False)


def _problem(place: Place) -> str:
    width, edges, column = place.options["width"], place.options["edges"], place.column
    if (width is None) == (edges is None):
        return "bucket takes either a width or edges"
    if edges is not None:
        return problem(place, *edges)
    if column.kind in _UNITS_OF:
        units = _UNITS_OF[column.kind]
        return "" if width in units else f"a width in time is one of {', '.join(units)}, not {width!r}"
    if isinstance(width, bool) or not isinstance(width, int | float) or width <= 0:
        return f"a width is a number above 0, not {width!r}"
    if column.kind == "integer" and width != int(width):
        return f"the width of whole numbers is a whole number, not {width!r}"
    if column.kind == "decimal" and not column.as_text:
        exact = -int(Decimal(str(width)).normalize().as_tuple().exponent)
        if exact > column.arrow_type.scale:
            return f"a width of {width} has more decimal places than {column.native_type}"
    return ""


def _uniqueness(place: Place) -> Uniqueness:
    edges = place.options["edges"]
    return Uniqueness("lossy", None if edges is None else len(edges))


BUCKET = Declaration(
    name="bucket",
    summary="A number, date or time becomes the start of its range: of so much width, or from one edge to the next.",
    example="{bucket: 10}",
    kinds=NUMBERS | {"date", "timestamp", "time"},
    build=_build,
    main="width",
    options=(
        Option("width", "value", f"how wide a range is: a number, or in time {', '.join(_UNITS)}"),
        Option("edges", "list", "where ranges start"),
    ),
    uniqueness=_uniqueness,
    problem=_problem,
    sensitive=False,
)
