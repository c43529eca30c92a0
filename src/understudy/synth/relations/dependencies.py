"""Which columns fix others: a postcode its town, a product its price; and what to do where drawn values disagree."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow

Codes = NDArray[np.int64]

ALWAYS = 0.995
"""The share of rows in which one value fixes the other, from which that is a rule."""
_REPEATS = 3
_USUAL = 0.97
_FIRST = (400, 3_000)
_TABLED = 60
"""Different values up to which classes alone keep a dependency."""
_KEYS = 100_000


@dataclass(frozen=True)
class Dependency:
    """A column that fixes another; ``keys`` and ``values`` are pairs of many rows each, kept where classes are few."""

    source: str
    target: str
    rate: float
    keys: tuple[str | int | float, ...] = ()
    values: tuple[str | int | float | bool, ...] = ()

    def looked_up(self, source: pa.Array) -> pa.Array:
        """The values that sources fix; null where it is not known."""
        if not self.keys:
            return pa.nulls(len(source))
        return pa.array(self.values).take(pc.index_in(source, value_set=self._keys(source.type)))

    def mended(
        self, source: pa.Array, target: pa.Array, given: Mapping[str, pa.Array], rng: np.random.Generator
    ) -> tuple[pa.Array, pa.Array]:
        """Drawn columns with rows that disagree made to agree: by another value of the source that has the target's.

        Where there is none, or the source is given, it is the target that changes, unless that is given.
        """
        if not self.keys:
            return source, target
        wanted = self.looked_up(source).cast(target.type)
        wrong = _flags(pc.not_equal(wanted, target))
        free = wrong & ~_flags(given[self.source].is_valid()) if self.source in given else wrong
        if free.any():
            drawn = self._drawn(target, free, rng)
            moved = drawn >= 0
            other = self._keys(source.type).take(pa.array(np.maximum(drawn, 0)))
            source = pc.if_else(pa.array(moved), other, source)
            wrong &= ~moved
        free = wrong & ~_flags(given[self.target].is_valid()) if self.target in given else wrong
        return source, pc.if_else(pa.array(free), wanted, target)

    def _drawn(self, target: pa.Array, wrong: NDArray[np.bool_], rng: np.random.Generator) -> Codes:
        """For rows that are wrong a key that has the target's value, by chance; -1 where there is none."""
        values = self._values(target.type)
        order, starts, counts, different = self._grouped
        at = pc.fill_null(pc.index_in(target, value_set=values.take(pa.array(different))), -1)
        group = at.to_numpy(zero_copy_only=False).astype(np.int64)
        dice = rng.random(len(group))
        inside = np.maximum(group, 0)
        found = order[starts[inside] + np.minimum((dice * counts[inside]).astype(np.int64), counts[inside] - 1)]
        return np.where(wrong & (group >= 0), found, -1)

    @cached_property
    def _grouped(self) -> tuple[Codes, Codes, Codes, Codes]:
        """Keys sorted by their value; where each value's begin, how many they are, and one key of each."""
        _, first, group, counts = np.unique(
            np.array([str(value) for value in self.values]), return_index=True, return_inverse=True, return_counts=True
        )
        return np.argsort(group, kind="stable"), np.cumsum(counts) - counts, counts, first

    def _keys(self, kind: pa.DataType) -> pa.Array:
        return pa.array(self.keys).cast(kind)

    def _values(self, kind: pa.DataType) -> pa.Array:
        return pa.array(self.values).cast(kind)


def dependencies_of(columns: Mapping[str, pa.Array], k: int, *, skip: Collection[str] = ()) -> list[Dependency]:
    """The dependencies between plain columns; of two that fix each other, both."""
    codes = {name: _codes(values) for name, values in columns.items() if _usable(values.type) and name not in skip}
    rows = len(next(iter(columns.values())))
    counts = {name: np.bincount(code) for name, code in codes.items()}
    sources = [name for name, count in counts.items() if len(count) > 1 and len(count) * _REPEATS <= rows]
    targets = [name for name, count in counts.items() if len(count) > 1 and count.max() <= _USUAL * rows]
    found = []
    for source in sources:
        for target in targets:
            if source == target or len(counts[target]) > len(counts[source]):
                continue
            if any(_agreement(codes[source][:few], codes[target][:few])[0] < ALWAYS for few in _FIRST):
                continue
            rate, keys, values, sizes = _agreement(codes[source], codes[target])
            if rate < ALWAYS or sizes.mean() < _REPEATS:
                continue
            large = max(len(counts[source]), len(counts[target])) > _TABLED
            table = _table(columns[source], columns[target], codes, (source, target), keys, values, sizes, k)
            found.append(Dependency(source, target, rate, *(table if large else ((), ()))))
    return found


def _flags(values: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), bool)


def _usable(kind: pa.DataType) -> bool:
    return bool(
        arrow.is_text(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)
    )


def _codes(values: pa.Array) -> Codes:
    """Values as places among the different ones; null is one of them, the last."""
    encoded = pc.dictionary_encode(values)
    return np.asarray(
        pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False).astype(np.int64)
    )


def _agreement(source: Codes, target: Codes) -> tuple[float, Codes, Codes, Codes]:
    """The share of rows that have their source's usual target; the sources, their usual targets, and rows of each."""
    width = int(target.max()) + 1
    both, counts = np.unique(source * width + target, return_counts=True)
    keys, values = np.divmod(both, width)
    order = np.lexsort((counts, keys))
    last = np.append(keys[order][1:] != keys[order][:-1], True)
    usual = order[last]
    return float(counts[usual].sum() / len(source)), keys[usual], values[usual], counts[usual]


def _table(
    source: pa.Array,
    target: pa.Array,
    codes: Mapping[str, Codes],
    names: tuple[str, str],
    keys: Codes,
    values: Codes,
    sizes: Codes,
    k: int,
) -> tuple[tuple[str | int | float, ...], tuple[str | int | float | bool, ...]]:
    """Pairs of k rows or more, by their values; nulls are left out."""
    first = {}
    for name in names:
        different, place = np.unique(codes[name], return_index=True)
        first[name] = dict(zip(different.tolist(), place.tolist(), strict=True))
    enough = np.flatnonzero(sizes >= k)[:_KEYS]
    left = source.take(pa.array([first[names[0]][one] for one in keys[enough].tolist()], pa.int64()))
    right = target.take(pa.array([first[names[1]][one] for one in values[enough].tolist()], pa.int64()))
    there = pc.and_(left.is_valid(), right.is_valid())
    return tuple(left.filter(there).to_pylist()), tuple(right.filter(there).to_pylist())
