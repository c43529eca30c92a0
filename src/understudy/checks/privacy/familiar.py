"""The privacy score that users of Gretel know, beside ours: for comparison, never for a verdict.

The formulas are those of NVIDIA's open successor (NeMo Safe Synthesizer): membership and attribute inference
protection, and their mean, between 0 and 10.  Neither has a control: what an attacker learns of rows that were never
seen is not taken off, and the training table itself is often graded Good.
"""

from __future__ import annotations

from collections.abc import Collection
from itertools import combinations

import numpy as np
import pyarrow as pa

from understudy.checks.privacy.nearest import closest, several
from understudy.checks.privacy.trial import Cells, Flags, Trial, prepare
from understudy.checks.scores import Score
from understudy.checks.sides import Numbers, levels

ROWS = 5_000
"""Rows of the training and the made table that the score looks at, as the original does."""

GRADES = ("Poor", "Moderate", "Good", "Very Good", "Excellent")
"""Two points each."""

_HELD = 500  # rows of the holdout: the original compares with ten times as many
_RUNS = 10
_NEAR = (0.4, 0.3, 0.2, 0.1)
_PARTS = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
_KNOWN = 3  # columns that an attacker of attributes knows
_NEIGHBOURS = 5
_CAP = 0.7


def familiar_privacy(
    real: pa.Table, made: pa.Table, holdout: pa.Table, *, subject: str = "table", keys: Collection[str] = ()
) -> list[Score]:
    """The score between 0 and 10, with what a holdout gets as ceiling and the training table itself as floor."""
    trial = prepare(real, made, holdout, subject=subject, keys=keys, rows=ROWS)
    seen = _encoded(trial, trial.members.values)
    unseen = _encoded(trial, trial.unseen.values)
    rest = trial.unseen.values[_HELD:] if len(unseen) >= 2 * _HELD else trial.unseen.values
    found = []
    for values in (trial.made.values, trial.members.values, rest):
        points = _encoded(trial, values)
        parts = {
            "membership": _membership(seen, unseen[:_HELD], points),
            "attributes": _attributes(trial, seen, values, points),
        }
        found.append((float(np.mean(list(parts.values()))), parts))
    (value, breakdown), (floor, _), (ceiling, _) = found
    detail = f"{_grade(value)}; the training table itself is graded {_grade(floor)}"
    return [Score("familiar privacy", subject, value, floor, ceiling, value, value, True, detail, breakdown)]


def _grade(score: float) -> str:
    return GRADES[min(int(score // 2), len(GRADES) - 1)]


def _nominal(trial: Trial) -> Flags:
    """Which fields the score takes for labels: those that are, and small whole numbers of ten kinds or fewer."""
    nominal = []
    for at, field in enumerate(trial.fields):
        values = np.unique(trial.members.values[:, at])
        values = values[~np.isnan(values)]
        few = len(values) <= 10 and bool((values >= 0).all()) and bool((values == values.round()).all())
        nominal.append(not field.numeric or few)
    return np.array(nominal)


def _encoded(trial: Trial, values: Numbers) -> Numbers:
    """Labels as the binary digits of their codes, numbers as ranks from 0 to 1, nothing as 0."""
    everything = np.concatenate([trial.targets.values, trial.made.values])
    columns = []
    for at, nominal in enumerate(_nominal(trial)):
        column = np.nan_to_num(values[:, at])
        known = np.unique(np.nan_to_num(everything[:, at]))
        if nominal:
            codes = np.searchsorted(known, column) + 1
            columns += [(codes >> digit & 1).astype(np.float64) for digit in range(len(known).bit_length())]
        else:
            known = np.sort(np.nan_to_num(everything[:, at]))
            columns.append(levels(column, known))
    return np.stack(columns, axis=1)


def _membership(seen: Numbers, unseen: Numbers, made: Numbers) -> float:
    """Points for every attack that calls rows near a made one members; rounded as the original rounds."""
    points = []
    size = len(unseen)
    for run in range(_RUNS):
        members = seen[np.arange(run * size, (run + 1) * size) % len(seen)]
        order = np.random.default_rng(run).permutation(2 * size)
        far = closest(np.concatenate([members, unseen]), made)
        far = (far / (far.max() or 1.0))[order]
        is_member = np.repeat([True, False], size)[order]
        for near in _NEAR:
            points += [_points(far[: int(2 * size * part)] < near, is_member[: int(2 * size * part)])
                       for part in _PARTS]  # fmt: skip
    return (float(np.mean(points)) - 1) / 2 * 10


def _points(called: Flags, member: Flags) -> float:
    precision = round(float(member[called].mean()), 1) if called.any() else 0.0
    accuracy = round(float((called == member).mean()), 1)
    low, high = sorted((precision, accuracy))
    if high <= 0.5:
        return 3.0
    if high <= 0.8:
        return 2.5 if low <= 0.5 else 2.0
    return 1.5 if low <= 0.8 else 1.0


def _attributes(trial: Trial, seen: Numbers, made_values: Numbers, made: Numbers) -> float:
    """How rarely five made rows that are alike in three known columns give another column of a training row away."""
    if len(trial.fields) < 2:
        return 10.0
    dice = np.random.default_rng(5)
    known_sets = list(combinations(range(len(trial.fields)), min(_KNOWN, len(trial.fields) - 1)))
    known_sets = [known_sets[at] for at in dice.permutation(len(known_sets))]
    count = min(max(len(seen) // 100, 200), len(known_sets), len(seen))
    nominal = _nominal(trial)
    columns = _spans(trial, nominal)
    right: list[list[bool]] = [[] for _ in trial.fields]
    for row, known in zip(dice.choice(len(seen), count, replace=False), known_sets, strict=False):
        space = np.concatenate([columns[at] for at in known])
        near = several(seen[row : row + 1][:, space], made[:, space], _NEIGHBOURS)[0]
        for at in set(range(len(trial.fields))) - set(known):
            right[at].append(_correct(trial.members.values[row, at], made_values[near, at], bool(nominal[at])))
    entropies = np.array([_entropy(trial.members.values[:, at]) for at in range(len(trial.fields))])
    scaled = (entropies - entropies.min()) / (np.ptp(entropies) or 1.0)
    weights = scaled / (scaled.sum() or 1.0) * len(scaled)
    told = np.minimum(
        [np.mean(hits) * weight if hits else 0.0 for hits, weight in zip(right, weights, strict=True)], _CAP
    )
    return float(np.mean((_CAP - told) / _CAP * 10))


def _spans(trial: Trial, nominal: Flags) -> list[Cells]:
    """Where the digits or the rank of every field stand in the encoding."""
    spans, start = [], 0
    everything = np.concatenate([trial.targets.values, trial.made.values])
    for at, is_label in enumerate(nominal):
        width = len(np.unique(np.nan_to_num(everything[:, at]))).bit_length() if is_label else 1
        spans.append(np.arange(start, start + width))
        start += width
    return spans


def _correct(true: float, near: Numbers, nominal: bool) -> bool:
    if nominal:
        values, counts = np.unique(near, return_counts=True)
        return bool(values[counts.argmax()] == true)
    decimals = len(f"{true:.6f}".rstrip("0").split(".")[1]) if np.isfinite(true) else 0
    return bool(abs(np.nanmean(near) - true) < 0.01 * true / 10**decimals) if np.isfinite(near).any() else False


def _entropy(values: Numbers) -> float:
    shares = np.unique(values, return_counts=True)[1] / len(values)
    return float(-(shares * np.log(shares)).sum())
