"""Texts that are dates, times or amounts, as what they say: two days are near one another, two texts are not."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import pyarrow as pa

from understudy import arrow, readings
from understudy.schema import TableName

Tables = Mapping[TableName, pa.Table]


def said(
    real: Tables, made: Tables, holdout: Tables | None, *, leave: Collection[TableName] = ()
) -> tuple[dict[TableName, pa.Table], dict[TableName, pa.Table], dict[TableName, pa.Table] | None]:
    """All sides with columns read as the real ones are written; what is not written so is null, and missed as such.

    Tables to ``leave`` stay as they are.
    """
    ways = {name: _ways(table) for name, table in real.items() if name not in leave}
    one, two, three = (
        {name: _read(table, ways.get(name, {})) for name, table in (side or {}).items()}
        for side in (real, made, holdout)
    )
    return one, two, None if holdout is None else three


def _ways(table: pa.Table) -> dict[str, readings.Reading]:
    """How the columns of a table are written that are read."""
    found = {}
    for name in table.column_names:
        if arrow.is_text(table.schema.field(name).type):
            way = readings.reading_of(table.column(name).combine_chunks())
            if way is not None:
                found[name] = way
    return found


def _read(table: pa.Table, ways: Mapping[str, readings.Reading]) -> pa.Table:
    for name, way in ways.items():
        if name in table.column_names and arrow.is_text(table.schema.field(name).type):
            values = readings.read(table.column(name).combine_chunks(), way)
            table = table.set_column(table.schema.get_field_index(name), name, values)
    return table
