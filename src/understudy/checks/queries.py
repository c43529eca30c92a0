"""The user's own SQL, run on both sides: how near are the answers?"""

from __future__ import annotations

from collections.abc import Mapping

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow
from understudy.checks.scores import Score
from understudy.checks.sides import flattened
from understudy.errors import InputError

Tables = Mapping[str, pa.Table]

MEMORY_LIMIT = "1GB"
MOST = 100_000
"""Rows of an answer that are compared at most; a query that gives more is refused: it is no question."""


def queries(
    asked: Mapping[str, str], real: Tables, made: Tables, holdout: Tables | None = None, apart: Tables | None = None
) -> list[Score]:
    """One Score per named query: 1 where made tables answer as the real ones do, 0 where nothing agrees.

    Rows of both answers are matched by their columns that are no numbers (``GROUP BY`` ones); a number counts as near
    as the smaller is to the greater, a row of one side alone as 0.  The breakdown has the same by column.  Answers of
    real rows are shown nowhere.  Ask for shares and averages where the sides have different numbers of rows.
    """
    scores = []
    for name, sql in asked.items():
        wanted, got = answer(sql, real), answer(sql, made)
        breakdown = _nearness(wanted, got)
        floor, ceiling = (
            None if side is None else _value(_nearness(wanted, answer(sql, side))) for side in (apart, holdout)
        )
        detail = f"{got.num_rows:,} rows where the real tables give {wanted.num_rows:,}"
        scores.append(Score("query", name, _value(breakdown), floor, ceiling, detail=detail, breakdown=breakdown))
    return scores


def answer(sql: str, tables: Tables) -> pa.Table:
    """What a query gives over tables, in memory and without access to anything else.

    Raises an InputError for SQL that does not fit the tables; an error of values in them is told without its message.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "enable_external_access": False,
        "memory_limit": MEMORY_LIMIT,
        "temp_directory": "",
        "threads": 1,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        for name, table in tables.items():
            connection.register(name, table)
        try:
            found: pa.Table = connection.sql(sql).to_arrow_table()
        except (duckdb.ParserException, duckdb.BinderException, duckdb.CatalogException) as error:
            raise InputError(f"the query does not run: {str(error).splitlines()[0]}", hint="check its names") from None
        except duckdb.Error as error:
            raise InputError(f"the query does not run on these rows ({type(error).__name__})") from None
    if found.num_rows > MOST:
        raise InputError(f"the query gives {found.num_rows:,} rows", hint=f"group it to at most {MOST:,}")
    return found


def _nearness(wanted: pa.Table, got: pa.Table) -> dict[str, float]:
    """For every number column of an answer, or the rows themselves where there is none: how near both sides are."""
    numbers = [field.name for field in wanted.schema if _is_number(field.type)]
    left, right = (_matched(side, numbers) for side in (wanted, got))
    rows = sorted({*left, *right})
    if not numbers:
        return {"rows": len(left.keys() & right.keys()) / len(rows) if rows else 1.0}
    return {
        name: float(np.mean([_near(left, right, row, at) for row in rows])) if rows else 1.0
        for at, name in enumerate(numbers)
    }


def _matched(table: pa.Table, numbers: list[str]) -> dict[tuple[str, ...], NDArray[np.float64]]:
    """The numbers of each row by its other values; rows that share those are told apart by their order."""
    others = [_texts(table.column(name)) for name in table.column_names if name not in numbers]
    values = [table.column(name).cast(pa.float64(), safe=False).to_numpy() for name in numbers]
    found: dict[tuple[str, ...], NDArray[np.float64]] = {}
    seen: dict[tuple[str, ...], int] = {}
    for row in range(table.num_rows):
        key = tuple(column[row] for column in others)
        seen[key] = seen.get(key, 0) + 1
        found[*key, f"{seen[key]:09}"] = np.array([column[row] for column in values])
    return found


def _near(
    left: Mapping[tuple[str, ...], NDArray[np.float64]],
    right: Mapping[tuple[str, ...], NDArray[np.float64]],
    row: tuple[str, ...],
    at: int,
) -> float:
    if row not in left or row not in right:
        return 0.0
    one, two = float(left[row][at]), float(right[row][at])
    if np.isnan(one) or np.isnan(two):
        return float(np.isnan(one) and np.isnan(two))
    return 1.0 if one == two else max(0.0, 1 - abs(one - two) / max(abs(one), abs(two)))


def _value(breakdown: Mapping[str, float]) -> float:
    return float(np.mean(list(breakdown.values())))


def _is_number(kind: pa.DataType) -> bool:
    return arrow.kind_of(kind) in ("integer", "decimal", "float")


def _texts(column: pa.ChunkedArray) -> list[str]:
    flat = flattened(column)
    if pa.types.is_nested(flat.type):
        return [repr(value) for value in flat.to_pylist()]
    texts: list[str] = pc.fill_null(flat.cast(pa.string()), "").to_pylist()
    return texts
