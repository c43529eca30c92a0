"""How much privacy a fit spends: Renyi differential privacy of each part, added up, and told as epsilon and delta.

Neighbours are tables that differ by one *subject*: a row or, where a column names whom rows are about, all rows of one
person.  Every part is a Gaussian mechanism, perhaps on a random sample of subjects, so that one kind of sum holds them
all (Mironov, 2017); what labels are released adds a chance of failing, which is taken off delta.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.errors import InputError

Floats = NDArray[np.float64]

ORDERS: Floats = np.array(
    [1 + x / 10 for x in range(1, 100)] + [*range(11, 64), 72, 80, 96, 128, 160, 192, 256, 384, 512, 1024], np.float64
)
"""Renyi orders at which is added up."""
_TAIL = 14.0
"""Deviations of a normal number beyond which nothing is counted."""
_FINE = 24
"""Points per deviation of the sum that stands for an integral."""


@dataclass(frozen=True)
class Share:
    """What one part of a fit spent."""

    what: str
    mechanism: str
    noise: float
    """The deviation of the noise in units of what one subject can change."""
    times: int
    """How often it was asked."""
    sampled: float
    """The chance of each subject to be among those asked."""
    epsilon: float
    """What it would be alone, at the whole delta; the parts together are less than the sum of these."""


@dataclass(frozen=True)
class Privacy:
    """What a fit promises: no subject changes the chance of any outcome by more than exp(epsilon), but for delta."""

    epsilon: float
    delta: float
    subject: str
    """What neighbours differ by: "one row", or all rows of one value of a column."""
    rows_per_subject: int
    shares: tuple[Share, ...]
    label_delta: float
    """The part of delta that the release of labels takes."""
    public: tuple[str, ...]
    """What was taken as known to everybody, and not paid for."""
    seeded: bool = False
    """Whether the noise can be repeated: then nothing is promised."""

    def __str__(self) -> str:
        lines = [f"epsilon {self.epsilon:.3f}, delta {self.delta:g}, for {self.subject}"]
        if self.rows_per_subject > 1:
            lines[0] += f", of which {self.rows_per_subject} are learned from at most"
        if self.seeded:
            lines.append("NOT PRIVATE: the noise was seeded")
        for one in self.shares:
            often = f"{one.times} x" + (f" on {one.sampled:.3%} of subjects" if one.sampled < 1 else "")
            lines.append(f"  {one.what}: {one.mechanism}, noise {one.noise:.2f}, {often}; alone {one.epsilon:.3f}")
        if self.label_delta:
            lines.append(f"  labels not known before: {self.label_delta:g} of delta")
        lines.append("taken as public: " + "; ".join(self.public))
        return "\n".join(lines)


def gaussian(noise: float, *, times: int = 1, sampled: float = 1.0, orders: Floats = ORDERS) -> Floats:
    """The Renyi divergence, at each order, of so many Gaussian mechanisms; ``noise`` is in units of sensitivity.

    Where each subject is asked with chance ``sampled`` (Poisson), after Mironov, Talwar and Zhang (2019): the order's
    moment of (1 - q) + q exp((2z - 1) / 2s^2) over normal z, summed numerically, which is exact to rounding.
    """
    if not noise > 0:
        raise InputError(f"noise of {noise} gives no privacy", hint="give noise above 0")
    if sampled >= 1:
        return times * orders / (2 * noise**2)
    found = np.zeros(len(orders))
    for at, order in enumerate(orders):
        z = np.arange(-_TAIL * noise, order + _TAIL * noise, noise / _FINE)
        ratio = np.logaddexp(math.log1p(-sampled), math.log(sampled) + (2 * z - 1) / (2 * noise**2))
        inner = order * ratio - z**2 / (2 * noise**2)
        top = inner.max()
        moment = top + math.log(np.exp(inner - top).sum() / (_FINE * math.sqrt(2 * math.pi)))
        found[at] = max(moment, 0.0) / (order - 1)
    return times * found


def epsilon_of(spent: Floats, delta: float, orders: Floats = ORDERS) -> float:
    """The epsilon that Renyi divergences come to at a delta (Canonne, Kamath and Steinke, 2020, proposition 12)."""
    told = spent + np.log1p(-1 / orders) - (math.log(delta) + np.log(orders)) / (orders - 1)
    return max(float(np.min(told)), 0.0)


def concentrated(epsilon: float, delta: float) -> float:
    """The most rho for which divergences of rho x order come to no more than epsilon: a budget that can be split."""
    return least(lambda x: epsilon_of(ORDERS / x, delta), epsilon) ** -1


def noise_for(epsilon: float, delta: float, *, times: int, sampled: float, besides: Floats) -> float:
    """The least noise of so many sampled Gaussian mechanisms that, with what is spent besides, keeps to a budget."""
    if epsilon_of(besides, delta) >= epsilon:
        raise InputError("the other parts leave nothing of the budget", hint="give a larger epsilon")
    return least(
        lambda noise: epsilon_of(besides + gaussian(noise, times=times, sampled=sampled), delta), epsilon, start=0.3
    )


def least(spent: Callable[[float], float], most: float, *, start: float = 1e-3) -> float:
    """The least argument at which a falling function is no more than ``most``, to a part in ten thousand."""
    low, high = start, start * 2
    while spent(high) > most:
        low, high = high, high * 2
        if high > 1e12:
            raise InputError(f"no noise is enough for an epsilon of {most}", hint="give a larger epsilon")
    while high / low > 1.0001:
        middle = math.sqrt(low * high)
        low, high = (middle, high) if spent(middle) > most else (low, middle)
    return high
