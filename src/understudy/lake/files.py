"""Data files of an Iceberg table: rows written into Parquet, taken as they are, and read back, a row group at a time.

Rows travel in the table's own Arrow types; ``as_stored`` leaves them in the types that the files hold, for whoever
only moves them.
"""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.expressions.parser import parse
from pyiceberg.expressions.visitors import _InclusiveMetricsEvaluator, bind, extract_field_ids
from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import ArrowScan, expression_to_pyarrow
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.schema import Schema as IcebergSchema
from pyiceberg.table import FileScanTask
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import NestedField

from understudy import arrow
from understudy.errors import Error, InputError
from understudy.interfaces import BATCH_ROWS
from understudy.lake import types
from understudy.lake.bounds import data_file
from understudy.lake.places import durable, local_path, open_io, written
from understudy.lake.snapshots import FileEntry, file_set, row_count
from understudy.schema import Table, TableName

__all__ = ["adopt", "count", "durable", "local_path", "open_io", "read", "write"]

_GROUP_ROWS = 131_072
_GROUP_BYTES = 32 << 20
"""Rows wait in memory until they fill a row group, by count or by size."""

_ID = b"PARQUET:field_id"


def write(
    metadata: TableMetadata,
    io: FileIO,
    batches: Iterable[pa.RecordBatch],
    *,
    target_bytes: int = 256 << 20,
    bounds: Collection[str] | None = None,
    under: str = "",
    as_stored: bool = False,
) -> list[DataFile]:
    """Write rows into new data files of a table, under ``<location>/data`` where nothing else is said.

    Files have bounds for the key and all columns of a fixed width, or for the named ones.  Local files are on the
    disk when this returns.  If it fails, the files are removed.
    """
    table, _ = types.table_of(metadata, TableName("", metadata.location.rsplit("/", 1)[-1]))
    folder = under or f"{metadata.location.rstrip('/')}/data"
    writing = _Writing(metadata.schema(), io, folder.rstrip("/"), target_bytes, _bounded(table, bounds))
    try:
        for batch in batches:
            writing.write(batch if as_stored else types.to_storage(batch, table))
        files = writing.finish()
    except BaseException:
        writing.abandon()
        raise
    durable(file.file_path for file in files)
    return files


def _bounded(table: Table, bounds: Collection[str] | None) -> list[str]:
    long = (pa.string(), pa.binary())
    return [
        column.name
        for column in table.stored
        if (column.name in bounds if bounds is not None else False)
        or column.name in table.row_key
        or (bounds is None and types.storage_type(column.arrow_type) not in long)
    ]


class _Writing:
    """Data files in the making; one is open at a time, and holds no more than a row group in memory."""

    def __init__(self, schema: IcebergSchema, io: FileIO, folder: str, target: int, bounded: list[str]) -> None:
        self._arrow, self._fields = types.arrow_schema(schema), {field.name: field for field in schema.fields}
        self._io, self._folder, self._target, self._bounded = io, folder, target, bounded
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0
        self._nulls: dict[str, int] = {}
        self._location = ""
        self._sink: Any = None
        self._parquet: pq.ParquetWriter | None = None
        self._footers: list[pq.FileMetaData] = []
        self.files: list[DataFile] = []

    def write(self, batch: pa.RecordBatch) -> None:
        batch = pa.RecordBatch.from_arrays(batch.select(self._arrow.names).columns, schema=self._arrow)
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            writer = self._parquet or self._opened()
            rows = pa.Table.from_batches(self._waiting)
            for name, column in zip(rows.schema.names, rows.columns, strict=True):
                self._nulls[name] = self._nulls.get(name, 0) + column.null_count
            with written(self._location, needed=rows.nbytes):
                writer.write_table(rows, row_group_size=_GROUP_ROWS)
            if self._sink.tell() >= self._target:
                self._close()
        self._waiting.clear()
        self._rows = self._bytes = 0

    def _opened(self) -> pq.ParquetWriter:
        self._location, self._nulls, self._footers = f"{self._folder}/{uuid.uuid4()}.parquet", {}, []
        with written(self._location):
            self._sink = self._io.new_output(self._location).create(overwrite=True)  # nothing is there to overwrite
        self._parquet = pq.ParquetWriter(
            self._sink,
            self._arrow,
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            write_statistics=self._bounded,
            store_decimal_as_integer=True,
            metadata_collector=self._footers,
        )
        return self._parquet

    def _close(self) -> None:
        if self._parquet is None:
            return
        with written(self._location):
            self._parquet.close()
            size = self._sink.tell()
            self._sink.close()
        self._parquet = None
        self.files.append(data_file(self._location, size, self._footers[0], self._fields, nulls=self._nulls))

    def finish(self) -> list[DataFile]:
        """Close the last file and tell what was written."""
        self._flush()
        self._close()
        return self.files

    def abandon(self) -> None:
        """Remove what was written."""
        with contextlib.suppress(Exception):
            self._sink.close()
        for location in {self._location, *(file.file_path for file in self.files)} - {""}:
            with contextlib.suppress(OSError):
                self._io.delete(location)


