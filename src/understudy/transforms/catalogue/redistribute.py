"""``redistribute``: amounts move between the rows of a group, whose sum stays what it was."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.errors import Error
from understudy.transforms import arithmetic, whole
from understudy.transforms.arithmetic import NUMBERS, Floats
from understudy.transforms.declare import Change, Declaration, Option, Place, Rows, Setting
from understudy.transforms.draws import fraction, needs_row

_LARGEST = 2.0**62


def _build(setting: Setting) -> Change:
    """Read the whole column once; takes 16 bytes per row of the table, and twice its values and groups."""
    place = setting.place
    own, group = place.column.name, str(place.named("within"))
    where = f"{place.table.name}.{own}"
    columns = whole.read(setting, *place.table.row_key, group, own)
    order, at = whole.row_order(setting, columns, f"redistribute:{where}")
    values = columns[own].take(pa.array(at))
    groups = columns[group].take(pa.array(at)).dictionary_encode(null_encoding="encode").indices.to_numpy()
    moved = _moved(values, groups, float(place.options["ratio"]) * (2.0 * fraction(order.words[:, None], 0) - 1.0))
    if moved is None:
        raise Error(f"a number of {where} would become too large for it", hint="use a smaller ratio")

    def change(column: pa.Array, rows: Rows) -> pa.Array:
        wanted = column.is_valid().to_numpy(zero_copy_only=False)
        if not wanted.any():
            return column
        made = moved[order.place(rows, wanted)]
        return pa.array(made).cast(column.type) if moved.dtype == np.float64 else arithmetic.of_units(made, column.type)

    return change


def _moved(values: pa.Array, groups: NDArray[Any], shares: Floats) -> NDArray[Any] | None:
    """The values after each has given or taken its share; None where one leaves its type."""
    floating = pa.types.is_floating(values.type)
    numbers: NDArray[Any] = arithmetic.floats(values) if floating else arithmetic.in_units(values)
    order = np.argsort(groups, kind="stable")
    steps = np.empty(len(numbers))
    sizes = np.abs(numbers.astype(np.float64))[order]
    largest = float(np.finfo(values.type.to_pandas_dtype()).max) if floating else np.inf
    steps[order] = _balanced(sizes, shares[order], groups[order], largest, whole=not floating)
    if floating:
        return numbers + steps
    most = arithmetic.most_units(values.type)
    if np.abs(steps).max(initial=0.0) > _LARGEST:
        return None
    made = numbers + steps.astype(np.int64)
    return None if (np.abs(made) > most).any() else made


def _balanced(sizes: Floats, shares: Floats, groups: NDArray[Any], largest: float, *, whole: bool) -> Floats:
    """Steps in proportion to sizes that add up to nothing in every group, whole ones if wanted.

    A group that adds up to more than the largest number stays as it is; no step is larger than the other sizes of
    its group together, so in all others nothing outgrows that number. Whole steps are differences of a rounded
    running total that is nothing at the end of each group, so each is within one unit of what it would be.
    """
    if not len(sizes):
        return sizes
    sizes = np.where(np.isfinite(sizes), sizes, 0.0)
    starts = np.flatnonzero(np.diff(groups, prepend=-1))
    ends = np.append(starts[1:], len(sizes)) - 1
    lengths = ends - starts + 1
    steps = sizes * shares
    with np.errstate(over="ignore"):
        totals = np.add.reduceat(sizes, starts)
    steps[np.repeat(totals > largest, lengths)] = 0.0
    excess = np.add.reduceat(steps, starts) / np.where(totals > 0, totals, 1.0)
    steps -= sizes * np.repeat(excess, lengths)
    if not whole:
        return steps
    running = np.cumsum(steps)
    running = np.rint(running - np.repeat(np.concatenate([[0.0], running[ends[:-1]]]), lengths))
    running[ends] = 0.0
    return np.diff(running, prepend=0.0)


def _problem(place: Place) -> str:
    if place.column.as_text:
        return "numbers without a scale cannot be redistributed"
    if place.named("within") == place.column.name:
        return "a column cannot be its own group"
    return whole.key_problem(place)


REDISTRIBUTE = Declaration(
    name="redistribute",
    summary=(
        "Amounts move between the rows of a group in proportion to themselves, and the sum of the group stays exactly "
        "what it was; an amount that is alone in its group stays. Reads the whole column once."
    ),
    example="{redistribute: 0.2, within: order_lines.order_id}",
    kinds=NUMBERS,
    build=_build,
    main="ratio",
    options=(
        Option(
            "ratio",
            "number",
            "the share of itself by which an amount usually moves, and twice that at most",
            required=True,
            least=0.000001,
            most=0.5,
        ),
        Option("within", "column", "the column whose equal values make a group", required=True),
    ),
    needs=needs_row,
    problem=_problem,
    by="row",
    sensitive=False,
)
