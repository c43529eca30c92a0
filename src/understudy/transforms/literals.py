"""Texts that put things side by side between signs and in quotes: where the signs stand that are in no quotes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.schema import Column, Kind
from understudy.transforms.inside import FORMS
from understudy.transforms.parts import among
from understudy.transforms.rewriting import Spelling
from understudy.transforms.stretches import Bytes, Flags, Places, Stretches, Texts, holding

_QUOTE, _BACKSLASH = b'"\\'
_BLANK = np.isin(np.arange(256), list(b" \t\r\n\v\f"))


def signs(texts: Texts, wanted: bytes, *, escapes: bool = False, quotes: bool = True) -> tuple[Stretches, Places]:
    """Where certain signs stand outside quotes, and which texts have half a pair of quotes: in those, none count.

    With ``escapes``, what a backslash stands before is no sign and no quote.
    """
    data = texts.data[texts.offsets[0] : texts.offsets[-1]]
    places = np.flatnonzero(among(data, wanted + b'"' * quotes))
    places = _unescaped(data, places) if escapes else places
    found = in_texts(texts, places, 1)
    quote = data.take(places) == _QUOTE
    if not quotes or not quote.any():
        return found, np.zeros(0, np.int64)
    odd = np.bincount(found.text[quote], minlength=len(texts)) & 1 == 1
    even = quote if not odd.any() else quote & ~odd[found.text]
    within = np.cumsum(even, dtype=np.int32) & 1
    return found.at(np.flatnonzero((within == 0) & ~quote)), np.flatnonzero(odd)


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
    data = texts.data[texts.offsets[0] : texts.offsets[-1]]
    places = _unescaped(data, np.flatnonzero(data == _QUOTE))
    return in_texts(texts, places[::2], places[1::2] + 1 - places[::2])


def followed_by(sign: int, data: Bytes, end: Places) -> Flags:
    """Whether a sign, blanks before it left out, is the first thing after each of these places."""
    found = end.copy()
    blank = np.flatnonzero(_BLANK[data.take(found, mode="clip")])
    while len(blank):
        found[blank] += 1
        blank = blank[(found[blank] < len(data)) & _BLANK[data.take(found[blank], mode="clip")]]
    return cast("Flags", (data.take(found, mode="clip") == sign) & (found < len(data)))


def _escaped_places(data: Bytes) -> Places:
    """The bytes right after a backslash that escapes them: of several in a row, every other one does."""
    found = np.flatnonzero(data == _BACKSLASH)
    if not len(found):
        return found
    count = np.arange(len(found))
    new = np.append(True, found[1:] != found[:-1] + 1)
    escaping = (count - np.maximum.accumulate(np.where(new, count, 0))) % 2 == 0
    return cast("Places", found[escaping] + 1)


def _unescaped(data: Bytes, places: Places) -> Places:
    """Places without those right after a backslash that escapes them."""
    escaped = _escaped_places(data)
    return places[~np.isin(places, escaped)] if len(escaped) else places


def in_texts(texts: Texts, places: Places, length: Places | int) -> Stretches:
    """Stretches that start at these places, counted from where the first text starts."""
    base = texts.offsets[0]
    text = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(places, texts.offsets - base)))
    return Stretches(text, places + base, places + base + length)


def trimmed(texts: Texts, where: Stretches) -> Stretches:
    """Stretches without the blanks at their ends."""
    start, end = where.start.copy(), where.end.copy()
    for edge, before, step in ((start, 0, 1), (end, 1, -1)):
        some = np.flatnonzero(_BLANK.take(texts.data.take(edge - before, mode="clip")))
        while len(some := some[(start[some] < end[some])]):
            edge[some] += step
            some = some[_BLANK[texts.data.take(edge[some] - before, mode="clip")]]
    return Stretches(where.text, start, end)


def spelling(specials: bytes, *, doubled: bool, nothing: str) -> Spelling:
    """How PostgreSQL writes what it puts into quotes: these characters, blanks, and what reads as nothing.

    In quotes, a quote is escaped by a backslash or, in composites and ranges, doubled; a backslash by another.
    What stood in quotes does so again.
    """
    odd = specials + b'"\\ \t\n\r\v\f'
    special = pa.array(["", nothing])

    def read(raw: pa.Array) -> pa.Array:
        quoted = pc.starts_with(raw, '"')
        if not quoted.true_count:
            return raw
        inner = pc.if_else(quoted, pc.utf8_slice_codeunits(raw, 1, -1), raw)
        if holding(inner, b'\\"').true_count:
            inner = pc.replace_substring(inner, '""', '\\"') if doubled else inner
            inner = pc.replace_substring_regex(inner, r"(?s)\\(.)", r"\1")
        return inner

    def write(texts: pa.Array, raw: pa.Array) -> pa.Array:
        quoted = pc.or_(holding(texts, odd), pc.starts_with(raw, '"'))
        quoted = pc.or_(quoted, pc.is_in(pc.ascii_upper(texts), special))
        if not quoted.true_count:
            return texts
        inner = texts
        if holding(texts, b'\\"').true_count:
            inner = pc.replace_substring(pc.replace_substring(texts, "\\", "\\\\"), '"', '""' if doubled else '\\"')
        return pc.if_else(quoted, pc.binary_join_element_wise('"', inner, '"', ""), texts)

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
