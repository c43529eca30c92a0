"""Where a regular expression (RE2) matches in texts, all of a column at once.

Most expressions are read as automata.  The others are left to Arrow's kernels, which replace matches and do
not tell where they are: so every match is replaced by itself between two bytes that no text in UTF-8 has,
and those are looked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans, text_array
from understudy.errors import Error
from understudy.native import search
from understudy.transforms.automata import automaton as automaton_of
from understudy.transforms.parts import Bytes, Mask, Offsets, in_steps, part

_MARK = b"\xff"
_MOST_BYTES = 2**31 - 1
_PROBES = pa.array(["", "a", "aa", " "])


@dataclass(frozen=True)
class Matches:
    """The bytes of texts, and the parts of them that match; empty matches are left out."""

    data: Bytes
    offsets: Offsets
    row: Offsets
    """In which text each match stands."""
    starts: Offsets
    stops: Offsets


def matches(texts: pa.Array, pattern: str) -> Matches:
    """All matches of a pattern that do not overlap, from left to right."""
    automaton = automaton_of(pattern)
    if automaton is None or automaton.idle:
        return _marked(texts, pattern)
    data, offsets = own_spans(texts.fill_null("") if texts.null_count else texts)
    return Matches(data, offsets, *automaton.matches(data, offsets[:-1], offsets[1:]))


def inside(data: Bytes, starts: Offsets, stops: Offsets, pattern: str) -> tuple[Offsets, Offsets]:
    """Where a pattern matches in parts of texts, each of which is read as a text of its own."""
    automaton = automaton_of(pattern)
    if automaton is None or automaton.idle:
        found = _marked(part(data, starts, stops), pattern)
        shift = (starts - found.offsets[:-1])[found.row]
        return found.starts + shift, found.stops + shift
    _, found_starts, found_stops = automaton.matches(data, starts, stops)
    return found_starts, found_stops


def replaced(texts: pa.Array, pattern: str, by: str) -> pa.Array:
    """Texts with every match replaced; in what stands there instead, \\1 is what the first group matched."""
    automaton = automaton_of(pattern)
    if automaton is None or automaton.idle or "\\" in by:
        return pc.replace_substring_regex(texts, pattern, by)
    return in_steps(lambda some: _exchanged(some, pattern, by, each=False), texts)


def dotted(texts: pa.Array, pattern: str, by: str) -> pa.Array:
    """Texts with one ASCII character in the place of each that is in a match."""
    touching = neighbours(pattern)
    return in_steps(lambda some: _exchanged(some, touching, by, each=True), texts)


def _exchanged(texts: pa.Array, pattern: str, by: str, *, each: bool) -> pa.Array:
    """Texts with others in the place of matches, or of their characters; NULL stays."""
    found = matches(texts, pattern)
    made = np.frombuffer(by.encode(), np.uint8)
    data, offsets = search.replaced(found.data, found.offsets, found.starts, found.stops, made, each)
    if offsets[-1] > _MOST_BYTES:
        raise Error("texts of a batch became longer than 2 GiB together", hint="use a shorter replacement")
    written = text_array(data, offsets)
    return pc.if_else(texts.is_valid(), written, None) if texts.null_count else written


def matching(texts: pa.Array, pattern: str) -> Mask:
    """Which texts have a match; NULL has none."""
    automaton = automaton_of(pattern)
    if automaton is None:
        return cast(
            "Mask", pc.fill_null(pc.match_substring_regex(texts, pattern), False).to_numpy(zero_copy_only=False)
        )
    return automaton.holds(*own_spans(texts.fill_null("") if texts.null_count else texts))


def _marked(texts: pa.Array, pattern: str) -> Matches:
    """The matches of a pattern that only RE2 itself understands."""
    wrapped, offsets = own_spans(_wrapped(texts, pattern))
    marks = np.flatnonzero(wrapped == _MARK[0])
    places = marks - np.arange(len(marks))  # without the marks before
    starts, stops = places[::2], places[1::2]
    some = stops > starts
    offsets = offsets - np.searchsorted(marks, offsets)
    data = np.frombuffer(wrapped.tobytes().translate(None, _MARK), np.uint8)
    starts, stops = starts[some], stops[some]
    return Matches(data, offsets, np.searchsorted(offsets, starts, side="right") - 1, starts, stops)


def neighbours(pattern: str) -> str:
    """A pattern of all matches of another that touch, as one match: the price is by the match."""
    nothing = pc.match_substring(_wrapped(_PROBES, pattern), _MARK + _MARK)
    return pattern if pc.any(nothing).as_py() else f"(?:{pattern})+"  # an empty match would keep others from following


def _wrapped(texts: pa.Array, pattern: str) -> pa.Array:
    return pc.replace_substring_regex(texts, pattern, _MARK + rb"\0" + _MARK)


def flaw(pattern: str) -> str:
    """What is wrong with a pattern, in RE2's words; empty if nothing is."""
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        return str(error).removeprefix("Invalid regular expression: ")
    return ""
