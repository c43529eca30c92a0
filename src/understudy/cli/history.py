"""The verbs that tell what happened in the lake, and go back: log, show, blame, bisect, revert, restore."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from understudy import render
from understudy.cli.opening import (
    Catalog,
    Command,
    Json,
    LakeAt,
    Message,
    On,
    add,
    headline,
    marks,
    moment,
    opened,
    quietly,
    state,
    table_named,
    told,
    words,
)

if TYPE_CHECKING:
    from understudy.lake import Lake
    from understudy.lake.nouns import Commit

_FEW = 20
"""Tables whose structures and files are told; of more, only their rows."""


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    add(
        app,
        {
            "log": (log, "understudy log main --table orders -n 5"),
            "show": (show, "understudy show main~1"),
            "blame": (blame, "understudy blame main"),
            "bisect": (bisect, "understudy bisect v1.0 main -- python check.py"),
            "revert": (revert, "understudy revert @3fa2c1d2e4f5 --on main"),
            "restore": (restore, "understudy restore v1.0 orders --on main"),
        },
    )


def log(
    ref: Annotated[str, typer.Argument(metavar="[REF]", help="A state; by default the current one.")] = "",
    table: Annotated[str, typer.Option("--table", "-t", help="Only commits that changed this table.")] = "",
    limit: Annotated[int, typer.Option("-n", min=1, help="How many commits, latest first.")] = 20,
    author: Annotated[str, typer.Option("--author", help="Only of authors with this in their name.")] = "",
    run: Annotated[str, typer.Option("--run", help="Only of the run whose id begins so.")] = "",
    grep: Annotated[str, typer.Option("--grep", help="Only with this in their message.")] = "",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """List the commits that led to a state, latest first."""
    out = render.output(json=json)
    with opened(lake, catalog) as found:
        text = state(found, ref)
        name = table_named(found, table, *_known(found, text, table)) if table else None
        commits = list(found.log(text, table=name, author=author, run=run, message=grep, limit=limit))
        names = _names(found)
    rows = [
        (f"@{one.short}", moment(one.time), one.author, ", ".join(names.get(one.hash, [])), one.message + marks(one))
        for one in commits
    ]
    out.rows(f"commits of {text}", ("commit", "time", "author", "refs", "message"), rows)
    out.document({"ref": text, "commits": [{**told(one), "refs": names.get(one.hash, [])} for one in commits]})


def _known(lake: Lake, text: str, table: str) -> list[str]:
    """States that may have a table: this one, or one before the table was dropped."""
    head = lake.head(text)
    if not any(str(name) == table for name in lake.tables(f"@{head.hash}")):
        for commit in lake.log(f"@{head.hash}"):
            if commit.parents and any(str(key) == table for key in commit.changed):
                return [f"@{one}" for one in (commit.hash, *commit.parents)]
    return [f"@{head.hash}"]


def _names(lake: Lake) -> dict[str, list[str]]:
    """The names that lead to commits."""
    found: dict[str, list[str]] = {}
    for ref in lake.refs():
        found.setdefault(ref.hash, []).append(ref.name)
    return found


def show(
    ref: Annotated[str, typer.Argument(metavar="[REF]", help="A commit; by default the current state's.")] = "",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Show one commit: who made it, what made it, which tables it changed and by how many rows."""
    from understudy.lake.diff import diff

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        commit = found.head(state(found, ref))
        names = _names(found).get(commit.hash, [])
        changed = diff(found, f"@{commit.parents[0]}", f"@{commit.hash}") if commit.parents else None
        tables = changed.tables if changed else ()
        details = commit.files and len(tables) <= _FEW
        out.result(
            {**told(commit), "refs": names, "tables": [one.json(details=details) for one in tables]},
            *_described(commit, names),
            *(f"  {one.line(details=details)}" for one in tables),
        )


def _described(commit: Commit, names: list[str]) -> list[str]:
    lines = [f"commit @{commit.hash}{marks(commit)}"]
    facts: dict[str, Any] = {"refs": ", ".join(names), "author": commit.author, "time": moment(commit.time)}
    facts["parents"] = " ".join(f"@{parent[:12]}" for parent in commit.parents)
    facts |= {name: value for name, value in commit.meta.items() if not isinstance(value, (Mapping, list))}
    lines += [f"{name}: {value}" for name, value in facts.items() if value not in ("", None)]
    return [*lines, "", f"    {commit.message}", ""]


