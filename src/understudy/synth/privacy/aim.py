"""AIM: which columns to count together is asked of the rows, round by round, within a budget.

After McKenna, Mullins, Sheldon and Miklau (2022), algorithms 2 and 3.  Each column is counted by itself.  Then, each
round, the exponential mechanism picks two or three columns whose counts the distribution so far gets most wrong, beyond
what the noise of counting them would; they are counted with Gaussian noise, and the distribution is estimated anew.
Where a count teaches nothing beyond its noise, the next are asked with half of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from understudy.errors import Error
from understudy.synth.privacy.accounting import ORDERS, Share, epsilon_of
from understudy.synth.privacy.dp_encode import Counter
from understudy.synth.privacy.estimate import Counted, Estimate
from understudy.synth.privacy.noise import Chance
from understudy.synth.privacy.tree import Clique, Model, Tree

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_SINGLES = 0.1
"""The share of the budget that goes to counting each column by itself."""
_CHOICE = 0.1
"""The share of a round's budget that goes to choosing what to count."""
_TRIPLES = 5_000
"""Sets of three columns up to which they are candidates."""
_NOTHING = 1e-9
"""The share of a budget that is left to rounding."""
_AMISS = math.sqrt(2 / math.pi)
"""What noise adds to the mean absolute error of a count, in its deviations."""


@dataclass(frozen=True)
class Limits:
    """What a fit may cost: a matter of the machine, never of the rows."""

    groups: int = 32
    """Groups that a column's values are put in, at most."""
    cells: int = 200_000
    """Cells of the distribution's tables together."""
    rounds: int = 16
    """Rounds per column that the budget would last for, were each as dear as the first."""
    candidates: int = 1_000
    """Sets of columns among which a round chooses; of more, these are drawn by chance."""
    steps: int = 60
    """Steps of the estimate in a round."""
    last: int = 1_000
    """Steps of the estimate at the end."""


