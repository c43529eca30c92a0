"""Small real tables of a lake: bookings with a key, a guest and a price."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pyarrow as pa

from understudy.lake import Lake, tables
from understudy.schema import Column, Table, TableName, Unique

BOOKINGS = TableName("", "bookings")

COLUMNS = (
    Column("id", "bigint", "integer", pa.int64(), nullable=False),
    Column("guest", "text", "text", pa.string()),
    Column("price", "integer", "integer", pa.int32()),
)


def bookings(*, key: bool = True, columns: Iterable[Column] = COLUMNS, name: TableName = BOOKINGS) -> Table:
    """The table; without a key, if wanted."""
    return Table(name, tuple(columns), (Unique("bookings_pkey", ("id",), primary=True),) if key else ())


def rows(*ids: int, guest: str = "ana", price: int = 10) -> list[pa.RecordBatch]:
    """Bookings of one guest."""
    schema = pa.schema([("id", pa.int64()), ("guest", pa.string()), ("price", pa.int32())])
    return [pa.RecordBatch.from_pylist([{"id": n, "guest": guest, "price": price} for n in ids], schema)]


def made(lake: Lake, *ids: int, key: bool = True) -> Lake:
    """The lake with bookings on main, and a branch dev."""
    tables.create(lake, "main", bookings(key=key), batches=rows(*ids))
    lake.branch("dev")
    return lake


def ids(lake: Lake, ref: str = "main", name: TableName = BOOKINGS) -> list[int]:
    """The keys that a state has, every row."""
    return sorted(tables.read(lake, ref, name, ["id"]).read_all()["id"].to_pylist())


def held(lake: Lake, ref: str = "main") -> dict[int, tuple[str | None, int | None]]:
    """The rows that a state has, by key."""
    found = tables.read(lake, ref, BOOKINGS).read_all().to_pylist()
    assert len({row["id"] for row in found}) == len(found)
    return {row["id"]: (row["guest"], row["price"]) for row in found}


def parquet_files(lake: Lake) -> int:
    """How many data files there are in the warehouse, whoever has them."""
    return sum(name.endswith(".parquet") for _, _, names in os.walk(lake.warehouse) for name in names)
