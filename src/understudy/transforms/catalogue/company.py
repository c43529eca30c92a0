"""``company``: the name of a business that does not exist, as far as we know."""

from __future__ import annotations

from math import prod

import pyarrow as pa
import pyarrow.compute as pc

from understudy.locales import company_words, longest
from understudy.transforms.declare import DOMAIN, PER, TEXT, Change, Declaration, Place, Setting, Uniqueness
from understudy.transforms.draws import needs_subject, pick
from understudy.transforms.fake import faked
from understudy.transforms.prf import Words

_PARTS = ("words", "trades", "forms")


def _make(drawn: Words) -> pa.Array:
    tables = [company_words(part) for part in _PARTS]
    parts = [table.take(pa.array(pick(drawn, slot, len(table)))) for slot, table in enumerate(tables)]
    return pc.binary_join_element_wise(*parts, " ")


def _build(setting: Setting) -> Change:
    return faked(setting, "company", _make)


def _uniqueness(_place: Place) -> Uniqueness:
    return Uniqueness("lossy", prod(len(company_words(part)) for part in _PARTS))


def _length(place: Place) -> int:
    whole = sum(longest(company_words(part)) for part in _PARTS) + len(_PARTS) - 1
    return min(whole, place.column.max_length or whole)


COMPANY = Declaration(
    name="company",
    summary="The name of a business: a word, a trade and a legal form.",
    example="company",
    kinds=TEXT,
    build=_build,
    options=(PER, DOMAIN),
    uniqueness=_uniqueness,
    length=_length,
    needs=needs_subject,
    listed=True,
)
