"""Learning several tables within one budget: no subject's rows, in all tables together, change much of what is learned.

The account is one: every table's columns are learned by noisy counts in which a subject has so many rows at most, and
every table's network by gradients of which a subject's, over all its rows there, are no longer than a bound.  Their
divergences add up, for a subject may be in all of them.  How many children a parent has is a column of the parent,
learned as the others are.  What a child is shown of its owner and of the rows before it is of its own subject, and is
read by codecs that were learned already, which costs nothing.

Nothing else is looked at: which columns name rows, in what order children come, and who owns whom, the schema says
(``allowed``); how texts are written that are dates, times or amounts is taken as public; that values are carried over
and that labels go together is not sought, and no child is told any means.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from understudy import arrow
from understudy.errors import Error, InputError
from understudy.interfaces import Progress
from understudy.readings import Reading, said, ways_of
from understudy.schema import Column, Table, TableName
from understudy.synth.encoding.columns import LABELS as MOST
from understudy.synth.encoding.columns import Categories, Coded, Numbers
from understudy.synth.encoding.curves import Curve
from understudy.synth.encoding.encode import Encoder, column_of
from understudy.synth.encoding.identifiers import Identifiers
from understudy.synth.encoding.moments import Moments
from understudy.synth.families.allowed import bound_of, declared_habits, of_table
from understudy.synth.families.children import Habits, Siblings, Whole, plans_of, shuffled, sorted_siblings
from understudy.synth.families.counts import spread
from understudy.synth.families.gather import Gathered, columns_of, joined
from understudy.synth.families.learning import Model, kind_name, kinds, kinds_of, rows_name, there_name
from understudy.synth.families.links import Clusters
from understudy.synth.families.order import Plan, Role, optional
from understudy.synth.families.sequences import examples
from understudy.synth.flat import Flat
from understudy.synth.privacy.accounting import Privacy, Share, concentrated, epsilon_of, gaussian, noise_for
from understudy.synth.privacy.dp_encode import Counter, Known, fresh_of, is_fresh, private_encoder, questions
from understudy.synth.privacy.noise import Chance
from understudy.synth.private import COLUMNS, LABELS, SAMPLED, Private, refuse_few, some_of_each

_LABELS = 100
"""Labels of a parent's column up to which its children are shown it."""
_SHOWN = 48
_ATOMS, _KNOTS, _FAR = 10, 64, 1e6

WHOLE = Numbers(
    tuple(map(float, range(_ATOMS))),
    (1 / (_ATOMS + 1),) * (_ATOMS + 1),
    False,
    Curve(tuple(np.linspace(0, 1, _KNOTS).tolist()), tuple(np.geomspace(_ATOMS - 0.5, _FAR, _KNOTS).tolist()), _KNOTS),
    1.0,
    nullable=False,
)
"""Whole numbers from 0, read alike whatever the data: places of rows, and how many there are."""


@dataclass(frozen=True)
class Draft:
    """What is known of a table before a row is looked at."""

    model: Model
    asked: Table
    """The columns that are learned by noisy counts."""
    known: Known
    bound: int
    """Rows of one subject at most."""

    @property
    def schema(self) -> pa.Schema:
        """The Arrow schema of the columns that are learned."""
        return pa.schema([(column.name, column.arrow_type) for column in self.asked.columns])

    @property
    def questions(self) -> int:
        """How many histograms it takes to learn them, and the number of rows."""
        return questions(self.asked, self.schema, self.known) + 1 if self.asked.columns else 0


@dataclass
class Spent:
    """The noise that a budget comes to."""

    columns: float
    asked: int
    label_delta: float
    subjects: float = 0.0
    sampled: float = 0.0
    gradients: float = 0.0
    networks: int = 0


def models(
    plan: Plan,
    tables: Mapping[TableName, Table],
    found: Mapping[TableName, Gathered],
    private: Private,
    seed: int,
    device: str,
    progress: Progress,
) -> dict[TableName, Model]:
    """What is learned within a budget of each table of a plan that ``allowed`` gave; ``device`` is for making rows."""
    return Learning(plan, tables, found, private, seed, device, progress).models()


