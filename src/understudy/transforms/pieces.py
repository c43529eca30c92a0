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
from numpy.typing import NDArray

from understudy.arrow import own_spans, text_array
from understudy.native import network as native
from understudy.native import texts as parts
from understudy.transforms.parts import Bytes, Mask, Offsets, steps
from understudy.transforms.permute import NARROW_ROUNDS, ROUNDS
from understudy.transforms.prf import Aes, Words

_UNIT = 8  # of bits, which are summed as whole numbers of its parts
_KINDS = (32 * _UNIT, 256 * _UNIT)  # below the first, two passes so that none stays; from the last, halves of 128 bits
_ROUNDS = (NARROW_ROUNDS, ROUNDS, 4)  # four are enough for such halves (Luby and Rackoff, 1988)
_STEP_BYTES = 1 << 20  # worked on at once: each takes some 20 bytes of memory
_CACHED = 1 << 17  # numerals permuted at once: all that it takes fits the processor's second cache


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
    def bits(self) -> Bytes:
        """For every byte, the bits that it adds to a piece, in parts of a bit; 0 for bytes that stay."""
        bits = [int(log2(radix) * _UNIT) if radix else 0 for radix in self.radix.tolist()]
        return np.array(bits, np.uint8)

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
    repeated: bool = True
    """The same piece may well come again, and is then permuted once."""

    def texts(self, values: pa.Array, *, back: bool = False) -> pa.Array:
        """Stand-ins for whole texts; ``back`` gives the texts that these stand for."""
        data, offsets = own_spans(values)
        return text_array(self(data, offsets, back=back), offsets)

    def __call__(self, data: Bytes, offsets: Offsets, *, stay: Mask | None = None, back: bool = False) -> Bytes:
        """The bytes of pieces, as n + 1 offsets cut them, changed piece by piece, but for those that are to stay."""
        random, made = _Random(self.subkey), [data[: offsets[0]]]
        for first, last in steps(offsets, _STEP_BYTES):
            part = offsets[first : last + 1]
            here = slice(part[0], part[-1])
            kept = np.zeros(part[-1] - part[0], np.bool_) if stay is None else stay[here]
            made.append(self._changed(random, data[here], part - part[0], kept, back=back))
        return np.concatenate([*made, data[offsets[-1] :]])

    def _changed(self, random: _Random, data: Bytes, offsets: Offsets, stay: Mask, *, back: bool) -> Bytes:
        """The bytes of some pieces, permuted."""
        places, found, bounds, bits = native.changing(data, offsets, stay, self.alphabet.bits)
        kinds = (bits >= _KINDS[0]).view(np.int8) + (bits >= _KINDS[1]).view(np.int8)
        made, source, size = [found[:0]], np.empty(len(bits), np.int64), 0
        for kind in range(len(_ROUNDS)):
            rows = np.flatnonzero(kinds == kind)
            if not len(rows):
                continue
            starts, ends = bounds[rows], bounds[rows + 1]
            if kind == 0 and self.repeated:  # few stand-ins, so few pieces; and each takes many rounds
                which, first = parts.distinct(found, starts, ends)
                before, inner = parts.taken(found, starts[first], ends[first])
                source[rows] = inner[which] + size
            else:
                before, inner = parts.taken(found, starts, ends)
                source[rows] = inner[:-1] + size
            made.append(self._permuted(random, kind, before, inner, back=back))
            size += len(before)
        return native.placed(data, places, bounds, np.concatenate(made), source)

    def _permuted(self, random: _Random, kind: int, before: Bytes, bounds: Offsets, *, back: bool) -> Bytes:
        """The bytes of pieces of one kind, all of which change: so many pieces at once that they fit the caches."""
        out = np.empty_like(before)
        for first, last in steps(bounds, _CACHED):
            here, part = slice(bounds[first], bounds[last]), bounds[first : last + 1] - bounds[first]
            network = _Network(random, self.alphabet, before[here], part)
            if kind == 0:
                out[here] = network.deranged(step=-1 if back else 1)
            else:
                out[here] = network.permuted(rounds=_ROUNDS[kind], back=back)
        return out


