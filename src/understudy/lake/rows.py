"""Differences between two states of one table, row by row; only files that one side has alone are read."""

from __future__ import annotations

import struct
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from types import TracebackType
from typing import Any

import duckdb
import pyarrow as pa
from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile, ManifestContent
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.types import DoubleType, FloatType, NestedField

from understudy import arrow
from understudy.errors import InputError, unknown
from understudy.lake import bounds, files, metadata, types
from understudy.lake import sql as sql_of
from understudy.lake.lake import Lake
from understudy.lake.nouns import Entry
from understudy.lake.snapshots import FileEntry, manifests_of
from understudy.schema import Table, TableName

MEMORY = "1GB"
"""What a comparison holds before it spills."""

_GONE, _NEW = "l", "r"  # relations of the rows that one side has alone: before, after


@dataclass(frozen=True)
class Version:
    """One state of a table: its metadata, and its files by path."""

    metadata: TableMetadata
    files: Mapping[str, FileEntry]
    """Those that other states in question do not have too: manifests that all of them share are not read."""
    shared: int = 0
    """How many files those are."""

    @cached_property
    def table(self) -> Table:
        """Its structure."""
        found, _ = types.table_of(self.metadata, TableName("", self.metadata.location.rsplit("/", 1)[-1]))
        return found

    @cached_property
    def shape(self) -> dict[str, frozenset[str]]:
        """Its data files by path, each with the paths of what deletes rows of it: equal shapes are equal rows."""
        return {path: frozenset(one.file_path for one in entry.deletes) for path, entry in self.files.items()}


def versions(io: FileIO, entries: Sequence[Entry]) -> list[Version]:
    """The states that entries of one table name, with the files that not all of them have."""
    found = [metadata.read(entry.location, io) for entry in entries]
    listed = [manifests_of(one, io) for one in found]
    common: set[str] = set()
    if not any(one.content == ManifestContent.DELETES for each in listed for one in each):
        common = set.intersection(*({one.manifest_path for one in each} for each in listed))
    made = []
    for one, each in zip(found, listed, strict=True):
        own = [manifest for manifest in each if manifest.manifest_path not in common]
        left = [manifest for manifest in each if manifest.manifest_path in common]
        count = sum((manifest.added_files_count or 0) + (manifest.existing_files_count or 0) for manifest in left)
        made.append(Version(one, metadata.file_set(one, io, own), count))
    return made


def alone(one: Version, other: Version) -> list[FileEntry]:
    """The files that one state has and another has not, or with other rows deleted."""
    there = other.shape
    return [one.files[path] for path, deletes in one.shape.items() if there.get(path) != deletes]


@dataclass(frozen=True)
class Counts:
    """How many rows differ."""

    added: int
    removed: int
    changed: int
    by_column: Mapping[str, int]
    """In how many of the changed rows each column differs."""

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.changed)


