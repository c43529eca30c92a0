"""Columns of moments that come after another: known by how much later they are, so that the order holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.synth.encoding.columns import UNKNOWN, Cells, Coded, Drawn, Numbers, Part, integers, numbers_from
from understudy.synth.encoding.moments import DAY, unit_of

_SOON = 2.0
"""Days; what usually comes later than that is known by its day and its time of day, not by seconds."""

Whole = NDArray[np.int64]
Flags = NDArray[np.bool_]


def moments(kind: pa.DataType) -> bool:
    """Whether values of a type are days or moments, which may be in order."""
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def counted(values: pa.Array, unit: str) -> tuple[Whole, Flags]:
    """Plain moments as whole units since 1970 (of coarser units, the beginning), 0 where null; and where they are."""
    gone = np.asarray(values.is_null())
    own = unit_of(values.type)
    if own == "D":
        values = values.cast(pa.date32()).cast(pa.int32())
    found = pc.fill_null(values.cast(pa.int64()), 0).to_numpy(zero_copy_only=False).astype(np.int64)
    if DAY[own] > DAY[unit]:
        return found // (DAY[own] // DAY[unit]), gone
    return found * (DAY[unit] // DAY[own]), gone


def comparable(values: pa.Array) -> NDArray[np.float64]:
    """Plain moments as seconds, NaN where null."""
    found, gone = counted(values, unit_of(values.type))
    seconds = found / (DAY[unit_of(values.type)] / 86_400)
    return np.where(gone, np.nan, seconds)


@dataclass(frozen=True)
class Later:
    """A column of moments by their distance from another's; by themselves in rows where the other is null."""

    source: str
    roles: tuple[str, ...]
    """"elapsed", or "days" and perhaps "time": the time of day."""
    pieces: tuple[Numbers, ...]
    shares: tuple[float, ...]
    """How frequent each class of the first part is; before that of numbers comes "by itself", where that happens."""
    alone: Coded | None
    unit: str
    never_before: bool

    @property
    def sources(self) -> tuple[str, ...]:
        """The other column."""
        return (self.source,)

    @property
    def parts(self) -> tuple[Part, ...]:
        """The distance, then what stands in for it."""
        null = (len(self.pieces[0].atoms),) if self.pieces[0].null else ()
        without = (*null, *((self._by_itself,) if self.alone else ()))
        own = [
            replace(one.parts[0], name=role, lead=at, without=without if at else ())
            for at, (role, one) in enumerate(zip(self.roles, self.pieces, strict=True))
        ]
        own[0] = replace(own[0], shares=self.shares)
        distances = tuple(code for code in range(len(self.shares)) if code != self._by_itself)
        alone = self.alone.parts if self.alone else ()
        return (*own, *(replace(one, lead=len(own) + at, without=distances) for at, one in enumerate(alone)))

    @property
    def _by_itself(self) -> int:
        own = self.pieces[0].parts[0]
        return own.classes - 1 if own.number else own.classes

    def encode(self, values: pa.Array) -> list[Cells]:
        """The cells of values whose source is not there: unknown."""
        return self.encode_with(values, {})

    def encode_with(self, values: pa.Array, columns: Mapping[str, pa.Array]) -> list[Cells]:
        """The cells of values beside their source."""
        found, gone = counted(values, self.unit)
        if self.source not in columns:
            none = np.zeros(len(found), np.float32)
            return [Cells(np.full(len(found), UNKNOWN, np.int32), none, none) for _ in self.parts]
        start, missing = counted(columns[self.source], self.unit)
        cells = []
        for at, (role, piece) in enumerate(zip(self.roles, self.pieces, strict=True)):
            cell = piece.cells(_role(found, start, role, self.unit), gone)
            unsaid = ~gone & missing if at == 0 else gone | missing
            cell.codes[unsaid] = UNKNOWN
            cells.append(cell)
        if self.alone is None:
            return cells
        codes = cells[0].codes
        codes[codes >= self._by_itself] += 1
        codes[~gone & missing] = self._by_itself
        for cell in self.alone.encode(values):
            cell.codes[gone | ~missing] = UNKNOWN
            cells.append(cell)
        return cells

    def decode(self, drawn: Drawn) -> pa.Array:
        """Moments without their source: those that stand by themselves."""
        return self.decode_with(drawn, {})

    def decode_with(self, drawn: Drawn, columns: Mapping[str, pa.Array]) -> pa.Array:
        """The moments as integers of their unit, from a source that is made."""
        count = len(drawn.rows)
        start, missing = np.zeros(count, np.int64), np.ones(count, bool)
        if self.source in columns:
            start, missing = counted(columns[self.source], self.unit)
        codes, own = drawn.codes[0], len(self.pieces)
        alone = pa.nulls(count, pa.int64())
        if self.alone is not None:
            missing |= codes == self._by_itself
            codes = np.where(codes > self._by_itself, codes - 1, codes).astype(np.int32)
            alone = self.alone.decode(replace(drawn, codes=drawn.codes[own:], levels=drawn.levels[own:]))
        total, gone = self._moments(replace(drawn, codes=[codes, *drawn.codes[1:own]]), start)
        made = pc.if_else(pa.array(missing), alone, pa.array(total))
        return pc.if_else(pa.array(gone & ~(missing & (self.alone is not None))), pa.nulls(count, pa.int64()), made)

    def _moments(self, drawn: Drawn, start: Whole) -> tuple[Whole, Flags]:
        """What drawn distances come to from a start, and where there is none."""
        day = DAY[self.unit]
        total, gone = np.zeros(len(start), np.int64), np.zeros(len(start), bool)
        for at, (role, piece) in enumerate(zip(self.roles, self.pieces, strict=True)):
            found, absent = piece.numbers(drawn.codes[at], drawn.levels[at])
            whole = integers(found, 0)
            if role == "elapsed":
                total += start + whole
            else:
                total += (start // day + whole) * day if role == "days" else whole
            gone |= absent if at == 0 else False
        return (np.maximum(total, start) if self.never_before else total), gone

    def start_of(self, values: pa.Array, dice: NDArray[np.float64]) -> pa.Array:
        """A source that goes with given values: a distance is drawn for each, by its frequency alone."""
        found, gone = counted(values, self.unit)
        piece = self.pieces[0]
        shares = np.asarray(piece.shares) * ~np.isin(np.arange(len(piece.shares)), [len(piece.atoms)] * piece.null)
        up = np.cumsum(shares)
        code = np.minimum(np.searchsorted(up, dice * up[-1], "right"), len(shares) - 1).astype(np.int32)
        inner = (dice * up[-1] - np.concatenate([[0.0], up])[code]) / np.maximum(shares[code], 1e-12)
        distance, _ = piece.numbers(code, np.clip(inner, 1e-6, 1 - 1e-6).astype(np.float32))
        step = DAY[self.unit] if self.roles[0] == "days" else 1
        return pa.array(found - integers(distance, 0) * step, pa.int64(), mask=gone)


def _role(found: Whole, start: Whole, role: str, unit: str) -> NDArray[np.float64]:
    day = DAY[unit]
    if role == "elapsed":
        return (found - start).astype(np.float64)
    return (found // day - start // day if role == "days" else found % day).astype(np.float64)


def later_of(values: pa.Array, source: pa.Array, name: str, alone: Coded, k: int, *, nullable: bool = True) -> Later:
    """Learn a column of moments by another that comes before it."""
    unit = unit_of(values.type)
    found, gone = counted(values, unit)
    start, missing = counted(source, unit)
    both = ~gone & ~missing
    apart = np.median(found[both] - start[both]) / DAY[unit] if both.any() else 0.0
    if unit == "D":
        roles: tuple[str, ...] = ("days",)
    elif apart < _SOON:
        roles = ("elapsed",)
    else:
        roles = ("days", "time") if (found[both] % DAY[unit]).any() else ("days",)
    pieces = []
    for at, role in enumerate(roles):
        said = ~missing | gone if at == 0 else both
        pieces.append(numbers_from(_role(found, start, role, unit)[said], gone[said], k, nullable=nullable))
    before = both & (start > found)
    draft = Later(name, roles, tuple(pieces), (), alone if missing.any() else None, unit, not before.any())
    own = pieces[0].parts[0]
    if draft.alone is None:
        return replace(draft, shares=own.shares)
    by_itself = float((~gone & missing).mean())
    rest = tuple(share * (1 - by_itself) for share in own.shares)
    at = draft._by_itself
    return replace(draft, shares=(*rest[:at], max(by_itself, 1e-9), *rest[at:]))
