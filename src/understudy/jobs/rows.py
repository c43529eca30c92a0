"""Tables to learn from, wherever they are: in a file, a pipe, a folder of files, or behind a connection's URL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pyarrow as pa

from understudy import arrow
from understudy.connections import CONNECTIONS, connect, files
from understudy.connections.files import Part, Reader
from understudy.connections.files.records import columns_of, to_batch
from understudy.connections.folder import MANIFEST
from understudy.errors import InputError, unknown
from understudy.interfaces import BATCH_ROWS, Scan
from understudy.jobs.straight import Told, table_of
from understudy.jobs.texts import retyped, typed_schema
from understudy.schema import Column, Schema, Table, TableName

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):")


@dataclass(frozen=True)
class Rows:
    """A table whose rows can be read again and again."""

    table: Table
    arrow_schema: pa.Schema
    batches: Callable[[], Iterator[pa.RecordBatch]]
    like: Reader | None = None
    """What read it, where it is a file: its ways are kept where the same format is written."""

    def read(self) -> pa.RecordBatchReader:
        """All rows, from the first."""
        return arrow.reader(self.arrow_schema, self.batches())


@dataclass(frozen=True)
class Source:
    """Some tables, and the foreign keys between them."""

    tables: tuple[Rows, ...]
    schema: Schema
    notes: tuple[str, ...] = ()


@contextmanager
def opened(source: str, told: Told, tables: Sequence[str] = ()) -> Iterator[Source]:
    """The tables of a source, open as long as the block runs; ``tables`` names those that are meant."""
    scheme = _SCHEME.match(source)
    place = Path(source)
    if (scheme and scheme.group(1).lower() in CONNECTIONS) or (place / MANIFEST).is_file():
        with connect(source).snapshot() as snapshot:
            schema = snapshot.schema()
            chosen = [schema.find(name) for name in tables] or [one for one in schema.tables if one.readable]
            every = tuple(_of_table(one, lambda name: snapshot.read(Scan(name))) for one in chosen)
            yield Source(every, among(schema, [one.table for one in every]))
        return
    if source != files.PIPE and place.is_dir():
        found, others = files.tables_in(place)
        names = {files.stem(path): path for path in found}
        for name in tables:
            if name not in names:
                raise unknown("table", name, names)
        wanted = [names[name] for name in tables] or found
        notes = tuple(f"{name} holds no table, so it was left out" for name in others if not tables)
    else:
        if len(tables) > 1:
            raise InputError(f"{source!r} is one table", hint="say `--table` once, or not at all")
        wanted, notes, told = [place], (), replace(told, table=next(iter(tables), told.table))
        if source == files.PIPE:
            rows = of_file(source, told)
            yield Source((rows,), Schema((rows.table,), engine="files"))
            return
    read = tuple(of_file(str(path), told) for path in wanted)
    yield Source(read, Schema(tuple(one.table for one in read), engine="files"), notes)


def among(schema: Schema, tables: Sequence[Table]) -> Schema:
    """The part of a schema that some of its tables are, with the foreign keys between them."""
    names = {one.name for one in tables}
    keys = tuple(key for key in schema.foreign_keys if key.table in names and key.parent in names)
    return replace(schema, tables=tuple(tables), foreign_keys=keys)


def _of_table(table: Table, read: Callable[[TableName], pa.RecordBatchReader]) -> Rows:
    """The rows of a database's table; numbers that travel as text are numbers here."""
    seen = replace(table, columns=tuple(map(_numeric, table.stored)))
    columns = pa.schema([(one.name, one.arrow_type) for one in seen.columns])

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in read(table.name):
            found = [batch.column(one.name) for one in columns]
            typed = [
                values if values.type == one.type else arrow.like(arrow.plain(values), one.type)
                for values, one in zip(found, columns, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(typed, schema=columns)

    return Rows(seen, columns, batches)


def _numeric(column: Column) -> Column:
    text = column.as_text and column.kind in ("decimal", "float", "integer")
    return replace(column, arrow_type=pa.float64()) if text else column


def of_file(path: str, told: Told) -> Rows:
    """The rows of a file, or of standard input, which is held in memory; texts become what all of them are."""
    form = files.format_of(path, told.form)
    whole: list[Part] = []
    if path == files.PIPE:
        with files.opened(path, seekable=form.seekable) as stream:
            reader = form.read(stream, path, told.options)
            whole = list(reader)
    else:
        with files.opened(path, seekable=form.seekable) as stream:
            reader = form.read(stream, path, told.options)

    def parts() -> Iterator[Part]:
        if path == files.PIPE:
            yield from whole
            return
        with files.opened(path, seekable=form.seekable) as again:
            yield from form.read(again, path, told.options)

    columns = reader.arrow_schema
    if columns is None:
        documents = (row for part in parts() for row in part)
        columns = columns_of(documents, as_text=False)
    plain = columns
    typed = typed_schema(plain, _batches(parts(), plain)) if form.as_text or form.documents else plain

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in _batches(parts(), plain):
            yield retyped(batch, typed)

    return Rows(table_like(table_of(path, told), typed), typed, batches, reader)


def of_table(data: pa.Table, name: str) -> Rows:
    """The rows of a table in memory."""
    return Rows(table_like(name, data.schema), data.schema, lambda: iter(data.to_batches(max_chunksize=BATCH_ROWS)))


def table_like(name: str, columns: pa.Schema) -> Table:
    """A table of these columns, of which nothing more is known."""
    twice = sorted({one for one in columns.names if columns.names.count(one) > 1})
    if twice:
        raise InputError(f"two columns of {name!r} are called {twice[0]!r}")
    made = tuple(Column(one.name, str(one.type), arrow.kind_of(one.type), one.type) for one in columns)
    return Table(TableName("", name), made)


def _batches(parts: Iterator[Part], columns: pa.Schema) -> Iterator[pa.RecordBatch]:
    for part in parts:
        yield part if isinstance(part, pa.RecordBatch) else to_batch(part, columns)
