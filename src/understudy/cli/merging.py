"""The verbs for two states: diff, merge."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from understudy import render
from understudy.cli.opening import (
    Catalog,
    FromAborted,
    Json,
    LakeAt,
    Message,
    add,
    few,
    opened,
    pairs,
    save,
    state,
    table_named,
)
from understudy.errors import CheckFailed, InputError

if TYPE_CHECKING:
    from understudy.lake import Lake
    from understudy.schema import TableName


class Level(enum.StrEnum):
    """How far a table that both sides changed is looked into."""

    TABLE = "table"
    APPEND = "append"
    FILES = "files"
    ROWS = "rows"


class Strategy(enum.StrEnum):
    """Whose table it is where both sides changed it and the two do not go together."""

    FAIL = "fail"
    OURS = "ours"
    THEIRS = "theirs"


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    add(
        app,
        {
            "diff": (diff, "understudy diff main..dev orders --limit 10"),
            "merge": (merge, "understudy merge dev --into main --dry-run"),
        },
    )


def diff(
    states: Annotated[
        list[str], typer.Argument(metavar="A..B [TABLE]", help="Two states, and a table whose rows to compare.")
    ],
    stat: Annotated[bool, typer.Option("--stat", help="Only count the rows that differ, by key.")] = False,
    rows: Annotated[bool, typer.Option("--rows", help="Show rows of every table that differs.")] = False,
    limit: Annotated[int, typer.Option("--limit", min=0, help="Most rows of a table to show.")] = 20,
    key: Annotated[
        list[str], typer.Option("--key", help="A column that tells rows apart, where the table has no key.")
    ] = [],  # noqa: B006
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write all rows that differ to a file.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Compare two states: tables, columns and counts without reading a row; with a table, its rows by key."""
    from understudy.lake.diff import diff as compared

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        a, b, table = _sides(found, states)
        if output is not None and not table:
            raise InputError(
                "rows of one table go into a file", hint=f"name it: `understudy diff {a}..{b} TABLE -o FILE`"
            )
        if output is not None:
            _into_file(found, (a, b), table_named(found, table, a, b), output, out, key=key, force=force)
        elif table or stat or rows:
            known = found.tables(a).keys() | found.tables(b).keys()
            if table:
                wanted = [table_named(found, table, a, b)]
            else:
                wanted = [one.key.table_name for one in compared(found, a, b).tables if one.key.table_name in known]
            told = [_rows(found, (a, b), name, out, key=key, limit=-1 if stat else limit) for name in wanted]
            if not told:
                out.lines(f"{a} and {b} hold the same")
            out.document({"a": a, "b": b, "tables": told})
        else:
            differing = compared(found, a, b)
            out.result(differing.json(details=len(differing.tables) <= 20), str(differing))


def _sides(lake: Lake, words: list[str]) -> tuple[str, str, str]:
    """What to compare: ``A..B``, or ``A B``, or ``A`` with the current state; and a table, if one is named."""
    first, dots, second = words[0].partition("..")
    if dots:
        sides, rest = (state(lake, first), state(lake, second)), words[1:]
    elif len(words) == 1:
        sides, rest = (words[0], state(lake)), []
    else:
        sides, rest = (words[0], words[1]), words[2:]
    if len(rest) > 1:
        raise InputError(f"{rest[1]!r} is one word too many", hint="`understudy diff A..B [TABLE]`")
    return *sides, rest[0] if rest else ""


def _rows(
    lake: Lake, sides: tuple[str, str], name: TableName, out: render.Output, *, key: list[str], limit: int
) -> dict[str, Any]:
    """Print how the rows of a table differ; the same as JSON values.  A limit below zero only counts."""
    from understudy.lake.rows import rows as compared

    with compared(lake, *sides, name, keys=key, stat=limit < 0) as found:
        out.lines(str(found))
        if limit < 0 or not found.counts:
            return found.json()
        shown, more = few(found.reader(), limit)
        lines = [[", ".join(cell) if isinstance(cell, list) else cell for cell in row] for row in shown]
        out.rows(f"{name}, {sides[0]}..{sides[1]}", found.schema.names, lines)
        if more:
            out.lines(f"the first {limit:,}; `--limit N` shows more, `-o FILE` writes all")
        names = found.schema.names[2:]
        records = [
            {"change": row[0], "columns": row[1], "row": dict(zip(names, row[2:], strict=True))} for row in shown
        ]
        return {**found.json(), "shown": records, "more": more}


def _into_file(
    lake: Lake, sides: tuple[str, str], name: TableName, path: Path, out: render.Output, *, key: list[str], force: bool
) -> None:
    from understudy.lake.rows import rows as compared

    with compared(lake, *sides, name, keys=key) as found:
        count = save(found.reader(), path, force=force, joined="columns")
        out.result({**found.json(), "file": str(path), "lines": count}, str(found), f"{path}: {count:,} lines")


def merge(
    source: Annotated[str, typer.Argument(metavar="SRC", help="A branch, tag or commit.")],
    into: Annotated[str, typer.Option("--into", metavar="BRANCH", help="The branch; by default the current one.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show what would be done.")] = False,
    level: Annotated[
        Level,
        typer.Option(
            "--level",
            help="How far tables that both sides changed are looked into: rows that both appended; changes of "
            "different files; changes of different rows.",
        ),
    ] = Level.APPEND,
    strategy: Annotated[
        Strategy, typer.Option("--strategy", help="Whose table it is where the two do not go together.")
    ] = Strategy.FAIL,
    tables: Annotated[
        list[str], typer.Option("-X", metavar="TABLE=theirs", help="The same for one table: a strategy, or a level.")
    ] = [],  # noqa: B006
    cells: Annotated[
        bool,
        typer.Option("--cells/--whole-rows", help="With --level rows: whether one row may be changed on both sides."),
    ] = True,
    no_ff: Annotated[
        bool | None, typer.Option("--no-ff/--ff", help="Whether to make a commit where the branch could just move.")
    ] = None,
    allow_breaking: Annotated[
        bool, typer.Option("--allow-breaking", help="Columns that readers need may go from a protected branch.")
    ] = False,
    from_aborted: FromAborted = False,
    message: Message = "",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Bring what a branch has into another: three-way per table, and by content where both sides changed one.

    What does not go together is explained, with the commands that decide it; then nothing is changed.
    """
    from understudy.lake.conflicts import Conflicts
    from understudy.lake.merge import merge as merged

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        branch = state(found, into)
        try:
            done = merged(
                found,
                source,
                branch,
                level=level.value,
                strategy=strategy.value,
                tables=pairs(tables, "-X", "orders=theirs"),
                cells=cells,
                dry_run=dry_run,
                no_ff=no_ff,
                allow_breaking=allow_breaking,
                from_aborted=from_aborted,
                message=message,
            )
        except Conflicts as refused:
            conflicts = [one.json() for one in refused.conflicts]
            shown = {"result": "conflicts", "source": source, "into": branch, "conflicts": conflicts}
            out.result(shown, *(one.explain() for one in refused.conflicts))
            raise CheckFailed(refused.message, hint="one of the commands above decides it") from None
        out.result(done.json(), str(done))
    if done.conflicts:
        raise CheckFailed(
            f"{len(done.conflicts)} tables do not go together", hint="one of the commands above decides each"
        )