def adopt(metadata: TableMetadata, io: FileIO, location: str, *, nulls: Mapping[str, int] | None = None) -> DataFile:
    """The entry of a Parquet file that is there already, for it to be added to a table as it is.

    Its columns are told by field id, or by name where it has none; others than the table's are never looked at, but
    must have a field id too if any has.  An InputError where a column is missing or Iceberg would read it otherwise
    than it was written: then its rows must be written anew.
    """
    source = io.new_input(location)
    with source.open() as opened:
        footer = pq.read_metadata(opened)
    found = _columns_of(metadata, footer.schema.to_arrow_schema())
    fields = {}
    for field in metadata.schema().fields:
        column = found.get(field.field_id)
        if column is None and not field.required:
            continue
        if column is None:
            raise InputError(f"file {location!r} has no column {field.name!r}", hint="write its rows instead")
        if not types.written_alike(column.type) or types.iceberg_type(column.type) != field.field_type:
            message = f"column {column.name!r} of file {location!r} is {column.type}, not {field.field_type}"
            raise InputError(message, hint="write its rows instead")
        fields[column.name] = field
    return data_file(location, len(source), footer, fields, nulls=nulls or {})


def _columns_of(metadata: TableMetadata, schema: pa.Schema) -> dict[int, pa.Field]:
    """The columns of a file by field id; by name, as the table's name mapping tells, where it has no ids."""
    ids = {int(field.metadata[_ID]): field for field in schema if field.metadata and _ID in field.metadata}
    if ids or (mapping := metadata.name_mapping()) is None:
        return ids
    names = {name: entry.field_id for entry in mapping for name in entry.names if entry.field_id is not None}
    return {names[field.name]: field for field in schema if field.name in names}


def read(
    metadata: TableMetadata,
    io: FileIO,
    *,
    columns: Sequence[str] = (),
    files: Iterable[FileEntry] | None = None,
    row_filter: str | BooleanExpression | None = None,
    as_stored: bool = False,
) -> pa.RecordBatchReader:
    """The rows of a table, or of some of its files, in the order of the files; deleted ones are left out.

    One row group is in memory at a time.  Files whose bounds exclude the filter are not opened.
    """
    table, _ = types.table_of(metadata, TableName("", metadata.location.rsplit("/", 1)[-1]))
    schema = metadata.schema()
    wanted = [table.column(name) for name in columns] or list(table.stored)
    keep = _filter(row_filter)
    entries = file_set(metadata, io).values() if files is None else files
    if keep is not None:
        evaluate = _InclusiveMetricsEvaluator(schema, keep).eval
        entries = [entry for entry in entries if evaluate(entry.data_file)]
    stored = types.arrow_schema(schema)
    names = [column.name for column in wanted]
    told = pa.schema([stored.field(c.name) if as_stored else pa.field(c.name, c.arrow_type) for c in wanted])

    def rows() -> Iterator[pa.RecordBatch]:
        condition, also = None, []
        if keep is not None:
            bound = bind(schema, keep, case_sensitive=True)
            condition = expression_to_pyarrow(bound, schema)
            also = [schema.find_field(number).name for number in extract_field_ids(bound)]
        fields = [schema.find_field(name) for name in dict.fromkeys([*names, *also])]
        for entry in entries:
            for batch in _stored_rows(metadata, io, entry, fields, stored):
                if condition is not None:
                    kept = pa.Table.from_batches([batch]).filter(condition).combine_chunks()
                    batch = kept.to_batches()[0] if kept.num_rows else batch.slice(0, 0)
                if batch.num_rows:
                    chosen = batch.select(names)
                    yield chosen.cast(told) if as_stored else types.from_storage(chosen, table)

    return arrow.reader(told, rows())


def _filter(row_filter: str | BooleanExpression | None) -> BooleanExpression | None:
    wanted = parse(row_filter) if isinstance(row_filter, str) else row_filter
    return None if wanted is None or isinstance(wanted, AlwaysTrue) else wanted


