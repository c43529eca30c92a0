"""The schema graph of a report as inline SVG: boxes for tables, lines for foreign keys from child to parent."""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence

from understudy.checks.page.layout import LANE, WIDTH, Layout, Point, layout
from understudy.checks.page.words import attribute, number, text
from understudy.checks.report import EdgeReport, Report, TableReport

MARGIN = 28
LONGEST = 25
"""Characters of a table's name that fit its box."""
_CLASSES = {"followed": "followed", "nulled": "nulled", "not followed": "left"}


def drawing(report: Report) -> str:
    """The graph of all tables; empty where the report has none."""
    if not report.tables:
        return ""
    tables = {table.name: table for table in report.tables}
    edges = [edge for edge in report.edges if edge.child in tables and edge.parent in tables]
    placed = layout({name: _height(table) for name, table in tables.items()}, [(e.child, e.parent) for e in edges])
    ids = {name: at for at, name in enumerate(tables)}
    width, height = placed.size[0] + 2 * MARGIN, placed.size[1] + 2 * MARGIN
    parts = [
        f'<svg id="graph" viewBox="{-MARGIN} {-MARGIN} {width:.0f} {height:.0f}"',
        f' style="aspect-ratio:{width / height:.3f}" role="group" tabindex="0" ',
        'aria-label="Tables and the foreign keys between them. Arrow keys move, plus and minus zoom, 0 fits.">',
        "<defs>",
        *(_arrow(name) for name in _CLASSES.values()),
        "</defs>",
        '<g class="edges">',
        *_edges(edges, placed, tables, ids),
        "</g>",
        _lone_label(placed),
        '<g class="nodes">',
        *(_node(table, ids[table.name], placed.corners[table.name]) for table in report.tables),
        "</g></svg>",
    ]
    return "".join(parts)


def _height(table: TableReport) -> float:
    """Boxes grow with the rows kept, by their order of magnitude."""
    return 40 + 3.5 * math.log10(table.kept + 1)


def _arrow(name: str) -> str:
    return (
        f'<marker id="to-{name}" class="{name}" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" '
        'orient="auto-start-reverse"><path d="M0 0.8 8 4 0 7.2z"/></marker>'
    )


def _edges(
    edges: Sequence[EdgeReport], placed: Layout, tables: Mapping[str, TableReport], ids: Mapping[str, int]
) -> list[str]:
    drawn: list[str] = []
    beside: dict[tuple[str, str], int] = defaultdict(int)
    for edge in edges:
        left, right = (edge.parent, edge.child), (edge.child, edge.parent)
        line = placed.lines.get(left) or placed.lines.get(right)
        parallel = beside[min(left, right)]
        beside[min(left, right)] += 1
        if edge.child == edge.parent:
            path, end = _loop(placed.corners[edge.child], _height(tables[edge.child]), parallel), "end"
        elif line is not None:
            path, end = _path(line, parallel), "start" if left in placed.lines else "end"
        else:
            continue
        kind = _CLASSES[edge.policy]
        drawn.append(
            f'<path class="edge {kind}" d="{path}" marker-{end}="url(#to-{kind})" data-child="{ids[edge.child]}" '
            f'data-parent="{ids[edge.parent]}" data-text="{attribute(_sentence(edge))}"><title>{text(_sentence(edge))}'
            "</title></path>"
        )
    return drawn


def _sentence(edge: EdgeReport) -> str:
    why = f": {edge.why}" if edge.why else ""
    rows = f" ({number(edge.rows)} rows)" if edge.rows else ""
    return f"{edge.id} → {edge.parent}, {edge.policy}{why}{rows}"


def _path(line: Sequence[Point], parallel: int) -> str:
    """Straight through the lanes of columns, bent between them; parallel edges part a little."""
    shift = LANE * ((parallel + 1) // 2) * (-1 if parallel % 2 else 1)
    points = [(x, y + shift) for x, y in line]
    steps = [f"M{points[0][0]:.0f} {points[0][1]:.1f}"]
    for at, ((x, y), (next_x, next_y)) in enumerate(itertools.pairwise(points)):
        half = (x + next_x) / 2
        bend = f"C{half:.0f} {y:.1f} {half:.0f} {next_y:.1f} {next_x:.0f} {next_y:.1f}"
        steps.append(f"H{next_x:.0f}" if at % 2 else bend)
    return "".join(steps)


def _loop(corner: Point, height: float, parallel: int) -> str:
    """A table that points at itself."""
    x, y, out = corner[0] + WIDTH, corner[1] + height, 22 + 6 * parallel
    return f"M{x - 14:.0f} {y:.1f}C{x - 14:.0f} {y + out:.1f} {x + out:.0f} {y + 4:.1f} {x:.0f} {y - 12:.1f}"


def _node(table: TableReport, at: int, corner: Point) -> str:
    height = _height(table)
    name = table.name if len(table.name) <= LONGEST else table.name[: LONGEST - 1] + "…"
    rows = f"{number(table.kept)} of {number(table.source_rows)}"
    share = min(1.0, table.kept / table.source_rows) if table.source_rows else float(table.kept > 0)
    bar = max(3.0, share * (WIDTH - 20)) if table.kept else 0.0
    told = f"{table.name}: {rows} rows kept; {table.why}"
    return (
        f'<g class="node{"" if table.kept else " none"}" id="node-{at}" data-table="{at}" tabindex="-1" role="button" '
        f'aria-label="{attribute(told)}" transform="translate({corner[0]:.0f} {corner[1]:.1f})">'
        f'<title>{text(told)}</title><rect class="box" width="{WIDTH}" height="{height:.1f}" rx="6"/>'
        f'<text class="name" x="10" y="17">{text(name)}</text><text class="rows" x="10" y="31">{rows}</text>'
        f'<rect class="track" x="10" y="{height - 6:.1f}" width="{WIDTH - 20}" height="2.5" rx="1"/>'
        f'<rect class="share" x="10" y="{height - 6:.1f}" width="{bar:.1f}" height="2.5" rx="1"/></g>'
    )


def _lone_label(placed: Layout) -> str:
    if not placed.lone or not placed.lines:
        return ""
    return f'<text class="label" x="0" y="{placed.lone_top - 14:.0f}">Not linked to other tables</text>'
