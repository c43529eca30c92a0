"""A keyed permutation of texts of any length and pattern at once, or of the pieces that texts are cut into.

Every digit becomes a digit, every letter a letter of the same case, every other character outside
ASCII one of its block of 64; spaces and punctuation stay.  What a character becomes depends on all
of its piece, so that nothing is left of how often a letter comes or of how two texts begin alike.

It is a Feistel network over numerals of mixed radices: in turn, every numeral of one half gets a
pseudo-random one added, drawn by the other half and AES (from 16 bits, so even to one part in a
thousand).  FF1 counts a half as one number and works on texts of one shape at a time; this works on
all shapes together and in linear time, for words, paths and notes, of which no two look alike.  A
piece with fewer than 2^32 stand-ins never stays what it was (see ``derange``); a longer one does once
in 2^32 times or less.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import log2

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans, text_array
from understudy.transforms.parts import Bytes, Mask, Offsets, looked_up, ragged
from understudy.transforms.permute import NARROW_ROUNDS, ROUNDS
from understudy.transforms.prf import Aes, Words

_UNIT = 8  # of bits, which are summed as whole numbers of its parts
_KINDS = (32 * _UNIT, 256 * _UNIT)  # below the first, two passes so that none stays; from the last, halves of 128 bits
_ROUNDS = (NARROW_ROUNDS, ROUNDS, 4)  # four are enough for such halves (Luby and Rackoff, 1988)
_STEP_BYTES, _STEP_PIECES = 1 << 17, 8_000  # worked on at once: all of it fits the processor's second cache
_SHORT = 13  # numerals of a half that fit one block beside its length, round and counter
_PER_BLOCK = 8  # numerals drawn from one block
_LOW_32, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)


@dataclass(frozen=True, eq=False)
class Alphabet:
    """Which bytes change, and into which others: each into those of its own class, of at most 128."""

    classes: tuple[bytes, ...]

    def only(self, some: slice) -> Alphabet:
        """The alphabet of some of the classes."""
        return Alphabet(self.classes[some])

    @cached_property
    def radix(self) -> bytes:
        """For every byte, how many its class has; 0 for bytes that stay."""
        return self._table(lambda letters: [len(letters)] * len(letters))

    @cached_property
    def numeral(self) -> bytes:
        """For every byte, which of its class it is."""
        return self._table(lambda letters: range(len(letters)))

    def _table(self, told: Callable[[bytes], Sequence[int]]) -> bytes:
        found = bytearray(256)
        for letters in self.classes:
            for letter, value in zip(letters, told(letters), strict=True):
                found[letter] = value
        return bytes(found)

    @cached_property
    def changing(self) -> bytes:
        """For every byte, 1 if it changes."""
        return self._table(lambda letters: [1] * len(letters))

    @cached_property
    def letters(self) -> bytes:
        """The bytes of all classes, one class after the other, and nothing from there on."""
        return b"".join(self.classes).ljust(256, b"\0")

    @cached_property
    def first(self) -> bytes:
        """For every byte, where its class starts among the letters."""
        starts = iter(np.cumsum([0, *(len(letters) for letters in self.classes)]).tolist())
        return self._table(lambda letters: [next(starts)] * len(letters))


_LOWER = bytes(range(ord("a"), ord("z") + 1))
_CONTINUED = bytes(range(0x80, 0xC0))

CHARACTERS = Alphabet((b"0123456789", _LOWER, _LOWER.upper(), _CONTINUED))
"""Digits, letters of either case, and of what is outside ASCII the last byte."""

FOLDED = Alphabet(CHARACTERS.classes[:2])
"""What changes where case does not count: beyond ASCII, a small letter might become the capital of another."""

HEX = Alphabet((b"0123456789abcdef",))
UPPER_HEX = Alphabet((b"0123456789ABCDEF",))


@dataclass(frozen=True)
class Pieces:
    """The permutation of one key."""

    subkey: bytes
    alphabet: Alphabet = CHARACTERS

    def texts(self, values: pa.Array, *, back: bool = False) -> pa.Array:
        """Stand-ins for whole texts; ``back`` gives the texts that these stand for."""
        data, offsets = own_spans(values)
        return text_array(self(data, offsets, back=back), offsets)

    def __call__(self, data: Bytes, offsets: Offsets, *, stay: Mask | None = None, back: bool = False) -> Bytes:
        """The bytes of pieces, as n + 1 offsets cut them, changed piece by piece, but for those that are to stay."""
        out = np.array(data)
        random = _Random(self.subkey)
        start = 0
        while start < len(offsets) - 1:
            end = int(np.searchsorted(offsets, offsets[start] + _STEP_BYTES, side="right")) - 1
            end = min(max(end, start + 1), start + _STEP_PIECES)
            part = offsets[start : end + 1]
            here = slice(part[0], part[-1])
            self._change(random, out[here], part - part[0], None if stay is None else stay[here], back=back)
            start = end
        return out

    def _change(self, random: _Random, data: Bytes, offsets: Offsets, stay: Mask | None, *, back: bool) -> None:
        """Permute pieces in place."""
        places = np.flatnonzero(self._changing(data, stay))
        bounds = np.searchsorted(places, offsets)
        bounds = bounds[np.append(True, bounds[1:] > bounds[:-1])]  # pieces with nothing to change are none
        if len(bounds) == 1:
            return
        before = data[places]
        radices, numerals = looked_up(before, self.alphabet.radix), np.array(looked_up(before, self.alphabet.numeral))
        kinds = np.searchsorted(
            _KINDS, np.add.reduceat(looked_up(radices, _BITS).astype(np.int32), bounds[:-1]), "right"
        )
        for kind in range(len(_KINDS) + 1):
            rows = np.flatnonzero(kinds == kind)
            if not len(rows):
                continue
            where, inner = (
                (slice(None), bounds) if len(rows) == len(kinds) else ragged(bounds[rows], np.diff(bounds)[rows])
            )
            network = _Network(random, radices[where], inner)
            if kind == 0:
                numerals[where] = network.derange(numerals[where], step=-1 if back else 1)
            else:
                numerals[where] = network.permute(numerals[where], rounds=_ROUNDS[kind], back=back)
        data[places] = looked_up(looked_up(before, self.alphabet.first) + numerals, self.alphabet.letters)

    def _changing(self, data: Bytes, stay: Mask | None) -> Mask:
        """Which bytes change: of characters outside ASCII the last one."""
        changing = np.array(looked_up(data, self.alphabet.changing).view(np.bool_))
        if stay is not None:
            changing &= ~stay
        if data.max(initial=0) >= 0x80:
            continued = (data & 0xC0) == 0x80
            changing[:-1] &= ~(continued[:-1] & continued[1:])
        return changing


_BITS = bytes([0, *(int(log2(radix) * _UNIT) for radix in range(1, 256))])


def outside(change: Callable[[pa.Array], pa.Array], values: pa.Array, inside: Callable[[pa.Array], Mask]) -> pa.Array:
    """What a permutation makes of texts that are not of some kind, permuted on until they are not of it again."""
    made = change(values)
    while (stray := inside(made)).any():
        rows = pa.array(stray)
        made = pc.replace_with_mask(made, rows, change(made.filter(rows)))
    return made


class _Random:
    """Where random bits come from: AES with one key, and with those drawn from it."""

    def __init__(self, subkey: bytes) -> None:
        self.aes = Aes(subkey)

    def constants(self, numbers: Offsets) -> Words:
        """128 bits for every number that depend on the key alone; no message looks like what they are drawn from."""
        return self.aes(np.repeat(~numbers.astype(np.uint64), 2).reshape(-1, 2))

    @cached_property
    def mixer(self) -> Aes:
        """What makes bits that tell long halves apart look random."""
        return Aes(self.constants(np.array([1])).tobytes())


class _Half:
    """One half of every piece, in whole blocks of eight numerals filled up with idle ones, of radix 1."""

    def __init__(self, lengths: Offsets, blocks: Offsets) -> None:
        self.first = np.cumsum(blocks) - blocks
        self.blocks = int(blocks.sum())
        self.long = np.flatnonzero(lengths > _SHORT)
        self.owner: Offsets | None = None
        self.counter = self.second = np.zeros(0, np.int64)
        if self.blocks > len(blocks):
            self.owner = np.repeat(np.arange(len(blocks)), blocks)
            self.counter = np.arange(self.blocks) - self.first[self.owner]
            self.second = np.where(blocks > 1, self.first + 1, self.blocks)

    def message(self, random: _Random, numerals: Words) -> Words:
        """128 bits per piece that tell its half from others; of a short half, its numerals themselves."""
        out = np.zeros((len(self.first), 2), np.uint64)
        if self.owner is None:
            out[:, 0] = numerals
            return out
        out[:, 0] = numerals.take(self.first)
        out[:, 1] = np.append(numerals, np.uint64(0)).take(self.second)
        if len(self.long):
            out[self.long] = random.mixer(self._sums(random, numerals)[self.long])
        return out

    def _sums(self, random: _Random, numerals: Words) -> Words:
        """Two sums of keyed products of 32 bits (NH: Black and others, "UMAC", 1999); equal once in 2^64 times."""
        keys = random.constants(2 + np.arange(self.counter.max() + 1))
        out = np.empty((len(self.first), 2), np.uint64)
        for side in (0, 1):
            mixed = (numerals.view(np.uint32) + keys[:, side].take(self.counter).view(np.uint32)).view(np.uint64)
            out[:, side] = np.add.reduceat((mixed & _LOW_32) * (mixed >> _32), self.first)
        return out


class _Network:
    """The Feistel network over some pieces: the numerals of all, and n + 1 offsets."""

    def __init__(self, random: _Random, radices: Bytes, bounds: Offsets) -> None:
        self._random = random
        self._radices, self._bounds = radices, bounds
        lengths = np.diff(bounds)
        self._tag = (lengths.astype(np.uint64) & np.uint64(0xFF)) << np.uint64(40)
        self._lengths = lengths.astype(np.uint64) << np.uint64(32)
        halves = np.stack([lengths // 2, lengths - lengths // 2], axis=1)  # as they stand: the left one first
        blocks = np.maximum(-(-halves // _PER_BLOCK), 1)
        self._halves = tuple(_Half(halves[:, side], blocks[:, side]) for side in (1, 0))
        runs = np.stack([halves, blocks * _PER_BLOCK - halves], axis=2).reshape(-1)
        self._used = np.flatnonzero(np.repeat(np.arange(len(runs)) % 2 == 0, runs))
        left = np.repeat(np.arange(blocks.size) % 2 == 0, blocks.reshape(-1))
        self._sides = (np.flatnonzero(~left), np.flatnonzero(left))
        self._parts = [side.view(np.uint8).astype(np.uint32) for side in self._apart(radices, 1)]

    def _apart(self, numerals: Bytes, idle: int) -> list[Words]:
        """The blocks of either half, eight numerals in a word each."""
        whole = np.full(sum(half.blocks for half in self._halves) * _PER_BLOCK, idle, np.uint8)
        whole[self._used] = numerals
        return [whole.view(np.uint64)[side] for side in self._sides]

    def _together(self, words: list[Words]) -> Bytes:
        """The numerals of which these are the halves."""
        whole = np.empty(sum(map(len, words)), np.uint64)
        for side, some in zip(self._sides, words, strict=True):
            whole[side] = some
        return whole.view(np.uint8)[self._used]

    def derange(self, numerals: Bytes, *, step: int) -> Bytes:
        """The permutation that visits all numeral strings of a shape, by so many steps."""
        plain = self.permute(numerals, rounds=NARROW_ROUNDS, back=True)
        turning, first = self._bounds[1:] - 1, self._bounds[:-1]
        steps = np.where(turning > first, step, step * self._turn(self._radices[turning]))
        while len(turning):
            value = plain[turning] + steps
            radix = self._radices[turning]
            plain[turning] = value % radix
            over = ((value < 0) | (value >= radix)) & (turning > first)
            turning, first, steps = turning[over] - 1, first[over], steps[over]
        return self.permute(plain, rounds=NARROW_ROUNDS, back=False)

    def _turn(self, radices: Bytes) -> Offsets:
        """How far a numeral that is alone turns: no other half draws for it, so a step of one would stay one."""
        drawn = int(self._random.constants(np.zeros(1, np.int64))[0, 0] >> np.uint64(1))
        return 1 + drawn % (radices.astype(np.int64) - 1)

    def permute(self, numerals: Bytes, *, rounds: int, back: bool) -> Bytes:
        """The numerals after so many rounds, or before them."""
        sides = self._apart(numerals, 0)
        radices = [radix.astype(np.uint8) for radix in self._parts]
        for number in reversed(range(rounds)) if back else range(rounds):
            changed, other = number % 2, 1 - number % 2
            radix = radices[changed]
            total = self._drawn(number, sides[other], changed)
            if back:
                np.subtract(radix, total, out=total)
            total += sides[changed].view(np.uint8)
            sides[changed] = np.minimum(total, total - radix).view(np.uint64)  # below zero is far above the radix
        return self._together(sides)

    def _drawn(self, number: int, source: Words, changed: int) -> Bytes:
        """What one round adds to the numerals of one half, as the other one decides."""
        half, other = self._halves[changed], self._halves[1 - changed]
        blocks = other.message(self._random, source)
        if len(other.long):
            blocks[other.long, 0] ^= self._lengths[other.long]
        blocks[:, 1] ^= self._tag | np.uint64(number << 48)
        if half.owner is not None:
            blocks = blocks.take(half.owner, axis=0)
            blocks[:, 0] ^= half.counter.view(np.uint64) >> np.uint64(8)
            blocks[:, 1] ^= half.counter.view(np.uint64) << np.uint64(56)
        random = self._random.aes(blocks).view(np.uint16).reshape(-1).astype(np.uint32)
        random *= self._parts[changed]
        random >>= np.uint32(16)
        return random.astype(np.uint8)
