"""Reads rows by scans and by keys, each at most once, and hands them on with where they came from."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import prefetch
from understudy.interfaces import BATCH_ROWS, Dataset, Progress, Scan
from understudy.schema import TableName
from understudy.subset.layout import Layout
from understudy.subset.plan import PlannedEdge
from understudy.subset.store import Asked, Ranks, Store, positioned

Sink = Callable[[TableName, pa.RecordBatch], None]
Rank = Callable[[Sequence[pa.Array]], Ranks]
"""A keyed hash of row keys: one array per key column, 64-bit integers or strings, to one number per row."""

HELD_ROWS = 131_072
"""About so many rows of one lookup are held at once, to put them in order."""
FIRST_KEYS = 2_048
"""Keys of the first lookup of children, before it is known how many children a parent has."""
DENSE = 8
"""To ask for one key in so many (or more) is one scan rather than many lookups."""


@dataclass(frozen=True)
class Lookup:
    """Where and how keys are looked up."""

    layout: Layout
    parts: tuple[int, ...]
    """The parts of the table that the keys are compared with."""
    via: int
    indexed: bool
    of: int = 0
    """The source's estimate of how many keys there are in all."""
    many: bool = True
    """A key may have several rows."""
    new: bool = False
    """No row that has one of the keys was taken before."""
    where: str = ""
    order_by: str = ""
    top: int | None = None

    def scan(self, columns: tuple[str, ...], keys: pa.Table) -> Scan:
        """The rows that have one of the keys."""
        top = (self.top, tuple(self.layout.names[part] for part in self.parts)) if self.top else None
        return self.layout.scan(columns, where=self.where, keys=keys, order_by=self.order_by, top=top)


@dataclass(frozen=True)
class Settings:
    """How a closure reads: the columns of each table, the keyed hash, the sizes."""

    columns: Mapping[TableName, tuple[str, ...]]
    rank: Rank
    batch_keys: int
    workers: int
    progress: Progress | None


