"""The plan of a subset: which edges are followed, in which order, and why.  Pure graph work, no rows are read."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from understudy.errors import InputError, unknown
from understudy.graph import components
from understudy.interfaces import Refusal
from understudy.schema import Schema, Table, TableName
from understudy.subset import page
from understudy.subset.edges import Edge, Notes, edges_of
from understudy.subset.keys import RESERVED, Part, ends
from understudy.subset.reach import Reach, reach
from understudy.subset.request import Request, Target

TARGET = -1
"""``_via`` of a row that a target asked for."""
WHOLE = -2
"""``_via`` of a row of a table that no target reaches and that is taken whole."""


@dataclass(frozen=True)
class PlannedEdge(Edge):
    """One foreign key with what will be done along it."""

    down: bool = False
    """Children are looked up."""
    up: bool = False
    """Parents are looked up."""
    required: bool = False
    """A kept row needs its parent (which is not looked up where the parent table is taken whole)."""
    prunes: bool = False
    """A parent may be dropped by an exclusion, so its children must be found again."""
    unique: bool = True
    """At most one parent row can hold a key."""
    indexed_down: bool = False
    indexed_up: bool = False
    cyclic: bool = False
    """Children may lead back to parents, so children are looked up in many rounds."""
    why: str = ""


@dataclass(frozen=True)
class PlannedTable:
    """One table with how its rows come."""

    name: TableName
    role: Literal["target", "reached", "whole", "empty"]
    why: str
    rows: int
    """The database's own estimate of the source's rows."""
    bytes: int
    whole: bool
    """Every row is taken, so none needs looking up."""


@dataclass(frozen=True)
class SubsetPlan:
    """Which edges are followed, in which order, and why; print it to read it."""

    schema: Schema
    request: Request
    edges: tuple[PlannedEdge, ...]
    """In a fixed order: an edge's position is what ``_via`` holds."""
    tables: tuple[PlannedTable, ...]
    down_order: tuple[tuple[TableName, ...], ...]
    """Components of tables in the order in which children are looked up."""
    up_order: tuple[tuple[TableName, ...], ...]
    """Components of tables in the order in which parents are looked up."""
    warnings: tuple[str, ...] = ()
    refusals: tuple[Refusal, ...] = ()

    @cached_property
    def by_name(self) -> Mapping[TableName, PlannedTable]:
        """The tables by their names."""
        return {table.name: table for table in self.tables}

    @property
    def bounded(self) -> bool:
        """Some edge has a depth limit, so rows are reached in strict breadth-first rounds."""
        return any(edge.down and edge.policy.depth is not None for edge in self.edges)

    @cached_property
    def empty(self) -> frozenset[TableName]:
        """The tables that hold no row in the result."""
        return frozenset(table.name for table in self.tables if table.role == "empty")

    def check(self) -> None:
        """Raise an InputError that lists every refusal; nothing where there is none."""
        if self.refusals:
            raise InputError("the subset is refused: " + "; ".join(map(str, self.refusals)))

    def json(self) -> dict[str, Any]:
        """The plan as plain lists and dicts."""
        return page.as_json(self)

    def __str__(self) -> str:
        return page.as_text(self)


def plan(schema: Schema, request: Request) -> SubsetPlan:
    """Decide which edges are followed, in which order and why, and refuse what cannot be done."""
    notes = Notes()
    edges = edges_of(schema, request, notes)
    reached = reach(schema, request, edges)
    planned = _cycles(_planned(schema, request, edges, reached))
    tables = tuple(_table(table, reached, request) for table in schema.tables)
    _check_targets(schema, request, notes)
    _check_exclusions(schema, request, notes)
    _check_tables(schema, reached, planned, notes)
    _check_edges(schema, planned, notes)
    return SubsetPlan(
        schema=schema,
        request=request,
        edges=planned,
        tables=tables,
        down_order=_down_order(planned),
        up_order=_up_order(planned),
        warnings=tuple(notes.warnings),
        refusals=tuple(notes.refusals),
    )


def _planned(schema: Schema, request: Request, edges: Iterable[Edge], reached: Reach) -> tuple[PlannedEdge, ...]:
    edges = tuple(edges)
    required = {
        edge.index: edge
        for edge in edges
        if request.integrity and edge.key.table in reached.present and not _nulled(edge)
    }
    pruning = _pruning(request, required.values())
    planned = []
    for edge in edges:
        child, parent = schema.table(edge.key.table), schema.table(edge.key.parent)
        needed = edge.index in required
        ours, theirs = ends(schema, edge.key)
        planned.append(
            PlannedEdge(
                **vars(edge),
                down=request.integrity
                and edge.policy.children
                and edge.policy.depth != 0
                and parent.name in reached.spreading
                and child.name not in reached.whole,
                up=needed and parent.name not in reached.whole,
                required=needed,
                prunes=edge.index in pruning,
                # As floating-point numbers, two large integers can be one.
                unique=is_unique(parent, edge.key.parent_columns) and "double" not in {part.form for part in theirs},
                indexed_down=_indexed(child, ours),
                indexed_up=_indexed(parent, theirs),
                why=_why(edge, request, reached),
            )
        )
    return tuple(planned)


