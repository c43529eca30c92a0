"""``keep``, ``null``, ``redact``, ``replace``: what does not depend on the value at all."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from understudy.errors import InputError
from understudy.transforms.constants import constants, empty
from understudy.transforms.declare import ANY, Change, Declaration, Option, Place, Rows, Uniqueness

_REDACTED = "REDACTED"


def _always(value: pa.Array) -> Change:
    def change(values: pa.Array, _rows: Rows) -> pa.Array:
        return value.take(pa.nulls(len(values), pa.int64()).fill_null(0))

    return change


def _null(values: pa.Array, _rows: Rows) -> pa.Array:
    return pa.nulls(len(values), values.type)


def _redacted(place: Place) -> Any:
    if place.column.kind != "text":
        return empty(place.column)
    text = place.options["text"]
    return _REDACTED[: place.column.max_length] if text is None else text


def _redact_problem(place: Place) -> str:
    if place.options["text"] is not None and place.column.kind != "text":
        return f"{place.column.native_type} is emptied, so it takes no text"
    return ""


def problem(place: Place, *values: Any) -> str:
    """Why values cannot stand in a column; empty if they can."""
    try:
        constants(values, place.column)
    except InputError as error:
        return error.message
    return ""


ONE = Uniqueness("lossy", 1)

KEEP = Declaration(
    name="keep",
    summary="The value stays as it is; where personal values are kept knowingly, the rule names what they are.",
    example="{keep: username}",
    kinds=ANY,
    build=lambda _setting: lambda values, _rows: values,
    main="holds",
    options=(
        Option("holds", "text", "personal values a person knows it to hold, as `check` calls them, or `anything`"),
    ),
    inverse=lambda _setting: lambda values, _rows: values,
    uniqueness=lambda _place: Uniqueness("preserved", folded=True),
    sensitive=False,
)

NULL = Declaration(
    name="null",
    summary="The value becomes NULL.",
    example="null",
    kinds=ANY,
    build=lambda _setting: _null,
    uniqueness=lambda _place: Uniqueness("preserved", folded=True),
    nulls="filled",
)

REDACT = Declaration(
    name="redact",
    summary="The value becomes the same text everywhere, or the empty value of its type; NULL stays NULL.",
    example="redact",
    kinds=ANY - {"enum", "other"},
    build=lambda setting: _always(constants([_redacted(setting.place)], setting.place.column)),
    main="text",
    options=(Option("text", "text", "what stands there instead"),),
    uniqueness=lambda _place: ONE,
    length=lambda place: len(str(_redacted(place))) if place.column.kind == "text" else None,
    problem=_redact_problem,
)

REPLACE = Declaration(
    name="replace",
    summary="The value becomes one that you give; NULL stays NULL.",
    example="{replace: unknown}",
    kinds=ANY,
    build=lambda setting: _always(constants([setting.place.options["value"]], setting.place.column)),
    main="value",
    options=(Option("value", "value", "what stands there instead", required=True),),
    uniqueness=lambda _place: ONE,
    length=lambda place: len(str(place.options["value"])) if place.column.kind == "text" else None,
    problem=lambda place: problem(place, place.options["value"]),
)
