"""What a job will do, decided before a row is read: which rows, which rule for every column, and what is refused."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from understudy import detect, subset, transforms
from understudy.errors import InputError
from understudy.interfaces import Refusal, Rule
from understudy.jobs.classify import UNDECIDED, guesses
from understudy.jobs.made import Synthesis, emptied, joined, syntheses, unbounded, unmakeable, without
from understudy.jobs.spec import EdgeSpec, JobFile, SubsetSpec, TargetSpec, VirtualSpec
from understudy.schema import ForeignKey, Schema, Table, TableName

Rules = Mapping[tuple[TableName, str], Rule]


@dataclass(frozen=True)
class Plan:
    """Everything a run will do.  ``refusals`` must be empty before it may start."""

    file: JobFile
    schema: Schema
    """The source's, with the job's virtual foreign keys among its own."""
    subset: subset.SubsetPlan
    rules: Rules
    domains: Mapping[tuple[TableName, str], str]
    refusals: tuple[Refusal, ...]
    made: tuple[Synthesis, ...] = ()
    """Tables whose rows a model makes."""

    @property
    def copied(self) -> tuple[Table, ...]:
        """The tables whose rows are copied and masked."""
        return tuple(table for table in self.schema.tables if _filled(self.subset, table.name))

    @property
    def synthetic(self) -> frozenset[TableName]:
        """The tables whose rows a model makes."""
        return frozenset(name for one in self.made for name in one.names)

    @property
    def tables(self) -> tuple[Table, ...]:
        """The tables that may hold rows in the result."""
        return tuple(
            table for table in self.schema.tables if table.name in self.synthetic or _filled(self.subset, table.name)
        )

    @property
    def changed(self) -> frozenset[tuple[TableName, str]]:
        """The columns whose values will differ from the source's."""
        return frozenset(place for place, rule in self.rules.items() if rule.name != "keep")

    @property
    def listed(self) -> frozenset[tuple[TableName, str]]:
        """The columns in whose stand-ins a real name or place may be another row's original."""
        found = {place: self.placed(place) for place in self.changed}
        drawn = {place for place, one in found.items() if one.listed}
        # what is put together from masked columns holds what they hold
        while more := {p for p, one in found.items() if p not in drawn and any((p[0], c) in drawn for c in one.reads)}:
            drawn |= more
        return frozenset(drawn)

    def rules_of(self, name: TableName) -> dict[str, Rule]:
        """The rules of one table, by column."""
        return {column: rule for (table, column), rule in self.rules.items() if table == name}

    def placed(self, place: tuple[TableName, str]) -> transforms.Placed:
        """The rule of a column where it stands, which answers for the rules inside it."""
        table = self.schema.table(place[0])
        return transforms.placed(table, table.column(place[1]), self.rules[place])

    def refuse(self) -> None:
        """Raise an InputError that lists what stands in the way, if anything does."""
        if not self.refusals:
            return
        shown = [f"  {refusal}" for refusal in self.refusals[:25]]
        if len(self.refusals) > 25:
            shown.append(f"  ... and {len(self.refusals) - 25} more")
        message = f"{self.file.path.name} is refused, nothing was read:\n" + "\n".join(shown)
        raise InputError(message, hint=f"mend these in {self.file.path.name}; `understudy plan` shows them all")


def make_plan(file: JobFile, schema: Schema) -> Plan:
    """Resolve a job against a schema; pure.  Names that do not exist raise, all else is collected as refusals."""
    spec = file.job.subset
    whole = with_virtual(schema, spec.virtual)
    wanted, refused = syntheses(whole, file)
    made = frozenset(name for one in wanted for name in one.names)
    copied, asked = without(whole, made, spec)
    chosen = emptied(subset.plan(copied, _request(copied, asked)), made)
    wanted, unjoined = joined(whole, wanted, chosen, spec)
    named, refusals = _named_rules(whole, file.job.columns)
    alike = [
        tuple((table.name, column.name) for table, column in map(whole.find_column, group))
        for group in file.job.domains
    ]
    domains = transforms.domains(whole, alike)
    rules, clashes = transforms.spread(whole, named, domains)
    refusals += clashes
    for name, condition in file.job.allow.items():
        try:
            rules = transforms.allow(whole, rules, domains, {whole.find(name).name: condition})
        except InputError as error:
            refusals.append(Refusal(f"allow.{name}", error.message, error.hint))
    held = {place: rule for place, rule in rules.items() if place[0] in made or _filled(chosen, place[0])}
    refusals += [*refused, *unjoined, *chosen.refusals]
    plan = Plan(file, whole, chosen, held, domains, (), wanted)
    refusals += _without_rule(whole, plan.tables, rules, {refusal.subject for refusal in refusals})
    refusals += transforms.refusals(whole, held, domains)
    refusals += [refusal for one in wanted for refusal in (*unmakeable(one, rules), *unbounded(one, whole))]
    return replace(plan, refusals=tuple(dict.fromkeys(refusals)))


def _filled(chosen: subset.SubsetPlan, name: TableName) -> bool:
    """The table may hold rows in the result."""
    return chosen.by_name[name].role != "empty"


