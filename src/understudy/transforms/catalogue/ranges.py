"""``range``: the bounds of ranges."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.native import literals as native
from understudy.schema import Column
from understudy.transforms.declare import Change, Declaration, Option, Part, Place, Setting
from understudy.transforms.inside import read
from understudy.transforms.literals import element, spelling
from understudy.transforms.rewriting import Format, Pieces, rewriting
from understudy.transforms.stretches import Stretches, Texts

_SPELLING = spelling(b"[](){},", doubled=True, nothing="")
_SUBTYPES = {
    "int4range": "integer",
    "int8range": "bigint",
    "numrange": "numeric",
    "daterange": "date",
    "tsrange": "timestamp without time zone",
    "tstzrange": "timestamp with time zone",
}
_ORDERED = ("integer", "decimal", "date", "timestamp")
_BOUNDS = "bounds"


def _bound(place: Place) -> Column:
    """The column that stands for bounds."""
    called = place.column.native_type.replace("multirange", "range")
    return element(_SUBTYPES.get(called, called), f"{place.column.name} {_BOUNDS}")


def _build(setting: Setting) -> Change:
    place = setting.place
    form = _bound(place).kind

    def mend(bounds: Stretches, after: pa.Array) -> pa.Array:
        """The smaller bound first, whatever became of them."""
        if form not in _ORDERED:
            return after
        first = np.flatnonzero(bounds.start[1:] == bounds.end[:-1] + 1)
        (low, lows), (high, highs) = (read(form, after.take(pa.array(places))) for places in (first, first + 1))
        if form == "decimal":
            low, high = low.cast(pa.float64()), high.cast(pa.float64())
        over = pc.greater(low, high).fill_null(False).to_numpy(zero_copy_only=False) & lows & highs
        turn = np.arange(len(after))
        turn[first[over]], turn[first[over] + 1] = first[over] + 1, first[over]
        return after.take(pa.array(turn)) if over.any() else after

    return rewriting(setting, {_BOUNDS: place.options["each"]}, Format("range", _find, _SPELLING, form, mend))


def _find(texts: Texts) -> Pieces:
    """The bounds of ranges as PostgreSQL writes them: ``[1,5)``, ``(,"a b"]``, and of all of ``{[1,5),[7,9)}``."""
    *where, wrong = native.bounds(texts.data, texts.offsets)
    return Pieces(Stretches(*where), np.zeros(len(where[0]), np.int64), np.flatnonzero(wrong))


def _problem(place: Place) -> str:
    ranged = place.column.native_type.endswith("range") and pa.types.is_string(place.column.arrow_type)
    return "" if ranged else f"{place.column.native_type} is no range"


RANGE = Declaration(
    name="range",
    summary="Both bounds of a range, or of all ranges of a multirange, by one rule; the smaller one comes first again.",
    example="{range: {shift_days: 30, per: id}}",
    kinds=frozenset({"other"}),
    build=_build,
    main="each",
    options=(Option("each", "rule", "the rule for bounds", required=True),),
    problem=_problem,
    pieces=lambda place: {_BOUNDS: Part(place.options["each"], (_bound(place),))},
    sensitive=False,
)
