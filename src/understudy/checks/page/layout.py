"""Where the tables of a schema stand in a drawing: parents to the left of their children, few crossings, no overlap.

Layers by longest path, crossings reduced by barycenters (Sugiyama, Tagawa and Toda, 1981), full layers broken into
several columns.  An edge across columns takes a lane of its own through each, shared by all edges of one parent.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from understudy import graph

WIDTH = 188
"""Of a table's box; its height follows from its rows."""
GAP = 14
AISLE = 76
"""Between two columns, where the edges bend."""
LANE = 6
SWEEPS = 12

Point = tuple[float, float]
Item = tuple[str, int]
"""A table (its name, 0) or a lane of its outgoing edges (its name, the column)."""


@dataclass(frozen=True)
class Layout:
    """Boxes and lines: the upper left corner of every table, the points every edge passes, the size of it all."""

    corners: Mapping[str, Point]
    lines: Mapping[tuple[str, str], tuple[Point, ...]]
    """From the left table to the right one, by (left, right)."""
    lone: tuple[str, ...]
    """Tables without edges to others, in a grid of their own below."""
    lone_top: float
    size: Point


def layout(heights: Mapping[str, float], edges: Sequence[tuple[str, str]]) -> Layout:
    """Place tables of these heights, given the edges as (child, parent)."""
    parents: dict[str, list[str]] = {name: [] for name in heights}
    for child, parent in edges:
        if child != parent and child in parents and parent in parents:
            parents[child].append(parent)
    order = {name: at for at, name in enumerate(name for part in graph.components(heights, parents) for name in part)}
    # In a cycle one edge has to point backwards: the one from the table that comes first.
    forward = sorted({_directed(child, parent, order) for child, found in parents.items() for parent in found})
    leader = graph.groups(heights, forward)
    groups: dict[str, list[str]] = defaultdict(list)
    for name in sorted(heights, key=order.__getitem__):
        groups[leader[name]].append(name)
    linked = sorted((group for group in groups.values() if len(group) > 1), key=len, reverse=True)
    drawn = [
        _group(group, [edge for edge in forward if leader[edge[0]] == leader[group[0]]], heights) for group in linked
    ]
    return _packed(drawn, sorted(group[0] for group in groups.values() if len(group) == 1), heights)


def _directed(child: str, parent: str, order: Mapping[str, int]) -> tuple[str, str]:
    return (parent, child) if order[parent] < order[child] else (child, parent)


@dataclass(frozen=True)
class _Drawn:
    corners: dict[str, Point]
    lines: dict[tuple[str, str], tuple[Point, ...]]
    size: Point


def _group(names: Sequence[str], edges: Sequence[tuple[str, str]], heights: Mapping[str, float]) -> _Drawn:
    """One connected part of the graph, at the origin."""
    columns, column_of = _columns(names, edges)
    chains = {(left, right): _chain(left, right, column_of) for left, right in edges}
    neighbours: dict[Item, set[Item]] = defaultdict(set)
    for chain in chains.values():
        for one, next_one in itertools.pairwise(chain):
            neighbours[one].add(next_one)
            neighbours[next_one].add(one)
            for item, column in ((one, one[1]), (next_one, next_one[1])):
                if column and item not in columns[column]:
                    columns[column].append(item)
    size = {item: heights[item[0]] if item[1] == 0 else LANE for column in columns for item in column}
    middles = _middles(columns, neighbours, size)
    top = min(middles[item] - size[item] / 2 for item in size)
    place = {name: float(column * (WIDTH + AISLE)) for name, column in column_of.items()}
    corners = {name: (place[name], middles[name, 0] - size[name, 0] / 2 - top) for name in names}
    lines = {edge: _line(chain, place, middles, top) for edge, chain in chains.items()}
    bottom = max(middles[item] + size[item] / 2 for item in size)
    return _Drawn(corners, lines, (len(columns) * (WIDTH + AISLE) - AISLE, bottom - top))


def _columns(names: Sequence[str], edges: Sequence[tuple[str, str]]) -> tuple[list[list[Item]], dict[str, int]]:
    """The tables by column; a layer of many tables takes several columns."""
    lefts, rights = defaultdict(list), defaultdict(list)
    for left, right in edges:
        lefts[right].append(left)
        rights[left].append(right)
    layer: dict[str, int] = {}
    for name in names:  # in order: what stands left of a table has its layer already
        layer[name] = max((layer[left] + 1 for left in lefts[name]), default=0)
    for name in reversed(names):  # a table that nothing holds to the left stands beside the first that needs it
        if not lefts[name] and rights[name]:
            layer[name] = min(layer[right] for right in rights[name]) - 1
    most = max(6, math.ceil(math.sqrt(len(names) * 2)))
    columns: list[list[Item]] = []
    column_of: dict[str, int] = {}
    position: dict[str, float] = {}
    for level in sorted(set(layer.values())):
        members = [name for name in names if layer[name] == level]
        members.sort(key=lambda name: _mean([position[left] for left in lefts[name] if left in position]))
        parts = math.ceil(len(members) / most)
        each = math.ceil(len(members) / parts)
        for start in range(0, len(members), each):
            column = members[start : start + each]
            position.update({name: at / len(column) for at, name in enumerate(column)})
            column_of.update(dict.fromkeys(column, len(columns)))
            columns.append([(name, 0) for name in column])
    return columns, column_of


