"""What a lake remembers: nodes, commits, references and what became of them, in SQLite or PostgreSQL.

Nodes and commits never change and are named by their content; a reference moves only inside a transaction
that has read where it stands.  So a commit is either wholly there or not at all, and no two are lost to
each other.
"""

from __future__ import annotations

import json
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import lru_cache
from typing import Any, Protocol

from understudy.errors import Error, InputError
from understudy.lake import tree
from understudy.lake.nouns import Commit, Key, Logged, Ref, Status

_DDL = (
    "CREATE TABLE IF NOT EXISTS setting (name text PRIMARY KEY, value text NOT NULL)",
    "CREATE TABLE IF NOT EXISTS node (hash text PRIMARY KEY, data BLOB_TYPE NOT NULL)",
    """CREATE TABLE IF NOT EXISTS commit_ (hash text PRIMARY KEY, tree text NOT NULL, parents text NOT NULL,
    generation bigint NOT NULL, time double precision NOT NULL, author text NOT NULL, message text NOT NULL,
    changed BLOB_TYPE NOT NULL, meta text NOT NULL, status text NOT NULL, files integer NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS commit_tree ON commit_ (tree)",
    """CREATE TABLE IF NOT EXISTS ref (name text PRIMARY KEY, kind text NOT NULL, hash text NOT NULL,
    protected integer NOT NULL, expires double precision, meta text NOT NULL)""",
    """CREATE TABLE IF NOT EXISTS reflog (id COUNTER, ref text NOT NULL, old text, new text,
    time double precision NOT NULL, author text NOT NULL, why text NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS reflog_ref ON reflog (ref, id)",
    "CREATE TABLE IF NOT EXISTS collected (location text PRIMARY KEY)",
    """CREATE TABLE IF NOT EXISTS verdict (tree text NOT NULL, name text NOT NULL, passed integer NOT NULL,
    time double precision NOT NULL, PRIMARY KEY (tree, name))""",
)
_COMMIT = "hash, tree, parents, generation, time, author, message, changed, meta, status, files"
_REF = "name, kind, hash, protected, expires, meta"
_LARGE = 2_000  # bytes of keys that are parsed once, and not each time their commit is read
_CACHED = 20_000  # parsed nodes: at most some 100 MB


class Database(Protocol):
    """Where the tables are: see ``sqlite`` and ``postgres``; placeholders are question marks."""

    @property
    def url(self) -> str: ...  # noqa: D102

    def create(self, ddl: Sequence[str]) -> None: ...  # noqa: D102
    def exists(self) -> bool: ...  # noqa: D102
    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]: ...  # noqa: D102
    def among(self, sql: str, names: Collection[str]) -> list[tuple[Any, ...]]: ...  # noqa: D102
    def writing(self) -> Any: ...  # noqa: D102
    def lock(self) -> str: ...  # noqa: D102
    def close(self) -> None: ...  # noqa: D102


