"""What holds between the columns of a table, found in a sample of its rows and never set by hand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow
from understudy.schema import Table
from understudy.synth.encoding.columns import FEW
from understudy.synth.relations.copies import LEAST, Flags, Numeric, near, number_pairs, numeric, value_pairs
from understudy.synth.relations.dependencies import Dependency, dependencies_of
from understudy.synth.relations.later import comparable, moments
from understudy.synth.relations.rules import Copy, Product, Sum, as_floats
from understudy.synth.relations.sums import combined

Kind = Literal["copy", "constant", "sum", "product", "order", "dependency", "nulls"]
Rule = Copy | Sum | Product

ROWS = 20_000
"""Rows in which everything is counted."""
_SEARCHED = 4_000
_PAIRS = 40  # columns of numbers that are compared each with each
_FORMULAS = 6
_ORDERED = 0.99
_TORN = 0.97  # what holds as often between columns that do not belong together says nothing
_SURE = 0.95
_SHORT = 6  # characters of a factor that somebody may have chosen


@dataclass(frozen=True)
class Relation:
    """Something that holds between columns; names and a rate, no value of a row."""

    kind: Kind
    columns: tuple[str, ...]
    """The column that follows, then those it follows from; of an order the lesser one first."""
    rate: float
    """The share of rows in which it holds, of those where all columns are there."""
    text: str

    def __str__(self) -> str:
        return f"{self.text} ({self.rate:.1%})"


@dataclass(frozen=True)
class Order:
    """A column that is hardly ever greater than another."""

    low: str
    high: str
    rate: float
    gap: float = 0.0
    """How far apart the closest tenth of them are, on average."""
    step: float = 0.0


@dataclass(frozen=True)
class Relations:
    """All that was found: for people (``found``, or printed), and for the synthesizer."""

    found: tuple[Relation, ...] = ()
    formulas: tuple[tuple[str, Rule], ...] = ()
    """Columns that follow, each with its formulas, the most frequent first; they form no circle."""
    sure: tuple[tuple[str, Rule], ...] = ()
    """The formulas among them that hold nearly always."""
    orders: tuple[Order, ...] = ()
    dependencies: tuple[Dependency, ...] = ()

    def __str__(self) -> str:
        return "\n".join(map(str, self.found)) or "nothing holds between the columns"

    @property
    def by_column(self) -> Mapping[str, tuple[Rule, ...]]:
        """The formulas of each column."""
        made: dict[str, tuple[Rule, ...]] = {}
        for name, formula in self.formulas:
            made[name] = (*made.get(name, ()), formula)
        return made


def find(rows: pa.Table, table: Table, *, k: int = 10, skip: Collection[str] = ()) -> Relations:
    """Look for copies, constants, sums, products, orders, dependencies and nulls that go together.

    ``skip`` names columns to leave out, as the table's keys are.  What is kept of values is said of ``k`` rows each.
    """
    keys = {unique.columns[0] for unique in table.uniques if len(unique.columns) == 1}
    names = [name for name in rows.column_names if name not in skip and name not in keys]
    if len(rows) < 2 * k or len(names) < 2:
        return Relations()
    some = pa.array(np.random.default_rng(3).permutation(len(rows))[:ROWS])
    columns = {name: arrow.plain(rows.column(name).combine_chunks()).take(some) for name in names}
    numbers = {name: numeric(name, values) for name, values in columns.items() if _is_number(values.type)}
    formulas, told = _formulas(columns, numbers)
    orders = list(_orders(columns, numbers, formulas))
    often = {one.columns[0] for one in told if one.rate >= _SURE}
    follows = {name for name, _ in formulas if name in often or name not in numbers}
    fixed = dependencies_of(columns, k, skip=follows & numbers.keys())
    told += [Relation("order", (one.low, one.high), one.rate, f"{one.low} <= {one.high}") for one in orders]
    for one in fixed:
        told.append(Relation("dependency", (one.target, one.source), one.rate, f"{one.source} -> {one.target}"))
    told += _nulls(columns)
    sure = {(r.columns[0], r.text) for r in told if r.rate >= _SURE}
    certain = [(name, one) for name, one in formulas if (name, _spelled(name, one)) in sure]
    kept = [one for one in fixed if one.keys and one.target not in follows and one.source not in follows]
    return Relations(tuple(told), tuple(formulas), tuple(certain), tuple(orders), tuple(kept))


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _spelled(name: str, formula: Rule) -> str:
    return f"{name} = {formula}"


def _formulas(
    columns: Mapping[str, pa.Array], numbers: Mapping[str, Numeric]
) -> tuple[list[tuple[str, Rule]], list[Relation]]:
    """The formulas that are kept: each gives rows that none before it gives, and together they form no circle."""
    tried = list(_candidates(columns, numbers))
    held = {(name, one): _held(name, one, columns, numbers) for name, one in tried}
    left: dict[str, Flags] = {name: np.ones(len(values), bool) for name, values in columns.items()}
    needs: dict[str, set[str]] = {}
    kept: list[tuple[str, Rule]] = []
    places = {name: place for place, name in enumerate(columns)}
    order = sorted(
        dict.fromkeys(tried), key=lambda one: (-round(float(held[one].mean()), 3), *_size(one, numbers, places))
    )
    while order:
        name, formula = order.pop(0)
        fresh = held[name, formula] & left[name]
        least = LEAST / 2 if isinstance(formula, Copy) else LEAST
        if fresh.mean() < least or sum(one == name for one, _ in kept) >= _FORMULAS:
            continue
        if _circular({**needs, name: needs.get(name, set()) | set(formula.sources)}):
            continue
        needs.setdefault(name, set()).update(formula.sources)
        left[name] = left[name] & ~fresh
        kept.append((name, formula))
    told = []
    for name, formula in kept:
        there = np.asarray(columns[name].is_valid())
        for source in formula.sources:
            there &= np.asarray(columns[source].is_valid())
        rate = float((held[name, formula] & there).sum() / max(there.sum(), 1))
        told.append(Relation(_kind(formula), (name, *formula.sources), rate, _spelled(name, formula)))
    return kept, told


def _candidates(columns: Mapping[str, pa.Array], numbers: Mapping[str, Numeric]) -> Iterator[tuple[str, Rule]]:
    """Formulas that hold in some of the rows."""
    part = [one.take(slice(0, _SEARCHED)) for one in numbers.values()]
    many = [one for one in part if one.different > FEW]
    yield from number_pairs(part[:_PAIRS], many[:_PAIRS])
    yield from combined(part, many[:_PAIRS])
    others = [(name, values.slice(0, _SEARCHED)) for name, values in columns.items() if _is_value(values.type)]
    yield from value_pairs([one for one in others if pc.count_distinct(one[1]).as_py() > FEW])


def _is_value(kind: pa.DataType) -> bool:
    """Whether values of a type may be copies without being numbers."""
    return bool(arrow.is_text(kind) or pa.types.is_date(kind) or pa.types.is_timestamp(kind) or pa.types.is_time(kind))


def _held(name: str, formula: Rule, columns: Mapping[str, pa.Array], numbers: Mapping[str, Numeric]) -> Flags:
    if name in numbers:
        if isinstance(formula, Copy):
            return near(numbers[formula.source].found, numbers[name])
        return near(formula.of([numbers[source].found for source in formula.sources]), numbers[name])
    equal = pc.equal(columns[name], columns[formula.sources[0]])
    return np.asarray(pc.fill_null(equal, False).to_numpy(zero_copy_only=False), bool)


def _size(
    one: tuple[str, Rule], numbers: Mapping[str, Numeric], places: Mapping[str, int]
) -> tuple[int, int, float, int, str]:
    """Of equal formulas: fewer columns, shorter factors (1.5, not 0.666667, which only undoes what nobody computed),
    then that of the greatest numbers, for its error is the sum of others'.  Of copies it is the later that follows.
    """
    name, formula = one
    long = len(f"{formula.factor:g}") if isinstance(formula, Product) else 0
    large = 0.0 if isinstance(formula, Copy) else float(np.nanmean(np.abs(numbers[name].found)))
    return len(formula.sources) + (2 if long > _SHORT else 0), long, -large, -places[name], str(formula)


def _circular(needs: Mapping[str, Iterable[str]]) -> bool:
    try:
        TopologicalSorter(needs).prepare()
    except CycleError:
        return True
    return False


def _kind(formula: Rule) -> Kind:
    if isinstance(formula, Copy):
        return "copy"
    if len(formula.sources) == 1:
        return "constant"
    return "sum" if isinstance(formula, Sum) else "product"


def _orders(
    columns: Mapping[str, pa.Array], numbers: Mapping[str, Numeric], formulas: list[tuple[str, Rule]]
) -> Iterator[Order]:
    """Columns of which one is hardly ever greater than the other; of chains, each with its next."""
    sides: dict[str, NDArray[np.float64]] = {}
    for name, values in columns.items():
        if name in numbers and numbers[name].different > FEW:
            sides[name] = as_floats(values)
        elif moments(values.type):
            sides[name] = comparable(values)
    days = {name for name, values in columns.items() if pa.types.is_date(values.type)}
    linked = {frozenset((name, source)) for name, one in formulas for source in one.sources}
    found: list[tuple[float, Order]] = []
    order = np.random.default_rng(7).permutation(len(next(iter(columns.values()))))
    for low, one in sides.items():
        for high, two in sides.items():
            if low == high or (low in numbers) != (high in numbers) or frozenset((low, high)) in linked:
                continue
            whole = 86_400 if low not in days and high in days else 0  # a day is not before a moment of it
            rate, torn, spread, gap = _ordered(one // whole * whole if whole else one, two, order)
            if rate >= _ORDERED and torn <= _TORN:
                step = max(numbers[low].step, numbers[high].step) if low in numbers else 0.0
                found.append((spread, Order(low, high, rate, gap, step)))
    found.sort(key=lambda item: (item[0], item[1].low, item[1].high))
    needs: dict[str, set[str]] = {}
    for name, formula in formulas:
        needs.setdefault(name, set()).update(formula.sources)
    for _, kept in found:
        more = {**needs, kept.high: needs.get(kept.high, set()) | {kept.low}}
        if _reached(needs, kept.high, kept.low) or _circular(more):
            continue
        needs.setdefault(kept.high, set()).add(kept.low)
        yield kept


def _ordered(
    one: NDArray[np.float64], two: NDArray[np.float64], order: NDArray[np.int64]
) -> tuple[float, float, float, float]:
    """How often one is not above two, how often when torn apart; how the distance varies, and how small it gets."""
    there = np.isfinite(one) & np.isfinite(two)
    if there.mean() < 0.05 or there.sum() < 50:
        return 0.0, 1.0, 0.0, 0.0
    low, high = one[there], two[there]
    torn = float((low[order[order < len(low)]] <= high).mean())
    rate = float((low <= high).mean())
    if rate < _ORDERED or torn > _TORN:
        return rate, torn, 0.0, 0.0
    apart = np.sort(high - low)
    quarter = len(apart) // 4
    near = float(np.maximum(apart[: max(len(apart) // 10, 5)], 0).mean())
    return rate, torn, float(apart[-quarter - 1] - apart[quarter]), near


def _reached(needs: Mapping[str, Collection[str]], start: str, goal: str) -> bool:
    """Whether one column follows from another already, over some way."""
    waiting, seen = [start], set()
    while waiting:
        for source in needs.get(waiting.pop(), ()):
            if source == goal:
                return True
            if source not in seen:
                seen.add(source)
                waiting.append(source)
    return False


def _nulls(columns: Mapping[str, pa.Array]) -> list[Relation]:
    """Columns that are null in the same rows; the classes of nulls that go together keep it so."""
    gone = {name: np.asarray(values.is_null()) for name, values in columns.items() if values.null_count}
    gone = {name: rows for name, rows in gone.items() if rows.sum() >= 20 and not rows.all()}
    told, grouped = [], set()
    for one, left in gone.items():
        for two, right in gone.items():
            if one < two and two not in grouped and (left == right).mean() >= 0.999:
                grouped.add(two)
                told.append(Relation("nulls", (two, one), float((left == right).mean()), f"{two} is null as {one} is"))
    return told
