"""What is learned of each of several tables: a network over its rows, beside what is found of keys and children."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.interfaces import Progress
from understudy.schema import Column, ForeignKey, Table, TableName
from understudy.synth.encoding.columns import Coded
from understudy.synth.encoding.encode import FEWEST, column_of
from understudy.synth.encoding.identifiers import Identifiers, identifiers_of, is_identifier
from understudy.synth.families.carried import Pairs, carried
from understudy.synth.families.children import (
    Habits,
    Siblings,
    Whole,
    counters_of,
    habits_of,
    means_of,
    order_of,
    plans_of,
    shuffled,
    sorted_siblings,
)
from understudy.synth.families.gather import NONE, Gathered, columns_of, joined
from understudy.synth.families.links import Clusters, clusters_of
from understudy.synth.families.order import Plan, Role, optional
from understudy.synth.families.sequences import examples
from understudy.synth.flat import Flat
from understudy.synth.network.effort import Budget, Effort

_TEXTS = 100
"""Different labels of a parent's column up to which its children are shown it."""
_SHOWN = 48
_WITHIN = 0.95
_DEEPEST = 40
_STRANGE = "?"


@dataclass(frozen=True)
class Model:
    """All that is learned of one table; no row is in it."""

    role: Role
    schema: pa.Schema
    rows: int
    """How many there were."""
    values: tuple[str, ...]
    """Columns that a network makes."""
    fresh: Mapping[str, Identifiers]
    """Columns that name rows, and get values of their own."""
    carried: Mapping[str, Pairs] = field(default_factory=dict)
    """For keys, by their ids, columns that repeat one of the parent."""
    shown: tuple[str, ...] = ()
    """Columns that the table's children are shown."""
    habits: Habits = field(default_factory=Habits)
    plans: tuple[str, ...] = ()
    """Columns of the network that say what its children come to."""
    counts: tuple[str, ...] = ()
    """Keys, by their ids, of which a row has a number of children."""
    clusters: Mapping[str, Clusters] = field(default_factory=dict)
    """For each link the groups of the parent's rows."""
    ranks: tuple[str, ...] = ()
    """Links of the table to itself whose rows stand in ranks: each points at one of the rank before."""
    within: tuple[str, ...] = ()
    """Links to rows of the same owner."""
    pairs: tuple[str, ...] = ()
    """Links that no owner has twice to the same row."""
    forced: tuple[str, ...] = ()
    """Keys, by their ids, that no row may lack."""
    uniques: tuple[tuple[str, ...], ...] = ()
    alone: float = 0.0
    """Rows without an owner for each that has one."""
    flat: Flat | None = None

    @property
    def coded(self) -> Mapping[str, Coded]:
        """The codec of each column that is made, but for keys of others."""
        return {**self.fresh, **(self.flat.encoder.coded if self.flat is not None else {})}


def rows_name(key: ForeignKey) -> str:
    """The column that says how many children a row has."""
    return f"{key.id} rows"


def kind_name(key: str) -> str:
    """The column that says to which cluster a row's parent belongs."""
    return f"{key} kind"


def there_name(column: str) -> str:
    """The column that says whether a row has a value of its own."""
    return f"{column} there"


def beside_means(context: pa.Table, key: ForeignKey, means: Mapping[str, pa.Array | pa.ChunkedArray]) -> pa.Table:
    """What a row's children are shown of it, with what those come to that point at it by a key."""
    for name, values in means.items():
        context = context.append_column(f"^ {key.id} {name}", values)
    return context


def later_siblings(plan: Plan, owner: ForeignKey) -> bool:
    """Whether the owner of a table has others that are made after it."""
    order = [role.table for role in plan.roles]
    own = order.index(owner.table)
    return any(order.index(key.table) > own for key in plan.owned(owner.parent))