class Store:
    """Reads nodes, commits and references; ``writing`` changes them."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._nodes: OrderedDict[str, tree.Node] = OrderedDict()  # parsed; says nothing of what is stored
        self._guard = threading.Lock()
        self._own = threading.local()

    def create(self) -> None:
        """Make the tables where they are not there yet."""
        self.database.create(_DDL)

    def nodes(self, names: Collection[str]) -> dict[str, tree.Node]:
        """Nodes of trees by their hashes."""
        found: dict[str, tree.Node] = {}
        with self._guard:
            for name in names:
                if (node := self._nodes.get(name)) is not None:
                    self._nodes.move_to_end(name)
                    found[name] = node
        missing = {name for name in names if name not in found}
        read = {name: tree.decode(data) for name, data in self.data(missing).items()}
        self.remember(read)
        return found | read

    def remember(self, nodes: Mapping[str, tree.Node]) -> None:
        """Keep parsed nodes at hand; which of them are stored is not asked here."""
        with self._guard:
            self._nodes.update(nodes)
            while len(self._nodes) > _CACHED:
                self._nodes.popitem(last=False)

    def data(self, names: Collection[str]) -> dict[str, bytes]:
        """What is stored under some hashes; an Error where one is missing, which no crash may cause."""
        found = self.stored(names)
        if missing := [name for name in names if name not in found]:
            raise InputError(f"the lake holds nothing under {missing[0]!r}", hint="is it another lake's?")
        return found

    def stored(self, names: Collection[str]) -> dict[str, bytes]:
        """What is stored under some hashes, those that are missing left out."""
        if not names:
            return {}
        rows = self.database.among("SELECT hash, data FROM node WHERE hash IN (NAMES)", names)
        found = {name: zlib.decompress(data) for name, data in rows}
        if tree.EMPTY in names:
            found[tree.EMPTY] = tree.EMPTY_DATA
        return found

    def commits(self, names: Collection[str]) -> dict[str, Commit]:
        """Commits by their hashes."""
        rows = self.database.among(f"SELECT {_COMMIT} FROM commit_ WHERE hash IN (NAMES)", names)
        return {row[0]: _commit(row) for row in rows}

    def commit(self, name: str) -> Commit:
        """The commit of that hash."""
        found = self.commits([name])
        if name not in found:
            raise InputError(f"the lake has no commit {name!r}")
        return found[name]

    def starting(self, prefix: str, limit: int = 10) -> list[str]:
        """The hashes of commits that start like this."""
        rows = self.database.rows(
            "SELECT hash FROM commit_ WHERE hash >= ? AND hash < ? ORDER BY hash LIMIT ?", [prefix, prefix + "g", limit]
        )
        return [name for (name,) in rows]

    def all_commits(self) -> list[Commit]:
        """Every commit there is, oldest first."""
        return [_commit(row) for row in self.database.rows(f"SELECT {_COMMIT} FROM commit_ ORDER BY generation, hash")]

    def with_tree(self, name: str) -> list[Commit]:
        """The commits that hold exactly this."""
        return [_commit(row) for row in self.database.rows(f"SELECT {_COMMIT} FROM commit_ WHERE tree = ?", [name])]

    def ref(self, name: str) -> Ref | None:
        """The reference of that name."""
        rows = self.database.rows(f"SELECT {_REF} FROM ref WHERE name = ?", [name])
        return _ref(rows[0]) if rows else None

    def refs(self) -> list[Ref]:
        """All references by name."""
        return [_ref(row) for row in self.database.rows(f"SELECT {_REF} FROM ref ORDER BY name")]

    def reflog(self, ref: str = "", limit: int = 100) -> list[Logged]:
        """Where references pointed, latest first: of one, or of all, deleted ones included."""
        where, values = ("WHERE ref = ?", [ref]) if ref else ("", [])
        sql = f"SELECT ref, old, new, time, author, why FROM reflog {where} ORDER BY id DESC LIMIT {int(limit)}"
        return [Logged(*row) for row in self.database.rows(sql, values)]

    def pointed_at(self, since: float) -> set[str]:
        """The commits that references have pointed at since a moment, as far as they moved since."""
        rows = self.database.rows("SELECT old, new FROM reflog WHERE time >= ?", [since])
        return {name for row in rows for name in row if name}

    def collected(self, locations: Collection[str]) -> set[str]:
        """Those of some tables' metadata that are gone, or are about to be."""
        rows = self.database.among("SELECT location FROM collected WHERE location IN (NAMES)", locations)
        return {location for (location,) in rows}

    def at(self, ref: str, moment: float) -> str | None:
        """Where a reference pointed at a moment; None where it did not exist."""
        rows = self.database.rows(
            "SELECT new FROM reflog WHERE ref = ? AND time <= ? ORDER BY id DESC LIMIT 1", [ref, moment]
        )
        return rows[0][0] if rows else None

    def settings(self) -> dict[str, str]:
        """What the lake was told of itself."""
        return dict(self.database.rows("SELECT name, value FROM setting"))

    def verdicts(self, tree_name: str) -> dict[str, bool]:
        """Which checks a tree has passed, and which it has not; checks it was not asked are left out."""
        rows = self.database.rows("SELECT name, passed FROM verdict WHERE tree = ?", [tree_name])
        return {name: bool(passed) for name, passed in rows}

    @contextmanager
    def writing(self) -> Iterator[Writing]:
        """One transaction: all that is done in it is there at its end, or nothing is.

        One inside another of the same thread is a part of it.
        """
        if (outer := getattr(self._own, "writing", None)) is not None:
            yield outer
            return
        with self.database.writing() as execute:
            self._own.writing = Writing(execute, self.database.lock())
            try:
                yield self._own.writing
            finally:
                self._own.writing = None


