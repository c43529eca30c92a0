"""A folder of files as a Connection: Parquet with a manifest when we wrote it, CSV, Parquet or JSONL when others did.

::

    out/manifest.json                       format, schema, files with their rows and hashes, extras
    out/rows-5f3a9c12/0001-public.users.parquet

The manifest is the truth: files it does not name do not count, and replacing it is one atomic rename.
A folder is built beside its place, as ``out.partial``, and moved there when it is complete.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from understudy import arrow
from understudy.connections import duck, manifest, parquet
from understudy.connections.parquet import DataFile, TableWriter
from understudy.connections.postgres.scrub import scrub, scrub_schema
from understudy.errors import Error, InputError
from understudy.interfaces import Dataset, Ddl, Mode, Progress, Ready, Scan, Tally, at_once
from understudy.schema import Column, Schema, Table, TableName

__all__ = ["MANIFEST", "Folder", "TableWriter"]

MANIFEST = "manifest.json"
_FORMAT = 1
_LOCK = ".lock"


@dataclass
class _Contents:
    """What lies in a folder, or in the one being built for it."""

    root: Path
    schema: Schema
    files: dict[TableName, DataFile] = field(default_factory=dict)
    tallies: dict[TableName, Tally] = field(default_factory=dict)
    bare: dict[TableName, duck.Source] = field(default_factory=dict)
    extras: Mapping[str, Any] = field(default_factory=dict)
    position: str = ""


@dataclass(frozen=True)
class _Building:
    """What is known of a folder until it is published."""

    lock: int
    rows: str
    """The name of the folder inside it that takes the files."""
    replaces: bool
    field_ids: Mapping[TableName, Mapping[str, int]]


class Folder:
    """A Dataset over files, which can also be written: as a whole, atomically.

    ``Folder(path)`` opens what is there on first use.  ``with Folder.create(path, schema) as stage``
    builds one; it can be read while it is built, appears at its path on ``publish``, and vanishes
    without it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.url = str(path)
        self._opened: _Contents | None = None
        self._building: _Building | None = None

    @property
    def _contents(self) -> _Contents:
        if self._opened is None:
            self._opened = _open(self.path)
        return self._opened

    # Reading

    def schema(self) -> Schema:
        """The tables, columns and foreign keys of the rows in the folder."""
        return self._contents.schema

    @property
    def extras(self) -> Mapping[str, Any]:
        """What the publisher kept with the rows: job text, key id, DDL ...; JSON values."""
        return self._contents.extras

    @property
    def position(self) -> str:
        """The hash of the manifest: equal positions hold equal rows."""
        return self._contents.position

    def tally(self, table: TableName) -> Tally | None:
        """What was counted while a table was written here; None once the folder is published, or opened."""
        if self._building is None:
            return None
        return self._contents.tallies.get(table, Tally(0, {}))

    def files(self) -> Mapping[TableName, DataFile]:
        """The file of every table that has rows, by its whole path."""
        contents = self._contents
        return {name: replace(file, path=str(contents.root / file.path)) for name, file in contents.files.items()}

    def rows(self, name: TableName) -> int:
        """How many rows of a table were written; 0 where none were."""
        file = self._contents.files.get(name)
        return file.rows if file else 0

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        """The rows of one scan; its SQL is DuckDB's.  Columns beyond the schema's (``_via``) are read by name."""
        scan = self._spelled_out(scan)
        source = self._source(scan.table)
        plain = not (scan.where or scan.order_by or scan.computed or scan.top or scan.keys is not None)
        if source is None:
            wanted = [(name, self.schema().table(scan.table).column(name).arrow_type) for name in scan.columns]
            return arrow.reader(pa.schema(wanted), [])
        if not plain or source.files[0].suffix != ".parquet":
            return source.read(scan)
        columns = list(scan.columns)
        chosen = pa.schema([source.arrow_schema.field(name) for name in columns])
        return arrow.reader(chosen, parquet.batches(source.files[0], columns, limit=scan.limit))

    @contextmanager
    def snapshot(self, *, readers: int = 2, as_text: Collection[tuple[str, str]] = frozenset()) -> Iterator[Self]:
        """Itself: a published folder does not change, and Parquet carries every value exactly."""
        del readers, as_text
        yield self

    def validate(self, scan: Scan) -> None:
        """Raise an InputError, with DuckDB's own message, if the scan would not run."""
        if source := self._source(scan.table):
            source.validate(self._spelled_out(scan))

    def estimate(self, scan: Scan) -> tuple[int, int]:
        """The rows and bytes a scan reads at most: conditions are not weighed, and bare files tell no rows."""
        file = self._contents.files.get(scan.table)
        if file is None:
            source = self._source(scan.table)
            return 0, sum(bare.stat().st_size for bare in source.files) if source else 0
        rows = file.rows if scan.limit is None else min(scan.limit, file.rows)
        return rows, file.bytes * rows // max(file.rows, 1)

    def sql(self, scan: Scan) -> str:
        """The DuckDB statement a scan becomes, for people to read."""
        source = self._source(scan.table)
        return source.sql(self._spelled_out(scan)) if source else ""

    def violations(self, table: TableName, batch: pa.RecordBatch) -> Mapping[str, int]:
        """Refused: CHECK constraints are in the words of the database they came from."""
        del batch
        if not self.schema().table(table).checks:
            return {}
        raise InputError(f"the CHECK constraints of {str(table)!r} cannot be evaluated on files")

    def ddl(self, *, hide: frozenset[tuple[TableName, str]] = frozenset()) -> Ddl:
        """The statements that recreate the objects of the source, where the publisher kept them."""
        if "ddl" not in self.extras:
            raise InputError(f"folder {self.url!r} holds rows but no table definitions")
        kept = self.extras["ddl"]
        return scrub(Ddl(**{**kept, "notes": tuple(kept["notes"])}), hide)

    def verify(self) -> None:
        """Read every file and compare its hash with the manifest's; an Error names those that differ."""
        contents = self._contents
        changed = [
            file.path
            for file in contents.files.values()
            if not (contents.root / file.path).is_file() or _sha256(contents.root / file.path) != file.sha256
        ]
        if changed:
            raise Error(f"folder {self.url!r} was changed since it was written: {', '.join(changed)}")

    # Writing

    @classmethod
    def create(
        cls,
        path: str | Path,
        schema: Schema,
        *,
        mode: Mode = "create",
        field_ids: Mapping[TableName, Mapping[str, int]] | None = None,
    ) -> Folder:
        """A new folder, built as ``PATH.partial``; ``replace`` swaps it for one that was written here before.

        With ``field_ids``, the files know their columns by number, for a lake to take them as they are.

        Raises an InputError where the path holds files already, or another process builds it right now.
        """
        made = cls(path)
        replaces = _replaces(made.path, mode)
        place = made.path.absolute()
        partial = place.with_name(f"{place.name}.partial")
        made._building = _Building(claim(partial), f"rows-{secrets.token_hex(4)}", replaces, field_ids or {})
        made._opened = _Contents(partial, schema)
        (partial / made._building.rows).mkdir(mode=0o700)
        return made

    @contextmanager
    def writer(self, table: Table, arrow_schema: pa.Schema) -> Iterator[TableWriter]:
        """Takes the batches of one table, from one thread at a time; a second time, instead of those of the first."""
        number = [known.name for known in self.schema().tables].index(table.name) + 1
        slug = re.sub(r"[^\w.-]", "_", f"{table.name.namespace}.{table.name.name}".lstrip("."), flags=re.ASCII)
        with self._written(table.name, f"{number:04d}-{slug[:80]}.parquet", arrow_schema) as writer:
            yield writer

    def rewrite(
        self, table: TableName, *, drop: pa.Array | None = None, null: Mapping[str, pa.Array] | None = None
    ) -> None:
        """Take rows away, and empty columns in some, of a table written before; rows are told by ordinal."""
        written = self._contents.files.get(table)
        if written is None:
            return
        before = self._contents.root / written.path
        emptied = {name: _ordinals(rows) for name, rows in (null or {}).items()}
        with self._written(table, f"{before.name}.new", parquet.arrow_schema(before)) as writer:
            for batch in parquet.rewritten(before, _ordinals(drop), emptied):
                writer.write(batch)
        writer.path.replace(before)
        self._contents.files[table] = replace(self._contents.files[table], path=written.path)

    @contextmanager
    def _written(self, table: TableName, name: str, arrow_schema: pa.Schema) -> Iterator[TableWriter]:
        if self._building is None:
            raise Error(f"folder {self.url!r} is published, so it takes no more rows")
        path = f"{self._building.rows}/{name}"
        ids = self._building.field_ids.get(table)
        key = self.schema().table(table).row_key if ids else ()
        (self._contents.root / path).unlink(missing_ok=True)
        writer = TableWriter(self._contents.root / path, arrow_schema, field_ids=ids, statistics=key)
        try:
            yield writer
            self._contents.files[table] = replace(writer.finish(), path=path)
            self._contents.tallies[table] = Tally(writer.rows, dict(writer.nulls))
        except BaseException:
            writer.abandon()
            raise

    def publish(self, extras: Mapping[str, Any], *, hide: frozenset[tuple[TableName, str]] = frozenset()) -> None:
        """Write the manifest, wait for the disk, and move the folder to its place in one step.

        The manifest's schema tells no values of the columns in ``hide`` (defaults, checks, comments).
        """
        contents, building = self._contents, self._building
        if building is None:
            raise Error(f"folder {self.url!r} is published already")
        text = _manifest_text(replace(contents, extras=extras, schema=scrub_schema(contents.schema, hide)))
        with parquet.disk_errors(contents.root, needed=len(text)):
            _write_through(contents.root / MANIFEST, text)
            _sync(contents.root / building.rows)
            _sync(contents.root)
            _move(contents.root, self.path, building)
        os.close(building.lock)
        self._building, self._opened = None, None

    def discard(self) -> None:
        """Remove a folder that was not published; a published one is not touched."""
        if self._building is not None:
            shutil.rmtree(self._contents.root, ignore_errors=True)
            os.close(self._building.lock)
            self._building, self._opened = None, None

    def __enter__(self) -> Folder:
        return self

    def __exit__(self, *raised: object) -> None:
        self.discard()

    def place(self) -> str:
        """The folder itself, however its path is spelled."""
        return self.path.resolve().as_uri()

    def load(
        self, made: Dataset, *, mode: Mode, ddl: Ddl | None, progress: Progress, ready: Ready = at_once
    ) -> Mapping[TableName, int]:
        """Write a whole Dataset here, all or nothing; returns the rows per table."""
        schema = made.schema()
        with Folder.create(self.path, schema, mode=mode) as target:
            for table in (table for table in schema.tables if table.readable):
                found = made.read(Scan(table.name))
                with target.writer(table, found.schema) as writer:
                    for batch in found:
                        writer.write(batch)
                        progress("load", str(table.name), writer.rows, None)
            ready()
            target.publish({"ddl": asdict(ddl)} if ddl else {})
        self._opened = None
        return {table.name: self.rows(table.name) for table in schema.tables}

    def _source(self, name: TableName) -> duck.Source | None:
        """The files of a table; None where it has none, and so no rows."""
        self.schema().table(name)
        if file := self._contents.files.get(name):
            path = self._contents.root / file.path
            return duck.Source((path,), parquet.arrow_schema(path))
        return self._contents.bare.get(name)

    def _spelled_out(self, scan: Scan) -> Scan:
        """The scan with its columns named, each of them known."""
        table, source = self.schema().table(scan.table), self._source(scan.table)
        for name in scan.columns:
            if source is None or name not in source.arrow_schema.names:
                table.column(name)
        if scan.columns or scan.computed:
            return scan
        return replace(scan, columns=tuple(column.name for column in table.stored))


