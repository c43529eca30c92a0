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

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import own_spans
from understudy.transforms.characters import text_array
from understudy.transforms.parts import Bytes, Mask, Offsets, looked_up, ragged
from understudy.transforms.permute import NARROW_ROUNDS, ROUNDS
from understudy.transforms.prf import Aes, Words, digest

_UNIT = 1 << 10  # of bits, which are summed as whole numbers of its parts
_KINDS = (32 * _UNIT, 256 * _UNIT)  # below the first, two passes so that none stays; from the last, halves of 128 bits
_ROUNDS = (NARROW_ROUNDS, ROUNDS, 4)  # four are enough for such halves (Luby and Rackoff, 1988)
_STEP_BYTES = 1 << 16  # worked on at once: all of it fits the processor's second cache
_SHORT = 13  # numerals of a half that fit one block beside its length, round and counter
_PER_BLOCK = 8  # numerals drawn from one block


@dataclass(frozen=True, eq=False)
class Alphabet:
    """Which bytes change, and into which others: each into those of its own class."""

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
    def letters(self) -> Bytes:
        """The bytes of all classes, one class after the other."""
        return np.frombuffer(b"".join(self.classes), np.uint8)

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
        start = 0
        while start < len(offsets) - 1:
            end = int(np.searchsorted(offsets, offsets[start] + _STEP_BYTES, side="right")) - 1
            end = max(end, start + 1)
            part = offsets[start : end + 1]
            here = slice(part[0], part[-1])
            self._change(out[here], part - part[0], None if stay is None else stay[here], back=back)
            start = end
        return out

    def _change(self, data: Bytes, offsets: Offsets, stay: Mask | None, *, back: bool) -> None:
        """Permute pieces in place."""
        radix = np.array(looked_up(data, self.alphabet.radix))
        if stay is not None:
            radix[stay] = 0
        if data.max(initial=0) >= 0x80:
            continued = (data & 0xC0) == 0x80
            radix[:-1][continued[:-1] & continued[1:]] = 0
        places = np.flatnonzero(radix)
        bounds = np.searchsorted(places, offsets)
        bounds = bounds[np.append(True, np.diff(bounds) > 0)]  # pieces with nothing to change are none
        if len(bounds) == 1:
            return
        radix, before = radix[places], data[places]
        numerals = looked_up(before, self.alphabet.numeral).astype(np.uint16)
        kinds = np.searchsorted(_KINDS, np.add.reduceat(_BITS[radix], bounds[:-1]), side="right")
        for kind in range(len(_KINDS) + 1):
            rows = np.flatnonzero(kinds == kind)
            if not len(rows):
                continue
            where, inner = (
                (slice(None), bounds) if len(rows) == len(kinds) else ragged(bounds[rows], np.diff(bounds)[rows])
            )
            network = _Network(self.subkey, radix[where], inner)
            if kind == 0:
                numerals[where] = network.derange(numerals[where], step=-1 if back else 1)
            else:
                numerals[where] = network.permute(numerals[where], rounds=_ROUNDS[kind], back=back)
        data[places] = self.alphabet.letters[looked_up(before, self.alphabet.first) + numerals]


_BITS = np.zeros(256, np.int32)
_BITS[1:] = np.floor(np.log2(np.arange(1, 256)) * _UNIT)


def outside(change: Callable[[pa.Array], pa.Array], values: pa.Array, inside: Callable[[pa.Array], Mask]) -> pa.Array:
    """What a permutation makes of texts that are not of some kind, permuted on until they are not of it again."""
    made = change(values)
    while (stray := inside(made)).any():
        rows = pa.array(stray)
        made = pc.replace_with_mask(made, rows, change(made.filter(rows)))
    return made