def outside(change: Callable[[pa.Array], pa.Array], values: pa.Array, inside: Callable[[pa.Array], Mask]) -> pa.Array:
    """What a permutation makes of texts that are not of some kind, permuted on until they are not of it again."""
    return onward(change, change(values), inside)


def onward(change: Callable[[pa.Array], pa.Array], made: pa.Array, inside: Callable[[pa.Array], Mask]) -> pa.Array:
    """Texts of which those of some kind are permuted on until they are not of it any more."""
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
    """The left or the right half of some pieces, in blocks of eight numerals."""

    def __init__(self, alphabet: Alphabet, letters: Bytes, bounds: Offsets, *, right: bool) -> None:
        self.edges, self.is_long, self.most = native.halved(bounds, right)
        self.long = np.flatnonzero(self.is_long)
        self.radices = native.apart(letters, alphabet.radix, bounds, right, self.edges, 1)
        self.numerals = native.apart(letters, alphabet.numeral, bounds, right, self.edges, 0)


class _Network:
    """The Feistel network over some pieces of letters that all change, by their n + 1 bounds."""

    def __init__(self, random: _Random, alphabet: Alphabet, letters: Bytes, bounds: Offsets) -> None:
        self._random, self._alphabet, self._letters, self._bounds = random, alphabet, letters, bounds
        self._lengths = np.diff(bounds)
        self._left, self._right = (_Half(alphabet, letters, bounds, right=right) for right in (False, True))
        self._keys = random.constants(2 + np.arange(self._right.most)).reshape(-1)

    def deranged(self, *, step: int) -> Bytes:
        """The letters after the permutation that visits all numeral strings of a shape, by so many steps."""
        left, right = self._left, self._right
        one, two = self._rounds(left.numerals, right.numerals, range(NARROW_ROUNDS)[::-1], back=True)
        # no other half draws for a numeral that is alone, so a step of one would stay one
        turn = int(self._random.constants(np.zeros(1, np.int64))[0, 0] >> np.uint64(1))
        one, two = native.stepped(
            one, left.radices, left.edges, two, right.radices, right.edges, self._bounds, step, turn
        )
        return self._spelled(*self._rounds(one, two, range(NARROW_ROUNDS), back=False))

    def permuted(self, *, rounds: int, back: bool) -> Bytes:
        """The letters after so many rounds, or before them."""
        order = range(rounds)[::-1] if back else range(rounds)
        return self._spelled(*self._rounds(self._left.numerals, self._right.numerals, order, back=back))

    def _spelled(self, left: Bytes, right: Bytes) -> Bytes:
        """The letters that numerals are."""
        edges, other, alphabet = self._left.edges, self._right.edges, self._alphabet
        return native.together(left, edges, right, other, self._bounds, self._letters, alphabet.first, alphabet.letters)

    def _rounds(self, left: Bytes, right: Bytes, order: range, *, back: bool) -> tuple[Bytes, Bytes]:
        """The numerals of both halves after some rounds, or before them."""
        for number in order:
            if number % 2:
                drawn = self._drawn(number, right, self._right, self._left)
                left = native.added(left, self._left.radices, drawn, back)
            else:  # the right half first
                drawn = self._drawn(number, left, self._left, self._right)
                right = native.added(right, self._right.radices, drawn, back)
        return left, right

    def _drawn(self, number: int, numerals: Bytes, source: _Half, half: _Half) -> NDArray[np.uint16]:
        """What one round draws for the numerals of one half, as those of the other one decide."""
        words, told = numerals.view(np.uint64), np.zeros(0, np.uint64)
        if len(source.long):  # in these 128 bits the half differs from others
            sums = native.sums(words, source.edges, source.long, self._keys)
            told = self._random.mixer(sums.reshape(-1, 2)).reshape(-1)
        blocks = native.messages(words, source.edges, source.is_long, told, self._lengths, half.edges, number)
        return self._random.aes(blocks.reshape(-1, 2)).reshape(-1).view(np.uint16)