def _chain(left: str, right: str, column_of: Mapping[str, int]) -> list[Item]:
    """An edge as its left table, a lane through each column between, and its right table."""
    lanes = [(left, column) for column in range(column_of[left] + 1, column_of[right])]
    return [(left, 0), *lanes, (right, 0)]


def _middles(
    columns: list[list[Item]], neighbours: Mapping[Item, set[Item]], size: Mapping[Item, float]
) -> dict[Item, float]:
    """The height at which the middle of every item lies: near its neighbours', none over another."""
    at: dict[Item, float] = {}
    for column in columns:
        _stack(column, {item: float(number) for number, item in enumerate(column)}, size, at)
    for sweep in range(SWEEPS):
        for column in columns if sweep % 2 == 0 else reversed(columns):
            wish = {item: _mean([at[other] for other in neighbours[item]], at[item]) for item in column}
            column.sort(key=wish.__getitem__)
            _stack(column, wish, size, at)
    return at


def _stack(
    column: Sequence[Item], wish: Mapping[Item, float], size: Mapping[Item, float], at: dict[Item, float]
) -> None:
    """Put a column's items, in their order, as near as may be to where they wish to lie.

    Items that would overlap join into a block at the mean of its members' wishes (pool adjacent violators).
    """
    blocks: list[list[float]] = []  # sum of wished tops, items, height
    for item in column:
        height = size[item] + (GAP if item[1] == 0 else LANE)
        blocks.append([wish[item] - height / 2, 1, height])
        while len(blocks) > 1 and _top(blocks[-2]) + blocks[-2][2] > _top(blocks[-1]):
            tops, count, tall = blocks.pop()
            upper = blocks[-1]
            upper[0] += tops - count * upper[2]
            upper[1] += count
            upper[2] += tall
    items = iter(column)
    for block in blocks:
        top = _top(block)
        for _ in range(int(block[1])):
            item = next(items)
            height = size[item] + (GAP if item[1] == 0 else LANE)
            at[item] = top + height / 2
            top += height


def _top(block: Sequence[float]) -> float:
    return block[0] / block[1]


def _mean(values: Sequence[float], default: float = 0.0) -> float:
    return sum(values) / len(values) if values else default


def _line(
    chain: Sequence[Item], place: Mapping[str, float], middles: Mapping[Item, float], top: float
) -> tuple[Point, ...]:
    points = [(place[chain[0][0]] + WIDTH, middles[chain[0]] - top)]
    for item in chain[1:-1]:
        left = item[1] * (WIDTH + AISLE)
        points += [(left, middles[item] - top), (left + WIDTH, middles[item] - top)]
    return (*points, (place[chain[-1][0]], middles[chain[-1]] - top))


def _packed(drawn: Sequence[_Drawn], lone: Sequence[str], heights: Mapping[str, float]) -> Layout:
    """All parts in shelves below one another, the lone tables as a grid at the bottom."""
    width = max([part.size[0] for part in drawn] + [4 * (WIDTH + GAP)])
    corners: dict[str, Point] = {}
    lines: dict[tuple[str, str], tuple[Point, ...]] = {}
    x = y = shelf = 0.0
    for part in drawn:
        if x and x + part.size[0] > width:
            x, y, shelf = 0.0, y + shelf + 3 * GAP, 0.0
        corners.update({name: (x + left, y + top) for name, (left, top) in part.corners.items()})
        lines.update({edge: tuple((x + left, y + top) for left, top in line) for edge, line in part.lines.items()})
        x, shelf = x + part.size[0] + AISLE, max(shelf, part.size[1])
    lone_top = y + shelf + (4 * GAP if drawn else 2 * GAP)
    across = max(1, int((width + GAP) // (WIDTH + GAP)))
    tall = max((heights[name] for name in lone), default=0.0) + GAP
    for number, name in enumerate(lone):
        corners[name] = (number % across * (WIDTH + GAP), lone_top + number // across * tall)
    bottom = lone_top + math.ceil(len(lone) / across) * tall if lone else y + shelf
    return Layout(corners, lines, tuple(lone), lone_top, (width, bottom))
