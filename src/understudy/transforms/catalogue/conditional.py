"""``when`` and ``switch``: which rule a value gets is told by its row."""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import plain
from understudy.errors import Error, InputError
from understudy.interfaces import Rule
from understudy.transforms.branching import branched
from understudy.transforms.conditions import Condition, Scope, parse
from understudy.transforms.declare import ANY, Change, Choose, Declaration, Option, Place, Rows, Setting


def _condition(place: Place) -> Condition:
    return parse(str(place.options["where"]), place.table, place.column)


def _when(place: Place) -> Choose:
    condition = _condition(place)

    def choose(values: pa.Array, rows: Rows) -> pa.Array:
        return pc.if_else(condition(Scope(place.table, place.column, values, rows)), 0, 1)

    return choose


def _when_back(setting: Setting) -> Change:
    if _condition(setting.place).own:
        raise InputError("`when` asks for the value itself, and a stand-in does not tell")
    return branched(_when)(setting)


def _when_needs(place: Place) -> frozenset[str]:
    return _condition(place).columns


def _when_problem(place: Place) -> str:
    _condition(place)
    return ""


WHEN = Declaration(
    name="when",
    summary="One rule for the rows that meet a condition on their columns as they were, another for all others.",
    example="{when: {where: \"country = 'DE' and email is not null\", then: email, else: redact}}",
    kinds=ANY,
    build=branched(_when),
    main="where",
    options=(
        Option(
            "where", "text", "the condition, as SQL would have it; `value` is the column's own value", required=True
        ),
        Option("then", "rule", "the rule where it holds", required=True),
        Option("else", "rule", "the rule where it does not, or where a NULL leaves it open", required=True),
    ),
    needs=_when_needs,
    problem=_when_problem,
    branches=lambda place: {name: place.options[name] for name in ("then", "else")},
    choose=_when,
    inverse=_when_back,
)


def _branches(place: Place) -> Mapping[str, Rule]:
    cases: Mapping[str, Rule] = place.options["cases"]
    default: Rule | None = place.options["default"]
    named = {f"case {name}": rule for name, rule in cases.items()}
    return named if default is None else {**named, "default": default}


def _switch(place: Place) -> Choose:
    on = str(place.named("on"))
    names = pa.array([_spelled(name) for name in place.options["cases"]])
    default = len(names) if place.options["default"] is not None else None
    where = f"{place.table.name}.{place.column.name}"

    def choose(values: pa.Array, rows: Rows) -> pa.Array:
        found = pc.index_in(_texts(rows.original(on)), names)
        if default is not None:
            return found.fill_null(default)
        lost = pc.and_(found.is_null(), values.is_valid()).true_count
        if lost:
            message = f"{lost} rows of {where} have a value in {on} that no case of `switch` names"
            raise Error(message, hint="add the case, or `default: redact` for all others")
        return found

    return choose


def _spelled(name: object) -> str:
    """The name of a case as the texts of its column are; YAML has truth values of its own."""
    return str(name).lower() if str(name) in ("True", "False") else str(name)


def _texts(values: pa.Array) -> pa.Array:
    values = plain(values)
    return values if pa.types.is_string(values.type) else values.cast(pa.string())


def _switch_problem(place: Place) -> str:
    on = place.named("on")
    if on == place.column.name:
        return "`switch` chooses by another column; by the value itself chooses `when`"
    kind = place.table.by_name[str(on)].kind
    return "" if kind in ("text", "enum", "integer", "boolean") else f"`switch` cannot choose by values of type {kind}"


SWITCH = Declaration(
    name="switch",
    summary="A rule for each value of another column of the row, as tables of keys and values need it.",
    example="{switch: {on: attribute, cases: {email: email, mobile: phone}, default: redact}}",
    kinds=ANY,
    build=branched(_switch),
    options=(
        Option("on", "column", "the column of the same table whose original value chooses", required=True),
        Option("cases", "mapping of rules", "values of that column and the rules they choose", required=True),
        Option("default", "rule", "the rule for all others; without it they stop the run"),
    ),
    needs=lambda place: frozenset({place.named("on")} - {None}),  # type: ignore[arg-type]
    problem=_switch_problem,
    branches=_branches,
    choose=_switch,
    inverse=branched(_switch),
)
