"""The columns of a table as noisy counts tell them: codecs that no one subject changes much.

Nothing of ``encode`` that looks at values is used.  Every question to the data is one histogram in whose cells each row
counts once; its counts get discrete Gaussian noise, and which questions are asked of a column depends on its type only:

- labels: one histogram.  Labels that are declared, or ``categories``, are public; of others those are told whose noisy
  count is above a threshold that a lone subject's label passes with a chance of ``label_delta`` at most (Korolova and
  others, 2009; with Gaussian noise, as Wilkins and others, 2024); all others are "rare", and never made.
- numbers: how many are null, or have so many decimals, unless the type says it; then a tree of cells, from powers of
  two (or equal cells between given bounds) to a thousandth of them, whose heavy cells are split again.
- moments: weeks, weekdays and times of day, each as numbers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow
from understudy.errors import InputError
from understudy.schema import Column, Table
from understudy.synth.encoding.columns import FEW, LABELS, SHARED, Categories, Coded, Numbers, floats_of
from understudy.synth.encoding.curves import Curve
from understudy.synth.encoding.encode import Encoder, column_of
from understudy.synth.encoding.identifiers import Identifiers
from understudy.synth.encoding.moments import DAY, Moments, calendar, role_of, unit_of, whole_of
from understudy.synth.encoding.patterns import Patterns
from understudy.synth.privacy.cells import SPLITS, Cells, grown
from understudy.synth.privacy.noise import Chance

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]

_DECIMALS = 6
_SURE = 3.5
"""Deviations of the noise above which a count is taken for more than noise."""
_SPREAD = 0.999
"""The share of a column's numbers that its decimals must hold for."""
_EITHER = re.compile(r"\b(?:or|not|case)\b", re.IGNORECASE)
_LETTERS = 12.0
"""The mean length of fresh texts of which nothing is known."""


@dataclass
class Counter:
    """Answers histograms with noise; ``noise`` is in units of the rows of one subject, ``bound``."""

    chance: Chance
    noise: float
    bound: int = 1
    asked: int = 0
    rows: float = 0.0
    """About how many rows there are, once that was asked."""

    @property
    def deviation(self) -> float:
        """The deviation of every count that is given."""
        return self.noise * self.bound

    def counts(self, cells: Whole, size: int) -> Floats:
        """How many rows are in each of ``size`` cells; rows in cell -1 are in none."""
        self.asked += 1
        true = np.bincount(cells[cells >= 0], minlength=size)
        return (true + self.chance.whole_normal(size, self.deviation)).astype(np.float64)


@dataclass(frozen=True)
class Known:
    """What is public of a table's columns besides their types."""

    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    identifiers: Collection[str] = ()


def questions(table: Table, schema: pa.Schema, known: Known) -> int:
    """How many histograms it takes to learn the columns: a matter of their types alone."""
    return sum(_questions(_column(table, one), one, table, known) for one in schema)


def _questions(column: Column, one: pa.Field, table: Table, known: Known) -> int:
    kind = one.type
    if is_fresh(one, table, known):
        return int(column.nullable)
    counted = pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    if pa.types.is_boolean(kind) or arrow.is_text(kind):
        return 1
    if pa.types.is_null(kind):
        return 0
    if pa.types.is_temporal(kind):
        return int(column.nullable) + len(_roles(kind)) * (1 + SPLITS)
    return (0 if counted and not column.nullable else 1) + 1 + SPLITS


def _column(table: Table, one: pa.Field) -> Column:
    return table.by_name.get(one.name) or column_of(one)


def is_fresh(one: pa.Field, table: Table, known: Known) -> bool:
    """Whether values are only ever fresh: said by the caller or the schema, never by the values."""
    binary = pa.types.is_binary(one.type) or pa.types.is_fixed_size_binary(one.type)
    binary = binary or pa.types.is_large_binary(one.type)
    unique = any(u.columns == (one.name,) and not u.predicate for u in table.uniques)
    namelike = pa.types.is_integer(one.type) or arrow.is_text(one.type)
    return binary or one.name in known.identifiers or (unique and namelike)


