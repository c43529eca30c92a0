"""Keys of rows that are made here and not by a model: numbers, UUIDs, and those of the rows that a row belongs to."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from understudy import arrow, graph
from understudy.errors import Error, InputError
from understudy.schema import Column, ForeignKey, Schema, Table, TableName

Values = dict[str, Any]

_LEFT_OPEN = 0.1
"""The share of optional keys that are null."""
_DRAWS = 200
"""Tries to find parents whose combination is not taken."""


@dataclass
class Pool:
    """The rows of a table that others may point at."""

    rows: list[Values] = field(default_factory=list)
    shown: bool = True
    """They were made here, so that a model may see them."""


@dataclass(frozen=True)
class Slot:
    """What a row is given before a model writes the rest of it."""

    given: Values
    parents: Mapping[str, Values]
    """The rows it belongs to, by the name of their table, for the model to see."""
    own: tuple[tuple[str, str], ...] = ()
    """Columns that take the value of another column of the same row: it belongs to itself."""


def ordered(schema: Schema, wanted: Iterable[TableName], given: Iterable[TableName]) -> list[Table]:
    """The wanted tables, each after all that its rows must belong to.

    Keys that close a cycle of several tables stay null; an InputError where one must not be, or leads to a table that
    is neither wanted nor given, and for keys that hold only under a condition.
    """
    names, there = list(wanted), {*wanted, *given}
    keys = [key for name in names for key in schema.parents(name)]
    for key in keys:
        if key.condition or key.expressions:
            raise InputError(f"{key.id} holds under a condition, which is not made from a description")
        if key.parent not in there and not optional(schema.table(key.table), key):
            raise InputError(
                f"rows of {key.table} need rows of {key.parent}, through {key.id}",
                hint=f"ask for rows of {key.parent} too",
            )
    edges: dict[TableName, list[TableName]] = {name: [] for name in names}
    for key in keys:
        if key.parent in edges and key.table != key.parent:
            edges[key.table].append(key.parent)
    for cycle in graph.components(names, edges):
        for key in keys:
            if len(cycle) > 1 and key.table in cycle and key.parent in cycle and optional(schema.table(key.table), key):
                edges[key.table].remove(key.parent)
    found = graph.components(names, edges)
    if closed := next((cycle for cycle in found if len(cycle) > 1), None):
        inner = ", ".join(sorted(map(str, closed)))
        raise InputError(f"the rows of {inner} need one another first: no key among them may be null")
    return [schema.table(name) for (name,) in found]


def optional(table: Table, key: ForeignKey) -> bool:
    """Whether a row may belong to nothing through a key."""
    open_ = [table.column(name).nullable for name in key.columns]
    return all(open_) if key.match == "full" else any(open_)


def numbered(column: Column) -> bool:
    """Whether the database would number a column itself."""
    return column.kind == "integer" and bool(column.identity or "nextval(" in column.default)


class Links:
    """Gives the rows of one table their keys; the same seed and rows give the same keys."""

    def __init__(self, table: Table, keys: Sequence[ForeignKey], pools: Mapping[TableName, Pool]) -> None:
        self._table, self._keys, self._pools = table, keys, pools
        self._linked = {name for key in keys for name in key.columns}
        self._counted = [c for c in table.stored if numbered(c) and c.name not in self._linked]
        self._drawn = [
            c for c in table.stored if c.kind == "uuid" and "uuid" in c.default.lower() and c.name not in self._linked
        ]
        self._next = 1

    @property
    def given(self) -> frozenset[str]:
        """The columns that a model does not write."""
        return frozenset({*self._linked, *(column.name for column in (*self._counted, *self._drawn))})

    def slot(self, rng: Random, free: Callable[[Values], bool]) -> Slot:
        """The keys of one more row, which no row has yet where they must be unique."""
        given: Values = {column.name: self._next for column in self._counted}
        for column in self._drawn:
            one = uuid.UUID(int=rng.getrandbits(128), version=4)
            given[column.name] = str(one) if arrow.is_text(column.arrow_type) else one.bytes
        for _ in range(_DRAWS):
            slot = self._belonging(rng, given)
            if slot is not None and free(slot.given):
                self._next += 1
                return slot
        raise Error(
            f"no more rows of {self._table.name} can belong to the rows that were made: every combination is taken",
            hint="ask for fewer of its rows, or for more of the tables it belongs to",
        )

    def _belonging(self, rng: Random, given: Values) -> Slot | None:
        """The given values with those of rows to belong to; None where keys that share a column do not agree."""
        values, parents, own = dict(given), dict[str, Values](), list[tuple[str, str]]()
        for key in sorted(self._keys, key=lambda key: optional(self._table, key)):
            pairs = list(zip(key.columns, key.parent_columns, strict=True))
            pool = self._pools.get(key.parent, Pool())
            fitting = (
                [row for row in pool.rows if _agree(values, row, pairs)] if self._shared(key, values) else pool.rows
            )
            open_ = self._open(key, values)
            if fitting and not (open_ and rng.random() < _LEFT_OPEN):
                row = fitting[rng.randrange(len(fitting))]
                values |= {name: row[theirs] for name, theirs in pairs}
                if pool.shown:
                    parents[f"{key.parent} (through {', '.join(key.columns)})"] = row
            elif open_:
                values |= dict.fromkeys(open_)
                values |= {name: None for name in key.columns if name not in values}
            elif key.parent == self._table.name:
                own += [pair for pair in pairs if pair[0] not in values]
            else:
                return None
        if any(values.get(column.name, 0) is None and not column.nullable for column in self._table.stored):
            return None
        return Slot(values, parents, tuple(own))

    def _shared(self, key: ForeignKey, values: Values) -> bool:
        return any(name in values for name in key.columns)

    def _open(self, key: ForeignKey, values: Values) -> list[str]:
        """The columns that become null where a row belongs to nothing; none where it must belong to something."""
        loose = [name for name in key.columns if self._table.column(name).nullable and name not in values]
        return loose if key.match == "simple" or len(loose) == len(key.columns) else []


def _agree(values: Values, row: Values, pairs: Sequence[tuple[str, str]]) -> bool:
    """Whether a row may be pointed at by one whose columns partly have values already."""
    return all(values[name] == row[theirs] for name, theirs in pairs if name in values)
