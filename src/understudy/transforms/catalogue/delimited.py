"""``delimited``: lists in a text, such as ``ada@x.org; bob@x.org``, and lines of CSV."""

from __future__ import annotations

import re

import pyarrow as pa
import pyarrow.compute as pc

from understudy.native import literals as native
from understudy.transforms.declare import TEXT, Change, Declaration, Option, Place, Setting
from understudy.transforms.literals import meaning
from understudy.transforms.rewriting import (
    Format,
    Pieces,
    Spelling,
    by_position,
    named_rules,
    nothing_named,
    rewriting,
    text_parts,
    wrong_positions,
)
from understudy.transforms.stretches import Stretches, Texts, holding

_LINE = b"\n"


def _build(setting: Setting) -> Change:
    options = setting.place.options
    rules = named_rules(setting.place)
    labels, separator, quotes = list(rules), str(options["separator"]), bool(options["quotes"])

    signs = separator.encode() + _LINE
    means, unquoted = meaning(signs, quotes=quotes), meaning(signs, quotes=False)

    def find(texts: Texts) -> Pieces:
        """Parts without the blanks around them, told by their positions in their line."""
        *where, position = native.parts(texts.data, texts.offsets, means, unquoted)
        return Pieces(Stretches(*where), by_position(position, labels))

    return rewriting(setting, rules, Format("list", find, _quoting(separator) if quotes else _plain(separator)))


def _quoting(separator: str) -> Spelling:
    """As CSV has it: what would be taken for more or less than one part stands in quotes, its own quotes doubled."""
    signs_of = separator.encode() + b'" \t\n\v\f\r'
    odd = rf'[{re.escape(separator)}\r\n]|^["\s]|\s$|^[^"]*(?:"[^"]*"[^"]*)*"[^"]*$'

    def read(raw: pa.Array) -> pa.Array:
        if not pc.starts_with(raw, '"').true_count:
            return raw
        quoted = pc.match_substring_regex(raw, '(?s)^".*"$')
        inner = pc.replace_substring(pc.replace_substring_regex(raw, '(?s)^"(.*)"$', r"\1"), '""', '"')
        return pc.if_else(quoted, inner, raw) if quoted.true_count else raw

    def write(texts: pa.Array, raw: pa.Array) -> pa.Array:
        quoted = pc.starts_with(raw, '"')
        if holding(texts, signs_of).true_count:
            quoted = pc.or_(quoted, pc.match_substring_regex(texts, odd)).fill_null(False)
        if not quoted.true_count:
            return texts
        return pc.if_else(
            quoted, pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', ""), texts
        )

    return Spelling(read, write)


def _plain(separator: str) -> Spelling:
    """Without quotes, a stand-in has blanks where it would have separators."""
    return Spelling(
        lambda raw: raw, lambda texts, _raw: pc.replace_substring_regex(texts, rf"[{re.escape(separator)}\r\n]", " ")
    )


def _problem(place: Place) -> str:
    separator = str(place.options["separator"])
    if len(separator) != 1 or not separator.isascii() or separator in '"\r\n':
        return f"the separator is one ASCII character, not {separator!r}"
    return nothing_named(place) or wrong_positions(place)


DELIMITED = Declaration(
    name="delimited",
    summary="Parts of a text that a character separates, each position in a line by its own rule, or all by one.",
    example='{delimited: ";", each: email}',
    kinds=TEXT,
    build=_build,
    inverse=_build,
    main="separator",
    options=(
        Option("separator", "text", "the character between parts", default=","),
        Option("fields", "mapping of rules", "positions, from 1, and the rules of the parts there"),
        Option("each", "rule", "the rule for every part, or all that no position names"),
        Option("quotes", "yes or no", "a part may stand in double quotes, as in CSV", default=True),
    ),
    problem=_problem,
    pieces=text_parts,
    sensitive=False,
)
