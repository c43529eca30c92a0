"""A table as numbers that a network learns, and back: one codec per column, learned from a sample of its rows."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy import arrow, readings
from understudy.errors import InputError
from understudy.readings import Reading
from understudy.schema import Column, Table, TableName
from understudy.synth.encoding.columns import (
    UNKNOWN,
    Cells,
    Coded,
    Codes,
    Drawn,
    Levels,
    Part,
    categories_of,
    numbers_of,
)
from understudy.synth.encoding.identifiers import Identifiers, identifiers_of, is_identifier
from understudy.synth.encoding.moments import moments_of
from understudy.synth.relations.finding import Relations
from understudy.synth.relations.later import Later
from understudy.synth.relations.legal import Legal
from understudy.synth.relations.linked import linked, mended
from understudy.synth.relations.related import Related, in_order

FEWEST = 20
"""Rows below which a table is refused: whatever was made from so few would show them."""
_STRETCH = 65_536


@dataclass(frozen=True)
class Encoded:
    """Rows as arrays of shape (rows, parts): classes (-1 where unknown), and the range of levels of numbers."""

    codes: Codes
    low: Levels
    high: Levels
    own: Codes | None = None
    """The classes of the values themselves, where some classes say what a value follows from; None where none does."""

    def __len__(self) -> int:
        return len(self.codes)

    def take(self, rows: NDArray[np.int64] | slice) -> Encoded:
        """Some of the rows."""
        return Encoded(self.codes[rows], self.low[rows], self.high[rows], None if self.own is None else self.own[rows])

    @staticmethod
    def of(cells: Sequence[Cells], rows: int) -> Encoded:
        """Parts beside one another."""
        if not cells:
            empty = np.zeros((rows, 0), np.float32)
            return Encoded(np.zeros((rows, 0), np.int32), empty, empty)
        codes, low, high = (np.stack([getattr(cell, of) for cell in cells], 1) for of in ("codes", "low", "high"))
        if all(cell.own is None for cell in cells):
            return Encoded(codes, low, high)
        return Encoded(codes, low, high, np.stack([cell.codes if cell.own is None else cell.own for cell in cells], 1))


@dataclass(frozen=True)
class Encoder:
    """Every column's codec, in the table's order; ``context`` columns are shown to the network and never made."""

    schema: pa.Schema
    coded: Mapping[str, Coded]
    identifiers: tuple[str, ...] = ()
    """Columns of which nothing is learned but null or not: every value is a fresh one."""
    context: tuple[str, ...] = ()
    relations: Relations = field(default_factory=Relations)
    """What holds between columns."""
    legal: Legal = field(default_factory=Legal)
    """Which classes go together."""
    texts: Mapping[str, Reading] = field(default_factory=dict)
    """Columns of texts that say dates, times or amounts, which is what is learned of them."""

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Columns in the order of their parts: those that are made, then the context."""
        made = [name for name in self.schema.names if name not in self.context]
        return (*made, *self.context)

    @cached_property
    def places(self) -> Mapping[str, slice]:
        """Where the parts of each column are."""
        found, at = {}, 0
        for name in self.names:
            count = len(self.coded[name].parts)
            found[name] = slice(at, at + count)
            at += count
        return found

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """All parts: those that are made, then those of the context."""
        return tuple(part for name in self.names for part in self.coded[name].parts)

    @cached_property
    def made(self) -> int:
        """How many parts are made; the rest are context."""
        return sum(len(self.coded[name].parts) for name in self.names if name not in self.context)

    @cached_property
    def inner(self) -> pa.Schema:
        """The Arrow schema of what is learned: as the table's, but for texts what they say."""
        return pa.schema([one.with_type(self.texts[one.name].arrow_type) if one.name in self.texts else one
                          for one in self.schema])  # fmt: skip

    @cached_property
    def made_schema(self) -> pa.Schema:
        """The Arrow schema of rows that are made."""
        return pa.schema([one for one in self.schema if one.name not in self.context])

    def encode(self, rows: pa.RecordBatch | pa.Table, *, given: bool = False) -> Encoded:
        """Rows as arrays.  Columns that are not there are unknown; with ``given``, nulls are unknown as well."""
        cells: list[Cells] = []
        there = self.read(rows)
        for name in self.names:
            coded = self.coded[name]
            if name not in there:
                none = np.zeros(len(rows), np.float32)
                gone = np.full(len(rows), UNKNOWN, np.int32)
                cells += [Cells(gone, none, none) for _ in coded.parts]
                continue
            values = there[name]
            found = coded.encode_with(values, there) if isinstance(coded, Related | Later) else coded.encode(values)
            if given:
                unknown = np.asarray(values.is_null(nan_is_null=False))
            else:
                unknown = self._odd(name, rows.column(name), values)
            for cell in found if unknown.any() else ():
                cell.codes[unknown] = UNKNOWN
                if cell.own is not None:
                    cell.own[unknown] = UNKNOWN
            cells += found
        return Encoded.of(cells, len(rows))

    def read(self, rows: pa.RecordBatch | pa.Table) -> dict[str, pa.Array]:
        """The columns that are there, as plain values of the table's own types; of texts what they say."""
        return {name: self._read(name, rows.column(name)) for name in self.names if name in rows.schema.names}

    def _read(self, name: str, values: pa.Array | pa.ChunkedArray) -> pa.Array:
        wanted = self.inner.field(name).type
        one = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
        if name in self.texts and arrow.is_text(one.type):
            return readings.read(one, self.texts[name])
        if one.type != wanted:
            try:
                one = arrow.like(arrow.plain(one), wanted)
            except pa.ArrowInvalid as error:
                raise InputError(
                    f"column {name!r} has {one.type} where the table has {wanted}, and a value does not fit",
                    hint="give values of the table's own types",
                ) from error
        return arrow.plain(one)

    def _odd(self, name: str, column: pa.Array | pa.ChunkedArray, values: pa.Array) -> NDArray[np.bool_]:
        """Which texts of a column say nothing as it does."""
        if name not in self.texts or not arrow.is_text(column.type):
            return np.zeros(len(values), bool)
        texts = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        return readings.odd(arrow.plain(texts), values, self.texts[name])

    def said(self, given: pa.Table) -> pa.Table:
        """Rows given in part, with what their texts say; an InputError where one does not say it as its column does."""
        for name, reading in self.texts.items():
            if name not in given.schema.names or not arrow.is_text(given.schema.field(name).type):
                continue
            column, at = given.column(name), given.schema.get_field_index(name)
            found = self._read(name, column)
            if self._odd(name, column, found).any():
                example = self.written(name, pa.array([reading.example], found.type))[0].as_py()
                hint = f"write it as in {example!r}"
                raise InputError(f"column {name!r} has a value that is not written as the others are", hint=hint)
            given = given.set_column(at, name, found)
        return given

    def written(self, name: str, values: pa.Array) -> pa.Array:
        """Values of a column as its table has them: as texts, where it does."""
        return self.texts[name].write(values) if name in self.texts else values

    def decode(
        self,
        codes: Codes,
        levels: Levels,
        rng: np.random.Generator,
        first: int,
        given: pa.Table | None = None,
    ) -> pa.RecordBatch:
        """Rows of drawn parts, in the table's own Arrow types, with what is given in its place.

        ``first`` numbers the first row among all that are made.
        """
        rows = range(first, first + len(codes))
        made: dict[str, pa.Array] = {}
        for name in self._order:
            coded, at = self.coded[name], range(len(self.parts))[self.places[name]]
            drawn = Drawn([codes[:, i] for i in at], [levels[:, i] for i in at], rng, rows)
            values = coded.decode_with(drawn, made) if isinstance(coded, Later) else coded.decode(drawn)
            values = arrow.plain(typed(values, self.inner.field(name).type))
            if isinstance(coded, Related):
                values = coded.filled(values, drawn.codes[0], made)
            if given is not None and name in given.schema.names:
                values = pc.coalesce(arrow.plain(given.column(name).combine_chunks()).cast(values.type), values)
            made[name] = values
        mended(self, made, given, rng)
        columns = [arrow.like(self.written(one.name, made[one.name]), one.type) for one in self.made_schema]
        return pa.RecordBatch.from_arrays(columns, schema=self.made_schema)

    @cached_property
    def _order(self) -> list[str]:
        return in_order(self.made_schema.names, self.coded)


