"""Is a model trained on made rows as good on real ones as a model trained on real rows?"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from understudy.checks.c2st import area, matrix, native, one_thread, trees, without_empty
from understudy.checks.resampling import BLOCKS, RESAMPLES, blocks, weights
from understudy.checks.scores import Score
from understudy.checks.sides import Facet, Numbers, Sides, levels
from understudy.errors import InputError, unknown

ROWS = 5_000
"""Rows that a model learns from, and rows that it is judged on, at most."""

TARGETS = 20
"""Columns that are predicted at most, where none is asked for."""

_CLASSES = 4  # labels of a target that are told apart; the rarer ones are one
_ROUNDS, _RATE = 25, 0.25  # fewer and faster than usual: what counts is the same for all sides


@dataclass(frozen=True)
class _Task:
    """One target: what to predict on all sides, and how well real, made and torn apart rows teach it."""

    facet: Facet
    made: Numbers
    """Skill after training on made rows, the first number of it whole and the others resampled."""
    real: Numbers
    apart: Numbers

    def score(self) -> Score:
        """The skill of this target as a Score."""
        measure = "R2 of ranks" if self.facet.numeric else "2 AUC - 1"
        return _scored("utility", self.facet.name, self.made, self.real, self.apart, f"{measure}; {_gap(self)}", {})


def utility(sides: Sides, targets: Collection[str] = ()) -> list[Score]:
    """Train on made rows, test on a real holdout: one Score per target, and ``mean utility`` over all of them.

    Skill is 2 AUC - 1 for labels (averaged over labels, as they are frequent) and R2 of ranks for measures, 0 where
    nothing was learned.  The ceiling is the skill of the same trees taught by as many real rows, the floor of rows torn
    apart.  Targets are all columns that can be predicted, as many as TARGETS, unless some are named: those alone, then.
    """
    names = [facet.name for facet in sides.facets]
    for name in targets:
        if name not in names:
            raise unknown("column", name, names)
    if len(names) < 2:
        return [Score("mean utility", sides.subject, 1.0, 1.0, 1.0, 1.0, 1.0, detail="a single column has no target")]
    with one_thread():
        found = list(_tasks(sides, [sides.facet(name) for name in targets] or _chosen(sides)))
    lacking = [name for name in targets if name not in {task.facet.name for task in found}]
    if lacking:
        raise InputError(f"{lacking[0]} cannot be predicted: its real values do not vary", hint="name another target")
    if not found:
        return [Score("mean utility", sides.subject, 1.0, 1.0, 1.0, 1.0, 1.0, detail="no column varies")]
    made, real, apart = (np.mean([getattr(task, side) for task in found], axis=0) for side in ("made", "real", "apart"))
    gap = float(np.mean([task.real[0] - task.made[0] for task in found]))
    widest = max(found, key=lambda task: task.real[0] - task.made[0])
    detail = f"{len(found)} targets, mean gap {gap:.4f}; widest: {widest.facet.name}, {_gap(widest)}"
    breakdown = {task.facet.name: float(task.made[0]) for task in found}
    return [_scored("mean utility", sides.subject, made, real, apart, detail, breakdown), *(t.score() for t in found)]


def _chosen(sides: Sides) -> list[Facet]:
    if len(sides.facets) <= TARGETS:
        return list(sides.facets)
    at = np.random.default_rng(sides.seed).choice(len(sides.facets), TARGETS, replace=False)
    return [sides.facets[number] for number in np.sort(at)]


def _tasks(sides: Sides, targets: Sequence[Facet]) -> Iterator[_Task]:
    count = min(ROWS, len(sides.real), len(sides.made))
    for facet in targets:
        others = [other for other in sides.facets if other.name != facet.name]
        skills = [_skill(facet, others, side, count, sides.seed) for side in (1, 0, 3)]
        if skills[1] is not None:
            made, real, apart = (np.zeros(RESAMPLES + 1) if skill is None else skill for skill in skills)
            yield _Task(facet, made, real, apart)


def _skill(facet: Facet, others: Sequence[Facet], side: int, count: int, seed: int) -> Numbers | None:
    """The skill on held-out rows of trees taught by one side; None where that side has nothing to learn."""
    rows, wanted = matrix(others, side)[:count], _wanted(facet, facet.all[side])[:count]
    tests, truth = matrix(others, 2)[:ROWS], _wanted(facet, facet.held)[:ROWS]
    learned, judged = ~np.isnan(wanted), ~np.isnan(truth)
    if len(np.unique(wanted[learned])) < 2 or len(np.unique(truth[judged])) < 2:
        return None
    model = trees(native(others), seed=seed, regression=facet.numeric, rounds=_ROUNDS, rate=_RATE)
    rows, tests = without_empty(rows[learned], tests[judged])
    model.fit(rows, wanted[learned])
    weight = np.vstack([np.ones(BLOCKS), weights(seed, 2)])[:, blocks(int(judged.sum()))]
    if facet.numeric:
        return _explained(model.predict(tests), truth[judged], weight)
    return _separated(model.predict_proba(tests), model.classes_, truth[judged], weight)


def _wanted(facet: Facet, side: Numbers) -> Numbers:
    """What is predicted: of a measure the share of real ones below it; the frequent labels and one for all the others.

    Of measures themselves a few that are huge would be all that counts.
    """
    if facet.numeric:
        there = np.sort(facet.real[~np.isnan(facet.real)])
        return np.where(np.isnan(side), np.nan, levels(side, there)) if len(there) else side
    return np.minimum(side, _CLASSES)


def _explained(predicted: Numbers, truth: Numbers, weight: Numbers) -> Numbers:
    """R2 under every row of weights, 0 where it is negative: guessing the mean is always possible."""
    total = weight.sum(axis=1)
    mean = weight @ truth / total
    error = weight @ (predicted - truth) ** 2
    spread = weight @ truth**2 - total * mean**2
    return np.asarray(np.clip(1 - np.divide(error, spread, out=np.ones_like(error), where=spread > 0), 0, 1))


def _separated(chance: Numbers, classes: Numbers, truth: Numbers, weight: Numbers) -> Numbers:
    """2 AUC - 1 of each label against the others, averaged as labels are frequent, under every row of weights."""
    total = np.zeros(len(weight))
    seen = 0.0
    for label in np.unique(truth):
        mine = truth == label
        at = np.flatnonzero(classes == label)
        share = float(mine.mean())
        seen += share
        if len(at):
            areas = np.array([area(chance[:, at[0]], mine, one) for one in weight])
            total += share * np.clip(2 * areas - 1, 0, 1)
    return np.asarray(total / seen)


def _scored(
    name: str, subject: str, made: Numbers, real: Numbers, apart: Numbers, detail: str, breakdown: dict[str, float]
) -> Score:
    half = 1.96 * float(made[1:].std(ddof=1))
    value = float(made[0])
    low, high = max(0.0, value - half), min(1.0, value + half)
    return Score(name, subject, value, float(apart[0]), float(real[0]), low, high, True, detail, breakdown)


def _gap(task: _Task) -> str:
    return f"{task.made[0]:.3f} against {task.real[0]:.3f} taught by real rows"
