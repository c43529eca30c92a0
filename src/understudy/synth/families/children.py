"""What is found of the children of a row: their order, and how each column goes on from the child before.

Nothing of it is set by hand.  Columns that rise from child to child are learned as steps, values that are carried over
as "the same again", columns that count the children are counted.  When a parent's children begin, how fast they follow
and how many different labels they have is a *plan*: columns of the parent's row, learned with its own, which its
children are made to fulfil.  Means of their measures are no part of it: there are far more children than parents to
learn them from, each from the mean of those before it.  What one table's children come to, their parent's other tables
are told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow
from understudy.schema import Table
from understudy.synth.encoding.moments import calendar, unit_of

Whole = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SORTED = 0.95
"""The share of families in whose order a column rises, from which it is known by its steps."""
_MOVING = 0.05  # share of steps that are none, below which a column does not rise but stand
_SAME = 0.2
_LIFT = 2.0
_COMMON = 0.05
_MEASURES, _LABELS = 24, 12
_VOCABULARY = 1_000
_FEW = 60
_MOMENTS = 20  # moments from which it is told what they are near
_NEAR = 0.5  # how far moments may be spread about another, as a part of their own spread, to be known by it
_MIDDLE = np.timedelta64(182, "D")
"""Years stand in their middle, so that a day that is somewhat off is still in them."""
_YEARS = (1600, 2200)
"""Whole numbers between which all of a column's are years."""


@dataclass(frozen=True)
class Habits:
    """What the rows of one owner are like, one after the other."""

    order: str = ""
    """The column they are sorted by; empty where they have no order."""
    counters: tuple[tuple[str, int], ...] = ()
    """Columns that count them, and the first number."""
    steps: tuple[str, ...] = ()
    """Columns known by their steps."""
    rising: tuple[str, ...] = ()
    """Those among them that never fall."""
    same: tuple[str, ...] = ()
    """Columns whose value is often that of the row before."""
    again: str = "="
    """The label that says so."""
    means: tuple[str, ...] = ()
    """Measures whose mean each row is told, over the rows before it and those of its owner in other tables."""
    labels: tuple[str, ...] = ()
    """Labels of which the number of different ones is planned."""
    vocabulary: tuple[tuple[str, ...], ...] = ()
    """The frequent labels of each of those."""
    units: tuple[tuple[int, int], ...] = ()
    """Of each column known by its steps, what all its values are apart by, and the rest that they leave."""
    since: tuple[tuple[str, str], ...] = ()
    """Moments known by how long after one that is known by its steps they are."""

    @property
    def counted(self) -> tuple[str, ...]:
        """The names of counters."""
        return tuple(name for name, _ in self.counters)

    @property
    def recoded(self) -> frozenset[str]:
        """Columns that a network learns as something else than what they are."""
        return frozenset((*self.steps, *self.same, *dict(self.since)))


@dataclass(frozen=True)
class Siblings:
    """Rows sorted by their owner, and in their order within it, in plain types."""

    rows: pa.Table
    index: Whole
    """Where each row stood before."""
    owner: Whole
    """The position of its owner."""
    place: Whole
    """Its place among its owner's rows, from 0."""

    @property
    def first(self) -> Flags:
        """Which rows are the first of their owner."""
        first: Flags = self.place == 0
        return first


def is_measure(kind: pa.DataType) -> bool:
    """Whether values can be added up or subtracted: numbers and moments."""
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
    return bool(number or (pa.types.is_temporal(kind) and not pa.types.is_interval(kind)))


def is_whole(kind: pa.DataType) -> bool:
    """Whether differences of values are exact as whole numbers."""
    return bool(is_measure(kind) and not pa.types.is_floating(kind) and not pa.types.is_decimal(kind))


