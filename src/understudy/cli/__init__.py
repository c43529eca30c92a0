"""The command line: parse, one public call, render.  Exit codes: 0 fine, 1 a check failed, 2 your input, 3 failure."""

from __future__ import annotations

import os
import sys

import click
import typer

from understudy import render
from understudy.cli import demo, jobs, keys
from understudy.errors import Error

app = typer.Typer(
    name="understudy",
    help="Stand-ins for production data: subset, anonymize, check and load a database that behaves like the real one.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
jobs.register(app)
demo.register(app)
app.add_typer(keys.app, name="key")


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its code; a deliberate error shows no traceback (``-v`` before it does)."""
    words = sys.argv[1:] if arguments is None else arguments
    json = "--json" in words
    try:
        code = app(words, standalone_mode=False)
    except Error as error:
        render.output(json=json).error(error)
        if os.environ.get("UNDERSTUDY_TRACEBACK"):
            raise
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except (click.Abort, KeyboardInterrupt):
        sys.stderr.write("stopped; nothing was published\n")
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
