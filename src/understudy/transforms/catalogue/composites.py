"""``fields``: what stands in composite values."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from understudy.arrow import kind_of, like, plain
from understudy.interfaces import Rule
from understudy.native import literals as native
from understudy.schema import Column
from understudy.transforms.declare import Change, Declaration, Option, Part, Place, Rows, Setting
from understudy.transforms.literals import meaning, spelling
from understudy.transforms.rewriting import (
    Format,
    Pieces,
    by_position,
    named_rules,
    nothing_named,
    rewriting,
    text_parts,
    wrong_positions,
)
from understudy.transforms.stretches import Stretches, Texts

_COMPOSITE = spelling(b"(),", doubled=True, nothing="")


def _struct_rules(place: Place) -> dict[int, tuple[str, Rule]]:
    """The fields of a struct that have a rule, by their places, each with what its piece is called."""
    kind, rules = place.column.arrow_type, place.options["fields"] or {}
    found = {}
    for number in range(kind.num_fields):
        name = kind.field(number).name
        rule = rules.get(name) or rules.get(str(number + 1)) or place.options["default"]
        if rule is not None:
            found[number] = (f"field {name}", rule)
    return found


def _pieces(place: Place) -> dict[str, Part]:
    kind = place.column.arrow_type
    if not pa.types.is_struct(kind):
        return text_parts(place)
    found = {}
    for number, (label, rule) in _struct_rules(place).items():
        inner = kind.field(number).type
        found[label] = Part(rule, (Column(f"{place.column.name} {label}", str(inner), kind_of(inner), inner),))
    return found


def _build(setting: Setting) -> Change:
    place = setting.place
    if pa.types.is_struct(place.column.arrow_type):
        return _structs(setting)
    rules = named_rules(place)
    return rewriting(setting, rules, Format("composite value", lambda texts: _find(texts, list(rules)), _COMPOSITE))


def _structs(setting: Setting) -> Change:
    changes = {
        number: next(iter(setting.pieces(label).values()))
        for number, (label, _) in _struct_rules(setting.place).items()
    }

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        kind = values.type
        made = [
            like(changes[number](plain(field), rows), field.type) if number in changes else field
            for number, field in enumerate(values.field(number) for number in range(kind.num_fields))
        ]
        return pa.StructArray.from_arrays(made, fields=list(kind), mask=values.is_null())

    return change


def _find(texts: Texts, labels: list[str]) -> Pieces:
    """The fields of composites as PostgreSQL writes them, ``(1,"a b",)``; an empty one is NULL."""
    *where, position, wrong = native.fields(texts.data, texts.offsets, meaning(b"(),", escapes=True))
    return Pieces(Stretches(*where), by_position(position, labels), np.flatnonzero(wrong))


def _problem(place: Place) -> str:
    kind = place.column.arrow_type
    if pa.types.is_struct(kind):
        names = {kind.field(number).name for number in range(kind.num_fields)}
        names |= {str(number + 1) for number in range(kind.num_fields)}
        lost = [name for name in place.options["fields"] or {} if name not in names]
        return nothing_named(place) or (f"there is no field {lost[0]!r} in {place.column.native_type}" if lost else "")
    if not pa.types.is_string(kind):
        return f"{place.column.native_type} has no fields"
    return nothing_named(place) or wrong_positions(place)


FIELDS = Declaration(
    name="fields",
    summary="Fields of composite values, told by their positions (of structs, by their names), each by its own rule.",
    example="{fields: {1: email, 3: {shift_days: 30}}, default: keep}",
    kinds=frozenset({"other", "text"}),
    build=_build,
    inverse=_build,
    main="fields",
    options=(
        Option("fields", "mapping of rules", "positions, from 1, and the rules of the fields there"),
        Option("default", "rule", "the rule for all other fields"),
    ),
    problem=_problem,
    pieces=_pieces,
    sensitive=False,
)
