"""The verb that makes rows: synthesize."""

from __future__ import annotations

import enum
import json as json_format
from pathlib import Path
from typing import Annotated

import typer

from understudy import render
from understudy.cli.mask import Delimiter, Encoding, Force, Form, Header, Json, To
from understudy.errors import Error, InputError

PIPE = "-"


class Effort(enum.StrEnum):
    """How much learning may cost."""

    FAST = "fast"
    NORMAL = "normal"
    BEST = "best"


class Level(enum.StrEnum):
    """How much a filter refuses."""

    OFF = "off"
    MEDIUM = "medium"
    HIGH = "high"


class Stopped(Error):
    """Ctrl-C."""

    exit_code = 130


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("synthesize", epilog="\b\nExample: understudy synthesize adult.csv --rows 50000 -o out.parquet")(
        synthesize
    )


def synthesize(
    source: Annotated[
        str, typer.Argument(metavar="SOURCE", help="A file, a folder of files, a connection's URL, or - for stdin.")
    ] = "",
    output: Annotated[str, typer.Option("--output", "-o", help="A file, or a folder; - for standard output.")] = PIPE,
    rows: Annotated[int | None, typer.Option("--rows", "-n", min=0, help="How many; as many as there are.")] = None,
    given: Annotated[
        str, typer.Option("--given", metavar="FILE", help="Rows of which some columns are fixed; the rest is made.")
    ] = "",
    balance: Annotated[
        list[str], typer.Option("--balance", metavar="COLUMN", help="Each value of it comes equally often.")
    ] = [],  # noqa: B006
    epsilon: Annotated[
        float | None,
        typer.Option("--epsilon", help="Learn with differential privacy: bounds what any one row may change; 3, say."),
    ] = None,
    subject: Annotated[
        str,
        typer.Option("--subject", metavar="COLUMN", help="Whose row it is: all of one are made, or bounded, together."),
    ] = "",
    public: Annotated[
        list[str],
        typer.Option(
            "--public", metavar="TABLE", help="Of several tables, one that holds nobody's rows: copied as it is."
        ),
    ] = [],  # noqa: B006
    effort: Annotated[Effort, typer.Option("--effort", help="How much learning may cost.")] = Effort.NORMAL,
    similarity: Annotated[
        Level | None, typer.Option("--similarity", help="Which copies of real rows are refused; medium if not said.")
    ] = None,
    outliers: Annotated[
        Level | None, typer.Option("--outliers", help="Which unusual rows are refused; off if not said.")
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Another seed makes other rows.")] = 0,
    save: Annotated[
        str, typer.Option("--save", metavar="FILE", help="Keep the model, to make more rows of it; no row is in it.")
    ] = "",
    model: Annotated[str, typer.Option("--model", metavar="FILE", help="Use a saved model; nothing is learned.")] = "",
    table: Annotated[
        list[str], typer.Option("--table", help="A table of the source, where it has several; may be repeated.")
    ] = [],  # noqa: B006
    key: Annotated[
        list[str],
        typer.Option("--key", metavar="KEY", help="A foreign key that no schema knows: 'orders.user_id -> users.id'."),
    ] = [],  # noqa: B006
    form: Form = "",
    to: To = "",
    delimiter: Delimiter = "",
    encoding: Encoding = "utf-8",
    header: Header = True,
    report: Annotated[
        Path | None, typer.Option("--report", help="Write what was done as JSON: columns, counts.")
    ] = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Make rows that behave like those of a table, without being any of them: any number, under any conditions."""
    from understudy.connections.files import Options
    from understudy.jobs import synthesizing
    from understudy.jobs.straight import Told

    if json and output == PIPE:
        raise InputError("--json and the data would both go to standard output", hint="name a file with `-o`")
    wish = synthesizing.Wish(
        rows=rows,
        balance=dict.fromkeys(balance, "even"),
        effort=effort.value,
        similarity=similarity.value if similarity else None,
        outliers=outliers.value if outliers else None,
        seed=seed,
        epsilon=epsilon,
        subject=subject,
        public=tuple(public),
    )
    told = Told(form, to, "", Options({"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter), encoding, header), force)
    out = render.output(json=json)
    try:
        with out.progress() as progress:
            done = synthesizing.turn(
                source, output, wish, told=told, tables=table, keys=key, given=given, model=model, save=save,
                progress=progress,
            )  # fmt: skip
    except KeyboardInterrupt:
        where = "" if output == PIPE else f": there is no {output!r}"
        hint = "`--effort fast` learns in less time, `--save` keeps what was learned"
        raise Stopped(f"stopped, nothing was written{where}", hint=hint) from None
    if report is not None:
        report.write_text(json_format.dumps(done.json(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if output != PIPE:
        out.result(done.json(), str(done))