def private_encoder(table: Table, rows: pa.Table, known: Known, counter: Counter, label_delta: float) -> Encoder:
    """Learn the codecs of a table's columns; ``label_delta`` is the chance of telling any lone label."""
    texts = [one for one in rows.schema if _unheard(_column(table, one), one, table, known)]
    each = label_delta / max(len(texts), 1)
    coded: dict[str, Coded] = {}
    fresh: list[str] = []
    for one in rows.schema:
        column, values = _column(table, one), arrow.plain(rows.column(one.name).combine_chunks())
        kind = one.type
        if is_fresh(one, table, known):
            coded[one.name] = _identifiers(values, column, counter)
            fresh.append(one.name)
        elif pa.types.is_boolean(kind) or arrow.is_text(kind):
            public = (
                ["false", "true"] if pa.types.is_boolean(kind) else [*known.categories.get(one.name, column.labels)]
            )
            coded[one.name] = _labels(values, column, public, counter, each)
        elif pa.types.is_null(kind):
            coded[one.name] = Numbers((), (1.0,), True, None)
        elif pa.types.is_temporal(kind) and not pa.types.is_interval(kind):
            coded[one.name] = _moments(values, column, counter)
        elif pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
            numbers = _numbers(values, column, known.bounds.get(one.name), counter)
            coded[one.name] = _within(numbers, table, one.name)
        else:
            raise InputError(f"column {one.name!r} holds {kind}, which cannot be learned", hint="leave the column out")
        if isinstance(coded[one.name], Identifiers) and one.name not in fresh:
            fresh.append(one.name)
    return Encoder(rows.schema, coded, tuple(fresh))


def _unheard(column: Column, one: pa.Field, table: Table, known: Known) -> bool:
    """Whether a column has labels that nobody told before."""
    told = column.labels or known.categories.get(one.name)
    return arrow.is_text(one.type) and not told and not is_fresh(one, table, known)


def _identifiers(values: pa.Array, column: Column, counter: Counter) -> Identifiers:
    """A column of fresh values, of a look that its type says."""
    shares: tuple[float, ...] = (1.0,)
    if column.nullable:
        absent = np.asarray(values.is_null(nan_is_null=False)).astype(np.int64)
        here, gone = counter.counts(absent, 2)
        shares = _shares([here, gone]) if gone > _SURE * counter.deviation else shares
    return fresh_of(values.type, column, shares)


def fresh_of(kind: pa.DataType, column: Column, shares: tuple[float, ...] = (1.0,)) -> Identifiers:
    """Fresh values of a look that a type says."""
    nullable = column.nullable
    if pa.types.is_integer(kind):
        return Identifiers("integer", shares, nullable=nullable)
    if pa.types.is_fixed_size_binary(kind):
        return Identifiers("uuid" if kind.byte_width == 16 else "bytes", shares, None, kind.byte_width, nullable)
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        return Identifiers("bytes", shares, nullable=nullable)
    return Identifiers("text", shares, Patterns((), (), 1.0, _LETTERS, column.max_length), nullable=nullable)