class RowDiff:
    """The rows in which two states of a table differ; close it, or use it in a ``with`` block."""

    def __init__(self, table: TableName, comparison: Comparison, counts: Counts, closing: ExitStack) -> None:
        self.table = table
        self.keys = comparison.keys
        """By which rows are told to be the same; without any, a changed row is one removed and one added."""
        self.counts = counts
        self.files_read = comparison.files_read
        self.files_shared = comparison.files_shared
        self.schema = comparison.schema
        self._comparison, self._closing = comparison, closing

    def batches(self, limit: int | None = None) -> Iterator[pa.RecordBatch]:
        """The rows that differ, by key: ``change`` (removed, added, before, after), ``columns``, then the row."""
        yield from self._comparison.lines(limit)

    def reader(self, limit: int | None = None) -> pa.RecordBatchReader:
        """The same as a reader, for whoever writes them to a file."""
        return arrow.reader(self.schema, self.batches(limit))

    def json(self) -> dict[str, Any]:
        """The counts as JSON values."""
        found = {"table": str(self.table), "keys": list(self.keys), "files_read": self.files_read}
        found |= {name: getattr(self.counts, name) for name in ("added", "removed", "changed")}
        return found | {"files_shared": self.files_shared, "by_column": dict(self.counts.by_column)}

    def __str__(self) -> str:
        told = f"{self.table}: {self.counts.added:,} added, {self.counts.removed:,} removed"
        if self.keys:
            told += f", {self.counts.changed:,} changed"
        columns = ", ".join(f"{name} {count:,}" for name, count in self.counts.by_column.items() if count)
        return told + (f" ({columns})" if columns else "")

    def close(self) -> None:
        """Remove what was put aside on disk."""
        self._closing.close()

    def __enter__(self) -> RowDiff:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def rows(lake: Lake, a: str, b: str, table: TableName, *, keys: Collection[str] = (), stat: bool = False) -> RowDiff:
    """How the rows of a table differ between two states, by its primary key, or by the columns named.

    ``stat`` only counts: faster, and nothing is put aside.  A table without a key is compared as a multiset.
    """
    before, after = _versions(lake, a, b, table)
    told = tuple(keys) or _key(before.table, after.table)
    for name in told:
        if name not in before.table.by_name or name not in after.table.by_name:
            raise unknown("column", name, set(before.table.by_name) & set(after.table.by_name))
    with ExitStack() as opening:
        connection = opening.enter_context(sql_of.database(memory=MEMORY))
        comparison = Comparison(connection, lake.io, before, after, told)
        if keys:
            comparison.check_keys()
        counts = comparison.count() if stat else comparison.keep()
        return RowDiff(table, comparison, counts, opening.pop_all())


def _versions(lake: Lake, a: str, b: str, table: TableName) -> tuple[Version, Version]:
    """The states of a table in two states of the lake, under another name too; nothing, where one has it not."""
    sides = [lake.tables(a), lake.tables(b)]
    known = [side[table] for side in sides if table in side]
    if not known:
        raise unknown("table", str(table), {str(name) for side in sides for name in side})
    identity = known[-1].uuid
    entries = [side.get(table) or next((one for one in side.values() if one.uuid == identity), None) for side in sides]
    return pair(lake.io, *entries)


def pair(io: FileIO, before: Entry | None, after: Entry | None) -> tuple[Version, Version]:
    """Two states of a table; one that is not there is the other without files."""
    if before and after:
        one, other = versions(io, [before, after])
        return one, other
    known = before or after
    assert known is not None
    found = metadata.read(known.location, io)
    whole, none = Version(found, metadata.file_set(found, io)), Version(found, {})
    return (whole, none) if before else (none, whole)


def _key(before: Table, after: Table) -> tuple[str, ...]:
    """The key by which both states tell their rows; none where they have different ones."""
    key, stored = after.row_key, {column.name for column in after.stored}
    return key if key == before.row_key and stored.issuperset(key) else ()


