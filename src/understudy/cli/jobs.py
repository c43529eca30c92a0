"""The verbs of the main job: init, plan, test, run, preview, why, check, report, load, rerun."""

from __future__ import annotations

import enum
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from understudy import render
from understudy.cli.detect import Recognizers
from understudy.cli.report import report
from understudy.errors import CheckFailed, InputError

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
JobPath = Annotated[Path, typer.Argument(metavar="JOB", help="The job file.")]
LatestJob = Annotated[Path, typer.Option("--job", "-j", metavar="JOB", help="The job file.")]
RunId = Annotated[str, typer.Option("--run", help="A run's id, or its beginning.")]


class LoadMode(enum.StrEnum):
    """How a destination is loaded: into nothing, in place of what is there, or beside it."""

    CREATE = "create"
    REPLACE = "replace"
    APPEND = "append"


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    for verb in (init, plan, run, approve, preview, why, check, report, load, rerun):
        app.command(verb.__name__)(verb)
    app.command("test")(try_tests)


def init(
    url: Annotated[str, typer.Argument(metavar="URL", help="The source: postgresql://user@host/database.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write the job file.")] = Path("job.yaml"),
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    sample: Annotated[int, typer.Option("--sample", min=0, help="Most rows of a table to look at; 0 for none.")] = 500,
    recognizer: Recognizers = [],  # noqa: B006  # typer copies it
    json: Json = False,
) -> None:
    """Write the first job file for a source: every table and column, with a rule or a question."""
    from understudy import jobs
    from understudy.jobs.reviewed import accept

    if output.exists() and not force:
        raise InputError(
            f"{str(output)!r} exists already", hint="choose another with `-o`, or replace it with `--force`"
        )
    out = render.output(json=json)
    with out.progress() as progress:
        draft = jobs.init(url, file=output.name, sample=sample, recognizers=recognizer, progress=progress)
    output.write_text(draft.text, encoding="utf-8")
    lock = accept(output, draft.schema)
    out.result(
        {
            "file": str(output),
            "lock": str(lock),
            "tables": draft.tables,
            "columns": draft.columns,
            "undecided": list(draft.undecided),
        },
        f"{output}: {draft.tables} tables, {draft.columns} columns, {len(draft.undecided)} for you to decide",
        "next: export SOURCE_URL and UNDERSTUDY_KEY, decide the columns marked `decide`, then "
        f"`understudy plan {output}`",
    )


def plan(
    job: JobPath,
    estimate: Annotated[bool, typer.Option("--estimate", help="Count exactly: run the closure on keys only.")] = False,
    accept: Annotated[
        bool, typer.Option("--accept", help="Remember the source as reviewed, in a .lock file beside the job.")
    ] = False,
    json: Json = False,
) -> None:
    """Show what a run will do: rows, edges and why, SQL, rules, refusals.  Nothing is read or run."""
    from understudy import jobs

    out = render.output(json=json)
    with out.progress() as progress:
        planned = jobs.plan(job, estimate=estimate, accept=accept, progress=progress)
    out.result(planned.json(), str(planned))
    if planned.plan.refusals:
        raise typer.Exit(InputError.exit_code)


def try_tests(
    job: JobPath,
    introspect: Annotated[
        bool, typer.Option("--introspect", help="Take the tables from the source, not from what the job remembers.")
    ] = False,
    json: Json = False,
) -> None:
    """Try the job's `tests`: rows as the source would hold them, and what must be true once they are masked."""
    from understudy.jobs import policy_tests

    tested = policy_tests.try_tests(job, introspect=introspect)
    out = render.output(json=json)
    if tested.failed:
        failed = [(one.test, one.column, one.expected, one.found) for one in tested.failed]
        out.rows("expectations that do not hold", ("test", "column", "expected", "found"), failed)
    out.result(tested.json(), tested.summary())
    if not tested.passed:
        raise typer.Exit(CheckFailed.exit_code)


def run(
    job: JobPath,
    load: Annotated[bool, typer.Option("--load/--no-load", help="Load the job's destinations.")] = True,
    json: Json = False,
) -> None:
    """Do the job: subset, mask, check, publish and load.  All or nothing."""
    from understudy import jobs

    out = render.output(json=json)
    with out.progress() as progress:
        finished = jobs.run(job, load=load, progress=progress)
    out.result(finished.report.json(), finished.summary())
    if not finished.report.passed:
        raise CheckFailed("a check failed: nothing was published", hint=f"see {finished.folder.page}")


