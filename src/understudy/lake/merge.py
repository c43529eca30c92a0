"""Merging one state into a branch: three-way per table, by content where both sides changed one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from understudy.errors import Error, InputError, unknown
from understudy.lake import content, gates, metadata, tree
from understudy.lake.conflicts import Conflict, Conflicts, Parties
from understudy.lake.content import LEVELS, Level, Merged, Refused, Sides
from understudy.lake.history import merge_bases
from understudy.lake.lake import Lake, Moved, refuse_tainted
from understudy.lake.nouns import Commit, Entry, Key, Ref
from understudy.lake.store import Writing
from understudy.lake.threeway import Clash, merge_crossed

Strategy = Literal["fail", "ours", "theirs"]
_STRATEGIES = ("fail", "ours", "theirs")
_TRIES = 20

_REASONS = {
    "changed": "both sides changed it",
    "deleted": "one side deleted it, the other changed it",
    "added": "each side has another one under this name",
    "renamed": "the two sides renamed it differently",
    "crossed": "earlier merges of the two crossed, and their common ancestors disagree",
}


@dataclass(frozen=True)
class Merge:
    """What a merge did, or would do."""

    result: Literal["fast-forward", "merged", "nothing to do", "conflicts"]
    source: str
    into: str
    commit: Commit
    """Where the branch is afterwards; of a dry run, where it is."""
    bases: tuple[str, ...]
    """The common ancestors it was merged against."""
    changes: Mapping[Key, str] = field(default_factory=dict)
    """What was done to each table, namespace and document that is not what it was."""
    conflicts: tuple[Conflict, ...] = ()
    dry_run: bool = False

    def json(self) -> dict[str, Any]:
        """The merge as JSON values."""
        return {
            "result": self.result,
            "source": self.source,
            "into": self.into,
            "commit": self.commit.hash,
            "bases": list(self.bases),
            "changes": {str(key): told for key, told in self.changes.items()},
            "conflicts": [conflict.json() for conflict in self.conflicts],
            "dry_run": self.dry_run,
        }

    def __str__(self) -> str:
        head = f"{self.source} into {self.into}: {self.result}" + (" (dry run)" if self.dry_run else "")
        done = [f"  {key}: {told}" for key, told in sorted(self.changes.items())]
        return "\n".join([head, *done, *(conflict.explain() for conflict in self.conflicts)])


@dataclass(frozen=True)
class _Rules:
    """How what both sides changed is decided."""

    level: Level
    strategy: Strategy
    tables: Mapping[str, str]
    """By table: a strategy, or a level."""
    cells: bool
    allow_breaking: bool

    def level_of(self, key: Key) -> Level:
        told = self.tables.get(str(key), "")
        return next((level for level in LEVELS if level == told), self.level)

    def strategy_of(self, key: Key) -> str:
        told = self.tables.get(str(key), "")
        return told if told in _STRATEGIES else self.strategy


def merge(
    lake: Lake,
    source: str,
    into: str,
    *,
    level: Level = "append",
    strategy: Strategy = "fail",
    tables: Mapping[str, str] | None = None,
    cells: bool = True,
    dry_run: bool = False,
    no_ff: bool | None = None,
    allow_breaking: bool = False,
    from_aborted: bool = False,
    message: str = "",
) -> Merge:
    """Bring what another branch, tag or commit has into a branch; raises Conflicts where the two do not go together.

    ``level`` is how far tables that both sides changed are looked into: ``append`` takes the rows that both
    added, ``files`` also changes of different files, ``rows`` merges by primary key (with ``cells``, changes of
    different columns of one row too).  ``strategy`` and, by name, ``tables`` (``{"orders": "theirs"}``, or a
    level) decide what is left.  A branch that can just move forward does, unless it is protected or ``no_ff``.
    ``allow_breaking`` lets structures that break readers into a protected branch; ``from_aborted`` takes what did
    not pass its checks, and the branch stays marked as such until checks pass on it.
    """
    rules = _Rules(level, strategy, dict(tables or {}), cells, allow_breaking)
    _refuse_rules(lake, rules, source, into)
    theirs = lake.head(source)
    if not from_aborted:
        refuse_tainted(theirs, source)
    if not theirs.files:
        raise InputError(f"the files of {source!r} were collected", hint="merge a later commit")
    branch = lake.resolve(into).writable()
    for _ in range(_TRIES):
        ref = lake.store.ref(branch)
        if ref is None:
            raise unknown("branch", branch, [one.name for one in lake.refs("branch")])
        ours = lake.store.commit(ref.hash)
        bases = lake.store.commits(merge_bases(lake.store, ours.hash, theirs.hash))
        parties = Parties(lake, source, branch, tuple(bases.values()), ours, theirs)
        if theirs.hash in bases:
            return Merge("nothing to do", source, branch, ours, tuple(bases), dry_run=dry_run)
        found = _Decided(parties, rules, protected=ref.protected)
        forward = ours.hash in bases and not (ref.protected if no_ff is None else no_ff)
        result: Literal["fast-forward", "merged"] = "fast-forward" if forward else "merged"
        if dry_run:
            told = "conflicts" if found.conflicts else result
            return Merge(told, source, branch, ours, tuple(bases), found.told, tuple(found.conflicts), dry_run=True)
        if found.conflicts:
            raise Conflicts(source, branch, found.conflicts)
        commit = _forward(parties, ref) if forward else _merged(parties, ref, found, message)
        if commit is not None:
            return Merge(result, source, branch, commit, tuple(bases), found.told)
    raise Error(f"{branch!r} moves faster than {source!r} is merged", hint="try again when less is written there")


def _refuse_rules(lake: Lake, rules: _Rules, source: str, into: str) -> None:
    """Raise an InputError for words that mean nothing, and tables that neither side has."""
    for word, known in ((rules.level, LEVELS), (rules.strategy, _STRATEGIES)):
        if word not in known:
            raise unknown("way to merge", word, known)
    for table, told in rules.tables.items():
        if told not in (*LEVELS, *_STRATEGIES):
            raise unknown("way to merge", told, (*LEVELS, *_STRATEGIES))
        held = {str(key) for text in (source, into) for key in lake.entries(text)}
        if table not in held:
            raise unknown("table", table, held)


class _Decided:
    """What a merge puts on the branch: ``changes`` at once, ``merged`` once written; and its conflicts."""

    def __init__(self, parties: Parties, rules: _Rules, *, protected: bool) -> None:
        self._parties, self._rules = parties, rules
        get = parties.lake.store.nodes
        trees = [base.tree for base in parties.bases]
        ours, theirs = parties.ours.tree, parties.theirs.tree
        outcome = merge_crossed([(tree.difference(get, one, ours), tree.difference(get, one, theirs)) for one in trees])
        self.changes: dict[Key, Entry | None] = outcome.changes
        self.merged: dict[Key, Merged] = {}
        self.conflicts: list[Conflict] = []
        self._gone: set[Key] = set()
        for _, clash in sorted(outcome.clashes.items()):
            self._clash(clash)
        self._now = tree.find(get, ours, {*self.changes, *self.merged})
        self._keep_namespaces()
        if protected and not rules.allow_breaking:
            self._refuse_breaking()
        self.told = self._told()

    def _clash(self, clash: Clash) -> None:
        """Decide what both sides changed: by content, else by a strategy, else it is a conflict."""
        refused = Refused(_REASONS[clash.why])
        if clash.why == "changed" and clash.key.kind == "table":
            found = self._content(clash)
            if isinstance(found, Merged):
                self.merged[clash.key] = found
                if clash.ours and clash.ours[0] != clash.key:
                    self.changes[clash.ours[0]] = None
                return
            refused = found
        conflict = Conflict.of(clash, refused.reason, self._parties)
        conflict = replace(conflict, hint=refused.hint, rows=refused.conflicts, count=refused.count)
        strategy = self._rules.strategy_of(clash.key)
        if strategy == "theirs" and not self._occupied(clash):
            self._take_theirs(clash)
        elif strategy != "ours":
            self.conflicts.append(conflict)

    def _content(self, clash: Clash) -> Merged | Refused:
        bases = [held[1] for held in clash.bases if held]
        if not clash.ours or not clash.theirs or len(bases) < len(clash.bases):
            return Refused("both sides added it, differently")
        entries = (*bases, clash.ours[1], clash.theirs[1])
        if len({entry.uuid for entry in entries}) > 1:
            return Refused("one side replaced it by another table of that name")
        level = self._rules.level_of(clash.key)
        if level == "table":
            return Refused(_REASONS["changed"])
        if level == "rows" and not all(base.files for base in self._parties.bases):
            level = "files"  # of collected ancestors, metadata and manifests stay, and rows do not
        sides = Sides.of(self._parties.lake.io, bases, clash.ours[1], clash.theirs[1])
        return content.combine(sides, level, cells=self._rules.cells)

    def _occupied(self, clash: Clash) -> bool:
        """Whether taking theirs would silently replace another table of ours."""
        if clash.theirs is None or clash.theirs[0] in {clash.key, clash.ours[0] if clash.ours else clash.key}:
            return False
        key = clash.theirs[0]
        return bool(tree.find(self._parties.lake.store.nodes, self._parties.ours.tree, [key]))

    def _take_theirs(self, clash: Clash) -> None:
        for key in (clash.frees, clash.ours[0] if clash.ours else None):
            if key is not None:
                self.changes[key] = None
        if clash.theirs:
            self.changes[clash.theirs[0]] = clash.theirs[1]

    def _keep_namespaces(self) -> None:
        """A namespace stays, or comes back, as long as it holds a table."""
        store, theirs = self._parties.lake.store, self._parties.theirs
        put = {key.namespace for key, entry in self.changes.items() if key.kind == "table" and entry}
        put |= {key.namespace for key in self.merged}
        wanted = {Key("namespace", name) for name in put}
        there = tree.find(store.nodes, self._parties.ours.tree, wanted)
        told = tree.find(store.nodes, theirs.tree, wanted)
        for key in [key for key, entry in self.changes.items() if key.kind == "namespace" and entry is None]:
            held = tree.entries(store.nodes, self._parties.ours.tree, key.namespace)
            left = [one for one in held if one.kind == "table" and self.changes.get(one, held[one]) is not None]
            if left or key.namespace in put:
                del self.changes[key]
        self.changes |= {key: told[key] for key in wanted if key in told and key not in there}

    def _refuse_breaking(self) -> None:
        """Make conflicts of tables whose readers would trip over their new structure."""
        by_uuid = {entry.uuid: entry for entry in self._now.values()}  # a renamed table's, too
        for key, entry in sorted(self.changes.items()):
            if key.kind != "table" or entry is None:
                continue
            before = self._now.get(key) or by_uuid.get(entry.uuid)
            if before is None or (before.uuid, before.schema) == (entry.uuid, entry.schema):
                continue
            self._break(key, before, metadata.read(entry.location, self._parties.lake.io))
        for key, merged in self.merged.items():
            if merged.structure is not None and key in self._now:
                self._break(key, self._now[key], merged.structure)

    def _break(self, key: Key, before: Entry, after: Any) -> None:
        found = content.breaking(metadata.read(before.location, self._parties.lake.io), after)
        if found:
            theirs = tree.find(self._parties.lake.store.nodes, self._parties.theirs.tree, [key]).get(key)
            held = (key, theirs) if theirs else None
            reason = f"{self._parties.into!r} is protected, and this breaks readers: {', '.join(found[:3])}"
            ours = (key, before)
            self.conflicts.append(Conflict(key, ours, ours, held, reason, self._parties, hint="--allow-breaking"))

    def _told(self) -> dict[Key, str]:
        """What is done to each key, for people."""
        told = {key: merged.told for key, merged in self.merged.items()}
        gone = {self._now[key].uuid: key for key, entry in self.changes.items() if entry is None and key in self._now}
        for key, entry in self.changes.items():
            before = self._now.get(key)
            if entry is not None and entry.uuid in gone and before is None and entry.uuid:
                told[key] = f"renamed from {gone[entry.uuid]}"
            elif entry is None:
                told[key] = "deleted"
            elif before is None:
                told[key] = "added"
            elif None in (before.rows, entry.rows) or key.kind != "table":
                told[key] = "theirs"
            else:
                told[key] = f"theirs, {(entry.rows or 0) - (before.rows or 0):+,} rows"
        return told

    def write(self) -> dict[Key, Entry | None]:
        """All changes; merged tables' metadata are written."""
        return {**self.changes, **{key: merged.write() for key, merged in self.merged.items()}}


