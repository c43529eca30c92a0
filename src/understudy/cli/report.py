"""The verb report: of a run, or of any made rows beside real ones."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from understudy import render
from understudy.errors import CheckFailed, InputError

_JOBS = (".yaml", ".yml")


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("report")(report)


def report(
    real: Annotated[
        str, typer.Argument(metavar="JOB|REAL", help="A job file; or real rows: a file, a folder, a connection's URL.")
    ] = "job.yaml",
    made: Annotated[str, typer.Argument(metavar="[MADE]", help="Made rows to compare with the real ones.")] = "",
    holdout: Annotated[
        str, typer.Option("--holdout", metavar="ROWS", help="Real rows that were not learned from; else privacy fails.")
    ] = "",
    entity: Annotated[
        list[str], typer.Option("--entity", metavar="COLUMN", help="Whose row it is, as column or table.column.")
    ] = [],  # noqa: B006  # typer copies it
    target: Annotated[
        list[str], typer.Option("--target", metavar="COLUMN", help="What models will predict; may be said again.")
    ] = [],  # noqa: B006
    key: Annotated[
        list[str],
        typer.Option("--key", metavar="KEY", help="A foreign key that no schema knows: 'orders.user_id -> users.id'."),
    ] = [],  # noqa: B006
    queries: Annotated[
        Path | None, typer.Option("--queries", metavar="FILE.sql", help="SQL whose answers are compared too.")
    ] = None,
    masked: Annotated[
        bool, typer.Option("--masked", help="Rows are people's, with values changed: look for originals and crowds.")
    ] = False,
    model: Annotated[
        str, typer.Option("--model", metavar="FILE", help="The saved model, if it is given away as well: it may tell.")
    ] = "",
    rows: Annotated[int, typer.Option("--rows", min=0, help="Most rows of each side to compare; 0 for as usual.")] = 0,
    html: Annotated[Path | None, typer.Option("--html", metavar="FILE", help="Write the page.")] = None,
    json_to: Annotated[
        Path | None, typer.Option("--json-to", metavar="FILE", help="Write everything measured as JSON.")
    ] = None,
    run: Annotated[str, typer.Option("--run", help="Of a job: a run's id, or its beginning.")] = "",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Show the report of a run; or measure made rows beside real ones: how alike, how private, with a verdict."""
    out = render.output(json=json)
    if not made:
        if holdout or entity or target or key or queries or masked or model or rows or html or json_to:
            raise InputError("there are no made rows to compare", hint="understudy report REAL MADE --holdout HELD")
        _of_run(real, run, out)
        return
    if run or Path(real).suffix in _JOBS or Path(made).suffix in _JOBS:
        raise InputError(
            "the report of a run and a comparison of rows are asked for at once",
            hint="`understudy report JOB --run RUN`, or `understudy report REAL MADE`",
        )
    from understudy.checks.scored import HEADS
    from understudy.jobs import comparing

    asked = {} if queries is None else comparing.named_queries(queries.read_text(encoding="utf-8"))
    with out.progress() as progress:
        found = comparing.measure(
            real, made, holdout or None, entity=entity, targets=target, queries=asked, keys=key, masked=masked,
            model=model or None, rows=rows, progress=progress,
        )  # fmt: skip
    comparing.write(found, as_json=json_to, as_html=html)
    out.rows(f"{found.made} beside {found.real}", HEADS, found.rows())
    written = [f"page: {html}"] if html else []
    out.result(found.json(), found.verdict(), *written)
    if not found.passed:
        raise typer.Exit(CheckFailed.exit_code)


def _of_run(job: str, run: str, out: render.Output) -> None:
    from understudy import jobs

    finished = jobs.report(Path(job), run=run)
    out.result(finished.report.json(), finished.summary())
