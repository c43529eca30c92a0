"""Detection of personal data: signs of every field, what stands beside it, what foreign keys join, and the verdict."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from understudy.arrow import prefetch
from understudy.detect import keys
from understudy.detect.catalogue import KEPT, Sensitivity
from understudy.detect.fields import Field
from understudy.detect.finding import Finding, Survey
from understudy.detect.harmless import harmless
from understudy.detect.inside import fields, is_array
from understudy.detect.neighbours import Judged, beside
from understudy.detect.recognizers import Recognizer
from understudy.detect.rules import IDENTITY, Row, person_of, rules
from understudy.detect.sampling import Sample, Sampler
from understudy.detect.signs import signs_of
from understudy.detect.weighing import DOUBTFUL, FOUND, Verdict, best
from understudy.interfaces import Dataset, Progress
from understudy.schema import Schema, Table, TableName


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
    people = keys.people(schema, judged)
    keys.follow(schema, judged, people)
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


def _findings(
    schema: Schema, judged: keys.Fields, people: frozenset[str], own: Sequence[Recognizer]
) -> Iterator[Finding]:
    """A finding for every field that has a likely entity."""
    verdicts = {name: [(field, best(signs)) for field, signs in found] for name, found in judged.items()}
    columns = {name: _columns(found) for name, found in verdicts.items()}
    for table in schema.tables:
        row = _row(schema, table, people, columns)
        for field, verdict in verdicts[table.name]:
            if verdict is None or verdict.confidence < DOUBTFUL:
                continue
            recognizer = next((one for one in own if one.finds(verdict.entity)), None)
            first = (recognizer.rule,) if recognizer and recognizer.rule else verdict.rules
            yield Finding(
                table=table.name,
                column=field.column.name,
                entity=verdict.entity,
                sensitivity=_sensitivity(verdict.entity, recognizer),
                confidence=verdict.confidence,
                evidence=verdict.evidence,
                rules=(*first, *rules(verdict.entity, field, row)),
                path=field.path,
                key=field.key,
            )


def _columns(verdicts: Sequence[tuple[Field, Verdict | None]]) -> dict[str, str]:
    """The first column of every entity that a table surely has."""
    return {
        one.entity: field.column.name
        for field, one in reversed(verdicts)
        if one is not None and one.confidence >= FOUND and not field.path and not field.key
    }


def _row(schema: Schema, table: Table, people: Collection[str], columns: Mapping[TableName, Mapping[str, str]]) -> Row:
    """What the rows of a table hold that rules can use, and what they can use of the person they lead to."""
    person = person_of(schema, table, people)
    above = next((key.parent for key in schema.parents(table.name) if key.columns == (person,)), None)
    there = columns.get(above, {}) if above is not None and person not in table.row_key else {}
    return Row(
        person=person,
        key=table.row_key[0] if len(table.row_key) == 1 else "",
        columns=columns[table.name],
        parents=tuple(f"{above}.{there[entity]}" for entity in IDENTITY if entity in there),
    )


def _sensitivity(entity: str, recognizer: Recognizer | None) -> Sensitivity:
    if entity in KEPT:
        return KEPT[entity].sensitivity
    return recognizer.sensitivity if recognizer else "direct"
