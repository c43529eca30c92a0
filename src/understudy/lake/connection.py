"""A state of the lake as a Connection: jobs read it, checks prove it, databases are loaded from it, again and again."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from understudy import arrow
from understudy.connections import duck
from understudy.connections.postgres.scrub import scrub
from understudy.errors import Error, InputError, unknown
from understudy.interfaces import BATCH_ROWS, Ddl, Mode, Progress, Ready, Scan, at_once
from understudy.lake import dataset
from understudy.lake.lake import Lake
from understudy.lake.nouns import Commit, Entry, Key
from understudy.schema import Schema, TableName

if TYPE_CHECKING:
    from pyiceberg.table.metadata import TableMetadata

SCHEME = "lake:"
_BESIDE = {"_via": pa.int16(), "_depth": pa.int32()}


def connect(url: str) -> Branch:
    """The Connection that ``lake:REF`` or ``lake:PATH#REF`` names.

    Without a path it is the lake in UNDERSTUDY_LAKE, else in ``./.understudy``; UNDERSTUDY_CATALOG is the URL of its
    store, if that is not in the lake's folder.
    """
    location, mark, ref = url.removeprefix(SCHEME).rpartition("#")
    return Branch(Lake.usual(location if mark else ""), ref)


class Branch:
    """One state of a lake, held from the first look at it; a branch may be written."""

    def __init__(self, lake: Lake, ref: str = "") -> None:
        self.lake = lake
        self.ref = ref or lake.current()
        self.url = f"{SCHEME}{lake.location}#{self.ref}"

    @cached_property
    def commit(self) -> Commit:
        """The commit that is read."""
        found = self.lake.head(self.ref)
        if not found.files:
            raise InputError(
                f"the files of {self.ref!r} (commit {found.short}) were collected", hint="its history is still there"
            )
        return found

    @cached_property
    def entries(self) -> Mapping[Key, Entry]:
        """All that the commit holds."""
        return self.lake.entries("@" + self.commit.hash)

    @cached_property
    def published(self) -> list[dataset.Copied]:
        """What jobs tell of the databases that its tables came from."""
        return dataset.published(self.lake.store, self.entries)

    def published_by(self, job: str) -> dataset.Copied:
        """What one job published; an InputError where it is not here."""
        found = {one.name: one for one in self.published}
        if job not in found:
            raise unknown(f"copy on {self.ref!r} by the job", job, found)
        return found[job]

    def hashes(self, name: TableName) -> list[str]:
        """The SHA-256 of a table's files in order; empty where not all are known."""
        from understudy.lake import metadata

        known = {path: digest for one in self.published for path, digest in one.hashes.items()}
        held = metadata.file_set(self._metadata(name), self.lake.io)
        found = [known.get(path, "") for path, one in held.items() if not one.deletes]
        return sorted(found) if len(found) == len(held) and all(found) else []

    # Reading

    def schema(self) -> Schema:
        """The tables of the commit, with the types and keys they had where they came from."""
        return self._schema

    @cached_property
    def _schema(self) -> Schema:
        from understudy.lake import native, types

        names = {key.table_name for key in self.entries if key.kind == "table"}
        found = [types.table_of(self._metadata(name), name) for name in self._in_order(names)]
        tables = tuple(replace(table, rows=self.entries[Key.table(table.name)].rows or 0) for table, _ in found)
        keys = tuple(key for _, own in found for key in own if key.parent in names)
        bare = dataset.together(self.published, self.url)
        if bare.engine in ("", "files", native.ENGINE):
            tables = tuple(native.native(table) for table in tables)
        return replace(bare, tables=tables, foreign_keys=keys)

    def _in_order(self, names: Collection[TableName]) -> list[TableName]:
        """Tables in the order their source had them, then the others by name."""
        known = [name for one in self.published for name in one.tables if name in names]
        return [*known, *sorted(set(names) - set(known))]

    def _metadata(self, name: TableName) -> TableMetadata:
        from understudy.lake import metadata

        entry = self.entries.get(Key.table(name))
        if entry is None:
            raise unknown("table", str(name), [str(key) for key in self.entries if key.kind == "table"])
        return metadata.read(entry.location, self.lake.io)

    @property
    def extras(self) -> Mapping[str, Any]:
        """What the run that published this kept with the rows: job, key id, DDL ...; JSON values."""
        return dataset.only(self.published, repr(self.ref)).extras

    @property
    def position(self) -> str:
        """The commit: equal positions hold equal rows."""
        return self.commit.hash

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        """The rows of one scan; its SQL is DuckDB's.  Columns beyond the schema's (``_via``) are read by name."""
        scan = self._spelled_out(scan)
        if scan.where or scan.order_by or scan.computed or scan.top or scan.keys is not None:
            known = self.schema().table(scan.table).by_name
            return self._source(scan.table, [name for name in scan.columns if name not in known]).read(scan)
        found = self._rows(scan.table, scan.columns)
        return found if scan.limit is None else arrow.reader(found.schema, _first(found, scan.limit))

    def _rows(self, name: TableName, columns: tuple[str, ...]) -> pa.RecordBatchReader:
        from understudy.lake import files

        known = self.schema().table(name).by_name
        if all(column in known for column in columns):
            return files.read(self._metadata(name), self.lake.io, columns=columns)
        return self._as_written(name, columns)

    def _as_written(self, name: TableName, columns: tuple[str, ...]) -> pa.RecordBatchReader:
        """Rows with what a run wrote beside them and no engine looks at: by which edge they came, and how deep."""
        from understudy.lake import metadata

        held = list(metadata.file_set(self._metadata(name), self.lake.io).values())
        table = self.schema().table(name)
        fields = [
            pa.field(column, table.by_name[column].arrow_type if column in table.by_name else _BESIDE.get(column))
            for column in columns
        ]

        def rows() -> Iterator[pa.RecordBatch]:
            for one in held:
                with (
                    self.lake.io.new_input(one.path).open() as opened,
                    pq.ParquetFile(opened, pre_buffer=False) as file,
                ):
                    if one.deletes or not set(columns) <= set(file.schema_arrow.names):
                        message = f"rows of {str(name)!r} on {self.ref!r} are no longer those of a run"
                        raise InputError(message, hint="ask for the run's own commit: `--run ID`")
                    for batch in file.iter_batches(BATCH_ROWS, columns=list(columns)):
                        yield batch.select(list(columns)).cast(pa.schema(fields))

        return arrow.reader(pa.schema(fields), rows())

    def _source(self, name: TableName, extra: Collection[str] = ()) -> duck.Source:
        """The rows of a table for DuckDB, with columns that only the files know."""
        table = self.schema().table(name)
        if extra:
            columns = (*(column.name for column in table.stored), *extra)
            fields = self._rows(name, columns).schema
        else:
            fields = pa.schema([pa.field(column.name, column.arrow_type) for column in table.stored])
        return duck.Source((), fields, stream=lambda: self._rows(name, tuple(fields.names)))

    def _spelled_out(self, scan: Scan) -> Scan:
        table = self.schema().table(scan.table)
        for name in scan.columns:
            if not name.startswith("_"):
                table.column(name)
        if scan.columns or scan.computed:
            return scan
        return replace(scan, columns=tuple(column.name for column in table.stored))

    @contextmanager
    def snapshot(self, *, readers: int = 2, as_text: Collection[tuple[str, str]] = frozenset()) -> Iterator[Self]:
        """Itself: a commit does not change, and what it holds travels exactly."""
        del readers, as_text
        assert self.commit
        yield self

    def validate(self, scan: Scan) -> None:
        """Raise an InputError, with DuckDB's own message, if the scan would not run."""
        self._source(scan.table).validate(self._spelled_out(scan))

    def estimate(self, scan: Scan) -> tuple[int, int]:
        """The rows and bytes a scan reads at most: conditions are not weighed."""
        from understudy.lake import metadata

        held = metadata.file_set(self._metadata(scan.table), self.lake.io).values()
        there = sum(one.data_file.record_count for one in held)
        size = sum(one.data_file.file_size_in_bytes for one in held)
        rows = there if scan.limit is None else min(scan.limit, there)
        return rows, size * rows // max(there, 1)

    def sql(self, scan: Scan) -> str:
        """The DuckDB statement a scan becomes, for people to read."""
        return self._source(scan.table).sql(self._spelled_out(scan))

    def violations(self, table: TableName, batch: pa.RecordBatch) -> Mapping[str, int]:
        """Refused: CHECK constraints are in the words of the database they came from."""
        del batch
        if not self.schema().table(table).checks:
            return {}
        raise InputError(
            f"the CHECK constraints of {str(table)!r} are SQL of another database, so they cannot be tried in the lake",
            hint="`checks: {constraints: off}`: the database that the result is loaded into tries them",
        )

    def ddl(self, *, hide: frozenset[tuple[TableName, str]] = frozenset()) -> Ddl:
        """The statements that build this state in a database: those of the one it was copied from, and what became
        of its tables here since; of tables that engines made, their own.
        """
        from understudy.lake import native

        copied = [one for one in self.published if "ddl" in one.extras]
        kept = dataset.only(copied, repr(self.ref)).extras["ddl"] if copied else {"engine": native.ENGINE}
        if kept["engine"] != native.ENGINE:
            return Ddl(**{**kept, "notes": tuple(kept["notes"])})
        known = {name for one in copied for name in one.tables}
        before, after = [kept.get("before", "")], [kept.get("after", "")]
        for table in self.schema().tables:
            if table.name in known:
                before += [f"{each};" for each in native.since(self._metadata(table.name), table)]
            else:
                before += [f"{each};" for each in native.made(table)]
                after += [f"{each};" for each in native.keyed(table)]
        return scrub(Ddl(native.ENGINE, "\n".join(before), "\n".join(after), tuple(kept.get("notes", ()))), hide)

    def verify(self) -> None:
        """Read every file whose hash was recorded; an Error names those that were changed since."""
        from understudy.lake import metadata

        wanted = {path: digest for one in self.published for path, digest in one.hashes.items()}
        tables = [self._metadata(key.table_name) for key in self.entries if key.kind == "table"]
        held = [path for table in tables for path in metadata.file_set(table, self.lake.io) if path in wanted]
        if changed := [path for path in held if _sha256(self.lake, path) != wanted[path]]:
            names = ", ".join(path.rpartition("/")[2] for path in changed)
            raise Error(f"files of {self.ref!r} were changed since they were written: {names}")

    # Writing

    def place(self) -> str:
        """The lake and the branch: two URLs that lead to the same one are equal."""
        return f"{SCHEME}{self.lake.id}#{self.lake.resolve(self.ref).branch or self.commit.hash}"

    def load(
        self, made: Any, *, mode: Mode, ddl: Ddl | None, progress: Progress, ready: Ready = at_once
    ) -> Mapping[TableName, int]:
        """Write a whole Dataset on the branch, in one commit; returns the rows per table.

        ``create`` refuses tables that are there, ``replace`` takes their place, ``append`` adds rows to them.
        """
        from understudy.lake.writing import load

        return load(self, made, mode=mode, ddl=ddl, progress=progress, ready=ready)


def _first(found: pa.RecordBatchReader, limit: int) -> Iterator[pa.RecordBatch]:
    for batch in found:
        if limit <= 0:
            return
        yield batch.slice(0, limit)
        limit -= batch.num_rows


def _sha256(lake: Lake, path: str) -> str:
    digest = hashlib.sha256()
    with lake.io.new_input(path).open() as file:
        while part := file.read(1 << 20):
            digest.update(part)
    return digest.hexdigest()