class Fetch:
    """One closure's reading: from a Dataset, past the store of keys, to a sink."""

    def __init__(self, source: Dataset, sink: Sink, *, store: Store, settings: Settings) -> None:
        self.source = source
        self.sink = sink
        self.store = store
        self.settings = settings
        self.nulling: dict[TableName, list[PlannedEdge]] = {}
        self.over: Counter[int] = Counter()
        self.read: Counter[TableName] = Counter()
        self.duplicates: Counter[TableName] = Counter()
        self.pool = ThreadPoolExecutor(max(1, settings.workers), thread_name_prefix="closure")

    def close(self) -> None:
        """Stop reading; lookups under way are waited for."""
        self.pool.shutdown(wait=True, cancel_futures=True)

    def payload(self, layout: Layout) -> tuple[str, ...]:
        """The columns of a table that the sink gets."""
        return tuple(self.settings.columns.get(layout.table.name, ()))

    def scan(self, layout: Layout, scan: Scan, *, via: int) -> None:
        """Take every row of a scan."""
        for got in self.stream(scan):
            self._take(layout, got, None, via=via)

    def look_up(self, lookup: Lookup, asked: pa.Table) -> None:
        """Take every row that has one of the asked keys (k0, k1 ..., d)."""
        for keys, got in self.found(lookup, asked, self.payload(lookup.layout)):
            self._take(lookup.layout, got, keys, via=lookup.via)

    def found(self, lookup: Lookup, asked: pa.Table, columns: tuple[str, ...]) -> Iterator[tuple[Asked, pa.Table]]:
        """The rows that have one of the asked keys, piece by piece, each with the keys it was asked for by."""
        asked = positioned(asked)
        if lookup.indexed and not (lookup.of and asked.num_rows * DENSE >= lookup.of):
            for part, got in self._batches(lookup, asked, columns):
                yield Asked(part, lookup.parts, ordered=True, new=lookup.new), got
            return
        keys = self.store.scan_keys(lookup.layout, lookup.parts, asked)
        depth = self.store.one_depth(lookup.layout, lookup.parts, asked)
        if keys.num_rows:
            for got in self.stream(lookup.scan(columns, keys)):
                yield Asked(asked, lookup.parts, new=lookup.new, depth=depth), got

    def stream(self, scan: Scan) -> Iterator[pa.Table]:
        """The batches of one scan, read ahead in a thread of its own."""
        for batch in prefetch(self.source.read(scan)):
            if batch.num_rows:
                yield pa.Table.from_batches([batch])

    def _batches(
        self, lookup: Lookup, asked: pa.Table, columns: tuple[str, ...]
    ) -> Iterator[tuple[pa.Table, pa.Table]]:
        """Slices of the asked keys with the rows of each, several read at a time and given in order."""
        most = self.settings.batch_keys
        size = most if not lookup.many else min(most, HELD_ROWS // lookup.top if lookup.top else FIRST_KEYS)
        under_way: deque[tuple[pa.Table, Future[pa.Table] | pa.Table]] = deque()
        start = 0
        while start < asked.num_rows or under_way:
            while start < asked.num_rows and len(under_way) < self.settings.workers:
                part = asked.slice(start, max(1, size))
                under_way.append((part, self._reading(lookup, part, columns, alone=part.num_rows == asked.num_rows)))
                start += part.num_rows
            part, reading = under_way.popleft()
            got = reading.result() if isinstance(reading, Future) else reading
            if got.num_rows:
                yield part, got
            if lookup.many:
                fitting = HELD_ROWS * part.num_rows // max(1, got.num_rows)
                size = min(most, 8 * part.num_rows, max(1, fitting))

    def _reading(
        self, lookup: Lookup, part: pa.Table, columns: tuple[str, ...], *, alone: bool
    ) -> Future[pa.Table] | pa.Table:
        keys = self.store.scan_keys(lookup.layout, lookup.parts, part)
        if not keys.num_rows:
            return keys
        scan = lookup.scan(columns, keys)
        return self._read_all(scan) if alone else self.pool.submit(self._read_all, scan)

    def _read_all(self, scan: Scan) -> pa.Table:
        return self.source.read(scan).read_all()

    def ranks(self, layout: Layout, got: pa.Table) -> Ranks:
        """The keyed hash of each row's key."""
        return self.settings.rank(self.store.hashable(layout, got))

    def _take(self, layout: Layout, got: pa.Table, asked: Asked | None, *, via: int) -> None:
        """Hand on those of the rows got that are asked for and new, and keep their keys."""
        name = layout.table.name
        self.read[name] += got.num_rows
        if layout.stored:
            new = self.store.match(layout, got, asked)
            self.duplicates[name] += got.num_rows - new.num_rows
            if not new.num_rows:
                return
            self.store.add(layout, new)
            got, depth = _rows(got, new.column("pos")), new.column("d")
        else:
            self.store.rows[name] += got.num_rows
            depth = pa.chunked_array([pa.array(np.zeros(got.num_rows, dtype=np.int32))])
        self.over[via] += got.num_rows
        self._hand_on(layout, got, depth.cast(pa.int32()), via=via)

    def _hand_on(self, layout: Layout, got: pa.Table, depth: pa.ChunkedArray, *, via: int) -> None:
        name, columns = layout.table.name, self.payload(layout)
        rows = got.select(columns)
        for edge in self.nulling.get(name, ()):
            rows = _nulled(rows, edge, _keyed(layout, got, edge))
        rows = rows.append_column("_via", pa.array(np.full(got.num_rows, via, dtype=np.int16)))
        rows = rows.append_column("_depth", depth)
        for batch in rows.combine_chunks().to_batches(max_chunksize=BATCH_ROWS):
            self.sink(name, batch)
        if self.settings.progress is not None:
            self.settings.progress("subset", str(name), self.store.rows[name], None)


def _rows(rows: pa.Table, positions: pa.ChunkedArray) -> pa.Table:
    """The rows at those positions; the rows themselves where that is all of them in order."""
    place = positions.to_numpy()
    if len(place) == rows.num_rows and bool((place == np.arange(len(place))).all()):
        return rows
    return rows.take(positions)


def _keyed(layout: Layout, got: pa.Table, edge: PlannedEdge) -> pa.ChunkedArray:
    """Which rows have a key at the child's end of an edge."""
    mask = pa.chunked_array([pa.array(np.ones(got.num_rows, dtype=bool))])
    for part in layout.ends[edge.index, "child"]:
        mask = pc.and_(mask, pc.is_valid(got.column(layout.names[part])))
    if edge.index in layout.flags:
        flag = got.column(layout.names[layout.flags[edge.index]])
        mask = pc.and_(mask, pc.equal(flag, 1))
    return mask


def _nulled(rows: pa.Table, edge: PlannedEdge, where: pa.ChunkedArray) -> pa.Table:
    """The rows with the edge's key set to NULL in some of them."""
    # A null index gives a null value for every type; if_else does not know extension types such as uuid.
    index = pc.if_else(where, pa.scalar(None, pa.int64()), pa.array(np.arange(rows.num_rows)))
    for name in edge.nulls:
        if name in rows.column_names:
            rows = rows.set_column(
                rows.schema.get_field_index(name), rows.schema.field(name), rows.column(name).take(index)
            )
    return rows
