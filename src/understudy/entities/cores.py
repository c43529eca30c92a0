"""The letters and digits of texts, without what stands between them, as matrices of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.arrow import spans
from understudy.entities.check_digits import CHARACTERS, Values

Bytes = NDArray[np.uint8]

_ROWS = 8_000  # texts worked on at once: they fit the processor's second cache
_OTHER = 255
_VALUE = np.full(256, _OTHER, np.uint8)
for _value, _character in enumerate(CHARACTERS):
    _VALUE[ord(_character)] = _VALUE[ord(_character.lower())] = _value
_BYTE = np.frombuffer(CHARACTERS.encode(), np.uint8)
_LOWER = np.uint8(0x20)
_LAST_DIGIT = 9
_FOREIGN = 0x80
_TYPESET = [character.encode() for character in "\u00a0\u2009\u202f\u2010\u2011\u2012\u2013"]


@dataclass(frozen=True)
class Core:
    """Texts that have as many letters and digits as one another."""

    rows: NDArray[np.int64]
    """Which texts they are."""
    starts: NDArray[np.int64]
    """Where theirs start among the letters and digits of all texts."""
    values: Values
    """What they are (n, length)."""
    lower: NDArray[np.bool_]
    """Which of them are lower-case letters (n, length)."""


@dataclass(frozen=True)
class Cores:
    """The letters and digits of all texts of an array."""

    texts: pa.Array

    @cached_property
    def _spans(self) -> tuple[Bytes, NDArray[np.int64]]:
        data, offsets = spans(self.texts)
        return data[offsets[0] : offsets[-1]], offsets - offsets[0]

    @property
    def data(self) -> Bytes:
        """All bytes of the texts."""
        return self._spans[0]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each text starts and ends in them (n + 1 offsets)."""
        return self._spans[1]

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        return np.flatnonzero(_VALUE[self.data] != _OTHER)

    @cached_property
    def characters(self) -> Bytes:
        """The letters and digits of all texts, one after another."""
        return self.data[self._places]

    def with_characters(self, characters: Bytes) -> Bytes:
        """All bytes of the texts, with these letters and digits in the places of theirs."""
        out = self.data.copy()
        out[self._places] = characters
        return out

    def without(self, others: Iterable[str]) -> NDArray[np.bool_]:
        """Which texts hold none but ASCII letters, digits and these characters."""
        strange = _VALUE == _OTHER
        strange[[ord(character) for character in others]] = False
        return self._none(strange[self.data]) if self._ascii else self._none(strange[self.data] & ~self._typeset)

    @cached_property
    def _ascii(self) -> bool:
        return bool(self.data.max(initial=0) < _FOREIGN)

    @cached_property
    def _typeset(self) -> NDArray[np.bool_]:
        """Which bytes are spaces and hyphens as books have them: no letters, though not ASCII."""
        out = np.zeros(len(self.data), bool)
        for sequence in _TYPESET:
            count = len(self.data) - len(sequence) + 1
            found = np.ones(max(count, 0), bool)
            for place, byte in enumerate(sequence):
                found &= self.data[place : place + count] == byte
            for place in range(len(sequence)):
                out[place : place + len(found)] |= found
        return out

    def _none(self, strange: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which texts have no such byte."""
        counts = np.searchsorted(np.flatnonzero(strange), self.offsets)
        return np.asarray(counts[1:] == counts[:-1])

    def of_lengths(self, lengths: Iterable[int]) -> Iterator[Core]:
        """The texts with so many letters and digits, all of ASCII, some thousands at a time."""
        starts = np.searchsorted(self._places, self.offsets)
        counts = np.diff(starts)
        if not self._ascii:
            counts = np.where(self._none((self.data >= _FOREIGN) & ~self._typeset), counts, -1)
        for length in lengths:
            rows = np.flatnonzero(counts == length)
            for first in range(0, len(rows), _ROWS):
                some = rows[first : first + _ROWS]
                there = np.asfortranarray(_windows(self.characters, length)[starts[some]])
                yield Core(some, starts[some], _VALUE[there], there >= ord("a"))


def put(characters: Bytes, core: Core, rows: NDArray[np.int64], values: Values) -> None:
    """Write the characters of some texts of a core, in the letter case found there; new letters are capitals."""
    made = _BYTE[values]
    if core.lower.any():
        made |= (core.lower[rows] & (values > _LAST_DIGIT)) * _LOWER
    _windows(characters, values.shape[1])[core.starts[rows]] = made


def _windows(characters: Bytes, length: int) -> Bytes:
    """All stretches of so many neighbouring characters, without a copy."""
    shape = (max(0, len(characters) - length + 1), length)
    return np.ndarray(shape, np.uint8, characters, strides=(1, 1))
