"""Gates of made rows: quality and privacy, measured beside real rows that were learned from and others held out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pyarrow as pa

from understudy.checks.privacy import BY_MODEL, LogProb
from understudy.checks.scored import Answer, Scored
from understudy.checks.scoring import Asked, score
from understudy.interfaces import Result
from understudy.jobs.making import Effort, Level
from understudy.jobs.replacing import Family, Fresh
from understudy.jobs.spec import SynthesizeSpec
from understudy.schema import Schema, TableName

EFFORTS: tuple[Effort, ...] = ("fast", "normal", "best")
STRICTEST: tuple[Level, Level] = ("high", "medium")
"""Of filters, for similarity and outliers: what a second try refuses."""
_BAD = ("fail", "error")
_SMALL = 4_000
"""Rows of a table below which attacks often cannot tell anything for sure."""


@dataclass(frozen=True)
class Attempt:
    """One way of making rows."""

    seed: int
    effort: Effort
    similarity: Level
    outliers: Level
    words: str = ""
    """What is different about it."""


def first(spec: SynthesizeSpec) -> Attempt:
    """As the job says."""
    usual: Level = "off" if spec.epsilon else "medium"
    return Attempt(spec.seed, spec.effort, spec.filters.similarity or usual, spec.filters.outliers)


def after(attempt: Attempt, found: Sequence[Result], spec: SynthesizeSpec) -> Attempt | None:
    """What to try where a gate failed: of quality with more effort, of privacy under stricter filters; by another seed.

    None where what failed could not be measured, or is the model's alone: no other rows mend that.  With a budget of
    privacy nothing is tried again: each look at real rows would have to be paid for.
    """
    failed = {one.check for one in found if one.verdict == "fail"}
    if not failed - {"model"} or spec.epsilon:
        return None
    wanted, words = replace(attempt, seed=attempt.seed + 1), []
    if "quality" in failed and attempt.effort != EFFORTS[-1] and not spec.model:
        wanted = replace(wanted, effort=EFFORTS[EFFORTS.index(attempt.effort) + 1])
        words.append(f"effort {wanted.effort}")
    if "privacy" in failed and (attempt.similarity, attempt.outliers) != STRICTEST:
        wanted = replace(wanted, similarity=STRICTEST[0], outliers=STRICTEST[1])
        words.append("stricter filters")
    return replace(wanted, words=" and ".join(words) or "another seed")


def measure(family: Family, made: Mapping[TableName, pa.Table], fresh: Fresh, model: Any) -> Scored:
    """Scores of made tables; of columns whose values are fresh, only keys are looked at.

    The model of a table that stands alone is an attacker, too: it says how likely each row is.
    """
    names, split = family.one.names, family.split
    schema = family.schema
    keys = tuple(key for key in schema.foreign_keys if key.parent in names)
    shown = {name: _shown(schema, name, fresh) for name in names}
    asked = Asked(
        keys={name: _uniques(schema, name, shown[name]) for name in names},
        foreign_keys=keys,
        entity={name: split.subject for name in names if split.subject in shown[name]},
        identifying={name: {} for name in names},  # personal values were masked before anything was learned
        log_prob=_likelihood(model, names),
    )
    real, held = ({name: side(name).select(shown[name]) for name in names} for side in (split.measured, split.held))
    rows = {name: made[name].select(shown[name]) for name in names}
    return score(
        real, rows, held, asked, names=("the source, masked", "made rows", "rows held out"), progress=family.progress
    )


def _likelihood(model: Any, names: Sequence[TableName]) -> dict[TableName, LogProb]:
    return {names[0]: model.log_prob} if hasattr(model, "log_prob") else {}


def _shown(schema: Schema, name: TableName, fresh: Fresh) -> list[str]:
    """The columns of a table that say something, or that keys join."""
    table = schema.table(name)
    joined = {column for key in schema.foreign_keys if key.table == name for column in key.columns}
    joined |= {column for key in schema.foreign_keys if key.parent == name for column in key.parent_columns}
    keyed = {unique.columns[0] for unique in table.uniques if len(unique.columns) == 1}
    return [column.name for column in table.columns if column.name not in fresh[name] or column.name in joined | keyed]


def _uniques(schema: Schema, name: TableName, shown: Sequence[str]) -> list[tuple[str, ...]]:
    uniques = schema.table(name).uniques
    return [one.columns for one in uniques if one.columns and not one.predicate and set(one.columns) <= set(shown)]


def results(scored: Scored, family: Family) -> list[Result]:
    """The verdicts of the gates: what failed, and what was measured of whole tables."""
    gates = family.one.spec.gates
    told = [answer for answer in scored.answers if answer.bad or answer.whole]
    return [_result(answer, family) for answer in told if getattr(gates, _gate(answer)) != "off"]


def as_told(scored: Scored, spec: SynthesizeSpec) -> Scored:
    """The scores as the page of the run shows them: a failure of which the job's gates only tell is a note."""
    answers = []
    for answer in scored.answers:
        told = replace(answer.result, verdict="note") if answer.bad and not _blocks(answer, spec) else answer.result
        answers.append(replace(answer, result=told))
    return replace(scored, answers=tuple(answers))


