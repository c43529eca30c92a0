"""Rules for texts of digits on columns of whole numbers: a ZIP code or a telephone number stored as an integer."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.transforms.declare import Change, Rows


def as_digits(change: Change, *, width: int = 0) -> Change:
    """A Change of texts for integers: they are written with leading zeros up to a width, and read back."""

    def changed(values: pa.Array, rows: Rows) -> pa.Array:
        texts = pc.utf8_lpad(values.cast(pa.string()), width, "0")
        digits = pc.replace_substring_regex(change(texts, rows), "[^0-9]", "")
        numbers = pc.if_else(pc.equal(digits, ""), "0", digits).cast(pa.int64())
        largest = np.iinfo(values.type.to_pandas_dtype()).max
        if values.type.bit_width < numbers.type.bit_width:
            inside = numbers.fill_null(0).to_numpy() % (largest + 1)
            numbers = pa.array(inside)
        return numbers.cast(values.type)

    return changed
