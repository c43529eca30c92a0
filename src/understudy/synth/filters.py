"""Privacy filters around any synthesizer: copies, near copies and outliers are refused, and made anew.

found = filtered(model, 50_000, seed=1, real=rows, filters=Filters(similarity="high"))
for batch in found: ...
print(found.outcome)
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.errors import InputError
from understudy.interfaces import BATCH_ROWS, Synthesizer
from understudy.synth.privacy.guard import Flags, Guard, Level

Places = NDArray[np.int64]
"""Which rows, by their places."""

CHUNK = 16_384
"""Rows that are judged at a time."""
ROUNDS = 10
"""How often a refused row is made anew at most."""


@dataclass(frozen=True)
class Filters:
    """Which rows are refused.

    ``similarity``: "medium" refuses rows that equal a row learned from, unless many rows are so, or would be by chance
    alone, put together from values of others; "high" also those that agree with one in all fields but one, numbers
    about.  ``outliers``: rows where few real rows are, "medium" as few as a thousandth of them, "high" a fiftieth.
    "off" refuses nothing.
    """

    similarity: Level = "medium"
    outliers: Level = "off"

    def __post_init__(self) -> None:
        for name in ("similarity", "outliers"):
            if getattr(self, name) not in get_args(Level):
                known = ", ".join(get_args(Level))
                raise InputError(f"{name} {getattr(self, name)!r} does not exist", hint=f"known: {known}")

    @property
    def off(self) -> bool:
        """Whether nothing is refused."""
        return self.similarity == self.outliers == "off"


@dataclass(frozen=True)
class Filtered:
    """What filters came to."""

    rows: int
    """Rows that passed."""
    made: int
    """Rows that were made for that."""
    refused: dict[str, int] = field(default_factory=dict)
    """How many were refused, as "copies", "near copies" and "outliers"; a row that is made anew may be so again."""
    missing: int = 0
    """Rows that were refused as often as they were made, and left out."""

    def __add__(self, other: Filtered) -> Filtered:
        refused = {what: self.refused.get(what, 0) + count for what, count in other.refused.items()}
        missing = self.missing + other.missing
        return Filtered(self.rows + other.rows, self.made + other.made, refused or self.refused, missing)

    def __str__(self) -> str:
        told = ", ".join(f"{count:,} {what}" for what, count in self.refused.items() if count) or "nothing"
        lost = f"; {self.missing:,} rows could not be replaced" if self.missing else ""
        return f"{self.rows:,} rows; refused: {told}, of {self.made:,} made{lost}"


class Passing(Iterator[pa.RecordBatch]):
    """The batches that pass, each row in its place; ``outcome`` says what was refused so far."""

    def __init__(self, chunks: Iterator[tuple[pa.Table, Filtered]], rows: int) -> None:
        self._chunks, self._rows = chunks, rows
        self._waiting: list[pa.Table] = []
        self._done = False
        self.outcome = Filtered(0, 0)

    def __next__(self) -> pa.RecordBatch:
        """The next batch."""
        while not self._done and sum(map(len, self._waiting)) < self._rows:
            found = next(self._chunks, None)
            if found is None:
                self._done = True
            else:
                self._waiting.append(found[0])
                self.outcome += found[1]
        whole = pa.concat_tables(self._waiting) if self._waiting else None
        if whole is None or not len(whole):
            raise StopIteration
        self._waiting = [whole.slice(self._rows)]
        return whole.slice(0, self._rows).combine_chunks().to_batches()[0]


def filtered(
    model: Synthesizer,
    rows: int,
    *,
    seed: int = 0,
    filters: Filters | None = None,
    real: pa.Table | None = None,
    holdout: pa.Table | None = None,
    guard: Guard | None = None,
    given: pa.Table | None = None,
    ignore: Collection[str] = (),
    batch_rows: int = BATCH_ROWS,
    **options: Any,
) -> Passing:
    """So many rows of a synthesizer, those that filters refuse made anew; the same for the same seed.

    ``real`` are the rows that were learned from, ``holdout`` others of the same population (without them, real rows
    are compared with one another).  A synthesizer that was loaded from a file holds no row: give it the ``guard``
    that ``Guard.of`` made beside the fit.  Columns that the synthesizer calls ``identifiers``, and those to
    ``ignore``, are not looked at; a row that is made anew keeps its identifiers, and what was ``given`` for it.
    ``options`` are passed to ``sample``; tables among them have one row for each that is made.
    """
    filters = filters or Filters()
    names = {*ignore, *getattr(model, "identifiers", ())}
    if guard is None and not filters.off:
        if real is None:
            raise InputError(
                "filters need the rows that were learned from, and a saved synthesizer holds none",
                hint="pass real=, or guard= with the guard made from them at the time of the fit",
            )
        if not names.issuperset(real.column_names):  # else every value is a fresh one
            guard = Guard.of(
                real, similarity=filters.similarity, outliers=filters.outliers, holdout=holdout, ignore=names
            )
    options = {**options, **({"given": given} if given is not None else {})}
    return Passing(_passing(model, rows, seed, guard, frozenset(names), options), batch_rows)


def _passing(
    model: Synthesizer,
    rows: int,
    seed: int,
    guard: Guard | None,
    identifiers: frozenset[str],
    options: dict[str, Any],
) -> Iterator[tuple[pa.Table, Filtered]]:
    """Chunks of rows that pass, with what each came to."""
    stream = model.sample(rows, seed=seed, **options)
    first = 0
    for chunk in _chunked(stream, CHUNK):
        if guard is None:
            yield chunk, Filtered(len(chunk), len(chunk))
            continue

        def again(left: Places, turn: int, first: int = first) -> pa.Table:
            return _again(model, left + first, (seed, first, turn), options)

        chunk, left, outcome = renewed(chunk, lambda some, _: guard.judged(some), again, identifiers)
        first += len(chunk)
        yield without(chunk, left), outcome


def renewed(
    rows: pa.Table,
    judged: Callable[[pa.Table, Places], dict[str, Flags]],
    again: Callable[[Places, int], pa.Table],
    keep: Collection[str] = (),
) -> tuple[pa.Table, Places, Filtered]:
    """Rows with those that are refused made anew, which of them were refused to the last, and what it came to.

    ``judged`` says of some rows, and their places, which are refused and why; ``again`` makes rows for places, at its
    first, second, ... turn; columns to ``keep`` stay as they were.
    """
    made, left, refused = len(rows), np.arange(len(rows)), {"copies": 0, "near copies": 0, "outliers": 0}
    for turn in range(ROUNDS + 1):
        verdict = judged(rows if len(left) == len(rows) else rows.take(pa.array(left)), left)
        refused = {what: refused[what] + int(flags.sum()) for what, flags in verdict.items()}
        left = left[np.logical_or.reduce(list(verdict.values()))]
        if not len(left) or turn == ROUNDS:
            break
        rows = _replaced(rows, left, again(left, turn), keep)
        made += len(left)
    return rows, left, Filtered(len(rows) - len(left), made, refused, len(left))


def without(rows: pa.Table, left: Places) -> pa.Table:
    """Rows but for some."""
    if not len(left):
        return rows
    kept = np.ones(len(rows), bool)
    kept[left] = False
    return rows.filter(pa.array(kept))


def _again(
    model: Synthesizer, rows: NDArray[np.int64], seed: tuple[int, int, int], options: dict[str, Any]
) -> pa.Table:
    """Some rows made anew, with what is given for them."""
    at = pa.array(rows)
    own = {name: one.take(at) if isinstance(one, pa.Table) else one for name, one in options.items()}
    fresh = int(np.random.default_rng(seed).integers(2**31))
    return pa.Table.from_batches(list(model.sample(len(rows), seed=fresh, **own)))


def _replaced(chunk: pa.Table, rows: NDArray[np.int64], other: pa.Table, keep: Collection[str]) -> pa.Table:
    """A chunk with some rows replaced, but for the columns to keep."""
    place = np.arange(len(chunk))
    place[rows] = len(chunk) + np.arange(len(rows))
    both = pa.concat_tables([chunk, other.cast(chunk.schema)]).take(pa.array(place))
    for at, name in enumerate(chunk.column_names):
        if name in keep:
            both = both.set_column(at, chunk.schema.field(at), chunk.column(at))
    return both.combine_chunks()


def _chunked(batches: Iterator[pa.RecordBatch], rows: int) -> Iterator[pa.Table]:
    """The same rows in tables of so many."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for batch in batches:
        waiting.append(batch)
        count += len(batch)
        while count >= rows:
            whole = pa.Table.from_batches(waiting)
            yield whole.slice(0, rows).combine_chunks()
            waiting, count = whole.slice(rows).to_batches(), count - rows
    if count:
        yield pa.Table.from_batches(waiting).combine_chunks()