class Writing:
    """What may be done inside a transaction."""

    def __init__(self, execute: Any, lock: str) -> None:
        self._execute, self._lock = execute, lock

    def ref(self, name: str) -> Ref | None:
        """The reference of that name, which nobody else moves until the transaction ends."""
        rows = self._execute(f"SELECT {_REF} FROM ref WHERE name = ?{self._lock}", [name])
        return _ref(rows[0]) if rows else None

    def put_nodes(self, made: Mapping[str, bytes]) -> None:
        """Keep nodes; those that are there already stay."""
        rows = [(name, zlib.compress(data, 1)) for name, data in sorted(made.items())]
        self._execute.many("INSERT INTO node (hash, data) VALUES (?, ?) ON CONFLICT DO NOTHING", rows)

    def put_commit(self, one: Commit) -> None:
        """Keep a commit; one that is there already stays."""
        changed = json.dumps([[key.kind, key.namespace, key.name] for key in one.changed], ensure_ascii=False)
        values = [
            *(one.hash, one.tree, json.dumps(one.parents), one.generation, one.time, one.author, one.message),
            *(zlib.compress(changed.encode(), 1), json.dumps(dict(one.meta), ensure_ascii=False)),
            *(one.status, int(one.files)),
        ]
        marks = ", ".join("?" * len(values))
        self._execute(f"INSERT INTO commit_ ({_COMMIT}) VALUES ({marks}) ON CONFLICT DO NOTHING", values)

    def put_ref(self, ref: Ref, *, old: str | None, author: str, why: str) -> None:
        """Make a reference (``old`` is None), or move it, and log that: the compare-and-swap.

        Raises an Error where it is not at ``old`` any more, or where somebody else has made it.
        """
        values = [ref.name, ref.kind, ref.hash, int(ref.protected), ref.expires, json.dumps(dict(ref.meta))]
        if old is None:
            done = self._execute.count(
                f"INSERT INTO ref ({_REF}) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING", values
            )
        else:
            done = self._execute.count(
                """UPDATE ref SET name = ?, kind = ?, hash = ?, protected = ?, expires = ?, meta = ?
                WHERE name = ? AND hash = ?""",
                [*values, ref.name, old],
            )
        if not done:
            raise Error(f"{ref.name!r} was {'moved' if old else 'made'} by somebody else just now", hint="try again")
        self._log(ref.name, old, ref.hash, author, why)

    def drop_ref(self, ref: Ref, *, author: str, why: str) -> None:
        """Take a reference away; the log still tells where it pointed."""
        self._execute("DELETE FROM ref WHERE name = ?", [ref.name])
        self._log(ref.name, ref.hash, None, author, why)

    def mark(self, commits: Collection[str], *, status: Status) -> None:
        """Say of commits whether they are published, pending or aborted."""
        for name in commits:
            self._execute("UPDATE commit_ SET status = ? WHERE hash = ?", [status, name])

    def stop(self) -> None:
        """Keep all references where they are until the transaction ends."""
        self._execute(f"SELECT name FROM ref ORDER BY name{self._lock}")

    def has_files(self, commit: str) -> bool:
        """Whether a commit's files are there, and stay until the transaction ends."""
        shared = self._lock.replace("UPDATE", "SHARE")  # for many may branch off one commit at once
        return bool(self._execute(f"SELECT files FROM commit_ WHERE hash = ?{shared}", [commit])[0][0])

    def mark_collected(self, commits: Collection[str], *, files: bool = False) -> None:
        """Say of commits that their files are gone, or that they are there after all."""
        self._execute.many("UPDATE commit_ SET files = ? WHERE hash = ?", [(int(files), name) for name in commits])

    def put_collected(self, locations: Collection[str]) -> None:
        """Say of tables' metadata that they are about to be deleted, so that no commit may name them again."""
        self._execute.many(
            "INSERT INTO collected (location) VALUES (?) ON CONFLICT DO NOTHING", [(one,) for one in sorted(locations)]
        )

    def set(self, name: str, value: str) -> None:
        """Remember a setting."""
        self._execute(
            "INSERT INTO setting (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            [name, value],
        )

    def unset(self, name: str) -> bool:
        """Forget a setting; whether there was one."""
        return bool(self._execute.count("DELETE FROM setting WHERE name = ?", [name]))

    def put_verdicts(self, tree_name: str, verdicts: Mapping[str, bool]) -> None:
        """Remember by check whether a tree passed; the latest answer counts."""
        for name, passed in sorted(verdicts.items()):
            self._execute(
                """INSERT INTO verdict (tree, name, passed, time) VALUES (?, ?, ?, ?)
                ON CONFLICT (tree, name) DO UPDATE SET passed = excluded.passed, time = excluded.time""",
                [tree_name, name, int(passed), time.time()],
            )

    def _log(self, ref: str, old: str | None, new: str | None, author: str, why: str) -> None:
        self._execute(
            "INSERT INTO reflog (ref, old, new, time, author, why) VALUES (?, ?, ?, ?, ?, ?)",
            [ref, old, new, time.time(), author, why],
        )


