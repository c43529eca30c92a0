"""``key``: identifiers become other identifiers, so that every reference to them still holds."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from understudy.transforms.characters import Characters
from understudy.transforms.declare import DOMAIN, PRESERVED, Change, Declaration, Option, Place, Setting, Uniqueness
from understudy.transforms.permute import EDGES, Permutation, Within, rekey_uuids
from understudy.transforms.prf import spans, words

_INT64_DIGITS = 18


def natural_width(kind: pa.DataType) -> Within:
    """The band set that fits a column's own type."""
    if pa.types.is_decimal(kind):
        return "decimal"
    if pa.types.is_int16(kind):
        return "int16"
    return "int32" if pa.types.is_int32(kind) else "int64"


def _build(setting: Setting) -> Change:
    place = setting.place
    column = place.column
    subkey = setting.key.subkey(f"key:{setting.own_name(column.name) if setting.domain is None else setting.domain}")
    if column.kind == "text":
        characters = Characters(subkey, fold=bool(column.key_sql))
        return lambda values, _rows: characters(values)
    if column.kind == "uuid":
        return lambda values, _rows: _uuids(values, subkey)
    permutation = Permutation(subkey, EDGES[place.options["within"] or natural_width(column.arrow_type)])
    return lambda values, _rows: _numbers(values, permutation)


def _numbers(values: pa.Array, permutation: Permutation) -> pa.Array:
    numbers = words(values.cast(pa.int64())).view(np.int64)
    made = pa.array(permutation(numbers))
    return made.cast(pa.decimal128(19, 0)).cast(values.type) if pa.types.is_decimal(values.type) else made


def _uuids(values: pa.Array, subkey: bytes) -> pa.Array:
    data, offsets = spans(values)
    uuids = data[offsets[0] : offsets[-1]].view(np.uint64).reshape(-1, 2)
    made = rekey_uuids(subkey, uuids)
    return pa.Array.from_buffers(values.type, len(values), [None, pa.py_buffer(np.ascontiguousarray(made))])


def _uniqueness(place: Place) -> Uniqueness:
    exact_case = place.column.kind == "text" and not place.column.key_sql
    return PRESERVED if exact_case else Uniqueness("preserved", folded=True)


def _problem(place: Place) -> str:
    column = place.column
    kind = column.arrow_type
    if column.kind == "decimal":
        if column.as_text or not pa.types.is_decimal(kind) or kind.scale != 0 or kind.precision > _INT64_DIGITS:
            return f"of decimal numbers, only whole ones of up to {_INT64_DIGITS} digits can be permuted"
    elif column.kind == "integer" and not any(
        test(kind) for test in (pa.types.is_int16, pa.types.is_int32, pa.types.is_int64)
    ):
        return f"integers that travel as {kind} cannot be permuted"
    within: Within | None = place.options["within"]
    if within is not None and column.kind in ("integer", "decimal"):
        own = natural_width(kind)
        if EDGES[within][-2:] != EDGES[own][-2:] or len(EDGES[within]) < len(EDGES[own]):
            return f"`within: {within}` gives numbers that {column.native_type} cannot hold"
    return ""


KEY = Declaration(
    name="key",
    summary=(
        "Identifiers become other identifiers, alike in every table that refers to them; integers keep their size, "
        "UUIDs their version, texts their pattern."
    ),
    example="key",
    kinds=frozenset({"integer", "uuid", "text", "decimal"}),
    build=_build,
    options=(
        DOMAIN,
        Option("within", "text", "the narrowest type that must hold the stand-ins", choices=tuple(EDGES)),
    ),
    uniqueness=_uniqueness,
    problem=_problem,
    by="value",
)
