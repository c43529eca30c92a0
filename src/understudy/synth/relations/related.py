"""The seam of what holds between columns: a value that follows from others of its row is a class of its column.

A formula is a copy of another column, a sum, a value looked up.  Where it gives the very value of a row, the row has
the formula's class, which the network learns like any other; where that class is drawn, the value is computed once
the columns it follows from are there.  So it holds exactly, and as often as in the table.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from graphlib import TopologicalSorter
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.synth.encoding.columns import UNKNOWN, Cells, Coded, Codes, Drawn, Numbers, Part
from understudy.synth.encoding.curves import rounded
from understudy.synth.relations.later import Later
from understudy.synth.relations.rules import Copy

_CLOSE = 1e-9


class Formula(Protocol):
    """How a value follows from other columns of its row; a frozen dataclass of plain values, so that it is saved."""

    @property
    def sources(self) -> tuple[str, ...]:
        """The columns it needs."""
        ...

    def values(self, columns: Mapping[str, pa.Array]) -> pa.Array:
        """The value of each row from plain source columns, in the column's own plain type; null where there is none."""
        ...


@dataclass(frozen=True)
class Related:
    """A column with formulas: their classes follow the inner column's own, before the class of numbers."""

    inner: Coded
    formulas: tuple[Formula, ...]
    shares: tuple[float, ...]
    """How frequent each class of the first part is."""
    loose: tuple[bool, ...] = ()
    """For each formula whether values that many rows share are their own class all the same: what gives them by
    chance says nothing."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """The inner column's, the first with more classes."""
        first, *rest = self.inner.parts
        follows = tuple(range(self.first, self.first + len(self.formulas)))
        others = (
            replace(one, without=(*one.without, *follows)) for one in rest
        )  # those before are counted as they were
        return (replace(first, shares=self.shares), *others)

    @property
    def first(self) -> int:
        """The class of the first formula."""
        own = self.inner.parts[0]
        return own.classes - 1 if own.number else own.classes

    def encode(self, values: pa.Array) -> list[Cells]:
        """The cells of values whose sources are not there."""
        return self.encode_with(values, {})

    def encode_with(self, values: pa.Array, columns: Mapping[str, pa.Array]) -> list[Cells]:
        """The cells of values: of a formula's class where one gives the very value from its sources."""
        cells = self.inner.encode(values)
        codes = cells[0].codes
        codes[codes >= self.first] += len(self.formulas)
        cells = [replace(cell, own=cell.codes.copy()) for cell in cells]
        shared = (codes < self.first) & self.inner.parts[0].number
        free = np.ones(len(codes), bool)
        for at, formula in enumerate(self.formulas):
            if not set(formula.sources) <= columns.keys():
                continue
            follows = free & holds(formula, values, columns)
            if self.loose and self.loose[at]:
                follows &= ~shared
            codes[follows] = self.first + at
            for other in cells[1:]:
                other.codes[follows] = UNKNOWN
            free &= ~follows
        return cells

    def resolved(self, chance: NDArray[np.float64], columns: Mapping[str, pa.Array]) -> NDArray[np.float64]:
        """The chance of each of the inner column's classes: a formula's goes to the class of what it gives."""
        found = np.concatenate([chance[:, : self.first], chance[:, self.first + len(self.formulas) :]], 1)
        for at, formula in enumerate(self.formulas):
            if set(formula.sources) <= columns.keys():
                own = self.inner.encode(formula.values(columns))[0].codes
                there = np.flatnonzero(own >= 0)
                found[there, own[there]] += chance[there, self.first + at]
        return found

    def decode(self, drawn: Drawn) -> pa.Array:
        """Plain values as if there were no formulas; where one was drawn, what stands in where it gives no value."""
        codes = drawn.codes[0].copy()
        more = len(self.formulas)
        formula = (codes >= self.first) & (codes < self.first + more)
        codes[codes >= self.first + more] -= more
        codes[formula] = self.inner.parts[0].classes - 1 if self.inner.parts[0].number else 0
        return self.inner.decode(replace(drawn, codes=[codes, *drawn.codes[1:]]))

    def filled(self, values: pa.Array, codes: Codes, columns: Mapping[str, pa.Array]) -> pa.Array:
        """Decoded values, with those of formulas computed from the columns made before."""
        for at, formula in enumerate(self.formulas):
            chosen = codes == self.first + at
            if chosen.any():
                follows = formula.values(columns)
                follows = follows if isinstance(formula, Copy) else self._spelled(follows)
                use = pc.and_(pa.array(chosen), follows.is_valid())
                values = pc.if_else(use, fitting(follows, values.type), values)
        return values

    def _spelled(self, follows: pa.Array) -> pa.Array:
        """Computed floats with the column's own decimals."""
        step = self.inner.step if isinstance(self.inner, Numbers) else 0.0
        if not step or not pa.types.is_floating(follows.type):
            return follows
        found = rounded(pc.fill_null(follows, 0.0).to_numpy(zero_copy_only=False), step)
        return pa.array(found, follows.type, mask=np.asarray(follows.is_null()))


