"""Tests of a policy, as data: rows as the source would hold them, and what must be true of them once masked.

They need no database where the job remembers its source, and no key: what is tested must hold under any.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa

from understudy import transforms
from understudy.arrow import like
from understudy.connections import connect
from understudy.errors import InputError
from understudy.interfaces import Rule
from understudy.jobs.planning import Plan, make_plan
from understudy.jobs.reviewed import reviewed
from understudy.jobs.spec import ExpectSpec, JobFile, SameAsSpec, load_job, resolve
from understudy.schema import Column, Schema, Table
from understudy.transforms.constants import constants

_KEY = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class Outcome:
    """What one expectation came to."""

    test: str
    column: str
    expected: str
    found: str
    passed: bool


@dataclass(frozen=True)
class Tested:
    """What all tests of a job came to."""

    outcomes: tuple[Outcome, ...]
    schema: str
    """Where the tables were taken from."""

    @property
    def passed(self) -> bool:
        """Every expectation holds."""
        return all(one.passed for one in self.outcomes)

    @property
    def failed(self) -> list[Outcome]:
        """Those that do not hold."""
        return [one for one in self.outcomes if not one.passed]

    def json(self) -> dict[str, Any]:
        """Everything as plain lists and dicts."""
        return {"passed": self.passed, "schema": self.schema, "outcomes": [vars(one) for one in self.outcomes]}

    def summary(self) -> str:
        """One line for a person."""
        held = sum(one.passed for one in self.outcomes)
        return f"{held} of {len(self.outcomes)} expectations hold; tables as in {self.schema}"


def try_tests(path: Path, *, introspect: bool = False) -> Tested:
    """Try the tests of a job.

    The tables are those the job remembers (see ``reviewed``), or, where it does not or ``introspect``
    says so, those of its source now.  Values of ``given`` are the job's own, and are shown where one fails.
    """
    file = load_job(path)
    if not file.job.tests:
        hint = "add `tests: [{table: users, given: {email: a@b.org}, expect: {email: {differs: true}}}]`"
        raise InputError(f"{path.name} has no tests", hint=hint)
    remembered = None if introspect else reviewed(path)
    schema = _introspected(file) if remembered is None else remembered
    trial = _Trial(make_plan(file, schema), _key(file))
    outcomes = [outcome for number in range(len(file.job.tests)) for outcome in trial.outcomes(number)]
    return Tested(tuple(outcomes), "the source" if remembered is None else f"{path.stem}.lock")


def _introspected(file: JobFile) -> Schema:
    with connect(resolve(file.job.source, "source")).snapshot(readers=1) as snapshot:
        return snapshot.schema()


def _key(file: JobFile) -> transforms.Key:
    """The job's key; another one, made for these tests, where it is not here."""
    missing = [name for name in _KEY.findall(file.job.key) if name not in os.environ]
    return transforms.Key.parse(transforms.Key.new() if missing else resolve(file.job.key, "key"))


@dataclass(frozen=True)
class _Row:
    """A row before and after, as far as some of its columns need it."""

    before: Mapping[str, Any]
    after: Mapping[str, Any]


