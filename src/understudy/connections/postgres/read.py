"""A PostgreSQL database as a Connection: one read-only snapshot of it, streamed as Arrow by several readers at once."""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
import pyarrow as pa

from understudy.connections.postgres import catalog, queries, session, sql, types
from understudy.connections.postgres.catalog import Catalog
from understudy.connections.postgres.readers import Readers, stream
from understudy.connections.postgres.sql import Statement
from understudy.errors import Error, InputError
from understudy.interfaces import Dataset, Ddl, Mode, Progress, Ready, Scan, at_once
from understudy.schema import CheckConstraint, Schema, Table, TableName

_CHECKED_ROWS = 10_000
"""Rows whose CHECK constraints are evaluated in one statement."""


class Postgres:
    """A PostgreSQL database, version 13 or later.  Reading needs SELECT on what is read, and nothing else."""

    def __init__(self, url: str) -> None:
        self.url = url

    def schema(self) -> Schema:
        """The tables, columns and foreign keys there are now."""
        with session.reading(self.url) as connection:
            return catalog.read(connection).schema

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        """The rows of one scan as they are now; for several scans of one moment open a ``snapshot``."""
        with session.reading(self.url) as connection:
            found = catalog.read(connection)
        return stream(_permitted(found, scan), scan, Readers(self.url, "", 1), last=True)

    @contextmanager
    def snapshot(
        self, *, readers: int = 2, as_text: Collection[tuple[str, str]] = frozenset()
    ) -> Iterator[PostgresSnapshot]:
        """One consistent view of the database, which nothing written meanwhile changes.

        Every table that may be read is locked against changes of its definition (ACCESS SHARE, as
        pg_dump does).  ``as_text`` names columns, as (table, column), whose values travel as the
        server's text because some have no exact Arrow form; see ``errors.Inexact``.
        """
        with session.connect(self.url) as lead:
            _lock(lead)
            try:
                found = catalog.read(lead).with_text(as_text)
                (identifier,) = lead.execute("SELECT pg_catalog.pg_export_snapshot()").fetchone() or ("",)
            except psycopg.Error as error:
                raise session.explained(error) from None
            pool = Readers(self.url, identifier, readers)
            try:
                yield PostgresSnapshot(self.url, lead, found, pool)
            finally:
                pool.close()

    def place(self) -> str:
        """Cluster and database, the same under every name of the host; a standby counts as its primary."""
        with session.connect(self.url) as connection:
            try:
                with connection.transaction():
                    row = connection.execute(queries.PLACE.encode()).fetchone()
            except psycopg.Error:  # services that do not tell the cluster's number
                info = connection.info
                row = (f"{info.hostaddr or info.host}:{info.port}/{info.dbname}",)
        return str(row[0]) if row else ""

    def load(
        self, made: Dataset, *, mode: Mode, ddl: Ddl | None, progress: Progress, ready: Ready = at_once
    ) -> Mapping[TableName, int]:
        """Write a whole Dataset, all or nothing; returns the rows written per table."""
        from understudy.connections.postgres.load import load  # what only reads need not import what writes

        return load(self.url, made, mode=mode, ddl=ddl, progress=progress, ready=ready)


def _lock(lead: psycopg.Connection, attempts: int = 3) -> None:
    """Begin a transaction and lock the tables in it before it takes its snapshot, so that both agree."""
    for attempt in range(attempts):
        try:
            names = _lockable(lead)
            lead.execute(session.BEGIN)
            lead.execute(f"SET LOCAL lock_timeout = {sql.literal(session.SETTINGS['lock_timeout'])}".encode())
            if names:
                lead.execute(f"LOCK TABLE {', '.join(map(sql.qualified, names))} IN ACCESS SHARE MODE".encode())
            lead.execute(session.APPLY.encode())
            return
        except psycopg.errors.UndefinedTable as error:
            if attempt == attempts - 1:
                raise session.explained(error) from None
            lead.execute("ROLLBACK")  # a table was dropped since its name was read
        except psycopg.Error as error:
            raise session.explained(error) from None


