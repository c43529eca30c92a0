"""Chance that privacy rests on: from the operating system, so that nobody can guess it and subtract it.

Counts get discrete noise (Canonne, Kamath and Steinke, 2020), so that no rounding tells values apart; its odds are
floats of 53 bits, not exact fractions. Sums of gradients get Gaussian noise drawn in 64 bits and added before the
sum is rounded to 32: that hides the low bits by which floats tell values apart (Mironov, 2012), but it is no proof
against them.
"""

from __future__ import annotations

import os

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_BITS = 53


class Chance:
    """Random numbers of the operating system; with a ``seed``, ones that can be repeated, and so give no privacy."""

    def __init__(self, seed: int | None = None) -> None:
        self._repeated = None if seed is None else np.random.default_rng(seed)

    @property
    def seeded(self) -> bool:
        """Whether the numbers can be repeated."""
        return self._repeated is not None

    def uniform(self, count: int) -> Floats:
        """Numbers above 0 and below 1, (count,)."""
        raw = self._repeated.bytes(8 * count) if self._repeated is not None else os.urandom(8 * count)
        whole = np.frombuffer(raw, np.uint64) >> np.uint64(64 - _BITS)
        return (whole.astype(np.float64) + 0.5) / 2.0**_BITS

    def normal(self, count: int) -> Floats:
        """Standard normal numbers, (count,), after Box and Muller (1958)."""
        half = (count + 1) // 2
        one, two = self.uniform(2 * half).reshape(2, half)
        length, angle = np.sqrt(-2 * np.log(one)), 2 * np.pi * two
        return np.concatenate([length * np.cos(angle), length * np.sin(angle)])[:count]

    def dice(self) -> np.random.Generator:
        """Fast chance for what needs no noise but must not be known either, started from 256 bits of this one's."""
        raw = self._repeated.bytes(32) if self._repeated is not None else os.urandom(32)
        return np.random.Generator(np.random.SFC64(np.frombuffer(raw, np.uint32).tolist()))

    def chosen(self, count: int, share: float) -> Whole:
        """The places, of so many, that were each chosen by itself with that chance."""
        return np.flatnonzero(self.uniform(count) < share)

    def whole_normal(self, count: int, deviation: float) -> Whole:
        """Integers of the discrete Gaussian with that deviation, (count,).

        By rejection from the discrete Laplace (algorithm 3 of Canonne, Kamath and Steinke, 2020), for all at once.
        """
        found = np.zeros(0, np.int64)
        scale = np.floor(deviation) + 1
        while len(found) < count:
            tries = 2 * (count - len(found)) + 16
            up, down = self.uniform(2 * tries).reshape(2, tries)
            # the difference of two geometric numbers is discrete Laplace: P(x) in proportion to exp(-|x| / scale)
            step = np.floor(-scale * np.log(up)) - np.floor(-scale * np.log(down))
            worth = -((np.abs(step) - deviation**2 / scale) ** 2) / (2 * deviation**2)
            found = np.concatenate([found, step[np.log(self.uniform(tries)) < worth].astype(np.int64)])
        return found[:count]
