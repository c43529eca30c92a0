"""What a job remembers of its source: the tables, columns and keys there were when a person reviewed it.

It stands beside the job, as ``job.lock``, and belongs into version control with it: one line for each
column, so that a difference reads as what changed.  It holds no row, no statistic and no default.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from understudy.connections import manifest
from understudy.errors import Error, InputError
from understudy.interfaces import Refusal
from understudy.schema import Column, ForeignKey, Schema, Table

_FORMAT = 1
_ABOUT = "What the source of {job} looked like when it was reviewed; `understudy plan {job} --accept` writes it anew."


def lock_of(job: Path) -> Path:
    """Where the memory of a job stands."""
    return job.with_suffix(".lock")


def accept(job: Path, schema: Schema) -> Path:
    """Remember a source as reviewed."""
    path = lock_of(job)
    beside = path.with_name(path.name + ".partial")
    try:
        beside.write_text(_text(job.name, _bare(schema)), encoding="utf-8")
        beside.replace(path)
    except OSError as error:
        raise InputError(f"{str(path)!r} cannot be written: {error.strerror}") from error
    return path


def reviewed(job: Path) -> Schema | None:
    """The source as it was reviewed; None where nothing is remembered."""
    path = lock_of(job)
    if not path.is_file():
        return None
    again = f"`understudy plan {job.name} --accept` writes it anew"
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        if told.pop("format") != _FORMAT:
            raise InputError(f"{path.name} was written by another version", hint=again)
        del told["about"]
        return manifest.from_json(told)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, Error) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path.name} cannot be read ({type(error).__name__})", hint=again) from None


def changes(then: Schema, now: Schema, job: str) -> list[Refusal]:
    """What is no longer as it was reviewed, of tables and columns that there still are.

    New columns and tables need a rule, and rules for those that are gone are refused, by the plan itself.
    """
    then, now = _bare(then), _bare(now)
    hint = f"review it, then `understudy plan {job} --accept`"
    found = [
        Refusal(f"{table.name}.{column.name}", _difference(before, column), hint)
        for table in now.tables
        if table.name in then.by_name
        for column in table.columns
        if (before := then.by_name[table.name].by_name.get(column.name)) is not None
        if _described(before) != _described(column)
    ]
    keys_then, keys_now = set(map(_key, then.foreign_keys)), set(map(_key, now.foreign_keys))
    for child, parent in sorted(keys_now - keys_then):
        found.append(Refusal(child, f"points at {parent} since the review, so both change alike from now on", hint))
    for child, parent in sorted(keys_then - keys_now):
        found.append(Refusal(child, f"does not point at {parent} any more, with which it changed alike", hint))
    return found


def _difference(before: Column, after: Column) -> str:
    return f"was {_described(before)} when it was reviewed, and is {_described(after)}"


def _described(column: Column) -> str:
    """A column in the words of its database."""
    words = [column.native_type]
    if column.kind == "enum":
        words.append(f"({', '.join(column.labels)})")
    if not column.nullable:
        words.append("NOT NULL")
    if column.generated:
        words.append("generated")
    if column.identity:
        words.append("identity")
    return " ".join(words)


def _key(key: ForeignKey) -> tuple[str, str]:
    return key.id, f"{key.parent}.{', '.join(key.parent_columns)}"


def _bare(schema: Schema) -> Schema:
    """A schema without what changes by itself, or may show values: sizes, defaults, comments, checks."""
    return Schema(
        tables=tuple(map(_bare_table, sorted(schema.tables, key=lambda table: table.name))),
        foreign_keys=tuple(sorted((k for k in schema.foreign_keys if not k.virtual), key=_key)),
        engine=schema.engine,
    )


def _bare_table(table: Table) -> Table:
    columns = tuple(replace(column, default="", comment="") for column in table.columns)
    return Table(table.name, columns, uniques=table.uniques)


def _text(job: str, schema: Schema) -> str:
    """The memory as JSON, a line for each column."""
    told = manifest.to_json(schema)
    parts = [
        f' "about": {_line(_ABOUT.format(job=job))}',
        f' "format": {_FORMAT}',
        f' "engine": {_line(schema.engine)}',
    ]
    parts.append(' "tables": ' + _list(_table_lines(told.get("tables", [])), " "))
    parts.append(' "foreign_keys": ' + _list(map(_line, told.get("foreign_keys", [])), " "))
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _table_lines(tables: list[dict[str, Any]]) -> Iterator[str]:
    for table in tables:
        columns = _list(map(_line, table.pop("columns", [])), "  ")
        yield f'{{"name": {_line(table["name"])}, "uniques": {_line(table.get("uniques", []))}, "columns": {columns}}}'


def _list(items: Iterator[str], indent: str) -> str:
    lines = [f"{indent} {item}" for item in items]
    return "[\n" + ",\n".join(lines) + f"\n{indent}]" if lines else "[]"


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
