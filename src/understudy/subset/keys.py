"""How keys are compared: the values that stand for a row or for one end of an edge, and where each is kept.

The database's own equality decides what a key points at.  A plain value is compared as it is; where the two ends of
an edge have different types, or a column needs SQL of its own (``Column.key_sql``), both ends are brought to one form.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa
import pyarrow.types as pat

from understudy.schema import Column, ForeignKey, Schema, Table

RESERVED = "_understudy_"
"""Columns that we ask the source to compute have names that start so."""

Form = Literal["value", "integer", "double", "number", "moment", "text", "flag"]
"""How a value is kept: as it is, as one wide type for both ends, as a number or other text, or as a condition."""

FORMS: Mapping[Form, str] = {
    "value": "{0}",
    "integer": "{0}::BIGINT",
    "double": "{0}::DOUBLE",
    # 5, 5.0 and 5.00 are one number.
    "number": "CASE WHEN contains({0}::VARCHAR, '.') THEN rtrim(rtrim({0}::VARCHAR, '0'), '.') ELSE {0}::VARCHAR END",
    "moment": "{0}::TIMESTAMP",
    "text": "{0}::VARCHAR",
    "flag": "({0} = 1)",
}
"""DuckDB SQL that brings a fetched value to its form."""

KEPT_AS: Mapping[Form, str] = {
    "integer": "BIGINT",
    "double": "DOUBLE",
    "number": "VARCHAR",
    "moment": "TIMESTAMP",
    "text": "VARCHAR",
    "flag": "BOOLEAN",
}

End = Literal["child", "parent"]


def quoted(name: str) -> str:
    """A name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


@dataclass(frozen=True, slots=True)
class Part:
    """One value of a key: a plain column, or SQL that the source computes."""

    column: str
    """The column that the source is asked by; empty where it is asked by the SQL."""
    sql: str
    """What is read in place of the column; empty where the column itself is."""
    form: Form


def ends(schema: Schema, key: ForeignKey) -> tuple[tuple[Part, ...], tuple[Part, ...]]:
    """The parts of an edge's key on the child's side and on the parent's, equal exactly where the edge holds."""
    child, parent = schema.table(key.table), schema.table(key.parent)
    pairs = []
    for number, name in enumerate(key.parent_columns):
        theirs = parent.column(name)
        if key.expressions:
            pairs.append((Part("", _as_text(key.expressions[number]), "text"), _part(theirs)))
        else:
            pairs.append(_pair(child.column(key.columns[number]), theirs))
    return tuple(ours for ours, _ in pairs), tuple(theirs for _, theirs in pairs)


def _as_text(sql: str) -> str:
    return f"CAST(({sql}\n) AS text)"  # the line may end in a comment


def _part(column: Column, form: Form = "text") -> Part:
    """The parent's equality decides, so its ``key_sql`` always counts."""
    key_sql = _key_sql(column)
    if not key_sql:
        return Part(column.name, "", form)
    # Numbers of any scale are found by the column, and its index: every spelling of a number is that number there.
    return Part(column.name if column.kind == "decimal" else "", _as_text(key_sql), "text")


def _key_sql(column: Column) -> str:
    """The column's own SQL for equality; floating-point numbers need none, since -0 is 0 and NaN is NaN here too."""
    return "" if column.kind == "float" else column.key_sql


def _pair(ours: Column, theirs: Column) -> tuple[Part, Part]:
    # A child's own equality counts only where the parent's is not the plain one, or where it says which
    # spellings are one number: 'Bob' in a case-blind column does not point at 'bob' in a text column.
    if _key_sql(theirs) or (_key_sql(ours) and ours.kind == "decimal"):
        return _part(ours, _as_written(ours)), _part(theirs, _as_written(theirs))
    form = _form(ours.arrow_type, theirs.arrow_type)
    return Part(ours.name, "", form), Part(theirs.name, "", form)


def _as_written(column: Column) -> Form:
    """The form in which a plain value can be compared with what ``key_sql`` gives."""
    return "number" if _is_number(column.arrow_type) else "text"


def _is_number(kind: pa.DataType) -> bool:
    return bool(pat.is_integer(kind) or pat.is_decimal(kind))


def _form(ours: pa.DataType, theirs: pa.DataType) -> Form:
    """The form in which two plain values of these types can be compared."""
    both = (ours, theirs)
    if ours == theirs:
        return "value"
    if all(pat.is_integer(kind) and kind != pa.uint64() for kind in both):
        return "integer"
    if all(_is_number(kind) for kind in both):
        return "number"
    if all(_is_number(kind) or pat.is_floating(kind) for kind in both):
        return "double"
    if all(pat.is_date(kind) or pat.is_timestamp(kind) for kind in both):
        return "moment"
    return "text"


def row_parts(table: Table) -> tuple[Part, ...]:
    """What tells the rows of a table apart within one snapshot.

    The plain values do, even where the database holds several spellings equal: one row has one spelling.
    """
    if table.row_key:
        return tuple(Part(name, "", "value") for name in table.row_key)
    return (Part("", _as_text(table.row_sql), "text"),)


def flag(condition: str) -> Part:
    """Whether a condition of the source holds for a row."""
    return Part("", f"CASE WHEN ({condition}\n) THEN 1 ELSE 0 END", "flag")