class Learning:
    """Learns all tables of a plan from what was gathered."""

    def __init__(
        self,
        plan: Plan,
        tables: Mapping[TableName, Table],
        found: Mapping[TableName, Gathered],
        lookups: Collection[TableName],
        effort: Effort | Budget,
        seed: int,
        threads: int,
        device: str,
    ) -> None:
        self._plan, self._tables, self._found, self._lookups = plan, tables, found, lookups
        self._effort, self._seed, self._threads, self._device = effort, seed, threads, device
        self._k = int(np.random.default_rng((seed, 1)).integers(5, 11))
        self._siblings: dict[TableName, Siblings] = {}
        self._owners: dict[TableName, int] = {}
        self._context: dict[TableName, pa.Table] = {}

    def models(self, progress: Progress) -> dict[TableName, Model]:
        """Everything, parents first."""
        drafts = {role.table: self._draft(role) for role in self._plan.roles}
        made = {}
        for at, role in enumerate(self._plan.roles):
            draft = self._linked(drafts[role.table], drafts)
            if role.table not in self._lookups:
                draft = self._taught(draft, drafts, at, progress)
            if role.owner is not None:
                self._tell(draft, role.owner)
            made[role.table] = draft
        return made

    def _tell(self, draft: Model, owner: ForeignKey) -> None:
        """Let the owner's other tables know what this one's rows come to."""
        if not later_siblings(self._plan, owner):
            return
        siblings, context = self._siblings[draft.role.table], self._context[owner.parent]
        means = means_of(siblings.rows, siblings.owner, draft.habits, self._owners[owner.table])
        theirs = {name: values.slice(0, len(context)) for name, values in means.items()}
        self._context[owner.parent] = beside_means(context, owner, theirs)

    def _draft(self, role: Role) -> Model:
        """Everything but links and the network: which columns are what, and how children go on."""
        table, own = self._tables[role.table], self._found[role.table]
        filled = joined(self._plan.keys, role.table)
        pointed = {c for key in self._plan.keys if key.parent == role.table for c in key.parent_columns}
        left = [one.name for one in own.rows.schema if one.name not in filled]
        counters: tuple[tuple[str, int], ...] = ()
        if role.owner is not None:
            siblings, order = self._sorted(role, role.owner)
            counters = counters_of(siblings, left) if order else ()
            left = [name for name in left if name not in dict(counters)]
        keys = [key for key in (role.owner, *role.links) if key] if not role.given else []
        every = (*self._plan.keys, *self._plan.moved)
        parents, leave = [self._found[key.parent] for key in keys], [joined(every, key.parent) for key in keys]
        repeated = carried(own, left, keys, parents, leave)
        left = [name for name in left if not any(name in dict(pairs) for pairs in repeated.values())]
        fresh: dict[str, Identifiers] = {}
        values = []
        for name in left:
            column = table.by_name.get(name) or column_of(own.rows.schema.field(name))
            found = arrow.plain(own.rows.column(name).combine_chunks())
            unique = any(u.columns == (name,) and not u.predicate for u in table.uniques)
            if name in pointed or is_identifier(found, unique=unique, called=name):
                if pa.types.is_decimal(found.type):
                    found = found.cast(pa.int64(), safe=False)
                fresh[name] = identifiers_of(
                    found, self._k, nullable=column.nullable, max_length=column.max_length,
                    unique=unique or name in pointed,
                )  # fmt: skip
            else:
                values.append(name)
        habits = habits_of(siblings, order, values, counters, self._k) if role.owner is not None else Habits()
        shown = [name for name in values if _few(own.rows.column(name))][:_SHOWN]
        uniques = tuple(u.columns for u in table.uniques if u.columns and not u.predicate and not u.expressions)
        uniques = tuple(u for u in uniques if set(u) <= set(own.rows.column_names))
        uniques = tuple(u for u in uniques if not (set(u) & (fresh.keys() | set(habits.counted))))
        return Model(
            role, own.rows.schema, own.seen, tuple(values), fresh, repeated, tuple(shown), habits, uniques=uniques
        )

    def _sorted(self, role: Role, owner: ForeignKey) -> tuple[Siblings, str]:
        """The rows of each owner in order, and the column that says so; rows without one are owners of themselves."""
        own = self._found[role.table]
        at = own.parents[owner.id].copy()
        alone = at == NONE
        parents = len(self._found[owner.parent].rows)
        at[alone] = parents + np.arange(int(alone.sum()))
        order = order_of(self._tables[role.table], own.rows, at, owner.columns)
        siblings = sorted_siblings(own.rows, at, order)
        if not order:
            siblings = shuffled(siblings, self._seed)
        self._siblings[role.table], self._owners[role.table] = siblings, parents + int(alone.sum())
        return siblings, order

    def _linked(self, draft: Model, drafts: Mapping[TableName, Model]) -> Model:
        """What is found of the links of a table."""
        role, own, table = draft.role, self._found[draft.role.table], self._tables[draft.role.table]
        clusters, ranks, within, pairs = {}, [], [], []
        owner = own.parents[role.owner.id] if role.owner else None
        for key in (*role.links, *role.late):
            parent, at = self._found[key.parent], own.parents[key.id]
            if self._inside(role, key, at):
                within.append(key.id)
            if key.parent == role.table and (depth := depths(at)) is not None:
                ranks.append(key.id)
                clusters[key.id] = Clusters(int(min(depth.max(initial=0), _DEEPEST)) + 1)
            elif key.parent in self._lookups:
                clusters[key.id] = Clusters(max(len(parent.rows), 1))
            elif key.id in within:
                clusters[key.id] = Clusters(1)
            else:
                names, seed = drafts[key.parent].shown, self._seed
                count = int((at >= 0).sum())
                clusters[key.id] = clusters_of(parent.rows, names, parent.counts[key.id], count, self._k, seed)
            if owner is not None and key.id not in ranks and _distinct(owner, at):
                pairs.append(key.id)
        forced = [key.id for key in (role.owner, *role.links, *role.late) if key and not optional(table, key)]
        counts = tuple(key.id for key in self._plan.children(role.table) if role.table not in self._lookups)
        return replace(
            draft,
            clusters=clusters,
            ranks=tuple(ranks),
            within=tuple(within),
            pairs=tuple(pairs),
            forced=tuple(forced),
            counts=counts,
        )

    def _inside(self, role: Role, key: ForeignKey, at: Whole) -> bool:
        """Whether rows point at rows of their own owner."""
        other = next(one for one in self._plan.roles if one.table == key.parent)
        if not role.owner or not other.owner or role.owner.parent != other.owner.parent:
            return False
        mine = self._found[role.table].parents[role.owner.id]
        theirs = self._found[key.parent].parents[other.owner.id]
        there = at >= 0
        return bool(there.any() and (theirs[at[there]] == mine[there]).mean() >= _WITHIN)

    def _taught(self, draft: Model, drafts: Mapping[TableName, Model], number: int, progress: Progress) -> Model:
        """Teach a network the rows of a table: its own columns, its links, and what its children come to."""
        role, own, table = draft.role, self._found[draft.role.table], self._tables[draft.role.table]
        more: dict[str, pa.Array] = {}
        plans: list[str] = []
        for key in self._plan.children(role.table):
            more[rows_name(key)] = pa.array(own.counts[key.id])
        for key in self._plan.owned(role.table):
            child = drafts[key.table]
            found = plans_of(self._siblings[key.table], child.habits, self._owners[key.table])
            for name, values in found.items():
                more[f"{key.id} {name}"] = values.slice(0, len(own.rows))
                plans.append(f"{key.id} {name}")
        context_more = dict(more)
        for key in () if role.given else (*role.links, *role.late):
            clusters, ranked = draft.clusters[key.id], key.id in draft.ranks
            more[kind_name(key.id)] = kinds_of(clusters, key, ranked, own, self._found[key.parent])
        for name in draft.fresh:
            if own.rows.column(name).null_count and not role.given:
                more[there_name(name)] = own.rows.column(name).is_valid().combine_chunks()
        own_columns = dict(zip(draft.values, columns_of(own.rows, draft.values), strict=True))
        shown = {f"^ {name}": own_columns[name] for name in draft.shown}
        shown |= {f"^ {name}": values for name, values in context_more.items()}
        above, context = self._above(role, own)
        self._context[role.table] = pa.table({**shown, **{f"^ {n}": above.column(n) for n in above.column_names}})
        draft = replace(draft, plans=tuple(plans))
        if not own_columns and not more:
            return draft
        rows = pa.table({**own_columns, **more})
        if role.owner is not None and not role.given:
            rows, alone = self._in_sequence(draft, role.owner, rows, context)
            draft = replace(draft, alone=alone)
            names = tuple(n for n in rows.column_names if n[0] in "^~")
        else:
            names = ()
        if len(rows.column_names) == len(names):
            return draft
        columns = tuple(_column(table, one, draft.habits) for one in rows.schema)
        flat = Flat(
            self._effort,
            seed=self._seed + number,
            threads=self._threads,
            device=self._device,
            context=names,
            relations=draft.values if draft.plans else True,
            related=True,
        )
        learned = Table(role.table, columns)
        return replace(draft, flat=flat.fit(learned, rows, progress=progress))

    def _above(self, role: Role, own: Gathered) -> tuple[pa.Table, pa.Table]:
        """What is known of the owner of each row; and of each owner."""
        if role.owner is None or role.given:
            return pa.table({}), pa.table({})
        context = self._context[role.owner.parent]
        at = own.parents[role.owner.id]
        return context.take(pa.array(at, mask=at < 0)), context

    def _in_sequence(
        self, draft: Model, owner: ForeignKey, rows: pa.Table, context: pa.Table
    ) -> tuple[pa.Table, float]:
        """Rows with what is known before each beside them, and of its owner; and the rows without one to each other."""
        table = draft.role.table
        parents, owners = len(self._found[owner.parent].rows), self._owners[table]
        siblings = self._siblings[table]
        names = list(draft.values)
        plans = plans_of(siblings, draft.habits, owners)
        for name, values in plans.items():
            plans[name] = pa.concat_arrays([values.slice(0, parents), pa.nulls(owners - parents, values.type)])
        learned = examples(siblings, draft.habits, names, plans, owners)
        at = siblings.owner
        above = context.take(pa.array(at, mask=at >= parents))
        beside = rows.take(pa.array(siblings.index)).drop_columns(names)
        columns = {name: learned.column(name) for name in learned.column_names}
        columns |= {name: beside.column(name) for name in beside.column_names}
        columns |= {name: above.column(name) for name in above.column_names}
        alone = int((at >= parents).sum())
        return pa.table(columns), alone / max(len(at) - alone, 1)