def _labels(
    values: pa.Array, column: Column, public: Sequence[str], counter: Counter, label_delta: float
) -> Categories | Identifiers:
    """A column of labels."""
    from scipy.special import ndtri

    texts = values.cast(pa.string())
    labels = list(public) or sorted(set(texts.drop_null().to_pylist()))
    at = pc.fill_null(pc.index_in(texts, value_set=pa.array(labels, pa.string())), len(labels)).to_numpy(
        zero_copy_only=False
    )
    absent = np.asarray(texts.is_null())
    cells = np.where(absent, len(labels) + 1, at).astype(np.int64)
    counts = counter.counts(cells, len(labels) + 2)
    told, nulls = counts[: len(labels)], counts[len(labels) + 1]
    if public:
        kept = np.arange(len(labels))[:LABELS]
    else:
        # a label of one subject only counts `bound` at most, and a subject has as many of them at most;
        # the discrete Gaussian passes t no more often than the normal passes t - 1 (Canonne and others, proposition 25)
        lone = counter.bound + 1 - counter.deviation * float(ndtri(label_delta / counter.bound))
        kept = np.flatnonzero(told > lone)
        kept = kept[np.argsort(-told[kept], kind="stable")][:LABELS]
    if not len(kept):
        return Identifiers("text", (1.0,), Patterns((), (), 1.0, _LETTERS, column.max_length), nullable=column.nullable)
    shown = np.maximum(told[kept], 1.0)
    null = bool(column.nullable and nulls > _SURE * counter.deviation)
    rest = counter.rows - shown.sum() - (nulls if null else 0.0)  # never from counts of labels that are not told
    rare = not public and bool(rest > _SURE * counter.deviation * np.sqrt(len(kept) + 2))
    shares = _shares([*shown, *([nulls] if null else []), *([max(rest, 1.0)] if rare else [])])
    kind = "bool" if pa.types.is_boolean(values.type) else "string"
    return Categories(tuple(labels[i] for i in kept), shares, null, rare, arrow_type=kind, nullable=column.nullable)


def _shares(counts: Sequence[float]) -> tuple[float, ...]:
    """Counts as shares, none of them 0."""
    some = np.maximum(np.asarray(counts, np.float64), 1.0)
    return tuple((some / some.sum()).tolist())


def _numbers(values: pa.Array, column: Column, bounds: tuple[float, float] | None, counter: Counter) -> Numbers:
    """A column of numbers; integers count from 0, whatever their least."""
    found, absent = floats_of(values, 0)
    kind = values.type
    step = 1.0 if pa.types.is_integer(kind) else 10.0**-kind.scale if pa.types.is_decimal(kind) else None
    single = pa.types.is_float32(kind) or pa.types.is_float16(kind)
    return numbers_of_cells(found, absent, bounds, step, counter, nullable=column.nullable, single=single)


def numbers_of_cells(
    found: Floats,
    absent: NDArray[np.bool_],
    bounds: tuple[float, float] | None,
    step: float | None,
    counter: Counter,
    *,
    nullable: bool,
    single: bool = False,
) -> Numbers:
    """Learn numbers with nulls marked; of a ``step`` that is not known, how many decimals they have is asked."""
    nulls = nans = 0.0
    if step is None or nullable:
        unsure = step is None
        kinds = np.where(absent, 0, np.where(np.isnan(found), 1, _decimals(found, single) + 2 if unsure else 2))
        told = counter.counts(kinds.astype(np.int64), _DECIMALS + 4 if unsure else 3)
        nulls, nans = (float(one) if one > _SURE * counter.deviation else 0.0 for one in told[:2])
        step = _step(told[2:], counter) if step is None else step
    here = found[~absent & ~np.isnan(found)]
    if bounds is not None:
        here = np.clip(here, *bounds)
    counted = np.rint(np.clip(here / step, -(2.0**62), 2.0**62)) if step else here
    cells = grown(counted, bounds, step, counter.counts, counter.deviation)
    return _numbers_of(cells, nulls if nullable else 0.0, nans, step, nullable=nullable)


def _within(numbers: Numbers, table: Table, name: str) -> Numbers:
    """Numbers that noise led over a bound which the table's own CHECK of the column sets, at that bound."""
    low, high = -np.inf, np.inf
    bound = re.compile(rf'\b{re.escape(name)}"?\)*(?:::[\w ]+)?\s*([<>]=?)\s*\(*(-?\d+(?:\.\d+)?)')
    for check in table.checks:
        if check.columns == (name,) and not check.exclusion and not _EITHER.search(check.sql):
            for sign, number in bound.findall(check.sql):
                inside = 0.0 if "=" in sign else numbers.step
                if sign[0] == ">":
                    low = max(low, float(number) + inside)
                else:
                    high = min(high, float(number) - inside)
    atoms = tuple(np.clip(np.array(numbers.atoms, np.float64), low, high).tolist())
    if numbers.curve is None:
        return replace(numbers, atoms=atoms)
    values = tuple(np.clip(np.array(numbers.curve.values), low, high).tolist())
    return replace(numbers, atoms=atoms, curve=replace(numbers.curve, values=values))


