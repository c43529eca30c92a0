"""What someone who knows a part of a person's row can add to it: other parts, and a secret value."""

from __future__ import annotations

import numpy as np

from understudy.checks.privacy.nearest import nearest, without_each
from understudy.checks.privacy.rates import Risk, excess
from understudy.checks.privacy.trial import Cells, Crowd, Flags, Trial
from understudy.checks.scores import Score

LINKED = 5_000
INFERRED = 4_000
"""People of each kind that are attacked, at most."""

SPLITS = 3
"""Ways in which the columns are dealt to two who know a part each."""

CLOSE = 0.05
"""A number counts as guessed within this share of its size; a moment within this share of its column's spread."""


def linkability(trial: Trial) -> list[Score]:
    """The risk that two who know half of the columns each find the same made row, and so that both know one person.

    Both look at the made row nearest to what they know; the same one is a hit (Giomi et al., 2023).
    """
    if len(trial.fields) < 2:
        return [Score("linkability", trial.subject, 0.0, 1.0, 0.0, 0.0, 0.0, False, "a single column links nothing")]
    within = trial.some(LINKED)
    dice = trial.dice("linkability")
    every = np.arange(trial.made.vectors.shape[1])
    found: dict[str, Risk] = {}
    for number in range(SPLITS):
        order = dice.permutation(len(trial.fields))
        parts = [np.concatenate([every[trial.fields[at].span] for at in part]) for part in np.array_split(order, 2)]
        found[f"split {number + 1}"] = excess(trial, _linked(trial, within, parts), within)
    worst = max(found, key=lambda split: found[split].high)
    breakdown = {split: one.value for split, one in found.items()}
    return [found[worst].score("linkability", trial.subject, f"worst of {SPLITS} splits of the columns", breakdown)]


def _linked(trial: Trial, within: Cells, parts: list[Cells]) -> Flags:
    targets = trial.targets.vectors[within]
    one, two = (nearest(targets[:, part], trial.made.vectors[:, part]).at for part in parts)
    return np.asarray(one == two)


def inference(trial: Trial) -> list[Score]:
    """The risk that someone who knows all of a person's columns but one learns that one from the nearest made row.

    Every column is the secret once, and the worst is shown.  Secrets that the nearest unseen row gives away as well do
    not count: those are learned from the population.
    """
    if len(trial.fields) < 2:
        return [Score("inference", trial.subject, 0.0, 1.0, 0.0, 0.0, 0.0, False, "a single column tells no other")]
    within = trial.some(INFERRED)
    guessed = _guessed(trial, trial.targets.take(within), trial.made)
    known = trial.by_population(within, lambda rows, others: _guessed(trial, rows, others))
    found = {field.name: excess(trial, guessed[:, at] & ~known[:, at], within) for at, field in enumerate(trial.fields)}
    worst = max(found, key=lambda name: found[name].high)
    breakdown = {name: one.value for name, one in found.items()}
    return [found[worst].score("inference", trial.subject, f"worst secret: {worst}", breakdown)]


def _guessed(trial: Trial, rows: Crowd, others: Crowd) -> Flags:
    """Of every row and field whether the nearest other row, by all other fields, has its value: rows x fields."""
    at = without_each(rows.vectors, others.vectors, trial.fields)
    right = np.zeros(at.shape, bool)
    for number, field in enumerate(trial.fields):
        secret, guess = rows.values[:, number], others.values[at[:, number], number]
        same = (secret == guess) | (np.isnan(secret) & np.isnan(guess))
        if field.numeric:
            error = CLOSE * (field.spread if field.moment else np.abs(secret))
            same |= np.abs(guess - secret) <= error
        right[:, number] = same
    return right
