"""Drawing columns: numpy draws numbers, Arrow joins them to texts.  Whole columns at a time, no loop over rows."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Rng = np.random.Generator

DAY = 86_400_000_000
"""Microseconds in a day."""


def stream(seed: int, name: str) -> Rng:
    """A random stream of its own for everything called ``name``, so that one table's size moves no other table."""
    return np.random.default_rng([seed, zlib.crc32(name.encode())])


def zipf(size: int, exponent: float) -> Floats:
    """Shares that fall with rank, as popularity does: 1/rank ** exponent, adding up to 1."""
    weights = np.power(np.arange(1, size + 1, dtype=np.float64), -exponent)
    shares: Floats = weights / weights.sum()
    return shares


def choice(rng: Rng, shares: Sequence[float] | Floats, size: int) -> Ints:
    """Indices drawn by shares, which need not add up to 1."""
    ends = np.cumsum(shares)
    found: Ints = np.searchsorted(ends, rng.random(size) * ends[-1], side="right")
    return found


def distinct(rng: Rng, high: int, size: int) -> Ints:
    """Different integers below ``high``, in random order; ``high`` must be far above ``size``."""
    found = np.unique(rng.integers(0, high, size + size // 16 + 16))
    while len(found) < size:
        found = np.unique(np.concatenate([found, rng.integers(0, high, size)]))
    return rng.permutation(found)[:size]


def runs(counts: Ints) -> Ints:
    """0, 1, 2 ... within every run: counts (2, 3) give 0 1 0 1 2."""
    ends = np.cumsum(counts)
    return np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - counts, counts)


def repeats(values: Ints) -> Ints:
    """How often each value occurred before: 7 5 7 7 gives 0 0 1 2."""
    order = np.argsort(values, kind="stable")
    _, counts = np.unique(values, return_counts=True)
    found = np.empty(len(values), np.int64)
    found[order] = runs(counts)
    return found


def words(names: Sequence[str] | npt.NDArray[np.str_], index: Ints) -> pa.Array:
    """The names at these indices, as strings."""
    return pa.array(list(names), pa.string()).take(pa.array(index))


def shape(rng: Rng, pattern: str, size: int) -> pa.Array:
    """Random strings after a pattern: ``9`` a digit, ``A`` a letter, ``z`` a digit or small letter."""
    alphabets = {"9": "0123456789", "A": "ABCDEFGHJKLMNPRSTUVWXYZ", "z": "0123456789abcdefghijklmnopqrstuvwxyz"}
    columns = []
    for sign in pattern:
        letters = np.frombuffer(alphabets.get(sign, sign).encode(), np.uint8)
        columns.append(letters[rng.integers(0, len(letters), size)])
    return fixed(np.stack(columns, axis=1))


def numerals(numbers: Ints, *, digits: str = "0123456789", width: int) -> pa.Array:
    """Numbers written in the given digits, padded to one width."""
    signs = np.frombuffer(digits.encode(), np.uint8)
    places = len(digits) ** np.arange(width - 1, -1, -1, dtype=np.int64)
    return fixed(signs[(numbers[:, None] // places) % len(digits)])


def fixed(characters: npt.NDArray[np.uint8]) -> pa.Array:
    """Strings of one width, at least 1, from a matrix of ASCII characters."""
    size, width = characters.shape
    offsets = np.arange(0, size * width + 1, width, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(characters))]
    return pa.Array.from_buffers(pa.string(), size, buffers)


def join(*parts: pa.Array | str) -> pa.Array:
    """Texts and constants, one after another, row by row; null where a part is null."""
    return pc.binary_join_element_wise(*[pa.scalar(p) if isinstance(p, str) else p for p in parts], "")


_FIELD = re.compile(r"\{(\w+)\}")


def fill(template: str, fields: Mapping[str, pa.Array], rows: pa.Array) -> pa.Array:
    """The template for each of these rows, every ``{name}`` replaced by that field of the row."""
    pieces = _FIELD.split(template)
    parts = [fields[piece].take(rows) if place % 2 else piece for place, piece in enumerate(pieces)]
    if len(parts) == 1:
        return pa.repeat(template, len(rows))
    return join(*[part for part in parts if not isinstance(part, str) or part])


def fill_each(templates: Sequence[str], index: Ints, fields: Mapping[str, pa.Array]) -> pa.Array:
    """Row by row the template at ``index``, filled in; the loop is over templates."""
    return each(index, len(templates), lambda number, rows: fill(templates[number], fields, rows))


def each(groups: Ints, size: int, make: Callable[[int, pa.Array], pa.Array]) -> pa.Array:
    """``make(group, rows)`` for every group and the rows in it, put back in row order; the loop is over groups."""
    order = np.argsort(groups, kind="stable")
    ends = np.searchsorted(groups[order], np.arange(size + 1))
    made = [make(group, pa.array(order[ends[group] : ends[group + 1]])) for group in range(size)]
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    return pa.concat_arrays(made).take(pa.array(back))


def where(keep: Bools, values: pa.Array) -> pa.Array:
    """The values where ``keep`` holds, null elsewhere."""
    return pc.if_else(pa.array(keep), values, pa.scalar(None, values.type))


def decimal(units: Ints, precision: int, scale: int) -> pa.Array:
    """Whole units of the last place as exact decimals: 1250 at scale 2 is 12.50."""
    both = np.stack([units, units >> 63], axis=1)  # a decimal128 is a little-endian integer of two words
    return pa.Array.from_buffers(pa.decimal128(precision, scale), len(units), [None, pa.py_buffer(both)])


def money(cents: Ints, precision: int = 10) -> pa.Array:
    """Whole cents as numeric(precision, 2)."""
    return decimal(cents, precision, 2)


def moments(microseconds: Ints) -> pa.Array:
    """Microseconds since 1970, in UTC."""
    return pa.array(microseconds.astype(np.int64), pa.timestamp("us", "UTC"))


def dates(days: Ints) -> pa.Array:
    """Days since 1970."""
    return pa.array(days.astype(np.int32), pa.date32())


def day(text: str) -> int:
    """The number of days from 1970 to an ISO date."""
    return int(np.datetime64(text, "D").astype(np.int64))
