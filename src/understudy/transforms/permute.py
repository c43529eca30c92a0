"""Keyed permutations of integers and UUIDs: no two become the same, so keys stay keys without a mapping table.

The permutation is a Feistel network whose round function is AES.  Numbers stay inside *bands*, so
that small ones stay small, a narrow column can hold its stand-ins, and a sequence keeps room above
them.  0 and -1 often mean "nobody" and are kept; negative numbers mirror the others (``~n`` of ``n``).
Whoever holds the key can go back: the rounds are undone in reverse.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, cast

import numpy as np
from numpy.typing import NDArray

from understudy.transforms.prf import CHUNK_ROWS, Aes, Words

ROUNDS = 6
"""The cheapest attack known on six rounds needs every pair there is; five fall to fewer (Patarin,
"Generic attacks on Feistel schemes", 2008)."""

NARROW_ROUNDS = 10
"""Rounds below 28 bits, where every pair there is may be few: as many as FF1 has."""

Within = Literal["int16", "int32", "int64", "decimal"]
"""The narrowest type that must hold the numbers of a domain; ``decimal`` keeps the number of digits."""

EDGES: dict[Within, tuple[int, ...]] = {
    "int16": (1, 2**14, 2**15, 2**30, 2**31, 2**40, 2**53, 2**63),
    "int32": (1, 2**30, 2**31, 2**40, 2**53, 2**63),
    "int64": (1, 2**40, 2**53, 2**63),
    "decimal": tuple(10**digits for digits in range(19)),
}
"""Where the bands begin; the last number is where the last band ends.  Every type's range ends at an edge."""


@dataclass(frozen=True)
class Permutation:
    """A permutation of the 64-bit integers that keeps every number in its band."""

    subkey: bytes
    edges: tuple[int, ...]

    def __call__(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """Stand-ins for numbers; those outside all bands are kept."""
        return self._by_chunks(numbers, _Network(Aes(self.subkey)))

    def restore(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        """The numbers whose stand-ins these are."""
        return self._by_chunks(numbers, _Network(Aes(self.subkey), backward=True))

    def _by_chunks(self, numbers: NDArray[np.int64], network: _Network) -> NDArray[np.int64]:
        out = np.empty_like(numbers)
        for start in range(0, len(numbers), CHUNK_ROWS):
            chunk = numbers[start : start + CHUNK_ROWS]
            sign = chunk >> 63
            made = self._positive(network, (chunk ^ sign).view(np.uint64))
            out[start : start + CHUNK_ROWS] = made.view(np.int64) ^ sign
        return out

    def _positive(self, network: _Network, numbers: Words) -> Words:
        if not len(numbers):
            return numbers
        smallest, largest = int(numbers.min()), int(numbers.max())
        bands = [(low, high, number) for number, (low, high) in enumerate(pairwise(self.edges))]
        for low, high, number in bands:
            if low <= smallest and largest < high:
                return _walk(network, numbers, low=low, high=high, band=number)
        out = numbers.copy()
        for low, high, number in bands:
            if largest < low or smallest >= high:
                continue
            inside = (numbers >= np.uint64(low)) & (numbers < np.uint64(high))
            out[inside] = _walk(network, numbers[inside], low=low, high=high, band=number)
        return out


def _walk(network: _Network, numbers: Words, *, low: int, high: int, band: int) -> Words:
    """Permute numbers of [low, high): what falls outside is permuted again until it does not (cycle walking)."""
    size = np.uint64(high - low)
    bits = max((high - low - 1).bit_length(), 2)
    left_bits = bits // 2
    right_bits = np.uint64(bits - left_bits)
    mask = (np.uint64(1) << right_bits) - np.uint64(1)

    def once(values: Words) -> Words:
        left, right = network((values >> right_bits, values & mask), (left_bits, bits - left_bits), band)
        return cast("Words", left << right_bits | right)

    out = once(numbers - np.uint64(low))
    outside = np.flatnonzero(out >= size)
    while len(outside):
        out[outside] = again = once(out[outside])
        outside = outside[again >= size]
    out += np.uint64(low)
    return out


@dataclass(frozen=True)
class _Network:
    """The network: in turn, each half is mixed, in place, with what the other one, the round and the label encrypt to.

    A block gives two words: the first serves the left half, the second the right one in the round after.
    Backward, the rounds are undone from the last to the first.
    """

    aes: Aes
    backward: bool = False

    def __call__(self, halves: tuple[Words, Words], bits: tuple[int, int], label: int) -> tuple[Words, Words]:
        blocks = np.empty((len(halves[0]), 2), np.uint64)
        out = Aes.room(len(blocks))
        drawn = np.empty_like(halves[0])
        order = range(ROUNDS if sum(bits) >= 28 else NARROW_ROUNDS)
        for number in reversed(order) if self.backward else order:
            changed, other = number % 2, 1 - number % 2
            blocks[:, 0] = halves[other]
            if changed == self.backward:  # the first of a pair of rounds, either way
                blocks[:, 1] = label << 8 | number - changed
            np.right_shift(self.aes(blocks, out)[:, changed], np.uint64(64 - bits[changed]), out=drawn)
            np.bitwise_xor(halves[changed], drawn, out=halves[changed])
        return halves


def rekey_uuids(subkey: bytes, uuids: Words) -> Words:
    """Stand-ins for UUIDs (n, 2), each 16 bytes as they stand; version and variant bits are kept.

    The 122 other bits are permuted.  The nil and the max UUID mean "none" and are kept.
    """
    return _uuids(_Network(Aes(subkey)), uuids)


def restore_uuids(subkey: bytes, uuids: Words) -> Words:
    """The UUIDs whose stand-ins these are."""
    return _uuids(_Network(Aes(subkey), backward=True), uuids)


def _uuids(network: _Network, uuids: Words) -> Words:
    out = np.empty_like(uuids)
    for start in range(0, len(uuids), CHUNK_ROWS):
        chunk = uuids[start : start + CHUNK_ROWS]
        made = _rekey(network, chunk)
        kept = _sentinel(chunk)
        made[kept] = chunk[kept]
        while (stray := _sentinel(made) & ~kept).any():
            made[stray] = _rekey(network, made[stray])
        out[start : start + CHUNK_ROWS] = made
    return out


_VERSION = np.uint64(0xF000)
_AFTER_VERSION = np.uint64(0x0FFF)
_VARIANT = np.uint64(0b11 << 62)


def _rekey(network: _Network, uuids: Words) -> Words:
    high, low = uuids[:, 0].byteswap(), uuids[:, 1].byteswap()
    left = high >> np.uint64(16) << np.uint64(12) | high & _AFTER_VERSION
    right = low & ~_VARIANT
    left, right = network((left, right), (60, 62), 0)
    out = np.empty_like(uuids)
    out[:, 0] = (left >> np.uint64(12) << np.uint64(16) | high & _VERSION | left & _AFTER_VERSION).byteswap()
    out[:, 1] = (low & _VARIANT | right).byteswap()
    return out


def _sentinel(uuids: Words) -> NDArray[np.bool_]:
    nil, largest = np.uint64(0), ~np.uint64(0)
    same = uuids[:, 0] == uuids[:, 1]
    return cast("NDArray[np.bool_]", same & ((uuids[:, 0] == nil) | (uuids[:, 0] == largest)))
