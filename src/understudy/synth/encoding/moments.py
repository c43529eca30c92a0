"""Columns of dates, timestamps and times of day: weeks, weekdays and times are learned each by itself."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.synth.encoding.columns import FEW, Cells, Drawn, Floats, Numbers, Part, integers, numbers_from

DAY = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000, "D": 1}
"""Units in a day."""
_CALENDAR = (-719_162, 2_932_896)
"""The first day of the year 1 and the last of the year 9999, in days from the first of January 1970."""
_MONDAY = 3
"""Days from Monday to the first of January 1970."""

Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Moments:
    """A column of moments in time, as the sum of its parts: whole, or months or weeks, weekday and time of day."""

    roles: tuple[str, ...]
    pieces: tuple[Numbers, ...]
    unit: str
    low: int
    high: int
    """No moment before or after these is made; they are of k rows, not of one."""

    @property
    def parts(self) -> tuple[Part, ...]:
        """One part for each role."""
        first = self.pieces[0]
        null = (len(first.atoms),) if first.null else ()
        return tuple(
            replace(piece.parts[0], name=role, lead=at, without=null if at else ())
            for at, (role, piece) in enumerate(zip(self.roles, self.pieces, strict=True))
        )

    def encode(self, values: pa.Array) -> list[Cells]:
        """The cells of each part; of a null, only those of the first are known."""
        found, absent = whole_of(values)
        cells = []
        for at, (role, piece) in enumerate(zip(self.roles, self.pieces, strict=True)):
            cell = piece.cells(role_of(found, role, self.unit, piece.origin), absent)
            if at:
                cell.codes[absent] = -1
            cells.append(cell)
        return cells

    def decode(self, drawn: Drawn) -> pa.Array:
        """The moments as integers of their unit."""
        total = np.zeros(len(drawn.rows), np.int64)
        gone = np.zeros(len(drawn.rows), bool)
        for at, (role, piece) in enumerate(zip(self.roles, self.pieces, strict=True)):
            found, absent = piece.numbers(drawn.codes[at], drawn.levels[at])
            total += _moment(integers(found, piece.origin), role, self.unit)
            gone |= absent if at == 0 else False
        return pa.array(np.clip(total, self.low, self.high), pa.int64(), mask=gone)


def moments_of(values: pa.Array, k: int, *, nullable: bool = True) -> Moments:
    """Learn a column of dates, timestamps or times of day."""
    found, absent = whole_of(values)
    unit = unit_of(values.type)
    here = found[~absent]
    roles = _roles(here, unit, calendar=not pa.types.is_time(values.type) and not pa.types.is_duration(values.type))
    pieces = []
    for at, role in enumerate(roles):
        origin = int(here.min()) if role == "whole" and len(here) else 0
        gone = absent if at == 0 else np.zeros(len(here), bool)
        side = found if at == 0 else here
        piece = numbers_from(role_of(side, role, unit, origin), gone, k, origin=origin, nullable=nullable)
        pieces.append(piece)
    ordered = np.sort(here)
    if len(ordered) >= 2 * k:  # means of the k outermost, as for any curve
        low = int(ordered[0] + (ordered[:k] - ordered[0]).mean())
        high = int(ordered[-1] - (ordered[-1] - ordered[-k:]).mean())
    else:
        low, high = -(2**62), 2**62
    return Moments(roles, tuple(pieces), unit, low, high)


def calendar(unit: str) -> tuple[int, int]:
    """The least and the greatest moment of the years 1 to 9999 in a unit, as far as 64 bits hold it."""
    low, high = (day * DAY[unit] for day in (_CALENDAR[0], _CALENDAR[1] + 1))
    return max(low, -(2**62)), min(high - 1, 2**62)


def unit_of(arrow_type: pa.DataType) -> str:
    """The unit that moments are counted in; days of dates."""
    if pa.types.is_date(arrow_type):
        return "D"
    return str(arrow_type.unit)


def whole_of(values: pa.Array) -> tuple[Whole, NDArray[np.bool_]]:
    """Moments as integers of their unit (dates of days), 0 where null."""
    absent = np.asarray(values.is_null())
    if pa.types.is_date(values.type):
        values = values.cast(pa.date32()).cast(pa.int32()).cast(pa.int64())
    elif pa.types.is_time32(values.type):
        values = values.cast(pa.int32()).cast(pa.int64())
    else:
        values = values.cast(pa.int64())
    return pc.fill_null(values, 0).to_numpy(zero_copy_only=False).astype(np.int64), absent


def _roles(here: Whole, unit: str, *, calendar: bool) -> tuple[str, ...]:
    """Into which parts moments fall."""
    if not calendar or len(np.unique(here)) <= FEW:
        return ("whole",)
    day, time = np.divmod(here, DAY[unit])
    timed = ("time",) if time.any() else ()
    days = np.unique(day)
    first = days.astype("datetime64[D]").astype("datetime64[M]").astype("datetime64[D]").astype(np.int64) == days
    if first.all():
        return ("month", *timed)
    weeks = np.unique((days + _MONDAY) // 7)
    return ("week", "weekday", *timed) if len(weeks) > 4 else ("day", *timed)


def role_of(found: Whole, role: str, unit: str, origin: int) -> Floats:
    """One part of moments, less ``origin``, as floats."""
    if role == "whole":
        return (found - origin).astype(np.float64)
    day, time = np.divmod(found, DAY[unit])
    if role == "time":
        return time.astype(np.float64)
    if role == "month":
        return day.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64).astype(np.float64)
    week, weekday = np.divmod(day + _MONDAY, 7)
    return {"day": day, "week": week, "weekday": weekday}[role].astype(np.float64)


def _moment(part: Whole, role: str, unit: str) -> Whole:
    """What a part adds to the moment."""
    if role == "month":
        days = part.astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        return days * DAY[unit]
    if role == "week":
        return (part * 7 - _MONDAY) * DAY[unit]
    return part * (DAY[unit] if role in ("day", "weekday") else 1)
