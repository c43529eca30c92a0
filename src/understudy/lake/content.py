"""Tables that both sides changed, merged by content: appends, files or rows.

All of it stands on which data files each side has, never on the ancestry of snapshots, so that the same branch
merges again and again.  A merge of appends or files writes metadata only, not one row.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from pyiceberg.io import FileIO
from pyiceberg.manifest import DataFile, DataFileContent, ManifestEntryStatus
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation
from pyiceberg.types import NestedField

from understudy.lake import files, metadata, types
from understudy.lake.nouns import Entry
from understudy.lake.rows import Version, shared_keys, versions
from understudy.lake.snapshots import FileEntry, change
from understudy.lake.threeway import three

Level = Literal["table", "append", "files", "rows"]
LEVELS: tuple[Level, ...] = ("table", "append", "files", "rows")
"""How far a merge looks into tables that both sides changed; each does what those before it do."""

Shape = Mapping[str, frozenset[str]]
"""Data files by path, each with the paths of what deletes rows of it."""


@dataclass(frozen=True)
class Refused:
    """Why two states of a table are not merged, and what could be tried."""

    reason: str
    hint: str = ""
    conflicts: Any = None
    """Rows in conflict (an Arrow table), where rows were compared."""
    count: int = 0
    """How many those are in all."""


@dataclass(frozen=True)
class Merged:
    """What a merge of contents will make; nothing is written before ``write``."""

    told: str
    """What it does, for people: ``+12,400 rows in 3 files``."""
    write: Callable[[], Entry]
    structure: TableMetadata | None = None
    """Theirs, where the table gets the structure that they gave it."""


@dataclass(frozen=True)
class Sides:
    """The states of one table that a merge is about."""

    io: FileIO
    bases: tuple[Version, ...]
    ours: Version
    theirs: Version
    entries: tuple[Entry, Entry]
    """Ours and theirs, as the commits hold them."""

    @classmethod
    def of(cls, io: FileIO, bases: Sequence[Entry], ours: Entry, theirs: Entry) -> Sides:
        """The states that entries name."""
        *found, one, other = versions(io, [*bases, ours, theirs])
        return cls(io, tuple(found), one, other, (ours, theirs))


def combine(sides: Sides, level: Level, *, cells: bool = True) -> Merged | Refused:
    """Merge two states of one table at a level, or say why not."""
    if len({version.metadata.table_uuid for version in (*sides.bases, sides.ours, sides.theirs)}) > 1:
        return Refused("one side replaced it by another table of that name")
    if level == "table":
        return Refused("both sides changed it")
    winner = _structure(sides)
    if isinstance(winner, Refused):
        return winner
    shape = _shape(sides, level)
    found = Refused(shape) if isinstance(shape, str) else _files_merged(sides, winner, shape)
    if isinstance(found, Merged):
        return found
    if level != "rows":
        return found if found.hint or not primary_key(sides.ours) else replace(found, hint="--level rows")
    from understudy.lake import cells as by_row

    return by_row.combine(sides, winner, cells=cells, hindered=found.reason)


def primary_key(version: Version) -> tuple[str, ...]:
    """The table's primary key; none, where the database computes a part of it."""
    key, stored = version.table.primary_key, {column.name for column in version.table.stored}
    return key if stored.issuperset(key) else ()


def merge_files(base: Shape, ours: Shape, theirs: Shape, level: Level) -> Shape | str:
    """The data files after a merge, or why there is none."""
    if (unchanged := three(base, ours, theirs)) is not None:
        return ours if unchanged == "ours" else theirs
    we = {path for path, deletes in base.items() if ours.get(path) != deletes}
    they = {path for path, deletes in base.items() if theirs.get(path) != deletes}
    if level == "append" and (we or they):
        told = " and ".join(side for side, touched in (("ours", we), ("theirs", they)) if touched)
        return f"{told} changed or removed rows, so it is more than appends"
    if we & they:
        return f"both sides changed rows of the same {_files(len(we & they))}"
    new = (ours.keys() | theirs.keys()) - base.keys()
    if any(three(None, ours.get(path), theirs.get(path)) is None for path in new):
        return "both sides changed rows that one had added"
    merged = dict(base)
    for changed, side in ((we, ours), (they, theirs)):
        for path in changed:
            if path in side:
                merged[path] = side[path]
            else:
                del merged[path]
    return merged | {path: ours[path] if path in ours else theirs[path] for path in new}


