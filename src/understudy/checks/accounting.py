"""Is every row that was read either in the result or explained?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from understudy.interfaces import Check, Dataset, Result, Scan, Tallied
from understudy.schema import Table, TableName


@dataclass(frozen=True)
class RowCount:
    """What a run did with the rows of one table."""

    read: int
    kept: int
    dropped: int = 0
    """Left out on purpose: excluded, or without a parent that was excluded."""
    duplicate: int = 0
    """Read more than once on different ways to the same row, and kept once."""


def accounting(counts: Mapping[TableName, RowCount]) -> Check:
    """A check that every table holds the rows the run says it kept, and that kept = read - dropped - duplicate."""

    def check(real: Dataset, made: Dataset) -> Iterator[Result]:  # noqa: ARG001 - a Check is given both
        there = {table.name: table for table in made.schema().tables}
        for name in [*counts, *(name for name in there if name not in counts)]:
            written = _rows(made, there[name]) if name in there else 0
            yield _compare(name, counts.get(name), written)

    return check


def _rows(made: Dataset, table: Table) -> int:
    tally = made.tally(table.name) if isinstance(made, Tallied) else None
    if tally is not None:
        return tally.rows
    narrow = tuple(column.name for column in table.stored)[:1]
    return sum(batch.num_rows for batch in made.read(Scan(table.name, narrow)))


def _compare(name: TableName, count: RowCount | None, written: int) -> Result:
    if count is None:
        detail = f"{written:,} rows of a table the run did not count"
        return Result("accounting", str(name), "fail" if written else "pass", written, 0, detail)
    explained = f"{count.read:,} read - {count.dropped:,} dropped - {count.duplicate:,} read twice"
    expected = count.read - count.dropped - count.duplicate
    if expected != count.kept:
        detail = f"{explained} is {expected:,}, yet {count.kept:,} were kept"
        return Result("accounting", str(name), "fail", count.kept, expected, detail)
    if written != count.kept:
        detail = f"{written:,} rows are there where {count.kept:,} were kept ({explained})"
        return Result("accounting", str(name), "fail", written, count.kept, detail)
    return Result("accounting", str(name), "pass", written, count.kept, f"{written:,} rows = {explained}")
