"""The one transaction that loads a destination: it commits as a whole, and its errors never quote a row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from understudy.connections.postgres import session
from understudy.connections.postgres.sql import literal
from understudy.errors import Error, InputError

SETTINGS: Mapping[str, str] = {
    **{name: session.SETTINGS[name] for name in ("search_path", "timezone", "datestyle", "intervalstyle")},
    **{name: session.SETTINGS[name] for name in ("client_encoding", "standard_conforming_strings", "lc_monetary")},
    **{name: session.SETTINGS[name] for name in ("statement_timeout", "idle_in_transaction_session_timeout")},
    **{name: session.SETTINGS[name] for name in ("lock_timeout", "row_security", "application_name")},
    "check_function_bodies": "off",  # they may name what comes later in the script
    "xmloption": "content",
    "client_min_messages": "warning",
}
"""What holds while a destination is loaded: what pg_dump's scripts expect, and none of the role's own limits."""

_NOTHING_CHANGED = "the destination is as it was"


@dataclass
class Writing:
    """A connection inside the transaction, and what it is doing, for the message if that fails."""

    connection: psycopg.Connection
    doing: str = "the load"

    def run(self, statement: str, *, doing: str = "") -> int:
        """Run one statement; returns the rows it changed."""
        self.doing = doing or self.doing
        return self.connection.execute(statement.encode()).rowcount

    def ask(self, question: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of one query over the catalog; ``%s`` stands for the values."""
        return self.connection.execute(question.encode(), values or None).fetchall()


@contextmanager
def writing(url: str) -> Iterator[Writing]:
    """Open the transaction; it commits where the block ends well, and on any error nothing has happened."""
    with session.connect(url) as connection:
        work = Writing(connection)
        settings = dict(SETTINGS)
        if connection.info.server_version >= 170_000:
            settings["transaction_timeout"] = "0"
        pairs = (f"pg_catalog.set_config({literal(name)}, {literal(value)}, true)" for name, value in settings.items())
        try:
            work.run("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
            work.run(f"SELECT {', '.join(pairs)}")
            yield work
            work.run("COMMIT", doing="the commit")
        except psycopg.Error as error:
            # Not "from error": its DETAIL quotes rows, and a traceback would show it.
            raise explained(error, doing=work.doing) from None


def explained(error: psycopg.Error, *, doing: str) -> Error:
    """A server's error as one of ours: it names tables, columns and constraints, never a value."""
    state, diagnosis = error.sqlstate or "", error.diag
    if state[:2] in ("22", "23"):
        return Error(f"{doing}: {_violation(state, diagnosis)}", hint=f"{_NOTHING_CHANGED}; see `understudy check`")
    message = f"{doing}: {diagnosis.message_primary}"
    if state in _ALREADY_THERE:
        return InputError(message, hint="load into an empty database, or use `mode: replace`")
    if state in _MEANINGS:
        kind, hint = _MEANINGS[state]
        return kind(message, hint=hint)
    if not state and not isinstance(error, psycopg.OperationalError):
        return Error(f"{doing}: {type(error).__name__}", hint=_NOTHING_CHANGED)
    if state[:2] in ("", "08") or state in ("57P01", "57P02", "57P03"):
        if doing == "the commit":
            return Error(
                "the connection was lost during the commit", hint="the destination holds all of it, or nothing"
            )
        return Error(
            f"{doing}: the connection to PostgreSQL was lost", hint=f"{_NOTHING_CHANGED}; see the server's log"
        )
    if state[:2] in _SPEAKS_OF_THE_SCHEMA:
        return Error(message, hint=f"{_NOTHING_CHANGED}; SQLSTATE {state}")
    return Error(
        f"{doing}: the server raised {type(error).__name__} ({state})",
        hint=f"its text may quote rows; {_NOTHING_CHANGED}",
    )


_ALREADY_THERE = ("42P06", "42P07", "42710", "42723", "42701")
_SPEAKS_OF_THE_SCHEMA = ("0A", "25", "28", "2B", "3D", "3F", "40", "42", "53", "54", "55", "57", "58")
_UNQUALIFIED = "SQL and PL/pgSQL functions run with an empty search_path, as in pg_restore: qualify the names inside"
_MEANINGS: Mapping[str, tuple[type[Error], str]] = {
    "42501": (InputError, "load as the owner of the tables, or GRANT what is missing"),
    "42P01": (InputError, _UNQUALIFIED),
    "42883": (InputError, _UNQUALIFIED),
    "42704": (InputError, "the destination lacks something the source has; was it built from the same schema?"),
    "53100": (Error, f"make room on the server; {_NOTHING_CHANGED}"),
    "53200": (InputError, "raise max_locks_per_transaction or memory on the server"),
    "55P03": (InputError, "another session uses these tables (see pg_locks): end it and run again"),
    "0A000": (InputError, "load as the owner of the tables: what is not supported is row security or an older server"),
}


def _violation(state: str, diagnosis: psycopg.errors.Diagnostic) -> str:
    table = f"{diagnosis.schema_name}.{diagnosis.table_name}" if diagnosis.table_name else ""
    of = f" of table {table}" if table else ""
    if state == "23502":
        return f"column {diagnosis.column_name!r}{of} may not be NULL, and a row has none"
    if state == "23514" and not diagnosis.constraint_name:
        return f"a row{of} fits none of its partitions"
    if state in _CONSTRAINTS:
        what, why = _CONSTRAINTS[state]
        return f"{what} {diagnosis.constraint_name!r}{of or _of_type(diagnosis)} is violated{why}"
    return f"a value does not fit {_column(diagnosis) or 'its column'} ({psycopg.errors.lookup(state).__name__})"


_CONSTRAINTS = {
    "23503": ("foreign key", ": a row points at a row that is not there"),
    "23505": ("unique constraint", ": two rows have the same key"),
    "23514": ("CHECK constraint", ""),
    "23P01": ("EXCLUDE constraint", ""),
}


def _of_type(diagnosis: psycopg.errors.Diagnostic) -> str:
    return f" of type {diagnosis.datatype_name}" if diagnosis.datatype_name else ""


def _column(diagnosis: psycopg.errors.Diagnostic) -> str:
    """The column COPY was reading, from ``COPY users, line 3, column email: "..."``, up to the value."""
    context = diagnosis.context or ""
    if not context.startswith("COPY ") or ", column " not in context:
        return ""
    table, _, rest = context.partition(", line ")
    column = rest.partition(", column ")[2].partition(": ")[0].partition("\n")[0]
    return f"{table.removeprefix('COPY ')}.{column}"


def listed(names: Iterable[object], *, most: int = 8) -> str:
    """Names for a message, the first few of many."""
    texts: Sequence[str] = sorted(map(str, names))
    return ", ".join(texts[:most]) + (f" and {len(texts) - most} more" if len(texts) > most else "")
