"""Tables on a branch: each of these is one commit, made again on the new head where somebody else was faster.

Names are ``TableName``s; ``changing`` puts any number of changes into one commit.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import pyarrow as pa
from pyiceberg.manifest import DataFile

from understudy import arrow
from understudy.connections.postgres.sql import quoted
from understudy.errors import Error, InputError
from understudy.lake import files, rewriting, sql, types
from understudy.lake.change import Change, Held, changing, held
from understudy.lake.lake import Lake, Moved
from understudy.lake.nouns import Commit
from understudy.lake.snapshots import Kind, change
from understudy.schema import ForeignKey, Table, TableName

__all__ = [
    "Change",
    "Held",
    "append",
    "changing",
    "compact",
    "create",
    "delete",
    "drop",
    "evolve",
    "held",
    "overwrite",
    "read",
    "rename",
    "upsert",
]

_TRIES = 4
"""How often a change is tried beside others before they have to wait for it."""

Meta = Mapping[str, Any]


def create(
    lake: Lake,
    branch: str,
    table: Table,
    foreign_keys: Collection[ForeignKey] = (),
    batches: Iterable[pa.RecordBatch] = (),
    *,
    message: str = "",
    meta: Meta | None = None,
) -> Commit:
    """Make a table, with rows where some are given."""
    with changing(lake, branch, message or f"create {table.name}", meta=meta) as made:
        made.create(table, foreign_keys)
        made.append(table.name, batches)
    return _done(made)


def append(
    lake: Lake,
    branch: str,
    name: TableName,
    batches: Iterable[pa.RecordBatch],
    *,
    message: str = "",
    meta: Meta | None = None,
) -> Commit:
    """Put rows into a table.  Rows that others append meanwhile stay; the files are written once."""
    written: list[tuple[Held, list[DataFile]]] = []

    def work(made: Change) -> None:
        if not written:
            written.append((made.held(name), made.write(name, batches)))
        before, added = written[0]
        _same_columns(before, made)
        made.add(name, added)

    return _again(lake, branch, message or f"append to {name}", meta, work)


def overwrite(
    lake: Lake,
    branch: str,
    name: TableName,
    batches: Iterable[pa.RecordBatch],
    *,
    message: str = "",
    meta: Meta | None = None,
) -> Commit:
    """Put rows in place of all that a table has; Moved where it was changed meanwhile, so that nothing is lost."""
    with changing(lake, branch, message or f"overwrite {name}", meta=meta) as made:
        made.overwrite(name, batches)
    return _done(made)


def delete(
    lake: Lake,
    branch: str,
    name: TableName,
    where: str = "",
    *,
    keys: pa.Table | None = None,
    message: str = "",
    meta: Meta | None = None,
) -> Commit:
    """Delete the rows for which a condition holds (DuckDB SQL), or whose values in its columns ``keys`` has.

    Only the files that hold such rows are written anew; a file that has no others just goes.
    """
    if bool(where) == (keys is not None):
        raise InputError("say which rows to delete: a condition, or keys")

    done: list[rewriting.Rewrite] = []

    def work(made: Change) -> None:
        found, io = made.held(name), lake.io
        if keys is None:
            rewrite = rewriting.deleted_where(found, io, where, _kept(done, found, lake))
        else:
            rewrite = rewriting.deleted_keys(found, io, keys, _kept(done, found, lake))
        done[:] = [rewrite]
        _apply(made, name, rewrite, "overwrite" if rewrite.added else "delete")

    return _again(lake, branch, message or f"delete from {name}", meta, work)


def upsert(
    lake: Lake,
    branch: str,
    name: TableName,
    batches: Iterable[pa.RecordBatch],
    key: Sequence[str] = (),
    *,
    message: str = "",
    meta: Meta | None = None,
) -> Commit:
    """Put rows into a table, in place of those with the same key (the primary key where none is said).

    Only files that hold such keys are written anew.  An InputError where two of the rows have one key.
    """
    written: list[tuple[Held, list[DataFile]]] = []
    done: list[rewriting.Rewrite] = []

    def work(made: Change) -> None:
        found = made.held(name)
        columns = tuple(key) or found.table.row_key
        if not columns:
            raise InputError(f"table {str(name)!r} has no key", hint="say which columns tell its rows apart")
        if not written:
            written.append((found, made.write(name, batches)))
        before, fresh = written[0]
        _same_columns(before, made)
        done[:] = [rewriting.replaced(found, lake.io, fresh, columns, _kept(done, found, lake))]
        _apply(made, name, done[0], "overwrite", fresh)

    return _again(lake, branch, message or f"upsert into {name}", meta, work)


def compact(
    lake: Lake,
    branch: str,
    name: TableName,
    target_bytes: int = rewriting.TARGET,
    *,
    message: str = "",
    meta: Meta | None = None,
) -> Commit:
    """Put a table's small files together, and leave deleted rows out for good; its rows stay the same.

    What others append meanwhile is no obstacle.
    """
    done: list[rewriting.Rewrite] = []

    def work(made: Change) -> None:
        found = made.held(name)
        done[:] = [_kept(done, found, lake) or rewriting.compacted(found, lake.io, target_bytes)]
        _apply(made, name, done[0], "replace")

    return _again(lake, branch, message or f"compact {name}", meta, work)


def evolve(
    lake: Lake,
    branch: str,
    table: Table,
    foreign_keys: Collection[ForeignKey] | None = None,
    *,
    message: str = "",
    meta: Meta | None = None,
) -> Commit:
    """Give a table another structure; columns of the same name and a type that fits keep their values."""
    with changing(lake, branch, message or f"change the columns of {table.name}", meta=meta) as made:
        made.evolve(table, foreign_keys)
    return _done(made)


def drop(lake: Lake, branch: str, name: TableName, *, message: str = "", meta: Meta | None = None) -> Commit:
    """Take a table away from a branch; no file is deleted, for other commits have it still."""
    with changing(lake, branch, message or f"drop {name}", meta=meta) as made:
        made.drop(name)
    return _done(made)


def rename(
    lake: Lake, branch: str, old: TableName, new: TableName, *, message: str = "", meta: Meta | None = None
) -> Commit:
    """Give a table another name: one entry changes, no file does."""
    with changing(lake, branch, message or f"rename {old} to {new}", meta=meta) as made:
        made.rename(old, new)
    return _done(made)


def read(
    lake: Lake,
    ref: str,
    name: TableName,
    columns: Sequence[str] = (),
    where: str = "",
    limit: int | None = None,
) -> pa.RecordBatchReader:
    """Rows of a table in any state, as a stream in the table's own types; ``where`` is DuckDB SQL."""
    found = held(lake, ref, name)
    wanted = list(columns) or [column.name for column in found.table.stored]
    if not where:
        reader = files.read(found.metadata, lake.io, columns=wanted)
        return reader if limit is None else arrow.reader(reader.schema, _first(reader, limit))
    return _selected(lake, found, wanted, where, limit)


