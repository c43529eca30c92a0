"""What stands together: columns of one row that belong together, tables of people, and foreign keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.detect.catalogue import summary
from understudy.detect.fields import Field
from understudy.detect.weighing import DOUBTFUL, Sign, best, weigh

Judged = tuple[Field, list[Sign]]

_SURE = 0.75
"""From this confidence on a column says something about those beside it."""

_OF_PERSONS = frozenset({"first_name", "last_name", "birth_date", "national_id"})
_REACHED = frozenset({"email", "username", "phone"})
_OF_PLACES = frozenset({"address", "city", "postcode"})
_PLACES = frozenset({"address", "city", "region", "postcode", "country"})

_TOGETHER: tuple[tuple[str, str], ...] = (
    ("latitude", "longitude"),
    ("first_name", "last_name"),
    ("card", "card_expiry"),
    ("card", "cvv"),
    ("city", "postcode"),
    ("address", "postcode"),
    ("address", "city"),
    ("iban", "bic"),
    ("username", "secret"),
    ("email", "secret"),
)
"""Entities that come in one row; either makes the other likelier."""


def beside(judged: Sequence[Judged]) -> list[Judged]:
    """The fields of one table with the signs that they give one another."""
    judged = [(field, [*signs, *_position(field, judged)]) for field, signs in judged]
    verdicts = [best(signs) for _field, signs in judged]
    sure: dict[str, str] = {}
    for (field, _signs), verdict in zip(judged, verdicts, strict=True):
        if verdict is not None and verdict.confidence >= _SURE:
            sure.setdefault(verdict.entity, _title(field))
    made = []
    for field, signs in judged:
        more = [*_weak(field, signs, sure), *_together(field, signs, sure)]
        made.append((field, [*signs, *more]))
    return made


def _title(field: Field) -> str:
    return f"{field.column.name} {field.path or field.key}".strip()


def _weak(field: Field, signs: Sequence[Sign], sure: Mapping[str, str]) -> Iterator[Sign]:
    """Names that say little by themselves say more beside names that are sure."""
    told = {sign.entity for sign in signs if sign.source == "people"}
    for sign in signs:
        if sign.source != "weak name" or sign.entity in told:
            continue
        persons = next((sure[entity] for entity in sure if entity in _OF_PERSONS), "")
        reached = next((sure[entity] for entity in sure if entity in _REACHED), "")
        places = next((sure[entity] for entity in sure if entity in _OF_PLACES and sure[entity] != _title(field)), "")
        if sign.entity in _PLACES and places:
            yield Sign(sign.entity, "address", f"{places} stands beside it")
        elif persons or (reached and sign.entity == "full_name"):
            yield Sign(sign.entity, "people", f"{persons or reached} stands beside it")


def _together(field: Field, signs: Sequence[Sign], sure: Mapping[str, str]) -> Iterator[Sign]:
    confident = {verdict.entity for verdict in weigh(signs) if verdict.confidence >= DOUBTFUL}
    for one, other in (*_TOGETHER, *((b, a) for a, b in _TOGETHER)):
        if one in confident and other in sure and sure[other] != _title(field):
            yield Sign(one, "beside", f"{summary(other)} stands beside it ({sure[other]})")


def _position(field: Field, judged: Sequence[Judged]) -> Iterator[Sign]:
    """Two neighbouring numbers with many decimals, one of them a possible latitude, the other a longitude."""
    row = [other for other, _signs in judged if not other.path and not other.key]
    if field not in row:
        return
    place = row.index(field)
    mine = _degrees(field)
    for other in (row[place + 1] if place + 1 < len(row) else None, row[place - 1] if place else None):
        theirs = None if other is None or mine is None else _degrees(other)
        if other is None or mine is None or theirs is None:
            continue
        if _possible(mine, theirs):
            yield Sign("latitude", "values", f"with {other.name} it is a possible position", 0.6)
        elif _possible(theirs, mine):
            yield Sign("longitude", "values", f"with {other.name} it is a possible position", 0.6)


def _degrees(field: Field) -> NDArray[np.float64] | None:
    """The values of a field as degrees: with four to eight decimals nearly always; None where they cannot be."""
    values = field.values
    if values is None or values.distinct < 10 or field.kind not in ("decimal", "float", "text"):
        return None
    if values.match(r"^-?\d{1,3}\.\d{4,8}$") < 0.7 or values.match(r"^-?\d{1,3}(\.\d{1,8})?$") < 0.98:
        return None
    degrees = values.texts.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return degrees if np.abs(degrees).max() <= 180 else None


def _possible(latitude: NDArray[np.float64], longitude: NDArray[np.float64]) -> bool:
    """A longitude west of Greenwich or beyond 90 degrees tells which of two numbers it is."""
    far = bool((longitude < 0).mean() > 0.5 or (np.abs(longitude) > 90).any())
    return far and bool(np.abs(latitude).max() <= 90) and bool((latitude < 0).mean() <= (longitude < 0).mean())
