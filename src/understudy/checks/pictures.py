"""What columns and pairs of them look like on each side, in counts that show nobody.

A bar stands for ten rows at least, or it is not drawn; a label is named only where ten real rows have it; the ends of
a number's range are open and lie where ten real rows are beyond, and edges are round numbers, never a row's own value.
"""

from __future__ import annotations

import datetime as dt
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.checks.marginals import quantile_cells
from understudy.checks.sides import Facet, Numbers, Sides

FEWEST = 10
"""Rows that a bar stands for, and real rows that have a label, at least."""

BARS = 24
"""Bars of a measure, about; labels of a column, at most."""

COLUMNS = 40
"""Columns of which pictures are made at most, and that stand in the map of pairs."""

OTHERS = "(others)"
NULL = "(null)"
_LONGEST = 32  # characters of a label that are shown
_DAY = 86_400.0

Shares = tuple[float | None, ...]


@dataclass(frozen=True)
class Picture:
    """One column on every side: a bar per bin or label, as a share of the side's rows; None where it is too few."""

    column: str
    numeric: bool
    bars: tuple[str, ...]
    """What each bar is of: a range, a label, the others, null."""
    real: Shares
    made: Shares
    holdout: Shares

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Picture:
        """The picture a dict describes."""
        sides = (tuple(data[side]) for side in ("real", "made", "holdout"))
        return cls(data["column"], data["numeric"], tuple(data["bars"]), *sides)


@dataclass(frozen=True)
class Trends:
    """How strongly every two columns go together on a side, from 0 to 1, as rows of a triangle below the diagonal."""

    columns: tuple[str, ...]
    real: tuple[float, ...]
    made: tuple[float, ...]
    holdout: tuple[float, ...]

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Trends:
        """The map a dict describes."""
        return cls(tuple(data["columns"]), *(tuple(data[side]) for side in ("real", "made", "holdout")))

    def lost(self, most: int) -> list[tuple[str, str, float, float]]:
        """The pairs that changed most: two columns, the real and the made strength."""
        pairs = [(one, two) for one in range(len(self.columns)) for two in range(one)]
        order = sorted(range(len(pairs)), key=lambda at: -abs(self.real[at] - self.made[at]))[:most]
        return [(self.columns[pairs[at][1]], self.columns[pairs[at][0]], self.real[at], self.made[at]) for at in order]


def pictures(sides: Sides, first: Iterable[str] = ()) -> tuple[Picture, ...]:
    """A picture of every column, of COLUMNS at most: those named first, then as they stand."""
    return tuple(_picture(facet, sides) for facet in _chosen(sides, first))


def trends(sides: Sides, first: Iterable[str] = ()) -> Trends | None:
    """The strength of every pair among COLUMNS columns: Cramer's V, corrected for chance (Bergsma, 2013).

    Measures are taken in 10 bins of equally many rows, labels by the 10 most frequent.  None for a single column.
    """
    names = {facet.name for facet in _chosen(sides, first)}
    facets = [facet for facet in sides.facets if facet.name in names]
    if len(facets) < 2:
        return None
    cells = [quantile_cells(facet) for facet in facets]
    found = [
        tuple(
            round(_strength(cells[one][0][side], cells[two][0][side], cells[one][1], cells[two][1]), 4)
            for one in range(len(cells))
            for two in range(one)
        )
        for side in range(3)
    ]
    return Trends(tuple(facet.name for facet in facets), *found)


def _chosen(sides: Sides, first: Iterable[str]) -> list[Facet]:
    by_name = {facet.name: facet for facet in sides.facets}
    wanted = [by_name[name] for name in dict.fromkeys(first) if name in by_name]
    return [*wanted, *(facet for facet in sides.facets if facet not in wanted)][:COLUMNS]


def _picture(facet: Facet, sides: Sides) -> Picture:
    bars, cells = _ranges(facet, sides) if facet.numeric else _labels(facet)
    nulls = [np.isnan(side) for side in facet.all[:3]]
    if max(int(null.sum()) for null in nulls) >= FEWEST:
        bars = (*bars, NULL)
    shares = [_shares(cell, null, len(bars)) for cell, null in zip(cells, nulls, strict=True)]
    there = [at for at in range(len(bars)) if any(side[at] is not None for side in shares)]
    return Picture(
        facet.name,
        facet.numeric,
        tuple(bars[at] for at in there),
        *(tuple(side[at] for at in there) for side in shares),
    )


def _shares(cells: NDArray[np.int64], null: NDArray[np.bool_], bars: int) -> Shares:
    counts = np.bincount(cells[cells >= 0], minlength=bars)[:bars]
    if null.any() and bars and counts[-1] == 0 and null.sum() >= FEWEST:
        counts[-1] = null.sum()
    return tuple(round(float(count) / len(cells), 4) if count >= FEWEST else None for count in counts)


def _labels(facet: Facet) -> tuple[tuple[str, ...], list[NDArray[np.int64]]]:
    """The labels that ten real rows have, the most frequent first, and the cells of three sides; all else is one."""
    there = facet.real[~np.isnan(facet.real)].astype(np.int64)
    counts = np.bincount(there, minlength=facet.labels) if facet.labels else np.zeros(0, np.int64)
    shown = [code for code in range(min(facet.labels, BARS)) if counts[code] >= FEWEST]
    texts = [_text(facet, code) for code in shown]
    bar = np.full(facet.labels + 1, len(shown), np.int64)
    bar[shown] = np.arange(len(shown))
    bar[-1] = -1
    cells = [bar[np.nan_to_num(side, nan=facet.labels).astype(np.int64)] for side in facet.all[:3]]
    return (*texts, OTHERS), cells


