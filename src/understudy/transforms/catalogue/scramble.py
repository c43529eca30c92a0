"""``scramble`` and ``sku``: other characters in the same pattern, and the way back for whoever holds the key."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans
from understudy.transforms.characters import text_array
from understudy.transforms.declare import (
    DOMAIN,
    PRESERVED,
    TEXT,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    Uniqueness,
)
from understudy.transforms.parts import Bytes, Mask, Offsets
from understudy.transforms.pieces import CHARACTERS, FOLDED, Pieces

_ONLY = {"digits": slice(1), "letters": slice(1, None)}
"""Which classes of characters change."""

FIRST = Option("first", "whole number", "how many characters at the start stay", default=0, least=0)
LAST = Option("last", "whole number", "how many characters at the end stay", default=0, least=0)


def _way(name: str, *, back: bool) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        options, folds = setting.place.options, bool(setting.place.column.key_sql)
        subkey = setting.key.subkey(f"{name}:{options['domain'] or name}")
        all_of_them = FOLDED if folds else CHARACTERS
        pieces = Pieces(subkey, all_of_them.only(_ONLY.get(options.get("only") or "", slice(None))))
        first, last = options["first"], options.get("last") or 0

        def change(values: pa.Array, _rows: Rows) -> pa.Array:
            data, offsets = own_spans(pc.utf8_lower(values) if folds else values)
            stay = ends(data, offsets, first, last) if first or last else None
            return text_array(pieces(data, offsets, stay=stay, back=back), offsets)

        return change

    return build


def ends(data: Bytes, offsets: Offsets, first: int, last: int) -> Mask:
    """The bytes of so many first and last characters of every text; none where these would be all it has."""
    starts = np.concatenate([[0], np.cumsum((data & 0xC0) != 0x80)])
    lengths = np.diff(offsets)
    total = np.diff(starts[offsets])
    number = starts[1:] - np.repeat(starts[offsets[:-1]], lengths)  # which character of its text, from 1
    total = np.repeat(total, lengths)
    found: Mask = ((number <= first) | (number > total - last)) & (total > first + last)
    return found


def _uniqueness(place: Place) -> Uniqueness:
    return Uniqueness("preserved", folded=True) if place.column.key_sql else PRESERVED


def _declare(name: str, summary: str, example: str, options: tuple[Option, ...]) -> Declaration:
    return Declaration(
        name=name,
        summary=summary,
        example=example,
        kinds=TEXT,
        build=_way(name, back=False),
        options=(*options, DOMAIN),
        uniqueness=_uniqueness,
        inverse=_way(name, back=True),
    )


SCRAMBLE = _declare(
    "scramble",
    "Every letter becomes a letter, every digit a digit; length, case, spaces and punctuation stay.",
    "scramble",
    (
        FIRST,
        LAST,
        Option("only", "text", "what changes, where not all does", choices=tuple(_ONLY)),
    ),
)

SKU = _declare(
    "sku",
    "An article, serial or reference number in the same pattern.",
    "{sku: {first: 3}}",
    (FIRST,),
)
