"""When two key columns hold the same key: equality as the database means it, for columns of unlike types too."""

from __future__ import annotations

from understudy.schema import Column

_NUMBERS = {"integer", "decimal", "float"}
_MOMENTS = {"date", "timestamp"}

_TRIMMED = r"regexp_replace(regexp_replace(CAST({0} AS VARCHAR), '(\.[0-9]*?)0+$', '\1'), '\.$', '')"

SPELLINGS = {
    "value": "{0}",
    "text": "CAST({0} AS VARCHAR)",
    "caseless": "lower(CAST({0} AS VARCHAR))",
    "number": _TRIMMED,
    "float": "CAST({0} AS DOUBLE)",
}
"""How a column is spelled in SQL, so that equal keys are equal values."""


def spelling(*columns: Column) -> str | None:
    """The SQL pattern under which these columns compare; None where only the database knows (a collation of its own).

    Numbers compare by value whatever their scale, citext without case, a uuid with its text, all else as text.
    """
    if any(_of_its_own(column) for column in columns):
        return None
    kinds = {column.kind for column in columns}
    if kinds <= _NUMBERS:
        if kinds == {"integer"} and not any(column.as_text for column in columns):
            return SPELLINGS["value"]
        return SPELLINGS["float" if "float" in kinds else "number"]
    if any(_caseless(column) for column in columns):
        return SPELLINGS["caseless"]
    if len({column.arrow_type for column in columns}) == 1 or kinds <= _MOMENTS:
        return SPELLINGS["value"]
    return SPELLINGS["caseless" if "uuid" in kinds else "text"]


def _caseless(column: Column) -> bool:
    return column.key_sql.startswith("lower(")


def _of_its_own(column: Column) -> bool:
    """Whether values compare by a rule that is neither numeric, nor caseless, nor equality of their text."""
    own_text = column.key_sql.endswith("::text") and "(" not in column.key_sql
    return bool(column.key_sql) and column.kind not in _NUMBERS and not _caseless(column) and not own_text
