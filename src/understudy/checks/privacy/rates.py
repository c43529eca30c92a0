"""How often attacks succeed, and how sure that is: risks beyond the population's, areas under curves, intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from understudy.checks.privacy.trial import Cells, Flags, Trial
from understudy.checks.scores import Score
from understudy.checks.sides import Numbers

Z = 1.96
"""Standard errors on either side of an interval of 95 %."""

RESAMPLES = 200
FALSE_ALARMS = 0.01
"""Share of unseen people an attacker may take for members by mistake where the true positive rate is read off."""


@dataclass(frozen=True)
class Risk:
    """How much more often an attack hits those that were learned from: (r_T - r_H) / (1 - r_H), with an interval."""

    value: float
    low: float
    high: float
    seen: float
    """r_T: the share of attacks on people that were learned from that hit."""
    unseen: float
    """r_H: the same of people that were not."""
    attacks: int

    def score(self, name: str, subject: str, detail: str = "", breakdown: dict[str, float] | None = None) -> Score:
        """The risk as a Score: 0 is what fresh real rows get, 1 what the training table itself may get."""
        found = f"hits {self.seen:.2%} of those learned from, {self.unseen:.2%} of those not; {self.attacks:,} attacks"
        detail = f"{detail}; {found}" if detail else found
        return Score(name, subject, self.value, 1.0, 0.0, self.low, self.high, False, detail, breakdown or {})


def wilson(hits: float, of: float) -> tuple[float, float]:
    """Middle and half width of the score interval of a share (Wilson, 1927)."""
    if of <= 0:
        return 0.5, 0.5
    middle = (hits + Z**2 / 2) / (of + Z**2)
    half = Z / (of + Z**2) * np.sqrt(max(hits * (of - hits) / of, 0.0) + Z**2 / 4)
    return float(middle), float(half)


def risk(seen: float, of_seen: float, unseen: float, of_unseen: float) -> Risk:
    """The risk of so many hits among so many attacks on those learned from, and on those not.

    Errors of both rates are propagated as in Giomi et al., "A Unified Framework for Quantifying Privacy Risk in
    Synthetic Data" (2023).
    """
    one, one_error = wilson(seen, of_seen)
    two, two_error = wilson(unseen, of_unseen)
    room = 1.0 - two
    value = (one - two) / room
    error = float(np.hypot(one_error / room, two_error * (1.0 - one) / room**2))
    rates = seen / max(of_seen, 1), unseen / max(of_unseen, 1)
    return Risk(value, value - error, min(value + error, 1.0), *rates, int(of_seen + of_unseen))


def beyond(seen: float, unseen: float, of: float, *, times: float) -> Risk:
    """The share of so many rows that was found among those learned from, beyond what chance explains.

    ``unseen`` were found among others, of which there are so many ``times`` fewer; what so many more would hold is at
    most that many times as much.
    """
    one, one_error = wilson(seen, of)
    two, two_error = wilson(unseen, of)
    value, error = one - times * two, float(np.hypot(one_error, times * two_error))
    chance = min(times * unseen / max(of, 1), 1.0)
    return Risk(value, value - error, min(value + error, 1.0), seen / max(of, 1), chance, int(of))


def excess(trial: Trial, hit: Flags, within: Cells | None = None) -> Risk:
    """The risk of an attack that hit these targets (all, or those given): an entity is hit where a row of it is."""
    member, who = trial.member, trial.who
    if within is not None:
        member, who = member[within], who[within]
    counts = []
    for side in (member, ~member):
        _, at = np.unique(who[side], return_inverse=True)
        hits = np.bincount(at, hit[side]) > 0
        counts += [float(hits.sum()), float(len(hits))]
    return risk(*counts)


@dataclass(frozen=True)
class Told:
    """How well a score tells members from others: area under the curve, hits at few false alarms, with intervals."""

    auc: float
    auc_low: float
    auc_high: float
    hits: float
    hits_low: float
    hits_high: float
    people: int


def told(score: Numbers, member: Flags, who: Cells, dice: np.random.Generator) -> Told:
    """Judge a score that is higher for members; of an entity its highest row counts, and entities are resampled."""
    entities, at = np.unique(who, return_inverse=True)
    highest = np.full(len(entities), -np.inf)
    np.maximum.at(highest, at, score)
    is_member = np.zeros(len(entities), bool)
    is_member[at] = member
    _, falling = np.unique(-highest, return_inverse=True)
    value = _curve(falling, is_member, np.ones(len(entities)))
    again = np.array(
        [_curve(falling, is_member, dice.poisson(1.0, len(entities)).astype(np.float64)) for _ in range(RESAMPLES)]
    )
    low, high = np.quantile(again, [0.025, 0.975], axis=0)
    return Told(value[0], float(low[0]), float(high[0]), value[1], float(low[1]), float(high[1]), len(entities))


def _curve(falling: Cells, member: Flags, weight: Numbers) -> tuple[float, float]:
    """Area under the ROC curve and its height at FALSE_ALARMS; equal scores are one straight piece of it."""
    hits = np.concatenate([[0.0], np.cumsum(np.bincount(falling, weight * member))])
    alarms = np.concatenate([[0.0], np.cumsum(np.bincount(falling, weight * ~member))])
    if not hits[-1] or not alarms[-1]:
        return 0.5, FALSE_ALARMS
    hits, alarms = hits / hits[-1], alarms / alarms[-1]
    area = float((np.diff(alarms) * (hits[1:] + hits[:-1]) / 2).sum())
    last = np.append(np.diff(alarms) > 0, True)  # of points one above the other the highest
    return area, float(np.interp(FALSE_ALARMS, alarms[last], hits[last]))
