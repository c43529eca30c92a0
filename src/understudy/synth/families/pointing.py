"""Giving made rows their parents: which row of another table, or of their own, each of their keys points at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.errors import InputError
from understudy.schema import ForeignKey, TableName
from understudy.synth.families.children import Whole
from understudy.synth.families.gather import Keys, columns_of
from understudy.synth.families.learning import Model, grouped
from understudy.synth.families.links import Pools, unique_pairs
from understudy.synth.families.order import Plan
from understudy.synth.families.watch import Marks


@dataclass
class There:
    """The rows of one table that are there, as far as others need them."""

    rows: pa.Table
    counts: dict[str, Whole] = field(default_factory=dict)
    plans: dict[str, pa.Array] = field(default_factory=dict)
    context: pa.Table = field(default_factory=lambda: pa.table({}))
    owner: Whole = field(default_factory=lambda: np.zeros(0, np.int64))
    kinds: dict[str, pa.Array] = field(default_factory=dict)
    marks: list[Marks] = field(default_factory=list)
    """What filters know of the rows, and then of those above them; nothing of rows that were handed in."""


class Dice:
    """Chance for each table and purpose, from one seed."""

    def __init__(self, plan: Plan, seed: int) -> None:
        self._number = {role.table: at for at, role in enumerate(plan.roles)}
        self._seed = seed

    def of(self, name: TableName, *what: int) -> np.random.Generator:
        """A generator of its own."""
        return np.random.default_rng((self._seed, self._number[name], *what))

    def seed_of(self, name: TableName, *what: int) -> int:
        """A seed of its own."""
        return int(np.random.SeedSequence((self._seed, self._number[name], *what)).generate_state(1)[0])


class Pointing:
    """Hands out parent rows, over one draw of all tables."""

    def __init__(
        self, plan: Plan, models: Mapping[TableName, Model], there: Mapping[TableName, There], dice: Dice
    ) -> None:
        self._plan, self._models, self._there, self._dice = plan, models, there, dice
        self._pools: dict[str, tuple[Pools, int]] = {}

    def fill(self, columns: dict[str, pa.Array], key: ForeignKey, at: Whole, rows: int) -> None:
        """Fill the columns of a key from the parent's rows, and those that repeat it; what another key filled stays."""
        parent = self._there[key.parent].rows
        repeated = self._models[key.table].carried.get(key.id, ())
        for column, other in (*zip(key.columns, key.parent_columns, strict=True), *repeated):
            if column not in columns:
                values = parent.column(other).combine_chunks()
                columns[column] = values.take(pa.array(at, mask=at < 0)) if len(values) else pa.nulls(rows, values.type)

    def moved(self, name: TableName) -> list[ForeignKey]:
        """The keys of a table whose rows are copied that point at made ones."""
        return [key for key in self._plan.moved if key.table == name]

    def anew(self, name: TableName, rows: pa.Table) -> pa.Table:
        """Copied rows that point at made ones: those that pointed at the same row point at one together again."""
        rng = self._dice.of(name, 13)
        for key in self.moved(name):
            parents, own = self._there[key.parent].rows, columns_of(rows, key.columns)
            if not len(parents):
                raise InputError(f"rows of {name} point at {key.parent}, of which none is made", hint="make some")
            first = Keys(own).find(own)
            different, at = np.unique(first, return_inverse=True)
            chosen = rng.permutation(len(parents))[np.arange(len(different)) % len(parents)][at]
            for column, other in zip(key.columns, key.parent_columns, strict=True):
                values = arrow.plain(parents.column(other).combine_chunks()).take(pa.array(chosen, mask=first < 0))
                place, kind = rows.schema.get_field_index(column), rows.schema.field(column).type
                rows = rows.set_column(place, rows.schema.field(place), arrow.like(values, kind))
        return rows

    def linked(
        self,
        model: Model,
        key: ForeignKey,
        label: pa.Array,
        columns: Mapping[str, pa.Array],
        owner: Whole,
        rng: np.random.Generator,
    ) -> Whole:
        """The parent row of each row by one of its links."""
        parent = self._there[key.parent]
        clusters = model.clusters[key.id]
        none = np.asarray(label.is_null())
        wanted = _numbers(label, clusters.count, rng)
        shared = [c for c in key.columns if c in columns]
        if shared:
            wanted = self._alike(key, shared, columns)
        elif key.id in model.within:
            wanted = owner.copy()
        pools, group = self._pool(model, key, clusters.each > 1, shared)
        wanted = np.where(none, -1, np.minimum(wanted, group))
        at = pools.take(wanted)
        if key.id in model.pairs:
            at = unique_pairs(owner, at, wanted, len(parent.rows), rng)
        lost = (at < 0) & ~none
        if lost.any() and key.id in model.forced:
            if shared or not len(parent.rows):
                raise InputError(
                    f"rows of {model.role.table} need a row of {key.parent} by {key.id}, and there is none",
                    hint=f"make or give more rows of {key.parent}",
                )
            at[lost] = rng.integers(0, len(parent.rows), int(lost.sum()))
        return at

    def _alike(self, key: ForeignKey, shared: list[str], columns: Mapping[str, pa.Array]) -> Whole:
        """For each row the group of the parent's rows that have the same values where two keys share columns."""
        others = [o for c, o in zip(key.columns, key.parent_columns, strict=True) if c in shared]
        rows = self._there[key.parent].rows
        first = rows.select(others).group_by(others).aggregate([]) if len(rows) else rows.select(others)
        return Keys(columns_of(first, others)).find([arrow.plain(columns[c]) for c in shared])

    def _pool(self, model: Model, key: ForeignKey, each: bool, shared: list[str]) -> tuple[Pools, int]:
        """The slots of a parent's rows, and the last group; made once for each draw."""
        if key.id not in self._pools:
            parent = self._there[key.parent]
            clusters, rows = model.clusters[key.id], len(parent.rows)
            counts = parent.counts.get(key.id, np.ones(rows, np.int64))
            near = None
            if shared:
                others = [o for c, o in zip(key.columns, key.parent_columns, strict=True) if c in shared]
                first = parent.rows.select(others).group_by(others).aggregate([])
                group = Keys(columns_of(first, others)).find(columns_of(parent.rows, others))
                many = len(first)
            elif key.id in model.within:
                group, many = parent.owner.copy(), int(parent.owner.max(initial=0)) + 2
                group[group < 0] = many - 1
            else:
                group, many = grouped(clusters, parent.rows, counts, key), clusters.count
                if not each:
                    near = clusters.near()
            rng = self._dice.of(model.role.table, 4, self._plan.keys.index(key))
            self._pools[key.id] = Pools(group, counts, max(many, 1), rng, near), max(many, 1) - 1
        return self._pools[key.id]

    def ranked(self, model: Model, key: ForeignKey, label: pa.Array, there: There) -> Whole:
        """Parents in the same table: each row points at one of the rank before its own, so nothing goes in circles."""
        ranks = model.clusters[key.id].count
        depth = np.where(np.asarray(label.is_null()), 0, _numbers(label, ranks, self._dice.of(key.table, 6)))
        group, many = depth, ranks
        if key.id in model.within:
            group, many = depth + ranks * (there.owner + 1), ranks * (int(there.owner.max(initial=-1)) + 2)
        pools = Pools(group, there.counts[key.id], many, self._dice.of(key.table, 7), None)
        return pools.take(np.where(depth > 0, group - 1, -1))


def _numbers(label: pa.Array, count: int, rng: np.random.Generator) -> Whole:
    """The numbers of clusters; those that are none are drawn."""
    known = pa.array([f"k{one}" for one in range(count)], pa.string())
    at = pc.fill_null(pc.index_in(label, value_set=known), -1)
    found: Whole = at.to_numpy(zero_copy_only=False).astype(np.int64)
    strange = found < 0
    found[strange] = rng.integers(0, max(count, 1), int(strange.sum()))
    return found