def _open(path: Path) -> _Contents:
    if (path / MANIFEST).is_file():
        text = (path / MANIFEST).read_text(encoding="utf-8")
        shown = json.loads(text)
        if shown.get("format") != _FORMAT:
            raise InputError(
                f"{str(path / MANIFEST)!r} is of format {shown.get('format')!r}, this version reads {_FORMAT}"
            )
        files = {
            TableName(table["namespace"], table["name"]): DataFile(**file)
            for table in shown["tables"]
            for file in table["files"]
        }
        position = hashlib.sha256(text.encode()).hexdigest()
        return _Contents(path, manifest.from_json(shown["schema"]), files, extras=shown["extras"], position=position)
    if not path.exists():
        raise InputError(f"there is no file or folder {str(path)!r}")
    return _bare(path)


def _bare(path: Path) -> _Contents:
    """Files nobody described: each is a table named after it, its columns as DuckDB finds them, without keys."""
    found = sorted(path.iterdir()) if path.is_dir() else [path]
    files = [file for file in found if file.suffix in duck.FUNCTIONS and file.is_file()]
    if not files:
        raise InputError(f"{str(path)!r} holds no {', '.join(duck.FUNCTIONS)} file")
    if len({file.stem for file in files}) < len(files):
        raise InputError(f"two files in {str(path)!r} would be tables of the same name")
    bare = {TableName("", file.stem): duck.infer(file) for file in files}
    tables = tuple(Table(name, tuple(map(_column, source.arrow_schema))) for name, source in bare.items())
    return _Contents(path, Schema(tables, engine="files", identity=path.resolve().as_uri()), bare=bare)