def _files(count: int) -> str:
    return f"{count:,} file{'' if count == 1 else 's'}"


def _shape(sides: Sides, level: Level) -> Shape | str:
    """The data files after the merge; what all common ancestors agree in."""
    upto: Level = "files" if level == "rows" else level
    found = []
    for base in sides.bases:
        shape = merge_files(base.shape, sides.ours.shape, sides.theirs.shape, upto)
        found.append(_beside_compaction(sides, base) or shape if isinstance(shape, str) else shape)
    refused = next((one for one in found if isinstance(one, str)), None)
    if refused is not None:
        return refused
    if any(one != found[0] for one in found):
        return "earlier merges of the two crossed, and their common ancestors disagree"
    if equality_deletes(sides.ours) ^ equality_deletes(sides.theirs):
        return "one side deleted rows by their values (equality deletes)"
    return found[0]


def _beside_compaction(sides: Sides, base: Version) -> Shape | None:
    """What one side appended, beside what the other compacted; None where more happened than that."""
    for one, other in ((sides.ours, sides.theirs), (sides.theirs, sides.ours)):
        if base.shape.items() <= other.shape.items():
            gone = _compacted(sides.io, base, one)
            new = {path: deletes for path, deletes in other.shape.items() if path not in base.files}
            if gone is not None and gone.isdisjoint(new) and all(one.shape.get(p, d) == d for p, d in new.items()):
                return {**one.shape, **new}
    return None


def _compacted(io: FileIO, base: Version, now: Version) -> set[str] | None:
    """The files that went in compactions, if since the base there were none but these and appends."""
    gone: set[str] = set()
    start, at = base.metadata.current_snapshot_id, now.metadata.current_snapshot()
    while at is not None and at.snapshot_id != start:
        if at.summary is None or at.summary.operation not in (Operation.APPEND, Operation.REPLACE):
            return None
        for manifest in at.manifests(io):
            if manifest.added_snapshot_id == at.snapshot_id and manifest.deleted_files_count != 0:
                entries = manifest.fetch_manifest_entry(io, discard_deleted=False)
                gone |= {e.data_file.file_path for e in entries if e.status == ManifestEntryStatus.DELETED}
        at = now.metadata.snapshot_by_id(at.parent_snapshot_id) if at.parent_snapshot_id else None
    return gone if at is not None else None


def equality_deletes(version: Version) -> set[str]:
    """The files that delete rows of a state by their values; only engines apply them."""
    deletes = (one for entry in version.files.values() for one in entry.deletes)
    return {one.file_path for one in deletes if one.content == DataFileContent.EQUALITY_DELETES}


# Structure

_DESCRIBED = (types.TABLE, types.FOREIGN_KEYS)


def structure(of: TableMetadata) -> tuple[object, ...]:
    """What makes two states one structure: fields with their ids, keys, partitions, order and constraints."""
    schema = of.schema()
    described = [json.loads(of.properties[name]) if name in of.properties else None for name in _DESCRIBED]
    return (
        tuple((field.field_id, field.name, str(field.field_type), field.required) for field in schema.fields),
        frozenset(schema.identifier_field_ids),
        of.spec().fields,
        tuple(of.sort_order().fields),
        json.dumps(described, sort_keys=True),
    )


Winner = Literal["ours", "theirs", "both"]
"""Whose structure is taken; ``both``, where they are equal."""


