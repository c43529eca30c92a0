"""A keyed permutation of numeral strings that leaves none of them in its place.

A permutation P may leave a few values where they are, and a card number that comes through masking
unchanged is a card number given away.  P(s(P^-1(x))), where s counts to the next string and P is FF1,
moves every string there is, is undone by P(s^-1(P^-1(x))), and visits all strings before it comes
back to the first one, so masking what is masked already does not give the originals back.  Without
the key it looks like a cycle through all strings drawn at random, as far as FF1 looks like a random
permutation.  The price is FF1 twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import gcd, prod
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.transforms.ff1 import Ff1
from understudy.transforms.prf import digest

Numerals = NDArray[Any]
"""Numeral strings (n, length), the most significant numeral first."""


@dataclass(frozen=True)
class Derangement:
    """To be used as ``Ff1`` is: one key, a radix from 2 to 2^16 for every position, and a tweak."""

    key: bytes
    radices: tuple[int, ...]
    tweak: bytes = b""

    @property
    def size(self) -> int:
        """How many strings there are; a single one has nowhere to go."""
        return prod(self.radices)

    def encrypt(self, numerals: Numerals) -> Numerals:
        """Stand-ins for numeral strings, none of them what it was."""
        if len(self.radices) == 1:
            return self._turned(numerals, self._turn)
        return Ff1(self.key, self.radices, self.tweak).move(numerals) if self.radices else numerals.copy()

    def decrypt(self, numerals: Numerals) -> Numerals:
        """The numeral strings whose stand-ins these are."""
        if len(self.radices) == 1:
            return self._turned(numerals, -self._turn)
        return Ff1(self.key, self.radices, self.tweak).move(numerals, back=True) if self.radices else numerals.copy()

    @property
    def _turn(self) -> int:
        """How far single numerals turn: FF1 only adds to them, so P(s(P^-1(x))) would be the next one under any key.

        It shares no factor with the radix, so that all of them are visited.
        """
        (radix,) = self.radices
        turns = [turn for turn in range(1, radix) if gcd(turn, radix) == 1] or [0]
        drawn = digest(pa.array([self.tweak], pa.binary()), self.key)[0, 0]
        return turns[int(drawn) % len(turns)]

    def _turned(self, numerals: Numerals, turn: int) -> Numerals:
        return ((numerals.astype(np.int64) + turn) % self.radices[0]).astype(numerals.dtype)


def walk(
    permute: Callable[[Numerals], Numerals],
    numerals: Numerals,
    inside: Callable[[Numerals, NDArray[np.int64]], NDArray[np.bool_]],
) -> Numerals:
    """A permutation of all strings made one of some of them: what falls outside is permuted until it is inside.

    ``inside`` is told strings and which rows of ``numerals`` they stand for, whose own are inside.  A
    permutation that visits all strings (as ``Derangement`` does) leaves none of the inner ones in its
    place, unless there is only one.
    """
    out = permute(numerals)
    rows = np.flatnonzero(~inside(out, np.arange(len(out))))
    while len(rows):
        out[rows] = again = permute(out[rows])
        rows = rows[~inside(again, rows)]
    return out
