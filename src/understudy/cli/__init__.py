"""The command line: parse, one public call, render.  Exit codes: 0 fine, 1 a check failed, 2 your input, 3 failure."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from understudy import render
from understudy.cli import (
    branches,
    demo,
    describe,
    detect,
    history,
    jobs,
    keys,
    lake,
    mask,
    merging,
    publishing,
    synthesize,
    tables,
)
from understudy.errors import Error

app = typer.Typer(
    name="understudy",
    help="Stand-ins for production data: subset, anonymize, check and load a database that behaves like the real one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(asked: bool) -> None:
    if asked:
        from importlib import metadata  # no other command needs it to start

        typer.echo(f"understudy {metadata.version('understudy')}")
        raise typer.Exit


@app.callback()
def _options(
    _: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Say which version this is, and exit.")
    ] = False,
) -> None:
    """What holds before any command."""


jobs.register(app)
detect.register(app)
demo.register(app)
mask.register(app)
synthesize.register(app)
describe.register(app)
app.add_typer(keys.app, name="key")
for group in (branches, history, merging, tables, publishing, lake):
    group.register(app)


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code.

    A deliberate error shows no traceback, unless the environment variable UNDERSTUDY_TRACEBACK is set.
    """
    words = sys.argv[1:] if arguments is None else arguments
    try:
        app(words)
    except Error as error:
        if os.environ.get("UNDERSTUDY_TRACEBACK"):
            raise
        own = words[: words.index("--")] if "--" in words else words  # what follows is a command of the user's
        render.output(json="--json" in own).error(error)
        sys.exit(error.exit_code)
