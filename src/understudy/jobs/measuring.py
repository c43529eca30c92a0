"""Gates of made rows: quality and privacy, measured beside real rows that were learned from and others held out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import pyarrow as pa

from understudy.checks.privacy import LogProb
from understudy.checks.scored import Answer, Scored
from understudy.checks.scoring import Asked, score
from understudy.interfaces import Result
from understudy.jobs.replacing import Family, Fresh
from understudy.jobs.spec import SynthesizeSpec
from understudy.schema import Schema, TableName

EFFORTS = ("fast", "normal", "best")
_BAD = ("fail", "error")
_SMALL = 4_000
"""Rows of a table below which attacks often cannot tell anything for sure."""


@dataclass(frozen=True)
class Attempt:
    """One way of making rows."""

    seed: int
    effort: str
    similarity: str
    outliers: str
    words: str = ""
    """What is different about it."""


def attempts(spec: SynthesizeSpec) -> list[Attempt]:
    """As the job says; then what is tried where a gate fails: another seed, more effort, stricter filters.

    With a budget of privacy nothing is tried again: each look at real rows would have to be paid for.
    """
    usual = "off" if spec.epsilon else "medium"
    first = Attempt(spec.seed, spec.effort, spec.filters.similarity or usual, spec.filters.outliers)
    if spec.epsilon:
        return [first]
    found = [first, replace(first, seed=spec.seed + 1, words="another seed")]
    if spec.effort != EFFORTS[-1] and not spec.model:
        more = EFFORTS[EFFORTS.index(spec.effort) + 1]
        found.append(replace(found[-1], effort=more, words=f"effort {more}"))
    found.append(replace(found[-1], similarity="high", outliers="medium", words="stricter filters"))
    return found[: 1 + spec.retries]


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
    found = [_result(answer, family) for answer in scored.answers if answer.bad or answer.whole]
    return [one for one in found if getattr(gates, one.check) != "off"]


def _result(answer: Answer, family: Family) -> Result:
    spec = family.one.spec
    gate = "privacy" if answer.area == "privacy" else "quality"
    severity = spec.gates.privacy if gate == "privacy" else spec.gates.quality
    found = answer.result
    subject = answer.table or family.one.label
    where = f" of {found.subject}" if found.subject not in (subject, "") else ""
    detail = found.detail
    verdict = found.verdict
    if verdict in _BAD and gate == "quality" and spec.balance:
        verdict, detail = "note", f"{detail}; not asked for where the job balances columns".lstrip("; ")
    elif verdict in _BAD and severity == "note":
        verdict = "note"
    elif verdict in _BAD and _few(answer, family):
        hint = f"`gates: {{{gate}: note}}` in the job's `synthesize` publishes without this proof"
        detail = f"{detail}; the table has too few rows to be sure: {hint}".lstrip("; ")
    return Result(gate, f"{subject}: {found.check}{where}", verdict, found.value, found.limit, detail)


def _few(answer: Answer, family: Family) -> bool:
    rows = [count for name, count in family.split.rows.items() if answer.table in ("", str(name))]
    return min(rows, default=0) < _SMALL


def worth_another(found: Sequence[Result]) -> bool:
    """Whether a gate failed for what another try may mend, not for what could not be measured."""
    return any(one.verdict == "fail" for one in found)


def told(tried: Sequence[tuple[Attempt, Sequence[Result]]], label: str) -> Iterator[Result]:
    """What was tried, one note for each time that rows were made again."""
    for (_, before), (attempt, _) in pairwise(tried):
        failed = ", ".join(dict.fromkeys(one.subject for one in before if one.verdict in _BAD))
        yield Result("synthesize", label, "note", detail=f"made again with {attempt.words}, for these failed: {failed}")
