"""``map`` and ``generalize``: values become the ones you list for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.errors import Error, InputError
from understudy.interfaces import Rule
from understudy.transforms.constants import constants
from understudy.transforms.declare import ANY, Change, Choose, Declaration, Option, Place, Rows, Setting
from understudy.transforms.draws import canonical

Pairs = Callable[[Place], list[tuple[Any, Any]]]
"""Of a rule's options: values and what they become."""

_LISTED, _OTHERWISE = "what is listed", "otherwise"


def _mapped(place: Place) -> list[tuple[Any, Any]]:
    return list(place.options["values"].items())


def _generalized(place: Place) -> list[tuple[Any, Any]]:
    groups: Mapping[Any, Any] = place.options["groups"]
    listed = [(group, values if isinstance(values, list | tuple) else [values]) for group, values in groups.items()]
    return [(value, group) for group, values in listed for value in values]


def _known(pairs: Pairs, place: Place) -> pa.Array:
    """The listed values, as the database compares them."""
    return canonical(constants([value for value, _ in pairs(place)], place.column), place.column)


def _places(pairs: Pairs, place: Place) -> Callable[[pa.Array], pa.Array]:
    """Which of the listed values each one is; null where none."""
    known = _known(pairs, place)
    return lambda values: pc.index_in(canonical(values, place.column), known)


def _chooser(pairs: Pairs) -> Callable[[Place], Choose]:
    def choose(place: Place) -> Choose:
        places = _places(pairs, place)

        def chosen(values: pa.Array, _rows: Rows) -> pa.Array:
            which = pc.if_else(places(values).is_valid(), 0, 1)
            return pc.if_else(values.is_valid(), which, None)

        return chosen

    return choose


def _builder(pairs: Pairs) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        place = setting.place
        where = f"{place.table.name}.{place.column.name}"
        places = _places(pairs, place)
        targets = constants([target for _, target in pairs(place)], place.column)
        _, *others = setting.branches()

        def change(values: pa.Array, rows: Rows) -> pa.Array:
            at = places(values)
            made = targets.take(at)
            rest = pc.and_(at.is_null(), values.is_valid())
            if not rest.true_count:
                return made
            if not others:
                hint = "list them too, or say `otherwise: redact`"
                raise Error(f"{rest.true_count} values of {where} are not listed", hint=hint)
            there = pa.array(np.flatnonzero(rest.to_numpy(zero_copy_only=False)))
            return pc.replace_with_mask(made, rest, others[0](values.take(there), rows.at(there)))

        return change

    return build


def _brancher(pairs: Pairs) -> Callable[[Place], Mapping[str, Rule]]:
    """For whoever judges the rule, what is listed is a choice of the values that it may become."""

    def branches(place: Place) -> Mapping[str, Rule]:
        targets = list(dict.fromkeys(str(target) for _, target in pairs(place)))
        found = {_LISTED: Rule("choice", {"values": targets, "by": "value"})}
        otherwise: Rule | None = place.options["otherwise"]
        return found if otherwise is None else {**found, _OTHERWISE: otherwise}

    return branches


def _checker(pairs: Pairs) -> Callable[[Place], str]:
    def problem(place: Place) -> str:
        if any(target is None for _, target in pairs(place)):
            return "a value cannot become NULL so; `when` can empty it"
        try:
            known = _known(pairs, place)
        except InputError as error:
            return error.message
        twice = known.value_counts().filter(pc.greater(known.value_counts().field("counts"), 1))
        return f"{twice.field('values')[0].as_py()!r} is listed twice" if len(twice) else ""

    return problem


def _declared(name: str, summary: str, example: str, listed: Option, pairs: Pairs) -> Declaration:
    return Declaration(
        name=name,
        summary=summary,
        example=example,
        kinds=ANY - {"json", "bytes", "other"},
        build=_builder(pairs),
        main=listed.name,
        options=(listed, Option("otherwise", "rule", "the rule for all other values; without it they stop the run")),
        problem=_checker(pairs),
        branches=_brancher(pairs),
        choose=_chooser(pairs),
    )


MAP = _declared(
    "map",
    "Each value becomes the one you list for it.",
    "{map: {M: X, F: X}, otherwise: keep}",
    Option("values", "mapping", "values and what they become", required=True),
    _mapped,
)
GENERALIZE = _declared(
    "generalize",
    "Each value becomes the group you list it in: a wider one that more people share.",
    "{generalize: {technical: [developer, tester], commercial: [agent]}, otherwise: {replace: other}}",
    Option("groups", "mapping", "groups and the values they take in", required=True),
    _generalized,
)
