"""The store of a lake in PostgreSQL, in a namespace of its own: for teams, and for lakes on S3."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import psycopg

from understudy.connections import redact
from understudy.errors import Error
from understudy.lake.perthread import PerThread

_NAMESPACE = "understudy_lake"


class Postgres:
    """One database, connected to once per thread and process."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connections = PerThread(partial(_connect, url))

    def create(self, ddl: Sequence[str]) -> None:
        """Make the tables."""
        with self.writing() as execute:
            execute("SELECT pg_advisory_xact_lock(7220119)")  # two at once would both find nothing
            execute(f"CREATE SCHEMA IF NOT EXISTS {_NAMESPACE}")
            for statement in ddl:
                execute(
                    statement.replace("BLOB_TYPE", "bytea").replace(
                        "COUNTER", "bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
                    )
                )

    def exists(self) -> bool:
        """Whether the tables are there."""
        return self.rows("SELECT to_regclass(?)", [f"{_NAMESPACE}.setting"])[0][0] is not None

    def rows(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        for last in (False, True):  # a server that was restarted has dropped the connection: once more
            try:
                return self._connections.get().execute(_spelled(sql), tuple(values)).fetchall()
            except psycopg.OperationalError as error:
                self.close()
                if last:
                    raise _error(self.url, "read", error) from error
            except psycopg.Error as error:
                raise _error(self.url, "read", error) from error
        raise AssertionError

    def among(self, sql: str, names: Collection[str]) -> list[tuple[Any, ...]]:
        """The rows of a query with ``IN (NAMES)``; any number of them."""
        return self.rows(sql.replace("IN (NAMES)", "= ANY(?)"), [list(names)]) if names else []

    @contextmanager
    def writing(self) -> Iterator[Any]:
        """A transaction: yields ``execute(sql, values)``; commits unless something is raised.

        Rows read with ``lock()`` stay as they are until its end.  An Error that says so where the server
        vanished while it was told to commit: only reading tells then whether it did.
        """
        try:
            with ExitStack() as stack:
                yield _Execute(self._begun(stack))
        except psycopg.OperationalError as error:
            self.close()
            raise _error(self.url, "written", error) from error
        except psycopg.Error as error:
            raise _error(self.url, "written", error) from error

    def lock(self) -> str:
        """What a query that reads to write ends with."""
        return " FOR UPDATE"

    def close(self) -> None:
        """Close this thread's connection."""
        self._connections.close()

    def _begun(self, stack: ExitStack) -> psycopg.Connection[tuple[Any, ...]]:
        """The connection, in a transaction that ends with the stack."""
        try:
            connection = self._connections.get()
            stack.enter_context(connection.transaction())
        except psycopg.OperationalError:  # a server that was restarted has dropped the connection: once more
            self.close()
            connection = self._connections.get()
            stack.enter_context(connection.transaction())
        return connection


def _connect(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    try:
        connection = psycopg.connect(url, autocommit=True)
        connection.execute(f"SET search_path = {_NAMESPACE}, pg_catalog")
    except psycopg.Error as error:
        raise _error(url, "opened", error) from error
    return connection


def _error(url: str, verb: str, error: psycopg.Error) -> Error:
    return Error(f"the lake's store {redact(url)!r} cannot be {verb}: {str(error).strip()}")


class _Execute:
    """Runs statements of one transaction."""

    def __init__(self, connection: psycopg.Connection[tuple[Any, ...]]) -> None:
        self._connection = connection

    def __call__(self, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        found = self._connection.execute(_spelled(sql), tuple(values))
        return found.fetchall() if found.description else []

    def count(self, sql: str, values: Sequence[Any]) -> int:
        """Run a statement that writes; how many rows it changed."""
        return self._connection.execute(_spelled(sql), tuple(values)).rowcount

    def many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement once per row."""
        with self._connection.cursor() as cursor:
            cursor.executemany(_spelled(sql), rows)


def _spelled(sql: str) -> Any:
    return sql.replace("%", "%%").replace("?", "%s")
