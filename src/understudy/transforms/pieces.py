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
from understudy.native import network as native
from understudy.transforms.parts import Bytes, Mask, Offsets, looked_up
from understudy.transforms.permute import NARROW_ROUNDS, ROUNDS
from understudy.transforms.prf import Aes, Words

_UNIT = 8  # of bits, which are summed as whole numbers of its parts
_KINDS = (32 * _UNIT, 256 * _UNIT)  # below the first, two passes so that none stays; from the last, halves of 128 bits
_ROUNDS = (NARROW_ROUNDS, ROUNDS, 4)  # four are enough for such halves (Luby and Rackoff, 1988)
_STEP_BYTES, _STEP_PIECES = 1 << 17, 8_000  # worked on at once: all of it fits the processor's second cache


@dataclass(frozen=True, eq=False)
class Alphabet:
    """Which bytes change, and into which others: each into those of its own class, of at most 128."""

    classes: tuple[bytes, ...]

    def only(self, some: slice) -> Alphabet:
        """The alphabet of some of the classes."""
        return Alphabet(self.classes[some])

    @cached_property
    def radix(self) -> Bytes:
        """For every byte, how many its class has; 0 for bytes that stay."""
        return self._table(lambda letters: [len(letters)] * len(letters))

    @cached_property
    def numeral(self) -> Bytes:
        """For every byte, which of its class it is."""
        return self._table(lambda letters: range(len(letters)))

    def _table(self, told: Callable[[bytes], Sequence[int]]) -> Bytes:
        found = np.zeros(256, np.uint8)
        for letters in self.classes:
            found[list(letters)] = told(letters)
        return found

    @cached_property
    def letters(self) -> Bytes:
        """The bytes of all classes, one class after the other, and nothing from there on."""
        return np.frombuffer(b"".join(self.classes).ljust(256, b"\0"), np.uint8)

    @cached_property
    def first(self) -> Bytes:
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
            stays = np.zeros(0, np.bool_) if stay is None else stay[here]
            out[here] = self._changed(random, out[here], part - part[0], stays, back=back)
            start = end
        return out

    def _changed(self, random: _Random, data: Bytes, offsets: Offsets, stay: Mask, *, back: bool) -> Bytes:
        """The bytes of some pieces, permuted."""
        alphabet = self.alphabet
        places, numerals, radices, bounds = native.numbered(data, offsets, stay, alphabet.radix, alphabet.numeral)
        if not len(places):
            return data
        bits = np.add.reduceat(looked_up(radices, _BITS).astype(np.int32), bounds[:-1])
        kinds = np.searchsorted(_KINDS, bits, "right")
        for kind in range(len(_KINDS) + 1):
            rows = np.flatnonzero(kinds == kind)
            if not len(rows):
                continue
            network = _Network(random, radices, bounds[rows], bounds[rows + 1])
            if kind == 0:
                numerals = network.derange(numerals, step=-1 if back else 1)
            else:
                numerals = network.permute(numerals, rounds=_ROUNDS[kind], back=back)
        return native.spelled(data, places, numerals, alphabet.first, alphabet.letters)


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


class _Network:
    """The Feistel network over some pieces: the radices of all numerals, and from where to where each piece goes."""

    def __init__(self, random: _Random, radices: Bytes, starts: Offsets, ends: Offsets) -> None:
        self._random, self._radices = random, radices
        self._starts, self._ends = starts, ends
        lengths = ends - starts
        halves = lengths // 2, lengths - lengths // 2
        self._long = [np.flatnonzero(half > native.SHORT) for half in halves]
        most = int(halves[1].max(initial=0))
        self._keys = random.constants(2 + np.arange(-(-most // native.PER_BLOCK))) if most > native.SHORT else None

    def derange(self, numerals: Bytes, *, step: int) -> Bytes:
        """The permutation that visits all numeral strings of a shape, by so many steps."""
        plain = self.permute(numerals, rounds=NARROW_ROUNDS, back=True)
        # no other half draws for a numeral that is alone, so a step of one would stay one
        turn = int(self._random.constants(np.zeros(1, np.int64))[0, 0] >> np.uint64(1))
        plain = native.stepped(plain, self._radices, self._starts, self._ends, step, turn)
        return self.permute(plain, rounds=NARROW_ROUNDS, back=False)

    def permute(self, numerals: Bytes, *, rounds: int, back: bool) -> Bytes:
        """The numerals after so many rounds, or before them."""
        starts, ends = self._starts, self._ends
        for number in reversed(range(rounds)) if back else range(rounds):
            right = number % 2 == 0
            told = self._told(numerals, right=not right)
            blocks = native.messages(numerals, starts, ends, right, number, told)
            drawn = self._random.aes(blocks.reshape(-1, 2)).reshape(-1).view(np.uint16)
            numerals = native.added(numerals, self._radices, starts, ends, right, drawn, back)
        return numerals

    def _told(self, numerals: Bytes, *, right: bool) -> Words:
        """128 bits for every piece with a long right or left half, in which the half differs from others."""
        long = self._long[right]
        if not len(long):
            return np.zeros(0, np.uint64)
        assert self._keys is not None
        sums = native.sums(numerals, self._starts[long], self._ends[long], right, self._keys.reshape(-1))
        return self._random.mixer(sums.reshape(-1, 2)).reshape(-1)
