"""Why a row is there: the way back from it to a target, told from the staged result alone.

The result's values are masked, but foreign keys agree in it, and ``_via`` and ``_depth`` say over which edge a row came
and how far it is: the row it came from is one edge nearer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from understudy.errors import Error, InputError
from understudy.interfaces import Dataset, Scan
from understudy.schema import TableName
from understudy.subset.keys import quoted
from understudy.subset.plan import TARGET, WHOLE, PlannedEdge, SubsetPlan

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Step:
    """One row on the way, and why it is there."""

    table: TableName
    key: str
    """The values of the row's key in the result, as text."""
    edge: str | None
    """The foreign key over which the row came; None for a target, or for a table taken whole."""
    words: str

    def __str__(self) -> str:
        return f"{self.table} {self.key}: {self.words}"


def why(plan: SubsetPlan, made: Dataset, table: TableName, key: pa.Table) -> list[Step]:
    """The steps from a row back to a target; ``key`` holds one row, its columns named as the table's.

    Raises an InputError where the result has no such row, or several.
    """
    row: Row | None = _asked(plan, made, table, key)
    steps = []
    while row is not None:
        step, table, row = _step(plan, made, table, row)
        steps.append(step)
    return steps


def _asked(plan: SubsetPlan, made: Dataset, table: TableName, key: pa.Table) -> Row:
    columns = made.schema().table(table).by_name
    for name in key.column_names:
        made.schema().table(table).column(name)
    try:
        typed = key.cast(pa.schema([pa.field(name, columns[name].arrow_type) for name in key.column_names]))
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        kinds = ", ".join(f"{name} {columns[name].native_type}" for name in key.column_names)
        raise InputError(f"this cannot be a key of {table}", hint=f"give {kinds}") from error
    found = _rows(made, Scan(table, keys=typed, limit=2))
    if len(found) > 1 and made.schema().table(table).row_key:
        names = ", ".join(made.schema().table(table).row_key)
        raise InputError(f"several rows of {table} match", hint=f"name one row by {names}")
    if not found:
        planned = plan.by_name.get(table)
        reason = f"{table} is {planned.role}: {planned.why}" if planned else f"{table} is not in the plan"
        raise InputError(
            f"this row of {table} is not in the result: no target reaches it",
            hint=f"{reason}; keys are those of the result, after masking",
        )
    return found[0]


def _step(plan: SubsetPlan, made: Dataset, table: TableName, row: Row) -> tuple[Step, TableName, Row | None]:
    """The step for one row, and the row it came from, with its table."""
    key = _key(made, table, row)
    if row["_via"] == TARGET:
        asked = " or ".join(str(target) for target in plan.request.targets if target.table == table)
        return Step(table, key, None, f"target: {asked}"), table, None
    if row["_via"] == WHOLE:
        return Step(table, key, None, f"taken whole: {plan.by_name[table].why}"), table, None
    edge = plan.edges[row["_via"]]
    if edge.key.parent == table and edge.up:
        child = _before(made, edge, row, up=True)
        if child is not None or edge.key.table != table or not edge.down:
            of = f"{edge.key.table} {_key(made, edge.key.table, child)}" if child else f"a row of {edge.key.table}"
            return Step(table, key, edge.label, f"required by {edge.label} of {of}"), edge.key.table, child
    parent = _before(made, edge, row, up=False)
    of = f"{edge.key.parent} {_key(made, edge.key.parent, parent)}" if parent else f"a row of {edge.key.parent}"
    words = f"child of {of} over {edge.label}{_limits(edge)}"
    return Step(table, key, edge.label, words), edge.key.parent, parent


def _before(made: Dataset, edge: PlannedEdge, row: Row, *, up: bool) -> Row | None:
    """The row one edge nearer to a target; None where the result does not tell.

    It does not where an exclusion dropped that row, where the key is an expression over columns that were masked, or
    where the edge's condition holds for no masked row.
    """
    key = edge.key
    if key.expressions:
        return None
    here, there = (key.parent_columns, key.columns) if up else (key.columns, key.parent_columns)
    table = key.table if up else key.parent
    where = f'"_depth" = {row["_depth"] - 1}'
    if up and key.condition:
        where += f" AND ({key.condition})"
    try:
        columns = made.schema().table(table).by_name
        keys = {
            theirs: pa.array([row[ours]]).cast(columns[theirs].arrow_type)
            for ours, theirs in zip(here, there, strict=True)
        }
        found = _rows(made, Scan(table, keys=pa.table(keys), where=where, limit=1))
    except (Error, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        return None
    return found[0] if found else None


def _rows(made: Dataset, scan: Scan) -> list[Row]:
    """A few rows with all their columns and where they came from, the first by key."""
    table = made.schema().table(scan.table)
    names = (*(column.name for column in table.stored), "_via", "_depth")
    order = ", ".join(quoted(name) for name in table.row_key)
    whole = Scan(scan.table, names, where=scan.where, keys=scan.keys, order_by=order, limit=scan.limit)
    found: list[Row] = made.read(whole).read_all().to_pylist()
    return found


def _key(made: Dataset, table: TableName, row: Row) -> str:
    values = [str(row[name]) for name in made.schema().table(table).row_key]
    if not values:
        return "(a row without a key)"
    return values[0] if len(values) == 1 else f"({', '.join(values)})"


def _limits(edge: PlannedEdge) -> str:
    words = ""
    if edge.policy.top is not None:
        words += f", top {edge.policy.top}" + (f" by {edge.policy.order_by}" if edge.policy.order_by else "")
    if edge.policy.where:
        words += f", where {edge.policy.where}"
    if edge.policy.depth is not None:
        words += f", up to {edge.policy.depth} child edges from a target"
    return words
