"""Which columns copy another, or stand a constant off or a constant times it, in a share of the rows beyond chance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.synth.encoding.curves import step_of
from understudy.synth.relations.rules import Copy, Floats, Product, Sum, as_floats

Flags = NDArray[np.bool_]

LEAST = 0.02
"""The share of rows in which a formula must hold."""
LIFT = 3.0
"""How many times as often it must hold as between columns that do not belong together."""
VARIED = 12
"""Different values that a constant must hold for: of a few articles and their prices some go together by chance."""
_ATOM = 0.01
_CONSTANTS = 4
_FACTORS = 8
_DIGITS = (1, 2, 3, 4, 6)


@dataclass(frozen=True)
class Numeric:
    """A column of numbers in a sample: floats (NaN where null), their step, and which rows many others share."""

    name: str
    found: Floats
    step: float
    common: Flags
    """Rows whose value is that of many rows; a formula that gives it says little."""
    different: int

    @property
    def slack(self) -> Floats:
        """How far apart two ways of spelling the same number may be."""
        return np.abs(self.found) * 1e-9

    def take(self, rows: slice | NDArray[np.int64]) -> Numeric:
        """Some of the rows."""
        return Numeric(self.name, self.found[rows], self.step, self.common[rows], self.different)


def numeric(name: str, values: pa.Array) -> Numeric:
    """Look at a column of numbers."""
    found = as_floats(values)
    there = found[np.isfinite(found)]
    different, at, counts = np.unique(there, return_inverse=True, return_counts=True)
    common = np.zeros(len(found), bool)
    common[np.isfinite(found)] = counts[at] >= _ATOM * len(found)
    single = pa.types.is_float32(values.type) or pa.types.is_float16(values.type)
    scale = values.type.scale if pa.types.is_decimal(values.type) else None
    return Numeric(name, found, step_of(different, counts, single=single, scale=scale), common, len(different))


def near(one: Floats, column: Numeric) -> Flags:
    """In which rows numbers are a column's, but for the rounding of floats."""
    with np.errstate(invalid="ignore"):
        same: Flags = np.abs(one - column.found) <= column.slack
    return same


def shuffled(rows: int) -> NDArray[np.int64]:
    """An order in which nothing belongs together."""
    return np.random.default_rng(7).permutation(rows)


def number_pairs(columns: Sequence[Numeric], results: Sequence[Numeric]) -> Iterator[tuple[str, Copy | Sum | Product]]:
    """Formulas of one source that hold in enough rows: the column that follows, and how."""
    for result in results:
        for source in columns:
            if source.name != result.name:
                yield from ((result.name, one) for one in _constants(result, source))
                yield from ((result.name, one) for one in _factors(result, source))


def _constants(result: Numeric, source: Numeric) -> Iterator[Copy | Sum]:
    """The constants that a column often stands off another; 0 is a copy."""
    off = result.found - source.found
    apart = result.found - source.found[shuffled(len(off))]
    said = np.isfinite(off) & ~result.common
    if said.sum() < LEAST / 2 * len(off):
        return
    if not result.step:
        equal, chance = near(source.found, result) & said, near(source.found[shuffled(len(off))], result) & said
        if _beyond(equal.sum(), chance.sum(), len(off), LEAST / 2):
            yield Copy(source.name)
        return
    steps = np.rint(off[said] / result.step)
    values, counts = np.unique(steps, return_counts=True)
    for at in np.argsort(-counts, kind="stable")[:_CONSTANTS]:
        steps_off = float(values[at])
        close = np.abs(off / result.step - steps_off) < 1e-3
        chance = np.abs(apart / result.step - steps_off) < 1e-3
        if steps_off and len(np.unique(source.found[close & said])) < VARIED:
            continue
        if not _beyond((close & said).sum(), (chance & ~result.common).sum(), len(off), LEAST / (1 + (not steps_off))):
            continue
        yield Sum((source.name,), (1,), steps_off * result.step, result.step) if steps_off else Copy(source.name)


def _factors(result: Numeric, source: Numeric) -> Iterator[Sum | Product]:
    """The factors that a column often is of another, to its rounding: 0.19, 0.07."""
    said = np.isfinite(result.found) & np.isfinite(source.found) & (source.found != 0) & ~result.common
    said &= result.found != 0
    if said.sum() < LEAST * len(said) or source.different <= 2:
        return
    y, x = result.found[said], source.found[said]
    order = shuffled(len(x))
    sharp = np.abs(x) >= np.quantile(np.abs(x), 0.7)  # there rounding blurs the ratio least
    ratio = y[sharp] / x[sharp]
    tried: set[float] = set()
    for digits in _DIGITS:
        values, counts = np.unique(np.round(ratio, digits), return_counts=True)
        for at in np.argsort(-counts, kind="stable")[:_FACTORS]:
            factor = float(values[at])
            if factor in (0.0, 1.0) or factor in tried or counts[at] < LEAST * len(ratio):
                continue
            tried.add(factor)
            formula = better(Product((source.name,), ("x",), factor, result.step), [x], y)
            holds = np.abs(formula.of([x]) - y) <= np.abs(y) * 1e-9
            if holds.sum() < LEAST * len(said) or len(np.unique(x[holds])) < VARIED:
                continue
            chance = np.abs(formula.of([x[order]]) - y) <= np.abs(y) * 1e-9
            if _beyond(holds.sum(), chance.sum(), len(said), LEAST):
                yield formula


def better(formula: Sum | Product, numbers: Sequence[Floats], result: Floats) -> Sum | Product:
    """A formula with its halves rounded as they are most often."""
    other = replace(formula, up=True)
    slack = np.abs(result) * 1e-9
    with np.errstate(invalid="ignore"):
        first, second = (int((np.abs(one.of(numbers) - result) <= slack).sum()) for one in (formula, other))
    return other if second > first else formula


def _beyond(holds: int, chance: int, rows: int, least: float) -> bool:
    return bool(holds >= least * rows and holds >= LIFT * chance + 3)


def value_pairs(columns: Sequence[tuple[str, pa.Array]]) -> Iterator[tuple[str, Copy]]:
    """Columns of texts, dates or moments that equal an earlier one of the same type beyond chance."""
    for at, (name, values) in enumerate(columns):
        common = _common(values)
        for source, others in columns[:at]:
            if others.type != values.type:
                continue
            equal = _equal(values, others) & ~common
            if equal.sum() < LEAST / 2 * len(values):
                continue
            chance = _equal(values, others.take(pa.array(shuffled(len(values))))) & ~common
            if _beyond(equal.sum(), chance.sum(), len(values), LEAST / 2):
                yield name, Copy(source)


def _equal(one: pa.Array, other: pa.Array) -> Flags:
    return np.asarray(pc.fill_null(pc.equal(one, other), False).to_numpy(zero_copy_only=False), bool)


def _common(values: pa.Array) -> Flags:
    """Rows whose value is a tenth of all rows' or more: equal by chance, and few enough for a network to see."""
    encoded = pc.dictionary_encode(values)
    at = pc.fill_null(encoded.indices, len(encoded.dictionary)).to_numpy(zero_copy_only=False)
    counts = np.bincount(at, minlength=len(encoded.dictionary) + 1)
    return np.asarray(counts[at] >= 0.1 * len(values))
