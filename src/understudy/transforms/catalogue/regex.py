"""``regex_replace``, ``regex_redact`` and ``regex``: what matches a regular expression changes, all else stays.

Expressions are RE2's, in which nothing takes more than linear time: there is no looking ahead or back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import text_array
from understudy.schema import Column
from understudy.transforms.declare import TEXT, Change, Declaration, Option, Part, Place, Rows, Setting
from understudy.transforms.fake import cut
from understudy.transforms.matches import dotted, flaw, matches, replaced
from understudy.transforms.parts import part
from understudy.transforms.stretches import Stretches, Texts, spliced

_TEXT = Column("", "text", "text", pa.string())
_REDACTED = "REDACTED"
_UNMATCHED = Option(
    "unmatched",
    "text",
    f"a text in which nothing matches is kept, or becomes {_REDACTED}",
    default="keep",
    choices=("keep", "redact"),
)


def _flaws(patterns: Iterable[Any]) -> str:
    for pattern in patterns:
        wrong = flaw(str(pattern))
        if wrong:
            return f"{str(pattern)!r} is no regular expression: {wrong}"
    return ""


def _otherwise(made: pa.Array, values: pa.Array, patterns: Iterable[str], place: Place) -> pa.Array:
    """Changed texts, with those redacted in which nothing matched, if the rule wants that."""
    if place.options["unmatched"] == "redact":
        found = pc.match_substring_regex(values, "|".join(f"(?:{pattern})" for pattern in patterns))
        made = pc.if_else(found, made, _REDACTED)
    return cut(made, place.column.max_length)


def _replace(setting: Setting) -> Change:
    place = setting.place
    patterns: Mapping[Any, Any] = place.options["patterns"]

    def change(values: pa.Array, _rows: Rows) -> pa.Array:
        made = values
        for pattern, replacement in patterns.items():
            made = replaced(made, str(pattern), str(replacement))
        return _otherwise(made, values, map(str, patterns), place)

    return change


def _replace_problem(place: Place) -> str:
    for pattern, replacement in place.options["patterns"].items():
        wrong = _flaws([pattern])
        if wrong:
            return wrong
        if not isinstance(replacement, str | int | float):
            return f"what stands for a match of {str(pattern)!r} is a text"
        try:
            pc.replace_substring_regex(pa.array([""]), str(pattern), str(replacement))
        except pa.ArrowInvalid as error:
            return f"{str(replacement)!r} cannot stand for a match of {str(pattern)!r}: {error}"
    return ""


def _redact(setting: Setting) -> Change:
    place = setting.place
    pattern, text, character = (place.options[name] for name in ("pattern", "text", "char"))

    def change(values: pa.Array, _rows: Rows) -> pa.Array:
        if character is None:
            made = replaced(values, pattern, text.replace("\\", "\\\\"))
        else:
            made = dotted(values, pattern, character)
        return _otherwise(made, values, [pattern], place)

    return change


def _redact_problem(place: Place) -> str:
    character = place.options["char"]
    if character is not None and (len(character) != 1 or not character.isascii()):
        return "`char` is one ASCII character"
    return _flaws([place.options["pattern"]])


def _by_rules(setting: Setting) -> Change:
    place = setting.place
    changes = {str(pattern): setting.pieces(str(pattern))["text"] for pattern in place.options["patterns"]}

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        made = values
        for pattern, inner in changes.items():
            found = matches(made, pattern)
            if not len(found.starts):
                continue
            texts = inner(part(found.data, found.starts, found.stops), rows.at(pa.array(found.row)))
            where = Stretches(found.row, found.starts, found.stops)
            made = spliced(Texts(text_array(found.data, found.offsets)), where, texts)
        return _otherwise(made, values, changes, place)

    return change


def _pieces(place: Place) -> dict[str, Part]:
    return {str(pattern): Part(rule, (_TEXT,)) for pattern, rule in place.options["patterns"].items()}


def _length(place: Place) -> int | None:
    return place.column.max_length


REGEX_REPLACE = Declaration(
    name="regex_replace",
    summary=r"What matches a regular expression becomes a text, in which \1 is what the first group matched.",
    example=r"{regex_replace: {'(\d\d)\d\d': '\1xx'}}",
    kinds=TEXT,
    build=_replace,
    main="patterns",
    options=(Option("patterns", "mapping", "expressions and their replacements", required=True), _UNMATCHED),
    length=_length,
    problem=_replace_problem,
)

REGEX_REDACT = Declaration(
    name="regex_redact",
    summary="What matches a regular expression becomes one text, or one character for each of its own.",
    example=r"{regex_redact: '\d{3,}'}",
    kinds=TEXT,
    build=_redact,
    main="pattern",
    options=(
        Option("pattern", "text", "the expression", required=True),
        Option("text", "text", "what stands there instead", default=_REDACTED),
        Option("char", "text", "what stands for each character instead"),
        _UNMATCHED,
    ),
    length=_length,
    problem=_redact_problem,
)

REGEX = Declaration(
    name="regex",
    summary="What matches a regular expression changes by a rule of its own.",
    example=r"{regex: {'[\w.]+@[\w.]+': email, '\+[\d ]+': phone}}",
    kinds=TEXT,
    build=_by_rules,
    main="patterns",
    options=(Option("patterns", "mapping of rules", "expressions and their rules", required=True), _UNMATCHED),
    length=_length,
    problem=lambda place: _flaws(place.options["patterns"]),
    pieces=_pieces,
)
