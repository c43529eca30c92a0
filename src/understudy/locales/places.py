"""Places: cities with all that belongs to them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.locales.countries import country_rows, country_table
from understudy.locales.texts import folded, lines

Patterns = NDArray[np.uint8]
"""Texts to fill (n, longest), ``#`` for any digit and ``@`` for any capital; short ones end in zero bytes."""


@dataclass(frozen=True)
class Places:
    """Cities, row by row with all that belongs to them; those of one country stand together."""

    city: pa.Array
    """In Latin letters, as the country itself writes it."""
    city_native: pa.Array
    """In the country's own script."""
    region: pa.Array
    """The state, province or region, in Latin letters."""
    region_native: pa.Array
    region_code: pa.Array
    """As in ISO 3166-2, without the country."""
    county: pa.Array
    """The county, department or province inside the region; the region where there is none."""
    country: pa.Array
    """In English."""
    code: pa.Array
    """Two letters (ISO 3166-1 alpha-2)."""
    code3: pa.Array
    """Three letters (alpha-3)."""
    locale: pa.Array
    prefix: pa.Array
    """What its international telephone numbers start with, without the plus."""
    timezone: pa.Array
    """As in the IANA database."""
    latitude: NDArray[np.float64]
    longitude: NDArray[np.float64]
    postcodes: Patterns
    phones: Patterns
    """Telephone numbers after the prefix, from what is reserved for fiction where anything is."""
    phones_national: Patterns
    """The same as they are dialled in the country."""
    first: NDArray[np.int64]
    """For every row of ``country_table``, and one more for no country: where its cities begin."""
    count: NDArray[np.int64]
    """How many cities it has; a country without any has all of them, from the first on."""


@cache
def places() -> Places:
    """The cities there are."""
    rows = list(zip(*(line.split("|") for line in lines("places.txt")), strict=True))
    code, city, city_native, region, region_native, region_code, county, postcode, area, latitude, longitude, zone = (
        rows
    )
    table = country_table()
    country = country_rows(pa.array(code, pa.string()))
    first, count = _ranges(country, len(table.code))
    numbers = [_phone(one, where) for one, where in zip(code, area, strict=True)]
    return Places(
        city=_texts(city),
        city_native=_texts(_either(city_native, city)),
        region=_texts(region),
        region_native=_texts(_either(region_native, region)),
        region_code=_texts(region_code),
        county=_texts(_either(county, region)),
        country=table.name.take(pa.array(country)),
        code=_texts(code),
        code3=table.code3.take(pa.array(country)),
        locale=table.locale.take(pa.array(country)),
        prefix=table.prefix.take(pa.array(country)),
        timezone=_texts(zone),
        latitude=np.array(latitude, np.float64),
        longitude=np.array(longitude, np.float64),
        postcodes=patterns(postcode),
        phones=patterns(international for international, _ in numbers),
        phones_national=patterns(national for _, national in numbers),
        first=first,
        count=count,
    )


def patterns(texts: Iterable[str]) -> Patterns:
    """Texts to fill as bytes of one width."""
    raw = [text.encode() for text in texts]
    width = max(len(text) for text in raw)
    return np.frombuffer(b"".join(text.ljust(width, b"\0") for text in raw), np.uint8).reshape(len(raw), width)


def _texts(column: Iterable[str]) -> pa.Array:
    return pa.array(list(column), pa.string())


def _either(column: Iterable[str], other: Iterable[str]) -> list[str]:
    return [one or instead for one, instead in zip(column, other, strict=True)]


def _ranges(country: NDArray[np.int64], countries: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where the cities of every country begin, and how many they are; all of them for one without any."""
    count = np.bincount(country, minlength=countries + 1)
    starts = np.r_[True, np.diff(country) != 0]
    first = np.zeros(countries + 1, np.int64)
    first[country[starts]] = np.flatnonzero(starts)
    return first, np.where(count == 0, len(country), count)


@cache
def _numbers() -> dict[tuple[str, str], tuple[str, str]]:
    """Telephone numbers, international and national, by country and area code."""
    split = [line.split("|") for line in lines("phones.txt")]
    return {(code, area): (international, national) for code, area, international, national, _ in split}


def _phone(code: str, area: str) -> tuple[str, str]:
    return _numbers().get((code, area)) or _numbers()[code, ""]


@cache
def cities() -> pa.Array:
    """Names of cities in all spellings, folded: a dictionary to find places with."""
    there = places()
    known = [name for line in lines("cities.txt") for name in line.split("; ")]
    return folded([*there.city.to_pylist(), *there.city_native.to_pylist(), *known])
