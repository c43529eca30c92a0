"""Tables whose texts say dates, times or amounts: learned as what those say, and written again as they were."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace

import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow, readings
from understudy.jobs.people import first
from understudy.jobs.rows import Rows
from understudy.readings import SLIP, Reading
from understudy.schema import Column


@dataclass(frozen=True)
class Written:
    """A table as it is learned, and the way back to how it is written."""

    rows: Rows
    ways: Mapping[str, Reading]
    as_it_was: pa.Schema

    def back(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Rows like those learned, as the table has them."""
        columns = [
            arrow.like(self.ways[one.name].write(column), self.as_it_was.field(one.name).type)
            if one.name in self.ways
            else column
            for one, column in zip(batch.schema, batch.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(columns, batch.schema.names) if self.ways else batch


def as_written(rows: Rows) -> Written:
    """A table whose texts are learned as they stand."""
    return Written(rows, {}, rows.arrow_schema)


def read_of(rows: Rows, leave: Collection[str]) -> Written:
    """A table with what its texts say, but for some columns, and for texts that are not all written in one way.

    The first rows tell the way, and all are read once more to see that they hold to it: of a hundred one may be written
    otherwise, and says what the one before it does.
    """
    ways = _holding(rows, readings.ways_of(first(rows.read()), leave=leave))
    if not ways:
        return as_written(rows)
    columns = pa.schema([one.with_type(ways[one.name].arrow_type) if one.name in ways else one
                         for one in rows.arrow_schema])  # fmt: skip

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in rows.batches():
            found = [
                _read(column, ways[name]) if name in ways else column
                for name, column in zip(columns.names, batch.columns, strict=True)
            ]
            yield pa.RecordBatch.from_arrays(found, schema=columns)

    table = replace(rows.table, columns=tuple(_said(one, ways.get(one.name)) for one in rows.table.columns))
    return Written(replace(rows, table=table, arrow_schema=columns, batches=batches), ways, rows.arrow_schema)


def _holding(rows: Rows, ways: Mapping[str, Reading]) -> dict[str, Reading]:
    """The ways in which columns are written in all rows, where null means one thing; every row is read once."""
    left, count, slips = dict(ways), 0, Counter[str]()
    for batch in rows.batches() if ways else ():
        count += len(batch)
        for name, way in list(left.items()):
            texts = arrow.plain(batch.column(name))
            slips[name] += int(readings.odd(texts, readings.read(texts, way), way).sum())
            if way.nothing is not None and texts.null_count:
                del left[name]
    return {name: way for name, way in left.items() if slips[name] <= count // SLIP}


def _read(column: pa.Array, way: Reading) -> pa.Array:
    """What texts say, and of those that say nothing the one before them, or after."""
    texts = arrow.plain(column)
    found = readings.read(texts, way)
    odd = readings.odd(texts, found, way)
    return pc.if_else(pa.array(odd), pc.fill_null_backward(pc.fill_null_forward(found)), found) if odd.any() else found


def _said(column: Column, way: Reading | None) -> Column:
    """A column as what its texts say."""
    if way is None:
        return column
    kind, nullable = way.arrow_type, column.nullable or way.nothing is not None
    return replace(
        column, native_type=str(kind), kind=arrow.kind_of(kind), arrow_type=kind, nullable=nullable, max_length=None
    )
