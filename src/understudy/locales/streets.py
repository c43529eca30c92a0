"""Streets and forms of companies by locale."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import pyarrow as pa

from understudy.locales.people import DEFAULT, locale_named
from understudy.locales.texts import sections


@dataclass(frozen=True)
class Streets:
    """The names of streets of one locale, and where the number of the house stands."""

    names: pa.Array
    latin: pa.Array
    """The same names in Latin letters."""
    order: str
    """``{number} {street}``, ``{street} {number}``, as the locale has it."""
    latin_order: str
    """The same in Latin letters."""


@cache
def streets(locale: str = DEFAULT) -> Streets:
    """The streets of one locale; an InputError with a close match where it is not one of ``LOCALES``."""
    locale = locale_named(locale)
    parts = sections("streets.txt")
    names, latin = [], []
    for form in parts[f"{locale}.form"]:
        native_form, _, latin_form = form.partition("=")
        for name in parts[f"{locale}.name"]:
            native, _, in_latin = name.partition("=")
            names.append(native_form.format(native))
            latin.append((latin_form or native_form).format(in_latin or native))
    order = ", ".join(parts[f"{locale}.order"])
    latin_order = ", ".join(parts.get(f"{locale}.latin", parts[f"{locale}.order"]))
    return Streets(pa.array(names, pa.string()), pa.array(latin, pa.string()), order, latin_order)


@cache
def company_forms(locale: str = DEFAULT) -> pa.Array:
    """What companies of one locale are: GmbH, S.p.A., 株式会社."""
    return pa.array(sections("company_forms.txt")[f"{locale_named(locale)}.form"], pa.string())
