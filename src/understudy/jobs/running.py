"""`run`: one execution of a job.  Read top to bottom: plan, extract, check, publish, load, report."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from understudy import checks, transforms
from understudy.checks.report import StepReport
from understudy.connections import connect
from understudy.connections.folder import Folder
from understudy.errors import Error, Inexact, InputError
from understudy.interfaces import Check, Connection, Ddl, Progress, Result, Snapshot
from understudy.jobs.drift import gate
from understudy.jobs.extract import Extracted, extract
from understudy.jobs.loading import Destination, Loading
from understudy.jobs.planning import Plan, make_plan
from understudy.jobs.prove import prove
from understudy.jobs.publishing import hold, open_lake, publish, set_aside, settle
from understudy.jobs.record import Facts, Finished, Loaded, report_of
from understudy.jobs.spec import JobFile, Severity, load_job, resolve
from understudy.jobs.store import RunFolder, new_run
from understudy.lake import Lake
from understudy.lake.nouns import Commit
from understudy.schema import TableName

_INTEGRITY = ("foreign_keys", "unique", "not_null", "lengths")


@dataclass
class Run:
    """One execution under way: what it works with, and what its steps have found so far."""

    file: JobFile
    lake: Lake
    folder: RunFolder
    key: transforms.Key
    source: Connection
    destinations: tuple[Destination, ...]
    progress: Progress
    started: datetime = field(default_factory=lambda: datetime.now(UTC))
    steps: list[StepReport] = field(default_factory=list)
    as_text: frozenset[tuple[str, str]] = frozenset()
    """Columns that hold a value their Arrow type cannot carry, found out while reading."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step for the report."""
        began = time.monotonic()
        try:
            yield
        finally:
            self.steps.append(StepReport(name, round(time.monotonic() - began, 3)))


def run(path: Path, *, load: bool = True, progress: Progress) -> Finished:
    """Do a job: subset, mask, check, publish and load, all or nothing.

    Raises an InputError where the job is refused, before a row is read.  A check that fails gives a
    finished run whose report did not pass: nothing was published and no destination was touched.
    """
    return execute(load_job(path), load=load, progress=progress)


def execute(file: JobFile, *, load: bool, progress: Progress) -> Finished:
    """Do a job that was read already; see ``run``."""
    key = transforms.Key.parse(resolve(file.job.key, "key"))
    source = connect(resolve(file.job.source, "source"))
    destinations = _destinations(file, source) if load else ()
    with new_run(file.home) as folder:
        state = Run(file, open_lake(file), folder, key, source, destinations, progress)
        while True:
            try:
                return _once(state)
            except Inexact as found:  # lossless wins over fast: read again, that column as text
                state.as_text |= {(str(found.table), found.column)}
                state.steps.clear()


def _destinations(file: JobFile, source: Connection) -> tuple[Destination, ...]:
    """The job's destinations, opened; the source is never one of them."""
    found = [Destination(connect(resolve(spec.to, "load.to")), spec.mode) for spec in file.job.load]
    own = source.place() if found else ""
    for destination in found:
        if destination.connection.place() == own:
            raise InputError(f"the destination {destination.name} is the source itself")
    return tuple(found)


def _once(state: Run) -> Finished:
    """Plan, extract, then check and load at once; publish what passed, and only then let destinations show it."""
    with ExitStack() as staged:
        with state.source.snapshot(readers=state.file.job.readers, as_text=state.as_text) as snapshot:
            with state.step("plan"):
                plan = make_plan(state.file, snapshot.schema())
                plan.refuse()
                prove(plan, snapshot)
                where = settle(state.lake, plan)
                drifted = gate(plan, snapshot, progress=state.progress)
            stage = staged.enter_context(Folder.create(state.folder.stage, plan.schema, field_ids=where.field_ids))
            with ThreadPoolExecutor(1, thread_name_prefix="ddl") as aside, state.step("extract"):
                definitions = aside.submit(_definitions, plan, snapshot)
                made = extract(plan, snapshot, stage, key=state.key, progress=state.progress)
            judged: list[Result] = []
            if plan.made:
                from understudy.jobs.replaced import replace_tables

                with state.step("synthesize"):
                    judged = replace_tables(plan, snapshot, made, state.folder, key=state.key, progress=state.progress)
            ddl = definitions.result()
            loading = staged.enter_context(Loading(state.destinations, stage, ddl, state.progress))
            with state.step("check"):
                results = drifted + judged + _check(state, plan, made, snapshot)
            facts = replace(_facts(state, plan, made, results, snapshot), notes=ddl.notes if ddl else ())
        if not checks.passed(results):
            loading.withhold()
            return _finish(state, facts, {}, branch=set_aside(where, stage, facts, state.source, ddl))
        if state.file.job.approve == "required":
            loading.withhold()
            with state.step("publish"):
                branch = hold(where, stage, facts, state.source, ddl)
            return _finish(state, facts, {}, branch=branch, waiting=True)
        loading.wait()
        with state.step("publish"):
            commit = publish(where, stage, facts, state.source, ddl)
        return _show(state, facts, loading, commit)


