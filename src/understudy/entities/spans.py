"""Where in texts personal data stands: for every span its row, its bytes and its entity."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import chain

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import storage
from understudy.entities import checksums, naming, scripts
from understudy.entities.entity import DIGITS, NEAR, Entity, Shape
from understudy.entities.heads import Sieve, heads, spans_at
from understudy.entities.names import INSIDE
from understudy.entities.patterns import chosen

Numbers = NDArray[np.int64]

_STEP_BYTES = 1 << 24  # so many that to compile the hints takes no time
_FEW_BYTES = 1 << 14  # searched at once: to compile the hints would take longer
_ASCII = 0x80
_NONE = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Spans:
    """Parts of texts, sorted by row and place; none overlaps another."""

    row: Numbers
    start: Numbers
    """In bytes of UTF-8, from where the row's text starts."""
    end: Numbers
    entity: Numbers
    """Which of ``names`` it is."""
    names: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.row)

    def of(self, name: str) -> NDArray[np.bool_]:
        """Which spans are of one entity."""
        return np.equal(self.entity, self.names.index(name) if name in self.names else -1)

    def texts(self, texts: pa.Array, chosen: NDArray[np.bool_] | slice = slice(None)) -> pa.Array:
        """What stands in the spans, or in some of them, of the texts they were found in."""
        values = storage(texts).cast(pa.large_string())
        offsets = _offsets(values)[self.row[chosen]]
        bounds = np.stack([offsets + self.start[chosen], offsets + self.end[chosen]], axis=1).reshape(-1)
        if not len(bounds):
            return pa.array([], pa.string())
        pieces = pa.Array.from_buffers(
            pa.large_string(), len(bounds) - 1, [None, pa.py_buffer(bounds), values.buffers()[2]]
        )
        return pieces.take(pa.array(np.arange(0, len(bounds), 2))).cast(pa.string())


def spans(texts: pa.Array, names: Iterable[str] | None = None) -> Spans:
    """Every span of these entities (of all where None) in texts.

    One pass over the texts tells where each pattern may match at all, and a kernel which texts have a hint of it;
    all loops are over the places that are left.
    Of overlapping spans the longest counts, of equally long ones the first in ``ENTITIES``.
    """
    entities = chosen(names)
    values = pc.fill_null(storage(texts).cast(pa.large_string()), "")
    hints = _sieve_of(tuple({shape.hint: None for entity in entities for shape in entity.shapes}))
    parts = [_search(_Chunk(_at(values, rows), hints), rows, entities) for rows in _steps(values)]
    row, start, end, entity = (np.concatenate([part[field] for part in parts] or [_NONE]) for field in range(4))
    order = np.argsort(row, kind="stable")
    return Spans(row[order], start[order], end[order], entity[order], tuple(one.name for one in entities))


def _offsets(values: pa.Array) -> Numbers:
    """Where each text starts and ends in the buffer of a large_string array."""
    ends = np.frombuffer(values.buffers()[1], np.int64)
    return ends[values.offset : values.offset + len(values) + 1]


def _steps(values: pa.Array) -> Iterator[Numbers]:
    """Rows of some megabytes each; of more than a few, those that are not all ASCII apart: as one they take longer."""
    offsets = _offsets(values)
    first = 0
    while first < len(values):
        last = max(int(np.searchsorted(offsets, offsets[first] + _STEP_BYTES, side="right")) - 1, first + 1)
        rows = np.arange(first, last)
        if offsets[last] - offsets[first] > _FEW_BYTES:
            data = np.frombuffer(values.buffers()[2], np.uint8)[: offsets[last]]
            places = np.flatnonzero(data[offsets[first] :] >= _ASCII) + offsets[first]
            foreign = np.zeros(len(rows), bool)
            foreign[np.searchsorted(offsets, places, side="right") - 1 - first] = True
            yield from (some for some in (rows[~foreign], rows[foreign]) if len(some))
        else:
            yield rows
        first = last


def _at(values: pa.Array, rows: Numbers) -> pa.Array:
    """Some texts; not copied where they follow one another."""
    first, count = int(rows[0]), len(rows)
    return values.slice(first, count) if rows[-1] == first + count - 1 else values.take(pa.array(rows))


Places = tuple[Numbers, Numbers, Numbers]
"""Row, first and last byte."""


