"""`report REAL MADE`: made rows beside real ones, wherever both are, and the page and JSON of what was measured."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow, detect
from understudy.checks.privacy.replay import texts
from understudy.checks.quality_page import page
from understudy.checks.scored import Scored
from understudy.checks.scoring import Asked, score
from understudy.checks.sides import coded
from understudy.connections import redact
from understudy.errors import InputError, unknown
from understudy.interfaces import Progress
from understudy.jobs import rows
from understudy.jobs.frames import as_table
from understudy.jobs.joins import foreign_key, likely
from understudy.jobs.making import Maker
from understudy.jobs.straight import Told
from understudy.jobs.version import code_version
from understudy.schema import Column, ForeignKey, Schema, Table, TableName

_ONLY = TableName("", "table")
_Place = tuple[TableName, str]
_Rows = TypeVar("_Rows", pa.Table, pa.ChunkedArray)

_LEARNED = 0.9
"""A larger share of made values that are real ones shows that they were learned: who learns labels makes no others.

Half would be too few: names made anew come out of lists, and of the common ones a table of some thousands of people
has most.
"""

_FEWER = 0.25
"""A smaller share of the different values that as many real rows have is too few: two e-mail addresses for everybody.

Lists of names are shorter than what people are called, so that some fewer are right.
"""

_KIN = dict.fromkeys(("first_name", "last_name", "full_name"), "name")
"""Entities that are of one kind: what is a given name in one place is a family name in another."""


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
    survey = _survey(sides[0], asked.foreign_keys)
    asked = replace(asked, anew=_anew(sides[0], sides[1], survey, asked))
    asked = _with_findings(asked, sides[0], survey, masked=masked)
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
    said = {name.name: table for name, table in other.tables.items()}
    said |= {str(name): table for name, table in other.tables.items()}  # a file may be called by a whole name
    tables = {name: said.get(str(name), said.get(name.name)) for name in real.tables}
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
        """Those of the source, and those that were said; of files and frames, likely ones, too."""
        known = [key for key in self.real.schema.foreign_keys if not key.expressions and not key.condition]
        seen = _as_read(self.real)
        said = [foreign_key(text, seen) for text in self.joined]
        if seen.engine in ("files", "") and not known:
            return (*said, *likely(seen, lambda name: iter(self.real.tables[name].to_batches()), but=said))
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


def _survey(side: Side, foreign_keys: tuple[ForeignKey, ...] = ()) -> detect.Survey:
    """What detection finds in some rows of every table of a side."""
    schema = replace(_as_read(side), foreign_keys=foreign_keys)
    return detect.survey(schema, lambda table: _some(side.tables[table.name]))


def _as_read(side: Side) -> Schema:
    """The tables of a side with the columns that were read."""
    return replace(side.schema, tables=tuple(_described(name, table) for name, table in side.tables.items()))


def _some(rows: _Rows) -> _Rows:
    """Rows from all over a table or column, for detection: what the first are like, the others need not be."""
    at = np.linspace(0, len(rows) - 1, min(len(rows), detect.ROWS))
    return rows.take(at.astype(np.int64))


def _with_findings(asked: Asked, real: Side, survey: detect.Survey, *, masked: bool) -> Asked:
    """What detection finds of persons: columns that lead to one, and those that do so together."""
    found = [one for one in _whole(survey).values() if one.found]
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


def _whole(survey: detect.Survey) -> dict[_Place, detect.Finding]:
    """What was found of columns as a whole, doubtful findings too."""
    return {(one.table, one.column): one for one in survey.findings if not one.path and not one.key}


def _by_values(side: Side) -> dict[_Place, detect.Finding]:
    """What is found of columns by their values alone: as if no table and no column had a name."""
    found = {}
    for table, whole in side.tables.items():
        names = {f"c{number}": name for number, name in enumerate(whole.column_names)}
        nameless = replace(side, tables={TableName("", "t"): whole.rename_columns(list(names))})
        found.update({(table, names[column]): one for (_, column), one in _whole(_survey(nameless)).items()})
    return found


def _anew(real: Side, made: Side, survey: detect.Survey, asked: Asked) -> dict[TableName, list[str]]:
    """The columns that only name someone, and whose made values are others of the same kind.

    What a column is called proves nothing of its made values: where the real ones tell by themselves what they are, so
    must those.  What was learned, as first names may be, is compared as any other column is, and so is a target.
    """
    names, values = _whole(_survey(made)), (_by_values(real), _by_values(made))
    found: dict[TableName, list[str]] = {}
    for place, one in _whole(survey).items():
        table, column = place
        there = table in made.tables and column in made.tables[table].column_names
        direct = one.found and one.sensitivity == "direct" and one.entity != "person_key"
        if not there or not direct or column in asked.targets.get(table, ()):
            continue
        before, after = (side.tables[table].column(column) for side in (real, made))
        alike = _alike(one, names.get(place), [side.get(place) for side in values])
        if _constant(after) or (alike and _others(before, after)):
            found.setdefault(table, []).append(column)
    return found


def _alike(real: detect.Finding, made: detect.Finding | None, values: Sequence[detect.Finding | None]) -> bool:
    """Whether made values are of the kind that real ones are; ``values`` is what is found of both without names.

    Names decide only where real values tell nothing without them, and of free texts, of which anything may be told.
    """
    kind, (told, telling) = _kind(real), values
    if told is None or not told.found or real.entity == "free_text":
        return made is not None and made.found and _kind(made) == kind
    return telling is not None and _kind(telling) in (kind, _kind(told))


def _kind(finding: detect.Finding) -> str:
    return _KIN.get(finding.entity, finding.entity)


def _constant(made: pa.ChunkedArray) -> bool:
    """Whether all rows hold the same, as where a rule redacts: that is judged by itself, and says all there is."""
    return len(np.unique(coded(made))) <= 1


def _others(real: pa.ChunkedArray, made: pa.ChunkedArray) -> bool:
    """Whether made values are others than the real ones, and not much fewer."""
    before, after = texts(real), texts(made)
    known = int(pc.sum(pc.is_in(after, value_set=before)).as_py() or 0)
    enough = len(texts(_some(made))) >= _FEWER * len(texts(_some(real)))
    return enough and known <= _LEARNED * len(after)


def _various(column: pa.ChunkedArray) -> bool:
    """Whether a column has values enough that finding one again says something: first names repeat by chance."""
    return bool(len(column.unique()) > 0.5 * len(column)) and arrow.is_text(column.type)
