"""A lake: every state of many tables as a commit, with branches and tags that cost one row each."""

from __future__ import annotations

import getpass
import json
import os
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from understudy.connections import redact
from understudy.errors import Error, InputError, unknown
from understudy.lake import names, tree
from understudy.lake.nouns import MAIN, Changes, Commit, Entry, Key, Logged, Place, Ref, RefKind, Status
from understudy.lake.store import Database, Store, Writing, named
from understudy.schema import TableName

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.io import FileIO

    from understudy.lake.catalog import LakeCatalog
    from understudy.lake.diff import Diff
    from understudy.lake.merge import Merge
    from understudy.lake.transaction import Transaction

USUAL = "./.understudy"
"""Where the lake is if nobody says otherwise."""
TRANSACTION = "transaction"
"""What a commit's meta holds where a transaction made it: the transaction's name."""

_FORMAT = "1"
_STORE = "lake.db"
_HEAD = "HEAD"
_COLLECTED = "`understudy log` shows what is left; `understudy gc` keeps as much as its policy says"


class Moved(Error):
    """Somebody else changed the same tables meanwhile; nothing was written."""

    def __init__(self, branch: str, keys: Collection[Key]) -> None:
        listed = ", ".join(sorted(map(str, keys))[:5]) + (", ..." if len(keys) > 5 else "")
        super().__init__(f"{branch!r} has moved: {listed} changed meanwhile", hint="start over from its new head")
        self.keys = frozenset(keys)


