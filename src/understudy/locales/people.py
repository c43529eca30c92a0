"""Names of people by locale: given names by gender, family names, and how they are written in ASCII."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from understudy.errors import unknown
from understudy.locales.texts import folded, sections

LOCALES = ("en", "de", "fr", "es", "it", "nl", "pt-BR", "pl", "ja", "zh", "hi", "ar")
"""The locales that have names, streets and companies of their own."""

DEFAULT = "en"
"""The locale of whoever names none."""

_SPELLED: Mapping[str, Mapping[int, str]] = {
    "": str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}),
    "de": str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue"}),
}
"""Letters that are more than a plain one with a mark, by locale; ``""`` for all."""


@dataclass(frozen=True)
class People:
    """The names of one locale, in its own script; ``*_ascii`` are the same names, row by row, in lower-case ASCII."""

    female: pa.Array
    male: pa.Array
    last: pa.Array
    """Family names, as men bear them where that makes a difference."""
    last_female: pa.Array
    """The same family names as women bear them (Kowalska of Kowalski)."""
    female_latin: pa.Array
    """The same given names in Latin letters."""
    male_latin: pa.Array
    last_latin: pa.Array
    last_female_latin: pa.Array
    family_first: bool = False
    """A full name starts with the family name, without a space between."""


@cache
def people(locale: str) -> People:
    """The names of one locale; an InputError with a close match where it is not one of ``LOCALES``."""
    locale = locale_named(locale)
    parts = sections(f"people/{locale}.txt")
    female, male, last = (list(dict.fromkeys(parts[part])) for part in ("female", "male", "last"))
    women = [_borne_by_women(name) for name in last]
    men = [name.partition("/")[0] for name in last]
    return People(
        female=_texts(female, _native),
        male=_texts(male, _native),
        last=_texts(men, _native),
        last_female=_texts(women, _native),
        female_latin=_texts(female, _latin),
        male_latin=_texts(male, _latin),
        last_latin=_texts(men, _latin),
        last_female_latin=_texts(women, _latin),
        family_first=locale in ("ja", "zh"),
    )


def locale_of(text: str) -> str | None:
    """The one of ``LOCALES`` that a text names (``de``, ``de-AT``, ``pt_BR``, ``zh-Hans``); None if it names none."""
    language = re.split("[-_.]", text.strip().lower(), maxsplit=1)[0]
    return next((locale for locale in LOCALES if locale.partition("-")[0] == language), None)


def locale_named(text: str) -> str:
    """The same; an InputError with a close match where it names none."""
    locale = locale_of(text)
    if locale is None:
        raise unknown("locale", text, LOCALES)
    return locale


def _texts(names: list[str], written: Callable[[str], str]) -> pa.Array:
    return pa.array([written(name) for name in names], pa.string())


def _borne_by_women(name: str) -> str:
    """The second of ``Kowalski/Kowalska``; the name itself where there is one form."""
    man, _, woman = name.partition("/")
    return woman or man


def _native(name: str) -> str:
    return name.partition("=")[0]


def _latin(name: str) -> str:
    native, _, latin = name.partition("=")
    return latin or native


def ascii_of(name: str, locale: str = "") -> str:
    """A name as an address for e-mail can hold it: lower-case ASCII letters and digits alone."""
    lower = unicodedata.normalize("NFC", name).lower().translate(_SPELLED.get(locale, {})).translate(_SPELLED[""])
    plain = unicodedata.normalize("NFKD", lower)
    return "".join(letter for letter in plain if letter.isascii() and letter.isalnum())


@cache
def first_names() -> pa.Array:
    """Given names of all locales, folded, native and Latin: a dictionary to find names with."""
    every = [people(locale) for locale in LOCALES]
    arrays = [array for one in every for array in (one.female, one.male, one.female_latin, one.male_latin)]
    return folded([*sections("people/others.txt")["first"], *(name for array in arrays for name in array.to_pylist())])


@cache
def last_names() -> pa.Array:
    """Family names of all locales, folded, native and Latin."""
    every = [people(locale) for locale in LOCALES]
    arrays = [array for one in every for array in (one.last, one.last_female, one.last_latin, one.last_female_latin)]
    return folded([*sections("people/others.txt")["last"], *(name for array in arrays for name in array.to_pylist())])
