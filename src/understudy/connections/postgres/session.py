"""Sessions on a PostgreSQL server: opened with one set of settings, and their errors said so that a person can act."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import adbc_driver_manager
import psycopg
from psycopg import conninfo

from understudy.connections.postgres.sql import literal
from understudy.errors import Error, InputError

SETTINGS: Mapping[str, str] = {
    "search_path": "",
    "timezone": "UTC",
    "datestyle": "ISO",
    "intervalstyle": "postgres",
    "extra_float_digits": "3",
    "bytea_output": "hex",
    "lc_monetary": "C",
    "client_encoding": "UTF8",
    "standard_conforming_strings": "on",
    "synchronize_seqscans": "off",
    "max_parallel_workers_per_gather": "0",  # rows keep their order, and the source its other cores
    "jit": "off",
    "statement_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "lock_timeout": "60s",
    "row_security": "off",  # a policy that would hide rows raises instead
    "default_transaction_read_only": "on",
    "application_name": "understudy",
}
"""What holds in every transaction that reads a source; the server's own defaults hold again after it."""

BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
APPLY = (
    "SELECT "
    + ", ".join(f"pg_catalog.set_config({literal(name)}, {literal(value)}, true)" for name, value in SETTINGS.items())
    + ", (SELECT pg_catalog.set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout')"
)
"""One statement for all settings, for this transaction only: a pooled connection is given back as it was."""

OLDEST = 130_000
"""The first server version whose catalog and functions are as we ask for them."""

_CONNECT_SECONDS = 15


def connect(url: str) -> psycopg.Connection:
    """A connection in autocommit mode; an InputError that says what to do where the server refuses or is not there."""
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # libpq quotes the part it stumbles over, which may be the password.
        raise InputError(
            "this is not a URL PostgreSQL understands",
            hint="postgresql://user:password@host:5432/database, with %40 for @, %3A for : and %2F for / in a password",
        ) from None
    timeout = given.get("connect_timeout", _CONNECT_SECONDS)
    try:
        # No prepared statements: behind a pooler they would stay with a connection that others get.
        connection = psycopg.connect(url, autocommit=True, connect_timeout=timeout, prepare_threshold=None)
    except psycopg.OperationalError as error:
        raise not_connected(str(error), url) from None
    if connection.info.server_version < OLDEST:
        connection.close()
        raise InputError("this server is older than PostgreSQL 13", hint="upgrade it, or restore a dump on a newer one")
    return connection


@contextmanager
def reading(url: str) -> Iterator[psycopg.Connection]:
    """A connection inside a read-only transaction that sees one moment, with our settings."""
    with connect(url) as connection:
        try:
            connection.execute(BEGIN)
            connection.execute(APPLY.encode())
            yield connection
        except psycopg.Error as error:
            raise explained(error) from None


def not_connected(message: str, url: str) -> InputError:
    """Why a connection to a valid URL was not made, from what libpq wrote, which names no password."""
    lines = [line.strip() for line in message.splitlines() if line.strip()]
    said = next((line for line in lines if "FATAL" in line), lines[0] if lines else "it failed")
    if "password" in said:
        hint = "check the user and password of the URL; a password may also come from PGPASSWORD or ~/.pgpass"
    elif "database" in said and "does not exist" in said:
        hint = "psql -l lists the databases there are; createdb makes one"
    elif "too many" in said or "connection slots" in said:
        hint = "the server or the role has no connection left: ask for fewer readers"
    elif "FATAL" in said:
        hint = "the server answered and refused: ask who runs it"
    else:
        hint = f"is it running, and may this machine reach {_place(url)}?"
    return InputError(f"cannot connect to PostgreSQL: {said}", hint=hint)


def _place(url: str) -> str:
    given = conninfo.conninfo_to_dict(url)
    return f"{given.get('host') or given.get('hostaddr') or 'localhost'}:{given.get('port') or 5432}"


def complaint(error: Exception) -> tuple[str, str]:
    """The SQLSTATE of a server's error and its message, without the statement."""
    if isinstance(error, psycopg.Error):
        return error.sqlstate or "", error.diag.message_primary or type(error).__name__
    if isinstance(error, adbc_driver_manager.Error):
        details: list[tuple[Any, bytes]] = list(error.details)  # their names are bytes, though declared as str
        said = [value for name, value in details if name in (b"PG_DIAG_MESSAGE_PRIMARY", "PG_DIAG_MESSAGE_PRIMARY")]
        return error.sqlstate or "", said[0].decode(errors="replace") if said else "the connection was lost"
    return "", type(error).__name__


def explained(error: Exception, *, table: str = "", user: str = "CURRENT_USER") -> Error:
    """A server's error as one of ours: what it means for a reader, never a value it quotes.

    Raise it ``from None``, since the driver's own error may show the statement and its keys.
    """
    state, message = complaint(error)
    what = table or "a table"
    if state == "42501" and "row-level security" in message:
        hint = f"read as a role that sees every row (ALTER ROLE {user} BYPASSRLS), or leave that table out"
        return InputError(f"row security would hide rows from {user}: {message}", hint=hint)
    if state == "42501":
        return InputError(f"{what}: {message}", hint=_grant(message, user))
    if state in _MEANINGS:
        kind, hint = _MEANINGS[state]
        return kind(f"{what}: {message}" if table else message, hint=hint)
    if state[:2] in ("22", "23"):
        name = psycopg.errors.lookup(state).__name__
        return Error(f"{what}: the server raised {name} ({state})", hint="its message quotes data and is not shown")
    if state[:2] in ("", "08") or state in ("57P01", "57P02", "57P03"):
        return Error(f"lost the connection to PostgreSQL: {message}", hint="see the server's log; then run again")
    return Error(f"{table}: {message} ({state})" if table else f"{message} ({state})")


_MEANINGS: Mapping[str, tuple[type[Error], str]] = {
    "40001": (Error, "on a standby: set hot_standby_feedback = on, or raise max_standby_streaming_delay"),
    "42P01": (InputError, "it was dropped or renamed since the schema was read: run again"),
    "53200": (InputError, "raise max_locks_per_transaction on the server, or read fewer tables"),
    "53300": (InputError, "the server has no connection left: ask for fewer readers"),
    "55P03": (InputError, "another session holds it locked (see pg_locks): run again when that has ended"),
    "57014": (Error, "the server cancelled the statement: a limit of the role or the service, or somebody's hand"),
}


def _grant(message: str, user: str) -> str:
    """The statement that would give what ``permission denied for table users`` lacks."""
    found = re.search(r"permission denied for (\w[\w ]*?) (\S+)$", message)
    what, name = found.groups() if found else ("table", "the table")
    right = {"schema": "USAGE ON SCHEMA", "function": "EXECUTE ON FUNCTION", "type": "USAGE ON TYPE"}
    return f"GRANT {right.get(what, 'SELECT ON')} {name} TO {user};"
