"""What happened in a lake: common ancestors, blame, bisect; and going back: revert, restore."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass

from understudy.errors import Error, InputError, unknown
from understudy.lake import tree
from understudy.lake.command import run
from understudy.lake.lake import TRANSACTION, Lake, refuse_tainted
from understudy.lake.nouns import Changes, Commit, Entry, Key
from understudy.lake.store import Store
from understudy.schema import TableName

Verdict = Callable[[Commit], bool | None]
"""Whether a state is good; None where nobody can tell."""


def merge_bases(store: Store, one: str, other: str) -> list[str]:
    """The best common ancestors of two commits: those that are not ancestors of another; several in a criss-cross."""
    sides: dict[str, set[str]] = {}
    for side, name in (("one", one), ("other", other)):
        sides.setdefault(name, set()).add(side)
    found: list[str] = []
    for commit in _downwards(store, sides):
        reached = sides[commit.hash]
        if reached >= {"one", "other"} and "older" not in reached:
            found.append(commit.hash)
            reached = reached | {"older"}
        for parent in commit.parents:
            sides.setdefault(parent, set()).update(reached)
    return sorted(found)


def _downwards(store: Store, sides: dict[str, set[str]]) -> Iterator[Commit]:
    """Commits and their ancestors, children first, until only ancestors of common ones are left."""
    waiting = store.commits(sides)
    while any("older" not in sides[name] for name in waiting):
        generation = max(commit.generation for commit in waiting.values())
        level = [commit for commit in waiting.values() if commit.generation == generation]
        for commit in level:
            del waiting[commit.hash]
            yield commit
        waiting |= store.commits({parent for commit in level for parent in commit.parents} - waiting.keys())


def between(store: Store, old: str, new: str) -> list[Commit]:
    """The commits that led to one state and not to another, oldest first: git's ``old..new``."""
    sides = {new: {"new"}}
    sides.setdefault(old, set()).add("older")
    found = []
    for commit in _downwards(store, sides):
        if "older" not in sides[commit.hash]:
            found.append(commit)
        for parent in commit.parents:
            sides.setdefault(parent, set()).update(sides[commit.hash])
    return found[::-1]


def blame(lake: Lake, text: str = "") -> dict[TableName, Commit]:
    """For every table of a state, the commit that made it what it is; merges are looked through."""
    start = lake.head(text)
    held = {key: entry for key, entry in lake.entries(f"@{start.hash}").items() if key.kind == "table"}
    waiting, wanted = {start.hash: start}, {start.hash: set(held)}
    found: dict[TableName, Commit] = {}
    while waiting:
        commit = max(waiting.values(), key=lambda one: one.generation)
        del waiting[commit.hash]
        for parent, keys in _inherited(lake.store, commit, wanted.pop(commit.hash), held).items():
            if parent == commit.hash:
                found |= {key.table_name: commit for key in keys}
            else:
                wanted.setdefault(parent, set()).update(keys)
        waiting |= lake.store.commits([name for name in wanted if name not in waiting])
    return dict(sorted(found.items(), key=lambda pair: (pair[0].namespace, pair[0].name)))


def _inherited(store: Store, commit: Commit, keys: set[Key], held: dict[Key, Entry]) -> dict[str, set[Key]]:
    """From which parent a commit has its entries; those it has from none are under its own hash."""
    left = keys & set(commit.changed) if commit.parents else keys
    found: dict[str, set[Key]] = {}
    if keys - left:
        found[commit.parents[0]] = keys - left
    for parent in commit.parents[1:]:
        there = tree.find(store.nodes, store.commit(parent).tree, left)
        if same := {key for key in left if there.get(key) == held[key]}:
            found.setdefault(parent, set()).update(same)
            left = left - same
    if left:
        found[commit.hash] = left
    return found


def revert(
    lake: Lake, branch: str, text: str, *, tables: Collection[TableName] = (), partial: bool = False, message: str = ""
) -> Commit:
    """Undo one commit on a branch, as a new commit; what was done since stays.

    All that the commit changed goes back together: an InputError names what has moved since.  ``tables``
    undoes only those; where the commit (or its transaction) changed others too, that makes a state
    which nothing ever wrote, so it needs ``partial``.
    """
    undone, head = lake.head(text), lake.head(lake.resolve(branch).writable())
    if not undone.parents:
        raise InputError(f"{text!r} is the first commit: there is nothing before it")
    before = lake.store.commit(undone.parents[0])
    _refuse_as_source(before, head)
    if not partial:
        _refuse_step(lake, branch, undone)
    keys = _to_undo(undone, tables, partial=partial)
    was, is_, now = (tree.find(lake.store.nodes, one.tree, keys) for one in (before, undone, head))
    if all(now.get(key) == was.get(key) for key in keys):
        raise InputError(f"{branch!r} already is as it was before {undone.short}")
    if moved := sorted(str(key) for key in keys if now.get(key) != is_.get(key)):
        raise InputError(
            f"{', '.join(moved)} changed on {branch!r} since {undone.short}, so that commit is not undone",
            hint=f"`understudy restore @{before.short} TABLE` takes a table back and drops what came since",
        )
    return lake.commit(
        branch,
        {key: was.get(key) for key in keys},
        base=head.hash,
        message=message or f"revert {undone.short}: {undone.message}",
        meta={"revert": undone.hash},
        why=f"revert of {undone.short}",
    )


