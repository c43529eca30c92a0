"""What a merge could not decide: which table, what either side did to it and who, and what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from understudy.errors import Error
from understudy.lake.history import between
from understudy.lake.lake import Lake
from understudy.lake.nouns import Commit, Entry, Key
from understudy.lake.threeway import Clash, Held


@dataclass(frozen=True)
class Parties:
    """What a merge is between."""

    lake: Lake
    source: str
    into: str
    bases: tuple[Commit, ...]
    ours: Commit
    theirs: Commit


@dataclass(frozen=True)
class Conflict:
    """One table (or namespace, or document) that both sides changed in ways that do not go together."""

    key: Key
    base: Held
    ours: Held
    theirs: Held
    reason: str
    parties: Parties = field(repr=False, compare=False)
    hint: str = ""
    """An option of the merge that may decide it: ``--level rows``."""
    rows: Any = field(default=None, repr=False, compare=False)
    """Rows in conflict, where rows were compared: an Arrow table of the first of them."""
    count: int = 0
    """How many rows are in conflict."""

    @classmethod
    def of(cls, clash: Clash, reason: str, parties: Parties) -> Conflict:
        """The conflict that a clash is, as nothing decides it."""
        return cls(clash.key, clash.bases[0], clash.ours, clash.theirs, reason, parties)

    @cached_property
    def ours_by(self) -> Commit | None:
        """Our last commit that changed it."""
        return self._by(self.parties.ours, self.ours)

    @cached_property
    def theirs_by(self) -> Commit | None:
        """Their last commit that changed it."""
        return self._by(self.parties.theirs, self.theirs)

    def _by(self, head: Commit, held: Held) -> Commit | None:
        keys = {one[0] for one in (self.base, held) if one} or {self.key}
        found: Commit | None = None
        for commit in between(self.parties.lake.store, self.parties.bases[0].hash, head.hash):
            if keys.intersection(commit.changed) and (len(commit.parents) == 1 or found is None):
                found = commit
        return found

    @property
    def commands(self) -> tuple[str, ...]:
        """What to type to decide it."""
        name = shlex.quote(str(self.key.table_name if self.key.kind == "table" else self.key))
        merge = f"understudy merge {shlex.quote(self.parties.source)} --into {shlex.quote(self.parties.into)}"
        if self.hint.startswith("--allow"):
            return (f"{merge} {self.hint}",)
        look = f"{merge} {self.hint}"
        if not self.hint.startswith("--"):
            look = f"understudy diff {shlex.quote(self.parties.into)} {shlex.quote(self.parties.source)} {name}"
        return (f"{merge} -X {name}=theirs", f"{merge} -X {name}=ours", look)

    def explain(self) -> str:
        """All of it, for people."""
        lines = [f"{self.key}: {self.reason}"]
        for side, commit, held in (
            (self.parties.into, self.ours_by, self.ours),
            (self.parties.source, self.theirs_by, self.theirs),
        ):
            lines.append(f"  {side}: {self._did(held)}{_told(commit)}")
        if self.hint and not self.hint.startswith("--"):
            lines.append(f"  {self.hint}")
        return "\n".join([*lines, *(f"  {command}" for command in self.commands)])

    def _did(self, held: Held) -> str:
        """What a side did, since the common ancestor."""
        if held is None:
            return "deleted it"
        renamed = f"renamed it to {held[0]}, " if self.base and self.base[0] != held[0] else ""
        if self.key.kind != "table":
            return renamed + ("changed it" if self.base else "added it")
        if self.base is None:
            rows = "" if held[1].rows is None else f" with {held[1].rows:,} rows"
            return f"added it{rows}"
        if self.base[1].uuid != held[1].uuid:
            return "replaced it by another table"
        return renamed + _described(self.parties.lake, self.base[1], held[1])

    def json(self) -> dict[str, Any]:
        """The conflict as JSON values; no row of data."""
        found: dict[str, Any] = {"key": str(self.key), "reason": self.reason, "rows": self.count}
        for name, held, commit in (("ours", self.ours, self.ours_by), ("theirs", self.theirs, self.theirs_by)):
            found[name] = {
                "did": self._did(held),
                "commit": commit.hash if commit else None,
                "author": commit.author if commit else None,
                "run": commit.meta.get("run") if commit else None,
            }
        return found | {"commands": list(self.commands)}


def _described(lake: Lake, base: Entry, now: Entry) -> str:
    if base == now:
        return "left it as it was"
    from understudy.lake.content import describe
    from understudy.lake.rows import pair

    return describe(*pair(lake.io, base, now))


def _told(commit: Commit | None) -> str:
    if commit is None:
        return ""
    run = f", run {commit.meta['run']}" if commit.meta.get("run") else ""
    return f" (@{commit.short} by {commit.author}{run}: {commit.message})"


class Conflicts(Error):
    """A merge was refused: both sides changed the same tables; nothing was written."""

    exit_code = 1

    def __init__(self, source: str, into: str, conflicts: Sequence[Conflict]) -> None:
        names = ", ".join(str(one.key) for one in conflicts[:5]) + (", ..." if len(conflicts) > 5 else "")
        first = conflicts[0]
        super().__init__(
            f"{source!r} does not merge into {into!r}: {names}: {first.reason}",
            hint="; ".join(f"`{command}`" for command in first.commands),
        )
        self.conflicts = tuple(conflicts)
