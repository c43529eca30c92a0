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
from functools import partial
from itertools import pairwise
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from understudy.native import ff1 as native
from understudy.transforms.prf import CHUNK_ROWS, Aes, Words

_ROUNDS = 10
_LIMB_BITS = 32
_LIMB = 1 << _LIMB_BITS
_LOW_32 = np.uint64(_LIMB - 1)
_32 = np.uint64(32)
_ONE_WORD = 1 << 62
"""Up to so many halves, one word holds a half, and the sum of three."""

Limbs = list[Words]
"""A number for every row, in several words: the most significant first."""


@dataclass(frozen=True)
class Ff1:
    """FF1 with one key (16, 24 or 32 bytes), a radix from 2 to 2^16 for every position, and a tweak."""

    key: bytes
    radices: tuple[int, ...]
    tweak: bytes = b""

    def encrypt(self, numerals: NDArray[Any]) -> NDArray[Any]:
        """Stand-ins for numeral strings (n, length), the most significant numeral first."""
        return self._by_chunks(numerals, (_encrypt,))

    def decrypt(self, numerals: NDArray[Any]) -> NDArray[Any]:
        """The numeral strings whose stand-ins these are."""
        return self._by_chunks(numerals, (_decrypt,))

    def move(self, numerals: NDArray[Any], *, back: bool = False) -> NDArray[Any]:
        """The stand-ins of the strings that come next to those whose stand-ins these are, or before them."""
        return self._by_chunks(numerals, (_decrypt, partial(_count, back=back), _encrypt))

    def _by_chunks(self, numerals: NDArray[Any], steps: tuple[_Step, ...]) -> NDArray[Any]:
        out = np.empty(numerals.shape, numerals.dtype, order="F")
        cut = len(self.radices) // 2
        places = (slice(0, cut), slice(cut, len(self.radices)))
        sizes = [prod(self.radices[place]) for place in places]
        kind = _Word if max(sizes) <= _ONE_WORD else _Limbs
        halves: _Halves = (kind(self.radices[places[0]]), kind(self.radices[places[1]]))
        mac = self._mac(max(sizes))
        for start in range(0, len(numerals), CHUNK_ROWS):
            rows = slice(start, start + CHUNK_ROWS)
            chunk = np.asfortranarray(numerals[rows], np.uint16)
            values: list[Any] = [half.pack(chunk[:, place]) for half, place in zip(halves, places, strict=True)]
            for step in steps:
                step(mac, halves, values)
            for half, place, value in zip(halves, places, values, strict=True):
                half.unpack(value, out[rows, place])
        return out

    def _mac(self, largest: int) -> _Mac:
        """Step 5 of the standard: the block P.  A mixed radix is written as 0."""
        length = len(self.radices)
        radix = self.radices[0] if len(set(self.radices)) == 1 else 0
        first = bytes([1, 2, 1, *radix.to_bytes(3), _ROUNDS, length // 2 % 256])
        first += length.to_bytes(4) + len(self.tweak).to_bytes(4)
        number_bytes = ((largest - 1).bit_length() + 7) // 8
        padding = bytes(-(len(self.tweak) + number_bytes + 1) % 16)
        return _Mac(Aes(self.key), first + self.tweak + padding, number_bytes)


class _Mac:
    """The round function: AES-CBC-MAC of what never changes, the round's number and the other half."""

    def __init__(self, aes: Aes, same: bytes, number_bytes: int) -> None:
        self.number_bytes = number_bytes
        """How many bytes a half is written in: b in the standard."""
        self.number_words = (number_bytes + 7) // 8
        """The same in 64-bit words."""
        self._aes = aes
        self._blocks = max(1, (self.number_words + 1) // 2)
        self.constants = self._first_blocks(same)
        """For every round, what it mixes into the words of the blocks that hold the other half."""
        self._room = Aes.room(0)

    def _first_blocks(self, same: bytes) -> NDArray[np.uint64]:
        """For every round, what it mixes into the blocks that hold the other half, all before them encrypted."""
        messages = b"".join(same + bytes([number]) + bytes(self.number_bytes) for number in range(_ROUNDS))
        blocks = np.frombuffer(messages, np.uint64).reshape(_ROUNDS, -1, 2)
        state = np.zeros((_ROUNDS, 2), np.uint64)
        for place in range(blocks.shape[1] - self._blocks):
            state = self._aes(state ^ blocks[:, place])
        found = blocks[:, -self._blocks :].copy()
        found[:, 0] ^= state
        return found.byteswap().reshape(_ROUNDS, -1)

    def encrypted(self, blocks: Words) -> Words:
        """Blocks (n, 2), encrypted; good until the next are."""
        if len(self._room) != 16 * len(blocks) + 16:
            self._room = Aes.room(len(blocks))
        return self._aes(blocks, self._room)

    def state(self, number: int, half: Limbs) -> Words:
        """What a round's number and the other half, in ``number_words``, encrypt to (n, 2); good until the next."""
        constants = self.constants[number]
        whole = [np.uint64(0)] * (len(constants) - len(half)) + half
        words = [(word ^ constant).byteswap() for word, constant in zip(whole, constants, strict=True)]
        state = np.zeros(2, np.uint64)
        for place in range(self._blocks):
            mixed = np.empty((len(half[-1]), 2), np.uint64)
            mixed[:, 0], mixed[:, 1] = words[2 * place : 2 * place + 2]
            state = self.encrypted(mixed ^ state)
        return state

    def drawn(self, state: Words) -> Limbs:
        """The number that a round adds, in 32-bit words: d/4 of them in the standard, from one block or several."""
        wanted = (self.number_bytes + 3) // 4 + 1
        made: Limbs = []
        for extra in range(-(-wanted // 4)):
            block = state if extra == 0 else self._aes(state ^ np.array([0, extra], np.uint64).byteswap())
            for side in (0, 1):
                word = block[:, side].byteswap()
                made += [word >> _32, word & _LOW_32]
        return made[:wanted]


class _Word:
    """One half of a numeral string as a single word, or some neighbouring numerals of a longer one."""

    def __init__(self, radices: tuple[int, ...]) -> None:
        self.radices = radices
        self.size = prod(radices)
        """How many such halves there are."""
        more = (2 if self.size <= _LIMB else 3) * _LIMB_BITS
        parts = ((1 << bits) - 1 for bits in (2 * _LIMB_BITS, more))
        self._sizes = np.array([self.size, *(part // self.size for part in parts)], np.uint64)
        self._narrow: type[np.unsignedinteger[Any]] = np.uint32 if self.size <= _LIMB else np.uint64

    def pack(self, numerals: NDArray[Any]) -> Words:
        """Numerals (n, length) as words."""
        words = np.zeros(len(numerals), self._narrow)
        for place, radix in enumerate(self.radices):
            if place:
                words *= self._narrow(radix)
            words += numerals[:, place]
        return words.astype(np.uint64, copy=False)

    def unpack(self, words: Words, out: NDArray[Any]) -> None:
        """Words as numerals (n, length)."""
        rest = words.astype(self._narrow)
        for place in reversed(range(1, len(self.radices))):
            quotient = rest // self._narrow(self.radices[place])
            rest -= quotient * self._narrow(self.radices[place])
            out[:, place] = rest
            rest = quotient
        if self.radices:
            out[:, 0] = rest

    def message(self, words: Words, _count: int) -> Limbs:
        """The number as the round function takes it."""
        return [words]

    def turned(self, mac: _Mac, words: Words, state: Words, following: int, *, back: bool) -> tuple[Words, Words]:
        """The numbers with what was drawn in a round added or taken away, and the blocks to draw from in another."""
        flat, wide = state.reshape(-1), mac.number_bytes > _LIMB_BITS // 8
        made, blocks = native.turned(words, flat, self._sizes, wide, back, mac.constants[following])
        return made, blocks.reshape(-1, 2)

    def count(self, words: Words, *, back: bool, turning: Any = True) -> tuple[Words, Any]:
        """The next number, modulo ``size``, or the one before, where it is its turn; and where it starts anew."""
        end, start = (0, self.size - 1) if back else (self.size - 1, 0)
        over = turning & (words == np.uint64(end))
        step = np.where(turning, np.uint64(2**64 - 1 if back else 1), np.uint64(0))
        return np.where(over, np.uint64(start), words + step), over


class _Limbs:
    """One half of a numeral string that is too large for one word: several, each of neighbouring numerals."""

    def __init__(self, radices: tuple[int, ...]) -> None:
        starts, base = [0], 1
        for place, radix in enumerate(radices):
            if base * radix > _LIMB:
                starts.append(place)
                base = 1
            base *= radix
        self._places = [slice(a, b) for a, b in pairwise([*starts, len(radices)])]
        self._parts = [_Word(radices[place]) for place in self._places]

    def pack(self, numerals: NDArray[Any]) -> Limbs:
        """Numerals (n, length) as limbs."""
        return [part.pack(numerals[:, place]) for part, place in zip(self._parts, self._places, strict=True)]

    def unpack(self, limbs: Limbs, out: NDArray[Any]) -> None:
        """Limbs as numerals (n, length)."""
        for part, place, limb in zip(self._parts, self._places, limbs, strict=True):
            part.unpack(limb, out[:, place])

    def message(self, limbs: Limbs, count: int) -> Limbs:
        """The number as the round function takes it: in so many 64-bit words."""
        words: list[Any] = [np.uint64(0)] * (2 * count)
        for limb, part in zip(limbs, self._parts, strict=True):
            carry = limb
            for place in reversed(range(len(words))):
                total = words[place] * np.uint64(part.size) + carry
                words[place], carry = total & _LOW_32, total >> _32
        return [high << _32 | low for high, low in zip(words[::2], words[1::2], strict=True)]

    def count(self, limbs: Limbs, *, back: bool, turning: Any = True) -> tuple[Limbs, Any]:
        """The next number, modulo how many there are, or the one before; and where it starts anew."""
        counted: Limbs = []
        for limb, part in zip(reversed(limbs), reversed(self._parts), strict=True):
            made, turning = part.count(limb, back=back, turning=turning)
            counted.append(made)
        return counted[::-1], turning

    def turned(self, mac: _Mac, limbs: Limbs, state: Words, _following: int, *, back: bool) -> tuple[Limbs, None]:
        """The numbers with what was drawn in a round added or taken away; no blocks to draw from come with them."""
        drawn = self._drawn(mac, state)
        return self._less(limbs, drawn) if back else self._plus(limbs, drawn), None

    def _plus(self, limbs: Limbs, others: Limbs) -> Limbs:
        """The sum of two numbers, modulo how many there are."""
        total: Limbs = []
        carry: Any = np.uint64(0)
        for limb, other, part in zip(reversed(limbs), reversed(others), reversed(self._parts), strict=True):
            found = limb + other + carry
            over = (found >= np.uint64(part.size)).astype(np.uint64)
            total.append(found - over * np.uint64(part.size))
            carry = over
        return total[::-1]

    def _less(self, limbs: Limbs, others: Limbs) -> Limbs:
        """The difference of two numbers, modulo how many there are."""
        total: Limbs = []
        borrow: Any = np.uint64(0)
        for limb, other, part in zip(reversed(limbs), reversed(others), reversed(self._parts), strict=True):
            taken = other + borrow
            under = (limb < taken).astype(np.uint64)
            total.append(limb + under * np.uint64(part.size) - taken)
            borrow = under
        return total[::-1]

    def _drawn(self, mac: _Mac, state: Words) -> Limbs:
        """What the round function draws, modulo how many there are."""
        rests: Limbs = []
        quotient = mac.drawn(state)
        for part in reversed(self._parts):
            rest: Any = np.uint64(0)
            for place, word in enumerate(quotient):
                number = rest << _32 | word
                quotient[place] = number // np.uint64(part.size)
                rest = number - quotient[place] * np.uint64(part.size)
            rests.append(rest)
        return rests[::-1]


_Halves = tuple[_Word | _Limbs, _Word | _Limbs]
_Step = Callable[[_Mac, _Halves, list[Any]], None]


def _encrypt(mac: _Mac, halves: _Halves, values: list[Any]) -> None:
    """Algorithm 7 of the standard: in turn, each half gets a number added that the other half decides."""
    _rounds(mac, halves, values, range(_ROUNDS), back=False)


def _decrypt(mac: _Mac, halves: _Halves, values: list[Any]) -> None:
    """Algorithm 8 of the standard: the same, backwards."""
    _rounds(mac, halves, values, range(_ROUNDS)[::-1], back=True)


def _rounds(mac: _Mac, halves: _Halves, values: list[Any], order: range, *, back: bool) -> None:
    """In turn, each half changes by what the other one draws, from its own blocks where they came with it."""
    blocks: Words | None = None
    for number, following in zip(order, [*order[1:], order[0]], strict=True):
        changed, other = number % 2, 1 - number % 2
        half: Any = halves[changed]
        if blocks is None:
            state = mac.state(number, halves[other].message(values[other], mac.number_words))
        else:
            state = mac.encrypted(blocks)
        values[changed], blocks = half.turned(mac, values[changed], state, following, back=back)


def _count(_mac: _Mac, halves: _Halves, values: list[Any], *, back: bool) -> None:
    """The next string, or the one before: count the right half, and where it starts anew the left one."""
    values[1], turning = halves[1].count(values[1], back=back)
    values[0], _ = halves[0].count(values[0], back=back, turning=turning)
