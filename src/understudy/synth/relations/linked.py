"""From what was found between columns to codecs that keep it, and to rows given in part that obey it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow
from understudy.schema import Table
from understudy.synth.encoding.columns import FEW, Categories, Coded, Numbers
from understudy.synth.encoding.moments import Moments
from understudy.synth.relations.finding import Order, Rule, find
from understudy.synth.relations.later import Later, later_of, moments
from understudy.synth.relations.legal import legal_of
from understudy.synth.relations.related import Related, fitting, related
from understudy.synth.relations.rules import Copy, Product, Sum, as_array, as_floats, shaped, stepped

if TYPE_CHECKING:
    from understudy.synth.encoding.encode import Encoder

_ROWS = 20_000
_OFF = 1e-9


def linked(encoder: Encoder, table: Table, rows: pa.Table, k: int, among: Collection[str] | None = None) -> Encoder:
    """An encoder whose columns follow one another where the rows show that they do; with ``among``, only those."""
    plain = pa.table({name: arrow.plain(rows.column(name).combine_chunks()) for name in encoder.names})
    others = [] if among is None else [name for name in encoder.names if name not in among]
    with np.errstate(all="ignore"):  # numbers near the ends of floats may well be no result of anything
        found = find(plain, table, k=k, skip=(*encoder.identifiers, *encoder.context, *others))
    formulas = {name: rules for name, rules in found.by_column.items() if _may_follow(encoder.coded[name], rules)}
    loose = [(name, one) for name, one in found.formulas if (name, one) not in found.sure]
    coded = related(encoder.coded, plain, formulas, loose)
    for order in found.orders:
        values = plain.column(order.high).combine_chunks()
        if moments(values.type) and isinstance(coded[order.high], Moments):  # of several orders the closest
            column = table.by_name.get(order.high)
            source = plain.column(order.low).combine_chunks()
            nullable = column.nullable if column else True
            coded[order.high] = later_of(values, source, order.low, coded[order.high], k, nullable=nullable)
    whole = replace(encoder, coded=coded, relations=found)
    if others:
        return whole
    some = plain.take(np.sort(np.random.default_rng(9).permutation(len(rows))[:_ROWS]))
    return replace(whole, legal=legal_of(whole.parts, whole.encode(some).codes, k))


def _may_follow(coded: Coded, rules: tuple[Rule, ...]) -> bool:
    """Whether a column has so many values that a network cannot see for itself that they follow."""
    if isinstance(coded, Numbers):
        return coded.curve is not None
    copies = all(isinstance(one, Copy) for one in rules)
    if isinstance(coded, Categories):
        return copies and (len(coded.labels) > FEW or coded.rare)
    return copies and isinstance(coded, Moments)


def completed(encoder: Encoder, given: pa.Table, rng: np.random.Generator) -> pa.Table:
    """Rows given in part, with what follows from their values filled in: the tax of a total and a net."""
    found = encoder.relations
    columns = {name: arrow.plain(given.column(name).combine_chunks()) for name in given.schema.names}
    before = dict(columns)
    for one in found.dependencies:
        if one.source in columns:
            _fill(encoder, columns, one.target, one.looked_up(columns[one.source]))
    for name, formula in (*found.sure, *found.sure):
        _solve(encoder, columns, name, formula)
    for name, coded in encoder.coded.items():
        if isinstance(coded, Later) and name in columns:
            start = coded.start_of(columns[name], rng.random(len(given)))
            _fill(encoder, columns, coded.source, _moment(start, coded.unit, encoder, coded.source))
    if all(columns[name] is before.get(name) for name in columns):
        return given
    schema = pa.schema([encoder.inner.field(name) for name in columns])
    made = [arrow.like(values, one.type) for values, one in zip(columns.values(), schema, strict=True)]
    return pa.Table.from_arrays(made, schema=pa.schema([one.with_nullable(True) for one in schema]))


def _fill(encoder: Encoder, columns: dict[str, pa.Array], name: str, values: pa.Array) -> None:
    """Put values where a given column has none."""
    if not (len(values) - values.null_count):
        return
    kind = arrow.plain(pa.array([], encoder.inner.field(name).type)).type
    values = fitting(values, kind)
    columns[name] = pc.coalesce(columns[name].cast(kind), values) if name in columns else values


def _moment(start: pa.Array, unit: str, encoder: Encoder, name: str) -> pa.Array:
    """Whole units as moments of a column's type."""
    kind = encoder.inner.field(name).type
    moment = start.cast(pa.int32()).cast(pa.date32()) if unit == "D" else start.cast(pa.timestamp(unit))
    return moment.cast(kind, safe=False)