class Comparison:
    """The rows that two states of a table have alone, side by side in DuckDB."""

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        io: FileIO,
        before: Version,
        after: Version,
        keys: Sequence[str],
        name: str = "changes",
    ) -> None:
        self.keys = tuple(keys)
        self._connection, self._io, self._name = connection, io, name
        self._before, self._after = before, after
        self.gone, self.new = alone(before, after), alone(after, before)
        self.files_read = len(self.gone) + len(self.new)
        self.files_shared = after.shared + len(after.files) - len(self.new)
        self._pairs = _pairs(before.metadata, after.metadata)
        if not any(self._pairs.values()):
            raise InputError("the two states of the table have no column in common", hint="compare their schemas")
        self._stored = types.arrow_schema(after.metadata.schema())
        self.columns = list(self._stored.names)
        told = pa.schema([("change", pa.string()), ("columns", pa.list_(pa.string()))])
        self.schema = pa.schema([*told, *(pa.field(field.name, field.type) for field in self._stored)])
        self._places = [self.columns.index(name) for name in self.keys]

    def _relation(self, side: str, entries: Sequence[FileEntry]) -> None:
        """Register the rows of some files, their columns by place in the state after."""
        version = self._before if side == _GONE else self._after
        sources = [self._pairs[name] if side == _GONE else name for name in self.columns]
        wanted = [name for name in sources if name is not None]
        source = files.read(version.metadata, self._io, columns=wanted, files=entries, as_stored=True)
        fields = [pa.field(f"c{place}", source.schema.field(name).type) for place, name in enumerate(sources) if name]
        schema = pa.schema(fields)
        renamed = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in source)
        self._connection.register(f"{side}_rows", arrow.reader(schema, renamed))
        kinds = self._kinds()
        shown = []
        for place, name in enumerate(sources):
            if name is None:
                shown.append(f"NULL::{kinds[place]} AS c{place}")
            elif side == _GONE and source.schema.field(name).type != self._stored.field(place).type:
                shown.append(f"TRY_CAST(c{place} AS {kinds[place]}) AS c{place}")
            else:
                shown.append(f"c{place}")
        self._connection.execute(f"CREATE OR REPLACE TEMP VIEW {side} AS SELECT {', '.join(shown)} FROM {side}_rows")

    def _kinds(self) -> list[str]:
        """DuckDB's names of the columns' types."""
        return [str(kind) for kind in self._connection.from_arrow(self._stored.empty_table()).types]

    def _register(self) -> None:
        self._relation(_GONE, self.gone)
        self._relation(_NEW, self.new)

    def _compared(self) -> list[int]:
        """The columns that tell whether a row changed: those that both states have, or only the later one."""
        return [place for place in range(len(self.columns)) if place not in self._places]

    def _joined(self) -> str:
        """SQL of the rows that differ: ``kind``, then both rows of a key, its columns as a0.. and b0.."""
        places = range(len(self.columns))
        same = " AND ".join(f"l.c{n} IS NOT DISTINCT FROM r.c{n}" for n in self._places)
        differ = " OR ".join(["false", *(f"l.c{n} IS DISTINCT FROM r.c{n}" for n in self._compared())])
        shown = ", ".join(f"l.c{n} AS a{n}, r.c{n} AS b{n}" for n in places)
        return (
            "SELECT CASE WHEN l.here IS NULL THEN 'added' WHEN r.here IS NULL THEN 'removed' ELSE 'changed' END AS kind"
            f", {shown} FROM (SELECT *, true AS here FROM l) l FULL JOIN (SELECT *, true AS here FROM r) r ON {same}"
            f" WHERE l.here IS NULL OR r.here IS NULL OR {differ}"
        )

    def _multiset(self) -> str:
        """SQL of the rows that one side has more often, and how much more often the later one has them."""
        names = ", ".join(f"c{n}" for n in range(len(self.columns)))
        both = f"SELECT {names}, -1 AS n FROM l UNION ALL SELECT {names}, 1 FROM r"
        return f"SELECT {names}, sum(n)::BIGINT AS n FROM ({both}) GROUP BY ALL HAVING sum(n) <> 0"

    def keep(self) -> Counts:
        """Put the rows that differ aside, and count them."""
        self._register()
        sql = self._joined() if self.keys else self._multiset()
        with sql_of.quiet():
            self._connection.execute(f"CREATE TEMP TABLE {self._name} AS {sql}")
        return self._counted(self._name)

    def count(self) -> Counts:
        """Only count them; files whose keys no file of the other side can have are not opened."""
        whole = {_GONE: list[FileEntry](), _NEW: list[FileEntry]()}
        if self.keys and self._pairs[self.keys[0]] is not None:
            gone, new = overlapping((self._before, self.gone), (self._after, self.new), self.keys[:1])
            whole = {_GONE: _without(self.gone, gone), _NEW: _without(self.new, new)}
            self.gone, self.new = gone, new
            self.files_read = len(gone) + len(new)
        removed = files.count(self._before.metadata, self._io, whole[_GONE])
        added = files.count(self._after.metadata, self._io, whole[_NEW])
        self._register()
        found = self._counted(f"({self._joined() if self.keys else self._multiset()})")
        return Counts(found.added + added, found.removed + removed, found.changed, found.by_column)

    def _counted(self, relation: str) -> Counts:
        if not self.keys:
            sql = f"SELECT coalesce(sum(n) FILTER (n > 0), 0), coalesce(-sum(n) FILTER (n < 0), 0) FROM {relation}"
            added, removed = self._one(sql)
            return Counts(int(added), int(removed), 0, {})
        places = self._compared()
        each = [f"count(*) FILTER (kind = 'changed' AND a{n} IS DISTINCT FROM b{n})" for n in places]
        kinds = [f"count(*) FILTER (kind = '{kind}')" for kind in ("added", "removed", "changed")]
        added, removed, changed, *counts = self._one(f"SELECT {', '.join([*kinds, *each])} FROM {relation}")
        columns = {self.columns[n]: count for n, count in zip(places, counts, strict=True)}
        return Counts(added, removed, changed, columns)

    def _one(self, sql: str) -> tuple[Any, ...]:
        with sql_of.quiet():
            (row,) = self._connection.execute(sql).fetchall()
        return tuple(row)

    def check_keys(self) -> None:
        """Raise an InputError where a key chosen by a person does not tell rows apart."""
        names = ", ".join(f"c{n}" for n in self._places)
        for side, entries in ((_GONE, self.gone), (_NEW, self.new)):
            self._relation(side, entries)
            sql = f"SELECT count(*) FROM (SELECT 1 FROM {side} GROUP BY {names} HAVING count(*) > 1)"
            (repeated,) = self._one(sql)
            if repeated:
                raise InputError(
                    f"{', '.join(self.keys)!r} does not tell rows apart: {repeated:,} values are there more than once",
                    hint="name more columns",
                )

    def lines(self, limit: int | None) -> Iterator[pa.RecordBatch]:
        """What was put aside, a line for every row before or after."""
        places = range(len(self.columns))
        if self.keys:
            parts = [self._side("removed", "before", "a", 0), self._side("added", "after", "b", 1)]
            order = ", ".join([*(f"c{n}" for n in self._places), "side"])
            sql = f"SELECT * EXCLUDE (side) FROM ({' UNION ALL '.join(parts)}) ORDER BY {order}"
        else:
            names = ", ".join(f"c{n}" for n in places)
            sql = (
                f"SELECT CASE WHEN n < 0 THEN 'removed' ELSE 'added' END, []::VARCHAR[], {names}"
                f" FROM (SELECT *, unnest(range(abs(n))) FROM {self._name})"
            )
        if limit is not None:
            sql += f" LIMIT {int(limit)}"
        for batch in sql_of.streamed(self._connection, sql):
            yield restored(batch, self.schema)

    def _side(self, alone: str, paired: str, letter: str, side: int) -> str:
        """SQL of the lines of one side: rows that it has alone, and its part of those that changed."""
        texts = (f"CASE WHEN a{n} IS DISTINCT FROM b{n} THEN {quoted(self.columns[n])} END" for n in self._compared())
        listed = f"list_filter([{', '.join(texts)}]::VARCHAR[], lambda x: x IS NOT NULL)"
        shown = ", ".join(f"{letter}{n} AS c{n}" for n in range(len(self.columns)))
        return (
            f"SELECT CASE kind WHEN 'changed' THEN '{paired}' ELSE kind END AS change,"
            f" CASE kind WHEN 'changed' THEN {listed} ELSE []::VARCHAR[] END AS columns, {shown}, {side} AS side"
            f" FROM {self._name} WHERE kind IN ('{alone}', 'changed')"
        )


