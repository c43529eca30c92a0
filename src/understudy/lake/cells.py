"""Tables merged row by row on their primary key: what both sides changed is merged by cell, or is a conflict."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import pyarrow as pa

from understudy import arrow
from understudy.lake import files, types
from understudy.lake import sql as sql_of
from understudy.lake.content import Merged, Refused, Sides, Winner, equality_deletes, primary_key, written
from understudy.lake.nouns import Entry
from understudy.lake.rows import MEMORY, Comparison, Version, alone, quoted, restored
from understudy.lake.snapshots import FileEntry

SHOWN = 1_000
"""Rows in conflict that are handed back; all are counted."""


def combine(sides: Sides, winner: Winner, *, cells: bool, hindered: str) -> Merged | Refused:
    """Merge two states of a table row by row; ``hindered`` is why their files could not be.

    With ``cells``, two changes of one row are merged where they are in different columns.
    """
    key = primary_key(sides.ours)
    if not key:
        return Refused(f"{hindered}, and it has no primary key to merge rows by")
    if len(sides.bases) > 1:
        return Refused(f"{hindered}, and earlier merges of the two crossed")
    if winner == "theirs":
        return Refused(f"{hindered}, and theirs changed its structure too")
    if any(equality_deletes(version) for version in (*sides.bases, sides.ours, sides.theirs)):
        return Refused(f"{hindered}, and rows are deleted by their values (equality deletes)")
    with _compared(sides, key, cells=cells) as made:
        count = made.one("SELECT count(*) FROM pairs WHERE NOT merges")
        if count:
            reason = f"both sides changed {count:,} row{'' if count == 1 else 's'}, differently"
            return Refused(reason, conflicts=made.conflicts(), count=count)
        put, gone = made.one("SELECT count(*) FROM puts"), made.one("SELECT count(*) FROM gone")
    told = f"{put:,} rows of theirs put, {gone:,} of ours replaced or deleted"

    def write() -> Entry:
        with _compared(sides, key, cells=cells) as again:
            return again.write()

    return Merged(told, write)


@contextmanager
def _compared(sides: Sides, key: tuple[str, ...], *, cells: bool) -> Iterator[_Rows]:
    """What each side did to which row, and what follows for ours."""
    as_now = [Version(sides.ours.metadata, one.files) for one in (sides.bases[0], sides.ours, sides.theirs)]
    with sql_of.database(memory=MEMORY) as connection:
        for after, name in zip(as_now[1:], ("ours", "theirs"), strict=True):
            Comparison(connection, sides.io, as_now[0], after, key, name).keep()
        made = _Rows(connection, sides, key)
        made.pair(cells=cells)
        yield made


class _Rows:
    """The rows that a merge is about, in tables of DuckDB: ``pairs`` (both sides changed), ``gone``, ``puts``."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, sides: Sides, key: tuple[str, ...]) -> None:
        self._connection, self._sides, self._key = connection, sides, key
        self._schema = types.arrow_schema(sides.ours.metadata.schema())
        self._columns: list[str] = list(self._schema.names)
        self._keys = [self._columns.index(name) for name in key]

    def one(self, sql: str) -> int:
        """The one number that a statement gives."""
        with sql_of.quiet():
            (row,) = self._connection.execute(sql).fetchall()
        return int(row[0])

    def pair(self, *, cells: bool) -> None:
        """Find the rows that both sides changed, and what becomes of ours."""
        places = range(len(self._columns))
        on = " AND ".join(f"{self._of('o', n)} = {self._of('t', n)}" for n in self._keys)
        same = " AND ".join(f"o.b{n} IS NOT DISTINCT FROM t.b{n}" for n in places)
        apart = " OR ".join(["false", *(f"({both})" for both in self._both_changed())])
        merges = f"o.kind = t.kind AND ({same}" + (f" OR (o.kind = 'changed' AND NOT ({apart})))" if cells else ")")
        shown = ", ".join(f"o.a{n} AS a{n}, o.b{n} AS o{n}, t.b{n} AS t{n}, {self._merged(n)} AS c{n}" for n in places)
        self._connection.execute(
            f"CREATE TEMP TABLE pairs AS SELECT o.kind AS ours, t.kind AS theirs, {merges} AS merges, ({same}) AS same,"
            f" {shown} FROM ours o JOIN theirs t ON {on}"
        )
        keys = ", ".join(f"c{n}" for n in self._keys)
        rows = ", ".join(f"c{n}" for n in places)
        new = ", ".join(f"b{n} AS c{n}" for n in places)
        old = ", ".join(f"a{n} AS c{n}" for n in self._keys)
        only = f"FROM theirs t ANTI JOIN ours o ON {on}"
        paired = "FROM pairs WHERE merges AND NOT same"
        self._connection.execute(
            f"CREATE TEMP TABLE puts AS SELECT {rows} {paired} UNION ALL SELECT {new} {only} WHERE kind <> 'removed'"
        )
        self._connection.execute(
            f"CREATE TEMP TABLE gone AS SELECT {keys} {paired} UNION ALL SELECT {old} {only} WHERE kind <> 'added'"
        )

    def _of(self, side: str, place: int) -> str:
        """SQL of a key's value, whichever state has the row."""
        return f"CASE WHEN {side}.kind = 'removed' THEN {side}.a{place} ELSE {side}.b{place} END"

    def _both_changed(self) -> list[str]:
        """SQL of every column telling whether both sides gave it different new values."""
        return [
            f"o.b{n} IS DISTINCT FROM o.a{n} AND t.b{n} IS DISTINCT FROM t.a{n} AND o.b{n} IS DISTINCT FROM t.b{n}"
            for n in range(len(self._columns))
            if n not in self._keys
        ]

    def _merged(self, place: int) -> str:
        if place in self._keys:
            return self._of("o", place)
        return f"CASE WHEN o.b{place} IS DISTINCT FROM o.a{place} THEN o.b{place} ELSE t.b{place} END"

    def conflicts(self) -> pa.Table:
        """Rows in conflict, the first of many: the key, what each side did, and the row as JSON at base and on both."""
        keys = ", ".join(f"c{n}" for n in self._keys)
        texts = [
            f"to_json({{{', '.join(f'{quoted(name)}: {letter}{n}' for n, name in enumerate(self._columns))}}})::VARCHAR"
            for letter in "aot"
        ]
        whole = [
            f"CASE WHEN {self._missing(letter)} THEN NULL ELSE {text} END"
            for letter, text in zip("aot", texts, strict=True)
        ]
        sql = f"SELECT {keys}, ours, theirs, {', '.join(whole)} FROM pairs WHERE NOT merges ORDER BY {keys}"
        said = [pa.field(name, pa.string()) for name in ("ours", "theirs", "base", "our_row", "their_row")]
        schema = pa.schema([*(self._schema.field(n).remove_metadata() for n in self._keys), *said])
        batches = [restored(batch, schema) for batch in sql_of.streamed(self._connection, f"{sql} LIMIT {SHOWN}")]
        return pa.Table.from_batches(batches, schema)

    def _missing(self, letter: str) -> str:
        """SQL telling whether a state has no such row: a key is never null."""
        return f"{letter}{self._keys[0]} IS NULL"

    def write(self) -> Entry:
        """Our files that hold rows to replace are written anew, with the rows that are put."""
        start, io = self._sides.ours.metadata, self._sides.io
        rewritten = [entry for entry in self._candidates() if self._touched(entry)]
        added = files.write(start, io, self._result(rewritten), as_stored=True)
        return written(self._sides, start, added, [entry.path for entry in rewritten])

    def _candidates(self) -> list[FileEntry]:
        """The files of ours that rows changed by theirs may be in: those they had it from, and those we wrote since."""
        base, ours, theirs = self._sides.bases[0], self._sides.ours, self._sides.theirs
        new = {entry.path for entry in alone(ours, base)}
        changed = {entry.path for entry in alone(base, theirs)}
        return [entry for path, entry in ours.files.items() if path in new or path in changed]

    def _register(self, entries: Sequence[FileEntry], columns: Sequence[str]) -> None:
        source = files.read(self._sides.ours.metadata, self._sides.io, columns=columns, files=entries, as_stored=True)
        names = [f"c{self._columns.index(name)}" for name in source.schema.names]
        schema = pa.schema([field.with_name(name) for field, name in zip(source.schema, names, strict=True)])
        renamed = (pa.RecordBatch.from_arrays(batch.columns, schema=schema) for batch in source)
        self._connection.register("held", arrow.reader(schema, renamed))

    def _touched(self, entry: FileEntry) -> bool:
        self._register([entry], self._key)
        return self.one(f"SELECT count(*) FROM held h SEMI JOIN gone g ON {self._same_key()}") > 0

    def _same_key(self) -> str:
        return " AND ".join(f"h.c{n} = g.c{n}" for n in self._keys)

    def _result(self, rewritten: Sequence[FileEntry]) -> Iterator[pa.RecordBatch]:
        """What stays of some files, then the rows that are put."""
        rows = ", ".join(f"c{n}" for n in range(len(self._columns)))
        sql = f"SELECT {rows} FROM puts"
        if rewritten:
            self._register(rewritten, self._columns)
            sql = f"SELECT {rows} FROM held h ANTI JOIN gone g ON {self._same_key()} UNION ALL {sql}"
        for batch in sql_of.streamed(self._connection, sql):
            yield restored(batch, self._schema)
