"""What a destination holds before it is loaded: which tables fit, what it lacks, what depends on them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from understudy import graph
from understudy.connections.postgres.sql import qualified, quoted
from understudy.connections.postgres.statements import Statement
from understudy.connections.postgres.writing import Writing, listed
from understudy.errors import InputError
from understudy.interfaces import Mode
from understudy.schema import Column, Schema, Table, TableName


def present(made: Schema, there: Schema, *, mode: Mode) -> frozenset[TableName]:
    """The tables of a made dataset that exist at the destination, checked to take its rows.

    Raises an InputError that names what stands in the way, before anything is changed.
    """
    names = frozenset(table.name for table in made.tables) & there.by_name.keys()
    if names and mode == "create":
        raise InputError(
            f"the destination already has {len(names)} of these tables: {listed(names)}",
            hint="use `mode: replace` to empty and load them, `mode: append` to add to them, or an empty database",
        )
    if missing := [table.name for table in made.tables if mode == "append" and table.name not in names]:
        raise InputError(f"the destination has no table {listed(missing)}", hint="use `mode: create` or `replace`")
    differing = [
        difference
        for name in sorted(names)
        for difference in _differences(made.table(name), there.table(name), strict=made.engine == there.engine)
    ]
    if differing:
        raise InputError(
            f"the destination's tables are other than the source's: {'; '.join(differing[:8])}",
            hint="migrate the destination to the source's schema, or load into an empty database",
        )
    return names


def _differences(made: Table, there: Table, *, strict: bool) -> Iterator[str]:
    """How two tables of one name differ in what COPY needs; order, defaults and nullability do not matter."""
    stored = {column.name: column for column in there.stored}
    for column in made.stored:
        other = stored.pop(column.name, None)
        if other is None:
            yield f"{made.name}.{column.name} is missing"
        elif strict and other.native_type != column.native_type:
            yield f"{made.name}.{column.name} is {other.native_type}, not {column.native_type}"
        elif lacking := [label for label in column.labels if strict and label not in other.labels]:
            yield f"the type of {made.name}.{column.name} lacks the label {lacking[0]!r}"
    for name in stored:
        yield f"{made.name}.{name} is only there"


def columns(made: Table, there: Table) -> tuple[Column, ...]:
    """The destination's columns with the lanes in which the made rows come; as text where the two disagree."""
    wanted = there.by_name
    return tuple(
        replace(
            wanted[column.name],
            arrow_type=column.arrow_type,
            as_text=column.as_text or wanted[column.name].arrow_type != column.arrow_type,
        )
        for column in made.stored
    )


_RELATIONS = """
WITH RECURSIVE held AS (
    SELECT c.oid, c.relkind, c.relowner FROM pg_class c
    WHERE c.oid = ANY (SELECT name::regclass FROM unnest(%s::text[]) AS name)
    UNION
    SELECT c.oid, c.relkind, c.relowner FROM held JOIN pg_inherits i ON i.inhparent = held.oid
    JOIN pg_class c ON c.oid = i.inhrelid WHERE c.relispartition
)
SELECT oid::bigint, relkind = 'p', pg_has_role(relowner, 'USAGE') FROM held ORDER BY oid
"""

_UNOWNED_KEYS = """
SELECT DISTINCT c.oid::regclass::text FROM pg_constraint con JOIN pg_class c ON c.oid IN (con.conrelid, con.confrelid)
WHERE con.contype = 'f' AND con.conparentid = 0 AND (con.conrelid = ANY (%s::oid[]) OR con.confrelid = ANY (%s::oid[]))
AND NOT pg_has_role(c.relowner, 'USAGE')
"""


def relations(work: Writing, names: Iterable[TableName]) -> tuple[list[int], bool]:
    """The oids of tables and all their partitions, and whether this user owns them and what their keys join."""
    found = work.ask(_RELATIONS, [qualified(name) for name in names])
    oids = [oid for oid, *_ in found]
    return oids, all(owned for *_, owned in found) and not work.ask(_UNOWNED_KEYS, oids, oids)


def partitioned(work: Writing) -> frozenset[TableName]:
    """The partitioned tables; COPY may not freeze the rows of one."""
    question = "SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
    found = work.ask(f"{question} WHERE c.relkind = 'p'")
    return frozenset(TableName(namespace, name) for namespace, name in found)