def blame(
    ref: Annotated[str, typer.Argument(metavar="[REF]", help="A state; by default the current one.")] = "",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Show for every table the commit that made it what it is."""
    from understudy.lake.history import blame as blamed

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        text = state(found, ref)
        commits = blamed(found, text)
    rows = [
        (str(table), f"@{one.short}", moment(one.time), one.author, one.message + marks(one))
        for table, one in commits.items()
    ]
    out.rows(f"tables of {text}", ("table", "commit", "time", "author", "message"), rows)
    out.document({"ref": text, "tables": {str(table): told(one) for table, one in commits.items()}})


def bisect(
    good: Annotated[str, typer.Argument(metavar="GOOD", help="A state that was right.")],
    bad: Annotated[str, typer.Argument(metavar="BAD", help="A later one that is wrong.")],
    command: Command = [],  # noqa: B006  # typer copies it
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Find the first bad commit by running a command on states in between: 0 is good, 125 cannot tell, else bad.

    The command finds the state to look at in UNDERSTUDY_REF, and the lake in UNDERSTUDY_LAKE and UNDERSTUDY_CATALOG.
    """
    from understudy.lake.history import bisect_command

    argv = words(command, "understudy bisect v1.0 main -- python check.py")
    out = render.output(json=json)
    with opened(lake, catalog) as found:
        with quietly(json=json):
            bisected = bisect_command(found, good, bad, argv)
        answers = {True: "good", False: "bad", None: "skipped"}
        steps = [(commit, answers[verdict]) for commit, verdict in bisected.steps]
        commit = bisected.commit
        whole = _published(found, commit, bad)
        out.result(
            {
                "commit": told(commit),
                "published_as": whole.hash,
                "steps": [{"hash": one.hash, "verdict": answer} for one, answer in steps],
            },
            *(f"{answer}: {headline(one)}" for one, answer in steps),
            f"the first bad commit is {headline(commit)} ({commit.author}, {moment(commit.time)})",
            *([f"it is one step of what was published as {headline(whole)}"] if whole.hash != commit.hash else []),
            f"next: `understudy show @{commit.short}`, `understudy revert @{whole.short}`",
        )


def _published(lake: Lake, commit: Commit, text: str) -> Commit:
    """The commit as which a transaction published this one, on the way to a state; itself, if it is no step of one."""
    from understudy.lake.lake import TRANSACTION

    name = commit.meta.get(TRANSACTION)
    return next((one for one in lake.log(text) if one.meta.get(TRANSACTION) == name), commit) if name else commit


def revert(
    commit: Annotated[str, typer.Argument(metavar="COMMIT", help="What to undo.")],
    on: On = "",
    tables: Annotated[list[str], typer.Option("--table", "-t", help="Only this table; may be said again.")] = [],  # noqa: B006
    partial: Annotated[
        bool, typer.Option("--partial", help="Although other tables of that commit stay as it made them.")
    ] = False,
    message: Message = "",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Undo one commit, as a new commit; what was done since stays, or is named where it is in the way."""
    from understudy.lake.history import revert as reverted

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        branch, undone = state(found, on), found.head(commit)
        known = [f"@{name}" for name in (undone.hash, *undone.parents)]
        wanted = [table_named(found, text, *known) for text in tables]
        before = found.head(branch)
        made = reverted(found, branch, f"@{undone.hash}", tables=wanted, partial=partial, message=message)
        _tell(found, branch, before, made, out)


def restore(
    ref: Annotated[str, typer.Argument(metavar="REF", help="The state to take tables from.")],
    tables: Annotated[list[str], typer.Argument(metavar="[TABLE...]", help="The tables; all that differs.")] = [],  # noqa: B006
    on: On = "",
    message: Message = "",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Make tables what they are in another state, as a new commit; without tables, everything."""
    from understudy.lake.history import restore as restored

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        branch = state(found, on)
        wanted = [table_named(found, text, ref) for text in tables]
        before = found.head(branch)
        made = restored(found, branch, ref, wanted, message=message)
        _tell(found, branch, before, made, out)


def _tell(lake: Lake, branch: str, before: Commit, made: Commit, out: render.Output) -> None:
    """Print what a branch is at now, and what became of its tables."""
    from understudy.lake.diff import diff

    tables = diff(lake, f"@{before.hash}", f"@{made.hash}").tables
    shown = {"branch": branch, "made": made.hash != before.hash, "commit": told(made)}
    shown["tables"] = [one.json(details=False) for one in tables]
    if made.hash == before.hash:
        out.result(shown, f"{branch} has all of that already")
    else:
        out.result(shown, f"{branch} is at {headline(made)}", *(f"  {one.line(details=False)}" for one in tables))
