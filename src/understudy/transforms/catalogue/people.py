"""``first_name``, ``last_name``, ``full_name``: names of people who do not exist."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa
import pyarrow.compute as pc

from understudy.locales import longest, words
from understudy.transforms.declare import DOMAIN, PER, TEXT, Change, Declaration, Place, Setting, Uniqueness
from understudy.transforms.draws import needs_subject, pick
from understudy.transforms.fake import faked
from understudy.transforms.prf import Words

FAMILY = "person"
"""Drawn by the same subject, a first name, a full name and an e-mail address are one person's."""


def first_names(drawn: Words) -> pa.Array:
    """A given name per row."""
    names = words("first_names")
    return names.take(pa.array(pick(drawn, 0, len(names))))


def last_names(drawn: Words) -> pa.Array:
    """A family name per row."""
    names = words("last_names")
    return names.take(pa.array(pick(drawn, 1, len(names))))


def _full_names(drawn: Words) -> pa.Array:
    return pc.binary_join_element_wise(first_names(drawn), last_names(drawn), " ")


def _declare(name: str, summary: str, make: Callable[[Words], pa.Array], tables: tuple[str, ...]) -> Declaration:
    def build(setting: Setting) -> Change:
        return faked(setting, name, make, family=FAMILY)

    def uniqueness(_place: Place) -> Uniqueness:
        size = 1
        for table in tables:
            size *= len(words(table))
        return Uniqueness("lossy", size)

    def length(place: Place) -> int:
        whole = sum(longest(words(table)) for table in tables) + len(tables) - 1
        return min(whole, place.column.max_length or whole)

    return Declaration(
        name=name,
        summary=summary,
        example=name,
        kinds=TEXT,
        build=build,
        options=(PER, DOMAIN),
        uniqueness=uniqueness,
        length=length,
        needs=needs_subject,
    )


FIRST_NAME = _declare("first_name", "A given name.", first_names, ("first_names",))
LAST_NAME = _declare("last_name", "A family name.", last_names, ("last_names",))
FULL_NAME = _declare("full_name", "A given name and a family name.", _full_names, ("first_names", "last_names"))
