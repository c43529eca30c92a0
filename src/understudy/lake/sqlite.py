"""The store of a lake in one SQLite file: durable at every commit, one writer at a time, any number of readers."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

from understudy.errors import Error, InputError
from understudy.lake.perthread import PerThread

_PATIENCE = 60.0  # seconds that a writer waits for the others
_NETWORKED = frozenset(
    "nfs nfs3 nfs4 cifs smb3 smbfs afs ceph glusterfs lustre beegfs gpfs fuse.sshfs fuse.s3fs fuse.rclone".split()
)


class Sqlite:
    """One file, opened once per thread and process."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self._connections = PerThread(partial(_connect, self.path))

    @property
    def url(self) -> str:
        """``sqlite:///PATH``."""
        return f"sqlite:///{self.path}"

    def create(self, ddl: Sequence[str]) -> None:
        """Make the tables."""
        with self.writing() as execute:
            for statement in ddl:
                execute(statement.replace("BLOB_TYPE", "BLOB").replace("COUNTER", "INTEGER PRIMARY KEY AUTOINCREMENT"))

    def exists(self) -> bool:
        """Whether the tables are there."""
        if not self.path.is_file():
            return False
        return bool(self.rows("SELECT 1 FROM sqlite_master WHERE name = 'setting'"))

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        try:
            return self._connections.get().execute(sql, tuple(values)).fetchall()
        except sqlite3.Error as error:
            raise Error(f"the lake's store {str(self.path)!r} cannot be read: {error}") from error

    def among(self, sql: str, names: Collection[str]) -> list[tuple[Any, ...]]:
        """The rows of a query with ``IN (NAMES)``; any number of them."""
        listed, found = list(names), []
        for start in range(0, len(listed), 500):
            part = listed[start : start + 500]
            found += self.rows(sql.replace("NAMES", ", ".join("?" * len(part))), part)
        return found

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """A transaction without other writers: yields ``execute(sql, values)``; commits unless something is raised."""
        connection = self._connections.get()
        try:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield _Execute(connection)
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise Error(f"the lake's store {str(self.path)!r} cannot be written: {error}") from error

    def lock(self) -> str:
        """What a query that reads to write ends with: nothing, since there is one writer."""
        return ""

    def close(self) -> None:
        """Close this thread's connection."""
        self._connections.close()


def _connect(path: Path) -> sqlite3.Connection:
    refuse_network(path.parent)
    try:
        connection = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None)
        _journal(connection)
        connection.execute("PRAGMA synchronous=FULL")  # NORMAL may lose the last commits when the power fails
    except sqlite3.Error as error:
        raise Error(f"the lake's store {str(path)!r} cannot be opened: {error}") from error
    return connection


def _journal(connection: sqlite3.Connection) -> None:
    """Switch a file to a write-ahead log: readers never wait.

    Where several make one file at once, SQLite may say "locked" to this statement without waiting as long as
    it was told to (its busy handler is not asked where that could end in a deadlock,
    https://www.sqlite.org/c3ref/busy_handler.html), so the statement is tried again.
    """
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.005)


class _Execute:
    """Runs statements of one transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __call__(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        return self._connection.execute(sql, tuple(values)).fetchall()

    def count(self, sql: str, values: Sequence[Any]) -> int:
        """Run a statement that writes; how many rows it changed."""
        return self._connection.execute(sql, tuple(values)).rowcount

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once per row."""
        self._connection.executemany(sql, rows)


def refuse_network(folder: Path, mounts: str | None = None) -> None:
    """Raise an InputError where a folder is on a network drive; known where the system lists its mounts (Linux)."""
    try:
        listed = Path("/proc/self/mountinfo").read_text() if mounts is None else mounts
    except OSError:
        return
    place, kind = "", ""
    for line in listed.splitlines():
        left, _, right = line.partition(" - ")
        point = left.split()[4].replace("\\040", " ")
        if len(point) >= len(place) and folder.absolute().resolve().is_relative_to(point):
            place, kind = point, right.split()[0]
    if kind in _NETWORKED:
        raise InputError(
            f"{str(folder)!r} is on a network drive ({kind}), where SQLite's locks cannot be trusted",
            hint="keep the store in PostgreSQL: `catalog: postgresql://...`",
        )
