"""Format-preserving encryption, whole columns at a time: NIST SP 800-38G, algorithm FF1.

A numeral string becomes another of the same length and radix, and no two become the same.  Beyond
the standard, every position may have a radix of its own ("AB12" is 26, 26, 10, 10): the two halves
then count in mixed radices and everything else stays as it is.

The standard asks for at least 10^6 possible strings; with fewer this is still a permutation that
depends on the key, but whoever knows a few pairs can guess the rest, so it is no secret.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.transforms.prf import CHUNK_ROWS, Aes, Words

_ROUNDS = 10
_LIMB = 1 << 32
_LOW_32 = np.uint64(_LIMB - 1)
_32 = np.uint64(32)

Limbs = list[Words]
"""Numbers too large for one word, as numbers below 2^32, the most significant first."""


@dataclass(frozen=True)
class Ff1:
    """FF1 with one key (16, 24 or 32 bytes), a radix from 2 to 2^16 for every position, and a tweak."""

    key: bytes
    radices: tuple[int, ...]
    tweak: bytes = b""

    def encrypt(self, numerals: NDArray[Any]) -> NDArray[Any]:
        """Stand-ins for numeral strings (n, length), the most significant numeral first."""
        return self._by_chunks(numerals, (self._encrypt,))

    def decrypt(self, numerals: NDArray[Any]) -> NDArray[Any]:
        """The numeral strings whose stand-ins these are."""
        return self._by_chunks(numerals, (self._decrypt,))

    def move(self, numerals: NDArray[Any], *, back: bool = False) -> NDArray[Any]:
        """The stand-ins of the strings that come next to those whose stand-ins these are, or before them."""
        return self._by_chunks(numerals, (self._decrypt, _before if back else _next, self._encrypt))

    def _by_chunks(self, numerals: NDArray[Any], steps: tuple[_Step, ...]) -> NDArray[Any]:
        out = np.empty_like(numerals)
        cut = len(self.radices) // 2
        halves = (_Half(self.radices[:cut]), _Half(self.radices[cut:]))
        places = (slice(0, cut), slice(cut, len(self.radices)))
        for start in range(0, len(numerals), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            chunk = np.asfortranarray(numerals[rows], np.uint16)
            values = [half.pack(chunk[:, place]) for half, place in zip(halves, places, strict=True)]
            for step in steps:
                step(halves, values)
            for half, place, limbs in zip(halves, places, values, strict=True):
                half.unpack(limbs, out[rows, place])
        return out

    def _encrypt(self, halves: _Halves, values: list[Limbs]) -> None:
        """Algorithm 7 of the standard: in turn, each half gets a number added that the other half decides."""
        mac = self._mac(max(half.size for half in halves))
        for number in range(_ROUNDS):
            changed, other = number % 2, 1 - number % 2
            words = mac.words(number, halves[other].words(values[other], mac.number_words), len(values[1][0]))
            values[changed] = halves[changed].add(values[changed], words)

    def _decrypt(self, halves: _Halves, values: list[Limbs]) -> None:
        """Algorithm 8 of the standard: the same, backwards."""
        mac = self._mac(max(half.size for half in halves))
        for number in reversed(range(_ROUNDS)):
            changed, other = number % 2, 1 - number % 2
            words = mac.words(number, halves[other].words(values[other], mac.number_words), len(values[1][0]))
            values[changed] = halves[changed].subtract(values[changed], words)

    def _mac(self, largest: int) -> _Mac:
        """Step 5 of the standard: the block P.  A mixed radix is written as 0."""
        length = len(self.radices)
        radix = self.radices[0] if len(set(self.radices)) == 1 else 0
        first = bytes([1, 2, 1, *radix.to_bytes(3), _ROUNDS, length // 2 % 256])
        first += length.to_bytes(4) + len(self.tweak).to_bytes(4)
        return _Mac(Aes(self.key), first, self.tweak, ((largest - 1).bit_length() + 7) // 8)


@dataclass(frozen=True)
class _Mac:
    """The round function: AES-CBC-MAC of what never changes, the round's number and the other half."""

    aes: Aes
    first: bytes
    tweak: bytes
    number_bytes: int
    """How many bytes a half is written in: b in the standard."""

    @property
    def number_words(self) -> int:
        """The same in 32-bit words."""
        return (self.number_bytes + 3) // 4

    def words(self, number: int, half: Limbs, rows: int) -> Limbs:
        """The number that one round adds, in 32-bit words: d/4 of them in the standard, one more than ``half`` has."""
        padding = -(len(self.tweak) + self.number_bytes + 1) % 16
        constant = self.first + self.tweak + bytes(padding) + bytes([number]) + bytes(self.number_bytes)
        blocks = np.frombuffer(constant, np.uint64).reshape(-1, 2)
        varying = -(-len(half) // 4)  # how many of the last blocks hold the other half
        state = np.zeros((1, 2), np.uint64)
        for block in blocks[: len(blocks) - varying]:
            state = self.aes(state ^ block)
        half = [np.zeros(rows, np.uint64)] * (4 * varying - len(half)) + half
        for place, block in enumerate(blocks[len(blocks) - varying :]):
            mixed = np.empty((rows, 2), np.uint64)
            for side in (0, 1):
                high, low = half[4 * place + 2 * side : 4 * place + 2 * side + 2]
                mixed[:, side] = (high << _32 | low).byteswap() ^ block[side] ^ state[:, side]
            state = self.aes(mixed)
        return self._drawn(state)

    def _drawn(self, state: Words) -> Limbs:
        """As many words as are asked for, from one block or from several that it starts (step 6.iii)."""
        wanted = self.number_words + 1
        made: Limbs = []
        for extra in range(-(-wanted // 4)):
            block = state if extra == 0 else self.aes(state ^ np.array([0, extra], np.uint64).byteswap())
            for side in (0, 1):
                word = block[:, side].byteswap()
                made += [word >> _32, word & _LOW_32]
        return made[:wanted]


@dataclass(frozen=True)
class _Half:
    """One half of a numeral string, held as limbs of neighbouring numerals."""

    radices: tuple[int, ...]

    @property
    def size(self) -> int:
        """How many such halves there are."""
        return prod(self.radices)

    @cached_property
    def groups(self) -> tuple[slice, ...]:
        """Which numerals share a limb."""
        starts, base = [0], 1
        for place, radix in enumerate(self.radices):
            if base * radix > _LIMB:
                starts.append(place)
                base = 1
            base *= radix
        return tuple(slice(a, b) for a, b in pairwise([*starts, len(self.radices)]) if a < b)

    @cached_property
    def bases(self) -> tuple[int, ...]:
        """How many values each limb has."""
        return tuple(prod(self.radices[group]) for group in self.groups)

    def pack(self, numerals: NDArray[Any]) -> Limbs:
        """Numerals (n, length) as limbs."""
        limbs = []
        for group in self.groups:
            limb = numerals[:, group.start].astype(np.uint64)
            for place in range(group.start + 1, group.stop):
                limb *= np.uint64(self.radices[place])
                limb += numerals[:, place]
            limbs.append(limb)
        return limbs

    def unpack(self, limbs: Limbs, out: NDArray[Any]) -> None:
        """Limbs as numerals (n, length)."""
        for group, limb in zip(self.groups, limbs, strict=True):
            rest = limb
            for place in reversed(range(group.start, group.stop)):
                rest, out[:, place] = _divide(rest, self.radices[place])

    def words(self, limbs: Limbs, count: int) -> Limbs:
        """The same number in 32-bit words."""
        words: list[Any] = [np.zeros_like(limbs[0]) if limbs else np.uint64(0) for _ in range(count)]
        if len(limbs) == 1:
            return [*words[:-1], limbs[0]]
        for limb, base in zip(limbs, self.bases, strict=True):
            carry = limb
            for place in reversed(range(count)):
                total = words[place] * np.uint64(base) + carry
                words[place], carry = total & _LOW_32, total >> _32
        return words

    def count(self, limbs: Limbs, *, back: bool, turning: Any = True) -> tuple[Limbs, Any]:
        """The next number, modulo ``size``, or the one before, where it is its turn; and where it starts anew."""
        counted: Limbs = []
        for limb, base in zip(reversed(limbs), reversed(self.bases), strict=True):
            end, start = (0, base - 1) if back else (base - 1, 0)
            over = turning & (limb == np.uint64(end))
            step = np.where(turning, np.uint64(2**64 - 1 if back else 1), np.uint64(0))
            counted.append(np.where(over, np.uint64(start), limb + step))
            turning = over
        return counted[::-1], turning

    def add(self, limbs: Limbs, words: Limbs) -> Limbs:
        """The sum of two numbers, modulo ``size``."""
        total: Limbs = []
        carry: Any = np.uint64(0)
        for limb, other, base in zip(reversed(limbs), self._remainders(words), reversed(self.bases), strict=True):
            found = limb + other + carry
            over = (found >= np.uint64(base)).astype(np.uint64)
            total.append(found - over * np.uint64(base))
            carry = over
        return total[::-1]

    def subtract(self, limbs: Limbs, words: Limbs) -> Limbs:
        """The difference of two numbers, modulo ``size``."""
        total: Limbs = []
        borrow: Any = np.uint64(0)
        for limb, other, base in zip(reversed(limbs), self._remainders(words), reversed(self.bases), strict=True):
            taken = other + borrow
            under = (limb < taken).astype(np.uint64)
            total.append(limb + under * np.uint64(base) - taken)
            borrow = under
        return total[::-1]

    def _remainders(self, words: Limbs) -> Limbs:
        """A number modulo ``size``, as limbs from the least significant."""
        if len(self.bases) == 1 and len(words) == 2:
            return [_divide(words[0] << _32 | words[1], self.bases[0])[1]]
        rests: Limbs = []
        quotient = list(words)
        for base in reversed(self.bases):
            rest: Any = np.uint64(0)
            for place, word in enumerate(quotient):
                quotient[place], rest = _divide(rest << _32 | word, base)
            rests.append(rest)
        return rests


_Halves = tuple[_Half, _Half]
_Step = Callable[[_Halves, list[Limbs]], None]


def _next(halves: _Halves, values: list[Limbs], *, back: bool = False) -> None:
    """Count: the right half, and where it starts anew the left one."""
    values[1], turning = halves[1].count(values[1], back=back)
    values[0], _ = halves[0].count(values[0], back=back, turning=turning)


def _before(halves: _Halves, values: list[Limbs]) -> None:
    _next(halves, values, back=True)


def _divide(numbers: Words, divisor: int) -> tuple[Words, Words]:
    """Quotient and remainder; numpy divides by a scalar several times faster than it takes a remainder."""
    quotient = numbers // np.uint64(divisor)
    return quotient, numbers - quotient * np.uint64(divisor)
