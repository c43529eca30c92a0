"""Do the changed values still satisfy the source's CHECK constraints?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import cast

from understudy.checks.counting import Place
from understudy.errors import Error
from understudy.interfaces import Check, Dataset, Result, Scan, Snapshot
from understudy.schema import Table


def constraints(changed: frozenset[Place]) -> Check:
    """A check of every CHECK constraint that reads a changed column, evaluated by the source on the made rows.

    The source only computes the constraints' expressions; nothing is written there.
    """

    def check(real: Dataset, made: Dataset) -> Iterator[Result]:
        there = made.schema().by_name
        for table in real.schema().tables:
            touched = [
                constraint.name
                for constraint in table.checks
                if not constraint.exclusion
                and any(place[0] == table.name for place in changed)
                and (not constraint.columns or any((table.name, name) in changed for name in constraint.columns))
            ]
            if touched and table.name in there:
                refused = _refused(real, made, table)
                yield from (_result(table, name, refused[name]) for name in touched)

    return check


def _refused(real: Dataset, made: Dataset, table: Table) -> Counter[str]:
    """Rows each constraint of the table would refuse; the source is shown every column that any of them reads."""
    if not hasattr(real, "violations"):
        raise Error("the source cannot evaluate its CHECK constraints", hint="open it with `snapshot()`")
    source = cast("Snapshot", real)
    plain = [constraint for constraint in table.checks if not constraint.exclusion]
    read = {name for constraint in plain for name in constraint.columns}
    whole = any(not constraint.columns for constraint in plain)
    columns = tuple(column.name for column in table.stored if whole or column.name in read)
    total: Counter[str] = Counter()
    for batch in made.read(Scan(table.name, columns)):
        if batch.num_rows:
            total.update(source.violations(table.name, batch))
    return total


def _result(table: Table, name: str, refused: int) -> Result:
    sql = next(constraint.sql for constraint in table.checks if constraint.name == name)
    detail = f"{refused:,} rows break {sql}" if refused else sql
    return Result("constraints", f"{table.name} [{name}]", "fail" if refused else "pass", refused, 0, detail)
