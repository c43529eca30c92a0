"""The likeliest distribution behind noisy counts: of those nearest to them, the one that assumes least besides.

By mirror descent (McKenna, Sheldon and Miklau, 2019, algorithm 1): the distribution is the exponential of a sum of one
table per count, to which a step adds what the counts lack, weighed by how sure they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.synth.privacy.tree import Clique, Model, Tree

Floats = NDArray[np.float64]
Potentials = Mapping[Clique, Floats]

_LONGER, _SHORTER = 1.02, 0.5
"""How the step grows when the last one served, and shrinks when it did not."""
_LOOK = 20
_STILL = 1e-4
"""The share of the distance that so many steps must gain for more to be worth it."""


@dataclass(frozen=True)
class Counted:
    """How many rows have which values of some columns together, with noise."""

    clique: Clique
    counts: Floats
    deviation: float
    """The deviation of the noise of each count."""

    def __add__(self, other: Counted) -> Counted:
        """Both counts of the same columns as one, the surer weighing more."""
        one, two = self.deviation**-2, other.deviation**-2
        return Counted(self.clique, (one * self.counts + two * other.counts) / (one + two), 1 / math.sqrt(one + two))


def total_of(counted: Sequence[Counted]) -> float:
    """About how many rows there are."""
    weights = np.array([1 / (one.counts.size * one.deviation**2) for one in counted])
    return max(float(np.dot(weights, [one.counts.sum() for one in counted]) / weights.sum()), 1.0)


class Estimate:
    """A distribution on its way to counts; ``model`` is where it is."""

    def __init__(self, sizes: Sequence[int], counted: Sequence[Counted], start: Potentials | None = None) -> None:
        start = start or {}
        self.tree = Tree.of(sizes, [one.clique for one in counted])
        self.total = total_of(counted)
        sure = max(one.deviation**-2 for one in counted)
        self._aims = []
        self._at: dict[Clique, Floats] = {}
        for one in counted:
            clique = self.tree.sorted(one.clique)
            begin = start.get(one.clique, np.zeros_like(one.counts))
            self._at[clique] = self.tree.turned(one.clique, begin)
            weight = one.deviation**-2 / sure
            self._aims.append((clique, self.tree.turned(one.clique, one.counts) / self.total, weight))
        self.model = Model.of(self.tree, self._at)
        self._step = 1.0

    @property
    def potentials(self) -> Potentials:
        """What makes the distribution, by clique; its axes are in ascending order of columns."""
        return {tuple(sorted(clique)): table.transpose(np.argsort(clique)) for clique, table in self._at.items()}

    def improve(self, steps: int) -> Estimate:
        """Come nearer, by so many steps at most.

        Steps go on in the direction of those before (Nesterov, 1983) as long as that brings it nearer; else a plain
        one is tried, that is shorter each time it does not.
        """
        loss, lacking = self._distance(self.model)
        before, last, run = loss, self._at, 0
        for number in range(steps):
            plain = {clique: table - self._step * lacking[clique] for clique, table in self._at.items()}
            ahead = run / (run + 3)
            tried = {clique: table + ahead * (table - last[clique]) for clique, table in plain.items()}
            model = Model.of(self.tree, tried)
            other, then = self._distance(model)
            if other < loss:
                self._at, self.model, loss, lacking = tried, model, other, then
                last, run, self._step = plain, run + 1, self._step * _LONGER
            elif run:
                last, run = self._at, 0
            else:
                self._step *= _SHORTER
            if number % _LOOK == _LOOK - 1:
                if before - loss < _STILL * loss:
                    break
                before = loss
        return self

    def _marginals(self, model: Model) -> dict[Clique, Floats]:
        return {clique: self.tree.summed(model.joint[clique[-1]], clique[-1], clique) for clique, _, _ in self._aims}

    def _distance(self, model: Model) -> tuple[float, dict[Clique, Floats]]:
        """Half the squared distance from the counts, and its slope."""
        found, loss = {}, 0.0
        marginals = self._marginals(model)
        for clique, aim, weight in self._aims:
            off = marginals[clique] - aim
            loss += 0.5 * weight * float(np.vdot(off, off))
            found[clique] = weight * off
        return loss, found
