"""What the verbs of the lake share: how it is opened, which state is meant, how commits and rows are shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from decimal import Decimal
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from understudy.errors import InputError, unknown

if TYPE_CHECKING:
    import pyarrow as pa

    from understudy.lake import Lake
    from understudy.lake.nouns import Commit
    from understudy.schema import TableName

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]
LakeAt = Annotated[
    str,
    typer.Option(
        "--lake", metavar="PATH", help="The lake: a folder or s3://...; by default UNDERSTUDY_LAKE, else ./.understudy."
    ),
]
Catalog = Annotated[
    str,
    typer.Option(
        "--catalog", metavar="URL", help="Its store, if not in its folder; by default UNDERSTUDY_CATALOG, if set."
    ),
]
Message = Annotated[str, typer.Option("--message", "-m", help="What the commit says.")]
On = Annotated[str, typer.Option("--on", metavar="BRANCH", help="The branch to write on; by default the current one.")]
FromAborted = Annotated[
    bool, typer.Option("--from-aborted", help="Go on from what has not passed its checks; the mark stays on it.")
]
Checks = Annotated[
    list[str], typer.Option("--check", metavar="CMD", help="A command that must end with 0; may be said again.")
]
Command = Annotated[list[str], typer.Argument(metavar="-- CMD", help="The command, after --, with its arguments.")]

Verb = tuple[Any, str]
"""A function, and an example of how it is called."""


def add(app: typer.Typer, verbs: Mapping[str, Verb]) -> None:
    """Add verbs to an application; each one's help ends with its example."""
    for name, (function, example) in verbs.items():
        app.command(name, epilog=f"\b\nExample: {example}")(function)


@contextmanager
def opened(where: str, catalog: str) -> Iterator[Lake]:
    """The lake that is meant, open as long as the block runs."""
    from understudy.lake import Lake

    lake = Lake.usual(where, catalog=catalog)
    try:
        yield lake
    finally:
        lake.close()


def state(lake: Lake, text: str = "") -> str:
    """The state that is meant: as said, else UNDERSTUDY_REF, which commands in a transaction find, else the branch."""
    return text or os.environ.get("UNDERSTUDY_REF", "") or lake.current()


def table_named(lake: Lake, text: str, *refs: str) -> TableName:
    """The table a person wrote as ``users`` or ``billing.invoices``, in any of some states; else an InputError."""
    known = {name for ref in refs for name in lake.tables(ref)}
    for spelled in (str, _full, _own):
        found = {name for name in known if spelled(name) == text}
        if len(found) == 1:
            return found.pop()
        if found:
            hint = f"say which: {', '.join(sorted(map(_full, found)))}"
            raise InputError(f"several tables are called {text!r}", hint=hint)
    raise unknown("table", text, map(str, known))


def _full(name: TableName) -> str:
    """A table's name as engines know it."""
    return f"{name.namespace or 'files'}.{name.name}"


def _own(name: TableName) -> str:
    return name.name


def pairs(texts: Iterable[str], option: str, example: str) -> dict[str, str]:
    """Options that are said as NAME=VALUE; an InputError for others, and for a name that is said twice."""
    found: dict[str, str] = {}
    for text in texts:
        name, sign, value = text.rpartition("=")
        if not (sign and name and value):
            raise InputError(f"{text!r} is no value of {option}", hint=f"write it as `{option} {example}`")
        if name in found:
            raise InputError(f"{option} says {name!r} twice")
        found[name] = value
    return found


def moment(seconds: float) -> str:
    """A time as references take it: ``main@{2026-11-20T10:00:00Z}``."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def told(commit: Commit) -> dict[str, Any]:
    """A commit as JSON values."""
    return {
        "hash": commit.hash,
        "parents": list(commit.parents),
        "time": moment(commit.time),
        "author": commit.author,
        "message": commit.message,
        "changed": [str(key) for key in commit.changed],
        "status": commit.status,
        "files": commit.files,
        "meta": dict(commit.meta),
    }


def headline(commit: Commit) -> str:
    """A commit in a few words."""
    return f"@{commit.short} {commit.message}{marks(commit)}"


def marks(commit: Commit) -> str:
    """What is unusual about a commit, in brackets."""
    found: list[str] = [] if commit.status == "published" else [commit.status]
    found += [] if commit.files else ["files collected"]
    return f" [{', '.join(found)}]" if found else ""


def cells(batches: Iterable[pa.RecordBatch]) -> Iterator[list[object]]:
    """Rows for people and for JSON: numbers, truth, null and text; anything else as its text.  Meant for a few."""
    for batch in batches:
        columns = [[_cell(value) for value in _values(column)] for column in batch.columns]
        yield from (list(row) for row in zip(*columns, strict=True))


def _values(column: pa.Array) -> list[object]:
    import pyarrow as pa

    from understudy import arrow

    if column.type == pa.uuid():
        return [None if value is None else str(value) for value in column.to_pylist()]
    return arrow.plain(column).to_pylist()  # type: ignore[no-any-return]


def _cell(value: object) -> object:
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return str(value)  # JSON has no such numbers
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal) and value.as_tuple().exponent == 0:
        return int(value)  # what sums of integers are
    if isinstance(value, dict):
        return {str(name): _cell(inner) for name, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [_cell(inner) for inner in value]
    return str(value)


def few(reader: pa.RecordBatchReader, limit: int) -> tuple[list[list[object]], bool]:
    """The first rows of a stream, and whether there are more; the rest is not read."""
    rows: list[list[object]] = []
    for batch in reader:
        rows += cells([batch.slice(0, limit + 1 - len(rows))])
        if len(rows) > limit:
            return rows[:limit], True
    return rows, False


def save(reader: pa.RecordBatchReader, path: Path, *, force: bool, joined: str = "") -> int:
    """Write a stream into a file, of the format its name says; how many rows there were.

    ``joined`` is a column of lists of names, which are one text where the format has no lists.
    """
    import pyarrow as pa

    from understudy.connections import files

    form = files.format_of(str(path))
    place = reader.schema.get_field_index(joined) if joined and form.as_text else -1
    empty = pa.RecordBatch.from_arrays([pa.nulls(0, kind) for kind in reader.schema.types], schema=reader.schema)
    rows = 0
    with files.output(str(path), force=force) as out:
        writer = form.writer(out, files.Options(), reader)
        for batch in chain([empty], reader):
            writer.write(_joined(batch, place) if place >= 0 else batch)
            rows += batch.num_rows
        writer.close()
    return rows


def _joined(batch: pa.RecordBatch, place: int) -> pa.RecordBatch:
    import pyarrow.compute as pc

    return batch.set_column(place, batch.schema.names[place], pc.binary_join(batch.column(place), ", "))


@contextmanager
def quietly(*, json: bool) -> Iterator[None]:
    """While commands of the user run: what they print goes to stderr where stdout is for one JSON document."""
    if not json:
        yield
        return
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def words(command: Sequence[str], example: str) -> list[str]:
    """A command to run; an InputError where there is none."""
    if not command:
        raise InputError("no command is given", hint=f"say it last, after `--`: `{example}`")
    return list(command)