def typed(values: pa.Array, arrow_type: pa.DataType) -> pa.Array:
    """Plain decoded values in the type of their column; numbers that do not fit become the nearest that do."""
    if isinstance(arrow_type, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(arrow_type, typed(values, arrow_type.storage_type))
    if values.type == arrow_type:
        return values
    if pa.types.is_null(arrow_type):
        return pa.nulls(len(values))
    if pa.types.is_dictionary(arrow_type):
        return typed(values, arrow_type.value_type).dictionary_encode().cast(arrow_type)
    if pa.types.is_integer(arrow_type) and not pa.types.is_int64(arrow_type):
        limits = np.iinfo(arrow_type.to_pandas_dtype())
        numbers = np.clip(values.fill_null(0).to_numpy(zero_copy_only=False), limits.min, limits.max)
        return pa.array(np.rint(numbers).astype(limits.dtype), arrow_type, mask=np.asarray(values.is_null()))
    if pa.types.is_date32(arrow_type):
        return values.cast(pa.int32()).cast(arrow_type)
    if pa.types.is_date64(arrow_type):
        return values.cast(pa.int32()).cast(pa.date32()).cast(arrow_type)
    if pa.types.is_time32(arrow_type):
        return values.cast(pa.int32()).cast(arrow_type)
    if pa.types.is_decimal(arrow_type):
        most = 10.0 ** (arrow_type.precision - arrow_type.scale) - 10.0**-arrow_type.scale
        values = pc.min_element_wise(values.cast(pa.float64()), most, skip_nulls=False)
        return pc.max_element_wise(values, -most, skip_nulls=False).cast(arrow_type, safe=False)
    return values.cast(arrow_type, safe=False)


def encoder_of(
    table: Table,
    rows: pa.Table,
    *,
    k: int,
    identifiers: Collection[str] = (),
    context: Sequence[str] = (),
    relations: bool | Collection[str] = True,
) -> Encoder:
    """Learn the codecs of a table from a sample of its rows; an InputError where that cannot be done.

    ``relations``: whether to look for what holds between columns, and keep it; or the columns between which.
    """
    if len(rows) < FEWEST:
        raise InputError(
            f"{table.name} has {len(rows)} row{'s' * (len(rows) != 1)}, fewer than the {FEWEST} it takes:"
            " what is made from so few would show them",
            hint="give more rows, leave the table out, or mask it instead",
        )
    coded: dict[str, Coded] = {}
    texts: dict[str, Reading] = {}
    for one in rows.schema:
        column = table.by_name.get(one.name) or column_of(one)
        values = arrow.plain(rows.column(one.name).combine_chunks())
        unique = any(u.columns == (one.name,) and not u.predicate for u in table.uniques)
        named = one.name not in context and one.name in identifiers
        reading = None if named or unique or column.labels else readings.reading_of(values)
        if reading is not None:
            coded[one.name], texts[one.name] = _said(column, values, reading, k), reading
        elif named or (one.name not in context and is_identifier(values, unique=unique, called=one.name)):
            coded[one.name] = identifiers_of(
                values, k, nullable=column.nullable, max_length=column.max_length, unique=unique
            )
        else:
            coded[one.name] = coded_of(column, values, k)
    fresh = tuple(name for name, one in coded.items() if isinstance(one, Identifiers))
    encoder = Encoder(rows.schema, coded, fresh, tuple(context), texts=texts)
    among = None if isinstance(relations, bool) else relations
    return linked(encoder, table, pa.table(encoder.read(rows)), k, among) if relations else encoder


def _said(column: Column, texts: pa.Array, reading: Reading, k: int) -> Coded:
    """Learn the codec of what the texts of a column say, but for those that say nothing."""
    values = readings.read(texts, reading)
    nullable = column.nullable or reading.nothing is not None
    there = pa.array(~readings.odd(texts, values, reading))
    return coded_of(replace(column, nullable=nullable), values.filter(there), k)


def coded_of(column: Column, values: pa.Array, k: int) -> Coded:
    """Learn the codec of one column from its plain values."""
    kind = values.type
    if pa.types.is_null(kind):
        return numbers_of(values.cast(pa.float64()), k)
    if pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind):
        return numbers_of(values, k, nullable=column.nullable)
    if pa.types.is_temporal(kind) and not pa.types.is_interval(kind):
        return moments_of(values, k, nullable=column.nullable)
    if arrow.is_text(kind) or pa.types.is_boolean(kind):
        return categories_of(values, k, declared=column.labels, nullable=column.nullable, max_length=column.max_length)
    raise InputError(
        f"column {column.name!r} holds {kind}, which cannot be learned",
        hint="leave the column out, or give it a rule of its own",
    )


