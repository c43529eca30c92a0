"""Texts that put things side by side between signs and in quotes: what tells them apart, and how they are spelled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans, spans, text_array
from understudy.native import literals as native
from understudy.schema import Column, Kind
from understudy.transforms.inside import FORMS
from understudy.transforms.parts import among, table
from understudy.transforms.rewriting import Spelling
from understudy.transforms.stretches import Bytes


@cache
def meaning(signs: bytes, *, quotes: bool = True, escapes: bool = False) -> Bytes:
    """What every byte means: a sign, a quote, or with ``escapes`` a backslash before what is neither."""
    found = table(signs) * np.uint8(native.SIGN)
    found[ord('"')] = native.QUOTED if quotes else found[ord('"')]
    found[ord("\\")] = native.ESCAPE if escapes else found[ord("\\")]
    found.flags.writeable = False
    return found


def spelling(specials: bytes, *, doubled: bool, nothing: str) -> Spelling:
    """How PostgreSQL writes what it puts into quotes: these characters, blanks, and what reads as nothing.

    In quotes, a quote is escaped by a backslash or, in composites and ranges, doubled; a backslash by another.
    What stood in quotes does so again.
    """
    odd = table(specials + b'"\\ \t\n\r\v\f')
    as_nothing = np.frombuffer(nothing.encode(), np.uint8)

    def read(raw: pa.Array) -> pa.Array:
        data, offsets = own_spans(raw)
        return text_array(*native.read(data, offsets, doubled)) if among(data, b'"\\').any() else raw

    def write(texts: pa.Array, raw: pa.Array) -> pa.Array:
        data, offsets = spans(texts)
        quoted = native.quoted(data, offsets, *spans(raw), odd, as_nothing)
        if not quoted.any():
            return texts
        made = text_array(*native.written(data, offsets, quoted, doubled))
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
