"""Countries with their codes, telephone prefixes, locales and all their spellings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.locales.people import DEFAULT, LOCALES, locale_of
from understudy.locales.texts import folded, lines


@dataclass(frozen=True)
class Countries:
    """The countries of the world, row by row in the order of their codes."""

    code: pa.Array
    """Two letters (ISO 3166-1 alpha-2)."""
    code3: pa.Array
    """Three letters (alpha-3)."""
    prefix: pa.Array
    """What international telephone numbers start with, without the plus."""
    locale: pa.Array
    """The one of ``LOCALES`` that is nearest to what is spoken there."""
    currency: pa.Array
    """Three letters (ISO 4217)."""
    name: pa.Array
    """In English."""
    local: pa.Array
    """In the language of the locale."""


@cache
def country_table() -> Countries:
    """The countries of the world."""
    rows = [line.split("|")[:7] for line in lines("countries.txt")]
    return Countries(*(pa.array(column, pa.string()) for column in zip(*rows, strict=True)))


@cache
def countries() -> pa.Array:
    """Names of countries in all spellings, folded, without their codes: a dictionary to find them with."""
    return folded(name for names in _names() for name in names)


@cache
def country_codes() -> pa.Array:
    """The codes of countries of two and of three letters, folded."""
    return folded([*country_table().code.to_pylist(), *country_table().code3.to_pylist()])


def country_rows(values: pa.Array) -> NDArray[np.int64]:
    """For texts that name countries, by name or by code in any case: their rows in ``country_table``; -1 for none.

    Looks at every different text once, so it is for columns with few of them.
    """
    return each_different(values, _country_row)


def locale_rows(values: pa.Array) -> NDArray[np.int64]:
    """For texts that name countries or locales: the place of their locale among ``LOCALES``; the default's for none.

    A text that is both (``ar``, Argentina or Arabic) is a country.
    """
    return each_different(values, _locale_row)


def each_different(values: pa.Array, find: Callable[[str | None], int]) -> NDArray[np.int64]:
    """A number for every text, found once for every different one (and once for null)."""
    encoded = pc.dictionary_encode(values.cast(pa.string()), null_encoding="encode")
    found = np.array([find(text) for text in encoded.dictionary.to_pylist()], np.int64)
    return cast("NDArray[np.int64]", found[encoded.indices.to_numpy(zero_copy_only=False)])


def _country_row(text: str | None) -> int:
    return _spellings().get((text or "").strip().lower(), -1)


def _locale_row(text: str | None) -> int:
    country = _country_row(text)
    if country >= 0:
        return LOCALES.index(country_table().locale[country].as_py())
    return LOCALES.index(locale_of(text or "") or DEFAULT)


@cache
def _names() -> list[list[str]]:
    """All names of every country, the English one first."""
    split = [line.split("|") for line in lines("countries.txt")]
    return [[name, local, *others.split(";")] for *_, name, local, others in split]


@cache
def _spellings() -> dict[str, int]:
    """The row of every folded name and code; a name that two countries bear belongs to the one that has it first."""
    table = country_table()
    found: dict[str, int] = {}
    for codes in (table.code, table.code3, table.name):
        for row, spelled in enumerate(codes.to_pylist()):
            found.setdefault(spelled.lower(), row)
    for row, names in enumerate(_names()):
        for name in names:
            found.setdefault(name.strip().lower(), row)
    found.pop("", None)
    return found
