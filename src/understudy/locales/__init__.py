"""Tables that fakes are taken from: names, streets, places by locale; read from the texts beside, on first use."""

from __future__ import annotations

from functools import cache

import pyarrow as pa

from understudy.locales.people import DEFAULT, LOCALES, People, ascii_of, first_names, last_names, people
from understudy.locales.places import Places, cities, countries, places
from understudy.locales.texts import lines, longest

__all__ = [
    "DEFAULT",
    "LOCALES",
    "People",
    "Places",
    "ascii_of",
    "cities",
    "company_words",
    "countries",
    "first_names",
    "last_names",
    "longest",
    "people",
    "places",
    "streets",
    "words",
]


@cache
def words(name: str) -> pa.Array:
    """The words of one text: ``first_names``, ``last_names``, ``streets``."""
    return pa.array([word for line in lines(f"{name}.txt") for word in line.split()], pa.string())


@cache
def streets(locale: str = DEFAULT) -> pa.Array:  # noqa: ARG001
    """Names of streets of one locale."""
    return words("streets")


@cache
def company_words(part: str) -> pa.Array:
    """What company names are made of: ``words``, ``trades``, ``forms``."""
    entries = [line.removeprefix(f"{part}: ") for line in lines("companies.txt") if line.startswith(f"{part}: ")]
    return pa.array(" ".join(entries).split(), pa.string())
