"""Tables that fakes are taken from: names, streets, places by locale; read from the texts beside, on first use."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from understudy.locales.countries import (
    Countries,
    countries,
    country_codes,
    country_rows,
    country_table,
    locale_rows,
)
from understudy.locales.people import (
    DEFAULT,
    LOCALES,
    People,
    ascii_of,
    first_names,
    last_names,
    locale_named,
    locale_of,
    people,
)
from understudy.locales.places import Patterns, Places, cities, places
from understudy.locales.streets import Streets, company_forms, streets
from understudy.locales.texts import lines, longest

__all__ = [
    "DEFAULT",
    "LOCALES",
    "Countries",
    "Patterns",
    "People",
    "Places",
    "Streets",
    "ascii_of",
    "cities",
    "company_forms",
    "company_words",
    "countries",
    "country_codes",
    "country_rows",
    "country_table",
    "first_names",
    "last_names",
    "locale_named",
    "locale_of",
    "locale_rows",
    "longest",
    "people",
    "places",
    "streets",
]


@cache
def company_words(part: str) -> pa.Array:
    """What company names are made of: ``words``, ``trades``, ``forms``."""
    entries = [line.removeprefix(f"{part}: ") for line in lines("companies.txt") if line.startswith(f"{part}: ")]
    return pa.array(" ".join(entries).split(), pa.string())
