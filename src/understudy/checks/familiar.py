"""The score that users of Gretel know, beside ours: for comparison, never for a verdict.

The formulas are those of NVIDIA's open successor (NeMo Safe Synthesizer): column distribution stability, column
correlation stability and deep structure stability, their weighted mean between 0 and 10.  It has no floor and no
ceiling of its own: columns sampled independently are often graded Excellent, and so this Score carries both.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from understudy.checks.scores import Score
from understudy.checks.sides import Facet, Numbers, Sides

ROWS = 5_000
"""Rows of each side that the score looks at, as the original does."""

WEIGHTS = {"distribution": 0.86, "correlation": 1.0, "structure": 0.84}
Counts = NDArray[np.int64]

GRADES = ("Very Poor", "Poor", "Moderate", "Good", "Excellent")
"""Two points each."""


def familiar(sides: Sides) -> list[Score]:
    """The composite between 0 and 10, with what a holdout and independent columns get; the parts in the breakdown.

    Texts that name rows get no part in it; where nothing is tabular there is no score, and a Score says so.
    """
    facets = [_Tabular(facet) for facet in sides.facets if _tabular(facet)]
    if not facets:
        return [Score("familiar score", sides.subject, None, detail="no column is one of numbers or labels")]
    made, held, apart = (_parts(facets, side) for side in (1, 2, 3))
    value, floor, ceiling = (_composite(parts) for parts in (made, apart, held))
    detail = f"{grade(value)}; columns sampled independently are graded {grade(floor)}"
    return [Score("familiar score", sides.subject, value, floor, ceiling, None, None, True, detail, made)]


def grade(score: float) -> str:
    """The word for a score between 0 and 10."""
    return GRADES[min(int(score // 2), 4)]


class _Tabular:
    """A column as the score sees it: nominal or not, and cut to its rows."""

    def __init__(self, facet: Facet) -> None:
        self.sides = [side[:ROWS] for side in facet.all]
        real = self.sides[0][~np.isnan(self.sides[0])]
        distinct = len(np.unique(real))
        few = facet.numeric and distinct <= 10 and bool((real == real.round()).all()) and bool((real >= 0).all())
        self.nominal = not facet.numeric or few or distinct == 2
        self.various = distinct > 0.1 * len(self.sides[0])


def _tabular(facet: Facet) -> bool:
    """Whether the original would score it: measures, and labels that repeat in 9 of 10 rows."""
    real = facet.real[:ROWS]
    there = real[~np.isnan(real)]
    if not len(there):
        return False
    repeated = 1 - len(np.unique(there)) / len(there)
    return facet.numeric or repeated >= (0.7 if len(real) <= 50 else 0.9)


def _parts(facets: Sequence[_Tabular], side: int) -> dict[str, float]:
    distance = float(np.mean([_divergence(facet, side) for facet in facets]))
    distribution = (
        0.0 if distance > 0.99 else 10.0 if distance < 0.02 else 7.44 * distance**2 - 16.646 * distance + 10.305
    )
    apart = np.abs(_associations(facets, 0) - _associations(facets, side)).mean()
    correlation = 0.0 if apart > 0.46 else 10.0 if apart < 0.01 else 37.562 * apart**2 - 35.643 * apart + 10.056
    return {
        "distribution": float(np.clip(distribution, 0, 10)),
        "correlation": float(np.clip(correlation, 0, 10)),
        "structure": _structure(facets, side),
    }


def _composite(parts: dict[str, float]) -> float:
    return sum(WEIGHTS[name] * part for name, part in parts.items()) / sum(WEIGHTS[name] for name in parts)


def _divergence(facet: _Tabular, side: int) -> float:
    """The Jensen-Shannon distance of the two distributions, in bits."""
    real, other = facet.sides[0], facet.sides[side]
    if not facet.nominal:
        return _binned_divergence(real, other)
    labels, at = np.unique(np.nan_to_num(np.concatenate([real, other]), nan=-1.0), return_inverse=True)
    return _jensen_shannon(*(np.bincount(part, minlength=len(labels)) for part in np.split(at, [len(real)])))


def _binned_divergence(real: Numbers, other: Numbers) -> float:
    real, other = real[~np.isnan(real)], other[~np.isnan(other)]
    if not len(real) or not len(other):
        return 0.0  # as the original: a column that is empty is not counted against the whole
    both = np.concatenate([real, other])
    edges = np.histogram_bin_edges(both, "doane")
    if len(edges) - 1 > 500 or len(edges) < 2:
        edges = np.linspace(both.min(), both.max(), 501)
    return _jensen_shannon(np.histogram(real, edges)[0], np.histogram(other, edges)[0])


def _jensen_shannon(one: Counts, two: Counts) -> float:
    p, q = one / max(one.sum(), 1), two / max(two.sum(), 1)
    middle = (p + q) / 2
    total = 0.0
    for part in (p, q):
        there = part > 0
        total += float((part[there] * np.log2(part[there] / middle[there])).sum()) / 2
    return float(max(total, 0.0) ** 0.5)


def _associations(facets: Sequence[_Tabular], side: int) -> Numbers:
    """Pearson's correlation, the correlation ratio or Theil's U for every pair of columns; the diagonal is 1."""
    table = np.eye(len(facets))
    for row, one in enumerate(facets):
        for column, two in enumerate(facets):
            if row != column:
                table[row, column] = _association(one, two, side)
    return table


def _association(one: _Tabular, two: _Tabular, side: int) -> float:
    x, y = one.sides[side], two.sides[side]
    if one.nominal and two.nominal:
        return _uncertainty(x, y)
    if not one.nominal and not two.nominal:
        there = ~(np.isnan(x) | np.isnan(y))
        x, y = x[there], y[there]
        return float(np.corrcoef(x, y)[0, 1]) if len(x) > 1 and x.std() > 0 and y.std() > 0 else 0.0
    if (one if one.nominal else two).various:
        return _uncertainty(x, y)
    return _correlation_ratio(x, y) if one.nominal else _correlation_ratio(y, x)


def _uncertainty(x: Numbers, y: Numbers) -> float:
    """Theil's U: the share of the entropy of x that y takes away, nulls a label of their own."""
    one, two = (np.unique(np.nan_to_num(side, nan=-1e300), return_inverse=True)[1].astype(np.int64) for side in (x, y))
    whole = _entropy(np.bincount(one))
    joint = np.unique(one * (int(two.max()) + 1) + two, return_counts=True)[1]
    return (whole - (_entropy(joint) - _entropy(np.bincount(two)))) / whole if whole > 0 else 0.0


