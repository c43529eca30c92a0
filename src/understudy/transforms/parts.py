"""Parts of texts, as places among the bytes of a column: found, cut and taken for all rows at once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.arrow import looked_up as looked_up
from understudy.arrow import text_array
from understudy.native import texts as native

Bytes = NDArray[np.uint8]
Offsets = NDArray[np.int64]
Mask = NDArray[np.bool_]

_STEP_ROWS = 8_000


def in_steps(change: Callable[[pa.Array], pa.Array], values: pa.Array) -> pa.Array:
    """Apply a change to so few texts at once that what it needs beside them fits the processor's caches."""
    if len(values) <= _STEP_ROWS:
        return change(values)
    return pa.concat_arrays([change(values[start : start + _STEP_ROWS]) for start in range(0, len(values), _STEP_ROWS)])


def found_in_steps(
    find: Callable[[Bytes, Offsets], tuple[Offsets, ...]], data: Bytes, offsets: Offsets
) -> list[Offsets]:
    """The places that are found in so few texts at once, as places among the bytes of all texts."""
    found = []
    for start in range(0, max(len(offsets) - 1, 1), _STEP_ROWS):
        some = offsets[start : start + _STEP_ROWS + 1]
        found.append([places + some[0] for places in find(data[some[0] : some[-1]], some - some[0])])
    return [np.concatenate(several) for several in zip(*found, strict=True)]


@cache
def table(characters: bytes) -> Bytes:
    """For every byte, 1 if it is among some characters."""
    found = np.zeros(256, np.uint8)
    found[list(characters)] = 1
    found.flags.writeable = False
    return found


def among(data: Bytes, characters: bytes) -> Mask:
    """Which bytes are among some characters."""
    return looked_up(data, table(characters).tobytes()).view(np.bool_)


def bounds_at(size: int, *places: Offsets) -> Offsets:
    """These places among so many bytes, in order and each once."""
    there = np.zeros(size + 1, np.bool_)
    for some in places:
        there[some] = True
    return np.flatnonzero(there)


def cut(offsets: Offsets, separators: Mask, *also: Offsets) -> Offsets:
    """The n + 1 offsets of the pieces of texts; every byte that separates is a piece of its own."""
    marks = np.flatnonzero(separators)
    return bounds_at(len(separators), offsets, marks, marks + 1, *also)


def spread(size: int, starts: Offsets, stops: Offsets) -> Mask:
    """Which of so many bytes lie in one of these parts."""
    return native.covered(size, starts, stops)


class Signs:
    """Where some characters stand among the bytes of texts, to ask for several of them."""

    def __init__(self, data: Bytes, characters: bytes) -> None:
        self.places = np.flatnonzero(among(data, characters))
        self.kinds = data[self.places]

    def first(self, starts: Offsets, stops: Offsets, characters: bytes) -> Offsets:
        """Where one of some of them first stands in every part of a text; the end of the part where none does."""
        there = np.append(self._at(characters), np.iinfo(np.int64).max)
        found: Offsets = np.minimum(there[np.searchsorted(there, starts)], stops)
        return found

    def last(self, starts: Offsets, stops: Offsets, characters: bytes) -> Offsets:
        """Where one of some of them last stands in every part of a text; one before its start where none does."""
        there = np.append(-1, self._at(characters))
        found: Offsets = np.maximum(there[np.searchsorted(there, stops) - 1], starts - 1)
        return found

    def _at(self, characters: bytes) -> Offsets:
        return self.places[among(self.kinds, characters)]


def first_of(data: Bytes, starts: Offsets, stops: Offsets, characters: bytes) -> Offsets:
    """Where one of some characters first stands in every part of a text; the end of the part where none does."""
    return Signs(data, characters).first(starts, stops, characters)


def last_of(data: Bytes, starts: Offsets, stops: Offsets, characters: bytes) -> Offsets:
    """Where one of some characters last stands in every part of a text; one before its start where none does."""
    return Signs(data, characters).last(starts, stops, characters)


def part(data: Bytes, starts: Offsets, stops: Offsets) -> pa.Array:
    """The texts that these parts of texts are."""
    return text_array(*native.taken(data, starts, stops))


def ragged(starts: Offsets, lengths: Offsets) -> tuple[Offsets, Offsets]:
    """The places of runs of so many elements, one after the other, and the n + 1 offsets of the runs among them."""
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    return np.arange(bounds[-1]) + np.repeat(starts - bounds[:-1], lengths), bounds


def names_in(offsets: Offsets, separators: Mask, also: Offsets | None = None) -> tuple[Offsets, Offsets]:
    """Where the names of texts start and stop: what stands between separators, and is cut at some places besides."""
    cut = np.zeros(len(separators) + 1, np.bool_)
    cut[offsets] = True
    if also is not None:
        cut[also] = True
    named = ~separators
    starts, stops = named & cut[:-1], named & cut[1:]
    starts[1:] |= named[1:] & separators[:-1]
    stops[:-1] |= named[:-1] & separators[1:]
    return np.flatnonzero(starts), np.flatnonzero(stops) + 1
