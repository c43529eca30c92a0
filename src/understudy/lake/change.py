"""What one commit will put on a branch: tables made, given files, rewritten, renamed, all of it or nothing."""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.table.metadata import TableMetadata

from understudy.errors import InputError
from understudy.lake import files, metadata, types
from understudy.lake.lake import Lake
from understudy.lake.nouns import Commit, Entry, Key
from understudy.schema import ForeignKey, Table, TableName

FILES = "files"
"""The folder of tables that have no namespace."""


@dataclass(frozen=True)
class Held:
    """A table as it is at one moment: what a commit holds, and what its metadata say."""

    name: TableName
    metadata: TableMetadata
    entry: Entry | None = None
    """None while it is only about to be committed."""
    external: bool = False

    @property
    def table(self) -> Table:
        """Its columns and keys."""
        return types.table_of(self.metadata, self.name)[0]

    @property
    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        """Its foreign keys."""
        return types.table_of(self.metadata, self.name)[1]


def held(lake: Lake, ref: str, name: TableName) -> Held:
    """A table of any state; an InputError, with a close match, where there is none."""
    entry = lake.entry(ref, name)
    return Held(name, metadata.read(entry.location, lake.io), entry, entry.external)


def folder_of(lake: Lake, name: TableName, table_uuid: uuid.UUID) -> str:
    """Where the files of a new table are: readable, and used by no other table ever."""
    parts = [re.sub(r"[^A-Za-z0-9_.-]", "_", part)[:100] for part in (name.namespace or FILES, name.name)]
    return f"{lake.warehouse}/{parts[0]}/{parts[1]}-{table_uuid.hex[:8]}"


class Change:
    """Tables of a branch in the making, on top of the commit that was its head; ``changing`` commits them."""

    def __init__(self, lake: Lake, branch: str) -> None:
        place = lake.resolve(branch)
        self.lake, self.branch, self.base = lake, place.writable(), place.hash
        self._now: dict[TableName, Held | None] = {}
        self._before: dict[TableName, Entry | None] = {}
        self._written: list[str] = []
        self.commit: Commit | None = None
        """What came of it, once it is committed."""

    def held(self, name: TableName) -> Held:
        """A table as it will be."""
        if name not in self._now:
            self._now[name] = there = held(self.lake, "@" + self.base, name)
            self._before[name] = there.entry
        found = self._now[name]
        if found is None:
            raise InputError(f"table {str(name)!r} was dropped in this change")
        return found

    def exists(self, name: TableName) -> bool:
        """Whether a table will be there."""
        if name in self._now:
            return self._now[name] is not None
        key = Key.table(name)
        return key in self.lake.find("@" + self.base, [key])

    def create(
        self, table: Table, foreign_keys: Collection[ForeignKey] = (), *, properties: Mapping[str, str] | None = None
    ) -> Held:
        """A new table without rows; an InputError where there is one of that name."""
        if self.exists(table.name):
            raise InputError(f"there is a table {str(table.name)!r} already", hint="drop it first, or overwrite it")
        made = uuid.uuid4()
        fresh = metadata.new(table, foreign_keys, folder_of(self.lake, table.name, made), properties)
        return self.put(table.name, fresh.model_copy(update={"table_uuid": made}))

    def put(self, name: TableName, made: TableMetadata, *, external: bool | None = None) -> Held:
        """Give a table new metadata, whose manifests are written already."""
        self._written += metadata.paths(made, self.lake.io)
        before = self._now.get(name)
        outside = bool(before and before.external) if external is None else external
        self._now[name] = found = Held(name, made, external=outside)
        return found

    def write(self, name: TableName, batches: Iterable[pa.RecordBatch]) -> list[DataFile]:
        """Write rows into files that no snapshot of the table has yet."""
        return files.write(self.held(name).metadata, self.lake.io, batches)

    def append(self, name: TableName, batches: Iterable[pa.RecordBatch]) -> Held:
        """Put rows into a table."""
        return self.add(name, self.write(name, batches))

    def add(self, name: TableName, added: Sequence[DataFile]) -> Held:
        """Put files into a table that were written for it, or adopted."""
        found = self.held(name)
        return self.put(name, metadata.add(found.metadata, self.lake.io, added)) if added else found

    def overwrite(self, name: TableName, batches: Iterable[pa.RecordBatch]) -> Held:
        """Put rows in place of all that a table has."""
        found = self.held(name)
        return self.put(name, metadata.replace_all(found.metadata, self.lake.io, self.write(name, batches)))

    def evolve(self, table: Table, foreign_keys: Collection[ForeignKey] | None = None) -> Held:
        """Give a table another structure; its rows stay, and columns of the same name and type keep their values."""
        found = self.held(table.name)
        keys = found.foreign_keys if foreign_keys is None else foreign_keys
        return self.put(table.name, metadata.evolve(found.metadata, table, keys))

    def drop(self, name: TableName) -> None:
        """Take a table away; earlier commits have it still, so no file is deleted."""
        self.held(name)
        self._now[name] = None

    def rename(self, old: TableName, new: TableName) -> Held:
        """Give a table another name; it stays the same table, and its files stay where they are."""
        found = self.held(old)
        if self.exists(new):
            raise InputError(f"there is a table {str(new)!r} already", hint="choose another name")
        renamed = replace(found, name=new)
        self._now[old], self._now[new] = None, renamed
        return renamed

    def entries(self) -> dict[Key, Entry | None]:
        """What has changed, with its metadata written; all that a commit names is on the disk when this returns."""
        made: dict[Key, Entry | None] = {}
        for name, found in self._now.items():
            entry = found.entry if found else None
            if found is not None and entry is None:
                location = metadata.write(found.metadata, self.lake.io)
                self._written.append(location)
                entry = Entry.of(found.metadata, location, external=found.external)
                self._now[name] = replace(found, entry=entry)
            if entry != self._before.get(name):
                made[Key.table(name)] = entry
        files.durable(dict.fromkeys(self._written))
        self._written.clear()
        return made


@contextmanager
def changing(lake: Lake, branch: str, message: str, *, meta: Mapping[str, Any] | None = None) -> Iterator[Change]:
    """Change any number of tables of a branch in one commit, made at the end of the block unless something is raised.

    Moved is raised, and nothing is written, where somebody else has changed one of these tables meanwhile.
    """
    change = Change(lake, branch)
    yield change
    change.commit = lake.commit(change.branch, change.entries(), base=change.base, message=message, meta=meta)
