"""The nouns of the lake: Entry, Commit, Ref, Change.  Frozen, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from understudy.errors import InputError
from understudy.schema import TableName

EntryKind = Literal["table", "namespace", "document"]
RefKind = Literal["branch", "tag", "transaction"]
Status = Literal["published", "pending", "aborted"]
"""``pending``: written by a transaction that has not been merged; ``aborted``: by one that failed.  Both taint
every commit made from them, until checks pass on it."""

MAIN = "main"
"""The branch every lake starts with; protected."""


@dataclass(frozen=True, order=True, slots=True)
class Key:
    """Under what a commit holds an entry: a table by namespace and name, a namespace, or a document by its name."""

    kind: EntryKind
    namespace: str
    name: str = ""

    @classmethod
    def table(cls, name: TableName) -> Key:
        """The key of a table."""
        return cls("table", name.namespace, name.name)

    @property
    def table_name(self) -> TableName:
        """The table's name."""
        return TableName(self.namespace, self.name)

    def __str__(self) -> str:
        if self.kind == "table":
            return str(self.table_name)
        return f"{self.kind} {self.namespace or self.name}"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a commit holds under a key.  Equal entries are equal content: nothing is read to compare them."""

    uuid: str
    """Which table it is, whatever it is called; a rename keeps it.  Empty for documents."""
    location: str
    """Tables: the Iceberg metadata file.  Namespaces and documents: the hash of the node that holds them."""
    snapshot: int | None = None
    """The table's current Iceberg snapshot; None where it has no rows yet."""
    schema: int = 0
    """The id of the table's current Iceberg schema."""
    rows: int | None = None
    """Rows, where the snapshot's summary tells them."""
    external: bool = False
    """Files outside the lake's own warehouse (registered or imported): never collected."""

    @classmethod
    def of(cls, metadata: Any, location: str, *, external: bool = False) -> Entry:
        """The entry of a table whose Iceberg metadata (PyIceberg's ``TableMetadata``) was written there."""
        snapshot = metadata.current_snapshot()
        told = snapshot.summary["total-records"] if snapshot is not None and snapshot.summary is not None else "0"
        return cls(
            uuid=str(metadata.table_uuid),
            location=location,
            snapshot=metadata.current_snapshot_id,
            schema=metadata.current_schema_id,
            rows=None if told is None else int(told),
            external=external,
        )


Entries = Mapping[Key, Entry]
Changes = Mapping[Key, Entry | None]
"""What a commit puts under keys; None takes an entry away."""


@dataclass(frozen=True, slots=True)
class Commit:
    """One immutable state of the whole lake, and how it came about."""

    hash: str
    tree: str
    """The hash of its content: two commits with equal trees hold the same."""
    parents: tuple[str, ...]
    generation: int
    """One more than the largest of its parents'."""
    time: float
    """Seconds since 1970, UTC."""
    author: str
    message: str
    changed: tuple[Key, ...]
    """The keys in which it differs from its first parent."""
    meta: Mapping[str, Any] = field(default_factory=dict)
    """What made it: job, run, source, position, key id, code, dependencies, report (``DETAILS``: a node's hash)."""
    status: Status = "published"
    """The only part that changes, and no part of the hash."""
    files: bool = True
    """False once its files were collected; the history itself stays."""

    @property
    def short(self) -> str:
        """How people name it."""
        return self.hash[:12]


@dataclass(frozen=True, slots=True)
class Ref:
    """A name for a commit: a branch moves, a tag stays, a transaction is a branch that has not been published."""

    name: str
    kind: RefKind
    hash: str
    protected: bool = False
    expires: float | None = None
    """When a transaction's branch is removed by itself, in seconds since 1970."""
    meta: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a reference written by a person leads: a commit, and the branch it is the head of, if any."""

    text: str
    hash: str
    branch: str | None = None
    """The branch or transaction that may be written; None for tags, commits and times."""

    def writable(self) -> str:
        """The branch to write on; an InputError where this is a tag, a commit or a time."""
        if self.branch is None:
            raise InputError(f"{self.text!r} is not a branch, so it cannot be written", hint="branch off it first")
        return self.branch


@dataclass(frozen=True, slots=True)
class Logged:
    """One line of the reflog: where a reference pointed, where it went, who moved it and why."""

    ref: str
    old: str | None
    new: str | None
    time: float
    author: str
    why: str
