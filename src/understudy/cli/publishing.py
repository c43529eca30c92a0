"""The verbs for what must be true before others see it: tx (write, audit, publish) and gate."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Annotated, Any

import typer

from understudy import render
from understudy.cli.opening import (
    Catalog,
    Checks,
    Command,
    Json,
    LakeAt,
    Message,
    add,
    headline,
    moment,
    opened,
    quietly,
    state,
    told,
    words,
)
from understudy.errors import CheckFailed, InputError

if TYPE_CHECKING:
    from understudy.interfaces import Result
    from understudy.lake import Lake
    from understudy.lake.command import LakeCheck

transactions = typer.Typer(help="Write, check and publish in one step, or not at all.", no_args_is_help=True)
checks_before = typer.Typer(help="What must have passed before a branch takes a merge.", no_args_is_help=True)

Into = Annotated[str, typer.Option("--into", metavar="BRANCH", help="The branch to publish on.")]


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    add(
        transactions,
        {
            "run": (run, "understudy tx run --into main --check 'python audit.py' -- python load.py"),
            "list": (list_, "understudy tx list"),
            "clear": (clear, "understudy tx clear fixed --check 'python audit.py'"),
        },
    )
    add(
        checks_before,
        {
            "list": (gates, "understudy gate list main --ref dev"),
            "add": (put, "understudy gate add 'release/*' totals -- python audit.py"),
            "remove": (remove, "understudy gate remove 'release/*' totals"),
            "run": (ask, "understudy gate run dev --into main"),
        },
    )
    app.add_typer(transactions, name="tx")
    app.add_typer(checks_before, name="gate")


def run(
    command: Command = [],  # noqa: B006
    into: Into = "main",
    check: Checks = [],  # noqa: B006
    message: Message = "",
    keep_days: Annotated[
        float, typer.Option("--keep-days", min=0, help="How long what failed can be looked at.")
    ] = 7.0,
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Run a command on a branch of its own, check what it wrote, and publish it as one commit; or nothing at all.

    The command and the checks find the branch in UNDERSTUDY_REF and the lake in UNDERSTUDY_LAKE; other `understudy`
    commands take both from there.  The gates of the branch that have a command are asked too.
    """
    from understudy.lake.command import by_command
    from understudy.lake.gates import listed
    from understudy.lake.transaction import run_command

    argv = words(command, "understudy tx run --into main -- python load.py")
    out = render.output(json=json)
    with opened(lake, catalog) as found:
        gated = [by_command(gate.command, gate.check) for gate in listed(found, into) if gate.command]
        before = found.head(into).hash
        with quietly(json=json):
            done = run_command(
                found, into, argv, checks=[*gated, *_checks(check)], message=message, keep=keep_days * 86_400
            )
        assert done.commit is not None
        published = done.commit.hash != before
        out.result(
            {
                "into": into,
                "published": published,
                "commit": told(done.commit),
                "checks": [_answer(one) for one in done.results],
            },
            *(f"{one.verdict}: {one.check}" for one in done.results),
            f"{into} is at {headline(done.commit)}" if published else f"nothing was written: {into} is as it was",
        )


def _checks(commands: list[str]) -> list[LakeCheck]:
    """Commands as checks; an InputError for one that is none."""
    from understudy.lake.command import by_command

    found = []
    for text in commands:
        try:
            argv = shlex.split(text)
        except ValueError as error:
            raise InputError(f"--check {text!r} is no command: {error}".lower()) from None
        if not argv:
            raise InputError("--check is empty", hint="`--check 'python audit.py'`")
        found.append(by_command(argv, text))
    return found


def _answer(one: Result) -> dict[str, Any]:
    return {"check": one.check, "subject": one.subject, "verdict": one.verdict, "detail": one.detail}