def _column(found: pa.Field) -> Column:
    return Column(found.name, manifest.type_name(found.type), arrow.kind_of(found.type), found.type)


def _manifest_text(contents: _Contents) -> str:
    tables = [
        {"namespace": name.namespace, "name": name.name, "rows": file.rows, "files": [asdict(file)]}
        for name, file in sorted(contents.files.items())
    ]
    shown = {"format": _FORMAT, "schema": manifest.to_json(contents.schema), "tables": tables}
    return json.dumps(shown | {"extras": dict(contents.extras)}, indent=1, ensure_ascii=False)


def _replaces(path: Path, mode: Mode) -> bool:
    """Whether a new folder takes the place of one that is there; an InputError where it must not."""
    if mode == "append":
        raise InputError("rows cannot be added to a folder", hint="use `mode: replace`, or another folder")
    if path.is_file():
        raise InputError(f"{str(path)!r} is a file, not a folder")
    if not path.exists() or not any(path.iterdir()):
        return False
    if mode == "create":
        raise InputError(f"folder {str(path)!r} is not empty", hint="use `mode: replace`, or another folder")
    if not (path / MANIFEST).is_file():
        raise InputError(f"folder {str(path)!r} holds files that were not written here, so it is not replaced")
    return True


def claim(partial: Path) -> int:
    """Own the place where a folder is built for as long as this process lives; clear what a killed one left."""
    try:
        partial.mkdir(parents=True, mode=0o700, exist_ok=True)
        if any(partial.iterdir()) and not (partial / _LOCK).exists():
            raise InputError(f"folder {str(partial)!r} is in the way", hint="it was not made here: move it elsewhere")
        lock = os.open(partial / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise InputError(f"folder {str(partial)!r} cannot be made: {error.strerror}") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise InputError(f"another process is writing {str(partial)!r}", hint="wait until it is done") from None
    for left in partial.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif left.name != _LOCK:
            left.unlink()
    return lock


def _move(partial: Path, path: Path, building: _Building) -> None:
    (partial / _LOCK).unlink()
    if building.replaces:
        (partial / building.rows).rename(path / building.rows)
        _sync(path)
        (partial / MANIFEST).replace(path / MANIFEST)  # the moment of truth
        _sync(path)
        for old in path.glob("rows-*"):
            if old.name != building.rows:
                shutil.rmtree(old, ignore_errors=True)
        partial.rmdir()
    else:
        partial.rename(path)  # fails where files have appeared there meanwhile
    _sync(path.parent)


def _write_through(path: Path, text: str) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ordinals(rows: pa.Array | None) -> parquet.Ordinals:
    return np.unique(np.asarray(rows if rows is not None else [], dtype=np.int64))
