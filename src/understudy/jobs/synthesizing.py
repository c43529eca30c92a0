"""`synthesize`: tables are learned, and others made that behave like them; on frames, files, folders and databases.

A result appears as a whole: it is built beside its place and moved there when it is complete.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pyarrow as pa

from understudy.connections import files
from understudy.connections.files import Format
from understudy.connections.files.places import refuse_existing
from understudy.errors import InputError, unknown
from understudy.interfaces import Progress
from understudy.jobs.frames import as_table
from understudy.jobs.joins import joined
from understudy.jobs.making import FOLLOWS, RARE, Effort, FamilyMaker, Level, Maker, Shares, Wish, wanted_rows
from understudy.jobs.rows import Rows, Source, of_file, of_table, opened
from understudy.jobs.straight import Told, beside, publish
from understudy.jobs.subjects import SubjectMaker, advice
from understudy.jobs.version import code_version
from understudy.schema import Schema, TableName

__all__ = ["MadeTable", "Synthesized", "Wish", "synthesize", "turn"]


@dataclass(frozen=True)
class MadeTable:
    """What became of one table."""

    table: str
    target: str
    rows: int
    learned_from: int
    """Rows of the source; 0 where a saved model was used."""
    columns: Mapping[str, str]
    """How each came to be: ``learned``, ``constant``, ``given``, ``identifier``, ``copied``, or a generator's rule.

    Where labels too rare to be learned are by a rule, it is ``learned, rare ones by`` that; a column that repeats one
    of the row that its row points at is ``that of`` it.
    """
    relations: tuple[str, ...] = ()
    """What holds between columns, and is kept."""
    refused: Mapping[str, int] = field(default_factory=dict)
    """Rows that filters refused, which were made anew, by why."""
    missing: int = 0
    """Rows that filters refused as often as they were made, and that are left out."""
    privacy: str = ""
    """What was spent of a budget, where there was one."""
    seconds: float = 0.0
    copied: bool = False
    """Whether rows are those of a lookup table, with what they say of people masked."""

    def json(self) -> dict[str, Any]:
        """Names and counts, never a value."""
        return {**vars(self), "columns": dict(self.columns), "relations": list(self.relations)}

    def __str__(self) -> str:
        how = "copied" if self.copied else "made"
        return "\n".join([f"{self.target}: {self.rows:,} rows {how}, {self.seconds:.1f} s", *self._told()])

    def _told(self) -> Iterator[str]:
        known = {"learned": "learned", "constant": "constant", "given": "given", "identifier": "identifiers made anew",
                 "copied": "copied"}  # fmt: skip
        how = Counter(
            "repeated from parents" if one.startswith(FOLLOWS) else known.get(one.partition(",")[0], "by generators")
            for one in self.columns.values()
        )
        source = f"from {self.learned_from:,} rows" if self.learned_from or self.copied else "from a saved model"
        yield f"  {source}; columns: " + ", ".join(f"{count} {what}" for what, count in how.most_common())
        made = [
            f"rare {name} by {rule.removeprefix(RARE)}" if rule.startswith(RARE) else f"{name} by {rule}"
            for name, rule in self.columns.items()
            if rule not in known and not rule.startswith(FOLLOWS)
        ]
        if made:
            yield f"  generators: {', '.join(made)}"
        repeated = [f"{name} is {one}" for name, one in self.columns.items() if one.startswith(FOLLOWS)]
        if repeated:
            yield f"  repeated: {', '.join(repeated)}"
        if self.privacy:
            yield "  " + self.privacy.replace("\n", "\n  ")
        if self.relations:
            more = f" and {len(self.relations) - 5} more" if len(self.relations) > 5 else ""
            yield f"  {len(self.relations)} relations kept: {'; '.join(self.relations[:5])}{more}"
        refused = ", ".join(f"{count:,} {what}" for what, count in self.refused.items() if count)
        if refused:
            yield f"  filters refused {refused}, made anew"
        if self.missing:
            yield f"  {self.missing:,} rows were refused as often as they were made, and are left out"


@dataclass(frozen=True)
class Synthesized:
    """What a call made."""

    tables: tuple[MadeTable, ...]
    notes: tuple[str, ...] = ()
    model: str = ""
    """Where the model was saved."""

    def json(self) -> dict[str, Any]:
        """Everything as plain lists and dicts."""
        told = {"code": code_version(), "tables": [one.json() for one in self.tables]}
        return told | {"notes": list(self.notes), "model": self.model}

    def __str__(self) -> str:
        saved = [f"model saved as {self.model}: more rows without learning again, `--model {self.model}`"]
        return "\n".join([*map(str, self.tables), *self.notes, *(saved if self.model else [])])


def synthesize(
    data: Any = None,
    *,
    rows: int | None = None,
    given: Any = None,
    balance: Mapping[str, Shares] | None = None,
    effort: Effort = "normal",
    similarity: Level | None = None,
    outliers: Level | None = None,
    epsilon: float | None = None,
    subject: str = "",
    keys: Sequence[str] = (),
    public: Sequence[str] = (),
    seed: int = 0,
    model: str | Path | None = None,
    save: str | Path | None = None,
    table: str = "data",
    progress: Progress | None = None,
) -> Any:
    """Rows that behave like those of ``data`` without being any of them, of the same kind as was given.

    ``data`` is a pyarrow Table, a pandas or polars DataFrame, or anything that speaks the Arrow stream protocol (which
    becomes a Table); without it, ``model`` is the path of a model that an earlier call did ``save``.  ``rows`` is how
    many are made, by default as many as there are.  ``given`` has one row for each that is made: its values stay, its
    nulls and the columns that it lacks are made to go with them.  ``balance`` says how often the values of columns
    come: ``{"gender": "even"}``, or ``{"gender": {"f": 0.7, "m": 0.3}}``.

    ``effort`` is how much learning may cost: "fast", "normal" or "best".  ``similarity`` and ``outliers`` are levels of
    filters: "off", "medium" or "high".  ``subject`` is a column that says whose row it is: rows of one are made
    together, each going on from those before it.  ``epsilon`` bounds what any one row may change of what is learned
    (differential privacy), or all rows of a subject, which are then not made together.  The same data, options and seed
    give the same rows.

    A dict of tables by name becomes a dict of made ones, in which foreign keys hold: ``keys`` are written
    ``orders.user_id -> users.id``, and likely ones are found by names and values.  ``rows`` is then how
    many the first has, and ``public`` names tables that hold nobody's rows, which are copied as they are.
    """
    wish = Wish(rows, balance or {}, effort, similarity, outliers, seed, epsilon, subject, tuple(public))
    if isinstance(data, Mapping):
        one = {"given": given, "balance": balance, "model": model, "save": save, "subject": _sequenced(wish)}
        _refuse_here(one, "one table", "several")
        return _frames(data, keys, wish, progress or _silent)
    _refuse_here({"keys": keys, "public": public}, "several tables", "one")
    if data is None and model is None:
        raise InputError("there is nothing to learn from", hint="give a table or a DataFrame, or a saved `model=`")
    whole = None if data is None else as_table(data, "learned from")
    source = None if whole is None else of_table(whole, table)
    seeds = None if given is None else as_table(given, "learned from")
    told = progress or _silent
    _refuse_sequences(wish, {"given": given, "balance": balance, "model": model, "save": save})
    maker = _learned(source, wish, told) if model is None and source is not None else Maker.load(str(model))
    if save is not None:
        maker.model.save(save)
    made = pa.Table.from_batches(list(maker.make(wish, seeds, told, real=source)), schema=maker.arrow_schema)
    like = given if data is None else data
    return as_it_came(made, like, None if whole is None else whole.schema)


def _refuse_here(said: Mapping[str, Any], what: str, there: str) -> None:
    for word in (word for word, value in said.items() if value):
        raise InputError(f"`{word}` is for {what}, and there is {there}", hint="leave it out, or give a dict of tables")


def _sequenced(wish: Wish) -> str:
    """The column that says which rows are made together; empty where none are."""
    return wish.subject if wish.epsilon is None else ""


def _refuse_sequences(wish: Wish, said: Mapping[str, Any]) -> None:
    for word in (word for word, value in said.items() if _sequenced(wish) and value):
        raise InputError(f"`{word}` is for rows that do not belong together", hint="leave it out, or `subject`")


def _learned(rows: Rows, wish: Wish, progress: Progress) -> Maker | SubjectMaker:
    """A table, learned as its rows belong together."""
    return SubjectMaker.learn(rows, wish, progress) if _sequenced(wish) else Maker.learn(rows, wish, progress)


def _frames(data: Mapping[str, Any], keys: Sequence[str], wish: Wish, progress: Progress) -> dict[str, Any]:
    """Several tables in memory, made together where keys join them."""
    tables = tuple(of_table(as_table(one, "learned from"), str(name)) for name, one in data.items())
    found = Source(tables, Schema(tuple(one.table for one in tables), engine="files"))
    found = joined(found, keys, look=wish.epsilon is None)
    made: dict[str, list[pa.RecordBatch]] = {str(name): [] for name in data}
    if found.schema.foreign_keys:
        for name, batch in FamilyMaker.learn(found, wish, progress).make(wish):
            made[name.name].append(batch)
    else:
        for one in found.tables:
            made[one.table.name.name] = list(Maker.learn(one, wish, progress).make(wish, None, progress, real=one))
    whole = {one.table.name.name: one.arrow_schema for one in found.tables}
    return {
        str(name): as_it_came(pa.Table.from_batches(made[str(name)], whole[str(name)]), one, whole[str(name)])
        for name, one in data.items()
    }


def as_it_came(made: pa.Table, like: Any, columns: pa.Schema | None) -> Any:
    """A made table as a frame of the kind that was given."""
    package = type(like).__module__.partition(".")[0]
    if package == "pandas":
        return made.replace_schema_metadata(None if columns is None else columns.metadata).to_pandas()
    if package == "polars":
        import polars  # theirs, as the frame is

        return polars.from_arrow(made)
    return made


def _silent(step: str, subject: str, done: int, total: int | None) -> None:
    pass


def turn(
    source: str,
    target: str,
    wish: Wish,
    *,
    told: Told,
    tables: Sequence[str] = (),
    keys: Sequence[str] = (),
    given: str = "",
    model: str = "",
    save: str = "",
    progress: Progress,
) -> Synthesized:
    """Learn what a file, folder or database holds, and write made rows to a file, or of several tables to a folder.

    ``keys`` are foreign keys that no schema declares; of files, likely ones are found, too, but for a budget,
    for which looking would be one more question.  Without a ``source``, a ``model`` that was saved makes rows.
    """
    if not source and not model:
        raise InputError("there is nothing to learn from", hint="name a file, folder or URL, or a model: `--model`")
    _refuse_sequences(wish, {"given": given, "balance": wish.balance, "model": model, "save": save})
    if source and source != files.PIPE and Path(source).resolve() == Path(target).resolve():
        raise InputError(f"{target!r} is the source itself", hint="write beside it")
    if save:
        refuse_existing(Path(save), force=told.force)
    seeds = of_file(given, Told(options=told.options)).read().read_all() if given else None
    if not source:
        return Synthesized((_write(Maker.load(model), None, target, wish, seeds, told, progress),))
    with opened(source, told, tables) as found:
        found = joined(found, keys, look=wish.epsilon is None and found.schema.engine == "files")
        if wish.public and not found.schema.foreign_keys:
            raise InputError("public tables are for several that keys join", hint="leave out `--public`")
        if len(found.tables) > 1 or keys:
            _refuse_for_several(found.tables, target, wish, given=given, model=model, save=save)
            if found.schema.foreign_keys:
                return _related(found, Path(target), wish, told, progress)
            return _several(found.tables, Path(target), wish, told, found.notes, progress)
        rows = found.tables[0]
        _refuse_early(rows, target, wish, seeds, told)
        maker = Maker.load(model, rows.table) if model else _learned(rows, wish, progress)
        if save:
            maker.model.save(save)
        asked = wish.subject or wish.epsilon or model or seeds is not None
        hint = "" if asked else advice(rows)
        notes = (*found.notes, hint) if hint else found.notes
        return Synthesized((_write(maker, rows, target, wish, seeds, told, progress),), notes, save)


def _refuse_early(rows: Rows, target: str, wish: Wish, seeds: pa.Table | None, told: Told) -> None:
    """What would only be found out after learning."""
    _form(target, told)
    if target != files.PIPE:
        refuse_existing(Path(target), force=told.force)
    wanted_rows(wish, seeds, 1)
    names = rows.arrow_schema.names
    for name in (*wish.balance, *(seeds.column_names if seeds is not None else ()), *filter(None, [wish.subject])):
        if name not in names:
            raise unknown("column", name, names)


def _form(target: str, told: Told) -> Format:
    return files.format_of(target, told.to, usual="csv" if target == files.PIPE else "")


def _refuse_for_several(tables: Sequence[Rows], target: str, wish: Wish, *, given: str, model: str, save: str) -> None:
    words = {"--given": given, "--model": model, "--save": save, "--balance": wish.balance,
             "--subject": _sequenced(wish)}  # fmt: skip
    for word in (word for word, said in words.items() if said):
        names = ", ".join(str(one.table.name) for one in tables)
        raise InputError(f"{word} is for one table, and there are several", hint=f"name it, `--table`: {names}")
    if target == files.PIPE or Path(target).is_file():
        raise InputError("several tables need a folder to write to", hint="name it with `-o`, or say `--table`")


def _several(
    tables: Sequence[Rows], target: Path, wish: Wish, told: Told, notes: tuple[str, ...], progress: Progress
) -> Synthesized:
    """Each table by itself, into one folder."""
    ending = files.FORMATS[files.format_of("", told.to, usual="parquet").name].endings[0]
    made: list[MadeTable] = []
    with beside(target) as partial:
        for rows in tables:
            name = f"{rows.table.name}{ending}"
            refuse_existing(target / name, force=told.force)
            maker = Maker.learn(rows, wish, progress)
            one = _write(maker, rows, str(partial / name), wish, None, replace(told, to=""), progress)
            made.append(replace(one, target=str(target / name)))
        publish(partial, target, [Path(one.target).name for one in made])
    return Synthesized(
        tuple(made), (*notes, "each table was learned by itself: no keys join them, `--key` says which do")
    )


def _related(found: Source, target: Path, wish: Wish, told: Told, progress: Progress) -> Synthesized:
    """Tables that foreign keys join, learned and made together, into one folder; ``rows`` are those of the first."""
    ending = files.FORMATS[files.format_of("", told.to, usual="parquet").name].endings[0]
    places = {one.table.name: target / f"{one.table.name}{ending}" for one in found.tables}
    for place in places.values():
        refuse_existing(place, force=told.force)
    family = FamilyMaker.learn(found, wish, progress)
    counts = dict.fromkeys(places, 0)
    with beside(target) as partial, ExitStack() as stack:
        writers: dict[TableName, Any] = {}
        for rows in found.tables:
            out = stack.enter_context(files.output(str(partial / places[rows.table.name].name)))
            form = _form(places[rows.table.name].name, replace(told, to=""))
            writer = writers[rows.table.name] = form.writer(out, told.options, rows)  # type: ignore[arg-type]
            columns = rows.arrow_schema
            writer.write(pa.RecordBatch.from_arrays([pa.nulls(0, kind) for kind in columns.types], schema=columns))
        for name, batch in family.make(wish):
            writers[name].write(batch)
            counts[name] += len(batch)
            progress("make", str(name), counts[name], None)
        for writer in writers.values():
            writer.close()
        stack.close()
        publish(partial, target, [place.name for place in places.values()])
    last = list(places.values())[-1]  # the account is one, of all tables together
    made = [
        MadeTable(
            table=str(name),
            target=str(place),
            rows=counts[name],
            learned_from=family.learned_from.get(name, 0),
            columns=family.columns(name),
            copied=name in family.copied,
            refused=family.outcome[name].refused if name in family.outcome else {},
            missing=family.outcome[name].missing if name in family.outcome else 0,
            privacy="" if place is not last or family.model.privacy is None else str(family.model.privacy),
            seconds=round(time.monotonic() - family.began, 1),
        )
        for name, place in places.items()
    ]
    return Synthesized(tuple(made), (*found.notes, "the tables were made together: keys between them hold"))


def _write(
    maker: Maker | SubjectMaker,
    rows: Rows | None,
    target: str,
    wish: Wish,
    seeds: pa.Table | None,
    told: Told,
    progress: Progress,
) -> MadeTable:
    """Make rows and write them to one file."""
    form = _form(target, told)
    like: Any = maker if rows is None or rows.like is None else rows.like
    options = replace(told.options, about={"made by": f"understudy {code_version()}"})
    count = 0
    with files.output(target, force=told.force) as out:
        writer = form.writer(out, options, like)
        columns = maker.arrow_schema
        writer.write(pa.RecordBatch.from_arrays([pa.nulls(0, kind) for kind in columns.types], schema=columns))
        for batch in maker.make(wish, seeds, progress, real=rows):
            writer.write(batch)
            count += len(batch)
        writer.close()
    outcome = maker.outcome
    return MadeTable(
        table=str(maker.table.name),
        target=target,
        rows=count,
        learned_from=maker.learned_from,
        columns=maker.columns(seeds),
        relations=maker.relations,
        privacy="" if maker.model.privacy is None else str(maker.model.privacy),
        refused=outcome.refused if outcome else {},
        missing=outcome.missing if outcome else 0,
        seconds=round(time.monotonic() - maker.began, 1),
    )