def list_(
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """List the transactions that are open or have failed, and until when they can be looked at."""
    out = render.output(json=json)
    with opened(lake, catalog) as found:
        refs = found.refs("transaction")
        commits = found.store.commits({ref.hash for ref in refs})
    shown = []
    for ref in refs:
        commit = commits[ref.hash]
        written = commit.status != "published"
        shown.append(
            {
                "name": ref.name,
                "into": ref.meta.get("into"),
                "status": commit.status if written else "empty",
                "commit": ref.hash,
                "message": ref.meta.get("message") or (commit.message if written else ""),
                "expires": moment(ref.expires) if ref.expires else None,
            }
        )
    columns = ("name", "into", "status", "message", "expires")
    out.rows("transactions that are open or failed", columns, [[one[name] for name in columns] for one in shown])
    out.document({"transactions": shown})


def clear(
    ref: Annotated[str, typer.Argument(metavar="REF", help="A state that comes from a failed transaction.")],
    check: Checks = [],  # noqa: B006
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Take the mark of a failed transaction from a state, if checks pass on it now."""
    from understudy.lake.command import ask as asked
    from understudy.lake.transaction import clear as cleared

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        at = f"@{found.head(ref).short}"
        with quietly(json=json):
            results = asked(found, at, _checks(check))
        commit = cleared(found, at, results)
        out.result({"ref": ref, "commit": told(commit)}, f"{ref} has passed: {headline(commit)}")


def gates(
    branch: Annotated[str, typer.Argument(metavar="[BRANCH]", help="The branch; without one, all gates.")] = "",
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="Tell what this state has passed.")] = "",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """List the checks that must have passed before a branch takes a merge, and which of them a state has passed."""
    out = render.output(json=json)
    with opened(lake, catalog) as found:
        _show(found, out, branch, state(found, ref))


def _show(lake: Lake, out: render.Output, branch: str, ref: str) -> list[str]:
    """Print the gates before a branch, and what a state has passed; those it has not."""
    from understudy.lake.gates import listed

    verdicts = lake.store.verdicts(lake.head(ref).tree)
    answers = {True: "passed", False: "failed", None: "not asked"}
    shown = [
        {
            "branches": gate.pattern,
            "check": gate.check,
            "command": shlex.join(gate.command),
            "answer": answers[verdicts.get(gate.check)],
        }
        for gate in listed(lake, branch or None)
    ]
    columns = ("branches", "check", "command", "answer")
    out.rows(f"gates before {branch or 'branches'}, as {ref} is", columns, [list(one.values()) for one in shown])
    out.document({"branch": branch or None, "ref": ref, "gates": shown})
    return [one["check"] for one in shown if one["answer"] != "passed"]


def put(
    pattern: Annotated[str, typer.Argument(metavar="BRANCHES", help="A branch, or a pattern: release/*.")],
    check: Annotated[str, typer.Argument(metavar="CHECK", help="What the check is called.")],
    command: Annotated[
        list[str],
        typer.Argument(metavar="[-- CMD]", help="What asks it; without one, the results of jobs are what counts."),
    ] = [],  # noqa: B006
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Put a check before branches: they take only what has passed it; one of that name there is replaced."""
    from understudy.lake.gates import Gate, listed
    from understudy.lake.gates import add as added

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        was = [gate for gate in listed(found) if (gate.pattern, gate.check) == (pattern, check)]
        added(found, Gate(pattern, check, tuple(command)))
    replaced = f"; it was `{shlex.join(was[0].command) or 'recorded by jobs'}`" if was else ""
    out.result(
        {"branches": pattern, "check": check, "command": command, "replaced": bool(was)},
        f"{pattern} takes only what has passed {check}{replaced}",
    )


def remove(
    pattern: Annotated[str, typer.Argument(metavar="BRANCHES", help="The branch or pattern, as it was added.")],
    check: Annotated[str, typer.Argument(metavar="CHECK", help="What the check is called.")],
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Take a check away from branches."""
    from understudy.lake.gates import remove as removed

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        removed(found, pattern, check)
    out.result({"branches": pattern, "check": check}, f"{pattern} no longer needs {check}")


def ask(
    ref: Annotated[str, typer.Argument(metavar="REF", help="The state that is to be merged.")],
    into: Into = "main",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Ask of a state what the gates before a branch have not been told of it; what passed is not asked again."""
    from understudy.lake import gates as lake_gates

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        with quietly(json=json):
            lake_gates.run(found, ref, into)
        missing = _show(found, out, into, ref)
    if missing:
        raise CheckFailed(f"{ref!r} has not passed {', '.join(missing)}, so {into!r} does not take it")