def _decimals(found: Floats, single: bool) -> Whole:
    """The least decimals that spell each number; one more than the most where none do."""
    least = np.full(len(found), _DECIMALS + 1)
    for decimals in range(_DECIMALS, -1, -1):
        with np.errstate(over="ignore", invalid="ignore"):
            short = np.round(found, decimals)
            same = short.astype(np.float32) == found.astype(np.float32) if single else short == found
        least[same] = decimals
    return least


def _step(told: Floats, counter: Counter) -> float:
    """The step of the fewest decimals that nearly all numbers have; 0 where none."""
    up = np.cumsum(np.maximum(told, 0))
    enough = up >= _SPREAD * up[-1] - 2 * _SURE * counter.deviation
    decimals = int(np.flatnonzero(enough)[0])
    return 10.0**-decimals if decimals <= _DECIMALS else 0.0


def _numbers_of(cells: Cells, nulls: float, nans: float, step: float, *, nullable: bool) -> Numbers:
    """Cells of one number that many rows share as classes, all others as a curve."""
    total = cells.counts.sum() + nulls + nans
    single = (cells.high - cells.low == 1) if step else (cells.low < 0) & (cells.high > 0)
    few = len(cells.low) <= FEW and bool(single.all())
    atom = single & (few | (cells.counts >= SHARED * max(total, 1.0)))
    atoms = (cells.low[atom] * step if step else cells.low[atom] * 0).round(_DECIMALS + 2).tolist()
    shares = cells.counts[atom].tolist()
    if nans:
        atoms, shares = [*atoms, float("nan")], [*shares, nans]
    free = ~atom
    left = float(cells.counts[free].sum())
    curve = _curve(cells, free, step) if free.any() else None
    if not atoms and curve is None and not nulls:
        atoms, shares = [0.0], [1.0]
    every = [*shares, *([nulls] if nulls else []), *([left] if curve else [])]
    return Numbers(tuple(atoms), _shares(every), bool(nulls), curve, step, 0, nullable)


def _curve(cells: Cells, free: NDArray[np.bool_], step: float) -> Curve:
    """The quantile function over some cells: numbers spread evenly in each."""
    low, high = (cells.low[free] - 0.5) * (step or 1.0), (cells.high[free] - 0.5) * (step or 1.0)
    if not step:
        low, high = cells.low[free], cells.high[free]
    up = np.concatenate([[0.0], np.cumsum(cells.counts[free])])
    levels = np.stack([up[:-1], up[1:]], 1).ravel() / up[-1]
    values = np.stack([low, high], 1).ravel()
    return Curve(tuple(levels.tolist()), tuple(values.tolist()), max(int(up[-1]), 1))


def _roles(kind: pa.DataType) -> tuple[str, ...]:
    """Into which parts moments fall: a matter of their type."""
    if pa.types.is_date(kind):
        return ("week", "weekday")
    return ("week", "weekday", "time") if pa.types.is_timestamp(kind) else ("whole",)


def _moments(values: pa.Array, column: Column, counter: Counter) -> Moments:
    """A column of dates, timestamps, times of day or durations."""
    found, absent = whole_of(values)
    unit, roles = unit_of(values.type), _roles(values.type)
    days = {"weekday": (0.0, 6.0), "time": (0.0, float(DAY[unit] - 1))}
    pieces = []
    for at, role in enumerate(roles):
        gone = absent if at == 0 else np.zeros(int((~absent).sum()), bool)
        side = role_of(found if at == 0 else found[~absent], role, unit, 0)
        nullable = column.nullable and at == 0
        pieces.append(numbers_of_cells(side, gone, days.get(role), 1.0, counter, nullable=nullable))
    low, high = calendar(unit) if "week" in roles else (-(2**62), 2**62)
    return Moments(roles, tuple(pieces), unit, low, high)