def _text(facet: Facet, code: int) -> str:
    """What a label says; of texts that name rows, and of rare ones, what they look like."""
    assert facet.words is not None
    told = str(facet.words[code].as_py())
    return told if len(told) <= _LONGEST else told[: _LONGEST - 1] + "…"


def _ranges(facet: Facet, sides: Sides) -> tuple[tuple[str, ...], list[NDArray[np.int64]]]:
    """Ranges between round edges, each of ten real rows at least, the first and the last of them open."""
    kind = sides.real.schema.field(facet.name).type
    ordered = np.sort(facet.real[~np.isnan(facet.real)])
    kept = _merged(ordered, _edges(ordered, _unit(kind)))
    told = [_told(edge, kind) for edge in kept]
    if not kept:
        bars: tuple[str, ...] = ("all values",)
    else:
        bars = (f"under {told[0]}", *(f"{one} to {two}" for one, two in itertools.pairwise(told)),
                f"{told[-1]} and over")  # fmt: skip
    placed = [np.where(np.isnan(side), -1, np.searchsorted(kept, side, "right")) for side in facet.all[:3]]
    return bars, [cell.astype(np.int64) for cell in placed]


def _edges(ordered: Numbers, unit: float) -> list[float]:
    """Round numbers between the values that ten rows are below and ten above, and nine in ten of a hundred between."""
    if len(ordered) < 2 * FEWEST:
        return []
    low, high = float(ordered[FEWEST]), float(ordered[-FEWEST - 1])
    middle_low, middle_high = (float(value) for value in np.quantile(ordered, (0.01, 0.99)))
    if middle_low < middle_high:  # a few far values would make one bar of all the others
        low, high = max(low, middle_low), min(high, middle_high)
    if low >= high:
        return []
    step = _step((high - low) / BARS, unit)
    start = math.ceil(low / step)
    return [(start + number) * step for number in range(int(high / step - start) + 1)]


def _merged(ordered: Numbers, edges: Sequence[float]) -> list[float]:
    """The edges between which ten rows lie; the others fall away."""
    kept: list[float] = []
    before = 0
    for edge in edges:
        below = int(np.searchsorted(ordered, edge, "left"))
        if below - before >= FEWEST and len(ordered) - below >= FEWEST:
            kept.append(edge)
            before = below
    return kept


def _step(width: float, unit: float) -> float:
    """A round number not below a width: 1, 2 or 5 times a power of ten, of whole units where there are any."""
    width = width / (unit or 1.0)
    power = 10.0 ** math.floor(math.log10(width))
    step = next(part * power for part in (1.0, 2.0, 5.0, 10.0) if part * power >= width * 0.999)
    return max(1.0, step) * unit if unit else step


def _unit(kind: pa.DataType) -> float:
    """What values are counted in, in the units that they are stored in; 0 where any fraction is a value."""
    if pa.types.is_timestamp(kind):
        return 3600.0 * _ticks(kind)
    if pa.types.is_time(kind):
        return 60.0 * _ticks(kind)
    if pa.types.is_date64(kind):
        return _DAY * 1000
    return 1.0 if pa.types.is_integer(kind) or pa.types.is_date(kind) else 0.0


def _ticks(kind: pa.DataType) -> float:
    """How many of its units a second has."""
    return {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]


def _told(edge: float, kind: pa.DataType) -> str:
    """An edge as people write it."""
    if pa.types.is_date(kind):
        days = edge if pa.types.is_date32(kind) else edge / (_DAY * 1000)
        return _moment(days * _DAY)[:10]
    if pa.types.is_timestamp(kind):
        return _moment(edge / _ticks(kind))
    if pa.types.is_time(kind):
        return _moment(edge / _ticks(kind))[11:]
    return f"{edge:,.0f}" if float(edge).is_integer() and abs(edge) < 1e15 else f"{edge:.4g}"


def _moment(seconds: float) -> str:
    try:
        return (dt.datetime(1970, 1, 1) + dt.timedelta(seconds=round(seconds))).strftime("%Y-%m-%d %H:%M")
    except OverflowError:
        return f"{seconds:.4g} s"


def _strength(one: NDArray[np.int64], two: NDArray[np.int64], wide: int, tall: int) -> float:
    """Cramer's V of two columns of cells, less what chance gives in so many rows."""
    table = np.bincount(one * tall + two, minlength=wide * tall).reshape(wide, tall).astype(np.float64)
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    rows, columns = table.shape
    n = table.sum()
    if min(rows, columns) < 2 or n < FEWEST:
        return 0.0
    expected = table.sum(axis=1, keepdims=True) * table.sum(axis=0, keepdims=True) / n
    squared = max(0.0, ((table - expected) ** 2 / expected).sum() / n - (rows - 1) * (columns - 1) / (n - 1))
    rows_left = rows - (rows - 1) ** 2 / (n - 1)
    columns_left = columns - (columns - 1) ** 2 / (n - 1)
    return float(min(1.0, math.sqrt(squared / max(min(rows_left, columns_left) - 1, 1e-9))))
