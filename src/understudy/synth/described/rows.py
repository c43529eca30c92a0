"""Rows of several tables from a schema and a description: asked for in small batches, judged one by one, streamed."""

from __future__ import annotations

import hashlib
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import pyarrow as pa

from understudy import arrow
from understudy.errors import Error, InputError
from understudy.interfaces import Progress
from understudy.schema import Schema, Table, TableName
from understudy.synth.described import asking
from understudy.synth.described.answers import Row, rows_in
from understudy.synth.described.endpoint import Answer, Conversation, Endpoint
from understudy.synth.described.linking import Links, Pool, Slot, ordered
from understudy.synth.described.ruling import Ruling, Values
from understudy.synth.described.values import Unfit

Accept = Callable[[TableName, pa.RecordBatch], Sequence[str]]
"""What a database says of rows: for each, the rule it breaks, in words, or nothing."""

_TAKEN = 40
"""Values of unique columns that a model is told not to use again."""
_REASONS = 12
"""Reasons of refusals that a model is told at once."""
_FRUITLESS = 3
"""Batches in a row that came to nothing, before a table is given up."""


@dataclass(frozen=True)
class Budget:
    """How much may be spent on all tables together."""

    requests: int = 500
    tokens: int = 2_000_000
    """Of questions and answers; where the server does not count them, guessed as a quarter of their characters."""
    tries: int = 4
    """How often one row is asked for."""


@dataclass
class Counts:
    """What became of the rows of one table; numbers and reasons, never a value."""

    asked: int = 0
    """Rows asked for, each time they were."""
    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    """Rows by reason: type, range, length, label, null, missing, unique, check; and those an answer did not hold."""
    requests: int = 0
    """Answered by the server, not by the cache."""
    cached: int = 0
    retries: int = 0
    """Tries that a busy or failing server cost."""
    tokens: int = 0
    guessed: bool = False
    """The server did not count all tokens."""

    def json(self) -> dict[str, Any]:
        """Everything as plain values."""
        return {**vars(self), "refused": dict(sorted(self.refused.items()))}


def _silent(step: str, subject: str, done: int, total: int | None) -> None:
    pass


def _all_fit(table: TableName, batch: pa.RecordBatch) -> Sequence[str]:  # noqa: ARG001 - an Accept is given both
    return [""] * batch.num_rows


