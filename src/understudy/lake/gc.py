"""Files that no state of the lake needs any longer: planned first, then deleted.

Commits, trees and the reflog stay for ever; only files go.  First all commits that have expired are marked in one
step, so that nobody reads, branches off or restores them any more; then what the others name is found; then what
is left over in the lake's own warehouse, and is older than any write could still be under way, is deleted.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq
from pyarrow import fs as arrow_fs
from pyiceberg.io import FileIO
from pyiceberg.manifest import ManifestFile
from pyiceberg.table.metadata import TableMetadata

from understudy.errors import Error, InputError
from understudy.lake import metadata
from understudy.lake.lake import Lake
from understudy.lake.places import local_path
from understudy.lake.retention import Policies, Policy, Retained, locations, retained

__all__ = ["Collected", "Plan", "Policies", "Policy", "apply", "plan"]

GRACE = 86_400.0
"""Seconds for which a file that nothing names is left alone: its commit may be about to be made."""

REFLOG_DAYS = 14.0
"""Days for which what a reference pointed at can be gone back to, whatever the policy says."""

_AT_ONCE = 16
_LISTED = pa.schema([("path", pa.string()), ("bytes", pa.int64()), ("why", pa.string())])


@dataclass(frozen=True)
class Plan:
    """What a collection would delete, and why."""

    files: pa.Table
    """``path``, ``bytes``, ``why``."""
    commits: int
    """How many commits would no longer be readable."""
    policies: Policies = field(default_factory=dict)
    reflog_days: float = REFLOG_DAYS
    grace: float = GRACE

    @property
    def bytes(self) -> int:
        """How much room it makes."""
        return sum(self.files["bytes"].to_pylist())

    def save(self, path: Path) -> None:
        """Write the list as Parquet."""
        pq.write_table(self.files, path)


@dataclass(frozen=True)
class Collected:
    """What was deleted."""

    files: int
    bytes: int
    commits: int
    """Commits that can no longer be read."""


def plan(
    lake: Lake,
    policies: Policies | None = None,
    *,
    reflog_days: float = REFLOG_DAYS,
    grace: float = GRACE,
    now: float | None = None,
) -> Plan:
    """What no state needs any longer; nothing is deleted or marked."""
    chosen, start = policies or {}, time.time() if now is None else now
    kept = retained(lake.store, chosen, reflog_days=reflog_days, now=start)
    needed = _needed(lake, kept)
    expired = locations(lake.store, {kept.trees[name] for name in kept.expired})
    past = _named(lake.io, expired - needed.keys(), lost=True)
    rows: list[tuple[str, int, str]] = []
    for path, size, changed in _listed(lake):
        if path not in needed and changed < start - grace:
            rows.append((path, size, "only commits that expired name it" if path in past else "no commit names it"))
    files = pa.Table.from_arrays([pa.array(part, kind) for part, kind in _columns(rows)], schema=_LISTED)
    return Plan(files, len(kept.expired), chosen, reflog_days, grace)


def _columns(rows: list[tuple[str, int, str]]) -> Iterator[tuple[list[Any], pa.DataType]]:
    for number, kind in enumerate(_LISTED.types):
        yield [row[number] for row in rows], kind


def apply(lake: Lake, planned: Plan, *, now: float | None = None) -> Collected:
    """Delete what was planned, less what has been named since."""
    start = time.time() if now is None else now
    kept = _mark(lake, planned, start)
    needed = _needed(lake, kept)
    going = [
        (path, size)
        for path, size in zip(planned.files["path"].to_pylist(), planned.files["bytes"].to_pylist(), strict=True)
        if path not in needed
    ]
    if outside := [path for path, _ in going if not path.startswith(lake.warehouse + "/")]:
        raise InputError(f"{outside[0]!r} is not in the lake's warehouse", hint="plan anew, for this lake")
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for _ in pool.map(lambda file: _delete(lake.io, file[0]), going):
            pass
    return Collected(len(going), sum(size for _, size in going), len(kept.expired))


def _mark(lake: Lake, planned: Plan, now: float) -> Retained:
    """Mark what has expired, in one transaction in which no reference moves and none is made from such a commit."""

    def judged() -> Retained:
        return retained(lake.store, planned.policies, reflog_days=planned.reflog_days, now=now)

    with lake.store.writing() as writing:
        writing.stop()
        first = judged()
        writing.mark_collected(first.expired)
        last = judged()  # a reference may have been made before its commit was marked
        if saved := first.expired & last.live:
            writing.mark_collected(saved, files=True)
        gone = first.expired - last.live
        trees = last.trees
        still = locations(lake.store, {trees[name] for name in last.live | last.bases})
        writing.put_collected(locations(lake.store, {trees[name] for name in gone}) - still)
    return Retained(last.live, last.bases, gone, trees)


def _needed(lake: Lake, kept: Retained) -> dict[str, None]:
    """Every file that a commit which is kept needs, and what merges need of their bases."""
    live = locations(lake.store, {kept.trees[name] for name in kept.live})
    bases = locations(lake.store, {kept.trees[name] for name in kept.bases}) - live
    needed = _named(lake.io, live)
    needed.update(_named(lake.io, bases, data=False, lost=True))
    return needed


def _named(io: FileIO, tables: Collection[str], *, data: bool = True, lost: bool = False) -> dict[str, None]:
    """The files that tables' metadata name, and the metadata; ``lost``: some of it may be gone already."""
    found: dict[str, None] = {}
    manifests: dict[str, ManifestFile] = {}

    def lists(location: str) -> tuple[str, list[str], list[ManifestFile]]:
        try:
            held = metadata.read(location, io)
            return location, _beside(held), [m for s in _snapshots(held) for m in s.manifests(io)]
        except (Error, FileNotFoundError) as error:
            gone = isinstance(error, FileNotFoundError) or isinstance(error.__context__, FileNotFoundError)
            if lost and gone:
                return location, [], []
            raise

    def paths(manifest: ManifestFile) -> list[str]:
        try:
            return [entry.data_file.file_path for entry in manifest.fetch_manifest_entry(io)]
        except FileNotFoundError:
            if lost:
                return []
            raise

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for location, beside, listed in pool.map(lists, tables):
            found.update(dict.fromkeys(map(_spelled, (location, *beside))))
            manifests.update((manifest.manifest_path, manifest) for manifest in listed)
        found.update(dict.fromkeys(map(_spelled, manifests)))
        if data:
            for listed_paths in pool.map(paths, manifests.values()):
                found.update(dict.fromkeys(map(_spelled, listed_paths)))
    return found


