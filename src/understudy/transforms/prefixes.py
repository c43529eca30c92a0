"""A keyed permutation of addresses in which what begins alike still begins alike: networks stay networks.

Two addresses that agree in exactly their first k bits have stand-ins that agree in exactly their first
k bits (as in Crypto-PAn: Xu, Fan, Ammar and Moon, 2002).  Whether a bit is turned over depends on the
key and on all bits before it.  One AES block decides seven bits at a time: it has a bit for each of the
127 beginnings that those may have.

Blocks of addresses with a meaning of their own are mapped onto themselves, so the bits that lead to
them never turn.  The first bit behind those always does: no address stays what it was.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from understudy.native import addresses as native
from understudy.transforms.prf import CHUNK_ROWS, Aes, Words

_WORD = 64
_GROUP = 7
_ONE = np.uint64(1)


@dataclass(frozen=True)
class Block:
    """Addresses that share a beginning of at most 64 bits, written as a 64-bit word."""

    start: int
    length: int
    kept: bool = False
    """All of its addresses stay what they are."""


@dataclass(frozen=True)
class Prefixes:
    """The permutation of one key."""

    subkey: bytes
    bits: int
    """How many bits an address has: up to 128, the first ones in the high bits of the first word."""
    blocks: tuple[Block, ...] = ()
    keep: int = 0
    """So many leading bits stay in every address."""

    def __call__(self, addresses: Words, *, back: bool = False) -> Words:
        """Stand-ins for addresses (n, 2); ``back`` gives the addresses that these stand for."""
        aes = Aes(self.subkey)
        out = np.array(addresses)
        for start in range(0, len(out), CHUNK_ROWS):
            self._change(aes, out[start : start + CHUNK_ROWS], back=back)
        return out

    def _change(self, aes: Aes, addresses: Words, *, back: bool) -> None:
        """Change addresses in place, seven bits at a time."""
        starts, fixed = _fixed(self.bits, self.blocks, self.keep)
        stay = fixed[np.searchsorted(starts, addresses[:, 0], side="right") - 1]
        original = np.zeros_like(addresses)
        for word in range(-(-self.bits // _WORD)):
            may, must = _turning(stay - _WORD * word)
            given, known, turned = np.array(addresses[:, word]), *np.zeros((2, len(stay)), np.uint64)
            end = min(self.bits - _WORD * word, _WORD)
            for first in range(0, end, _GROUP):
                width = min(_GROUP, end - first)
                original[:, word] = known | _ONE << np.uint64(_WORD - 1 - first)  # all bits before, then a one
                random = aes(original).reshape(-1)
                group = native.turned(random, given, may, must, _WORD - first - width, width, back)
                turned |= group[::2]
                known |= group[1::2]
            addresses[:, word] ^= turned
            original[:, word] = known


def _turning(stay: NDArray[np.int64]) -> tuple[Words, Words]:
    """The bits of words that may turn, and the one that must: those behind so many that stay."""
    place = np.clip(stay, 0, _WORD - 1).astype(np.uint64)
    inside = (stay >= 0) & (stay < _WORD)
    must = np.where(inside, _ONE << np.uint64(_WORD - 1) - place, np.uint64(0))
    may = np.where(inside, must - _ONE, np.where(stay < 0, ~np.uint64(0), np.uint64(0)))
    return may, must


@cache
def _fixed(bits: int, blocks: tuple[Block, ...], keep: int) -> tuple[Words, NDArray[np.int64]]:
    """Where the ranges of first words begin in which equally many leading bits never turn, and how many."""
    starts: list[int] = []
    fixed: list[int] = []
    waiting = [(0, 0)]
    while waiting:
        start, depth = waiting.pop()
        here = next((b for b in blocks if (b.start, b.length) == (start, depth)), None)
        inside = any(b.length > depth and b.start >> _WORD - depth == start >> _WORD - depth for b in blocks)
        if inside and not (here and here.kept):
            waiting += [(start | 1 << _WORD - 1 - depth, depth + 1), (start, depth + 1)]
        else:
            starts.append(start)
            fixed.append(bits if here and here.kept else max(depth, keep))
    return np.array(starts, np.uint64), np.array(fixed)
