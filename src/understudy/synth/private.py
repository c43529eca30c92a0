"""Differential privacy: a budget, a fit that keeps to it, and the account of what was spent on what.

The network learns by noisy gradients (DP-SGD; Abadi and others, 2016): each subject is in a step by its own chance,
the gradient of all its rows together is shortened to a bound, and Gaussian noise goes on the sum.  The columns are
learned by noisy counts (``dp_encode``).  Nothing else of the rows is looked at: no relations are sought, no rows are
held back to judge by, no loss is told, and the network is the last average, whatever it came to.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow
from understudy.errors import Error, InputError, unknown
from understudy.interfaces import Progress
from understudy.readings import said, ways_of
from understudy.schema import Table
from understudy.synth.encoding.encode import Encoder
from understudy.synth.privacy.accounting import Privacy, Share, concentrated, epsilon_of, gaussian, noise_for
from understudy.synth.privacy.dp_encode import Counter, Known, private_encoder, questions
from understudy.synth.privacy.noise import Chance

if TYPE_CHECKING:
    from understudy.synth.network.model import Network
    from understudy.synth.network.train import Learned

COLUMNS = 0.06
"""The share of the budget that goes to learning the columns."""
LABELS = 0.1
"""The share of delta that goes to telling labels, where there are any that nobody told."""
SAMPLED = 0.25
"""The chance of a subject to be in a step, at most."""
_FEWEST = 100
"""Subjects below which, by their noisy number, nothing can be learned through the noise."""


@dataclass(frozen=True)
class Plan:
    """How a private network learns: a matter of the budget and the noisy number of subjects, never of their values."""

    width: int = 128
    blocks: int = 1
    mixture: int = 6
    steps: int = 600
    batch: int = 2048
    """Subjects in a step on average."""
    views: int = 4
    """Masks under which each row is seen in a step, its gradient being the mean."""
    clip: float = 1.0
    rate: float = 2e-3
    average: float = 0.99


@dataclass(frozen=True)
class Private:
    """What a fit may tell of any one subject.

    ``subject`` is a column that says whom a row is about (a person's id): then all rows of one value are one subject,
    and at most ``rows_per_subject`` of them, chosen at random, are learned from.  Without it each row is one subject.
    ``bounds`` of numbers and ``categories`` of texts are taken as public, and save budget.
    Of several tables, a subject is a row that owns others, with all that belongs to it: ``children`` says from how many
    of its rows in a table is learned at most, chosen at random; bounds and categories are of ``table.column``.
    ``seed`` makes a fit repeatable, for tests: the noise can then be known, and nothing is promised.
    ``plan`` is how the network learns.
    """

    epsilon: float
    delta: float = 1e-6
    subject: str | None = None
    rows_per_subject: int = 1
    bounds: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    categories: Mapping[str, Sequence[str]] = field(default_factory=dict)
    children: Mapping[str, int] = field(default_factory=dict)
    seed: int | None = None
    plan: Plan = field(default_factory=Plan)

    def __post_init__(self) -> None:
        if not 0 < self.epsilon < math.inf:
            raise InputError(f"an epsilon of {self.epsilon} is no budget", hint="give one above 0, such as 3")
        if not 0 < self.delta <= 1e-3:
            raise InputError(f"a delta of {self.delta} is not between 0 and 0.001", hint="give one such as 1e-6")
        if self.rows_per_subject < 1:
            raise InputError("rows_per_subject is below 1", hint="give how many rows of a subject may be learned from")
        if any(count < 1 for count in self.children.values()):
            raise InputError("children are fewer than 1", hint="give how many rows of a subject may be learned from")
        if self.rows_per_subject > 1 and self.subject is None:
            raise InputError("rows_per_subject needs a subject", hint="name the column that says whom a row is about")


@dataclass(frozen=True)
class Columns:
    """A table's columns as noisy counts told them, and the rows that everything else is learned from."""

    encoder: Encoder
    rows: pa.Table
    """At most so many of each subject."""
    owner: NDArray[np.int64]
    """The subject of each row, from 0."""
    subjects: float
    """About how many subjects there are."""
    total: float
    """About how many rows there are."""
    noise: float
    asked: int
    label_delta: float

    @property
    def spent(self) -> NDArray[np.float64]:
        """The Renyi divergence of all that was asked, at each order."""
        return gaussian(self.noise, times=self.asked)


def columns_of(
    table: Table, rows: pa.Table, private: Private, chance: Chance, identifiers: Sequence[str], share: float
) -> Columns:
    """Learn the columns with a share of the budget; an InputError where there is too little to learn from.

    How texts are written that are dates, times or amounts is taken as public, as types of columns are.
    """
    named = (*identifiers, *([private.subject] if private.subject else []))
    labels = [one.name for one in table.columns if one.labels]
    keys = [name for unique in table.uniques for name in unique.columns]
    schema, texts = rows.schema, ways_of(rows, leave=(*named, *private.categories, *labels, *keys))
    rows = said(rows, texts)
    refuse_unknown(private, rows.schema)
    known = Known(private.bounds, private.categories, named)
    rows, owner = bounded(rows, private, chance)
    label_delta = private.delta * LABELS
    asked = questions(table, rows.schema, known) + 2
    noise = math.sqrt(asked / (2 * share * concentrated(private.epsilon, private.delta - label_delta)))
    subjects = float(Counter(chance, noise).counts(np.zeros(owner.max(initial=-1) + 1, np.int64), 1)[0])
    refuse_few(private, subjects)
    counter = Counter(chance, noise, private.rows_per_subject)
    counter.rows = float(counter.counts(np.zeros(len(rows), np.int64), 1)[0])
    encoder = private_encoder(table, rows, known, counter, label_delta)
    if counter.asked + 1 != asked:  # fail closed: what is not in the account is not promised
        raise Error("more was asked of the rows than the budget was split for", hint="report this as a fault")
    encoder = replace(encoder, schema=schema, texts=texts)
    return Columns(encoder, rows, owner, subjects, counter.rows, noise, asked, label_delta)


def account(
    private: Private, columns: Columns, spent: NDArray[np.float64], shares: Sequence[Share], *, seeded: bool
) -> Privacy:
    """What was spent in all: on the columns, and ``spent`` on the rest, told by its ``shares``."""
    alone = epsilon_of(columns.spent, private.delta)
    first = Share("columns", "discrete Gaussian counts", columns.noise, columns.asked, 1.0, alone)
    return Privacy(
        epsilon_of(columns.spent + spent, private.delta - columns.label_delta),
        private.delta,
        "one row" if private.subject is None else f"all rows of one {private.subject}",
        private.rows_per_subject,
        (first, *shares),
        columns.label_delta,
        _public(private, columns.encoder.texts),
        seeded,
    )


def fit(
    table: Table,
    rows: pa.Table,
    private: Private,
    *,
    identifiers: Sequence[str] = (),
    seed: int = 0,
    progress: Progress,
) -> tuple[Encoder, Network, Learned]:
    """Learn a table within a budget; what was spent is in ``Learned.privacy``.

    ``seed`` starts the network, which says nothing of rows.
    """
    from understudy.synth.network.model import Size, mixed
    from understudy.synth.network.train import Learned
    from understudy.synth.privacy.dp_train import learn

    plan, chance = private.plan, Chance(private.seed)
    columns = columns_of(table, rows, private, chance, identifiers, COLUMNS)
    encoder, subjects, delta = columns.encoder, columns.subjects, private.delta - columns.label_delta
    sampled = min(plan.batch / subjects, SAMPLED)
    sgd = noise_for(private.epsilon, delta, times=plan.steps, sampled=sampled, besides=columns.spent)
    steps = gaussian(sgd, times=plan.steps, sampled=sampled)
    size = Size(plan.width, plan.blocks, mixture=plan.mixture, dropout=0.0)
    network = mixed(encoder.parts, encoder.made, size, seed)
    learn(
        network,
        encoder.encode(columns.rows),
        columns.owner,
        plan,
        sampled,
        sgd,
        subjects,
        private.rows_per_subject,
        chance,
        progress,
        str(table.name),
    )
    share = Share("network", "Gaussian gradients", sgd, plan.steps, sampled, epsilon_of(steps, private.delta))
    privacy = account(private, columns, steps, [share], seeded=chance.seeded)
    return encoder, network, Learned(int(plan.steps * sampled * subjects), math.nan, math.nan, privacy)


def refuse_unknown(private: Private, schema: pa.Schema) -> None:
    """Raise an InputError where a column that is named is not there, or is of another kind."""
    if private.children:
        raise InputError("children are of several tables", hint="of one, give subject and rows_per_subject")
    for name in (*private.bounds, *private.categories, *([private.subject] if private.subject else [])):
        if name not in schema.names:
            raise unknown("column", name, schema.names)
    for name in private.categories:
        if not arrow.is_text(schema.field(name).type):
            raise InputError(f"column {name!r} holds no text", hint="give bounds of numbers, and categories of texts")
    for name in private.bounds:
        kind = schema.field(name).type
        if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
            raise InputError(
                f"column {name!r} holds no numbers", hint="give bounds of numbers, and categories of texts"
            )


def refuse_few(private: Private, subjects: float) -> None:
    """Raise an InputError where a noisy number of subjects is too small, for the noise or for delta."""
    if subjects < _FEWEST:
        raise InputError(
            f"the table has too few subjects to learn from in private: fewer than about {_FEWEST}",
            hint="give more rows, or mask the table instead",
        )
    if private.delta * subjects > 1:
        raise InputError(
            f"a delta of {private.delta:g} is more than one in the number of subjects",
            hint="give a smaller one: a delta that large allows some of them to be told outright",
        )


def _public(private: Private, texts: Collection[str]) -> tuple[str, ...]:
    """What is not paid for."""
    told = ["names and types of columns, declared labels, bounds, keys and lengths"]
    told += [f"how {name} is written" for name in texts]
    told += [f"bounds of {name}" for name in private.bounds] + [f"labels of {name}" for name in private.categories]
    return (*told, "settings of the fit; the number of rows is paid for")


def bounded(rows: pa.Table, private: Private, chance: Chance) -> tuple[pa.Table, NDArray[np.int64]]:
    """Rows with at most so many of each subject, chosen at random, and the subject of each, numbered from 0.

    Rows whose subject is null are each a subject of their own.
    """
    if private.subject is None:
        return rows, np.arange(len(rows))
    values = arrow.plain(rows.column(private.subject).combine_chunks())
    coded = pc.dictionary_encode(values).indices
    owner = pc.fill_null(coded, -1).to_numpy(zero_copy_only=False).astype(np.int64)
    alone = owner < 0
    owner[alone] = owner.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    kept = some_of_each(owner, private.rows_per_subject, chance)
    return rows.take(kept), np.unique(owner[kept], return_inverse=True)[1].astype(np.int64)


def some_of_each(owner: NDArray[np.int64], most: int, chance: Chance) -> NDArray[np.int64]:
    """The places of rows, at most so many of each owner's, chosen at random; in order."""
    order = np.lexsort((chance.uniform(len(owner)), owner))
    sorted_owner = owner[order]
    first = np.searchsorted(sorted_owner, sorted_owner)
    return np.sort(order[np.arange(len(owner)) - first < most])
