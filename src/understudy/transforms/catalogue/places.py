"""``street``, ``city``, ``postcode``, ``country``: addresses; drawn by the same subject, they fit together."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.locales import places, words
from understudy.transforms.characters import text_array
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
from understudy.transforms.draws import needs_subject, pick
from understudy.transforms.fake import faked
from understudy.transforms.prf import Words

_FAMILY = "place"
_HOUSES = 180
_KINDS = pa.array("Street Road Lane Avenue Way Close Drive Court Row Walk Gardens Place".split())
_LONGEST_STREET = len("180 Cottonwood Gardens")


def _row(drawn: Words) -> pa.Array:
    """Which city a draw stands for; the same for city, postal code and country."""
    return pa.array(pick(drawn, 0, len(places().city)))


def _streets(drawn: Words) -> pa.Array:
    names = words("streets")
    house = pa.array(pick(drawn, 1, _HOUSES) + 1).cast(pa.string())
    name = names.take(pa.array(pick(drawn, 2, len(names))))
    return pc.binary_join_element_wise(house, name, _KINDS.take(pa.array(pick(drawn, 3, len(_KINDS)))), " ")


def _cities(drawn: Words) -> pa.Array:
    return places().city.take(_row(drawn))


def _postcodes(drawn: Words) -> pa.Array:
    """The pattern of the city's postal codes with its open places filled, six random bits for each."""
    made = places().postcodes[_row(drawn).to_numpy()]
    for place in range(made.shape[1]):
        random = drawn[:, 1] >> np.uint64(6 * place) & np.uint64(63)
        column = made[:, place]
        digit = (random * np.uint64(10) >> np.uint64(6)).astype(np.uint8) + np.uint8(ord("0"))
        letter = (random * np.uint64(26) >> np.uint64(6)).astype(np.uint8) + np.uint8(ord("A"))
        made[:, place] = np.where(column == ord("#"), digit, np.where(column == ord("@"), letter, column))
    used = made != 0
    return text_array(made[used], np.concatenate([[0], np.cumsum(used.sum(axis=1))]))


def _form(place: Place) -> str:
    """How a country is written: as the rule says, else as the column has room for."""
    return str(place.options["form"] or {2: "code", 3: "code3"}.get(place.column.max_length or 0, "name"))


def _build_country(setting: Setting) -> Change:
    form = _form(setting.place)

    def make(drawn: Words) -> pa.Array:
        table = places()
        column = {"name": table.country, "code": table.code, "code3": table.code3}[form]
        return column.take(_row(drawn))

    return faked(setting, "country", make, family=_FAMILY)


def _declare(name: str, summary: str, make: Callable[[Words], pa.Array], *, size: int, longest: int) -> Declaration:
    def build(setting: Setting) -> Change:
        return faked(setting, name, make, family=_FAMILY)

    return Declaration(
        name=name,
        summary=summary,
        example=name,
        kinds=TEXT,
        build=build,
        options=(PER, DOMAIN),
        uniqueness=lambda _place: Uniqueness("lossy", size),
        length=lambda place: min(longest, place.column.max_length or longest),
        needs=needs_subject,
    )


STREET = _declare("street", "A house number and a street.", _streets, size=680_000, longest=_LONGEST_STREET)
CITY = _declare("city", "A city.", _cities, size=290, longest=14)
POSTCODE = _declare("postcode", "A postal code as its city has them.", _postcodes, size=290_000, longest=9)
COUNTRY = Declaration(
    name="country",
    summary="A country, by name or by its code of two or three letters where the column has room for no more.",
    example="{country: {form: code}}",
    kinds=TEXT,
    build=_build_country,
    options=(
        Option("form", "text", "how it is written", choices=("name", "code", "code3")),
        PER,
        DOMAIN,
    ),
    uniqueness=lambda _place: Uniqueness("lossy", 50),
    length=lambda place: {"name": min(14, place.column.max_length or 14), "code": 2, "code3": 3}[_form(place)],
    needs=needs_subject,
)
