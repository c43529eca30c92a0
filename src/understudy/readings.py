"""What texts of a column say: dates, moments, times of day and amounts, written in one way; read, and written so again.

``06/15/1982``, ``3 Jan 2021 9:05 PM``, ``$1,234.50`` and ``12 %`` are no labels: files without types are full of them.
A column is read only if its texts, written again, are the same to the letter.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from itertools import product
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow

_DAYS = (
    *("%Y-%m-%d", "%m/%d/%Y", "%d/%m/%Y", "%d.%m.%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d", "%Y.%m.%d"),
    *("%m/%d/%y", "%d/%m/%y", "%d.%m.%y", "%d-%b-%Y", "%d-%b-%y", "%d %b %Y", "%d %B %Y", "%b %d, %Y", "%B %d, %Y"),
    "%Y%m%d",
)
"""Of two that a text may follow the first: months come first between slashes, days between points and dashes."""
_CLOCKS = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
_FORMS: tuple[tuple[Literal["date", "timestamp", "time"], str], ...] = (
    *(("date", day) for day in _DAYS),
    *(("time", clock) for clock in _CLOCKS),
    *(("timestamp", f"{day}{gap}{clock}") for day, gap, clock in product(_DAYS, (" ", "T"), _CLOCKS)),
    *(("timestamp", f"{day}T%H:%M:%SZ") for day in _DAYS[:1]),
)
_YEARS = (1900, 2100)
"""What eight digits without a separator must say of their year, or they are a number."""
_STYLES = (("", "."), (",", "."), (".", ","), (" ", ","), ("'", "."), ("", ","))
"""What stands between thousands, and before decimals."""
_BEFORE = re.compile(r"(?:[^\w\s.,'+\-]{1,3}|[A-Z]{3})\s?|")
_AFTER = re.compile(r"\s?(?:[^\w\s.,'+\-]{1,3}|[^\W\d_]{1,12})|")
_AMOUNT = re.compile(r"-?(?P<before>[^\d\-]*)-?(?P<body>\d(?:[\d.,' ]*\d)?)(?P<after>\D*)")
_MOST_DIGITS = 15
_FEW, _FIRST = 100, 3
"""Texts that a form is tried on before all of them, and those whose forms are tried."""
SLIP = 100
"""Of so many rows one may be written otherwise."""


@dataclass(frozen=True)
class Moment:
    """How a column writes dates, moments or times of day."""

    kind: Literal["date", "timestamp", "time"]
    form: str
    """As ``strptime`` has it."""
    short_days: bool = False
    """Days and months are written without a leading zero."""
    short_hours: bool = False
    nothing: str | None = None
    """What stands where there is no value, if not null."""

    @property
    def example(self) -> Any:
        """A value to show how others are to be written."""
        return {"date": date(2026, 1, 31), "timestamp": datetime(2026, 1, 31, 20, 15), "time": time(20, 15)}[self.kind]

    @property
    def arrow_type(self) -> pa.DataType:
        """What the texts are read as."""
        return {"date": pa.date32(), "timestamp": pa.timestamp("s"), "time": pa.time32("s")}[self.kind]

    def read(self, texts: pa.Array) -> pa.Array:
        """What texts say; null where one is not written in this way."""
        found = pc.strptime(texts, self.form, "s", error_is_null=True)
        return found if self.kind == "timestamp" else found.cast(self.arrow_type)

    def write(self, values: pa.Array) -> pa.Array:
        """Values as the column has them."""
        if self.kind == "time":
            values = values.cast(pa.int32()).cast(pa.int64())
        made = pc.strftime(values.cast(pa.timestamp("s")), self.form)
        if self.short_days:
            for _ in range(2):  # a separator ends one number and begins the next
                made = pc.replace_substring_regex(made, r"(^|[/\-. ])0(\d)([/\-., ])", r"\1\2\3")
        if self.short_hours:
            made = pc.replace_substring_regex(made, r"(^|[ T])0(\d:)", r"\1\2")
        return made if self.nothing is None else pc.fill_null(made, self.nothing)


@dataclass(frozen=True)
class Amount:
    """How a column writes amounts: with a currency, a unit, or marks between thousands."""

    before: str
    after: str
    thousands: str
    point: str
    decimals: int | None
    """How many there always are; None where that differs."""
    minus_first: bool = False
    """A minus stands before the currency, not behind it."""
    nothing: str | None = None

    @property
    def example(self) -> Any:
        """A value to show how others are to be written."""
        return 12_345

    @property
    def arrow_type(self) -> pa.DataType:
        """What the texts are read as."""
        if self.decimals is None:
            return pa.float64()
        return pa.decimal128(_MOST_DIGITS + 3, self.decimals) if self.decimals else pa.int64()

    def read(self, texts: pa.Array) -> pa.Array:
        """What texts say; null where one is not written in this way."""
        before, after, between, point = map(_quoted, (self.before, self.after, self.thousands, self.point))
        whole = f"(?:[0-9]{{1,3}}(?:{between}[0-9]{{3}})+|[0-9]+)" if between else "[0-9]+"
        first, then = ("-?", "") if self.minus_first else ("", "-?")
        form = f"^(?P<sign>{first}){before}(?P<body>{then}{whole}(?:{point}[0-9]+)?){after}$"
        parts = pc.extract_regex(texts, form)
        bare = pc.binary_join_element_wise(pc.struct_field(parts, "sign"), pc.struct_field(parts, "body"), "")
        bare = pc.replace_substring(bare, self.thousands, "") if self.thousands else bare
        bare = pc.replace_substring(bare, self.point, ".")
        bare = pc.if_else(pc.less_equal(pc.utf8_length(bare), _MOST_DIGITS + 2), bare, None)
        return bare.cast(pa.float64()).cast(self.arrow_type, safe=False)

    def write(self, values: pa.Array) -> pa.Array:
        """Values as the column has them."""
        plain = values.cast(pa.string())
        parts = pc.extract_regex(plain, r"^(?P<sign>-?)(?P<whole>[0-9]+)(?P<rest>(?:\.[0-9]+)?)$")
        sign, whole, rest = (pc.struct_field(parts, name) for name in ("sign", "whole", "rest"))
        for _ in range(_MOST_DIGITS // 3 if self.thousands else 0):
            whole = pc.replace_substring_regex(whole, r"^([0-9]+)([0-9]{3})", rf"\1{self.thousands}\2")
        rest = pc.replace_substring(rest, ".", self.point)
        start = (sign, self.before) if self.minus_first else (self.before, sign)
        made = pc.binary_join_element_wise(*start, whole, rest, self.after, "")
        return made if self.nothing is None else pc.fill_null(made, self.nothing)


Reading = Moment | Amount


def reading_of(values: pa.Array) -> Reading | None:
    """In which one way the texts of a column are dates, moments, times of day or amounts; None where they are not.

    Of a hundred rows one may be written otherwise: it is a slip, and says nothing.
    """
    if not arrow.is_text(values.type) or values.null_count == len(values):
        return None
    counted = pc.value_counts(arrow.plain(values).cast(pa.string()).drop_null())
    order = pc.array_sort_indices(counted.field(1), "descending")
    texts, counts = counted.field(0).take(order), np.asarray(counted.field(1).take(order))
    found = _way(texts, counts)
    if found is None and not values.null_count and len(texts) > 1:
        bare = np.flatnonzero(~np.asarray(pc.match_substring_regex(texts, "[0-9]")))
        if len(bare):  # the most frequent text without a digit may stand for no value
            rest = np.delete(np.arange(len(texts)), bare[0])
            found = _way(texts.take(pa.array(rest)), counts[rest])
            return None if found is None else replace(found, nothing=texts[int(bare[0])].as_py())
    return found


def read(column: pa.Array, reading: Reading) -> pa.Array:
    """The values that a column's texts say; null where a text is not written in this way."""
    return reading.read(arrow.plain(column).cast(pa.string()))


