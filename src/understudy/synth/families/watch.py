"""Filters on several tables: what is a copy where rows belong together.

A row that belongs to no other and owns none is a copy as a row of one table is (``guard``).  Rows of a family are
often short, and repeat others by rights: many an order is of two pieces at nine euros.  So each is compared together
with as many of the rows before it, and at last the row that owns them, as it takes to tell families apart: a row
weighs as many bits as its values are rare, and a *stretch* is the least run of rows, ending at it, that weighs enough
and that few real families have.  What is enough is found: so much that real families seldom have a stretch in common.
A row whose stretch is that of a real family is a copy; a row before which there is too little has no stretch, and is
none.  Children without an order stand in the one in which they were learned.

Everything is kept as salted hashes (``guard`` says what they tell).  An owner that was handed in is no part of any
stretch: that it is real is no leak of what was made.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from understudy import arrow
from understudy.schema import TableName
from understudy.synth.families.children import Floats, Siblings, Whole, shuffled, sorted_siblings
from understudy.synth.families.gather import NONE, Gathered
from understudy.synth.families.learning import Model
from understudy.synth.families.order import Plan
from understudy.synth.filters import Filters
from understudy.synth.privacy.guard import COMMON, NATURAL, Field, Flags, Guard, Hashes, among

REACH = 32
"""Rows of a stretch at most."""
BARS = (0.0, 6.0, 10.0, 14.0, 18.0, 22.0, 26.0, 32.0, 40.0, 50.0, 64.0)
"""Bits that a stretch may have to weigh."""

_NOTHING = np.zeros(0, np.uint64)


@dataclass(frozen=True)
class Marks:
    """Rows as hashes, with the bits that each weighs."""

    hashes: Hashes
    bits: Floats

    def take(self, at: Whole) -> Marks:
        """Some of them; nothing where a place is below 0."""
        if not len(self.hashes):
            return nothing(len(at))
        there = at >= 0
        return Marks(np.where(there, self.hashes[at], 0).astype(np.uint64), np.where(there, self.bits[at], 0.0))


def nothing(rows: int) -> Marks:
    """So many rows of which nothing is known."""
    return Marks(np.zeros(rows, np.uint64), np.zeros(rows))


@dataclass(frozen=True)
class Words:
    """The values of a column, and how rare each is."""

    field: Field
    known: Hashes
    """Those that many rows have, sorted."""
    bits: Floats
    rest: float
    """What every other value weighs."""

    @staticmethod
    def of(name: str, values: pa.Array, salt: int) -> Words:
        """Look at the values of a column that was learned from."""
        own = Field(name, None, salt=salt)
        different, counts = np.unique(own.exact(values), return_counts=True)
        many = counts >= COMMON
        rest = float(np.log2(max(len(values), 2)))
        return Words(own, different[many], rest - np.log2(counts[many]), rest)

    def weighed(self, values: pa.Array) -> Marks:
        """Values as hashes and bits."""
        hashes = self.field.exact(values)
        at = np.minimum(np.searchsorted(self.known, hashes), max(len(self.known) - 1, 0))
        if not len(self.known):
            return Marks(hashes, np.full(len(hashes), self.rest))
        return Marks(hashes, np.where(self.known[at] == hashes, self.bits[at], self.rest))


@dataclass(frozen=True)
class Watch:
    """What filters know of one table's rows that were learned from."""

    words: tuple[Words, ...]
    guard: Guard | None = None
    """Judges rows by themselves; of rows of families, not whether they are copies."""
    bar: float = 0.0
    """Bits that a stretch has to weigh."""
    common: Hashes = field(default_factory=lambda: _NOTHING)
    """Runs of rows that many real families have, sorted: no stretch ends with them."""
    kept: Hashes = field(default_factory=lambda: _NOTHING)
    """Stretches of real families, sorted."""

    def marks(self, rows: pa.Table) -> Marks:
        """Rows as hashes and bits, by the columns that are compared."""
        hashes, bits = np.zeros(len(rows), np.uint64), np.zeros(len(rows))
        for at, one in enumerate(self.words):
            found = one.weighed(arrow.plain(rows.column(one.field.name).combine_chunks()))
            hashes, bits = hashes + _stirred(found.hashes, at), bits + found.bits
        return Marks(hashes, bits)

    def judged(self, rows: pa.Table, before: Callable[[int], Marks] | None = None) -> dict[str, Flags]:
        """Which rows are refused, and why; ``before`` gives what stands so many before each, in its family."""
        none = np.zeros(len(rows), bool)
        alone = {"copies": none, "near copies": none, "outliers": none} if not self.guard else self.guard.judged(rows)
        if not len(self.kept):
            return alone

        def on(run: Marks, _: Whole) -> Flags:
            return (run.bits < self.bar) | among(run.hashes, self.common)

        stretch, there = stretched(self.marks(rows), before or (lambda _: nothing(len(rows))), on)
        copies = alone["copies"] | (there & among(stretch, self.kept))
        return {what: copies if what == "copies" else flags & ~copies for what, flags in alone.items()}


class Trail:
    """The rows of some owners as they are made, one after the other, and which of them are refused."""

    def __init__(self, watch: Watch, owners: int, above: Sequence[Marks]) -> None:
        self._watch, self._above = watch, above
        self._hashes, self._bits = np.zeros((REACH, owners), np.uint64), np.zeros((REACH, owners))

    def judged(self, rows: pa.Table, who: Whole, place: int) -> dict[str, Flags]:
        """Which rows, the next of some owners, are refused, and why."""

        def before(back: int) -> Marks:
            if back <= place:
                return Marks(self._hashes[back - 1, who], self._bits[back - 1, who])
            level = back - place - 1
            return self._above[level].take(who) if level < len(self._above) else nothing(len(who))

        return self._watch.judged(rows, before)

    def add(self, rows: pa.Table, who: Whole) -> None:
        """Remember the next row of some owners."""
        own = self._watch.marks(rows)
        for kept, new in ((self._hashes, own.hashes), (self._bits, own.bits)):
            kept[1:, who] = kept[:-1, who]
            kept[0, who] = new


