"""Which tables of a job a model makes, and what stands in the way of that; decided before a row is read."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from understudy.errors import InputError
from understudy.interfaces import Refusal, Rule
from understudy.jobs.making import needed, private
from understudy.jobs.spec import JobFile, SubsetSpec, SynthesizeSpec
from understudy.schema import ForeignKey, Schema, Table, TableName
from understudy.subset import PlannedTable, SubsetPlan

Place = tuple[TableName, str]

_UNKNOWN_KINDS = frozenset(("json", "bytes", "other"))
_FEWEST_PRIVATE = 1_000
"""Rows below which a bound on what each may change leaves nothing to learn."""


@dataclass(frozen=True)
class Synthesis:
    """Some tables that are made together."""

    spec: SynthesizeSpec
    tables: tuple[Table, ...]
    parents: tuple[TableName, ...] = ()
    """Tables they point at that are copied and masked."""
    where: Mapping[TableName, str] = field(default_factory=dict)
    """Which rows are learned from: SQL, of tables with exclusions."""

    @property
    def names(self) -> tuple[TableName, ...]:
        """The tables' names."""
        return tuple(table.name for table in self.tables)

    @property
    def label(self) -> str:
        """What a person calls it."""
        return ", ".join(map(str, self.names))

    @property
    def rows(self) -> dict[TableName, int]:
        """How many rows are wanted, of tables of which that is said."""
        if isinstance(self.spec.rows, Mapping):
            there = Schema(self.tables)
            return {there.find(name).name: count for name, count in self.spec.rows.items()}
        return {} if self.spec.rows is None else {self.tables[0].name: self.spec.rows}

    @property
    def balance(self) -> dict[Place, object]:
        """How often values come, by column."""
        there = Schema(self.tables)
        found: dict[Place, object] = {}
        for name, shares in self.spec.balance.items():
            table, column = there.find_column(name) if "." in name else (self.tables[0], self.tables[0].column(name))
            found[table.name, column.name] = shares
        return found

    def __post_init__(self) -> None:
        assert self.tables
        self.rows, self.balance  # noqa: B018 - an InputError where they name what is not there

    @property
    def told(self) -> str:
        """What will be done, for the plan."""
        spec, wanted = self.spec, self.rows
        count = ", ".join(f"{rows:,} rows of {name}" for name, rows in wanted.items())
        words = [count or f"{spec.scale:g} times the rows there are", f"effort {spec.effort}"]
        words += [f"epsilon {spec.epsilon:g}"] if spec.epsilon else []
        words += [f"by the model {spec.model}"] if spec.model else []
        words += [f"pointing at masked rows of {', '.join(map(str, self.parents))}"] if self.parents else []
        return f"{self.label}: {'; '.join(words)}"


def syntheses(schema: Schema, file: JobFile) -> tuple[tuple[Synthesis, ...], list[Refusal]]:
    """What the job wants made; names that do not exist raise, all else that cannot be is a refusal."""
    found: list[Synthesis] = []
    refusals: list[Refusal] = []
    taken: set[TableName] = set()
    for spec in file.job.synthesize:
        tables = tuple(schema.find(name) for name in spec.tables)
        twice = [table.name for table in tables if table.name in taken]
        refusals += [Refusal(f"synthesize.{name}", "named twice", "name a table once") for name in twice]
        taken |= {table.name for table in tables}
        exclude = {schema.find(name).name: condition for name, condition in file.job.subset.exclude.items()}
        where = {t.name: f"(\n{exclude[t.name]}\n) IS DISTINCT FROM true" for t in tables if t.name in exclude}
        found.append(Synthesis(spec, tables, where=where))
    if found:
        try:
            needed()
        except InputError as error:
            refusals.append(Refusal("synthesize", error.message, error.hint))
    return tuple(found), refusals


def without(schema: Schema, made: Collection[TableName], spec: SubsetSpec) -> tuple[Schema, SubsetSpec]:
    """What is copied: the schema without keys of made tables, but for those that become NULL; and its wishes."""
    if not made:
        return schema, spec
    keys = tuple(
        key for key in schema.foreign_keys if (key.table not in made and key.parent not in made) or _nulled(key, spec)
    )
    left = {key.id for key in keys} | {str(key.table) for key in keys}
    follow = {name: edge for name, edge in spec.follow.items() if name in left or _unknown(name, schema)}
    exclude = {name: condition for name, condition in spec.exclude.items() if schema.find(name).name not in made}
    targets = tuple(target for target in spec.targets if schema.find(target.table).name not in made)
    told = spec.model_copy(update={"follow": follow, "exclude": exclude, "targets": targets})
    return replace(schema, foreign_keys=keys), told


def _unknown(name: str, schema: Schema) -> bool:
    """Whether a policy names no foreign key at all, which is for the subset to say."""
    return not any(name in (key.id, str(key.table)) for key in schema.foreign_keys)


def _nulled(key: ForeignKey, spec: SubsetSpec) -> bool:
    policy = spec.follow.get(key.id) or spec.follow.get(str(key.table))
    return policy is not None and policy.parents == "null"


