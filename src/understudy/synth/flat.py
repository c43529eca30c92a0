"""The synthesizer of one table."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.errors import InputError, unknown
from understudy.interfaces import BATCH_ROWS, Progress
from understudy.schema import Table
from understudy.synth.balance import Shares, Wanted, chosen, classes, values_of
from understudy.synth.encoding.encode import Encoded, Encoder, encoder_of, sampled, table_of
from understudy.synth.network.effort import Budget, Effort, budget_of, kept_rows, threads
from understudy.synth.privacy.accounting import Privacy
from understudy.synth.private import Private
from understudy.synth.private import fit as fit_privately
from understudy.synth.relations.finding import Relations
from understudy.synth.relations.linked import completed
from understudy.synth.relations.related import Related

if TYPE_CHECKING:
    from understudy.synth.network.model import Network
    from understudy.synth.network.train import Learned


def _silent(step: str, subject: str, done: int, total: int | None) -> None:
    pass


class Flat:
    """Learns one table, and makes any number of rows that behave like its rows.

    ``effort`` is how much a fit may cost ("fast", "normal", "best", or a Budget), ``threads`` how many cores it may
    use, ``device`` "cpu", "cuda" or "auto"; ``relations`` whether what holds between columns is found and kept,
    or the columns between which; ``related`` whether it is a table among others.
    The same rows, seed and machine give the same fit.
    """

    def __init__(
        self,
        effort: Effort | Budget = "normal",
        *,
        seed: int = 0,
        threads: int = 1,
        device: str = "auto",
        identifiers: Collection[str] = (),
        context: Sequence[str] = (),
        relations: bool | Collection[str] = True,
        related: bool = False,
    ) -> None:
        budget_of(effort, 1)
        self.effort, self.seed, self.threads, self.device = effort, seed, threads, device
        self._identifiers, self._context, self._relate = tuple(identifiers), tuple(context), relations
        self._related = related
        self._encoder: Encoder | None = None
        self._network: Network | None = None
        self._learned: Learned | None = None
        self._name = "rows"

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Columns that name rows: ``sample`` makes fresh values of the same look, unless they are given."""
        return self.encoder.identifiers

    @property
    def encoder(self) -> Encoder:
        """The columns as they were learned."""
        if self._encoder is None:
            raise InputError("this synthesizer has learned nothing yet", hint="call fit first, or load one")
        return self._encoder

    @property
    def relations(self) -> Relations:
        """What was found to hold between columns, and is kept; prints as a report of names and rates."""
        return self.encoder.relations

    @property
    def network(self) -> Network:
        """The network that was taught; None of its weights is of one row."""
        if self._network is None:
            raise InputError("this synthesizer has learned nothing yet", hint="call fit first, or load one")
        return self._network

    @property
    def learned(self) -> Learned:
        """What the fit came to."""
        assert self._learned is not None
        return self._learned

    @property
    def privacy(self) -> Privacy | None:
        """What a private fit spent, and on what; None of one that was not private.  Prints as a report."""
        return self.learned.privacy

    def fit(
        self,
        table: Table | None,
        batches: pa.RecordBatchReader | pa.Table,
        *,
        private: Private | None = None,
        progress: Progress = _silent,
    ) -> Flat:
        """Learn from rows; of more than the effort keeps, from a uniform sample of them.

        Columns in ``context`` are among the batches' columns; they are shown, and never made.  With ``private`` all
        rows are kept, what a fit may tell of any one is bounded, and no relations are sought; ``privacy`` says what
        was spent.
        """
        from understudy.synth.network import train
        from understudy.synth.network.model import Size, mixed

        schema = batches.schema
        table = table or table_of(schema)
        for name in (*self._context, *self._identifiers):
            if name not in schema.names:
                raise unknown("column", name, schema.names)
        stream = batches.to_batches() if isinstance(batches, pa.Table) else batches
        if private is not None:
            return self._fit_privately(table, pa.Table.from_batches(stream, schema), private, progress)
        rows, _ = sampled(stream, schema, kept_rows(self.effort), self.seed)
        k = int(np.random.default_rng((self.seed, 1)).integers(5, 11))
        encoder = encoder_of(
            table, rows, k=k, identifiers=self._identifiers, context=self._context, relations=self._relate
        )
        encoded = encoder.encode(rows)
        budget = budget_of(self.effort, len(rows), encoder.parts, related=self._related)
        del rows
        network = mixed(encoder.parts, encoder.made, Size(budget.width, dropout=budget.dropout), self.seed)
        recipe = train.Recipe(budget.passes, self.seed, device=self._place())
        began, name = time.monotonic(), str(table.name)

        def tell(done: int, loss: float) -> None:
            left = (time.monotonic() - began) * (budget.passes - done) / max(done, 1)
            subject = f"{name}: loss {loss:.3f}" + (f", {left:.0f} s left" if 0 < done < budget.passes else "")
            progress("learn", subject, done, budget.passes)

        with threads(self.threads):
            learned = train.learn(network, encoded, recipe, tell) if encoder.made else train.Learned(0, 0.0, 0.0)
        self._encoder, self._network, self._learned, self._name = encoder, network, learned, name
        return self

    def _fit_privately(self, table: Table, rows: pa.Table, private: Private, progress: Progress) -> Flat:
        if self._context:
            raise InputError("a private fit cannot be shown context", hint="learn the columns as the table's own")
        with threads(self.threads):
            found = fit_privately(
                table, rows, private, identifiers=self._identifiers, seed=self.seed, progress=progress
            )
        (self._encoder, self._network, self._learned), self._name = found, str(table.name)
        return self

    def _place(self) -> str:
        import torch

        if self.device != "auto":
            return self.device
        return "cuda" if torch.cuda.is_available() else "cpu"

    def sample(
        self,
        rows: int,
        *,
        seed: int = 0,
        given: pa.Table | None = None,
        context: pa.Table | None = None,
        balance: Mapping[str, Shares] | None = None,
        temperature: float = 1.0,
        batch_rows: int = BATCH_ROWS,
    ) -> Iterator[pa.RecordBatch]:
        """So many rows; the same seed gives the same rows, whatever ``batch_rows``.

        ``given`` has one row for each that is made: its values stay, its nulls and the columns that it lacks are
        made to go with them.  ``context`` has the columns of that name, one row for each.  ``balance`` fixes how
        often the values of a column come; several columns are balanced each by itself.  ``temperature`` below 1
        makes rows more usual, above 1 less.
        """
        encoder = self.encoder
        for table, what in ((given, "given"), (context, "context")):
            if table is not None and len(table) != rows:
                raise InputError(f"{what} has {len(table)} rows where {rows} are wanted", hint="give one for each")
        if encoder.context and context is None:
            raise InputError("this synthesizer was taught with context", hint=f"give {', '.join(encoder.context)}")
        for name in given.schema.names if given is not None else ():
            if name not in encoder.made_schema.names:
                raise unknown("column", name, encoder.made_schema.names)
        if temperature <= 0:
            raise InputError(f"a temperature of {temperature} is not above 0", hint="1 is what was learned")
        wanted = {name: classes(encoder, name, shares) for name, shares in (balance or {}).items()}
        given = None if given is None else encoder.said(given)
        chunks = self._chunks(rows, seed, given, context, wanted, temperature)
        return rebatched(chunks, encoder.made_schema, batch_rows)

    def _chunks(
        self,
        rows: int,
        seed: int,
        given: pa.Table | None,
        context: pa.Table | None,
        wanted: Mapping[str, Wanted],
        temperature: float,
    ) -> Iterator[pa.RecordBatch]:
        from understudy.synth.network.sample import CHUNK, Drawing

        encoder, network = self.encoder, self.network
        device = self._place()
        network.to(device)
        drawing = Drawing(network, temperature, encoder.legal, device, among=rows)
        for number, first in enumerate(range(0, rows, CHUNK)):
            rng = np.random.default_rng((seed, number))
            count = min(CHUNK, rows - first)
            some = completed(encoder, given.slice(first, count), rng) if given is not None else None
            known = self._known(count, some, context.slice(first, count) if context is not None else None)
            for name, shares in wanted.items():
                at = encoder.places[name].start
                free = known.codes[:, at] < 0
                known.codes[free, at] = chosen(shares, int(free.sum()), rng)
            with threads(self.threads):
                codes, levels = drawing.rows(known, rng)
            yield encoder.decode(codes, levels, rng, first, some)

    def _known(self, count: int, given: pa.Table | None, context: pa.Table | None) -> Encoded:
        """What is known of rows before they are made."""
        encoder = self.encoder
        nothing = pa.table({"": pa.nulls(count)})
        known = encoder.encode(nothing if given is None else given, given=True)
        if context is not None:
            shown = encoder.encode(context)
            for array, other in ((known.codes, shown.codes), (known.low, shown.low), (known.high, shown.high)):
                array[:, encoder.made :] = other[:, encoder.made :]
        return known

    def log_prob(self, table: pa.Table, *, orders: int = 4) -> NDArray[np.float64]:
        """The log-likelihood of each row in nats; of numbers, as the density of the normal score of their rank."""
        from understudy.synth.network.sample import CHUNK, log_likelihood

        found = []
        self.network.to("cpu")
        with threads(self.threads):
            for number, first in enumerate(range(0, len(table), CHUNK)):
                some = self.encoder.encode(table.slice(first, CHUNK).combine_chunks())
                rng = np.random.default_rng((self.seed, 2, number))
                found.append(log_likelihood(self.network, some, rng, orders=orders))
        return np.concatenate(found) if found else np.zeros(0)

    def predict_proba(self, table: pa.Table, column: str) -> tuple[list[object], NDArray[np.float64]]:
        """The values that a column may have, and the chance of each in every row given its other columns."""
        from understudy.synth.network.sample import CHUNK, foreseen

        if column not in self.encoder.made_schema.names:
            raise unknown("column", column, self.encoder.made_schema.names)
        values, coded = values_of(self.encoder, column), self.encoder.coded[column]
        at = self.encoder.places[column].start
        self.network.to("cpu")
        found = [np.zeros((0, len(values)))]
        with threads(self.threads):
            for first in range(0, len(table), CHUNK):
                some = table.slice(first, CHUNK).combine_chunks()
                chance = foreseen(self.network, self.encoder.encode(some), at)
                if isinstance(coded, Related):
                    chance = coded.resolved(chance, self.encoder.read(some))
                found.append(chance[:, list(values)])
        chance = np.concatenate(found)
        return list(values.values()), chance / chance.sum(1, keepdims=True)

    def save(self, path: str | Path) -> None:
        """Write what was learned to a file; no row is in it."""
        from understudy.synth import artifact

        artifact.save(path, self.encoder, self.network, self.learned, name=self._name)

    @staticmethod
    def load(path: str | Path, *, threads: int = 1, device: str = "auto") -> Flat:
        """Read what ``save`` wrote."""
        from understudy.synth import artifact

        return Flat.of(*artifact.load(path), threads=threads, device=device)

    @staticmethod
    def of(
        name: str, encoder: Encoder, network: Network, learned: Learned, *, threads: int = 1, device: str = "auto"
    ) -> Flat:
        """A fit of its parts: the table's name, its columns, the network, and what learning came to."""
        made = Flat(threads=threads, device=device)
        made._name, made._encoder, made._network, made._learned = name, encoder, network, learned
        return made


def rebatched(chunks: Iterable[pa.RecordBatch], schema: pa.Schema, rows: int) -> Iterator[pa.RecordBatch]:
    """The same rows in batches of so many."""
    waiting: list[pa.RecordBatch] = []
    count = 0
    for chunk in chunks:
        waiting.append(chunk)
        count += len(chunk)
        while count >= rows:
            whole = pa.Table.from_batches(waiting, schema).combine_chunks()
            yield from whole.slice(0, rows).combine_chunks().to_batches()
            count -= rows
            waiting = whole.slice(rows).to_batches()
    if count:
        yield from pa.Table.from_batches(waiting, schema).combine_chunks().to_batches()
