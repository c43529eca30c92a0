"""Anything that people may do to a lake, in any order, beside plain dictionaries; after each step, what never changes.

The invariants carry the names of the properties that models of git for data state: Acyclic, CommitImmutability,
ParentImmutability, BranchPointerFrame, RevertRestoresSnapshot, NoSilentOverwrite, MainNeverHalfWritten,
MainCleanFromFailedRuns, PipelineWriteAtomicityAcrossRevert.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from conftest import run_sql
from support.lakes import at, put, shown, table
from understudy.errors import CheckFailed, Error, InputError
from understudy.interfaces import Result
from understudy.lake import Lake, Moved
from understudy.lake.conflicts import Conflicts
from understudy.lake.history import merge_bases, restore, revert
from understudy.lake.merge import merge
from understudy.lake.nouns import Commit
from understudy.lake.store import fsck
from understudy.lake.transaction import KEEP, Transaction, expire, transaction

Held = dict[str, int]
PLAIN = st.sampled_from(["orders", "users", "rates"])
PAIR = ("debit", "credit")  # a pipeline writes both, or neither
PICK = st.sampled_from(range(24))  # any as often as another; an integer would mostly be small, which is main


@dataclass
class Model:
    """What a lake holds, as plain dictionaries."""

    held: dict[str, Held] = field(default_factory=dict)
    parents: dict[str, tuple[str, ...]] = field(default_factory=dict)
    tainted: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)
    """Commits inside transactions: no state that a pipeline meant to show."""
    refs: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)

    def add(self, made: str, held: Held, *parents: str) -> None:
        self.held[made] = held
        self.parents[made] = parents

    def ancestors(self, commit: str) -> set[str]:
        found: set[str] = set()
        waiting = [commit]
        while waiting:
            if (one := waiting.pop()) not in found:
                found.add(one)
                waiting += self.parents[one]
        return found

    def chain(self, commit: str) -> list[str]:
        """A commit and its first parents, latest first."""
        found = [commit]
        while self.parents[found[-1]]:
            found.append(self.parents[found[-1]][0])
        return found

    def bases(self, one: str, other: str) -> list[str]:
        common = self.ancestors(one) & self.ancestors(other)
        return sorted(x for x in common if not any(x != y and x in self.ancestors(y) for y in common))

    def merged(self, ours: str, theirs: str) -> Held | None:
        """What a merge makes of two commits; None where it is a conflict."""
        results = [_three(self.held[base], self.held[ours], self.held[theirs]) for base in self.bases(ours, theirs)]
        if any(one is None for one in results) or any(one != results[0] for one in results):
            return None
        return results[0]


def _three(base: Held, ours: Held, theirs: Held) -> Held | None:
    result: Held = {}
    for name in base.keys() | ours.keys() | theirs.keys():
        before, mine, other = base.get(name), ours.get(name), theirs.get(name)
        if mine not in (before, other) and other != before:
            return None
        if (value := other if mine == before else mine) is not None:
            result[name] = value
    return result


class Lakes(RuleBasedStateMachine):
    """One lake and its model."""

    opened: Callable[[], Lake]

    @initialize()
    def start(self) -> None:
        self.lake = self.opened()
        self.model = Model()
        self.numbers = 0
        self.seen: dict[str, Commit] = {}
        self.refs_before: dict[str, str] = {}
        self.may_move: set[str] | None = None
        first = self.lake.head("main")
        self.model.add(first.hash, {})
        self.model.refs, self.model.kinds = {"main": first.hash}, {"main": "branch"}
        self.whole = {first.hash}
        self.something_of_everything()

    def something_of_everything(self) -> None:
        """Two branches that conflict, one that does not, a run, and one that failed: so short walks meet them, too."""
        self.committed("main", "orders", 1)
        self.committed("main", "users", 1)
        for name in ("b-clashing", "b-other"):
            self.made("branch", name, "main", 0)
        self.committed("b-clashing", "orders", 2)
        self.committed("b-other", "rates", 2)
        self.committed("main", "orders", 3)
        self.ran("main", None, False)
        self.failed("b-other", 2, True)

    def teardown(self) -> None:
        if hasattr(self, "lake"):
            assert fsck(self.lake.store) == []
            self.lake.close()

    # What is drawn

    def ref(self, pick: int, *kinds: str) -> str:
        """One of the references of some kinds; main is always one."""
        names = sorted(name for name, kind in self.model.kinds.items() if kind in kinds)
        return names[pick % len(names)]

    def new(self, word: str) -> str:
        self.numbers += 1
        return f"{word}{self.numbers}"

    def moves(self, *names: str) -> None:
        self.may_move = (self.may_move or set()) | set(names)

    def came(self, branch: str, made: str, held: Held, *parents: str) -> None:
        """A branch has come to a new commit."""
        self.moves(branch)
        old = self.model.refs[branch]
        if made != old:
            assert held != self.model.held[old] or len(parents) > 1
            self.model.add(made, held, *(parents or (old,)))
            if any(one in self.model.tainted for one in self.model.parents[made]):
                self.model.tainted.add(made)
        self.model.refs[branch] = made
        self.whole.add(made)

    def clean(self, text: str) -> bool:
        return self.model.refs[text] not in self.model.tainted

    # What people do

    @rule(pick=PICK, name=PLAIN, value=st.one_of(st.none(), st.integers(1, 4)))
    def commit(self, pick: int, name: str, value: int | None) -> None:
        self.committed(self.ref(pick, "branch"), name, value)

    def committed(self, branch: str, name: str, value: int | None) -> None:
        held = {**self.model.held[self.model.refs[branch]], name: value}
        made = put(self.lake, branch, **{name: value})
        self.came(branch, made, {one: number for one, number in held.items() if number is not None})

    @rule(pick=PICK, back=st.integers(1, 3), name=PLAIN, value=st.integers(1, 4))
    def commit_from_an_older_state(self, pick: int, back: int, name: str, value: int) -> None:
        """NoSilentOverwrite: what others did meanwhile is kept, or the commit is refused."""
        branch = self.ref(pick, "branch")
        chain = self.model.chain(self.model.refs[branch])
        base, head = chain[min(back, len(chain) - 1)], chain[0]
        changes = {table(name): at(value, name)}
        if self.model.held[base].get(name) != self.model.held[head].get(name):
            with pytest.raises(Moved):
                self.lake.commit(branch, changes, base=base, message="late")
            return
        made = self.lake.commit(branch, changes, base=base, message="late").hash
        self.came(branch, made, self.model.held[head] | {name: value})

    @rule(pick=PICK, back=st.integers(0, 2), kind=st.sampled_from(["branch", "tag"]))
    def make(self, pick: int, back: int, kind: str) -> None:
        self.made(kind, self.new(kind[0]), self.ref(pick, "branch", "tag", "transaction"), back)

    def made(self, kind: str, name: str, source: str, back: int) -> None:
        chain = self.model.chain(self.model.refs[source])
        at_ = chain[min(back, len(chain) - 1)]
        text = f"{source}~{chain.index(at_)}"
        if at_ in self.model.tainted:
            with pytest.raises(InputError, match="its checks have not passed"):
                getattr(self.lake, kind)(name, text)
            return
        getattr(self.lake, kind)(name, text)
        self.moves(name)
        self.model.refs[name], self.model.kinds[name] = at_, kind

    @precondition(lambda self: len(self.model.refs) > 4)
    @rule(pick=PICK)
    def drop(self, pick: int) -> None:
        name = self.ref(pick, "branch", "tag", "transaction")
        if name == "main":
            with pytest.raises(InputError, match="protected"):
                self.lake.drop(name)
            return
        self.lake.drop(name, force=True)
        self.moves(name)
        del self.model.refs[name], self.model.kinds[name]

    @rule(pick=PICK, to=PICK)
    def reset(self, pick: int, to: int) -> None:
        branch, target = self.ref(pick, "branch"), self.ref(to, "branch", "tag", "transaction")
        if branch == "main" or not self.clean(target):
            with pytest.raises(InputError):
                self.lake.reset(branch, target)
            return
        self.lake.reset(branch, target)
        self.moves(branch)
        self.model.refs[branch] = self.model.refs[target]

    @rule(pick=PICK, to=PICK)
    def merge(self, pick: int, to: int) -> None:
        source, into = self.ref(pick, "branch", "tag", "transaction"), self.ref(to, "branch")
        theirs, ours = self.model.refs[source], self.model.refs[into]
        assert merge_bases(self.lake.store, ours, theirs) == self.model.bases(ours, theirs)
        held = self.model.merged(ours, theirs)
        if not self.clean(source):
            with pytest.raises(InputError, match="its checks have not passed"):
                merge(self.lake, source, into, level="table")
            return
        if held is None:
            with pytest.raises(Conflicts):
                merge(self.lake, source, into, level="table")
            return
        done = merge(self.lake, source, into, level="table")
        if theirs in self.model.ancestors(ours):
            assert (done.result, done.commit.hash) == ("nothing to do", ours)
        elif ours in self.model.ancestors(theirs) and into != "main":
            assert (done.result, done.commit.hash) == ("fast-forward", theirs)
            self.moves(into)
            self.model.refs[into] = theirs
        else:
            assert done.commit.parents == (ours, theirs)
            self.came(into, done.commit.hash, held, ours, theirs)

    @rule(pick=PICK, back=st.integers(0, 3))
    def revert(self, pick: int, back: int) -> None:
        """RevertRestoresSnapshot: what a commit changed is again what it was before, all of it; nothing else is."""
        branch = self.ref(pick, "branch")
        head = self.model.refs[branch]
        chain = [one for one in self.model.chain(head) if one not in self.model.steps]
        undone = chain[min(back, len(chain) - 1)]
        if not self.model.parents[undone]:
            with pytest.raises(InputError, match="first commit"):
                revert(self.lake, branch, f"@{undone}")
            return
        was, is_, now = (self.model.held[one] for one in (self.model.parents[undone][0], undone, head))
        keys = {name for name in was.keys() | is_.keys() if was.get(name) != is_.get(name)}
        moved = any(now.get(name) != is_.get(name) for name in keys)
        tainted = self.model.parents[undone][0] in self.model.tainted and self.clean(branch)
        if moved or tainted or not keys:
            with pytest.raises(InputError):
                revert(self.lake, branch, f"@{undone}")
            return
        made = revert(self.lake, branch, f"@{undone}")
        held = {name: number for name, number in now.items() if name not in keys}
        held |= {name: was[name] for name in keys if name in was}
        self.came(branch, made.hash, held)
        if undone == head:
            assert made.tree == self.lake.store.commit(self.model.parents[undone][0]).tree

    @rule(pick=PICK, source=PICK)
    def restore(self, pick: int, source: int) -> None:
        branch, text = self.ref(pick, "branch"), self.ref(source, "branch", "tag", "transaction")
        if self.clean(branch) and not self.clean(text):
            with pytest.raises(InputError, match="its checks have not passed"):
                restore(self.lake, branch, text)
            return
        made = restore(self.lake, branch, text)
        self.came(branch, made.hash, dict(self.model.held[self.model.refs[text]]))

    # Runs of pipelines

    def written(self, tx: Transaction, name: str, number: int) -> None:
        """One step of a transaction."""
        old = self.model.refs[tx.name]
        made = put(self.lake, tx.name, **{name: number})
        if made != old:
            self.model.add(made, {**self.model.held[old], name: number}, old)
            self.model.steps.add(made)
            self.model.tainted.add(made)
        self.model.refs[tx.name] = made

    @rule(pick=PICK, other=st.one_of(st.none(), PLAIN), both=st.booleans())
    def run(self, pick: int, other: str | None, both: bool) -> None:
        """A run that succeeds, while somebody else may commit to the same branch."""
        self.ran(self.ref(pick, "branch"), other, both)

    def ran(self, into: str, other: str | None, both: bool) -> None:
        number = int(self.new("0"))
        self.moves(into)
        if not self.clean(into):
            with pytest.raises(InputError, match="its checks have not passed"), transaction(self.lake, into=into):
                pass
            return
        with transaction(self.lake, into=into, message=f"run {number}", checks=[self.balanced]) as tx:
            self.model.refs[tx.name] = tx.base
            for name in PAIR:
                self.written(tx, name, number)
                assert shown(self.lake, into) == self.model.held[self.model.refs[into]]
            if other is not None:
                held = self.model.held[self.model.refs[into]] | {other: number}
                self.came(into, put(self.lake, into, **{other: number}), held)
                if both:
                    self.written(tx, {"orders": "users", "users": "rates", "rates": "orders"}[other], number)
        self.published(into, tx)

    def published(self, into: str, tx: Transaction) -> None:
        """What became of a transaction: one commit, whose second parent is its last step."""
        assert tx.commit is not None
        ours, theirs = self.model.refs[into], self.model.refs.pop(tx.name)
        last = tx.commit.parents[1]
        held = self.model.merged(ours, theirs)
        assert held is not None
        if last != theirs:  # what others did was merged into it first
            self.model.add(last, held, theirs, ours)
            self.model.steps.add(last)
        self.model.tainted -= self.model.ancestors(last) - self.model.ancestors(ours)
        assert tx.commit.parents[0] == ours
        self.came(into, tx.commit.hash, held, ours, last)

    @rule(pick=PICK, steps=st.integers(1, 2), unchecked=st.booleans())
    def failing_run(self, pick: int, steps: int, unchecked: bool) -> None:
        """A run that breaks off, or whose result does not pass; its numbers are negative."""
        self.failed(self.ref(pick, "branch"), steps, unchecked)

    def failed(self, into: str, steps: int, unchecked: bool) -> None:
        number = -int(self.new("0"))
        if not self.clean(into):
            return
        with pytest.raises((ZeroDivisionError, CheckFailed)):
            self.broken_run(into, number, steps, unchecked)

    def broken_run(self, into: str, number: int, steps: int, unchecked: bool) -> None:
        with transaction(self.lake, into=into, checks=[self.balanced]) as tx:
            self.moves(tx.name)
            self.model.refs[tx.name], self.model.kinds[tx.name] = tx.base, "transaction"
            for name in PAIR[:steps]:
                self.written(tx, name, number)
            if not unchecked:
                raise ZeroDivisionError

    def balanced(self, lake: Lake, ref: str) -> list[Result]:
        held = shown(lake, ref)
        good = held.get("debit") == held.get("credit") and min(held.values(), default=0) >= 0
        return [Result("balanced", ref, "pass" if good else "fail")]

    @precondition(lambda self: "transaction" in self.model.kinds.values())
    @rule(pick=PICK)
    def fork_a_failed_run(self, pick: int) -> None:
        """Somebody else goes on from what failed, and says so."""
        source, name = self.ref(pick, "transaction"), self.new("rescue")
        with pytest.raises(InputError, match="its checks have not passed"):
            self.lake.branch(name, source)
        self.lake.branch(name, source, from_aborted=True)
        self.moves(name)
        self.model.refs[name], self.model.kinds[name] = self.model.refs[source], "branch"

    @rule(pick=PICK, name=st.sampled_from(PAIR))
    def revert_one_table_of_a_run(self, pick: int, name: str) -> None:
        """PipelineWriteAtomicityAcrossRevert: one table out of a run is not undone alone, nor one of its steps."""
        branch = self.ref(pick, "branch")
        for commit in list(self.lake.log(branch, message="run ", limit=1)):
            with pytest.raises(Error):
                revert(self.lake, branch, f"@{commit.hash}", tables=[table(name).table_name])
            if len(commit.parents) == 2:
                with pytest.raises(InputError):
                    revert(self.lake, branch, f"@{self.model.parents[commit.parents[1]][0]}")

    @rule()
    def time_passes(self) -> None:
        for name in expire(self.lake, now=time.time() + 2 * KEEP):
            self.moves(name)
            del self.model.refs[name], self.model.kinds[name]

    # What never changes

    @invariant()
    def the_lake_is_what_the_dictionaries_say(self) -> None:
        if not hasattr(self, "lake"):
            return
        assert {ref.name: ref.hash for ref in self.lake.refs()} == self.model.refs
        for name, commit in self.model.refs.items():
            assert shown(self.lake, name) == self.model.held[commit]
            assert (self.lake.head(name).status != "published") == (commit in self.model.tainted)

    @invariant()
    def acyclic_commit_immutability_parent_immutability(self) -> None:
        if not hasattr(self, "lake"):
            return
        now = {one.hash: replace(one, status="published") for one in self.lake.store.all_commits()}
        for name, commit in now.items():
            assert all(now[parent].generation < commit.generation for parent in commit.parents)
            assert self.model.parents.get(name, commit.parents) == commit.parents
        assert self.seen.items() <= now.items()
        self.seen = now

    @invariant()
    def branch_pointer_frame(self) -> None:
        """What was done to one branch has moved no other."""
        if not hasattr(self, "lake"):
            return
        now = {ref.name: ref.hash for ref in self.lake.refs()}
        moved = {name for name in now.keys() | self.refs_before.keys() if now.get(name) != self.refs_before.get(name)}
        assert self.may_move is None or moved <= self.may_move | {"main"} - self.refs_before.keys()
        self.refs_before, self.may_move = now, set()

    @invariant()
    def main_never_half_written(self) -> None:
        """Nothing that main ever showed, and nothing along its commits, is a step on the way to something."""
        if not hasattr(self, "lake"):
            return
        ever = {line.new for line in self.lake.reflog("main", limit=10**6)}
        along = set(self.model.chain(self.model.refs["main"]))
        assert ever <= self.whole
        assert not (ever | along) & self.model.steps
        for held in (self.model.held[one] for one in along):
            assert held.get("debit") == held.get("credit")

    @invariant()
    def main_clean_from_failed_runs(self) -> None:
        if not hasattr(self, "lake"):
            return
        for name, commit in self.model.refs.items():
            if self.clean(name):
                assert min(self.model.held[commit].values(), default=0) >= 0
                assert self.model.held[commit].get("debit") == self.model.held[commit].get("credit")
        assert self.clean("main")


def explore(opened: Callable[[], Lake], examples: int) -> None:
    class Opened(Lakes):
        pass

    Opened.opened = staticmethod(opened)
    run_state_machine_as_test(
        Opened,
        settings=settings(
            max_examples=examples,
            stateful_step_count=30,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )


def test_anything_done_in_any_order_keeps_what_was_promised_in_sqlite(tmp_path):
    explore(lambda: Lake.open(Path(tempfile.mkdtemp(dir=tmp_path)) / "lake", create=True), examples=20)


def test_anything_done_in_any_order_keeps_what_was_promised_in_postgresql(tmp_path, database):
    url = database()

    def opened() -> Lake:
        run_sql(url, "DROP SCHEMA IF EXISTS understudy_lake CASCADE")
        return Lake.open(Path(tempfile.mkdtemp(dir=tmp_path)) / "lake", catalog=url, create=True)

    explore(opened, examples=6)
