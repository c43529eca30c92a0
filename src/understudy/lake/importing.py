"""Tables from what is there already: Parquet files, as they lie or copied, and Iceberg tables of other catalogs."""

from __future__ import annotations

import glob
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs as arrow_fs
from pyiceberg.io import FileIO

from understudy import arrow
from understudy.connections import manifest
from understudy.errors import Error, InputError
from understudy.interfaces import BATCH_ROWS
from understudy.lake import files, metadata, safety, types
from understudy.lake.change import Change, changing, folder_of
from understudy.lake.lake import Lake
from understudy.lake.nouns import Commit
from understudy.lake.places import local_path
from understudy.schema import Column, Table, TableName

_AT_ONCE = 16
_MAGIC = "*?["


def import_files(
    lake: Lake,
    branch: str,
    name: TableName,
    paths: str | Sequence[str],
    *,
    zero_copy: bool = True,
    message: str = "",
    meta: Mapping[str, Any] | None = None,
) -> Commit:
    """Make a table of Parquet files, or put them into one that is there, in one commit.

    ``paths`` may hold patterns (``s3://bucket/orders/*.parquet``).  All files must have the same columns.  Without
    a copy they stay where they are: the lake reads them there and never deletes them, so nobody else may either.
    """
    found = _listed(lake.io, [paths] if isinstance(paths, str) else paths)
    if zero_copy and (inside := [path for path in found if path.startswith(lake.warehouse + "/")]):
        raise InputError(f"{inside[0]!r} is in the lake's own warehouse", hint="copy it: `--copy`")
    io = lake.io
    told = _agreed(io, found)
    with changing(lake, branch, message or f"import {len(found)} files into {name}", meta=meta) as change:
        if not change.exists(name):
            change.create(_table(name, told))
        if not zero_copy:
            change.append(name, _rows(io, found, change.held(name).table))
        else:
            held = change.held(name)
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                adopted = list(pool.map(lambda path: _adopted(held.metadata, io, path), found))
            change.put(name, metadata.add(held.metadata, lake.io, adopted), external=True)
    return _done(change)


def _adopted(held: Any, io: FileIO, path: str) -> Any:
    try:
        return files.adopt(held, io, path)
    except InputError as error:
        raise InputError(error.message, hint="copy its rows instead: `--copy`") from None


def _done(change: Change) -> Commit:
    assert change.commit is not None
    return change.commit


def _listed(io: FileIO, paths: Sequence[str]) -> list[str]:
    """Where the files are; an InputError where a path or pattern leads to none."""
    found: list[str] = []
    for path in paths:
        local = local_path(path)
        listed = sorted(glob.glob(str(local), recursive=True)) if local is not None else _remote(io, path)
        if not listed:
            raise InputError(f"no file is called {path!r}", hint="patterns are written like data/*.parquet")
        found += listed
    return list(dict.fromkeys(found))


def _remote(io: Any, path: str) -> list[str]:
    """Files of an object store that fit a pattern; without one, the file itself."""
    if not any(sign in path for sign in _MAGIC):
        return [path]
    parts = urlsplit(path.replace("?", "%3F"))
    pattern = f"{parts.netloc}{parts.path}".replace("%3F", "?")
    start = pattern[: min(pattern.find(sign) for sign in _MAGIC if sign in pattern)].rpartition("/")[0]
    selector = arrow_fs.FileSelector(start, recursive=True, allow_not_found=True)
    listed = io.fs_by_scheme(parts.scheme, parts.netloc).get_file_info(selector)
    depth = pattern.count("/")
    return sorted(
        f"{parts.scheme}://{info.path}"
        for info in listed
        if info.is_file and fnmatchcase(info.path, pattern) and ("**" in pattern or info.path.count("/") == depth)
    )


def _agreed(io: FileIO, paths: Sequence[str]) -> pa.Schema:
    """The columns of files that all have the same; a column may be null if it may in any of them."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        schemas = list(pool.map(lambda path: _columns(io, path), paths))
    first = schemas[0]
    for path, schema in zip(paths, schemas, strict=True):
        if schema.names != first.names or schema.types != first.types:
            odd = next(
                (f.name for f in [*schema, *first] if f.name not in schema.names or f.name not in first.names), ""
            )
            odd = odd or next(a.name for a, b in zip(first, schema, strict=False) if a != b)
            raise InputError(f"{path!r} has other columns than {paths[0]!r}: {odd!r} differs", hint="import them apart")
    return pa.schema(
        [field.with_nullable(any(one.field(n).nullable for one in schemas)) for n, field in enumerate(first)]
    )


def _columns(io: FileIO, path: str) -> pa.Schema:
    try:
        with io.new_input(path).open() as opened:
            return pq.read_metadata(opened).schema.to_arrow_schema().remove_metadata()
    except (OSError, pa.ArrowInvalid) as error:
        reason = "there is no such file" if isinstance(error, FileNotFoundError) else "it is no Parquet file"
        raise InputError(f"{path!r} cannot be imported: {reason}", hint="import CSV and JSONL with a job") from error


def _table(name: TableName, schema: pa.Schema) -> Table:
    """The table that files with these columns make; an InputError where a column is of no type that it can have."""
    columns = []
    for field in schema:
        if pa.types.is_nested(field.type):
            raise InputError(f"column {field.name!r} is nested", hint="store it as JSON text")
        try:
            native = manifest.type_name(field.type)
            types.iceberg_type(field.type)
        except Error as error:
            raise InputError(f"column {field.name!r}: {error.message}", hint="write it as another type") from None
        columns.append(Column(field.name, native, arrow.kind_of(field.type), field.type, field.nullable))
    return Table(name, tuple(columns))


def _rows(io: FileIO, paths: Sequence[str], table: Table) -> Iterator[pa.RecordBatch]:
    names = [column.name for column in table.stored]
    for path in paths:
        with io.new_input(path).open() as opened, pq.ParquetFile(opened, pre_buffer=False) as file:
            if missing := [name for name in names if name not in file.schema_arrow.names]:
                raise InputError(f"{path!r} has no column {missing[0]!r}")
            for batch in file.iter_batches(BATCH_ROWS, columns=names):
                arrays = [arrow.plain(batch.column(name)) for name in names]
                yield pa.RecordBatch.from_arrays(arrays, names)


def register(
    lake: Lake,
    branch: str,
    name: TableName,
    location: str,
    *,
    message: str = "",
    meta: Mapping[str, Any] | None = None,
) -> Commit:
    """Put an Iceberg table that exists elsewhere on a branch, by the place of its ``metadata.json``.

    Its files stay where they are and are never deleted from here; what is written from now on goes to the lake.
    """
    try:
        found = metadata.read(location, lake.io)
    except (Error, OSError, ValueError) as error:
        raise InputError(
            f"{location!r} is no Iceberg metadata", hint="give the path of its newest metadata.json"
        ) from error
    with changing(lake, branch, message or f"register {name}", meta=meta) as change:
        if change.exists(name):
            raise InputError(f"there is a table {str(name)!r} already", hint="choose another name")
        own = {"location": folder_of(lake, name, found.table_uuid), "properties": safety.safe(found.properties)}
        change.put(name, found.model_copy(update=own), external=True)
    return _done(change)
