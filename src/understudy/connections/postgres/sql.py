"""SQL text: names quoted, a Scan as one SELECT, and where in it the user's own words stand.  Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.types as pat

from understudy.connections.postgres import numeric
from understudy.connections.postgres.types import array_literal, native_name
from understudy.interfaces import Scan
from understudy.schema import Column, Table, TableName


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def qualified(name: TableName) -> str:
    """A table's name as SQL, with its namespace."""
    return f"{quoted(name.namespace)}.{quoted(name.name)}"


def literal(text: str) -> str:
    """A text as an SQL literal, under standard_conforming_strings, which our sessions set."""
    return "'" + text.replace("'", "''") + "'"


def read_sql(column: Column) -> str:
    """SQL that reads a column so that the driver gives its lane's Arrow type (of a numeric, its bytes or its text)."""
    name = quoted(column.name)
    if numeric.is_packed(column.arrow_type):
        return f"pg_catalog.numeric_send({name})"
    return f"{name}::text" if pat.is_string(column.arrow_type) and column.native_type != "text" else name


@dataclass(frozen=True)
class Relation:
    """A table with what its SQL needs beyond what a user is told of it."""

    table: Table
    only: bool = False
    """Others inherit from it, and their rows are their own."""
    types: Mapping[str, str] = field(default_factory=dict)
    """The type each column's texts are cast to: without modifiers, and the one under a domain."""
    comparable: frozenset[str] = frozenset()
    """Columns whose equality is built in; keys of any other are compared as text."""

    @property
    def sql(self) -> str:
        """What stands after FROM."""
        return f"ONLY {qualified(self.table.name)}" if self.only else qualified(self.table.name)


@dataclass(frozen=True)
class Part:
    """The user's own words inside a statement: what they are and where they start."""

    what: str
    text: str
    start: int

    def marked(self, position: int) -> str:
        """The line of these words at a 1-based position of the statement, with a caret under it; else nothing."""
        at = position - 1 - self.start
        if not 0 <= at <= len(self.text) + 1:  # one more for the end of the line on which they stand
            return ""
        at = min(at, len(self.text))
        before = self.text.rfind("\n", 0, at) + 1
        line = self.text[before:].split("\n", 1)[0]
        return f"\n  {line}\n  {' ' * (at - before)}^"


@dataclass(frozen=True)
class Statement:
    """A SELECT, the user's parts in it, and each of these in a statement without brackets around it.

    Words that need our brackets to balance run in the whole and not alone: ``true) OR (true``.
    """

    text: str
    parts: tuple[Part, ...]
    alone: tuple[Statement, ...] = ()


_WHERE = ("1 FROM {source} WHERE", "")
_ORDER = ("1 FROM {source} ORDER BY", "LIMIT 1")
_VALUE = ("", "FROM {source}")
"""What the user's words stand between when they are tried alone."""

_RANK, _PLACE = '"=rank"', '"=place"'


@dataclass
class _Draft:
    """A statement in the making, which remembers where the user's words went."""

    relation: Relation
    text: str = ""
    parts: list[Part] = field(default_factory=list)
    alone: list[Statement] = field(default_factory=list)

    def users(self, what: str, words: str, between: tuple[str, str]) -> None:
        """Add words of the user, on lines of their own, so that a comment at their end hides nothing of ours."""
        self.text += "\n"
        self.parts.append(Part(what, words, len(self.text)))
        self.text += f"{words}\n"
        before, after = (text.replace("{source}", self.relation.sql) for text in between)
        start = f"SELECT {before}\n"
        self.alone.append(Statement(f"{start}{words}\n{after}", (Part(what, words, len(start)),)))


def columns_of(relation: Relation, scan: Scan) -> tuple[Column, ...]:
    """The plain columns a scan reads; an InputError with a close match for a name that is none."""
    if scan.columns:
        return tuple(relation.table.column(name) for name in scan.columns)
    return () if scan.computed else relation.table.stored


