"""A table that was learned, ready to make rows: the model, the generators of what names people, and the filters."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow, transforms
from understudy.errors import Error, InputError
from understudy.interfaces import Progress, Rule, Transformer
from understudy.jobs.following import Following
from understudy.jobs.people import Personal, alone, first, instead, masked, personal
from understudy.jobs.rows import Rows, Source, table_like
from understudy.jobs.written import Written, as_written, read_of
from understudy.schema import PARTITIONS, ForeignKey, Schema, Table, TableName

if TYPE_CHECKING:
    from understudy.synth.filters import Filtered
    from understudy.synth.flat import Flat
    from understudy.synth.marginals import Marginals

Effort = Literal["fast", "normal", "best"]
Level = Literal["off", "medium", "high"]
Shares = Literal["even"] | Mapping[object, float]

FOLLOWS = "that of "
"""How a column comes to be that repeats one of the row that its row points at."""
RARE = "learned, rare ones by "
"""How a column comes to be whose frequent labels are learned, and whose others a rule makes."""


@dataclass(frozen=True)
class Wish:
    """What is wanted of made rows."""

    rows: int | None = None
    """How many; as many as there are, or as are given, by default."""
    balance: Mapping[str, Shares] = field(default_factory=dict)
    """How often the values of some columns come."""
    effort: Effort = "normal"
    similarity: Level | None = None
    """Which copies of real rows are refused.

    By default "medium", where the real rows are at hand and none is given: one that is given must not be left out.
    """
    outliers: Level | None = None
    """Which unusual rows are refused; none by default."""
    seed: int = 0
    epsilon: float | None = None
    """Learn with differential privacy: what any one row, or subject, may change is bounded by this."""
    subject: str = ""
    """The column that says whose row it is: rows of one are made together, or bounded together by ``epsilon``.

    Of several tables a subject is a row that owns others, and none is said.
    """
    public: tuple[str, ...] = ()
    """Of several tables, those that hold nobody's rows: they are copied as they are, and no budget is spent on them."""

    def __post_init__(self) -> None:
        if self.epsilon and {self.similarity, self.outliers} & {"medium", "high"}:
            hint = "leave filters out where there is a budget: it bounds what copies could tell"
            raise InputError("filters compare with real rows, which spends a budget that nobody counts", hint=hint)


