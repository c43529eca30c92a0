"""`report REAL MADE`: made rows beside real ones, wherever both are, and the page and JSON of what was measured."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from understudy import arrow, detect
from understudy.checks.quality_page import page
from understudy.checks.scored import Scored
from understudy.checks.scoring import Asked, score
from understudy.connections import redact
from understudy.errors import InputError, unknown
from understudy.interfaces import Progress
from understudy.jobs import rows
from understudy.jobs.frames import as_table
from understudy.jobs.making import Maker
from understudy.jobs.straight import Told
from understudy.jobs.version import code_version
from understudy.schema import Column, ForeignKey, Schema, Table, TableName

_KEY = re.compile(r"\s*([^.()\s]+)\.\(?([^()=>]+?)\)?\s*(?:->|=)\s*([^.()\s]+)\.\(?([^()]+?)\)?\s*")
_ONLY = TableName("", "table")


@dataclass(frozen=True)
class Side:
    """The tables of one side, and what its source says of them."""

    name: str
    tables: Mapping[TableName, pa.Table]
    schema: Schema


def measure(
    real: Any,
    made: Any,
    holdout: Any = None,
    *,
    entity: str | Sequence[str] = (),
    targets: Sequence[str] = (),
    queries: Mapping[str, str] | None = None,
    keys: Sequence[str] = (),
    masked: bool = False,
    model: Any = None,
    rows: int = 0,
    progress: Progress | None = None,
) -> Scored:
    """Measure made rows beside real ones, with real rows held out: quality, privacy, and what ties tables together.

    Each side is a path (a file, or a folder of files, one a table), the URL of a connection (``lake:branch``), a
    DataFrame or Arrow table, or a dict of those by name.  ``entity`` names the column that says whose row it is,
    ``targets`` what models will predict; both as ``column`` or ``table.column``.  ``keys`` are foreign keys that no
    schema knows, as ``orders.user_id -> users.id``.  ``queries`` are SQL by name.  ``masked`` says that rows are
    people's whose values were changed.  ``model`` is the synthesizer, or where it was saved, if that is given away as
    well: attackers then ask it how likely a row is.  At most ``rows`` rows of each side take part, where that is not 0.
    """
    began, started = time.monotonic(), datetime.now(UTC)
    sides = [_read(one, name) for one, name in ((real, "real"), (made, "made"))]
    held = None if holdout is None else _read(holdout, "holdout")
    sides = [sides[0], _paired(sides[0], sides[1])]
    held = None if held is None else _paired(sides[0], held)
    told = _Told(sides[0], entity, targets, keys)
    asked = Asked(
        keys=told.keys(), foreign_keys=told.foreign_keys(), entity=told.entity(), targets=told.targets(),
        queries=queries or {}, kind="masked" if masked else "synthetic",
    )  # fmt: skip
    if model is not None:
        asked = replace(asked, log_prob={_alone(sides[0]): _synthesizer(model).log_prob})
    if rows:
        asked = replace(asked, rows=rows, attacked=rows)
    asked = _with_findings(asked, sides[0], masked=masked)
    names = (sides[0].name, sides[1].name, held.name if held else "")
    found = score(sides[0].tables, sides[1].tables, held.tables if held else None, asked, names=names,
                  progress=progress)  # fmt: skip
    seconds = round(time.monotonic() - began, 1)
    return replace(found, code=code_version(), started=started.isoformat(timespec="seconds"), seconds=seconds)


def _alone(side: Side) -> TableName:
    """The only table of a side; an InputError where there are several."""
    if len(side.tables) > 1:
        names = ", ".join(map(str, side.tables))
        raise InputError("a model is asked about one table, and there are several", hint=f"compare one of: {names}")
    return next(iter(side.tables))


def _synthesizer(model: Any) -> Any:
    """A synthesizer that tells how likely a row is, read from where it was saved."""
    if not isinstance(model, str | Path):
        return model
    return Maker.load(model).model


def write(scored: Scored, *, as_json: Path | None = None, as_html: Path | None = None) -> None:
    """Write the JSON and the page, each whole or not at all."""
    if as_json is not None:
        _write(as_json, json.dumps(scored.json(), indent=1, ensure_ascii=False) + "\n")
    if as_html is not None:
        _write(as_html, page(scored))


def named_queries(text: str) -> dict[str, str]:
    """The queries of a file, by the comment that stands before each (``-- revenue by month``), else by their number."""
    found: dict[str, str] = {}
    for number, part in enumerate((part for part in text.split(";") if _sql(part)), start=1):
        comments = [line.strip()[2:].strip() for line in part.splitlines() if line.strip().startswith("--")]
        name = next((comment for comment in comments if comment), f"query {number}")
        found[name if name not in found else f"{name} ({number})"] = _sql(part)
    if not found:
        raise InputError("the file of queries holds none", hint="write SELECT statements, each ended by `;`")
    return found


def _sql(part: str) -> str:
    return "\n".join(line for line in part.splitlines() if not line.strip().startswith("--")).strip()


def _write(path: Path, text: str) -> None:
    beside = path.with_name(path.name + ".partial")
    beside.write_text(text, encoding="utf-8")
    beside.replace(path)


def _read(data: Any, what: str) -> Side:
    """The tables of a side, in memory."""
    if isinstance(data, str | Path):
        with rows.opened(str(data), Told()) as source:
            tables = {one.table.name: one.read().read_all() for one in source.tables}
            if not tables:
                raise InputError(f"{redact(str(data))} holds no table")
            return Side(redact(str(data)), tables, source.schema)
    given = data if isinstance(data, Mapping) else {str(_ONLY): data}
    tables = {name if isinstance(name, TableName) else TableName("", str(name)): as_table(one, "measured")
              for name, one in given.items()}  # fmt: skip
    return Side(what, tables, Schema(tuple(_described(name, table) for name, table in tables.items())))


def _described(name: TableName, table: pa.Table) -> Table:
    return Table(
        name, tuple(Column(one.name, str(one.type), arrow.kind_of(one.type), one.type) for one in table.schema)
    )


def _paired(real: Side, other: Side) -> Side:
    """The other side with its tables called as the real ones: by name, or each the only one there is."""
    if len(real.tables) == len(other.tables) == 1:
        return replace(other, tables={next(iter(real.tables)): next(iter(other.tables.values()))})
    by_name = {name.name: table for name, table in other.tables.items()}
    tables = {name: other.tables.get(name, by_name.get(name.name)) for name in real.tables}
    found = {name: table for name, table in tables.items() if table is not None}
    if not found:
        names = ", ".join(str(name) for name in list(real.tables)[:6])
        raise InputError(f"{other.name} has none of the real tables", hint=f"they are called {names}")
    return replace(other, tables=found)


@dataclass(frozen=True)
class _Told:
    """What a person said of the tables, and what their source knows."""

    real: Side
    entities: str | Sequence[str]
    wanted: Sequence[str]
    joined: Sequence[str]

    def keys(self) -> dict[TableName, list[tuple[str, ...]]]:
        """The unique keys that the source declares."""
        found = {}
        for table in self.real.schema.tables:
            whole = [unique.columns for unique in table.uniques if unique.columns and not unique.predicate]
            if whole:
                found[table.name] = whole
        return found

    def foreign_keys(self) -> tuple[ForeignKey, ...]:
        """Those of the source, and those that were said."""
        known = [key for key in self.real.schema.foreign_keys if not key.expressions and not key.condition]
        said = [self._key(text) for text in self.joined]
        ids = {key.id for key in said}
        return (*said, *(key for key in known if key.id not in ids))

    def entity(self) -> dict[TableName, str]:
        """The entity's column, of every table that has it."""
        said = [self.entities] if isinstance(self.entities, str) else list(self.entities)
        return {name: column for text in said for name, column in self._places(text)}

    def targets(self) -> dict[TableName, list[str]]:
        """What models will predict."""
        found: dict[TableName, list[str]] = {}
        for text in self.wanted:
            for name, column in self._places(text):
                found.setdefault(name, []).append(column)
        return found

    def _places(self, text: str) -> list[tuple[TableName, str]]:
        """The columns that a person means by ``column`` or ``table.column``; an InputError where there is none."""
        places = [(name, column) for name, table in self.real.tables.items() for column in table.column_names]
        found = [
            place for place in places if text in (place[1], f"{place[0]}.{place[1]}", f"{place[0].name}.{place[1]}")
        ]
        if not found:
            raise unknown("column", text, {column for _, column in places})
        return found

    def _key(self, text: str) -> ForeignKey:
        """A foreign key as it is written: ``orders.user_id -> users.id``, ``lines.(order_id, no) -> ...``."""
        match = _KEY.fullmatch(text)
        if match is None:
            raise InputError(f"{text!r} is no foreign key", hint="write it as `orders.user_id -> users.id`")
        ends = []
        for table, columns in (match.group(1, 2), match.group(3, 4)):
            name = self.real.schema.find(table).name
            names = tuple(column.strip() for column in columns.split(","))
            for column in names:
                if column not in self.real.tables[name].column_names:
                    raise unknown("column", f"{table}.{column}", self.real.tables[name].column_names)
            ends.append((name, names))
        if len(ends[0][1]) != len(ends[1][1]):
            raise InputError(f"{text!r} joins different numbers of columns")
        return ForeignKey("said", *ends[0], *ends[1], virtual=True)


