"""The verbs that only look: plan, preview, why, check.  None of them writes, but `plan --accept` its one file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from understudy import checks, subset, transforms
from understudy.connections import connect
from understudy.errors import Error, InputError
from understudy.interfaces import Progress, Refusal, Result, Scan
from understudy.jobs import drift, reviewed
from understudy.jobs.hashing import rank
from understudy.jobs.loading import result_of
from understudy.jobs.planning import Plan, key_table, make_plan
from understudy.jobs.prove import Estimate, prove
from understudy.jobs.spec import JobFile, load_job, parse_job, resolve
from understudy.lake.connection import Branch


@dataclass(frozen=True)
class Planned:
    """A plan with what the source says of it."""

    plan: Plan
    estimates: tuple[Estimate, ...]
    closure: subset.Closure | None = None
    """The exact rows, where they were counted by following keys alone."""

    def json(self) -> dict[str, Any]:
        """The plan as plain lists and dicts."""
        return {
            "job": str(self.plan.file.path),
            "source": self.plan.schema.identity,
            "subset": self.plan.subset.json(),
            "targets": [
                {"table": str(one.table), "rows": one.rows, "bytes": one.bytes, "sql": one.sql}
                for one in self.estimates
            ],
            "synthesize": [one.told for one in self.plan.made],
            "exact": None if self.closure is None else {str(t): n for t, n in self.closure.rows.items() if n},
            "rules": {f"{table}.{column}": str(rule) for (table, column), rule in self.plan.rules.items()},
            "domains": {f"{table}.{column}": label for (table, column), label in self.plan.domains.items()},
            "refusals": [vars(refusal) for refusal in self.plan.refusals],
        }

    def __str__(self) -> str:
        parts = [
            str(self.plan.subset).rstrip(),
            self._targets(),
            self._made(),
            self._exact(),
            self._rules(),
            self._refusals(),
        ]
        return "\n\n".join(part for part in parts if part)

    def _targets(self) -> str:
        lines = []
        for one in self.estimates:
            lines.append(f"  {one.table}: about {one.rows:,} rows, {one.bytes:,} bytes")
            lines += [f"      {line}" for line in one.sql.splitlines()]
        return "TARGETS as the source will be asked\n" + "\n".join(lines) if lines else ""

    def _made(self) -> str:
        lines = [f"  {one.told}" for one in self.plan.made]
        return "MADE by models of the masked rows\n" + "\n".join(lines) if lines else ""

    def _exact(self) -> str:
        if self.closure is None:
            return ""
        rows = {table: self.closure.kept(table) for table in self.closure.rows}
        lines = [f"  {count:>12,}  {table}" for table, count in rows.items() if count]
        return f"ROWS, counted by keys: {sum(rows.values()):,}\n" + "\n".join(lines)

    def _rules(self) -> str:
        width = max((len(f"{table}.{column}") for table, column in self.plan.rules), default=0)
        lines = []
        for (table, column), rule in self.plan.rules.items():
            domain = self.plan.domains.get((table, column))
            shared = f"   as {domain}" if domain and domain != f"{table}.{column}" else ""
            lines.append(f"  {f'{table}.{column}':<{width}}  {rule}{shared}")
        return "RULES\n" + "\n".join(lines) if lines else ""

    def _refusals(self) -> str:
        if not self.plan.refusals:
            return (
                "Nothing in the schema stands in the way: `understudy run` will do this, unless rows hold what the job"
                " does not say; `understudy check` looks at some."
            )
        lines = [f"  {refusal}" for refusal in self.plan.refusals]
        return f"REFUSED for {len(lines)} reasons\n" + "\n".join(lines)


def plan(path: Path, *, estimate: bool = False, accept: bool = False, progress: Progress | None = None) -> Planned:
    """What a run will do.  With ``estimate``, rows are counted exactly by running the closure on keys alone.

    With ``accept``, the source is remembered as reviewed, in a file beside the job, if nothing else is refused.
    """
    file = load_job(path)
    key = transforms.Key.parse(resolve(file.job.key, "key")) if estimate else None
    with connect(resolve(file.job.source, "source")).snapshot(readers=file.job.readers) as snapshot:
        made = make_plan(file, snapshot.schema())
        if accept and not made.refusals:
            reviewed.accept(path, made.schema)
        made = replace(made, refusals=(*made.refusals, *drift.structure(made)))
        estimates = tuple(prove(made, snapshot))
        closure = None
        if key is not None and not made.subset.refusals:
            closure = subset.closure(
                made.subset,
                snapshot,
                lambda table, batch: None,  # noqa: ARG005 - keys are counted, rows go nowhere
                columns={},
                rank=rank(key),
                progress=progress,
                workers=file.job.readers,
            )
    return Planned(made, estimates, closure)


@dataclass(frozen=True)
class Preview:
    """Masked rows of one table, as plain values."""

    columns: tuple[str, ...]
    rows: list[dict[str, Any]]
    originals: list[dict[str, Any]]
    """The same rows as the source has them; empty unless they were asked for."""


def preview(path: Path, table: str, *, rows: int = 10, originals: bool = False) -> Preview:
    """Rows of a table as they will look in the copy; with ``originals``, also as they are."""
    file = load_job(path)
    key = transforms.Key.parse(resolve(file.job.key, "key"))
    with connect(resolve(file.job.source, "source")).snapshot(readers=file.job.readers) as snapshot:
        schema = snapshot.schema()
        wanted = schema.find(table)
        made = make_plan(file, schema)
        ours = [refusal for refusal in made.refusals if refusal.subject.startswith(f"{wanted.name}.")]
        replace(made, refusals=tuple(ours)).refuse()
        if wanted.name not in {one.name for one in made.tables}:
            raise InputError(f"table {str(wanted.name)!r} stays empty in the copy")
        rules = made.rules_of(wanted.name)
        stored = [column.name for column in wanted.stored]
        where = next((one.where for one in made.subset.request.targets if one.table == wanted.name), "")
        needed = tuple(sorted(transforms.needs(wanted, rules) - set(stored)))
        transformer = transforms.compile(
            wanted, rules, key=key, domains=made.domains, dataset=snapshot, elsewhere=made.rules
        )
        scan = Scan(wanted.name, (*stored, *needed), where=where, limit=rows)
        read = list(snapshot.read(scan))
    shown = [row for batch in read for row in transformer(batch).select(stored).to_pylist()]
    before = [row for batch in read for row in batch.select(stored).to_pylist()] if originals else []
    return Preview(tuple(stored), shown, before)


def why(path: Path, table: str, key: Sequence[str], *, run: str = "", original: bool = False) -> list[subset.Step]:
    """The path of foreign keys from a target to a row of a published result.

    ``key`` is the row's in the copy, or with ``original`` the source's, which is masked first.
    """
    file = load_job(path)
    result, made = _published(file, run)
    wanted = made.schema.find(table)
    found = key_table(wanted, [tuple(key)])
    if wanted.name in made.synthetic:
        return [subset.Step(wanted.name, ", ".join(key), None, "made by a model: it stands for no row of the source")]
    if original:
        found = _masked(made, wanted.name, found, transforms.Key.parse(resolve(file.job.key, "key")))
    return subset.why(made.subset, result, wanted.name, found)


def _published(file: JobFile, run: str) -> tuple[Branch, Plan]:
    """What a run published, or the job's branch, and the plan that made it, from what the commit tells."""
    result = result_of(file, run=run)
    told = result.published_by(file.name).extras
    return result, make_plan(parse_job(told["job"], file.path), result.schema())


