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
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.transforms.ff1 import Ff1

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
        return Ff1(self.key, self.radices, self.tweak).move(numerals) if self.radices else numerals.copy()

    def decrypt(self, numerals: Numerals) -> Numerals:
        """The numeral strings whose stand-ins these are."""
        return Ff1(self.key, self.radices, self.tweak).move(numerals, back=True) if self.radices else numerals.copy()


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
