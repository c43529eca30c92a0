"""Loading tables of another owner with INSERT (and DELETE) alone: parents first, cycles in one statement."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence

from understudy import graph
from understudy.connections.postgres.sql import qualified, quoted
from understudy.connections.postgres.writing import Writing, listed
from understudy.errors import Error, InputError
from understudy.schema import ForeignKey, Table, TableName

Fill = Callable[[Table, str], int]
"""Copies the rows of a table into the table of that SQL name; returns how many."""

_PRIVILEGES = """
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.oid = ANY (%s::oid[]) AND NOT c.relispartition AND NOT has_table_privilege(c.oid, %s) ORDER BY 1
"""

_TRIGGERS = """
SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger
WHERE NOT tgisinternal AND tgenabled IN ('O', 'A') AND tgrelid = ANY (%s::oid[]) ORDER BY 1
"""

_CASCADES = """
SELECT DISTINCT conrelid::regclass::text FROM pg_constraint
WHERE contype = 'f' AND confrelid = ANY (%s::oid[]) AND NOT conrelid = ANY (%s::oid[])
AND confdeltype IN ('c', 'n', 'd') ORDER BY 1
"""


def check(work: Writing, relations: Sequence[int], *, empty: bool) -> None:
    """Refuse, before anything is changed, what a guest may not do or could not do without side effects."""
    given = list(relations)
    wanted = "INSERT, DELETE" if empty else "INSERT"
    for privilege in wanted.split(", "):
        if lacking := [table for (table,) in work.ask(_PRIVILEGES, given, privilege)]:
            raise InputError(
                f"this user neither owns {listed(lacking)} nor may {privilege} there",
                hint=f"load as the owner, or GRANT {wanted} ON {lacking[0]} TO this user",
            )
    if fired := [table for (table,) in work.ask(_TRIGGERS, given)]:
        raise InputError(
            f"triggers of {listed(fired)} would fire, and only the owner can keep them silent", hint="load as the owner"
        )
    if empty and (outside := [table for (table,) in work.ask(_CASCADES, given, given)]):
        raise InputError(
            f"emptying these tables would change {listed(outside)}, which is not part of the load (ON DELETE ...)",
            hint="load as the owner, or empty that table first",
        )


def empty(work: Writing, tables: Sequence[Table]) -> None:
    """Delete all rows in one statement: its foreign keys are checked when all of them are gone."""
    names = [qualified(table.name) if table.partitions else f"ONLY {qualified(table.name)}" for table in tables]
    parts = [f"d{place} AS (DELETE FROM {name})" for place, name in enumerate(names)]
    work.run(f"WITH {', '.join(parts)} SELECT", doing="emptying the tables")


def fill(work: Writing, tables: Sequence[Table], keys: Sequence[ForeignKey], copy: Fill) -> dict[TableName, int]:
    """Copy all tables, each after those it points at; deferrable keys wait for the commit.

    A table that points at itself needs no order, because keys are checked when COPY ends.
    """
    work.run("SET CONSTRAINTS ALL DEFERRED", doing="deferring foreign keys")
    by_name = {table.name: table for table in tables}
    edges: dict[TableName, list[TableName]] = defaultdict(list)
    for key in keys:
        if key.table in by_name and key.parent in by_name and not key.deferrable:
            edges[key.table].append(key.parent)
    rows: dict[TableName, int] = {}
    for component in graph.components(by_name, edges):
        if len(component) == 1:
            table = by_name[component[0]]
            rows[table.name] = copy(table, qualified(table.name))
        else:
            rows |= _together(work, [by_name[name] for name in component], copy)
    return rows


def _together(work: Writing, tables: Sequence[Table], copy: Fill) -> dict[TableName, int]:
    """A cycle of keys that cannot wait: staged in temporary tables, inserted by one statement.

    PostgreSQL checks immediate foreign keys at the end of the statement, and one WITH is one statement.
    """
    rows: dict[TableName, int] = {}
    inserts: list[str] = []
    for place, table in enumerate(tables):
        stage, columns = f"pg_temp.understudy_{place}", table.stored
        types = ", ".join(f"{quoted(column.name)} {column.native_type}" for column in columns)
        work.run(f"CREATE TEMPORARY TABLE {stage} ({types}) ON COMMIT DROP", doing=f"staging {table.name}")
        rows[table.name] = copy(table, stage)
        names = ", ".join(quoted(column.name) for column in columns)
        inserts.append(
            f"i{place} AS (INSERT INTO {qualified(table.name)} ({names}) OVERRIDING SYSTEM VALUE"
            f" SELECT {names} FROM {stage} RETURNING 1)"
        )
    counts = ", ".join(f"(SELECT count(*) FROM i{place})" for place in range(len(tables)))
    work.doing = f"inserting {listed(table.name for table in tables)} together"
    inserted = work.ask(f"WITH {', '.join(inserts)} SELECT {counts}")[0]
    if list(inserted) != [rows[table.name] for table in tables]:
        raise Error(f"{work.doing}: the server took fewer rows than it was given")
    for place in range(len(tables)):
        work.run(f"DROP TABLE pg_temp.understudy_{place}")
    return rows
