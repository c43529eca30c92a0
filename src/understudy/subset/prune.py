"""Exclusions: what must not be there, and what cannot be there without it (a greatest fixpoint on the kept keys)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa

from understudy.schema import TableName
from understudy.subset.plan import PlannedEdge, SubsetPlan
from understudy.subset.store import Store, equal


@dataclass(frozen=True)
class Pruned:
    """Positions of the rows that go, by table, and of the rows whose key goes, by table and edge."""

    dropped: Mapping[TableName, pa.Array]
    nulled: Mapping[tuple[TableName, str], pa.Array]
    orphans: Mapping[str, int]
    """Kept rows, by edge, whose key no row of the source holds."""


def prune(plan: SubsetPlan, store: Store) -> Pruned:
    """Drop excluded rows, then every row that needs a dropped one, until nothing changes.

    Which keys become NULL is decided at the end, so the result does not depend on any order.
    """
    losses = _Losses(plan, store)
    losses.spread()
    return Pruned(losses.dropped(), losses.nulled(), {e.label: losses.orphans(e) for e in plan.edges if e.up})


class _Losses:
    """The rows that go, growing: per table a local table of places, rows of the store by ``rowid``."""

    def __init__(self, plan: SubsetPlan, store: Store) -> None:
        self.store = store
        self.edges = [edge for edge in plan.edges if edge.prunes]
        losing = {edge.key.table for edge in self.edges if edge.policy.on_excluded == "drop"}
        self.counts: dict[TableName, int] = {}
        for name, layout in store.layouts.items():
            if layout.excluded is not None or name in losing:
                store.con.execute(f"CREATE TABLE {_lost(store, name)} (place BIGINT)")
                self.counts[name] = 0
            if layout.excluded is not None:
                self._lose(name, f"SELECT rowid AS place FROM {store.name(name)} WHERE p{layout.excluded}")

    def spread(self) -> None:
        """Lose the rows that need a lost one."""
        dropping = [edge for edge in self.edges if edge.policy.on_excluded == "drop"]
        seen = dict.fromkeys((edge.index for edge in dropping), 0)
        while todo := [edge for edge in dropping if seen[edge.index] < self.counts[edge.key.parent]]:
            for edge in todo:
                since, seen[edge.index] = seen[edge.index], self.counts[edge.key.parent]
                self._lose(edge.key.table, self._bereft(edge, since))

    def dropped(self) -> dict[TableName, pa.Array]:
        """Where the lost rows stand."""
        return {
            name: self._places(f"SELECT place FROM {_lost(self.store, name)}")
            for name, count in self.counts.items()
            if count
        }

    def nulled(self) -> dict[tuple[TableName, str], pa.Array]:
        """Where the rows stand that stay without their parent."""
        found = {
            (edge.key.table, edge.label): self._places(self._bereft(edge, 0))
            for edge in self.edges
            if edge.policy.on_excluded == "null" and self.counts[edge.key.parent]
        }
        return {key: places for key, places in found.items() if len(places)}

    def orphans(self, edge: PlannedEdge) -> int:
        """How many kept rows have a key that no row of the source holds."""
        child, parent = self.store.name(edge.key.table), self.store.name(edge.key.parent)
        sql = f"SELECT c.d FROM {child} c ANTI JOIN {parent} p ON {self._same(edge)} {self._kept(edge.key.table)}"
        found = self.store.table(f"SELECT count(*) AS n FROM ({sql} WHERE {self._active(edge)})")
        return int(found.column("n")[0].as_py())

    def _lose(self, name: TableName, sql: str) -> None:
        lost = _lost(self.store, name)
        self.store.con.execute(f"INSERT INTO {lost} {sql} ORDER BY place")
        self.counts[name] = int(self.store.table(f"SELECT count(*) AS n FROM {lost}").column("n")[0].as_py())

    def _bereft(self, edge: PlannedEdge, since: int) -> str:
        """SQL for the kept rows that a loss of the parent table, later than ``since``, leaves without a parent."""
        child, parent = self.store.name(edge.key.table), self.store.name(edge.key.parent)
        lost = _lost(self.store, edge.key.parent)
        gone = f"SELECT p.* FROM {parent} p JOIN {lost} g ON p.rowid = g.place WHERE g.rowid >= {since}"
        sql = f"SELECT c.rowid AS place FROM {child} c SEMI JOIN ({gone}) p ON {self._same(edge)}"
        if not edge.unique:
            left = f"SELECT p.* FROM {parent} p ANTI JOIN {lost} g ON p.rowid = g.place"
            sql += f" ANTI JOIN ({left}) q ON {self._same(edge, 'q')}"
        return f"{sql} {self._kept(edge.key.table)} WHERE {self._active(edge)}"

    def _kept(self, name: TableName) -> str:
        return f"ANTI JOIN {_lost(self.store, name)} x ON c.rowid = x.place" if name in self.counts else ""

    def _same(self, edge: PlannedEdge, parent: str = "p") -> str:
        ours = self.store.layouts[edge.key.table].ends[edge.index, "child"]
        theirs = self.store.layouts[edge.key.parent].ends[edge.index, "parent"]
        return equal("c.p", ours, f"{parent}.p", theirs)

    def _active(self, edge: PlannedEdge) -> str:
        return " AND ".join(self.store.active(edge, "child", "c."))

    def _places(self, sql: str) -> pa.Array:
        return self.store.table(f"SELECT place FROM ({sql}) ORDER BY place").column("place").combine_chunks()


def _lost(store: Store, name: TableName) -> str:
    return f"lost_{store.name(name)}"
