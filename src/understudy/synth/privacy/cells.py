"""The distribution of numbers as a tree of cells with noisy counts, from powers of two down to where the mass is.

Cells are half-open.  Numbers that have a ``step`` are counted in steps, and a cell holds whole ones; others as they
are.  Every level is one histogram, in which each row counts once at most.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Histogram = Callable[[Whole, int], Floats]
"""The noisy counts of cells (-1: none of them), by their number."""

SPLITS = 3
"""How often heavy cells are split."""
_PARTS = 32
_HEAVY = 8.0
"""Deviations of the noise that a count must have for its cell to be split."""
_CHILD = 3.0
"""Deviations of the noise that a part of it has on average."""
_SURE = 3.5
"""Deviations of the noise that a first count must have not to be nothing."""
_ALONE = 5.0
"""The same of a power of two far from all others: of a hundred, one is noise in one fit of tens of thousands."""
_PART = 2.5
"""The same of a part, of which there are fewer."""
_OCTAVES = 62
_TINY = 2.0**-40


@dataclass(frozen=True)
class Cells:
    """Disjoint cells in order, with about how many numbers are in each."""

    low: Floats
    high: Floats
    counts: Floats

    def places(self, found: Floats) -> Whole:
        """The cell of each number, -1 where it is in none."""
        if not len(self.low):
            return np.full(len(found), -1)
        at = np.searchsorted(self.low, found, "right") - 1
        inside = (at >= 0) & (found < self.high[np.maximum(at, 0)])
        return np.where(inside, at, -1)


def start_of(bounds: tuple[float, float] | None, step: float) -> tuple[Floats, Floats]:
    """The first cells: equal ones between public bounds, or powers of two around nought."""
    if bounds is not None:
        low, high = (np.rint(bounds[0] / step), np.rint(bounds[1] / step) + 1) if step else bounds
        edges = np.linspace(low, high, _PARTS + 1)
        edges = np.unique(np.rint(edges)) if step else edges
    else:
        up = 2.0 ** np.arange(_OCTAVES + 1) if step else 2.0 ** np.arange(-40, _OCTAVES + 1)
        edges = np.concatenate([1 - up[::-1], up]) if step else np.concatenate([-up[::-1], up])
        edges = np.unique(edges)
    return edges[:-1], edges[1:]


def grown(
    found: Floats, bounds: tuple[float, float] | None, step: float, histogram: Histogram, deviation: float
) -> Cells:
    """Cells of numbers, by one histogram for the first of them and one for each time the heavy ones are split."""
    low, high = start_of(bounds, step)
    cells = Cells(low, high, np.zeros(len(low)))
    counts = histogram(cells.places(found), len(low))
    sure = counts >= _SURE * deviation
    cells = _some(Cells(low, high, counts), sure if bounds is not None else _together(sure, counts, deviation))
    for _ in range(SPLITS):
        parts = _parts(cells, step, deviation)
        split = np.repeat(np.arange(len(cells.low)), parts)
        share = np.arange(len(split)) - np.repeat(np.cumsum(parts) - parts, parts)
        width = (cells.high - cells.low)[split]
        edges = [cells.low[split] + width * (share + one) / parts[split] for one in (0, 1)]
        low, high = (np.rint(edge) if step else edge for edge in edges)
        finer = Cells(low, high, np.zeros(len(low)))
        at = finer.places(found)
        at[at >= 0] = np.where(parts[split][at[at >= 0]] > 1, at[at >= 0], -1)
        told = histogram(at, len(low))
        for cell in np.flatnonzero(parts > 1):
            here = split == cell
            told[here] = fitted(told[here], cells.counts[cell], _PART * deviation)
        told = np.where(parts[split] > 1, told, cells.counts[split])
        cells = _some(Cells(low, high, told), told > 0)
    return cells


def _together(sure: NDArray[np.bool_], counts: Floats, deviation: float) -> NDArray[np.bool_]:
    """Cells of those runs of sure ones that one would be sure of alone; all sure ones, where there is no such run."""
    alone = counts >= _ALONE * deviation
    run = np.cumsum(~sure)
    return sure & np.isin(run, run[alone]) if alone.any() else sure


def _parts(cells: Cells, step: float, deviation: float) -> Whole:
    """Into how many parts each cell is split; 1 where it stays."""
    most = np.clip(cells.counts / (_CHILD * max(deviation, 1e-9)), 1, _PARTS)
    width = cells.high - cells.low
    most = np.minimum(most, width if step else np.where(np.abs(cells.low + cells.high) < _TINY, 1, _PARTS))
    return np.where(cells.counts > _HEAVY * deviation, np.floor(most), 1).astype(np.int64)


def _some(cells: Cells, kept: NDArray[np.bool_]) -> Cells:
    return Cells(cells.low[kept], cells.high[kept], cells.counts[kept])


def fitted(counts: Floats, total: float, least: float) -> Floats:
    """Noisy counts of a cell's parts as counts that add up to its own; those that may be noise are nothing."""
    some = np.where(counts > least, counts, 0.0)
    if not some.any():
        return np.full(len(counts), total / len(counts))
    shared: Floats = some * (total / some.sum())
    return shared
