"""Which columns of tables that are made say who someone is, and the rules that make other values for them.

Of a table that is learned, what names someone by itself (*direct*) is always made by a rule.  What does so only with
other columns, such as a city, is learned as labels are; where a label is too rare for that, the model makes a text up,
and a rule puts a city in its place (*likely*).  Of rows that are copied, all that tells of people is masked.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from understudy import detect, transforms
from understudy.errors import InputError
from understudy.interfaces import Rule
from understudy.jobs.classify import UNDECIDED, Guess, guesses, parsed
from understudy.jobs.drafting import Place, first_fitting, fitting
from understudy.schema import Column, Kind, Schema, Table, TableName

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

_PLAUSIBLE = frozenset(
    "city region county postcode country timezone company department job_title industry product title".split()
)
"""Rules whose stand-ins look like something whatever they stand in for."""

_PERHAPS = 0.4
"""How sure detection must be of what a column holds, for what a model makes up there to become that."""

_PLACES = frozenset("city region county postcode street address".split())

_ODD = 0.05
"""The share of telephone numbers without a common form, from which what is made up looks like none."""


def first(reader: pa.RecordBatchReader, rows: int = _SAMPLE) -> pa.Table:
    """The rows of a table that are looked at."""
    found: list[pa.RecordBatch] = []
    for batch in reader:
        found.append(batch)
        if sum(map(len, found)) >= rows:
            break
    whole = pa.Table.from_batches(found) if found else reader.schema.empty_table()
    return whole.slice(0, rows)


def alone(table: Table) -> Schema:
    """A schema of one table."""
    return Schema((table,), engine="files")


@dataclass(frozen=True)
class Personal:
    """The rules of the columns of a table to learn that say who someone is."""

    direct: Mapping[str, Rule]
    """Of columns whose values do by themselves."""
    likely: Mapping[str, Rule]
    """Of columns whose values do with others."""

    def without(self, columns: Collection[str]) -> Personal:
        """The same, but for some columns."""
        direct, likely = ({n: r for n, r in rules.items() if n not in columns} for rules in (self.direct, self.likely))
        return Personal(direct, likely)

    def by_value(self, columns: Collection[str]) -> Personal:
        """The same, drawn by the value where it was by some columns, for rows that are others' and repeat theirs."""
        direct, likely = (
            {name: _without_subject(rule, columns) for name, rule in rules.items()}
            for rules in (self.direct, self.likely)
        )
        return Personal(direct, likely)


def personal(table: Table, sample: pa.Table) -> Personal:
    """What a few rows of a table to learn tell of people in it."""
    schema = alone(table)
    survey = detect.survey(schema, lambda _table: sample)
    direct, likely = {}, {}
    for (_, column), guess in fitting(schema, survey, {}).items():
        findings = [one for one in _found(survey, table, column) if not one.path and not one.key]
        if not findings or guess.rule in (UNDECIDED, "keep"):
            continue
        rule = parsed(guess.rule)
        if any(one.sensitivity == "direct" for one in findings):
            direct[column] = rule
        elif rule.name in _PLAUSIBLE:
            likely[column] = rule
    likely |= _perhaps(schema, survey, table, {*direct, *likely})
    country = next((name for name, rule in likely.items() if rule.name == "country"), "")
    if country:
        direct, likely = (
            {name: _in_country(schema, table.name, name, rule, country) for name, rule in rules.items()}
            for rules in (direct, likely)
        )
    return Personal(direct, likely)


def _perhaps(schema: Schema, survey: detect.Survey, table: Table, leave: Collection[str]) -> dict[str, Rule]:
    """The rules of columns that may be nobody's, as a list of cities is, but hold what a rule can make up."""
    waiting: dict[Place, tuple[Guess, ...]] = {}
    for column in table.stored:
        found = [one for one in survey.of(table.name, column.name) if not one.path and not one.key]
        if column.name not in leave and found and found[0].confidence >= _PERHAPS:
            rules = [rule for rule in found[0].rules if rule.strip("{").partition(":")[0] in _PLAUSIBLE]
            waiting[table.name, column.name] = (*(Guess(rule, "") for rule in rules), Guess(UNDECIDED, ""))
    chosen = first_fitting(schema, waiting, {})
    return {column: parsed(guess.rule) for (_, column), guess in chosen.items() if guess.rule != UNDECIDED}


def _in_country(schema: Schema, table: TableName, column: str, rule: Rule, country: str) -> Rule:
    """A rule for a place, in the country that the row has; the same where that does not fit."""
    if rule.name not in _PLACES or "country" in rule.options:
        return rule
    return _fitting(schema, (table, column), country, [{**rule.options, "country": f"from {country}"}], rule)


def instead(found: Personal, table: Table, coded: Mapping[str, Any]) -> dict[str, Rule]:
    """The rules for rows that a model made, by its codecs: of likely columns, labels that were learned stay."""
    rules = dict(found.direct)
    country = next((name for name, rule in found.likely.items() if rule.name == "country"), "")
    for name, rule in found.direct.items():
        patterns = getattr(coded.get(name), "patterns", None)
        if rule.name == "phone" and patterns is not None and patterns.other > _ODD:
            rules[name] = _dialled(alone(table), table.name, name, rule, country)
    return rules | where_rare(found.likely, coded)


def _dialled(schema: Schema, table: TableName, column: str, rule: Rule, country: str) -> Rule:
    """A rule for telephone numbers that needs none to begin with, as what is made up is none; the same if none fits."""
    tried = [{"mode": "fake", "country": f"from {country}"}] if country else []
    return _fitting(schema, (table, column), country, [*tried, {"mode": "fake"}], rule)


def _fitting(schema: Schema, place: Place, country: str, tried: Sequence[Mapping[str, Any]], rule: Rule) -> Rule:
    """The rule with the first options that are not refused, beside one for the column of countries; else as it is."""
    there = {(place[0], country): Rule("country")} if country else {}
    options = [one for one in tried if not transforms.refusals(schema, {place: Rule(rule.name, one), **there}, {})]
    return Rule(rule.name, options[0]) if options else rule


def where_rare(rules: Mapping[str, Rule], coded: Mapping[str, Any]) -> dict[str, Rule]:
    """Rules for what a model made up, where their stand-ins look like something: labels that were learned stay."""
    found = {}
    for name, rule in rules.items():
        if rule.name not in _PLAUSIBLE or getattr(coded.get(name), "patterns", None) is None:
            continue
        labels = (*getattr(coded[name], "labels", ()), *getattr(coded[name], "tail", ()))
        stays = {"map": {label: label for label in labels}, "otherwise": {rule.name: dict(rule.options)}}
        found[name] = transforms.parse_rule(stays) if labels else rule
    return found


def _without_subject(rule: Rule, columns: Collection[str]) -> Rule:
    left = {name: value for name, value in rule.options.items() if name != "per" or value not in columns}
    return Rule(rule.name, left)


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