def with_virtual(schema: Schema, virtual: Iterable[VirtualSpec]) -> Schema:
    """The schema with the job's virtual foreign keys after its own."""
    added: list[ForeignKey] = []
    for number, key in enumerate(virtual):
        child, parent = schema.find(key.table), schema.find(key.parent)
        for column in key.parent_columns:
            parent.column(column)
        if not key.expressions:
            for column in key.columns:
                child.column(column)
        if len(key.parent_columns) != len(key.expressions or key.columns):
            where = f"`$.subset.virtual[{number}]`"
            raise InputError(f"a virtual key pairs its columns one to one with parent_columns - at {where}")
        added.append(
            ForeignKey(
                name=f"virtual_{number}",
                table=child.name,
                columns=key.columns,
                parent=parent.name,
                parent_columns=key.parent_columns,
                validated=False,
                virtual=True,
                condition=key.when,
                expressions=key.expressions,
            )
        )
    real = tuple(key for key in schema.foreign_keys if not key.virtual)  # a published schema holds ours already
    return replace(schema, foreign_keys=(*real, *added))


def _request(schema: Schema, spec: SubsetSpec) -> subset.Request:
    return subset.Request(
        targets=tuple(_target(schema, target) for target in spec.targets),
        follow={name: _policy(edge) for name, edge in spec.follow.items()},
        exclude={schema.find(name).name: condition for name, condition in spec.exclude.items()},
        unreached=spec.unreached if spec.targets else "all",
        reference_rows=spec.reference_rows,
        integrity=spec.integrity,
    )


def _policy(edge: EdgeSpec) -> subset.EdgePolicy:
    return subset.EdgePolicy(**edge.model_dump())


def _target(schema: Schema, target: TargetSpec) -> subset.Target:
    table = schema.find(target.table)
    return subset.Target(
        table=table.name,
        where=target.where,
        percent=target.percent,
        limit=target.limit,
        order_by=target.order_by,
        keys=None if target.keys is None else key_table(table, target.keys),
    )


def key_table(table: Table, keys: Iterable[Any]) -> pa.Table:
    """Row keys as a person writes them (one value, or a list for a composite key), as typed columns."""
    names = table.row_key
    if not names:
        raise InputError(f"table {str(table.name)!r} has no primary or unique key to name rows by", hint="use `where`")
    rows = [key if isinstance(key, (list, tuple)) else (key,) for key in keys]
    if any(len(row) != len(names) for row in rows):
        raise InputError(f"a key of table {str(table.name)!r} has {len(names)} parts: {', '.join(names)}")
    columns = {}
    for position, name in enumerate(names):
        values = pa.array([None if row[position] is None else str(row[position]) for row in rows], pa.string())
        wanted = table.column(name).arrow_type
        try:
            columns[name] = values if pa.types.is_string(wanted) else _parse(values, wanted)
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError, ValueError) as error:
            kind = table.column(name).native_type
            raise InputError(f"a key given for {table.name}.{name} is not of its type, {kind}") from error
    return pa.table(columns)


def _parse(values: pa.Array, wanted: pa.DataType) -> pa.Array:
    if wanted == pa.uuid():
        raw = [None if text is None else uuid.UUID(text).bytes for text in values.to_pylist()]
        return pa.ExtensionArray.from_storage(pa.uuid(), pa.array(raw, pa.binary(16)))
    return values.cast(wanted)


def _named_rules(schema: Schema, columns: Mapping[str, Any]) -> tuple[dict[tuple[TableName, str], Rule], list[Refusal]]:
    """The rules the job names; columns still to be decided become refusals."""
    rules: dict[tuple[TableName, str], Rule] = {}
    refusals: list[Refusal] = []
    for name, value in columns.items():
        try:
            table, column = schema.find_column(name)
            if value == UNDECIDED:
                hint = "choose a rule: keep, redact, null, full_name, email, ..."
                refusals.append(Refusal(name, "still to be decided", hint))
                continue
            rules[table.name, column.name] = transforms.parse_rule(value)
        except InputError as error:
            refusals.append(Refusal(name, error.message, error.hint))
    return rules, refusals


def _without_rule(schema: Schema, filled: Iterable[Table], rules: Rules, told: set[str]) -> list[Refusal]:
    """A column nobody decided on is refused: data must never pass because somebody forgot it."""
    missing = [
        (table, column)
        for table in filled
        for column in table.stored
        if (table.name, column.name) not in rules and f"{table.name}.{column.name}" not in told
    ]
    tables = {table.name: table for table, _column in missing}
    survey = detect.survey(replace(schema, tables=tuple(tables.values())), None)
    refusals: list[Refusal] = []
    for table, column in missing:
        name = f"{table.name}.{column.name}"
        rule = guesses(schema, survey, table, column)[0].rule
        hint = f"add `{name}: {rule}`" if rule != UNDECIDED else f"add `{name}: keep`, `redact` or another rule"
        refusals.append(Refusal(name, f"no rule ({column.native_type})", hint))
    return refusals