class Maker:
    """Makes rows of one table."""

    def __init__(
        self,
        model: Flat | Marginals,
        table: Table,
        found: Personal,
        *,
        learned_from: int = 0,
        began: float | None = None,
    ) -> None:
        self.model, self.table, self.learned_from = model, table, learned_from
        self.rules = instead(found, table, model.encoder.coded)
        self.began = time.monotonic() if began is None else began
        self.outcome: Filtered | None = None
        """What filters came to, when rows were made."""

    @staticmethod
    def learn(rows: Rows, wish: Wish, progress: Progress) -> Maker:
        """Learn a table; what says who someone is will be made by generators."""
        needed()
        began = time.monotonic()
        found = personal(rows.table, first(rows.read()))
        budget = private(wish.epsilon, wish.subject)
        model = single(wish.effort, wish.seed, budget, identifiers=tuple(found.direct))
        counted = _Counted(rows, progress)
        model.fit(rows.table, arrow.reader(rows.arrow_schema, counted), private=budget, progress=progress)
        return Maker(model, rows.table, found, learned_from=counted.rows, began=began)

    @staticmethod
    def load(path: str | Path, table: Table | None = None) -> Maker:
        """A model that was saved; what it makes that looks like people's names is made by generators."""
        needed()
        from understudy import synth

        if not Path(path).is_file():
            raise InputError(f"there is no model {str(path)!r}", hint="`understudy synthesize --save` writes one")
        model = synth.load(path, threads=threads())
        table = table or table_like("rows", model.encoder.made_schema)
        looks = pa.Table.from_batches(list(model.sample(100)))
        found = personal(table, looks)
        return Maker(model, table, found.without(found.direct.keys() - set(model.identifiers)))

    @property
    def arrow_schema(self) -> pa.Schema:
        """The columns of rows that are made."""
        return self.model.encoder.made_schema

    def make(
        self, wish: Wish, given: pa.Table | None, progress: Progress, *, real: Rows | None = None
    ) -> Iterator[pa.RecordBatch]:
        """The rows; of ``real`` ones, which filters look at, none is among them."""
        from understudy.synth.filters import filtered

        count = wanted_rows(wish, given, self.learned_from)
        model: Any = self.model
        passing = filtered(
            model, count, seed=wish.seed, given=given, balance=dict(wish.balance), **self._filters(wish, real, given)
        )
        generate, at = self._generators(wish.seed), 0
        for batch in passing:
            yield _filled(generate(batch), given, at)
            at += len(batch)
            progress("make", str(self.table.name), at, count)
        self.outcome = passing.outcome

    def _filters(self, wish: Wish, real: Rows | None, given: pa.Table | None) -> dict[str, Any]:
        from understudy.synth.encoding.encode import sampled
        from understudy.synth.filters import Filters
        from understudy.synth.network.effort import kept_rows

        if real is None:
            if (wish.similarity or "off") != "off" or (wish.outliers or "off") != "off":
                hint = "give the file, too, that the model was learned from"
                raise InputError("filters need the real rows, and a saved model holds none", hint=hint)
            return {"filters": Filters("off", "off")}
        usual: Level = "medium" if given is None and self.model.privacy is None else "off"
        filters = Filters(wish.similarity or usual, wish.outliers or "off")
        if filters.off:
            return {"filters": filters}
        rows, _ = sampled(real.read(), real.arrow_schema, kept_rows(wish.effort), wish.seed)
        return {"filters": filters, "real": rows.select(self.arrow_schema.names)}

    def _generators(self, seed: int) -> Transformer:
        """What makes values that name people, from fresh ones of the same look; the same for the same seed."""
        key = transforms.Key(hashlib.sha256(f"understudy synthesize {seed}".encode()).digest())
        return transforms.compile(self.table, self.rules, key=key, domains=transforms.domains(alone(self.table)))

    def columns(self, given: pa.Table | None = None) -> dict[str, str]:
        """How each column comes to be: ``given``, ``learned``, ``constant``, ``identifier``, or a generator's rule."""
        encoder = self.model.encoder
        found = {}
        for name in encoder.made_schema.names:
            parts = encoder.coded[name].parts
            if given is not None and name in given.column_names:
                found[name] = "given"
            elif name in self.rules:
                found[name] = told(self.rules[name])
            elif name in encoder.identifiers:
                found[name] = "identifier"
            elif all(part.classes == 1 and not part.number for part in parts):
                found[name] = "constant"
            else:
                found[name] = "learned"
        return found

    @property
    def relations(self) -> tuple[str, ...]:
        """What was found to hold between columns, in words that show no value."""
        return tuple(map(str, self.model.relations.found))


