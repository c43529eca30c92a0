"""``choice``: every row gets one of the values you list."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from understudy.transforms.catalogue.constant import problem
from understudy.transforms.constants import constants
from understudy.transforms.declare import ANY, Change, Declaration, Option, Place, Rows, Setting, Uniqueness
from understudy.transforms.draws import by_row, fraction, needs_row


def _build(setting: Setting) -> Change:
    options = setting.place.options
    values = constants(options["values"], setting.place.column)
    weights = np.array(options["weights"] or [1] * len(values), np.float64)
    ends = np.cumsum(weights) / weights.sum()
    draw = by_row(setting, "choice")

    def change(column: pa.Array, rows: Rows) -> pa.Array:
        chosen = np.searchsorted(ends, fraction(draw(column, rows), 0), side="right")
        return values.take(pa.array(np.minimum(chosen, len(values) - 1)))

    return change


def _problem(place: Place) -> str:
    values, weights = place.options["values"], place.options["weights"]
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
        Option("values", "list", "the values there may be", required=True),
        Option("weights", "list", "how often each comes, in any unit; alike where not given"),
    ),
    uniqueness=lambda place: Uniqueness("lossy", len(place.options["values"])),
    length=lambda place: max(len(str(v)) for v in place.options["values"]) if place.column.kind == "text" else None,
    needs=needs_row,
    problem=_problem,
    by="row",
    sensitive=False,
)
