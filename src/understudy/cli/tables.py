"""The verbs for tables of the lake: sql, import, compact, gc, connect."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from understudy import render
from understudy.cli.opening import (
    Catalog,
    Json,
    LakeAt,
    Message,
    On,
    add,
    few,
    headline,
    opened,
    pairs,
    save,
    state,
    table_named,
)
from understudy.errors import InputError

if TYPE_CHECKING:
    from understudy.lake.gc import Plan
    from understudy.lake.retention import Policies

collection = typer.Typer(help="Files that no state of the lake needs any longer.", no_args_is_help=True)

KeepDays = Annotated[float, typer.Option("--keep-days", min=0, help="Commits of so many days can be read.")]
KeepLast = Annotated[int, typer.Option("--keep-last", min=1, help="And the last so many of a branch, if older.")]
Keep = Annotated[
    list[str], typer.Option("--keep", metavar="PATTERN=DAYS[/LAST]", help="The same for some branches: release/*=365.")
]
ReflogDays = Annotated[
    float, typer.Option("--reflog-days", min=0, help="Whatever branches pointed at in so many days can be read.")
]


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    add(
        app,
        {
            "sql": (sql, "understudy sql 'SELECT count(*) FROM orders' --ref dev"),
            "import": (import_, "understudy import 'data/*.parquet' orders --on main"),
            "compact": (compact, "understudy compact orders --on main"),
            "connect": (connect, "understudy connect duckdb --ref dev"),
        },
    )
    add(
        collection,
        {
            "plan": (plan, "understudy gc plan --keep-days 30 -o gone.parquet"),
            "apply": (apply, "understudy gc apply --keep 'release/*=365/50'"),
        },
    )
    app.add_typer(collection, name="gc")


def sql(
    query: Annotated[str, typer.Argument(metavar="QUERY", help="One SELECT, in DuckDB's SQL.")],
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="The state to ask; by default the current.")] = "",
    also: Annotated[
        list[str],
        typer.Option(
            "--also", metavar="NAME=REF", help="Another state, whose tables are NAME.orders; may be repeated."
        ),
    ] = [],  # noqa: B006
    limit: Annotated[int, typer.Option("--limit", min=0, help="Most rows to show.")] = 1000,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write all rows to a file of any format.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Ask any state of the lake, or several at once; nothing else can be reached from the query."""
    from understudy.lake import sql as lake_sql

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        text = state(found, ref)
        refs = {"": text, **pairs(also, "--also", "old=main~1")}
        reader = lake_sql.query(found, query, refs)
        names = reader.schema.names
        if output is not None:
            rows = save(reader, output, force=force)
            out.result({"file": str(output), "rows": rows}, f"{output}: {rows:,} rows")
            return
        shown, more = few(reader, limit)
    out.rows(text, names, shown)
    if more:
        out.lines(f"the first {limit:,} rows; `--limit N` shows more, `-o FILE` writes all")
    out.document({"columns": names, "rows": shown, "more": more})


