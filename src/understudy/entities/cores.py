"""The letters and digits of texts, without what stands between them, as matrices of values."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.arrow import looked_up, own_spans
from understudy.entities.check_digits import CHARACTERS, Values

Bytes = NDArray[np.uint8]

_ROWS = 8_000  # texts worked on at once: they fit the processor's second cache
_OTHER = 255
_VALUE = bytes(
    CHARACTERS.find(chr(byte).upper()) if byte < 0x80 and chr(byte).isalnum() else _OTHER for byte in range(256)
)
_BYTE = CHARACTERS.encode().ljust(256, b"\0")
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
        return own_spans(self.texts)

    @property
    def data(self) -> Bytes:
        """All bytes of the texts."""
        return self._spans[0]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each text starts and ends in them (n + 1 offsets)."""
        return self._spans[1]

    @cached_property
    def _held(self) -> NDArray[np.bool_]:
        """Which bytes are letters and digits."""
        found: NDArray[np.bool_] = looked_up(self.data, _VALUE) != _OTHER
        return found

    @cached_property
    def _places(self) -> NDArray[np.int64]:
        return np.flatnonzero(self._held)

    @cached_property
    def _columns(self) -> NDArray[np.int64] | None:
        """Where in every text they stand, if it is the same in all."""
        count = len(self.texts)
        if not len(self.data) or len(self.data) % count or (np.diff(self.offsets) != len(self.data) // count).any():
            return None
        held = self._held.reshape(count, -1)
        return np.flatnonzero(held[0]) if (held == held[0]).all() else None

    @cached_property
    def characters(self) -> Bytes:
        """The letters and digits of all texts, one after another."""
        if self._columns is None:
            return self.data[self._places]
        return self.data.reshape(len(self.texts), -1).take(self._columns, axis=1).ravel()

    def with_characters(self, characters: Bytes) -> Bytes:
        """All bytes of the texts, with these letters and digits in the places of theirs."""
        out = self.data.copy()
        if self._columns is None:
            out[self._places] = characters
        else:
            out.reshape(len(self.texts), -1)[:, self._columns] = characters.reshape(len(self.texts), -1)
        return out

    @property
    def _starts(self) -> NDArray[np.int64]:
        """Where those of each text start and end among those of all (n + 1 offsets)."""
        if self._columns is None:
            return np.searchsorted(self._places, self.offsets)
        return np.arange(len(self.texts) + 1) * len(self._columns)

    def without(self, others: Iterable[str]) -> NDArray[np.bool_]:
        """Which texts hold none but ASCII letters, digits and these characters."""
        strange = bytearray(value == _OTHER for value in _VALUE)
        for character in others:
            strange[ord(character)] = False
        found = looked_up(self.data, bytes(strange)).view(np.bool_)
        return self._none(found) if self._ascii else self._none(found & ~self._typeset)

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
        starts = self._starts
        counts = np.diff(starts)
        if not self._ascii:
            counts = np.where(self._none((self.data >= _FOREIGN) & ~self._typeset), counts, -1)
        for length in lengths:
            rows = np.flatnonzero(counts == length)
            for first in range(0, len(rows), _ROWS):
                some = rows[first : first + _ROWS]
                found = _windows(self.characters, length)[starts[some]]
                there = np.asfortranarray(found.view(np.uint8).reshape(-1, length))
                yield Core(some, starts[some], looked_up(there, _VALUE), there >= ord("a"))


def put(characters: Bytes, core: Core, rows: NDArray[np.int64], values: Values) -> None:
    """Write the characters of some texts of a core, in the letter case found there; new letters are capitals."""
    made = looked_up(values, _BYTE)
    if core.lower.any():
        made = made | (core.lower[rows] & (values > _LAST_DIGIT)) * _LOWER
    length = values.shape[1]
    _windows(characters, length)[core.starts[rows]] = np.ascontiguousarray(made).view(f"V{length}").ravel()


def _windows(characters: Bytes, length: int) -> NDArray[np.void]:
    """All stretches of so many neighbouring characters, without a copy."""
    return np.ndarray((max(0, len(characters) - length + 1),), f"V{length}", characters, strides=(1,))