def approve(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="The run, or the beginning of its id; by default the latest.")
    ] = "",
    job: Annotated[Path, typer.Option("--job", metavar="JOB", help="The job file.")] = Path("job.yaml"),
    load: Annotated[bool, typer.Option("--load/--no-load", help="Load the job's destinations.")] = True,
    json: Json = False,
) -> None:
    """Publish a result that waits for a person's approval, and load the job's destinations."""
    from understudy import jobs

    out = render.output(json=json)
    with out.progress() as progress:
        finished = jobs.approve(job, run, load=load, progress=progress)
    out.result(finished.report.json(), finished.summary())


def preview(
    job: JobPath,
    table: Annotated[str, typer.Argument(help="The table to look at.")],
    rows: Annotated[int, typer.Option("--rows", "-n", min=1, max=1000, help="How many rows.")] = 10,
    original: Annotated[
        bool, typer.Option("--show-original", help="Show what changes as it is, too; on a terminal alone.")
    ] = False,
    json: Json = False,
) -> None:
    """Show rows of a table as they will look in the copy."""
    from understudy import jobs

    if original and (json or not sys.stdout.isatty()):
        raise InputError("originals are shown on a terminal alone", hint="leave `--show-original` out, or the pipe")
    shown = jobs.preview(job, table, rows=rows, originals=original)
    out = render.output(json=json)
    if json:
        out.document({"table": table, "rows": shown.rows})
    elif original:
        out.rows(table, shown.columns, [_beside(*pair) for pair in zip(shown.originals, shown.rows, strict=True)])
    else:
        out.rows(table, shown.columns, [[row[name] for name in shown.columns] for row in shown.rows])


def _beside(original: Mapping[str, object], masked: Mapping[str, object]) -> list[object]:
    """The cells of a row; one that changes shows both what it was and what it becomes."""
    return [
        masked[name] if before == masked[name] else f"{'' if before is None else before} → {masked[name]}"
        for name, before in original.items()
    ]


def why(
    table: Annotated[str, typer.Argument(help="The table of the row.")],
    key: Annotated[list[str], typer.Argument(help="The row's key in the copy; several values for a composite key.")],
    job: LatestJob = Path("job.yaml"),
    run: RunId = "",
    original: Annotated[bool, typer.Option("--original", help="KEY is the source's key; it is masked first.")] = False,
    json: Json = False,
) -> None:
    """Tell why a row is in the copy: the path of foreign keys from a target to it."""
    from understudy import jobs

    steps = jobs.why(job, table, key, run=run, original=original)
    out = render.output(json=json)
    told = [{"table": str(one.table), "key": one.key, "edge": one.edge, "words": one.words} for one in steps]
    out.result({"steps": told}, *map(str, steps))


def check(
    job: JobPath,
    run: RunId = "",
    json: Json = False,
) -> None:
    """Gate drift: compare the job with its source, structure and sampled rows; with --run, verify a result again."""
    from understudy import jobs

    out = render.output(json=json)
    with out.progress() as progress:
        checked = jobs.check(job, run=run, progress=progress)
    out.result(checked.json(), str(checked))
    if not checked.passed:
        raise typer.Exit(CheckFailed.exit_code)


def load(
    source: Annotated[str, typer.Argument(metavar="JOB|lake:REF", help="The job file, or any state of a lake.")],
    to: Annotated[str, typer.Option("--to", help="The destination's URL; the job's destinations by default.")] = "",
    mode: Annotated[LoadMode, typer.Option("--mode", help="How to load; with --to.")] = LoadMode.CREATE,
    run: RunId = "",
    ref: Annotated[str, typer.Option("--ref", help="A branch, tag, commit or time; the job's branch by default.")] = "",
    json: Json = False,
) -> None:
    """Load a published result again, as it is or as it ever was, without touching the source."""
    from understudy import jobs

    out = render.output(json=json)
    with out.progress() as progress:
        loaded = jobs.load(source, to=to, mode=mode.value, run=run, ref=ref, progress=progress)
    out.result({"loaded": loaded}, *[f"{url}: {rows:,} rows" for url, rows in loaded.items()])


def rerun(
    commit: Annotated[str, typer.Argument(metavar="COMMIT", help="What to make again: @HASH, a branch, a tag.")],
    lake: Annotated[str, typer.Option("--lake", help="The lake; UNDERSTUDY_LAKE or ./.understudy by default.")] = "",
    catalog: Annotated[str, typer.Option("--catalog", help="The URL of its store, if not in its folder.")] = "",
    json: Json = False,
) -> None:
    """Do again what made a commit, beside everything else, and tell whether the same rows come of it."""
    from understudy import jobs
    from understudy.lake import Lake

    out = render.output(json=json)
    with out.progress() as progress:
        found = jobs.rerun(Lake.usual(lake, catalog=catalog), commit, progress=progress)
    out.result(found.json(), str(found))
    if not found.same:
        raise typer.Exit(CheckFailed.exit_code)