class Lake:
    """Opened with ``Lake.open``; all that is written goes through ``commit``."""

    def __init__(self, store: Store, location: str, settings: Mapping[str, str]) -> None:
        self.store = store
        self.location = location
        """The folder or s3:// prefix, as given."""
        self.warehouse = settings["warehouse"]
        """Where tables are: an absolute path or s3:// prefix without a slash at its end."""
        self.id = settings["id"]
        self.author = _user()

    @classmethod
    def open(cls, location: str | Path, *, catalog: str = "", create: bool = False) -> Lake:
        """The lake in a folder or under an s3:// prefix; ``catalog`` is the URL of its store if not in that folder.

        With ``create`` a new one is made where there is none; else an InputError says so.
        """
        place = str(location)
        store = Store(_database(place, catalog))
        try:
            return cls(store, place, _opened(store, place, create=create))
        except BaseException:
            store.database.close()
            raise

    def close(self) -> None:
        """Close what this thread has open; a lake that is used again opens itself."""
        self.store.database.close()

    @classmethod
    def usual(cls, location: str = "", *, catalog: str = "", create: bool = False) -> Lake:
        """The lake at a place; where none is said, the one in UNDERSTUDY_LAKE, else in ``./.understudy``.

        UNDERSTUDY_CATALOG is the URL of its store, where that is not said and not in its folder.
        """
        place = location or os.environ.get("UNDERSTUDY_LAKE", "") or USUAL
        return cls.open(place, catalog=catalog or os.environ.get("UNDERSTUDY_CATALOG", ""), create=create)

    @cached_property
    def io(self) -> FileIO:
        """Reads and writes the files of tables."""
        from understudy.lake import files

        return files.open_io(self.warehouse, {})

    # Reading

    def resolve(self, text: str = "") -> Place:
        """Where a reference leads; the current branch where none is given."""
        return names.resolve(self.store, text or self.current())

    def head(self, text: str = "") -> Commit:
        """The commit a reference leads to."""
        return self.store.commit(self.resolve(text).hash)

    def entries(self, text: str = "", namespace: str | None = None) -> dict[Key, Entry]:
        """All that a state holds, or what one namespace of it does."""
        return tree.entries(self.store.nodes, self._readable(text).tree, namespace)

    def tables(self, text: str = "") -> dict[TableName, Entry]:
        """The tables of a state."""
        return {key.table_name: entry for key, entry in self.entries(text).items() if key.kind == "table"}

    def find(self, text: str, keys: Collection[Key]) -> dict[Key, Entry]:
        """The entries of some keys; those that hold nothing are left out."""
        return tree.find(self.store.nodes, self._readable(text).tree, keys)

    def _readable(self, text: str) -> Commit:
        """The commit a reference leads to, whose tables can be read."""
        commit = self.head(text)
        if not commit.files:
            raise _collected(commit)
        return commit

    def entry(self, text: str, table: TableName) -> Entry:
        """The entry of a table; an InputError, with a close match, where there is none."""
        key = Key.table(table)
        found = self.find(text, [key])
        if key not in found:
            raise unknown("table", str(table), map(str, self.tables(text)))
        return found[key]

    def refs(self, kind: RefKind | None = None) -> list[Ref]:
        """Branches, tags and transactions by name."""
        return [ref for ref in self.store.refs() if kind in (None, ref.kind)]

    def log(
        self,
        text: str = "",
        *,
        table: TableName | None = None,
        author: str = "",
        run: str = "",
        message: str = "",
        limit: int | None = None,
    ) -> Iterator[Commit]:
        """The commits that led to a state, latest first: those that changed a table, and those that say this.

        Of author and message a part is enough, in any case of letters; of a run the beginning of its id.
        """
        wanted = Key.table(table) if table else None
        found = (
            commit
            for commit in self._history(self.resolve(text).hash)
            if (wanted is None or wanted in commit.changed)
            and author.casefold() in commit.author.casefold()
            and message.casefold() in commit.message.casefold()
            and str(commit.meta.get("run", "")).startswith(run)
        )
        return islice(found, limit)

    def _history(self, start: str) -> Iterator[Commit]:
        """All ancestors, each after everything that was made from it."""
        waiting = {start: self.store.commit(start)}
        while waiting:
            latest = max(waiting.values(), key=lambda one: (one.generation, one.time, one.hash))
            del waiting[latest.hash]
            yield latest
            waiting |= self.store.commits([name for name in latest.parents if name not in waiting])

    def reflog(self, ref: str = "", *, limit: int = 100) -> list[Logged]:
        """Where references pointed, latest first."""
        return self.store.reflog(ref, limit)

    # Writing

    def commit(
        self,
        branch: str,
        changes: Changes,
        *,
        message: str,
        base: str | None = None,
        reads: Collection[Key] = (),
        others: tuple[str, ...] = (),
        meta: Mapping[str, Any] | None = None,
        nodes: Mapping[str, bytes] | None = None,
        why: str = "commit",
        always: bool = False,
        alone: bool = False,
    ) -> Commit:
        """Put entries on a branch in one step; the commit it is at afterwards.

        ``base`` is the commit the changes were made from: what others put on the branch since stays, and
        Moved is raised where they changed the same keys, or any of ``reads``.  ``others`` are further
        parents (a merge's); ``nodes`` documents to keep; a commit that changes nothing is not made unless
        ``always``; with ``alone``, Moved is raised whatever the others changed.
        """
        with self.store.writing() as writing:
            ref = self._branch(writing, branch)
            head = self.store.commit(ref.hash)
            if alone and base != head.hash:
                raise Moved(branch, tree.difference(self.store.nodes, self.store.commit(base or "").tree, head.tree))
            changes = self._since(ref, head, base, changes, reads)
            self._refuse_collected(changes)
            root, made = tree.changed(self.store.nodes, head.tree, changes)
            if root == head.tree and not others and not always:
                return head
            parents = (head.hash, *others)
            known = {head.hash: head} | self.store.commits(others)
            before = tree.find(self.store.nodes, head.tree, changes)
            changed = tuple(sorted(key for key, entry in changes.items() if before.get(key) != entry))
            commit = named(
                Commit(
                    hash="",
                    tree=root,
                    parents=parents,
                    generation=1 + max(one.generation for one in known.values()),
                    time=max(time.time(), head.time),  # a clock that was set back makes no child older than its parent
                    author=self.author,
                    message=message,
                    changed=changed,
                    meta=_meta(ref, meta),
                    status=_status(ref, known.values()),
                )
            )
            writing.put_nodes({**made, **(nodes or {})})
            writing.put_commit(commit)
            writing.put_ref(replace(ref, hash=commit.hash), old=head.hash, author=self.author, why=why)
        self.store.remember({name: tree.decode(data) for name, data in made.items()})
        return commit

    def _branch(self, writing: Writing, name: str) -> Ref:
        """A branch that stays where it is until the transaction ends."""
        ref = writing.ref(name)
        if ref is None:
            raise unknown("branch", name, [one.name for one in self.store.refs() if one.kind != "tag"])
        if ref.kind == "tag":
            raise InputError(f"{name!r} is a tag, and tags stay", hint=f"`understudy branch NAME --from {name}`")
        return ref

    def _since(self, ref: Ref, head: Commit, base: str | None, changes: Changes, reads: Collection[Key]) -> Changes:
        """The changes, if nothing they stand on has changed between their base and the head."""
        if base in (None, head.hash):
            return changes
        assert base is not None
        stands_on = {*changes, *reads}
        before = tree.find(self.store.nodes, self.store.commit(base).tree, stands_on)
        now = tree.find(self.store.nodes, head.tree, stands_on)
        if moved := [key for key in stands_on if before.get(key) != now.get(key)]:
            raise Moved(ref.name, moved)
        return changes

    def _refuse_collected(self, changes: Changes) -> None:
        """An InputError where an entry was taken from a commit whose files were collected since."""
        named = {entry.location: key for key, entry in changes.items() if entry and key.kind == "table"}
        for location in self.store.collected(named.keys()):
            raise InputError(f"the files of {named[location]} as it was then were collected", hint=_COLLECTED)

    def make_ref(
        self,
        name: str,
        kind: RefKind,
        at: str = "",
        *,
        expires: float | None = None,
        meta: Mapping[str, Any] | None = None,
        protected: bool = False,
        from_aborted: bool = False,
    ) -> Ref:
        """A new branch, tag or transaction; an InputError where the name is taken or the commit is tainted."""
        place = self.resolve(at)
        commit = self.store.commit(place.hash)
        if not from_aborted:
            refuse_tainted(commit, place.text)
        ref = Ref(names.check_name(name), kind, place.hash, protected, expires, meta or {})
        with self.store.writing() as writing:
            if (there := writing.ref(name)) is not None:
                raise InputError(f"there is a {there.kind} {name!r} already", hint="choose another name")
            if not writing.has_files(place.hash):
                raise _collected(commit)
            writing.put_ref(ref, old=None, author=self.author, why=f"{kind} from {place.text}")
        return ref

    def branch(self, name: str, at: str = "", *, from_aborted: bool = False) -> Ref:
        """A new branch: one row, however much the lake holds."""
        return self.make_ref(name, "branch", at, from_aborted=from_aborted)

    def tag(self, name: str, at: str = "", *, meta: Mapping[str, Any] | None = None) -> Ref:
        """A new tag: a name that stays."""
        return self.make_ref(name, "tag", at, meta=meta)

    def drop(self, name: str, *, force: bool = False) -> Ref:
        """Delete a branch, tag or transaction; its commits stay, and the reflog says where it was."""
        with self.store.writing() as writing:
            ref = writing.ref(name)
            if ref is None:
                raise unknown("branch or tag", name, [one.name for one in self.store.refs()])
            if ref.protected or name == MAIN:
                hint = "every lake keeps it" if name == MAIN else f"`understudy branch {name} --unprotect` first"
                raise InputError(f"{name!r} is protected", hint=hint)
            if ref.kind == "tag" and not force:
                raise InputError(f"{name!r} is a tag, and tags stay", hint="`--force` deletes it all the same")
            writing.drop_ref(ref, author=self.author, why=f"deleted the {ref.kind}")
        return ref

    def reset(self, branch: str, to: str, *, why: str = "") -> Ref:
        """Move a branch to another commit; what it pointed at stays in the reflog.  Refused on protected ones."""
        target = self.resolve(to)
        commit = self.store.commit(target.hash)
        refuse_tainted(commit, to)
        with self.store.writing() as writing:
            ref = self._branch(writing, branch)
            if not writing.has_files(commit.hash):
                raise _collected(commit)
            if ref.protected:
                raise InputError(
                    f"{branch!r} is protected, so it is not reset", hint="`understudy revert` undoes a commit"
                )
            moved = replace(ref, hash=target.hash)
            writing.put_ref(moved, old=ref.hash, author=self.author, why=why or f"reset to {to}")
        return moved

    def protect(self, branch: str, *, protected: bool = True) -> Ref:
        """Whether a branch may be reset or deleted, and takes fast-forward merges."""
        with self.store.writing() as writing:
            ref = replace(self._branch(writing, branch), protected=protected)
            writing.put_ref(ref, old=ref.hash, author=self.author, why="protected" if protected else "unprotected")
        return ref

    def mark(self, commits: Collection[str], status: Status) -> None:
        """Say of commits whether they are published, pending or aborted."""
        with self.store.writing() as writing:
            writing.mark(commits, status=status)

    # What stands on this, by its shortest name

    def diff(self, a: str, b: str) -> Diff:
        """What differs between two states; ``diff.diff``."""
        from understudy.lake.diff import diff

        return diff(self, a, b)

    def merge(self, source: str, into: str = "", **how: Any) -> Merge:
        """Bring what a state has into a branch, the current one by default; ``merge.merge`` says how."""
        from understudy.lake.merge import merge

        return merge(self, source, into or self.current(), **how)

    def sql(self, question: str, refs: Mapping[str, str] | str = "") -> pa.RecordBatchReader:
        """The rows of a SELECT over states of the lake; ``sql.query``."""
        from understudy.lake.sql import query

        return query(self, question, refs)

    def transaction(self, **how: Any) -> AbstractContextManager[Transaction]:
        """A branch to write on, published at the end of the block if checks pass; ``transaction.transaction``."""
        from understudy.lake.transaction import transaction

        return transaction(self, **how)

    def catalog(self, ref: str = "") -> LakeCatalog:
        """A state as a PyIceberg catalog, whose tables are read, appended to and so on with PyIceberg itself."""
        from understudy.lake.catalog import LakeCatalog

        return LakeCatalog(self, ref)

    # The current branch

    def current(self) -> str:
        """The branch that verbs work on where none is named."""
        try:
            return (Path(self.location) / _HEAD).read_text().strip() or MAIN
        except OSError:
            return MAIN

    def switch(self, branch: str) -> Place:
        """Make another branch the current one."""
        place = self.resolve(branch)
        place.writable()
        head = Path(self.location) / _HEAD
        if not head.parent.is_dir():
            raise InputError(
                f"{self.location!r} is no folder here, so it has no current branch", hint="say `--ref NAME`"
            )
        beside = head.with_name(f"{_HEAD}.new")
        beside.write_text(branch + "\n")
        beside.replace(head)
        return place


