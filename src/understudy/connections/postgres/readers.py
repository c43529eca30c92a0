"""The parallel readers of one snapshot: driver connections lent to streams, whose batches are converted on the way."""

from __future__ import annotations

import re
import time
from collections import deque
from collections.abc import Sequence
from queue import SimpleQueue
from typing import Any

import adbc_driver_manager
import pyarrow as pa
import pyarrow.types as pat
from adbc_driver_postgresql import dbapi

from understudy.connections.postgres import session, sql, types
from understudy.errors import Error, InputError
from understudy.interfaces import BATCH_ROWS, Scan

Connection = Any
"""A connection of the driver, which has no types."""


class Readers:
    """Connections on one exported snapshot ("" for each its own), opened when first needed, lent to one stream each."""

    def __init__(self, url: str, snapshot: str, size: int) -> None:
        self.url = url
        self.snapshot = snapshot
        # SimpleQueue, because a stream collected as garbage gives its connection back in the middle of anything.
        self._free: SimpleQueue[Connection | None] = SimpleQueue()
        self._closed = False
        for _ in range(max(1, size)):
            self._free.put(None)

    def take(self) -> Connection:
        """A connection inside a transaction of the snapshot; waits until one is free."""
        connection = self._free.get()
        try:
            if self._closed:
                raise Error("this snapshot is closed", hint="read inside its `with` block")
            return connection or self._open()
        except BaseException:
            self._free.put(connection)
            raise

    def give(self, connection: Connection, *, usable: bool) -> None:
        """Take a connection back; one whose stream failed or was cut short is closed."""
        if not usable or self._closed:
            connection.close()
        self._free.put(connection if usable and not self._closed else None)

    def close(self) -> None:
        """Close the connections that are free now, and each of the others when it comes back."""
        self._closed = True
        while not self._free.empty():
            connection = self._free.get()
            if connection is not None:
                connection.close()
        self._free.put(None)  # whoever still waits is told

    def _open(self) -> Connection:
        connection = _connected(self.url)
        try:
            with connection.cursor() as cursor:
                cursor.execute(session.BEGIN)
                if self.snapshot:
                    cursor.execute(f"SET TRANSACTION SNAPSHOT {sql.literal(self.snapshot)}")
                cursor.execute(session.APPLY)
                cursor.fetchall()
        except adbc_driver_manager.Error as error:
            connection.close()
            raise session.explained(error) from None
        return connection


def _connected(url: str) -> Connection:
    """A connection; where a role may have no more, it is tried again: the server still counts the one just closed.

    The driver itself opens one for a moment, to read the types.
    """
    waits = [0.4, 0.2, 0.1]
    while True:
        try:
            return dbapi.connect(url, autocommit=True)
        except adbc_driver_manager.Error as error:
            if not waits or "too many connections" not in str(error):
                raise session.not_connected(str(error), url) from None
            time.sleep(waits.pop())


def stream(relation: sql.Relation, scan: Scan, readers: Readers, *, last: bool = False) -> pa.RecordBatchReader:
    """Start a scan on a free reader, which comes back when the stream has ended or was dropped.

    With ``last`` the readers are closed then.
    """
    statement = sql.select(relation, scan)
    running = _Stream(readers, readers.take(), str(relation.table.name), last=last)
    fields = running.start(statement.text)
    columns = sql.columns_of(relation, scan)
    wanted = [pa.field(column.name, column.arrow_type) for column in columns]
    for (name, _), field in zip(scan.computed, fields[len(columns) :], strict=True):
        wanted.append(pa.field(name, _computed_type(f"{relation.table.name}: {name}", field.type)))
    running.schema = pa.schema(wanted)
    return pa.RecordBatchReader.from_batches(running.schema, running)


def _computed_type(what: str, driver_type: pa.DataType) -> pa.DataType:
    """The Arrow type in which a computed value travels; an InputError where it has none."""
    plain = driver_type.storage_type if isinstance(driver_type, pa.BaseExtensionType) else driver_type
    if isinstance(driver_type, pa.UuidType):
        return pa.uuid()
    opaque = isinstance(driver_type, pa.OpaqueType) and not pat.is_string(plain)
    if opaque or pat.is_nested(plain) or pat.is_interval(plain):
        raise InputError(f"{what} has a type that cannot be read as it is", hint="cast it to text")
    return plain


class _Stream:
    """The batches of one scan in the types of their lanes; gives its connection back at the end, or when dropped."""

    def __init__(self, readers: Readers, connection: Connection, table: str, *, last: bool) -> None:
        self.schema = pa.schema([])
        self._readers = readers
        self._table = table
        self._last = last
        self._line: deque[pa.RecordBatch] = deque()
        self._connection = connection
        self._cursor: Any = None
        self._source: Any = None

    def start(self, statement: str) -> Sequence[pa.Field]:
        """Run the statement; returns the fields as the driver types them."""
        try:
            self._cursor = self._connection.cursor()
            self._cursor.execute(statement)
            self._source = self._cursor.fetch_record_batch()
        except BaseException as error:
            self.close()
            if isinstance(error, adbc_driver_manager.Error):
                raise session.explained(error, table=self._table) from None
            raise
        return list(self._source.schema)

    def __iter__(self) -> _Stream:
        return self

    def __next__(self) -> pa.RecordBatch:
        while not self._line:
            if self._connection is None:
                raise StopIteration
            try:
                self._line.extend(self._slices(self._source.read_next_batch()))
            except StopIteration:
                self.close(usable=True)
            except (adbc_driver_manager.Error, OSError, pa.ArrowException) as error:
                self.close()
                raise _broken(error, self._table) from None
            except BaseException:
                self.close()
                raise
        return self._line.popleft()

    def _slices(self, batch: pa.RecordBatch) -> list[pa.RecordBatch]:
        arrays = [
            types.convert(array, field.type, table=self._table, column=field.name)
            for field, array in zip(self.schema, batch.columns, strict=True)
        ]
        whole = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
        return [whole.slice(start, BATCH_ROWS) for start in range(0, whole.num_rows, BATCH_ROWS)]

    def close(self, *, usable: bool = False) -> None:
        """Give the connection back; nothing happens the second time."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        for each in (self._source, self._cursor):
            if each is not None:
                each.close()
        self._readers.give(connection, usable=usable)
        if self._last:
            self._readers.close()

    def __del__(self) -> None:
        self.close()


_HARMLESS = re.compile(
    r"division by zero|[a-z][a-z ]* out of range|invalid input syntax for type [a-z ]+|"
    r"(?:canceling statement|terminating connection) due to [a-z ]+|server closed the connection unexpectedly|"
    r'invalid byte sequence for encoding "\w+"'
)
"""What a message may say without quoting data."""


def _broken(error: Exception, table: str) -> Error:
    """What ended a stream; where the driver tells only a text, which may quote data, that is shown in part."""
    if isinstance(error, adbc_driver_manager.Error):
        return session.explained(error, table=table)
    found = _HARMLESS.search(str(error))
    said = found.group() if found else "an error whose message may quote data and is not shown"
    return Error(f"reading {table} stopped: {said}", hint="see the server's log; then run again")
