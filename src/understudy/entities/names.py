"""Entities that are told by words: people, companies and places, and the dictionaries of columns of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pyarrow as pa
import pyarrow.compute as pc

from understudy import locales
from understudy.entities.entity import Entity, Shape
from understudy.entities.letters import CAPITALS, GAP, any_of, start

_FORMS = any_of(
    "Inc Inc. Incorporated LLC L.L.C. LLP Ltd Ltd. Limited Corp Corp. Corporation Co. PLC plc GmbH mbH AG KG OHG e.V. "
    "SE SA S.A. S.A.S. SAS SARL S.L. SL S.p.A. SpA S.r.l. Srl BV B.V. NV N.V. A/S AB Oy Oyj Ltda Ltda. S/A Pty"
)
_JOINTS = "(?:&|and|und|et|y|e|of|de|for|the|della|van)"

COMPANY = Entity(
    name="company",
    summary="the name of a company",
    sensitivity="quasi",
    example="Analytical Engines Ltd.",
    whole=rf".{{1,80}},? (?:{_FORMS})",
    shapes=(
        Shape(
            start(CAPITALS + "0-9")
            + rf"[\w&'’\-]{{0,40}}+(?:,?{GAP}(?:{_JOINTS}{GAP})?[{CAPITALS}0-9&][\w&'’\-]{{0,40}}){{0,5}}?"
            + rf",?{GAP}(?:{_FORMS})(?!\w)",
            rf" (?:{_FORMS})(?!\w)",
        ),
    ),
)
PERSON = Entity("person", "the name of a person", "direct", "Ada Lovelace")
INITIAL = Entity("initial", "the initial of a given name", "quasi", "G. Hopper")
FIRST_NAME = Entity("first_name", "a given name", "direct", "Ada")
LAST_NAME = Entity("last_name", "a family name", "direct", "Mrs. Lovelace")
CITY = Entity("city", "a city", "quasi", "London")
COUNTRY = Entity("country", "a country", "quasi", "France")

ENTITIES = (COMPANY, PERSON, FIRST_NAME, LAST_NAME, INITIAL, CITY, COUNTRY)

TABLES: Mapping[str, Callable[[], pa.Array]] = {
    "first_name": locales.first_names,
    "last_name": locales.last_names,
    "city": locales.cities,
    "country": locales.countries,
}
"""Entities that a dictionary tells."""

NAMES = frozenset({*TABLES, "person"})
"""Entities that are told by words and not by a pattern."""

PARTS = frozenset({"first_name", "last_name", "initial"})
"""What a person's name is made of: found inside texts where persons are not asked for as a whole."""

INSIDE = frozenset({"person", "company", "city", "country", *PARTS})
"""Entities that are found inside texts by their words."""


def is_name(values: pa.Array, name: str) -> pa.Array:
    """Which values are names of a kind: in its dictionary, or for a person, a given name and a name after it."""
    lower = pc.utf8_lower(values)
    if name != "person":
        return pc.if_else(pc.is_valid(lower), pc.is_in(lower, TABLES[name]()), None)
    parts = pc.extract_regex(lower, r"^(?P<first>[^\s\d,]{2,}),?(?: [^\s\d,]+){0,3} (?P<last>[^\s\d,]{2,})$")
    first, last = pc.struct_field(parts, 0), pc.struct_field(parts, 1)
    given, family = locales.first_names(), locales.last_names()
    usual = pc.or_(pc.is_in(first, given), pc.and_(pc.is_in(first, family), pc.is_in(last, given)))
    return pc.if_else(pc.is_valid(lower), pc.fill_null(pc.and_(pc.is_valid(first), usual), False), None)
