"""Which row of a parent a made row points at: one of those that go with it, as often as each is to be pointed at.

The parent's rows fall into clusters; which cluster a row's parent is in is learned as a column of the row.  Every
parent row brings as many slots as it is to have children, and slots are handed out inside the cluster, each once: so
the number of children per parent is exact, and who goes with whom holds at the resolution of the clusters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.synth.families.children import Floats, Whole, floats, is_measure

MOST = 64
"""Clusters of one parent table at most."""
_LABELS = 8
_SMALL = 8
"""Rows of the parent, and of its children, that stand behind a cluster at least."""
_ROUNDS = 12


@dataclass(frozen=True)
class Scale:
    """A measure of the parent's rows: its mean and deviation."""

    name: str
    mean: float
    deviation: float


@dataclass(frozen=True)
class Common:
    """A column of labels, and the frequent ones."""

    name: str
    labels: tuple[str, ...]


@dataclass(frozen=True)
class Clusters:
    """How rows of a parent fall into groups; where ``each`` is not 0, into one for each of so many rows."""

    each: int = 0
    measures: tuple[Scale, ...] = ()
    labels: tuple[Common, ...] = ()
    centres: tuple[tuple[float, ...], ...] = ()

    @property
    def count(self) -> int:
        """How many there are."""
        return self.each or len(self.centres)

    def of(self, rows: pa.Table, counts: Whole) -> Whole:
        """The cluster of each row; ``counts`` is how often each is pointed at."""
        if self.each:
            return np.minimum(np.arange(len(rows)), self.each - 1)
        found = self._features(rows, counts)
        return _nearest(found, np.asarray(self.centres))

    def near(self) -> Whole:
        """For each cluster all of them, the nearest first."""
        if self.each:
            return np.add.outer(np.arange(self.each), np.arange(self.each)) % self.each
        centres = np.asarray(self.centres)
        order: Whole = np.argsort(((centres[:, None] - centres[None]) ** 2).sum(-1), axis=1, kind="stable")
        return order

    def _features(self, rows: pa.Table, counts: Whole) -> Floats:
        columns = [np.log1p(counts)]
        for scale in self.measures:
            found = floats(arrow.plain(rows.column(scale.name).combine_chunks()))
            columns.append(np.clip((np.nan_to_num(found, nan=scale.mean) - scale.mean) / scale.deviation, -3, 3))
        for common in self.labels:
            values = arrow.plain(rows.column(common.name).combine_chunks()).cast(pa.string())
            columns += [_flags(pc.equal(values, label)) * 1.5 for label in common.labels]
        return np.stack(columns, 1)


def clusters_of(rows: pa.Table, names: Sequence[str], counts: Whole, children: int, k: int, seed: int) -> Clusters:
    """Group the rows of a parent by their columns and by how often they are pointed at (Lloyd, 1982)."""
    measures, labels = [], []
    for name in names:
        values = arrow.plain(rows.column(name).combine_chunks())
        if is_measure(values.type):
            found = floats(values)
            found = found[~np.isnan(found)]
            if len(found) >= k and found.std() > 0:
                measures.append(Scale(name, float(found.mean()), float(found.std())))
        elif arrow.is_text(values.type) or pa.types.is_boolean(values.type):
            counted = pc.value_counts(values.cast(pa.string()).drop_null()).to_pylist()
            told = sorted((-one["counts"], one["values"]) for one in counted if one["counts"] >= k)
            if len(told) > 1:
                labels.append(Common(name, tuple(label for _, label in told[:_LABELS])))
    draft = Clusters(measures=tuple(measures), labels=tuple(labels))
    points = draft._features(rows, counts)
    many = int(min(MOST, len(rows) ** 0.5, len(rows) / _SMALL, children / (4 * _SMALL)))
    rng = np.random.default_rng(seed)
    some = points[rng.permutation(len(points))[:20_000]]
    centres = _apart(some, max(many, 1), rng)
    for _ in range(_ROUNDS):
        nearest = _nearest(some, centres)
        size = np.bincount(nearest, minlength=len(centres))
        total = np.zeros_like(centres)
        np.add.at(total, nearest, some)
        enough = size >= min(_SMALL, len(some))
        if not enough.any():
            enough[np.argmax(size)] = True
        centres = total[enough] / size[enough, None]
    return Clusters(0, draft.measures, draft.labels, tuple(map(tuple, centres.tolist())))


def _apart(points: Floats, many: int, rng: np.random.Generator) -> Floats:
    """Points to start from, each far from those before (Arthur and Vassilvitskii, 2007)."""
    chosen = [int(rng.integers(0, len(points)))]
    far = ((points - points[chosen[0]]) ** 2).sum(1)
    while len(chosen) < many and far.any():
        chosen.append(int(rng.choice(len(points), p=far / far.sum())))
        far = np.minimum(far, ((points - points[chosen[-1]]) ** 2).sum(1))
    return points[chosen].copy()


