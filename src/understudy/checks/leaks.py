"""Does any original of an identifying column stand anywhere in the result?"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from understudy.checks.counting import Place
from understudy.checks.originals import (
    LEAST_DIGITS,
    LONG,
    SHORT,
    UUID_LENGTH,
    Hashes,
    Originals,
    Sketch,
    Wanted,
    distinct,
    identifiers,
    texts,
)
from understudy.checks.pieces import pieces
from understudy.interfaces import Check, Dataset, Result, Scan
from understudy.schema import Column, Kind, Table

STAYED_SHARE = 0.01
STAYED_LEAST = 8
"""Identifying values that stand-ins may meet by chance: up to this share, or this many in a small column."""
_TESTED = 65_536
"""Hashes kept to estimate how many distinct numbers a column holds (to within 1 %)."""

_CUT_AT: Mapping[Kind, str] = {"json": '"', "other": '["{}(),]'}
"""Where documents, and arrays, composites and ranges as the database writes them, are cut into their members."""


@dataclass(frozen=True)
class FixedPoints:
    """How many values of a changed column came out as they went in, of how many that were not null."""

    rows: int
    values: int


@dataclass
class _Seen:
    """What a scan found of one original column in one made column, among numbers of so many digits (0: texts)."""

    rows: int = 0
    hashes: list[Hashes] = field(default_factory=list)

    @property
    def distinct(self) -> int:
        return len(distinct(np.concatenate(self.hashes)))


def leaks(
    originals: Originals,
    changed: frozenset[Place],
    fixed_points: Mapping[Place, FixedPoints],
    listed: frozenset[Place] = frozenset(),
) -> Check:
    """A check that no original e-mail, number or text of an identifying column occurs anywhere in the result.

    Every text and whole-number column is read: values as a whole, the members of documents and arrays, and
    e-mail addresses and numbers inside longer texts.  A result names where an original came from and where it
    was found, never the original.  Texts that are short or plain words are not looked for (see ``originals``).
    Numbers meet originals by chance; only more of them than chance explains is a failure, and in a column whose
    own stand-ins have the same form only if half of its numbers are originals.  Stand-ins of ``listed`` columns are
    real names and places: that one of them is another row's original, in such a column, is noted and no failure.
    """

    def check(real: Dataset, made: Dataset) -> Iterator[Result]:  # noqa: ARG001 - a Check is given both
        yield from _fixed(originals, changed, fixed_points)
        if not originals.places:
            yield Result("leaks", "all columns", "note", detail="no changed column is marked as identifying")
            return
        scan = _Search(originals)
        for table in made.schema().tables:
            scan.read(made, table)
        yield from scan.results(changed, listed)

    return check


def _fixed(
    originals: Originals, changed: frozenset[Place], fixed_points: Mapping[Place, FixedPoints]
) -> Iterator[Result]:
    for place in sorted(changed & fixed_points.keys()):
        stayed = fixed_points[place]
        if not stayed.rows:
            continue
        limit = max(STAYED_LEAST, int(stayed.values * STAYED_SHARE))
        identifying = place in originals.places
        failed = identifying and stayed.rows > limit
        detail = f"{stayed.rows:,} of {stayed.values:,} values came out as they went in"
        shown = limit if identifying else None
        yield Result("leaks", _name(place), "fail" if failed else "note", stayed.rows, shown, detail)


class _Search:
    """One pass over the made tables, looking for every original at once."""

    def __init__(self, originals: Originals) -> None:
        self._originals = originals
        self._wanted = originals.wanted
        self._sketches = originals.sketches()
        self._lookups = {digits: _Lookup(self._all(digits)) for digits in {digits for _, digits in self._sketches}}
        self._seen: dict[tuple[Place, Place, int], _Seen] = defaultdict(_Seen)
        self._tested: dict[tuple[Place, int], Sketch] = defaultdict(Sketch)
        self._columns = 0

    def _all(self, digits: int) -> Hashes:
        return np.concatenate([sketch.hashes for (_, of), sketch in self._sketches.items() if of == digits])

    def read(self, made: Dataset, table: Table) -> None:
        """Look through every column of a made table that can hold an identifier."""
        columns = [column for column in table.stored if _scannable(column, self._wanted)]
        if not columns:
            return
        self._columns += len(columns)
        for batch in made.read(Scan(table.name, tuple(column.name for column in columns))):
            for number, column in enumerate(columns):
                self._look((table.name, column.name), column, batch.column(number))

    def _look(self, place: Place, column: Column, values: pa.Array) -> None:
        strings = texts(values)
        if strings is None or not len(strings):
            return
        if column.kind in _CUT_AT:
            strings = pieces(strings, _CUT_AT[column.kind], self._wanted, least_digits=LEAST_DIGITS)
        for found in identifiers(strings, self._wanted):
            if found.digits not in self._lookups or not len(found.texts):
                continue
            hashes = self._originals.hash(found.texts)
            if found.digits:
                self._tested[place, found.digits].add(hashes, _TESTED)
            hits = self._lookups[found.digits].hits(hashes)
            if len(hits):
                self._note(place, found.digits, hits)

    def _note(self, place: Place, digits: int, hits: Hashes) -> None:
        for (origin, of), sketch in self._sketches.items():
            mine = hits[np.isin(hits, sketch.hashes)] if of == digits else hits[:0]
            if len(mine):
                seen = self._seen[origin, place, digits]
                seen.rows += len(mine)
                seen.hashes.append(distinct(mine))

    def results(self, changed: frozenset[Place], listed: frozenset[Place]) -> Iterator[Result]:
        """One result per pair of columns where something was found, and one per column of which nothing was."""
        failed: set[Place] = set()
        for (origin, place, digits), seen in sorted(self._seen.items(), key=lambda item: item[0]):
            if not digits and {origin, place} <= listed:
                yield self._met(origin, place, seen)
                continue
            result = self._judge(origin, place, digits, seen, place in changed)
            failed |= {origin} if result.verdict == "fail" else set()
            yield result
        for origin in self._originals.places:
            if origin not in failed:
                yield Result("leaks", _name(origin), "pass", 0, 0, self._looked_for(origin))

    def _met(self, origin: Place, place: Place, seen: _Seen) -> Result:
        detail = (
            f"{seen.distinct:,} stand-ins are names or places of {_name(origin)} too, as lists of real ones have them"
        )
        return Result("leaks", _name(place), "note", seen.distinct, None, detail)

    def _judge(self, origin: Place, place: Place, digits: int, seen: _Seen, is_changed: bool) -> Result:
        found = f"{seen.distinct:,} original values of {_name(origin)} ({seen.rows:,} times)"
        if not digits:
            return Result("leaks", _name(place), "fail", seen.distinct, 0, f"holds {found}")
        tested = self._tested[place, digits]
        tested.settle(_TESTED)
        chance = tested.distinct * self._sketches[origin, digits].distinct / 10.0**digits
        limit = math.floor(chance + 4 * math.sqrt(chance))
        if is_changed:  # stand-ins of the same form fill the same small space
            limit = max(limit, math.floor(tested.distinct / 2))
        detail = f"holds {found}, numbers of {digits} digits; chance and stand-ins of that form explain {limit:,}"
        return Result("leaks", _name(place), "fail" if seen.distinct > limit else "note", seen.distinct, limit, detail)

    def _looked_for(self, origin: Place) -> str:
        mine = [sketch for (owner, _), sketch in self._sketches.items() if owner == origin]
        share = self._originals.share(origin)
        sample = "" if share == 1.0 else f", a sample of {share:.1%}"
        count = sum(len(sketch.hashes) for sketch in mine)
        passed_over = f"shorter than {SHORT} characters, words under {LONG}, numbers under {LEAST_DIGITS} digits"
        return f"{count:,} originals{sample} looked for in {self._columns} columns (not looked for: {passed_over})"


class _Lookup:
    """A set of hashes asked of many at a time; a table of the leading bits turns most of them away at once."""

    def __init__(self, hashes: Hashes) -> None:
        self._sorted = distinct(hashes)
        self._shift = np.uint64(64 - min(max(len(self._sorted) * 16, 1024).bit_length(), 28))
        self._leading = np.zeros(1 << (64 - int(self._shift)), bool)
        self._leading[self._sorted >> self._shift] = True

    def hits(self, hashes: Hashes) -> Hashes:
        """Those of these hashes that are in the set, as often as they occur."""
        likely = np.sort(hashes[self._leading[hashes >> self._shift]])  # in order: neighbours share cache lines
        places = np.minimum(np.searchsorted(self._sorted, likely), len(self._sorted) - 1)
        found: Hashes = likely[self._sorted[places] == likely]
        return found


def _scannable(column: Column, wanted: Wanted) -> bool:
    """Whether a column can hold anything that is looked for."""
    kind = column.arrow_type
    if kind == pa.uuid():
        return wanted.lengths is not None and bool(wanted.lengths[UUID_LENGTH])
    if pa.types.is_integer(kind) or (pa.types.is_decimal(kind) and kind.scale == 0):
        return wanted.digits
    return any(is_text(kind) for is_text in _TEXTS)


_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_dictionary)


def _name(place: Place) -> str:
    return f"{place[0]}.{place[1]}"
