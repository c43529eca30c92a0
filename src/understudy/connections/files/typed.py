"""Texts that are numbers, dates, moments or UUIDs: read as what they are, and written back in the same form.

Reading is strict: a text that would not come back as it was is refused, so that nothing is rewritten
that no rule changes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from understudy.connections.files.text import uuid_bytes, uuid_text
from understudy.errors import InputError, unknown
from understudy.schema import Column, Kind

Back = Callable[[pa.Array], pa.Array]
"""Typed values to their texts, in the form in which each row was written."""

_MICROS = pa.timestamp("us")
_MICRO_DIGITS = 6
_FORMATTED = ("date", "timestamp")
_SAMPLE = pa.array([659_368_500], pa.timestamp("s"))  # 1990-11-23 13:15: no part of it could be another


@dataclass(frozen=True)
class Typed:
    """What the texts of a column are."""

    kind: Kind
    arrow_type: pa.DataType
    what: str
    """As an error names them."""
    format: str = ""
    """Of dates and moments, as ``strftime`` spells it, with ``%-d`` for days without a zero; ISO 8601 where empty."""

    def column(self, name: str) -> Column:
        """The column that rules see."""
        return Column(name, self.kind, self.kind, self.arrow_type, as_text=self.kind == "decimal")

    def read(self, texts: pa.Array, name: str) -> tuple[pa.Array, Back]:
        """The values, and the function that writes others in the form of these; an InputError where one is none."""
        values, back = _READERS[self.kind](self, texts)
        fits = values.is_valid() if self.kind == "float" else pc.fill_null(pc.equal(back(values), texts), False)
        wrong = pc.and_(texts.is_valid(), pc.invert(fits))
        if wrong.true_count:
            raise self._refused(name, wrong.true_count)
        return values, back

    def _refused(self, name: str, count: int) -> InputError:
        form = f" written {self.format}" if self.format else ""
        hint = "declare another type or format for the column, or none: then it is masked as text"
        return InputError(f"{count:,} values of column {name!r} are not {self.what}{form}", hint=hint)


TYPES: Mapping[str, Typed] = {
    "integer": Typed("integer", pa.int64(), "whole numbers"),
    "int16": Typed("integer", pa.int16(), "whole numbers of 16 bits"),
    "int32": Typed("integer", pa.int32(), "whole numbers of 32 bits"),
    "decimal": Typed("decimal", pa.string(), "decimal numbers"),
    "float": Typed("float", pa.float64(), "numbers"),
    "date": Typed("date", pa.date32(), "dates"),
    "timestamp": Typed("timestamp", _MICROS, "dates with times"),
    "uuid": Typed("uuid", pa.binary(16), "UUIDs"),
    "json": Typed("json", pa.string(), "documents"),
    "text": Typed("text", pa.string(), "texts"),
}
"""The types that a person may declare for a column of texts."""


def typed(spelled: Any) -> Typed:
    """The type that a value of a rules file spells: ``integer``, ``date``, ``{date: "%d.%m.%Y"}``."""
    if isinstance(spelled, Mapping) and len(spelled) == 1:
        ((name, form),) = spelled.items()
        if name not in _FORMATTED:
            raise InputError(f"type {name!r} has no format", hint=f"those that have: {', '.join(_FORMATTED)}")
        found = Typed(TYPES[name].kind, TYPES[name].arrow_type, TYPES[name].what, str(form))
        _prove(found)
        return found
    if spelled not in TYPES:
        raise unknown("type", str(spelled), TYPES)
    return TYPES[spelled]


def _prove(found: Typed) -> None:
    """Refuse a format that does not tell everything of a date, or of a moment."""
    sample = _SAMPLE.cast(found.arrow_type) if found.kind == "timestamp" else _SAMPLE.cast(pa.date32())
    try:
        same = _formatted(found, _strftime(sample, found.format))[0].equals(sample)
    except pa.ArrowException:
        same = False
    if not same:
        hint = "as in %d.%m.%Y, %m/%d/%y or %Y-%m-%d %H:%M:%S"
        raise InputError(f"the format {found.format!r} does not tell a whole {found.kind}", hint=hint)


def _integers(found: Typed, texts: pa.Array) -> tuple[pa.Array, Back]:
    plain = _matching(texts, r"^-?[0-9]{1,19}$")
    try:
        return plain.cast(found.arrow_type), _plainly
    except pa.ArrowInvalid:  # some are too large
        wide = plain.cast(pa.decimal128(20, 0))
        bits = found.arrow_type.bit_width
        limits = [pa.scalar(limit, pa.decimal128(20, 0)) for limit in (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)]
        fits = pc.and_(pc.greater_equal(wide, limits[0]), pc.less_equal(wide, limits[1]))
        return pc.if_else(fits, plain, None).cast(found.arrow_type), _plainly


def _decimals(_found: Typed, texts: pa.Array) -> tuple[pa.Array, Back]:
    return _matching(texts, r"^-?[0-9]+(\.[0-9]+)?$"), _as_they_are


def _floats(_found: Typed, texts: pa.Array) -> tuple[pa.Array, Back]:
    return _matching(texts, r"^-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$").cast(pa.float64()), _plainly


def _uuids(_found: Typed, texts: pa.Array) -> tuple[pa.Array, Back]:
    lower = pc.ascii_lower(texts)
    upper = pc.fill_null(pc.not_equal(texts, lower), False)
    values = uuid_bytes(_matching(lower, r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"))

    def back(changed: pa.Array) -> pa.Array:
        made = uuid_text(changed)
        return pc.if_else(upper, pc.ascii_upper(made), made)

    return values, back


def _dates(found: Typed, texts: pa.Array) -> tuple[pa.Array, Back]:
    if found.format:
        return _formatted(found, texts)
    return _strptime(_matching(texts, r"^[0-9]{4}-"), "%Y-%m-%d").cast(pa.date32()), _plainly


def _formatted(found: Typed, texts: pa.Array) -> tuple[pa.Array, Back]:
    moments = _strptime(texts, found.format.replace("%-", "%"))
    return moments.cast(found.arrow_type), lambda changed: _strftime(changed, found.format)


_MOMENT = (
    r"^(?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})(?P<joint>[ T])(?P<time>[0-9]{2}:[0-9]{2}:[0-9]{2})"
    r"(?P<fraction>(?:\.[0-9]{1,6})?)(?P<zone>(?:Z|[+-][0-9]{2}(?::?[0-9]{2})?)?)$"
)


def _moments(found: Typed, texts: pa.Array) -> tuple[pa.Array, Back]:
    """Moments in ISO 8601 by what their clocks showed: the zone, if one is written, stays what it is."""
    if found.format:
        return _formatted(found, texts)
    parts = pc.extract_regex(texts, _MOMENT)
    day, joint, time, fraction, zone = (
        pc.struct_field(parts, [name]) for name in ("day", "joint", "time", "fraction", "zone")
    )
    seconds = _strptime(pc.binary_join_element_wise(day, time, "T"), "%Y-%m-%dT%H:%M:%S").cast(_MICROS)
    micros = pc.utf8_rpad(pc.utf8_slice_codeunits(fraction, 1), _MICRO_DIGITS, padding="0")
    values = pc.add(seconds, micros.cast(pa.int64()).cast(pa.duration("us")))

    def back(changed: pa.Array) -> pa.Array:
        shown = changed.cast(pa.string())  # 2026-01-31 23:59:59.123456
        day, time = pc.utf8_slice_codeunits(shown, 0, 10), pc.utf8_slice_codeunits(shown, 11, 19)
        rest = _cut_alike(pc.utf8_slice_codeunits(shown, 19), fraction)
        return pc.binary_join_element_wise(day, joint, time, rest, zone, "")

    return values, back


def _cut_alike(texts: pa.Array, others: pa.Array) -> pa.Array:
    """Texts cut to the lengths of others, of which there are few different ones."""
    lengths = pc.utf8_length(others)
    made = pc.utf8_slice_codeunits(texts, 0, 0)
    for length in pc.unique(lengths).drop_null().to_pylist():
        made = pc.if_else(pc.equal(lengths, length), pc.utf8_slice_codeunits(texts, 0, length), made)
    return made


def _texts(_found: Typed, texts: pa.Array) -> tuple[pa.Array, Back]:
    return texts, _as_they_are


_READERS: Mapping[Kind, Callable[[Typed, pa.Array], tuple[pa.Array, Back]]] = {
    "integer": _integers,
    "decimal": _decimals,
    "float": _floats,
    "date": _dates,
    "timestamp": _moments,
    "uuid": _uuids,
    "json": _texts,
    "text": _texts,
}


def _plainly(changed: pa.Array) -> pa.Array:
    return changed.cast(pa.string())


def _as_they_are(changed: pa.Array) -> pa.Array:
    return changed


def _matching(texts: pa.Array, pattern: str) -> pa.Array:
    """The texts of a pattern; null for all others."""
    return pc.if_else(pc.match_substring_regex(texts, pattern), texts, None)


def _strptime(texts: pa.Array, form: str) -> pa.Array:
    return pc.strptime(texts, format=form, unit="s", error_is_null=True)


def _strftime(moments: pa.Array, form: str) -> pa.Array:
    """Moments in a format in which ``%-d`` (or another letter) leaves out a leading zero."""
    if "%-" not in form:
        return pc.strftime(moments.cast(pa.timestamp("s"), safe=False), format=form)
    pieces = [
        pc.replace_substring_regex(_strftime(moments, f"%{piece[2]}"), r"^0(\d)", r"\1")
        if piece.startswith("%-")
        else _strftime(moments, piece)
        for piece in re.split(r"(%-[A-Za-z])", form)
        if piece
    ]
    return pc.binary_join_element_wise(*pieces, "")