def select(relation: Relation, scan: Scan, *, show_keys: bool = True) -> Statement:
    """The statement a scan becomes; without ``show_keys`` it says how many keys there are instead of which."""
    draft = _Draft(relation)
    if scan.top is not None:
        names = [_name(column) for column in columns_of(relation, scan)] + [_alias(name) for name, _ in scan.computed]
        draft.text += f"SELECT {', '.join(names)} FROM (\n"
    _outputs(draft, scan)
    if scan.top is not None:
        _ranks(draft, scan, scan.top[1])
    draft.text += f"\nFROM {relation.sql}"
    _conditions(draft, scan, show_keys=show_keys)
    if scan.top is not None:
        draft.text += f"\n) AS ranked\nWHERE {_RANK} <= {int(scan.top[0])}"
        draft.text += f"\nORDER BY {_PLACE}" if scan.limit is not None and scan.order_by else ""
    elif scan.order_by:
        draft.text += "\nORDER BY"
        draft.users("order_by", scan.order_by, _ORDER)
    if scan.limit is not None:
        draft.text += f"\nLIMIT {int(scan.limit)}"
    return Statement(draft.text, tuple(draft.parts), tuple(draft.alone))


def _alias(name: str) -> str:
    # ORDER BY takes a name for an output's before it takes it for a column's, so what is not the column's plain value
    # gets a name that no column has.
    return quoted(f"={name}")


def _name(column: Column) -> str:
    """What a column is called in the result."""
    return quoted(column.name) if read_sql(column) == quoted(column.name) else _alias(column.name)


def _outputs(draft: _Draft, scan: Scan) -> None:
    outputs = []
    for column in columns_of(draft.relation, scan):
        value, name = read_sql(column), _name(column)
        outputs.append(value if value == name else f"{value} AS {name}")
    draft.text += "SELECT " + ", ".join(outputs)
    for number, (name, words) in enumerate(scan.computed):
        draft.text += ", (" if outputs or number else "("
        draft.users(name, words, _VALUE)
        draft.text += f") AS {_alias(name)}"


def _ranks(draft: _Draft, scan: Scan, per: tuple[str, ...]) -> None:
    """Each row's place among those with the same values of some columns, and among all where a limit asks for it."""
    computed = dict(scan.computed)
    same = ", ".join(f"(\n{computed[name]}\n)" if name in computed else _own(draft.relation, name) for name in per)
    windows = [(f"PARTITION BY {same}", _RANK)]
    if scan.limit is not None and scan.order_by:
        windows.append(("", _PLACE))
    for partition, name in windows:
        draft.text += f",\nrow_number() OVER ({partition}"
        if scan.order_by:
            draft.text += " ORDER BY"
            draft.users("order_by", scan.order_by, _ORDER)
        draft.text += f") AS {name}"


def _own(relation: Relation, name: str) -> str:
    return quoted(relation.table.column(name).name)


def _conditions(draft: _Draft, scan: Scan, *, show_keys: bool) -> None:
    if scan.where:
        draft.text += "\nWHERE ("
        draft.users("where", scan.where, _WHERE)
        draft.text += ")"
    if scan.keys is not None:
        draft.text += "\nAND " if scan.where else "\nWHERE "
        draft.text += _with_keys(draft.relation, scan, scan.keys, show_keys=show_keys)


def _with_keys(relation: Relation, scan: Scan, keys: pa.Table, *, show_keys: bool) -> str:
    """The condition that a row's values are among the keys; duplicates among these change nothing."""
    computed = dict(scan.computed)
    ends: list[tuple[str, str, str]] = []
    for name, values in zip(keys.column_names, keys.columns, strict=True):
        if name in computed:
            value, native = f"(\n{computed[name]}\n)", native_name(values.type)
        elif name in relation.comparable:
            value, native = _own(relation, name), relation.types[name]
        else:
            value, native = f"{_own(relation, name)}::text", "text"
        listed = literal(array_literal(values.combine_chunks())) if show_keys else f"'{{{len(values):,} keys}}'"
        ends.append((value, listed, native))
    if len(ends) == 1:
        value, listed, native = ends[0]
        return f"{value} = ANY ({listed}::{native}[])"
    values_sql = ", ".join(value for value, _, _ in ends)
    arrays = ", ".join(f"{listed}::{native}[]" for _, listed, native in ends)
    return f"({values_sql}) IN (SELECT * FROM unnest({arrays}))"
