"""Snapshots of an Iceberg table: files added, removed and replaced, and which files there are.

Manifests and manifest lists are written under ``<location>/metadata`` with names that are never used twice, so
nothing is ever overwritten.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pyiceberg.io import FileIO
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestWriterV2,
    write_manifest_list,
)
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.table.delete_file_index import DeleteFileIndex
from pyiceberg.table.metadata import TableMetadata, TableMetadataV1
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRef
from pyiceberg.table.snapshots import Operation, Snapshot, SnapshotLogEntry, Summary, UpdateMetrics

from understudy.errors import Error, InputError
from understudy.lake.places import written

Kind = Literal["append", "overwrite", "delete", "replace"]
"""What a snapshot did to the one before, in Iceberg's words; ``replace`` changes files and no rows."""

KEPT = 20
"""Snapshots listed in new metadata.  Older ones are not lost: the commits that hold them name their own metadata."""

_SHORT = 30
"""Manifests of one size class that a list holds before they are merged into one of the next."""


_REMEMBERED = 500
_remembered: dict[str, Sequence[ManifestEntry]] = {}
_guard = threading.Lock()


@dataclass(frozen=True)
class FileEntry:
    """A data file of a snapshot, and what deletes rows of it."""

    data_file: DataFile
    sequence: int
    """When it was added: the sequence number of its snapshot."""
    deletes: tuple[DataFile, ...] = ()

    @property
    def path(self) -> str:
        """Its location; two entries with one path hold the same data."""
        return self.data_file.file_path

    @property
    def rows(self) -> int:
        """Its rows, before any are deleted."""
        return self.data_file.record_count


def add(
    metadata: TableMetadata,
    io: FileIO,
    data_files: Sequence[DataFile],
    *,
    operation: Kind = "append",
    summary: Mapping[str, str] | None = None,
) -> TableMetadata:
    """The table with files added: one new manifest, one manifest list, one snapshot.

    It costs the same after a thousand additions as after ten: small manifests are merged on the way.
    """
    return change(metadata, io, added=data_files, operation=operation, summary=summary)


def change(
    metadata: TableMetadata,
    io: FileIO,
    *,
    added: Sequence[DataFile] = (),
    removed: Collection[str] = (),
    operation: Kind = "overwrite",
    summary: Mapping[str, str] | None = None,
) -> TableMetadata:
    """The table with files added and the files of those paths removed, in one snapshot.

    Files may be data files and delete files.  Delete files that apply to removed files alone go with them.  A path
    that the table does not have is an Error.
    """
    writing = _Writing(metadata, io)
    kept, metrics = list(manifests_of(metadata, io)), UpdateMetrics()
    if removed:
        kept = writing.without(kept, _with_deletes(metadata, io, removed), metrics)
    for data_file in added:
        metrics.add_file(data_file)
    manifests = [*writing.added(added), *writing.merged(kept)]
    return writing.snapshot(manifests, operation, metrics, summary or {})


def replace_all(
    metadata: TableMetadata,
    io: FileIO,
    data_files: Sequence[DataFile],
    *,
    operation: Kind = "overwrite",
    summary: Mapping[str, str] | None = None,
) -> TableMetadata:
    """The table with these files and no others."""
    gone = file_set(metadata, io)
    return change(metadata, io, added=data_files, removed=gone.keys(), operation=operation, summary=summary)


def _with_deletes(metadata: TableMetadata, io: FileIO, removed: Collection[str]) -> set[str]:
    """The paths to remove, and those of the delete files that nothing is left for."""
    gone, snapshot = set(removed), metadata.current_snapshot()
    if snapshot and any(manifest.content == ManifestContent.DELETES for manifest in manifests_of(metadata, io)):
        files = file_set(metadata, io)
        still = {file.file_path for path, entry in files.items() if path not in gone for file in entry.deletes}
        gone |= {file.file_path for path in gone & files.keys() for file in files[path].deletes} - still
    return gone