def column_of(one: pa.Field) -> Column:
    """What an Arrow field says of a column, where no database says more."""
    return Column(one.name, str(one.type), arrow.kind_of(one.type), one.type, nullable=one.nullable)


def table_of(schema: pa.Schema, name: str = "rows") -> Table:
    """A table of an Arrow schema's columns, where no database says more."""
    return Table(TableName("", name), tuple(column_of(one) for one in schema))


class Reservoir:
    """A uniform sample of a stream's rows, of bounded size, the same for the same stream and seed.

    Every row draws a number, and the ``size`` rows with the least are kept, in the stream's order.
    """

    def __init__(self, schema: pa.Schema, size: int, seed: int) -> None:
        self.seen = 0
        self._size, self._rng, self._bar = size, np.random.default_rng(seed), 1.0
        self._kept = [schema.empty_table()]
        self._drawn = [np.zeros(0)]

    def add(self, batch: pa.RecordBatch) -> None:
        """Offer rows."""
        drawn = self._rng.random(len(batch))
        self.seen += len(batch)
        some = np.flatnonzero(drawn < self._bar)
        rows = pa.Table.from_batches([batch])
        self._kept.append(rows if len(some) == len(batch) else rows.take(some))
        self._drawn.append(drawn[some])
        if sum(map(len, self._drawn)) > 2 * self._size:
            self._shrink()

    def _shrink(self) -> None:
        drawn, rows = np.concatenate(self._drawn), pa.concat_tables(self._kept)
        if len(drawn) > self._size:
            some = np.sort(np.argpartition(drawn, self._size)[: self._size])
            rows, drawn = rows.take(some), drawn[some]
            self._bar = float(drawn.max())
        self._kept, self._drawn = [rows.combine_chunks()], [drawn]

    def rows(self) -> pa.Table:
        """The sample."""
        self._shrink()
        return self._kept[0]


def sampled(batches: Iterable[pa.RecordBatch], schema: pa.Schema, size: int, seed: int) -> tuple[pa.Table, int]:
    """A uniform sample of a stream's rows, and how many there were."""
    kept = Reservoir(schema, size, seed)
    for batch in batches:
        for at in range(0, len(batch), _STRETCH):
            kept.add(batch.slice(at, _STRETCH))
    return kept.rows(), kept.seen
