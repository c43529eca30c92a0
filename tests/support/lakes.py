"""Lakes in tests: tables that are only a name and a number, since the core never looks into their files."""

from __future__ import annotations

from understudy.lake import Lake
from understudy.lake.nouns import Entry, Key
from understudy.schema import TableName


def table(name: str) -> Key:
    """The key of a table: ``orders``, ``shop.orders``."""
    namespace, _, own = name.rpartition(".")
    return Key.table(TableName(namespace, own))


def at(number: int, uuid: str = "u") -> Entry:
    """What a table holds: equal numbers are equal content."""
    return Entry(uuid=uuid, location=f"/metadata/{number}.json", snapshot=number, rows=number)


def number(entry: Entry | None) -> int | None:
    """The number that an entry was made of."""
    return None if entry is None else entry.snapshot


def shown(lake: Lake, text: str = "") -> dict[str, int | None]:
    """The tables of a state by name, as numbers."""
    return {str(name): number(entry) for name, entry in lake.tables(text).items()}


def put(lake: Lake, branch: str = "main", /, *, message: str = "", **tables: int | None) -> str:
    """Commit numbers to tables (None takes one away); the hash of the commit."""
    changes = {table(name): None if value is None else at(value, name) for name, value in tables.items()}
    return lake.commit(branch, changes, message=message or f"put {tables}").hash


def again(lake: Lake) -> Lake:
    """The same lake, opened a second time."""
    return Lake.open(lake.location, catalog=lake.store.database.url)