class Described:
    """Makes rows of some tables of a schema, after a description in plain words, with a model behind an endpoint.

    Sent are the schema (names, types, comments, constraints), the description, and rows that were made before.
    ``examples``, by table, are sent too: hand in masked rows or none.  Of ``parents``, rows that are there already
    for others to belong to, only keys are used, and nothing is sent.  ``accept`` judges what only a database can:
    without it CHECK constraints are told to the model and not verified, which ``unchecked`` says.
    The same seed asks the same questions; with ``cache``, a folder, the same question has the same answer.
    """

    def __init__(
        self,
        schema: Schema,
        description: str,
        endpoint: Endpoint,
        *,
        batch_rows: int = 20,
        budget: Budget | None = None,
        seed: int = 0,
        cache: Path | None = None,
        accept: Accept | None = None,
        examples: Mapping[TableName, pa.Table] | None = None,
        parents: Mapping[TableName, pa.Table] | None = None,
        progress: Progress = _silent,
        wait: Callable[[float], None] = time.sleep,
    ) -> None:
        if not description.strip():
            raise InputError("there is no description", hint="say in a sentence or two what the data are about")
        if batch_rows < 1:
            raise InputError("rows are asked for one at a time at least")
        self._schema, self._description = schema, description.strip()
        self._talk = Conversation(endpoint, cache, wait)
        self._size, self._budget, self._seed = batch_rows, budget or Budget(), seed
        self._accept, self._progress, self._unjudged = accept or _all_fit, progress, accept is None
        self._examples = {name: table.slice(0, 5).to_pylist() for name, table in (examples or {}).items()}
        self._parents = dict(parents or {})
        self.counts: dict[TableName, Counts] = {}
        self.unchecked: list[str] = []
        """Rules that nobody verified, one sentence each."""

    def rows(self, wanted: Mapping[TableName, int]) -> Iterator[tuple[Table, pa.RecordBatch]]:
        """So many rows of each table, as they are made, parents first; each batch in the types of its table.

        Raises an InputError for what cannot be made, before anything is sent; an Error where the budget is used up.
        """
        for name, count in wanted.items():
            if count < 0:
                raise InputError(f"{count} rows of {name} cannot be made")
            self._schema.table(name)
        tables = ordered(self._schema, [name for name, count in wanted.items() if count], self._parents)
        pools = {name: _pool(rows) for name, rows in self._parents.items()}
        for table in tables:
            pool = pools.setdefault(table.name, Pool())
            for batch in self._table(table, wanted[table.name], pools, pool):
                yield table, batch

    def _table(
        self, table: Table, wanted: int, pools: Mapping[TableName, Pool], pool: Pool
    ) -> Iterator[pa.RecordBatch]:
        links = Links(table, self._schema.parents(table.name), pools)
        ruling = Ruling(table, [column.name for column in table.stored if column.name not in links.given])
        self.unchecked += [f"{table.name}: the unique index {name}" for name in ruling.unchecked]
        rules = [check.name for check in table.checks if check.exclusion or self._unjudged]
        self.unchecked += [f"{table.name}: the constraint {name}" for name in rules]
        counts = self.counts.setdefault(table.name, Counts())
        number = fruitless = 0
        while counts.kept < wanted:
            rng = Random(f"{self._seed}/{table.name}/{number}")  # noqa: S311 - made rows, no secrets
            batch = _Batch(ruling, [], counts)
            for _ in range(min(self._size, wanted - counts.kept)):
                batch.slots.append(links.slot(rng, batch.free))
            made = self._made(batch, pool.rows, number)
            number += 1
            fruitless = 0 if made else fruitless + 1
            if fruitless == _FRUITLESS:
                raise self._short(table, wanted, f"{fruitless} batches in a row had no row that fits")
            if made:
                pool.rows += made
                self._progress("describe", str(table.name), counts.kept, wanted)
                yield ruling.batch(made)

    def _made(self, batch: _Batch, before: list[Values], number: int) -> list[Values]:
        """The rows of a batch that came to be, in its order; each is asked for a bounded number of times."""
        table, ruling = batch.ruling.table, batch.ruling
        reasons: list[str] = []
        attempt = 0
        while places := batch.open(self._budget.tries):
            asked = places[: self._size]
            if not ruling.written:
                said: list[Row] = [{} for _ in asked]
            else:
                slots = [batch.slots[place] for place in asked]
                words = asking.messages(
                    table,
                    ruling.written,
                    self._description,
                    slots,
                    made=len(before),
                    taken=ruling.taken([*before, *batch.rows.values()], _TAKEN),
                    reasons=reasons[-_REASONS:],
                    examples=self._examples.get(table.name, ()),
                )
                seed = _request_seed(self._seed, str(table.name), number, attempt)
                said = self._said(batch, words, len(asked), seed)
            attempt += 1
            reasons = list(dict.fromkeys(batch.judge(asked, said, self._accept)))
        return [batch.rows[place] for place in sorted(batch.rows)]

    def _said(self, batch: _Batch, words: Sequence[Mapping[str, str]], rows: int, seed: int) -> list[Row]:
        """The rows of one answer; none where it holds none."""
        counts, ruling = batch.counts, batch.ruling
        self._spend(ruling.table)
        retries = self._talk.retries
        try:
            answer = self._talk.ask(words, asking.shape(ruling.table, ruling.written), seed)
        finally:
            counts.retries += self._talk.retries - retries
        _charge(counts, answer)
        counts.asked += rows
        found = None if answer.ended == "refused" else rows_in(answer.text)
        if answer.ended == "length" and len(found or ()) < rows:
            self._size = max(1, min(self._size, math.ceil(rows / 2)))
        if found is None or len(found) < rows:
            why = {"refused": "declined", "length": "cut off"}.get(
                answer.ended, "broken" if found is None else "left out"
            )
            counts.refused[why] += rows - len(found or ())
        return list(found or ())[:rows]

    def _spend(self, table: Table) -> None:
        """Raise an Error where nothing may be spent any more."""
        requests = sum(counts.requests for counts in self.counts.values())
        tokens = sum(counts.tokens for counts in self.counts.values())
        if requests >= self._budget.requests:
            raise self._short(table, None, f"the budget of {self._budget.requests:,} requests is used up")
        if tokens >= self._budget.tokens:
            raise self._short(table, None, f"the budget of {self._budget.tokens:,} tokens is used up")

    def _short(self, table: Table, wanted: int | None, why: str) -> Error:
        counts = self.counts[table.name]
        of = f" of {wanted:,}" if wanted is not None else ""
        refused = ", ".join(f"{kind} {count:,}" for kind, count in counts.refused.most_common()) or "none"
        return Error(
            f"{counts.kept:,}{of} rows of {table.name} are made and {why}; refused: {refused}",
            hint="describe the data more exactly, take another model, or raise the budget",
        )


