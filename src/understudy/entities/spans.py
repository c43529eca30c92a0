"""Where in texts personal data stands: for every span its row, its bytes and its entity."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import storage, text_array
from understudy.entities import checksums, naming, scripts
from understudy.entities.entity import Entity, Shape
from understudy.entities.heads import Sieve, heads
from understudy.entities.matcher import Found, Matcher
from understudy.entities.names import INSIDE
from understudy.entities.patterns import chosen
from understudy.entities.text import Text, offsets_of
from understudy.native import sieve
from understudy.native import texts as native

Numbers = NDArray[np.int64]

_STEP_BYTES = 1 << 21  # looked at together, so that what is then known of them takes little memory
_FEW_BYTES = 1 << 14  # looked at together, whatever their characters
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

    def texts(self, texts: pa.Array, chosen: NDArray[np.bool_] | Numbers | slice = slice(None)) -> pa.Array:
        """What stands in the spans, or in some of them, of the texts they were found in."""
        values = storage(texts).cast(pa.large_string())
        offsets = offsets_of(values)[self.row[chosen]]
        data = np.frombuffer(values.buffers()[2] or b"", np.uint8)
        return text_array(*native.taken(data, offsets + self.start[chosen], offsets + self.end[chosen]))


def spans(texts: pa.Array, names: Iterable[str] | None = None) -> Spans:
    """Every span of these entities (of all where None) in texts.

    One pass over the texts tells where there may be hints of shapes, and one over the texts with a hint where the
    shape itself may be; only there patterns are matched.
    Of overlapping spans the longest counts, of equally long ones the first in ``ENTITIES``.
    """
    entities = chosen(names)
    values = pc.fill_null(storage(texts).cast(pa.large_string()), "")
    finder = _Finder.of(entities)
    parts = [_search(Text(_rows(values, rows), finder.matcher), rows, finder, entities) for rows in _steps(values)]
    row, start, end, entity = (np.concatenate([part[field] for part in parts] or [_NONE]) for field in range(4))
    if len(parts) > 1:
        order = np.argsort(row, kind="stable")
        row, start, end, entity = row[order], start[order], end[order], entity[order]
    return Spans(row, start, end, entity, tuple(one.name for one in entities))


class _Finder(NamedTuple):
    """What looks for the shapes of some entities."""

    hints: Sieve
    shapes: Sieve
    matcher: Matcher

    @staticmethod
    def of(entities: list[Entity]) -> _Finder:
        """What looks for these; made once for the same patterns."""
        return _finder(tuple((one.hint, one.pattern, one.before) for entity in entities for one in entity.shapes))


@cache
def _finder(shapes: tuple[tuple[str, str, str], ...]) -> _Finder:
    hints = {hint: heads(hint) for hint in (*(hint for hint, _, _ in shapes), scripts.HINT)}
    whole = {(pattern, before): heads(pattern, before) for _, pattern, before in (*shapes, ("", naming.RUN, ""))}
    hinted, found = (Sieve({name: some for name, some in sought.items() if some}) for sought in (hints, whole))
    patterns = dict.fromkeys([*hints, *chain.from_iterable(whole), *naming.PATTERNS])
    return _Finder(hinted, found, Matcher(tuple(patterns)))


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


def _at(found: Found, kept: NDArray[np.bool_]) -> Found:
    return found[0][kept], found[1][kept]


Candidates = tuple[Numbers, Numbers, Numbers, Numbers]
"""Row, start, end and entity."""


def _search(text: Text, rows: Numbers, finder: _Finder, entities: list[Entity]) -> Candidates:
    """What stands in some texts, which are these rows of all."""
    hints = _Hints(text, finder.hints.candidates(text.data))
    shapes = [(n, one) for n, entity in enumerate(entities) for one in entity.shapes if len(hints.places(one.hint))]
    places = finder.shapes.candidates(text.data, {(naming.RUN, ""), *((one.pattern, one.before) for _, one in shapes)})
    found = []
    for number, shape in shapes:
        possible = hints.within(shape.hint, _anywhere(text, places.get((shape.pattern, shape.before))))
        found.append((_matches(text, entities[number], shape, possible), number))
    parts = [(*text.places(one), np.full(len(one[0]), number)) for one, number in found]
    wanted = {entity.name: number for number, entity in enumerate(entities) if entity.name in INSIDE}
    if wanted:
        parts += _named(text, places[naming.RUN, ""], hints.rows(scripts.HINT), wanted)
    row, start, end, entity = (np.concatenate([part[field] for part in parts] or [_NONE]) for field in range(4))
    kept = resolve(text.starts[row] + start, text.starts[row] + end, entity)
    return rows[row[kept]], start[kept], end[kept], entity[kept]


def _anywhere(text: Text, places: Numbers | None) -> Numbers:
    """Some places of a text, or all where a sieve does not tell them."""
    return text.everywhere if places is None else places


class _Hints:
    """Where hints of shapes stand in some texts."""

    def __init__(self, text: Text, possible: dict[Hashable, Numbers]) -> None:
        self._text, self._possible = text, possible
        self._rows: dict[str, Numbers] = {}

    def places(self, hint: str) -> Numbers:
        """The bytes where a hint may start."""
        return _anywhere(self._text, self._possible.get(hint))

    def rows(self, hint: str) -> Numbers:
        """The rows, counted from 0, that have a hint."""
        if hint not in self._rows:
            self._rows[hint] = self._text.rows_of(self._text.matches(hint, self.places(hint)))
        return self._rows[hint]

    def within(self, hint: str, possible: Numbers) -> Numbers:
        """Those places where a shape may be that are in rows with its hint; or that may have it, if they are few."""
        there = self.places(hint)
        likely = self._text.within(self._text.rows_at(there), possible)
        return likely if len(likely) <= len(there) else self._text.within(self.rows(hint), likely)


def _matches(text: Text, entity: Entity, shape: Shape, possible: Numbers) -> Found:
    """Where one shape is found at some bytes."""
    found, scheme = text.matches(shape.pattern, possible, shape.before), shape.scheme or entity.scheme
    if shape.near and len(found[0]):
        found = _at(found, text.near(found, shape.near))
    if shape.check and len(found[0]):
        found = _at(found, text.checked(found, shape.check))
    if scheme and len(found[0]):
        found = _at(found, checksums.valid(scheme, text.cut(found)).to_numpy(zero_copy_only=False))
    return found


def _named(text: Text, runs: Numbers, others: Numbers, wanted: dict[str, int]) -> Iterator[Candidates]:
    """Where people and places are named, in runs of capitalised words and in rows with scripts without capitals."""
    whole = "person" in wanted
    yield _placed(text, naming.inside(text, text.matches(naming.RUN, runs), whole=whole), wanted)
    if len(others):
        part = text.part(others)
        found = list(scripts.inside(part.text, whole=whole))
        first, last = (np.array([one[field] for one in found], np.int64) for field in range(2))
        kinds = np.array([naming.NAMED.index(one[2]) for one in found], np.int64)
        row, start, end, kind = _placed(part, (first, last, kinds), wanted)
        yield others[row], start, end, kind


def _placed(text: Text, found: tuple[Numbers, Numbers, Numbers], wanted: Mapping[str, int]) -> Candidates:
    """What is wanted of what was found in a text: where it starts and ends, and which of those named it is."""
    kinds = np.array([wanted.get(name, -1) for name in naming.NAMED])[found[2]]
    first, last, kind = (one[kinds >= 0] for one in (*found[:2], kinds))
    return *text.places((first, last)), kind


def resolve(start: Numbers, end: Numbers, entity: Numbers) -> Numbers:
    """Which of some spans stay, in order, so that none overlaps another: long ones before short ones.

    Of equally long ones the first entity counts.
    """
    order = np.argsort(start, kind="stable")
    kept: Numbers = order[sieve.longest(start[order], end[order], entity[order])]
    return kept
