"""Tiny databases written as dicts of rows, and what a request takes of them.

The first column of a table is its primary key unless ``keys`` says otherwise; columns are integers or text as their
values are; a foreign key reads ``orders.user_id -> users.id``.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pyarrow as pa

from subset.worlds import rank
from support.arrow_dataset import ArrowDataset
from understudy.schema import Column, ForeignKey, Kind, Schema, Table, TableName, Unique
from understudy.subset import Closure, Request, SubsetPlan, Target, closure, plan

KINDS: dict[type, tuple[Kind, pa.DataType]] = {int: ("integer", pa.int64()), str: ("text", pa.string())}

Rows = Mapping[str, Sequence[Mapping[str, Any]]]


def name(text: str) -> TableName:
    namespace, _, table = text.rpartition(".")
    return TableName(namespace, table)


def edge(text: str, **rest: Any) -> ForeignKey:
    match = re.fullmatch(r"([\w.]+)\.(?:(\w+)|\(([\w, ]+)\)) -> ([\w.]+)\.(?:(\w+)|\(([\w, ]+)\))", text)
    assert match is not None, text
    child, one, many, parent, first, several = match.groups()
    ours = (one,) if one else tuple(many.split(", "))
    theirs = (first,) if first else tuple(several.split(", "))
    return ForeignKey(f"fk_{'_'.join(ours)}", name(child), ours, name(parent), theirs, **rest)


@dataclass(frozen=True)
class Tiny:
    """A database in a few lines."""

    rows: Rows
    edges: tuple[str | ForeignKey, ...] = ()
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Primary keys that are not the first column; () for a table without one."""
    uniques: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    not_null: tuple[str, ...] = ()
    """Columns as ``table.column``."""
    columns: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What else a column has, by ``table.column``."""
    tables: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    """What else a table has."""
    indexed: bool = True

    @property
    def schema(self) -> Schema:
        edges = tuple(edge(e) if isinstance(e, str) else e for e in self.edges)
        tables = []
        for text, rows in self.rows.items():
            key = self.keys.get(text, tuple(rows[0])[:1])
            columns = tuple(self._column(text, c, [row[c] for row in rows], key) for c in rows[0])
            uniques = [Unique("pk", key, primary=True)] if key else []
            if text in self.uniques:
                uniques.append(Unique("u", self.uniques[text]))
            indexes = tuple(e.columns for e in edges if e.table == name(text)) if self.indexed else ()
            table = Table(name(text), columns, tuple(uniques), indexes=indexes, row_sql="" if key else "rowid")
            tables.append(replace(table, **self.tables.get(text, {})))
        return Schema(tuple(tables), edges)

    def _column(self, table: str, column: str, values: list[Any], key: tuple[str, ...]) -> Column:
        given = next((type(value) for value in values if value is not None), int)
        kind, arrow_type = KINDS.get(given, ("other", pa.string()))
        nullable = column not in key and f"{table}.{column}" not in self.not_null
        made = Column(column, kind, kind, arrow_type, nullable=nullable)
        return replace(made, **self.columns.get(f"{table}.{column}", {}))

    @property
    def dataset(self) -> ArrowDataset:
        schema = self.schema
        tables = {}
        for text, rows in self.rows.items():
            columns = schema.table(name(text)).columns
            tables[name(text)] = pa.table(
                {c.name: pa.array([row[c.name] for row in rows], c.arrow_type) for c in columns}
            )
        return ArrowDataset(schema, tables)

    def plan(self, request: Request) -> SubsetPlan:
        return plan(self.schema, request)

    def take(self, *targets: Target, **rest: Any) -> Taken:
        return take(self, Request(targets, **{"unreached": "empty", **rest}))


@dataclass(frozen=True)
class Taken:
    """The kept rows, with keys set to NULL where an exclusion asks for it."""

    rows: Mapping[str, list[dict[str, Any]]]
    closure: Closure
    plan: SubsetPlan

    def __getitem__(self, table: str) -> list[Any]:
        """The values of the table's first column, in order of size."""
        return sorted(next(iter(row.values())) for row in self.rows.get(table, []))

    @property
    def tables(self) -> dict[str, list[Any]]:
        return {table: self[table] for table in self.rows if self.rows[table]}

    def column(self, table: str, column: str) -> list[Any]:
        rows = sorted(self.rows[table], key=lambda row: next(iter(row.values())))
        return [row[column] for row in rows]

    @property
    def dataset(self) -> ArrowDataset:
        """The result as it would be staged."""
        tables, extra = (
            [],
            (Column("_via", "int2", "integer", pa.int16()), Column("_depth", "int4", "integer", pa.int32())),
        )
        tables = [replace(table, columns=(*table.columns, *extra)) for table in self.plan.schema.tables]
        schema = replace(self.plan.schema, tables=tuple(tables))
        rows = {
            t.name: pa.Table.from_pylist(self.rows[str(t.name)], pa.schema([(c.name, c.arrow_type) for c in t.columns]))
            for t in tables
            if self.rows.get(str(t.name))
        }
        return ArrowDataset(schema, rows)


def take(tiny: Tiny, request: Request) -> Taken:
    made = tiny.plan(request)
    rows: dict[str, list[dict[str, Any]]] = {}
    found = closure(
        made,
        tiny.dataset,
        lambda table, batch: rows.setdefault(str(table), []).extend(batch.to_pylist()),
        columns={table.name: tuple(c.name for c in table.columns) for table in tiny.schema.tables},
        rank=rank,
        batch_keys=3,
    )
    for (table, label), places in found.nulled.items():
        nulls = next(e.nulls for e in made.edges if e.label == label)
        for place in places.to_pylist():
            rows[str(table)][place].update(dict.fromkeys(nulls))
    for table, places in found.dropped.items():
        for place in reversed(places.to_pylist()):
            del rows[str(table)][place]
    return Taken(rows, found, made)


def of(table: str, where: str = "", **rest: Any) -> Target:
    return Target(name(table), where, **rest)