def named(one: Commit) -> Commit:
    """The commit with its hash, which is that of everything but its status."""
    said = [one.tree, one.parents, one.generation, one.time, one.author, one.message, dict(one.meta)]
    return replace(one, hash=tree.name_of(json.dumps(said, sort_keys=True, ensure_ascii=False).encode()))


def fsck(store: Store) -> list[str]:
    """What is wrong with a store, one sentence each: every reference, commit and node is read, its hash made anew."""
    commits = {one.hash: one for one in store.all_commits()}
    wrong = [
        f"{ref.name!r} points at {ref.hash}, which is no commit" for ref in store.refs() if ref.hash not in commits
    ]
    for line in store.reflog(limit=10**9):
        wrong += [
            f"the reflog of {line.ref!r} names {name}" for name in (line.old, line.new) if name and name not in commits
        ]
    for one in commits.values():
        wrong += [
            f"{one.short} was made from {name}, which is no commit" for name in one.parents if name not in commits
        ]
        if named(one).hash != one.hash:
            wrong.append(f"{one.short} is not what its hash says")
        if one.generation != 1 + max((commits[name].generation for name in one.parents if name in commits), default=-1):
            wrong.append(f"{one.short} is of the wrong generation")
    wrong += _wrong_nodes(store, {one.tree for one in commits.values()})
    if not wrong:
        get = store.nodes
        for one in commits.values():
            before = commits[one.parents[0]].tree if one.parents else tree.EMPTY
            if set(one.changed) != set(tree.difference(get, before, one.tree)):
                wrong.append(f"{one.short} did not change what it says")
    return wrong


def _wrong_nodes(store: Store, roots: set[str]) -> list[str]:
    """Nodes that are missing or are not what their hashes say, from some trees downwards, documents included."""
    wrong: list[str] = []
    seen: set[str] = set()
    level, documents = roots, set[str]()
    while level:
        stored = store.stored(level)
        wrong += [f"the node {name} is missing" for name in level if name not in stored]
        wrong += [f"the node {name} is not what its hash says" for name in stored if tree.name_of(stored[name]) != name]
        seen |= level
        level = set()
        for node in map(tree.decode, stored.values()):
            if isinstance(node, tree.Leaf):
                documents |= {one.location for key, one in node.entries.items() if key.kind != "table" and one.location}
            else:
                level |= {child[0] for child in node.children if child}
        level -= seen
    kept = store.stored(documents)
    wrong += [f"the document {name} is missing" for name in documents if name not in kept]
    return wrong + [
        f"the document {name} is not what its hash says" for name in kept if tree.name_of(kept[name]) != name
    ]


def _commit(row: tuple[Any, ...]) -> Commit:
    changed = (_keys if len(row[7]) < _LARGE else _many_keys)(bytes(row[7]))
    parents, meta = tuple(json.loads(row[2])), json.loads(row[8])
    hash_, tree_, _, generation, moment, author, message = row[:7]
    return Commit(hash_, tree_, parents, generation, moment, author, message, changed, meta, row[9], bool(row[10]))


def _keys(data: bytes) -> tuple[Key, ...]:
    return tuple(Key(*key) for key in json.loads(zlib.decompress(data)))


_many_keys = lru_cache(maxsize=16)(_keys)  # the commit that brought thousands of tables is what all branches start from


def _ref(row: tuple[Any, ...]) -> Ref:
    return Ref(row[0], row[1], row[2], bool(row[3]), row[4], json.loads(row[5]))
