"""Texts of many rows as one, in which patterns are looked for."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import text_array
from understudy.entities.entity import NEAR
from understudy.entities.heads import spans_at
from understudy.entities.matcher import Found, Kinds, Matcher, compiled, lengthened
from understudy.native import sieve
from understudy.native import texts as native

Numbers = NDArray[np.int64]
Flags = NDArray[np.bool_]

Places = tuple[Numbers, Numbers, Numbers]
"""Row, counted from 0, and first and last byte in it."""

_ASCII = 0x80


def offsets_of(values: pa.Array) -> Numbers:
    """Where each text starts and ends in the buffer of a large_string array."""
    ends = np.frombuffer(values.buffers()[1], np.int64)
    return ends[values.offset : values.offset + len(values) + 1]


class Text:
    """Some texts as one, with a NUL after each, and the way back from its characters to their rows and bytes."""

    def __init__(self, values: pa.Array, find: Matcher) -> None:
        self._values, self.find = values, find
        offsets = offsets_of(values)
        self.starts = offsets[:-1] - offsets[0] + np.arange(len(values))
        whole = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values.cast(pa.string()))
        self._whole = pc.binary_join(whole, "\0")[0].as_buffer()
        self.data = np.frombuffer(self._whole, np.uint8)
        self.ascii = bool(self.data.max(initial=0) < _ASCII)

    @cached_property
    def _byte(self) -> Numbers:
        """Where every character starts, and where the last one ends."""
        return np.append(np.flatnonzero((self.data & 0xC0) != 0x80), len(self.data))

    @cached_property
    def _character(self) -> Numbers:
        """Which character every byte is of."""
        return np.cumsum((self.data & 0xC0) != 0x80) - 1

    @cached_property
    def everywhere(self) -> Numbers:
        """All of its bytes."""
        return np.arange(len(self.data))

    @cached_property
    def text(self) -> str:
        """The text, where Python itself has to look at it."""
        return str(self._whole, "utf-8")

    @cached_property
    def kinds(self) -> Kinds:
        """The text as what patterns are matched with."""
        if self.ascii:
            return self.data.astype(np.uint16)
        return self.find.kinds(np.frombuffer(self.text.encode("utf-32-le"), np.uint32))

    @cached_property
    def backwards(self) -> Kinds:
        """The same from its end to its start."""
        return np.ascontiguousarray(self.kinds[::-1])

    def matches(self, pattern: str, possible: Numbers, before: str = "") -> Found:
        """Where a pattern matches at some bytes, in characters; for ``before`` see ``Shape``."""
        places = possible if self.ascii else self._character[possible]
        if pattern in self.find.programs:
            found = self.find.matches(pattern, self.kinds, places)
        else:
            pairs = spans_at(compiled(pattern), self.text, places.tolist())
            found = np.array([one for one, _ in pairs], np.int64), np.array([one for _, one in pairs], np.int64)
        return self._lengthened(before, found) if before and len(found[0]) else found

    def _lengthened(self, before: str, found: Found) -> Found:
        if before in self.find.programs:
            return self.find.lengthened(before, self.backwards, found)
        backwards, size = self.text[::-1], len(self.text)
        matches = [compiled(before).match(backwards, size - place) for place in found[0].tolist()]
        return lengthened(np.array([size - match.end() if match else -1 for match in matches], np.int64), found)

    def within(self, rows: Numbers, places: Numbers) -> Numbers:
        """Those of some bytes that stand in some rows, counted from 0."""
        if len(rows) == len(self.starts):
            return places
        ends = np.append(self.starts[1:], len(self.data) + 1) - 1
        return sieve.within(places, self.starts[rows], ends[rows])

    def part(self, rows: Numbers) -> Text:
        """Some of the rows as a text of their own."""
        return self if len(rows) == len(self.starts) else Text(self._values.take(pa.array(rows)), self.find)

    def rows_of(self, found: Found) -> Numbers:
        """The rows, counted from 0, that hold some of the matches."""
        return self.rows_at(self._bytes(found)[0])

    def rows_at(self, places: Numbers) -> Numbers:
        """The rows, counted from 0, that hold some of the bytes, which are in order."""
        return sieve.held(places, self.starts)

    def near(self, found: Found, pattern: str) -> Flags:
        """Which matches have something shortly before them, in the same row; it is looked for in lower case."""
        text, near = self.text, compiled(pattern)
        before = (text[max(0, place - NEAR) : place].rpartition("\0")[2].lower() for place in found[0].tolist())
        return np.array([near.search(one) is not None for one in before], bool)

    def checked(self, found: Found, check: Callable[[str], bool]) -> Flags:
        """Which matches pass a check."""
        return np.array([check(one) for one in self.cut(found).to_pylist()], bool)

    def cut(self, found: Found) -> pa.Array:
        """What stands in some places."""
        first, last = self._bytes(found)
        return text_array(*native.taken(self.data, first, last))

    def places(self, found: Found) -> Places:
        """Row, counted from 0, first and last byte of matches."""
        first, last = self._bytes(found)
        row = sieve.rows(first, self.starts)
        return row, first - self.starts[row], last - self.starts[row]

    def _bytes(self, found: Found) -> Found:
        return found if self.ascii else (self._byte[found[0]], self._byte[found[1]])
