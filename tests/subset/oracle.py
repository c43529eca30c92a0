"""What a subset is, written for clarity: a fixpoint over lists of dicts, by brute force.

A row is named by its table and its place in the table's list.  SQL texts are given meaning by ``sql``: a dict from
the text to a Python function of a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from understudy.schema import ForeignKey, Schema, Table, TableName
from understudy.subset import EdgePolicy, Request, Target

Row = dict[str, Any]
Name = tuple[TableName, int]


@dataclass(frozen=True)
class World:
    schema: Schema
    rows: Mapping[TableName, Sequence[Row]]
    sql: Mapping[str, Callable[[Row], Any]]
    rank: Callable[[tuple[Any, ...]], int]

    def row(self, name: Name) -> Row:
        return self.rows[name[0]][name[1]]

    def names(self, table: TableName) -> list[Name]:
        return [(table, place) for place in range(len(self.rows[table]))]

    def holds(self, sql: str, name: Name) -> bool:
        return not sql or self.sql[sql](self.row(name)) is True

    def row_key(self, name: Name) -> tuple[Any, ...]:
        table = self.schema.table(name[0])
        return tuple(self.row(name)[column] for column in table.row_key) or (name[1],)

    def ordered(self, names: list[Name], order_by: str) -> list[Name]:
        def by(name: Name) -> tuple[Any, ...]:
            value = self.sql[order_by](self.row(name)) if order_by else 0
            return (value is None, 0 if value is None else value, self.row_key(name))

        return sorted(names, key=by)


@dataclass(frozen=True)
class Answer:
    taken: set[Name]
    """Rows of the closure, before exclusions."""
    dropped: set[Name]
    nulled: set[tuple[Name, int]]
    """Rows and the places (in the list of edges) of their keys that become NULL since the parent is dropped."""

    @property
    def kept(self) -> set[Name]:
        return self.taken - self.dropped


def edges(schema: Schema, request: Request) -> list[tuple[ForeignKey, EdgePolicy]]:
    found = []
    for key in (*schema.foreign_keys, *request.virtual):
        policy = request.follow.get(key.id, request.follow.get(str(key.table), EdgePolicy()))
        found.append((key, policy))
    return found if request.integrity else []


def subset(world: World, request: Request) -> Answer:
    graph = edges(world.schema, request)
    distance = {name: 0 for target in request.targets for name in asked_for(world, target)}
    while nearer := reached(world, graph, distance):
        distance.update(nearer)
    taken = set(distance)
    for table in world.schema.tables:
        if table.name not in reached_tables(world.schema, request) and taken_whole(table, request):
            taken.update(world.names(table.name))
    while missing := {parent for name in taken for parent in required(world, graph, name)} - taken:
        taken |= missing
    dropped = {name for name in taken if name[0] in request.exclude and world.holds(request.exclude[name[0]], name)}
    while lost := {name for name in taken - dropped if loses(world, graph, name, dropped, "drop")}:
        dropped |= lost
    nulled = {(name, place) for name in taken - dropped for place in loses(world, graph, name, dropped, "null")}
    return Answer(taken, dropped, nulled)


def asked_for(world: World, target: Target) -> list[Name]:
    names = [name for name in world.names(target.table) if world.holds(target.where, name)]
    if target.keys is not None:
        wanted = target.keys.to_pylist()
        names = [n for n in names if any(all(equal(world.row(n)[c], w[c]) for c in w) for w in wanted)]
    if target.percent is not None:
        names = [name for name in names if world.rank(world.row_key(name)) < target.percent / 100 * 2**64]
    if target.limit is not None:
        names = world.ordered(names, target.order_by)[: target.limit]
    return names


def equal(left: Any, right: Any) -> bool:
    return left is not None and right is not None and left == right


def reached(world: World, graph: list[tuple[ForeignKey, EdgePolicy]], distance: Mapping[Name, int]) -> dict[Name, int]:
    """Rows that bring children, nearer to a target than known so far."""
    nearer: dict[Name, int] = {}
    for name, far in distance.items():
        for key, policy in graph:
            if policy.parents == "expand" and key.table == name[0]:
                found = [(parent, far) for parent in parents(world, key, name)]
            else:
                found = []
            if policy.children and key.parent == name[0] and (policy.depth is None or far < policy.depth):
                found += [(child, far + 1) for child in children(world, key, policy, name)]
            for other, away in found:
                if away < min(distance.get(other, away + 1), nearer.get(other, away + 1)):
                    nearer[other] = away
    return nearer


def children(world: World, key: ForeignKey, policy: EdgePolicy, parent: Name) -> list[Name]:
    found = [
        child
        for child in world.names(key.table)
        if parent in parents(world, key, child) and world.holds(policy.where, child)
    ]
    if policy.top is None:
        return found
    if policy.order_by:
        return world.ordered(found, policy.order_by)[: policy.top]
    return sorted(found, key=lambda name: (world.rank(world.row_key(name)), world.row_key(name)))[: policy.top]


def parents(world: World, key: ForeignKey, child: Name) -> list[Name]:
    value = child_key(world, key, child)
    return [] if value is None else [p for p in world.names(key.parent) if parent_key(world, key, p) == value]


def child_key(world: World, key: ForeignKey, child: Name) -> tuple[str, ...] | None:
    """The values of an edge that exists for this row, else None."""
    if not world.holds(key.condition, child):
        return None
    row, table, parent = world.row(child), world.schema.table(key.table), world.schema.table(key.parent)
    if key.expressions:
        values = [world.sql[sql](row) for sql in key.expressions]
    else:
        values = [
            folded(row[ours], table, ours) if parent.column(theirs).key_sql else row[ours]
            for ours, theirs in zip(key.columns, key.parent_columns, strict=True)
        ]
    return None if None in values else tuple(map(str, values))


def parent_key(world: World, key: ForeignKey, parent: Name) -> tuple[str, ...] | None:
    table = world.schema.table(key.parent)
    values = [folded(world.row(parent)[column], table, column) for column in key.parent_columns]
    return None if None in values else tuple(map(str, values))


def folded(value: Any, table: Table, column: str) -> Any:
    return value.lower() if value is not None and table.column(column).key_sql else value


def required(world: World, graph: list[tuple[ForeignKey, EdgePolicy]], name: Name) -> set[Name]:
    return {
        parent
        for key, policy in graph
        if key.table == name[0] and policy.parents != "null"
        for parent in parents(world, key, name)
    }


def loses(
    world: World, graph: list[tuple[ForeignKey, EdgePolicy]], name: Name, dropped: set[Name], how: str
) -> list[int]:
    """The places of the edges over which every parent of a row is dropped."""
    return [
        place
        for place, (key, policy) in enumerate(graph)
        if key.table == name[0] and policy.parents != "null" and policy.on_excluded == how
        and parents(world, key, name) and set(parents(world, key, name)) <= dropped
    ]  # fmt: skip


def reached_tables(schema: Schema, request: Request) -> set[TableName]:
    """The tables to which any edge could lead from a target, whatever the rows are."""
    graph = edges(schema, request)
    spreading = {target.table for target in request.targets}
    while more := {
        other
        for key, policy in graph
        for here, other, leads in (
            (key.parent, key.table, policy.children and policy.depth != 0),
            (key.table, key.parent, policy.parents == "expand"),
        )
        if leads and here in spreading and other not in spreading
    }:
        spreading |= more
    while more := {k.parent for k, p in graph if p.parents != "null" and k.table in spreading} - spreading:
        spreading |= more
    return spreading


def taken_whole(table: Table, request: Request) -> bool:
    if request.unreached == "reference":
        return table.rows <= request.reference_rows
    return request.unreached == "all"
