"""One table's rows in one Parquet file: written once, hashed on the way to the disk, read as a stream."""

from __future__ import annotations

import errno
import hashlib
import io
import os
import shutil
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from understudy.errors import Error
from understudy.interfaces import BATCH_ROWS

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

Ordinals = npt.NDArray[np.int64]
"""Places of rows in a file, counted from 0, ascending and distinct."""

_GROUP_ROWS = 131_072
_GROUP_BYTES = 16 << 20
"""Rows wait in memory until they fill a row group, by count or by size."""

_OTHERS = 1_000_000_000
"""Field ids from here on are those of columns that no table has."""

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@dataclass(frozen=True)
class DataFile:
    """One file of rows, as the manifest lists it."""

    path: str
    rows: int
    bytes: int
    sha256: str


class TableWriter:
    """Takes the batches of one table; rows reach the disk a row group at a time.

    The file is open only while a row group is written, so thousands of tables can be written at once.  With
    ``field_ids`` the file's columns are known by number as well, those not named by numbers that no table uses; for
    the columns in ``statistics`` the file tells the least and the greatest value of each row group.
    """

    def __init__(
        self,
        path: Path,
        arrow_schema: pa.Schema,
        *,
        field_ids: Mapping[str, int] | None = None,
        statistics: Collection[str] = (),
    ) -> None:
        self.path = path
        self.arrow_schema = arrow_schema
        self.rows = 0
        self.nulls: Counter[str] = Counter()
        self._waiting: list[pa.RecordBatch] = []
        self._waiting_rows = self._waiting_bytes = 0
        self._hash = hashlib.sha256()
        self._size = 0
        self._pages = _Pages()
        self._parquet = pq.ParquetWriter(
            self._pages,
            _numbered(arrow_schema, field_ids) if field_ids else arrow_schema,
            compression="lz4",
            use_dictionary=False,
            write_statistics=[name for name in arrow_schema.names if name in statistics] or False,
        )

    def write(self, batch: pa.RecordBatch) -> None:
        """Append one batch; its columns must be those of the writer, in name, type and order."""
        if not batch.schema.equals(self.arrow_schema):
            raise Error(f"a batch for {self.path.name!r} has columns other than those announced")
        self.rows += batch.num_rows
        for name, array in zip(batch.schema.names, batch.columns, strict=True):
            self.nulls[name] += array.null_count
        self._waiting.append(batch)
        self._waiting_rows += batch.num_rows
        self._waiting_bytes += batch.nbytes
        if self._waiting_rows >= _GROUP_ROWS or self._waiting_bytes >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._waiting_rows:
            self._parquet.write_table(pa.Table.from_batches(self._waiting), row_group_size=_GROUP_ROWS)
        self._waiting.clear()
        self._waiting_rows = self._waiting_bytes = 0
        self._store()

    def _store(self) -> None:
        """Put what the Parquet writer has made on the disk, and hash it on the way."""
        data = self._pages.take()
        self._hash.update(data)
        self._size += len(data)
        with disk_errors(self.path, needed=len(data)), self.path.open("ab") as file:
            file.write(data)

    def finish(self) -> DataFile:
        """Write what waits, wait for the disk, and tell what was written."""
        self._flush()
        self._parquet.close()
        self._store()
        with disk_errors(self.path, needed=0), self.path.open("rb") as file:
            os.fsync(file.fileno())
        return DataFile(self.path.name, self.rows, self._size, self._hash.hexdigest())

    def abandon(self) -> None:
        """Let go of the file without finishing it."""
        self._waiting.clear()
        self._parquet.close()
        self._pages.take()


def _numbered(arrow_schema: pa.Schema, field_ids: Mapping[str, int]) -> pa.Schema:
    """The schema with the field ids that Iceberg knows columns by; all must have one if any has."""
    ids = [field_ids.get(name, _OTHERS + place) for place, name in enumerate(arrow_schema.names)]
    numbered = [field.with_metadata({"PARQUET:field_id": str(n)}) for field, n in zip(arrow_schema, ids, strict=True)]
    return pa.schema(numbered)


class _Pages(io.RawIOBase):
    """What the Parquet writer writes to: bytes kept until they are taken."""

    def __init__(self) -> None:
        self._kept: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: ReadableBuffer) -> int:
        self._kept.append(bytes(data))
        return len(self._kept[-1])

    def take(self) -> bytes:
        """All that was written since the last time."""
        data = b"".join(self._kept)
        self._kept.clear()
        return data


def arrow_schema(path: Path) -> pa.Schema:
    """The columns of a Parquet file, as they were written."""
    return pq.read_schema(path).remove_metadata()


def batches(path: Path, columns: list[str], *, limit: int | None = None) -> Iterator[pa.RecordBatch]:
    """The rows of one Parquet file in order, in batches of BATCH_ROWS."""
    left = limit
    with pq.ParquetFile(path, pre_buffer=False) as file:  # which would hold all that was read
        for batch in file.iter_batches(BATCH_ROWS, columns=columns):
            if left is not None:
                batch, left = batch.slice(0, left), left - min(left, batch.num_rows)
            yield batch.select(columns)
            if left == 0:
                return


def rewritten(path: Path, drop: Ordinals, null: Mapping[str, Ordinals]) -> Iterator[pa.RecordBatch]:
    """The rows of a file less the dropped ones, with the named columns emptied in some; rows are told by ordinal."""
    start = 0
    with pq.ParquetFile(path, pre_buffer=False) as file:
        for batch in file.iter_batches(BATCH_ROWS):
            arrays = [
                _emptied(array, _within(null[name], start, batch.num_rows)) if name in null else array
                for name, array in zip(batch.schema.names, batch.columns, strict=True)
            ]
            kept = pa.array(~_within(drop, start, batch.num_rows))
            yield pa.RecordBatch.from_arrays(arrays, schema=batch.schema).filter(kept)
            start += batch.num_rows


def _within(ordinals: Ordinals, start: int, length: int) -> npt.NDArray[np.bool_]:
    mask = np.zeros(length, dtype=bool)
    first, last = np.searchsorted(ordinals, [start, start + length])
    mask[ordinals[first:last] - start] = True
    return mask


def _emptied(array: pa.Array, mask: npt.NDArray[np.bool_]) -> pa.Array:
    # take() rather than if_else(), which does not know extension types such as uuid
    return array.take(pa.array(np.arange(len(array)), mask=mask))


@contextmanager
def disk_errors(path: Path, *, needed: int) -> Iterator[None]:
    """Turn what the disk says into an Error that tells where, how much was needed and how much is free."""
    try:
        yield
    except OSError as error:
        where = path if path.is_dir() else path.parent
        if error.errno not in _FULL:
            raise Error(f"{str(path)!r} cannot be written: {os.strerror(error.errno or 0)}") from error
        free = shutil.disk_usage(where).free
        wanted = f"{_mebibytes(needed)} more were needed at once, " if needed else ""
        message = f"no room to write {str(path)!r}: {wanted}{_mebibytes(free)} are free there"
        hint = "make room, raise the quota, or choose another folder; nothing was published"
        raise Error(message, hint=hint) from error


def _mebibytes(size: int) -> str:
    return f"{size / (1 << 20):,.1f} MiB"