def _nulled(edge: Edge) -> bool:
    return edge.policy.parents == "null"


def _pruning(request: Request, required: Collection[Edge]) -> set[int]:
    """The edges along which the loss of an excluded row can travel from parent to child."""
    losing, pruning = set(request.exclude), set[int]()
    changed = True
    while changed:
        changed = False
        for edge in required:
            if edge.key.parent in losing and edge.index not in pruning:
                pruning.add(edge.index)
                changed = True
                if edge.policy.on_excluded == "drop":
                    losing.add(edge.key.table)
    return pruning


def is_unique(table: Table, columns: tuple[str, ...]) -> bool:
    """The database promises that no two rows agree on these columns, in whatever order they are named."""
    return any(set(u.columns) == set(columns) and not u.predicate and not u.expressions for u in table.uniques)


def _indexed(table: Table, parts: Iterable[Part]) -> bool:
    """We ask for plain values, and an index leads with one of them."""
    parts = list(parts)
    leading = {index[0] for index in table.indexes if index}
    leading |= {unique.columns[0] for unique in table.uniques if unique.columns and not unique.predicate}
    return all(part.column for part in parts) and any(part.column in leading for part in parts)


def _why(edge: Edge, request: Request, reached: Reach) -> str:
    if not request.integrity:
        return "not followed: integrity is off"
    return f"{_why_down(edge, reached)}; {_why_up(edge, reached)}"


def _why_down(edge: Edge, reached: Reach) -> str:
    child, parent, policy = edge.key.table, edge.key.parent, edge.policy
    if not policy.children or policy.depth == 0:
        return "children not taken, as asked"
    if parent not in reached.spreading:
        seen = "reached only as a parent" if parent in reached.present else "not reached"
        return f"children not taken: {parent} is {seen}"
    if child in reached.whole:
        return f"children need no lookup: {child} is taken whole"
    words = ["children taken"]
    if policy.where:
        words.append(f"where {policy.where}")
    if policy.top is not None:
        words.append(f"at most {policy.top:,} per parent by {policy.order_by or 'a keyed hash'}")
    if policy.depth is not None:
        words.append(f"up to {policy.depth} child edges from a target")
    return ", ".join(words)


def _why_up(edge: Edge, reached: Reach) -> str:
    if _nulled(edge):
        return f"{', '.join(edge.nulls) or 'the key'} becomes NULL, so no parent is needed"
    if edge.key.table not in reached.present:
        return f"no parent needed: {edge.key.table} is not reached"
    words = "parents required"
    if edge.key.parent in reached.whole:
        words += f", and need no lookup: {edge.key.parent} is taken whole"
    elif edge.policy.parents == "expand":
        words += ", and bring their children"
    if edge.policy.on_excluded == "null":
        words += "; NULL where the parent is excluded"
    return words


def _table(table: Table, reached: Reach, request: Request) -> PlannedTable:
    name, whole = table.name, table.name in reached.whole
    targets = [target for target in request.targets if target.table == name]
    role: Literal["target", "reached", "whole", "empty"]
    if targets:
        role, why = "target", " or ".join(str(target) for target in targets)
    elif whole:
        role, why = "whole", reached.whole[name]
    elif name in reached.present:
        role, why = "reached", reached.present[name]
    else:
        role, why = "empty", _why_empty(table, request)
    return PlannedTable(name, role, why, table.rows, table.bytes, whole)


def _why_empty(table: Table, request: Request) -> str:
    if request.unreached == "empty":
        return "no target reaches it, and unreached is empty"
    if not table.readable or table.row_security:
        return "no target reaches it, and this user may not read all of it"
    rows = f"{table.rows:,} rows" if table.rows else f"uncounted rows ({page.size(table.bytes)})"
    return f"no target reaches it, and its {rows} are more than {request.reference_rows:,}"


def _down_order(edges: Iterable[PlannedEdge]) -> tuple[tuple[TableName, ...], ...]:
    """Every table after those whose rows bring its rows while children are looked up."""
    before: dict[TableName, dict[TableName, None]] = {}
    for edge in edges:
        child, parent = edge.key.table, edge.key.parent
        if edge.down:
            before.setdefault(child, {})[parent] = None
            before.setdefault(parent, {})
        if edge.up and edge.policy.parents == "expand":
            before.setdefault(parent, {})[child] = None
            before.setdefault(child, {})
    return tuple(tuple(component) for component in components(before, before))


