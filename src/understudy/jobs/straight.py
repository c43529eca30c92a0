"""Straight on files: `mask`, `unmask` and `rotate` a file, a pipe or a folder of files, a part at a time.

A result appears as a whole: it is built beside its place and moved there when it is complete.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from understudy.arrow import prefetch
from understudy.connections import files
from understudy.connections.files import Format, Options, Part, Reader
from understudy.connections.files.typed import TYPES
from understudy.connections.folder import claim
from understudy.errors import InputError
from understudy.interfaces import Progress
from understudy.jobs.fields import Documents
from understudy.jobs.lane import Counts, Lane, Way, lane_of, told_apart
from understudy.jobs.pipe import Pipe
from understudy.jobs.policy import Policy
from understudy.jobs.version import code_version
from understudy.schema import Table

_PIPE_TABLE = "data"


@dataclass(frozen=True)
class Told:
    """What a person says of files that their names do not."""

    form: str = ""
    """The format of what is read."""
    to: str = ""
    """The format of what is written."""
    table: str = ""
    """The name of the table in a file, or pipe."""
    options: Options = field(default_factory=Options)
    force: bool = False
    """Replace what is there."""


@dataclass(frozen=True)
class Written:
    """What became of one file."""

    table: str
    source: str
    target: str
    rows: int
    rules: dict[str, str]
    counts: Counts
    met: frozenset[str]
    """The columns, or fields, that there were."""

    def json(self) -> dict[str, Any]:
        """Names and counts, never a value."""
        changed = [
            {"name": name, "rule": rule, "values": self.counts.values[name], "unchanged": self.counts.same[name]}
            for name, rule in self.rules.items()
        ]
        return {
            "table": self.table,
            "source": self.source,
            "target": self.target,
            "rows": self.rows,
            "columns": changed,
        }

    def __str__(self) -> str:
        changed = sum(1 for name in self.rules if self.counts.values[name] > self.counts.same[name])
        return f"{self.source} -> {self.target}: {self.rows:,} rows, {changed} columns changed"


@dataclass(frozen=True)
class Straight:
    """What a call on files did."""

    key: str
    """The id of the key; of the new one, where keys were exchanged."""
    files: tuple[Written, ...]
    notes: tuple[str, ...] = ()

    def json(self) -> dict[str, Any]:
        """Everything as plain lists and dicts, as ``--report`` writes it."""
        told = {"key": self.key, "code": code_version(), "files": [one.json() for one in self.files]}
        return told | {"notes": list(self.notes)}

    def __str__(self) -> str:
        return "\n".join([*map(str, self.files), *self.notes, f"key {self.key}"])


def turn(source: str, target: str, policy: Policy, way: Way, *, key: str, told: Told, progress: Progress) -> Straight:
    """Read a file, a pipe or a folder, do with it what ``way`` does, and write the result.

    ``key`` is the id that files which have a place for it carry, with the version of this code.
    """
    about = {"key": key, "code": code_version()}
    told = replace(told, options=replace(told.options, about=about))
    if source != files.PIPE and target != files.PIPE and Path(source).resolve() == Path(target).resolve():
        raise InputError(
            f"{target!r} is the input itself", hint="write beside it, and move it when you have checked it"
        )
    if source != files.PIPE and Path(source).is_dir():
        return _folder(Path(source), Path(target), policy, way, key=key, told=told, progress=progress)
    if policy.plain:  # then what a file is called, masked or restored, changes no stand-in
        told = replace(told, table=_PIPE_TABLE)
    return Straight(key, (_file(source, target, policy, way, told=told, progress=progress),))


def table_of(source: str, told: Told) -> str:
    """The name of the table in a file."""
    return told.table or (_PIPE_TABLE if source == files.PIPE else files.stem(Path(source)))


def _file(source: str, target: str, policy: Policy, way: Way, *, told: Told, progress: Progress) -> Written:
    form = files.format_of(source, told.form)
    to = files.format_of(target, told.to, usual=form.name if target == files.PIPE else "")
    table = table_of(source, told)
    counts, rows = Counts(), 0
    with (
        files.opened(source, seekable=form.seekable) as stream,
        files.output(target, force=told.force) as out,
    ):
        reader = form.read(stream, source, told.options)
        lane = _lane(policy, table, way, reader, counts=counts, again=_again(source, form, told))
        writer = to.writer(out, told.options, reader)
        finish = _declared(policy, table) if form.as_text and not to.as_text else _as_it_is
        if isinstance(lane, Lane):
            columns = lane.columns(reader.arrow_schema)
            writer.write(finish(pa.RecordBatch.from_arrays([pa.nulls(0, one.type) for one in columns], schema=columns)))
        with Pipe(depth=1) as pipe:
            for part in prefetch(reader, depth=1):
                rows += len(part)
                pipe.put(writer.write, finish(lane(part)))
                progress("mask", table, rows, getattr(reader, "rows", None))
        writer.close()
        met = frozenset(lane.met)
        if not policy.gaps:
            policy.refuse_unmet(met)
        rules = {name: str(rule) for name, rule in lane.rules.items() if rule.name != "keep"}
    return Written(table, source, target, rows, rules, counts, met)


def _lane(
    policy: Policy, table: str, way: Way, reader: Reader, *, counts: Counts, again: Callable[[], Iterator[Any]] | None
) -> Any:
    if reader.arrow_schema is None:
        return Documents(policy, table, way, reread=again, counts=counts)
    return lane_of(policy, table, reader.arrow_schema, way, reread=again, counts=counts)


def _again(source: str, form: Format, told: Told) -> Callable[[], Iterator[Part]] | None:
    """The same file from its beginning; a pipe has none."""
    if source == files.PIPE:
        return None

    def parts() -> Iterator[Part]:
        with files.opened(source, seekable=form.seekable) as stream:
            yield from form.read(stream, source, told.options)

    return parts


def _as_it_is(part: Any) -> Any:
    return part


def _declared(policy: Policy, table: str) -> Callable[[Any], Any]:
    """Texts become what they were declared to be, where a format with types is written."""

    def finish(part: pa.RecordBatch) -> pa.RecordBatch:
        made = []
        for name, column in zip(part.schema.names, part.columns, strict=True):
            _, found = policy.column(table, name, column.type)
            values = column if found is None else told_apart(column, found, policy.nulls, name)[0]
            made.append(pa.ExtensionArray.from_storage(pa.uuid(), values) if found == TYPES["uuid"] else values)
        return pa.RecordBatch.from_arrays(made, names=part.schema.names)

    return finish


def _folder(
    source: Path, target: Path, policy: Policy, way: Way, *, key: str, told: Told, progress: Progress
) -> Straight:
    """Every file of a folder into a file of another; keys agree between them where the rules join their columns."""
    if str(target) == files.PIPE:
        raise InputError("a folder of files needs a folder to write to", hint="name it with `-o`")
    if target.exists() and not target.is_dir():
        raise InputError(f"{str(target)!r} is a file, and the input is a folder")
    if source.resolve() in target.resolve().parents:
        raise InputError(f"{str(target)!r} lies inside the input", hint="choose a folder elsewhere")
    found, others = files.tables_in(source)
    names = [files.stem(path) for path in found]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two files in {str(source)!r} hold a table {twice[0]!r}")
    policy = _among(policy, found, told)
    notes = [f"{name} holds no table, so it was left out" for name in others]
    with beside(target) as partial:
        written = []
        for path in found:
            to = _renamed(path.name, told.to)
            if not told.force and (target / to).exists():
                raise InputError(f"{str(target / to)!r} exists already", hint="replace it with `--force`")
            one = _file(str(path), str(partial / to), policy, way, told=told, progress=progress)
            written.append(replace(one, target=str(target / to)))
        policy.refuse_unmet(frozenset[str]().union(*(one.met for one in written)))
        publish(partial, target, [Path(one.target).name for one in written])
    return Straight(key, tuple(written), tuple(notes))


def _among(policy: Policy, found: list[Path], told: Told) -> Policy:
    """The policy of files that may share keys: each is told of the columns of all others."""
    tables: list[Table] = []
    for path in found:
        form = files.format_of(str(path), told.form)
        with files.opened(str(path), seekable=form.seekable) as stream:
            columns = form.read(stream, str(path), told.options).arrow_schema
        if columns is not None:
            name = files.stem(path)
            tables.append(policy.table(name, [policy.column(name, one.name, one.type)[0] for one in columns]))
    return replace(policy, others=tuple(tables), gaps=True)


def _renamed(name: str, to: str) -> str:
    """A file's name with the ending of another format, if it gets one."""
    return f"{files.stem(Path(name))}{files.FORMATS[files.format_of(name, to).name].endings[0]}" if to else name


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """A folder to fill beside its place; removed at the end, whatever is left in it."""
    place = target.absolute()
    partial = place.with_name(f"{place.name}.partial")
    lock = claim(partial)
    try:
        yield partial
    finally:
        os.close(lock)
        shutil.rmtree(partial, ignore_errors=True)


def publish(partial: Path, target: Path, names: list[str]) -> None:
    """Move files of a folder that is filled to where they belong."""
    target.mkdir(parents=True, exist_ok=True)
    for name in names:
        (partial / name).replace(target / name)