class _Writing:
    """One snapshot in the making: its id, and the manifests written for it."""

    def __init__(self, metadata: TableMetadata, io: FileIO) -> None:
        if isinstance(metadata, TableMetadataV1):
            metadata = metadata.to_v2()
        if metadata.format_version != 2:
            message = f"the table at {metadata.location!r} has Iceberg format {metadata.format_version}"
            raise InputError(message, hint="tables of format 2 can be written; read it and write it as a new table")
        self.io = io
        self.metadata, self.unpartitioned = _with_unpartitioned(metadata)
        self.id = uuid.uuid4().int >> 65
        self.sequence = metadata.last_sequence_number + 1
        self._prefix = f"{metadata.location.rstrip('/')}/metadata"
        self._name = uuid.uuid4()
        self._count = 0

    def _written(self, entries: Iterable[ManifestEntry], spec: PartitionSpec, content: ManifestContent) -> ManifestFile:
        location = f"{self._prefix}/{self._name}-m{self._count}.avro"
        self._count += 1
        kind = _DeletesWriter if content == ManifestContent.DELETES else ManifestWriterV2
        output = self.io.new_output(location)
        with written(location), kind(spec, self.metadata.schema(), output, self.id, "deflate") as writer:
            for entry in entries:
                writer.add_entry(entry)
        return writer.to_manifest_file()

    def _like(self, manifest: ManifestFile, entries: Iterable[ManifestEntry]) -> ManifestFile:
        return self._written(entries, self.metadata.specs()[manifest.partition_spec_id], manifest.content)

    def added(self, files: Iterable[DataFile]) -> Iterator[ManifestFile]:
        """The manifests of the files that are new: one, where they are rows of one partition spec."""
        groups: dict[tuple[ManifestContent, int], list[DataFile]] = {}
        for file in files:
            content = ManifestContent.DATA if file.content == DataFileContent.DATA else ManifestContent.DELETES
            spec = file.spec_id if len(file.partition) else self.unpartitioned.spec_id
            groups.setdefault((content, spec), []).append(file)
        for (content, spec), group in groups.items():
            entries = (
                ManifestEntry.from_args(status=ManifestEntryStatus.ADDED, snapshot_id=self.id, data_file=file)
                for file in group
            )
            yield self._written(entries, self.metadata.specs()[spec], content)

    def without(self, manifests: Iterable[ManifestFile], gone: set[str], metrics: UpdateMetrics) -> list[ManifestFile]:
        """The manifests, those rewritten that name removed files."""
        left, result = set(gone), []
        for manifest in manifests:
            entries = manifest.fetch_manifest_entry(self.io) if left else []
            here = {entry.data_file.file_path for entry in entries} & left
            if not here:
                result.append(manifest)
                continue
            left -= here
            for entry in entries:
                if entry.data_file.file_path in here:
                    metrics.remove_file(entry.data_file)
            result.append(self._like(manifest, (self._kept(entry, here) for entry in entries)))
        if left:
            raise Error(f"the table at {self.metadata.location!r} has no file {min(left)!r}")
        return result

    def _kept(self, entry: ManifestEntry, gone: Collection[str] = ()) -> ManifestEntry:
        removed = entry.data_file.file_path in gone
        return ManifestEntry.from_args(
            status=ManifestEntryStatus.DELETED if removed else ManifestEntryStatus.EXISTING,
            snapshot_id=self.id if removed else entry.snapshot_id,
            sequence_number=entry.sequence_number,
            file_sequence_number=entry.file_sequence_number,
            data_file=entry.data_file,
        )

    def merged(self, manifests: Sequence[ManifestFile]) -> Iterator[ManifestFile]:
        """The manifests, with those of one size class merged where there are many."""
        classes: dict[tuple[Any, ...], list[ManifestFile]] = {}
        for manifest in manifests:
            touched = manifest.added_snapshot_id == self.id  # it may tell of files removed just now
            classes.setdefault((manifest.content, manifest.partition_spec_id, touched, _class(manifest)), []).append(
                manifest
            )
        for (*_, touched, _size), group in classes.items():
            if touched or len(group) <= _SHORT:
                yield from group
            else:
                yield self._like(
                    group[0], (self._kept(entry) for m in group for entry in m.fetch_manifest_entry(self.io))
                )

    def snapshot(
        self, manifests: Sequence[ManifestFile], operation: Kind, metrics: UpdateMetrics, summary: Mapping[str, str]
    ) -> TableMetadata:
        """Metadata with a snapshot of these manifests as the current one."""
        before, now = self.metadata.current_snapshot(), max(int(time.time() * 1000), self.metadata.last_updated_ms)
        parent = before.snapshot_id if before else None
        location = f"{self._prefix}/snap-{self.id}-0-{self._name}.avro"
        output = self.io.new_output(location)
        with written(location), write_manifest_list(2, output, self.id, parent, self.sequence, "deflate") as writer:
            writer.add_manifests(list(manifests))
        told = {**metrics.to_dict(), **_totals(manifests, metrics, before), **summary}
        snapshot = Snapshot.model_validate(
            {
                "snapshot-id": self.id,
                "parent-snapshot-id": parent,
                "sequence-number": self.sequence,
                "timestamp-ms": now,
                "manifest-list": location,
                "summary": Summary(Operation(operation), **told),
                "schema-id": self.metadata.current_schema_id,
            }
        )
        refs = {
            **self.metadata.refs,
            MAIN_BRANCH: SnapshotRef.model_validate({"snapshot-id": self.id, "type": "branch"}),
        }
        entry = SnapshotLogEntry.model_validate({"snapshot-id": self.id, "timestamp-ms": now})
        log = [*self.metadata.snapshot_log, entry]
        return self.metadata.model_copy(
            update={
                **_trimmed([*self.metadata.snapshots, snapshot], log, refs),
                "metadata_log": self.metadata.metadata_log[-KEPT:],
                "statistics": [],
                "partition_statistics": [],
                "refs": refs,
                "current_snapshot_id": self.id,
                "last_sequence_number": self.sequence,
                "last_updated_ms": now,
            }
        )


