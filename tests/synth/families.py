"""Small databases with known truth, and what it takes to learn and judge them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa

from understudy.schema import Column, ForeignKey, Schema, Table, TableName, Unique
from understudy.synth.encoding.encode import table_of
from understudy.synth.families.gather import NONE, Keys, columns_of
from understudy.synth.network.effort import Budget

TINY = Budget(rows=5_000, width=16, passes=1_500)
MORE = Budget(rows=20_000, width=48, passes=20_000)

Rows = dict[TableName, pa.Table]


def name(text: str) -> TableName:
    """A table's name."""
    return TableName("", text)


def key(edge: str, optional: bool = False) -> ForeignKey:
    """``orders.user_id -> users.id``; several columns are joined by commas."""
    child, parent = edge.split(" -> ")
    one, columns = child.split(".")
    other, names = parent.split(".")
    return ForeignKey(child, name(one), tuple(columns.split(",")), name(other), tuple(names.split(",")))


def schema_of(
    tables: Rows,
    keys: Sequence[ForeignKey],
    uniques: Mapping[str, Sequence[tuple[str, ...]]] | None = None,
) -> Schema:
    """A schema of plain tables; columns without nulls may have none, and the first unique key is the primary one."""
    made = []
    for one, rows in tables.items():
        plain = table_of(rows.schema, one.name)
        columns: list[Column] = [replace(c, nullable=rows.column(c.name).null_count > 0) for c in plain.columns]
        own = [Unique(f"u{at}", u, primary=at == 0) for at, u in enumerate((uniques or {}).get(one.name, ()))]
        made.append(Table(one, tuple(columns), tuple(own)))
    return Schema(tuple(made), tuple(keys))


def collected(batches: object) -> Rows:
    """Whole tables of what was made, in the order in which they came."""
    found: dict[TableName, list[pa.RecordBatch]] = {}
    for one, batch in batches:  # type: ignore[attr-defined]
        found.setdefault(one, []).append(batch)
    return {one: pa.Table.from_batches(some) for one, some in found.items()}


def parents_of(tables: Rows, edge: ForeignKey) -> np.ndarray:
    """The position of each row's parent, as ``Keys.find`` has it."""
    parent = Keys(columns_of(tables[edge.parent], edge.parent_columns))
    return parent.find(columns_of(tables[edge.table], edge.columns))


def whole(tables: Rows, keys: Sequence[ForeignKey]) -> bool:
    """Whether every key names a row that is there, or none."""
    return all(((at := parents_of(tables, edge)) >= 0).sum() + (at == NONE).sum() == len(at) for edge in keys)


def shop(users: int = 300, seed: int = 0, *, lonely: float = 0.0) -> Rows:
    """Users and their orders: a user's city says what is bought, orders are three days apart, sizes carry over."""
    rng = np.random.default_rng(seed)
    city = rng.choice(["Bonn", "Lyon"], users)
    count = rng.poisson(np.where(city == "Bonn", 4, 2))
    owner = np.repeat(np.arange(users), count)
    place = np.concatenate([np.arange(one) for one in count]) if owner.size else owner
    day = 18_000 + rng.integers(0, 500, users)[owner] + 3 * place
    drink = np.where(city[owner] == "Bonn", "tea", "wine")
    size = np.array([f"size {one}" for one in range(30)])[(rng.integers(0, 30, users)[owner] + (place > 3)) % 30]
    alone = rng.random(len(owner)) < lonely
    return {
        name("users"): pa.table({"id": np.arange(users) * 3 + 7, "city": city}),
        name("orders"): pa.table(
            {
                "id": np.arange(len(owner)) + 1,
                "user_id": pa.array(owner * 3 + 7, mask=alone),
                "day": pa.array(day.astype(np.int32), pa.int32()).cast(pa.date32()),
                "drink": drink,
                "size": size,
                "price": rng.integers(1, 200, len(owner)),
            }
        ),
    }


SHOP = (key("orders.user_id -> users.id"),)
