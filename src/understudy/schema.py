"""The nouns of a database's structure: Schema, Table, Column, ForeignKey.  Frozen, printable, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import pyarrow as pa

from understudy.errors import unknown

Kind = Literal[
    "integer",
    "decimal",
    "float",
    "text",
    "enum",
    "boolean",
    "date",
    "timestamp",
    "time",
    "uuid",
    "json",
    "bytes",
    "other",
]
"""What a column holds, as far as a rule needs to know; ``other`` travels as the database's own text form."""


@dataclass(frozen=True, order=True, slots=True)
class TableName:
    """The name of a table inside its namespace (what PostgreSQL calls a schema)."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return self.name if self.namespace in ("", "public") else f"{self.namespace}.{self.name}"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, and the Arrow type in which its values travel."""

    name: str
    native_type: str
    kind: Kind
    arrow_type: pa.DataType
    nullable: bool = True
    max_length: int | None = None
    """Most characters a value may have (``varchar(n)``), or None."""
    labels: tuple[str, ...] = ()
    """The labels of an enum, in the database's order."""
    default: str = ""
    generated: bool = False
    """The database computes it: it is read where a key needs it, and never written."""
    identity: Literal["", "always", "default"] = ""
    comment: str = ""
    as_text: bool = False
    """The type has no exact Arrow form: values travel as the database's own text."""
    key_sql: str = ""
    """SQL whose plain equality is the database's own equality of this column, where the value's is
    not (``lower(email::text)`` for citext, trimmed scale for numeric); empty where it is."""


@dataclass(frozen=True, slots=True)
class Unique:
    """A unique constraint or unique index; the primary key is one of them."""

    name: str
    columns: tuple[str, ...]
    """Empty for an index over expressions."""
    primary: bool = False
    predicate: str = ""
    """The condition of a partial index."""
    expressions: str = ""
    nulls_distinct: bool = True


@dataclass(frozen=True, slots=True)
class CheckConstraint:
    """A CHECK (or EXCLUDE) constraint: its name, the columns it reads and its SQL."""

    name: str
    columns: tuple[str, ...]
    sql: str
    exclusion: bool = False


PARTITIONS = "tableoid IN"
"""How the condition of a foreign key begins that only some partitions of a table have."""


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One edge of the graph: rows of ``table`` point through ``columns`` at ``parent_columns`` of ``parent``."""

    name: str
    table: TableName
    columns: tuple[str, ...]
    parent: TableName
    parent_columns: tuple[str, ...]
    match: Literal["simple", "full"] = "simple"
    validated: bool = True
    deferrable: bool = False
    deferred: bool = False
    virtual: bool = False
    """Declared in the job, not in the database."""
    condition: str = ""
    """SQL on the child row under which the edge exists: ``owner_type = 'User'`` of a polymorphic key."""
    expressions: tuple[str, ...] = ()
    """SQL on the child row giving the key where no column holds it (``(payload->>'user_id')::bigint``);
    ``columns`` then names them for display."""

    @property
    def id(self) -> str:
        """How a person names the edge: ``orders.customer_id``, ``lines.(order_id, no)``."""
        inner = self.columns[0] if len(self.columns) == 1 else f"({', '.join(self.columns)})"
        suffix = f"[{self.condition}]" if self.condition else ""
        return f"{self.table}.{inner}{suffix}"

    def __str__(self) -> str:
        return f"{self.id} -> {self.parent}.{', '.join(self.parent_columns)}"


@dataclass(frozen=True, slots=True)
class Sequence:
    """A sequence and the column that draws from it."""

    name: TableName
    owned_by: tuple[TableName, str] | None = None
    start: int = 1
    increment: int = 1
    last_value: int | None = None
    """The last value handed out; None where it was never used or may not be read."""


@dataclass(frozen=True)
class Table:
    """One table (a partitioned table counts as one; its partitions are listed, not separate)."""

    name: TableName
    columns: tuple[Column, ...]
    uniques: tuple[Unique, ...] = ()
    checks: tuple[CheckConstraint, ...] = ()
    indexes: tuple[tuple[str, ...], ...] = ()
    """The leading plain columns of every index, unique ones included."""
    rows: int = 0
    """The database's own estimate."""
    bytes: int = 0
    partitions: tuple[TableName, ...] = ()
    triggers: tuple[str, ...] = ()
    row_security: bool = False
    """Row policies would filter what this user reads, so the table may not be read silently."""
    readable: bool = True
    """This user may SELECT from it."""
    comment: str = ""
    row_sql: str = ""
    """SQL that identifies a row within one snapshot, for tables without a key."""

    @cached_property
    def by_name(self) -> Mapping[str, Column]:
        """The columns by their names."""
        return {column.name: column for column in self.columns}

    @property
    def primary_key(self) -> tuple[str, ...]:
        """The columns of the primary key; empty where there is none."""
        return next((unique.columns for unique in self.uniques if unique.primary), ())

    @cached_property
    def row_key(self) -> tuple[str, ...]:
        """Columns that identify a row: the primary key, else a unique key of NOT NULL columns, else ()."""
        if self.primary_key:
            return self.primary_key
        for unique in self.uniques:
            whole = unique.columns and not unique.predicate and not unique.expressions
            if whole and not any(self.by_name[c].nullable for c in unique.columns):
                return unique.columns
        return ()

    @property
    def stored(self) -> tuple[Column, ...]:
        """The columns that are written: all but generated ones."""
        return tuple(column for column in self.columns if not column.generated)

    def column(self, name: str) -> Column:
        """The column of that name; an InputError with a close match where there is none."""
        if name not in self.by_name:
            raise unknown("column", f"{self.name}.{name}", [f"{self.name}.{c.name}" for c in self.columns])
        return self.by_name[name]


