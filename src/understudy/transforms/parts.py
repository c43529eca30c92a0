"""Parts of texts, as places among the bytes of a column: found, cut and taken for all rows at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.arrow import spans
from understudy.transforms.characters import text_array

Bytes = NDArray[np.uint8]
Offsets = NDArray[np.int64]
Mask = NDArray[np.bool_]

_STEP_ROWS = 4_000


def own_spans(values: pa.Array) -> tuple[Bytes, Offsets]:
    """The bytes of an array's texts and no others, and their n + 1 offsets from 0."""
    data, offsets = spans(values)
    return data[offsets[0] : offsets[-1]], offsets - offsets[0]


def in_steps(change: Callable[[pa.Array], pa.Array], values: pa.Array) -> pa.Array:
    """Apply a change to so few texts at once that what it needs beside them fits the processor's caches."""
    if len(values) <= _STEP_ROWS:
        return change(values)
    return pa.concat_arrays([change(values[start : start + _STEP_ROWS]) for start in range(0, len(values), _STEP_ROWS)])


def among(data: Bytes, characters: bytes) -> Mask:
    """Which bytes are among some characters."""
    table = np.zeros(256, np.bool_)
    table[list(characters)] = True
    return table[data]


def cut(offsets: Offsets, separators: Mask) -> Offsets:
    """The n + 1 offsets of the pieces of texts; every byte that separates is a piece of its own."""
    starts = np.zeros(len(separators) + 1, np.bool_)
    starts[offsets] = True
    starts[:-1] |= separators
    starts[1:] |= separators
    return np.flatnonzero(starts)


def spread(size: int, starts: Offsets, stops: Offsets) -> Mask:
    """Which of so many bytes lie in one of these parts."""
    depth = np.bincount(starts, minlength=size + 1) - np.bincount(stops, minlength=size + 1)
    found: Mask = np.cumsum(depth)[:-1] > 0
    return found


def first_of(data: Bytes, starts: Offsets, stops: Offsets, characters: bytes) -> Offsets:
    """Where one of some characters first stands in every part of a text; the end of the part where none does."""
    there = np.append(np.flatnonzero(among(data, characters)), len(data))
    found: Offsets = np.minimum(there[np.searchsorted(there, starts)], stops)
    return found


def last_of(data: Bytes, starts: Offsets, stops: Offsets, characters: bytes) -> Offsets:
    """Where one of some characters last stands in every part of a text; one before its start where none does."""
    there = np.concatenate([[-1], np.flatnonzero(among(data, characters))])
    found: Offsets = np.maximum(there[np.searchsorted(there, stops) - 1], starts - 1)
    return found


def part(data: Bytes, starts: Offsets, stops: Offsets) -> pa.Array:
    """The texts that these parts of texts are."""
    places, bounds = ragged(starts, stops - starts)
    return text_array(data[places], bounds)


def ragged(starts: Offsets, lengths: Offsets) -> tuple[Offsets, Offsets]:
    """The places of runs of so many elements, one after the other, and the n + 1 offsets of the runs among them."""
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    return np.arange(bounds[-1]) + np.repeat(starts - bounds[:-1], lengths), bounds
