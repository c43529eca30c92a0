"""Rules become one function over a table's batches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import like, plain, storage
from understudy.errors import Error, InputError
from understudy.interfaces import Dataset, Rule, Scan, Transformer
from understudy.schema import Column, Table, TableName
from understudy.transforms.declare import Change, Domains, Rows, Setting
from understudy.transforms.domains import Spot
from understudy.transforms.key import Key
from understudy.transforms.placed import Placed, placed
from understudy.transforms.sentinels import kept

_NOWHERE: Mapping[Spot, Rule] = {}


def compile(  # noqa: A001  # the word for it, and nobody compiles Python here
    table: Table,
    rules: Mapping[str, Rule],
    *,
    key: Key,
    domains: Domains,
    dataset: Dataset | None = None,
    elsewhere: Mapping[Spot, Rule] = _NOWHERE,
) -> Transformer:
    """The Transformer of one table, for rules as ``spread`` returns them.

    It changes the columns that have a rule and are in the batch; all others pass untouched.  It may
    be called from several threads.  ``dataset`` is read once, here, if a rule shuffles; such a
    column is held in memory as a whole.  ``elsewhere`` are the rules of all tables, for rules that
    put in place what other tables become.
    """
    given = Given(key, domains, dataset, elsewhere)
    changing = {name: rule for name, rule in rules.items() if rule.name != "keep"}
    changes = {name: change_of(table, table.column(name), rule, given) for name, rule in changing.items()}
    turns = order(table, changing)

    def transform(batch: pa.RecordBatch) -> pa.RecordBatch:
        after: dict[str, pa.Array] = {}
        rows = Rows(batch, after)
        names = batch.schema.names
        if not batch.num_rows:
            return batch
        for name in turns:
            if name in names:
                after[name] = changes[name](storage(batch.column(name)), rows)
        return with_columns(batch, after)

    return transform


def needs(table: Table, rules: Mapping[str, Rule]) -> frozenset[str]:
    """The columns that rules read besides their own: subjects, the row's key, the parts of templates."""
    there = [placed(table, table.column(name), rule) for name, rule in rules.items()]
    return frozenset[str]().union(*(one.needs | one.reads for one in there))


def fixed_points(before: pa.Array, after: pa.Array) -> int:
    """How many values are what they were before; what tells nothing (null, blank text, 0 and -1) does not count."""
    before, after = storage(before), storage(after)
    stayed = before.filter(pc.fill_null(pc.equal(before, after), False))
    if pa.types.is_string(stayed.type) or pa.types.is_large_string(stayed.type):
        return int(pc.sum(pc.greater(pc.binary_length(pc.utf8_trim_whitespace(stayed)), 0)).as_py() or 0)
    if pa.types.is_integer(stayed.type):
        return len(stayed) - int(pc.sum(pc.is_in(stayed, pa.array([0, -1], stayed.type))).as_py() or 0)
    return len(stayed)


class Given(NamedTuple):
    """What every Change of a table is built from, whichever way it goes."""

    key: Key
    domains: Domains
    dataset: Dataset | None = None
    elsewhere: Mapping[Spot, Rule] = _NOWHERE
    """The rules of all tables."""
    back: bool = False
    """From stand-ins to originals."""


def change_of(table: Table, column: Column, rule: Rule, given: Given) -> Change:
    """A rule's Change for one column, or the one that undoes it, with what must not change put back.

    An InputError where the rule does not fit the column, or where there is no way back.
    """
    return _change_of(placed(table, column, rule), given)


def _change_of(one: Placed, given: Given) -> Change:
    made, place = one.made, one.place
    where = f"{place.table.name}.{place.column.name}"
    if not one.takes(place.column):
        raise InputError(f"{made.name} does not take {place.column.native_type} ({where})")
    problem = made.problem(place) or next((f"{label}: {why}" for label, why in one.unfit.items()), "")
    if problem:
        raise InputError(f"{where}: {problem}", hint=f"as in `{made.example}`")
    build = made.inverse if given.back else made.build
    if build is None:
        raise InputError(f"nothing leads back from {made.name}")
    setting = Setting(
        place,
        given.key,
        given.domains,
        given.dataset,
        build=lambda inner, part: change_of(place.table, part, inner, given),
        branches=lambda: [_change_of(branch, given) for branch in one.branches.values()],
        pieces=lambda label: {piece.place.column.kind: _change_of(piece, given) for piece in one.pieces[label]},
        masked=lambda name, columns: _masked(name, columns, given),
    )
    return _guarded(one, build(setting))


def _masked(name: TableName, columns: Sequence[str], given: Given) -> Iterator[tuple[pa.RecordBatch, pa.RecordBatch]]:
    """Some columns of another table, batch by batch: as they are, and as its own rules change them."""
    if given.dataset is None:
        raise InputError(f"{name} is another table, and there is none to read here")
    table = given.dataset.schema().table(name)
    rules = {column: rule for (owner, column), rule in given.elsewhere.items() if owner == name}
    wanted, further = set(columns), set(columns)
    while further:
        unruled = sorted(further - rules.keys())
        if unruled:
            raise InputError(f"{name}.{unruled[0]} has no rule here", hint="mask the whole database together")
        read = frozenset[str]().union(*(placed(table, table.column(one), rules[one]).reads for one in further))
        further = set(read) - wanted
        wanted |= read
    chosen = {column: rules[column] for column in wanted}
    transform = compile(
        table, chosen, key=given.key, domains=given.domains, dataset=given.dataset, elsewhere=given.elsewhere
    )
    for batch in given.dataset.read(Scan(name, tuple(sorted(wanted | needs(table, chosen))))):
        yield batch, transform(batch)


def with_columns(batch: pa.RecordBatch, changed: Mapping[str, pa.Array]) -> pa.RecordBatch:
    """The batch with some columns exchanged, each in the Arrow type it came in."""
    columns = [
        _as(changed[name], column, name) if name in changed else column
        for name, column in zip(batch.schema.names, batch.columns, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def _guarded(one: Placed, change: Change) -> Change:
    """A Change that sees NULL and infinite values as NULL, and puts them back."""
    filled = one.nulls == "filled"

    def guarded(values: pa.Array, rows: Rows) -> pa.Array:
        there = plain(values)
        untouched = kept(there)
        if filled:
            return change(there, rows)
        hidden = pc.if_else(untouched, None, there) if untouched.true_count > there.null_count else there
        found = change(hidden, rows)
        if len(found) != len(values):
            raise Error(f"{one.name} gave {len(found)} values for {len(values)}")
        found = found.cast(there.type) if found.type != there.type else found
        return pc.if_else(untouched, there, found) if untouched.true_count else found

    return guarded


def _as(made: pa.Array, original: pa.Array, name: str) -> pa.Array:
    """A changed column in the Arrow type it came in."""
    try:
        return like(made, original.type)
    except pa.ArrowException as error:
        raise Error(f"the rule of column {name!r} gives {made.type}, and the column is {original.type}") from error


def order(table: Table, rules: Mapping[str, Rule]) -> list[str]:
    """The columns in the order in which they can be changed: what reads changed columns comes after them."""
    waiting: dict[str, frozenset[str]] = {}
    for name, rule in rules.items():
        waiting[name] = placed(table, table.column(name), rule).reads
    turns: list[str] = []
    while waiting:
        ready = [name for name, parts in waiting.items() if not parts & waiting.keys()]
        if not ready:
            raise InputError(f"rules of {table.name} are made of one another: {', '.join(sorted(waiting))}")
        turns += ready
        waiting = {name: parts for name, parts in waiting.items() if name not in ready}
    return turns
