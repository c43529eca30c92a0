"""Dates and times of every kind of column as whole numbers, and lengths of time as people write them."""

from __future__ import annotations

import re
from typing import Any, cast

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.errors import InputError
from understudy.transforms.prf import words

Ticks = NDArray[np.int64]
"""Dates in days, times and timestamps in the unit of their type."""

SECOND = 1_000_000
"""In microseconds, as all lengths of time here."""

LENGTHS = {
    "second": SECOND,
    "minute": 60 * SECOND,
    "hour": 3_600 * SECOND,
    "day": 86_400 * SECOND,
    "week": 7 * 86_400 * SECOND,
}
"""Lengths of time by their names."""

_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_WRITTEN = re.compile(rf"\s*(\d+)\s*({'|'.join(LENGTHS)})s?\s*")


def microseconds(text: str) -> int:
    """A length of time such as ``90 minutes`` or ``1 day``; an InputError where it is none."""
    match = _WRITTEN.fullmatch(text)
    if match is None or not int(match[1]):
        raise InputError(f"{text!r} is no length of time", hint=f"a number and one of {', '.join(LENGTHS)}")
    return int(match[1]) * LENGTHS[match[2]]


def ticks(values: pa.Array) -> Ticks:
    """Dates, times or timestamps as whole numbers; nulls as 0."""
    return words(values).view(np.int64)


def of_ticks(numbers: Ticks, kind: pa.DataType) -> pa.Array:
    """The values of a type that these numbers stand for."""
    narrow = pa.int32() if kind.bit_width == 32 else pa.int64()
    return pa.array(numbers).cast(narrow).view(kind)


def in_microseconds(values: pa.Array) -> Ticks:
    """Dates, times or timestamps in microseconds, nulls as 0; what is too far away for that is at the end of time."""
    unit = _microseconds_per_tick(values.type)
    if unit < 1:
        return ticks(values) // round(1 / unit)
    furthest = 2**62 // int(unit)
    return cast("Ticks", ticks(values).clip(-furthest, furthest) * int(unit))


def of_microseconds(numbers: Ticks, kind: pa.DataType) -> pa.Array:
    """The values of a type that lie so many microseconds away from its zero, rounded down."""
    unit = _microseconds_per_tick(kind)
    if unit < 1:
        factor = round(1 / unit)
        furthest = 2**62 // factor
        return of_ticks(numbers.clip(-furthest, furthest) * factor, kind)
    return of_ticks(numbers // int(unit), kind)


def _microseconds_per_tick(kind: Any) -> float:
    if pa.types.is_date32(kind):
        return LENGTHS["day"]
    unit = "ms" if pa.types.is_date64(kind) else kind.unit
    return SECOND / _PER_SECOND[unit]


def shifted(values: pa.Array, steps: Ticks, *, back: bool = False) -> pa.Array:
    """Dates or timestamps moved by so many microseconds, or moved back.

    At the ends of time there is one direction left: what lies there moves towards the middle.
    """
    kind = values.type
    unit = _microseconds_per_tick(kind)
    steps = steps // int(unit) if unit >= 1 else steps * round(1 / unit)
    numbers, edge = ticks(values), 1 << (kind.bit_width - 2)
    inwards = np.sign(numbers) * np.abs(steps)
    if back:
        return of_ticks(np.where(np.abs(numbers + inwards) >= edge, numbers + inwards, numbers - steps), kind)
    return of_ticks(np.where(np.abs(numbers) >= edge, numbers - inwards, numbers + steps), kind)
