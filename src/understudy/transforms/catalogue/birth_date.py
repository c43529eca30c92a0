"""``birth_date``: another day of birth at about the same age, so that adults stay adults and minors minors."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.errors import InputError
from understudy.transforms import moments
from understudy.transforms.declare import DOMAIN, PER, Change, Declaration, Option, Place, Rows, Setting
from understudy.transforms.draws import by_value, needs_subject
from understudy.transforms.fake import folded, keep_blank
from understudy.transforms.moments import LENGTHS
from understudy.transforms.prf import Words

Days = NDArray[np.int64]
"""Days since 1970."""

Period = Literal["year", "quarter", "month"]

_ISO = r"^\d{4}-\d{2}-\d{2}$"
_MONTHS: dict[Period, int] = {"year": 12, "quarter": 3, "month": 1}
_ADULT = 18
_LOW_32, _32 = np.uint64(0xFFFFFFFF), np.uint64(32)


@dataclass(frozen=True)
class _Bands:
    """Ages on one day, in steps of some years, and the days of birth of those who have them."""

    at: datetime.date
    years: int
    adult: int
    cap: int

    @property
    def edges(self) -> Days:
        """The last days of birth of those who are at least so old, the oldest first."""
        ages = {age for age in (*range(0, self.cap, self.years), self.adult) if age < self.cap} | {self.cap}
        return np.array([_days(_before(self.at, age)) for age in sorted(ages, reverse=True)], np.int64)

    @property
    def oldest(self) -> int:
        """The day of birth of all who have the highest age or more."""
        return _days(datetime.date(self.at.year - self.cap, 1, 1))

    @property
    def adults(self) -> int:
        """The last day of birth of adults."""
        return _days(_before(self.at, self.adult))

    def around(self, born: Days, keep: Period | None) -> tuple[Days, Days]:
        """The first and the last day that may stand for each day of birth."""
        edges = self.edges
        band = np.searchsorted(edges, born, side="left")
        capped, unborn = band == 0, band == len(edges)
        first = edges[np.maximum(band - 1, 0)] + 1
        last = edges[np.minimum(band, len(edges) - 1)]
        start, end = _period(born, keep or "year")
        first = np.where(unborn | (keep is not None), np.maximum(first, start), first)
        last = np.where(unborn, end, np.minimum(last, end) if keep else last)
        return np.where(capped, self.oldest, first), np.where(capped, self.oldest, last)


def _days(date: datetime.date) -> int:
    return (date - datetime.date(1970, 1, 1)).days


def _before(date: datetime.date, years: int) -> datetime.date:
    """The same day so many years before; the last of February where there is no 29th."""
    try:
        return date.replace(year=date.year - years)
    except ValueError:
        return date.replace(year=date.year - years, day=28)


def _period(days: Days, period: Period) -> tuple[Days, Days]:
    """The first and the last day of the year, the quarter or the month that days lie in."""
    months = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    start = months - months % _MONTHS[period]
    first, after = (month.astype("datetime64[M]").astype("datetime64[D]") for month in (start, start + _MONTHS[period]))
    return first.astype(np.int64), after.astype(np.int64) - 1


def _another(words: Words, born: Days, first: Days, last: Days) -> Days:
    """A day from the first to the last, not the one it stands for where there is another."""
    made = first + ((words[:, 0] & _LOW_32) * (last - first).view(np.uint64) >> _32).view(np.int64)
    return made + ((first <= born) & (born <= made) & (first < last))


def _build(setting: Setting) -> Change:
    options = setting.place.options
    bands, keep = _bands(setting.place), options["keep"]
    draw = by_value(setting, "birth_date")

    def dates(values: pa.Array, rows: Rows) -> pa.Array:
        born = moments.in_microseconds(values) // LENGTHS["day"]
        made = _another(draw(values, rows), born, *bands.around(born, keep))
        return moments.shifted(values, (made - born) * LENGTHS["day"])

    def texts(values: pa.Array, rows: Rows) -> pa.Array:
        there = pc.if_else(pc.match_substring_regex(values, _ISO), values, None)
        known = pc.strptime(there, format="%Y-%m-%d", unit="s", error_is_null=True).cast(pa.date32())
        made = dates(known, rows).cast(pa.string())
        anyone = pc.if_else(known.is_valid(), made, _adults(draw(values, rows), bands))
        return keep_blank(values, folded(values), anyone)

    return texts if setting.place.column.kind == "text" else dates


def _adults(drawn: Words, bands: _Bands) -> pa.Array:
    """Days of birth of adults, for texts that are no dates."""
    first, last = (np.full(len(drawn), day, np.int64) for day in (bands.oldest + 1, bands.adults))
    return moments.of_ticks(_another(drawn, last + 1, first, last), pa.date32()).cast(pa.string())


def _bands(place: Place) -> _Bands:
    options = place.options
    at = options["at"]
    if not isinstance(at, datetime.date):
        try:
            at = datetime.date.fromisoformat(str(at))
        except ValueError:
            raise InputError(f"`at: {at}` is no date", hint="the day on which ages are told: 2026-01-01") from None
    return _Bands(at, int(options["band"]), int(options["adult"]), int(options["cap"]))


def _problem(place: Place) -> str:
    bands = _bands(place)
    if bands.at.year <= bands.cap:
        return f"nobody was born {bands.cap} years before {bands.at}"
    return "" if bands.adult < bands.cap else "`adult` is an age below `cap`"


BIRTH_DATE = Declaration(
    name="birth_date",
    summary=(
        "Another day of birth within the same few years of age: adults stay adults and minors minors on a stated day; "
        "all who are 90 or more then get one day of birth (HIPAA Safe Harbor)."
    ),
    example="{birth_date: 2026-01-01, per: id}",
    kinds=frozenset({"date", "timestamp", "text"}),
    build=_build,
    main="at",
    options=(
        Option("at", "value", "the day on which ages are told, so that every run gives the same", required=True),
        Option("band", "whole number", "how many years of age stay together", default=5, least=1, most=100),
        Option("adult", "whole number", "an age that nobody crosses", default=_ADULT, least=1, most=100),
        Option("cap", "whole number", "the age from which all are of one age", default=90, least=2, most=120),
        Option("keep", "text", "stay in the same year, quarter or month too", choices=tuple(_MONTHS)),
        PER,
        DOMAIN,
    ),
    length=lambda _place: len("1970-01-01"),
    needs=needs_subject,
    problem=_problem,
)
