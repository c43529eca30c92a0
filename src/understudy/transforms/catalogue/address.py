"""``address``: a whole address on one line (or several), in the order of its country."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.locales import longest, places
from understudy.transforms.catalogue.localities import (
    FAMILY,
    IN_COUNTRY,
    SCRIPT,
    Where,
    postcodes,
    problem,
    reads,
    street_lines,
)
from understudy.transforms.catalogue.places import street_length
from understudy.transforms.declare import DOMAIN, LOSSY, PER, TEXT, Change, Declaration, Option, Place, Setting
from understudy.transforms.draws import needs_subject
from understudy.transforms.fake import faked
from understudy.transforms.joined import Piece, joined
from understudy.transforms.prf import Words

_USUAL = "{street}|{postcode} {city}"
_FORMS = {
    **dict.fromkeys(("US", "CA", "AU"), "{street}|{city}, {code} {postcode}"),
    **dict.fromkeys(("GB", "IE", "NG", "KE", "EG", "RU", "UA", "KZ"), "{street}|{city}|{postcode}"),
    **dict.fromkeys(
        ("NZ", "ZA", "SG", "KR", "TH", "VN", "ID", "PH", "SA", "JO", "LB", "IQ"), "{street}|{city} {postcode}"
    ),
    **dict.fromkeys(("IN", "PK", "BD", "LK", "NP"), "{street}|{city} {postcode}|{region}"),
    **dict.fromkeys(("HK", "AE", "QA", "LY", "CI", "CM", "BO", "AO", "SR"), "{street}|{city}"),
    **dict.fromkeys(("BR",), "{street}|{city} - {code}|{postcode}"),
    **dict.fromkeys(("IT",), "{street}|{postcode} {city} {code}"),
    **dict.fromkeys(("JP", "CN", "TW"), "{street}|{city}|{region} {postcode}"),
}
"""The lines of an address in its own country, where it is not as usual."""

_NATIVE = {"JP": "〒{postcode} {both}{street}", "CN": "{postcode} {both}{street}", "TW": "{postcode} {both}{street}"}
"""The same in the country's own script, where that turns them around."""

_FIELD = re.compile(r"\{(\w+)\}")


@cache
def _forms(*, native: bool) -> tuple[list[str], NDArray[np.int64]]:
    """The forms there are, and which of them every city has."""
    forms = _FORMS | (_NATIVE if native else {})
    every = sorted({_USUAL, *forms.values()})
    return every, np.array([every.index(forms.get(code, _USUAL)) for code in places().code.to_pylist()])


@cache
def _both() -> pa.Array:
    """The region and the city behind it, in their own script; the region alone where it bears the city's name."""
    pairs = zip(places().region_native.to_pylist(), places().city_native.to_pylist(), strict=True)
    return pa.array([region if region.startswith(city) else region + city for region, city in pairs])


def _build(setting: Setting) -> Change:
    where = Where(setting.place)
    separator, with_country = setting.place.options["separator"], setting.place.options["with_country"]
    forms, of_city = _forms(native=where.native)

    def make(drawn: Words, *more: NDArray[np.int64]) -> pa.Array:
        cities = where.rows(drawn, *more)
        chosen = of_city[cities]
        order = np.argsort(chosen, kind="stable")
        bounds = np.searchsorted(chosen[order], np.arange(len(forms) + 1))
        parts = []
        for number, form in enumerate(forms):
            rows = order[bounds[number] : bounds[number + 1]]
            if len(rows):
                pieces = _pieces(form, cities[rows], drawn[rows], native=where.native)
                lines = [separator.join(one.split("|")) if isinstance(one, str) else one for one in pieces]
                country = [separator, (places().country, cities[rows])] if with_country else []
                parts.append(joined(*lines, *country))
        back = np.empty(len(order), np.int64)
        back[order] = np.arange(len(order))
        return pa.concat_arrays(parts).take(pa.array(back)) if parts else pa.array([], pa.string())

    return faked(setting, "address", make, family=FAMILY, read=where.read)


def _pieces(form: str, cities: NDArray[np.int64], drawn: Words, *, native: bool) -> Iterator[Piece]:
    """The pieces of addresses of one form."""
    there = places()
    tables = {
        "city": there.city_native if native else there.city,
        "region": there.region_native if native else there.region,
        "code": there.region_code,
        "both": _both(),
    }
    for number, piece in enumerate(_FIELD.split(form)):  # text and fields in turn
        if number % 2 == 0:
            yield piece
        elif piece == "street":
            yield from street_lines(cities, drawn, native=native)
        else:
            yield postcodes(cities, drawn) if piece == "postcode" else (tables[piece], cities)


def _length(place: Place) -> int:
    there, options = places(), place.options
    whole = street_length(place) + longest(there.city) + longest(there.region) + int(there.postcodes.shape[1])
    whole += len("〒  ") + 3 * len(options["separator"])
    whole += longest(there.country) if options["with_country"] else 0
    return min(whole, place.column.max_length or whole)


ADDRESS = Declaration(
    name="address",
    summary="A whole address: street, house number, postal code, city and region, in the order of its country.",
    example="{address: {per: id, country: from country}}",
    kinds=TEXT,
    build=_build,
    options=(
        Option("separator", "text", "what stands between its lines", default=", "),
        Option("with_country", "yes or no", "end with the country", default=False),
        IN_COUNTRY,
        SCRIPT,
        PER,
        DOMAIN,
    ),
    uniqueness=lambda _place: LOSSY,
    length=_length,
    needs=needs_subject,
    reads=reads,
    problem=problem,
    listed=True,
)
