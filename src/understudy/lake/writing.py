"""Whole datasets onto a branch in one commit: what a run has staged, or any Dataset's rows.

Tables whose rows are what they were keep their entry, so a run that finds nothing new adds nothing to the lake.
"""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from pyiceberg.manifest import DataFile
from pyiceberg.table.metadata import TableMetadata

from understudy.connections.folder import Folder
from understudy.errors import InputError
from understudy.interfaces import Dataset, Ddl, Mode, Progress, Ready, Scan
from understudy.lake import files, metadata, types
from understudy.lake.dataset import Copied, published
from understudy.lake.lake import Lake
from understudy.lake.nouns import Commit, Entry, Key
from understudy.schema import ForeignKey, Schema, Table, TableName

if TYPE_CHECKING:
    from understudy.lake.connection import Branch

_FILES = "files"
"""What the namespace of tables without one is called where a location needs a name."""


@dataclass(frozen=True)
class Slot:
    """Where the rows of one table will go."""

    table: Table
    entry: Entry | None
    """What the branch holds under its name already."""
    metadata: TableMetadata
    """With the structure that the table will have."""

    @property
    def field_ids(self) -> dict[str, int]:
        """The numbers by which Iceberg knows its columns."""
        return {field.name: field.field_id for field in self.metadata.schema().fields}


@dataclass(frozen=True)
class Taken:
    """What is in the lake and in no commit yet."""

    changes: dict[Key, Entry | None]
    hashes: dict[str, str]
    """SHA-256 of data files whose bytes are known."""
    written: list[str]
    """What must be on the disk before the commit."""