def whole(values: pa.Array) -> Whole:
    """Integers and moments as whole units, 0 where null."""
    if pa.types.is_date(values.type):
        values = values.cast(pa.date32()).cast(pa.int32())
    elif pa.types.is_time32(values.type):
        values = values.cast(pa.int32())
    found: Whole = pc.fill_null(values.cast(pa.int64(), safe=False), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    return found


def unwhole(found: Whole, kind: pa.DataType, absent: Flags | None = None) -> pa.Array:
    """Whole units as values of a type; what the type cannot hold becomes the nearest that it can."""
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        found = np.clip(found, *calendar(unit_of(kind)))
    if pa.types.is_date(kind):
        return pa.array(found.astype(np.int32), pa.int32(), mask=absent).cast(pa.date32()).cast(kind)
    if pa.types.is_time32(kind):
        return pa.array(found.astype(np.int32), pa.int32(), mask=absent).cast(kind)
    if pa.types.is_integer(kind) and kind != pa.int64():
        limits = np.iinfo(kind.to_pandas_dtype())
        low, high = max(limits.min, -(2**63)), min(limits.max, 2**63 - 1)
        return pa.array(np.clip(found, low, high).astype(limits.dtype), kind, mask=absent)
    return pa.array(found, pa.int64(), mask=absent).cast(kind)


def floats(values: pa.Array) -> Floats:
    """Measures as floats, NaN where null."""
    absent = np.asarray(values.is_null())
    if is_whole(values.type):
        found = whole(values).astype(np.float64)
    else:
        found = pc.fill_null(values.cast(pa.float64()), 0.0).to_numpy(zero_copy_only=False).copy()
        found[~np.isfinite(found)] = np.nan
    found[absent] = np.nan
    return found


def sorted_siblings(rows: pa.Table, owner: Whole, order: str) -> Siblings:
    """Rows that have an owner, sorted by it and by a column, or as they stand."""
    index = np.arange(len(owner))
    if order:
        index = np.asarray(pc.sort_indices(rows, [(order, "ascending")]).to_numpy(zero_copy_only=False), np.int64)
    index = index[np.argsort(owner[index], kind="stable")]
    index = index[owner[index] >= 0]
    own = owner[index]
    taken = rows.take(pa.array(index))
    plain = {name: arrow.plain(taken.column(name).combine_chunks()) for name in rows.column_names}
    return Siblings(pa.table(plain), index, own, places(own))


def shuffled(siblings: Siblings, seed: int) -> Siblings:
    """The rows of each owner in another order."""
    dice = np.random.default_rng((seed, 3)).random(len(siblings.owner))
    order = np.lexsort((dice, siblings.owner))
    return Siblings(siblings.rows.take(pa.array(order)), siblings.index[order], siblings.owner, siblings.place)


def places(groups: Whole) -> Whole:
    """For sorted group numbers, the place of each within its group, from 0."""
    starts = np.flatnonzero(np.concatenate([[True], groups[1:] != groups[:-1]])) if len(groups) else np.zeros(0, int)
    lengths = np.diff(np.append(starts, len(groups)))
    found: Whole = np.arange(len(groups)) - np.repeat(starts, lengths)
    return found


def order_of(table: Table, rows: pa.Table, owner: Whole, keys: Sequence[str]) -> str:
    """The column in whose order children came: found among keys, dates and columns sorted as stored; or none.

    ``keys`` are the columns that join the rows with their owner.
    """
    stored = sorted_siblings(rows, owner, "")
    names = [one.name for one in rows.schema if one.name not in keys and is_measure(one.type)]
    names = [name for name in names if rows.column(name).null_count == 0]
    pair = ~stored.first[1:] if len(stored.owner) else np.zeros(0, bool)
    if not pair.any():
        return ""
    within = {u for unique in table.uniques if set(keys) < set(unique.columns) for u in unique.columns}
    moving, rises = {}, {}
    for name in names:
        step = np.diff(floats(stored.rows.column(name).combine_chunks()))
        moving[name] = float((step[pair] != 0).mean())
        rises[name] = _families(step >= 0, stored)
    keyed = [name for name in names if name in within and moving[name] > _MOVING]
    moments = [n for n in names if pa.types.is_temporal(rows.schema.field(n).type) and moving[n] > _MOVING]
    sorted_ = [name for name in names if rises[name] >= _SORTED and moving[name] > _MOVING]
    for found in (keyed, moments, sorted_):
        if found:
            best: str = max(found, key=lambda n: (rises[n] >= _SORTED, round(moving[n], 1), -names.index(n)))
            return best
    return ""


def _families(holds: Flags, siblings: Siblings) -> float:
    """The share of owners, of those with two rows or more, for whose successive rows something holds each time."""
    pair = ~siblings.first[1:]
    broken = np.unique(siblings.owner[1:][pair & ~holds])
    several = np.unique(siblings.owner[1:][pair])
    return 1 - len(broken) / max(len(several), 1)


def counters_of(siblings: Siblings, names: Sequence[str]) -> tuple[tuple[str, int], ...]:
    """Columns that count the rows of each owner, and the first number of all."""
    pair = ~siblings.first[1:]
    found = []
    for name in names:
        values = siblings.rows.column(name).combine_chunks()
        if not pa.types.is_integer(values.type) or values.null_count or not pair.any():
            continue
        numbers = whole(values)
        first = numbers[siblings.first]
        if (first == first[0]).all() and (np.diff(numbers)[pair] == 1).all():
            found.append((name, int(first[0])))
    return tuple(found)


def habits_of(
    siblings: Siblings, order: str, names: Sequence[str], counters: tuple[tuple[str, int], ...], k: int
) -> Habits:
    """Find how the columns of children go on; ``names`` are the columns that are learned."""
    steps, rising, units, means, labels = [], [], [], [], {}
    pair = ~siblings.first[1:]
    for name in names:
        values = siblings.rows.column(name).combine_chunks()
        if order and pair.any() and is_whole(values.type) and not values.null_count:
            step = np.diff(whole(values))
            if (step[pair] != 0).mean() > _MOVING and _families(step >= 0, siblings) >= _SORTED:
                steps.append(name)
                units.append(_unit(whole(values), values.type))
                if (step[pair] >= 0).all():
                    rising.append(name)
                continue
        if is_measure(values.type):
            means.append(name)
        elif arrow.is_text(values.type) or pa.types.is_boolean(values.type):
            labels[name] = _frequent(values, k)
    since = _since(siblings, order, steps, names)
    known = {*steps, *dict(since)}
    same = [name for name in names if name not in known and _again(siblings.rows.column(name).combine_chunks(), pair)]
    again = "="
    while any(again in words for words in labels.values()):
        again += "="
    kept = list(labels)[:_LABELS]
    return Habits(
        order,
        counters,
        tuple(steps),
        tuple(rising),
        tuple(same),
        again,
        tuple(means[:_MEASURES]),
        tuple(kept),
        tuple(labels[name] for name in kept),
        tuple(units),
        since,
    )


def _unit(values: Whole, kind: pa.DataType) -> tuple[int, int]:
    """The largest of a day, an hour, a minute and a second by which all moments are apart, and the rest they leave."""
    if not pa.types.is_timestamp(kind):
        return 1, 0
    second = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}[kind.unit]
    apart = int(np.gcd.reduce(values - values[0]))
    unit = next((one * second for one in (86_400, 3_600, 60, 1) if apart % (one * second) == 0), 1)
    return unit, int(values[0] % unit)


