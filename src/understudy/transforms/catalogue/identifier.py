"""How the rule of every kind of identifier is declared: what changes, what stays, what it takes."""

from __future__ import annotations

from collections.abc import Callable

import pyarrow as pa

from understudy.entities.check_digits import DIGITS
from understudy.entities.scheme import Scheme
from understudy.schema import Kind
from understudy.transforms.declare import (
    DOMAIN,
    PRESERVED,
    Change,
    Declaration,
    Option,
    Options,
    Place,
    Setting,
    Uniqueness,
)
from understudy.transforms.identifiers import Identifiers, NumberedIdentifiers

KINDS: frozenset[Kind] = frozenset({"text", "integer", "decimal"})

_INT64_DIGITS = 18

Choose = Callable[[Options], Scheme]
"""The kind of identifier that options ask for."""


def plain(name: str) -> Scheme:
    """Identifiers of which nothing is known: any text, whose letters and digits are exchanged."""
    return Scheme(name, name, "", ())


def identifier(
    name: str, summary: str, kind: Scheme | Choose, *, example: str = "", options: tuple[Option, ...] = ()
) -> Declaration:
    """The rule for a kind of identifier, or for the one that its options ask for; the first option is its main one."""
    choose = (lambda _options: kind) if isinstance(kind, Scheme) else kind
    return Declaration(
        name=name,
        summary=summary,
        example=example or name,
        kinds=KINDS,
        build=lambda setting: _change(setting, choose, back=False),
        main=options[0].name if options else "",
        options=(*options, DOMAIN),
        uniqueness=_uniqueness,
        problem=lambda place: _problem(place, choose),
        inverse=lambda setting: _change(setting, choose, back=True),
    )


def _change(setting: Setting, choose: Choose, *, back: bool) -> Change:
    place = setting.place
    column = place.column
    subkey = setting.key.subkey(f"identifier:{place.options['domain'] or 'identifier'}")
    identifiers = Identifiers(subkey, choose(place.options), fold=bool(column.key_sql))
    if column.kind == "text":
        texts = identifiers.restore if back else identifiers
        return lambda values, _rows: texts(values)
    numbered = NumberedIdentifiers(identifiers, _largest(column.arrow_type))
    numbers = numbered.restore if back else numbered
    return lambda values, _rows: _as(numbers(values.cast(pa.int64())), values.type)


def _as(numbers: pa.Array, kind: pa.DataType) -> pa.Array:
    return numbers.cast(pa.decimal128(19, 0)).cast(kind) if pa.types.is_decimal(kind) else numbers.cast(kind)


def _largest(kind: pa.DataType) -> int:
    if pa.types.is_decimal(kind):
        return int(10**kind.precision - 1)
    return int(2 ** (kind.bit_width - 1) - 1)


def _uniqueness(place: Place) -> Uniqueness:
    exact_case = place.column.kind == "text" and not place.column.key_sql
    return PRESERVED if exact_case else Uniqueness("preserved", folded=True)


def _problem(place: Place, choose: Choose) -> str:
    scheme = choose(place.options)
    column, kind = place.column, place.column.arrow_type
    if column.kind == "text":
        return ""
    if column.kind == "decimal":
        if column.as_text or not pa.types.is_decimal(kind) or kind.scale != 0 or kind.precision > _INT64_DIGITS:
            return f"of decimal numbers, only whole ones of up to {_INT64_DIGITS} digits can be identifiers"
    elif not pa.types.is_signed_integer(kind):
        return f"integers that travel as {kind} cannot be identifiers"
    shortest = min(scheme.by_length, default=1)
    if any(set(place) - set(DIGITS) for form in scheme.forms for place in form.allowed):
        return f"{scheme.title} has letters, which {column.native_type} cannot hold"
    if 10 ** (shortest - 1) > _largest(kind):
        return f"{column.native_type} cannot hold {scheme.title}, which has {shortest} digits"
    return ""