def quoted(text: str) -> str:
    """A text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def restored(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """What DuckDB gave back, in the types that went in."""
    arrays = [
        values if values.type == field.type else arrow.like(arrow.plain(values), field.type)
        for values, field in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def _pairs(before: TableMetadata, after: TableMetadata) -> dict[str, str | None]:
    """For every column after, the one before: by field id in one table's life, else by name; None where it is new."""
    old = before.schema()
    by_id = {field.field_id: field.name for field in old.fields} if before.table_uuid == after.table_uuid else {}
    names = {field.name for field in old.fields}
    left = names - {by_id[field.field_id] for field in after.schema().fields if field.field_id in by_id}
    return {
        field.name: by_id.get(field.field_id, field.name if field.name in left else None)
        for field in after.schema().fields
    }


def _without(entries: Collection[FileEntry], some: Collection[FileEntry]) -> list[FileEntry]:
    taken = {entry.path for entry in some}
    return [entry for entry in entries if entry.path not in taken]


Side = tuple[Version, Sequence[FileEntry]]
"""Some files of a state."""


def overlapping(one: Side, other: Side, keys: Sequence[str]) -> tuple[list[FileEntry], list[FileEntry]]:
    """The files of two sides that may have a key in common, by the bounds of the keys; the same columns on both."""
    here, there = _ranges(one, keys), _ranges(other, keys)
    return _meeting(one[1], here, there), _meeting(other[1], there, here)


