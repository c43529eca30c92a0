"""Do single columns, pairs and triples of them look like the real ones?

Definitions: shape and trend are those of SDMetrics' quality report (KS and TVD complements; correlation and
contingency similarity), accuracy is that of Platzer and Reutterer, "Holdout-based fidelity and privacy assessment"
(2021).  None of them is enough: columns sampled independently reach the ceiling of every single-column number.
"""

from __future__ import annotations

import itertools
from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from understudy.checks.resampling import (
    BLOCKS,
    Cells,
    Measured,
    blocks,
    count,
    mean,
    measure,
    nearness,
    overlap,
    shares,
    weights,
)
from understudy.checks.scores import Score
from understudy.checks.sides import Facet, Numbers, Sides, joined, pairs

PAIRS = 3_000
TRIPLES = 1_000
"""Pairs and triples that are measured at most; of more, as many drawn by a seed."""

_GRID = 2_000  # cells of a numeric column: its distance is exact up to so many values, else to 1 in 2,000
_LABELS = 100  # labels of a column that are told apart in pairs
_BINS = 10


def shape(sides: Sides) -> list[Score]:
    """How alike each column's own distribution is, nulls left out: one Score per column, and their mean."""
    found = {facet.name: _shape(facet, sides.seed) for facet in sides.facets}
    scores = [one.score("shape", name, _emptied(sides.facet(name))) for name, one in found.items()]
    breakdown = {name: one.value for name, one in found.items()}
    return [mean(list(found.values())).score("mean shape", sides.subject, _weakest(breakdown), breakdown), *scores]


def nulls(sides: Sides) -> list[Score]:
    """How alike the share of nulls is: one Score per column that has any on a side, and the mean over all columns."""
    found = {}
    for facet in sides.facets:
        counts = [count(np.isnan(side).astype(np.int64), 2) for side in facet.all]
        found[facet.name] = (measure(overlap, *_four(counts), sides.seed), counts)
    scores = []
    for name, (one, (real, made, *_rest)) in found.items():
        if real[:, 1].sum() or made[:, 1].sum():
            real_share, made_share = shares(real.sum(axis=0))[1], shares(made.sum(axis=0))[1]
            detail = f"{made_share:.1%} null where {real_share:.1%} are in the real rows"
            scores.append(one.score("nulls", name, detail, {"real": float(real_share), "made": float(made_share)}))
    breakdown = {name: one.value for name, (one, _) in found.items()}
    total = mean([one for one, _ in found.values()])
    return [total.score("mean nulls", sides.subject, _weakest(breakdown), breakdown), *scores]


def trend(sides: Sides, across: Collection[str] = ()) -> list[Score]:
    """How alike pairs of columns go together: the mean over pairs, the pair that lost most, and every column's mean.

    Pearson's correlation for two measures; else the overlap of contingency tables, measures in 10 bins of equal width,
    the 100 most frequent labels, nulls a cell of their own.  ``across`` asks only for pairs of one of these columns
    with one of the others.
    """
    chosen = pairs(sides, PAIRS, across)
    if not chosen:
        return [Score("trend", sides.subject, 1.0, 1.0, 1.0, 1.0, 1.0, detail="there are no pairs of columns")]
    numeric = [facet for facet in sides.facets if facet.numeric]
    straight = _correlations(numeric, sides.seed) if len(numeric) > 1 else {}
    cells = {facet.name: _width_cells(facet) for facet in sides.facets}
    found: dict[tuple[str, str], Measured] = {}
    for one, two in chosen:
        names = (one.name, two.name)
        joint = None if names in straight else _joint([cells[name] for name in names])
        found[names] = straight[names] if joint is None else measure(overlap, *_four(joint), sides.seed)
    breakdown = {joined(names): measured.value for names, measured in found.items()}
    lost = max(found, key=lambda names: found[names].ceiling - found[names].value)
    sampled = f"{len(chosen):,} pairs" if across else _sampled(len(chosen), len(sides.facets), 2)
    detail = f"{sampled}; {_weakest(breakdown)}"
    scores = [mean(list(found.values())).score("trend", sides.subject, detail, breakdown)]
    scores.append(found[lost].score("weakest trend", joined(lost)))
    for facet in sides.facets:
        mine = [measured for names, measured in found.items() if facet.name in names]
        if mine:
            scores.append(mean(mine).score("trend of column", facet.name))
    return scores


