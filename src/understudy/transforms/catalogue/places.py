"""``street``, ``city``, ``region``, ``county``, ``country``, ``timezone``; drawn by one subject, they fit together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.locales import country_table, longest, places
from understudy.transforms.catalogue.localities import (
    FAMILY,
    HOUSES,
    IN_COUNTRY,
    SCRIPT,
    Where,
    problem,
    reads,
    roads,
    street_lines,
)
from understudy.transforms.declare import (
    DOMAIN,
    PER,
    TEXT,
    Change,
    Declaration,
    Option,
    Place,
    Setting,
    Uniqueness,
)
from understudy.transforms.draws import needs_subject
from understudy.transforms.fake import faked
from understudy.transforms.joined import joined
from understudy.transforms.prf import Words

Table = Callable[[Place], pa.Array]
"""The texts a rule takes its stand-ins from, city by city."""

_HOUSE = len("5-12-17")


def _declare(name: str, summary: str, table: Table, *options: Option) -> Declaration:
    """A rule that gives each row what a table says of its city."""

    def build(setting: Setting) -> Change:
        where, texts = Where(setting.place), table(setting.place)

        def make(drawn: Words, *more: NDArray[np.int64]) -> pa.Array:
            return texts.take(pa.array(where.rows(drawn, *more)))

        return faked(setting, name, make, family=FAMILY, read=where.read)

    def length(place: Place) -> int:
        whole = longest(table(place))
        return min(whole, place.column.max_length or whole)

    return Declaration(
        name=name,
        summary=summary,
        example=f"{{{name}: {{per: id, country: from country}}}}"
        if IN_COUNTRY in options
        else f"{{{name}: {{per: id}}}}",
        kinds=TEXT,
        build=build,
        options=(*options, PER, DOMAIN),
        uniqueness=lambda place: Uniqueness("lossy", pc.count_distinct(table(place)).as_py()),
        length=length,
        needs=needs_subject,
        reads=reads,
        problem=problem,
        listed=True,
    )


def _native(place: Place) -> bool:
    return bool(place.options["script"] == "native")


def _city(place: Place) -> pa.Array:
    return places().city_native if _native(place) else places().city


def _region(place: Place) -> pa.Array:
    """Regions as the rule says, else as the column has room for."""
    limit = place.column.max_length
    form = place.options["form"] or ("code" if limit is not None and limit <= len("NSW") else "name")
    if form == "code":
        return places().region_code
    return places().region_native if _native(place) else places().region


def _country_form(place: Place) -> str:
    return str(place.options["form"] or {2: "code", 3: "code3"}.get(place.column.max_length or 0, "name"))


def _country_length(place: Place) -> int:
    """Names may be cut, codes may not."""
    whole = longest(_country(place))
    return min(whole, place.column.max_length or whole) if _country_form(place) in ("name", "local") else whole


def _country(place: Place) -> pa.Array:
    """Countries as the rule says, else as the column has room for."""
    form = _country_form(place)
    there, table = places(), country_table()
    if form == "prefix":
        return pc.binary_join_element_wise("+", there.prefix, "")
    if form in ("local", "currency"):
        return getattr(table, form).take(pc.index_in(there.code, value_set=table.code))
    return {"name": there.country, "code": there.code, "code3": there.code3}[form]


CITY = _declare("city", "A city, in Latin letters or in the country's own script.", _city, IN_COUNTRY, SCRIPT)
REGION = _declare(
    "region",
    "The state, province or region of the city, by name or by its code where the column has room for no more.",
    _region,
    Option("form", "text", "how it is written", choices=("name", "code")),
    IN_COUNTRY,
    SCRIPT,
)
COUNTY = _declare(
    "county",
    "The county, department or province of the city; its region where there is none.",
    lambda _: places().county,
    IN_COUNTRY,
)
TIMEZONE = _declare(
    "timezone", "The time zone of the city, as in the IANA database.", lambda _: places().timezone, IN_COUNTRY
)
COUNTRY = replace(
    _declare(
        "country",
        "A country, by name or by its code of two or three letters where the column has room for no more.",
        _country,
        Option(
            "form",
            "text",
            "how it is written: in English or its own language, as a code, or as its telephone prefix or currency",
            choices=("name", "local", "code", "code3", "prefix", "currency"),
        ),
    ),
    length=_country_length,
)


def _street(setting: Setting) -> Change:
    where = Where(setting.place)

    def make(drawn: Words, *more: NDArray[np.int64]) -> pa.Array:
        return joined(*street_lines(where.rows(drawn, *more), drawn, native=where.native))

    return faked(setting, "street", make, family=FAMILY, read=where.read)


def street_length(place: Place) -> int:
    """Most characters of a street with its number."""
    there = roads(native=_native(place))
    return longest(there.names) + _HOUSE + longest(there.between) + longest(there.behind)


STREET = Declaration(
    name="street",
    summary="A street and a house number, in the words and the order of the city's country.",
    example="{street: {per: id, country: from country}}",
    kinds=TEXT,
    build=_street,
    options=(IN_COUNTRY, SCRIPT, PER, DOMAIN),
    uniqueness=lambda place: Uniqueness("lossy", 2 * HOUSES * len(roads(native=_native(place)).names)),
    length=lambda place: min(street_length(place), place.column.max_length or street_length(place)),
    needs=needs_subject,
    reads=reads,
    problem=problem,
    listed=True,
)
