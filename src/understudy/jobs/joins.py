"""Foreign keys that no schema declares: as a person writes them, and as names and values of files tell them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import replace
from functools import cache

import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.detect.names import singular
from understudy.errors import InputError, unknown
from understudy.jobs.rows import Source
from understudy.schema import Column, ForeignKey, Schema, Table, TableName, Unique

Batches = Callable[[TableName], Iterator[pa.RecordBatch]]
"""The rows of a table, from the first."""

_END = r"\s*([^()=>]+?)\.(?:\(([^()]+)\)|([^.()=>]+?))\s*"
_KEY = re.compile(f"{_END}(?:->|=){_END}")
_NAMES_ROWS = re.compile(r"(id|key|code|no|nr|num|number|uuid|guid)$")
"""How columns end that are keys."""
_ONE = {"people": "person", "children": "child", "staff": "employee"}
"""Words for many that rules do not make one of."""
_OTHER_ROW = re.compile(
    r"(parent|(in)?reply(ing)?to|previous|prev|next|predecessor|successor|replaces|replacedby|supersedes|duplicateof)$"
)
_OTHER_PERSON = re.compile(r"(reportsto|manager|supervisor|boss|mentor|referrer|edby|spouse)$")
"""How columns end that point at another row of their own table, before a word for keys; the second, if it holds people:
the manager of a department is none."""
_PEOPLE = {"employee", "staff", "personnel", "worker", "user", "person", "member", "customer", "client", "agent"}
"""Fewer than tables of people are called: whoever invited another is no invitation."""


def foreign_key(text: str, schema: Schema) -> ForeignKey:
    """A foreign key as it is written: ``orders.user_id -> users.id``, ``lines.(order_id, no) -> ...``."""
    match = _KEY.fullmatch(text)
    if match is None:
        raise InputError(f"{text!r} is no foreign key", hint="write it as `orders.user_id -> users.id`")
    ends = []
    for name, several, one in (match.group(1, 2, 3), match.group(4, 5, 6)):
        table = schema.find(name.strip())
        columns = tuple(column.strip() for column in (several or one).split(","))
        for column in columns:
            if column not in table.by_name:
                raise unknown("column", f"{name.strip()}.{column}", table.by_name)
        ends.append((table.name, columns))
    if len(ends[0][1]) != len(ends[1][1]):
        raise InputError(f"{text!r} joins different numbers of columns")
    return ForeignKey("said", *ends[0], *ends[1], virtual=True)


def joined(source: Source, said: Sequence[str], *, look: bool) -> Source:
    """A source with the foreign keys that are ``said``, and likely ones if none is declared and one may ``look``.

    What they point at is a key of its table from then on; an InputError where it cannot be one.
    """
    rows, notes = {one.table.name: one for one in source.tables}, source.notes
    different = _once(lambda name: rows[name].batches())
    keys = tuple(foreign_key(text, source.schema) for text in said)
    for key in keys:
        _refuse(key, source.schema, different)
    if look and not source.schema.foreign_keys:
        found = _likely(source.schema, different, keys)
        if found:
            notes += (f"keys found by names and values: {', '.join(map(str, found))}; others are said with `--key`",)
        keys += found
    tables = {one.name: _keyed(one, keys, different) for one in source.schema.tables}
    ids = {key.id for key in keys}
    others = tuple(key for key in source.schema.foreign_keys if key.id not in ids)
    schema = replace(source.schema, tables=tuple(tables.values()), foreign_keys=(*keys, *others))
    return Source(tuple(replace(one, table=tables[one.table.name]) for one in source.tables), schema, notes)


def likely(schema: Schema, batches: Batches, but: Collection[ForeignKey] = ()) -> tuple[ForeignKey, ...]:
    """Foreign keys that nothing declares: by names, and because all values of a column are keys of the other table.

    Columns of keys that are known are left out (``but``).
    """
    return _likely(schema, _once(batches), but)


def _likely(schema: Schema, different: _Different, but: Collection[ForeignKey]) -> tuple[ForeignKey, ...]:
    known = {(key.table, column) for key in but for column in key.columns}

    def points(child: Table, column: Column, parent: Table, key: Column) -> bool:
        if column.kind != key.kind or not _NAMES_ROWS.search(_plain(key.name)):
            return False
        within = parent.name == child.name
        if not (_named_back if within else _named)(column, parent, key):
            return False
        values, keys = different(child.name, (column.name,)), different(parent.name, (key.name,))
        return _points(values, keys) and not (within and values.is_key)

    found: list[ForeignKey] = []
    for child in schema.tables:
        for column in (one for one in child.columns if (child.name, one.name) not in known):
            # its own table last, and of the others first what it is called after
            near = sorted(schema.tables, key=lambda one: (one.name == child.name, not _called_after(column.name, one)))
            for parent in near:
                to = next((key for key in parent.columns if points(child, column, parent, key)), None)
                if to is not None:
                    found.append(ForeignKey("found", child.name, (column.name,), parent.name, (to.name,), virtual=True))
                    break
    return tuple(key for at, key in enumerate(found) if not _answered(key, found[:at], found[at + 1 :], schema))


def _answered(key: ForeignKey, before: list[ForeignKey], after: list[ForeignKey], schema: Schema) -> bool:
    """Whether two keys point at one another, and the other is the one that stays: at the table called after them."""

    def back(other: ForeignKey) -> bool:
        return (other.table, other.columns, other.parent) == (key.parent, key.parent_columns, key.table)

    ours, theirs = (_called_after(key.columns[0], schema.table(name)) for name in (key.parent, key.table))
    answers = after if theirs == ours else (*before, *after) if theirs else ()
    return any(map(back, answers))


def _named(column: Column, parent: Table, key: Column) -> bool:
    """Whether a column is called as if it held that key of another table, perhaps in some role: `manager_staff_id`."""
    ours, theirs = _plain(column.name), _plain(key.name)
    if not _NAMES_ROWS.fullmatch(theirs) and ours.endswith(theirs):
        return True
    return any(ours == stem or ours.endswith(stem + theirs) for stem in _stems(parent))


def _named_back(column: Column, table: Table, key: Column) -> bool:
    """Whether a column is called as if it held that key of another row of its own table: `parent_id`, `reports_to`."""
    ours, theirs = _plain(column.name), _plain(key.name)
    if column.name == key.name:
        return False
    role, stems = _NAMES_ROWS.sub("", ours), _stems(table)
    if _OTHER_ROW.search(role) or (stems & _PEOPLE and _OTHER_PERSON.search(role)):
        return True
    return ours not in stems | {stem + theirs for stem in stems} and _named(column, table, key)


def _called_after(column: str, table: Table) -> bool:
    return any(_plain(column).startswith(stem) for stem in _stems(table))


def _stems(table: Table) -> set[str]:
    """What one row of a table may be called: of ``Countries`` also ``country``."""
    name = _plain(table.name.name.rpartition(".")[2])
    return {name, singular(name), name.removesuffix("s"), name.removesuffix("es"), _ONE.get(name, name)}


def _plain(name: str) -> str:
    return re.sub(r"[\W_]", "", name).lower()


class _Values:
    """The different values of some columns, how many rows there are, and whether any row lacks one."""

    def __init__(self, values: pa.Table, rows: int, *, lacking: bool) -> None:
        self.values, self.rows, self.lacking = values, rows, lacking

    @property
    def is_key(self) -> bool:
        return self.rows > 0 and not self.lacking and len(self.values) == self.rows


_Different = Callable[[TableName, tuple[str, ...]], _Values]
"""What some columns of a table hold."""


def _once(batches: Batches) -> _Different:
    """What columns hold, read when it is first asked for."""
    return cache(lambda table, columns: _different(batches(table), columns))


def _different(batches: Iterator[pa.RecordBatch], columns: Sequence[str]) -> _Values:
    found, rows, lacking = [], 0, False
    for batch in batches:
        some = pa.table([arrow.plain(batch.column(name)) for name in columns], names=list(columns))
        lacking |= any(one.null_count for one in some.columns)
        rows += len(some)
        found.append(some.group_by(list(columns)).aggregate([]))
    values = pa.concat_tables(found).group_by(list(columns)).aggregate([]) if found else pa.table({})
    return _Values(values, rows, lacking=lacking)


def _points(child: _Values, parent: _Values) -> bool:
    """Whether each value of a column is a key of another table."""
    if not parent.is_key or not child.rows:
        return False
    keys, values = parent.values.column(0), child.values.column(0).drop_null()
    if len(values) == 0 or len(values) > len(keys):
        return False
    return bool(pc.all(pc.is_in(values.cast(keys.type, safe=False), value_set=keys)).as_py())


def _refuse(key: ForeignKey, schema: Schema, different: _Different) -> None:
    """An InputError where a key that was said cannot be one."""
    for column, other in zip(key.columns, key.parent_columns, strict=True):
        kinds = [schema.table(key.table).column(column).kind, schema.table(key.parent).column(other).kind]
        if kinds[0] != kinds[1]:
            said = f"{key.table}.{column} holds {kinds[0]} and {key.parent}.{other} {kinds[1]}"
            raise InputError(f"{said}, so the one cannot point at the other", hint="both must be of one kind")
    if not different(key.parent, key.parent_columns).is_key:
        columns = ", ".join(key.parent_columns)
        hint = "a foreign key points at columns that are different, and there, in every row"
        raise InputError(f"{columns} of {key.parent} is no key: a value is missing or comes twice", hint=hint)


def pointed_at(table: TableName, keys: Collection[ForeignKey]) -> list[tuple[str, ...]]:
    """The columns of a table that keys point at."""
    return sorted({key.parent_columns for key in keys if key.parent == table})


def with_keys(table: Table, columns: Sequence[tuple[str, ...]]) -> Table:
    """A table of which these columns are keys, the first its primary key if it has none."""
    made = (Unique("found", one, primary=not table.primary_key and one == columns[0]) for one in columns)
    return replace(table, uniques=(*table.uniques, *made))


def _keyed(table: Table, keys: Sequence[ForeignKey], different: _Different) -> Table:
    """A table of which what keys point at are keys.

    Columns by which it points at others may lack a value only where one does, and without another key of its own they
    are one together where they never come twice, as orders and products of a line do.
    """
    known = {unique.columns for unique in table.uniques}
    fresh = [columns for columns in pointed_at(table.name, keys) if columns not in known]
    filled = {column for columns in fresh for column in columns}
    own = [key for key in keys if key.table == table.name]
    for key in own:
        if not different(table.name, key.columns).lacking:
            filled |= set(key.columns)
    together = tuple(dict.fromkeys(column for key in own for column in key.columns))
    if len(own) > 1 and not known and not fresh and different(table.name, together).is_key:
        fresh = [together]
    columns = tuple(replace(one, nullable=one.nullable and one.name not in filled) for one in table.columns)
    return with_keys(replace(table, columns=columns), fresh)