class _Joined:
    """Some texts as one, with a NUL after each, and the way back from its characters to their rows and bytes."""

    def __init__(self, values: pa.Array, rows: Numbers) -> None:
        self.rows = rows
        offsets = _offsets(values)
        self.starts = offsets[:-1] - offsets[0] + np.arange(len(values))
        whole = pa.ListArray.from_arrays(pa.array([0, len(values)], pa.int32()), values.cast(pa.string()))
        joined = pc.binary_join(whole, "\0")[0].as_buffer()
        self.data = np.frombuffer(joined, np.uint8)
        self.text = str(joined, "utf-8")
        self.ascii = len(self.text) == len(self.data)
        self._byte: Numbers | None = None
        if not self.ascii:
            self._byte = np.append(np.flatnonzero((self.data & 0xC0) != 0x80), len(self.data))

    @cached_property
    def backwards(self) -> str:
        """The text from its end to its start."""
        return self.text[::-1]

    def spans(self, pattern: str, before: str = "") -> list[tuple[int, int]]:
        """Where a pattern matches, in characters; for ``before`` see ``Shape``."""
        some = _sieve(pattern, before)
        if some is None:
            return spans_at(_compiled(pattern), self.text, range(len(self.text)))
        places = some.candidates(self.data)[pattern]
        if self._byte is not None:
            places = np.searchsorted(self._byte, places)
        return spans_at(_compiled(pattern), self.text, places.tolist())

    def which(self, bytes_: Numbers) -> Numbers:
        """In which of its rows, counted from 0, bytes stand."""
        return np.searchsorted(self.starts, bytes_, side="right") - 1

    def places(self, found: list[tuple[int, int]]) -> Places:
        """Row, first and last byte of matches."""
        pairs = np.fromiter(chain.from_iterable(found), np.int64, 2 * len(found)).reshape(-1, 2)
        if self._byte is not None:
            pairs = self._byte[pairs]
        which = self.which(pairs[:, 0])
        return self.rows[which], pairs[:, 0] - self.starts[which], pairs[:, 1] - self.starts[which]


@cache
def _sieve(pattern: str, before: str) -> Sieve | None:
    """What tells where a pattern may match; None where it may be anywhere."""
    found = heads(pattern, before)
    return Sieve({pattern: found}) if found else None


@cache
def _sieve_of(hints: tuple[str, ...]) -> Sieve:
    """What tells where hints may be found, but for those that may be anywhere."""
    found = {hint: heads(hint) for hint in hints}
    return Sieve({hint: some for hint, some in found.items() if some})


class _Chunk:
    """Some rows to be searched: those with a hint are joined once."""

    def __init__(self, values: pa.Array, hints: Sieve) -> None:
        self.values = values
        self.offsets = _offsets(values)
        self.all = np.arange(len(values))
        self.few = self.offsets[-1] - self.offsets[0] <= _FEW_BYTES
        self._joined: dict[bytes, _Joined] = {}
        self._hinted: dict[tuple[str, bool], Numbers] = {}
        self._possible = hints.candidates(self.joined(self.all).data)

    def match(self, hint: str, rows: Numbers) -> NDArray[np.bool_]:
        """In which rows a hint is found."""
        part = pc.match_substring_regex(_at(self.values, rows), hint)
        found: NDArray[np.bool_] = part.to_numpy(zero_copy_only=False)
        return found

    @cached_property
    def digits(self) -> NDArray[np.bool_]:
        """Which rows have a digit."""
        return self.match("[0-9]", self.all)

    def hinted(self, shape: Shape) -> Numbers:
        """The rows that may hold a shape: with a digit if need be, and with its hint.

        Of few rows those that may have the hint; it is then looked for where the shape was found.
        """
        places = self._possible.get(shape.hint)
        if places is not None and not len(places):
            return _NONE
        counted = shape.family in DIGITS and not (self.few and 2 * np.count_nonzero(self.digits) > len(self.values))
        label = shape.hint, counted
        if label not in self._hinted:
            found = self.digits.copy() if counted else np.ones(len(self.values), bool)
            if places is not None:
                possible = np.zeros(len(found), bool)
                possible[self.joined(self.all).which(places)] = True
                found &= possible
            rows = np.flatnonzero(found)
            self._hinted[label] = rows[self.match(shape.hint, rows)] if len(rows) and not self.few else rows
        return self._hinted[label]

    def joined(self, rows: Numbers) -> _Joined:
        """These rows as one text; all rows where they are most of them."""
        if 2 * len(rows) > len(self.values):
            rows = self.all
        label = rows.tobytes()
        if label not in self._joined:
            self._joined[label] = _Joined(_at(self.values, rows), rows)
        return self._joined[label]

    def confirmed(self, shape: Shape, found: Places) -> Places:
        """Those places that lie in rows with the shape's hint, however they were come by."""
        rows, where = np.unique(found[0], return_inverse=True)
        right = self.match(shape.hint, rows) if self.few else np.isin(rows, self.hinted(shape))
        return found if right.all() else tuple(one[right[where]] for one in found)  # type: ignore[return-value]


