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
from understudy.native import cores as native

Bytes = NDArray[np.uint8]

_ROWS = 8_000  # texts worked on at once: they fit the processor's second cache
_OTHER = 255
_VALUE = np.array(
    [CHARACTERS.find(chr(byte).upper()) if byte < 0x80 and chr(byte).isalnum() else _OTHER for byte in range(256)],
    np.uint8,
)
_BYTE = np.frombuffer(CHARACTERS.encode(), np.uint8)
_IS_LOWER = np.array([ord("a") <= byte <= ord("z") for byte in range(256)], np.uint8)
_FOREIGN = 0x80
_TYPESET = [character.encode() for character in "\u00a0\u2009\u202f\u2010\u2011\u2012\u2013"]


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

    def without(self, others: Iterable[str]) -> NDArray[np.bool_]:
        """Which texts hold none but ASCII letters, digits and these characters."""
        strange = bytearray((_VALUE == _OTHER).tobytes())
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
        counts = native.counted(self.data, self.offsets, _VALUE)
        if not self._ascii:
            counts = np.where(self._none((self.data >= _FOREIGN) & ~self._typeset), counts, -1)
        for length in lengths:
            rows = np.flatnonzero(counts == length)
            for first in range(0, len(rows), _ROWS):
                yield Core(self, rows[first : first + _ROWS], length)

    def told(self, rows: NDArray[np.int64], length: int, table: Bytes) -> Bytes:
        """What a table has for the letters and digits of some texts with so many (n, length)."""
        return native.told(self.data, self.offsets, rows, length, _VALUE, table).reshape(length, -1).T

    def written(self, made: Iterable[tuple[NDArray[np.int64], Values]]) -> Bytes:
        """All bytes of the texts, the letters and digits of some exchanged; in the letter case found there.

        Letters in the place of digits are capitals.
        """
        first = np.full(len(self.texts), -1)
        values, size = [np.zeros(0, np.uint8)], 0
        for rows, some in made:
            first[rows] = size + np.arange(len(rows)) * some.shape[1]
            values.append(some.ravel())
            size += some.size
        return native.written(self.data, self.offsets, first, np.concatenate(values), _VALUE, _BYTE)


@dataclass(frozen=True)
class Core:
    """Texts that have as many letters and digits as one another."""

    cores: Cores
    rows: NDArray[np.int64]
    """Which texts they are."""
    length: int

    @cached_property
    def values(self) -> Values:
        """Their letters and digits (n, length)."""
        return self.cores.told(self.rows, self.length, _VALUE)

    @cached_property
    def lower(self) -> NDArray[np.bool_]:
        """Which of them are lower-case letters (n, length)."""
        return self.cores.told(self.rows, self.length, _IS_LOWER).view(np.bool_)