def _since(siblings: Siblings, order: str, steps: Sequence[str], names: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """Moments that are near one that is known by its steps, as what is sent is near what was ordered."""
    found = []
    for name in (name for name in names if name not in steps):
        values = siblings.rows.column(name).combine_chunks()
        alike = [one for one in steps if siblings.rows.schema.field(one).type == values.type]
        if not alike or not pa.types.is_temporal(values.type):
            continue
        base = order if order in alike else alike[0]
        there = np.asarray(values.is_valid())
        own, other = whole(values)[there], whole(siblings.rows.column(base).combine_chunks())[there]
        if len(own) >= _MOMENTS and (own - other).std() < _NEAR * own.std():
            found.append((name, base))
    return tuple(found)


def _again(values: pa.Array, pair: Flags) -> bool:
    """Whether a value is the one before far more often than chance has it."""
    measure = is_measure(values.type)
    if not pair.any() or pa.types.is_boolean(values.type) or not (measure or arrow.is_text(values.type)):
        return False
    if measure and (values.null_count or pc.count_distinct(values).as_py() <= _FEW):
        return False
    codes = pc.fill_null(values.dictionary_encode().indices, -1).to_numpy(zero_copy_only=False)
    there = pair & (codes[1:] >= 0) & (codes[:-1] >= 0)
    if not there.any():
        return False
    share = np.bincount(codes[codes >= 0]) / max(int((codes >= 0).sum()), 1)
    if measure:  # numbers that many rows have, as 0, come again by themselves
        there &= share[codes[:-1]] < _COMMON
        if there.sum() < _COMMON * pair.sum():
            return False
    again = float((codes[1:] == codes[:-1])[there].mean())
    return again >= _SAME and again > _LIFT * float((share**2).sum())


def _frequent(values: pa.Array, k: int) -> tuple[str, ...]:
    counted = pc.value_counts(values.cast(pa.string()).drop_null())
    found = dict(zip(counted.field(0).to_pylist(), counted.field(1).to_pylist(), strict=True))
    told = sorted((label for label in found if found[label] >= k), key=lambda label: (-found[label], label))
    return tuple(told[:_VOCABULARY])


def _planned_first(values: pa.Array) -> pa.Array:
    """The first values of a column that rises; years as days, so that they are compared with the owner's own days."""
    if not pa.types.is_integer(values.type) or values.null_count == len(values):
        return values
    low, high = pc.min_max(values).as_py().values()
    if low < _YEARS[0] or high > _YEARS[1]:
        return values
    days = (whole(values) - 1970).astype("datetime64[Y]").astype("datetime64[D]") + _MIDDLE
    return pa.array(days, pa.date32(), mask=np.asarray(values.is_null()))


def firsts(planned: pa.Array, kind: pa.DataType) -> Whole:
    """Planned first values as whole units of the column itself, 0 where there are none."""
    found = whole(planned)
    if pa.types.is_date(planned.type) and pa.types.is_integer(kind):
        return found.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970
    return found


def plans_of(siblings: Siblings, habits: Habits, owners: int) -> dict[str, pa.Array]:
    """What each owner's rows come to, by a name of it; null for owners without any."""
    count = np.bincount(siblings.owner, minlength=owners)
    none = count == 0
    first = np.zeros(owners, np.int64)
    first[siblings.owner[siblings.first]] = np.flatnonzero(siblings.first)
    last = np.zeros(owners, np.int64)
    last[siblings.owner] = np.arange(len(siblings.owner))
    plans: dict[str, pa.Array] = {}
    for name in habits.steps:
        values = siblings.rows.column(name).combine_chunks()
        plans[f"first {name}"] = _planned_first(values.take(pa.array(first, mask=none)))
        found = whole(values)
        span = found[last] - found[first] if len(found) else np.zeros(owners, np.int64)
        plans[f"pace {name}"] = pa.array(span / np.maximum(count - 1, 1), mask=count < 2)
    for name in habits.labels:
        codes = pc.fill_null(siblings.rows.column(name).combine_chunks().cast(pa.string()), "").dictionary_encode()
        pairs = np.unique(np.stack([siblings.owner, codes.indices.to_numpy(zero_copy_only=False)]), axis=1)[0]
        plans[f"different {name}"] = pa.array(np.bincount(pairs, minlength=owners), pa.int64(), mask=none)
    return plans


def means_of(rows: pa.Table, owner: Whole, habits: Habits, owners: int) -> dict[str, pa.Array]:
    """What the measures of each owner's rows come to in the mean, by a name of it; null for owners without any."""
    found = {}
    for name in habits.means:
        values = floats(arrow.plain(rows.column(name).combine_chunks()))
        there = ~np.isnan(values)
        many = np.bincount(owner[there], minlength=owners)
        total = np.bincount(owner[there], values[there], minlength=owners)
        found[f"mean {name}"] = pa.array(total / np.maximum(many, 1), mask=many == 0)
    return found