def _structure(sides: Sides) -> Winner | Refused:
    ours, theirs = structure(sides.ours.metadata), structure(sides.theirs.metadata)
    if ours == theirs:
        return "both"
    taken = {three(structure(base.metadata), ours, theirs) for base in sides.bases}
    if len(taken) > 1 or None in taken:
        alike = [{field[1:] for field in side[0]} for side in (ours, theirs)]  # type: ignore[attr-defined]
        told = "both sides changed its structure"
        return Refused(told + (", alike but under other field ids" if alike[0] == alike[1] else ""))
    winner = taken.pop()
    assert winner is not None
    told = _unfit(sides, winner)
    return Refused(told) if told else winner


def _unfit(sides: Sides, winner: Literal["ours", "theirs"]) -> str:
    """Why rows that one side added do not fit the structure that the other gave the table; empty where they do."""
    changed, other = (sides.ours, sides.theirs) if winner == "ours" else (sides.theirs, sides.ours)
    added = [entry for path, entry in other.files.items() if all(path not in base.files for base in sides.bases)]
    added = [entry for entry in added if entry.path not in changed.files]
    if not added:
        return ""
    old = {field.field_id: field for field in other.metadata.schema().fields}
    names = {field.name for field in old.values()}
    known = min(base.metadata.last_column_id for base in sides.bases)
    past = {(one.field_id, one.name, one.field_type) for schema in other.metadata.schemas for one in schema.fields}
    taken = {number for number, _, _ in past if number > known}
    for field in changed.metadata.schema().fields:
        before = old.get(field.field_id)
        if field.field_id in taken and (field.field_id, field.name, field.field_type) not in past:
            return f"one side added column {field.name!r}, the other rows that had another one under its field id"
        if before is None and field.name in names:
            return f"one side gave column {field.name!r} another type, the other added rows"
        if field.required and (before is None or (not before.required and _may_be_null(added, field))):
            return f"one side made column {field.name!r} NOT NULL, the other added rows without it"
    return ""


def _may_be_null(entries: Sequence[FileEntry], field: NestedField) -> bool:
    return any((entry.data_file.null_value_counts or {}).get(field.field_id, 1) for entry in entries)


def breaking(before: TableMetadata, after: TableMetadata) -> list[str]:
    """What readers of the earlier structure would trip over: columns gone, of another type, or NOT NULL only now."""
    if before.table_uuid != after.table_uuid:
        old = {field.name: field for field in before.schema().fields}
        new = {field.name: field for field in after.schema().fields}
    else:
        old = {field.field_id: field for field in before.schema().fields}  # type: ignore[misc]
        new = {field.field_id: field for field in after.schema().fields}  # type: ignore[misc]
    found = []
    for key, field in old.items():
        now = new.get(key)
        if now is None:
            found.append(f"column {field.name!r} dropped")
        elif now.name != field.name:
            found.append(f"column {field.name!r} renamed to {now.name!r}")
        elif now.field_type != field.field_type:
            found.append(f"column {field.name!r} is {now.field_type}, was {field.field_type}")
        elif now.required and not field.required:
            found.append(f"column {field.name!r} is NOT NULL now")
    required = [field.name for key, field in new.items() if key not in old and field.required]
    return found + [f"column {name!r} is new and NOT NULL" for name in required]


# Files


