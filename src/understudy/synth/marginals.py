"""The synthesizer of one table within a small budget: noisy counts of few columns together, and what they imply."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from understudy.errors import InputError, unknown
from understudy.interfaces import BATCH_ROWS, Progress
from understudy.schema import Table
from understudy.synth import artifact
from understudy.synth.balance import Shares, Wanted, balanced, classes
from understudy.synth.encoding.columns import UNKNOWN
from understudy.synth.encoding.encode import Encoded, Encoder, table_of
from understudy.synth.flat import rebatched
from understudy.synth.privacy.accounting import ORDERS, Privacy, concentrated
from understudy.synth.privacy.aim import Limits, Rounds, first_noise
from understudy.synth.privacy.evidence import drawn
from understudy.synth.privacy.groups import Groups, groups_of
from understudy.synth.privacy.noise import Chance
from understudy.synth.privacy.tree import Model
from understudy.synth.private import Columns, Private, account, columns_of
from understudy.synth.relations.finding import Relations

Whole = NDArray[np.int64]

FORMAT = "understudy marginals 1"

_COLUMNS = 0.1
"""The share of the budget that goes to learning the columns."""
_SEEN = 3.0
"""Deviations of the noise of a column's counts that a group of its values has rows for, where that can be."""
_CHUNK = 8_192


def _silent(step: str, subject: str, done: int, total: int | None) -> None:
    pass


