"""The distribution of a column's numbers as a curve of few points, none of which is a single row's value.

The curve is the quantile function, piecewise linear: points (level, value), both rising.  A value that many rows share
is a flat stretch, two points with one value, so that it comes back exactly and as often.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

POINTS = 1_000
"""Points for values that differ, and again for values that are shared, at most."""
_DECIMALS = 8
_SLIP = 500
"""Of so many rows one may have more decimals than the others."""
_HUGE = 1e290
"""Beyond it sums would be infinite; numbers that are so large stand at it."""


@dataclass(frozen=True)
class Curve:
    """Points of a quantile function; ``rows`` is how many numbers it was learned from."""

    levels: tuple[float, ...]
    values: tuple[float, ...]
    rows: int

    @cached_property
    def _points(self) -> tuple[Floats, Floats]:
        return np.asarray(self.levels), np.asarray(self.values)

    @property
    def edge(self) -> float:
        """The least level that is told from 0; 1 less it from 1."""
        return max(0.25 / self.rows, 1e-6)

    def levels_of(self, found: Floats, step: float) -> tuple[Floats, Floats]:
        """Where numbers stand: the range of levels that come back as each of them."""
        levels, values = self._points
        if step:
            low = np.interp(found - step / 2, values, levels)
            high = np.interp(found + step / 2, values, levels)
        else:
            first, last = np.searchsorted(values, found, "left"), np.searchsorted(values, found, "right")
            on = first < last
            between = np.interp(found, values, levels)
            end = len(levels) - 1
            low = np.where(on, levels[np.minimum(first, end)], between)
            high = np.where(on, levels[np.maximum(last - 1, 0)], between)
        return np.clip(low, self.edge, 1 - self.edge), np.clip(high, self.edge, 1 - self.edge)

    def values_at(self, level: Floats, step: float) -> Floats:
        """The numbers at some levels, as multiples of ``step``."""
        levels, values = self._points
        found = np.interp(level, levels, values)
        return rounded(found, step) if step else found


def rounded(found: Floats, step: float) -> Floats:
    """The nearest multiples of a step, spelled as short as the step is (0.3, not 0.30000000000000004)."""
    if step >= 1:
        return np.rint(found / step) * step
    decimals = next((d for d in range(_DECIMALS + 1) if abs(step * 10**d - round(step * 10**d)) < 1e-9), _DECIMALS)
    return np.round(np.rint(found / step) * step, decimals)


def step_of(
    different: Floats, counts: NDArray[np.int64] | None = None, *, single: bool = False, scale: int | None = None
) -> float:
    """The largest number that all are multiples of: 1, 1000, 0.01; 0 where there is none of few decimals.

    With ``counts`` one row in some hundreds may be none: it is a slip, and is made as the others are.
    """
    if not len(different) or np.abs(different).max() > 2.0**53:
        return 1.0 if scale == 0 else 0.0
    slips = 0 if counts is None else int(counts.sum()) // _SLIP
    for decimals in range(_DECIMALS + 1) if scale is None else (min(scale, _DECIMALS),):
        if np.abs(different).max() * 10.0**decimals > 2.0**53:
            return 0.0
        short = np.round(different, decimals)
        same = short.astype(np.float32) == different.astype(np.float32) if single else short == different
        others = (~same).sum() if counts is None else counts[~same].sum()
        if others <= slips:
            units = int(np.gcd.reduce(np.rint(short[same] * 10.0**decimals).astype(np.int64)))
            return max(units, 1) / 10.0**decimals
    return 0.0


def curve_of(different: Floats, counts: NDArray[np.int64], k: int) -> Curve:
    """The curve of numbers given in order with their counts; ``k`` rows or more stand behind every point."""
    different = np.clip(different, -_HUGE, _HUGE)
    rows = int(counts.sum())
    shared = counts >= k
    if shared.sum() > POINTS:
        shared &= counts >= np.sort(counts[shared])[-POINTS]
    block = max(k, rows // POINTS)
    levels: list[float] = []
    values: list[float] = []
    ends = np.concatenate([[0], np.cumsum(counts)])
    stops = [*np.flatnonzero(shared).tolist(), len(different)]
    begin = 0
    for stop in stops:
        loose = np.repeat(different[begin:stop], counts[begin:stop])
        at, means = _blocks(loose, block, k, first=begin == 0, last=stop == len(different))
        levels += ((ends[begin] + at) / rows).tolist()
        values += means.tolist()
        if stop < len(different):
            levels += [ends[stop] / rows, ends[stop + 1] / rows]
            values += [float(different[stop])] * 2
        begin = stop + 1
    if not values:  # fewer than k numbers that differ: their mean stands for all
        levels, values = [0.5], [float(np.average(different, weights=counts))]
    return Curve((0.0, *levels, 1.0), (values[0], *values, values[-1]), rows)


def _blocks(loose: Floats, block: int, k: int, *, first: bool, last: bool) -> tuple[Floats, Floats]:
    """Means of stretches of unshared numbers, and the middle of each; at the curve's ends, of the k outermost."""
    if len(loose) < k:
        return np.zeros(0), np.zeros(0)
    edges = np.linspace(0, len(loose), max(len(loose) // block, 1) + 1).astype(np.int64)
    middle, means = (edges[1:] + edges[:-1]) / 2, np.add.reduceat(loose, edges[:-1]) / np.diff(edges)
    if first:
        middle, means = np.concatenate([[0.0], middle]), np.concatenate([[loose[:k].mean()], means])
    if last:
        middle = np.concatenate([middle, [float(len(loose))]])
        means = np.concatenate([means, [loose[-k:].mean()]])
    return middle, np.maximum.accumulate(means)