def _lockable(lead: psycopg.Connection) -> list[TableName]:
    """The tables this user may read, as of now."""
    lead.execute(session.BEGIN)
    lead.execute(session.APPLY.encode())
    names = [TableName(*row) for row in lead.execute(queries.LOCKABLE.encode()).fetchall()]
    lead.execute("COMMIT")
    return names


class PostgresSnapshot:
    """A moment of a PostgreSQL database.  Its methods may be called from several threads.

    As many scans stream at once as there are readers; one more waits until a stream has ended or
    was dropped, so a single thread must not hold more open streams than that.
    """

    def __init__(self, url: str, lead: psycopg.Connection, found: Catalog, readers: Readers) -> None:
        self._url = url
        self._lead = lead
        self._lock = threading.Lock()
        self._catalog = found
        self._readers = readers
        self._position = self._where()

    def schema(self) -> Schema:
        """The tables, columns and foreign keys at that moment."""
        return self._catalog.schema

    @property
    def position(self) -> str:
        """Where the write-ahead log stood (LSN) when the snapshot was taken; its identifier where that is not told."""
        return self._position

    def _where(self) -> str:
        try:
            with self._lead.transaction():
                found = self._lead.execute(queries.POSITION.encode()).fetchone()
        except psycopg.Error:  # services that hide the log
            found = None
        return str(found[0]) if found and found[0] else self._readers.snapshot

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        """The rows of one scan, as a stream; waits for a free reader."""
        return stream(_permitted(self._catalog, scan), scan, self._readers)

    def sql(self, scan: Scan) -> str:
        """The statement a scan becomes, for people to read: it says how many keys there are, not which."""
        return sql.select(self._catalog.relation(scan.table), scan, show_keys=False).text

    def validate(self, scan: Scan) -> None:
        """Raise an InputError, with the server's own message and position, if the scan would not run."""
        statement = sql.select(_permitted(self._catalog, scan), scan)
        for each in (*statement.alone, statement):
            self._explain(scan, each, "EXPLAIN ")

    def estimate(self, scan: Scan) -> tuple[int, int]:
        """Rows and bytes the server's planner expects of a scan, without running it."""
        statement = sql.select(_permitted(self._catalog, scan), scan)
        plan = self._explain(scan, statement, "EXPLAIN (FORMAT JSON) ")[0][0][0]["Plan"]
        return int(plan["Plan Rows"]), int(plan["Plan Rows"]) * int(plan["Plan Width"])

    def _explain(self, scan: Scan, statement: Statement, explain: str) -> list[tuple[Any, ...]]:
        try:
            with self._lock, self._lead.transaction():
                # Binary results take the extended protocol, in which a text is surely one statement.
                return self._lead.execute((explain + statement.text).encode(), binary=True).fetchall()
        except psycopg.Error as error:
            raise _invalid(scan, statement, error, len(explain), self._catalog.user) from None

    def violations(self, table: TableName, batch: pa.RecordBatch) -> Mapping[str, int]:
        """For every CHECK constraint of the table: how many of these rows it would refuse.

        The constraints run on the source, over the values as parameters: nothing is written.
        """
        relation = self._catalog.relation(table)
        checks = [check for check in relation.table.checks if not check.exclusion]
        counts = dict.fromkeys((check.name for check in checks), 0)
        if not checks:
            return counts
        batch = batch.select(_needed(relation.table, checks, batch.schema.names))
        statement = _counting(relation, checks, batch.schema.names)
        for start in range(0, batch.num_rows, _CHECKED_ROWS):
            piece = batch.slice(start, _CHECKED_ROWS)
            values = [types.array_literal(column) for column in piece.columns]
            try:
                with self._lock, self._lead.transaction():
                    found = self._lead.execute(statement.encode(), values).fetchone()
            except psycopg.Error as error:
                raise session.explained(error, table=str(table), user=self._catalog.user) from None
            for check, count in zip(checks, found or (), strict=True):
                counts[check.name] += count
        return counts

    def ddl(self, *, hide: frozenset[tuple[TableName, str]] = frozenset()) -> Ddl:
        """The statements that recreate this source's objects elsewhere, as of the same moment.

        What they show of the columns in ``hide`` (defaults, checks, labels that hold values) is taken out.
        """
        from understudy.connections.postgres.ddl import dump  # needs pg_dump, which reading does not

        tables = [table.name for table in self.schema().tables if table.readable]
        return dump(self._url, snapshot=self._readers.snapshot, tables=tables, hide=hide)


