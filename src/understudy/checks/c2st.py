"""Can a classifier tell made rows from real ones, and by which columns?

The classifier two-sample test (Lopez-Paz and Oquab, 2017) with gradient-boosted trees.  A linear classifier is no
judge: it cannot tell a table whose columns were shuffled independently from the real one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.checks.scores import Score
from understudy.checks.sides import Codes, Facet, Numbers, Sides

ROWS = 10_000
"""Rows of each side that trees are shown at most."""

FOLDS = 3
_NATIVE = 64  # labels up to which trees split by sets of them; with more, by their order of frequency
_RESAMPLES = 60
_TELLING = 0.002  # loss of AUC from which a column is named


def c2st(sides: Sides, *, folds: int = FOLDS) -> list[Score]:
    """Two Scores, 1 where trees can only guess and 0 where they are always right: against train and against holdout.

    ``c2st`` compares made rows with the real ones the synthesizer learned from, ``c2st holdout`` with real rows it
    never saw, which is the honest one: only there does memorising gain nothing. The score is 1 - (2 max(AUC, 0.5) -
    1) over rows of folds not learned from; equal rows share a fold, and so do the rows of one entity. The breakdown
    is how much AUC is lost when one column is shuffled among the judged rows: the columns that betray.
    """
    real, made, held, apart = (matrix(sides.facets, side)[:ROWS] for side in range(4))
    categorical = native(sides.facets)
    against = {"c2st": real, "c2st holdout": held}

    def owners(one: int, two: int) -> Codes | None:
        whose = sides.owners
        return None if whose is None else np.concatenate([whose[one][:ROWS], whose[two][:ROWS]])

    told_apart = partial(_told_apart, categorical=categorical, folds=folds, seed=sides.seed)
    with one_thread():
        ceiling = told_apart(real, held, owners(0, 2))
        floor = told_apart(real, apart, owners(0, 2))
        found = {
            name: told_apart(one, made, owners(at, 1)) for (name, one), at in zip(against.items(), (0, 2), strict=True)
        }
    scores = []
    for name, told in found.items():
        breakdown = {sides.facets[at].name: drop for at, drop in told.telling if drop > _TELLING}
        named = ", ".join(list(breakdown)[:3])
        detail = f"AUC {told.auc:.3f}" + (
            f"; betrayed by {named}" if named and told.auc_low > max(0.5, ceiling.auc) else ""
        )
        low, high = likeness(told.auc_high), likeness(told.auc_low)
        value = likeness(told.auc)
        scores.append(
            Score(
                name,
                sides.subject,
                value,
                likeness(floor.auc),
                likeness(ceiling.auc),
                low,
                high,
                True,
                detail,
                breakdown,
            )
        )
    return scores


def likeness(auc: float) -> float:
    """1 for an AUC of a half or less, 0 for an AUC of 1."""
    return 1 - (2 * max(auc, 0.5) - 1)


class _Told:
    """How well two sets of rows were told apart."""

    def __init__(
        self, score: Numbers, label: NDArray[np.bool_], telling: list[tuple[int, float]], folds: int, seed: int
    ) -> None:
        self.auc = area(score, label)
        self.telling = telling
        dice = np.random.default_rng(seed)
        again = [area(score, label, dice.poisson(1.0, len(score)).astype(np.float64)) for _ in range(_RESAMPLES)]
        # the trees of the folds share rows, which resampled judgements do not show (Nadeau and Bengio, 2003)
        half = 1.96 * float(np.std(again, ddof=1)) * (1 + folds / (folds - 1)) ** 0.5
        self.auc_low, self.auc_high = self.auc - half, min(1.0, self.auc + half)


def _told_apart(
    one: Numbers, two: Numbers, owner: Codes | None, *, categorical: Sequence[int], folds: int, seed: int
) -> _Told:
    rows = np.vstack([one, two])
    label = np.repeat([False, True], [len(one), len(two)])
    fold = _folds(rows, owner, folds, seed)
    score = np.zeros(len(rows))
    telling: list[tuple[int, float]] = []
    for number in range(folds):
        out = fold == number
        if not out.any() or len(np.unique(label[~out])) < 2:
            continue
        learned, judged = without_empty(rows[~out], rows[out])
        model = trees(categorical, seed=seed).fit(learned, label[~out])
        score[out] = model.predict_proba(judged)[:, 1]
        if not telling:
            telling = _telling(model, judged, label[out], score[out], seed)
    return _Told(score, label, telling, folds, seed)


def _telling(model: Any, rows: Numbers, label: NDArray[np.bool_], score: Numbers, seed: int) -> list[tuple[int, float]]:
    """The columns by how much AUC is lost when they are shuffled, the largest loss first."""
    dice = np.random.default_rng(seed)
    whole = area(score, label)
    lost = []
    for column in range(rows.shape[1]):
        shuffled = rows.copy()
        shuffled[:, column] = dice.permutation(shuffled[:, column])
        lost.append((column, whole - area(model.predict_proba(shuffled)[:, 1], label)))
    return sorted(lost, key=lambda one: -one[1])


def _folds(rows: Numbers, owner: Codes | None, folds: int, seed: int) -> Codes:
    """A fold for every row, the same for equal rows and for rows of one entity: what was learned must not be judged.

    Where equal rows tie nearly all entities together there would be one fold, and entities alone decide.
    """
    dice = np.random.default_rng(seed)
    by_value = (np.nan_to_num(rows, nan=-9.87654321e8) * dice.normal(size=rows.shape[1])).sum(axis=1)
    which = np.unique(by_value, return_inverse=True)[1]
    if owner is not None:
        tied = _tied(which, owner)
        which = tied if np.bincount(tied).max() <= len(rows) / folds else np.unique(owner, return_inverse=True)[1]
    return np.asarray(dice.permutation(int(which.max()) + 1)[which] % folds)


def _tied(one: Codes, two: Codes) -> Codes:
    """A number for every row, the same for rows that either of two codes ties together, directly or by others."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    count = int(one.max()) + 1
    size = count + int(two.max()) + 1
    edges = coo_matrix((np.ones(len(one)), (one, two + count)), shape=(size, size))
    return np.asarray(connected_components(edges, directed=False)[1][one], np.int64)