@dataclass
class Learning:
    """Learns the tables of a plan that ``allowed`` gave, parents first."""

    plan: Plan
    tables: Mapping[TableName, Table]
    found: Mapping[TableName, Gathered]
    private: Private
    seed: int
    device: str
    progress: Progress
    _subject: dict[TableName, Whole] = field(default_factory=dict)
    _siblings: dict[TableName, Siblings] = field(default_factory=dict)
    _context: dict[TableName, pa.Table] = field(default_factory=dict)
    _codecs: dict[TableName, dict[str, Coded]] = field(default_factory=dict)
    _ways: dict[TableName, dict[str, Reading]] = field(default_factory=dict)
    """How texts are written, of a table and of what its children are shown of it."""

    def models(self) -> dict[TableName, Model]:
        """What is learned of each table, with the account of what it took."""
        self._chance = Chance(self.private.seed)
        made = {role.table: self._handed_in(role) for role in self.plan.roles if role.given}
        self._habits = {role.table: self._declared(role) for role in self.plan.roles if not role.given}
        drafts = {role.table: self._draft(role) for role in self.plan.roles if not role.given}
        for role in self.plan.roles:
            if not role.given:
                self._grouped(role, drafts[role.table])
        spent = self._budget(drafts)
        parts: dict[TableName, tuple[Encoder, Any]] = {}
        for role in self.plan.roles:
            if role.given:
                continue
            if drafts[role.table].asked.columns:
                made[role.table], parts[role.table] = self._taught(role, drafts, spent, made, parts)
            else:  # keys alone
                rows = self._how_many(role, spent, made, parts)
                made[role.table] = replace(drafts[role.table].model, rows=rows)
        privacy = self._account(spent, drafts)
        return {
            one.table: _with(made[one.table], parts.get(one.table), privacy, self.device) for one in self.plan.roles
        }

    # what the schema says

    def _draft(self, role: Role) -> Draft:
        table, rows = self.tables[role.table], self.found[role.table].rows
        filled = joined(self.plan.keys, role.table)
        pointed = {c for key in self.plan.keys if key.parent == role.table for c in key.parent_columns}
        known = Known(of_table(self.private.bounds, role.table), of_table(self.private.categories, role.table))
        left = [name for name in rows.column_names if name not in filled]
        fresh: dict[str, Identifiers] = {}
        for name in left:
            one = rows.schema.field(name)
            kind, column = _plain(one.type), table.by_name.get(name) or column_of(one)
            if name in pointed or is_fresh(pa.field(name, kind), table, known):
                kind = pa.int64() if pa.types.is_decimal(kind) else kind
                fresh[name] = fresh_of(kind, column)
        habits = self._habits[role.table]
        fresh = {name: one for name, one in fresh.items() if name not in habits.counted}
        values = tuple(name for name in left if name not in fresh and name not in habits.counted)
        self._ways[role.table] = self._written(table, rows, values, known)
        clusters = {key.id: Clusters(max(len(self.found[key.parent].rows), 1)) for key in role.links}
        uniques = tuple(u.columns for u in table.uniques if u.columns and not u.predicate and not u.expressions)
        uniques = tuple(
            u for u in uniques if set(u) <= set(rows.column_names) and not set(u) & {*fresh, *habits.counted}
        )
        model = Model(
            role,
            rows.schema,
            0,
            values,
            fresh,
            habits=habits,
            counts=tuple(key.id for key in self.plan.owned(role.table)),
            clusters=clusters,
            forced=tuple(key.id for key in (role.owner, *role.links) if key and not optional(table, key)),
            uniques=uniques,
        )
        labels = {kind_name(key): kinds(one) for key, one in clusters.items()}
        known = replace(known, categories={**known.categories, **labels})
        asked = Table(role.table, self._asked(role, model), checks=table.checks)
        return Draft(model, asked, known, bound_of(role, self.private))

    def _written(self, table: Table, rows: pa.Table, values: Sequence[str], known: Known) -> dict[str, Reading]:
        """How the texts of a table are written that say dates, times or amounts."""
        leave = {name for unique in table.uniques for name in unique.columns} | {*known.categories}
        leave |= {column.name for column in table.columns if column.labels}
        return ways_of(rows.select(values), leave=leave)

    def _asked(self, role: Role, model: Model) -> tuple[Column, ...]:
        """The columns of a table's network: its own, its links, and what its children come to."""
        table = self.tables[role.table]
        found: list[Column] = []
        for name in model.values:
            one = pa.field(name, _plain(model.schema.field(name).type))
            column = table.by_name.get(name) or column_of(one)
            found.append(replace(column, arrow_type=one.type))
            if name in model.habits.steps:
                found[-1] = column_of(pa.field(name, pa.int64(), nullable=False))
            elif (way := self._ways[role.table].get(name)) is not None:
                nullable = column.nullable or way.nothing is not None
                found[-1] = column_of(pa.field(name, way.arrow_type, nullable=nullable))
        for key in self.plan.owned(role.table):
            found.append(column_of(pa.field(rows_name(key), pa.int64(), nullable=False)))
            child = self.tables[key.table]
            for step in self._habits[key.table].steps:
                kind = _plain(child.column(step).arrow_type)
                found += [column_of(pa.field(f"{key.id} first {step}", kind))]
                found += [column_of(pa.field(f"{key.id} pace {step}", pa.float64()))]
        for key in role.links:
            found.append(column_of(pa.field(kind_name(key.id), pa.string(), nullable=optional(table, key))))
        for name in model.fresh:
            if (table.by_name.get(name) or column_of(model.schema.field(name))).nullable:
                found.append(column_of(pa.field(there_name(name), pa.bool_(), nullable=False)))
        return tuple(found)

    def _declared(self, role: Role) -> Habits:
        rows, filled = self.found[role.table].rows, joined(self.plan.keys, role.table)
        names = [name for name in rows.column_names if name not in filled]
        return declared_habits(self.tables[role.table], role.owner, names)

    def _handed_in(self, role: Role) -> Model:
        rows = self.found[role.table].rows
        if len(rows) > MOST:
            raise InputError(
                f"{role.table} is said to be public and has {len(rows):,} rows, more than the {MOST:,} that rows can be"
                " told to point at",
                hint="leave the key that points at it out, or learn without a budget",
            )
        return Model(role, rows.schema, len(rows), (), {})

    # what belongs to whom

    def _grouped(self, role: Role, draft: Draft) -> None:
        """Say whose each row is, and sort children; rows that are nobody's are not learned from."""
        own = self.found[role.table]
        if role.owner is None:
            self._subject[role.table] = np.arange(len(own.rows))
            return
        above, at = self._subject[role.owner.parent], own.parents[role.owner.id].copy()
        mine = np.where(at >= 0, above[at] if len(above) else -1, -1)
        at[mine < 0] = -1
        self._subject[role.table] = mine
        siblings = sorted_siblings(own.rows, at, draft.model.habits.order)
        if not draft.model.habits.order:  # by chance that nobody knows, for one subject more shifts that of others
            siblings = shuffled(siblings, int(self._chance.dice().integers(2**62)))
        self._siblings[role.table] = siblings

    # what is learned

    def _budget(self, drafts: Mapping[TableName, Draft]) -> Spent:
        private = self.private
        label_delta = private.delta * LABELS
        asked = sum(draft.questions for draft in drafts.values()) + 1
        budget = concentrated(private.epsilon, private.delta - label_delta)
        spent = Spent(math.sqrt(asked / (2 * COLUMNS * budget)), asked, label_delta)
        root = next(name for name, draft in drafts.items() if draft.model.role.owner is None)
        counter = Counter(self._chance, spent.columns)
        spent.subjects = float(counter.counts(np.zeros(len(self._subject[root]), np.int64), 1)[0])
        try:
            refuse_few(private, spent.subjects)
        except InputError as error:
            hint = f"{error.hint}; or name {root} as public, if it holds nobody's rows"
            raise InputError(f"a subject is a row of {root}: {error.message}", hint=hint) from None
        spent.networks = sum(bool(draft.asked.columns) for draft in drafts.values())
        if not spent.networks:
            raise InputError(f"{root} has no column to learn", hint="give a table with more than its key")
        spent.sampled = min(private.plan.batch / spent.subjects, SAMPLED)
        columns, steps = gaussian(spent.columns, times=asked), spent.networks * private.plan.steps
        spent.gradients = noise_for(
            private.epsilon, private.delta - label_delta, times=steps, sampled=spent.sampled, besides=columns
        )
        return spent

    def _taught(
        self,
        role: Role,
        drafts: Mapping[TableName, Draft],
        spent: Spent,
        made: Mapping[TableName, Model],
        parts: Mapping[TableName, tuple[Encoder, Any]],
    ) -> tuple[Model, tuple[Encoder, Any]]:
        draft = drafts[role.table]
        rows, subject = self._rows(role, drafts)
        kept = some_of_each(subject, draft.bound, self._chance)
        rows, subject = rows.take(pa.array(kept)).combine_chunks(), subject[kept]
        counter = Counter(self._chance, spent.columns, draft.bound)
        counter.rows = float(counter.counts(np.zeros(len(rows), np.int64), 1)[0])
        own = said(rows.select(draft.schema.names), self._ways[role.table])
        encoder = private_encoder(draft.asked, own, draft.known, counter, spent.label_delta / spent.networks)
        if counter.asked != draft.questions:  # fail closed: what is not in the account is not promised
            raise Error("more was asked of the rows than the budget was split for", hint="report this as a fault")
        borrowed = self._borrowed(role, draft.model, encoder.coded, rows.column_names)
        names = [*draft.schema.names, *borrowed]
        encoder = Encoder(
            rows.select(names).schema,
            {**encoder.coded, **borrowed},
            encoder.identifiers,
            tuple(borrowed),
            texts={name: way for name, way in self._heard(role).items() if name in names},
        )
        network = self._network(encoder, rows.select(names), subject, draft.bound, spent, str(role.table))
        plans = tuple(
            f"{key.id} {what} {step}"
            for key in self.plan.owned(role.table)
            for step in self._habits[key.table].steps
            for what in ("first", "pace")
        )
        shown = tuple(name for name in draft.model.values if _shows(encoder.coded[name], name, draft.model.habits))
        model = replace(draft.model, plans=plans, shown=shown[:_SHOWN], rows=self._how_many(role, spent, made, parts))
        self._show(role, model, encoder)
        return model, (encoder, network)

    def _heard(self, role: Role) -> dict[str, Reading]:
        """How texts are written among the columns of a network, those that it is shown included."""
        own = self._ways[role.table]
        above = self._ways[role.owner.parent] if role.owner is not None else {}
        before = {f"~ previous {name}": way for name, way in own.items()}
        return {**own, **before, **{name: way for name, way in above.items() if name.startswith("^ ")}}

    def _network(self, encoder: Encoder, rows: pa.Table, subject: Whole, bound: int, spent: Spent, name: str) -> Any:
        from understudy.synth.network.model import Size, mixed
        from understudy.synth.privacy.dp_train import learn

        plan = replace(self.private.plan, views=max(1, self.private.plan.views // bound))
        size = Size(plan.width, plan.blocks, mixture=plan.mixture, dropout=0.0)
        network = mixed(encoder.parts, encoder.made, size, self.seed)
        learn(
            network,
            encoder.encode(rows),
            subject,
            plan,
            spent.sampled,
            spent.gradients,
            spent.subjects,
            bound,
            self._chance,
            self.progress,
            name,
        )
        return network

    def _rows(self, role: Role, drafts: Mapping[TableName, Draft]) -> tuple[pa.Table, Whole]:
        """The rows of a table with what stands beside them and before them, and whose each is."""
        own, draft = self.found[role.table], drafts[role.table]
        values = dict(zip(draft.model.values, columns_of(own.rows, draft.model.values), strict=True))
        beside: dict[str, pa.Array] = {}
        for key in self.plan.owned(role.table):
            child = self._siblings[key.table]
            count = np.bincount(child.owner, minlength=len(own.rows))
            beside[rows_name(key)] = pa.array(count.astype(np.int64))
            found = plans_of(child, drafts[key.table].model.habits, len(own.rows))
            beside |= {f"{key.id} {name}": one for name, one in found.items()}
        shown: dict[str, Any] = {f"^ {name}": one for name, one in {**values, **beside}.items()}
        for key in role.links:
            clusters = draft.model.clusters[key.id]
            beside[kind_name(key.id)] = kinds_of(clusters, key, False, own, self.found[key.parent])
        for name in draft.model.fresh:
            if there_name(name) in draft.asked.by_name:
                beside[there_name(name)] = own.rows.column(name).is_valid().combine_chunks()
        if role.owner is None:
            self._context[role.table] = _table(shown, len(own.rows))
            return pa.table({**values, **beside}), self._subject[role.table]
        siblings, owners = self._siblings[role.table], len(self.found[role.owner.parent].rows)
        at, context = own.parents[role.owner.id], self._context[role.owner.parent]
        above = {name: context.column(name).take(pa.array(at, mask=at < 0)) for name in context.column_names if name}
        self._context[role.table] = _table(
            {**shown, **{f"^ {name}": one for name, one in above.items()}}, len(own.rows)
        )
        plans = plans_of(siblings, draft.model.habits, owners)
        learned = examples(siblings, draft.model.habits, list(draft.model.values), plans, owners)
        index = pa.array(siblings.index)
        columns = {name: learned.column(name) for name in learned.column_names}
        columns |= {name: one.take(index) for name, one in {**beside, **above}.items()}
        return pa.table(columns), self._subject[role.table][siblings.index]

    def _borrowed(self, role: Role, model: Model, coded: Mapping[str, Coded], there: list[str]) -> dict[str, Coded]:
        """Codecs of what is shown, by its name: those of the columns that it is of, which are learned already."""
        if role.owner is None:
            return {}
        found: dict[str, Coded] = dict.fromkeys(("~ rows", "~ place", "~ left"), WHOLE)
        for name in model.values:
            if name not in model.habits.steps and not isinstance(coded[name], Identifiers):
                found[f"~ previous {name}"] = coded[name]
                if isinstance(coded[name], Numbers):
                    found[f"~ before {name}"] = coded[name]
        above = self._codecs[role.owner.parent]
        for name in model.habits.steps:
            found[f"~ pace {name}"] = above[f"^ {role.owner.id} pace {name}"]
        return {name: one for name, one in {**found, **above}.items() if name in there}

    def _show(self, role: Role, model: Model, encoder: Encoder) -> None:
        """Note what a table's children are shown."""
        names = [*model.shown, *map(rows_name, self.plan.owned(role.table)), *model.plans]
        found = {f"^ {name}": encoder.coded[name] for name in names}
        if role.owner is not None:
            found |= {f"^ {name}": one for name, one in self._codecs[role.owner.parent].items()}
        self._codecs[role.table] = found
        above = {name: way for name, way in self._heard(role).items() if name.startswith("^ ")}
        shown = {**self._ways[role.table], **above}
        self._ways[role.table] |= {f"^ {name}": way for name, way in shown.items()}

    def _how_many(
        self,
        role: Role,
        spent: Spent,
        made: Mapping[TableName, Model],
        parts: Mapping[TableName, tuple[Encoder, Any]],
    ) -> int:
        """About how many rows there are: of subjects as counted, of others as their owners' columns say."""
        if role.owner is None:
            return round(spent.subjects)
        coded = parts[role.owner.parent][0].coded[rows_name(role.owner)]
        assert isinstance(coded, Numbers)
        return int(spread(coded, made[role.owner.parent].rows).sum())

    def _account(self, spent: Spent, drafts: Mapping[TableName, Draft]) -> Privacy:
        private, plan = self.private, self.private.plan
        columns = gaussian(spent.columns, times=spent.asked)
        network = gaussian(spent.gradients, times=plan.steps, sampled=spent.sampled)
        shares = [
            Share(
                "columns of all tables",
                "discrete Gaussian counts",
                spent.columns,
                spent.asked,
                1.0,
                epsilon_of(columns, private.delta),
            )
        ]
        told = epsilon_of(network, private.delta)
        for name, draft in drafts.items():
            if draft.asked.columns:
                what = f"network of {name}"
                shares.append(Share(what, "Gaussian gradients", spent.gradients, plan.steps, spent.sampled, told))
        root = next(draft.model.role.table for draft in drafts.values() if draft.model.role.owner is None)
        below = [f"{one.bound} of its {name}" for name, one in drafts.items() if name != root]
        kept = f", learned from at most {' and '.join(below)}" if below else ""
        return Privacy(
            epsilon_of(columns + spent.networks * network, private.delta - spent.label_delta),
            private.delta,
            f"one row of {root} with all that belongs to it{kept}",
            1,
            tuple(shares),
            spent.label_delta,
            self._public(),
            self._chance.seeded,
        )

    def _public(self) -> tuple[str, ...]:
        """What is not paid for."""
        private = self.private
        told = ["names and types of columns, declared labels, bounds, keys and lengths, and which keys are unique"]
        told += [f"rows of {role.table}" for role in self.plan.roles if role.given]
        told += [
            f"how {table}.{name} is written" for table, ways in self._ways.items() for name in ways if name[0] != "^"
        ]
        told += [f"bounds of {name}" for name in private.bounds] + [f"labels of {name}" for name in private.categories]
        return (*told, "settings of the fit; the numbers of rows are paid for")


def _table(columns: Mapping[str, Any], rows: int) -> pa.Table:
    return pa.table(columns or {"": pa.nulls(rows)})


def _plain(kind: pa.DataType) -> pa.DataType:
    return arrow.plain(pa.array([], kind)).type


def _shows(coded: Coded, name: str, habits: Habits) -> bool:
    """Whether a column is worth showing to children, and read by the codec that is there."""
    few = isinstance(coded, Categories) and len(coded.labels) <= _LABELS
    return name not in habits.steps and (few or isinstance(coded, Numbers | Moments))


def _with(model: Model, parts: tuple[Encoder, Any] | None, privacy: Privacy, device: str) -> Model:
    """A model with its network, which says what was spent."""
    from understudy.synth.network.train import Learned

    if parts is None or not parts[0].made:
        return model
    learned = Learned(0, math.nan, math.nan, privacy)
    return replace(model, flat=Flat.of(str(model.role.table), *parts, learned, device=device))
