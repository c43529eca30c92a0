"""Is everything unique that must be?"""

from __future__ import annotations

from collections.abc import Iterator

from understudy.checks import counting as counts
from understudy.checks.counting import Counter, counting
from understudy.checks.keys import spelling
from understudy.checks.predicate import simple
from understudy.interfaces import Dataset, Result
from understudy.schema import Table, Unique


def unique(real: Dataset, made: Dataset) -> Iterator[Result]:
    """For every primary key, unique constraint and unique index, how many rows repeat another one's key.

    Hashes of the keys are sorted first, and only rows whose hashes meet are compared.
    Indexes over expressions, under conditions only the database can read, or under a comparison of its own are
    noted: the destination enforces them on loading.
    """
    with counting(made) as counter:
        for table in real.schema().tables:
            if counter.table(table.name) is None:
                continue
            for constraint in table.uniques:
                yield _ask(counter, table, constraint)
            for check in table.checks:
                if check.exclusion:
                    yield _note(table, check.name, "an exclusion constraint")


def _ask(counter: Counter, table: Table, constraint: Unique) -> Result:
    subject = f"{table.name} ({', '.join(constraint.columns)})" if constraint.columns else constraint.name
    if constraint.expressions or not constraint.columns:
        return _note(table, constraint.name, "over an expression")
    columns = counter.columns(table.name, constraint.columns)
    patterns = [spelling(column) for column in columns] if columns is not None else [None]
    condition = simple(constraint.predicate, table, len(constraint.columns)) if constraint.predicate else ("true", [])
    if None in patterns or condition is None:
        return _note(table, constraint.name, "under a condition or comparison of the database's own")
    spelled = ", ".join(pattern.format(f"c{number}") for number, pattern in enumerate(patterns) if pattern)
    where = [f"({condition[0]})"]
    if constraint.nulls_distinct:
        where += [f"c{number} IS NOT NULL" for number in range(len(constraint.columns))]
    read = [*constraint.columns, *condition[1]]
    suspects = counter.repeated(f"hash({spelled})", " AND ".join(where), table, read)
    repeated, values = _repeats(counter, (spelled, where, suspects), table, read) if suspects else (0, 0)
    if not repeated:
        return Result("unique", subject, "pass", 0, 0, "the primary key" if constraint.primary else constraint.name)
    detail = f"{repeated:,} rows repeat a key ({values:,} keys occur more than once; {constraint.name})"
    return Result("unique", subject, "fail", float(repeated), 0, detail)


def _repeats(counter: Counter, key: tuple[str, list[str], list[int]], table: Table, read: list[str]) -> tuple[int, int]:
    """How many rows repeat a key, and how many keys are repeated, among rows whose hashes meet."""
    spelled, where, suspects = key
    if len(suspects) < counts.SUSPECTS:
        where = [*where, f"hash({spelled}) IN ({', '.join(map(str, suspects))})"]
    sql = f"""
        SELECT coalesce(sum(times - 1), 0), count(*)
        FROM (SELECT count(*) AS times FROM rows WHERE {" AND ".join(where)} GROUP BY {spelled} HAVING count(*) > 1)"""
    repeated, values = counter.ask(sql, table.name, read)
    return int(repeated), int(values)


def _note(table: Table, name: str, what: str) -> Result:
    return Result("unique", f"{table.name} [{name}]", "note", None, None, f"{what}: enforced by the destination")
