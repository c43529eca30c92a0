"""``hash`` and ``token``: a text becomes characters that say nothing of it, the same wherever it stands."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.transforms.declare import (
    DOMAIN,
    LOSSY,
    PER,
    TEXT,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    Uniqueness,
    probable,
)
from understudy.transforms.draws import by_value, needs_subject
from understudy.transforms.fake import characters, same_width
from understudy.transforms.hexadecimal import hexadecimal, uuid_digits
from understudy.transforms.prf import Words

_MOST_TOKEN = 24
_USUAL_TOKEN = 16
_UUID = 36
_MOST = {"hex": 32, "base32": _MOST_TOKEN, "uuid": _UUID}
"""The forms of a hash, and how many characters each has at most."""

_BITS = {"hex": 4, "base32": 5}
_UUID_BITS = 122
_VERSION, _VARIANT = 6, 8  # the bytes of a UUID that start with them


def _hash_length(place: Place) -> int:
    form = place.options["format"]
    if form == "uuid":
        return _UUID
    return int(place.options["length"] or min(_MOST[form], place.column.max_length or _MOST[form]))


def _hash_bits(place: Place) -> int:
    form = place.options["format"]
    return _UUID_BITS if form == "uuid" else _BITS[form] * _hash_length(place)


def _hash(setting: Setting) -> Change:
    length, form = _hash_length(setting.place), setting.place.options["format"]
    draw = by_value(setting, "hash")

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        drawn = draw(values, rows)
        return same_width(characters(drawn, length) if form == "base32" else _digits(drawn, form)[:, :length])

    return change


def _digits(drawn: Words, form: str) -> NDArray[np.uint8]:
    """Random bits as hexadecimal digits, or as the UUID of version 4 that they make."""
    data = np.array(drawn).view(np.uint8)
    if form == "hex":
        return hexadecimal(data)
    data[:, _VERSION] = data[:, _VERSION] & 0x0F | 0x40
    data[:, _VARIANT] = data[:, _VARIANT] & 0x3F | 0x80
    return uuid_digits(data)


def _hash_problem(place: Place) -> str:
    form, length = place.options["format"], place.options["length"]
    if length is None or length <= _MOST[form]:
        return "" if form != "uuid" or length is None else "a hash in the form of a UUID has the length of one"
    return f"a hash in {form} has up to {_MOST[form]} characters"


def _prefix(place: Place) -> str:
    return str(place.options["prefix"])


def _token_length(place: Place) -> int:
    """Characters after the prefix."""
    room = (place.column.max_length or _USUAL_TOKEN + len(_prefix(place))) - len(_prefix(place))
    return int(place.options["length"] or max(1, min(_USUAL_TOKEN, room)))


def _token(setting: Setting) -> Change:
    length = _token_length(setting.place)
    prefix = np.frombuffer(_prefix(setting.place).encode(), np.uint8)
    draw = by_value(setting, "token")

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        drawn = characters(draw(values, rows), length)
        return same_width(np.hstack([np.broadcast_to(prefix, (len(drawn), len(prefix))), drawn]))

    return change


def _uniqueness(place: Place, bits: float) -> Uniqueness:
    return probable(bits) if place.own_subject else LOSSY


HASH = Declaration(
    name="hash",
    summary="A keyed hash: nobody without the key can compute or test it.",
    example="{hash: {format: base32, length: 16}}",
    kinds=TEXT,
    build=_hash,
    main="length",
    options=(
        Option("length", "whole number", "how many characters: of four bits in hex, five in base32", least=4, most=32),
        Option("format", "text", "how it is written", default="hex", choices=tuple(_MOST)),
        PER,
        DOMAIN,
    ),
    uniqueness=lambda place: _uniqueness(place, _hash_bits(place)),
    length=_hash_length,
    needs=needs_subject,
    problem=_hash_problem,
)

TOKEN = Declaration(
    name="token",
    summary="A short readable token of letters and digits, with a prefix if you like.",
    example="{token: {prefix: cus_, length: 12}}",
    kinds=TEXT,
    build=_token,
    main="length",
    options=(
        Option("length", "whole number", "characters after the prefix, five bits each", least=1, most=_MOST_TOKEN),
        Option("prefix", "text", "what every token starts with", default=""),
        PER,
        DOMAIN,
    ),
    uniqueness=lambda place: _uniqueness(place, 5 * _token_length(place)),
    length=lambda place: len(_prefix(place)) + _token_length(place),
    needs=needs_subject,
)
