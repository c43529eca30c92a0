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
from understudy.transforms.prf import CHUNK_ROWS

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
        return self._by_chunks(numerals, step=1)

    def decrypt(self, numerals: Numerals) -> Numerals:
        """The numeral strings whose stand-ins these are."""
        return self._by_chunks(numerals, step=-1)

    def _by_chunks(self, numerals: Numerals, *, step: int) -> Numerals:
        if not self.radices:
            return numerals.copy()
        cipher = Ff1(self.key, self.radices, self.tweak)
        out = np.empty_like(numerals)
        for start in range(0, len(numerals), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            plain = cipher.decrypt(np.asfortranarray(numerals[rows], np.uint16))
            self._count(plain, step)
            out[rows] = cipher.encrypt(plain)
        return out

    def _count(self, numerals: NDArray[np.uint16], step: int) -> None:
        """The next strings (or those before), in place: the last numeral counts, and carries to the one before."""
        turning: Any = slice(None)
        for place in reversed(range(len(self.radices))):
            last = self.radices[place] - 1
            ends, begins = (last, 0) if step == 1 else (0, last)
            column = numerals[turning, place]
            over = column == ends
            numerals[turning, place] = np.where(over, begins, column + np.uint16(step % 2**16))
            turning = np.flatnonzero(over) if isinstance(turning, slice) else turning[over]
            if not len(turning):
                return


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
