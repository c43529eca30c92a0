"""What a run leaves behind for people: its report, as JSON and as a page, and a summary in a few lines."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from understudy.checks.page import page
from understudy.checks.quality_page import section
from understudy.checks.report import ColumnReport, EdgeReport, Policy, Report, StepReport, TableReport
from understudy.checks.scored import Scored
from understudy.interfaces import Result, Scan
from understudy.jobs.extract import Extracted
from understudy.jobs.planning import Plan
from understudy.jobs.spec import load_job
from understudy.jobs.store import RunFolder, find_run
from understudy.jobs.version import code_version
from understudy.schema import Table
from understudy.subset import PlannedEdge

Loaded = Mapping[str, Mapping[str, int]]
"""Rows per table, by destination; URLs without credentials."""


@dataclass(frozen=True)
class Facts:
    """What the parts of a run found, gathered for its report."""

    plan: Plan
    made: Extracted
    results: Sequence[Result]
    position: str
    key_id: str
    run: str
    started: datetime
    steps: Sequence[StepReport]
    destinations: Sequence[str] = ()
    notes: Sequence[str] = ()


@dataclass(frozen=True)
class Finished:
    """A run that came to its end, whether or not its checks passed."""

    report: Report
    folder: RunFolder
    loaded: Loaded
    commit: str = ""
    """The commit that published the result; empty where it did not pass."""
    branch: str = ""
    """The branch it was published on, or kept on where it did not pass; empty where it was not kept."""
    waiting: bool = False
    """It passed, and is published once a person approves it."""

    def write(self) -> None:
        """Write the report into the run's folder; each file appears whole or not at all."""
        loaded = {url: dict(rows) for url, rows in self.loaded.items()}
        document = {**self.report.json(), "loaded": loaded, "commit": self.commit, "branch": self.branch}
        document |= {"waiting": True} if self.waiting else {}
        _write(self.folder.page, page(self.report, _measured(self.folder)))
        _write(self.folder.report, json.dumps(document, indent=1, ensure_ascii=False))

    def summary(self) -> str:
        """The outcome in a few lines."""
        report = self.report
        failed = [result for result in report.results if result.verdict in ("fail", "error")]
        kept, there = sum(table.kept for table in report.tables), sum(table.source_rows for table in report.tables)
        filled = sum(1 for table in report.tables if table.kept)
        outcome = "passed, and waits for approval" if self.waiting else "passed"
        lines = [
            f"run {report.run}: {outcome if report.passed else 'NOT PASSED, nothing was published'}",
            f"  {kept:,} of about {there:,} rows in {filled} tables, {report.seconds:.1f} s, key {report.key_id}",
            f"  {len(report.results)} checks, {len(failed)} failed",
        ]
        lines += [f"    {one.check} {one.subject}: {one.verdict}: {one.detail}" for one in failed[:20]]
        if self.commit:
            lines.append(f"  commit {self.commit[:12]} on {self.branch}")
        elif self.waiting:
            lines.append(f"  its rows are on {self.branch!r}: look at them, then `understudy approve {report.run}`")
        elif self.branch:
            lines.append(f"  its rows are on {self.branch!r} for a week, to be looked at and not to be used")
        lines += [f"  loaded {sum(rows.values()):,} rows into {url}" for url, rows in self.loaded.items()]
        lines.append(f"  page: {self.folder.page}")
        return "\n".join(lines)


def report(path: Path, *, run: str = "") -> Finished:
    """The report of an earlier run of a job; the latest where none is named."""
    folder = find_run(load_job(path).home, run)
    document = json.loads(folder.report.read_text(encoding="utf-8"))
    loaded, commit, branch = (document.pop(name) for name in ("loaded", "commit", "branch"))
    waiting = document.pop("waiting", False)
    return Finished(Report.from_json(document), folder, loaded, commit, branch, waiting)


def _measured(folder: RunFolder) -> str:
    """Sections of what was measured of made rows, one for each entry of the job that makes some."""
    found = [Scored.from_json(json.loads(one.read_text(encoding="utf-8"))) for one in folder.scores()]
    names = ["measured", *(f"measured-{number}" for number in range(2, len(found) + 1))]
    return "\n".join(section(scored, name) for scored, name in zip(found, names, strict=False))


def _write(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".partial")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def report_of(facts: Facts) -> Report:
    """The report of a run: counts, names and SQL of the job, never a value of the source."""
    plan = facts.plan
    return Report(
        run=facts.run,
        job=plan.file.name,
        job_text=plan.file.text,
        started=facts.started.isoformat(timespec="seconds"),
        seconds=round(sum(step.seconds for step in facts.steps), 3),
        source=plan.schema.identity,
        position=facts.position,
        engine=f"{plan.schema.engine} {plan.schema.version}".strip(),
        destination=", ".join(facts.destinations),
        key_id=facts.key_id,
        code=code_version(),
        tables=tuple(_table(facts, table) for table in plan.schema.tables),
        edges=tuple(_edge(facts, edge) for edge in plan.subset.edges),
        results=tuple(facts.results),
        steps=tuple(facts.steps),
        notes=tuple(dict.fromkeys([*plan.subset.warnings, *plan.schema.notes, *facts.notes])),
    )


def _table(facts: Facts, table: Table) -> TableReport:
    closure, planned = facts.made.closure, facts.plan.subset.by_name[table.name]
    made = facts.made.made.get(table.name)
    rows = closure.rows.get(table.name, 0)
    expanded = closure.expanded.get(table.name, 0)
    return TableReport(
        name=str(table.name),
        source_rows=table.rows,
        read=made.learned_from if made else closure.read.get(table.name, 0),
        kept=made.rows if made else closure.kept(table.name),
        dropped=len(closure.dropped.get(table.name, ())),
        expand=expanded,
        support=rows - expanded,
        bytes=facts.made.stage.estimate(Scan(table.name))[1],
        why=planned.why,
        columns=tuple(_column(facts, table, column.name) for column in table.stored),
    )


def _column(facts: Facts, table: Table, name: str) -> ColumnReport:
    place, column = (table.name, name), table.column(name)
    rule = facts.plan.rules.get(place)
    if rule is None:
        return ColumnReport(name, column.native_type, "", note="the table stays empty")
    domain = facts.plan.domains.get(place)
    note = f"in the domain {domain}" if domain else ""
    if rule.name == "keep":
        return ColumnReport(name, column.native_type, "keep", note=note)
    values, fixed = facts.made.counts.values[place], facts.made.counts.fixed[place]
    nulls = facts.made.closure.rows.get(table.name, 0) - values
    return ColumnReport(name, column.native_type, str(rule), values - fixed, nulls, fixed, note)


def _edge(facts: Facts, edge: PlannedEdge) -> EdgeReport:
    policy: Policy = "not followed"
    if edge.down or edge.required:
        policy = "followed"
    elif edge.policy.parents == "null":
        policy = "nulled"
    rows = facts.made.closure.edges.get(edge.label, 0)
    return EdgeReport(edge.label, str(edge.key.table), str(edge.key.parent), policy, edge.why, rows)
