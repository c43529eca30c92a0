"""Introspection of a PostgreSQL database by its own catalog: a Schema, and what SQL over it needs besides."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal
from urllib.parse import quote

import psycopg
from psycopg.rows import namedtuple_row

from understudy.connections.postgres import queries, types
from understudy.connections.postgres.sql import Relation, literal, qualified, quoted
from understudy.errors import unknown
from understudy.schema import (
    PARTITIONS,
    CheckConstraint,
    Column,
    ForeignKey,
    Schema,
    Sequence,
    Table,
    TableName,
    Unique,
)

COMPARABLE = frozenset(
    """int2 int4 int8 float4 float8 numeric bool text varchar bpchar name uuid bytea date timestamp timestamptz time
    timetz interval inet cidr macaddr macaddr8 money oid bit varbit jsonb""".split()
)
"""The types of ``pg_catalog`` whose ``=`` is their equality (that of a box compares areas) and takes an array."""

_ROW_OVERHEAD = 28  # bytes of a row's header and line pointer
_UNKNOWN_WIDTH = 32  # what PostgreSQL's planner takes for a value whose width nobody has measured
_IDENTITIES: Mapping[str, Literal["", "always", "default"]] = {"": "", "a": "always", "d": "default"}


@dataclass(frozen=True)
class Catalog:
    """A database's Schema and, for every table, what SQL over it needs."""

    schema: Schema
    relations: Mapping[TableName, Relation]
    user: str

    def relation(self, name: TableName) -> Relation:
        """The relation of that name; an InputError with a close match where there is none."""
        if name not in self.relations:
            raise unknown("table", str(name), [str(known) for known in self.relations])
        return self.relations[name]

    def with_text(self, columns: Collection[tuple[str, str]]) -> Catalog:
        """The same with some columns, as (table, column), travelling as the server's text."""
        changed = {name: _with_text(relation, columns) for name, relation in self.relations.items()}
        tables = tuple(relation.table for relation in changed.values())
        return replace(self, schema=replace(self.schema, tables=tables), relations=changed)


def _with_text(relation: Relation, columns: Collection[tuple[str, str]]) -> Relation:
    table = relation.table
    found = tuple(_as_text(c) if (str(table.name), c.name) in columns else c for c in table.columns)
    return replace(relation, table=replace(table, columns=found))


def _as_text(column: Column) -> Column:
    lane = types.text_lane(column.kind)
    key_sql = column.key_sql or lane.key_sql.format(quoted(column.name))
    return replace(column, arrow_type=lane.arrow_type, as_text=True, key_sql=key_sql)


def read(connection: psycopg.Connection) -> Catalog:
    """Read the whole catalog over a connection that is inside a transaction with our settings."""
    return _Reading(connection).catalog()


Row = Any
"""A row of a catalog query, its values by name."""


@dataclass
class _Found:
    """What was found of one table, by kinds."""

    columns: list[Column] = field(default_factory=list)
    uniques: list[Unique] = field(default_factory=list)
    checks: list[CheckConstraint] = field(default_factory=list)
    indexes: list[tuple[str, ...]] = field(default_factory=list)
    triggers: list[str] = field(default_factory=list)
    types: dict[str, str] = field(default_factory=dict)
    comparable: set[str] = field(default_factory=set)
    width: int = _ROW_OVERHEAD