Candidates = tuple[Numbers, Numbers, Numbers, Numbers]
"""Row, start, end and entity."""


def _search(chunk: _Chunk, rows: Numbers, entities: list[Entity]) -> Candidates:
    """What stands in a chunk, which are these rows of all."""
    found = [
        part
        for number, entity in enumerate(entities)
        for shape in entity.shapes
        for part in _matches(chunk, entity, shape, number)
    ]
    wanted = {entity.name: number for number, entity in enumerate(entities) if entity.name in INSIDE}
    if wanted:
        found += _named(chunk, wanted)
    row, start, end, entity = (np.concatenate([part[field] for part in found] or [_NONE]) for field in range(4))
    kept = resolve(chunk.offsets[row] + start, chunk.offsets[row] + end, entity)
    return rows[row[kept]], start[kept], end[kept], entity[kept]


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _matches(chunk: _Chunk, entity: Entity, shape: Shape, number: int) -> Iterator[Candidates]:
    """Where one shape is found."""
    rows = chunk.hinted(shape)
    if not len(rows):
        return
    joined = chunk.joined(rows)
    text, found = joined.text, joined.spans(shape.pattern, shape.before)
    if shape.before:
        found = list(_longer(joined.backwards, _compiled(shape.before), found))
    if shape.near:
        near = _compiled(shape.near)
        found = [one for one in found if near.search(text[max(0, one[0] - NEAR) : one[0]].rpartition("\0")[2].lower())]
    if shape.check:
        found = [one for one in found if shape.check(text[one[0] : one[1]])]
    scheme = shape.scheme or entity.scheme
    if found and scheme:
        right = checksums.valid(scheme, pa.array([text[first:last] for first, last in found]))
        found = [one for one, valid in zip(found, right.to_pylist(), strict=True) if valid]
    if found:
        row, start, end = chunk.confirmed(shape, joined.places(found))
        yield row, start, end, np.full(len(row), number)


def _longer(backwards: str, before: re.Pattern[str], found: list[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Matches with what stands right before them; those where that is something else are left out."""
    size, reach = len(backwards), 0
    for first, last in found:
        match = before.match(backwards, size - first)
        if match and size - match.end() >= reach:
            reach = last
            yield size - match.end(), last


def _named(chunk: _Chunk, wanted: dict[str, int]) -> Iterator[Candidates]:
    """Where people and places are named."""
    whole, joined = "person" in wanted, chunk.joined(chunk.all)
    yield _placed(joined, naming.inside(joined.text, joined.spans(naming.RUN), whole=whole), wanted)
    rows = _NONE if joined.ascii else np.flatnonzero(chunk.match(scripts.HINT, chunk.all))
    if len(rows):
        joined = chunk.joined(rows)
        yield _placed(joined, scripts.inside(joined.text, whole=whole), wanted)


def _placed(joined: _Joined, found: Iterable[tuple[int, int, str]], wanted: Mapping[str, int]) -> Candidates:
    """What is wanted of what was found in a text."""
    some = [one for one in found if one[2] in wanted]
    return *joined.places([one[:2] for one in some]), np.array([wanted[one[2]] for one in some], np.int64)


def resolve(start: Numbers, end: Numbers, entity: Numbers) -> Numbers:
    """Which of some spans stay, in order, so that none overlaps another: long ones before short ones.

    The loop is over the spans that stay among those that do overlap, of all places at once.
    """
    order = np.lexsort((entity, start - end, start))
    again = (np.diff(start[order], prepend=-1) == 0) & (np.diff(end[order], prepend=-1) == 0)
    order = order[~again]  # of spans that are the same, the first
    start, end, entity = start[order], end[order], entity[order]
    reach = np.maximum.accumulate(end) if len(end) else end
    fresh = np.ones(len(start), bool)
    fresh[1:] = start[1:] >= reach[:-1]
    group = np.cumsum(fresh)
    left = np.flatnonzero(~fresh | np.append(~fresh[1:], False)[: len(fresh)])
    left = left[np.lexsort((entity[left], start[left] - end[left], group[left]))]
    kept = np.ones(len(start), bool)
    while len(left):
        begins = np.diff(group[left], prepend=-1) != 0
        best = left[begins][np.cumsum(begins) - 1]
        out = (start[left] < end[best]) & (end[left] > start[best]) & ~begins
        kept[left[out]] = False
        left = left[~out & ~begins]
    chosen: Numbers = order[kept]
    return chosen