def kinds_of(clusters: Clusters, key: ForeignKey, ranked: bool, own: Gathered, parent: Gathered) -> pa.Array:
    """The cluster of each row's parent as a label; null where there is none."""
    at = own.parents[key.id]
    if ranked:
        depth = depths(at)
        assert depth is not None
        return pa.array([f"k{min(one, _DEEPEST)}" for one in depth.tolist()], pa.string(), mask=depth == 0)
    counts = parent.counts.get(key.id, np.zeros(len(parent.rows), np.int64))
    group = grouped(clusters, parent.rows, counts, key)
    names = np.array([*kinds(clusters), _STRANGE, _STRANGE], object)
    label = names[group[at]] if len(group) else np.full(len(at), _STRANGE, object)
    label[at < 0] = _STRANGE
    return pa.array(label, pa.string(), mask=at == NONE)


def kinds(clusters: Clusters) -> list[str]:
    """The labels of clusters."""
    return [f"k{one}" for one in range(clusters.count)]


def rank_of(rows: pa.Table, key: ForeignKey) -> Whole:
    """The order of a parent's rows by their key: positions, the least key first."""
    plain = pa.table(dict(zip(key.parent_columns, columns_of(rows, key.parent_columns), strict=True)))
    order = pc.sort_indices(plain, [(name, "ascending") for name in key.parent_columns])
    return np.asarray(order.to_numpy(zero_copy_only=False), np.int64)