def _forward(parties: Parties, ref: Ref) -> Commit | None:
    """Move the branch to their commit; None where it has moved meanwhile."""
    lake, theirs = parties.lake, parties.theirs
    gates.require(lake, ref.name, theirs.tree)
    with lake.store.writing() as writing:
        if not _still(writing, ref):
            return None
        moved = replace(ref, hash=theirs.hash)
        writing.put_ref(moved, old=ref.hash, author=lake.author, why=f"merge {parties.source}: fast-forward")
    return theirs


def _still(writing: Writing, ref: Ref) -> bool:
    now = writing.ref(ref.name)
    return now is not None and now.hash == ref.hash


def _merged(parties: Parties, ref: Ref, found: _Decided, message: str) -> Commit | None:
    """The merge commit; None where the branch has moved in what it stands on."""
    lake = parties.lake
    changes = found.write()
    gated = bool(gates.listed(lake, ref.name)) and ref.kind != "transaction"
    if gated:
        root, _ = tree.changed(lake.store.nodes, parties.ours.tree, changes)
        gates.require(lake, ref.name, root)
    try:
        return lake.commit(
            ref.name,
            changes,
            message=message or f"merge {parties.source} into {ref.name}",
            base=parties.ours.hash,
            others=(parties.theirs.hash,),
            meta={"merge": parties.source},
            why=f"merge {parties.source}",
            alone=gated,
        )
    except Moved:
        return None