def _stored_rows(
    metadata: TableMetadata, io: FileIO, entry: FileEntry, fields: Sequence[NestedField], stored: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """The rows of one file that are not deleted, in order, in the types that the table has now."""
    if any(file.content == DataFileContent.EQUALITY_DELETES for file in entry.deletes):
        message = f"rows of {entry.path!r} are deleted by their values, which only the engine that did it applies"
        raise InputError(message, hint="compact the table with that engine (Spark: rewrite_data_files)")
    if entry.data_file.file_format != FileFormat.PARQUET or not all(_names_rows(delete) for delete in entry.deletes):
        yield from _foreign_rows(metadata, io, entry, fields, stored)
        return
    gone = _deleted(io, entry)
    types_now = pa.schema([stored.field(field.name) for field in fields])
    with io.new_input(entry.path).open() as opened, pq.ParquetFile(opened, pre_buffer=False) as file:
        found = _columns_of(metadata, file.schema_arrow)
        sources = [found.get(field.field_id) for field in fields]
        if missing := [f.name for f, s in zip(fields, sources, strict=True) if s is None and f.required]:
            raise Error(f"file {entry.path!r} has no column {missing[0]!r}, which may not be null")
        names, start = [source.name for source in sources if source is not None], 0
        for batch in file.iter_batches(BATCH_ROWS, columns=names or file.schema_arrow.names[:1]):
            arrays = [
                pa.nulls(batch.num_rows, now.type) if source is None else _widened(batch.column(source.name), now.type)
                for source, now in zip(sources, types_now, strict=True)
            ]
            rows = pa.RecordBatch.from_arrays(arrays, schema=types_now)
            yield rows.filter(_kept(gone, start, batch.num_rows)) if len(gone) else rows
            start += batch.num_rows


def _widened(values: pa.Array, arrow_type: pa.DataType) -> pa.Array:
    if values.type == arrow_type or pa.types.is_nested(arrow_type):
        return values if values.type == arrow_type else values.cast(arrow_type)
    return arrow.like(arrow.plain(values), arrow_type)


def _foreign_rows(
    metadata: TableMetadata, io: FileIO, entry: FileEntry, fields: Sequence[NestedField], stored: pa.Schema
) -> Iterator[pa.RecordBatch]:
    """Rows of a file in a form that we do not write (ORC, Avro, deletion vectors): one file is held in memory."""
    scan = ArrowScan(metadata, io, IcebergSchema(*fields), AlwaysTrue())
    types_now = pa.schema([stored.field(field.name) for field in fields])
    for batch in scan.to_record_batches([FileScanTask(entry.data_file, set(entry.deletes))]):
        arrays = [_widened(values, now.type) for values, now in zip(batch.columns, types_now, strict=True)]
        yield pa.RecordBatch.from_arrays(arrays, schema=types_now)


Ordinals = npt.NDArray[np.int64]


def _names_rows(delete: DataFile) -> bool:
    return delete.content == DataFileContent.POSITION_DELETES and delete.file_format == FileFormat.PARQUET


def _deleted(io: FileIO, entry: FileEntry) -> Ordinals:
    """The places of a file's rows that its delete files name, ascending."""
    found: list[Ordinals] = []
    for delete in entry.deletes:
        with io.new_input(delete.file_path).open() as opened, pq.ParquetFile(opened, pre_buffer=False) as file:
            for batch in file.iter_batches(BATCH_ROWS, columns=["file_path", "pos"]):
                here = pc.equal(arrow.plain(batch.column(0)), entry.path)
                found.append(batch.column(1).filter(here).cast(pa.int64()).to_numpy(zero_copy_only=False))
    return np.unique(np.concatenate(found)) if found else np.zeros(0, np.int64)


def _kept(gone: Ordinals, start: int, length: int) -> pa.Array:
    mask = np.ones(length, dtype=bool)
    first, last = np.searchsorted(gone, [start, start + length])
    mask[gone[first:last] - start] = False
    return pa.array(mask)


def count(metadata: TableMetadata, io: FileIO, files: Iterable[FileEntry] | None = None) -> int:
    """How many rows a table or some of its files have; only files that delete rows are opened for it."""
    if files is None and (known := row_count(metadata)) is not None:
        return known
    entries = file_set(metadata, io).values() if files is None else files
    total = 0
    for entry in entries:
        if all(_names_rows(delete) for delete in entry.deletes):
            total += entry.rows - len(_deleted(io, entry))
        else:
            total += sum(batch.num_rows for batch in read(metadata, io, files=[entry]))
    return total
