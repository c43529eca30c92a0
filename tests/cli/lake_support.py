"""A lake to try the verbs on: guests, bookings, countries on main; a branch dev; a tag v1."""

from __future__ import annotations

import pyarrow as pa

from support.shell import Shell
from understudy.lake import Lake, tables
from understudy.schema import Column, Table, TableName, Unique

GUESTS = [{"id": 1, "name": "Ada"}, {"id": 2, "name": "Bob"}, {"id": 3, "name": "Cleo"}]
BOOKINGS = [{"id": 10, "guest": 1, "price": 100}, {"id": 11, "guest": 2, "price": 250}]
COUNTRIES = [{"code": "DE"}, {"code": "PT"}]

_TYPES = {int: ("bigint", "integer", pa.int64()), str: ("text", "text", pa.string())}


def batches(rows: list[dict]) -> list[pa.RecordBatch]:
    return [pa.RecordBatch.from_pylist(rows)]


def table(name: str, row: dict, key: str = "") -> Table:
    columns = tuple(Column(one, *_TYPES[type(value)], nullable=one != key) for one, value in row.items())
    return Table(TableName("", name), columns, (Unique(f"{name}_pkey", (key,), primary=True),) if key else ())


def make(shell: Shell) -> Lake:
    """Three commits on main in ``./.understudy``, one for each table."""
    lake = Lake.open(shell.folder / ".understudy", create=True)
    tables.create(lake, "main", table("guests", GUESTS[0], "id"), batches=batches(GUESTS))
    tables.create(lake, "main", table("bookings", BOOKINGS[0], "id"), batches=batches(BOOKINGS))
    tables.create(lake, "main", table("countries", COUNTRIES[0]), batches=batches(COUNTRIES))
    lake.tag("v1", "main")
    lake.branch("dev", "main")
    return lake


def append(lake: Lake, branch: str, name: str, *rows: dict, message: str = "") -> str:
    """Add rows; the short hash of the commit."""
    return "@" + tables.append(lake, branch, TableName("", name), batches(list(rows)), message=message).short


def upsert(lake: Lake, branch: str, name: str, *rows: dict) -> str:
    return "@" + tables.upsert(lake, branch, TableName("", name), batches(list(rows))).short


def held(lake: Lake, ref: str, name: str) -> list[tuple]:
    """The rows of a table, sorted."""
    found = tables.read(lake, ref, TableName("", name)).read_all().to_pylist()
    return sorted(tuple(row.values()) for row in found)