def odd(texts: pa.Array, said: pa.Array, reading: Reading) -> NDArray[np.bool_]:
    """Which texts, of which that was read, say nothing, though they stand for something."""
    found: NDArray[np.bool_] = np.asarray(said.is_null()) & np.asarray(texts.is_valid())
    if reading.nothing is not None and found.any():
        found &= np.asarray(pc.fill_null(pc.not_equal(texts, reading.nothing), False))
    return found


def ways_of(table: pa.Table, *, leave: Collection[str] = ()) -> dict[str, Reading]:
    """How those columns of a table are written that are read; but for those to ``leave``."""
    found = {}
    for name in table.column_names:
        if name not in leave and arrow.is_text(table.schema.field(name).type):
            way = reading_of(table.column(name).combine_chunks())
            if way is not None:
                found[name] = way
    return found


def said(table: pa.Table, ways: Mapping[str, Reading]) -> pa.Table:
    """A table with what its texts say, in their place."""
    for name, way in ways.items():
        if name in table.column_names and arrow.is_text(table.schema.field(name).type):
            values = read(table.column(name).combine_chunks(), way)
            table = table.set_column(table.schema.get_field_index(name), name, values)
    return table


def _way(texts: pa.Array, counts: NDArray[np.int64]) -> Reading | None:
    """The way in which some different texts are written, the most frequent ones first."""
    few = texts[:_FEW]
    slips = int(counts.sum()) // SLIP
    tried: list[Reading] = []
    for text in few[:_FIRST].to_pylist():
        for reading in (*_moments(text), *_amounts(text, few)):
            if reading in tried:
                continue
            tried.append(reading)
            if counts[: len(few)][~_fits(reading, few)].sum() <= slips:
                fits = _fits(reading, texts)
                if counts[~fits].sum() <= slips and _likely(reading, texts.filter(pa.array(fits))):
                    return reading
    return None


