"""``timeline`` and ``age``: dates and ages that agree with a masked date beside them."""

from __future__ import annotations

from datetime import date
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import plain
from understudy.errors import Error, InputError
from understudy.transforms import arithmetic, moments
from understudy.transforms.declare import PER, Change, Declaration, Option, Place, Rows, Setting, column_named
from understudy.transforms.draws import by_value, either_way, needs_subject
from understudy.transforms.moments import LENGTHS, SECOND, Ticks
from understudy.transforms.sentinels import kept

_DATES = ("date", "timestamp")
_COARSE = 5  # years: how ages are told where no date of birth is


def _anchor(place: Place) -> str:
    return str(place.named("after"))


def _build(setting: Setting) -> Change:
    return _timeline(setting, back=False)


def _inverse(setting: Setting) -> Change:
    place = setting.place
    if place.options["ratio"] is not None:
        raise InputError("the distance was changed at random, and is lost")
    if place.table.by_name[_anchor(place)].nullable:
        raise InputError(f"rows without {_anchor(place)} moved by their own dates, and have lost them")
    return _timeline(setting, back=True)


def _timeline(setting: Setting, *, back: bool) -> Change:
    place, ratio, anchor = setting.place, setting.place.options["ratio"], _anchor(setting.place)
    days, draw = int(place.options["days"]), by_value(setting, "timeline")
    unit = LENGTHS["day"] if place.column.kind == "date" else SECOND

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        before, after = (plain(column) for column in (rows.original(anchor), rows.changed(anchor)))
        if ratio is None and not back and anchor not in rows.after:
            where = f"{place.table.name}.{place.column.name}"
            raise Error(
                f"{where} keeps its distance to {anchor}, which has no rule", hint=f"mask {anchor}, or give a ratio"
            )
        words = draw(values, rows)
        found, gap = moments.in_microseconds(values), _between(before, after, unit)
        moved = found - gap if back else found + gap
        if ratio is not None:
            distance = found - moments.in_microseconds(before)
            moved += np.trunc(distance * (float(ratio) * arithmetic.uniform(words)) / unit).astype(np.int64) * unit
        alone = found + either_way(words, days) * LENGTHS["day"]
        missing = pc.or_(kept(before), kept(after)).to_numpy(zero_copy_only=False)
        return moments.of_microseconds(np.where(missing, alone, moved), values.type)

    return change


def _between(before: pa.Array, after: pa.Array, unit: int) -> Ticks:
    """How far the anchor moved, in whole days where the moved column knows no others."""
    one, other = moments.in_microseconds(before), moments.in_microseconds(after)
    return other // unit * unit - one // unit * unit if unit == LENGTHS["day"] else other - one


def _needs(place: Place) -> frozenset[str]:
    return needs_subject(place) | {_anchor(place)}


def _problem(place: Place) -> str:
    anchor = _anchor(place)
    if anchor == place.column.name:
        return "a date keeps no distance to itself"
    if place.table.by_name[anchor].kind not in _DATES:
        return f"{anchor} holds no dates"
    return ""


def _moment(place: Place) -> date | str:
    """When ages are counted: a day, or the column that holds it."""
    on = str(place.options["on"])
    try:
        return date.fromisoformat(on)
    except ValueError:
        return column_named(place.table, on, "on")


def _born(place: Place) -> str:
    return str(place.named("born"))


def _build_age(setting: Setting) -> Change:
    born, on, most = _born(setting.place), _moment(setting.place), int(setting.place.options["most"])

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        birth = plain(rows.changed(born))
        then = (
            pa.array([on]).take(pa.nulls(len(values), pa.int64()).fill_null(0))
            if isinstance(on, date)
            else plain(rows.changed(on))
        )
        missing = pc.or_(kept(birth), kept(then)).to_numpy(zero_copy_only=False)
        coarse = arithmetic.in_units(values.cast(pa.int64())) // _COARSE * _COARSE
        ages = np.where(missing, coarse, _years(birth, then)).clip(0, most)
        return pa.array(ages).cast(values.type)

    return change


def _years(birth: pa.Array, then: pa.Array) -> NDArray[np.int64]:
    """Birthdays between two dates."""
    numbers = [
        [part(moment).fill_null(0).to_numpy(zero_copy_only=False) for part in (pc.year, pc.month, pc.day)]
        for moment in (birth, then)
    ]
    (year, month, day), (now, other_month, other_day) = numbers
    early = (other_month < month) | ((other_month == month) & (other_day < day))
    return cast("NDArray[np.int64]", now - year - early)


def _reads_age(place: Place) -> frozenset[str]:
    on = _moment(place)
    return frozenset({_born(place)} | ({on} if isinstance(on, str) else set()))


def _age_problem(place: Place) -> str:
    for name in _reads_age(place):
        if place.table.by_name[name].kind not in _DATES:
            return f"{name} holds no dates"
    return ""


TIMELINE = Declaration(
    name="timeline",
    summary=(
        "A date keeps its distance to another date of the row, whatever became of that one: what came after it "
        "still comes after it."
    ),
    example="{timeline: orders.created_at}",
    kinds=frozenset({"date", "timestamp"}),
    build=_build,
    main="after",
    options=(
        Option("after", "column", "the date it keeps its distance to, and never passes", required=True),
        Option("ratio", "number", "the share of itself by which the distance may change", least=0.000001, most=1),
        Option(
            "days",
            "whole number",
            "the most days it moves by itself where the other is empty",
            default=30,
            least=1,
            most=36_500,
        ),
        PER,
    ),
    needs=_needs,
    reads=lambda place: frozenset({_anchor(place)}),
    problem=_problem,
    inverse=_inverse,
)

AGE = Declaration(
    name="age",
    summary=(
        "Full years from the masked date of birth beside it; above the limit, the limit. Where there is none, "
        "the age itself in steps of five years."
    ),
    example="{age: {born: users.birth_date, on: 2025-01-01}}",
    kinds=frozenset({"integer"}),
    build=_build_age,
    main="born",
    options=(
        Option("born", "column", "the date of birth", required=True),
        Option("on", "value", "the day on which ages are counted, or the column that holds it", required=True),
        Option("most", "whole number", "the age above which all are as old", default=90, least=1),
    ),
    reads=_reads_age,
    problem=_age_problem,
    by="row",
    sensitive=False,
)
