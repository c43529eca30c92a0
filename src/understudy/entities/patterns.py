"""Every entity by name, and which values of a column are one."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import storage
from understudy.entities import checksums, numbers, offices, places, technical, times
from understudy.entities import names as people
from understudy.entities.entity import Entity
from understudy.errors import unknown

ENTITIES: dict[str, Entity] = {
    entity.name: entity
    for entity in (
        *technical.ENTITIES,
        *offices.ENTITIES,
        *numbers.ENTITIES,
        *times.ENTITIES,
        *places.ENTITIES,
        *people.ENTITIES,
    )
}
"""Everything that can be found; of two that fit the same characters, the first counts.  Add yours by assignment."""


def chosen(names: Iterable[str] | None) -> list[Entity]:
    """The entities of these names, all where None, in their order; an InputError for a name there is not."""
    if names is None:
        return list(ENTITIES.values())
    wanted = set(names)
    for name in sorted(wanted - ENTITIES.keys()):
        raise unknown("entity", name, ENTITIES)
    return [entity for name, entity in ENTITIES.items() if name in wanted]


def whole(texts: pa.Array, names: Iterable[str] | None = None) -> dict[str, pa.Array]:
    """For every entity that values can be told by: which values are one, and nothing else (NULL stays NULL).

    Values that are no texts (a card number in a column of integers) are looked at as they are written.
    """
    values = pc.utf8_trim_whitespace(storage(texts).cast(pa.string()))
    return {entity.name: _is(values, entity) for entity in chosen(names) if entity.whole or entity.name in people.NAMES}


def _is(values: pa.Array, entity: Entity) -> pa.Array:
    if entity.name in people.NAMES:
        return people.is_name(values, entity.name)
    found = pc.match_substring_regex(values, f"^(?:{entity.whole})$")
    if not entity.scheme or not found.true_count:
        return found
    return pc.replace_with_mask(found, found, checksums.valid(entity.scheme, values.filter(found)))