def _gate(answer: Answer) -> str:
    if BY_MODEL in answer.result.check:
        return "model"
    return "privacy" if answer.area == "privacy" else "quality"


def _blocks(answer: Answer, spec: SynthesizeSpec) -> bool:
    """Whether an answer that is bad keeps rows from being published; of balanced rows, quality is not asked."""
    gate = _gate(answer)
    return getattr(spec.gates, gate) == "fail" and not (gate == "quality" and spec.balance)


def _result(answer: Answer, family: Family) -> Result:
    spec, gate = family.one.spec, _gate(answer)
    found = answer.result
    subject = answer.table or family.one.label
    where = f" of {found.subject}" if found.subject not in (subject, "") else ""
    detail = found.detail
    verdict = "note" if answer.bad and not _blocks(answer, spec) else found.verdict
    if answer.bad and gate == "quality" and spec.balance:
        detail = f"{detail}; not asked for where the job balances columns".lstrip("; ")
    elif verdict in _BAD and _few(answer, family):
        hint = f"`gates: {{{gate}: note}}` in the job's `synthesize` publishes without this proof"
        detail = f"{detail}; the table has too few rows to be sure: {hint}".lstrip("; ")
    return Result(gate, f"{subject}: {found.check}{where}", verdict, found.value, found.limit, detail)


def _few(answer: Answer, family: Family) -> bool:
    rows = [count for name, count in family.split.rows.items() if answer.table in ("", str(name))]
    return min(rows, default=0) < _SMALL


def told(tried: Sequence[tuple[Attempt, Sequence[Result]]], label: str) -> Iterator[Result]:
    """What was tried, one note for each time that rows were made again."""
    for (_, before), (attempt, _) in pairwise(tried):
        failed = ", ".join(dict.fromkeys(one.subject for one in before if one.verdict in _BAD))
        yield Result("synthesize", label, "note", detail=f"made again with {attempt.words}, for these failed: {failed}")


def filtering(family: Family) -> Iterator[Result]:
    """What filters came to.  Rows that are missing fail a table that others point at; of others they are told."""
    for name, found in family.outcome.items():
        refused = ", ".join(f"{count:,} {what}" for what, count in found.refused.items() if count)
        if refused:
            yield Result("synthesize", str(name), "note", detail=f"filters refused {refused}, which were made anew")
        if found.missing:
            pointed = any(key.parent == name and key.table != name for key in family.plan.schema.foreign_keys)
            detail = (
                "rows were refused as often as they were made, and are left out: weaken `filters`, or ask for fewer"
            )
            yield Result("synthesize", str(name), "fail" if pointed else "note", found.missing, 0, detail)