class _Reading:
    """One reading of the catalog: what the questions returned, then the nouns made of it."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self.connection = connection
        self.database = self.ask(queries.DATABASE)[0]
        rows = self.ask(queries.RELATIONS)
        self.relations = {row.oid: row for row in rows}
        self.names = {row.oid: TableName(row.namespace, row.name) for row in rows}
        self.parents: dict[int, int] = {}
        self.children: dict[int, list[int]] = defaultdict(list)
        for row in self.ask(queries.INHERITS):
            if row.child in self.relations:
                self.parents.setdefault(row.child, row.parent)
                self.children[row.parent].append(row.child)
        # A partitioned table is one table; its partitions, at whatever depth, are parts of it.
        self.tables = [row.oid for row in rows if row.kind != "f" and not row.is_partition]
        self.found = {oid: _Found() for oid in self.tables}
        self.notes: list[str] = []

    def ask(self, query: str) -> list[Row]:
        text = queries.for_version(self.connection.info.server_version, query)
        parameters: dict[str, list[int]] = {}
        if "%(tables)s" in text:
            parameters["tables"] = self.tables
        if "%(all)s" in text:
            parameters["all"] = list(self.relations)
        with self.connection.cursor(row_factory=namedtuple_row) as cursor:
            return cursor.execute(text.encode(), parameters or None).fetchall()

    def catalog(self) -> Catalog:
        self.types = {row.oid: row for row in self.ask(queries.TYPES)}
        self.labels = {row.type: tuple(row.labels) for row in self.ask(queries.LABELS)}
        constraints = self.ask(queries.CONSTRAINTS)
        self.read_columns(constraints)
        self.read_checks(constraints)
        self.read_indexes()
        for row in self.ask(queries.TRIGGERS):
            self.found[row.relation].triggers.append(row.name)
        keys = sorted(self.foreign_keys(constraints), key=lambda key: (key.table, key.name))
        relations = {self.names[oid]: self.relation(oid) for oid in self.tables}
        sequences = tuple(self.sequences())
        self.note_the_rest()
        info = self.connection.info
        schema = Schema(
            tables=tuple(relation.table for relation in relations.values()),
            foreign_keys=tuple(keys),
            sequences=sequences,
            notes=tuple(self.notes),
            engine="postgresql",
            version=self.database.version,
            identity=f"postgresql://{quote(info.host, safe='')}:{info.port}/{quote(self.database.name, safe='')}",
        )
        return Catalog(schema, relations, self.database.role)

    # Columns and their types.

    def domains(self, oid: int) -> Iterator[Row]:
        """The domains a type consists of, outermost first; none where it is no domain."""
        while oid in self.types and self.types[oid].category == "d":
            yield self.types[oid]
            oid = self.types[oid].base

    def read_columns(self, constraints: Iterable[Row]) -> None:
        unproven = {(c.relation, name) for c in constraints if c.what == "n" and not c.validated for name in c.columns}
        checks: dict[int, list[Row]] = defaultdict(list)
        for row in constraints:
            if row.domain:
                checks[row.domain].append(row)
        for row in self.ask(queries.COLUMNS):
            found = self.found[row.relation]
            domains = list(self.domains(row.type))
            base = self.types[domains[-1].base if domains else row.type]
            modifier = next((domain.modifier for domain in domains if domain.modifier >= 0), row.modifier)
            nullable = not (row.not_null or any(domain.not_null for domain in domains))
            native = types.NativeType(base.namespace, base.name, base.category, modifier)
            found.columns.append(self.column(row, native, base.oid, nullable or (row.relation, row.name) in unproven))
            found.types[row.name] = qualified(TableName(base.namespace, base.name))
            found.width += base.length if base.length > 0 else _UNKNOWN_WIDTH
            if base.category == "e" or (base.namespace == "pg_catalog" and base.name in COMPARABLE):
                found.comparable.add(row.name)
            for check in (check for domain in domains for check in checks[domain.oid]):
                name = f"{check.name}({row.name})"
                found.checks.append(CheckConstraint(name, (row.name,), of_value(check.sql, row.name)))
            if row.blind:
                where = f"{self.names[row.relation]}.{row.name}"
                self.notes.append(f"{where} has a nondeterministic collation; as a key it is compared as it is spelled")

    def column(self, row: Row, native: types.NativeType, base: int, nullable: bool) -> Column:
        lane = types.lane(native)
        return Column(
            name=row.name,
            native_type=row.native,
            kind=lane.kind,
            arrow_type=lane.arrow_type,
            nullable=nullable,
            max_length=lane.max_length,
            labels=self.labels.get(base, ()) if lane.kind == "enum" else (),
            default=row.default_sql,
            generated=row.generated,
            identity=_IDENTITIES[row.identity],
            comment=row.comment,
            as_text=lane.as_text,
            key_sql=lane.key_sql.format(quoted(row.name)),
        )

    # Constraints and indexes.

    def read_checks(self, constraints: Iterable[Row]) -> None:
        for row in constraints:
            if row.relation and (row.what == "x" or (row.what == "c" and row.validated)):
                check = CheckConstraint(row.name, tuple(row.columns), row.sql, exclusion=row.what == "x")
                self.found[row.relation].checks.append(check)

    def read_indexes(self) -> None:
        for row in self.ask(queries.INDEXES):
            root, predicate = self.root(row.relation), row.predicate
            if root != row.relation:
                predicate = self.within(row.relation) + (f" AND {predicate}" if predicate else "")
            numbers = row.numbers.split()[: row.count]
            leading = tuple(row.columns[: numbers.index("0")] if "0" in numbers else row.columns)
            # An index over the rows that have a value finds every row that has a certain one.
            whole = not predicate or (leading and predicate.replace('"', "") == f"({leading[0]} IS NOT NULL)")
            if row.finds and leading and whole:
                self.found[root].indexes.append(leading)
            if row.is_unique:
                columns = () if row.expressions else tuple(row.columns)
                primary = row.is_primary and root == row.relation
                unique = Unique(row.name, columns, primary, predicate, row.expressions, not row.nulls_alike)
                self.found[root].uniques.append(unique)

    def foreign_keys(self, constraints: Iterable[Row]) -> Iterator[ForeignKey]:
        for row in constraints:
            if row.what != "f":
                continue
            table = self.names[self.root(row.relation)]
            if row.parent not in self.relations:
                self.notes.append(f"foreign key {row.name} of {table} points at a table of an extension: not followed")
            elif row.period:
                self.notes.append(f"foreign key {row.name} of {table} compares periods, not values: not followed")
            else:
                yield ForeignKey(
                    name=row.name,
                    table=table,
                    columns=tuple(row.columns),
                    parent=self.names[self.root(row.parent)],
                    parent_columns=tuple(row.parent_columns),
                    match="full" if row.match == "f" else "simple",
                    validated=row.validated,
                    deferrable=row.deferrable,
                    deferred=row.deferred,
                    condition=self.within(row.relation) if self.relations[row.relation].is_partition else "",
                )

    # Tables, their partitions, and the rest.

    def root(self, oid: int) -> int:
        """The partitioned table a partition belongs to in the end; any other table is its own."""
        while self.relations[oid].is_partition and oid in self.parents:
            oid = self.parents[oid]
        return oid

    def leaves(self, oid: int) -> list[int]:
        """The partitions that hold the rows of a table; the table itself where it is not partitioned."""
        line, found = [oid], []
        while line:
            each = line.pop(0)
            if self.relations[each].kind == "p":
                line.extend(self.children[each])
            else:
                found.append(each)
        return found

    def within(self, oid: int) -> str:
        """SQL that holds for the rows of one partition."""
        names = ", ".join(f"{literal(qualified(self.names[leaf]))}::pg_catalog.regclass" for leaf in self.leaves(oid))
        return f"{PARTITIONS} ({names})"

    def relation(self, oid: int) -> Relation:
        row, found = self.relations[oid], self.found[oid]
        sizes = [self.size(self.relations[leaf], found.width) for leaf in self.leaves(oid)]
        table = Table(
            name=self.names[oid],
            columns=tuple(found.columns),
            uniques=tuple(found.uniques),
            checks=tuple(found.checks),
            indexes=tuple(dict.fromkeys(found.indexes)),
            rows=sum(rows for rows, _ in sizes),
            bytes=sum(size for _, size in sizes),
            partitions=tuple(sorted(self.names[leaf] for leaf in self.leaves(oid) if leaf != oid)),
            triggers=tuple(found.triggers),
            row_security=row.row_security,
            readable=row.readable and not (row.persistence == "u" and self.database.standby),
            comment=row.comment,
        )
        if not table.row_key:
            table = replace(table, row_sql="(tableoid, ctid)" if row.kind == "p" else "ctid")
        only = row.kind == "r" and bool(self.children[oid])
        return Relation(table, only, found.types, frozenset(found.comparable))

    def size(self, row: Row, width: int) -> tuple[int, int]:
        """Rows and bytes of one relation as the last ANALYZE counted them; by its pages where there was none."""
        if row.pages > 0 and row.tuples >= 0:
            return int(row.tuples), row.pages * self.database.block
        return row.heap // width, row.size

    def sequences(self) -> Iterator[Sequence]:
        for row in self.ask(queries.SEQUENCES):
            drawers = {(int(oid), column) for oid, _, column in (text.partition(" ") for text in row.drawers)}
            if row.owner is not None:
                drawers = {(row.owner, row.owner_column)}
            owners = {(self.names[self.root(oid)], column) for oid, column in drawers if oid in self.relations}
            yield Sequence(
                name=TableName(row.namespace, row.name),
                owned_by=owners.pop() if len(owners) == 1 else None,
                start=row.start,
                increment=row.increment,
                last_value=row.last_value,
            )

    def note_the_rest(self) -> None:
        for oid, row in self.relations.items():
            if row.kind == "f":
                self.notes.append(f"{self.names[oid]} is a foreign table: its rows live elsewhere and are not read")
        unlogged = ", ".join(str(self.names[oid]) for oid, row in self.relations.items() if row.persistence == "u")
        if unlogged:
            which = "not on this standby, so not read" if self.database.standby else "read like any other"
            self.notes.append(f"unlogged tables, {which}: {unlogged}")
        self.notes.extend(f"{row.name}: not carried" for row in self.ask(queries.ELSEWHERE))


_VALUE = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\bVALUE\b""")


def of_value(sql: str, column: str) -> str:
    """A domain's CHECK as one of a column: VALUE replaced, but not in texts and names."""
    return _VALUE.sub(lambda found: quoted(column) if found.group() == "VALUE" else found.group(), sql)
