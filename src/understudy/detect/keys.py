"""What foreign keys tell: which tables keep persons, which columns lead to them, and who wrote a text."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from understudy.detect.catalogue import summary
from understudy.detect.names import of_people, tokens
from understudy.detect.neighbours import Judged
from understudy.detect.weighing import FOUND, WEIGHTS, Sign, best
from understudy.schema import Schema, TableName

_OF_PERSONS = frozenset({"first_name", "last_name", "full_name", "birth_date", "national_id", "email", "username"})
"""A table with two of these keeps persons, whatever it is called."""

_SURE = 0.75

_DESCRIBES = frozenset(
    "description descriptions beschreibung descripcion descrizione omschrijving descricao opis".split()
)
"""What is called so is about a thing, whoever wrote it."""

Fields = Mapping[TableName, list[Judged]]


def people(schema: Schema, judged: Fields) -> frozenset[str]:
    """The tables whose rows are persons, by their names or by what they hold."""
    found = set()
    for table in schema.tables:
        sure = {
            verdict.entity
            for field, signs in judged[table.name]
            if not field.path and (verdict := best(signs)) is not None and verdict.confidence >= _SURE
        }
        if of_people(table.name.name) or len(sure & _OF_PERSONS) >= 2:
            found.add(str(table.name))
    return frozenset(found)


def follow(schema: Schema, judged: Fields, people: Collection[str]) -> None:
    """Add what keys say to the signs: keys of persons lead to them, columns that foreign keys join hold the same."""
    signs = {(name, one.column.name): signs for name, found in judged.items() for one, signs in found if not one.path}
    for table in schema.tables:
        if str(table.name) in people and len(table.row_key) == 1:
            says = f"it is the key of {table.name}, a table of people"
            signs[table.name, table.row_key[0]].append(Sign("person_key", "name in part", says))
    for key in schema.foreign_keys:
        for child, parent in zip(key.columns, key.parent_columns, strict=True):
            if key.expressions or (key.table, child) not in signs or (key.parent, parent) not in signs:
                continue
            above, own = best(signs[key.parent, parent]), best(signs[key.table, child])
            if own is not None and (above is None or above.entity != own.entity):
                says = f"it points at {key.parent}.{parent}, which is none"
                signs[key.table, child].append(Sign(own.entity, "reference", says))
            if above is not None and above.confidence >= FOUND:
                says = f"it points at {key.parent}.{parent}, {summary(above.entity)}"
                strength = min(1.0, above.confidence / WEIGHTS["foreign key"])
                signs[key.table, child].append(Sign(above.entity, "foreign key", says, strength))
    for found in judged.values():
        _written(found)


def _written(judged: list[Judged]) -> None:
    """A text in a row that also says whose it is was written by that person, or about them."""
    authors = [
        field.name
        for field, signs in judged
        if field.name not in field.table.row_key
        and (verdict := best(signs)) is not None
        and verdict.entity == "person_key"
        and verdict.confidence >= FOUND
    ]
    for field, signs in judged:
        told = {sign.source for sign in signs if sign.entity == "free_text"}
        if not authors or field.kind != "text" or _DESCRIBES & set(tokens(field.name)):
            continue
        if "weak name" in told and "people" not in told:
            signs.append(Sign("free_text", "people", f"{authors[0]} stands beside it, a key of a person"))