@dataclass(frozen=True)
class _Trial:
    """A plan, and a key to try it with."""

    plan: Plan
    key: transforms.Key

    def outcomes(self, number: int) -> Iterator[Outcome]:
        """What the expectations of one test come to."""
        test, where = self.plan.file.job.tests[number], f"$.tests[{number}]"
        beside = [one.same_as for one in test.expect.values() if isinstance(one.same_as, str)]
        row = self.row(test.table, test.given, (*test.expect, *beside), where)
        for column, expect in test.expect.items():
            at = f"{where}.expect.{column}"
            for told, holds in self._held(expect, column, row, at):
                name = test.name or f"{test.table} {number + 1}"
                yield Outcome(name, f"{test.table}.{column}", told, _shown(row.after[column]), holds)

    def row(self, name: str, given: Mapping[str, Any], columns: tuple[str, ...], where: str) -> _Row:
        """One row, masked by the rules of some columns and whatever these read."""
        try:
            table = self.plan.schema.find(name)
            for column in (*given, *columns):
                table.column(column)
            rules = self._rules(table, columns)
            missing = sorted(transforms.needs(table, rules) - given.keys() - rules.keys())
            if missing:
                raise InputError(f"`given` must say what {missing[0]!r} is, which a rule reads")
            names = tuple(dict.fromkeys((*given, *rules, *columns)))
            before = pa.record_batch([_one(given.get(one), table.column(one)) for one in names], names=list(names))
            transform = transforms.compile(table, rules, key=self.key, domains=self.plan.domains)
        except InputError as error:
            raise InputError(f"{error.message} - at `{where}`", hint=error.hint) from None
        return _Row(before.to_pylist()[0], transform(before).to_pylist()[0])

    def _rules(self, table: Table, columns: tuple[str, ...]) -> dict[str, Rule]:
        """The rules of columns, and of those that they read as they are masked."""
        known = self.plan.rules_of(table.name)
        if not known:
            raise InputError(f"table {str(table.name)!r} stays empty in the copy")
        found: dict[str, Rule] = {}
        waiting = list(columns)
        while waiting:
            column = waiting.pop()
            if column in found:
                continue
            refused = [one for one in self.plan.refusals if one.subject == f"{table.name}.{column}"]
            if refused or column not in known:
                raise InputError(str(refused[0]) if refused else f"{table.name}.{column} has no rule")
            found[column] = known[column]
            waiting += sorted(self.plan.placed((table.name, column)).reads)
        return found

    def _held(self, expect: ExpectSpec, column: str, row: _Row, where: str) -> Iterator[tuple[str, bool]]:
        """Every property that is expected, in words, and whether it holds."""
        before, after = row.before[column], row.after[column]
        told = expect.model_fields_set
        if "unchanged" in told:
            yield (
                "unchanged" if expect.unchanged else "differs from the original",
                (before == after) is expect.unchanged,
            )
        if "empty" in told:
            yield "NULL" if expect.empty else "not NULL", (after is None) is expect.empty
        if "matches" in told:
            pattern = str(expect.matches)
            yield f"matches {pattern}", after is not None and re.fullmatch(pattern, _shown(after)) is not None
        if expect.within is not None:
            yield f"within {expect.within:g} of the original", _distance(before, after) <= expect.within
        if "equals" in told:
            yield f"is {_shown(expect.equals)}", _alike(after, expect.equals)
        if expect.one_of is not None:
            yield f"is one of {', '.join(map(_shown, expect.one_of))}", any(_alike(after, one) for one in expect.one_of)
        if expect.between is not None:
            low, high = expect.between
            yield f"between {_shown(low)} and {_shown(high)}", _between(after, low, high)
        if isinstance(expect.same_as, str):
            yield f"same as {expect.same_as}", after == row.after[expect.same_as]
        if isinstance(expect.same_as, SameAsSpec):
            other = expect.same_as
            found = self.row(other.table, other.given, (other.column,), f"{where}.same_as").after[other.column]
            yield f"same as {other.table}.{other.column} ({_shown(found)})", after == found


def _one(value: Any, column: Column) -> pa.Array:
    """A value of the job file as a column of one row."""
    return pa.nulls(1, column.arrow_type) if value is None else like(constants([value], column), column.arrow_type)


def _shown(value: Any) -> str:
    return "NULL" if value is None else str(value)


def _alike(found: Any, wanted: Any) -> bool:
    """Whether a value is what somebody wrote: 7 is 7.0, a date is its text."""
    number = _number(found), _number(wanted)
    return number[0] == number[1] if None not in number else _shown(found) == _shown(wanted)


def _number(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        return Decimal(str(value))
    except ArithmeticError:
        return None


def _between(found: Any, low: Any, high: Any) -> bool:
    if found is None:
        return False
    numbers = [_number(one) for one in (low, found, high)]
    if None not in numbers:
        return numbers[0] <= numbers[1] <= numbers[2]  # type: ignore[operator]  # none of them is None
    return _shown(low) <= _shown(found) <= _shown(high)


def _distance(before: Any, after: Any) -> float:
    """How far a value moved, in days or as a number; infinitely, where that cannot be said."""
    if isinstance(before, date) and isinstance(after, date):
        return abs((after - before) / timedelta(days=1))
    numbers = _number(before), _number(after)
    if numbers[0] is None or numbers[1] is None:
        return 0.0 if before is None and after is None else float("inf")
    return float(abs(numbers[1] - numbers[0]))