class Rounds:
    """The rows as groups, (rows, columns), and what was counted of them so far within a budget ``rho``."""

    def __init__(
        self, groups: Whole, sizes: Sequence[int], rho: float, bound: int, chance: Chance, limits: Limits
    ) -> None:
        self._groups, self._sizes, self._rho, self._bound = groups, tuple(sizes), rho, bound
        self._chance, self._limits, self._dice = chance, limits, chance.dice()
        self._exact: dict[Clique, Floats] = {}
        self._varied = [at for at, size in enumerate(sizes) if size > 1] or [0]
        self._candidates = candidates(self._varied)
        self.counted: dict[Clique, Counted] = {}
        self.noises: list[float] = []
        """The noise of each count, in units of the rows of one subject."""
        self.choices: list[float] = []
        """The epsilon of each choice."""

    @property
    def spent(self) -> float:
        """What was spent, in zero-concentrated privacy (Bun and Steinke, 2016)."""
        return counting(self.noises) + choosing(self.choices)

    def shares(self, delta: float) -> tuple[Share, ...]:
        """What was spent on counts and on choices; noise is that of as many equal Gaussian counts of the same cost."""
        parts = (
            ("counts", "discrete Gaussian counts", len(self.noises), counting(self.noises)),
            ("choices", "exponential mechanism", len(self.choices), choosing(self.choices)),
        )
        return tuple(
            Share(what, how, math.sqrt(times / (2 * rho)), times, 1.0, epsilon_of(rho * ORDERS, delta))
            for what, how, times, rho in parts
            if times
        )

    def run(self, tell: Callable[[float], None]) -> Model:
        """Spend the budget; the distribution it came to.  ``tell`` hears what share is spent."""
        if not self._sizes:
            return Model.of(Tree.of((), ()), {})
        self._count_each(_SINGLES * self._rho)
        estimate = Estimate(self._sizes, list(self.counted.values())).improve(self._limits.last)
        noise, choice = shares((1 - _SINGLES) * self._rho / (self._limits.rounds * len(self._varied)))
        while (left := self._rho - self.spent) > _NOTHING * self._rho:
            last = left < 2 * (counting([noise]) + choosing([choice]))
            if last:
                noise, choice = shares(left)
            chosen = self.choose(estimate, noise, choice)
            if chosen is None and last:
                self._count_each(left)
            elif chosen is not None:
                before = estimate.model.marginal(chosen) * estimate.total
                self.count(chosen, noise)
                estimate = Estimate(self._sizes, list(self.counted.values()), estimate.potentials)
                estimate.improve(self._limits.steps)
                moved = np.abs(estimate.model.marginal(chosen) * estimate.total - before).sum()
            if chosen is None or moved <= _AMISS * noise * self._bound * before.size:
                noise, choice = noise / 2, choice * 2
            tell(self.spent / self._rho)
        if self.spent > self._rho * (1 + _NOTHING):  # fail closed: what is not in the account is not promised
            raise Error("more was asked of the rows than the budget allows", hint="report this as a fault")
        return Estimate(self._sizes, list(self.counted.values()), estimate.potentials).improve(self._limits.last).model

    def _count_each(self, rho: float) -> None:
        """Count each column by itself, for so much of the budget together."""
        for at in self._varied:
            self.count((at,), math.sqrt(len(self._varied) / (2 * rho)))

    def count(self, clique: Clique, noise: float) -> None:
        """Count some columns together; ``noise`` is in units of the rows of one subject."""
        counter = Counter(self._chance, noise, self._bound)
        shape = [self._sizes[at] for at in clique]
        told = counter.counts(self._cells(clique), math.prod(shape)).reshape(shape)
        fresh = Counted(clique, told, counter.deviation)
        self.counted[clique] = self.counted[clique] + fresh if clique in self.counted else fresh
        self.noises.append(noise)

    def choose(self, estimate: Estimate, noise: float, choice: float) -> Clique | None:
        """The columns to count next, by the exponential mechanism; None, for nothing, where none may be."""
        among = self._among(estimate, noise)
        if not among:
            return None
        worth = []
        for clique in among:
            off = np.abs(self._true(clique) - estimate.model.marginal(clique) * estimate.total)
            worth.append(len(clique) * (off.sum() - _AMISS * noise * self._bound * off.size))
        most = self._bound * max(map(len, among))  # what one subject changes a score by
        # the largest of scores with Gumbel noise is one drawn in proportion to their exponentials
        gumbel = -np.log(-np.log(self._chance.uniform(len(among))))
        self.choices.append(choice)
        return among[int(np.argmax(choice / (2 * most) * np.asarray(worth) + gumbel))]

    def _among(self, estimate: Estimate, noise: float) -> list[Clique]:
        """What may be chosen: a matter of sizes, noise and the total, never of rows."""
        seen = 2 * estimate.total / (_AMISS * noise * self._bound)  # of more cells the noise is above any error
        some = [one for one in self._candidates if math.prod(self._sizes[at] for at in one) <= seen]
        if len(some) > self._limits.candidates:
            drawn = self._dice.choice(len(some), self._limits.candidates, replace=False)
            some = [some[at] for at in np.sort(drawn)]
        most = max(self.spent / self._rho * self._limits.cells, estimate.tree.cells)
        return [clique for clique in some if estimate.tree.cells_with(clique) <= most]

    def _cells(self, clique: Clique) -> Whole:
        """The cell of each row in the table of some columns."""
        found = self._groups[:, clique[0]].astype(np.int64)
        for at in clique[1:]:
            found = found * self._sizes[at] + self._groups[:, at]
        return found

    def _true(self, clique: Clique) -> Floats:
        """How many rows there are of each; seen by nothing but the exponential mechanism."""
        if clique not in self._exact:
            shape = [self._sizes[at] for at in clique]
            counts = np.bincount(self._cells(clique), minlength=math.prod(shape))
            self._exact[clique] = counts.reshape(shape).astype(np.float64)
        return self._exact[clique]


def shares(rho: float) -> tuple[float, float]:
    """The noise of a count and the epsilon of a choice, for a round that costs so much."""
    return 1 / math.sqrt(2 * (1 - _CHOICE) * rho), math.sqrt(8 * _CHOICE * rho)


def counting(noises: Sequence[float]) -> float:
    """What counts with such noise cost."""
    return sum(1 / (2 * noise**2) for noise in noises)


def choosing(choices: Sequence[float]) -> float:
    """What choices with such an epsilon cost (Cesar and Rogers, 2021)."""
    return sum(choice**2 / 8 for choice in choices)


def candidates(columns: Sequence[int]) -> list[Clique]:
    """All sets of two columns, and of three where those are not too many."""
    sizes = (2, 3) if math.comb(len(columns), 3) <= _TRIPLES else (2,)
    return [clique for size in sizes for clique in combinations(columns, size)]


def first_noise(columns: int, rho: float) -> float:
    """The noise with which each of so many columns is counted by itself, of a budget."""
    return math.sqrt(max(columns, 1) / (2 * _SINGLES * rho))
