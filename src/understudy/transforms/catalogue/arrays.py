"""``array``: every element of an array, by one rule."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import kind_of, like, plain
from understudy.native import literals as native
from understudy.schema import Column
from understudy.transforms.declare import Change, Declaration, Option, Part, Place, Rows, Setting
from understudy.transforms.literals import element, meaning, spelling
from understudy.transforms.rewriting import Format, Pieces, rewriting
from understudy.transforms.stretches import Stretches, Texts

_EACH = "every element"
_LISTS = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
_SPELLING = spelling(b"{},", doubled=False, nothing="NULL")


def _is_list(kind: pa.DataType) -> bool:
    return any(test(kind) for test in _LISTS)


def _element(place: Place) -> Column | None:
    """The column that stands for the elements; None where the values are no arrays."""
    kind, called = place.column.arrow_type, place.column.native_type
    name = f"{place.column.name} {_EACH}"
    if _is_list(kind):
        while _is_list(kind):
            kind = kind.value_type
        return Column(name, str(kind), kind_of(kind), kind)
    return element(called.rstrip("[]"), name) if called.endswith("[]") and pa.types.is_string(kind) else None


def _pieces(place: Place) -> dict[str, Part]:
    found = _element(place)
    return {} if found is None else {_EACH: Part(place.options["each"], (found,))}


def _build(setting: Setting) -> Change:
    place = setting.place
    found = _element(place)
    assert found is not None
    if _is_list(place.column.arrow_type):
        (change,) = setting.pieces(_EACH).values()
        return lambda values, rows: _lists(values, rows, change)
    return rewriting(setting, {_EACH: place.options["each"]}, Format("array", _find, _SPELLING, found.kind))


def _lists(values: pa.Array, rows: Rows, change: Change) -> pa.Array:
    """Lists of Arrow with their elements changed, however deep these are."""
    kind = values.type
    sizes = pc.list_value_length(values).fill_null(0).to_numpy(zero_copy_only=False)
    there = rows.at(pa.array(np.repeat(np.arange(len(values)), sizes)))
    inner = values.flatten()
    made = _lists(inner, there, change) if _is_list(kind.value_type) else like(change(plain(inner), there), inner.type)
    ends = np.append(0, np.cumsum(sizes))
    if pa.types.is_fixed_size_list(kind):
        full = made if not values.null_count else _spread(made, values)
        return pa.FixedSizeListArray.from_arrays(full, type=kind, mask=values.is_null())
    offsets = pa.array(ends, pa.int64() if pa.types.is_large_list(kind) else pa.int32())
    build = pa.LargeListArray if pa.types.is_large_list(kind) else pa.ListArray
    return build.from_arrays(offsets, made, type=kind, mask=values.is_null())


def _spread(made: pa.Array, values: pa.Array) -> pa.Array:
    """Elements with room for those of the lists that are null, as lists of one size need it."""
    size = values.type.list_size
    there = np.repeat(values.is_valid().to_numpy(zero_copy_only=False), size)
    places = np.cumsum(there) - 1
    return made.take(pa.array(places, mask=~there))


def _find(texts: Texts) -> Pieces:
    """The elements of arrays as PostgreSQL writes them: ``{a,"b c",NULL}``, and ``[0:1]={{1,2},{3,4}}``."""
    *where, wrong = native.elements(texts.data, texts.offsets, meaning(b"{},", escapes=True))
    return Pieces(Stretches(*where), np.zeros(len(where[0]), np.int64), np.flatnonzero(wrong))


def _problem(place: Place) -> str:
    return "" if _element(place) else f"{place.column.native_type} is no array"


ARRAY = Declaration(
    name="array",
    summary="Every element of an array, at any depth, by one rule; NULL among them stays.",
    example="{array: email}",
    kinds=frozenset({"other"}),
    build=_build,
    inverse=_build,
    main="each",
    options=(Option("each", "rule", "the rule for every element", required=True),),
    problem=_problem,
    pieces=_pieces,
    faithful=True,
    sensitive=False,
)
