"""What must hold of every closure, checked against the oracle; used by the suite and by the long fuzzer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from random import Random

import pyarrow as pa

from subset import oracle
from subset.oracle import Name, Row
from subset.worlds import Case, rank
from support.arrow_dataset import ArrowDataset
from understudy.interfaces import Dataset
from understudy.schema import Column, TableName
from understudy.subset import TARGET, WHOLE, Closure, PlannedEdge, Step, closure, why


@dataclass(frozen=True)
class Outcome:
    """A closure and the rows handed on, per table and in order."""

    closure: Closure
    rows: Mapping[TableName, list[Row]]

    def names(self, table: TableName) -> list[Name]:
        return [(table, row["n"]) for row in self.rows.get(table, ())]


def run(case: Case, *, source: Dataset | None = None, batch_keys: int = 50_000, workers: int = 2) -> Outcome:
    batches: dict[TableName, list[pa.RecordBatch]] = {}
    made = closure(
        case.plan,
        source or case.dataset,
        lambda name, batch: batches.setdefault(name, []).append(batch),
        columns={table.name: tuple(c.name for c in table.stored) for table in case.schema.tables},
        rank=rank,
        batch_keys=batch_keys,
        workers=workers,
    )
    return Outcome(made, {name: pa.Table.from_batches(found).to_pylist() for name, found in batches.items()})


def check(case: Case, source: Dataset | None = None) -> None:
    """Every law; ``source`` holds the case's rows, where they are not read from memory."""
    one, other = run(case, source=source), run(case, source=source, batch_keys=2, workers=3)
    check_against_oracle(case, one)
    check_keys(case, one)
    check_ways(case, one)
    check_accounts(case, one)
    assert one.rows == other.rows, "the sequence of rows depends on batch_keys or workers"
    assert one.closure == other.closure


def dropped(outcome: Outcome) -> set[Name]:
    found = outcome.closure.dropped.items()
    return {outcome.names(table)[place] for table, places in found for place in places.to_pylist()}


def check_against_oracle(case: Case, outcome: Outcome) -> None:
    answer = oracle.subset(case.world, case.request)
    sunk = [name for table in outcome.rows for name in outcome.names(table)]
    assert max(Counter(sunk).values(), default=1) == 1, "a row was handed on twice"
    assert set(sunk) == answer.taken
    assert dropped(outcome) == answer.dropped
    places = {edge.label: edge.index for edge in case.plan.edges}
    nulled = {
        (outcome.names(table)[place], places[label])
        for (table, label), found in outcome.closure.nulled.items()
        for place in found.to_pylist()
    }
    assert nulled == answer.nulled


def check_keys(case: Case, outcome: Outcome) -> None:
    """Every foreign key of the result is NULL, resolves, or is an orphan of the source; nothing else was changed."""
    world, lost = case.world, dropped(outcome)
    kept = {name for table in outcome.rows for name in outcome.names(table)} - lost
    for table, rows in outcome.rows.items():
        for place, row in enumerate(rows):
            name = (table, row["n"])
            emptied = set[str]()
            for edge in case.plan.edges if case.request.integrity else ():
                if edge.key.table != table or name in lost or oracle.child_key(world, edge.key, name) is None:
                    continue
                nulls = edge.policy.parents == "null"
                after = outcome.closure.nulled.get((table, edge.label))
                if nulls:
                    assert all(row[column] is None for column in edge.nulls)
                    emptied.update(edge.nulls)
                elif after is None or place not in after.to_pylist():
                    parents = oracle.parents(world, edge.key, name)
                    assert not parents or any(parent in kept for parent in parents)
            source = world.row(name)
            assert name in lost or all(row[c] == source[c] or c in emptied for c in source)