def _collected(commit: Commit) -> InputError:
    return InputError(f"the files of {commit.short} were collected", hint=_COLLECTED)


def refuse_tainted(commit: Commit, text: str) -> None:
    """Raise an InputError for a commit that a transaction wrote and has not published."""
    if commit.status != "published":
        raise InputError(
            f"{text!r} is at {commit.short}, which is {commit.status}: its checks have not passed",
            hint="`--from-aborted` goes on from it, and what comes of it stays marked until checks pass",
        )


def _meta(ref: Ref, meta: Mapping[str, Any] | None) -> dict[str, Any]:
    """What a commit says of itself, with the transaction that it is a step of."""
    return {**(meta or {}), TRANSACTION: ref.name} if ref.kind == "transaction" else dict(meta or {})


def _status(ref: Ref, parents: Collection[Commit]) -> Status:
    """What a transaction writes, and what is made from such commits, is pending until it is published."""
    tainted = any(one.status != "published" for one in parents)
    return "pending" if ref.kind == "transaction" or tainted else "published"


def _user() -> str:
    """Who writes: as UNDERSTUDY_AUTHOR says, else as the system does, which in containers may not know."""
    if told := os.environ.get("UNDERSTUDY_AUTHOR"):
        return told
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "unknown"


def _database(location: str, catalog: str) -> Database:
    from understudy.lake.sqlite import Sqlite

    if catalog.startswith(("postgresql://", "postgres://")):
        from understudy.lake.postgres import Postgres

        return Postgres(catalog)
    if catalog.startswith("sqlite:///"):
        return Sqlite(Path(catalog.removeprefix("sqlite:///")))
    if catalog:
        raise InputError(f"{redact(catalog)!r} is no store of a lake", hint="postgresql://... or sqlite:///PATH")
    if "://" in location:
        raise InputError(f"the lake {location!r} needs a store", hint="`catalog: postgresql://...`, or sqlite:///PATH")
    return Sqlite(Path(location) / _STORE)


