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

_OTHER = 255
_VALUE = np.full(256, _OTHER, np.uint8)
for _value, _character in enumerate(CHARACTERS):
    _VALUE[ord(_character)] = _VALUE[ord(_character.lower())] = _value
_BYTE = np.frombuffer(CHARACTERS.encode(), np.uint8)
_LOWER = np.uint8(0x20)
_FOREIGN = 0x80


@dataclass(frozen=True)
class Core:
    """The texts of one length."""

    rows: NDArray[np.int64]
    """Which texts they are."""
    places: NDArray[np.int64]
    """Where their letters and digits stand among all bytes (n, length)."""
    values: Values
    """What they are (n, length)."""
    lower: NDArray[np.bool_]
    """Which of them are lower-case letters (n, length)."""


@dataclass(frozen=True)
class Cores:
    """The letters and digits of all texts of an array."""

    texts: pa.Array

    @cached_property
    def _spans(self) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
        data, offsets = spans(self.texts)
        return data[offsets[0] : offsets[-1]], offsets - offsets[0]

    @property
    def data(self) -> NDArray[np.uint8]:
        """All bytes of the texts."""
        return self._spans[0]

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Where each text starts and ends in them (n + 1 offsets)."""
        return self._spans[1]

    @cached_property
    def _found(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places of all letters and digits, and where those of each text start among them (n + 1)."""
        places = np.flatnonzero(_VALUE[self.data] != _OTHER)
        return places, np.searchsorted(places, self.offsets)

    def without(self, characters: Iterable[str]) -> NDArray[np.bool_]:
        """Which texts hold no others than ASCII letters, digits and these characters."""
        strange = _VALUE[self.data] == _OTHER
        for character in characters:
            strange &= self.data != ord(character)
        return self._none(strange)

    def _none(self, strange: NDArray[np.bool_]) -> NDArray[np.bool_]:
        counts = np.searchsorted(np.flatnonzero(strange), self.offsets)
        return np.asarray(counts[1:] == counts[:-1])

    def of_lengths(self, lengths: Iterable[int]) -> Iterator[Core]:
        """The texts in ASCII that have so many letters and digits."""
        places, starts = self._found
        counts = np.diff(starts)
        if self.data.max(initial=0) >= _FOREIGN:
            counts = np.where(self._none(self.data >= _FOREIGN), counts, -1)
        for length in lengths:
            rows = np.flatnonzero(counts == length)
            if len(rows):
                where = np.empty((len(rows), length), np.int64, order="F")
                for place in range(length):
                    where[:, place] = places[starts[rows] + place]
                there = self.data[where]
                yield Core(rows, where, _VALUE[there], there >= ord("a"))


def put(data: NDArray[np.uint8], core: Core, values: Values, rows: NDArray[np.int64]) -> None:
    """Write other values in the places of some texts, in the letter case found there; new letters are capitals."""
    data[core.places[rows]] = _BYTE[values] | np.where(core.lower[rows] & (values > 9), _LOWER, 0).astype(np.uint8)
