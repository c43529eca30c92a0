"""Measure made tables beside real ones: quality, what holds tables together, privacy, and pictures, in one go."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, partial

import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.checks import masked, privacy, quality
from understudy.checks.pictures import pictures, trends
from understudy.checks.privacy import Limits, LogProb
from understudy.checks.queries import queries
from understudy.checks.relational import relational
from understudy.checks.rulecheck import is_key
from understudy.checks.said import said
from understudy.checks.scored import Answer, Area, Kind, Measured, Scored
from understudy.checks.scores import Score, attempt
from understudy.checks.sides import ROWS, flattened, only_nulls, sides
from understudy.errors import InputError, unknown
from understudy.interfaces import Progress, Result
from understudy.schema import ForeignKey, TableName

_NAMES_ROWS = ("integer", "uuid")  # of texts that name rows what they look like is compared

Tables = Mapping[TableName, pa.Table]


@dataclass(frozen=True)
class Asked:
    """What to measure, and what is known of the tables that their rows do not say."""

    keys: Mapping[TableName, Sequence[Collection[str]]] = field(default_factory=dict)
    """Unique keys of each table."""
    foreign_keys: tuple[ForeignKey, ...] = ()
    entity: Mapping[TableName, str] = field(default_factory=dict)
    """The column that says whose row it is; else that of a key whose parents stand on one side alone."""
    targets: Mapping[TableName, Sequence[str]] = field(default_factory=dict)
    queries: Mapping[str, str] = field(default_factory=dict)
    """SQL by name; asked of the table that it names, or of all together where that is not one."""
    anew: Mapping[TableName, Collection[str]] = field(default_factory=dict)
    """Columns that only name someone, so that their values were made anew on purpose: only nulls are compared."""
    identifying: Mapping[TableName, Mapping[str, str]] = field(default_factory=dict)
    """Columns that say who someone is, with what kind of value; found among texts where a table is not named."""
    quasi: Mapping[TableName, Sequence[str]] = field(default_factory=dict)
    sensitive: Mapping[TableName, Sequence[str]] = field(default_factory=dict)
    log_prob: Mapping[TableName, LogProb] = field(default_factory=dict)
    """Released models, for attacks on them."""
    kind: Kind = "synthetic"
    rows: int = ROWS
    attacked: int = privacy.ROWS
    quality_limits: Mapping[str, quality.Limit | None] = field(default_factory=lambda: quality.LIMITS)
    privacy_limits: Limits = field(default_factory=Limits)
    tables: tuple[TableName, ...] = ()
    """Those that are there; ``score`` says which."""

    def joining(self, table: TableName) -> list[str]:
        """The columns of a table that foreign keys join, on either end."""
        ends = [end for key in self.foreign_keys
                for end in ((key.table, key.columns), (key.parent, key.parent_columns))]  # fmt: skip
        return [column for name, columns in ends if name == table for column in columns]

    def named(self, sql: str) -> list[TableName]:
        """The tables that a query names."""
        words = set(re.findall(r"\w+", sql))
        return [name for name in self.tables if name.name in words]


def score(
    real: Tables,
    made: Tables,
    holdout: Tables | None = None,
    asked: Asked | None = None,
    *,
    names: tuple[str, str, str] = ("real", "made", ""),
    progress: Progress | None = None,
) -> Scored:
    """Every answer about made tables; what could not be measured is an answer that says so, and fails.

    Tables are those of the real side; one that the made side lacks fails.  Without a holdout no attack can be judged,
    so that a synthetic table does not pass.  ``names`` are what the sides are called in the report.
    """
    asked = replace(asked or Asked(), tables=tuple(real))
    asked_of = {name for sql in asked.queries.values() for name in asked.named(sql)}  # SQL sees texts as they are
    real, made, holdout = said(real, made, holdout, leave=asked_of)
    answers: list[Answer] = []
    measured: list[Measured] = []
    for name, table in real.items():
        if name not in made:
            lacking = Score("comparison", str(name), None, detail="the made side has no such table")
            answers += _judged("quality", str(name), [lacking], asked)
            continue
        held = (holdout or {}).get(name)
        one = _Table(name, table, made[name], held, asked, _entity(name, real, holdout, asked), progress)
        answers += one.answers()
        measured.append(one.measured(answers))
    if asked.foreign_keys:
        answers += _relations(real, made, holdout, asked)
    answers += _across(real, made, holdout, asked)
    notes = [] if holdout or asked.kind == "masked" else ["no holdout was given: no attack on privacy could be judged"]
    if asked.kind == "masked":
        notes.append(masked.NOTE)
    return Scored(*names, tuple(measured), tuple(answers), asked.kind, notes=tuple(notes))


@dataclass(frozen=True)
class _Table:
    """One table on all sides."""

    name: TableName
    real: pa.Table
    made: pa.Table
    held: pa.Table | None
    asked: Asked
    entity: str | None
    progress: Progress | None

    @property
    def subject(self) -> str:
        return str(self.name)

    @property
    def keys(self) -> list[list[str]]:
        return [list(key) for key in self.asked.keys.get(self.name, ())]

    @cached_property
    def joined(self) -> list[str]:
        """Columns whose values only name rows: single keys, numbers that look like one, what foreign keys join."""
        found = [column for key in self.keys if len(key) == 1 for column in key]
        found += self.asked.joining(self.name)
        kinds = {name: arrow.kind_of(self.real.schema.field(name).type) for name in self.real.column_names}
        found += [name for name, kind in kinds.items() if kind in _NAMES_ROWS and is_key(self.real.column(name), name)]
        return [name for name in dict.fromkeys(found) if name in self.real.column_names]

    @property
    def anew(self) -> list[str]:
        """Columns that were made anew and join nothing."""
        return [name for name in self.asked.anew.get(self.name, ()) if name not in self.joined]

    def answers(self) -> list[Answer]:
        asked, name = self.asked, self.name
        told = quality.quality(
            self.real, self.made, self.held, subject=self.subject, keys=self.keys, naming=self.joined,
            anew=self.anew, targets=asked.targets.get(name, ()), queries=self._queries(), entity=self.entity,
            log_prob=asked.log_prob.get(name), rows=asked.rows, progress=self.progress,
        )  # fmt: skip
        found = _judged("quality", self.subject, told, asked)
        identifying = asked.identifying.get(name)
        who = {"quasi": asked.quasi.get(name, ()), "sensitive": asked.sensitive.get(name, ())}
        if asked.kind == "masked":
            scores = masked.masked(self.real, self.made, subject=self.subject, identifying=identifying, **who)
        else:
            scores = privacy.privacy(
                self.real, self.made, self.held, subject=self.subject, entity=self.entity,
                keys=[*self.joined, *self.anew], identifying=identifying, log_prob=asked.log_prob.get(name),
                rows=asked.attacked, progress=self.progress,
            )  # fmt: skip
        return found + _judged("privacy", self.subject, scores, asked)

    def measured(self, answers: Iterable[Answer]) -> Measured:
        """The table's facts and pictures: first those of columns that failed."""
        counts = {"real": self.real.num_rows, "made": self.made.num_rows}
        if self.held is not None:
            counts["holdout"] = self.held.num_rows
        first = [one.score.subject for one in answers if one.bad and one.table == self.subject]
        columns = tuple(self.real.column_names)
        try:
            whole = sides(self.real, self.made, self.held, subject=self.subject, keys=self.joined, entity=self.entity,
                          anew=self.anew, rows=self.asked.rows)  # fmt: skip
        except InputError:  # what keeps the tables from being compared is an answer already
            return Measured(self.subject, counts, columns)
        return Measured(self.subject, counts, columns, whole.notes, pictures(whole, first), trends(whole, first))

    def _queries(self) -> dict[str, str]:
        """The queries that name this table alone."""
        return {query: sql for query, sql in self.asked.queries.items() if self.asked.named(sql) == [self.name]}


