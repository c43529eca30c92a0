"""`understudy demo`: the whole main job on a generated booking platform, on a server of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from understudy import render


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("demo")(demo)


def demo(
    folder: Annotated[Path, typer.Option("--folder", help="Where the demo keeps its server and results.")] = Path(
        "understudy-demo"
    ),
    rows: Annotated[int, typer.Option("--rows", min=1000, help="About how many rows to generate.")] = 1_000_000,
    keep: Annotated[bool, typer.Option("--keep", help="Leave the server running to look around.")] = False,
    down: Annotated[bool, typer.Option("--down", help="Only stop the server an earlier demo left running.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Generate a booking platform, make a small, safe copy of it in another database, and show how."""
    from understudy import demo as demonstration

    out = render.output(json=json)
    if down:
        demonstration.down(folder)
        out.result({"stopped": str(folder)}, f"the server of {folder} is stopped")
        return
    with out.progress() as progress:
        shown = demonstration.show(folder, rows=rows, keep=keep, progress=progress)
    out.result(shown.json(), shown.summary())
