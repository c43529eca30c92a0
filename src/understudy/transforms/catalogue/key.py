"""``key``: identifiers become other identifiers, so that every reference to them still holds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.transforms.characters import Characters
from understudy.transforms.declare import DOMAIN, PRESERVED, Change, Declaration, Option, Place, Setting, Uniqueness
from understudy.transforms.permute import EDGES, Permutation, Within, rekey_uuids, restore_uuids
from understudy.transforms.prf import Words, spans, words

_INT64_DIGITS = 18


def natural_width(kind: pa.DataType) -> Within:
    """The band set that fits a column's own type."""
    if pa.types.is_decimal(kind):
        return "decimal"
    if pa.types.is_int16(kind):
        return "int16"
    return "int32" if pa.types.is_int32(kind) else "int64"


def _build(setting: Setting) -> Change:
    return _change(setting, back=False)


def _inverse(setting: Setting) -> Change:
    return _change(setting, back=True)


def _change(setting: Setting, *, back: bool) -> Change:
    place = setting.place
    column = place.column
    subkey = setting.key.subkey(f"key:{setting.own_name(column.name) if setting.domain is None else setting.domain}")
    if column.kind == "text":
        characters = Characters(subkey, fold=bool(column.key_sql))
        texts = characters.restore if back else characters
        return lambda values, _rows: texts(values)
    if column.kind == "uuid":
        uuids = restore_uuids if back else rekey_uuids
        return lambda values, _rows: _uuids(values, lambda words: uuids(subkey, words))
    permutation = Permutation(subkey, EDGES[place.options["within"] or natural_width(column.arrow_type)])
    numbers = permutation.restore if back else permutation
    return lambda values, _rows: _numbers(values, numbers)


def _numbers(values: pa.Array, permute: Callable[[NDArray[np.int64]], NDArray[np.int64]]) -> pa.Array:
    made = pa.array(permute(words(values.cast(pa.int64())).view(np.int64)))
    return made.cast(pa.decimal128(19, 0)).cast(values.type) if pa.types.is_decimal(values.type) else made


def _uuids(values: pa.Array, permute: Callable[[Words], Words]) -> pa.Array:
    data, offsets = spans(values)
    uuids = data[offsets[0] : offsets[-1]].view(np.uint64).reshape(-1, 2)
    made = permute(uuids)
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
    inverse=_inverse,
)
