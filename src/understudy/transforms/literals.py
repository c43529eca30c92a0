"""Texts that put things side by side between signs and in quotes: where the signs stand that are in no quotes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.schema import Column, Kind
from understudy.transforms.inside import FORMS
from understudy.transforms.json_text import escaped_places
from understudy.transforms.rewriting import Spelling
from understudy.transforms.stretches import Bytes, Flags, Places, Stretches, Texts, holding

_QUOTE = ord('"')
_BLANK = np.isin(np.arange(256), list(b" \t\r\n\v\f"))


def signs(texts: Texts, wanted: bytes, *, escapes: bool = False, quotes: bool = True) -> tuple[Stretches, Places]:
    """Where certain signs stand outside quotes, and which texts have half a pair of quotes: in those, none count.

    With ``escapes``, what a backslash stands before is no sign and no quote.
    """
    data, quote, escaped = _quotes(texts, escapes=escapes)
    edges = texts.offsets - texts.offsets[0]
    found = np.isin(np.arange(256), list(wanted))[data]
    found[escaped] = False
    if not quotes:
        return in_texts(texts, np.flatnonzero(found), 1), np.zeros(0, np.int64)
    count = np.append(0, np.cumsum(quote, dtype=np.int32))[edges]
    odd = (count[1:] - count[:-1]) & 1 == 1
    if odd.any():
        quote &= ~np.repeat(odd, np.diff(edges))
    return in_texts(texts, np.flatnonzero(found & ~np.bitwise_xor.accumulate(quote)), 1), np.flatnonzero(odd)


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
    _, quote, _ = _quotes(texts, escapes=True)
    places = np.flatnonzero(quote)
    return in_texts(texts, places[::2], places[1::2] + 1 - places[::2])


def _quotes(texts: Texts, *, escapes: bool) -> tuple[Bytes, Flags, Places]:
    """The bytes of texts, which of them are quotes, and where the escaped ones are."""
    data = texts.data[texts.offsets[0] : texts.offsets[-1]]
    quote = data == _QUOTE
    escaped = escaped_places(data) if escapes else np.zeros(0, np.int64)
    escaped = escaped[escaped < len(data)]
    quote[escaped] = False
    return data, quote, escaped


def in_texts(texts: Texts, places: Places, length: Places | int) -> Stretches:
    """Stretches that start at these places, counted from where the first text starts."""
    base = texts.offsets[0]
    text = np.repeat(np.arange(len(texts)), np.diff(np.searchsorted(places, texts.offsets - base)))
    return Stretches(text, places + base, places + base + length)


def trimmed(texts: Texts, where: Stretches) -> Stretches:
    """Stretches without the blanks at their ends."""
    start, end = where.start.copy(), where.end.copy()
    last = len(texts.data) - 1
    while (blank := (start < end) & _BLANK[texts.data[np.minimum(start, last)]]).any():
        start += blank
    while (blank := (start < end) & _BLANK[texts.data[end - 1]]).any():
        end -= blank
    return Stretches(where.text, start, end)


def spelling(specials: bytes, *, doubled: bool, nothing: str) -> Spelling:
    """How PostgreSQL writes what it puts into quotes: these characters, blanks, and what reads as nothing.

    In quotes, a quote is escaped by a backslash or, in composites and ranges, doubled; a backslash by another.
    What stood in quotes does so again.
    """
    odd = specials + b'"\\ \t\n\r\v\f'

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
        for word in ("", nothing):
            quoted = pc.or_(quoted, pc.equal(pc.ascii_upper(texts), word).fill_null(False))
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
