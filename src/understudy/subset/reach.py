"""Which tables a request can reach, over which edge first, and which are taken whole.  Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from understudy.schema import Schema, Table, TableName
from understudy.subset.edges import Edge
from understudy.subset.request import Request

PAGE = 8192
"""A table whose rows nobody has counted yet is small only if it has at most one page per row asked for."""


@dataclass(frozen=True)
class Reach:
    """Tables by how their rows come, each with the reason in words."""

    spreading: Mapping[TableName, str]
    """Tables with rows that bring children: those of targets, and what is reached from them."""
    present: Mapping[TableName, str]
    """Tables that any row can reach, the spreading ones included."""
    whole: Mapping[TableName, str]
    """Tables of which every row is taken."""


def reach(schema: Schema, request: Request, edges: Iterable[Edge]) -> Reach:
    """Follow the edges from table to table as rows would follow them."""
    edges = [edge for edge in edges if request.integrity]
    down, up = _steps(edges)
    targets: dict[TableName, str] = {}
    whole: dict[TableName, str] = {}
    for target in request.targets:
        if target.table in schema.by_name:
            targets[target.table] = "target"
            if target.whole:
                whole[target.table] = "target: every row"
    spreading = _spread(targets, down)
    reached = _spread(spreading, up)
    for table in schema.tables:
        if table.name not in reached and _taken(table, request):
            whole[table.name] = _why_whole(table, request)
    return Reach(spreading, _spread({**reached, **whole}, up), whole)


Steps = dict[TableName, list[tuple[TableName, str]]]


def _steps(edges: Iterable[Edge]) -> tuple[Steps, Steps]:
    """Where rows that bring children lead, and where any row leads."""
    down: Steps = {}
    up: Steps = {}
    for edge in edges:
        child, parent, policy = edge.key.table, edge.key.parent, edge.policy
        if policy.children and policy.depth != 0:
            down.setdefault(parent, []).append((child, f"children of {parent} over {edge.label}"))
        if policy.parents == "expand":
            down.setdefault(child, []).append((parent, f"required by {edge.label}, bringing children too"))
        if policy.parents != "null":
            up.setdefault(child, []).append((parent, f"required by {edge.label}"))
    return down, up


def _spread(start: Mapping[TableName, str], steps: Steps) -> dict[TableName, str]:
    """Breadth first, so that the reason given is the shortest one."""
    found = dict(start)
    line = deque(found)
    while line:
        for table, why in steps.get(line.popleft(), ()):
            if table not in found:
                found[table] = why
                line.append(table)
    return found


def _taken(table: Table, request: Request) -> bool:
    if request.unreached == "reference":
        return table.readable and not table.row_security and small(table, request.reference_rows)
    return request.unreached == "all"


def _why_whole(table: Table, request: Request) -> str:
    if request.unreached == "all":
        return "no target reaches it, and unreached is all"
    return f"no target reaches it, and its {table.rows:,} rows are at most {request.reference_rows:,}"


def small(table: Table, rows: int) -> bool:
    """The table is a reference table: it has at most so many rows by the database's own estimate."""
    counted = table.rows > 0 or table.bytes <= rows * PAGE
    return counted and table.rows <= rows
