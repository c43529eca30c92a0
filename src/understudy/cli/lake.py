"""`understudy lake`: make one, serve it to engines, prove that it is whole."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from understudy import render
from understudy.cli import publishing
from understudy.cli.opening import Catalog, Json, LakeAt, add, headline, opened, pairs
from understudy.errors import CheckFailed, InputError

app = typer.Typer(help="Git for data: every state of all tables is a commit.", no_args_is_help=True)


def register(main: typer.Typer) -> None:
    """Add the group to the application."""
    add(
        app,
        {
            "init": (init, "understudy lake init ./.understudy"),
            "serve": (serve, "understudy lake serve --port 8181"),
            "token": (token, "understudy lake token ci --right main=read --right 'ci/*=write'"),
            "gates": (publishing.gates, "understudy lake gates main"),
            "verify": (verify, "understudy lake verify"),
        },
    )
    main.add_typer(app, name="lake")


def init(
    where: Annotated[
        str, typer.Argument(metavar="[PATH]", help="A folder or s3://bucket/prefix; by default as `--lake`.")
    ] = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Make a lake, with one branch, main, that holds nothing yet; one that is there is left as it is."""
    from understudy.lake import Lake

    out = render.output(json=json)
    began = time.time()
    found = Lake.usual(where, catalog=catalog, create=True)
    at = found.location
    main, known = found.head("main"), found.head("@" + found.id).time < began
    found.close()
    out.result(
        {"lake": at, "made": not known, "main": main.hash},
        f"{at} is a lake already; its main is at {headline(main)}" if known else f"made the lake {at}",
        *([] if known else ["next: `understudy run JOB`, or `understudy import FILES TABLE`"]),
    )


def serve(
    host: Annotated[
        str, typer.Option("--host", help="Where to listen; others than this machine need tokens.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="The port; 0 for any.")] = 8181,
    tokens: Annotated[
        Path | None, typer.Option("--tokens", metavar="FILE", help="Who may do what; see `understudy lake token`.")
    ] = None,
    storage: Annotated[
        list[str],
        typer.Option("--storage", metavar="NAME=VALUE", help="What engines are told of the storage: s3.region=..."),
    ] = [],  # noqa: B006
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Serve the lake to every engine that knows the Iceberg REST catalog; a branch is a warehouse."""
    try:
        from understudy.lake import rest
    except ModuleNotFoundError as error:
        raise InputError(
            f"the server needs {error.name}, which is not installed", hint="pip install 'understudy[server]'"
        ) from None
    known = rest.Tokens.read(tokens) if tokens is not None else None
    out = render.output(json=json)

    with opened(lake, catalog) as found:

        def ready(url: str) -> None:
            here = "" if known else "; without tokens, for programs on this machine only"
            out.result({"url": url}, f"serving {found.location} at {url}{here}", "next: `understudy connect ENGINE`")

        rest.serve(found, host, port, known, storage=pairs(storage, "--storage", "s3.region=eu-west-1"), ready=ready)


def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Whose token it is; commits through it tell.")] = "me",
    right: Annotated[
        list[str], typer.Option("--right", metavar="PATTERN=read", help="Which branches it may read or write.")
    ] = [],  # noqa: B006
    json: Json = False,
) -> None:
    """Make a token for `understudy lake serve`, and the lines of its file: those hold only the token's hash."""
    from json import dumps

    from understudy.lake.rest.auth import new_token

    rights = pairs(right, "--right", "'ci/*=write'") or {"*": "read"}
    if wrong := sorted(set(rights.values()) - {"read", "write"}):
        raise InputError(f"{wrong[0]!r} is no right", hint="read, or write, which includes read")
    secret, digest = new_token()
    told = ", ".join(f"{dumps(pattern)}: {what}" for pattern, what in rights.items())
    line = f"  - {{name: {dumps(name)}, sha256: {digest}, rights: {{{told}}}}}"
    render.output(json=json).result(
        {"token": secret, "name": name, "sha256": digest, "rights": rights},
        secret,
        "",
        "it is shown this once; below `tokens:` in the file of `understudy lake serve --tokens FILE` goes:",
        line,
    )


def verify(
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Read all commits, trees and names, and tell what is missing or is not what its hash says."""
    from understudy.lake.store import fsck

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        wrong = fsck(found.store)
    out.result({"wrong": wrong}, *(wrong or ["all commits, trees and names are whole"]))
    if wrong:
        raise CheckFailed(f"{len(wrong)} things are wrong", hint="restore the store from a backup")
