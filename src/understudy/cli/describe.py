"""The verb that makes rows from nothing but a schema and a description: describe."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from understudy import render
from understudy.cli.opening import pairs
from understudy.errors import InputError

_EXAMPLE = "understudy describe schema.sql --description 'a shop for hats' --rows 50 --model llama3.1 -o out"


def register(app: typer.Typer) -> None:
    """Add the verb to the application."""
    app.command("describe", epilog=f"\b\nExample: {_EXAMPLE}")(describe)


def describe(
    source: Annotated[
        str, typer.Argument(metavar="SCHEMA", help="A file of CREATE statements (.sql), or a database's URL.")
    ],
    description: Annotated[
        str, typer.Option("--description", "-d", help="What the data are about, in plain words; or @FILE.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to write.")],
    rows: Annotated[
        list[str], typer.Option("--rows", "-n", metavar="N|TABLE=N", help="How many of each table; may be repeated.")
    ],
    model: Annotated[
        str, typer.Option("--model", envvar="UNDERSTUDY_MODEL", help="The model, as its server names it.")
    ],
    endpoint: Annotated[
        str,
        typer.Option("--endpoint", metavar="URL", envvar="UNDERSTUDY_ENDPOINT", help="A server of OpenAI's protocol."),
    ] = "http://localhost:11434/v1",
    key_env: Annotated[
        str, typer.Option("--key-env", metavar="NAME", help="The environment variable that holds its key, if any.")
    ] = "OPENAI_API_KEY",
    example: Annotated[
        list[str],
        typer.Option("--example", metavar="TABLE=FILE", help="Rows to show to the model: sent as they are, so masked."),
    ] = [],  # noqa: B006  # typer copies it
    batch: Annotated[int, typer.Option("--batch", min=1, help="Rows asked for at once.")] = 20,
    requests: Annotated[int, typer.Option("--requests", min=1, help="Most requests of all tables together.")] = 500,
    tokens: Annotated[int, typer.Option("--tokens", min=1, help="Most tokens of all tables together.")] = 2_000_000,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds the server may be silent.")] = 120,
    seed: Annotated[int, typer.Option("--seed", help="Another seed asks other questions.")] = 0,
    cache: Annotated[
        Path | None, typer.Option("--cache", metavar="FOLDER", help="Keep answers; the same question is asked once.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace what is there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")] = False,
) -> None:
    """Have a language model write rows of a schema, and keep those that fit it.

    Sent to the server are the schema, the description and rows made before; rows of yours only as --example.
    """
    from understudy.jobs.describing import describe_rows
    from understudy.synth.described import Budget, Endpoint

    out = render.output(json=json)
    with out.progress() as progress:
        made = describe_rows(
            source,
            _text(description),
            _rows(rows),
            output,
            Endpoint(endpoint, model, key_env, timeout),
            budget=Budget(requests, tokens),
            batch_rows=batch,
            seed=seed,
            cache=cache,
            examples=pairs(example, "--example", "users=masked.csv"),
            force=force,
            progress=progress,
        )
    out.result(made.json(), str(made))


def _text(description: str) -> str:
    if not description.startswith("@"):
        return description
    try:
        return Path(description[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise InputError(f"{description[1:]!r} cannot be read", hint="it holds the description, in UTF-8") from None


def _rows(texts: list[str]) -> int | dict[str, int]:
    """A number for every table, or one for each named."""
    if len(texts) == 1 and texts[0].isdecimal():
        return int(texts[0])
    named = pairs(texts, "--rows", "users=50")
    if wrong := next((count for count in named.values() if not count.isdecimal()), ""):
        raise InputError(f"{wrong!r} is no number of rows", hint="write it as `--rows users=50`")
    return {name: int(count) for name, count in named.items()}
