"""What parts of a stream go through: their columns are picked out, changed by rules, and put back where they stood."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow, transforms
from understudy.arrow import storage
from understudy.connections.files.typed import Back, Typed
from understudy.errors import InputError
from understudy.interfaces import Dataset, Rule, Scan, Transformer
from understudy.jobs.policy import Policy, Ruled
from understudy.schema import Schema, Table

Way = Callable[[Ruled, Dataset | None], tuple[Transformer, frozenset[str]]]
"""What is done with a table under its rules, and the columns that are left out afterwards."""


Reread = Callable[[], Iterable[pa.RecordBatch]]
"""The same batches, from the beginning: for rules that look at a whole column before they change it."""


@dataclass
class Counts:
    """What became of the values of changed columns."""

    values: Counter[str] = field(default_factory=Counter)
    """Values that are not null."""
    same: Counter[str] = field(default_factory=Counter)
    """Values that came out as they went in."""


@dataclass(frozen=True)
class _Again:
    """A stream that can be read again, as the Dataset that rules know."""

    table: Table
    batches: Reread
    as_rules_see: Callable[[pa.Array, str], tuple[pa.Array, Back]]

    def schema(self) -> Schema:
        """The one table there is."""
        return Schema((self.table,))

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        """Some of its columns."""
        fields = [(name, self.table.column(name).arrow_type) for name in scan.columns]
        return arrow.reader(
            pa.schema(fields),
            (
                pa.RecordBatch.from_arrays(
                    [self.as_rules_see(batch.column(name), name)[0].cast(kind) for name, kind in fields],
                    names=list(scan.columns),
                )
                for batch in self.batches()
            ),
        )


class Lane:
    """Batches of one table, all of the same columns."""

    def __init__(
        self,
        ruled: Ruled,
        way: Way,
        *,
        read_as: Mapping[str, Typed] | None = None,
        nulls: Sequence[str] = (),
        reread: Reread | None = None,
        counts: Counts | None = None,
    ) -> None:
        self.ruled = ruled
        self.counts = counts or Counts()
        self._read_as = read_as or {}
        self._nulls = nulls
        again = _Again(ruled.table, reread, self._read) if reread else None
        self._transform, self._left_out = way(ruled, again)

    def __call__(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """The batch with its columns changed, each in the Arrow type it came in."""
        before, backs = self.before(batch)
        after = self._transform(before)
        changed = dict(zip(before.schema.names, after.columns, strict=True))
        for name in self.ruled.changed:
            self.counts.values[name] += batch.num_rows - before.column(name).null_count
            self.counts.same[name] += transforms.fixed_points(before.column(name), changed[name])
        made = [
            _like(backs[name](changed[name]), column) if name in self.ruled.changed else column
            for name, column in zip(batch.schema.names, batch.columns, strict=True)
        ]
        return pa.RecordBatch.from_arrays(made, schema=batch.schema).drop_columns(sorted(self._left_out))

    @property
    def met(self) -> Collection[str]:
        """The columns that there are."""
        return self.ruled.table.by_name.keys()

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules of all columns."""
        return self.ruled.rules

    def columns(self, before: pa.Schema) -> pa.Schema:
        """The columns that batches of these columns have afterwards."""
        kept = [field for field in before if field.name not in self._left_out]
        return pa.schema(kept, before.metadata)

    def before(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, dict[str, Back]]:
        """The columns that rules read, as what they are, and for each how it is written back."""
        columns: list[pa.Array] = []
        backs: dict[str, Back] = {}
        for name in self.ruled.read:
            column, backs[name] = self._read(batch.column(name), name)
            if column.null_count and not self.ruled.table.column(name).nullable:
                hint = "name another under `unique`: the first tells rows apart"
                raise InputError(f"column {name!r} of {str(self.ruled.table.name)!r} is empty in some rows", hint=hint)
            columns.append(column)
        return pa.RecordBatch.from_arrays(columns, names=list(self.ruled.read)), backs

    def _read(self, values: pa.Array, name: str) -> tuple[pa.Array, Back]:
        return told_apart(values, self._read_as.get(name), self._nulls, name)


def told_apart(values: pa.Array, typed: Typed | None, nulls: Sequence[str], name: str) -> tuple[pa.Array, Back]:
    """Values as rules see them, texts that mean NULL apart, and the function that writes others in their form."""
    if isinstance(values.type, pa.BaseExtensionType):
        return values, _as_it_is
    values = arrow.plain(values)
    if not pa.types.is_string(values.type) or (typed is None and not nulls):
        return values, _as_it_is
    idle = pc.is_in(values, pa.array([*nulls, *([""] if typed else [])], pa.string()))
    told = pc.if_else(idle, None, values) if idle.true_count else values
    read, back = (told, _as_it_is) if typed is None else typed.read(told, name)
    if not idle.true_count:
        return read, back
    return read, lambda changed: pc.if_else(idle, values, back(changed))


def lane_of(
    policy: Policy,
    table: str,
    columns: pa.Schema,
    way: Way,
    *,
    reread: Reread | None = None,
    counts: Counts | None = None,
) -> Lane:
    """The lane of a table whose columns are known."""
    twice = sorted({name for name in columns.names if columns.names.count(name) > 1})
    if twice:
        raise InputError(f"two columns of {table!r} are called {twice[0]!r}")
    seen = [policy.column(table, field.name, field.type) for field in columns]
    ruled = policy.rules(policy.table(table, [column for column, _ in seen]))
    read_as = {column.name: typed for column, typed in seen if typed is not None}
    return Lane(ruled, way, read_as=read_as, nulls=policy.nulls, reread=reread, counts=counts)


def _as_it_is(changed: pa.Array) -> pa.Array:
    return changed


def _like(made: pa.Array, original: pa.Array) -> pa.Array:
    """A column in the Arrow type of another."""
    return made if made.type == original.type else storage(made).cast(original.type)