_TRUNCATE = """
SELECT CASE WHEN relkind = 'p' THEN '' ELSE 'ONLY ' END || oid::regclass::text
FROM pg_class WHERE oid = ANY (%s::oid[]) AND NOT relispartition ORDER BY oid
"""


def truncate(work: Writing, oids: Sequence[int]) -> None:
    """Empty tables whose foreign keys are set aside, heirs of theirs excepted."""
    names = ", ".join(name for (name,) in work.ask(_TRUNCATE, list(oids)))
    work.run(f"TRUNCATE {names}", doing="emptying the tables")


_EXTENSIONS = """
SELECT e.name, e.installed_version IS NOT NULL OR current_setting('is_superuser') = 'on' OR NOT v.superuser
       OR (v.trusted AND has_database_privilege(current_database(), 'CREATE'))
FROM pg_available_extensions e
JOIN pg_available_extension_versions v ON v.name = e.name AND v.version = e.default_version
"""


def check_extensions(work: Writing, script: Iterable[Statement]) -> None:
    """Refuse a script that needs an extension which the destination's server lacks or this user may not install."""
    wanted = [statement.name_at(2).name for statement in script if statement.starts("CREATE", "EXTENSION")]
    known = dict(work.ask(_EXTENSIONS)) if wanted else {}
    if absent := [name for name in wanted if name not in known]:
        raise InputError(
            f"the destination's server has no extension {listed(absent)}, which the tables need",
            hint="install it on that server, or build the tables there yourself and use `mode: replace`",
        )
    if barred := [name for name in wanted if not known[name]]:
        raise InputError(
            f"this user may not install extension {listed(barred)} at the destination",
            hint=f"ask its administrator to run: CREATE EXTENSION {barred[0]}",
        )


def check_roles(work: Writing, script: Iterable[Statement]) -> None:
    """Refuse a script whose row policies are for roles that the destination's server does not have."""
    wanted = {
        name
        for statement in script
        if statement.starts("CREATE", "POLICY") and "TO" in statement.words
        for name in _roles(statement)
    }
    absent = wanted - {name for (name,) in work.ask("SELECT rolname FROM pg_roles")} if wanted else set()
    if absent:
        raise InputError(
            f"row policies name roles that the destination's server does not have: {listed(absent)}",
            hint=f"ask its administrator to run: CREATE ROLE {quoted(min(absent))}",
        )


def _roles(statement: Statement) -> Iterator[str]:
    for token in statement.tokens[statement.words.index("TO") + 1 :]:
        if str(token) in ("USING", "WITH"):
            return
        if token.kind == "name":
            yield token.name


def without_namespaces(work: Writing, script: Sequence[Statement]) -> list[Statement]:
    """The script without CREATE SCHEMA for what is there: IF NOT EXISTS would still ask for the right to create."""
    there = {name for (name,) in work.ask("SELECT nspname FROM pg_namespace")}
    return [each for each in script if not (each.starts("CREATE", "SCHEMA") and each.tokens[-1].name in there)]


_VIEWS = """
SELECT r.ev_class::bigint, d.refobjid::bigint FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid
WHERE d.classid = 'pg_rewrite'::regclass AND d.refclassid = 'pg_class'::regclass AND d.refobjid <> r.ev_class
"""

_MATERIALIZED = """
SELECT c.oid::bigint, c.oid::regclass::text FROM pg_class c
WHERE c.relkind = 'm' AND c.relispopulated AND pg_has_role(c.relowner, 'USAGE')
"""


def refresh(work: Writing, oids: Iterable[int]) -> None:
    """Fill the materialized views of this user that show the tables, each after those it shows itself."""
    shows: dict[int, list[int]] = defaultdict(list)
    for view, source in work.ask(_VIEWS):
        shows[view].append(source)
    stale, materialized = set(oids), dict(work.ask(_MATERIALIZED))
    for (view,) in (component for component in graph.components(list(shows), shows) if len(component) == 1):
        if stale.isdisjoint(shows.get(view, ())):
            continue
        stale.add(view)
        if view in materialized:
            work.run(f"REFRESH MATERIALIZED VIEW {materialized[view]}", doing=f"refreshing {materialized[view]}")