class FamilyMaker:
    """Makes rows of several tables that foreign keys join."""

    def __init__(
        self,
        model: Any,
        rules: Mapping[TableName, Mapping[str, Rule]],
        tables: Mapping[TableName, Rows],
        written: Mapping[TableName, Written],
        direct: Mapping[TableName, Mapping[str, Rule]],
    ) -> None:
        self.model, self.rules = model, rules
        self._tables, self._written, self._direct = tables, written, direct
        self.began = time.monotonic()
        self.learned_from = {name: one.rows for name, one in model.models.items()}
        self.outcome: Mapping[TableName, Filtered] = {}
        """What filters came to, by table, when rows were made."""

    @staticmethod
    def learn(source: Source, wish: Wish, progress: Progress, *, copying: bool = True) -> FamilyMaker:
        """Learn the tables together; what says who someone is will be made by generators.

        With ``copying``, small tables that many rows point at are kept, as countries are.
        """
        needed()
        from understudy.synth.tables import Tables, lookups

        began, tables = time.monotonic(), {one.table.name: one for one in source.tables}
        schema = _of_all_partitions(source.schema)
        model: Any = Tables(wish.effort, seed=wish.seed, threads=threads())
        budget, public = private(wish.epsilon, wish.subject), [schema.find(name).name for name in wish.public]
        copied = lookups(schema, lambda name: tables[name].read()) if copying and not budget else ()
        rules: dict[TableName, Mapping[str, Rule]] = {name: {} for name in public}
        people: dict[TableName, Personal] = {}
        for name, rows in tables.items():
            if name in copied and name not in public:
                rules[name] = masked(rows.table, first(rows.read()), schema.joined(name))
            elif name not in public:
                people[name] = personal(rows.table, first(rows.read())).without(schema.joined(name))
        written = {
            name: read_of(rows, {*schema.joined(name), *_unique(rows.table), *people[name].direct})
            if name in people and budget is None  # to see how all texts are written would be one more question
            else as_written(rows)
            for name, rows in tables.items()
        }
        schema = replace(schema, tables=tuple(_seen(one, written) for one in schema.tables))
        chosen = None if copying else list(tables)
        read: Any = lambda name: written[name].rows.read()  # noqa: E731
        model.fit(schema, read, tables=chosen, private=budget, public=public, progress=progress)
        for name in set(model.kept) - rules.keys():  # fail closed: nobody looked for people in its rows
            raise Error(f"{name} has fewer rows than a moment ago", hint="run it again when nobody writes there")
        for name, found in people.items():
            one = model.models[name]
            own = found if one.role.owner is None else found.by_value(tables[name].table.row_key)
            repeated = {column for pairs in one.carried.values() for column, _ in pairs}
            rules[name] = instead(own.without(repeated), tables[name].table, one.coded)
        made = FamilyMaker(model, rules, tables, written, {name: found.direct for name, found in people.items()})
        made.began = began
        return made

    def make(self, wish: Wish) -> Iterator[tuple[TableName, pa.RecordBatch]]:
        """Rows of all tables, of which filters refuse some; ``rows`` are those of the first."""
        from understudy.synth.filters import Filters

        key = transforms.Key(hashlib.sha256(f"understudy synthesize {wish.seed}".encode()).digest())
        turns = {
            name: transforms.compile(one.table, self.rules[name], key=key, domains=transforms.domains(alone(one.table)))
            for name, one in self._tables.items()
        }
        rows = {} if wish.rows is None else {next(iter(self._tables)): wish.rows}
        usual: Level = "medium" if self.model.privacy is None else "off"
        filters = Filters(wish.similarity or usual, wish.outliers or "off")
        watches = self.model.watches(lambda name: self._written[name].rows.read(), filters, ignore=self._direct)
        made = self.model.sample(rows=rows, seed=wish.seed, watches=watches)
        following = Following(self.model.carried)
        for name in self.model.kept:  # these may leave last
            for batch in self._tables[name].read():
                following.keep(name, turns[name](batch).cast(self._tables[name].arrow_schema))
        for name, batch in made:
            filled = following.filled(name, self._written[name].back(batch))
            whole = turns[name](filled).cast(self._tables[name].arrow_schema)  # rules may look at what is repeated
            yield name, whole if name in self.model.kept else following.keep(name, whole)
        self.outcome = made.outcome

    @property
    def copied(self) -> frozenset[TableName]:
        """The tables whose rows are those of the source: lookups, and those without any."""
        return frozenset(name for name in self._tables if name in self.model.kept or name not in self.model.models)

    def columns(self, name: TableName) -> dict[str, str]:
        """How each column of a table comes to be; rows of lookups are ``copied``."""
        rules = self.rules[name]
        if name in self.copied:
            return {
                column: told(rules[column]) if column in rules else "copied"
                for column in self._tables[name].arrow_schema.names
            }
        found = dict.fromkeys(self._tables[name].arrow_schema.names, "learned")
        found |= dict.fromkeys(self.model.models[name].fresh, "identifier")
        found |= {column: told(rule) for column, rule in rules.items()}
        for key, pairs in self.model.carried[name].items():
            found |= {column: f"{FOLLOWS}{key.parent}.{other}" for column, other in pairs}
        return found