def import_(
    files: Annotated[
        list[str], typer.Argument(metavar="FILE...", help="Parquet files or patterns, or an Iceberg metadata.json.")
    ],
    table: Annotated[str, typer.Argument(metavar="TABLE", help="The table: a new one, or one that they add to.")],
    on: On = "",
    copy: Annotated[bool, typer.Option("--copy", help="Copy the rows, so that the files may go.")] = False,
    message: Message = "",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Make a table of Parquet files that stay where they are, or add them to one; the lake never deletes them."""
    from understudy.lake import importing
    from understudy.schema import TableName

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        branch, known = state(found, on), {str(name): name for name in found.tables(state(found, on))}
        namespace, _, own = table.rpartition(".")
        name = known.get(table, TableName(namespace, own))
        if [path for path in files if path.endswith(".metadata.json")] == files:
            if len(files) > 1 or copy:
                raise InputError("an Iceberg table is one metadata.json, and stays where it is", hint="name the newest")
            made = importing.register(found, branch, name, files[0], message=message)
        else:
            made = importing.import_files(found, branch, name, files, zero_copy=not copy, message=message)
        rows = found.entry(f"@{made.hash}", name).rows
        out.result(
            {"branch": branch, "commit": made.hash, "table": str(name), "rows": rows},
            f"{branch} is at {headline(made)}",
            f"{name}: {rows or 0:,} rows",
        )


def compact(
    table: Annotated[str, typer.Argument(metavar="TABLE", help="The table.")],
    on: On = "",
    message: Message = "",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Put a table's small files together and leave deleted rows out for good; its rows stay the same."""
    from understudy.lake import tables
    from understudy.lake.diff import diff

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        branch = state(found, on)
        name, before = table_named(found, table, branch), found.head(branch)
        made = tables.compact(found, branch, name, message=message)
        changed = [one for one in diff(found, f"@{before.hash}", f"@{made.hash}").tables if one.key.table_name == name]
        counts = (changed[0].files.removed, changed[0].files.added) if changed else (0, 0)
        out.result(
            {"branch": branch, "commit": made.hash, "table": str(name), "files_before": counts[0], "files": counts[1]},
            f"{name}: {counts[0]} files became {counts[1]}" if changed else f"{name} is compact already",
        )


def plan(
    keep_days: KeepDays = 30.0,
    keep_last: KeepLast = 10,
    keep: Keep = [],  # noqa: B006
    reflog_days: ReflogDays = 14.0,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write the list as Parquet.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file.")] = False,
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Show which files no state needs any longer; nothing is deleted, and nothing is marked."""
    from understudy.connections.files.places import refuse_existing
    from understudy.lake import gc

    out = render.output(json=json)
    if output is not None:
        refuse_existing(output, force=force)
    with opened(lake, catalog) as found:
        planned = gc.plan(found, _policies(keep_days, keep_last, keep), reflog_days=reflog_days)
    if output is not None:
        planned.save(output)
    rows = _by_reason(planned)
    if rows:
        out.rows("files that would be deleted", ("why", "files", "bytes"), rows)
    out.result(
        {
            "files": planned.files.num_rows,
            "bytes": planned.bytes,
            "commits": planned.commits,
            "reasons": [dict(zip(("why", "files", "bytes"), row, strict=True)) for row in rows],
            "list": str(output) if output else None,
        },
        f"{planned.files.num_rows:,} files, {planned.bytes:,} bytes; {planned.commits:,} commits would not be readable",
        "`understudy gc apply`, with the same options, does that"
        if rows or planned.commits
        else "nothing is left over",
    )


def apply(
    keep_days: KeepDays = 30.0,
    keep_last: KeepLast = 10,
    keep: Keep = [],  # noqa: B006
    reflog_days: ReflogDays = 14.0,
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Delete the files that `gc plan` shows with the same options.  Heads, tags and history itself always stay."""
    from understudy.lake import gc

    out = render.output(json=json)
    with opened(lake, catalog) as found:
        planned = gc.plan(found, _policies(keep_days, keep_last, keep), reflog_days=reflog_days)
        gone = gc.apply(found, planned)
    out.result(
        {"files": gone.files, "bytes": gone.bytes, "commits": gone.commits},
        f"deleted {gone.files:,} files, {gone.bytes:,} bytes; {gone.commits:,} commits can no longer be read",
    )


def _policies(days: float, last: int, keep: list[str]) -> Policies:
    """What is kept, by pattern; what is said for all branches comes last."""
    from understudy.lake.retention import Policy

    found = {}
    for pattern, value in pairs(keep, "--keep", "'release/*=365/50'").items():
        for_days, _, for_last = value.partition("/")
        try:
            found[pattern] = Policy(float(for_days), int(for_last or last))
        except ValueError:
            hint = "write it as `--keep 'release/*=365/50'`: days, and the last so many commits"
            raise InputError(f"{value!r} is no value of --keep", hint=hint) from None
    return {**found, "*": Policy(days, last)}


def _by_reason(planned: Plan) -> list[tuple[str, int, int]]:
    """Files and bytes by why they would go."""
    counted = planned.files.group_by("why").aggregate([("bytes", "count"), ("bytes", "sum")]).sort_by("why")
    return [(row["why"], row["bytes_count"], row["bytes_sum"]) for row in counted.to_pylist()]


def connect(
    engine: Annotated[
        str, typer.Argument(metavar="ENGINE", help="daft, duckdb, polars, pyiceberg, sail, spark or trino.")
    ],
    ref: Annotated[str, typer.Option("--ref", metavar="REF", help="The state; by default the current one.")] = "",
    uri: Annotated[
        str, typer.Option("--uri", help="Where `understudy lake serve` runs, if not here; then no lake is opened.")
    ] = "",
    token: Annotated[str, typer.Option("--token", help="What stands for the token in the text.")] = "",
    table: Annotated[str, typer.Option("--table", help="The table in the example, with its namespace.")] = "",
    lake: LakeAt = "",
    catalog: Catalog = "",
    json: Json = False,
) -> None:
    """Print what to paste into an engine so that it opens a branch of the lake that is served."""
    from understudy.lake.engines import snippet

    out = render.output(json=json)
    if uri:
        text, example = ref or "main", table or "shop.orders"
    else:
        with opened(lake, catalog) as found:
            text = state(found, ref)
            names = sorted(f"{name.namespace or 'files'}.{name.name}" for name in found.tables(text))
            example = table or (names[0] if names else "shop.orders")
    made = snippet(engine, uri or "http://127.0.0.1:8181", text, token=token, table=example)
    out.result({"engine": engine, "ref": text, "table": example, "text": made}, made.rstrip("\n"))
