"""Rules for files that have none yet: drafted from their first rows, for a person to review."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa

from understudy import detect, transforms
from understudy.arrow import kind_of
from understudy.connections import files
from understudy.connections.files import Part
from understudy.connections.files.records import columns_of, to_batch
from understudy.jobs.drafting import fitting, quoted
from understudy.jobs.joins import likely, pointed_at, with_keys
from understudy.jobs.rows import of_file
from understudy.jobs.straight import Told, table_of
from understudy.schema import Column, ForeignKey, Schema, Table, TableName

_ROWS = 2_000

_HEAD = """\
# Rules for {source}, drafted from its first rows; review every line, and decide where one says `decide`.
columns:
"""


def suggest(source: str, told: Told) -> str:
    """A rules file for a file, a pipe or a folder of files; no value of it is shown."""
    place = Path(source)
    if source != files.PIPE and place.is_dir():
        found, _others = files.tables_in(place)
        paths = [str(path) for path in found]
    else:
        paths = [source]
    samples = {table_of(path, told): _sample(path, told) for path in paths}
    tables = tuple(_table(name, rows) for name, rows in samples.items())
    keys = _keys(paths, told) if len(paths) > 1 else ()
    schema = Schema(tuple(with_keys(one, pointed_at(one.name, keys)) for one in tables), keys, engine="files")
    survey = detect.survey(schema, lambda table: samples[str(table.name)])
    lines = [
        f"  {quoted(f'{table}.{column}' if len(tables) > 1 else column)}: {found.rule}  # {found.why}"
        for (table, column), found in fitting(schema, survey, transforms.domains(schema)).items()
    ]
    return _HEAD.format(source=source) + "\n".join(lines) + "\n" + _domains(keys)


def _keys(paths: Sequence[str], told: Told) -> tuple[ForeignKey, ...]:
    """Which columns of files point at keys of others, by their names and all their values."""
    rows = {one.table.name: one for one in (of_file(path, told) for path in paths)}
    schema = Schema(tuple(one.table for one in rows.values()), engine="files")
    return likely(schema, lambda name: rows[name].batches())


def _domains(keys: Sequence[ForeignKey]) -> str:
    """The columns that must change alike, so that what joins them still does."""
    groups: dict[str, list[str]] = {}
    for key in keys:
        groups.setdefault(f"{key.parent}.{key.parent_columns[0]}", []).append(f"{key.table}.{key.columns[0]}")
    lines = [f"  - [{', '.join(map(quoted, [parent, *group]))}]\n" for parent, group in groups.items()]
    return (
        "".join(["domains:  # keys between files, found by names and values: they change alike\n", *lines])
        if lines
        else ""
    )


def _sample(path: str, told: Told) -> pa.Table:
    """The first rows of a file."""
    form = files.format_of(path, told.form)
    with files.opened(path, seekable=form.seekable) as stream:
        reader = form.read(stream, path, told.options)
        first = next(iter(reader), None)
        if first is None:
            return (reader.arrow_schema or pa.schema([])).empty_table()
        return _as_table(first).slice(0, _ROWS)


def _as_table(part: Part) -> pa.Table:
    if isinstance(part, pa.RecordBatch):
        return pa.Table.from_batches([part])
    rows = part[:_ROWS]
    return pa.Table.from_batches([to_batch(rows, columns_of(rows, as_text=False))])


def _table(name: str, rows: pa.Table) -> Table:
    columns = tuple(Column(field.name, str(field.type), kind_of(field.type), field.type) for field in rows.schema)
    return Table(TableName("", name), columns)
