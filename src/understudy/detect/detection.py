"""Detection of personal data: signs of every field, what stands beside it, what foreign keys join, and the verdict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from understudy.arrow import prefetch
from understudy.detect.catalogue import KEPT, Sensitivity, summary
from understudy.detect.fields import Field
from understudy.detect.finding import Finding, Survey
from understudy.detect.harmless import harmless
from understudy.detect.inside import fields, is_array
from understudy.detect.names import of_people
from understudy.detect.neighbours import Judged, beside
from understudy.detect.recognizers import Recognizer
from understudy.detect.rules import Row, person_of, rules
from understudy.detect.sampling import Sample, Sampler
from understudy.detect.signs import signs_of
from understudy.detect.weighing import DOUBTFUL, FOUND, WEIGHTS, Sign, Verdict, weigh
from understudy.interfaces import Dataset, Progress
from understudy.schema import Schema, TableName

_OF_PERSONS = frozenset({"first_name", "last_name", "full_name", "birth_date", "national_id", "email", "username"})
"""A table with two of these keeps persons, whatever it is called."""

_SURE = 0.75


def detect(
    schema: Schema,
    sample: Dataset | Sample | None,
    *,
    recognizers: Sequence[Recognizer] = (),
    progress: Progress | None = None,
) -> tuple[Finding, ...]:
    """The personal columns of a Dataset, by names, types, constraints, comments, keys and sampled values.

    Nothing is downloaded, sent or written.  ``sample`` is the Dataset, or a function that gives some rows
    of a table; None judges by the schema alone.
    """
    return tuple(
        one for one in survey(schema, sample, recognizers=recognizers, progress=progress).findings if one.found
    )


def survey(
    schema: Schema,
    sample: Dataset | Sample | None,
    *,
    recognizers: Sequence[Recognizer] = (),
    progress: Progress | None = None,
) -> Survey:
    """Like ``detect``, with the doubtful findings and what is surely harmless."""
    take = _sampling(sample)
    judged: dict[TableName, list[Judged]] = {}
    clean: dict[tuple[TableName, str], str] = {}
    sampled: dict[TableName, int] = {}
    for table, rows in prefetch((table, take(table)) for table in schema.tables):
        found = beside([(field, signs_of(field, recognizers)) for field in fields(table, rows)])
        clean.update(_clean(found))
        judged[table.name] = [(_without_values(field), signs) for field, signs in found]
        sampled[table.name] = 0 if rows is None else rows.num_rows
        if progress:
            progress("detect", str(table.name), sampled[table.name], None)
    people = _people(schema, judged)
    _along_keys(schema, judged, people)
    findings = tuple(_findings(schema, judged, people, recognizers))
    doubtful = {(one.table, one.column) for one in findings}
    return Survey(findings, {spot: why for spot, why in clean.items() if spot not in doubtful}, sampled)


def _sampling(sample: Dataset | Sample | None) -> Sample:
    if sample is None:
        return lambda _table: None
    return Sampler(sample) if not callable(sample) else sample


def _without_values(field: Field) -> Field:
    """The field without its values: they are not kept once they were judged."""
    return replace(field, values=None)


def _clean(judged: Sequence[Judged]) -> Iterator[tuple[tuple[TableName, str], str]]:
    """The columns of one table that are surely harmless."""
    inside = {field.column.name for field, _signs in judged if field.path or field.key}
    for field, _signs in judged:
        if (
            not field.path
            and field.column.name not in inside
            and not is_array(field.column)
            and (why := harmless(field))
        ):
            yield (field.table.name, field.column.name), why


def _best(signs: Sequence[Sign]) -> Verdict | None:
    return next(iter(weigh(signs)), None)


def _people(schema: Schema, judged: Mapping[TableName, Sequence[Judged]]) -> frozenset[str]:
    """The tables whose rows are persons, by their names or by what they hold."""
    found = set()
    for table in schema.tables:
        sure = {
            verdict.entity
            for field, signs in judged[table.name]
            if not field.path and (verdict := _best(signs)) is not None and verdict.confidence >= _SURE
        }
        if of_people(table.name.name) or len(sure & _OF_PERSONS) >= 2:
            found.add(str(table.name))
    return frozenset(found)


def _along_keys(schema: Schema, judged: Mapping[TableName, list[Judged]], people: frozenset[str]) -> None:
    """Keys of persons lead to them; columns that foreign keys join hold the same."""
    places = {
        (name, field.column.name): signs for name, found in judged.items() for field, signs in found if not field.path
    }
    for table in schema.tables:
        if str(table.name) in people and len(table.row_key) == 1:
            places[table.name, table.row_key[0]].append(
                Sign("person_key", "name in part", f"it is the key of {table.name}, a table of people")
            )
    for key in schema.foreign_keys:
        for child, parent in zip(key.columns, key.parent_columns, strict=True):
            if key.expressions or (key.table, child) not in places or (key.parent, parent) not in places:
                continue
            above = _best(places[key.parent, parent])
            if above is not None and above.confidence >= FOUND:
                strength = min(1.0, above.confidence / WEIGHTS["foreign key"])
                places[key.table, child].append(
                    Sign(
                        above.entity,
                        "foreign key",
                        f"it points at {key.parent}.{parent}, {summary(above.entity)}",
                        strength,
                    )
                )


def _findings(
    schema: Schema, judged: Mapping[TableName, Sequence[Judged]], people: frozenset[str], own: Sequence[Recognizer]
) -> Iterator[Finding]:
    """A finding for every field that has a likely entity."""
    for table in schema.tables:
        verdicts = [(field, _best(signs)) for field, signs in judged[table.name]]
        sure = [(field, one.entity) for field, one in verdicts if one is not None and one.confidence >= FOUND]
        row = Row(
            person_of(schema, table, people),
            table.row_key[0] if len(table.row_key) == 1 else "",
            {entity: field.column.name for field, entity in reversed(sure) if not field.path and not field.key},
        )
        for field, verdict in verdicts:
            if verdict is None or verdict.confidence < DOUBTFUL:
                continue
            recognizer = next((one for one in own if one.finds(verdict.entity)), None)
            chosen = rules(verdict.entity, field, row)
            yield Finding(
                table=table.name,
                column=field.column.name,
                entity=verdict.entity,
                sensitivity=_sensitivity(verdict.entity, recognizer),
                confidence=verdict.confidence,
                evidence=verdict.evidence,
                rules=(recognizer.rule, *chosen) if recognizer and recognizer.rule else chosen,
                path=field.path,
                key=field.key,
            )


def _sensitivity(entity: str, recognizer: Recognizer | None) -> Sensitivity:
    if entity in KEPT:
        return KEPT[entity].sensitivity
    return recognizer.sensitivity if recognizer else "direct"
