"""Random schemas with rows and a request: cycles, self-references, composite, shared, virtual and conditional keys."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa

from subset.oracle import Row, World
from support.arrow_dataset import ArrowDataset
from understudy.schema import Column, ForeignKey, Schema, Table, TableName, Unique
from understudy.subset import EdgePolicy, Request, SubsetPlan, Target, plan

TYPES: dict[str, pa.DataType] = {"integer": pa.int64(), "text": pa.string()}

CONDITIONS: dict[str, Callable[[Row], Any]] = {
    "w > 1": lambda row: row["w"] is not None and row["w"] > 1,
    "w <= 1": lambda row: row["w"] is not None and row["w"] <= 1,
    "w > 2": lambda row: row["w"] is not None and row["w"] > 2,
    "w = 0": lambda row: row["w"] == 0,
    "w IS NULL": lambda row: row["w"] is None,
    "w > 99": lambda row: row["w"] is not None and row["w"] > 99,
    "kind = 'A'": lambda row: None if row["kind"] is None else row["kind"] == "A",
    "kind <> 'A'": lambda row: None if row["kind"] is None else row["kind"] != "A",
    "w": lambda row: row["w"],
}
"""SQL and what it means; ``w`` is for ORDER BY."""


def rank_of(values: tuple[Any, ...]) -> int:
    text = "\x1f".join(str(value) for value in values)
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8, key=b"test").digest(), "big")


def rank(columns: Sequence[pa.Array]) -> np.ndarray[Any, np.dtype[np.uint64]]:
    assert all(column.type in (pa.int64(), pa.string()) for column in columns)
    return np.array([rank_of(row) for row in zip(*(c.to_pylist() for c in columns), strict=True)], dtype=np.uint64)


@dataclass(frozen=True)
class Case:
    """A dataset, what is asked of it, and the same for the oracle."""

    schema: Schema
    rows: Mapping[TableName, list[Row]]
    request: Request
    sql: Mapping[str, Callable[[Row], Any]]

    @cached_property
    def plan(self) -> SubsetPlan:
        return plan(self.schema, self.request)

    @cached_property
    def dataset(self) -> ArrowDataset:
        tables = {
            table.name: pa.table(
                {c.name: pa.array([row[c.name] for row in self.rows[table.name]], c.arrow_type) for c in table.columns}
            )
            for table in self.schema.tables
        }
        return ArrowDataset(self.schema, tables)

    @property
    def world(self) -> World:
        return World(self.schema, self.rows, self.sql, rank_of)


@dataclass
class Draft:
    """A table in the making; ``n`` numbers its rows, so that a result can be told apart."""

    name: TableName
    columns: dict[str, Column]
    uniques: list[Unique]
    rows: list[Row]
    keyless: bool
    indexes: list[tuple[str, ...]] = field(default_factory=list)


def column(name: str, kind: str, **rest: Any) -> Column:
    native = {"integer": "int8", "text": "text"}[kind]
    return Column(name, native, kind, rest.pop("arrow_type", TYPES[kind]), **rest)  # type: ignore[arg-type]


def make(rng: Random) -> Case:
    drafts = [_table(rng, number) for number in range(rng.randint(2, 6))]
    sql = dict(CONDITIONS)
    keys = [_edge(rng, number, drafts, sql) for number in range(rng.randint(1, 9))]
    tables = tuple(_finished(rng, draft) for draft in drafts)
    rows = {draft.name: draft.rows for draft in drafts}
    real = tuple(key for key in keys if not key.virtual)
    schema = Schema(tables, real)
    virtual = tuple(key for key in keys if key.virtual)
    case = Case(schema, rows, _request(rng, schema, rows, virtual=virtual), sql)
    return _without_refusals(case)


def _without_refusals(case: Case) -> Case:
    """The case with the policies taken out that the plan rightly refuses."""
    refused = case.plan.refusals
    if not refused:
        return case
    assert all("cannot be set to NULL" in r.reason or "no key to choose by" in r.reason for r in refused), refused
    keys = [edge.key for edge in case.plan.edges if edge.label in {r.subject for r in refused}]
    names = {key.id for key in keys} | {str(key.table) for key in keys}
    follow = {
        name: replace(policy, parents="follow", on_excluded="drop", order_by="w" if policy.top else "")
        if name in names
        else policy
        for name, policy in case.request.follow.items()
    }
    return replace(case, request=replace(case.request, follow=follow))


def _table(rng: Random, number: int) -> Draft:
    name = TableName(rng.choice(["", "b"]), f"t{number}")
    if rng.random() < 0.1:
        name = TableName(f"s{number}", "same")
    shape = rng.choice(["id", "id", "id", "pair", "text", "unique", "none"])
    columns = [column("n", "integer", nullable=False), column("w", "integer"), column("kind", "text")]
    columns += [column("u", "text", key_sql="lower(u)" if rng.random() < 0.2 else "")]
    columns += [column("v", "integer"), column("x", "integer", nullable=False)]
    keys = {"id": ("id",), "pair": ("a", "b"), "text": ("code",), "unique": ("id",), "none": ()}[shape]
    kinds = {"id": "integer", "a": "integer", "b": "text", "code": "text"}
    columns += [column(key, kinds[key], nullable=False) for key in keys]
    uniques = [Unique("k", keys, primary=shape != "unique")] if keys else []
    uniques += [Unique("u", ("u",)), Unique("vx", ("v", "x"))]
    rows = [_row(rng, keys, n) for n in range(rng.choice([0, 3, 5, 8, 8, 12, 16]))]
    rng.shuffle(rows)
    for n, row in enumerate(rows):
        row["n"] = n
    return Draft(name, {c.name: c for c in columns}, uniques, rows, keyless=not keys)


def _row(rng: Random, keys: tuple[str, ...], n: int) -> Row:
    values: Row = {"id": n + 1, "a": n // 2, "b": "xy"[n % 2], "code": f"{n + 1}"}
    row: Row = {key: values[key] for key in keys}
    row |= {"w": rng.choice([None, 0, 1, 2, 3]), "kind": rng.choice([None, "A", "B"])}
    row |= {"u": rng.choice([None, f"{'uU'[rng.randint(0, 1)]}{n}"]), "v": rng.choice([None, n // 2]), "x": n % 2}
    return row


def _edge(rng: Random, number: int, drafts: list[Draft], sql: dict[str, Callable[[Row], Any]]) -> ForeignKey:
    """A foreign key from one table to another (or itself) with values for the child's rows."""
    child, parent = rng.choice(drafts), rng.choice(drafts)
    ends: list[tuple[str, ...]] = [unique.columns for unique in parent.uniques]
    loose = rng.random() < 0.08
    wanted = rng.choice(ends) if not loose else ("w",)
    wanted = tuple(rng.sample(wanted, len(wanted)))
    held = [tuple(row[c] for c in wanted) for row in parent.rows]
    known = [values for values in held if None not in values]
    nullable, orphaned = rng.random() < 0.7 or not known, rng.random() < 0.15
    expressed, virtual = len(wanted) == 1 and rng.random() < 0.15, rng.random() < 0.2
    names = tuple(f"f{number}_{part}" for part in range(len(wanted)))
    for row in child.rows:
        values = rng.choice(known) if known else (None,) * len(wanted)
        if orphaned and known and rng.random() < 0.3:
            values = tuple(_other(value) for value in values)
        parts = [None if nullable and rng.random() < 0.25 else value for value in values]
        for name, theirs, value in zip(names, wanted, parts, strict=True):
            row[name] = _spelled(rng, child, parent.columns[theirs], value, expressed=expressed)
    for name, theirs in zip(names, wanted, strict=True):
        child.columns[name] = _key_column(name, parent.columns[theirs], nullable=nullable, expressed=expressed)
    if rng.random() < 0.5 and not expressed:
        child.indexes.append(names)
    shown, extra = names, {}
    if expressed:
        sql[f"substr({names[0]}, 2)"] = lambda row, c=names[0]: None if row[c] is None else row[c][1:]
        shown, extra = (f"{names[0]}_key",), {"expressions": (f"substr({names[0]}, 2)",)}
    condition = rng.choice(["kind = 'A'", "kind <> 'A'"]) if rng.random() < 0.15 else ""
    return ForeignKey(
        f"fk{number}", child.name, shown, parent.name, wanted, validated=not orphaned,
        virtual=virtual or loose or bool(condition) or expressed, condition=condition, **extra,
    )  # fmt: skip


