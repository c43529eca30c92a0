"""What stays as it is on purpose: rows that are allowed through, and values whose rule says so for their row."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.arrow import storage
from understudy.interfaces import Rule
from understudy.schema import Schema, Table, TableName
from understudy.transforms.conditions import parse
from understudy.transforms.declare import Rows
from understudy.transforms.domains import Rules, Spot
from understudy.transforms.placed import Placed, placed

Spared = Callable[[pa.RecordBatch], Mapping[str, pa.Array]]
"""For some columns: whether each value may stay what it is."""


def allow(schema: Schema, rules: Rules, domains: Mapping[Spot, str], rows: Mapping[TableName, str]) -> dict[Spot, Rule]:
    """The rules under which rows that meet their table's condition come through as they are.

    Columns that are joined with others, and those that must stay unique by their rule, change all the
    same: an allowed row keeps its keys' stand-ins, so that every reference to it still holds.
    """
    found = dict(rules)
    for (name, inner), rule in rules.items():
        if name not in rows or (name, inner) in domains or rule.name == "keep":
            continue
        table = schema.table(name)
        chosen = Rule("when", {"where": rows[name], "then": Rule("keep"), "else": rule})
        parse(rows[name], table, table.column(inner))
        if not _in_unique(table, inner) or placed(table, table.column(inner), chosen).uniqueness.kind != "lossy":
            found[name, inner] = chosen
    return found


def _in_unique(table: Table, name: str) -> bool:
    return any(name in unique.columns or name in unique.expressions for unique in table.uniques)


def spared(table: Table, rules: Mapping[str, Rule]) -> Spared:
    """Tells the values of a batch, as it was read, whose rule may leave them what they are, where others may not."""
    there = {name: placed(table, table.column(name), rule) for name, rule in rules.items()}
    some = {name: one for name, one in there.items() if one.sensitive and not all(_ends(one))}

    def of(batch: pa.RecordBatch) -> dict[str, pa.Array]:
        rows = Rows(batch, {})
        names = some.keys() & set(batch.schema.names)
        return {name: pa.array(_stay(some[name], storage(batch.column(name)), rows)) for name in names}

    return of


def _ends(one: Placed) -> list[bool]:
    """Whether stand-ins that equal their originals count against each rule that a value may end up with."""
    return [sensitive for branch in one.branches.values() for sensitive in _ends(branch)] or [one.sensitive]


def _stay(one: Placed, values: pa.Array, rows: Rows) -> NDArray[np.bool_]:
    """Which values may stay what they are."""
    if one.made.choose is None:
        return np.full(len(values), not one.sensitive)
    which = one.made.choose(one.place)(values, rows).fill_null(-1).to_numpy(zero_copy_only=False)
    found = np.zeros(len(values), bool)
    for number, branch in enumerate(one.branches.values()):
        found |= (which == number) & _stay(branch, values, rows)
    return found
