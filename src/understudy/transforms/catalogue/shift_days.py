"""``shift_days``: dates move, all of one subject's by the same number of days, so that intervals survive."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.transforms.declare import (
    DOMAIN,
    LOSSY,
    PER,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    Uniqueness,
)
from understudy.transforms.draws import by_value, needs_subject, pick

_DAY_SECONDS = 86_400
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def _build(setting: Setting) -> Change:
    days = int(setting.place.options["days"])
    draw = by_value(setting, "shift_days")

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        steps = pick(draw(values, rows), 0, 2 * days) - days
        steps += steps >= 0  # from -days to days without 0
        if pa.types.is_date32(values.type):
            return _add(values, steps, pa.int32())
        unit = "ms" if pa.types.is_date64(values.type) else values.type.unit
        return _add(values, steps * _DAY_SECONDS * _PER_SECOND[unit], pa.int64())

    return change


def _add(values: pa.Array, steps: NDArray[np.int64], storage: pa.DataType) -> pa.Array:
    numbers = values.view(storage).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
    far = np.abs(numbers) >= 1 << (storage.bit_width - 2)  # at the ends of time there is one direction left
    steps = np.where(far, -np.sign(numbers) * np.abs(steps), steps)
    return pa.array(numbers + steps).cast(storage).view(values.type)


def _uniqueness(place: Place) -> Uniqueness:
    if place.subject is None:
        return LOSSY
    return Uniqueness("preserved", within=place.subject)


SHIFT_DAYS = Declaration(
    name="shift_days",
    summary=(
        "A date or time moves by up to so many days, never by none: by its own value, or by the same number "
        "for all rows of one subject."
    ),
    example="{shift_days: 30, per: users.id}",
    kinds=frozenset({"date", "timestamp"}),
    build=_build,
    main="days",
    options=(
        Option("days", "whole number", "the most days to move, either way", required=True, least=1, most=36_500),
        PER,
        DOMAIN,
    ),
    uniqueness=_uniqueness,
    needs=needs_subject,
)