def accuracy(sides: Sides) -> list[Score]:
    """How much of all 1-, 2- and 3-way tables agrees: 10 quantile bins or top-10 labels, others, nulls.

    The detail names the most that two samples of one source agree on average; more than that is no merit: it says
    that made rows are nearer to the real ones than other real rows are.
    """
    names = [facet.name for facet in sides.facets]
    scores = []
    for ways, limit in ((1, None), (2, PAIRS), (3, TRIPLES)):
        chosen = _combinations(names, ways, limit, sides.seed)
        if chosen:
            note = _sampled(len(chosen), len(names), ways)
            scores.append(agreement(sides, f"{ways}-way accuracy", chosen, note))
    return scores


def agreement(sides: Sides, name: str, chosen: Sequence[tuple[str, ...]], note: str = "") -> Score:
    """How much of the tables that chosen tuples of columns span agrees, as one Score; see ``accuracy``."""
    cells = {facet.name: quantile_cells(facet) for facet in sides.facets}
    found, mosts = {}, []
    for names in chosen:
        counts = _joint([cells[name] for name in names])
        found[names] = measure(overlap, *_four(counts), sides.seed)
        mosts.append(most_accuracy(counts[0].sum(axis=0), counts[1].sum()))
    breakdown = {joined(names): one.value for names, one in found.items()}
    total, most = mean(list(found.values())), float(np.mean(mosts))
    detail = f"{note or f'{len(chosen):,} tables'}; two real samples agree to {most:.4f}"
    score = total.score(name, sides.subject, detail, breakdown)
    above = score.low is not None and score.low > most
    return replace(score, detail=f"{detail}; above it: nearer to the real rows than real rows are") if above else score


def _shape(facet: Facet, seed: int) -> Measured:
    if not facet.numeric:
        counts = [count(_whole(side), facet.labels) for side in facet.all]
        return measure(overlap, *_four(counts), seed)
    grid = np.unique(np.concatenate(facet.all[:3]))
    grid = grid[~np.isnan(grid)]
    if len(grid) > _GRID:
        grid = np.unique(np.quantile(grid, np.linspace(0, 1, _GRID)))
    counts = [count(_placed(side, np.searchsorted(grid, side)), len(grid) + 1) for side in facet.all]
    return measure(nearness, *_four(counts), seed)


def _joint(cells: Sequence[tuple[list[Cells], int]]) -> list[Numbers]:
    """The counts of every side in the table that several columns span."""
    size = int(np.prod([width for _, width in cells]))
    counts = []
    for side in range(4):
        at = np.zeros(len(cells[0][0][side]), np.int64)
        for parts, width in cells:
            at = at * width + parts[side]
        counts.append(count(at, size))
    return counts


def most_accuracy(real: Numbers, made_rows: float) -> float:
    """The accuracy two samples of one source have on average, from the real counts and the number of made rows.

    The difference of two shares is about normal, so its mean size is sqrt(2 variance / pi).
    """
    p = shares(real)
    variance = p * (1 - p) * (1 / max(real.sum(), 1) + 1 / max(made_rows, 1))
    return float(1 - 0.5 * np.sqrt(variance * 2 / np.pi).sum())


def _width_cells(facet: Facet) -> tuple[list[Cells], int]:
    """10 bins of equal width over the real range, or the most frequent labels and the others; the last cell is null."""
    if not facet.numeric:
        return _label_cells(facet, _LABELS)
    there = facet.real[~np.isnan(facet.real)]
    edges = np.linspace(there.min(), there.max(), _BINS + 1)[1:-1] if len(there) else np.zeros(0)
    return _binned(facet, edges)


def quantile_cells(facet: Facet) -> tuple[list[Cells], int]:
    """10 bins that hold as many real rows each, as far as ties allow, or the top labels; the last cell is null."""
    if not facet.numeric:
        return _label_cells(facet, _BINS)
    there = facet.real[~np.isnan(facet.real)]
    edges = np.zeros(0)
    for parts in (_BINS, 2 * _BINS, 5 * _BINS, 20 * _BINS):  # ties swallow edges: ask for more until enough remain
        edges = np.unique(np.quantile(there, np.linspace(0, 1, parts + 1)[1:-1])) if len(there) else edges
        if len(edges) >= _BINS - 1:
            break
    if len(edges) > _BINS - 1:
        edges = edges[np.linspace(0, len(edges) - 1, _BINS - 1).round().astype(int)]
    return _binned(facet, edges)


def _binned(facet: Facet, edges: Numbers) -> tuple[list[Cells], int]:
    null = len(edges) + 1
    return [_placed(side, np.searchsorted(edges, side, "right"), null) for side in facet.all], null + 1


