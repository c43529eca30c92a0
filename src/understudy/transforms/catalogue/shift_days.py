"""``shift_days`` and ``jitter``: dates and times move, all of a subject's alike, or each a little by itself."""

from __future__ import annotations

import pyarrow as pa

from understudy.errors import InputError
from understudy.transforms import moments
from understudy.transforms.declare import (
    BY,
    DOMAIN,
    LOSSY,
    PER,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    Uniqueness,
)
from understudy.transforms.draws import by_value, drawn, either_way, needs_drawn, needs_subject
from understudy.transforms.moments import LENGTHS, SECOND

_DAY_STEPS = ("day", "week")
_MOST_JITTER = 366  # days


def _most(place: Place) -> int:
    """By how many steps a date moves at most."""
    return int(place.options["days"]) * LENGTHS["day"] // LENGTHS[place.options["step"]]


def _build(setting: Setting) -> Change:
    return _shift(setting, back=False)


def _inverse(setting: Setting) -> Change:
    place = setting.place
    if place.subject is None:
        raise InputError("a date that moved by its own value has lost it; dates moved `per` a subject come back")
    if place.table.column(place.subject).nullable:
        raise InputError(f"rows without {place.subject} moved by their own dates, and have lost them")
    return _shift(setting, back=True)


def _shift(setting: Setting, *, back: bool) -> Change:
    length, most = LENGTHS[setting.place.options["step"]], _most(setting.place)
    draw = by_value(setting, "shift_days")

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        return moments.shifted(values, either_way(draw(values, rows), most) * length, back=back)

    return change


def _uniqueness(place: Place) -> Uniqueness:
    if place.subject is None:
        return LOSSY
    return Uniqueness("preserved", within=place.subject)


def _problem(place: Place) -> str:
    step = place.options["step"]
    if place.column.kind == "date" and step not in _DAY_STEPS:
        return f"a date moves by {' or '.join(_DAY_STEPS)}, not by {step}"
    return "" if _most(place) else "to keep the weekday, dates must move by at least 7 days"


def _build_jitter(setting: Setting) -> Change:
    most = moments.microseconds(setting.place.options["most"]) // SECOND
    draw = drawn(setting, "jitter", "value")

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        steps = either_way(draw(values, rows), most) * SECOND
        if pa.types.is_time(values.type):
            return moments.of_microseconds((moments.in_microseconds(values) + steps) % LENGTHS["day"], values.type)
        return moments.shifted(values, steps)

    return change


def _jitter_problem(place: Place) -> str:
    try:
        length = moments.microseconds(place.options["most"])
    except InputError as error:
        return f"{error.message}: {error.hint}"
    if place.column.kind == "time" and 2 * length >= LENGTHS["day"]:
        return "a time of day moves by less than 12 hours"
    return "" if length <= _MOST_JITTER * LENGTHS["day"] else f"for more than {_MOST_JITTER} days, use shift_days"


SHIFT_DAYS = Declaration(
    name="shift_days",
    summary=(
        "A date or time moves by up to so many days, never by none: by its own value, or by the same number "
        "for all rows of one subject."
    ),
    example="{shift_days: 30, per: users.id}",
    kinds=frozenset({"date", "timestamp"}),
    build=_build,
    main="days",
    options=(
        Option("days", "whole number", "the most days to move, either way", required=True, least=1, most=36_500),
        Option(
            "step",
            "text",
            "what it moves a whole number of: a week keeps the weekday, a day the time of day",
            default="day",
            choices=tuple(LENGTHS),
        ),
        PER,
        DOMAIN,
    ),
    uniqueness=_uniqueness,
    needs=needs_subject,
    problem=_problem,
    inverse=_inverse,
)

JITTER = Declaration(
    name="jitter",
    summary="A time moves by up to so many seconds, minutes, hours or days, each value by its own number of seconds.",
    example="{jitter: 30 minutes}",
    kinds=frozenset({"timestamp", "time"}),
    build=_build_jitter,
    main="most",
    options=(
        Option("most", "text", "the most it moves, either way: a number and its unit", required=True),
        BY,
        PER,
        DOMAIN,
    ),
    needs=needs_drawn("value"),
    problem=_jitter_problem,
)
