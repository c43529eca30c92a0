"""What stands in the way of loading tables that exist, set aside by their owner and put back exactly as it was."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from understudy.connections.postgres.sql import literal, quoted
from understudy.connections.postgres.writing import Writing

_CONSTRAINTS = """
SELECT con.conrelid::regclass::text, con.conname, pg_get_constraintdef(con.oid),
       obj_description(con.oid, 'pg_constraint')
FROM pg_constraint con
WHERE (con.contype = 'f' AND con.conparentid = 0
       AND (con.conrelid = ANY (%s::oid[]) OR con.confrelid = ANY (%s::oid[])))
OR (con.contype IN ('c', 'n') AND NOT con.convalidated AND con.coninhcount = 0 AND con.conrelid = ANY (%s::oid[]))
ORDER BY 1, 2
"""
"""Every foreign key from or to the tables, and every constraint that old rows may break while new ones may not;
with its definition: flags, actions, NOT VALID and all."""

_TRIGGERS = """
SELECT tgrelid::regclass::text, tgname, tgenabled::text FROM pg_trigger
WHERE NOT tgisinternal AND tgenabled <> 'D' AND tgrelid = ANY (%s::oid[]) ORDER BY 1, 2
"""

_FORCED = """
SELECT oid::regclass::text FROM pg_class
WHERE relforcerowsecurity AND relrowsecurity AND oid = ANY (%s::oid[]) ORDER BY 1
"""

_STATES = {"O": "ENABLE", "R": "ENABLE REPLICA", "A": "ENABLE ALWAYS"}


@contextmanager
def set_aside(work: Writing, relations: Sequence[int]) -> Iterator[None]:
    """Drop foreign keys and NOT VALID constraints, silence triggers and lift forced row security for a while.

    ``relations`` are the oids of the tables and their partitions; this user must own them and the
    tables their keys join them with.  Adding a key again validates it over all rows, set at a time,
    unless it was NOT VALID before.  All of it happens inside the transaction, so others never see it.
    """
    given = list(relations)
    constraints, triggers = work.ask(_CONSTRAINTS, given, given, given), work.ask(_TRIGGERS, given)
    forced = [table for (table,) in work.ask(_FORCED, given)]
    for table, name, *_ in constraints:
        work.run(f"ALTER TABLE {table} DROP CONSTRAINT {quoted(name)}", doing=f"constraint {name} of {table}")
    for table in sorted({table for table, *_ in triggers}):
        work.run(f"ALTER TABLE ONLY {table} DISABLE TRIGGER USER", doing=f"triggers of {table}")
    for table in forced:
        work.run(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY", doing=f"row security of {table}")
    yield
    for table, name, definition, comment in constraints:
        doing = f"constraint {name} of {table}"
        work.run(f"ALTER TABLE {table} ADD CONSTRAINT {quoted(name)} {definition}", doing=doing)
        if comment:
            work.run(f"COMMENT ON CONSTRAINT {quoted(name)} ON {table} IS {literal(comment)}", doing=doing)
    for table, name, state in triggers:
        work.run(f"ALTER TABLE ONLY {table} {_STATES[state]} TRIGGER {quoted(name)}", doing=f"triggers of {table}")
    for table in forced:
        work.run(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY", doing=f"row security of {table}")
