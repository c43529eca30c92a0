"""Intervals of any measure of counts: the rows of both sides are resampled in blocks.

Rows stand in random order, so equal stretches of them are samples of one another.  A side is counted once per block,
and a resample is a sum of block counts with random weights: hundreds of cells cost a small product of matrices.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.checks.scores import Score
from understudy.checks.sides import Numbers

BLOCKS = 20
RESAMPLES = 60

Cells = NDArray[np.int64]
Likeness = Callable[[Numbers, Numbers], Numbers]
"""Counts of the real and of another side, cells last, to how alike they are: 1 for the same, 0 for nothing shared."""


@dataclass(frozen=True)
class Measured:
    """How alike made, torn apart and held-out rows are to the real ones, and the first of them resampled."""

    value: float
    floor: float
    ceiling: float
    resampled: Numbers

    def score(self, name: str, subject: str, detail: str = "", breakdown: Mapping[str, float] | None = None) -> Score:
        """The measure as a Score, with the 95 % interval of a normal error as wide as the resamples are."""
        half = 1.96 * float(self.resampled.std(ddof=1)) if len(self.resampled) > 1 else 0.0
        low, high = max(0.0, self.value - half), min(1.0, self.value + half)
        return Score(name, subject, self.value, self.floor, self.ceiling, low, high, True, detail, breakdown or {})


def measure(likeness: Likeness, real: Numbers, made: Numbers, held: Numbers, apart: Numbers, seed: int) -> Measured:
    """Apply a likeness to counts of four sides, each as blocks x cells."""
    whole = real.sum(axis=0)
    value, ceiling, floor = (float(likeness(whole, side.sum(axis=0))) for side in (made, held, apart))
    return Measured(value, floor, ceiling, likeness(weights(seed, 1) @ real, weights(seed, 2) @ made))


def mean(parts: Sequence[Measured]) -> Measured:
    """The average of measures of the same rows; it keeps that they vary together."""
    return Measured(
        float(np.mean([part.value for part in parts])),
        float(np.mean([part.floor for part in parts])),
        float(np.mean([part.ceiling for part in parts])),
        np.mean([part.resampled for part in parts], axis=0),
    )


def weights(seed: int, side: int) -> Numbers:
    """How often each block stands in each resample, as resamples x blocks."""
    dice = np.random.default_rng((seed, side))
    return dice.multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), RESAMPLES).astype(np.float64)


def blocks(rows: int) -> Cells:
    """The block of each of so many rows."""
    return np.arange(rows) * BLOCKS // max(rows, 1)


def count(cells: Cells, size: int) -> Numbers:
    """Rows per block and cell; a negative cell counts nowhere."""
    there = cells >= 0
    at = blocks(len(cells))[there] * size + cells[there]
    return np.bincount(at, minlength=BLOCKS * size).reshape(BLOCKS, size).astype(np.float64)


def shares(counts: Numbers) -> Numbers:
    """Counts as shares of their sum; zeros where there is none."""
    total = counts.sum(axis=-1, keepdims=True)
    return np.asarray(np.divide(counts, total, out=np.zeros_like(counts), where=total > 0))


def overlap(real: Numbers, other: Numbers) -> Numbers:
    """One minus the total variation distance: the share of rows that could stand for each other."""
    return np.asarray(
        _judged(real, other, np.maximum(0.0, 1 - 0.5 * np.abs(shares(real) - shares(other)).sum(axis=-1)))
    )


def nearness(real: Numbers, other: Numbers) -> Numbers:
    """One minus the Kolmogorov-Smirnov distance of ordered cells."""
    apart = np.abs(np.cumsum(shares(real), axis=-1) - np.cumsum(shares(other), axis=-1)).max(axis=-1, initial=0.0)
    return np.asarray(_judged(real, other, 1 - apart))


def _judged(real: Numbers, other: Numbers, likeness: Numbers) -> Numbers:
    """Two empty sides are alike, an empty and another are not."""
    there, too = real.sum(axis=-1) > 0, other.sum(axis=-1) > 0
    return np.where(there & too, likeness, np.where(there == too, 1.0, 0.0))
