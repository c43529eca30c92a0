"""Which commits keep their files: heads and tags always, others as a policy says; history itself is kept for ever."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

from understudy.lake import tree
from understudy.lake.nouns import Commit, Key, Ref
from understudy.lake.store import Store

_DAY = 86_400.0


@dataclass(frozen=True)
class Policy:
    """How much of a branch's history can be read: the commits of so many days, and the last so many, if older."""

    keep_days: float = 30.0
    keep_last: int = 10


Policies = Mapping[str, Policy]
"""By pattern of the branch's name, ``release/*``; the first that fits counts, and ``Policy()`` where none does."""


@dataclass(frozen=True)
class Retained:
    """What a policy comes to at one moment."""

    live: frozenset[str]
    """Commits whose files stay."""
    bases: frozenset[str]
    """Others that references may yet be merged against: their metadata and manifests stay."""
    expired: frozenset[str]
    """All but the live ones, as far as they are not marked yet."""
    trees: Mapping[str, str]
    """The tree of every commit."""


def retained(store: Store, policies: Policies, *, reflog_days: float, now: float) -> Retained:
    """Which commits keep their files by a policy, by what references point at or did lately."""
    refs = store.refs()  # first, so that every commit they point at is among those read next
    commits = {commit.hash: commit for commit in store.all_commits()}
    live = {ref.hash for ref in refs} | (store.pointed_at(now - reflog_days * _DAY) & commits.keys())
    by_policy: dict[Policy, list[str]] = {}
    for ref in refs:
        if ref.kind == "branch":
            by_policy.setdefault(_policy(policies, ref.name), []).append(ref.hash)
        elif ref.kind == "transaction":
            live |= _ancestors(commits, [ref.hash], lambda commit: commit.status != "published")
    for policy, heads in by_policy.items():
        live |= _ancestors(commits, heads, _younger(now - policy.keep_days * _DAY))
        for head in heads:
            live |= _last(commits, head, policy.keep_last)
    bases = _merge_bases(commits, refs) - live
    expired = {name for name, commit in commits.items() if commit.files and name not in live}
    return Retained(
        frozenset(live), frozenset(bases), frozenset(expired), {name: one.tree for name, one in commits.items()}
    )


def _policy(policies: Policies, branch: str) -> Policy:
    return next((policy for pattern, policy in policies.items() if fnmatchcase(branch, pattern)), Policy())


def _younger(limit: float) -> Callable[[Commit], bool]:
    return lambda commit: commit.time >= limit


def _ancestors(commits: Mapping[str, Commit], heads: Iterable[str], keep: Callable[[Commit], bool]) -> set[str]:
    """Commits and those they were made from, as far back as all on the way are kept."""
    found: set[str] = set()
    waiting = list(heads)
    while waiting:
        name = waiting.pop()
        if name not in found and keep(commits[name]):
            found.add(name)
            waiting += commits[name].parents
    return found


def _last(commits: Mapping[str, Commit], head: str, count: int) -> set[str]:
    """The last commits of a branch itself, along first parents."""
    found: set[str] = set()
    name: str | None = head
    while name is not None and len(found) < count:
        found.add(name)
        name = next(iter(commits[name].parents), None)
    return found


def _merge_bases(commits: Mapping[str, Commit], refs: Collection[Ref]) -> set[str]:
    """The best common ancestors of any two references, and a few commits more that may be one.

    A commit is none if everything that reaches it does so through one commit made from it, for that is younger.
    """
    heads: dict[str, int] = {}
    for number, ref in enumerate(refs):
        heads[ref.hash] = heads.get(ref.hash, 0) | 1 << number
    reach = dict(heads)
    through: dict[str, list[int]] = {}
    found = set()
    for commit in sorted(commits.values(), key=lambda one: one.generation, reverse=True):
        mine = reach.get(commit.hash, 0)
        if mine.bit_count() > 1 and mine not in through.get(commit.hash, []):
            found.add(commit.hash)
        for parent in commit.parents:
            reach[parent] = reach.get(parent, 0) | mine
            through.setdefault(parent, []).append(mine)
    return found


def locations(store: Store, roots: Iterable[str]) -> set[str]:
    """The metadata of all tables in some trees; what trees share is read once."""
    found: set[str] = set()
    seen: set[str] = set()
    level = set(roots)
    while level:
        seen |= level
        following: set[str] = set()
        for node in store.nodes(level).values():
            if isinstance(node, tree.Leaf):
                found |= {entry.location for key, entry in node.entries.items() if _is_table(key)}
            else:
                following |= {child[0] for child in node.children if child}
        level = following - seen
    return found


def _is_table(key: Key) -> bool:
    return key.kind == "table"