def _selected(lake: Lake, found: Held, columns: Sequence[str], where: str, limit: int | None) -> pa.RecordBatchReader:
    table = found.table
    schema = pa.schema([pa.field(name, table.column(name).arrow_type) for name in columns])
    scanned = list(dict.fromkeys([*columns, *rewriting.mentioned(table, where)]))

    def batches() -> Iterator[pa.RecordBatch]:
        with sql.database() as connection:
            connection.register("=rows", sql.rows(lambda: files.read(found.metadata, lake.io, columns=scanned)))
            last = f"\nLIMIT {limit:d}" if limit is not None else ""
            select = f'SELECT {", ".join(map(quoted, columns))} FROM "=rows" WHERE (\n{where}\n){last}'
            for batch in sql.streamed(connection, select):
                arrays = [types.restored(array, field.type) for array, field in zip(batch.columns, schema, strict=True)]
                yield pa.RecordBatch.from_arrays(arrays, schema=schema)

    return arrow.reader(schema, batches())


def _first(batches: Iterable[pa.RecordBatch], limit: int) -> Iterator[pa.RecordBatch]:
    left = limit
    for batch in batches:
        if not left:
            return
        yield batch.slice(0, left)
        left -= min(left, batch.num_rows)


def _kept(done: Sequence[rewriting.Rewrite], found: Held, lake: Lake) -> rewriting.Rewrite | None:
    """What was done for an older head, where it holds for this one as well."""
    return done[0] if done and done[0].still_fits(found.metadata, lake.io) else None


def _apply(
    made: Change, name: TableName, rewrite: rewriting.Rewrite, operation: Kind, fresh: Sequence[DataFile] = ()
) -> None:
    added = [*rewrite.added, *fresh]
    if rewrite.removed or added:
        before, io = made.held(name).metadata, made.lake.io
        made.put(name, change(before, io, added=added, removed=rewrite.removed.keys(), operation=operation))


def _same_columns(before: Held, made: Change) -> None:
    """Raise an Error where the table is another one by now, or has other columns than the files were written for."""
    now = made.held(before.name).metadata
    if now.table_uuid != before.metadata.table_uuid or now.schema() != before.metadata.schema():
        raise Error(f"the columns of {str(before.name)!r} changed meanwhile", hint="start over from the new head")


def _again(lake: Lake, branch: str, message: str, meta: Meta | None, work: Callable[[Change], None]) -> Commit:
    """Do a change on the branch's head, and once more on the new head where the same table has moved meanwhile.

    Whoever was too slow a few times has the branch to itself the next time, so that everybody comes through.
    """
    for _ in range(_TRIES):
        with suppress(Moved), changing(lake, branch, message, meta=meta) as made:
            work(made)
        if made.commit is not None:
            return made.commit
    with lake.store.writing() as alone:
        alone.ref(branch)
        with changing(lake, branch, message, meta=meta) as made:
            work(made)
    return _done(made)


def _done(made: Change) -> Commit:
    assert made.commit is not None
    return made.commit
