"""Random cases in a real PostgreSQL database: the same rows, constraints and indexes, read by our own connection."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import psycopg
from psycopg import sql

from subset.worlds import Case
from understudy.connections.postgres.read import Postgres
from understudy.interfaces import Snapshot
from understudy.schema import Column, ForeignKey, Table, TableName


@contextmanager
def in_postgres(case: Case, url: str) -> Iterator[tuple[Case, Snapshot]]:
    """The case with its rows in that database, of which everything else is removed first; and a snapshot of it."""
    with psycopg.connect(url, autocommit=True, options="-c client_min_messages=error") as connection:
        _build(case, connection)
    with Postgres(url).snapshot(readers=2) as snapshot:
        found = snapshot.schema()
        keys = {key.name: key for key in found.foreign_keys}
        request = replace(
            case.request,
            targets=tuple(replace(target, table=public(target.table)) for target in case.request.targets),
            exclude={public(name): condition for name, condition in case.request.exclude.items()},
            virtual=tuple(
                replace(key, table=public(key.table), parent=public(key.parent)) for key in case.request.virtual
            ),
        )
        yield (
            Case(
                # Edges in the order of the oracle.
                replace(found, foreign_keys=tuple(keys[key.name] for key in case.schema.foreign_keys)),
                {public(name): rows for name, rows in case.rows.items()},
                request,
                case.sql,
            ),
            snapshot,
        )


def comparable(case: Case) -> bool:
    """A sample of a table without a key depends on where its rows lie, which only the server knows."""
    sampled = [target for target in case.request.targets if target.percent not in (None, 100)]
    return all(case.schema.table(target.table).row_key for target in sampled)


def public(name: TableName) -> TableName:
    return TableName(name.namespace or "public", name.name)


def _build(case: Case, connection: psycopg.Connection) -> None:
    own = "nspname !~ '^pg_' AND nspname <> 'information_schema'"
    for (namespace,) in connection.execute(f"SELECT nspname FROM pg_namespace WHERE {own}").fetchall():
        connection.execute(sql.SQL("DROP SCHEMA {} CASCADE").format(sql.Identifier(namespace)))
    connection.execute("CREATE SCHEMA public; CREATE EXTENSION citext SCHEMA public")
    for table in case.schema.tables:
        _table(table, connection)
        rows = [[row[column.name] for column in table.columns] for row in case.rows[table.name]]
        copy = sql.SQL("COPY {} ({}) FROM STDIN").format(_name(table.name), _names(c.name for c in table.columns))
        with connection.cursor().copy(copy) as stream:
            for row in rows:
                stream.write_row(row)
        if table.rows:
            connection.execute(sql.SQL("ANALYZE {}").format(_name(table.name)))
    for key in case.schema.foreign_keys:
        _foreign_key(key, connection)


def _table(table: Table, connection: psycopg.Connection) -> None:
    namespace = sql.Identifier(public(table.name).namespace)
    connection.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(namespace))
    lines = [
        sql.SQL("{} {} {}").format(
            sql.Identifier(column.name), sql.SQL(_type(column)), sql.SQL("" if column.nullable else "NOT NULL")
        )
        for column in table.columns
    ]
    lines += [
        sql.SQL("{} ({})").format(sql.SQL("PRIMARY KEY" if unique.primary else "UNIQUE"), _names(unique.columns))
        for unique in table.uniques
    ]
    connection.execute(sql.SQL("CREATE TABLE {} ({})").format(_name(table.name), sql.SQL(", ").join(lines)))
    for index in table.indexes:
        connection.execute(sql.SQL("CREATE INDEX ON {} ({})").format(_name(table.name), _names(index)))


def _foreign_key(key: ForeignKey, connection: psycopg.Connection) -> None:
    statement = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {} ({}) {}")
    valid = sql.SQL("" if key.validated else "NOT VALID")
    ours, theirs = _names(key.columns), _names(key.parent_columns)
    connection.execute(
        statement.format(_name(key.table), sql.Identifier(key.name), ours, _name(key.parent), theirs, valid)
    )


def _type(column: Column) -> str:
    if column.key_sql:
        return "public.citext"
    if column.kind == "text":
        return "text"
    return "integer" if str(column.arrow_type) == "int32" else "bigint"


def _name(table: TableName) -> sql.Identifier:
    return sql.Identifier(public(table).namespace, table.name)


def _names(columns: Iterator[str] | tuple[str, ...]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))