def _flags(found: pa.Array) -> Floats:
    flags: Floats = pc.fill_null(found, False).to_numpy(zero_copy_only=False).astype(np.float64)
    return flags


def _nearest(points: Floats, centres: Floats) -> Whole:
    found: Whole = np.argmin((centres**2).sum(1) - 2 * points @ centres.T, axis=1).astype(np.int64)
    return found


class Pools:
    """Slots of parent rows by group, each handed out once; what is wanted beyond them is given again.

    ``near`` lists for each group all of them by distance; without it, nothing is taken from another group.
    """

    def __init__(self, group: Whole, counts: Whole, groups: int, rng: np.random.Generator, near: Whole | None) -> None:
        self._rng, self._near, self._groups = rng, near, groups
        slots = np.repeat(np.arange(len(group)), np.maximum(counts, 0))
        slots = slots[rng.permutation(len(slots))]
        self._slots = slots[np.argsort(group[slots], kind="stable")]
        self._size = np.bincount(group[slots], minlength=groups)
        self._start = np.concatenate([[0], np.cumsum(self._size)])[:-1]
        self._used = np.zeros(groups, np.int64)
        members = rng.permutation(len(group))
        self._members = members[np.argsort(group[members], kind="stable")]
        self._member_size = np.bincount(group, minlength=groups)
        self._member_start = np.concatenate([[0], np.cumsum(self._member_size)])[:-1]

    def take(self, wanted: Whole) -> Whole:
        """A parent row for each wanted group; -1 where the group is none (-1), or has no row and may use no other's."""
        found = np.full(len(wanted), -1, np.int64)
        todo = np.flatnonzero(wanted >= 0)
        found[todo] = self._free(wanted[todo])
        left = todo[found[todo] < 0]
        if self._near is not None and len(left):
            for at in range(1, self._groups):
                other = self._near[wanted[left], at]
                found[left] = self._free(other)
                left = left[found[left] < 0]
                if not len(left):
                    break
        return self._again(found, wanted, left)

    def _free(self, wanted: Whole) -> Whole:
        """A slot for each, as far as there are any left."""
        order = np.argsort(wanted, kind="stable")
        group = wanted[order]
        edge = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]])) if len(group) else np.zeros(0, int)
        rank = np.arange(len(group)) - np.repeat(edge, np.diff(np.append(edge, len(group))))
        at = self._used[group] + rank
        free = at < self._size[group]
        found = np.full(len(wanted), -1, np.int64)
        found[order[free]] = self._slots[self._start[group[free]] + at[free]]
        self._used += np.bincount(group[free], minlength=self._groups)
        return found

    def _again(self, found: Whole, wanted: Whole, left: Whole) -> Whole:
        """Rows of the group once more for what no slot was left for; of any group where others may be used."""
        group = wanted[left]
        own = left[self._member_size[group] > 0]
        group = wanted[own]
        dice = (self._rng.random(len(own)) * self._member_size[group]).astype(np.int64)
        found[own] = self._members[self._member_start[group] + dice]
        rest = left[found[left] < 0]
        if self._near is not None and len(self._members):
            found[rest] = self._members[self._rng.integers(0, len(self._members), len(rest))]
        return found


def unique_pairs(owner: Whole, at: Whole, wanted: Whole, parents: int, rng: np.random.Generator) -> Whole:
    """Parent rows so that no owner has one twice: those that come again are swapped with rows of the same group.

    What cannot be swapped gets a row that its owner has not yet, or none (-1) where it has all.
    """
    at = at.copy()
    there = at >= 0
    pairs: dict[tuple[int, int], int] = {}
    again = []
    for row in np.flatnonzero(there).tolist():
        pair = (int(owner[row]), int(at[row]))
        if pair in pairs:
            again.append(row)
        else:
            pairs[pair] = row
    by_group: dict[int, Whole] = {}
    for row in again:
        own, group = int(owner[row]), int(wanted[row])
        if group not in by_group:
            by_group[group] = np.flatnonzero(there & (wanted == group))
        if not _swapped(row, owner, at, pairs, by_group[group], rng):
            free = np.setdiff1d(np.arange(parents), at[(owner == own) & (np.arange(len(at)) != row)])
            at[row] = free[rng.integers(0, len(free))] if len(free) else -1
            pairs[own, int(at[row])] = row
    return at


def _swapped(
    row: int, owner: Whole, at: Whole, pairs: dict[tuple[int, int], int], others: Whole, rng: np.random.Generator
) -> bool:
    """Exchange a row's parent with that of another, if then neither owner has one twice."""
    for other in others[rng.integers(0, len(others), 40)].tolist():
        mine, its = (int(owner[row]), int(at[other])), (int(owner[other]), int(at[row]))
        if mine[0] == its[0] or mine in pairs or its in pairs:
            continue
        if pairs.get((its[0], mine[1])) != other:  # itself one that comes again
            continue
        del pairs[its[0], mine[1]]
        pairs[mine], pairs[its] = row, other
        at[row], at[other] = mine[1], its[1]
        return True
    return False
