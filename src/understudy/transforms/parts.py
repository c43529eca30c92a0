"""Parts of texts, as places among the bytes of a column: found, cut and taken for all rows at once."""

from __future__ import annotations

from collections.abc import Callable, Iterator

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
_STEP_BYTES = 1 << 22
_USUAL = 8  # bytes of a text, at least as far as steps go: every text takes memory of its own


def in_steps(change: Callable[[pa.Array], pa.Array], values: pa.Array) -> pa.Array:
    """Apply a change to so few texts at once that what it needs beside them fits the processor's caches."""
    if len(values) <= _STEP_ROWS:
        return change(values)
    return pa.concat_arrays([change(values[start : start + _STEP_ROWS]) for start in range(0, len(values), _STEP_ROWS)])


def steps(offsets: Offsets, size: int) -> Iterator[tuple[int, int]]:
    """Where to part texts so that each part has about so many bytes, or a few texts: firsts, and what is after."""
    first = 0
    while first < len(offsets) - 1:
        last = int(np.searchsorted(offsets, offsets[first] + size, side="right")) - 1
        last = min(max(last, first + 1), first + size // _USUAL)
        yield first, last
        first = last


def table(characters: bytes) -> Bytes:
    """For every byte, 1 if it is among some characters."""
    found = np.zeros(256, np.uint8)
    found[list(characters)] = 1
    found.flags.writeable = False
    return found


def among(data: Bytes, characters: bytes) -> Mask:
    """Which bytes are among some characters."""
    return looked_up(data, table(characters).tobytes()).view(np.bool_)


def spread(size: int, starts: Offsets, stops: Offsets) -> Mask:
    """Which of so many bytes lie in one of these parts."""
    return native.covered(size, starts, stops)


def first_of(data: Bytes, starts: Offsets, stops: Offsets, characters: bytes) -> Offsets:
    """Where one of some characters first stands in every part of a text; the end of the part where none does."""
    return native.first(data, starts, stops, table(characters))


def last_of(data: Bytes, starts: Offsets, stops: Offsets, characters: bytes) -> Offsets:
    """Where one of some characters last stands in every part of a text; one before its start where none does."""
    return native.last(data, starts, stops, table(characters))


def part(data: Bytes, starts: Offsets, stops: Offsets) -> pa.Array:
    """The texts that these parts of texts are."""
    return text_array(*native.taken(data, starts, stops))


def distinct(data: Bytes, starts: Offsets, stops: Offsets) -> tuple[pa.Array, NDArray[np.int32]]:
    """The texts that these parts of texts are, each once, and which of them every part is."""
    which, first = native.distinct(data, starts, stops)
    return part(data, starts[first], stops[first]), which


def ragged(starts: Offsets, lengths: Offsets) -> tuple[Offsets, Offsets]:
    """The places of runs of so many elements, one after the other, and the n + 1 offsets of the runs among them."""
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    return np.arange(bounds[-1]) + np.repeat(starts - bounds[:-1], lengths), bounds


def gathered(find: Callable[[Offsets], tuple[Offsets, ...]], offsets: Offsets) -> list[Offsets]:
    """What is found in texts, of which so few are told at once, by their n + 1 offsets, that it takes little memory."""
    found = [find(offsets[first : last + 1]) for first, last in steps(offsets, _STEP_BYTES)] or [find(offsets)]
    return [np.concatenate(several) if len(found) > 1 else several[0] for several in zip(*found, strict=True)]


def names_in(data: Bytes, offsets: Offsets, separators: bytes) -> tuple[Offsets, Offsets]:
    """Where the names of texts start and stop: what stands between separators."""
    starts, stops = gathered(lambda some: native.names(data, some, table(separators)), offsets)
    return starts, stops
