"""``sample`` and ``rare``: values as often as their column has them, and those it hardly has."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.errors import Error
from understudy.transforms import whole
from understudy.transforms.catalogue.constant import problem
from understudy.transforms.constants import constants
from understudy.transforms.declare import ANY, DOMAIN, PER, Change, Declaration, Option, Place, Rows, Setting
from understudy.transforms.draws import drawn, fraction, needs_drawn
from understudy.transforms.prf import digest

_OTHER = "other"


def _build(setting: Setting) -> Change:
    """Read the whole column once; takes as much memory as its different values."""
    place = setting.place
    where = f"{place.table.name}.{place.column.name}"
    values, counts = whole.counted(setting)
    order = np.argsort(digest(values, setting.key.subkey(f"sample values:{where}"))[:, 0])
    order = order[counts[order] >= place.options["at_least"]]
    values, ends = values.take(pa.array(order)), np.cumsum(counts[order])
    draw = drawn(setting, "sample", "row")

    def change(column: pa.Array, rows: Rows) -> pa.Array:
        if len(ends):
            chosen = np.searchsorted(ends, fraction(draw(column, rows), 0) * ends[-1], side="right")
            return values.take(pa.array(np.minimum(chosen, len(ends) - 1)))
        if column.null_count < len(column):
            raise Error(
                f"no value of {where} is frequent enough to be drawn", hint="use a smaller `at_least`, or `redact`"
            )
        return column

    return change


def _build_rare(setting: Setting) -> Change:
    """Read the whole column once; takes as much memory as its different values, then as the frequent ones."""
    values, counts = whole.counted(setting)
    frequent = values.filter(pa.array(counts >= setting.place.options["fewer_than"]))
    other = constants([_into(setting.place)], setting.place.column)[0]
    return lambda column, _rows: pc.if_else(pc.is_in(column, frequent), column, other)


def _into(place: Place) -> object:
    return _OTHER if place.options["into"] is None and place.column.kind == "text" else place.options["into"]


def _rare_problem(place: Place) -> str:
    into = _into(place)
    if whole.problem(place):
        return whole.problem(place)
    return "say `into` which value rare ones turn" if into is None else problem(place, into)


SAMPLE = Declaration(
    name="sample",
    summary=(
        "Every row gets a value drawn from the column's own, as often as they come; unlike after `shuffle`, the "
        "numbers of each are not exactly what they were. Reads the whole column once."
    ),
    example="{sample: {at_least: 5}}",
    kinds=ANY,
    build=_build,
    options=(
        Option("at_least", "whole number", "how often a value must come to be drawn at all", default=1, least=1),
        PER,
        DOMAIN,
    ),
    needs=needs_drawn("row"),
    problem=whole.problem,
    by="row",
    sensitive=False,
)

RARE = Declaration(
    name="rare",
    summary=(
        "Values that come fewer than so many times in their column all become one other value; the frequent ones, "
        "which point at nobody, stay. Reads the whole column once."
    ),
    example="{rare: 10, into: other}",
    kinds=ANY - {"json", "bytes", "other"},
    build=_build_rare,
    main="fewer_than",
    options=(
        Option("fewer_than", "whole number", "how often a value must come to stay", required=True, least=2),
        Option("into", "value", "what rare values become; `other` in texts where not given"),
    ),
    problem=_rare_problem,
    by="column",
    sensitive=False,
)
