"""``template``: a text put together from the row's other columns, as they are after masking."""

from __future__ import annotations

from collections.abc import Iterable
from string import Formatter

import pyarrow as pa
import pyarrow.compute as pc

from understudy.schema import Column, Kind
from understudy.transforms.declare import LOSSY, TEXT, Change, Declaration, Option, Place, Rows, Setting, Uniqueness
from understudy.transforms.fake import cut, same_width
from understudy.transforms.hexadecimal import uuid_digits
from understudy.transforms.prf import decimal_text, spans

_DIGITS: dict[Kind, int] = {"uuid": 36, "boolean": 5, "date": 10}


def parts(place: Place) -> list[tuple[str, str]]:
    """The template as pairs of literal text and the column after it ("" after the last text)."""
    return [(literal, name or "") for literal, name, _spec, _how in _parsed(str(place.options["text"]))]


def _parsed(text: str) -> Iterable[tuple[str, str | None, str | None, str | None]]:
    return Formatter().parse(text)


def references(place: Place) -> frozenset[str]:
    """The columns a template names."""
    return frozenset(name for _literal, name in parts(place) if name)


def _build(setting: Setting) -> Change:
    place = setting.place
    pieces = parts(place)
    limit = place.column.max_length

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        texts: list[pa.Array | pa.Scalar] = [pa.array([""]).take(pa.nulls(len(values), pa.int64()).fill_null(0))]
        for literal, name in pieces:
            texts.append(pa.scalar(literal))
            if name:
                texts.append(pc.fill_null(_written(rows.changed(name)), ""))
        return cut(pc.binary_join_element_wise(*texts, ""), limit)

    return change


def _written(values: pa.Array) -> pa.Array:
    """Values as people write them."""
    kind = values.type
    if pa.types.is_fixed_size_binary(kind) and kind.byte_width == 16:
        data, offsets = spans(values)
        made = same_width(uuid_digits(data[offsets[0] : offsets[-1]].reshape(-1, 16)))
        return pc.if_else(values.is_valid(), made, None)
    return decimal_text(values) if pa.types.is_decimal(kind) else values.cast(pa.string())


def _longest(column: Column) -> int | None:
    """How many characters a value has at most when it is written."""
    if column.kind == "integer":
        return {16: 6, 32: 11}.get(column.arrow_type.bit_width, 20)
    if column.kind == "enum" and column.labels:
        return max(map(len, column.labels))
    return column.max_length or _DIGITS.get(column.kind)


def _bound(place: Place) -> int | None:
    """How many characters come out at most, were nothing cut off; None where there is no bound."""
    total = 0
    for literal, name in parts(place):
        longest = _longest(place.table.by_name[name]) if name else 0
        if longest is None:
            return None
        total += len(literal) + longest
    return total


def _length(place: Place) -> int | None:
    bound, limit = _bound(place), place.column.max_length
    return limit if bound is None else min(bound, limit or bound)


def _uniqueness(place: Place) -> Uniqueness:
    """Unique if it holds the row's key where nothing next to it can be taken for a part of it, and nothing is cut."""
    limit, bound, pieces = place.column.max_length, _bound(place), parts(place)
    if limit is not None and (bound is None or bound > limit):
        return LOSSY
    for number, (before, name) in enumerate(pieces):
        after, following = pieces[number + 1] if number + 1 < len(pieces) else ("", "")
        alone = not references(place) - {name}
        clear = (number == 0 or _separates(before[-1:])) and (_separates(after[:1]) or not (after or following))
        numeric = name in place.table.by_name and place.table.by_name[name].kind in ("integer", "uuid")
        if (name,) == place.table.row_key and (alone or (clear and numeric)):
            return Uniqueness("preserved", folded=alone or numeric)
    return LOSSY


def _separates(character: str) -> bool:
    return bool(character) and not character.isalnum() and character != "-"


def _problem(place: Place) -> str:
    try:
        broken = any(spec or how for _literal, _name, spec, how in _parsed(str(place.options["text"])))
    except ValueError as error:
        return f"the template cannot be read: {error}"
    if broken:
        return "a template takes plain {column} parts only"
    if "" in [name for _literal, name, _spec, _how in _parsed(str(place.options["text"])) if name is not None]:
        return "`{}` in the template names no column; write `{{}}` for braces"
    for name in sorted(references(place)):
        if name == place.column.name:
            return "a template cannot be made of its own column"
        if name not in place.table.by_name:
            return f"the template names column {name!r}, which table {str(place.table.name)!r} does not have"
    return ""


TEMPLATE = Declaration(
    name="template",
    summary="A text made of the row's other columns as they are after masking, cut to the column's length.",
    example='{template: "user-{id}"}',
    kinds=TEXT,
    build=_build,
    main="text",
    options=(Option("text", "text", "text with {column} parts; {{ and }} are braces", required=True),),
    uniqueness=_uniqueness,
    length=_length,
    reads=references,
    problem=_problem,
    by="row",
)