class _Batch:
    """Rows that are made together: their slots, those that are filled, and how often each was tried."""

    def __init__(self, ruling: Ruling, slots: list[Slot], counts: Counts) -> None:
        self.ruling, self.slots, self.counts = ruling, slots, counts
        self.rows: dict[int, Values] = {}
        self._tried: Counter[int] = Counter()

    def free(self, given: Values) -> bool:
        """Whether no row, made or about to be, has values that must be unique."""
        return self.ruling.free(given, [slot.given for slot in self.slots])

    def open(self, tries: int) -> list[int]:
        """The places that have no row yet and may be tried again."""
        return [place for place in range(len(self.slots)) if place not in self.rows and self._tried[place] < tries]

    def judge(self, places: Sequence[int], said: Sequence[Row], accept: Accept) -> Iterator[str]:
        """Keep the rows that fit their places; yields, for those that do not, what they must be instead."""
        fitting: dict[int, Values] = {}
        self._tried.update(places)
        for place, row in zip(places, said, strict=False):
            slot = self.slots[place]
            try:
                values = self.ruling.read(row, slot.given)
                values |= {name: values[theirs] for name, theirs in slot.own}
                self.ruling.take(values)
                fitting[place] = values
            except Unfit as unfit:
                self.counts.refused[unfit.kind] += 1
                yield unfit.words
        if not fitting:
            return
        verdicts = accept(self.ruling.table.name, self.ruling.batch(list(fitting.values())))
        for (place, values), verdict in zip(fitting.items(), verdicts, strict=True):
            if not verdict:
                self.rows[place] = values
                self.counts.kept += 1
                continue
            self.ruling.drop(values)
            self.counts.refused["check"] += 1
            yield f"a row breaks {verdict}"


def _pool(rows: pa.Table) -> Pool:
    """Rows that are there already, as values of the same Python types as those made here."""
    return Pool([row for batch in rows.to_batches() for row in _plain(batch).to_pylist()], shown=False)


def _plain(batch: pa.RecordBatch) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([arrow.plain(column) for column in batch.columns], names=batch.schema.names)


def _charge(counts: Counts, answer: Answer) -> None:
    if answer.cached:
        counts.cached += 1
        return
    counts.requests += 1
    counts.tokens += answer.tokens
    counts.guessed |= answer.guessed


def _request_seed(seed: int, table: str, number: int, attempt: int) -> int:
    """A seed of 31 bits, which every server takes."""
    digest = hashlib.sha256(f"{seed}/{table}/{number}/{attempt}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