def stretched(own: Marks, before: Callable[[int], Marks], on: Callable[[Marks, Whole], Flags]) -> tuple[Hashes, Flags]:
    """The stretches of rows, and of which rows there are any.

    ``before`` gives the row so many before each, or what owns it; ``on`` says of some runs, and their places, which
    say too little.
    """
    hashes, bits = own.hashes.copy(), own.bits.copy()
    left, there = np.arange(len(hashes)), np.zeros(len(hashes), bool)
    for back in range(1, REACH + 1):
        short = on(Marks(hashes[left], bits[left]), left)
        there[left[~short]] = True
        left = left[short]
        if not len(left) or back == REACH:
            break
        more = before(back)
        left = left[more.hashes[left] != 0]
        hashes[left] = _stirred(hashes[left], 1) + more.hashes[left]
        bits[left] += more.bits[left]
    return hashes, there


def watches(
    plan: Plan,
    models: Mapping[TableName, Model],
    found: Mapping[TableName, Gathered],
    filters: Filters,
    seed: int,
    ignore: Mapping[TableName, Collection[str]],
) -> dict[TableName, Watch]:
    """Look at the rows of every table that a network makes; ``ignore`` are columns of them not to compare."""
    salt = secrets.randbits(64)
    made: dict[TableName, Watch] = {}
    above: dict[TableName, list[Marks]] = {}
    for role in plan.roles:
        model, rows = models[role.table], found[role.table].rows
        if role.given or model.flat is None:
            continue
        names = [name for name in model.values if name not in ignore.get(role.table, ())]
        if not names or not len(rows):
            continue
        plain = {name: arrow.plain(rows.column(name).combine_chunks()) for name in names}
        words = tuple(Words.of(name, values, salt + 7919 * at) for at, (name, values) in enumerate(plain.items()))
        watch = Watch(words)
        marks, owners, at = watch.marks(rows), list[Marks](), np.arange(len(rows))
        if role.owner is not None:
            owners, at = above.get(role.owner.parent, []), found[role.table].parents[role.owner.id]
        family = role.owner is not None or bool(plan.owned(role.table))
        if family and filters.similarity != "off":
            parents = len(rows if role.owner is None else found[role.owner.parent].rows)
            watch = _telling(watch, marks, siblings_of(rows, at, parents, model.habits.order, seed), owners)
        above[role.table] = [marks, *(one.take(at) for one in owners)]
        made[role.table] = replace(watch, guard=_guard(pa.table(plain), filters, salt, family=family))
    return made


def _guard(rows: pa.Table, filters: Filters, salt: int, *, family: bool) -> Guard | None:
    """What judges rows by themselves; copies among the rows of families are told by their stretches."""
    similarity = "off" if family and filters.similarity == "medium" else filters.similarity
    if similarity == filters.outliers == "off":
        return None
    guard = Guard.of(rows, similarity=similarity, outliers=filters.outliers, salt=salt)
    return replace(guard, copies=_NOTHING) if family else guard


def siblings_of(rows: pa.Table, at: Whole, parents: int, order: str, seed: int) -> Siblings:
    """Rows in the order in which they were learned; those without an owner are owners of themselves."""
    owner = at.copy()
    alone = owner == NONE
    owner[alone] = parents + np.arange(int(alone.sum()))
    siblings = sorted_siblings(rows, owner, order)
    return siblings if order else shuffled(siblings, seed)


def _telling(watch: Watch, marks: Marks, siblings: Siblings, above: Sequence[Marks]) -> Watch:
    """A watch that knows the stretches of real families: the least that few others have as well."""
    own = marks.take(siblings.index)
    index = np.arange(len(siblings.owner))
    owners = np.where(siblings.owner < len(above[0].hashes), siblings.owner, -1) if above else siblings.owner

    def before(back: int) -> Marks:
        row = own.take(np.where(siblings.place >= back, index - back, -1))
        level = back - siblings.place - 1
        for number, one in enumerate(above):
            owner = one.take(np.where(level == number, owners, -1))
            row = Marks(row.hashes + owner.hashes, row.bits + owner.bits)
        return row

    for bar in BARS:
        common: list[Hashes] = []

        def on(run: Marks, at: Whole, bar: float = bar, common: list[Hashes] = common) -> Flags:
            hashes, families = _families(run.hashes, siblings.owner[at])
            common.append(hashes[families >= COMMON])
            return (run.bits < bar) | among(run.hashes, common[-1])

        stretch, there = stretched(own, before, on)
        kept, families = _families(stretch[there], siblings.owner[there])
        if families[families > 1].sum() <= NATURAL * families.sum():
            break
    return replace(watch, bar=bar, common=np.unique(np.concatenate(common)), kept=kept)


def _families(hashes: Hashes, owner: Whole) -> tuple[Hashes, Whole]:
    """The different runs of some rows, sorted, and how many families have each."""
    once = np.unique(_stirred(hashes, 2) + owner.astype(np.uint64), return_index=True)[1]
    different, families = np.unique(hashes[once], return_counts=True)
    return different, families


def _stirred(hashes: Hashes, salt: int) -> Hashes:
    found = (hashes + np.uint64(0x9E3779B97F4A7C15 * (2 * salt + 1) % 2**64)) * np.uint64(0xBF58476D1CE4E5B9)
    return np.asarray((found ^ (found >> np.uint64(29))) * np.uint64(0x94D049BB133111EB))
