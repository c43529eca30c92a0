"""What keeps an engine's maintenance on one branch from deleting files that other branches hold.

Branches share files, and an engine knows nothing of it.  Three rules, applied wherever an engine gets or changes a
table's metadata:

1. Every table says ``gc.enabled=false`` and keeps its old metadata files, whatever an engine set.
2. What engines remove files after is refused: expired snapshots, table-level branches, other places for files.
   Dropping a table, with or without PURGE, removes no file.
3. An engine never sees where a table really is.  Each state of each branch shows it a directory of its own, beside
   those of all others and below none of them, in which the next write may put files.  What looks for orphans there
   finds nothing that any commit holds: once a write has become a commit, the branch shows another directory.

The fourth rule is the operator's: storage credentials that engines get should not be allowed to delete.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.update import (
    RemoveSnapshotRefUpdate,
    RemoveSnapshotsUpdate,
    SetLocationUpdate,
    SetPropertiesUpdate,
    SetSnapshotRefUpdate,
    TableUpdate,
)

from understudy.errors import InputError
from understudy.lake.lake import Lake
from understudy.lake.nouns import Place

SAFE: Mapping[str, str] = {"gc.enabled": "false", "write.metadata.delete-after-commit.enabled": "false"}
"""The properties that every table has."""

_REFS = "/_refs/"
_ELSEWHERE = ("write.data.path", "write.metadata.path", "write.folder-storage.path", "write.object-storage.path")


class Refused(InputError):
    """An engine may not do this here: the branch is read-only, or other branches would lose files."""


def safe(properties: Mapping[str, str]) -> dict[str, str]:
    """A table's properties, with those that protect its files."""
    return {**{name: value for name, value in properties.items() if name not in _ELSEWHERE}, **SAFE}


def shown(metadata: TableMetadata, location: str) -> TableMetadata:
    """The metadata that an engine gets: safe properties, and the directory where it may write."""
    return metadata.model_copy(update={"location": location, "properties": safe(metadata.properties)})


def directory(lake: Lake, place: Place, home: str) -> str:
    """Where a table is, as far as an engine that looks at this state of this branch knows."""
    since = lake.reflog(place.branch, limit=1) if place.branch else []
    moved = since[0].time if since else ""  # a branch that is reset to a commit shows other directories than before
    name = hashlib.sha256(f"{place.branch}\0{place.hash}\0{moved}".encode()).hexdigest()[:16]
    return f"{home}{_REFS}{name}"


def canonical(location: str) -> str:
    """Where a table really is, from what an engine was shown."""
    return location.removeprefix("file://").rstrip("/").partition(_REFS)[0]


def refuse(updates: Sequence[TableUpdate], home: str | None) -> None:
    """Raise Refused for updates after which engines remove files, or put them where the lake does not look.

    ``home`` is where the table is; None for one that is made by these updates.
    """
    for update in updates:
        match update:
            case RemoveSnapshotsUpdate() | RemoveSnapshotRefUpdate():
                raise Refused(
                    "snapshots are not expired by engines: other branches, tags and commits may hold their files",
                    hint="`understudy gc plan` shows what can be removed",
                )
            case SetSnapshotRefUpdate(ref_name=name, type=kind) if (name, kind) != (MAIN_BRANCH, _BRANCH):
                raise Refused(
                    f"{name!r} would be a {kind} of this table alone", hint=f"`understudy branch {name}` branches all"
                )
            case SetPropertiesUpdate(updates=properties) if home is not None:
                _refuse_properties(properties)
            case SetLocationUpdate(location=location) if home is not None and canonical(location) != home:
                raise Refused("the lake decides where its tables are", hint="leave LOCATION out")
            case _:
                pass


_BRANCH = SnapshotRefType.BRANCH


def _refuse_properties(properties: Mapping[str, str]) -> None:
    for name, value in properties.items():
        if name in SAFE and value != SAFE[name]:
            raise Refused(f"{name!r} stays {SAFE[name]!r}: branches share files", hint="leave the property out")
        if name in _ELSEWHERE:
            raise Refused(f"{name!r} would put files where other branches are", hint="leave the property out")
