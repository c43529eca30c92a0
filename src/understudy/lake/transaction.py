"""Write, audit, publish: what is written in a transaction is seen on its branch all at once, or never.

Writes go to a branch of their own.  At the end checks look at it as the target branch would be afterwards, and
one compare-and-swap makes exactly that tree the target's next commit.  Whatever fails leaves the target alone
and the transaction's branch to be looked at, marked, until it expires.
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import PurePath
from typing import Any

from understudy.errors import CheckFailed, Error, InputError, unknown
from understudy.interfaces import Result
from understudy.lake import gates, tree
from understudy.lake.command import LakeCheck, ask, run
from understudy.lake.history import between
from understudy.lake.lake import TRANSACTION, Lake
from understudy.lake.names import is_ancestor
from understudy.lake.nouns import MAIN, Commit, Ref
from understudy.lake.store import named

KEEP = 7 * 86_400.0
"""Seconds for which the branch of a transaction that failed or was killed stays."""

_TRIES = 20


@dataclass
class Transaction:
    """One that is open: write on the branch ``name``; afterwards ``commit`` is what was published."""

    name: str
    into: str
    base: str
    """The commit that it started from."""
    results: list[Result] = field(default_factory=list)
    commit: Commit | None = None


@contextmanager
def transaction(
    lake: Lake,
    *,
    into: str = MAIN,
    message: str = "",
    checks: Collection[LakeCheck] = (),
    meta: Mapping[str, Any] | None = None,
    keep: float = KEEP,
) -> Iterator[Transaction]:
    """A branch ``tx/...`` to write on, published on ``into`` as one commit if the block and the checks succeed.

    Raises CheckFailed where a check does not pass.  A transaction of one commit, with no message and meta
    of its own, is published as that commit.
    """
    expire(lake)
    opened = begin(lake, into=into, message=message, meta=meta, keep=keep)
    try:
        yield opened
        opened.commit = publish(lake, opened.name, checks=checks, results=opened.results)
    except BaseException:
        with suppress(Error):  # what went wrong first is what people need to know
            abort(lake, opened.name)
        raise


def begin(
    lake: Lake, *, into: str = MAIN, message: str = "", meta: Mapping[str, Any] | None = None, keep: float = KEEP
) -> Transaction:
    """Open a transaction without a block: end it with ``publish`` or ``abort``."""
    target = lake.store.ref(into)
    if target is None or target.kind != "branch":
        raise unknown("branch", into, [ref.name for ref in lake.refs("branch")])
    moment = datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
    told = {"into": into, "message": message, "meta": dict(meta or {})}
    made = lake.make_ref(
        f"tx/{moment}-{secrets.token_hex(3)}", "transaction", into, expires=time.time() + keep, meta=told
    )
    return Transaction(made.name, into, made.hash)


def publish(
    lake: Lake, name: str, *, checks: Collection[LakeCheck] = (), results: list[Result] | None = None
) -> Commit:
    """Check a transaction and make it the next commit of its target; ``results`` receives what was found.

    Where the target has moved, it is merged into the transaction first, and what is checked is what comes
    of that: no tree is published that was not the one looked at.
    """
    found = [] if results is None else results
    checked = ""
    for _ in range(_TRIES):
        own, target = _refs(lake, name)
        head, before = lake.store.commit(own.hash), lake.store.commit(target.hash)
        if head.tree == before.tree or is_ancestor(lake.store, own.hash, target.hash):
            lake.drop(name)  # it changes nothing
            return before
        if not is_ancestor(lake.store, target.hash, own.hash):
            _catch_up(lake, target, own)
            continue
        if checked != head.tree:
            found[:] = ask(lake, name, checks)
            _judge(lake, own, head, found)
            checked = head.tree
        gates.require(lake, target.name, head.tree)
        if (commit := _swapped(lake, own, target)) is not None:
            return commit
    raise Error(f"{target.name!r} moves faster than {name!r} is checked", hint="try again when less is written there")


def _refs(lake: Lake, name: str) -> tuple[Ref, Ref]:
    """A transaction and its target, as they are now."""
    own = lake.store.ref(name)
    if own is None or own.kind != "transaction":
        raise unknown("transaction", name, [ref.name for ref in lake.refs("transaction")])
    into = own.meta["into"]
    target = lake.store.ref(into)
    if target is None:
        raise unknown("branch", into, [ref.name for ref in lake.refs("branch")])
    return own, target


def _catch_up(lake: Lake, target: Ref, own: Ref) -> None:
    """Merge what others have put on the target into the transaction; raises where that conflicts."""
    from understudy.lake.merge import merge  # reads files where both sides changed a table: not loaded before

    merge(lake, target.name, own.name)


def _judge(lake: Lake, own: Ref, head: Commit, found: Sequence[Result]) -> None:
    """Remember what checks found of a tree; raises a CheckFailed where one did not pass."""
    if found:
        gates.record(lake, head, found)
    if failed := gates.failed(found):
        raise CheckFailed(
            f"{len(failed)} of {len(found)} checks did not pass: {', '.join(failed[:5])}",
            hint=f"{own.meta['into']!r} is as it was; what was written can be looked at as {own.name!r}",
        )


def _swapped(lake: Lake, own: Ref, target: Ref) -> Commit | None:
    """The compare-and-swap: commit, statuses and both references in one step; None where either has moved."""
    head, before = lake.store.commit(own.hash), lake.store.commit(target.hash)
    steps = between(lake.store, target.hash, own.hash)
    commit = _published(lake, own, steps, head, before)
    with lake.store.writing() as writing:
        now, there = writing.ref(target.name), writing.ref(own.name)
        if now is None or there is None or (now.hash, there.hash) != (target.hash, own.hash):
            return None
        writing.put_commit(commit)
        writing.mark([one.hash for one in steps if one.status != "published"], status="published")
        why = f"transaction {own.name}"
        writing.put_ref(replace(now, hash=commit.hash), old=target.hash, author=lake.author, why=why)
        writing.drop_ref(there, author=lake.author, why=f"published on {target.name}")
    return lake.store.commit(commit.hash)


def _published(lake: Lake, own: Ref, steps: Sequence[Commit], head: Commit, before: Commit) -> Commit:
    """The one commit that a transaction becomes on its target: its only step, or one that holds all of them."""
    message, meta = own.meta["message"], own.meta["meta"]
    if len(steps) == 1 and not message and not meta:
        return head
    return named(
        Commit(
            hash="",
            tree=head.tree,
            parents=(before.hash, head.hash),
            generation=head.generation + 1,
            time=max(time.time(), head.time),
            author=lake.author,
            message=message or head.message,
            changed=tuple(sorted(tree.difference(lake.store.nodes, before.tree, head.tree))),
            meta={**meta, TRANSACTION: own.name},
        )
    )


def abort(lake: Lake, name: str) -> None:
    """Mark what a transaction wrote as aborted; its branch stays to be looked at, until it expires."""
    own = lake.store.ref(name)
    if own is None or own.kind != "transaction":
        return
    target = lake.store.ref(own.meta["into"])
    steps = between(lake.store, target.hash, own.hash) if target else [lake.store.commit(own.hash)]
    with lake.store.writing() as writing:
        if writing.ref(name) == own:  # else it was published just now
            writing.mark([one.hash for one in steps if one.status == "pending"], status="aborted")


def expire(lake: Lake, now: float | None = None) -> list[str]:
    """Remove the branches of transactions whose time is over; their names."""
    limit = time.time() if now is None else now
    over = [ref.name for ref in lake.refs("transaction") if ref.expires is not None and ref.expires <= limit]
    gone = []
    for name in over:
        abort(lake, name)
        with suppress(InputError):  # somebody else was faster
            lake.drop(name)
            gone.append(name)
    return gone


def clear(lake: Lake, text: str, results: Sequence[Result]) -> Commit:
    """Take the mark of a failed transaction from a state that has passed checks now; raises where it has not."""
    commit = lake.head(text)
    if not results:
        raise InputError(f"{text!r} stays marked as {commit.status}: no check was asked", hint="name a check")
    gates.record(lake, commit, results)
    if failed := gates.failed(results):
        raise CheckFailed(f"{text!r} stays marked as {commit.status}: {', '.join(failed[:5])} did not pass")
    lake.mark([commit.hash], "published")
    return lake.store.commit(commit.hash)


def run_command(
    lake: Lake,
    into: str,
    argv: Sequence[str],
    *,
    checks: Collection[LakeCheck] = (),
    message: str = "",
    keep: float = KEEP,
) -> Transaction:
    """Run a command in a transaction: it finds the branch to write on in UNDERSTUDY_REF (``command.environment``).

    ``command.by_command`` makes a check of another one.  Raises CheckFailed, and publishes nothing, where the
    command does not end with 0.
    """
    told = message or f"run {PurePath(argv[0]).name}"  # arguments may hold passwords
    with transaction(lake, into=into, message=told, checks=checks, keep=keep) as opened:
        code = run(lake, opened.name, argv)
        if code:
            how = f"ended with exit status {code}" if code > 0 else f"was ended by signal {-code}"
            raise CheckFailed(
                f"{argv[0]!r} {how}, so nothing was published",
                hint=f"what it wrote can be looked at as {opened.name!r}",
            )
    return opened
