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
        for first in (*range(0, min(self.bits, _WORD), _GROUP), *range(_WORD, self.bits, _GROUP)):
            word, place = divmod(first, _WORD)
            last = min(first + _GROUP, (word + 1) * _WORD, self.bits)
            blocks = original.copy()  # all bits before, then a one
            blocks[:, word] |= _ONE << np.uint64(_WORD - 1 - place)
            random = aes(blocks)
            node = np.ones(len(addresses), np.uint64)
            for bit in range(first, last):
                shift = np.uint64(_WORD - 1 - bit % _WORD)
                drawn = random[:, (bit - first) // (_GROUP - 1)] >> (node & np.uint64(63)) & _ONE
                turned = ((bit > stay) & drawn.astype(np.bool_) | (bit == stay)).astype(np.uint64)
                there = addresses[:, word] >> shift & _ONE
                addresses[:, word] ^= turned << shift
                before = there ^ turned if back else there
                original[:, word] |= before << shift
                node = node << _ONE | before


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