def _other(value: Any) -> Any:
    return value + 1000 if isinstance(value, int) else f"{value}?"


def _spelled(rng: Random, child: Draft, theirs: Column, value: Any, *, expressed: bool) -> Any:
    if value is None:
        return None
    if expressed:
        return f"#{value}"
    if theirs.key_sql:
        return rng.choice([value.lower(), value.upper()])
    return value


def _key_column(name: str, theirs: Column, *, nullable: bool, expressed: bool) -> Column:
    if expressed:
        return column(name, "text", nullable=nullable)
    narrow = {"arrow_type": pa.int32()} if theirs.kind == "integer" and name.endswith("0") else {}
    fold = f"lower({name})" if theirs.key_sql else ""
    return column(name, theirs.kind, nullable=nullable, key_sql=fold, **narrow)


def _finished(rng: Random, draft: Draft) -> Table:
    return Table(
        draft.name, tuple(draft.columns.values()), tuple(draft.uniques),
        indexes=tuple(draft.indexes), rows=rng.choice([0, len(draft.rows), 100_000]),
        row_sql="rowid" if draft.keyless or rng.random() < 0.1 else "",
    )  # fmt: skip


def _request(
    rng: Random, schema: Schema, rows: Mapping[TableName, list[Row]], *, virtual: tuple[ForeignKey, ...]
) -> Request:
    keys = (*schema.foreign_keys, *virtual)
    names = sorted({key.id for key in keys} | {str(key.table) for key in keys})
    follow = {name: _policy(rng) for name in names if rng.random() < 0.5}
    exclude = {t.name: rng.choice(["w > 2", "w = 0"]) for t in schema.tables if rng.random() < 0.2}
    return Request(
        targets=tuple(
            _target(rng, rng.choice(schema.tables), rows) for _ in range(rng.choice([0, 1, 1, 1, 1, 2, 2, 3]))
        ),
        follow=follow,
        exclude=exclude,
        unreached=rng.choice(["empty", "reference", "reference", "all"]),  # type: ignore[arg-type]
        reference_rows=rng.choice([0, 3, 1000]),
        integrity=rng.random() < 0.95,
        virtual=virtual,
    )