@dataclass(frozen=True)
class Schema:
    """Everything introspection returns about one database."""

    tables: tuple[Table, ...]
    foreign_keys: tuple[ForeignKey, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    notes: tuple[str, ...] = ()
    """What was seen and is not carried (foreign tables, publications ...), one sentence each."""
    engine: str = ""
    version: str = ""
    identity: str = ""
    """Which database this is, without credentials: ``postgresql://host:port/name``."""
    extras: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def by_name(self) -> Mapping[TableName, Table]:
        """The tables by their names."""
        return {table.name: table for table in self.tables}

    def table(self, name: TableName) -> Table:
        """The table of that name; KeyError-free: raises an InputError with a close match."""
        if name not in self.by_name:
            raise unknown("table", str(name), [str(t.name) for t in self.tables])
        return self.by_name[name]

    def find(self, text: str) -> Table:
        """The table a person wrote as ``users`` or ``billing.invoices``; an InputError with a close match."""
        exact = [table for table in self.tables if str(table.name) == text]
        spelled = [table for table in self.tables if f"{table.name.namespace}.{table.name.name}" == text]
        short = [table for table in self.tables if table.name.name == text]
        for found in (exact, spelled, short):
            if len(found) == 1:
                return found[0]
        raise unknown("table", text, [str(t.name) for t in self.tables])

    def find_column(self, text: str) -> tuple[Table, Column]:
        """The column a person wrote as ``users.email`` or ``billing.invoices.total``."""
        for table in self.tables:
            for spelling in {str(table.name), f"{table.name.namespace}.{table.name.name}"}:
                if text.startswith(spelling + ".") and text[len(spelling) + 1 :] in table.by_name:
                    return table, table.by_name[text[len(spelling) + 1 :]]
        owner, _, name = text.rpartition(".")
        if not owner:
            raise unknown("column", text, [f"{t.name}.{c.name}" for t in self.tables for c in t.columns])
        table = self.find(owner)
        return table, table.column(name)

    def parents(self, name: TableName) -> tuple[ForeignKey, ...]:
        """The foreign keys of a table: the edges to its parents."""
        return tuple(key for key in self.foreign_keys if key.table == name)

    def children(self, name: TableName) -> tuple[ForeignKey, ...]:
        """The foreign keys that point at a table: the edges to its children."""
        return tuple(key for key in self.foreign_keys if key.parent == name)

    def joined(self, name: TableName) -> frozenset[str]:
        """The columns of a table by which foreign keys join it with others."""
        own = {column for key in self.parents(name) for column in key.columns}
        return frozenset(own | {column for key in self.children(name) for column in key.parent_columns})