def _with_findings(asked: Asked, real: Side, *, masked: bool) -> Asked:
    """What detection finds of persons: columns that lead to one, and those that do so together."""
    schema = replace(real.schema, tables=tuple(_described(name, table) for name, table in real.tables.items()),
                     foreign_keys=asked.foreign_keys)  # fmt: skip
    survey = detect.survey(schema, lambda table: real.tables[table.name].slice(0, detect.ROWS))
    found = [one for one in survey.findings if one.found and not one.path and not one.key]
    direct: dict[TableName, dict[str, str]] = {}
    together: dict[TableName, list[str]] = {}
    harm: dict[TableName, list[str]] = {}
    for one in found:
        if one.sensitivity == "direct" and _various(real.tables[one.table].column(one.column)):
            direct.setdefault(one.table, {})[one.column] = one.entity
        elif one.sensitivity != "direct":
            (together if one.sensitivity == "quasi" else harm).setdefault(one.table, []).append(one.column)
    if not masked:
        return replace(asked, identifying=direct)
    return replace(asked, identifying=direct, quasi=together, sensitive=harm)


def _various(column: pa.ChunkedArray) -> bool:
    """Whether a column has values enough that finding one again says something: first names repeat by chance."""
    return bool(len(column.unique()) > 0.5 * len(column)) and arrow.is_text(column.type)
