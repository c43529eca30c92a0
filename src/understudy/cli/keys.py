"""`understudy key`: the secret behind every stand-in."""

from __future__ import annotations

import typer

from understudy import render

app = typer.Typer(help="The secret behind every stand-in.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """The secret behind every stand-in."""


@app.command("new")
def new(json: bool = typer.Option(False, "--json", help="Print one JSON document.")) -> None:
    """Make a new key and print it; whoever holds it can recompute every stand-in, so keep it like a password."""
    from understudy.transforms import Key

    text = Key.new()
    out = render.output(json=json)
    if json:
        out.document({"key": text, "id": Key.parse(text).id})
    else:
        out.lines(text)