def holds(formula: Formula, values: pa.Array, columns: Mapping[str, pa.Array]) -> NDArray[np.bool_]:
    """In which rows a formula gives the very value that is there, but for the rounding of floats."""
    follows = fitting(formula.values(columns), values.type)
    if pa.types.is_floating(values.type):
        one, other = (pc.fill_null(side, np.nan).to_numpy(zero_copy_only=False) for side in (follows, values))
        with np.errstate(invalid="ignore"):
            found: NDArray[np.bool_] = np.abs(one - other) <= _CLOSE * np.abs(other)
        return found
    same: NDArray[np.bool_] = pc.fill_null(pc.equal(follows, values), False).to_numpy(zero_copy_only=False)
    return same


def fitting(follows: pa.Array, kind: pa.DataType) -> pa.Array:
    """Computed values in a column's own type; null where one does not fit."""
    if follows.type == kind:
        return follows
    if pa.types.is_integer(kind) and pa.types.is_floating(follows.type):
        found = pc.fill_null(follows, np.nan).to_numpy(zero_copy_only=False)
        bounds = np.iinfo(kind.to_pandas_dtype())
        with np.errstate(invalid="ignore"):
            fits = (found == np.rint(found)) & (found >= bounds.min) & (found <= bounds.max)
        return pa.array(np.where(fits, found, 0).astype(bounds.dtype), kind, mask=~fits)
    if pa.types.is_decimal(kind):
        most = 10.0 ** (kind.precision - kind.scale) - 1
        fits = pc.fill_null(pc.less_equal(pc.abs(follows.cast(pa.float64())), most), False)
        return pc.if_else(fits, follows, pa.scalar(None, follows.type)).cast(kind, safe=False)
    return follows.cast(kind, safe=False)


def in_order(names: Sequence[str], coded: Mapping[str, Coded]) -> list[str]:
    """Columns so that each comes after those that its formulas need."""
    needs = {name: _sources(coded[name]) for name in names}
    return [name for name in TopologicalSorter(needs).static_order() if name in needs]


def _sources(coded: Coded) -> tuple[str, ...]:
    if isinstance(coded, Later):
        return coded.sources
    return tuple(s for f in coded.formulas for s in f.sources) if isinstance(coded, Related) else ()


def related(
    coded: Mapping[str, Coded],
    rows: pa.Table,
    found: Mapping[str, Sequence[Formula]],
    loose: Collection[tuple[str, Formula]] = (),
) -> dict[str, Coded]:
    """Codecs with formulas added, and their shares counted in plain rows; the formulas may form no circle."""
    made = dict(coded)
    columns = {name: rows.column(name).combine_chunks() for name in rows.column_names}
    for name, formulas in found.items():
        own = coded[name].parts[0]
        extra = (0.0,) * len(formulas)
        room = own.shares[:-1] + extra + own.shares[-1:] if own.number else own.shares + extra
        draft = Related(coded[name], tuple(formulas), room, tuple((name, one) in loose for one in formulas))
        codes = draft.encode_with(columns[name], columns)[0].codes
        counts = np.bincount(codes[codes >= 0], minlength=len(room))
        made[name] = replace(draft, shares=tuple((counts / max(len(codes), 1)).tolist()))
    return made
