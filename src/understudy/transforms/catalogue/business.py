"""``department``, ``job_title``, ``industry``, ``product``, ``currency``: what businesses are described by."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.locales import LOCALES, longest
from understudy.locales.business import Listed, business, product_words
from understudy.transforms.catalogue.personas import LOCALE, Who, problem, reads
from understudy.transforms.catalogue.places import COUNTRY
from understudy.transforms.declare import DOMAIN, PER, TEXT, Change, Declaration, Place, Setting, Uniqueness
from understudy.transforms.draws import needs_subject, pick
from understudy.transforms.fake import faked
from understudy.transforms.joined import Taken, joined
from understudy.transforms.prf import Words

_PARTS = ("adjective", "material", "product")
_CURRENCY = 3  # letters
_RANDOM = 1 << 32


def chosen(table: Listed, drawn: Words, slot: int, locale: NDArray[np.int64]) -> Taken:
    """An entry of its locale for every draw."""
    share = pick(drawn, slot, _RANDOM - 1) * table.sizes[locale] >> 32
    return table.entries, table.starts[locale] + share


def _locales(place: Place) -> list[int]:
    """Which locales there are to choose from, by their places."""
    who = Who(place)
    return list(range(len(LOCALES))) if who.locale_column else [int(who.locale_rows(1)[0])]


def _of(table: Listed, place: Place) -> list[pa.Array]:
    return [table.entries[table.starts[one] : table.starts[one] + table.sizes[one]] for one in _locales(place)]


def stand_ins_of(table: Listed, place: Place) -> int:
    """How many different entries can come out."""
    return sum(len(some) for some in _of(table, place))


def longest_of(table: Listed, place: Place) -> int:
    """How many characters the longest entry has that can come out."""
    return max(longest(some) for some in _of(table, place))


def _declare(name: str, part: str, summary: str) -> Declaration:
    def build(setting: Setting) -> Change:
        who = Who(setting.place)

        def make(drawn: Words, *more: NDArray[np.int64]) -> pa.Array:
            return joined(chosen(business(part), drawn, 0, who.locale_rows(len(drawn), *more)))

        return faked(setting, name, make, read=who.read)

    def length(place: Place) -> int:
        whole = longest_of(business(part), place)
        return min(whole, place.column.max_length or whole)

    return Declaration(
        name=name,
        summary=summary,
        example=f"{{{name}: {{locale: from country}}}}",
        kinds=TEXT,
        build=build,
        options=(LOCALE, PER, DOMAIN),
        uniqueness=lambda place: Uniqueness("lossy", stand_ins_of(business(part), place)),
        length=length,
        needs=needs_subject,
        reads=reads,
        problem=problem,
        listed=True,
    )


def _products(drawn: Words) -> pa.Array:
    adjective, material, product = (
        (table, pick(drawn, slot, len(table))) for slot, table in enumerate(map(product_words, _PARTS))
    )
    return joined(adjective, " ", material, " ", product)


def _product_length(place: Place) -> int:
    whole = sum(longest(product_words(part)) for part in _PARTS) + len(_PARTS) - 1
    return min(whole, place.column.max_length or whole)


def _currency(setting: Setting) -> Change:
    options = {**COUNTRY.filled_in(setting.place.options), "form": "currency"}
    return COUNTRY.build(replace(setting, place=replace(setting.place, options=options)))


DEPARTMENT = _declare("department", "department", "A department of a company.")
JOB_TITLE = _declare("job_title", "job", "What somebody does for a living.")
INDUSTRY = _declare("industry", "industry", "What kind of business a company is in.")

PRODUCT = Declaration(
    name="product",
    summary="The name of something to buy: how it is, what it is made of and what it is.",
    example="product",
    kinds=TEXT,
    build=lambda setting: faked(setting, "product", _products),
    options=(PER, DOMAIN),
    uniqueness=lambda _place: Uniqueness("lossy", prod(len(product_words(part)) for part in _PARTS)),
    length=_product_length,
    needs=needs_subject,
    listed=True,
)

CURRENCY = Declaration(
    name="currency",
    summary="The code of a currency; drawn by the same subject, the one of its country.",
    example="{currency: {per: customer_id}}",
    kinds=TEXT,
    build=_currency,
    options=(PER, DOMAIN),
    uniqueness=lambda _place: Uniqueness("lossy", 180),
    length=lambda place: min(_CURRENCY, place.column.max_length or _CURRENCY),
    needs=needs_subject,
    listed=True,
)
