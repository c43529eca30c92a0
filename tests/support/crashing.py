"""Stores that break off at any point of what is done to them: the statement before, after, the swap, its end."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from support.lakes import at, put, table
from understudy.lake import Lake, postgres, sqlite  # noqa: F401  # loaded once, for all processes
from understudy.lake.history import restore, revert
from understudy.lake.lake import node
from understudy.lake.merge import merge
from understudy.lake.nouns import Entry, Key
from understudy.lake.transaction import KEEP, abort, publish


class Crash(BaseException):
    """What a test breaks off with."""


def raising() -> None:
    """Break off as a program does that meets an error it did not expect."""
    raise Crash


def killed() -> None:
    """Break off as a process does that is killed, or whose machine stops."""
    os.kill(os.getpid(), signal.SIGKILL)


class Counting:
    """A transaction's statements, each with a point before it."""

    def __init__(self, execute: Any, point: Callable[[str], None]) -> None:
        self._execute, self._point = execute, point

    def __call__(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        self._point(sql)
        found: list[tuple[Any, ...]] = self._execute(sql, values)
        return found

    def count(self, sql: str, values: Sequence[Any]) -> int:
        self._point(sql)
        done: int = self._execute.count(sql, values)
        return done

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        for row in rows:  # one by one: a kill may come between two nodes
            self._point(sql)
            self._execute.many(sql, [row])


class Crashing:
    """Makes a lake break off at the point of that number; ``passed`` are the points that it went through."""

    def __init__(self, lake: Lake, number: int, how: Callable[[], None]) -> None:
        self.passed: list[str] = []
        self._number, self._how = number, how
        database: Any = lake.store.database
        self._writing = database.writing
        database.writing = self.writing

    def point(self, name: str) -> None:
        if len(self.passed) == self._number:
            self._how()
        self.passed.append(name)

    @contextmanager
    def writing(self) -> Iterator[Counting]:
        with self._writing() as execute:
            yield Counting(execute, self.point)
            self.point("before the swap")
        self.point("after the swap")


def prepare(lake: Lake) -> None:
    """Something of everything: branches, a tag, a transaction with two steps, one that failed."""
    lake.commit("main", {table(f"n{one % 3}.t{one}"): at(one) for one in range(60)}, message="many")
    put(lake, orders=1, users=1)
    lake.branch("dev", "main")
    put(lake, "dev", orders=2)
    put(lake, rates=1)
    lake.tag("v1", "main")
    for name in ("tx/one", "tx/two"):
        lake.make_ref(
            name, "transaction", "main", expires=time.time() + KEEP, meta={"into": "main", "message": "m", "meta": {}}
        )
        put(lake, name, **{"shop.a": 1})
        put(lake, name, **{"shop.b": 1})


def _document(lake: Lake) -> None:
    name, made = node({"note": 1})
    changes = {table("n1.t1"): None, table("n2.t2"): at(7)} | {Key("document", "", "dataset"): Entry("", name)}
    lake.commit("main", changes, nodes=made, message="with a document")


OPERATIONS: dict[str, Callable[[Lake], object]] = {
    "publish": lambda lake: publish(lake, "tx/one"),
    "abort": lambda lake: abort(lake, "tx/two"),
    "commit": _document,
    "branch": lambda lake: lake.branch("new", "dev"),
    "merge": lambda lake: merge(lake, "dev", "main"),
    "revert": lambda lake: revert(lake, "main", "main"),
    "restore": lambda lake: restore(lake, "main", "main~3"),
    "protect": lambda lake: lake.protect("new"),
    "reset": lambda lake: lake.reset("dev", "v1"),
    "drop": lambda lake: lake.drop("dev"),
}
"""Each is one swap, and is done after those above it."""


def state(lake: Lake) -> tuple[object, ...]:
    """All that a lake remembers, but for when."""
    rows = lake.store.database.rows
    return (
        tuple((ref.name, ref.kind, ref.hash, ref.protected) for ref in lake.refs()),
        tuple((one.hash, one.status) for one in lake.store.all_commits()),
        len(lake.reflog(limit=10**6)),
        rows("SELECT count(*) FROM node")[0][0],
    )


def kill_at_every_point(location: str, catalog: str) -> None:
    """Do all operations, each again and again in a process that is killed one point later, until one is not."""
    for name, operation in OPERATIONS.items():
        number, done = 0, False
        while not done:
            child = os.fork()
            if child == 0:
                lake = Lake.open(location, catalog=catalog)
                Crashing(lake, number, killed)
                operation(lake)
                os._exit(0)
            ended = os.waitpid(child, 0)[1]
            done = not os.WIFSIGNALED(ended)
            print(name, "done" if ended == 0 else "killed" if not done else "broken", flush=True)
            sys.stdin.readline()  # until what is left was looked at
            number += 1


if __name__ == "__main__":
    kill_at_every_point(*sys.argv[1:])