def _warehouse(location: str) -> str:
    if "://" in location:
        return location.rstrip("/")
    return str(Path(location).absolute() / "warehouse")


def _opened(store: Store, place: str, *, create: bool) -> dict[str, str]:
    """The settings of a lake, which is made where it may be; an InputError where this is no lake to open."""
    if not store.database.exists():
        if not create:
            raise InputError(f"there is no lake in {place!r}", hint="`understudy lake init` makes one")
        _make(store, place)
    settings = store.settings()
    if "warehouse" not in settings:  # another process makes it right now, or was killed while it did
        _make(store, place)
        settings = store.settings()
    if settings["format"] != _FORMAT:
        raise InputError(f"the lake in {place!r} is of format {settings['format']}, this version reads {_FORMAT}")
    if settings["warehouse"] != _warehouse(place):
        raise InputError(
            f"the store {redact(store.database.url)!r} belongs to the lake in {settings['warehouse']!r}",
            hint="give every lake a database of its own",
        )
    return settings


def _make(store: Store, location: str) -> None:
    """A new lake: the first commit, which holds nothing, and main, which is protected."""
    if "://" not in location:
        try:
            Path(_warehouse(location)).mkdir(parents=True, mode=0o700, exist_ok=True)
        except OSError as error:
            raise InputError(f"the lake {location!r} cannot be made: {error.strerror}") from error
    store.create()
    author = _user()
    first = named(Commit("", tree.EMPTY, (), 0, time.time(), author, "a new lake", (), {"format": _FORMAT}))
    with store.writing() as writing:
        writing.set("format", _FORMAT)  # first: whoever makes the same lake right now waits here
        if writing.ref(MAIN) is not None:
            return
        writing.put_nodes({tree.EMPTY: tree.EMPTY_DATA})
        writing.put_commit(first)
        writing.put_ref(Ref(MAIN, "branch", first.hash, protected=True), old=None, author=author, why="a new lake")
        writing.set("warehouse", _warehouse(location))
        writing.set("id", first.hash[:16])


def node(document: Any) -> tuple[str, dict[str, bytes]]:
    """A document to keep with a commit: its hash, and the node that holds it."""
    data = json.dumps(document, sort_keys=True, ensure_ascii=False).encode()
    name = tree.name_of(data)
    return name, {name: data}
