"""The three-way merge of what two commits hold, entry by entry; no file is read.

A table keeps its identity under another name, so a rename on one side and a change on the other are one table,
changed and renamed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from understudy.lake.nouns import Entry, Key

Difference = Mapping[Key, tuple[Entry | None, Entry | None]]
"""The entries that differ between two commits, before and after."""

Held = tuple[Key, Entry] | None
"""What one side has of something, and under which key; None where it has nothing."""

Why = Literal["changed", "deleted", "added", "renamed", "crossed"]
"""``changed``: both sides did, differently; ``deleted``: one did and the other changed it; ``added``: both put
different things under one name; ``renamed``: to different names; ``crossed``: several common ancestors disagree."""


@dataclass(frozen=True, slots=True)
class Clash:
    """What both sides changed: for a merge of contents, or a conflict."""

    key: Key
    """Where the result belongs."""
    bases: tuple[Held, ...]
    """What the common ancestors have of it; one, unless merges criss-crossed."""
    ours: Held
    theirs: Held
    why: Why
    frees: Key | None = None
    """Where our side has it, if it is to go to a key that something else of ours is under."""


@dataclass
class Outcome:
    """What a merge puts under keys of our side, and what it cannot decide by entries alone."""

    changes: dict[Key, Entry | None] = field(default_factory=dict)
    clashes: dict[Key, Clash] = field(default_factory=dict)

    def clash(self, key: Key, base: Held, ours: Held, theirs: Held, why: Why) -> None:
        """Remember what cannot be decided."""
        self.clashes[key] = Clash(key, (base,), ours, theirs, why)


def three(base: object, ours: object, theirs: object) -> Literal["ours", "theirs"] | None:
    """Whose value a three-way merge takes; None where both sides changed it, differently."""
    if theirs in (base, ours):
        return "ours"
    return "theirs" if ours == base else None


def renames(difference: Difference) -> dict[Key, Key]:
    """Tables that have another name after: the same identity gone from one key and new under another."""
    gone: dict[str, list[Key]] = {}
    new: dict[str, list[Key]] = {}
    for key, (before, after) in difference.items():
        if key.kind != "table" or (before and after and before.uuid == after.uuid):
            continue
        if before:
            gone.setdefault(before.uuid, []).append(key)
        if after:
            new.setdefault(after.uuid, []).append(key)
    return {
        keys[0]: new[uuid][0] for uuid, keys in gone.items() if uuid and len(keys) == 1 and len(new.get(uuid, ())) == 1
    }


@dataclass(frozen=True)
class _Side:
    """One side since the base: what differs, and what got another name."""

    difference: Difference
    moved: Mapping[Key, Key]

    @classmethod
    def of(cls, difference: Difference) -> _Side:
        return cls(difference, renames(difference))

    def of_base(self, key: Key, entry: Entry) -> Held:
        """What has become of something the base has."""
        now = self.moved.get(key, key)
        found = self.difference[now][1] if now in self.difference else entry
        return (now, found) if found else None

    def at(self, key: Key, base: Entry | None) -> Entry | None:
        """What is under a key, where the base holds that there."""
        return self.difference[key][1] if key in self.difference else base


@dataclass(frozen=True)
class _Put:
    """Something that is to go under a key where our side does not have it yet."""

    key: Key
    entry: Entry
    base: Held = None
    ours: Held = None


def merge(base_to_ours: Difference, base_to_theirs: Difference) -> Outcome:
    """What their changes since a base do to our side."""
    ours, theirs = _Side.of(base_to_ours), _Side.of(base_to_theirs)
    outcome, puts = Outcome(), list[_Put]()
    for key, (before, _) in base_to_theirs.items():
        if before is None:
            continue
        mine, other = ours.of_base(key, before), theirs.of_base(key, before)
        if key in theirs.moved and mine and mine[1].uuid != before.uuid:
            mine = None  # what is in its place is another table
        if key in ours.moved and other and other[1].uuid != before.uuid:
            puts.append(_Put(*other))
            other = None
        _one(outcome, puts, (key, before), mine, other)
    continued = set(theirs.moved.values())
    for key, (before, after) in base_to_theirs.items():
        if after is not None and key not in continued and (before is None or key in theirs.moved):
            puts.append(_Put(key, after))
    _put(outcome, ours, base_to_theirs, puts)
    return outcome


def _one(outcome: Outcome, puts: list[_Put], base: Held, ours: Held, theirs: Held) -> None:
    """What becomes of one thing that the base has and their side changed."""
    assert base is not None
    if ours is None or theirs is None:
        if ours == base:
            outcome.changes[base[0]] = None
        elif not (ours is None and theirs is None) and theirs != base:
            outcome.clash(ours[0] if ours else base[0], base, ours, theirs, "deleted")
        return
    name, content = three(base[0], ours[0], theirs[0]), three(base[1], ours[1], theirs[1])
    if name is None:
        outcome.clash(ours[0], base, ours, theirs, "renamed")
        return
    key = ours[0] if name == "ours" else theirs[0]
    if content is None:
        outcome.clash(key, base, ours, theirs, "changed")
        return
    entry = ours[1] if content == "ours" else theirs[1]
    if key != ours[0]:
        outcome.changes[ours[0]] = None
        puts.append(_Put(key, entry, base, ours))
    elif entry != ours[1]:
        outcome.changes[key] = entry


def _put(outcome: Outcome, ours: _Side, base_to_theirs: Difference, puts: list[_Put]) -> None:
    """Put things under keys that are new to them, where nothing of ours is there or what is there leaves."""
    waiting = list(puts)
    while True:
        blocked = []
        for put in waiting:
            before = base_to_theirs[put.key][0] if put.key in base_to_theirs else None
            there = ours.at(put.key, before)
            if there in (None, put.entry) or outcome.changes.get(put.key, there) is None:
                continue
            blocked.append((put, there))
        if not blocked:
            break
        for put, there in blocked:
            waiting.remove(put)
            if put.ours:  # it stays where it is: a conflict leaves our side as it was
                del outcome.changes[put.ours[0]]
            assert there is not None
            same = put.base is None and put.key.kind == "table" and there.uuid == put.entry.uuid
            outcome.clash(put.key, put.base, (put.key, there), (put.key, put.entry), "changed" if same else "added")
            if put.ours:
                outcome.clashes[put.key] = replace(outcome.clashes[put.key], frees=put.ours[0])
    for put in waiting:
        before = base_to_theirs[put.key][0] if put.key in base_to_theirs else None
        if put.key in outcome.changes or ours.at(put.key, before) != put.entry:
            outcome.changes[put.key] = put.entry


def merge_crossed(sides: Sequence[tuple[Difference, Difference]]) -> Outcome:
    """The same against several common ancestors: what all of them agree in, and what is left to the contents."""
    outcomes = [merge(ours, theirs) for ours, theirs in sides]
    if len(outcomes) == 1:
        return outcomes[0]
    found = Outcome()
    for key in sorted({key for one in outcomes for key in (*one.changes, *one.clashes)}):
        clashes = [one.clashes.get(key) for one in outcomes]
        mine = _now(key, [(ours, theirs) for ours, theirs in sides])
        results = [one.changes.get(key, mine) for one in outcomes]
        if not any(clashes) and len(set(results)) == 1:
            if results[0] != mine:
                found.changes[key] = results[0]
            continue
        other = _now(key, [(theirs, ours) for ours, theirs in sides])
        bases = [_base(key, ours, theirs, mine) for ours, theirs in sides]
        found.clashes[key] = _crossed(key, clashes, bases, mine, other)
    return found


def _now(key: Key, sides: Sequence[tuple[Difference, Difference]]) -> Entry | None:
    """What the first of each pair leads to under a key; where it never differs from the base, what that has."""
    for own, _ in sides:
        if key in own:
            return own[key][1]
    return next((other[key][0] for _, other in sides if key in other), None)


def _base(key: Key, ours: Difference, theirs: Difference, mine: Entry | None) -> Held:
    """What a base has under a key."""
    found = ours[key][0] if key in ours else theirs[key][0] if key in theirs else mine
    return (key, found) if found else None


def _crossed(
    key: Key, clashes: Sequence[Clash | None], bases: Sequence[Held], mine: Entry | None, other: Entry | None
) -> Clash:
    told = next((one for one in clashes if one and one.why != "changed"), None)
    if told:
        return replace(told, bases=tuple(bases))
    held, theirs = (key, mine) if mine else None, (key, other) if other else None
    whole = held and theirs and all(bases)
    return Clash(key, tuple(bases), held, theirs, "changed" if whole else "crossed")
