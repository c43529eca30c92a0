"""``sum_of``, ``difference_of``, ``product_of``, ``ratio_of``: a number computed from the masked ones beside it.

What adds up in the original adds up in the masked row too.  Sums, differences and products are exact
unless a part is a floating-point number, and rounded once, at the end, halves away from zero; ratios
are right to 15 digits.  A part that is NULL or no number counts for nothing: 0 in a sum, 1 in a
product; a ratio to nothing is 0.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import decimal_text, plain
from understudy.errors import Error
from understudy.transforms import decimals
from understudy.transforms.arithmetic import NUMBERS, Floats
from understudy.transforms.declare import Change, Declaration, Option, Place, Rows, Setting, column_named
from understudy.transforms.prf import trimmed

_PART_DIGITS = 37  # two such numbers have a product that 256 bits hold
_NUDGE = 1 + 1e-15  # so that a half which floating point cannot hold is not taken for less

Step = Callable[[Any, Any], Any]


def _parts(place: Place) -> list[str | Decimal]:
    """What it is computed from: columns, by name, and numbers."""
    said = place.column.name
    given = place.options["of"]
    return [column_named(place.table, one, said) if isinstance(one, str) else Decimal(str(one)) for one in given]


def _reads(place: Place) -> frozenset[str]:
    return frozenset(one for one in _parts(place) if isinstance(one, str))


def _builder(exact: Step | None, inexact: Step, nothing: int) -> Callable[[Setting], Change]:
    """What builds the Change that joins parts by one step or the other; without an exact one, always by the other."""

    def build(setting: Setting) -> Change:
        place = setting.place
        parts = _parts(place)

        def change(values: pa.Array, rows: Rows) -> pa.Array:
            there = [one if isinstance(one, Decimal) else plain(rows.changed(one)) for one in parts]
            kinds = [values.type, *(one.type for one in there if isinstance(one, pa.Array))]
            try:
                if exact is None or any(pa.types.is_floating(kind) for kind in kinds):
                    return _rounded(reduce(inexact, [_float(one, len(values), nothing) for one in there]), values)
                return _fitted(reduce(_stepping(exact), [_decimal(one, nothing) for one in there]), values.type)
            except pa.ArrowInvalid:
                where = f"{place.table.name}.{place.column.name}"
                raise Error(f"a number computed for {where} is too large for it", hint="use `noise` instead") from None

        return change

    return build


def _stepping(exact: Step) -> Step:
    return lambda one, other: _held(exact(one, other))


def _held(numbers: Any) -> Any:
    return numbers.cast(pa.decimal256(_PART_DIGITS, numbers.type.scale))


def _decimal(part: pa.Array | Decimal, nothing: int) -> pa.Array | pa.Scalar:
    """A part as exact decimals."""
    if isinstance(part, Decimal):
        return _held(pa.scalar(Decimal(format(part, "f"))))
    kind = part.type
    if pa.types.is_string(kind):
        part = _read(part)
    elif not pa.types.is_decimal(kind):
        part = part.cast(pa.decimal256(_PART_DIGITS, 0))
    return pc.fill_null(_held(part), Decimal(nothing))


def _read(texts: pa.Array) -> pa.Array:
    """Decimals in text, with as many places as any of them has; what is no number is NULL."""
    usual = pc.if_else(pc.match_substring_regex(texts, decimals.PLAIN), texts, None)
    point = pc.fill_null(pc.find_substring(usual, "."), -1)
    places = pc.max(pc.if_else(pc.less(point, 0), 0, pc.subtract(pc.binary_length(usual), pc.add(point, 1)))).as_py()
    return usual.cast(pa.decimal256(_PART_DIGITS, places or 0))


def _fitted(found: pa.Array, kind: Any) -> pa.Array:
    """Exact numbers as those of a column."""
    if pa.types.is_string(kind):
        return trimmed(decimal_text(found))
    scale = kind.scale if pa.types.is_decimal(kind) else 0
    if found.type.scale > scale:
        found = pc.round(found, ndigits=scale, round_mode="half_towards_infinity")
    return found.cast(pa.decimal256(_PART_DIGITS, scale)).cast(kind)


def _float(part: pa.Array | Decimal, count: int, nothing: int) -> Floats:
    if isinstance(part, Decimal):
        return np.full(count, float(part))
    numbers = (_read(part) if pa.types.is_string(part.type) else part).cast(pa.float64())
    found = numbers.fill_null(nothing).to_numpy(zero_copy_only=False)
    return np.where(np.isfinite(found), found, float(nothing))


def _rounded(found: Floats, values: pa.Array) -> pa.Array:
    """Inexact numbers as those of a column; in text they have as many decimal places as what they replace."""
    kind = values.type
    if pa.types.is_floating(kind):
        return pa.array(found).cast(kind)
    if pa.types.is_string(kind):
        return decimals.each_scale(values, lambda part, chosen: _rounded(found[chosen], part))
    scale = kind.scale if pa.types.is_decimal(kind) else 0
    units = np.copysign(np.floor(np.abs(found) * 10.0**scale * _NUDGE + 0.5), found)
    if not (np.abs(units) < 2.0**62).all():
        raise pa.ArrowInvalid("more than 18 digits")
    whole = units.astype(np.int64)
    if not pa.types.is_decimal(kind):
        return pa.array(whole).cast(kind)
    return decimals.of_units(whole, pa.decimal128(decimals.DIGITS, scale)).cast(kind)


def _quotient(one: Floats, other: Floats) -> Floats:
    return np.divide(one, other, out=np.zeros_like(one), where=other != 0)


def _problem(place: Place) -> str:
    parts = _parts(place)
    if len(parts) < 2:
        return "it takes two parts or more"
    if not _reads(place):
        return "none of its parts is a column"
    for one in parts:
        if one == place.column.name:
            return "a number cannot be computed from itself"
        if isinstance(one, str) and place.table.by_name[one].kind not in NUMBERS:
            return f"{one} holds no numbers"
        if isinstance(one, Decimal) and not one.is_finite():
            return f"{one} is no number to compute with"
    return ""


def _declared(name: str, summary: str, example: str, build: Callable[[Setting], Change]) -> Declaration:
    return Declaration(
        name=name,
        summary=summary,
        example=example,
        kinds=NUMBERS,
        build=build,
        main="of",
        options=(Option("of", "list", "columns of the same table, and numbers", required=True),),
        reads=_reads,
        problem=_problem,
        by="row",
        sensitive=False,
    )


SUM_OF = _declared(
    "sum_of",
    "The sum of other columns of the row as they are after masking: a total that still adds up.",
    "{sum_of: [net, tax]}",
    _builder(pc.add, np.add, 0),
)
DIFFERENCE_OF = _declared(
    "difference_of",
    "The first column less all others, as they are after masking.",
    "{difference_of: [gross, tax]}",
    _builder(pc.subtract, np.subtract, 0),
)
PRODUCT_OF = _declared(
    "product_of",
    "The product of other columns of the row, or of them and numbers, as they are after masking.",
    "{product_of: [quantity, unit_price]}",
    _builder(pc.multiply, np.multiply, 1),
)
RATIO_OF = _declared(
    "ratio_of",
    "The first column divided by the others, as they are after masking.",
    "{ratio_of: [total, quantity]}",
    _builder(None, _quotient, 0),
)
