"""The signs of one field: its name, its type and constraints, its comment, its values."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import pyarrow as pa

from understudy.detect import names, texts, values
from understudy.detect.catalogue import KEPT
from understudy.detect.fields import Field, Values, percent
from understudy.detect.recognizers import Recognizer
from understudy.detect.weighing import Sign

_NATIVE: tuple[tuple[str, str, str], ...] = (
    (r"^(inet|cidr)\b", "ip", "its type is one of network addresses"),
    (r"^macaddr8?\b", "mac", "its type is one of hardware addresses"),
    (r"^(geography|geometry|point)\b", "coordinates", "its type is one of positions"),
)
_CONSTRAINTS: tuple[tuple[str, str], ...] = (
    (r"@", "email"),
    (r"\biban\b", "iban"),
    (r"\bluhn\b", "card"),
)
_AREAS = frozenset({"city", "region", "country", "postcode"})
"""Entities that tables list for their own sake."""


def signs_of(field: Field, recognizers: Sequence[Recognizer] = ()) -> list[Sign]:
    """All that a field says by itself; entities that a column of its kind cannot hold are left out."""
    found = [
        *_name(field),
        *_type(field),
        *_constraints(field),
        *_comment(field),
        *values.signs(field),
        *texts.signs(field),
        *_own(field, recognizers),
    ]
    fitting = [sign for sign in found if sign.entity not in KEPT or field.kind in KEPT[sign.entity].kinds]
    entities = dict.fromkeys(sign.entity for sign in fitting if sign.entity in KEPT)
    doubts = [doubt for entity in entities if (doubt := values.against(field, entity)) is not None]
    return [*fitting, *doubts, *_context(field, entities)]


def _name(field: Field) -> Iterator[Sign]:
    table = "" if field.path or field.key else field.table.name.name
    for reading in names.read(field.name, table):
        kept, things = KEPT[reading.entity], names.of_things(field.table.name.name)
        says = f"its name says {reading.phrase!r}"
        if reading.strength == "exact":
            yield Sign(reading.entity, "name", says)
        elif reading.strength == "part":
            yield Sign(reading.entity, "name in part", says)
        else:
            yield Sign(reading.entity, "weak name", says)
            if names.of_people(field.table.name.name):
                yield Sign(reading.entity, "people", f"table {field.table.name} is one of people")
            elif things and kept.of_things:
                yield Sign(reading.entity, "things", f"table {field.table.name} is one of things")
        if reading.thing and kept.of_things:
            yield Sign(reading.entity, "thing", "its name has the word of a thing")
    if names.persons_key(field.name) and not field.path:
        yield Sign("person_key", "name in part", "its name is that of a person's number")


def _type(field: Field) -> Iterator[Sign]:
    if field.path or field.key:
        return
    for pattern, entity, says in _NATIVE:
        if re.search(pattern, field.column.native_type.lower().removeprefix("public.")):
            yield Sign(entity, "type", says)
    if field.column.labels:
        yield from (
            Sign(sign.entity, "type", f"the labels of its type are {KEPT[sign.entity].plural}", sign.strength)
            for sign in values.signs(_labels(field))
            if sign.strength >= 0.5
        )


def _labels(field: Field) -> Field:
    """The field as if every label of its enum had been sampled."""
    return Field(field.table, field.column, field.name, "enum", Values.of(pa.array(field.column.labels)))


def _constraints(field: Field) -> Iterator[Sign]:
    if field.path or field.key:
        return
    for check in field.table.checks:
        if check.columns == (field.column.name,):
            for pattern, entity in _CONSTRAINTS:
                if re.search(pattern, check.sql, re.IGNORECASE):
                    yield Sign(entity, "constraint", f"its constraint {check.name} says {KEPT[entity].summary}")


def _comment(field: Field) -> Iterator[Sign]:
    """What a comment's words name: only whole, telling phrases count."""
    if not field.column.comment or field.path or field.key or names.turned(field.name):
        return
    words = names.tokens(field.column.comment)
    told: Mapping[str, str] = {one.entity: one.phrase for one in names.mentioned(words)}
    for entity, phrase in told.items():
        yield Sign(entity, "comment", f"its comment says {phrase!r}")


def _own(field: Field, recognizers: Sequence[Recognizer]) -> Iterator[Sign]:
    """What recognizers of the user's own find in the values."""
    if (
        field.values is None
        or not field.values.rows
        or field.kind not in ("text", "integer", "decimal", "other", "enum")
    ):
        return
    for recognizer in recognizers:
        for entity, found in recognizer.find(field.values.texts).items():
            share, inside = field.values.share(found.whole), field.values.share(found.inside)
            sampled = f"of {field.values.rows:,} sampled values"
            if share >= recognizer.least:
                said = f"recognizer {recognizer.name} finds {percent(share)} {sampled}"
                yield Sign(entity, "recognizer", said, min(1.0, 0.6 + 0.4 * share))
            elif inside >= texts.LEAST and field.values.words >= texts.WORDS:
                yield Sign(
                    "free_text",
                    "texts",
                    f"recognizer {recognizer.name} finds something in {percent(inside)} {sampled}",
                )


def _context(field: Field, entities: Mapping[str, None]) -> Iterator[Sign]:
    """A table that is called what it lists (``countries.name``, ``city.city``): such places are nobody's."""
    if not _AREAS & names.listed(field.table.name.name):
        return
    for entity in _AREAS & entities.keys():
        yield Sign(entity, "lookup", f"table {field.table.name} lists {KEPT[entity].plural}")