def _policy(rng: Random) -> EdgePolicy:
    return EdgePolicy(
        parents=rng.choice(["follow", "follow", "null", "expand"]),  # type: ignore[arg-type]
        children=rng.random() < 0.8,
        top=rng.choice([None, None, 1, 2]),
        order_by=rng.choice(["", "w"]),
        where=rng.choice(["", "", "w > 1", "kind = 'A'"]),
        depth=rng.choice([None, None, None, 0, 1, 2]),
        on_excluded=rng.choice(["drop", "null"]),  # type: ignore[arg-type]
    )


def _target(rng: Random, table: Table, rows: Mapping[TableName, list[Row]]) -> Target:
    keys = None
    if rng.random() < 0.2 and rows[table.name]:
        name = rng.choice([*table.row_key[:1], "v", "x", "n"])
        chosen = rng.sample(rows[table.name], rng.randint(1, len(rows[table.name])))
        keys = pa.table({name: pa.array([row[name] for row in chosen], table.column(name).arrow_type)})
    where = rng.choice(["", "w > 1", "w > 1", "w <= 1", "w IS NULL", "kind = 'A'", "kind <> 'A'"])
    return Target(
        table.name,
        where=where if rng.random() < 0.95 else "w > 99",
        percent=rng.choice([None, None, None, None, 30, 70, 100]),
        limit=rng.choice([None, None, None, None, None, 1, 3]) if rng.random() < 0.95 else 0,
        order_by=rng.choice(["", "w"]),
        keys=keys,
    )
