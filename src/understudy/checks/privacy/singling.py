"""Does a description that fits one made row fit exactly one person that was learned from?

The attack of Giomi et al. (2023), after the wording of the European data protection board: guesses are predicates
true of one made row, and one hits where it is true of exactly one real row.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from understudy.checks.privacy.rates import Risk, risk
from understudy.checks.privacy.trial import Cells, Flags, Trial
from understudy.checks.scores import Score
from understudy.checks.sides import Numbers

GUESSES = 6_000
"""Descriptions of each kind that are tried, at most."""

ENOUGH = 3_000
"""Descriptions below which a kind is too few to be judged alone, and is joined with the other."""

FEW = 75
"""Descriptions up to which the interval of their rate is so wide that it says little, though not one hits."""

_WIDEST = 30  # columns of one description
_TRIES = 30_000  # descriptions that are thought of: most fit more made rows than one


def singling_out(trial: Trial) -> list[Score]:
    """The risk that one value, or several together, that only one made row has, single out one that was learned from.

    Where made rows have hardly any such values (labels of few kinds), both sorts are judged as one.
    """
    count = min(len(trial.members), len(trial.unseen))
    sides = trial.made.values, trial.members.values[:count], trial.unseen.values[:count]
    one = _single(*sides, trial.dice("one value"))
    several = _several(trial, *sides)
    kinds = ("one value", one), ("several values", several)
    found = {kind: _risk(hits, len(hits)) for kind, hits in kinds if len(hits)}
    if not found:
        detail = "no values or sets of values are of one made row alone"
        return [Score("singling out", trial.subject, 0.0, 1.0, 0.0, 0.0, 0.0, False, detail)]
    breakdown = {kind: tried.value for kind, tried in found.items()}
    if len(one) < ENOUGH or len(several) < ENOUGH:
        both = np.concatenate([one, several])
        found = {"one value and by several": _risk(both, len(both)) if len(both) > FEW else _few(both, count)}
    worst = max(found, key=lambda kind: found[kind].high)
    return [found[worst].score("singling out", trial.subject, f"by {worst}", breakdown)]


def _few(hits: Flags, people: int) -> Risk:
    """The risk where hardly a description fits one made row: how many people it can concern bounds it.

    The rate at which so few hit is known badly, and more of them there are not.  It stays the value, and the lower end.
    """
    rates, everyone = _risk(hits, len(hits)), _risk(hits, people)
    value = max(rates.seen - rates.unseen, 0.0)
    return replace(rates, value=value, low=min(rates.low, value), high=max(everyone.high, value))


def _risk(hits: Flags, of: int) -> Risk:
    """The risk of so many hits on each side among so many."""
    return risk(float(hits[:, 0].sum()), of, float(hits[:, 1].sum()), of)


def _single(made: Numbers, seen: Numbers, unseen: Numbers, dice: np.random.Generator) -> Flags:
    """For every value of exactly one made row, whether exactly one row of each real side has it."""
    found = [np.zeros((0, 2), bool)]
    for column in range(made.shape[1]):
        values, counts = np.unique(made[:, column], return_counts=True)
        alone = values[counts == 1]
        found.append(np.stack([_times(side[:, column], alone) == 1 for side in (seen, unseen)], axis=1))
    every = np.concatenate(found)
    return every[dice.permutation(len(every))[:GUESSES]]


def _times(column: Numbers, values: Numbers) -> Cells:
    """How often each value is in a column; NaN is a value."""
    column = np.sort(column)  # NaN stands last, and searchsorted takes it as the largest
    return np.searchsorted(column, values, "right") - np.searchsorted(column, values, "left")


def _several(trial: Trial, made: Numbers, seen: Numbers, unseen: Numbers) -> Flags:
    """The same of descriptions of several columns of one made row: labels as they are, numbers as at most or least."""
    if made.shape[1] < 2:
        return np.zeros((0, 2), bool)
    middle = np.nanmedian(np.vstack([made, np.zeros((1, made.shape[1]))]), axis=0)
    numeric = np.array([field.numeric for field in trial.fields])
    columns = [np.ascontiguousarray(side.T) for side in (made, seen, unseen)]
    dice = trial.dice("several values")
    found: list[list[bool]] = []
    for _ in range(_TRIES):
        row = int(dice.integers(len(made)))
        size = int(dice.integers(2, min(made.shape[1], _WIDEST) + 1))
        chosen = dice.choice(made.shape[1], size, replace=False)
        told = [(column, made[row, column], bool(numeric[column]), middle[column]) for column in chosen]
        if _fits(columns[0], told) == 1:
            found.append([_fits(side, told) == 1 for side in columns[1:]])
        if len(found) == GUESSES:
            break
    return np.array(found, bool).reshape(-1, 2)


def _fits(columns: Numbers, told: list[tuple[int, float, bool, float]]) -> int:
    """How many rows a description fits: a value for every column, of numbers as least or most if above the middle."""
    rows: Cells | slice = slice(None)
    for column, value, ordered, middle in told:
        side = columns[column][rows]
        if np.isnan(value):
            fits = np.isnan(side)
        elif ordered:
            fits = side >= value if value > middle else side <= value
        else:
            fits = side == value
        kept = np.flatnonzero(fits)
        rows = kept if isinstance(rows, slice) else rows[kept]
    return len(columns[0][rows])