def _solve(encoder: Encoder, columns: dict[str, pa.Array], name: str, formula: Rule) -> None:
    """Fill in the one column of a formula that a row lacks."""
    every = (name, *formula.sources)
    if isinstance(formula, Copy):
        for one, other in ((name, formula.source), (formula.source, name)):
            if other in columns:
                _fill(encoder, columns, one, columns[other])
        return
    rows = len(next(iter(columns.values())))
    numbers = {one: as_floats(columns[one]) if one in columns else np.full(rows, np.nan) for one in every}
    lacking = np.stack([np.isnan(numbers[one]) for one in every])
    for at, one in enumerate(every):
        only = lacking[at] & (lacking.sum(0) == 1)
        if not only.any():
            continue
        sources = [numbers[source] for source in formula.sources]
        if at == 0:
            solved = formula.of(sources)
        else:
            solved = stepped(_inverse(formula, at - 1, numbers[name], sources), _step(encoder.coded[one]))
            again = formula.of([solved if i == at - 1 else number for i, number in enumerate(sources)])
            with np.errstate(invalid="ignore"):
                only &= np.abs(again - numbers[name]) <= _OFF * np.abs(numbers[name])
        _fill(encoder, columns, one, as_array(np.where(only, solved, np.nan)))


def _inverse(
    formula: Sum | Product, at: int, result: NDArray[np.float64], sources: list[NDArray[np.float64]]
) -> NDArray[np.float64]:
    """The source that gives a result with the others."""
    rest = [number for i, number in enumerate(sources) if i != at]
    if isinstance(formula, Sum):
        signs = [sign for i, sign in enumerate(formula.signs) if i != at]
        others = sum((s * n for s, n in zip(signs, rest, strict=True)), np.zeros(len(result)))
        return np.asarray((result - formula.constant - others) * formula.signs[at])
    forms = [form for i, form in enumerate(formula.forms) if i != at]
    total = np.full(len(result), formula.factor)
    for form, number in zip(forms, rest, strict=True):
        total = total * shaped(number, form)
    form = formula.forms[at]
    share: NDArray[np.float64] = np.divide(result, total, out=np.full(len(result), np.nan), where=total != 0)
    if form == "x":
        return share
    if form == "1/x":
        return shaped(share, "1/x")
    return ((share - 1) if form.startswith("1+") else (1 - share)) * (100 if form.endswith("%") else 1)


def _step(coded: Coded) -> float:
    inner = coded.inner if isinstance(coded, Related) else coded
    return inner.step if isinstance(inner, Numbers) else 0.0


def mended(encoder: Encoder, made: dict[str, pa.Array], given: pa.Table | None, rng: np.random.Generator) -> None:
    """Make drawn columns agree with what fixes them, and stay in order where that never fails, in place."""
    relations = encoder.relations
    fixed = {name: given.column(name) for name in given.schema.names} if given is not None else {}
    for one in relations.dependencies:
        if one.source in made and one.target in made:
            source, target = one.mended(made[one.source], made[one.target], fixed, rng)
            made[one.source], made[one.target] = source, target
    bound = {name for name, formula in relations.formulas for name in (name, *formula.sources)}
    for order in relations.orders:
        if order.rate == 1 and order.low in made and order.high in made and not moments(made[order.low].type):
            _ordered(order, made, {*bound, *fixed}, rng)
    for name, formula in relations.sure:
        if name in fixed and isinstance(formula, Sum):
            _settled(encoder, made, fixed, name, formula)


def _settled(
    encoder: Encoder, made: dict[str, pa.Array], fixed: dict[str, pa.ChunkedArray], name: str, formula: Sum
) -> None:
    """Let a sum that is given be that of its parts, by the largest part that is not given and nothing else needs."""
    needed = [one for other, rule in encoder.relations.formulas if rule != formula for one in (other, *rule.sources)]
    free = [one for one in formula.sources if one not in fixed and one not in needed]
    if not free or any(one not in made for one in formula.sources):
        return
    result, sources = as_floats(made[name]), [as_floats(made[one]) for one in formula.sources]
    sizes = {one: float(np.nansum(np.abs(numbers))) for one, numbers in zip(formula.sources, sources, strict=True)}
    chosen = max(free, key=lambda one: sizes[one])
    coded = encoder.coded[chosen]
    if not isinstance(coded, Numbers) or coded.curve is None:
        return
    solved = stepped(_inverse(formula, formula.sources.index(chosen), result, sources), coded.step)
    low, high = coded.curve.values[0] + coded.origin, coded.curve.values[-1] + coded.origin
    with np.errstate(invalid="ignore"):
        wrong = (np.abs(formula.of(sources) - result) > _OFF * np.abs(result)) & (solved >= low) & (solved <= high)
    wrong &= np.asarray(fixed[name].is_valid())
    values = fitting(as_array(np.where(wrong, solved, np.nan)), made[chosen].type)
    made[chosen] = pc.coalesce(values, made[chosen])


def _ordered(order: Order, made: dict[str, pa.Array], bound: set[str], rng: np.random.Generator) -> None:
    """Move one of two numbers that are out of order a little beyond the other; neither where both are bound."""
    low, high = as_floats(made[order.low]), as_floats(made[order.high])
    with np.errstate(invalid="ignore"):
        wrong = low > high
    free = [name for name in (order.high, order.low) if name not in bound]
    if not free or not wrong.any():
        return
    gap = stepped(rng.random(len(low)) * 2 * order.gap, order.step)
    rises = rng.random(len(low)) < 0.5 if len(free) == 2 else np.full(len(low), free[0] == order.high)
    for name, rows, moved in ((order.high, wrong & rises, low + gap), (order.low, wrong & ~rises, high - gap)):
        values = fitting(as_array(np.where(rows, stepped(moved, order.step), np.nan)), made[name].type)
        made[name] = pc.coalesce(values, made[name])