def _up_order(edges: Iterable[PlannedEdge]) -> tuple[tuple[TableName, ...], ...]:
    """Every table after those whose rows need it."""
    before: dict[TableName, dict[TableName, None]] = {}
    for edge in edges:
        if edge.up:
            before.setdefault(edge.key.parent, {})[edge.key.table] = None
            before.setdefault(edge.key.table, {})
    return tuple(tuple(component) for component in components(before, before))


def _cycles(edges: tuple[PlannedEdge, ...]) -> tuple[PlannedEdge, ...]:
    """The edges, with those marked whose children lead back to their parents."""
    place = {table: number for number, tables in enumerate(_down_order(edges)) for table in tables}
    return tuple(
        PlannedEdge(**{**vars(edge), "cyclic": edge.down and place[edge.key.table] == place[edge.key.parent]})
        for edge in edges
    )


def _check_targets(schema: Schema, request: Request, notes: Notes) -> None:
    for number, target in enumerate(request.targets):
        try:
            table = schema.table(target.table)
            for name in target.keys.column_names if target.keys is not None else ():
                table.column(name)
        except InputError as error:
            notes.refuse_as(f"targets[{number}]", error)
            continue
        _check_numbers(target, table, notes)


def _check_numbers(target: Target, table: Table, notes: Notes) -> None:
    if target.percent is not None and not 0 < target.percent <= 100:
        notes.refuse(table.name, f"the target's percent is {target.percent:g}", "give more than 0 and at most 100")
    if target.limit is not None and target.limit < 0:
        notes.refuse(table.name, f"the target's limit is {target.limit}", "give 0 or more")
    if target.percent is not None and not table.row_key and table.row_sql:
        notes.warn(f"{table.name} has no key, so {target.percent:g} % of it are other rows after it is rewritten")


def _check_exclusions(schema: Schema, request: Request, notes: Notes) -> None:
    for name in request.exclude:
        if name not in schema.by_name:
            notes.refuse_as(f"exclude.{name}", unknown("table", str(name), [str(t.name) for t in schema.tables]))


def _check_tables(schema: Schema, reached: Reach, edges: Iterable[PlannedEdge], notes: Notes) -> None:
    """Every table that rows come from can be read, and its rows can be told apart."""
    for table in schema.tables:
        name = table.name
        if name not in reached.present:
            continue
        why = reached.present[name]
        if not table.readable:
            notes.refuse(name, f"this user may not read it ({why})", f"grant SELECT on it; or {_avoid(name, edges)}")
        elif table.row_security:
            notes.refuse(
                name,
                f"row security would hide some of its rows from this user ({why})",
                f"use a role with BYPASSRLS; or {_avoid(name, edges)}",
            )
        if name not in reached.whole and not table.row_key and not table.row_sql:
            notes.refuse(name, "it has no key, and its source has no other name for a row", "take the table whole")
        for column in table.columns:
            if column.name in ("_via", "_depth") or column.name.startswith(RESERVED):
                notes.refuse(f"{name}.{column.name}", "Understudy needs this name for itself", "rename the column")


def _avoid(name: TableName, edges: Iterable[PlannedEdge]) -> str:
    """How to keep rows of a table out."""
    ways = [f"follow {e.label} with children: false" for e in edges if e.down and e.key.table == name]
    ways += [f"follow {e.label} with parents: null" for e in edges if e.required and e.key.parent == name]
    return ", and ".join(ways[:4]) or "leave it out of the targets"


def _check_edges(schema: Schema, edges: Iterable[PlannedEdge], notes: Notes) -> None:
    for edge in edges:
        child, parent = schema.table(edge.key.table), schema.table(edge.key.parent)
        if edge.down and edge.policy.top and not edge.policy.order_by and not child.row_key:
            notes.refuse(
                edge.label,
                f"it takes the top {edge.policy.top}, and {child.name} has no key to choose by",
                f"give follow.{edge.label}.order_by",
            )
        if edge.down and not edge.indexed_down:
            rounds = "its keys are read once and followed here" if one_reading(edge) else "fetched in one scan"
            notes.warn(
                f"{edge.label} has no index: each batch is a sequential scan of {page.size(child.bytes)}; {rounds}"
            )
        if edge.up and not edge.indexed_up:
            columns = ", ".join(edge.key.parent_columns)
            notes.warn(
                f"{parent.name}.{columns} (parents of {edge.label}) has no index we can use: "
                f"each batch is a sequential scan of {page.size(parent.bytes)}; fetched in one scan"
            )
        if (edge.down or edge.up) and not edge.unique:
            columns = ", ".join(edge.key.parent_columns)
            notes.warn(f"{parent.name}.{columns} is not known to be unique: {edge.label} needs every row that matches")


def one_reading(edge: PlannedEdge) -> bool:
    """All keys of the edge are read at once, since looking them up would scan the table in every round."""
    return edge.cyclic and not edge.indexed_down and not (edge.policy.top and edge.policy.order_by)
