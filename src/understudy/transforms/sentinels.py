"""Values that no transformer may touch: NULL, and the infinities of dates and times."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import storage


def kept(values: pa.Array) -> pa.Array:
    """Which values are NULL or infinite (dates and timestamps carry infinity as the ends of their integers)."""
    values = storage(values)
    absent = values.is_null()
    kind = values.type
    if not (pa.types.is_date(kind) or pa.types.is_timestamp(kind)):
        return absent
    number = pa.int32() if kind.bit_width == 32 else pa.int64()
    largest = 2 ** (kind.bit_width - 1) - 1
    numbers = values.view(number)
    infinite = pc.is_in(numbers, pa.array([largest, -largest], number))
    return pc.or_(absent, infinite) if infinite.true_count else absent