def emptied(chosen: SubsetPlan, made: Collection[TableName]) -> SubsetPlan:
    """The plan of what is copied, in which made tables are read by nobody."""
    if not made:
        return chosen
    tables = [
        PlannedTable(one.name, "empty", "its rows are made by a model", one.rows, one.bytes, whole=False)
        if one.name in made
        else one
        for one in chosen.tables
    ]
    return replace(chosen, tables=tuple(tables))


def joined(
    schema: Schema, wanted: Sequence[Synthesis], chosen: SubsetPlan, spec: SubsetSpec
) -> tuple[tuple[Synthesis, ...], list[Refusal]]:
    """The same with the masked parents they point at; keys between made and copied tables that cannot hold."""
    made = {name for one in wanted for name in one.names}
    refusals: list[Refusal] = []
    for target in spec.targets:
        name = schema.find(target.table).name
        if name in made:
            refusals.append(Refusal(f"subset.targets.{name}", "its rows are made", "say how many with `rows`"))
    parents: dict[int, list[TableName]] = {number: [] for number in range(len(wanted))}
    of = {name: number for number, one in enumerate(wanted) for name in one.names}
    for key in schema.foreign_keys:
        if key.parent in made and key.table not in made and key.table not in chosen.empty and not _nulled(key, spec):
            hint = f"make {key.table}, too, or empty the key: `follow: {{{key.id}: null}}`"
            refusals.append(Refusal(key.id, f"points at rows of {key.parent}, which are made anew", hint))
        elif key.table in made and key.parent not in made and key.parent in chosen.empty:
            hint = f"make {key.parent}, too, or let the subset reach it"
            refusals.append(Refusal(key.id, f"points at {key.parent}, which stays empty", hint))
        elif key.table in made and key.parent in made and of[key.table] != of[key.parent]:
            hint = f"name {key.table} and {key.parent} in one entry, which is learned as a whole"
            refusals.append(Refusal(key.id, f"points at {key.parent}, which another model makes", hint))
        elif key.table in made and key.parent not in made:
            parents[of[key.table]].append(key.parent)
    return tuple(
        replace(one, parents=tuple(dict.fromkeys(parents[number]))) for number, one in enumerate(wanted)
    ), refusals


def unbounded(one: Synthesis, schema: Schema) -> Iterator[Refusal]:
    """What no budget bounds of some tables that are learned together, or beside parents that are copied."""
    label, public = f"synthesize.{one.label}", [schema.find(name).name for name in one.spec.public]
    for name in public:
        if not one.spec.epsilon or name not in one.parents:
            told = f"{name} is said to be public, which is for parents that are copied beside tables with an epsilon"
            yield Refusal(label, told, "leave it out of `public`")
    if not one.spec.epsilon or not (len(one.tables) > 1 or one.parents):
        return
    if one.spec.balance:
        told = "balancing looks at real values, which spends a budget that nobody counts"
        yield Refusal(label, told, "leave `balance` out where there is an epsilon for several tables")
    there = {*one.names, *one.parents}
    keys = tuple(key for key in schema.foreign_keys if key.table in one.names and key.parent in there)
    try:
        from understudy.synth.families.allowed import allowed

        seen = Schema(tuple(schema.table(name) for name in sorted(there)), keys, engine=schema.engine)
        allowed(seen, one.names, public, private(one.spec.epsilon, one.spec.subject))
    except InputError as error:
        yield Refusal(label, error.message, error.hint)


def unmakeable(one: Synthesis, rules: Mapping[Place, Rule]) -> Iterator[Refusal]:
    """What of some tables no model can make."""
    filters = one.spec.filters
    if one.spec.epsilon and (filters.similarity not in (None, "off") or filters.outliers != "off"):
        told = "filters compare with real rows, which spends a budget that nobody counts"
        yield Refusal(f"synthesize.{one.label}", told, "leave `filters` out where there is an epsilon")
    if one.spec.subject and not any(one.spec.subject in table.by_name for table in one.tables):
        yield Refusal(f"synthesize.{one.label}", f"no column {one.spec.subject!r}", "`subject` names a column")
    for table in one.tables:
        if one.spec.epsilon and 0 < table.rows < _FEWEST_PRIVATE:
            told = f"has about {table.rows:,} rows, too few to learn from with a bound on what each may change"
            yield Refusal(str(table.name), told, f"it takes {_FEWEST_PRIVATE:,}; leave epsilon out, or mask the table")
        if not table.readable or table.row_security:
            yield Refusal(str(table.name), "may not be read as a whole", "make what it takes to learn from it readable")
        for column in table.stored:
            rule = rules.get((table.name, column.name))
            if rule is None:
                continue
            name = f"{table.name}.{column.name}"
            if column.kind in _UNKNOWN_KINDS and rule.name != "null":
                hint = f"empty it: `{name}: null`" if column.nullable else "mask the table instead of making it"
                yield Refusal(name, f"{column.native_type} is nothing that a model makes", hint)
