"""``as_date``: dates that stand in texts or count seconds, changed by a rule for dates."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.errors import Error, InputError
from understudy.schema import Column, Kind
from understudy.transforms import moments
from understudy.transforms.date_texts import DateFormat
from understudy.transforms.declare import Change, Declaration, Option, Part, Place, Rows, Setting

_UNITS = {"seconds": "s", "milliseconds": "ms", "microseconds": "us"}
_RULE = "its rule"
_REDACTED = "REDACTED"
_NEVER = ("0002-01-01", "9999-01-01")
"""Dates before the first and from the last stand for no date at all, as infinity does."""

Mask = NDArray[np.bool_]


def _formats(place: Place) -> list[DateFormat]:
    one, several = place.options["format"], place.options["formats"]
    return [DateFormat(str(text)) for text in (several if one is None else [one])]


def _column(place: Place) -> Column:
    """The column of dates that its rule takes this one for."""
    if place.column.kind == "integer":
        kind = pa.timestamp(_UNITS[place.options["unit"]])
    else:
        kind = pa.timestamp("us") if any(one.timed for one in _formats(place)) else pa.date32()
    name: Kind = "date" if pa.types.is_date(kind) else "timestamp"
    return Column(f"{place.column.name} as a {name}", name, name, kind)


def _pieces(place: Place) -> dict[str, Part]:
    return {_RULE: Part(place.options["rule"], (_column(place),))} if not _problem(place) else {}


def _build(setting: Setting) -> Change:
    (change,) = setting.pieces(_RULE).values()
    if setting.place.column.kind == "text":
        return _texts(setting.place, change)
    kind = _column(setting.place).arrow_type

    def counts(values: pa.Array, rows: Rows) -> pa.Array:
        """0 and -1 mean "never", and stay; what leaves the type at one end comes in at the other."""
        numbers = pc.if_else(pc.is_in(values, pa.array([0, -1], values.type)), None, values).cast(pa.int64())
        made = moments.ticks(change(numbers.view(kind), rows)).astype(values.type.to_pandas_dtype())
        return pc.if_else(numbers.is_valid(), pa.array(made), values)

    return counts


def _inverse(setting: Setting) -> Change:
    if setting.place.options["unreadable"] == "redact":
        raise InputError("what was no date was redacted, and is gone")
    return _build(setting)


def _texts(place: Place, change: Change) -> Change:
    formats, kind = _formats(place), _column(place).arrow_type
    where = f"{place.table.name}.{place.column.name}"
    redacted = pa.scalar(_REDACTED[: place.column.max_length])
    refusing = place.options["unreadable"] == "refuse"
    first, last = (int(np.datetime64(day, "us").astype(np.int64)) for day in _NEVER)

    def texts(values: pa.Array, rows: Rows) -> pa.Array:
        found, which = _read(values, formats)
        blank = pc.fill_null(pc.equal(pc.utf8_trim_whitespace(values), ""), True)
        odd = pc.invert(pc.or_(blank, pa.array(which >= 0)))
        if refusing and odd.true_count:
            names = ", ".join(one.text for one in formats)
            hint = "name their format too, or `unreadable: redact`"
            raise Error(f"{odd.true_count} values of {where} are not written as {names}", hint=hint)
        dated = (which >= 0) & (found >= first) & (found < last)
        moved = change(pc.if_else(pa.array(dated), moments.of_microseconds(found, kind), None), rows)
        made = _write(values, moments.in_microseconds(moved), np.where(dated, which, -1), formats)
        gone = pc.and_(pc.and_(made.is_null(), pa.array(dated)), moved.is_valid()).true_count
        if gone:
            raise Error(f"{gone} values of {where} moved beyond the years that can be written")
        made = pc.if_else(pc.and_(pa.array(dated), moved.is_null()), None, made) if moved.null_count else made
        return pc.if_else(odd, redacted, made) if odd.true_count else made

    return texts


def _read(values: pa.Array, formats: list[DateFormat]) -> tuple[moments.Ticks, NDArray[np.int64]]:
    """The moments that texts name, and the first format each is written in (-1 where in none)."""
    found, which = np.zeros(len(values), np.int64), np.full(len(values), -1, np.int64)
    for number, one in enumerate(formats):
        if number and (which >= 0).all():
            break
        read, good = one.read(values)
        good &= which < 0
        found, which = np.where(good, read, found), np.where(good, number, which)
    return found, which


def _write(values: pa.Array, moved: moments.Ticks, which: NDArray[np.int64], formats: list[DateFormat]) -> pa.Array:
    """The texts, with those of each format written anew in it."""
    for number, one in enumerate(formats):
        rows = which == number
        if rows.all() and len(rows):
            return one.write(moved, values)
        if rows.any():
            mask = pa.array(rows)
            values = pc.replace_with_mask(values, mask, one.write(moved[rows], values.filter(mask)))
    return values


def _problem(place: Place) -> str:
    options = place.options
    if place.column.kind == "integer":
        return "" if options["unit"] else f"a number of which {', '.join(_UNITS)} is it? give its `unit`"
    if options["unit"] or (options["format"] is None) == (options["formats"] is None):
        return "a text takes either a format or several formats, and no unit"
    try:
        _formats(place)
    except InputError as error:
        return f"{error.message}: {error.hint}" if error.hint else error.message
    return ""


def _length(place: Place) -> int | None:
    if place.column.kind != "text":
        return None
    return max(one.longest for one in _formats(place))


AS_DATE = Declaration(
    name="as_date",
    summary="Dates written in texts, or counted in seconds since 1970, change by a rule for dates and stay written so.",
    example='{as_date: "%d.%m.%Y", rule: {shift_days: 30, per: users.id}}',
    kinds=frozenset({"text", "integer"}),
    build=_build,
    main="format",
    options=(
        Option("format", "text", "how dates are written: %Y %y %m %-m %b %d %-d %H %M %S %3f %f, and %z at the end"),
        Option("formats", "list", "several such formats, the likeliest first"),
        Option("unit", "text", "of whole numbers: what they count since 1970", choices=tuple(_UNITS)),
        Option("rule", "rule", "the rule for the dates", required=True),
        Option(
            "unreadable",
            "text",
            "what to do about texts in no format: refuse to go on, or redact them; blank ones stay",
            default="refuse",
            choices=("refuse", "redact"),
        ),
    ),
    length=_length,
    problem=_problem,
    pieces=_pieces,
    inverse=_inverse,
)