class _DeletesWriter(ManifestWriterV2):
    """Writes manifests of delete files; the library writes those of data files only."""

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


def _with_unpartitioned(metadata: TableMetadata) -> tuple[TableMetadata, PartitionSpec]:
    """The spec under which our files are written, which a table partitioned by an engine may lack."""
    for spec in metadata.partition_specs:
        if spec.is_unpartitioned():
            return metadata, spec
    spec = PartitionSpec(spec_id=max(spec.spec_id for spec in metadata.partition_specs) + 1)
    return metadata.model_copy(update={"partition_specs": [*metadata.partition_specs, spec]}), spec


def _class(manifest: ManifestFile) -> int:
    """0 for manifests of a few files, 1 where some of those were merged, and so on."""
    files, size = (manifest.added_files_count or 0) + (manifest.existing_files_count or 0), 0
    while files > _SHORT:
        files, size = files // _SHORT, size + 1
    return size


def trimmed(metadata: TableMetadata) -> TableMetadata:
    """The table without its oldest snapshots: the commits that hold them name metadata of their own."""
    return metadata.model_copy(update=_trimmed(metadata.snapshots, metadata.snapshot_log, metadata.refs))


def _trimmed(
    snapshots: Sequence[Snapshot], log: Sequence[SnapshotLogEntry], refs: Mapping[str, SnapshotRef]
) -> dict[str, Any]:
    """The last snapshots and those that have a name."""
    named = {ref.snapshot_id for ref in refs.values()}
    kept = [s for n, s in enumerate(snapshots, KEPT - len(snapshots)) if n >= 0 or s.snapshot_id in named]
    listed = {snapshot.snapshot_id for snapshot in kept}
    first = next((n for n in range(len(log), 0, -1) if log[n - 1].snapshot_id not in listed), 0)
    return {"snapshots": kept, "snapshot_log": list(log[first:])}


