"""Rules for pieces of values, all of which are written as text: a rule sees them as a column of their own.

A piece of text that is a number, a date or a moment, under a rule for these, is changed as one and
written back in the form it had.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import anywhere, spans
from understudy.errors import Error
from understudy.interfaces import Rule
from understudy.schema import Column, Kind
from understudy.transforms import moments
from understudy.transforms.date_texts import DateFormat
from understudy.transforms.declare import Change, Part, Place, Rows
from understudy.transforms.fake import same_width
from understudy.transforms.hexadecimal import uuid_digits
from understudy.transforms.matches import matching
from understudy.transforms.stretches import Flags

FORMS: Mapping[Kind, Column] = {
    "integer": Column("", "integer", "integer", pa.int64()),
    "decimal": Column("", "number", "decimal", pa.string(), as_text=True),
    "boolean": Column("", "boolean", "boolean", pa.bool_()),
    "date": Column("", "date", "date", pa.date32()),
    "timestamp": Column("", "timestamp", "timestamp", pa.timestamp("us")),
    "uuid": Column("", "uuid", "uuid", pa.uuid()),
    "text": Column("", "text", "text", pa.string()),
}
"""What pieces may be, as columns."""

_SPELLED: tuple[Kind, ...] = ("integer", "decimal", "date", "timestamp", "uuid")
_PATTERNS: Mapping[Kind, str] = {
    "integer": r"^-?\d{1,19}$",
    "decimal": r"^(?:-?\d+(?:\.\d+)?(?:[eE][+-]?\d{1,4})?|NaN|-?Infinity)$",
    "boolean": r"^(?:t|f|true|false)$",
    "uuid": r"^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$",
}
_LARGEST = str(2**63 - 1)
_ANY: Mapping[Kind, str] = {"integer": "0", "decimal": "0", "boolean": "f", "uuid": "0" * 32}
_TICKS: Mapping[Kind, int] = {"date": moments.LENGTHS["day"], "timestamp": 1}
_MOMENT = r"^(?P<head>\d{4}-\d\d-\d\d[ T]\d\d:\d\d(?::\d\d)?)(?P<fraction>\.\d{1,6})?(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?$"
_DAY = DateFormat("%Y-%m-%d")
_HEADS = [DateFormat(f"%Y-%m-%d{between}%H:%M{seconds}") for between in " T" for seconds in (":%S", "")]
_ENDLESS = pa.array(["infinity", "-infinity"])


def part(place: Place, label: str, rule: Rule, kinds: Sequence[Kind], *, distinct: bool = False) -> Part:
    """A rule for pieces that may be of these kinds."""
    name = f"{place.column.name} {label}"
    return Part(rule, tuple(replace(FORMS[kind], name=name) for kind in kinds), distinct=distinct)


def changed(
    changes: Mapping[Kind, Change], texts: pa.Array, rows: Rows, kind: Kind, *, where: str
) -> tuple[pa.Array, Kind]:
    """Pieces that are all written as one kind, changed; and the kind that they are now written as.

    A rule that does not take their kind changes them as text; or, where it takes no text, by what each is.
    """
    if kind == "integer" and kind not in changes and "decimal" in changes:
        kind = "decimal"
    if kind in changes:
        return _as(kind, changes[kind], texts, rows, where), kind
    if "text" in changes:
        return changes["text"](texts, rows), "text"
    if kind != "text":
        raise _unfit(len(texts), kind, where)
    return _by_form(changes, texts, rows, where), kind


def _unfit(count: int, kind: str, where: str) -> Error:
    return Error(f"{count} values at {where} are of kind {kind}, which their rule cannot change")


def _by_form(changes: Mapping[Kind, Change], texts: pa.Array, rows: Rows, where: str) -> pa.Array:
    """Texts changed as the numbers, dates, moments or UUIDs that they spell; blank and endless ones stay."""
    left = ~_stays(texts)
    for kind in _SPELLED:
        if kind in changes and left.any():
            there = read(kind, texts)[1] & left
            left &= ~there
            if there.any():
                places = pa.array(np.flatnonzero(there))
                made = _as(kind, changes[kind], texts.take(places), rows.at(places), where)
                texts = pc.replace_with_mask(texts, pa.array(there), made)
    if left.any():
        raise _unfit(int(left.sum()), "text", where)
    return texts


def _as(kind: Kind, change: Change, texts: pa.Array, rows: Rows, where: str) -> pa.Array:
    """Texts that all spell values of one kind, changed and spelled again."""
    values, good = read(kind, texts)
    if good.all():
        return _written(kind, change(values, rows), texts)
    lost = int((~good & ~_stays(texts)).sum())
    if lost:
        raise Error(f"{lost} values at {where} are not written as their kind, {kind}, is")
    places = pa.array(np.flatnonzero(good))
    made = _written(kind, change(values.take(places), rows.at(places)), texts.take(places))
    return pc.replace_with_mask(texts, pa.array(good), made)


def _stays(texts: pa.Array) -> Flags:
    """Texts that stand for no value, or for one beyond all others."""
    blank = pc.equal(pc.utf8_trim_whitespace(texts), "")
    return cast("Flags", pc.or_(blank, pc.is_in(texts, _ENDLESS)).to_numpy(zero_copy_only=False))


def _matching(texts: pa.Array, kind: Kind) -> Flags:
    return matching(texts, _PATTERNS[kind])


def whole(texts: pa.Array) -> Flags:
    """Which texts are whole numbers of 64 bits."""
    good = _matching(texts, "integer")
    if pc.greater(pc.binary_length(texts), len(_LARGEST) - 1).true_count:
        digits = pc.replace_substring(texts, "-", "")
        over = pc.and_(pc.equal(pc.binary_length(digits), len(_LARGEST)), pc.greater(digits, _LARGEST))
        good &= ~over.to_numpy(zero_copy_only=False)
    return good


def read(kind: Kind, texts: pa.Array) -> tuple[pa.Array, Flags]:
    """The values that texts spell, and which do spell one; in the place of others, whatever is easy."""
    if kind in _PATTERNS:
        flags = whole(texts) if kind == "integer" else _matching(texts, kind)
        texts = texts if flags.all() else pc.if_else(pa.array(flags), texts, _ANY[kind])
        if kind == "integer":
            return texts.cast(pa.int64()), flags
        if kind == "decimal":
            return _plain(texts), flags
        return pc.is_in(texts, pa.array(["true", "t"])) if kind == "boolean" else _uuids(texts), flags
    if kind not in _TICKS:
        return texts, np.ones(len(texts), bool)
    found, flags = _DAY.read(texts) if kind == "date" else _read_moments(texts)
    return moments.of_ticks(found // _TICKS[kind], FORMS[kind].arrow_type), flags


def _read_moments(texts: pa.Array) -> tuple[moments.Ticks, Flags]:
    """Moments of the time zone that texts are written in."""
    parts = pc.extract_regex(texts, _MOMENT)
    heads = pc.struct_field(parts, "head")
    found, good = np.zeros(len(texts), np.int64), np.zeros(len(texts), bool)
    for one in _HEADS:
        moment, there = one.read(heads)
        found, good = np.where(there & ~good, moment, found), good | there
    fractions = pc.fill_null(pc.utf8_slice_codeunits(pc.struct_field(parts, "fraction"), 1), "")
    return found + pc.utf8_rpad(fractions, 6, "0").cast(pa.int64()).to_numpy(), good


def _written(kind: Kind, values: pa.Array, texts: pa.Array) -> pa.Array:
    """Values as texts, in the form of those that they stand in for."""
    if kind in ("text", "json", "decimal", "other"):
        return values
    if kind == "integer":
        return values.cast(pa.string())
    if kind == "boolean":
        short = pc.equal(pc.binary_length(texts), 1)
        return pc.if_else(values, pc.if_else(short, "t", "true"), pc.if_else(short, "f", "false"))
    if kind == "uuid":
        data, offsets = spans(values)
        made = same_width(uuid_digits(data[offsets[0] : offsets[-1]].reshape(-1, 16)))
    else:
        found = moments.in_microseconds(values)
        made = _DAY.write(found, texts) if kind == "date" else _written_moments(found, texts)
        if made.null_count:
            raise Error(f"{made.null_count} dates moved beyond the years that can be written")
    return pc.if_else(values.is_valid(), made, None) if values.null_count else made


def _written_moments(found: moments.Ticks, texts: pa.Array) -> pa.Array:
    """Moments with seconds, with as many decimals of them and in the time zone as their originals have."""
    parts = pc.extract_regex(texts, _MOMENT)
    heads, zones = pc.struct_field(parts, "head"), pc.fill_null(pc.struct_field(parts, "zone"), "")
    made = pa.nulls(len(texts), pa.string())
    for one in _HEADS:
        there = pa.array(one.read(heads)[1])
        made = pc.if_else(there, one.write(found, texts), made) if there.true_count else made
    digits = pc.utf8_lpad(pa.array(found % moments.SECOND).cast(pa.string()), 6, "0")
    shown = pc.fill_null(pc.utf8_length(pc.struct_field(parts, "fraction")), 0).to_numpy()
    for length in np.unique(shown[shown > 0]):
        fraction = pc.binary_join_element_wise(".", pc.utf8_slice_codeunits(digits, 0, int(length) - 1), "")
        made = pc.if_else(pa.array(shown == length), pc.binary_join_element_wise(made, fraction, ""), made)
    return pc.binary_join_element_wise(made, zones, "")


def _plain(numbers: pa.Array) -> pa.Array:
    """Decimal numbers without exponents."""
    if not anywhere(numbers, b"eE"):
        return numbers
    odd = pc.match_substring_regex(numbers, "[eE]")
    plain = [format(Decimal(number), "f") for number in numbers.filter(odd).to_pylist()]
    return pc.replace_with_mask(numbers, odd, pa.array(plain, pa.string()))


def _uuids(texts: pa.Array) -> pa.Array:
    data, offsets = spans(pc.replace_substring(texts, "-", ""))
    raw = bytes.fromhex(data[offsets[0] : offsets[-1]].tobytes().decode())
    return pa.FixedSizeBinaryArray.from_buffers(pa.binary(16), len(texts), [None, pa.py_buffer(raw)])
