"""``python``: a function of the user's own."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import plain
from understudy.errors import Error, InputError, unknown
from understudy.transforms.declare import (
    ANY,
    LOSSY,
    PRESERVED,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    column_named,
)

Function = Callable[..., Any]


def function(named: str) -> Function:
    """The function that a text such as ``my_rules:mask_code`` names; an InputError where there is none."""
    module, _, name = named.partition(":")
    try:
        found = importlib.import_module(module)
    except ModuleNotFoundError as error:
        hint = "install it, or name its folder in PYTHONPATH"
        raise InputError(f"module {error.name!r} of {named!r} cannot be found", hint=hint) from None
    except Exception as error:
        raise InputError(f"module {module!r} cannot be imported: {type(error).__name__}: {error}") from error
    made = getattr(found, name, None)
    if not callable(made):
        functions = [one for one, value in vars(found).items() if callable(value) and not one.startswith("_")]
        raise unknown(f"function of {module}", name, functions)
    return made  # type: ignore[no-any-return]  # callable says no more


def _arguments(place: Place) -> set[str]:
    """The named arguments that a rule's function takes; an InputError where it is not given what it needs."""
    named = str(place.options["function"])
    try:
        parameters = inspect.signature(function(named)).parameters.values()
    except ValueError:  # written in C, without a word about it
        return set()
    takes = {one.name for one in parameters if one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY)}
    given = {*(place.options["with"] or {}), *({"columns"} if place.options["columns"] else ()), "key"}
    needed = [one.name for one in parameters if one.default is one.empty and one.kind is not one.VAR_KEYWORD][1:]
    lost = [name for name in needed if name not in given]
    if lost:
        raise InputError(f"{named} needs {lost[0]!r}", hint=f"give it as `with: {{{lost[0]}: ...}}`")
    strange = [name for name in place.options["with"] or {} if name not in takes]
    if strange and not any(one.kind is one.VAR_KEYWORD for one in parameters):
        raise unknown(f"argument of {named}", strange[0], takes)
    return takes


def _build(setting: Setting) -> Change:
    place = setting.place
    named = str(place.options["function"])
    made, takes = function(named), _arguments(place)
    given = dict(place.options["with"] or {})
    if "key" in takes:
        given["key"] = setting.key.subkey(f"python:{named}")
    names = _columns(place)

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        more = {"columns": {name: rows.original(name) for name in names}} if names else {}
        try:
            found = made(values, **given, **more)
        except Exception as error:
            hint = "its message is not shown, for it may quote values"
            raise Error(f"{named} failed with {type(error).__name__}", hint=hint) from None
        return _fitting(_checked(found, values, named), place, named)

    return change


def _fitting(found: pa.Array, place: Place, named: str) -> pa.Array:
    """What a function gave, if it fits the column as it was promised to."""
    length, labels = place.options["length"], place.column.labels
    if length is not None and pa.types.is_string(found.type):
        lost = pc.greater(pc.utf8_length(found), length).true_count
        if lost:
            raise Error(f"{named} gave {lost} texts of more than {length} characters", hint="raise its `length`")
    if labels:
        lost = pc.invert(pc.is_in(found, pa.array(labels))).true_count - found.null_count
        if lost:
            raise Error(f"{named} gave {lost} texts that are not labels of {place.column.native_type}")
    return found


def _checked(found: Any, values: pa.Array, named: str) -> pa.Array:
    """What a function gave, if it is as many values of the same type, and NULL only where NULL was."""
    hint = "a function takes an Arrow array and returns one of the same length and type"
    if isinstance(found, pa.ChunkedArray):
        found = found.combine_chunks()
    if not isinstance(found, pa.Array):
        raise Error(f"{named} gave {type(found).__name__}, not an Arrow array", hint=hint)
    found = plain(found)
    if len(found) != len(values) or found.type != values.type:
        raise Error(f"{named} gave {len(found)} of {found.type} for {len(values)} of {values.type}", hint=hint)
    lost = pc.and_(found.is_null(), values.is_valid()).true_count
    if lost:
        raise Error(f"{named} made {lost} values NULL", hint="use `null` for those, by `when` or `switch`")
    return found


def _columns(place: Place) -> tuple[str, ...]:
    """The columns of the row that a function is given."""
    return tuple(column_named(place.table, str(name), "columns") for name in place.options["columns"] or ())


def _problem(place: Place) -> str:
    named = str(place.options["function"])
    module, colon, name = named.partition(":")
    if not (module and colon and name.isidentifier()):
        return f"{named!r} names no function; write module:function"
    _columns(place)
    _arguments(place)
    if place.column.max_length is not None and place.options["length"] is None:
        return f"{place.column.native_type} has room for {place.column.max_length} characters; say its `length`"
    return ""


PYTHON = Declaration(
    name="python",
    summary="A function of yours, named as module:function: it takes an Arrow array and returns one of as many values.",
    example="{python: my_rules:mask_code, with: {prefix: X}}",
    kinds=ANY,
    build=_build,
    main="function",
    options=(
        Option(
            "function",
            "text",
            "module:function; it must depend on each value alone, never on its position",
            required=True,
        ),
        Option("with", "mapping", "named arguments for it; one called key is given a secret made from the job's"),
        Option(
            "columns", "list", "columns of the row, given as they were by the argument columns: a mapping to arrays"
        ),
        Option("length", "whole number", "most characters of the texts it gives, where a column limits them", least=0),
        Option("unique", "yes or no", "you vouch that different values stay different", default=False),
    ),
    uniqueness=lambda place: PRESERVED if place.options["unique"] else LOSSY,
    length=lambda place: place.options["length"],
    needs=lambda place: frozenset(_columns(place)),
    problem=_problem,
)
