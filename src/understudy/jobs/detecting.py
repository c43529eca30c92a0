"""`detect`: the personal data of a database, folder or file, with a rule that fits for every finding."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from understudy import detect, transforms
from understudy.connections import connect, redact
from understudy.interfaces import Progress
from understudy.jobs.classify import UNDECIDED
from understudy.jobs.drafting import fitting
from understudy.schema import Schema


@dataclass(frozen=True)
class Detected:
    """What was found in a source."""

    source: str
    findings: tuple[detect.Finding, ...]
    tables: int
    columns: int
    rows: int
    """How many rows were looked at."""
    skipped: Mapping[str, str]
    """Tables of which no row was looked at, and why."""

    def json(self) -> dict[str, Any]:
        """Everything as plain values; nothing in it is a value of the source."""
        return {
            "source": self.source,
            "tables": self.tables,
            "columns": self.columns,
            "rows": self.rows,
            "findings": [finding.json() for finding in self.findings],
            "not_sampled": dict(self.skipped),
        }

    def count(self, sensitivity: detect.Sensitivity) -> int:
        """How many findings are of one class."""
        return sum(finding.sensitivity == sensitivity for finding in self.findings)

    def summary(self) -> str:
        """One line for a person."""
        kinds = ", ".join(f"{self.count(kind)} {kind}" for kind in ("direct", "sensitive", "quasi"))
        looked = f"{self.rows:,} rows looked at" if self.rows else "no rows looked at"
        return f"{len(self.findings)} findings ({kinds}) in {self.columns} columns of {self.tables} tables; {looked}"


def findings(
    url: str,
    *,
    sample: int = detect.ROWS,
    min_confidence: float = detect.FOUND,
    recognizers: Sequence[Any] = (),
    progress: Progress | None = None,
) -> Detected:
    """Find personal data in a database, a folder or a file; nothing is written or sent anywhere.

    ``sample`` rows of every table are looked at, with 0 none: names and types alone tell.  ``recognizers``
    are spelled as in a job's ``detect.recognizers``.
    """
    own = [detect.recognizer(one) for one in recognizers]
    with connect(url).snapshot() as snapshot:
        schema = snapshot.schema()
        sampler = detect.Sampler(snapshot, rows=sample)
        survey = detect.survey(schema, sampler if sample else None, recognizers=own, progress=progress)
    return Detected(
        source=redact(schema.identity or url),
        findings=tuple(one for one in _with_rules(schema, survey) if one.confidence >= min_confidence),
        tables=len(schema.tables),
        columns=sum(len(table.stored) for table in schema.tables),
        rows=sum(survey.sampled.values()),
        skipped=sampler.skipped,
    )


def _with_rules(schema: Schema, survey: detect.Survey) -> list[detect.Finding]:
    """The findings, each with the rule that `init` would write: the first that exists and fits."""
    domains = transforms.domains(schema)
    chosen = fitting(schema, survey, domains)
    told = []
    for finding in survey.findings:
        place = (finding.table, finding.column)
        if finding.path or finding.key:
            rules = finding.rules
        elif place in chosen:
            fits = chosen[place].rule
            rules = () if fits == UNDECIDED else (fits,)
        else:
            rules = (f"as {domains[place]}",)
        told.append(replace(finding, rules=rules))
    return told