class _Half:
    """One half of every piece, filled up to whole blocks of eight with idle numerals, of radix 1."""

    def __init__(self, radices: Bytes, starts: Offsets, lengths: Offsets) -> None:
        blocks = -(-lengths // _PER_BLOCK)
        bounds = np.concatenate([[0], np.cumsum(blocks)])
        self.places = ragged(starts, lengths)[0]
        self.slots = ragged(bounds[:-1] * _PER_BLOCK, lengths)[0]
        self.radices = np.ones(bounds[-1] * _PER_BLOCK, np.uint32)
        self.radices[self.slots] = radices[self.places]
        self.owner = np.repeat(np.arange(len(lengths)), blocks)
        self.counter = (np.arange(bounds[-1]) - bounds[self.owner]).astype(np.uint64)
        self.words = [np.where(blocks > place, bounds[:-1] + place, bounds[-1]) for place in (0, 1)]
        self.long = np.flatnonzero(lengths > _SHORT)
        self.bytes = bounds * _PER_BLOCK

    def take(self, numerals: NDArray[np.uint16]) -> NDArray[np.uint32]:
        """The numerals of this half."""
        found = np.zeros(len(self.radices), np.uint32)
        found[self.slots] = numerals[self.places]
        return found


class _Network:
    """The Feistel network over some pieces: the numerals of all, and n + 1 offsets."""

    def __init__(self, subkey: bytes, radices: Bytes, bounds: Offsets) -> None:
        self._aes = Aes(subkey)
        self._radices, self._bounds = radices, bounds
        lengths = np.diff(bounds)
        left = lengths // 2
        self._lengths = lengths.astype(np.uint64)
        self._halves = (_Half(radices, bounds[:-1] + left, lengths - left), _Half(radices, bounds[:-1], left))

    def derange(self, numerals: NDArray[np.uint16], *, step: int) -> NDArray[np.uint16]:
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
        drawn = int(self._constant(0)[0, 0] >> np.uint64(1))
        return 1 + drawn % (radices.astype(np.int64) - 1)

    def _constant(self, number: int) -> Words:
        """128 bits that depend on the key alone; no message looks like what they are drawn from."""
        return self._aes(np.full((1, 2), ~np.uint64(number)))

    def permute(self, numerals: NDArray[np.uint16], *, rounds: int, back: bool) -> NDArray[np.uint16]:
        """The numerals after so many rounds, or before them."""
        sides = [half.take(numerals) for half in self._halves]
        for number in reversed(range(rounds)) if back else range(rounds):
            changed, other = number % 2, 1 - number % 2
            radix = self._halves[changed].radices
            total = self._drawn(number, sides[other], changed)
            if back:
                np.subtract(radix, total, out=total)
            total += sides[changed]
            sides[changed] = np.minimum(total, total - radix)  # below zero is far above the radix
        out = np.empty_like(numerals)
        for half, side in zip(self._halves, sides, strict=True):
            out[half.places] = side[half.slots]
        return out

    def _drawn(self, number: int, source: NDArray[np.uint32], changed: int) -> NDArray[np.uint32]:
        """What one round adds to the numerals of one half, as the other one decides."""
        half = self._halves[changed]
        blocks = self._message(number, source.astype(np.uint8), self._halves[1 - changed]).take(half.owner, axis=0)
        blocks[:, 0] ^= half.counter >> np.uint64(8)
        blocks[:, 1] ^= half.counter << np.uint64(56)
        random = self._aes(blocks).view(np.uint16).reshape(-1).astype(np.uint32)
        random *= half.radices
        random >>= np.uint32(16)
        return random

    def _message(self, number: int, source: Bytes, half: _Half) -> Words:
        """A block per piece: its half, its length and the round; of a long half, 128 bits that depend on all of it."""
        words = np.append(source.view(np.uint64), np.uint64(0))
        blocks = np.empty((len(self._lengths), 2), np.uint64)
        for place in (0, 1):
            blocks[:, place] = words.take(half.words[place])
        if len(half.long):
            parts = [None, pa.py_buffer(half.bytes), pa.py_buffer(source)]
            whole = pa.Array.from_buffers(pa.large_binary(), len(blocks), parts)
            blocks[half.long] = digest(whole.take(pa.array(half.long)), self._constant(1).tobytes())
            blocks[half.long, 0] ^= self._lengths[half.long] << np.uint64(32)
        blocks[:, 1] ^= np.uint64(number << 48) | (self._lengths & np.uint64(0xFF)) << np.uint64(40)
        return blocks