def _entropy(counts: Counts) -> float:
    p = counts[counts > 0] / counts.sum()
    return float(-(p * np.log(p)).sum())


def _correlation_ratio(labels: Numbers, values: Numbers) -> float:
    """Eta: the root of the share of variance between the groups of a label."""
    there = ~np.isnan(values)
    at, values = np.unique(np.nan_to_num(labels[there], nan=-1.0), return_inverse=True)[1], values[there]
    spread = ((values - values.mean()) ** 2).sum() if len(values) else 0.0
    if not spread:
        return 0.0
    size = np.bincount(at)
    means = np.bincount(at, values) / size
    return float(np.sqrt((size * (means - values.mean()) ** 2).sum() / spread))


def _structure(facets: Sequence[_Tabular], side: int) -> float:
    """10 exp(-1.6 d), with d the divergence along the first two principal components of the real rows."""
    columns, others = [], []
    for facet in facets:
        real, other = facet.sides[0], facet.sides[side]
        if facet.nominal:
            labels, counts = np.unique(np.nan_to_num(real, nan=-1.0), return_counts=True)
            real, other = (_counted(np.nan_to_num(part, nan=-1.0), labels, counts) for part in (real, other))
        else:
            middle = float(np.nanmedian(real))
            real, other = np.nan_to_num(real, nan=middle), np.nan_to_num(other, nan=middle)
        columns.append((real - real.mean()) / (real.std() or 1.0))
        others.append((other - real.mean()) / (real.std() or 1.0))
    reference, judged = np.stack(columns, axis=1), np.stack(others, axis=1)
    axes = np.linalg.eigh(reference.T @ reference)[1][:, ::-1][:, :2]
    distance = np.mean([_binned_divergence(reference @ axis, judged @ axis) for axis in axes.T])
    return float(10 * np.exp(-1.6 * distance))


def _counted(values: Numbers, labels: Numbers, counts: Counts) -> Numbers:
    """Each label as how often it stands among the real rows; 0 for a new one."""
    at = np.minimum(np.searchsorted(labels, values), len(labels) - 1)
    return np.where(labels[at] == values, counts[at], 0).astype(np.float64)