def _entity(name: TableName, real: Tables, holdout: Tables | None, asked: Asked) -> str | None:
    """Whose rows they are: as said, else the parent's of a key whose parents stand on one side alone."""
    if name in asked.entity:
        if asked.entity[name] not in real[name].column_names:
            raise unknown("column", f"{name}.{asked.entity[name]}", real[name].column_names)
        return asked.entity[name]
    for key in asked.foreign_keys:
        if key.table == name and len(key.columns) == 1 and holdout and key.parent in holdout and key.parent in real:
            one, two = (flattened(side[key.parent].column(key.parent_columns[0])) for side in (real, holdout))
            if one.type == two.type and not pc.any(pc.is_in(one, value_set=two)).as_py():
                return key.columns[0]
    return None


def _relations(real: Tables, made: Tables, holdout: Tables | None, asked: Asked) -> list[Answer]:
    there = [key for key in asked.foreign_keys if {key.table, key.parent} <= real.keys() & made.keys()]
    real, made, holdout = (_only_nulls(side, asked) for side in (real, made, holdout or {}))
    held = holdout if holdout and all({key.table, key.parent} <= holdout.keys() for key in there) else None
    scores = relational(real, made, there, held, rows=asked.rows) if there else []
    return _judged("relations", "", scores, asked)


def _only_nulls(tables: Tables, asked: Asked) -> Tables:
    """The tables with nothing but nulls of columns that were made anew and join nothing."""
    found = {}
    for name, table in tables.items():
        anew = set(asked.anew.get(name, ())) - set(asked.joining(name))
        found[name] = only_nulls(table, [column for column in table.column_names if column in anew])
    return found


def _across(real: Tables, made: Tables, holdout: Tables | None, asked: Asked) -> list[Answer]:
    """Queries over several tables, or none; of all rows, so that only shares and averages can be compared."""
    known = [{name.name: table for name, table in (side or {}).items()} for side in (real, made, holdout)]
    scores: list[Score] = []
    for name, sql in asked.queries.items():
        if len(asked.named(sql)) != 1:
            scores += attempt("query", name, partial(queries, {name: sql}, known[0], known[1], known[2] or None))
    return _judged("relations", "", scores, asked)


def _judged(area: Area, table: str, scores: Sequence[Score], asked: Asked) -> list[Answer]:
    """Every Score with its verdict; of a masked copy only what masking must keep gets one."""
    results: list[Result]
    if area == "privacy":
        results = privacy.judge(scores, asked.privacy_limits) if scores else []
    else:
        limits = masked.limits(asked.quality_limits, scores) if asked.kind == "masked" else asked.quality_limits
        results = quality.judge(scores, limits)
    return [Answer(area, table, one, result) for one, result in zip(scores, results, strict=True)]
