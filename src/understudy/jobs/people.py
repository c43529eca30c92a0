"""Which columns of tables that are made say who someone is, and the rules that make other values for them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import pyarrow as pa

from understudy import detect
from understudy.errors import InputError
from understudy.interfaces import Rule
from understudy.jobs.classify import UNDECIDED, Guess, guesses, parsed
from understudy.jobs.drafting import first_fitting, fitting
from understudy.schema import Column, Kind, Schema, Table

_SAMPLE = 2_000
"""Rows that are looked at for personal values."""

_OF_KIND: Mapping[Kind, tuple[str, ...]] = {
    "text": ("scramble", "token"),
    "integer": ("{noise: 0.2}",),
    "decimal": ("{noise: 0.2}",),
    "float": ("{noise: 0.2}",),
    "date": ("{shift_days: 90}",),
    "timestamp": ("{shift_days: 90}",),
    "time": ("{jitter: 2 hours}",),
    "uuid": ("key",),
}
"""What becomes of a person's values where nothing tells what they are."""


def first(reader: pa.RecordBatchReader) -> pa.Table:
    """The rows of a table that are looked at."""
    found: list[pa.RecordBatch] = []
    for batch in reader:
        found.append(batch)
        if sum(map(len, found)) >= _SAMPLE:
            break
    whole = pa.Table.from_batches(found) if found else reader.schema.empty_table()
    return whole.slice(0, _SAMPLE)


def alone(table: Table) -> Schema:
    """A schema of one table."""
    return Schema((table,), engine="files")


def personal(table: Table, sample: pa.Table) -> dict[str, Rule]:
    """The columns of a table to learn whose values alone say who someone is, each with the rule that makes others."""
    schema = alone(table)
    survey = detect.survey(schema, lambda _table: sample)
    found = {}
    for (_, column), guess in fitting(schema, survey, {}).items():
        findings = [one for one in _found(survey, table, column) if not one.path and not one.key]
        if any(one.sensitivity == "direct" for one in findings) and guess.rule not in (UNDECIDED, "keep"):
            found[column] = parsed(guess.rule)
    return found


def masked(table: Table, sample: pa.Table, joined: Collection[str]) -> dict[str, Rule]:
    """The rules of a table whose rows are copied: whatever in them tells of people gets one.

    That is what detection finds; and where the rows are people's, whatever it does not call harmless, by its kind.
    Booleans and enums, which hold a few labels, stay.  The columns that foreign keys ``joined`` stay, too.

    Raises:
        InputError: A column tells of people, and no rule fits it, or it is joined.
    """
    if not len(sample):
        return {}
    schema = alone(table)
    survey = detect.survey(schema, lambda _table: sample)
    of_people = any(
        one.found and (one.entity == "person_key" or one.sensitivity == "direct") for one in survey.findings
    )
    waiting = {
        (table.name, column.name): tuple(_guesses(schema, survey, table, column, of_people=of_people))
        for column in table.stored
        if column.name not in joined
    }
    for name in joined:
        kept = [one for one in survey.of(table.name, name) if one.found and one.entity == "person_key"]
        if _found(survey, table, name) or (kept and table.column(name).kind == "text"):
            raise _refusal(table, name, "foreign keys join it")
    rules = {}
    for (_, name), guess in first_fitting(schema, waiting, {}).items():
        if guess.rule == UNDECIDED and (of_people or _found(survey, table, name)):
            raise _refusal(table, name, guess.why)
        if guess.rule not in (UNDECIDED, "keep"):
            rules[name] = parsed(guess.rule)
    return rules


def _guesses(
    schema: Schema, survey: detect.Survey, table: Table, column: Column, *, of_people: bool
) -> Iterator[Guess]:
    """The rules a column of copied rows may get, the best first."""
    usual = guesses(schema, survey, table, column)
    found = _found(survey, table, column.name)
    if not found and column.name in table.row_key:
        yield Guess("keep", "it numbers the rows")
        return
    yield from (one for one in usual if one.rule != UNDECIDED)
    if of_people and not found and column.kind in ("boolean", "enum"):
        yield Guess("keep", "it is one of a few labels")
    elif of_people or found:
        yield from (Guess(rule, "it says something of people") for rule in (*_OF_KIND.get(column.kind, ()), "redact"))
        if column.nullable:
            yield Guess("null", "it says something of people")
    yield usual[-1] if usual[-1].rule == UNDECIDED else Guess(UNDECIDED, "no rule fits it")


def _found(survey: detect.Survey, table: Table, column: str) -> list[detect.Finding]:
    """What was found of people in a column, but for that it numbers them."""
    return [one for one in survey.of(table.name, column) if one.found and one.entity != "person_key"]


def _refusal(table: Table, column: str, why: str) -> InputError:
    name = table.name
    return InputError(
        f"rows of {name} would be copied, and {name}.{column} tells of people, without a rule that fits: {why}",
        hint=f"`--public {name}` if they are nobody's; else mask the table in a job, see `understudy init`",
    )
