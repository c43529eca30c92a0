"""Where in texts personal data stands: for every span its row, its bytes and its entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import storage
from understudy.entities import checksums, naming, scripts
from understudy.entities.entity import Entity, Shape
from understudy.entities.heads import Sieve, heads
from understudy.entities.joined import Joined, offsets_of
from understudy.entities.matcher import Found, Matcher, matcher
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
        offsets = offsets_of(values)[self.row[chosen]]
        bounds = np.stack([offsets + self.start[chosen], offsets + self.end[chosen]], axis=1).reshape(-1)
        if not len(bounds):
            return pa.array([], pa.string())
        pieces = pa.Array.from_buffers(
            pa.large_string(), len(bounds) - 1, [None, pa.py_buffer(bounds), values.buffers()[2]]
        )
        return pieces.take(pa.array(np.arange(0, len(bounds), 2))).cast(pa.string())


def spans(texts: pa.Array, names: Iterable[str] | None = None) -> Spans:
    """Every span of these entities (of all where None) in texts.

    One pass over the texts tells where there may be hints of shapes, and one over the texts with a hint where the
    shape itself may be; only there patterns are matched.
    Of overlapping spans the longest counts, of equally long ones the first in ``ENTITIES``.
    """
    entities = chosen(names)
    values = pc.fill_null(storage(texts).cast(pa.large_string()), "")
    hints = _sieve_of(tuple({shape.hint: None for entity in entities for shape in entity.shapes}))
    find = matcher(_patterns(entities))
    parts = [_search(_Chunk(_rows(values, rows), hints, find), rows, entities) for rows in _steps(values)]
    row, start, end, entity = (np.concatenate([part[field] for part in parts] or [_NONE]) for field in range(4))
    order = np.argsort(row, kind="stable")
    return Spans(row[order], start[order], end[order], entity[order], tuple(one.name for one in entities))


def _patterns(entities: list[Entity]) -> tuple[str, ...]:
    """All that may be matched to find entities."""
    shapes = [shape for entity in entities for shape in entity.shapes]
    looked = [part for shape in shapes for part in (shape.hint, shape.pattern, shape.before)]
    return tuple(dict.fromkeys([*looked, *naming.PATTERNS, scripts.HINT]))


def _steps(values: pa.Array) -> Iterator[Numbers]:
    """Rows of some megabytes each; of more than a few, those that are not all ASCII apart: as one they take longer."""
    offsets = offsets_of(values)
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


def _rows(values: pa.Array, rows: Numbers) -> pa.Array:
    """Some texts; not copied where they follow one another."""
    first, count = int(rows[0]), len(rows)
    return values.slice(first, count) if rows[-1] == first + count - 1 else values.take(pa.array(rows))


@cache
def _sieve_of(hints: tuple[str, ...]) -> Sieve:
    """What tells where hints may be found, but for those that may be anywhere."""
    found = {hint: heads(hint) for hint in hints}
    return Sieve({hint: some for hint, some in found.items() if some})


class _Chunk:
    """Some rows to be searched, joined as far as they are looked at."""

    def __init__(self, values: pa.Array, hints: Sieve, find: Matcher) -> None:
        self.values, self._find = values, find
        self.offsets = offsets_of(values)
        self.all = Joined(values, np.arange(len(values)), find)
        self._joined: dict[bytes, Joined] = {}
        self._hinted: dict[str, Numbers] = {}
        self._possible = hints.candidates(self.all.data)

    def hinted(self, hint: str) -> Numbers:
        """The rows that have a hint."""
        if hint not in self._hinted:
            first, _ = self.all.matches(hint, self._possible.get(hint))
            rows = self.all.places((first, first))[0]
            self._hinted[hint] = rows[np.diff(rows, prepend=-1) > 0]
        return self._hinted[hint]

    def joined(self, rows: Numbers) -> Joined:
        """These rows as one text; all rows where they are most of them."""
        if 2 * len(rows) > len(self.values):
            return self.all
        label = rows.tobytes()
        if label not in self._joined:
            self._joined[label] = Joined(_rows(self.values, rows), rows, self._find)
        return self._joined[label]


def _at(found: Found, kept: NDArray[np.bool_]) -> Found:
    return found[0][kept], found[1][kept]


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


def _matches(chunk: _Chunk, entity: Entity, shape: Shape, number: int) -> Iterator[Candidates]:
    """Where one shape is found."""
    rows = chunk.hinted(shape.hint)
    if not len(rows):
        return
    joined, scheme = chunk.joined(rows), shape.scheme or entity.scheme
    found = joined.spans(shape.pattern, shape.before)
    if shape.near and len(found[0]):
        found = _at(found, joined.near(found, shape.near))
    if shape.check and len(found[0]):
        found = _at(found, joined.checked(found, shape.check))
    if scheme and len(found[0]):
        found = _at(found, checksums.valid(scheme, joined.cut(found)).to_numpy(zero_copy_only=False))
    if len(found[0]):
        row, start, end = joined.places(found)
        kept = np.isin(row, rows) if len(rows) < len(joined.rows) else slice(None)
        yield row[kept], start[kept], end[kept], np.full(len(row), number)[kept]


def _named(chunk: _Chunk, wanted: dict[str, int]) -> Iterator[Candidates]:
    """Where people and places are named."""
    whole = "person" in wanted
    yield _placed(chunk.all, naming.inside(chunk.all, whole=whole), wanted)
    rows = _NONE if chunk.all.ascii else chunk.hinted(scripts.HINT)
    if len(rows):
        joined = chunk.joined(rows)
        found = list(scripts.inside(joined.text, whole=whole))
        first, last = (np.array([one[field] for one in found], np.int64) for field in range(2))
        yield _placed(joined, (first, last, np.array([naming.NAMED.index(one[2]) for one in found], np.int64)), wanted)


def _placed(joined: Joined, found: tuple[Numbers, Numbers, Numbers], wanted: Mapping[str, int]) -> Candidates:
    """What is wanted of what was found in a text: where it starts and ends, and which of those named it is."""
    kinds = np.array([wanted.get(name, -1) for name in naming.NAMED])[found[2]]
    first, last, kind = (one[kinds >= 0] for one in (*found[:2], kinds))
    return *joined.places((first, last)), kind


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
