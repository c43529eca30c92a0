"""Can one tell from the made rows who was learned from?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from understudy.checks.c2st import trees
from understudy.checks.likelihood import LogProb
from understudy.checks.privacy.nearest import closest
from understudy.checks.privacy.rates import FALSE_ALARMS, Told, told
from understudy.checks.privacy.trial import Crowd, Flags, Trial
from understudy.checks.scores import Score
from understudy.checks.sides import Numbers
from understudy.errors import Error

OUTLIERS = 1_500
"""Outliers of each kind, about, where a tenth of the targets is fewer: with less nothing can be told of them."""

BY_MODEL = "by the model"
"""What such a Score's name holds: whom rows alone are given, it does not concern."""

_NEAR = 0.01  # added to distances, so that a copy far from everyone else stands out more than one in a crowd
_LEARNED = 5_000  # rows of each kind that the density's trees are shown
_NATIVE = 64
_ROUNDS = 60


def membership(trial: Trial) -> list[Score]:
    """Every attack's worst: area under the curve, hits at 1 % false alarms, and the area among outliers.

    Attacks are the distance to the nearest made row; that distance beside the one to the nearest unseen row; and how
    much denser made rows lie than real ones, as gradient-boosted trees see it (DOMIAS: van Breugel et al., 2023), with
    unseen rows of the other half as reference.  Outliers are the tenth of the targets that is farthest from it.
    """
    to_made = closest(trial.targets.vectors, trial.made.vectors)
    attacks = {
        "distance": -to_made,
        "distance beside the population's": np.log(trial.apart + _NEAR) - np.log(to_made + _NEAR),
        "density beside the population's": _density(trial),
    }
    return _scores(trial, attacks, "membership")


def membership_by_model(trial: Trial, said: Numbers) -> list[Score]:
    """The same by the model's own likelihood, one number per target, for whom the model is given, too."""
    return _scores(trial, {"likelihood": said}, f"membership {BY_MODEL}")


def _scores(trial: Trial, attacks: dict[str, Numbers], name: str) -> list[Score]:
    share = max(0.1, min(1.0, 2 * OUTLIERS / len(trial.targets)))
    outlier = trial.apart >= np.quantile(trial.apart, 1 - share)
    all_told = {attack: _told(trial, score, np.ones(len(score), bool)) for attack, score in attacks.items()}
    outliers_told = {attack: _told(trial, score, outlier) for attack, score in attacks.items()}
    return [
        _area(name, trial.subject, all_told),
        _hits(f"{name} for sure", trial.subject, all_told),
        _area(f"{name} of outliers", trial.subject, outliers_told),
    ]


def likelihood(trial: Trial, real: pa.Table, holdout: pa.Table, log_prob: LogProb) -> Numbers:
    """What the released model says of every target; an Error where it says nothing of one."""
    tables = [table.take(pa.array(rows)) for table, rows in zip((real, holdout), trial.chosen, strict=True)]
    found = np.concatenate([np.asarray(log_prob(table), np.float64) for table in tables])
    if len(found) != len(trial.targets) or np.isnan(found).any():
        raise Error("the model gives no likelihood for some rows", hint="judge the model that was released")
    return np.asarray(np.nan_to_num(found))


def _told(trial: Trial, score: Numbers, which: Flags) -> Told:
    return told(score[which], trial.member[which], trial.who[which], trial.dice("membership"))


def _area(name: str, subject: str, by_attack: dict[str, Told]) -> Score:
    worst = max(by_attack, key=lambda attack: by_attack[attack].auc_high)
    one = by_attack[worst]
    breakdown = {attack: found.auc for attack, found in by_attack.items()}
    detail = f"AUC; worst attack: {worst}; {one.people:,} people"
    return Score(name, subject, one.auc, 1.0, 0.5, one.auc_low, one.auc_high, False, detail, breakdown)


def _hits(name: str, subject: str, by_attack: dict[str, Told]) -> Score:
    worst = max(by_attack, key=lambda attack: by_attack[attack].hits_high)
    one = by_attack[worst]
    breakdown = {attack: found.hits for attack, found in by_attack.items()}
    detail = f"members told where 1 in 100 others is taken for one; worst attack: {worst}; {one.people:,} people"
    low, high = one.hits_low, one.hits_high
    return Score(name, subject, one.hits, 1.0, FALSE_ALARMS, low, high, False, detail, breakdown)


def _density(trial: Trial) -> Numbers:
    """The log-odds that a row is made rather than real, learned from made rows and half of the unseen ones."""
    values = trial.targets.values
    fewer = [max(len(np.unique(column)) for column in (values[:, at], trial.made.values[:, at]))
             for at in range(values.shape[1])]  # fmt: skip
    native = [at for at, field in enumerate(trial.fields) if not field.numeric and fewer[at] <= _NATIVE]

    def ask(rows: Crowd, others: Crowd) -> Numbers:
        real = others.values[:_LEARNED]
        return odds(real, trial.made.values[: len(real)], rows.values, native, seed=trial.seed)

    return trial.by_population(np.arange(len(trial.targets)), ask)


def odds(one: Numbers, two: Numbers, rows: Numbers, native: Sequence[int], *, seed: int) -> Numbers:
    """For each row the log-odds that it is of the second kind, as gradient-boosted trees see it.

    Rows are floats and NaN; ``native`` are columns of labels that trees may split by sets.
    """
    learned = np.vstack([one, two])
    known = ~np.isnan(learned).all(axis=0)  # trees take NaN, but not a column of nothing else
    columns = np.flatnonzero(known)
    if not len(columns):
        return np.zeros(len(rows))
    categorical = [number for number, column in enumerate(columns) if column in native]
    model = trees(categorical, seed=seed, rounds=_ROUNDS)
    model.fit(learned[:, columns], np.repeat([False, True], [len(one), len(two)]))
    return np.asarray(model.decision_function(rows[:, columns]), np.float64)
