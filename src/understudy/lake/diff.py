"""Differences between two states of a lake: tables, structures, counts; no row is read, and equal subtrees neither."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from understudy.errors import unknown
from understudy.lake import tree
from understudy.lake.lake import Lake
from understudy.lake.nouns import Key
from understudy.lake.threeway import Held, renames

if TYPE_CHECKING:
    from pyiceberg.schema import Schema as IcebergSchema

What = Literal["added", "removed", "changed", "renamed"]
_SIGNS = {"added": "+", "removed": "-", "changed": "~", "renamed": ">"}
_DETAILED = 20
"""Tables whose structures and files a printed difference tells."""


@dataclass(frozen=True)
class FileCounts:
    """What became of a table's data files; told by its manifests."""

    added: int
    removed: int
    shared: int
    rows_added: int
    rows_removed: int
    """In whole files: a file that was written anew counts as removed and added."""


@dataclass(frozen=True)
class TableChange:
    """One table that differs: added, removed, changed, or under another name (and perhaps changed too)."""

    what: What
    before: Held
    after: Held
    lake: Lake = field(repr=False, compare=False)

    @property
    def key(self) -> Key:
        """Its key; the later one, if it was renamed."""
        held = self.after or self.before
        assert held is not None
        return held[0]

    @property
    def rows(self) -> tuple[int | None, int | None]:
        """Rows before and after, as the snapshots tell them; None where they do not."""
        before, after = (held[1].rows if held else 0 for held in (self.before, self.after))
        return before, after

    @cached_property
    def columns(self) -> tuple[str, ...]:
        """What became of the columns: ``+ vip boolean``, ``- note``, ``price int -> long``; told by the metadata."""
        if self.before is None or self.after is None:
            return ()
        before, after = self.before[1], self.after[1]
        if (before.uuid, before.schema) == (after.uuid, after.schema):
            return ()
        from understudy.lake import metadata

        old, new = (metadata.read(entry.location, self.lake.io).schema() for entry in (before, after))
        return tuple(_columns(old, new, by_name=before.uuid != after.uuid))

    @cached_property
    def files(self) -> FileCounts:
        """How many data files came and went; the manifests of both states are read."""
        from understudy.lake.rows import alone, pair

        old, new = pair(self.lake.io, *(held[1] if held else None for held in (self.before, self.after)))
        gone, come = alone(old, new), alone(new, old)
        counts = (sum(entry.rows for entry in come), sum(entry.rows for entry in gone))
        return FileCounts(len(come), len(gone), new.shared + len(new.files) - len(come), *counts)

    def json(self, *, details: bool = True) -> dict[str, Any]:
        """The change as JSON values; with ``details``, its columns and files too."""
        before, after = self.rows
        found: dict[str, Any] = {
            "table": str(self.key),
            "change": self.what,
            "rows": {"before": before, "after": after},
        }
        if self.what == "renamed" and self.before:
            found["from"] = str(self.before[0])
        if details:
            files = self.files
            found |= {"columns": list(self.columns), "files": {"added": files.added, "removed": files.removed}}
        return found

    def line(self, *, details: bool = True) -> str:
        """The change on one line."""
        before, after = self.rows
        told = [f"{_SIGNS[self.what]} {self.key}"]
        if self.what == "renamed" and self.before:
            told.append(f"from {self.before[0]}")
        if before is not None and after is not None:
            told.append(f"{after - before:+,} rows ({before:,} -> {after:,})" if before != after else f"{after:,} rows")
        if details:
            told += [f"files +{self.files.added:,} -{self.files.removed:,}", *self.columns]
        return "  ".join(told)


def _columns(old: IcebergSchema, new: IcebergSchema, *, by_name: bool) -> Iterator[str]:
    before = {one.name if by_name else one.field_id: one for one in old.fields}
    after = {one.name if by_name else one.field_id: one for one in new.fields}
    for key, one in before.items():
        if key not in after:
            yield f"- {one.name}"
    for key, now in after.items():
        was = before.get(key)
        if was is None:
            yield f"+ {now.name} {now.field_type}" + (" not null" if now.required else "")
            continue
        if was.name != now.name:
            yield f"{was.name} renamed to {now.name}"
        if was.field_type != now.field_type:
            yield f"{now.name} {was.field_type} -> {now.field_type}"
        if was.required != now.required:
            yield f"{now.name} {'not null' if now.required else 'may be null'}"
    if not by_name and [k for k in before if k in after] != [k for k in after if k in before]:
        yield "columns in another order"


@dataclass(frozen=True)
class Diff:
    """What differs between two states: ``tables``, and other things by key."""

    a: str
    b: str
    tables: tuple[TableChange, ...]
    others: tuple[tuple[Key, What], ...]
    """Namespaces and documents."""

    def __bool__(self) -> bool:
        return bool(self.tables or self.others)

    def __getitem__(self, name: str) -> TableChange:
        """The change of a table, by the name it has now."""
        found = {str(change.key): change for change in self.tables}
        if name not in found:
            raise unknown("changed table", name, found)
        return found[name]

    def json(self, *, details: bool = True) -> dict[str, Any]:
        """The difference as JSON values."""
        return {
            "a": self.a,
            "b": self.b,
            "tables": [change.json(details=details) for change in self.tables],
            "others": [{"key": str(key), "change": what} for key, what in self.others],
        }

    def __str__(self) -> str:
        details = len(self.tables) <= _DETAILED
        lines = [change.line(details=details) for change in self.tables]
        lines += [f"{_SIGNS[what]} {key}" for key, what in self.others]
        return "\n".join(lines) or f"{self.a} and {self.b} hold the same"


def diff(lake: Lake, a: str, b: str) -> Diff:
    """What differs between two states: branches, tags, commits or times."""
    found = tree.difference(lake.store.nodes, lake.head(a).tree, lake.head(b).tree)
    moved = renames(found)
    arrived = {new: old for old, new in moved.items()}
    tables, others = [], []
    for key, (before, after) in sorted(found.items()):
        if key.kind != "table":
            others.append((key, _what(before, after)))
            continue
        was: Held = (key, before) if before and key not in moved else None
        now: Held = (key, after) if after and key not in arrived else None
        if key in arrived and after:
            old = found[arrived[key]][0]
            assert old is not None
            tables.append(TableChange("renamed", (arrived[key], old), (key, after), lake))
        if was or now:
            tables.append(TableChange(_what(was, now), was, now, lake))
    return Diff(a, b, tuple(tables), tuple(others))


def _what(before: object, after: object) -> What:
    return "added" if before is None else "removed" if after is None else "changed"
