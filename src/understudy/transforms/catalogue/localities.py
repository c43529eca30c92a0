"""Where a draw stands for: one city with its region, country, postal code, streets and telephone numbers.

Every rule of the family draws its place from the same bits, so a subject's city, postal code, time zone
and coordinates are one place's wherever they stand.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import plain
from understudy.errors import unknown
from understudy.locales import LOCALES, Patterns, country_rows, country_table, places, streets
from understudy.native import drawn as native
from understudy.transforms.characters import text_array
from understudy.transforms.declare import Option, Place, Rows
from understudy.transforms.draws import pick
from understudy.transforms.joined import Taken
from understudy.transforms.prf import Words

FAMILY = "place"
"""Drawn by the same subject, a city, a postal code and a country are one place's."""

IN_COUNTRY = Option("country", "text", "a country (`DE`), or `from COLUMN`: a masked column of countries")
SCRIPT = Option("script", "text", "how places are written", default="latin", choices=("latin", "native"))

HOUSES = 180
_LOW_32 = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)


@dataclass(frozen=True)
class Where:
    """How a rule finds the places of its rows: in a country, as an option or read from a column, or anywhere."""

    place: Place

    @cached_property
    def literal(self) -> int | None:
        """The row of the country that the rule names, if it names one."""
        text = self.place.options.get("country")
        if text is None or text.startswith("from "):
            return None
        found = int(country_rows(pa.array([text]))[0])
        return None if found < 0 else found

    @cached_property
    def column(self) -> str | None:
        """The column that says the country, if one does."""
        text = self.place.options.get("country")
        if text is None or self.literal is not None:
            return None
        if not text.startswith("from ") and text not in self.place.table.by_name:
            raise unknown("country", text, country_table().name.to_pylist())
        return self.place.named("country")

    def read(self, _originals: pa.Array, rows: Rows) -> tuple[NDArray[np.int64], ...]:
        """What ``rows`` needs besides the draws."""
        return (country_rows(plain(rows.changed(self.column))),) if self.column else ()

    def rows(self, drawn: Words, *more: NDArray[np.int64]) -> NDArray[np.int64]:
        """Which city each draw stands for."""
        there = places()
        if self.column is None and self.literal is None:
            return pick(drawn, 0, len(there.city))
        country = more[0] if self.column else np.full(len(drawn), self.literal)
        share = (drawn[:, 0] & _LOW_32) * there.count[country].view(np.uint64) >> _32
        return there.first[country] + share.view(np.int64)

    @property
    def native(self) -> bool:
        """Whether names are written in the place's own script."""
        return self.place.options.get("script") == "native"


def reads(place: Place) -> frozenset[str]:
    """The column that says the country."""
    return frozenset({Where(place).column} - {None})  # type: ignore[arg-type]


def problem(place: Place) -> str:
    """Nothing; an InputError where the country or the column that the rule names is not there."""
    reads(place)
    return ""


def filled(patterns: Patterns, rows: NDArray[np.int64], random: Words) -> pa.Array:
    """Some of the patterns (count, longest), their open places filled; six random bits for each, and the same every
    tenth place.
    """
    return text_array(*native.filled(patterns.reshape(-1), patterns.shape[1], rows, random))


def postcodes(rows: NDArray[np.int64], drawn: Words) -> pa.Array:
    """Postal codes of cities."""
    return filled(places().postcodes, rows, drawn[:, 1])


@dataclass(frozen=True)
class _Roads:
    """The streets of all locales, one after the other, in one script."""

    names: pa.Array
    parts: pa.Array
    """The same, and behind them house numbers."""
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    number_first: NDArray[np.bool_]
    between: pa.Array
    behind: pa.Array
    of_city: NDArray[np.int64]
    """The place among ``LOCALES`` of every city's locale."""


@cache
def roads(*, native: bool) -> _Roads:
    """The streets of all locales, and how a house number goes with them."""
    every = [streets(locale) for locale in LOCALES]
    tables = [one.names if native else one.latin for one in every]
    orders = [one.order if native else one.latin_order for one in every]
    first = np.array([order.index("{number}") < order.index("{street}") for order in orders])
    pieces = [order.replace("{street}", "|").replace("{number}", "|").split("|") for order in orders]
    sizes = np.array([len(table) for table in tables], np.int64)
    locale = pc.index_in(places().locale, value_set=pa.array(LOCALES))
    return _Roads(
        names=pa.concat_arrays(tables),
        parts=pa.concat_arrays([*tables, _houses()]),
        starts=np.cumsum(sizes) - sizes,
        sizes=sizes,
        number_first=first,
        between=pa.array([between for _, between, _ in pieces]),
        behind=pa.array([behind for *_, behind in pieces]),
        of_city=locale.to_numpy(zero_copy_only=False).astype(np.int64),
    )


@cache
def _houses() -> pa.Array:
    """House numbers, and behind them those of Japan: a block, a house in it and a door."""
    numbers = range(1, HOUSES + 1)
    blocks = [f"{number % 5 + 1}-{number % 12 + 1}-{number % 17 + 1}" for number in numbers]
    return pa.array([*map(str, numbers), *blocks])


def street_lines(rows: NDArray[np.int64], drawn: Words, *, native: bool) -> tuple[Taken, ...]:
    """Streets with house numbers, in the words and the order of the city's locale."""
    there = roads(native=native)
    locale = there.of_city[rows]
    share = (drawn[:, 1] & _LOW_32) * there.sizes[locale].view(np.uint64) >> _32
    name = there.starts[locale] + share.view(np.int64)
    japanese = locale == LOCALES.index("ja")
    house = len(there.names) + pick(drawn, 1, HOUSES) + np.where(japanese, HOUSES, 0)
    turned = there.number_first[locale]
    first, second = np.where(turned, house, name), np.where(turned, name, house)
    return (there.parts, first), (there.between, locale), (there.parts, second), (there.behind, locale)
