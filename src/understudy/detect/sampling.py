"""Which rows are looked at: few of every table, from both its ends, within a time; they never leave memory."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pyarrow as pa

from understudy.errors import Error, Inexact
from understudy.interfaces import Dataset, Scan
from understudy.schema import Column, Table

ROWS = 500
"""Rows of a table that are sampled at most."""

SECONDS = 120.0
"""How long sampling goes on at most; tables that come later are judged by names and types."""

_BYTES = 32 << 20
"""Most memory that the sample of one table may take."""

_SPREAD = 16
"""Of a file without an order to read backwards, one row in so many is taken."""

Sample = Callable[[Table], pa.Table | None]
"""The sampled rows of a table, some of its columns; None where none may be read."""


class Sampler:
    """Samples tables of a Dataset: half of the rows from the start, half from elsewhere.

    Where a table has a key its last rows are read backwards through the key's index, since the newest
    rows show what is written today; of a file without keys, rows are taken by their hash.  Nothing is
    ordered or counted that has no index, and nothing is written.  A table that may not be read is left out.
    """

    def __init__(self, dataset: Dataset, *, rows: int = ROWS, seconds: float = SECONDS) -> None:
        self._dataset = dataset
        self._rows = rows
        self._engine = dataset.schema().engine
        self._deadline = time.monotonic() + seconds
        self.skipped: dict[str, str] = {}
        """Why tables were not sampled, by their names."""

    def __call__(self, table: Table) -> pa.Table | None:
        """The sampled rows of one table."""
        columns = tuple(column.name for column in table.stored if _small(column))
        reason = self._reason(table, columns)
        if reason:
            self.skipped[str(table.name)] = reason
            return None
        try:
            return self._sampled(table, columns)
        except Error as error:
            self.skipped[str(table.name)] = error.message
            return None

    def _reason(self, table: Table, columns: tuple[str, ...]) -> str:
        if not self._rows:
            return "no rows were asked for"
        if not table.readable or table.row_security:
            return "this user may not read all of it"
        if not columns:
            return "it has no column whose values can be looked at"
        return "time ran out" if time.monotonic() > self._deadline else ""

    def _sampled(self, table: Table, columns: tuple[str, ...]) -> pa.Table:
        first = self._read(table, Scan(table.name, columns, limit=self._rows))
        if first.num_rows < self._rows:
            return first
        elsewhere = self._elsewhere(table, columns)
        if elsewhere is None:
            return first
        try:
            other = self._read(table, elsewhere)
        except Error:  # an order or a function that this source does not know
            return first
        names = [name for name in first.column_names if name in other.column_names]
        half = first.slice(0, self._rows - other.num_rows) if other.num_rows < self._rows else first.slice(0, 0)
        return pa.concat_tables([half.select(names), other.select(names)])

    def _elsewhere(self, table: Table, columns: tuple[str, ...]) -> Scan | None:
        """A scan of rows that are not the first ones; None where that would cost more than a few pages."""
        most = self._rows // 2
        if len(table.row_key) == 1:
            return Scan(table.name, columns, order_by=f"{_quoted(table.row_key[0])} DESC", limit=most)
        if self._engine == "files":
            hashed = ", ".join(map(_quoted, columns))
            return Scan(table.name, columns, where=f"hash({hashed}) % {_SPREAD} = 0", limit=most)
        return None

    def _read(self, table: Table, scan: Scan) -> pa.Table:
        """The rows of a scan, as many as memory allows; columns that have no exact form are left out."""
        columns = list(scan.columns)
        while True:
            try:
                reader = self._dataset.read(
                    Scan(table.name, tuple(columns), where=scan.where, order_by=scan.order_by, limit=scan.limit)
                )
                return pa.Table.from_batches(_bounded(reader), reader.schema)
            except Inexact as error:
                if error.column not in columns or len(columns) == 1:
                    raise
                columns.remove(error.column)


def _small(column: Column) -> bool:
    """Whether values are worth reading: pictures and files tell nothing."""
    return column.kind != "bytes" and column.native_type not in ("tsvector", "tsquery")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _bounded(reader: pa.RecordBatchReader) -> Iterator[pa.RecordBatch]:
    """The batches of a stream, read to its end (so that its connection is used again) unless they are too large."""
    size = 0
    for batch in reader:
        size += batch.nbytes
        yield batch
        if size > _BYTES:
            return
