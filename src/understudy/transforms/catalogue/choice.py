"""``choice``: every row gets one of the values you list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from understudy.transforms.catalogue.constant import problem
from understudy.transforms.constants import constants
from understudy.transforms.declare import (
    ANY,
    BY,
    DOMAIN,
    PER,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    Uniqueness,
)
from understudy.transforms.draws import drawn, fraction, needs_drawn


def _values(place: Place) -> Sequence[Any]:
    """The values there may be: those that are listed, else all that the type has."""
    if place.options["values"] is not None:
        given: Sequence[Any] = place.options["values"]
        return given
    return (False, True) if place.column.kind == "boolean" else place.column.labels


def _build(setting: Setting) -> Change:
    values = constants(_values(setting.place), setting.place.column)
    weights = np.array(setting.place.options["weights"] or [1] * len(values), np.float64)
    ends = np.cumsum(weights) / weights.sum()
    draw = drawn(setting, "choice", "row")

    def change(column: pa.Array, rows: Rows) -> pa.Array:
        chosen = np.searchsorted(ends, fraction(draw(column, rows), 0), side="right")
        return values.take(pa.array(np.minimum(chosen, len(values) - 1)))

    return change


def _problem(place: Place) -> str:
    values, weights = _values(place), place.options["weights"]
    if not values:
        return f"the type {place.column.native_type} does not say what values there are: list them"
    if weights is not None:
        if len(weights) != len(values):
            return f"there are {len(values)} values and {len(weights)} weights"
        if any(isinstance(w, bool) or not isinstance(w, int | float) or w < 0 for w in weights) or sum(weights) <= 0:
            return "weights are numbers from 0, and not all 0"
    return problem(place, *values)


CHOICE = Declaration(
    name="choice",
    summary="Every row gets one of the values you list, as often as their weights say.",
    example="{choice: [bronze, silver, gold]}",
    kinds=ANY,
    build=_build,
    main="values",
    options=(
        Option("values", "list", "the values there may be; all labels of an enum where not given, or true and false"),
        Option("weights", "list", "how often each comes, in any unit; alike where not given"),
        BY,
        PER,
        DOMAIN,
    ),
    uniqueness=lambda place: Uniqueness("lossy", len(_values(place))),
    length=lambda place: max(len(str(v)) for v in _values(place)) if place.column.kind == "text" else None,
    needs=needs_drawn("row"),
    problem=_problem,
    by="row",
    sensitive=False,
)
