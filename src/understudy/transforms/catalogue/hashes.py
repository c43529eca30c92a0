"""``hash`` and ``token``: a text becomes characters that say nothing of it, the same wherever it stands."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

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

_HEX = np.array([f"{number:02x}".encode() for number in range(256)]).view(np.uint16)
_MOST_HEX = 32
_MOST_TOKEN = 24
_USUAL_TOKEN = 16


def _hash_length(place: Place) -> int:
    return int(place.options["length"] or min(_MOST_HEX, place.column.max_length or _MOST_HEX))


def _hash(setting: Setting) -> Change:
    length = _hash_length(setting.place)
    draw = by_value(setting, "hash")

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        drawn = np.ascontiguousarray(draw(values, rows)).view(np.uint8)
        return same_width(_HEX[drawn].view(np.uint8)[:, :length])

    return change


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
    summary="A keyed hash in hexadecimal digits: nobody without the key can compute or test it.",
    example="hash",
    kinds=TEXT,
    build=_hash,
    main="length",
    options=(
        Option("length", "whole number", "how many hexadecimal digits, four bits each", least=4, most=_MOST_HEX),
        PER,
        DOMAIN,
    ),
    uniqueness=lambda place: _uniqueness(place, 4 * _hash_length(place)),
    length=_hash_length,
    needs=needs_subject,
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
