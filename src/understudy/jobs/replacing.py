"""The middle of a run for tables that a model makes: it learns from masked rows, and what it makes is staged.

A model never sees a row as the source has it: every value passes the job's rules first.  What names rows in what it
makes is fresh, and passes the rules once more, so that keys and stand-ins have the form they have everywhere.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow, checks, transforms
from understudy.errors import InputError
from understudy.interfaces import Progress, Scan, Snapshot, Transformer
from understudy.jobs.extract import Counts, Extracted, Made, Masking
from understudy.jobs.following import Following
from understudy.jobs.hashing import fingerprint
from understudy.jobs.made import Synthesis
from understudy.jobs.making import Effort, Level, private, single, threads
from understudy.jobs.people import where_rare
from understudy.jobs.planning import Plan
from understudy.jobs.splitting import HELD, Split
from understudy.jobs.version import code_version
from understudy.schema import Column, Schema, Table, TableName

if TYPE_CHECKING:
    from understudy.synth.families.making import Making
    from understudy.synth.filters import Filtered, Filters

MADE = -3
"""``_via`` of a row that a model made."""

_COMMON = 10
"""Rows that must have a value before it may be balanced."""
_NUMBERS = ("decimal", "float", "integer")


@dataclass(frozen=True)
class Lens:
    """A table as a model sees it: columns that travel as text and are numbers become numbers, empty ones are left out.

    Columns whose rule is ``null`` are empty in every row.
    """

    table: Table
    staged: pa.Schema
    """What is staged: all stored columns, and two of the run's own."""
    empty: frozenset[str] = frozenset()
    rows: int = 0

    @property
    def seen(self) -> Table:
        """The table with the columns that are left."""
        left = [column for column in self.table.stored if column.name not in self.empty]
        columns = tuple(replace(column, arrow_type=self._type(column)) for column in left)
        names = {column.name for column in columns}
        uniques = tuple(one for one in self.table.uniques if names.issuperset(one.columns))
        return replace(self.table, columns=columns, uniques=uniques, rows=self.rows)

    @property
    def arrow_schema(self) -> pa.Schema:
        """The columns that are left, as they are learned."""
        return pa.schema([(column.name, column.arrow_type) for column in self.seen.columns])

    @staticmethod
    def _type(column: Column) -> pa.DataType:
        text = column.as_text and column.kind in _NUMBERS
        return pa.float64() if text else column.arrow_type

    def there(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Masked rows, to learn from."""
        columns = []
        for one in self.arrow_schema:
            values = batch.column(one.name)
            if values.type != one.type:
                values = arrow.like(arrow.plain(values), one.type)
            columns.append(values)
        return pa.RecordBatch.from_arrays(columns, schema=self.arrow_schema)

    def back(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Made rows, to stage."""
        columns = []
        for one in self.staged:
            if one.name == "_via":
                columns.append(pa.repeat(pa.scalar(MADE, one.type), len(batch)))
            elif one.name == "_depth":
                columns.append(pa.repeat(pa.scalar(0, one.type), len(batch)))
            elif one.name in self.empty:
                columns.append(pa.nulls(len(batch), one.type))
            else:
                columns.append(_like(batch.column(one.name), one.type))
        return pa.RecordBatch.from_arrays(columns, schema=self.staged)


def _like(values: pa.Array, kind: pa.DataType) -> pa.Array:
    return values if values.type == kind else arrow.like(arrow.plain(values), kind)


@dataclass
class Family:
    """The tables of one entry on their way: what is learned from, what only judges, and how what is made is staged."""

    plan: Plan
    one: Synthesis
    snapshot: Snapshot
    key: transforms.Key
    made: Extracted
    progress: Progress
    lanes: dict[TableName, Masking] = field(default_factory=dict)
    lenses: dict[TableName, Lens] = field(default_factory=dict)
    outcome: dict[TableName, Filtered] = field(default_factory=dict)
    """What filters came to, of tables that have any."""
    split: Split = field(init=False)

    def __post_init__(self) -> None:
        aside = Counts(), checks.Originals(fingerprint())
        for table in (*self.one.tables, *(self.plan.schema.table(name) for name in self.one.parents)):
            own = table.name in self.one.names
            counts, originals = (self.made.counts, self.made.originals) if own else aside
            lane = Masking.compile(self.plan, table, counts, originals, self.key, self.snapshot)
            rules = self.plan.rules_of(table.name)
            empty = frozenset(name for name, rule in rules.items() if rule.name == "null")
            self.lanes[table.name], self.lenses[table.name] = lane, Lens(table, lane.staged, empty)
        spec = self.one.spec
        self.split = Split(self.schema, self.one.names, self.key, subject=spec.subject, judged=not spec.gates.off)

    @property
    def schema(self) -> Schema:
        """The tables as a model sees them, with the keys that join them."""
        tables = tuple(lens.seen for lens in self.lenses.values())
        keys = tuple(
            key
            for key in self.plan.schema.foreign_keys
            if key.table in self.one.names
            and key.parent in self.lenses
            and not self.lenses[key.table].empty.intersection(key.columns)
        )
        return Schema(tables, keys, engine=self.plan.schema.engine)

    def look(self) -> None:
        """Read every table once: originals are noted, rows counted, and told apart into those to learn from or not."""
        for name in self.split.order:
            lane, lens, rows = self.lanes[name], self.lenses[name], 0
            for batch in self._scan(name):
                self.split.take(name, lens.there(lane.take(batch)))
                rows += len(batch)
                self.progress("look", str(name), rows, None)
            self.lenses[name] = replace(lens, rows=self.split.learned[name])

    def read(self, name: TableName) -> pa.RecordBatchReader:
        """The masked rows of a table that are learned from; of a parent that is copied, all."""
        lane, lens = self.lanes[name], self.lenses[name]

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in self._scan(name):
                masked = lens.there(lane.transformer(batch))
                if name in self.one.names:
                    masked = masked.filter(pa.array(self.split.groups(name, masked) != HELD))
                yield masked

        return arrow.reader(lens.arrow_schema, batches())

    def _scan(self, name: TableName) -> Iterator[pa.RecordBatch]:
        yield from self.snapshot.read(Scan(name, self.lanes[name].columns, where=self.one.where.get(name, "")))

    def parents(self) -> dict[TableName, pa.Table]:
        """The rows of copied parents, as the result will have them."""
        found = {}
        for name in self.one.parents:
            lens = self.lenses[name]
            rows = self.made.stage.read(Scan(name, tuple(lens.arrow_schema.names)))
            found[name] = pa.Table.from_batches([lens.there(batch) for batch in rows], lens.arrow_schema)
        return found

    def balanced(self) -> dict[TableName, pa.Table]:
        """Rows to begin with, of tables of which some columns are balanced: one value each, as often as is wanted."""
        wanted: dict[TableName, dict[str, Any]] = {}
        for (name, column), shares in self.one.balance.items():
            wanted.setdefault(name, {})[column] = shares
        found = {}
        for name, columns in wanted.items():
            rows = self.one.rows.get(name, round(self.one.spec.scale * self.split.rows[name]))
            rng = np.random.default_rng((self.one.spec.seed, 11))
            known = self.split.measured(name)
            drawn = {column: _drawn(known.column(column), shares, rows, rng) for column, shares in columns.items()}
            found[name] = pa.table(drawn)
        return found

    def stage(
        self, batches: Iterator[tuple[TableName, pa.RecordBatch]], fresh: Fresh, model: Any
    ) -> dict[TableName, pa.Table]:
        """Stage rows that a model made; what of them is measured, as it sees it."""
        again = {name: self._again(name, fresh, model) for name in self.one.names}
        following = Following(model.carried if hasattr(model, "models") else {})
        counts = dict.fromkeys(self.one.names, 0)
        kept: dict[TableName, list[pa.RecordBatch]] = {name: [] for name in self.one.names}
        with ExitStack() as files:
            stage, lenses = self.made.stage, self.lenses
            writers = {
                name: files.enter_context(stage.writer(lenses[name].table, lenses[name].staged)) for name in counts
            }
            for name, batch in batches:
                if name not in counts or not len(batch):
                    continue
                lens = self.lenses[name]
                staged = lens.back(batch)
                staged = again[name](staged).cast(lens.staged)  # keys become what they point at
                staged = following.keep(name, following.filled(name, staged))
                writers[name].write(staged)
                if counts[name] < self.split.most:
                    kept[name].append(lens.there(staged))
                counts[name] += len(batch)
                self.progress("make", str(name), counts[name], None)
        for name, rows in counts.items():
            self.made.made[name] = Made(self.split.learned[name], rows)
        return {name: pa.Table.from_batches(some, self.lenses[name].arrow_schema) for name, some in kept.items()}

    def _again(self, name: TableName, fresh: Fresh, model: Any) -> Transformer:
        """The rules of columns whose values are fresh, of those that point at them, and of what was made up."""
        table = self.plan.schema.table(name)
        names = set(fresh[name])
        for key in self.plan.schema.foreign_keys:
            if key.table == name:
                pairs = zip(key.columns, key.parent_columns, strict=False)
                names |= {own for own, other in pairs if other in fresh.get(key.parent, ())}
        every = self.plan.rules_of(name)
        coded = model.models[name].coded if hasattr(model, "models") else model.encoder.coded
        rules = where_rare(every, coded) | {column: rule for column, rule in every.items() if column in names}
        return transforms.compile(
            table, rules, key=self.key, domains=self.plan.domains, dataset=self.snapshot, elsewhere=self.plan.rules
        )


def _drawn(values: pa.ChunkedArray, shares: Any, rows: int, rng: np.random.Generator) -> pa.Array:
    """So many values, each as often as is wanted; those that few rows have are not among them."""
    counted = pc.value_counts(values.drop_null())
    common = counted.filter(pc.greater_equal(counted.field("counts"), _COMMON)).field("values")
    names = common if shares == "even" else pa.array(list(shares)).cast(values.type)
    weights = np.ones(len(names)) if shares == "even" else np.array(list(shares.values()), np.float64)
    if not len(names) or weights.sum() <= 0:
        raise InputError("a column to balance has no value that is common enough", hint="balance another column")
    return names.take(pa.array(rng.choice(len(names), rows, p=weights / weights.sum())))


Fresh = Mapping[TableName, frozenset[str]]
"""By table, the columns in which a model makes values that name rows, and of which it learned nothing."""


def learn(family: Family, *, seed: int, effort: Effort, model: Path | None = None) -> Any:
    """A model of the tables of one entry, learned or read from where it was saved."""
    from understudy import synth
    from understudy.synth.tables import Tables

    several = bool(family.schema.foreign_keys) or len(family.one.tables) > 1
    if model is not None:
        if not model.is_file():
            raise InputError(f"there is no model {str(model)!r}", hint="a run keeps its own beside its report")
        return (Tables.load if several else synth.load)(model, threads=threads())
    budget = private(family.one.spec.epsilon, family.one.spec.subject)
    made: Any = Tables(effort, seed=seed, threads=threads()) if several else single(effort, seed, budget)
    if not several:
        (name,) = family.one.names
        return made.fit(family.lenses[name].seen, family.read(name), private=budget, progress=family.progress)
    public = [family.schema.find(name).name for name in family.one.spec.public]
    how = {"tables": family.one.names, "private": budget, "public": public, "progress": family.progress}
    return made.fit(family.schema, family.read, **how)


def state_of(family: Family, *, seed: int, effort: str) -> str:
    """What a model comes from, as hexadecimal digits: rows, tables, options and code; the same gives the same model."""
    parents = {name: sum(map(family.split.content_of, table.to_batches())) for name, table in family.parents().items()}
    left = {"rows", "scale", "balance", "filters", "gates", "retries", "seed", "effort"}
    options = family.one.spec.model_dump(exclude=left)
    tables = [repr(replace(table, rows=0, bytes=0)) for table in family.schema.tables]
    rows = sorted((str(name), count) for name, count in {**family.split.content, **parents}.items())
    told = (code_version(), seed, effort, sorted(options.items()), tables, family.schema.foreign_keys, rows)
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def fresh_of(model: Any, names: tuple[TableName, ...]) -> Fresh:
    """The columns in which a model makes values that name rows."""
    if hasattr(model, "models"):
        return {
            name: frozenset({*one.fresh, *(one.flat.identifiers if one.flat else ())})
            for name, one in model.models.items()
            if name in names
        }
    return {names[0]: frozenset(model.identifiers)}


def make(
    family: Family, model: Any, fresh: Fresh, *, seed: int, similarity: Level, outliers: Level
) -> dict[TableName, pa.Table]:
    """Make the rows of the tables of one entry, and stage them; gives what of them is measured."""
    from understudy.synth.filters import Filters, filtered

    filters = Filters(similarity, outliers)
    if hasattr(model, "models"):
        making = _families(family, model, filters, seed)
        kept = family.stage(making, fresh, model)
        family.outcome = dict(making.outcome)
        return kept
    (name,) = family.one.names
    spec, split = family.one.spec, family.split
    rows = family.one.rows.get(name, round(spec.scale * split.rows[name]))
    real = None if filters.off else family.read(name).read_all()
    balance = {column: shares for (_, column), shares in family.one.balance.items()}
    passing = filtered(model, rows, seed=seed, filters=filters, real=real, balance=balance)
    kept = family.stage(((name, batch) for batch in passing), fresh, model)
    family.outcome = {name: passing.outcome}
    return kept


def _families(family: Family, model: Any, filters: Filters, seed: int) -> Making:
    split, spec = family.split, family.one.spec
    learned = sum(split.learned[name] for name in family.one.names)
    scale = spec.scale * sum(split.rows[name] for name in family.one.names) / max(learned, 1)
    given = {**family.parents(), **family.balanced()}
    watches = model.watches(family.read, filters, ignore=fresh_of(model, family.one.names), progress=family.progress)
    return model.sample(  # type: ignore[no-any-return]
        scale, rows=family.one.rows, seed=seed, given=given, watches=watches
    )