class Publication:
    """Where a dataset will go on a branch, settled before a row is read; then its commit.

    A table of the same name is carried on: same identity, its earlier rows in its history.  An InputError where
    the name belongs to what another job publishes there.
    """

    def __init__(self, lake: Lake, branch: str, name: str, schema: Schema) -> None:
        self.lake, self.name, self.schema = lake, name, schema
        place = lake.resolve(branch)
        self.branch, self.base = place.writable(), place.hash
        held = lake.entries("@" + self.base)
        self._earlier = {one.name: one for one in published(lake.store, held)}
        self._refuse_others()
        self._held = {key.table_name: entry for key, entry in held.items() if key.kind == "table"}
        self._namespaces = {key.namespace for key in held if key.kind == "namespace"}
        self.slots = {table.name: self._slot(table) for table in schema.tables if table.readable}

    @property
    def field_ids(self) -> dict[TableName, dict[str, int]]:
        """The numbers by which the columns of every table will be known; see ``Folder.create``."""
        return {name: slot.field_ids for name, slot in self.slots.items()}

    def _refuse_others(self) -> None:
        names = {table.name for table in self.schema.tables}
        for one in self._earlier.values():
            if one.name != self.name and (shared := names.intersection(one.tables)):
                raise InputError(
                    f"table {str(min(shared))!r} on {self.branch!r} belongs to the copy of the job {one.name!r}",
                    hint="publish this job on a branch of its own: `into: NAME`",
                )

    def _slot(self, table: Table) -> Slot:
        entry = self._held.get(table.name)
        keys = tuple(key for key in self.schema.foreign_keys if key.table == table.name)
        bare = replace(table, rows=0, bytes=0)  # estimates, which would make equal tables differ
        if entry is None or entry.external:  # nothing is written where others keep their files
            return Slot(table, None, metadata.new(bare, keys, self._location(table.name)))
        before = metadata.read(entry.location, self.lake.io)
        return Slot(table, entry, _evolved(before, bare, keys))

    def _location(self, name: TableName) -> str:
        return f"{self.lake.warehouse}/{name.namespace or _FILES}/{name.name}-{uuid.uuid4().hex[:8]}"

    def take(self, stage: Folder) -> Taken:
        """Move the files of a stage into the lake; nothing shows them until a commit does."""
        staged, taken = stage.files(), Taken({}, {}, [])
        for name, slot in self.slots.items():
            file = staged.get(name)
            if slot.entry and (hashes := self._unchanged(slot, file.sha256 if file else "")) is not None:
                taken.changes[Key.table(name)] = slot.entry
                taken.hashes.update(hashes)
                continue
            tally = stage.tally(name)
            found = self._moved(slot, file.path, tally.nulls if tally else {}) if file else []
            if file and len(found) == 1:
                taken.hashes[found[0].file_path] = file.sha256
            self._put(taken, slot, found, mode="replace")
        return taken

    def commit(
        self,
        taken: Taken,
        extras: Mapping[str, Any],
        *,
        message: str,
        meta: Mapping[str, Any] | None = None,
        nodes: Mapping[str, bytes] | None = None,
        branch: str = "",
    ) -> Commit:
        """Show what was taken, in one commit; Moved where others changed the same tables since this was settled.

        ``branch`` is another branch to commit on, made from the same commit: for a result that did not pass.
        """
        changes, tables = dict(taken.changes), tuple(self.slots)
        earlier = self._earlier.get(self.name)
        for name in earlier.tables if earlier else ():
            if name not in self.slots and name in self._held:
                changes[Key.table(name)] = None
        copied = Copied(self.name, self.schema, tables, taken.hashes, extras)
        changes[copied.key], node = copied.entry()
        for namespace in {name.namespace for name in tables} - self._namespaces:  # so that engines list it
            changes[Key("namespace", namespace)] = Entry("", "")
        files.durable(dict.fromkeys(taken.written))
        return self.lake.commit(
            branch or self.branch,
            changes,
            base=self.base,
            message=message,
            meta=meta,
            nodes={**node, **(nodes or {})},
            why="run",
            always=True,
        )

    def _unchanged(self, slot: Slot, sha256: str) -> Mapping[str, str] | None:
        """The hash of the table's file by its path, where it has the same structure and the same bytes; else None."""
        earlier = self._earlier.get(self.name)
        if slot.entry is None or earlier is None:
            return None
        before = metadata.read(slot.entry.location, self.lake.io)
        if before is not slot.metadata:
            return None
        held = metadata.file_set(before, self.lake.io)
        if any(one.deletes for one in held.values()):
            return None
        hashes = {path: earlier.hashes.get(path, "") for path in held}
        return hashes if list(hashes.values()) == ([sha256] if sha256 else []) else None

    def _moved(self, slot: Slot, path: str, nulls: Mapping[str, int]) -> list[DataFile]:
        """The staged file as a data file of its table; written anew where Iceberg would read it otherwise."""
        io, place = self.lake.io, f"{slot.metadata.location}/data/{uuid.uuid4()}.parquet"
        if not all(types.written_alike(column.arrow_type) for column in slot.table.stored):
            from understudy.connections import parquet

            columns = [column.name for column in slot.table.stored]
            return files.write(slot.metadata, io, parquet.batches(Path(path), columns))
        local = files.local_path(place)
        if local is not None:
            local.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(path, local)
            files.durable([place])
        else:
            with Path(path).open("rb") as source, io.new_output(place).create() as target:
                shutil.copyfileobj(source, target, 1 << 20)
        return [files.adopt(slot.metadata, io, place, nulls=nulls)]

    def _put(self, taken: Taken, slot: Slot, found: list[DataFile], *, mode: Mode) -> None:
        """Write down a table with these files besides its own, or with no others."""
        made, io = slot.metadata, self.lake.io
        if mode == "append" and slot.entry:
            made = metadata.add(made, io, found)
        elif found or slot.entry:
            made = metadata.replace_all(made, io, found)
        location = metadata.write(made, io)
        taken.changes[Key.table(slot.table.name)] = Entry.of(made, location)
        taken.written.extend([location, *metadata.paths(made, io)])

    def load(self, made: Dataset, *, mode: Mode, progress: Progress) -> tuple[Taken, Mapping[TableName, int]]:
        """Write the rows of a Dataset into the lake; nothing shows them until a commit does."""
        taken, rows = Taken({}, {}, []), dict[TableName, int]()
        for name, slot in self.slots.items():
            batches = _counted(made.read(Scan(name)), name, rows, progress)
            self._put(taken, slot, files.write(slot.metadata, self.lake.io, batches), mode=mode)
        return taken, rows


def _evolved(before: TableMetadata, table: Table, keys: tuple[ForeignKey, ...]) -> TableMetadata:
    """The metadata with another structure; the very same where it is the same structure."""
    after = metadata.evolve(before, table, keys, rows_stay=False)
    same = after.properties == before.properties and after.schema() == before.schema()
    return before if same else after


def load(
    branch: Branch, made: Dataset, *, mode: Mode, ddl: Ddl | None, progress: Progress, ready: Ready
) -> Mapping[TableName, int]:
    """Write a whole Dataset on a branch in one commit; see ``Branch.load``."""
    publication = Publication(branch.lake, branch.ref, "load", made.schema())
    present = [name for name, slot in publication.slots.items() if slot.entry]
    if present and mode == "create":
        raise InputError(
            f"{branch.ref!r} holds {str(present[0])!r} already", hint="use `mode: replace`, or another branch"
        )
    taken, rows = publication.load(made, mode=mode, progress=progress)
    ready()
    extras = {"ddl": asdict(ddl)} if ddl else {}
    publication.commit(taken, extras, message=f"loaded {len(rows)} tables")
    return rows


def _counted(
    found: pa.RecordBatchReader, name: TableName, rows: dict[TableName, int], progress: Progress
) -> Iterator[pa.RecordBatch]:
    rows[name] = 0
    for batch in found:
        rows[name] += batch.num_rows
        progress("load", str(name), rows[name], None)
        yield batch
