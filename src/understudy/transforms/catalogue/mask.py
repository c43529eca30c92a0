"""``mask`` and ``truncate``: a text shows its first or last characters only."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import looked_up, own_spans, text_array
from understudy.transforms.declare import TEXT, Change, Declaration, Option, Options, Place, Setting
from understudy.transforms.fake import cut
from understudy.transforms.parts import part

_WORDLY = r"[\pL\pM\pN]"  # letters, their marks, digits


def _build(setting: Setting) -> Change:
    options, limit = setting.place.options, setting.place.column.max_length
    marked = options["until"] or options["after"]

    def change(values: pa.Array) -> pa.Array:
        if not marked:
            return _masked(values, options)
        data, offsets = own_spans(values)
        found = pc.find_substring(values, marked).fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64)
        starts, stops = offsets[:-1], offsets[1:]
        if options["until"]:
            stops = np.where(found >= 0, starts + found, stops)
        else:
            starts = np.where(found >= 0, starts + found + len(marked.encode()), starts)
        before, after = part(data, offsets[:-1], starts), part(data, stops, offsets[1:])
        return pc.binary_join_element_wise(before, _masked(part(data, starts, stops), options), after, "")

    return lambda values, _rows: cut(change(values), limit)


def _masked(values: pa.Array, options: Options) -> pa.Array:
    """Texts with their middle hidden; all of a text that has none."""
    first, last, count = int(options["first"]), int(options["last"]), options["count"]
    length = pc.utf8_length(values).cast(pa.int64())
    hidden = pc.subtract(length, first + last)
    short = pc.less_equal(hidden, 0)  # showing all of it would hide nothing, so all is hidden
    if options["separators"]:
        middle = pc.utf8_slice_codeunits(values, first, -last or None)
        middle = _without_words(pc.if_else(short, values, middle), options["char"])
    else:
        times = pc.fill_null(pc.if_else(short, length, hidden), 0)
        if count is not None:
            times = pc.if_else(pc.greater(times, 0), count, 0)
        middle = pc.binary_repeat(pa.scalar(options["char"], values.type), times)
    head = pc.if_else(short, "", pc.utf8_slice_codeunits(values, 0, first))
    tail = pc.utf8_slice_codeunits(values, -last) if last else pa.scalar("", values.type)
    return pc.binary_join_element_wise(head, middle, pc.if_else(short, "", tail), "")


def _without_words(texts: pa.Array, char: str) -> pa.Array:
    """Texts with one character for each letter and digit; where all is ASCII, byte by byte."""
    data, offsets = own_spans(texts)
    if not char.isascii() or data.max(initial=0) >= 0x80:
        return pc.replace_substring_regex(texts, _WORDLY, char)
    table = bytes(ord(char) if chr(byte).isalnum() and byte < 0x80 else byte for byte in range(256))
    return text_array(looked_up(data, table), offsets).cast(texts.type)


def _problem(place: Place) -> str:
    options = place.options
    if len(options["char"]) != 1:
        return "`char` is one character"
    if options["until"] is not None and options["after"] is not None:
        return "`until` and `after` exclude one another"
    if "" in (options["until"], options["after"]):
        return "`until` and `after` name at least one character"
    if options["separators"] and options["count"] is not None:
        return "`count` hides where separators stood, so they cannot stay"
    return ""


MASK = Declaration(
    name="mask",
    summary="All but the first or last characters are replaced; a text too short for that is replaced wholly.",
    example='{mask: {first: 1, until: "@"}}',
    kinds=TEXT,
    build=_build,
    main="last",
    options=(
        Option("last", "whole number", "how many characters at the end stay", default=0, least=0),
        Option("first", "whole number", "how many characters at the start stay", default=0, least=0),
        Option("char", "text", "what stands for each of the others", default="*"),
        Option("count", "whole number", "how many of them stand there, whatever is hidden", least=1, most=64),
        Option("separators", "yes or no", "spaces and punctuation stay", default=False),
        Option("until", "text", "what stands from here on stays: `@` of an e-mail address"),
        Option("after", "text", "what stands up to here stays"),
    ),
    problem=_problem,
)

TRUNCATE = Declaration(
    name="truncate",
    summary="The first characters alone: an area of a postal code, an initial.",
    example="{truncate: 3}",
    kinds=TEXT,
    build=lambda setting: lambda values, _rows: cut(values, setting.place.options["length"]),
    main="length",
    options=(Option("length", "whole number", "how many characters are left", required=True, least=1),),
    length=lambda place: int(place.options["length"]),
    sensitive=False,
)