def _definitions(plan: Plan, snapshot: Snapshot) -> Ddl | None:
    """The statements that build the source's tables elsewhere; files have none."""
    return None if plan.schema.engine == "files" else snapshot.ddl(hide=plan.changed)


def _check(state: Run, plan: Plan, made: Extracted, snapshot: Snapshot) -> list[Result]:
    """Ask every check the job wants; ``note`` turns a failure into a note, ``off`` leaves the check out."""
    wanted = state.file.job.checks
    counts = {
        table.name: checks.RowCount(
            read=made.closure.read.get(table.name, 0),
            kept=made.closure.kept(table.name),
            dropped=len(made.closure.dropped.get(table.name, ())),
            duplicate=made.closure.duplicates.get(table.name, 0),
        )
        for table in plan.schema.tables
    }
    counts |= {name: checks.RowCount(read=one.rows, kept=one.rows) for name, one in made.made.items()}
    altered = plan.changed | {(t.name, c.name) for t in plan.tables if t.name in made.made for c in t.stored}
    asked: dict[str, tuple[Severity, Check]] = {
        "leaks": (wanted.privacy, checks.leaks(made.originals, plan.changed, _stayed(plan, made), plan.listed)),
        **{name: (wanted.integrity, checks.CHECKS[name]) for name in _INTEGRITY},
        "accounting": ("fail", checks.accounting(counts)),
        "nulls": ("fail", checks.nulls(_nulls(plan, made))),
        "constraints": (wanted.constraints, checks.constraints(altered)),
    }
    off = [Result(name, "all", "note", detail="switched off by the job") for name in asked if asked[name][0] == "off"]
    running = {name: check for name, (severity, check) in asked.items() if severity != "off"}
    found = checks.run_checks(running, snapshot, made.stage, progress=state.progress)
    return off + [_softened(result) if asked[result.check][0] == "note" else result for result in found]


def _stayed(plan: Plan, made: Extracted) -> dict[tuple[TableName, str], checks.FixedPoints]:
    """Values that came out as they went in, per changed column.

    A permutation leaves one value in place on average, however few there are: one of 13 codes may
    be every tenth row; and the country a list gives a person may be their own.  Of both, only most
    of the values staying tells that something is wrong.
    """
    found = {}
    for place, values in made.counts.values.items():
        fixed, placed = made.counts.fixed[place], plan.placed(place)
        by_chance = placed.listed or any(one.name == "key" for one in placed.walk())
        if not by_chance or 2 * fixed > values:
            found[place] = checks.FixedPoints(fixed, values)
    return found


def _nulls(plan: Plan, made: Extracted) -> dict[tuple[TableName, str], int]:
    """Nulls read, per changed column whose rule keeps them; of tables that exclusions pruned they are not known."""
    pruned = {name for name, rows in made.closure.dropped.items() if len(rows)}
    pruned |= {name for (name, _), rows in made.closure.nulled.items() if len(rows)}
    pruned |= made.made.keys()
    return {
        (name, column): made.closure.rows[name] - values
        for (name, column), values in made.counts.values.items()
        if name not in pruned and plan.placed((name, column)).nulls == "kept"
    }


def _softened(result: Result) -> Result:
    if result.verdict in ("fail", "error"):
        return Result(result.check, result.subject, "note", result.value, result.limit, result.detail)
    return result


def _facts(state: Run, plan: Plan, made: Extracted, results: list[Result], snapshot: Snapshot) -> Facts:
    return Facts(
        plan=plan,
        made=made,
        results=results,
        position=snapshot.position,
        key_id=state.key.id,
        run=state.folder.id,
        started=state.started,
        steps=state.steps,
        destinations=tuple(destination.name for destination in state.destinations),
    )


def _show(state: Run, facts: Facts, loading: Loading, commit: Commit) -> Finished:
    """Let every destination show the result, which is published by now and stays, whatever a destination says.

    Its report is written first: after a kill, `understudy load` goes on from here, without the source.
    """
    finished = _finish(state, facts, {}, commit.hash)
    if not state.destinations:
        return finished
    outcomes = loading.show()
    state.steps.append(StepReport("load", round(loading.seconds, 3)))
    loaded = {one.name: _by_name(rows) for one, rows in outcomes.items() if not isinstance(rows, Error)}
    finished = _finish(state, facts, loaded, commit.hash)
    for error in (outcome for outcome in outcomes.values() if isinstance(outcome, Error)):
        again = f"the result itself is published: `understudy load {state.file.path.name}` loads it again"
        error.hint = f"{error.hint}; {again}" if error.hint else again
        raise error
    return finished


def _by_name(rows: Mapping[TableName, int]) -> dict[str, int]:
    return {str(name): count for name, count in rows.items()}


def _finish(
    state: Run, facts: Facts, loaded: Loaded, commit: str = "", *, branch: str = "", waiting: bool = False
) -> Finished:
    """Write the report of the run, as JSON and as a page."""
    finished = Finished(
        report_of(facts), state.folder, loaded, commit, state.file.job.into if commit else branch, waiting
    )
    finished.write()
    return finished
