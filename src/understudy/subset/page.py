"""A plan as a page to read, and as plain data."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.subset.plan import PlannedEdge, PlannedTable, SubsetPlan

UNITS = ("bytes", "kB", "MB", "GB", "TB")


def size(amount: float) -> str:
    """Bytes in words: ``451 MB``."""
    for unit in UNITS:
        if amount < 1000 or unit == UNITS[-1]:
            return f"{amount:.0f} {unit}" if unit == "bytes" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("unreachable: the last unit holds any amount")


def as_text(plan: SubsetPlan) -> str:
    """The plan as a page: tables, edges, order, warnings, refusals."""
    counts = {role: sum(t.role == role for t in plan.tables) for role in ("target", "reached", "whole", "empty")}
    parts = [", ".join(f"{count} {role}" for role, count in counts.items() if count) or "no tables"]
    parts += _section("Tables", _table_lines(plan.tables))
    parts += _section("Edges", (f"  {edge.index} {edge.key}\n      {edge.why}" for edge in plan.edges))
    parts += _section("Children are looked up in this order", _order_lines(plan.down_order))
    parts += _section("Parents are looked up in this order", _order_lines(plan.up_order))
    parts += _section("Warnings", (f"  {warning}" for warning in plan.warnings))
    parts += _section("Refused", (f"  {refusal}" for refusal in plan.refusals))
    return "\n".join(parts)


def as_json(plan: SubsetPlan) -> dict[str, Any]:
    """The plan as plain lists and dicts, names as text."""
    return {
        "tables": [
            {
                "table": str(t.name),
                "role": t.role,
                "why": t.why,
                "rows": t.rows,
                "bytes": t.bytes,
                "whole": t.whole,
            }
            for t in plan.tables
        ],
        "edges": [_edge_json(edge) for edge in plan.edges],
        "children_order": [[str(name) for name in component] for component in plan.down_order],
        "parents_order": [[str(name) for name in component] for component in plan.up_order],
        "warnings": list(plan.warnings),
        "refusals": [{"subject": r.subject, "reason": r.reason, "hint": r.hint} for r in plan.refusals],
    }


def _edge_json(edge: PlannedEdge) -> dict[str, Any]:
    return {
        "index": edge.index,
        "edge": edge.label,
        "child": str(edge.key.table),
        "columns": list(edge.key.columns),
        "parent": str(edge.key.parent),
        "parent_columns": list(edge.key.parent_columns),
        "virtual": edge.key.virtual,
        "children": edge.down,
        "parents": edge.up,
        "required": edge.required,
        "nulls": list(edge.nulls),
        "why": edge.why,
    }


def _section(title: str, lines: Iterable[str]) -> list[str]:
    found = list(lines)
    return ["", title, *found] if found else []


def _table_lines(tables: Iterable[PlannedTable]) -> list[str]:
    tables = list(tables)
    width = max((len(str(table.name)) for table in tables), default=0)
    return [
        f"  {table.name!s:<{width}}  {table.role:<7}  {table.rows:>13,} rows  {size(table.bytes):>9}  {table.why}"
        for table in tables
    ]


def _order_lines(order: Iterable[tuple[object, ...]]) -> list[str]:
    return [
        f"  {number}. {', '.join(map(str, component))}" + ("  (a cycle)" if len(component) > 1 else "")
        for number, component in enumerate(order, start=1)
    ]
