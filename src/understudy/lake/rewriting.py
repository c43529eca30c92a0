"""Rows deleted, replaced and put together: only the files that hold any of them are written anew.

Which rows those are is found by reading the columns that tell; the others are never parsed as anything but columns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import duckdb
import numpy as np
import numpy.typing as npt
import pyarrow as pa
from pyiceberg import types as iceberg
from pyiceberg.expressions import And, BooleanExpression, GreaterThanOrEqual, LessThanOrEqual, Reference
from pyiceberg.expressions.literals import literal
from pyiceberg.expressions.visitors import _InclusiveMetricsEvaluator
from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile
from pyiceberg.table.metadata import TableMetadata

from understudy import arrow
from understudy.errors import InputError
from understudy.lake import files, sql, types
from understudy.lake.change import Held
from understudy.lake.snapshots import FileEntry, file_set
from understudy.schema import Table

TARGET = 256 << 20
"""Bytes of the files that rewriting makes, about."""

_MEMORY = "512MB"
"""For keys to be compared; more of them wait on the disk."""

_FILE, _ROW = "=file", "=row"
_PRUNED = (iceberg.IntegerType, iceberg.LongType, iceberg.StringType, iceberg.DateType, iceberg.DecimalType)
"""Key columns whose bounds tell for certain which files cannot hold a key."""

Ordinals = npt.NDArray[np.int64]
"""Places of rows among those of a file that are not deleted, ascending."""


@dataclass(frozen=True)
class Rewrite:
    """What to change: files that go, and those that come in their place."""

    removed: Mapping[str, tuple[str, ...]]
    """The files that go, each with the delete files that were applied to it."""
    added: Sequence[DataFile] = ()
    rows: int = 0
    """Rows that are no longer there."""
    looked_at: frozenset[str] = frozenset()
    """The files that were searched: what is found of others comes on top."""

    def and_also(self, further: Rewrite) -> Rewrite:
        """Both, of different files."""
        return Rewrite(
            {**self.removed, **further.removed},
            [*self.added, *further.added],
            self.rows + further.rows,
            self.looked_at | further.looked_at,
        )

    def still_fits(self, metadata: TableMetadata, io: FileIO) -> bool:
        """Whether a table has all these files still, and has deleted no further rows of them."""
        now = file_set(metadata, io)
        return all(path in now and _deletes(now[path]) == known for path, known in self.removed.items())


_NOTHING = Rewrite({})


def _deletes(entry: FileEntry) -> tuple[str, ...]:
    return tuple(delete.file_path for delete in entry.deletes)


def _unseen(held: Held, io: FileIO, done: Rewrite) -> list[FileEntry]:
    return [entry for path, entry in file_set(held.metadata, io).items() if path not in done.looked_at]


def deleted_where(held: Held, io: FileIO, where: str, done: Rewrite | None = None) -> Rewrite:
    """The table without the rows for which a condition holds (DuckDB SQL over the table's own types).

    ``done`` is what was found before, of files that need not be read again.
    """
    done = done or _NOTHING
    entries = _unseen(held, io, done)
    columns = mentioned(held.table, where)

    def find(connection: duckdb.DuckDBPyConnection) -> str:
        connection.register("=scan", _scan(held, io, entries, columns))
        return f'SELECT "{_FILE}", "{_ROW}" FROM "=scan" WHERE (\n{where}\n)'

    return done.and_also(_without(held, io, entries, _found(find)))


def mentioned(table: Table, where: str) -> list[str]:
    """The columns that a condition may name; one at least, for rows to be counted."""
    text = where.lower().replace('""', '"')
    names = [column.name for column in table.stored]
    if "*" in text or "columns" in text:
        return names
    return [name for name in names if name.lower() in text] or names[:1]


def deleted_keys(held: Held, io: FileIO, keys: pa.Table, done: Rewrite | None = None) -> Rewrite:
    """The table without the rows whose values in the columns of ``keys`` are those of one of its rows."""
    columns = [held.table.column(name) for name in keys.column_names]
    arrays = [
        pa.chunked_array(
            [types.stored(chunk, column.arrow_type) for chunk in values.chunks], _stored(column.arrow_type)
        )
        for values, column in zip(keys.columns, columns, strict=True)
    ]
    stored = pa.Table.from_arrays(arrays, names=keys.column_names)
    return _matching(held, io, keys.column_names, sql.Rows(stored.schema, stored.to_reader), done, unique=False)


def _stored(kind: pa.DataType) -> pa.DataType:
    return types.storage_type(kind)


def replaced(
    held: Held, io: FileIO, fresh: Sequence[DataFile], key: Sequence[str], done: Rewrite | None = None
) -> Rewrite:
    """The table without those of its rows that have a key of one in the new files, which are not added here.

    An InputError where two of the new rows have one key, or a row has none.
    """
    for name in key:
        held.table.column(name)
    entries = [FileEntry(file, 0) for file in fresh]
    wanted = files.read(held.metadata, io, columns=key, files=entries, as_stored=True).schema

    def read() -> pa.RecordBatchReader:
        return files.read(held.metadata, io, columns=key, files=entries, as_stored=True)

    return _matching(held, io, key, sql.Rows(wanted, read), done, unique=done is None)


def _matching(
    held: Held, io: FileIO, names: Sequence[str], keys: sql.Rows, done: Rewrite | None, *, unique: bool
) -> Rewrite:
    """The table without the rows that have one of these keys; only files whose bounds allow for one are read."""
    done = done or _NOTHING
    unseen = _unseen(held, io, done)
    entries: list[FileEntry] = []
    aliases = [f"k{number}" for number in range(len(names))]

    def find(connection: duckdb.DuckDBPyConnection) -> str:
        source = sql.rows(lambda: pa.RecordBatchReader.from_stream(keys))
        connection.register("=keys", _renamed(source, aliases))
        listed = ", ".join(aliases)
        connection.execute(f'CREATE TEMP TABLE keys AS SELECT {listed} FROM "=keys"')
        if unique:
            _refuse_doubles(connection, held, names, aliases)
        entries[:] = _overlapping(held, unseen, connection, names[0])
        connection.register("=scan", _scan(held, io, entries, names, as_stored=True, aliases=aliases))
        return f'SELECT "{_FILE}", "{_ROW}" FROM "=scan" SEMI JOIN keys USING ({listed})'

    found = _found(find)
    looked_at = frozenset(entry.path for entry in unseen)
    return done.and_also(replace(_without(held, io, entries, found), looked_at=looked_at))


def _refuse_doubles(
    connection: duckdb.DuckDBPyConnection, held: Held, names: Sequence[str], aliases: Sequence[str]
) -> None:
    key = ", ".join(names)
    absent = " OR ".join(f"{alias} IS NULL" for alias in aliases)
    if connection.execute(f"SELECT 1 FROM keys WHERE {absent} LIMIT 1").fetchall():
        raise InputError(f"rows for {str(held.name)!r} have no value in their key ({key})", hint="fill it, or append")
    listed = ", ".join(aliases)
    doubled = f"SELECT count(*) FROM (SELECT 1 FROM keys GROUP BY {listed} HAVING count(*) > 1)"
    if count := connection.execute(doubled).fetchall()[0][0]:
        raise InputError(f"{count:,} keys ({key}) come more than once in the rows for {str(held.name)!r}")


def _overlapping(
    held: Held, entries: list[FileEntry], connection: duckdb.DuckDBPyConnection, name: str
) -> list[FileEntry]:
    """The files that may hold one of the keys, as far as the bounds of its first column tell."""
    schema = held.metadata.schema()
    if not isinstance(schema.find_field(name).field_type, _PRUNED):
        return entries
    [(least, most)] = connection.execute("SELECT min(k0), max(k0) FROM keys").fetchall()
    if least is None:
        return []
    between: BooleanExpression = And(
        GreaterThanOrEqual(term=Reference(name), value=literal(least)),
        LessThanOrEqual(term=Reference(name), value=literal(most)),
    )
    evaluate = _InclusiveMetricsEvaluator(schema, between).eval
    return [entry for entry in entries if evaluate(entry.data_file)]


def _renamed(source: sql.Rows, names: Sequence[str]) -> sql.Rows:
    schema = pa.schema([field.with_name(name) for field, name in zip(source.schema, names, strict=True)])

    def made() -> pa.RecordBatchReader:
        reader = pa.RecordBatchReader.from_stream(source)
        return arrow.reader(schema, (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in reader))

    return sql.Rows(schema, made)


def _scan(
    held: Held,
    io: FileIO,
    entries: Sequence[FileEntry],
    columns: Sequence[str],
    *,
    as_stored: bool = False,
    aliases: Sequence[str] = (),
) -> sql.Rows:
    """Columns of files, with the number of the file and the place of the row in it."""
    told = files.read(held.metadata, io, columns=columns, files=[], as_stored=as_stored).schema
    fields = [field.with_name(alias) for field, alias in zip(told, aliases or told.names, strict=True)]
    schema = pa.schema([*fields, pa.field(_FILE, pa.int32()), pa.field(_ROW, pa.int64())])

    def batches() -> Iterator[pa.RecordBatch]:
        for number, entry in enumerate(entries):
            start = 0
            for batch in files.read(held.metadata, io, columns=columns, files=[entry], as_stored=as_stored):
                which = pa.array(np.full(batch.num_rows, number, np.int32))
                places = pa.array(np.arange(start, start + batch.num_rows))
                start += batch.num_rows
                yield pa.RecordBatch.from_arrays([*batch.columns, which, places], schema=schema)

    return sql.rows(lambda: arrow.reader(schema, batches()))


def _found(find: Callable[[duckdb.DuckDBPyConnection], str]) -> dict[int, Ordinals]:
    """The places that a query yields, by the number of the file."""
    parts: dict[int, list[Ordinals]] = {}
    with sql.database(memory=_MEMORY) as connection:
        connection.execute("SET preserve_insertion_order = false")
        for batch in sql.streamed(connection, find(connection)):
            which, places = batch.column(0).to_numpy(), batch.column(1).to_numpy()
            order = np.argsort(which, kind="stable")
            which, places = which[order], places[order]
            numbers, starts = np.unique(which, return_index=True)
            for number, part in zip(numbers.tolist(), np.split(places, starts[1:]), strict=True):
                parts.setdefault(number, []).append(part)
    return {number: np.sort(np.concatenate(found)) for number, found in parts.items()}


def _without(held: Held, io: FileIO, entries: Sequence[FileEntry], drop: Mapping[int, Ordinals]) -> Rewrite:
    touched = {number: entries[number] for number in sorted(drop)}
    left = {number: entry for number, entry in touched.items() if entry.deletes or len(drop[number]) < entry.rows}
    added: list[DataFile] = []
    for group in _grouped(left, TARGET):
        kept = (batch for number in group for batch in _kept(held, io, entries[number], drop[number]))
        added += files.write(held.metadata, io, kept, as_stored=True)
    removed = {entry.path: _deletes(entry) for entry in touched.values()}
    looked_at = frozenset(entry.path for entry in entries)
    return Rewrite(removed, added, sum(map(len, drop.values())), looked_at)


def _kept(held: Held, io: FileIO, entry: FileEntry, drop: Ordinals) -> Iterator[pa.RecordBatch]:
    start = 0
    for batch in files.read(held.metadata, io, files=[entry], as_stored=True):
        mask = np.ones(batch.num_rows, dtype=bool)
        first, last = np.searchsorted(drop, [start, start + batch.num_rows])
        mask[drop[first:last] - start] = False
        start += batch.num_rows
        yield batch.filter(pa.array(mask))


def _grouped(entries: Mapping[int, FileEntry], target: int) -> Iterator[list[int]]:
    """Files side by side, as many as make one of the target's size: rows that lay together stay together."""
    group: list[int] = []
    size = 0
    for number, entry in entries.items():
        if group and size + entry.data_file.file_size_in_bytes > target:
            yield group
            group, size = [], 0
        group.append(number)
        size += entry.data_file.file_size_in_bytes
    if group:
        yield group


def compacted(held: Held, io: FileIO, target: int = TARGET) -> Rewrite:
    """The same rows in fewer files: small ones are put together, and deleted rows are left out for good."""
    entries = list(file_set(held.metadata, io).values())
    small = {
        number: entry
        for number, entry in enumerate(entries)
        if entry.deletes or entry.data_file.file_size_in_bytes < target * 3 // 4
    }
    removed: dict[str, tuple[str, ...]] = {}
    added: list[DataFile] = []
    for group in _grouped(small, target):
        chosen = [entries[number] for number in group]
        if len(chosen) == 1 and not chosen[0].deletes:
            continue
        added += files.write(held.metadata, io, _stored_rows(held, io, chosen), target_bytes=target, as_stored=True)
        removed |= {entry.path: _deletes(entry) for entry in chosen}
    return Rewrite(removed, added, looked_at=frozenset(entry.path for entry in entries))


def _stored_rows(held: Held, io: FileIO, entries: Iterable[FileEntry]) -> Iterator[pa.RecordBatch]:
    yield from files.read(held.metadata, io, files=entries, as_stored=True)