def _label_cells(facet: Facet, most: int) -> tuple[list[Cells], int]:
    top = min(facet.labels, most)
    return [
        _placed(side, np.minimum(np.nan_to_num(side), top).astype(np.int64), top + 1) for side in facet.all
    ], top + 2


def _placed(side: Numbers, cells: Cells, null: int = -1) -> Cells:
    return np.where(np.isnan(side), null, cells)


def _whole(codes: Numbers) -> Cells:
    return np.where(np.isnan(codes), -1, np.nan_to_num(codes)).astype(np.int64)


def _correlations(numeric: list[Facet], seed: int) -> dict[tuple[str, str], Measured]:
    """How alike Pearson's correlation is for every pair of measures, over rows where both are there."""
    centre = [float(np.nanmean(facet.real)) if not np.isnan(facet.real).all() else 0.0 for facet in numeric]
    spread = [float(np.nanstd(facet.real)) or 1.0 if not np.isnan(facet.real).all() else 1.0 for facet in numeric]
    sums = []
    for side in range(4):
        values = np.stack([facet.all[side] for facet in numeric], axis=1)
        sums.append(_moments((values - centre) / spread))
    real, made, held, apart = (_pearson(part.sum(axis=0)) for part in sums)
    again, made_again = (_pearson(np.tensordot(weights(seed, side + 1), sums[side], axes=1)) for side in (0, 1))
    found = {}
    for one, two in itertools.combinations(range(len(numeric)), 2):
        value, floor, ceiling = (1 - abs(float(real[one, two] - other[one, two])) / 2 for other in (made, apart, held))
        resampled = 1 - np.abs(again[:, one, two] - made_again[:, one, two]) / 2
        found[numeric[one].name, numeric[two].name] = Measured(value, floor, ceiling, resampled)
    return found


def _moments(values: Numbers) -> Numbers:
    """Per block, for every pair of columns over rows where both are there: n, sums, squares and products."""
    block = blocks(len(values))
    parts = []
    for number in range(BLOCKS):
        mine = values[block == number]
        there = (~np.isnan(mine)).astype(np.float64)
        filled = np.nan_to_num(mine)
        products = (there.T @ there, filled.T @ there, there.T @ filled)
        parts.append(np.stack([*products, (filled**2).T @ there, there.T @ filled**2, filled.T @ filled]))
    return np.stack(parts)


def _pearson(moments: Numbers) -> Numbers:
    """Correlations from moments (6 of them, third from last axis); 0 where a column does not vary."""
    n, x, y, xx, yy, xy = np.moveaxis(moments, -3, 0)
    n = np.maximum(n, 1)
    across, one, two = xy / n - x * y / n**2, xx / n - (x / n) ** 2, yy / n - (y / n) ** 2
    scale = np.sqrt(np.maximum(one, 0) * np.maximum(two, 0))
    return np.asarray(np.clip(np.divide(across, scale, out=np.zeros_like(across), where=scale > 1e-12), -1, 1))


def _combinations(names: list[str], ways: int, most: int | None, seed: int) -> list[tuple[str, ...]]:
    chosen = list(itertools.combinations(names, ways)) if len(names) <= 60 or ways < 3 else None
    dice = np.random.default_rng((seed, ways))
    if chosen is None:
        assert most is not None
        drawn = {tuple(sorted(dice.choice(len(names), ways, replace=False).tolist())) for _ in range(most)}
        return [tuple(names[at] for at in one) for one in sorted(drawn)]
    if most is None or len(chosen) <= most:
        return chosen
    return [chosen[at] for at in np.sort(dice.choice(len(chosen), most, replace=False))]


def _four(counts: list[Numbers]) -> tuple[Numbers, Numbers, Numbers, Numbers]:
    real, made, held, apart = counts
    return real, made, held, apart


def _emptied(facet: Facet) -> str:
    return "every value is null" if np.isnan(facet.made).all() and not np.isnan(facet.real).all() else ""


def _weakest(breakdown: dict[str, float]) -> str:
    name = min(breakdown, key=lambda name: breakdown[name])
    return f"weakest: {name} ({breakdown[name]:.3f})"


def _sampled(chosen: int, columns: int, ways: int) -> str:
    there = int(np.prod([columns - number for number in range(ways)]) / np.prod(np.arange(1, ways + 1)))
    what = {1: "columns", 2: "pairs", 3: "triples"}[ways]
    return f"{chosen:,} {what}" if chosen == there else f"{chosen:,} of {there:,} {what}, drawn by a seed of the tables"
