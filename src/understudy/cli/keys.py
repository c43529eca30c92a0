"""`understudy key`: the secret behind every stand-in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from understudy import render
from understudy.errors import CheckFailed

app = typer.Typer(help="The secret behind every stand-in.", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
KeyFrom = Annotated[
    str,
    typer.Option(
        "--key-from", metavar="PLACE", help="Where the key is: an environment variable, a file, or - for stdin."
    ),
]


@app.callback()
def _group() -> None:
    """The secret behind every stand-in."""


@app.command("new")
def new(json: Json = False) -> None:
    """Make a new key and print it; whoever holds it can recompute every stand-in, so keep it like a password."""
    from understudy.transforms import Key

    text = Key.new()
    out = render.output(json=json)
    if json:
        out.document({"key": text, "id": Key.parse(text).id})
    else:
        out.lines(text)


@app.command("id")
def identity(key_from: KeyFrom = "UNDERSTUDY_KEY", json: Json = False) -> None:
    """Print the public name of a key, as reports and files carry it; the key cannot be found from it."""
    from understudy.jobs import keys

    found = keys.key_from(key_from).id
    render.output(json=json).result({"id": found}, found)


@app.command("check")
def check(
    made: Annotated[
        Path | None, typer.Argument(metavar="[OUTPUT]", help="A Parquet file, a published folder, a report.")
    ] = None,
    key_from: KeyFrom = "UNDERSTUDY_KEY",
    json: Json = False,
) -> None:
    """Tell whether a key is whole and, with OUTPUT, whether that was made with it; exit code 1 if it was not."""
    from understudy.jobs import keys

    found = keys.key_from(key_from).id
    behind = keys.key_of(made) if made is not None else found
    same = behind == found
    line = f"the key is whole, its id is {found}" if made is None else f"{made} was made with key {behind}"
    render.output(json=json).result({"id": found, "made_with": behind if made else None, "same": same}, line)
    if not same:
        raise CheckFailed(f"this key's id is {found}: it is another one")