def _files_merged(sides: Sides, winner: Winner, shape: Shape) -> Merged | Refused:
    start = _start(sides, winner, shape)
    if start is None:
        return Refused("both sides deleted rows within files")
    base = sides.ours if start == "ours" else sides.theirs
    other = sides.theirs if start == "ours" else sides.ours
    mine, yours = _new(sides.ours, sides.theirs, shape), _new(sides.theirs, sides.ours, shape)
    if twice := shared_keys(sides.io, base, mine, yours):
        return Refused(f"both sides added rows with the same {twice:,} primary key{'' if twice == 1 else 's'}")
    new = sides.theirs.metadata if winner == "theirs" else None
    added = [other.files[path] for path in shape if path not in base.files]
    removed = [path for path in base.files if path not in shape]
    if not added and not removed and _properties(sides, base.metadata) == base.metadata.properties:
        entry = sides.entries[0 if start == "ours" else 1]  # one side has all of the other already
        return Merged("nothing new" if start == "ours" else "theirs", lambda: entry, new)
    told = describe(sides.ours, Version(sides.ours.metadata, {p: _entry(sides, p) for p in shape}))

    def write() -> Entry:
        return written(sides, base.metadata, [entry.data_file for entry in added], removed)

    return Merged(told, write, new)


def _start(sides: Sides, winner: Winner, shape: Shape) -> Literal["ours", "theirs"] | None:
    """Whose metadata the merge goes on from: delete files are taken over only where they stand."""
    candidates: tuple[Literal["ours", "theirs"], ...] = ("ours", "theirs") if winner == "both" else (winner,)
    if winner == "both" and shape == sides.theirs.shape != sides.ours.shape:
        return "theirs"
    for side in candidates:
        here = (sides.ours if side == "ours" else sides.theirs).shape
        if all(here.get(path, frozenset()) == deletes for path, deletes in shape.items()):
            return side
    return None


def _new(one: Version, other: Version, shape: Shape) -> list[FileEntry]:
    """The files that came from one side alone."""
    return [entry for path, entry in one.files.items() if path in shape and path not in other.files]


def _entry(sides: Sides, path: str) -> FileEntry:
    return sides.ours.files[path] if path in sides.ours.files else sides.theirs.files[path]


def written(sides: Sides, start: TableMetadata, added: Sequence[DataFile], removed: Sequence[str]) -> Entry:
    """Write the merged table's metadata; the entry that names them."""
    made = start
    if added or removed:
        made = change(start, sides.io, added=added, removed=removed, operation="overwrite" if removed else "append")
    last = max(sides.ours.metadata.last_column_id, sides.theirs.metadata.last_column_id)
    made = made.model_copy(update={"properties": _properties(sides, start), "last_column_id": last})
    location = metadata.write(made, sides.io)
    files.durable([location, *metadata.paths(made, sides.io)])
    return Entry.of(made, location, external=any(entry.external for entry in sides.entries))


def _properties(sides: Sides, start: TableMetadata) -> dict[str, str]:
    """Properties that one side changed are taken from it; where both did, from where the merge goes on."""
    base, ours, theirs = (v.metadata.properties for v in (sides.bases[0], sides.ours, sides.theirs))
    found: dict[str, str] = {}
    for name in sorted({*base, *ours, *theirs}):
        side = three(base.get(name), ours.get(name), theirs.get(name))
        source = start.properties if side is None else ours if side == "ours" else theirs
        if name in source:
            found[name] = source[name]
    return found


def describe(before: Version, after: Version) -> str:
    """What became of a table's files, for people."""
    added = [entry for path, entry in after.files.items() if path not in before.files]
    removed = [entry for path, entry in before.files.items() if path not in after.files]
    deletes = sum(before.shape[path] != shape for path, shape in after.shape.items() if path in before.files)
    new, gone = sum(entry.rows for entry in added), sum(entry.rows for entry in removed)
    told = []
    if added and removed:
        told.append(f"replaced {_files(len(removed))} by {len(added):,} ({new - gone:+,} rows)")
    elif added:
        told.append(f"+{new:,} rows in {_files(len(added))}")
    elif removed:
        told.append(f"-{gone:,} rows, {_files(len(removed))} removed")
    if deletes:
        told.append(f"deleted rows of {_files(deletes)}")
    if structure(before.metadata) != structure(after.metadata):
        told.append("changed its structure")
    return ", ".join(told) or "nothing but its metadata"