def _snapshots(held: TableMetadata) -> list[Any]:
    """The current snapshot and those that have a name of their own: others belong to other commits."""
    wanted = {held.current_snapshot_id, *(ref.snapshot_id for ref in held.refs.values())}
    return [snapshot for snapshot in held.snapshots if snapshot.snapshot_id in wanted]


def _beside(held: TableMetadata) -> list[str]:
    """Manifest lists and statistics."""
    statistics = [*held.statistics, *held.partition_statistics]
    return [*(s.manifest_list for s in _snapshots(held)), *(file.statistics_path for file in statistics)]


def _spelled(location: str) -> str:
    """A location as it is listed: a path, or with its scheme where it is not on this machine."""
    path = local_path(location)
    return str(path) if path is not None else location.replace("s3a://", "s3://", 1)


def _listed(lake: Lake) -> Iterator[tuple[str, int, float]]:
    """Every file in the warehouse: where, how large, and when it was written."""
    if (folder := local_path(lake.warehouse)) is not None:
        for root, _, names in os.walk(folder):
            for name in names:
                with suppress(FileNotFoundError):  # gone since it was listed
                    told = os.stat(os.path.join(root, name), follow_symlinks=False)
                    yield os.path.join(root, name), told.st_size, told.st_mtime
        return
    parts = urlsplit(lake.warehouse)
    files: Any = lake.io
    selector = arrow_fs.FileSelector(f"{parts.netloc}{parts.path}", recursive=True, allow_not_found=True)
    for info in files.fs_by_scheme(parts.scheme, parts.netloc).get_file_info(selector):
        if info.is_file:
            yield f"{parts.scheme}://{info.path}", info.size, info.mtime_ns / 1e9


def _delete(io: FileIO, location: str) -> None:
    """Delete one file; on a disk, the folders go that have become empty."""
    path = local_path(location)
    if path is None:
        with suppress(FileNotFoundError):
            io.delete(location)
        return
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()
        path.parent.parent.rmdir()