Range = tuple[tuple[Any, Any] | None, ...]
"""The least and the greatest value of every key column; None where nobody tells."""


def _ranges(side: Side, keys: Sequence[str]) -> list[Range]:
    version, entries = side
    schema = version.metadata.schema()
    fields = [schema.find_field(name) for name in keys]
    return [tuple(_range(entry.data_file, field) for field in fields) for entry in entries]


def _range(file: DataFile, field: NestedField) -> tuple[Any, Any] | None:
    number, kind = field.field_id, field.field_type
    low, high = (file.lower_bounds or {}).get(number), (file.upper_bounds or {}).get(number)
    nulls = (file.null_value_counts or {}).get(number, 1)
    if low is None or high is None or nulls or isinstance(kind, FloatType | DoubleType):  # NaN is in no bounds
        return None
    try:
        return bounds.decoded(kind, low), bounds.decoded(kind, high)
    except struct.error:  # written when the column was narrower
        return None


def _meeting(entries: Sequence[FileEntry], own: Sequence[Range], others: Sequence[Range]) -> list[FileEntry]:
    return [entry for entry, here in zip(entries, own, strict=True) if any(_meet(here, there) for there in others)]


def _meet(one: Range, other: Range) -> bool:
    return all(
        here is None or there is None or (here[0] <= there[1] and there[0] <= here[1])
        for here, there in zip(one, other, strict=True)
    )


def shared_keys(io: FileIO, version: Version, one: Sequence[FileEntry], other: Sequence[FileEntry]) -> int:
    """How many primary keys are in files of both sides; read as one version of the table has its columns."""
    keys = version.table.primary_key
    if not keys or not {column.name for column in version.table.stored}.issuperset(keys):
        return 0
    one, other = overlapping((version, one), (version, other), keys)
    if not one or not other:
        return 0
    names = [f"c{place}" for place in range(len(keys))]
    with sql_of.database(memory=MEMORY) as connection:
        for side, entries in ((_GONE, one), (_NEW, other)):
            source = files.read(version.metadata, io, columns=keys, files=entries, as_stored=True)
            schema = pa.schema([field.with_name(name) for field, name in zip(source.schema, names, strict=True)])
            renamed = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in source)
            connection.register(side, arrow.reader(schema, renamed))
        listed = ", ".join(names)
        sql = f"SELECT count(*) FROM (SELECT {listed} FROM l INTERSECT SELECT {listed} FROM r)"
        with sql_of.quiet():
            (row,) = connection.execute(sql).fetchall()
    return int(row[0])
