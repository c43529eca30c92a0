"""Texts that put things side by side between signs and in quotes: where the signs stand that are in no quotes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import spans, text_array
from understudy.native import literals as native
from understudy.schema import Column, Kind
from understudy.transforms.inside import FORMS
from understudy.transforms.parts import table
from understudy.transforms.rewriting import Spelling
from understudy.transforms.stretches import Bytes, Flags, Places, Stretches, Texts

_BLANK = np.isin(np.arange(256), list(b" \t\r\n\v\f"))


def signs(texts: Texts, wanted: bytes, *, escapes: bool = False, quotes: bool = True) -> tuple[Stretches, Places]:
    """Where certain signs stand outside quotes, and which texts have half a pair of quotes: in those, none count.

    With ``escapes``, what a backslash stands before is no sign and no quote.
    """
    data, offsets = texts.own
    text, places, odd = native.signs(data, offsets, table(wanted), escapes, quotes)
    return _stretches(texts, text, places, places + 1), np.flatnonzero(odd)


def split(texts: Texts, at: Stretches) -> Stretches:
    """What stands before, between and after signs: one stretch more for every text than it has signs."""
    rows = np.arange(len(texts))
    firsts = rows + np.searchsorted(at.text, rows)
    after = at.text + 1 + np.arange(len(at))
    text = np.empty(len(texts) + len(at), np.int64)
    start, end = text.copy(), text.copy()
    text[firsts], text[after] = rows, at.text
    start[firsts], start[after] = texts.offsets[:-1], at.end
    end[after - 1] = at.start
    end[np.append(firsts[1:], len(end)) - 1] = texts.offsets[1:]
    return Stretches(text, start, end)


def without(texts: Texts, found: Stretches) -> Places:
    """Texts that are not empty, and in which nothing was found."""
    empty = texts.offsets[1:] == texts.offsets[:-1]
    empty[found.text] = True
    return np.flatnonzero(~empty)


def strings(texts: Texts) -> Stretches:
    """What stands in quotes, these included; in texts that have none but whole pairs, and backslashes to escape one."""
    return _stretches(texts, *native.strings(*texts.own))


def _stretches(texts: Texts, text: Places, start: Places, end: Places) -> Stretches:
    """Stretches whose places are counted from where the first text starts."""
    return Stretches(text, start + texts.offsets[0], end + texts.offsets[0])


def followed_by(sign: int, data: Bytes, end: Places) -> Flags:
    """Whether a sign, blanks before it left out, is the first thing after each of these places."""
    found = end.copy()
    blank = np.flatnonzero(_BLANK[data.take(found, mode="clip")])
    while len(blank):
        found[blank] += 1
        blank = blank[(found[blank] < len(data)) & _BLANK[data.take(found[blank], mode="clip")]]
    return cast("Flags", (data.take(found, mode="clip") == sign) & (found < len(data)))


def trimmed(texts: Texts, where: Stretches) -> Stretches:
    """Stretches without the blanks at their ends."""
    return Stretches(where.text, *native.trimmed(texts.data, where.start, where.end, _BLANK.view(np.uint8)))


def spelling(specials: bytes, *, doubled: bool, nothing: str) -> Spelling:
    """How PostgreSQL writes what it puts into quotes: these characters, blanks, and what reads as nothing.

    In quotes, a quote is escaped by a backslash or, in composites and ranges, doubled; a backslash by another.
    What stood in quotes does so again.
    """
    odd = table(specials + b'"\\ \t\n\r\v\f')
    as_nothing = np.frombuffer(nothing.encode(), np.uint8)

    def read(raw: pa.Array) -> pa.Array:
        return text_array(*native.read(*spans(raw), doubled))

    def write(texts: pa.Array, raw: pa.Array) -> pa.Array:
        made = text_array(*native.written(*spans(texts), *spans(raw), odd, as_nothing, doubled))
        return pc.if_else(texts.is_valid(), made, None) if texts.null_count else made

    return Spelling(read, write, nothing)


_NATIVE: Mapping[str, Kind] = {
    **dict.fromkeys(("smallint", "integer", "bigint", "int2", "int4", "int8"), "integer"),
    **dict.fromkeys(("numeric", "real", "double precision", "float4", "float8", "money"), "decimal"),
    **dict.fromkeys(("text", "character varying", "character", "varchar", "bpchar", "name", "citext", "xml"), "text"),
    **dict.fromkeys(("timestamp without time zone", "timestamp with time zone", "timestamp"), "timestamp"),
    **dict.fromkeys(("boolean", "bool"), "boolean"),
    **dict.fromkeys(("json", "jsonb"), "json"),
    "date": "date",
    "uuid": "uuid",
}


def element(native: str, name: str) -> Column:
    """The column that stands for things of a type, written as text."""
    plain, _, rest = native.partition("(")
    kind = _NATIVE.get(
        plain.strip() if not rest.endswith("zone") else f"{plain.strip()} {rest.partition(') ')[2]}", "other"
    )
    if kind in FORMS:
        found = replace(FORMS[kind], name=name, native_type=native)
        size = rest.partition(")")[0]
        if kind == "text" and size.isdigit():
            return replace(found, max_length=int(size))
        return replace(found, key_sql="lower({}::text)") if plain == "citext" else found
    return Column(name, native, kind, pa.string(), as_text=kind == "other")
