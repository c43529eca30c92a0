"""Where a regular expression (RE2) matches in texts, all of a column at once.

Arrow's kernels replace matches and do not tell where they are.  So every match is replaced by itself
between two bytes that no text in UTF-8 has, and those are looked for.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans
from understudy.transforms.parts import Bytes, Mask, Offsets

_MARK = 0xFF


@dataclass(frozen=True)
class Matches:
    """The bytes of texts, and the parts of them that match; empty matches are left out."""

    data: Bytes
    offsets: Offsets
    starts: Offsets
    stops: Offsets

    @property
    def row(self) -> Offsets:
        """In which text each match stands."""
        return np.searchsorted(self.offsets, self.starts, side="right") - 1

    @property
    def rows(self) -> Mask:
        """Which texts have a match."""
        found = np.zeros(len(self.offsets) - 1, np.bool_)
        found[self.row] = True
        return found


def matches(texts: pa.Array, pattern: str) -> Matches:
    """All matches of a pattern that do not overlap, from left to right."""
    mark = bytes([_MARK])
    wrapped, offsets = own_spans(pc.replace_substring_regex(texts, pattern, mark + rb"\0" + mark))
    marks = np.flatnonzero(wrapped == _MARK)
    places = marks - np.arange(len(marks))  # without the marks before
    starts, stops = places[::2], places[1::2]
    some = stops > starts
    offsets = offsets - np.searchsorted(marks, offsets)
    return Matches(wrapped[wrapped != _MARK], offsets, starts[some], stops[some])


def flaw(pattern: str) -> str:
    """What is wrong with a pattern, in RE2's words; empty if nothing is."""
    try:
        pc.match_substring_regex(pa.array([""]), pattern)
    except pa.ArrowInvalid as error:
        return str(error).removeprefix("Invalid regular expression: ")
    return ""
