"""Children of many owners at once, one after the other: what is known before each is made, and what it makes known.

The same ``History`` goes over real rows, to learn from them, and over rows as they are made; so both are alike by
construction.  Every row is an example by itself: what a network needs to know of the rows before is beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow
from understudy.synth.families.children import (
    Flags,
    Floats,
    Habits,
    Siblings,
    Whole,
    firsts,
    floats,
    is_measure,
    is_whole,
    places,
    unwhole,
    whole,
)
from understudy.synth.filters import Filtered, renewed

FAMILIES = 8_192
"""Owners whose children are made together."""
_BEFORE = 6
"""Measures up to which the row before the last is told as well."""

Draw = Callable[[int, pa.Table, NDArray[np.int64], int], pa.Table]
"""Makes one row each: which step it is, what is known before, for which of the owners, and how often it was refused."""


class Judge(Protocol):
    """Says which rows are refused."""

    def judged(self, rows: pa.Table, who: Whole, place: int) -> dict[str, Flags]:
        """Which rows, the next of some owners, are refused, and why."""
        ...

    def add(self, rows: pa.Table, who: Whole) -> None:
        """Remember the next row of some owners."""
        ...


class History:
    """What is known of some owners' rows so far."""

    def __init__(self, habits: Habits, schema: pa.Schema, counts: Whole, plans: Mapping[str, pa.Array]) -> None:
        self.habits, self.schema, self.counts, self.plans = habits, schema, counts, plans
        owners = len(counts)
        measured = [one.name for one in schema if is_measure(one.type) and one.name not in habits.counted]
        self._told = measured if len(measured) <= _BEFORE else []
        self._last: dict[str, NDArray[Any]] = {}
        self._gone: dict[str, Flags] = {}
        for one in schema:
            kind: Any = np.int64 if is_whole(one.type) else np.float64 if is_measure(one.type) else object
            self._last[one.name] = np.zeros(owners, kind) if kind is not object else np.full(owners, None, object)
            self._gone[one.name] = np.ones(owners, bool)
        self._before = {name: np.full(owners, np.nan) for name in self._told}
        self._sum = {name: np.zeros(owners) for name in habits.means}
        self._many = {name: np.zeros(owners) for name in habits.means}
        self._words = {n: pa.array(w, pa.string()) for n, w in zip(habits.labels, habits.vocabulary, strict=True)}
        self._seen = {name: np.zeros((owners, len(words)), bool) for name, words in self._words.items()}
        self._different = {name: np.zeros(owners, np.int64) for name in habits.labels}
        self._planned = {name: floats(values) for name, values in plans.items()}
        self._units = dict(zip(habits.steps, habits.units, strict=False))
        self._span = {n: np.rint(self._planned[f"pace {n}"] * (counts - 1)) for n in habits.steps}
        for name in habits.steps:
            self._span[name][counts == 1] = 0
        self._first = {n: firsts(plans[f"first {n}"], schema.field(n).type) for n in habits.steps}
        self._loose = {name: np.asarray(plans[f"first {name}"].is_null()) for name in habits.steps}

    def context(self, who: Whole, place: int) -> dict[str, pa.Array]:
        """What is known before the next row of some owners, all of them at the same place."""
        count = self.counts[who]
        left = count - place
        found: dict[str, pa.Array] = {
            "rows": pa.array(count),
            "place": pa.array(np.full(len(who), place)),
            "left": pa.array(left),
        }
        for one in self.schema:
            if one.name in self.habits.counted:
                continue
            found[f"previous {one.name}"] = self.last(one.name, who)
        for name in self._told:
            found[f"before {name}"] = _numbers(self._before[name][who])
        for name in self.habits.steps:
            ahead = self._ahead(name, who, place)
            found[f"ahead {name}"] = _numbers(ahead)
            found[f"pace {name}"] = _numbers(ahead / left if place else np.full(len(who), np.nan))
        for name in self.habits.means:
            many = self._many[name][who]
            found[f"so far {name}"] = _numbers(np.where(many, self._sum[name][who] / np.maximum(many, 1), np.nan))
        for name in self.habits.labels:
            found[f"different so far {name}"] = pa.array(self._different[name][who])
            missing = self._planned[f"different {name}"][who] - self._different[name][who]
            found[f"different ahead {name}"] = _numbers(missing)
        return found

    def _ahead(self, name: str, who: Whole, place: int) -> Floats:
        """How far a column that rises is from where it is to end."""
        gone = self._last[name][who] - self._first[name][who] if place else 0
        ahead: Floats = self._span[name][who] - gone
        return ahead

    def last(self, name: str, who: Whole) -> pa.Array:
        """The values of the rows before."""
        kind = self.schema.field(name).type
        values, gone = self._last[name][who], self._gone[name][who]
        if is_whole(kind):
            return unwhole(values, kind, gone)
        if is_measure(kind):
            return pa.array(values, pa.float64(), mask=gone).cast(kind, safe=False)
        return pa.array(values, kind, mask=gone)

    def coded(self, who: Whole, place: int, rows: pa.Table) -> dict[str, pa.Array]:
        """Rows as a network learns them: steps, and "the same again"."""
        found, since = {}, dict(self.habits.since)
        for one in self.schema:
            values = rows.column(one.name).combine_chunks()
            if one.name in self.habits.counted:
                continue
            if one.name in since:
                later = whole(values) - whole(rows.column(since[one.name]).combine_chunks())
                values = pa.array(later, pa.int64(), mask=np.asarray(values.is_null()))
            elif one.name in self.habits.steps:
                before = self._last[one.name][who] if place else self._first[one.name][who]
                values = pa.array(whole(values) - before, pa.int64())
            elif one.name in self.habits.same and place:
                again = pc.fill_null(pc.equal(values, self.last(one.name, who)), False)
                stand_in = pa.scalar(self.habits.again if arrow.is_text(one.type) else None, values.type)
                values = pc.if_else(again, stand_in, values)
            found[one.name] = values
        return found

    def plain(self, who: Whole, place: int, coded: Mapping[str, pa.Array]) -> dict[str, pa.Array]:
        """Rows as a table has them; columns that rise end where they are to end."""
        found = {}
        for one in self.schema:
            name = one.name
            if name in self.habits.counted:
                first = dict(self.habits.counters)[name]
                found[name] = unwhole(np.full(len(who), first + place), one.type)
                continue
            values = coded[name]
            if name in self.habits.steps:
                unit, rest = self._units.get(name, (1, 0))
                stepped = self._stepped(name, who, place, whole(values)) - rest
                found[name] = unwhole((stepped + unit // 2) // unit * unit + rest, one.type)
            elif name in self.habits.same:
                again = pc.equal(values, self.habits.again) if arrow.is_text(one.type) else values.is_null()
                again = pc.fill_null(again, False)
                before = self.last(name, who) if place else _others(values, again)
                found[name] = pc.if_else(again, before, values)
            else:
                found[name] = values
        for name, base in self.habits.since:
            later = whole(found[base]) + whole(found[name])
            found[name] = unwhole(later, self.schema.field(name).type, np.asarray(found[name].is_null()))
        return found

    def _stepped(self, name: str, who: Whole, place: int, step: Whole) -> Whole:
        if not place:
            return np.where(self._loose[name][who], step, self._first[name][who])
        if name in self.habits.rising:
            ahead = np.nan_to_num(self._ahead(name, who, place)).astype(np.int64)
            step = np.clip(step, 0, np.maximum(ahead, 0))
            ends = self.counts[who] == place + 1
            step = np.where(ends, np.maximum(ahead, 0), step)
        stepped: Whole = self._last[name][who] + step
        return stepped

    def add(self, who: Whole, rows: Mapping[str, pa.Array]) -> None:
        """Remember one more row of some owners."""
        for name in self._told:
            self._before[name][who] = np.where(self._gone[name][who], np.nan, self._last[name][who].astype(np.float64))
        for one in self.schema:
            values = rows[one.name]
            self._gone[one.name][who] = np.asarray(values.is_null())
            if is_whole(one.type):
                self._last[one.name][who] = whole(values)
            elif is_measure(one.type):
                self._last[one.name][who] = np.nan_to_num(floats(values))
            else:
                self._last[one.name][who] = values.to_numpy(zero_copy_only=False)
        for name in self.habits.means:
            found = floats(rows[name])
            self._sum[name][who] += np.nan_to_num(found)
            self._many[name][who] += ~np.isnan(found)
        for name, words in self._words.items():
            at = pc.fill_null(pc.index_in(rows[name].cast(pa.string()), value_set=words), -1)
            code = at.to_numpy(zero_copy_only=False)
            fresh = (code < 0) | ~self._seen[name][who, np.maximum(code, 0)] if len(words) else np.ones(len(who), bool)
            if len(words):
                self._seen[name][who[code >= 0], code[code >= 0]] = True
            self._different[name][who] += fresh


def _others(values: pa.Array, again: pa.Array) -> pa.Array:
    """Values of other rows, for first rows that were drawn as the same again."""
    spare = values.filter(pc.invert(again))
    return spare.take(pa.array(np.arange(len(values)) % len(spare))) if len(spare) else values


def _numbers(found: Floats) -> pa.Array:
    return pa.array(found, pa.float64(), mask=np.isnan(found))


def examples(
    siblings: Siblings, habits: Habits, names: list[str], plans: Mapping[str, pa.Array], owners: int
) -> pa.Table:
    """What a network learns from rows that are there: what was known before each, and the row, in the rows' order."""
    counts = np.bincount(siblings.owner, minlength=owners)
    starts = np.concatenate([[0], np.cumsum(counts)])
    rows = siblings.rows.select(names).combine_chunks()
    pieces, at = [], []
    for first in range(0, max(owners, 1), FAMILIES):
        some = slice(first, first + FAMILIES)
        part = {name: values.slice(first, FAMILIES) for name, values in plans.items()}
        history = History(habits, rows.schema, counts[some], part)
        for place in range(int(counts[some].max(initial=1))):
            who = np.flatnonzero(counts[some] > place)
            index = starts[first + who] + place
            row = rows.take(pa.array(index))
            own = {name: arrow.plain(row.column(name).combine_chunks()) for name in names}
            coded = history.coded(who, place, row)
            pieces.append(pa.table({**{f"~ {n}": v for n, v in history.context(who, place).items()}, **coded}))
            at.append(index)
            history.add(who, own)
    whole_ = pa.concat_tables(pieces).combine_chunks()
    return whole_.take(pa.array(np.argsort(np.concatenate(at))))


def sequence(
    habits: Habits,
    schema: pa.Schema,
    counts: Whole,
    plans: Mapping[str, pa.Array],
    draw: Draw,
    judge: Judge | None = None,
) -> tuple[pa.Table, Whole, Filtered]:
    """Make the rows of some owners, place by place; the position of each row's owner, in order; what was refused.

    ``draw`` gives the learned columns, and whatever else it makes beside them.  Rows that ``judge`` refuses are made
    anew before anything follows from them; those that are refused to the last are left out.
    """
    history = History(habits, schema, counts, plans)
    pieces, owner, place_of, outcome = [], [], [], Filtered(0, 0)
    for place in range(int(counts.max(initial=1))):  # of no rows at all, the columns
        who = np.flatnonzero(counts > place)
        context = pa.table({f"~ {name}": values for name, values in history.context(who, place).items()})

        def made(some: Whole, turn: int, place: int = place, who: Whole = who, context: pa.Table = context) -> pa.Table:
            at = pa.array(some)
            drawn = draw(place, context if len(some) == len(who) else context.take(at), who[some], turn)
            columns = {name: drawn.column(name).combine_chunks() for name in drawn.column_names}
            own = history.plain(who[some], place, columns)
            return pa.table({**columns, **own, "": pa.nulls(len(some))})

        rows, left = made(np.arange(len(who)), 0), np.zeros(0, np.int64)
        if judge is not None and len(who):
            own = (judge, who, place)
            rows, left, told = renewed(rows, partial(_judged, *own), lambda some, turn: made(some, turn + 1))
            judge.add(rows, who)
            outcome += told
        history.add(who, {one.name: arrow.plain(rows.column(one.name).combine_chunks()) for one in schema})
        kept = np.setdiff1d(np.arange(len(who)), left)
        pieces.append(rows if len(kept) == len(rows) else rows.take(pa.array(kept)))
        owner.append(who[kept])
        place_of.append(np.full(len(kept), place))
    owners, order = np.concatenate(owner), np.lexsort((np.concatenate(place_of), np.concatenate(owner)))
    whole_ = pa.concat_tables(pieces).drop_columns("").take(pa.array(order))
    return _counted(whole_, habits, owners[order]) if outcome.missing else whole_, owners[order], outcome


def _judged(judge: Judge, who: Whole, place: int, rows: pa.Table, some: Whole) -> dict[str, Flags]:
    return judge.judged(rows, who[some], place)


def _counted(rows: pa.Table, habits: Habits, owner: Whole) -> pa.Table:
    """Rows of which some are left out, with columns that count them counting those that are there."""
    for name, first in habits.counters:
        at = rows.schema.get_field_index(name)
        kind = rows.schema.field(at).type
        rows = rows.set_column(at, name, unwhole(first + places(owner), kind))
    return rows
