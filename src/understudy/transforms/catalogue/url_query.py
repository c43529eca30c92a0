"""``url_query``: parameters of addresses, told by their names."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import spans
from understudy.native import urls as native
from understudy.transforms.characters import text_array
from understudy.transforms.declare import TEXT, Change, Declaration, Option, Setting
from understudy.transforms.parts import among
from understudy.transforms.rewriting import (
    Format,
    Pieces,
    Spelling,
    by_name,
    named_rules,
    nothing_named,
    rewriting,
    text_parts,
)
from understudy.transforms.stretches import Bytes, Stretches, Texts

_PERCENT, _PLUS, _SPACE = b"%+ "
_UNRESERVED = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"
_LENIENT = b"@:/,;!$'()*?"
_DIGITS = np.frombuffer(b"0123456789ABCDEF", np.uint8)
_HEX = np.full(256, 255, np.uint8)
_HEX[list(b"0123456789")] = range(10)
_HEX[list(b"abcdef")] = _HEX[list(b"ABCDEF")] = range(10, 16)


def _build(setting: Setting) -> Change:
    rules = named_rules(setting.place)
    labels = list(rules)

    def find(texts: Texts) -> Pieces:
        text, names, start, end = native.parameters(texts.data, texts.offsets)
        rule = by_name(texts, Stretches(text, names, start - 1), _SPELLING, labels)
        return Pieces(Stretches(text, start, end), np.where(start < end, rule, -1))

    return rewriting(setting, rules, Format("address", find, _SPELLING))


def _read(raw: pa.Array) -> pa.Array:
    """What percent signs and plus signs spell."""
    data, offsets = spans(raw)
    data, offsets = data[offsets[0] : offsets[-1]].copy(), offsets - offsets[0]
    data[data == _PLUS] = _SPACE
    percent = np.flatnonzero(data == _PERCENT)
    if not len(percent):
        return text_array(data, offsets)
    padded = np.append(data, np.zeros(2, np.uint8))
    high, low = _HEX[padded[percent + 1]], _HEX[padded[percent + 2]]
    end = offsets[np.searchsorted(offsets, percent, side="right")]
    whole = (high < 16) & (low < 16) & (percent + 2 < end)
    percent = percent[whole]
    data[percent] = high[whole] << 4 | low[whole]
    kept = np.ones(len(data), bool)
    kept[percent + 1] = kept[percent + 2] = False
    ends = np.append(0, np.cumsum(kept))[offsets]
    made = pa.Array.from_buffers(
        pa.binary(), len(raw), [None, pa.py_buffer(ends.astype(np.int32)), pa.py_buffer(data[kept])]
    )
    try:
        return made.cast(pa.string())
    except pa.ArrowInvalid:  # other than UTF-8: such bytes are spelled as escapes
        return pa.array([value.decode("utf-8", "backslashreplace") for value in made.to_pylist()], pa.string())


def _write(texts: pa.Array, raw: pa.Array) -> pa.Array:
    """Texts in percent signs; what the original had as it is stays so, and a plus sign for a blank."""
    filled = texts.fill_null("")
    made = _escaped(filled, _UNRESERVED)
    lenient = pc.match_substring_regex(raw, "[@:/,;!$'()*?]")
    if lenient.true_count:
        made = pc.if_else(lenient, _escaped(filled, _UNRESERVED + _LENIENT), made)
    plus = pc.match_substring(raw, "+")
    made = pc.if_else(plus, pc.replace_substring(made, "%20", "+"), made) if plus.true_count else made
    return pc.if_else(texts.is_valid(), made, None)


def _escaped(texts: pa.Array, safe: bytes) -> pa.Array:
    data, offsets = spans(texts)
    data, offsets = data[offsets[0] : offsets[-1]], offsets - offsets[0]
    odd = ~among(data, safe)
    if not odd.any():
        return texts
    ends = np.append(0, np.cumsum(1 + 2 * odd))
    made: Bytes = np.empty(ends[-1], np.uint8)
    place = ends[:-1]
    made[place] = np.where(odd, _PERCENT, data)
    made[place[odd] + 1] = _DIGITS[data[odd] >> 4]
    made[place[odd] + 2] = _DIGITS[data[odd] & 15]
    return text_array(made, ends[offsets])


_SPELLING = Spelling(_read, _write)

URL_QUERY = Declaration(
    name="url_query",
    summary="Parameters in the query and the fragment of an address, or in a query alone, each name by its own rule.",
    example="{url_query: {email: email, token: {hash: 16}}, default: keep}",
    kinds=TEXT,
    build=_build,
    inverse=_build,
    main="fields",
    options=(
        Option("fields", "mapping of rules", "names of parameters and the rules of their values"),
        Option("default", "rule", "the rule for all other parameters"),
    ),
    problem=nothing_named,
    pieces=text_parts,
    sensitive=False,
)