def area(score: Numbers, label: NDArray[np.bool_], weight: Numbers | None = None) -> float:
    """The area under the ROC curve, ties counted half; a half where one of both labels is missing."""
    weight = np.ones(len(score)) if weight is None else weight
    distinct, at = np.unique(score, return_inverse=True)
    positive = np.bincount(at, weight * label, len(distinct))
    negative = np.bincount(at, weight * ~label, len(distinct))
    both = positive.sum() * negative.sum()
    below = np.cumsum(negative) - negative
    return float((positive * (below + negative / 2)).sum() / both) if both else 0.5


def matrix(facets: Sequence[Facet], side: int) -> Numbers:
    """The rows of one side (real, made, held, apart) as floats, one column per facet; trees take NaN as it is.

    Many labels stand in the order of how often they are on all sides together, chance deciding between equals: a label
    that a side alone has is no sign of that side, as it is none of real rows among real rows.
    """
    return np.stack([_ordered(facet)[side] if _many(facet) else facet.all[side] for facet in facets], axis=1)


def _many(facet: Facet) -> bool:
    return not facet.numeric and facet.labels > _NATIVE


def _ordered(facet: Facet) -> list[Numbers]:
    pooled = np.concatenate([facet.real, facet.made, facet.held])
    frequency = np.bincount(pooled[~np.isnan(pooled)].astype(np.int64), minlength=facet.labels)
    chance = np.random.default_rng(facet.labels).random(facet.labels)
    rank = np.empty(facet.labels + 1)
    rank[np.lexsort((chance, -frequency))] = np.arange(facet.labels)
    rank[-1] = np.nan
    return [rank[np.nan_to_num(side, nan=facet.labels).astype(np.int64)] for side in facet.all]


def native(facets: Sequence[Facet]) -> list[int]:
    """The positions of columns with so few labels that trees may split by sets of them."""
    return [at for at, facet in enumerate(facets) if not facet.numeric and not _many(facet)]


def trees(
    categorical: Sequence[int], *, seed: int, regression: bool = False, rounds: int = 100, rate: float = 0.1
) -> Any:
    """Gradient-boosted trees as they come, without early stopping, so that they depend on the rows alone."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    kind = HistGradientBoostingRegressor if regression else HistGradientBoostingClassifier
    return kind(
        categorical_features=list(categorical) or None,
        early_stopping=False,
        learning_rate=rate,
        max_iter=rounds,
        random_state=seed % 2**31,
    )


def without_empty(learned: Numbers, judged: Numbers) -> tuple[Numbers, Numbers]:
    """Rows to learn from and to judge, zeros where the first have nothing in a column: trees refuse those."""
    empty = np.isnan(learned).all(axis=0)
    return np.where(empty, 0.0, learned), np.where(empty, 0.0, judged)


@contextmanager
def one_thread() -> Iterator[None]:
    """Trees on one thread: sums in one order, and no spinning threads on a busy machine."""
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(1):
        yield
