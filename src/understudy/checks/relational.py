"""Do made tables hang together as the real ones do: keys, children per parent, columns across tables, sequences?

Everything is reduced to tables whose rows can be compared like any others: parents with aggregates of their children
(C2ST-Agg, after SyntheRela, arXiv 2410.03411), rows joined to their ancestors, rows joined to their successors.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.checks.c2st import c2st
from understudy.checks.marginals import agreement, shape, trend
from understudy.checks.scores import Score, attempt
from understudy.checks.sides import FEWEST, ROWS, Sides, coded, flattened, is_measure, numbers, sides
from understudy.errors import InputError
from understudy.schema import ForeignKey, TableName

Tables = Mapping[TableName, pa.Table]
Rows = NDArray[np.int64]

HOPS = 3
"""Foreign keys that are followed at most to compare a row with its ancestors."""

_SORTED = 0.95  # share of successors that are not smaller, from which rows stand in the order of a column
_NEXT = "next "
_STEP = "step of "


@dataclass(frozen=True)
class Family:
    """Several tables of one side and the foreign keys between them."""

    tables: Tables
    keys: tuple[ForeignKey, ...]

    def table(self, name: TableName) -> pa.Table:
        """The table of that name; an InputError where it was not given."""
        if name not in self.tables:
            raise InputError(f"table {name} was not given", hint="give every table that a foreign key joins")
        return self.tables[name]

    def parents(self, key: ForeignKey) -> Rows:
        """For every child row the position of its parent row: -1 where it is not there, -2 where none is named."""
        return positions(self.table(key.table), key.columns, self.table(key.parent), key.parent_columns)

    def plain(self, name: TableName) -> list[str]:
        """The columns of a table that say something of a row: all but those that foreign keys join."""
        mine = {column for key in self.keys if key.table == name for column in key.columns}
        mine |= {column for key in self.keys if key.parent == name for column in key.parent_columns}
        return [column for column in self.table(name).column_names if column not in mine]


@dataclass(frozen=True)
class Families:
    """Real, made and held-out tables: every comparison derives the same table from each of them."""

    real: Family
    made: Family
    held: Family | None
    rows: int

    def sides(self, subject: str, derive: Callable[[Family], pa.Table]) -> Sides:
        """What a derived table is like on all sides."""
        held = None if self.held is None else derive(self.held)
        return sides(derive(self.real), derive(self.made), held, subject=subject, rows=self.rows)


def relational(
    real: Tables,
    made: Tables,
    keys: Iterable[ForeignKey],
    holdout: Tables | None = None,
    *,
    order: Mapping[TableName, str] | None = None,
    rows: int = ROWS,
) -> list[Score]:
    """All relational Scores, by foreign key and by table; what could not be computed is a Score that says so.

    ``holdout`` are other entities with their rows; without it, halves of derived rows are compared, which flatters the
    ceiling where rows of one entity stand in both.  ``order`` names the column that orders the rows of a child table;
    else one is found in the real rows, which then must stand in that order.
    """
    keys = tuple(keys)
    held = None if holdout is None else Family(holdout, keys)
    families = Families(Family(real, keys), Family(made, keys), held, rows)
    scores: list[Score] = []
    for key in keys:
        column = (order or {}).get(key.table, "")
        scores += attempt("integrity", key.id, partial(integrity, families, key))
        scores += attempt("cardinality", key.id, partial(cardinality, families, key))
        scores += attempt("sequence", key.id, partial(sequence, families, key, column))
    for path in _paths(keys):
        scores += attempt("hop trend", _shown(path), partial(hop_trend, families, path))
    agg: list[Score] = []
    for parent in sorted({key.parent for key in keys}):
        agg += attempt("c2st-agg holdout", str(parent), partial(aggregates, families, parent))
    scores += [*_worst(agg), *agg]
    scores += attempt("unique pairs", "tables", partial(unique_pairs, families))
    return scores


def integrity(families: Families, key: ForeignKey) -> list[Score]:
    """The share of child rows that name a parent row and have it, exact; and how near the share naming none is."""
    found = families.made.parents(key)
    pointing, orphans = int((found > -2).sum()), int((found == -1).sum())
    real = families.real.parents(key)
    ceiling = 1 - float((real == -1).sum()) / max(int((real > -2).sum()), 1)
    value = 1 - orphans / max(pointing, 1)
    detail = f"{orphans:,} of {pointing:,} rows point at a row of {key.parent} that is not there"
    scores = [Score("integrity", key.id, value, None, ceiling, value, value, True, detail if orphans else "")]
    none, wanted = _without(found), _without(real)
    if none or wanted:
        held = wanted if families.held is None else _without(families.held.parents(key))
        value, ceiling = 1 - abs(none - wanted), 1 - abs(held - wanted)
        detail = f"{none:.1%} of rows have no parent where {wanted:.1%} of the real ones have none"
        scores.append(Score("optional key", key.id, value, None, ceiling, value, value, True, detail))
    return scores


def _without(parents: Rows) -> float:
    """The share of rows that name no parent."""
    return float((parents == -2).mean()) if len(parents) else 0.0


def cardinality(families: Families, key: ForeignKey) -> list[Score]:
    """How alike the number of children per parent is distributed, parents without any included.

    The floor is what children spread over parents at random get.
    """

    if _few(families, key.parent):
        return [_nothing("cardinality", key.id, f"{key.parent} has too few rows to compare any")]

    def derive(family: Family) -> pa.Table:
        return pa.table({"children": _children(family, key)})

    compared = families.sides(key.id, derive)
    real, counts = compared.facets[0].real, _children(families.real, key)
    dice = np.random.default_rng(compared.seed)
    spread = dice.multinomial(counts.sum(), np.full(len(counts), 1 / len(counts))) if len(counts) else counts
    chance = sides(pa.table({"children": real}), pa.table({"children": spread.astype(np.float64)}))
    score = next(score for score in shape(compared) if score.name == "shape")
    detail = f"{compared.facets[0].made.mean():.2f} children a parent where the real ones have {real.mean():.2f}"
    return [replace(score, name="cardinality", subject=key.id, floor=shape(chance)[0].value, detail=detail)]


def hop_trend(families: Families, path: Sequence[ForeignKey]) -> list[Score]:
    """How alike columns of a table go together with those of an ancestor; and the pair of them that lost most."""
    columns: set[str] = set()

    def derive(family: Family) -> pa.Table:
        start, end = family.table(path[0].table), family.table(path[-1].parent)
        at = np.arange(start.num_rows)
        for key in path:
            parents = family.parents(key)
            at = np.where(at >= 0, parents[np.maximum(at, 0)], -1) if len(parents) else at
        there = at >= 0
        left = start.select(family.plain(path[0].table)).filter(pa.array(there))
        right = end.select(family.plain(path[-1].parent)).take(pa.array(at[there]))
        columns.update(f"{path[-1].parent}.{name}" for name in right.column_names)
        renamed = (
            [f"{path[0].table}.{name}" for name in left.column_names],
            [f"{path[-1].parent}.{name}" for name in right.column_names],
        )
        return pa.table(dict(zip([*renamed[0], *renamed[1]], [*left.columns, *right.columns], strict=True)))

    if not families.real.plain(path[0].table) or not families.real.plain(path[-1].parent):
        return [_nothing("hop trend", _shown(path), "a table of nothing but keys has no columns to compare")]
    if _few(families, path[0].table):
        return [_nothing("hop trend", _shown(path), f"{path[0].table} has too few rows to compare any")]
    found = trend(families.sides(_shown(path), derive), columns)
    away = f"{len(path)} key{'' if len(path) == 1 else 's'} away"
    return [
        replace(score, name=score.name.replace("trend", "hop trend"), detail=f"{away}; {score.detail}".rstrip("; "))
        for score in found
        if score.name != "trend of column"
    ]


def sequence(families: Families, key: ForeignKey, order: str = "") -> Iterator[Score]:
    """How alike rows follow one another within a parent: pairs of successive values, steps, and what trees tell.

    Yields ``sequence``, ``sequence step``, ``sequence length`` and ``sequence c2st``; a single Score that says so
    where rows have no order.
    """
    by = order or ordered_by(families.real, key)
    if not by:
        yield _nothing("sequence", key.id, "the real rows stand in the order of no column")
        return
    compared = families.sides(key.id, lambda family: successions(family, key, by))
    names = [facet.name for facet in compared.facets if not facet.name.startswith((_NEXT, _STEP))]
    if names:
        yield agreement(compared, "sequence", [(name, _NEXT + name) for name in names], f"rows ordered by {by}")
    step = next((score for score in shape(compared) if score.subject == _STEP + by), None)
    if step is not None:
        yield replace(step, name="sequence step", subject=f"{key.id} [{by}]")
    yield from _lengths(families, key)
    yield from (replace(score, name=f"sequence {score.name}") for score in c2st(compared))


def _lengths(families: Families, key: ForeignKey) -> Iterator[Score]:
    """How alike sequences are in length, parents without any left out: one minus the Kolmogorov-Smirnov distance."""

    def derive(family: Family) -> pa.Table:
        children = _children(family, key)
        return pa.table({"length": children[children > 0]})

    if min(len(derive(family)["length"]) for family in (families.real, families.made)) < 2 * FEWEST:
        return
    score = next(score for score in shape(families.sides(key.id, derive)) if score.name == "shape")
    yield replace(score, name="sequence length", subject=key.id, detail="parents without any row left out")


def aggregates(families: Families, parent: TableName) -> list[Score]:
    """Can trees tell made parents by their columns and aggregates of their children?

    Of every child table: the number of rows, the mean of its measures, the number of distinct labels.
    """
    if _few(families, parent):
        return [_nothing("c2st-agg holdout", str(parent), f"{parent} has too few rows to compare any")]
    compared = families.sides(str(parent), partial(aggregated, parent=parent))
    return [replace(score, name=score.name.replace("c2st", "c2st-agg")) for score in c2st(compared)]


def _worst(scores: Sequence[Score]) -> list[Score]:
    """The table that is told apart best, which decides; one that could not be judged is worse than any."""
    honest = [score for score in scores if score.name == "c2st-agg holdout"]
    if not honest:
        return []
    return [replace(min(honest, key=lambda one: -1.0 if one.value is None else one.value), name="worst c2st-agg")]


def _few(families: Families, name: TableName) -> bool:
    """Whether a real table is too small to be split and compared, as lookup tables are."""
    return bool(families.real.table(name).num_rows < 2 * FEWEST)


def _nothing(name: str, subject: str, why: str) -> Score:
    """A Score of what leaves nothing to compare: neither better nor worse than anything."""
    return Score(name, subject, 1.0, 1.0, 1.0, 1.0, 1.0, True, why)


def unique_pairs(families: Families) -> list[Score]:
    """Of tables with two foreign keys: how near the share of distinct pairs of parents is to the real one."""
    scores = []
    for name in sorted({key.table for key in families.real.keys}):
        keys = [key for key in families.real.keys if key.table == name]
        for at, one in enumerate(keys):
            for two in keys[at + 1 :]:
                real, made = (_distinct_pairs(family, one, two) for family in (families.real, families.made))
                held = real if families.held is None else _distinct_pairs(families.held, one, two)
                value, ceiling = min(made, real) / max(made, real), min(held, real) / max(held, real)
                detail = f"{made:.1%} of the pairs are distinct where {real:.1%} of the real ones are"
                scores.append(
                    Score("unique pairs", f"{one.id} x {two.id}", value, None, ceiling, value, value, True, detail)
                )
    return scores


def aggregated(family: Family, parent: TableName) -> pa.Table:
    """The rows of a parent table, with aggregates of all its child tables beside them."""
    table = family.table(parent)
    columns = {name: flattened(table.column(name)) for name in family.plain(parent)}
    for key in (key for key in family.keys if key.parent == parent):
        child, at = family.table(key.table), family.parents(key)
        there = at >= 0
        count = np.bincount(at[there], minlength=table.num_rows)
        columns[f"{key.id} rows"] = pa.array(count)
        for name in family.plain(key.table):
            values = child.column(name)
            if is_measure(values.type):
                columns[f"{key.id} mean {name}"] = _mean(numbers(flattened(values)), at, table.num_rows)
            else:
                pairs = np.unique(np.stack([at[there], coded(values)[there]], axis=1), axis=0)[:, 0]
                columns[f"{key.id} distinct {name}"] = pa.array(np.bincount(pairs, minlength=table.num_rows))
    return pa.table(columns)


def successions(family: Family, key: ForeignKey, order: str) -> pa.Table:
    """Every row joined to the next one of its parent, by an order column; and the step between both of it."""
    names = [name for name in family.plain(key.table) if name != order]
    table = family.table(key.table)
    first, second = _successive(family, key, table.column(order))
    left, right = table.take(pa.array(first)), table.take(pa.array(second))
    columns = {name: left.column(name) for name in names}
    columns |= {_NEXT + name: right.column(name) for name in names}
    if is_measure(table.schema.field(order).type):
        columns[_STEP + order] = pa.chunked_array(
            [numbers(flattened(right.column(order))) - numbers(flattened(left.column(order)))]
        )
    return pa.table(columns)


def ordered_by(family: Family, key: ForeignKey) -> str:
    """The measure in whose order the stored rows of each parent stand; empty where there is none."""
    first, second = _successive(family, key, None)
    if len(first) < FEWEST:
        return ""
    found: dict[str, float] = {}
    for name in family.plain(key.table):
        column = family.table(key.table).column(name)
        if is_measure(column.type):
            step = numbers(flattened(column))
            step = step[second] - step[first]
            rising = float((step >= 0).mean())
            if rising >= _SORTED and (step > 0).any():
                found[name] = rising
    return max(found, key=lambda name: found[name], default="")


def positions(child: pa.Table, columns: Sequence[str], parent: pa.Table, parent_columns: Sequence[str]) -> Rows:
    """For every child row the position of the parent row of its key: -1 where there is none, -2 where it is null."""
    here = np.zeros(child.num_rows, np.int64)
    there = np.zeros(parent.num_rows, np.int64)
    null = np.zeros(child.num_rows, np.bool_)
    for column, other in zip(columns, parent_columns, strict=True):
        right = flattened(parent.column(other))
        left = flattened(child.column(column))
        left = left if left.type == right.type else left.cast(right.type)
        null |= left.is_null().to_numpy(zero_copy_only=False)
        codes = coded(pa.chunked_array([left, right]))
        both = np.concatenate([here, there]) * (codes.max(initial=0) + 1) + codes
        both = np.unique(both, return_inverse=True)[1]
        here, there = both[: len(here)], both[len(here) :]
    at = np.full(int(max(here.max(initial=0), there.max(initial=0))) + 1, -1, np.int64)
    at[there] = np.arange(len(there))
    return np.where(null, -2, at[here])


def _successive(family: Family, key: ForeignKey, order: pa.ChunkedArray | None) -> tuple[Rows, Rows]:
    """Positions of rows and of the next row of the same parent, as stored or by an order column."""
    at = family.parents(key)
    index = np.arange(len(at))
    if order is not None:
        index = np.asarray(pc.sort_indices(order).to_numpy(zero_copy_only=False), np.int64)
    index = index[np.argsort(at[index], kind="stable")]
    index = index[at[index] >= 0]
    same = at[index[1:]] == at[index[:-1]]
    return index[:-1][same], index[1:][same]


def _children(family: Family, key: ForeignKey) -> Rows:
    at = family.parents(key)
    return np.bincount(at[at >= 0], minlength=family.table(key.parent).num_rows)


def _mean(values: NDArray[np.float64], at: Rows, rows: int) -> pa.Array:
    there = (at >= 0) & np.isfinite(values)
    count = np.bincount(at[there], minlength=rows)
    total = np.bincount(at[there], values[there], minlength=rows)
    return pa.array(np.divide(total, count, out=np.zeros(rows), where=count > 0), mask=count == 0)


def _distinct_pairs(family: Family, one: ForeignKey, two: ForeignKey) -> float:
    both = np.stack([family.parents(one), family.parents(two)], axis=1)
    both = both[(both >= 0).all(axis=1)]
    return len(np.unique(both, axis=0)) / len(both) if len(both) else 1.0


def _paths(keys: Sequence[ForeignKey]) -> list[tuple[ForeignKey, ...]]:
    """Every way up from a table over at most HOPS foreign keys that enters no table twice."""
    paths: list[tuple[ForeignKey, ...]] = [(key,) for key in keys if key.table != key.parent]
    for path in paths:  # grows while it is read
        seen = {path[0].table, *(key.parent for key in path)}
        if len(path) < HOPS:
            paths += [(*path, key) for key in keys if key.table == path[-1].parent and key.parent not in seen]
    return paths


def _shown(path: Sequence[ForeignKey]) -> str:
    return " -> ".join([*(key.id for key in path), str(path[-1].parent)])