def _masked(plan: Plan, name: Any, keys: pa.Table, key: transforms.Key) -> pa.Table:
    table = plan.schema.table(name)
    rules = {column: rule for column, rule in plan.rules_of(name).items() if column in keys.column_names}
    transformer = transforms.compile(table, rules, key=key, domains=plan.domains)
    return pa.Table.from_batches([transformer(batch) for batch in keys.combine_chunks().to_batches()])


@dataclass(frozen=True)
class Checked:
    """What gates a job in CI: where it no longer fits its source, and whether a result still holds."""

    refusals: tuple[Refusal, ...]
    results: tuple[Result, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """The job fits its source, and the result, where one was looked at, passes its checks."""
        return not self.refusals and checks.passed(self.results)

    def json(self) -> dict[str, Any]:
        """The findings as plain lists and dicts."""
        return {
            "passed": self.passed,
            "refusals": [vars(refusal) for refusal in self.refusals],
            "results": [vars(result) for result in self.results],
            "notes": list(self.notes),
        }

    def __str__(self) -> str:
        lines = [str(refusal) for refusal in self.refusals]
        lines += [
            f"{one.check} {one.subject}: {one.verdict} {one.detail}"
            for one in self.results
            if one.verdict in ("fail", "error")
        ]
        lines += [f"note: {note}" for note in self.notes]
        if self.passed:
            lines.append("the job fits its source" + (", the result passes its checks" if self.results else ""))
        return "\n".join(lines)


def check(path: Path, *, run: str = "", progress: Progress | None = None) -> Checked:
    """Compare a job with its source as it is now, in structure and in sampled rows.

    With ``run``, a published result is checked again as well.
    """
    file = load_job(path)
    notes: list[str] = []
    with connect(resolve(file.job.source, "source")).snapshot(readers=1) as snapshot:
        made = make_plan(file, snapshot.schema())
        refusals = [*made.refusals, *drift.structure(made)]
        try:
            prove(made, snapshot)
        except InputError as error:
            refusals.append(Refusal(str(path), error.message, error.hint))
        if file.job.checks.drift != "off":
            found = drift.content(made, snapshot, progress=progress)
            notes += found.notes
            if file.job.checks.drift == "fail":
                refusals += found.refusals
            else:
                notes += map(str, found.refusals)
    if reviewed.reviewed(path) is None:
        notes.append(
            f"nothing tells what the source was like when {path.name} was reviewed: {_ACCEPT.format(path.name)}"
        )
    results = _checked_again(file, run) if run else []
    return Checked(tuple(dict.fromkeys(refusals)), tuple(results), tuple(notes))


_ACCEPT = "`understudy plan {} --accept` remembers it"


def _checked_again(file: JobFile, run: str) -> list[Result]:
    """What the checks say of a published result now."""
    result, _ = _published(file, run)
    results: list[Result] = []
    try:
        result.verify()
    except Error as error:
        results.append(Result("files", run, "fail", detail=error.message))
    return results + list(checks.run_checks(checks.CHECKS, result, result))
