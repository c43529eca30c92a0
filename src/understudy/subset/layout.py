"""What a closure reads beside a table's columns, and keeps: worked out from the plan alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from understudy.interfaces import Scan
from understudy.schema import Table, TableName
from understudy.subset.keys import FORMS, RESERVED, End, Part, ends, flag, quoted, row_parts
from understudy.subset.plan import PlannedEdge, SubsetPlan


@dataclass(frozen=True)
class Layout:
    """Which parts of a table's rows are read beside its columns, and kept for the time of the closure."""

    table: Table
    parts: tuple[Part, ...] = ()
    row: tuple[int, ...] = ()
    """The parts that tell rows apart; empty where no row can come twice."""
    ends: Mapping[tuple[int, End], tuple[int, ...]] = field(default_factory=dict)
    """The parts of an edge's end, by the edge's index."""
    flags: Mapping[int, int] = field(default_factory=dict)
    """The part that says whether a conditional edge exists for the row, by the edge's index."""
    excluded: int | None = None
    """The part that says whether an exclusion holds for the row."""
    stored: bool = False

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What each part is called in a scan of the table."""
        computed = list(dict.fromkeys(part.sql for part in self.parts if part.sql))
        return tuple(f"{RESERVED}{computed.index(part.sql)}" if part.sql else part.column for part in self.parts)

    @cached_property
    def fields(self) -> tuple[str, ...]:
        """The columns of a scan that hold the parts; v0, v1 ... in our own SQL, which knows no upper and lower case."""
        return tuple(dict.fromkeys(self.names))

    def local(self, part: int) -> str:
        """DuckDB SQL that brings a fetched part to the form in which it is kept."""
        return FORMS[self.parts[part].form].format(f"v{self.fields.index(self.names[part])}")

    def scan(self, columns: tuple[str, ...] = (), **rest: Any) -> Scan:
        """A scan of those columns and of every part."""
        plain = tuple(dict.fromkeys((*columns, *(part.column for part in self.parts if not part.sql))))
        named = {name: part.sql for name, part in zip(self.names, self.parts, strict=True) if part.sql}
        if not plain and not named:
            named = {f"{RESERVED}row": "1"}
        return Scan(self.table.name, columns=plain, computed=tuple(named.items()), **rest)

    @property
    def row_order(self) -> str:
        """SQL of the source that puts rows in one order."""
        return ", ".join(quoted(name) for name in self.table.row_key) or self.table.row_sql


def layouts(plan: SubsetPlan) -> dict[TableName, Layout]:
    """What each table of a plan has to keep; a table taken whole whose keys nobody asks for keeps nothing."""
    drafts = {table.name: _Draft(plan.schema.table(table.name)) for table in plan.tables if table.role != "empty"}
    for edge in plan.edges:
        walked = edge.down or edge.up or edge.prunes
        if not walked and not nulling(plan, edge):
            continue
        for side, parts in zip(("child", "parent"), ends(plan.schema, edge.key), strict=True):
            name = edge.key.table if side == "child" else edge.key.parent
            if name in drafts and (walked or side == "child"):
                drafts[name].end(edge, side, parts, stored=walked)  # type: ignore[arg-type]
    for table in plan.tables:
        if table.name in drafts:
            drafts[table.name].finish(plan, whole=table.whole)
    return {name: draft.layout() for name, draft in drafts.items()}


def nulling(plan: SubsetPlan, edge: PlannedEdge) -> bool:
    """The edge's key becomes NULL in every row that has one."""
    return plan.request.integrity and edge.policy.parents == "null" and bool(edge.nulls)


class _Draft:
    """A Layout in the making."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self.parts: dict[Part, int] = {}
        self.row: tuple[int, ...] = ()
        self.ends: dict[tuple[int, End], tuple[int, ...]] = {}
        self.flags: dict[int, int] = {}
        self.excluded: int | None = None
        self.stored = False

    def part(self, part: Part) -> int:
        return self.parts.setdefault(part, len(self.parts))

    def end(self, edge: PlannedEdge, side: End, parts: tuple[Part, ...], *, stored: bool) -> None:
        self.ends[edge.index, side] = tuple(self.part(part) for part in parts)
        if side == "child" and edge.key.condition:
            self.flags[edge.index] = self.part(flag(edge.key.condition))
        self.stored = self.stored or stored

    def finish(self, plan: SubsetPlan, *, whole: bool) -> None:
        condition = plan.request.exclude.get(self.table.name, "")
        if condition:
            self.excluded = self.part(flag(condition))
        if not whole:
            self.row = tuple(self.part(part) for part in row_parts(self.table))
        self.stored = self.stored or not whole or bool(condition)

    def layout(self) -> Layout:
        return Layout(self.table, tuple(self.parts), self.row, self.ends, self.flags, self.excluded, self.stored)
