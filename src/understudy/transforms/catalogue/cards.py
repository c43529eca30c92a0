"""Rules for payment cards: number, brand, expiry and security code."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import plain as plain_array
from understudy.entities.cores import Cores
from understudy.entities.scheme import Scheme
from understudy.entities.schemes.payments import BRANDS, CARD_LENGTHS, card_forms_keeping
from understudy.entities.schemes.payments import CARD as CARDS
from understudy.transforms.catalogue.identifier import identifier, plain
from understudy.transforms.characters import Characters
from understudy.transforms.declare import (
    DOMAIN,
    PER,
    TEXT,
    Change,
    Declaration,
    Option,
    Options,
    Place,
    Rows,
    Setting,
)
from understudy.transforms.draws import by_row, by_value, needs_row, needs_subject, pick
from understudy.transforms.fake import cut, folded, keep_blank


@cache
def _keeping(first: int) -> Scheme:
    return replace(CARDS, forms=card_forms_keeping(first))


def _card(options: Options) -> Scheme:
    first = options["keep_bin"]
    return CARDS if first is None else _keeping(int(first))


CARD = identifier(
    "card",
    "The number of another card of the same brand and length, in the same format, with its check digit.  It may be "
    "somebody's, so never charge it.",
    _card,
    example="{card: {keep_bin: 6}}",
    options=(
        Option("keep_bin", "whole number", "how many digits at the start stay, instead of the brand", None, (), 0, 8),
    ),
)

CVV = identifier("cvv", "A security code of as many digits.", plain("a security code"))

_SHARES = {
    "Visa": 52,
    "Mastercard": 31,
    "American Express": 8,
    "Discover": 4,
    "JCB": 2,
    "UnionPay": 2,
    "Diners Club": 1,
}
_SHORT = {"Visa": "VI", "Mastercard": "MC", "American Express": "AX", "Discover": "DI", "JCB": "JC", "UnionPay": "UP"}
_NAMES = tuple(BRANDS)
_BETWEEN = (" ", "_", "-")
_DRAWN = np.repeat([_NAMES.index(name) for name in _SHARES], list(_SHARES.values()))


@cache
def _brand_of_prefix() -> NDArray[np.int64]:
    """Which brand every first four digits tell; -1 for none."""
    found = np.full(10_000, -1)
    for number, (ranges, _lengths) in enumerate(BRANDS.values()):
        for prefixes in ranges:
            found[prefixes.start : prefixes.stop] = number
    return found


def _brands(cards: pa.Array) -> NDArray[np.int64]:
    """The brands of cards, by their first digits; -1 where they tell none."""
    out = np.full(len(cards), -1)
    for core in Cores(cards.cast(pa.string())).of_lengths(CARD_LENGTHS):
        first = np.minimum(core.values[:, :4], 9).astype(np.int64)  # a letter is of no card
        told = _brand_of_prefix()[first @ (1000, 100, 10, 1)]
        out[core.rows] = np.where(core.values.max(axis=1) < 10, told, -1)
    return out


@cache
def _spelled() -> pa.Array:
    """All brands in every way of spelling one: whole or short, words joined by any sign, in any case."""
    whole, short = list(_NAMES), [_SHORT.get(name, name[:2].upper()) for name in _NAMES]
    joined = [[name.replace(" ", between) for name in names] for names in (whole, short) for between in _BETWEEN]
    return pa.array([change(name) for names in joined for change in (str, str.upper, str.lower) for name in names])


def _spelling(texts: pa.Array) -> NDArray[np.int64]:
    """Which of these ways texts are spelled in."""
    short = _mask(pc.less_equal(pc.utf8_length(pc.utf8_trim_whitespace(texts)), 2))
    between = sum(number * _mask(pc.match_substring(texts, sign)) for number, sign in enumerate(_BETWEEN) if number)
    case = np.where(_mask(pc.utf8_is_upper(texts)), 1, np.where(_mask(pc.utf8_is_lower(texts)), 2, 0))
    return np.asarray((short * len(_BETWEEN) + np.minimum(between, len(_BETWEEN) - 1)) * 3 + case, np.int64)


def _card_type(setting: Setting) -> Change:
    place = setting.place
    of, draw = place.named("of"), by_row(setting, "card_type")

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        brands = _DRAWN[pick(draw(values, rows), 0, len(_DRAWN))]
        if of is not None:
            told = _brands(plain_array(rows.changed(of)))
            brands = np.where(told >= 0, told, brands)
        made = _spelled().take(pa.array(_spelling(pc.fill_null(values, "")) * len(_NAMES) + brands))
        return keep_blank(values, folded(values), cut(made, place.column.max_length))

    return change


def _reads_card(place: Place) -> frozenset[str]:
    of = place.named("of")
    return frozenset() if of is None else frozenset({of})


CARD_TYPE = Declaration(
    name="card_type",
    summary=(
        "The brand of the masked card beside it, in the spelling of the original; or one drawn for the row, as often "
        "as each is met."
    ),
    example="{card_type: card_number}",
    kinds=TEXT,
    build=_card_type,
    main="of",
    options=(Option("of", "column", "the column of this table that holds the card's number"),),
    length=lambda place: place.column.max_length or max(map(len, _NAMES)),
    needs=needs_row,
    reads=_reads_card,
    by="row",
    sensitive=False,
    listed=True,
)

_EXPIRIES = (
    (r"^\s*(?P<month>\d{1,2})(?P<between>[ ./-]*)(?P<year>\d{4}|\d{2})\s*$", "month"),
    (r"^\s*(?P<year>\d{4})(?P<between>[ ./-]*)(?P<month>\d{2})\s*$", "year"),
    (r"^\s*(?P<year>\d{2})(?P<between>[ ./-]*)(?P<month>\d{2})\s*$", "year"),
)
"""How expiries are written, the likelier first, and what stands first in them."""


def _expiry(setting: Setting) -> Change:
    place = setting.place
    most = int(place.options["months"])
    draw = by_value(setting, "card_expiry")
    others = Characters(setting.key.subkey(f"card_expiry:{place.options['domain'] or 'card_expiry'}"), moved=True)

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        later = pick(draw(values, rows), 0, most) + 1
        if place.column.kind == "date":
            return _later_dates(values, later)
        made, left = values, values.is_valid()
        for pattern, first in _EXPIRIES:
            if left.true_count:
                found = _later_texts(values.filter(left), later[_mask(left)], pattern=pattern, first=first)
                made = pc.replace_with_mask(made, left, pc.coalesce(found, values.filter(left)))
                left = pc.replace_with_mask(left, left, found.is_null())
        return pc.replace_with_mask(made, left, others(values.filter(left))) if left.true_count else made

    return change


def _mask(chosen: pa.Array) -> NDArray[np.bool_]:
    return np.asarray(chosen.to_numpy(zero_copy_only=False))


def _later_dates(values: pa.Array, later: NDArray[np.int64]) -> pa.Array:
    """Dates so many months later, those of a last day on a last day."""
    days = values.cast(pa.date32()).view(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    ended = (days + 1).astype("datetime64[M]") != months
    moved = months + later
    last = (moved + 1).astype("datetime64[D]") - 1
    same = np.minimum(moved.astype("datetime64[D]") + (days - months.astype("datetime64[D]")), last)
    return pa.array(np.where(ended, last, same)).cast(values.type)


def _later_texts(values: pa.Array, later: NDArray[np.int64], *, pattern: str, first: str) -> pa.Array:
    """Expiries of one way of writing, so many months later; null for what is written otherwise."""
    parts = pc.extract_regex(values, pattern)
    month, between, year = (pc.struct_field(parts, name) for name in ("month", "between", "year"))
    number = _number(month)
    narrow = _mask(pc.equal(pc.fill_null(pc.binary_length(month), 0), 1))
    wide = _mask(pc.equal(pc.fill_null(pc.binary_length(year), 0), 4))
    total = _number(year) * 12 + number - 1 + later
    total += np.where(narrow & (total % 12 >= 9), 12 - total % 12, 0)  # where October has no room, it is January
    years, months = total // 12, total % 12 + 1
    years_text = pc.if_else(pa.array(wide), _SPELLED.take(pa.array(years % 10_000)), _TWO.take(pa.array(years % 100)))
    months_text = pc.if_else(pa.array(narrow), _ONE.take(pa.array(months)), _TWO.take(pa.array(months)))
    ordered = (months_text, between, years_text) if first == "month" else (years_text, between, months_text)
    made = pc.binary_join_element_wise(*ordered, "")
    return pc.if_else(pa.array((number >= 1) & (number <= 12)), made, None)


def _number(digits: pa.Array) -> NDArray[np.int64]:
    """Texts of few digits as numbers; 0 for null."""
    return np.asarray(pc.fill_null(digits.cast(pa.int64()), 0).to_numpy(zero_copy_only=False))


_ONE, _TWO, _SPELLED = (
    pa.array([str(n).zfill(width) for n in range(10**most)]) for width, most in ((1, 2), (2, 2), (4, 4))
)


CARD_EXPIRY = Declaration(
    name="card_expiry",
    summary=(
        "The expiry of a card some months later, as it was written (12/26, 1226, 12/2026, 2026-12) or as a date: a "
        "card that works still does."
    ),
    example="{card_expiry: 24}",
    kinds=frozenset({"text", "date"}),
    build=_expiry,
    main="months",
    options=(
        Option("months", "whole number", "the most months that it moves", default=24, least=1, most=600),
        PER,
        DOMAIN,
    ),
    needs=needs_subject,
)