def _permitted(found: Catalog, scan: Scan) -> sql.Relation:
    """The scan's table; an InputError where this user may not read all of its rows."""
    relation = found.relation(scan.table)
    if not relation.table.readable:
        raise InputError(
            f"{found.user} may not read {scan.table}",
            hint=f"GRANT SELECT ON {sql.qualified(scan.table)} TO {sql.quoted(found.user)};",
        )
    if relation.table.row_security:
        raise InputError(
            f"row security would hide rows of {scan.table} from {found.user}",
            hint=f"ALTER ROLE {sql.quoted(found.user)} BYPASSRLS; or read as another role, or leave the table out",
        )
    return relation


def _invalid(scan: Scan, statement: Statement, error: psycopg.Error, shift: int, user: str) -> Error:
    """The server's complaint about a scan, with the user's own words marked where they are what it means."""
    state, message = session.complaint(error)
    if state in ("", "42501", "57014") or (scan.keys is not None and state.startswith("22")):
        return session.explained(error, table=str(scan.table), user=user)
    position = int(error.diag.statement_position or 0) - shift
    for part in statement.parts:
        if mark := part.marked(position):
            return InputError(f"{scan.table}: {part.what}: {message}{mark}", hint=_hint(error))
    what = f"{statement.parts[0].what}: " if len(statement.parts) == 1 else ""
    return InputError(f"{scan.table}: {what}{message}", hint=_hint(error))


def _hint(error: psycopg.Error) -> str:
    if error.sqlstate in ("42P01", "42883", "42704"):
        return "names outside pg_catalog need their schema in front, as in public.orders"
    return error.diag.message_hint or "it stands in brackets of its own, as one SQL expression over the table's columns"


def _needed(table: Table, checks: list[CheckConstraint], given: list[str]) -> list[str]:
    """The given columns that the checks read, or all of the table's where a computed column is among these."""
    read = {name for check in checks for name in check.columns}
    if not read or any(table.column(name).generated for name in read):
        read = set(table.by_name)
    return [name for name in given if name in read]


def _counting(relation: sql.Relation, checks: list[CheckConstraint], names: list[str]) -> str:
    """One SELECT that counts, for each check, the rows of some text arrays for which it is false."""
    read = {name for check in checks for name in check.columns} or set(relation.table.by_name)
    columns = [relation.table.column(name) for name in names]
    numbers = [f"c{number}" for number in range(len(names))]
    values = [f"c{n}::{relation.types[c.name]} AS {sql.quoted(c.name)}" for n, c in enumerate(columns)]
    computed = [
        f"{c.default} AS {sql.quoted(c.name)}" for c in relation.table.columns if c.generated and c.name in read
    ]
    arrays = ", ".join("%s::text[]" for _ in names)
    counts = ", ".join(f"count(*) FILTER (WHERE ({check.sql}) IS FALSE)" for check in checks)
    given = f"SELECT {', '.join(values)} FROM unnest({{arrays}}) AS given ({', '.join(numbers)})"
    rows = f"SELECT {', '.join(['*', *computed])} FROM ({given}) AS stored"
    statement = f"SELECT {counts} FROM ({rows}) AS {sql.quoted(relation.table.name.name)}"
    return statement.replace("%", "%%").replace("{arrays}", arrays)
