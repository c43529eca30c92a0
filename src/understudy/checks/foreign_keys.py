"""Does every foreign key of the result resolve?"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from understudy.checks.counting import Counter, counting
from understudy.checks.keys import spelling
from understudy.checks.predicate import simple
from understudy.interfaces import Dataset, Result
from understudy.schema import ForeignKey, TableName


def foreign_keys(real: Dataset, made: Dataset) -> Iterator[Result]:
    """For every foreign key, how many rows point at a parent that is not there.

    A key the source itself never validated (NOT VALID, or declared in the job) gives a note: its orphans may be
    the source's own.  Keys computed by SQL of the source are followed when rows are chosen and not asked again.
    """
    keys = {str(key): key for key in (*made.schema().foreign_keys, *real.schema().foreign_keys)}
    by_parent = sorted(keys.values(), key=lambda key: (key.parent, key.parent_columns, str(key)))
    with counting(made) as counter:
        for (parent, columns), group in itertools.groupby(by_parent, lambda key: (key.parent, key.parent_columns)):
            yield from _of_parent(counter, parent, columns, list(group))


def _of_parent(
    counter: Counter, parent: TableName, columns: tuple[str, ...], keys: list[ForeignKey]
) -> Iterator[Result]:
    kept = counter.columns(parent, columns) is not None
    if kept:
        counter.keep("parents", parent, columns)
    for key in keys:
        yield _ask(counter, key)
    if kept:
        counter.drop("parents")


def _ask(counter: Counter, key: ForeignKey) -> Result:
    if counter.table(key.table) is None:
        return Result("foreign_keys", key.id, "pass", 0, 0, f"no rows of {key.table} were made")
    if key.expressions:
        return _note(key, "computed by SQL of the source, which chose the rows by it; not asked again here")
    parentless = counter.table(key.parent) is None
    unseen = not parentless and counter.columns(key.parent, key.parent_columns) is None
    if unseen or counter.columns(key.table, key.columns) is None:
        return _note(key, "a column of it is computed by the destination, which checks it on loading")
    condition = _condition(counter, key)
    if condition is None:
        return _note(key, "its condition is SQL of the source, which chose the rows by it; not asked again here")
    orphans = _pointing(counter, key, condition) if parentless else _orphans(counter, key, condition)
    if orphans is None:
        return _note(key, "its columns compare by a rule of the database, which checks it on loading")
    return _judged(key, *orphans)


def _condition(counter: Counter, key: ForeignKey) -> tuple[str, list[str]] | None:
    table = counter.table(key.table)
    assert table is not None
    return simple(key.condition, table, len(key.columns)) if key.condition else ("true", [])


def _orphans(counter: Counter, key: ForeignKey, condition: tuple[str, list[str]]) -> tuple[int, int, int] | None:
    """Rows that point somewhere, rows whose parent is missing, rows half null under MATCH FULL."""
    children, parents = counter.columns(key.table, key.columns), counter.columns(key.parent, key.parent_columns)
    assert children is not None
    assert parents is not None
    patterns = [spelling(child, parent) for child, parent in zip(children, parents, strict=True)]
    if None in patterns:
        return None
    spelled = [pattern.format(f"c{number}") for number, pattern in enumerate(patterns) if pattern]
    one = ", ".join(spelled)
    sql = f"""
        SELECT count(*) FILTER (NOT half), count(*) FILTER (NOT half AND NOT found), count(*) FILTER (half)
        FROM (SELECT ({one}) IN (SELECT ({one}) FROM parents) AS found, {_half(key)} AS half
              FROM rows WHERE ({condition[0]}) AND {_points(key)})"""
    pointing, orphans, half = counter.ask(sql, key.table, [*key.columns, *condition[1]])
    return pointing, orphans, half


def _pointing(counter: Counter, key: ForeignKey, condition: tuple[str, list[str]]) -> tuple[int, int, int]:
    """The same where no parent was made at all: every row that points is an orphan."""
    sql = f"SELECT count(*) FROM rows WHERE ({condition[0]}) AND {_points(key)}"
    (pointing,) = counter.ask(sql, key.table, [*key.columns, *condition[1]])
    return pointing, pointing, 0


def _points(key: ForeignKey) -> str:
    """MATCH SIMPLE asks nothing of a row with any null; MATCH FULL only of a row that is null throughout."""
    joined = " OR " if key.match == "full" else " AND "
    return "(" + joined.join(f"c{number} IS NOT NULL" for number in range(len(key.columns))) + ")"


def _half(key: ForeignKey) -> str:
    return "(" + " OR ".join(f"c{number} IS NULL" for number in range(len(key.columns))) + ")"


def _judged(key: ForeignKey, pointing: int, orphans: int, half: int) -> Result:
    found = orphans + half
    if not found:
        return Result("foreign_keys", key.id, "pass", 0, 0, f"{pointing:,} rows, each with its row of {key.parent}")
    told = [f"{orphans:,} of {pointing:,} rows point at a row of {key.parent} that is not there"] if orphans else []
    if half:
        told.append(f"{half:,} rows are null in part, which MATCH FULL refuses")
    if key.validated:
        return Result("foreign_keys", key.id, "fail", found, 0, "; ".join(told))
    why = "declared in the job" if key.virtual else "NOT VALID in the source"
    return Result("foreign_keys", key.id, "note", found, None, f"{'; '.join(told)} ({why}, so none was promised)")


def _note(key: ForeignKey, detail: str) -> Result:
    return Result("foreign_keys", key.id, "note", None, None, detail)
