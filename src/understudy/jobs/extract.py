"""The middle of a run: rows of the closure are masked as they arrive and staged; raw values never touch a disk."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from understudy import checks, subset, transforms
from understudy.connections.folder import Folder, TableWriter
from understudy.interfaces import Progress, Snapshot, Transformer
from understudy.jobs.hashing import fingerprint, rank
from understudy.jobs.pipe import Pipe
from understudy.jobs.planning import Plan
from understudy.schema import Table, TableName

Place = tuple[TableName, str]


@dataclass(frozen=True)
class Counts:
    """What happened to the values of changed columns, counted while they passed."""

    values: Counter[Place] = field(default_factory=Counter)
    """Values that are not null."""
    fixed: Counter[Place] = field(default_factory=Counter)
    """Values that came out as they went in."""


@dataclass(frozen=True)
class Extracted:
    """A staged result that has not been checked yet."""

    stage: Folder
    closure: subset.Closure
    counts: Counts
    originals: checks.Originals
    made: dict[TableName, Made] = field(default_factory=dict)
    """Tables whose rows a model made."""


@dataclass(frozen=True)
class Made:
    """What became of a table that was made."""

    learned_from: int
    rows: int


def extract(plan: Plan, snapshot: Snapshot, stage: Folder, *, key: transforms.Key, progress: Progress) -> Extracted:
    """Run the closure, mask every batch, stage it; then take out what exclusions took with them.

    Masking and writing overlap with reading; memory holds keys, a few batches and the sketches of originals.
    """
    counts, originals = Counts(), checks.Originals(fingerprint())
    lanes = {table.name: Masking.compile(plan, table, counts, originals, key, snapshot) for table in plan.copied}
    writers: dict[TableName, TableWriter] = {}
    with ExitStack() as files, Pipe() as pipe:

        def sink(name: TableName, batch: pa.RecordBatch) -> None:
            lane = lanes[name]
            if name not in writers:  # a table without rows gets no file
                writers[name] = files.enter_context(stage.writer(lane.table, lane.staged))
            pipe.put(_staged, lane, batch, writers[name])

        closure = subset.closure(
            plan.subset,
            snapshot,
            sink,
            columns={name: lane.columns for name, lane in lanes.items()},
            rank=rank(key),
            progress=progress,
            workers=plan.file.job.readers,
        )
    for table in plan.copied:
        _prune(plan, closure, stage, table)
    return Extracted(stage, closure, counts, originals)


@dataclass(frozen=True)
class Masking:
    """What one table's batches go through: the transformer and the counters."""

    table: Table
    columns: tuple[str, ...]
    """What is read: all stored columns, and those a rule needs besides."""
    staged: pa.Schema
    changed: tuple[str, ...]
    identifying: tuple[str, ...]
    spared: transforms.Spared
    """Tells the values of identifying columns that rules leave what they are on purpose."""
    transformer: Transformer
    counts: Counts
    originals: checks.Originals

    @classmethod
    def compile(
        cls,
        plan: Plan,
        table: Table,
        counts: Counts,
        originals: checks.Originals,
        key: transforms.Key,
        snapshot: Snapshot,
    ) -> Masking:
        """The lane of one table under the plan's rules."""
        rules = plan.rules_of(table.name)
        stored = tuple(column.name for column in table.stored)
        changed = tuple(name for name in stored if rules[name].name != "keep")
        fields = [pa.field(column.name, column.arrow_type) for column in table.stored]
        return cls(
            table=table,
            columns=(*stored, *sorted(transforms.needs(table, rules) - set(stored))),
            staged=pa.schema([*fields, pa.field("_via", pa.int16()), pa.field("_depth", pa.int32())]),
            changed=changed,
            identifying=tuple(name for name in changed if plan.placed((table.name, name)).sensitive),
            spared=transforms.spared(table, rules),
            transformer=transforms.compile(
                table, rules, key=key, domains=plan.domains, dataset=snapshot, elsewhere=plan.rules
            ),
            counts=counts,
            originals=originals,
        )

    def take(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """One batch masked; what became of its values is counted."""
        masked = self.transformer(batch)
        spared = self.spared(batch)
        for name in self.changed:
            place, before, after = (self.table.name, name), batch.column(name), masked.column(name)
            self.counts.values[place] += len(before) - before.null_count
            if name in spared:
                others = pc.invert(spared[name])
                self.originals.spare(before.filter(spared[name]))
                before, after = before.filter(others), after.filter(others)
            self.counts.fixed[place] += transforms.fixed_points(before, after)
            if name in self.identifying:
                self.originals.add(place, before)
        return masked


def _staged(lane: Masking, batch: pa.RecordBatch, writer: TableWriter) -> None:
    writer.write(lane.take(batch).select(lane.staged.names).cast(lane.staged))


def _prune(plan: Plan, closure: subset.Closure, stage: Folder, table: Table) -> None:
    """Drop the rows that exclusions removed, and empty the keys that pointed at them."""
    dropped = closure.dropped.get(table.name)
    nulled = {
        column: ordinals
        for edge in plan.subset.edges
        if (ordinals := closure.nulled.get((table.name, edge.label))) is not None and len(ordinals)
        for column in edge.nulls
    }
    if nulled or (dropped is not None and len(dropped)):
        stage.rewrite(table.name, drop=dropped, null=nulled)
