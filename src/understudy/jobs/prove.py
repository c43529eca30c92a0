"""Ask the source whether a plan's SQL will run, in the very form in which it will run, before a row is read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from understudy.errors import InputError
from understudy.interfaces import Scan, Snapshot
from understudy.jobs.planning import Plan
from understudy.schema import TableName


@dataclass(frozen=True)
class Estimate:
    """What the source's own planner expects of one target, and the statement that will fetch it."""

    table: TableName
    rows: int
    bytes: int
    sql: str


def prove(plan: Plan, snapshot: Snapshot) -> list[Estimate]:
    """Validate every condition of the job on the source and estimate its targets.

    Raises an InputError with the server's own message, its position, and the path of the field.
    """
    for place, scan in _scans(plan):
        try:
            snapshot.validate(scan)
        except InputError as error:
            raise InputError(f"{error.message}\n  - at `{place}` of {plan.file.path.name}", hint=error.hint) from error
    found: list[Estimate] = []
    for target in plan.subset.request.targets:
        scan = Scan(target.table, where=target.where, order_by=target.order_by, limit=target.limit, keys=target.keys)
        rows, size = snapshot.estimate(scan)
        share = (target.percent or 100) / 100
        found.append(Estimate(target.table, round(rows * share), round(size * share), snapshot.sql(scan)))
    return found


def _scans(plan: Plan) -> Iterator[tuple[str, Scan]]:
    request = plan.subset.request
    for number, target in enumerate(request.targets):
        scan = Scan(target.table, where=target.where, order_by=target.order_by, limit=target.limit)
        yield f"$.subset.targets[{number}]", scan
    for key in plan.schema.foreign_keys:
        for name in (key.id, str(key.table)):
            policy = request.follow.get(name)
            if policy is not None and (policy.where or policy.order_by):
                yield f"$.subset.follow.{name}", Scan(key.table, where=policy.where, order_by=policy.order_by)
        if key.condition or key.expressions:
            computed = tuple((f"key_{number}", sql) for number, sql in enumerate(key.expressions))
            yield "$.subset.virtual", Scan(key.table, where=key.condition, computed=computed)
    for table, condition in request.exclude.items():
        yield f"$.subset.exclude.{table}", Scan(table, where=condition)