def check_ways(case: Case, outcome: Outcome) -> None:
    """Every row has a predecessor one edge nearer over its own edge, or is a target or of a table taken whole."""
    world, edges = case.world, case.plan.edges
    at = {(table, row["n"]): row for table, rows in outcome.rows.items() for row in rows}
    asked = {name for target in case.request.targets for name in oracle.asked_for(world, target)}
    for name, row in at.items():
        if row["_via"] == TARGET:
            assert row["_depth"] == 0 and name in asked
        elif row["_via"] == WHOLE:
            assert row["_depth"] == 0 and case.plan.by_name[name[0]].role == "whole"
        else:
            before = predecessors(case, edges[row["_via"]], name)
            assert any(other in at and at[other]["_depth"] == row["_depth"] - 1 for other in before)


def predecessors(case: Case, edge: PlannedEdge, name: Name) -> list[Name]:
    found = []
    if edge.key.table == name[0] and edge.down:
        found += oracle.parents(case.world, edge.key, name)
    if edge.key.parent == name[0] and edge.up:
        below = case.world.names(edge.key.table)
        found += [other for other in below if name in oracle.parents(case.world, edge.key, other)]
    return found


def check_accounts(case: Case, outcome: Outcome) -> None:
    made = outcome.closure
    for table in case.schema.tables:
        assert made.rows.get(table.name, 0) == len(outcome.rows.get(table.name, ()))
        assert made.read.get(table.name, 0) == made.kept(table.name) + made.explained(table.name)
    kept = {name for table in outcome.rows for name in outcome.names(table)} - dropped(outcome)
    for edge in case.plan.edges:
        if edge.up:
            below = [name for name in kept if name[0] == edge.key.table]
            keyed = [name for name in below if oracle.child_key(case.world, edge.key, name) is not None]
            alone = [name for name in keyed if not oracle.parents(case.world, edge.key, name)]
            assert made.orphans[edge.label] == len(alone)


def check_why(case: Case, random: Random) -> None:
    """The way of a few kept rows, told from the result alone, goes back to where it says it starts."""
    outcome = run(case)
    lost = dropped(outcome)
    made = staged(case, outcome, lost)
    rows = {(table, row["n"]): row for table, found in outcome.rows.items() for row in found}
    kept = sorted(name for name in rows if name not in lost and case.schema.table(name[0]).row_key)
    for name in random.sample(kept, min(3, len(kept))):
        key = case.schema.table(name[0]).row_key
        asked = pa.table({column: [rows[name][column]] for column in key})
        steps = why(case.plan, made, name[0], asked)
        assert steps[0].table == name[0]
        assert len(steps) <= rows[name]["_depth"] + 1
        whole = len(steps) == rows[name]["_depth"] + 1
        assert whole == (steps[-1].edge is None)
        assert whole or " a row of " in steps[-1].words
        assert whole or lost or outcome.closure.nulled or any(hard(case, step) for step in steps)


def hard(case: Case, step: Step) -> bool:
    """The result does not tell which row a step came from: its key is not in it as it was in the source."""
    edges = [edge for edge in case.plan.edges if edge.label == step.edge]
    folded = any(case.schema.table(e.key.parent).column(c).key_sql for e in edges for c in e.key.parent_columns)
    return folded or any(edge.key.expressions or edge.policy.parents == "null" for edge in edges)


def staged(case: Case, outcome: Outcome, lost: set[Name]) -> ArrowDataset:
    extra = (Column("_via", "", "integer", pa.int16()), Column("_depth", "", "integer", pa.int32()))
    tables = tuple(replace(table, columns=(*table.columns, *extra)) for table in case.schema.tables)
    rows = {
        table.name: [row for row in outcome.rows.get(table.name, ()) if (table.name, row["n"]) not in lost]
        for table in tables
    }
    arrow = {t.name: pa.schema([(c.name, c.arrow_type) for c in t.columns]) for t in tables}
    return ArrowDataset(
        replace(case.schema, tables=tables),
        {name: pa.Table.from_pylist(found, arrow[name]) for name, found in rows.items()},
    )