def _to_undo(undone: Commit, tables: Collection[TableName], *, partial: bool) -> list[Key]:
    """The keys that go back: all, or those of some tables."""
    if not tables:
        return list(undone.changed)
    wanted = [Key.table(name) for name in tables]
    if missing := [key for key in wanted if key not in undone.changed]:
        raise unknown(f"in {undone.short}, a change of", str(missing[0]), [str(key) for key in undone.changed])
    others = sorted(str(key) for key in undone.changed if key.kind == "table" and key not in wanted)
    if others and not partial:
        raise InputError(
            f"{undone.short} changed {', '.join(others)} too; undone in part, the tables no longer fit together",
            hint="leave out the table to undo all of it, or say `--partial`",
        )
    return wanted if others else list(undone.changed)


def _refuse_step(lake: Lake, branch: str, undone: Commit) -> None:
    """Raise an InputError for one step of a transaction that was published with others."""
    name = undone.meta.get(TRANSACTION)
    if name is None:
        return
    whole = next((one for one in lake.log(branch) if one.meta.get(TRANSACTION) == name), undone)
    if whole.hash != undone.hash:
        raise InputError(
            f"{undone.short} is one step of {name}; undone alone, the tables no longer fit together",
            hint=f"`understudy revert @{whole.short}` undoes it whole; `--partial` only this step",
        )


def restore(lake: Lake, branch: str, text: str, tables: Collection[TableName] = (), *, message: str = "") -> Commit:
    """Make tables on a branch what they are in another state, as a new commit; everything, where none are named."""
    source, head = lake.head(text), lake.head(lake.resolve(branch).writable())
    _refuse_as_source(source, head)
    if not tables:
        differing = tree.difference(lake.store.nodes, head.tree, source.tree)
        changes: Changes = {key: after for key, (_, after) in differing.items()}
    else:
        there = {Key.table(name): lake.entry(f"@{source.hash}", name) for name in tables}
        spaces = {Key("namespace", key.namespace) for key in there}
        kept = tree.find(lake.store.nodes, head.tree, spaces)
        old = tree.find(lake.store.nodes, source.tree, spaces)
        changes = {key: entry for key, entry in old.items() if key not in kept} | there
    named = ", ".join(map(str, tables)) or "everything"
    return lake.commit(
        branch,
        changes,
        base=head.hash,
        message=message or f"restore {named} from {text}",
        meta={"restore": source.hash},
        why=f"restore from {text}",
    )


def _refuse_as_source(source: Commit, head: Commit) -> None:
    """Raise an InputError where content cannot be taken from a commit: its files are gone, or checks never passed."""
    if not source.files:
        raise InputError(f"the files of {source.short} were collected", hint="`understudy log` shows what is left")
    if head.status == "published":
        refuse_tainted(source, f"@{source.short}")


@dataclass(frozen=True, slots=True)
class Bisected:
    """The first bad commit, and what was asked to find it."""

    commit: Commit
    steps: tuple[tuple[Commit, bool | None], ...]


def bisect(lake: Lake, good: str, bad: str, verdict: Verdict) -> Bisected:
    """The commit after which a state turned bad, found in as few questions as halving needs, merges included.

    A commit that nobody can tell of is skipped; an Error lists the candidates where that leaves several.
    """
    first, last = lake.head(good), lake.head(bad)
    left = {one.hash: one for one in between(lake.store, first.hash, last.hash)}
    if not left or first.hash not in {parent for one in left.values() for parent in one.parents}:
        raise InputError(f"{good!r} is not before {bad!r}", hint="name a state before, and one after it")
    steps: list[tuple[Commit, bool | None]] = []
    skipped: set[str] = set()
    while len(left) > 1:
        commit, ancestors = _halving(left, skipped | {last.hash})
        if commit is None:
            listed = ", ".join(f"@{name[:12]}" for name in left)
            raise Error(f"the first bad commit is one of {listed}, and no other can be told good from bad")
        answer = verdict(commit) if commit.files else None
        steps.append((commit, answer))
        if answer is None:
            skipped.add(commit.hash)
        elif answer:
            left = {name: one for name, one in left.items() if name not in ancestors}
        else:
            left, last = {name: one for name, one in left.items() if name in ancestors}, commit
    return Bisected(last, tuple(steps))


def _halving(left: dict[str, Commit], skipped: set[str]) -> tuple[Commit | None, set[str]]:
    """The commit whose verdict leaves the fewest either way, and those of its ancestors that are in question."""
    names = list(left)  # oldest first
    bits = {name: 1 << number for number, name in enumerate(names)}
    reached: dict[str, int] = {}
    for name in names:
        reached[name] = bits[name]
        for parent in left[name].parents:
            reached[name] |= reached.get(parent, 0)
    asked = [name for name in names if name not in skipped]
    if not asked:
        return None, set()
    best = max(asked, key=lambda name: min(reached[name].bit_count(), len(names) - reached[name].bit_count()))
    return left[best], {name for name in names if reached[best] & bits[name]}


def bisect_command(lake: Lake, good: str, bad: str, argv: Sequence[str]) -> Bisected:
    """The first commit for which a command fails, as git does it: 0 is good, 125 cannot tell, 128 and more stops.

    The command finds the state to look at in UNDERSTUDY_REF (and LAKE_REF), and the lake in UNDERSTUDY_LAKE.
    """

    def verdict(commit: Commit) -> bool | None:
        code = run(lake, f"@{commit.hash}", argv)
        if code < 0 or code >= 128:
            raise Error(f"{argv[0]!r} broke off at @{commit.short} with exit status {code}")
        return None if code == 125 else code == 0

    return bisect(lake, good, bad, verdict)