def _fits(reading: Reading, texts: pa.Array) -> NDArray[np.bool_]:
    """Which texts, read and written again, are the same."""
    return np.asarray(pc.fill_null(pc.equal(reading.write(reading.read(texts)), texts), False))


def _likely(reading: Reading, texts: pa.Array) -> bool:
    if not isinstance(reading, Moment) or "%Y%m%d" not in reading.form:
        return True
    years = pc.min_max(pc.year(reading.read(texts))).as_py()
    return bool(_YEARS[0] <= years["min"] and years["max"] <= _YEARS[1])


def _moments(text: str) -> Iterator[Reading]:
    """The forms of dates and times that a text has."""
    for kind, form in _FORMS:
        if not pc.strptime(pa.array([text]), form, "s", error_is_null=True).null_count:
            for days, hours in product((False, True), repeat=2):
                yield Moment(kind, form, days, hours)


def _amounts(text: str, few: pa.Array) -> Iterator[Reading]:
    """The ways in which a text, and others beside it, may be an amount; a bare whole number may as well be a code."""
    match = _AMOUNT.fullmatch(text)
    if match is None or not (_BEFORE.fullmatch(match["before"]) and _AFTER.fullmatch(match["after"])):
        return
    before, after = match["before"], match["after"]
    for (thousands, point), minus_first in product(_STYLES, (False, True) if before else (False,)):
        rests = pc.struct_field(pc.extract_regex(few, f"(?P<rest>{_quoted(point)}[0-9]+){_quoted(after)}$"), "rest")
        parted = bool(thousands) and pc.any(pc.match_substring(few, thousands)).as_py()
        if before or after or parted or rests.null_count < len(few):
            lengths = pc.fill_null(pc.utf8_length(rests), 1).unique().to_pylist()
            decimals = lengths[0] - 1 if len(lengths) == 1 else None
            yield Amount(before, after, thousands, point, decimals, minus_first)


def _quoted(text: str) -> str:
    """A text as RE2 matches it to the letter."""
    return re.sub(r"([!-/:-@\[-`{-~])", r"\\\1", text)
