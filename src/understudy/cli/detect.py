"""`understudy detect`: which columns hold personal data."""

from __future__ import annotations

from typing import Annotated

import typer

from understudy import render

Recognizers = Annotated[
    list[str],
    typer.Option(
        "--recognizer",
        help="Another way to know personal values: NAME=REGEX, NAME=module:function, presidio, gliner=FOLDER.",
    ),
]


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("detect")(detect)


def detect(
    source: Annotated[
        str, typer.Argument(metavar="URL|FILE|FOLDER", help="The database, file or folder to look into.")
    ],
    sample: Annotated[int, typer.Option("--sample", min=0, help="Most rows of a table to look at; 0 for none.")] = 500,
    min_confidence: Annotated[
        float, typer.Option("--min-confidence", min=0, max=1, help="Leave out findings less sure than this.")
    ] = 0.5,
    recognizer: Recognizers = [],  # noqa: B006  # typer copies it
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Find the columns that hold personal data, and say why.  Offline; no value of a row is shown or kept."""
    from understudy import jobs

    out = render.output(json=json)
    with out.progress() as progress:
        found = jobs.findings(
            source, sample=sample, min_confidence=min_confidence, recognizers=recognizer, progress=progress
        )
    out.rows(
        f"personal data in {found.source}",
        ("column", "holds", "class", "sure", "rule", "why"),
        [
            (one.place, one.entity, one.sensitivity, one.confidence, one.rule or "decide", "; ".join(one.evidence))
            for one in found.findings
        ],
    )
    skipped = [f"{table} was not looked into: {why}" for table, why in found.skipped.items()]
    out.result(found.json(), found.summary(), *skipped)