def grouped(clusters: Clusters, rows: pa.Table, counts: Whole, key: ForeignKey) -> Whole:
    """The cluster of each row of a parent; where each row is one, its place by its key."""
    if clusters.each > 1:
        return np.minimum(np.argsort(rank_of(rows, key), kind="stable"), clusters.each - 1)
    return clusters.of(rows, counts)


def depths(at: Whole) -> Whole | None:
    """How many rows stand above each row that points at rows of its own table; None where some go in circles."""
    depth = np.zeros(len(at), np.int64)
    up = np.where(at >= 0, at, -1)
    for _ in range(len(at) + 1):
        if (up < 0).all():
            return depth
        depth += up >= 0
        if depth.max() > 10_000:
            return None
        up = np.where(up >= 0, np.where(at[up] >= 0, at[up], -1), -1)
    return None


def _few(column: pa.ChunkedArray) -> bool:
    """Whether a column is worth showing to children: no texts of many kinds."""
    values = arrow.plain(column.combine_chunks())
    return not arrow.is_text(values.type) or bool(pc.count_distinct(values).as_py() <= _TEXTS)


def _distinct(owner: Whole, at: Whole) -> bool:
    """Whether no owner points at a row twice, though owners point at several."""
    there = (owner >= 0) & (at >= 0)
    pairs = np.stack([owner[there], at[there]])
    several = len(pairs[0]) - len(np.unique(pairs[0]))
    return several >= FEWEST and len(np.unique(pairs, axis=1)[0]) == len(pairs[0])


def _column(table: Table, one: pa.Field, habits: Habits) -> Column:
    """What is said of a column to the network: as in the table, unless it is coded otherwise."""
    own = table.by_name.get(one.name)
    if own is None or one.name in habits.recoded or one.name[0] in "^~":
        return column_of(one)
    return own
