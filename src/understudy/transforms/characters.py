"""A keyed permutation of texts that keeps their pattern: digits stay digits, lower case stays lower case.

All digits and letters of a text are one numeral string for FF1, digits first, so that no two texts
become the same.  Outside ASCII a character changes within its block of 64 (an accented letter becomes
another).  Spaces and punctuation stay.  Short texts have few stand-ins ("A7" has 260): below a million
of them the text is permuted, but it is not kept secret from someone who knows other pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.transforms.derange import Derangement
from understudy.transforms.ff1 import Ff1
from understudy.transforms.prf import spans

_STEP_BYTES = 1 << 22  # bytes worked on at once: each costs some 30 bytes of memory
_AMPLE = 4  # digits that must be left to change when leading ones are kept


@dataclass(frozen=True)
class _Class:
    """A class of bytes: which bits of them are the numeral, plus how much, and how many numerals there are."""

    mask: int
    plus: int
    radix: int


_DIGIT, _LETTER, _LAST = _Class(0x0F, 0, 10), _Class(0x1F, 1, 26), _Class(0x3F, 0, 64)
_CLASSES = (_DIGIT, _LETTER, _LAST)
_OTHER = len(_CLASSES)
_OF_BYTE = np.full(256, _OTHER, np.uint8)
_OF_BYTE[ord("0") : ord("9") + 1] = _CLASSES.index(_DIGIT)
_OF_BYTE[ord("a") : ord("z") + 1] = _OF_BYTE[ord("A") : ord("Z") + 1] = _CLASSES.index(_LETTER)


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
        data, offsets = spans(values)
        data, offsets = data[offsets[0] : offsets[-1]].copy(), offsets - offsets[0]
        start = 0
        while start < len(values):
            end = int(np.searchsorted(offsets, offsets[start] + _STEP_BYTES, side="right")) - 1
            end = max(end, start + 1)
            part = offsets[start : end + 1]
            self._change(data[part[0] : part[-1]], part - part[0], decrypt=decrypt)
            start = end
        return text_array(data, offsets)

    def _change(self, data: NDArray[np.uint8], offsets: NDArray[np.int64], *, decrypt: bool) -> None:
        """Permute texts in place, those with as many digits and letters together."""
        found = self._classify(data)
        places = [np.flatnonzero(found == number) for number in range(len(_CLASSES))]
        bounds = [np.searchsorted(place, offsets) for place in places]
        firsts = [bound[:-1] for bound in bounds]
        counts = [np.diff(bound) for bound in bounds]
        if self.keep_digits:
            kept = np.where(counts[0] >= self.keep_digits + _AMPLE, self.keep_digits, 0)
            firsts[0], counts[0] = firsts[0] + kept, counts[0] - kept
        shape = np.zeros(len(offsets) - 1, np.int64)
        for count in counts:
            shape = shape * (count.max(initial=0) + 1) + count
        order = np.argsort(shape, kind="stable")
        edges = np.flatnonzero(np.diff(shape[order], prepend=-1, append=-1))
        for low, high in pairwise(edges):
            rows = order[low:high]
            columns = [
                place[first[rows][:, None] + np.arange(count[rows[0]])]
                for place, first, count in zip(places, firsts, counts, strict=True)
            ]
            self._permute(data, np.hstack(columns), [column.shape[1] for column in columns], decrypt=decrypt)

    def _classify(self, data: NDArray[np.uint8]) -> NDArray[np.uint8]:
        found = _OF_BYTE[data]
        if not self.fold and data.max(initial=0) >= 0x80:
            continued = (data & 0xC0) == 0x80
            last = continued.copy()
            last[:-1] &= ~continued[1:]
            found[last] = _CLASSES.index(_LAST)
        return found

    def _permute(self, data: NDArray[np.uint8], places: NDArray[np.int64], counts: list[int], *, decrypt: bool) -> None:
        """Encrypt the bytes at these places (n, length), ``counts`` of each class."""
        if not places.shape[1]:
            return
        mask = np.repeat(np.array([c.mask for c in _CLASSES], np.uint8), counts)
        plus = np.repeat(np.array([c.plus for c in _CLASSES], np.uint8), counts)
        radices = tuple(np.repeat([c.radix for c in _CLASSES], counts).tolist())
        before = data[places]
        cipher = (Derangement if self.moved else Ff1)(self.subkey, radices)
        after = (cipher.decrypt if decrypt else cipher.encrypt)((before & mask) - plus)
        data[places] = before & ~mask | (after + plus)


def text_array(data: NDArray[np.uint8], offsets: NDArray[Any]) -> pa.Array:
    """A string array over bytes and n + 1 offsets, without nulls."""
    ends = pa.py_buffer(offsets.astype(np.int32))
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, [None, ends, pa.py_buffer(data)])
