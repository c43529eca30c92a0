"""Which rows a table takes: every value of its type, nothing twice that is unique; each refusal has its reason."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pyarrow as pa

from understudy.schema import Column, Table
from understudy.synth.described.values import Unfit, array_of, same, value_of

Values = dict[str, Any]
"""A row: Python values by column."""

_LOWERED = re.compile(r'(?:lower|upper)\(\(*"?(\w+)"?\)*(?:::\w+)?\)', re.IGNORECASE)


class Ruling:
    """Takes the rows of one table, or says why not.

    A partial unique index is held to be a whole one, which refuses more than the database would.  ``unchecked`` names
    unique indexes over expressions that are not understood: the database alone can judge them, when rows are loaded.
    """

    def __init__(self, table: Table, written: Collection[str]) -> None:
        self.table = table
        self._columns = tuple(column for column in table.stored if column.name in written)
        self.written = tuple(column.name for column in self._columns)
        """The columns that a model writes."""
        self._unique: list[tuple[tuple[str, ...], bool, bool, set[tuple[Any, ...]]]] = []
        unchecked = []
        for unique in table.uniques:
            lowered = _LOWERED.fullmatch(unique.expressions.strip()) if not unique.columns else None
            columns = (lowered.group(1),) if lowered else unique.columns
            known = bool(columns) and all(
                name in table.by_name and not table.by_name[name].generated for name in columns
            )
            if not known or (unique.expressions and not lowered):
                unchecked.append(unique.name)
                continue
            self._unique.append((columns, bool(lowered), unique.nulls_distinct and not unique.primary, set()))
        self.unchecked = tuple(unchecked)

    def read(self, said: Mapping[str, Any], given: Values) -> Values:
        """A row from what a model wrote and what was given; raises Unfit with the column and what it must be."""
        row = dict(given)
        for column in self._columns:
            if column.name not in said and not column.nullable:
                raise Unfit("missing", f"{column.name} is missing")
            try:
                row[column.name] = value_of(column, said.get(column.name))
            except Unfit as unfit:
                raise Unfit(unfit.kind, f"{column.name} {unfit.words}") from None
        return row

    def take(self, row: Values) -> None:
        """Remember a row as made; raises Unfit where the table has its like already, and then remembers nothing."""
        keys = self._keys(row)
        for (columns, _, _, taken), key in zip(self._unique, keys, strict=True):
            if key is not None and key in taken:
                raise Unfit("unique", f"{', '.join(columns)} must differ from those of every other row")
        for (_, _, _, taken), key in zip(self._unique, keys, strict=True):
            if key is not None:
                taken.add(key)

    def free(self, given: Values, others: Sequence[Values]) -> bool:
        """Whether no row has these values yet, and none of the others, where they alone must be unique."""
        for columns, lowered, distinct, taken in self._unique:
            if set(columns) <= given.keys():
                key = self._key(columns, lowered, distinct, given)
                beside = [self._key(columns, lowered, distinct, one) for one in others if set(columns) <= one.keys()]
                if key is not None and (key in taken or key in beside):
                    return False
        return True

    def drop(self, row: Values) -> None:
        """Forget a row that was taken."""
        for (_, _, _, taken), key in zip(self._unique, self._keys(row), strict=True):
            taken.discard(key or ())

    def taken(self, rows: list[Values], most: int) -> list[str]:
        """What a model must not write again: the latest values of each column that is unique by itself."""
        single = [columns[0] for columns, _, _, _ in self._unique if len(columns) == 1]
        return [
            f"{name}: {', '.join(str(row[name])[:60] for row in rows[-most:] if row[name] is not None)}"
            for name in dict.fromkeys(single)
            if name in self.written and rows
        ]

    def batch(self, rows: list[Values]) -> pa.RecordBatch:
        """Rows in the table's own types."""
        arrays = [array_of(column, [row[column.name] for row in rows]) for column in self.table.stored]
        fields = [pa.field(column.name, column.arrow_type) for column in self.table.stored]
        return pa.RecordBatch.from_arrays(arrays, schema=pa.schema(fields))

    def _keys(self, row: Values) -> list[tuple[Any, ...] | None]:
        return [self._key(columns, lowered, distinct, row) for columns, lowered, distinct, _ in self._unique]

    def _key(self, columns: tuple[str, ...], lowered: bool, distinct: bool, row: Values) -> tuple[Any, ...] | None:
        """What must be unique; None where a null in it makes it so."""
        key = tuple(_compared(self.table.by_name[name], row[name], lowered) for name in columns)
        return None if distinct and None in key else key


def _compared(column: Column, value: Any, lowered: bool) -> Any:
    return value.lower() if lowered and isinstance(value, str) else same(column, value)
