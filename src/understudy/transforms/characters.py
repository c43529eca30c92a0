"""A keyed permutation of texts that keeps their pattern: digits stay digits, lower case stays lower case.

All digits and letters of a text are one numeral string for FF1, digits first, so that no two texts
become the same.  Outside ASCII a character changes within its block of 64 (an accented letter becomes
another).  Spaces and punctuation stay.  Short texts have few stand-ins ("A7" has 260): below a million
of them the text is permuted, but it is not kept secret from someone who knows other pairs.

Texts with more than 32 digits and letters, of which hardly two have as many of each, are permuted by
``Pieces`` instead, which does all of them together.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans
from understudy.arrow import text_array as text_array
from understudy.native import characters as native
from understudy.transforms.derange import Derangement
from understudy.transforms.ff1 import Ff1
from understudy.transforms.parts import Bytes, Offsets, ragged
from understudy.transforms.pieces import CHARACTERS, FOLDED, Pieces
from understudy.transforms.prf import CHUNK_ROWS

_STEP_BYTES = 1 << 20  # bytes worked on at once: each costs some 30 bytes of memory
_MOST = 32  # digits and letters of a text that FF1 permutes
_AMPLE = 4  # digits that must be left to change when leading ones are kept


@dataclass(frozen=True)
class _Class:
    """A class of bytes: which bits of them are the numeral, plus how much, and how many numerals there are."""

    mask: int
    plus: int
    radix: int


_DIGIT, _LETTER, _LAST = _Class(0x0F, 0, 10), _Class(0x1F, 1, 26), _Class(0x3F, 0, 64)
_CLASSES = (_DIGIT, _LETTER, _LAST)


@dataclass(frozen=True)
class Characters:
    """The permutation of one key."""

    subkey: bytes
    fold: bool = False
    """Texts that differ in case only are equal, and so are their stand-ins: all lower case."""
    keep_digits: int = 0
    """Leading digits to keep where at least four others are left (the country of a telephone number)."""
    moved: bool = False
    """No text with a digit or letter to change stays what it is; takes twice as long."""

    def __call__(self, values: pa.Array) -> pa.Array:
        """Stand-ins of the same length for texts."""
        return self._by_steps(pc.utf8_lower(values) if self.fold else values, decrypt=False)

    def restore(self, values: pa.Array) -> pa.Array:
        """The texts whose stand-ins these are; all lower case where texts were folded."""
        return self._by_steps(values, decrypt=True)

    def _by_steps(self, values: pa.Array, *, decrypt: bool) -> pa.Array:
        data, offsets = own_spans(values)
        data = np.array(data)
        start = 0
        while start < len(values):
            end = int(np.searchsorted(offsets, offsets[start] + _STEP_BYTES, side="right")) - 1
            end = max(end, start + 1)
            part = offsets[start : end + 1]
            self._change(data[part[0] : part[-1]], part - part[0], decrypt=decrypt)
            start = end
        return text_array(data, offsets)

    def _change(self, data: Bytes, offsets: Offsets, *, decrypt: bool) -> None:
        """Permute texts in place, those with as many digits and letters together."""
        digits, letters, lasts, *counts = native.classes(data, offsets, not self.fold)
        places, firsts = (digits, letters, lasts), [np.cumsum(count) - count for count in counts]
        kept = np.where(counts[0] >= self.keep_digits + _AMPLE, self.keep_digits, 0)
        stay = places[0], firsts[0], kept
        firsts[0], counts[0] = firsts[0] + kept, counts[0] - kept
        long = np.flatnonzero(sum(counts) > _MOST)
        for count in counts:
            count[long] = 0
        for rows in _alike(counts):
            own = [int(count[rows[0]]) for count in counts]
            for start in range(0, len(rows) if sum(own) else 0, CHUNK_ROWS):
                some = rows[start : start + CHUNK_ROWS]
                columns = [
                    native.runs(place, first, some, count)
                    for place, first, count in zip(places, firsts, own, strict=True)
                    if count
                ]
                self._permute(data, np.concatenate(columns).reshape(-1, len(some)), own, decrypt=decrypt)
        if len(long):
            self._permute_long(data, offsets, long, stay, decrypt=decrypt)

    def _permute(self, data: Bytes, places: Offsets, counts: list[int], *, decrypt: bool) -> None:
        """Encrypt the bytes at these places (count, n), so many of each class."""
        mask = np.repeat(np.array([c.mask for c in _CLASSES], np.uint8), counts)[:, None]
        plus = np.repeat(np.array([c.plus for c in _CLASSES], np.uint8), counts)[:, None]
        radices = tuple(np.repeat([c.radix for c in _CLASSES], counts).tolist())
        before = data.take(places)
        cipher = (Derangement if self.moved else Ff1)(self.subkey, radices)
        after = (cipher.decrypt if decrypt else cipher.encrypt)(((before & mask) - plus).T).T
        data[places] = before & ~mask | (after + plus)

    def _permute_long(
        self, data: Bytes, offsets: Offsets, rows: Offsets, stay: tuple[Offsets, Offsets, Offsets], *, decrypt: bool
    ) -> None:
        """Permute long texts, but for the digits to be kept: their places, and which of these are of each text."""
        where, bounds = ragged(offsets[rows], np.diff(offsets)[rows])
        kept = np.zeros(len(data), np.bool_)
        places, firsts, lengths = stay
        kept[places[ragged(firsts[rows], lengths[rows])[0]]] = True
        pieces = Pieces(self.subkey, FOLDED if self.fold else CHARACTERS)
        data[where] = pieces(data[where], bounds, stay=kept[where], back=decrypt)


def _alike(counts: list[Offsets]) -> Iterator[Offsets]:
    """The rows for which all these numbers are the same."""
    shape = np.zeros(len(counts[0]), np.int64)
    for count in counts:
        shape = shape * (count.max(initial=0) + 1) + count
    order = np.argsort(shape.astype(np.min_scalar_type(shape.max(initial=0))), kind="stable")
    for low, high in pairwise(np.flatnonzero(np.diff(shape[order], prepend=-1, append=-1))):
        yield order[low:high]
