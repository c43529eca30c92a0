"""Does every value fit its column: no null where none may be, no text too long, no label the enum does not know?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from understudy.checks.counting import Place
from understudy.interfaces import Check, Dataset, Result, Scan, Tallied
from understudy.schema import Column, Table

Count = Callable[[Column, pa.Array], int]


def not_null(real: Dataset, made: Dataset) -> Iterator[Result]:
    """Nulls in columns that are NOT NULL in the source; a failing column is named, a sound table is one line."""
    yield from _over(real, made, "not_null", lambda column: not column.nullable, _nulls)


def lengths(real: Dataset, made: Dataset) -> Iterator[Result]:
    """Texts longer than their column allows, and values that are no label of their enum."""
    yield from _over(real, made, "lengths", _limited, _misfits)


def nulls(expected: Mapping[Place, int]) -> Check:
    """A check that exactly as many values are null as were null when they were read.

    ``expected`` holds the nulls counted among the kept rows before they were changed, for the columns whose rule
    leaves null alone: a column emptied on the way, or a gap that was filled, is named.
    """

    def check(real: Dataset, made: Dataset) -> Iterator[Result]:  # noqa: ARG001 - a Check is given both
        for table in made.schema().tables:
            wanted = {column: count for (name, column), count in expected.items() if name == table.name}
            columns = [column for column in table.stored if column.name in wanted]
            found = _count(made, table, columns, _nulls)
            apart = [column.name for column in columns if found[column.name] != wanted[column.name]]
            for name in apart:
                detail = f"{found[name]:,} nulls where {wanted[name]:,} were read"
                yield Result("nulls", f"{table.name}.{name}", "fail", found[name], wanted[name], detail)
            if columns and not apart:
                yield Result("nulls", str(table.name), "pass", 0, 0, f"as many as were read, in {_many(columns)}")

    return check


def _over(
    real: Dataset, made: Dataset, check: str, concerns: Callable[[Column], bool], count: Count
) -> Iterator[Result]:
    """Count what must not be in the concerned columns of every made table."""
    there = made.schema().by_name
    for table in real.schema().tables:
        if table.name not in there:
            continue
        written = {column.name for column in there[table.name].stored}
        columns = [column for column in table.stored if concerns(column) and column.name in written]
        found = _count(made, table, columns, count)
        for column in columns:
            if found[column.name]:
                detail = f"{found[column.name]:,} {_wrong(check, column)}"
                yield Result(check, f"{table.name}.{column.name}", "fail", found[column.name], 0, detail)
        if columns and not any(found.values()):
            yield Result(check, str(table.name), "pass", 0, 0, _many(columns))


def _count(made: Dataset, table: Table, columns: Sequence[Column], count: Count) -> Counter[str]:
    total: Counter[str] = Counter()
    tally = made.tally(table.name) if count is _nulls and isinstance(made, Tallied) else None
    if tally is not None:
        return Counter({column.name: tally.nulls.get(column.name, 0) for column in columns})
    if columns:
        for batch in made.read(Scan(table.name, tuple(column.name for column in columns))):
            for number, column in enumerate(columns):
                total[column.name] += count(column, batch.column(number))
    return total


def _nulls(_: Column, values: pa.Array) -> int:
    return int(values.null_count)


def _limited(column: Column) -> bool:
    text = pa.types.is_string(column.arrow_type) or pa.types.is_large_string(column.arrow_type)
    return text and (column.max_length is not None or (column.kind == "enum" and bool(column.labels)))


def _misfits(column: Column, values: pa.Array) -> int:
    if column.kind == "enum" and column.labels:
        known = pc.is_in(values, value_set=pa.array(column.labels, values.type), skip_nulls=False)
        return int(pc.sum(pc.and_(pc.invert(known), pc.is_valid(values))).as_py() or 0)
    return int(pc.sum(pc.greater(pc.utf8_length(values), column.max_length)).as_py() or 0)


def _wrong(check: str, column: Column) -> str:
    if check == "not_null":
        return "nulls in a column that is NOT NULL"
    if column.kind == "enum":
        return f"values are no label of {column.native_type}"
    return f"values are longer than {column.native_type} allows"


def _many(columns: Sequence[Column]) -> str:
    return f"{len(columns)} column{'' if len(columns) == 1 else 's'}"
