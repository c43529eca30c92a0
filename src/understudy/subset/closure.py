"""Runs a plan: reads each row of the closure once, hands it on, and keeps only keys.

Two stages suffice (a least fixpoint with two colours).  First, rows of targets bring children, and those bring
theirs, down the graph.  Then every row brings its parents, which bring no children, up the graph.  Only inside a
cycle of tables is anything repeated, and a key is never asked for twice over the same edge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from understudy.errors import InputError
from understudy.interfaces import Dataset, Progress, Scan
from understudy.schema import TableName
from understudy.subset.fetch import Fetch, Lookup, Rank, Settings, Sink
from understudy.subset.layout import Layout, layouts, nulling
from understudy.subset.plan import TARGET, WHOLE, SubsetPlan, one_reading
from understudy.subset.prune import prune
from understudy.subset.request import Target
from understudy.subset.store import Asked, Store, Walk, cast, positioned


@dataclass(frozen=True)
class Closure:
    """What a closure read and gave; positions count the rows of a table in the order in which they were handed on."""

    rows: Mapping[TableName, int]
    """Rows handed on, per table."""
    expanded: Mapping[TableName, int]
    """Of these, targets and their children; the others are there because something requires them, or taken whole."""
    edges: Mapping[str, int]
    """Rows first reached over each edge, by its label."""
    read: Mapping[TableName, int]
    """Rows the source gave; keys that were read only to choose among them do not count."""
    duplicates: Mapping[TableName, int]
    """Rows given again, or given although nothing asked for them."""
    orphans: Mapping[str, int]
    """Kept rows, by edge, whose key no row of the source holds; nothing is known of parents taken whole."""
    dropped: Mapping[TableName, pa.Array]
    """Positions of the rows that exclusions remove."""
    nulled: Mapping[tuple[TableName, str], pa.Array]
    """Positions of kept rows, by table and edge, whose key becomes NULL since its parent was dropped."""

    def kept(self, table: TableName) -> int:
        """Rows of a table that belong to the result."""
        return self.rows.get(table, 0) - len(self.dropped.get(table, ()))

    def explained(self, table: TableName) -> int:
        """Rows read and not kept: kept + explained = read."""
        return self.duplicates.get(table, 0) + len(self.dropped.get(table, ()))


def closure(
    plan: SubsetPlan,
    snapshot: Dataset,
    sink: Sink,
    *,
    columns: Mapping[TableName, tuple[str, ...]],
    rank: Rank,
    progress: Progress | None = None,
    batch_keys: int = 50_000,
    workers: int = 2,
) -> Closure:
    """Give every row of the closure to the sink, once.

    A batch holds the columns asked for (none for a table not named there: that is the estimate), then ``_via`` (int16:
    the edge's place in ``plan.edges``, or TARGET, or WHOLE) and ``_depth`` (int32: edges along the way the row came).
    Keys that the plan sets to NULL are NULL already; ``dropped`` and ``nulled`` are known at the end only.

    Rows come in one order, whatever ``batch_keys`` and ``workers`` are: by target, then by edge and round; inside
    one of those in the order of the keys asked for and then of the rows' own keys where keys are looked up in batches,
    and in the source's order where one scan gives them all.  Memory is bounded by the keys and by a few batches.

    Raises an InputError where the plan holds a refusal, and whatever the source or the sink raises.
    """
    plan.check()
    kept = layouts(plan)
    store = Store(kept)
    settings = Settings(columns, rank, batch_keys, workers, progress)
    fetch = Fetch(snapshot, sink, store=store, settings=settings)
    for edge in plan.edges:
        if nulling(plan, edge):
            fetch.nulling.setdefault(edge.key.table, []).append(edge)
    try:
        return _Work(plan, kept, store, fetch).run()
    finally:
        fetch.close()
        store.close()


class _Work:
    """One closure under way: the stages, in order."""

    def __init__(self, plan: SubsetPlan, kept: Mapping[TableName, Layout], store: Store, fetch: Fetch) -> None:
        self.plan = plan
        self.layouts = kept
        self.store = store
        self.fetch = fetch
        self.downs = [Walk(edge, down=True) for edge in plan.edges if edge.down]
        self.ups = [Walk(edge, down=False) for edge in plan.edges if edge.up]
        self.readings: dict[int, pa.Table | None] = {}
        """The keys of an edge's children, where all are read at once."""

    def run(self) -> Closure:
        self._targets()
        self._children()
        expanded = dict(self.store.rows)
        self._whole()
        self._parents()
        pruned = prune(self.plan, self.store)
        fetch = self.fetch
        return Closure(
            rows=dict(self.store.rows),
            expanded=expanded,
            edges={edge.label: fetch.over[edge.index] for edge in self.plan.edges},
            read=dict(fetch.read),
            duplicates=dict(fetch.duplicates),
            orphans=pruned.orphans,
            dropped=pruned.dropped,
            nulled=pruned.nulled,
        )

    def _targets(self) -> None:
        """Take the rows of every target; a table that one target takes whole needs no other."""
        done = set[TableName]()
        for target in self.plan.request.targets:
            layout = self.layouts[target.table]
            if not self.plan.by_name[target.table].whole:
                self._target(layout, target)
            elif target.table not in done:
                self._stream(layout, TARGET)
                done.add(target.table)

    def _target(self, layout: Layout, target: Target) -> None:
        asked: dict[str, Any] = {
            "where": target.where,
            "keys": None if target.keys is None else _typed(layout, target.keys),
            "order_by": "" if target.limit is None else _then_by_key(layout, target.order_by),
        }
        if target.percent is None or target.percent >= 100:
            scan = layout.scan(self.fetch.payload(layout), limit=target.limit, **asked)
            self.fetch.scan(layout, scan, via=TARGET)
            return
        sampled = self._sampled(layout, layout.scan(**asked), target)
        if sampled.num_rows:
            self.fetch.look_up(self._by_row(layout, TARGET), sampled)

    def _children(self) -> None:
        """Follow edges from parents to children until nothing new is reached."""
        spreading = [walk for walk in self.ups if walk.edge.policy.parents == "expand"]
        if self.plan.bounded:
            self._rounds(spreading)
            return
        for component in self.plan.down_order:
            self._settle([walk for walk in (*self.downs, *spreading) if walk.goal in component])

    def _rounds(self, spreading: Sequence[Walk]) -> None:
        """Strict breadth-first rounds: in round n, rows n child edges away from the nearest target are found."""
        level, grew = 0, True
        while grew:
            self._settle(spreading)
            level += 1
            within = [walk for walk in self.downs if walk.edge.policy.depth is None or walk.edge.policy.depth >= level]
            ends = [self.store.rows[walk.start] for walk in within]
            grew = sum(self._step(walk, end) for walk, end in zip(within, ends, strict=True)) > 0

    def _whole(self) -> None:
        """Stream the tables that no target reaches and that are taken whole."""
        for table in self.plan.tables:
            if table.role == "whole":
                self._stream(self.layouts[table.name], WHOLE)

    def _stream(self, layout: Layout, via: int) -> None:
        self.fetch.scan(layout, layout.scan(self.fetch.payload(layout)), via=via)

    def _parents(self) -> None:
        """Follow edges from children to parents until every key has its row."""
        for component in self.plan.up_order:
            self._settle([walk for walk in self.ups if walk.goal in component])

    def _settle(self, walks: Sequence[Walk]) -> None:
        """Take steps until no walk finds anything new."""
        while sum(self._step(walk, self.store.rows[walk.start]) for walk in walks):
            pass

    def _step(self, walk: Walk, upto: int) -> bool:
        """Look up the keys that rows new at the walk's start ask for; False where there are none."""
        if walk.seen >= upto:
            return False
        asked = self.store.fresh(walk, upto)
        if not asked.num_rows:
            return False
        lookup = self._lookup(walk)
        if walk.down and (one_reading(walk.edge) or _by_rank(walk)):
            chosen = self._chosen(walk, lookup, asked)
            if chosen.num_rows:
                self.fetch.look_up(self._by_row(lookup.layout, lookup.via), chosen)
            return True
        before = self.store.rows[walk.goal]
        self.fetch.look_up(lookup, asked)
        if not walk.down and walk.edge.unique and self.store.rows[walk.goal] - before < asked.num_rows:
            self.store.lack(walk, asked)
        return True

    def _lookup(self, walk: Walk) -> Lookup:
        edge, policy, layout = walk.edge, walk.edge.policy, self.layouts[walk.goal]
        parts = layout.ends[edge.index, walk.goal_end]
        parents = self.plan.by_name[edge.key.parent].rows
        if not walk.down:
            unique = edge.unique
            return Lookup(layout, parts, edge.index, edge.indexed_up, of=parents, many=not unique, new=unique)
        ordered = policy.top is not None and bool(policy.order_by)
        return Lookup(
            layout,
            parts,
            edge.index,
            edge.indexed_down,
            of=parents,
            where=" AND ".join(f"({sql}\n)" for sql in (edge.key.condition, policy.where) if sql),
            order_by=_then_by_key(layout, policy.order_by) if ordered else "",
            top=policy.top if ordered else None,
        )

    def _by_row(self, layout: Layout, via: int) -> Lookup:
        return Lookup(layout, layout.row, via, bool(layout.table.row_key), of=layout.table.rows, many=False)

    def _chosen(self, walk: Walk, lookup: Lookup, asked: pa.Table) -> pa.Table:
        """The rows to take for the asked keys, chosen by their keys alone: k0, k1 ... are those of the rows."""
        edge, ranked = walk.edge, _by_rank(walk)
        if not one_reading(edge):
            found = [self._candidates(lookup, got, ranked=ranked) for _, got in self.fetch.found(lookup, asked, ())]
            candidates = pa.concat_tables(found) if found else None
        else:
            if edge.index not in self.readings:
                scan = lookup.layout.scan(where=lookup.where)
                found = [self._candidates(lookup, got, ranked=ranked) for got in self.fetch.stream(scan)]
                self.readings[edge.index] = pa.concat_tables(found) if found else None
            candidates = self.readings[edge.index]
        if candidates is None:
            return asked.slice(0, 0)
        top = edge.policy.top
        return self.store.choose(lookup.layout, candidates, Asked(positioned(asked), lookup.parts), top=top)

    def _candidates(self, lookup: Lookup, got: pa.Table, *, ranked: bool) -> pa.Table:
        layout = lookup.layout
        ranks = self.fetch.ranks(layout, got) if ranked else np.zeros(got.num_rows, dtype=np.uint64)
        return self.store.candidates(layout, got, (*layout.row, *lookup.parts), ranks)

    def _sampled(self, layout: Layout, scan: Scan, target: Target) -> pa.Table:
        """The keys of the rows that a percentage chooses; a smaller one chooses among the same."""
        below = np.uint64(int((target.percent or 0) / 100 * 2**64))
        found, count = [], 0
        for got in self.fetch.stream(scan):
            ranks = self.fetch.ranks(layout, got)
            chosen = ranks < below
            part = self.store.candidates(layout, got.filter(pa.array(chosen)), layout.row, ranks[chosen])
            found.append(part.slice(0, None if target.limit is None else target.limit - count))
            count += found[-1].num_rows
            if count == target.limit:
                break
        keys = [f"p{part} AS k{n}" for n, part in enumerate(layout.row)]
        rows = pa.concat_tables(found) if found else None
        if rows is None:
            return pa.table({})
        return self.store.table(
            f"SELECT {', '.join(keys)}, 0::INTEGER AS d FROM candidates ORDER BY ALL", candidates=rows
        )


def _by_rank(walk: Walk) -> bool:
    return walk.edge.policy.top is not None and not walk.edge.policy.order_by


def _then_by_key(layout: Layout, order_by: str) -> str:
    """An order without ties; the user's words stand on a line of their own, which may end in a comment."""
    return f"{order_by}\n, {layout.row_order}" if order_by else layout.row_order


def _typed(layout: Layout, keys: pa.Table) -> pa.Table:
    """The keys a target gives as the table's columns hold them; a row with a NULL equals nothing."""
    columns = [layout.table.by_name[name] for name in keys.column_names]
    try:
        return cast(keys, pa.schema([pa.field(column.name, column.arrow_type) for column in columns])).drop_null()
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        kinds = ", ".join(f"{column.name} {column.native_type}" for column in columns)
        raise InputError(
            f"the keys given of {layout.table.name} do not fit its columns", hint=f"give {kinds}"
        ) from error