def _totals(manifests: Iterable[ManifestFile], metrics: UpdateMetrics, before: Snapshot | None) -> dict[str, str]:
    """What the table holds now; counts come from the manifests, so an engine's odd summary does not live on."""
    files = {ManifestContent.DATA: 0, ManifestContent.DELETES: 0}
    rows = dict(files)
    for manifest in manifests:
        files[manifest.content] += (manifest.added_files_count or 0) + (manifest.existing_files_count or 0)
        rows[manifest.content] += (manifest.added_rows_count or 0) + (manifest.existing_rows_count or 0)
    past = _told(before)
    equality = int(past.get("total-equality-deletes", 0)) - metrics.removed_eq_deletes + metrics.added_eq_deletes
    told = {
        "total-records": rows[ManifestContent.DATA],
        "total-data-files": files[ManifestContent.DATA],
        "total-delete-files": files[ManifestContent.DELETES],
        "total-equality-deletes": equality,
        "total-position-deletes": rows[ManifestContent.DELETES] - equality,
    }
    size = "0" if before is None else past.get("total-files-size")
    if size is not None:
        told["total-files-size"] = int(size) + metrics.added_file_size - metrics.removed_file_size
    return {name: str(count) for name, count in told.items()}


def manifests_of(metadata: TableMetadata, io: FileIO) -> list[ManifestFile]:
    """The manifests of the current snapshot that tell of files it has."""
    snapshot = metadata.current_snapshot()
    found = snapshot.manifests(io) if snapshot else []
    return [manifest for manifest in found if manifest.has_added_files() or manifest.has_existing_files()]


def file_set(metadata: TableMetadata, io: FileIO, some: Iterable[ManifestFile] | None = None) -> dict[str, FileEntry]:
    """The data files of the current snapshot by path, oldest first, each with the delete files that apply to it.

    ``some`` of its manifests are read, where not all are wanted: whoever says so knows that none has delete files.
    """
    entries: list[ManifestEntry] = []
    positions, equality = DeleteFileIndex(), []
    for manifest in manifests_of(metadata, io) if some is None else some:
        for entry in _entries(manifest, io):
            content = entry.data_file.content
            if content == DataFileContent.DATA:
                entries.append(entry)
            elif content == DataFileContent.POSITION_DELETES:
                positions.add_delete_file(entry, entry.data_file.partition)
            else:
                equality.append(entry)
    entries.sort(key=lambda entry: entry.sequence_number or 0)
    files = {}
    for entry in entries:
        file, sequence = entry.data_file, entry.sequence_number or 0
        deletes = {
            *positions.for_data_file(sequence, file, file.partition),
            *(later.data_file for later in equality if (later.sequence_number or 0) > sequence),
        }
        files[file.file_path] = FileEntry(file, sequence, tuple(sorted(deletes, key=lambda delete: delete.file_path)))
    return files


def _entries(manifest: ManifestFile, io: FileIO) -> Sequence[ManifestEntry]:
    """What a manifest tells of; small ones read lately are remembered, for they never change."""
    name = manifest.manifest_path
    with _guard:
        found = _remembered.pop(name, None)
    if found is None:
        found = manifest.fetch_manifest_entry(io)
    if len(found) <= _SHORT:
        with _guard:
            _remembered[name] = found
            while len(_remembered) > _REMEMBERED:
                del _remembered[next(iter(_remembered))]
    return found


def row_count(metadata: TableMetadata) -> int | None:
    """How many rows the table has; None where its metadata alone do not tell (some are deleted within files)."""
    snapshot = metadata.current_snapshot()
    if snapshot is None:
        return 0
    told = _told(snapshot)
    if int(told.get("total-delete-files", 0)) or "total-records" not in told:
        return None
    return int(told["total-records"])


def _told(snapshot: Snapshot | None) -> Mapping[str, str]:
    return snapshot.summary.additional_properties if snapshot and snapshot.summary else {}


def paths(metadata: TableMetadata, io: FileIO) -> tuple[str, ...]:
    """The manifest list of the current snapshot and the manifests written for it: a commit needs them on the disk."""
    snapshot = metadata.current_snapshot()
    if snapshot is None:
        return ()
    own = (m.manifest_path for m in snapshot.manifests(io) if m.added_snapshot_id == snapshot.snapshot_id)
    return (snapshot.manifest_list, *own)
