"""Counting rows of a staged Dataset by SQL, one stream at a time, in bounded memory.

Only made rows come here: DuckDB may spill to a temporary folder, and no value of the source may reach a disk.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from understudy import arrow
from understudy.interfaces import Dataset, Scan
from understudy.schema import Column, Table, TableName

Place = tuple[TableName, str]
"""One column of one table."""

MEMORY_LIMIT = "256MB"
"""What DuckDB may hold per check before it spills; only made values are held, so a temporary folder may take them."""

HELD = 8_000_000
"""Numbers of 8 bytes that are sorted at once."""

SUSPECTS = 10_000
"""Repeated numbers that are listed at most: with more of them, all rows are compared."""


class Counter:
    """Answers SQL over columns of a Dataset, which it shows to DuckDB as the columns c0, c1 ... of a relation."""

    def __init__(self, data: Dataset, connection: duckdb.DuckDBPyConnection) -> None:
        self._data = data
        self._tables = data.schema().by_name
        self._connection = connection

    def table(self, name: TableName) -> Table | None:
        """The made table of that name; None where the result holds no such table."""
        return self._tables.get(name)

    def columns(self, name: TableName, columns: Sequence[str]) -> list[Column] | None:
        """These columns as they were made; None where one of them is not there, as generated ones are not."""
        table = self._tables.get(name)
        stored = {column.name: column for column in table.stored} if table else {}
        return [stored[column] for column in columns] if set(columns) <= set(stored) else None

    def keep(self, relation: str, name: TableName, columns: Sequence[str]) -> None:
        """Hold the values of these columns as a relation, rows with a null left out."""
        whole = " AND ".join(f"c{number} IS NOT NULL" for number in range(len(columns)))
        with self._stream(name, columns):
            self._run(f"CREATE OR REPLACE TABLE {relation} AS SELECT * FROM rows WHERE {whole}")

    def drop(self, relation: str) -> None:
        """Let go of a relation that ``keep`` made."""
        self._run(f"DROP TABLE {relation}")

    def ask(self, sql: str, name: TableName, columns: Sequence[str]) -> tuple[Any, ...]:
        """The one row a statement gives over ``rows``: these columns of this table, read once."""
        with self._stream(name, columns):
            (row,) = self._run(sql)
        return row

    def repeated(self, number: str, where: str, table: Table, columns: Sequence[str]) -> list[int]:
        """The numbers that an expression gives for more than one row of ``rows``: the first of many.

        Memory holds HELD of them at a time; of more rows than that, those of one remainder after the other.
        """
        parts = 1 + max(table.rows, 0) // HELD
        found: list[int] = []
        for part in range(parts):
            mine = f"{number} % {parts} = {part} AND ({where})" if parts > 1 else where
            with self._stream(table.name, columns):
                numbers = self._connection.execute(f"SELECT {number} AS n FROM rows WHERE {mine}").fetchnumpy()["n"]
            numbers.sort()
            again = np.unique(numbers[1:][numbers[1:] == numbers[:-1]])
            found += again[: SUSPECTS - len(found)].tolist()
        return found

    def _run(self, sql: str) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql).fetchall()

    @contextmanager
    def _stream(self, name: TableName, columns: Sequence[str]) -> Iterator[None]:
        source = self._data.read(Scan(name, tuple(columns)))
        names = [f"c{number}" for number in range(len(columns))]
        schema = pa.schema([field.with_name(new) for field, new in zip(source.schema, names, strict=True)])
        renamed = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in source)
        self._connection.register("rows", arrow.reader(schema, renamed))
        try:
            yield
        finally:
            self._connection.unregister("rows")


@contextmanager
def counting(data: Dataset) -> Iterator[Counter]:
    """A Counter over a made Dataset; what it spilled is gone when the block ends."""
    with (
        tempfile.TemporaryDirectory(prefix="understudy-") as folder,
        duckdb.connect(":memory:", config={"temp_directory": folder, "memory_limit": MEMORY_LIMIT}) as connection,
    ):
        connection.execute("SET TimeZone = 'UTC'")
        yield Counter(data, connection)