def _unique(table: Table) -> set[str]:
    """The columns that keys of a table are made of."""
    return {name for unique in table.uniques for name in unique.columns}


def _seen(table: Table, written: Mapping[TableName, Written]) -> Table:
    """A table as it is learned."""
    return written[table.name].rows.table if table.name in written else table


def _of_all_partitions(schema: Schema) -> Schema:
    """A schema in which keys of some partitions of a table are keys of all: rows that hold those hold these."""
    whole: dict[str, list[ForeignKey]] = {}
    for key in schema.foreign_keys:
        plain = replace(key, condition="") if key.condition.startswith(PARTITIONS) else key
        if plain not in whole.setdefault(plain.id, []):
            whole[plain.id].append(plain)
    if any(len({(key.parent, key.parent_columns) for key in keys}) > 1 for keys in whole.values()):
        return schema  # partitions that point at different tables
    return replace(schema, foreign_keys=tuple(keys[0] for keys in whole.values()))


def single(effort: Effort, seed: int, budget: Any, **options: Any) -> Any:
    """What learns one table: a network, and within a budget counts, which keep more of what little may be asked."""
    from understudy.synth import SYNTHESIZERS

    if budget is not None:
        return SYNTHESIZERS["marginals"](seed=seed, threads=threads(), **options)
    return SYNTHESIZERS["flat"](effort=effort, seed=seed, threads=threads(), **options)


def private(epsilon: float | None, subject: str) -> Any:
    """The budget of a fit; None where there is none."""
    if epsilon is None:
        return None
    from understudy.synth.private import Private

    return Private(epsilon, subject=subject or None)


class _Counted:
    """The batches of a table, counted as they come."""

    def __init__(self, rows: Rows, progress: Progress) -> None:
        self._source, self._progress, self.rows = rows, progress, 0

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        for batch in self._source.batches():
            self.rows += len(batch)
            self._progress("read", str(self._source.table.name), self.rows, None)
            yield batch


def needed() -> None:
    """Raise an InputError that says what to install, where what learns is not there; nothing is imported for that."""
    for name in ("safetensors", "scipy", "sklearn", "torch"):
        if importlib.util.find_spec(name) is None:
            raise InputError(f"synthesis needs {name}", hint="pip install 'understudy[synth]'")


def threads() -> int:
    """How many threads learning may use: what OMP_NUM_THREADS says, else one.

    The products of a step are small: a second core makes a fit a tenth faster where it is idle, and several times
    slower where it is not, for each waits for the other.
    """
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdecimal() and int(told) else 1


def told(rule: Rule) -> str:
    """How a column comes to be that a rule has a part in."""
    return f"{RARE}{rule.options['otherwise']}" if rule.name == "map" else str(rule)


def wanted_rows(wish: Wish, given: pa.Table | None, learned_from: int) -> int:
    """How many rows to make; an InputError where it is said twice, or not at all."""
    if given is not None:
        if wish.rows not in (None, len(given)):
            message = f"{wish.rows:,} rows are wanted, and {len(given):,} are given"
            raise InputError(message, hint="one row is made for each that is given: leave `rows` out")
        return len(given)
    if wish.rows is None and not learned_from:
        raise InputError("a saved model does not say how many rows to make", hint="say how many: `--rows 1000`")
    return learned_from if wish.rows is None else wish.rows


def _filled(batch: pa.RecordBatch, given: pa.Table | None, first: int) -> pa.RecordBatch:
    """Rows with what was given for them in its place, whatever generators made of it."""
    if given is None:
        return batch
    rows = given.slice(first, len(batch))
    columns = []
    for name, made in zip(batch.schema.names, batch.columns, strict=True):
        if name not in given.column_names:
            columns.append(made)
            continue
        own = arrow.plain(rows.column(name).combine_chunks()).cast(arrow.plain(made).type)
        columns.append(arrow.like(pc.coalesce(own, arrow.plain(made)), made.type))
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)