class Marginals:
    """Learns one table in private from counts of two or three columns together, and makes rows that agree with them.

    Where the budget is small it keeps more than noisy gradients do (``Flat``): it asks only what the budget can answer.
    It learns in private only, so ``fit`` takes a budget always.  ``limits`` are what a fit may cost, ``identifiers``
    columns of which every value is made anew.
    """

    def __init__(
        self, *, limits: Limits | None = None, identifiers: Collection[str] = (), seed: int = 0, threads: int = 1
    ) -> None:
        self.limits, self.seed, self.threads = limits or Limits(), seed, threads
        self._identifiers = tuple(identifiers)
        self._encoder: Encoder | None = None
        self._groups: tuple[Groups, ...] = ()
        self._model: Model | None = None
        self._privacy: Privacy | None = None
        self._name = "rows"

    @property
    def encoder(self) -> Encoder:
        """The columns as they were learned."""
        if self._encoder is None:
            raise InputError("this synthesizer has learned nothing yet", hint="call fit first, or load one")
        return self._encoder

    @property
    def identifiers(self) -> tuple[str, ...]:
        """Columns that name rows: ``sample`` makes fresh values of the same look, unless they are given."""
        return self.encoder.identifiers

    @property
    def relations(self) -> Relations:
        """What holds between columns is not sought where a budget is kept: nothing."""
        return self.encoder.relations

    @property
    def model(self) -> Model:
        """The distribution of the parts of columns, in groups."""
        if self._model is None:
            raise InputError("this synthesizer has learned nothing yet", hint="call fit first, or load one")
        return self._model

    @property
    def privacy(self) -> Privacy:
        """What the fit spent, and on what; prints as a report."""
        if self._privacy is None:
            raise InputError("this synthesizer has learned nothing yet", hint="call fit first, or load one")
        return self._privacy

    def fit(
        self,
        table: Table | None,
        batches: pa.RecordBatchReader | pa.Table,
        *,
        private: Private | None = None,
        progress: Progress = _silent,
    ) -> Marginals:
        """Learn from all rows within a budget; an InputError where there is none, or too little to learn from.

        ``privacy`` says what was spent.  What is made of equal rows differs from fit to fit, as the noise does.
        """
        if private is None:
            raise InputError(
                "marginals are learned within a budget only", hint="say what may be spent: an epsilon, such as 1"
            )
        schema = batches.schema
        table = table or table_of(schema)
        for name in self._identifiers:
            if name not in schema.names:
                raise unknown("column", name, schema.names)
        stream = batches.to_batches() if isinstance(batches, pa.Table) else batches
        rows = pa.Table.from_batches(stream, schema)
        chance = Chance(private.seed)
        columns = columns_of(table, rows, private, chance, self._identifiers, _COLUMNS)
        del rows
        self._learn(columns, private, chance, progress, str(table.name))
        return self

    def _learn(self, columns: Columns, private: Private, chance: Chance, progress: Progress, name: str) -> None:
        encoder, bound = columns.encoder, private.rows_per_subject
        rho = concentrated(private.epsilon, private.delta - columns.label_delta) * (1 - _COLUMNS)
        fewest = _SEEN * bound * first_noise(len(encoder.parts), rho) / max(columns.total, 1.0)
        groups = [one for name in encoder.names for one in groups_of(encoder.coded[name], self.limits.groups, fewest)]
        codes = _grouped(encoder.encode(columns.rows), groups, chance.dice())
        for at, one in enumerate(groups):
            _fill(codes[:, at], one, chance.dice())
        rounds = Rounds(codes, [len(one) for one in groups], rho, bound, chance, self.limits)
        model = rounds.run(lambda share: progress("learn", name, round(100 * share), 100))
        self._privacy = account(
            private, columns, rounds.spent * ORDERS, rounds.shares(private.delta), seeded=chance.seeded
        )
        self._encoder, self._groups, self._model, self._name = encoder, tuple(groups), model, name

    def sample(
        self,
        rows: int,
        *,
        seed: int = 0,
        given: pa.Table | None = None,
        balance: Mapping[str, Shares] | None = None,
        batch_rows: int = BATCH_ROWS,
    ) -> Iterator[pa.RecordBatch]:
        """So many rows; the same seed gives the same rows, whatever ``batch_rows``.

        ``given`` has one row for each that is made: its values stay, its nulls and the columns that it lacks are drawn
        from what is likely beside them, exactly.  ``balance`` fixes how often the values of a column come.
        """
        encoder = self.encoder
        if given is not None and len(given) != rows:
            raise InputError(f"given has {len(given)} rows where {rows} are wanted", hint="give one for each")
        for name in given.schema.names if given is not None else ():
            if name not in encoder.made_schema.names:
                raise unknown("column", name, encoder.made_schema.names)
        wanted = {name: classes(encoder, name, shares) for name, shares in (balance or {}).items()}
        given = None if given is None else encoder.said(given)
        return rebatched(self._chunks(rows, seed, given, wanted), encoder.made_schema, batch_rows)

    def _chunks(
        self, rows: int, seed: int, given: pa.Table | None, wanted: Mapping[str, Wanted]
    ) -> Iterator[pa.RecordBatch]:
        for number, first in enumerate(range(0, rows, _CHUNK)):
            rng = np.random.default_rng((seed, number))
            count = min(_CHUNK, rows - first)
            some = balanced(self.encoder, None if given is None else given.slice(first, count), wanted, count, rng)
            known = np.full((count, len(self._groups)), UNKNOWN, np.int64)
            if some is not None:
                known = _grouped(self.encoder.encode(some, given=True), self._groups, rng)
            made = [one.drawn(at, rng) for one, at in zip(self._groups, drawn(self.model, known, rng).T, strict=True)]
            codes, levels = (np.stack([one[side] for one in made], 1) if made else known for side in (0, 1))
            yield self.encoder.decode(codes.astype(np.int32), levels.astype(np.float32), rng, first, some)

    def save(self, path: str | Path) -> None:
        """Write what was learned to a file; no row is in it."""
        from safetensors.numpy import save_file

        about = {
            "name": self._name,
            **artifact.told(self.encoder),
            "groups": artifact.written(self._groups),
            "tree": artifact.written(self.model.tree),
            "privacy": artifact.written(self.privacy),
        }
        path = Path(path)
        beside = path.with_name(path.name + ".part")
        tables = {str(at): np.ascontiguousarray(table) for at, table in enumerate(self.model.chances)}
        save_file(tables, str(beside), {"format": FORMAT, "about": json.dumps(about)})
        beside.replace(path)

    @staticmethod
    def load(path: str | Path, *, threads: int = 1) -> Marginals:
        """Read what ``save`` wrote."""
        about, tables = artifact.opened(path, FORMAT, "np")
        made = Marginals(threads=threads)
        made._name, made._encoder = about["name"], artifact.encoder_from(about)
        made._groups, made._privacy = artifact.read(about["groups"]), artifact.read(about["privacy"])
        tree = artifact.read(about["tree"])
        made._model = Model(tree, tuple(tables[str(at)] for at in range(len(tree.sizes))))
        return made


def _grouped(encoded: Encoded, groups: Sequence[Groups], dice: np.random.Generator) -> Whole:
    """Rows as the groups of their parts; a number that stands at several levels takes one of them by chance."""
    found = np.full(encoded.codes.shape, UNKNOWN, np.int64)
    for at, one in enumerate(groups):
        low, high = encoded.low[:, at], encoded.high[:, at]
        found[:, at] = one.of(encoded.codes[:, at], low + dice.random(len(low)) * (high - low).astype(np.float64))
    return found


def _fill(groups: Whole, one: Groups, dice: np.random.Generator) -> None:
    """Put rows of which nothing is known into groups by chance, each by itself: they must count somewhere."""
    unknown = np.flatnonzero(groups < 0)
    shares = np.array([sum(cell.share for cell in cells) for cells in one.cells])
    groups[unknown] = dice.choice(len(one), len(unknown), p=shares / shares.sum())
