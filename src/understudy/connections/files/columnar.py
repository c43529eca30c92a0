"""Parquet, read and written as a stream of batches; what a file says of itself beyond its columns is not passed on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from understudy.errors import InputError
from understudy.interfaces import BATCH_ROWS

_BATCH_BYTES = 16 << 20
_GROUP_ROWS = 131_072
_GROUP_BYTES = 32 << 20
_KEPT = (b"pandas",)
"""What of a file's own words is written again: the types of a frame; others may tell of values (extents, samples)."""
_ABOUT = "understudy"


class ParquetReader:
    """The rows of a Parquet file, in batches."""

    def __init__(self, stream: Any, *, name: str) -> None:
        self._name = name
        try:
            self._file = pq.ParquetFile(stream, pre_buffer=False, buffer_size=1 << 20)
            self.arrow_schema = self._file.schema_arrow
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{name} is no Parquet file ({type(error).__name__})") from None
        about = self._file.metadata
        self.rows: int = about.num_rows
        groups = about.num_row_groups
        self.compression = (
            about.row_group(0).column(0).compression.lower() if groups and about.num_columns else "snappy"
        )
        size = sum(about.row_group(number).total_byte_size for number in range(groups))
        self._batch = max(min(_BATCH_BYTES * self.rows // max(size, 1), BATCH_ROWS), 64)

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        try:
            yield from self._file.iter_batches(self._batch)
        except (pa.ArrowException, OSError) as error:
            raise InputError(f"{self._name} cannot be read ({type(error).__name__})") from None


class ParquetWriter:
    """Batches as a Parquet file, some ten MiB per row group."""

    def __init__(
        self, out: Any, arrow_schema: pa.Schema, *, compression: str = "snappy", about: Mapping[str, str] | None = None
    ) -> None:
        told = {key: value for key, value in (arrow_schema.metadata or {}).items() if key in _KEPT}
        told |= {f"{_ABOUT}.{key}".encode(): value.encode() for key, value in (about or {}).items()}
        self._schema = arrow_schema.with_metadata(told or None)
        self._file = pq.ParquetWriter(
            pa.PythonFile(_Open(out), mode="w"), self._schema, compression=compression if compression else "none"
        )
        self._waiting: list[pa.RecordBatch] = []
        self._rows = self._bytes = 0

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        self._waiting.append(batch)
        self._rows += batch.num_rows
        self._bytes += batch.nbytes
        if self._rows >= _GROUP_ROWS or self._bytes >= _GROUP_BYTES:
            self._flush()

    def _flush(self) -> None:
        if self._rows:
            self._file.write_table(pa.Table.from_batches(self._waiting).cast(self._schema))
        self._waiting.clear()
        self._rows = self._bytes = 0

    def close(self) -> None:
        """Write what waits, and the end of the file."""
        self._flush()
        self._file.close()


class _Open:
    """What takes bytes, as a file that stays open."""

    closed = False

    def __init__(self, out: Any) -> None:
        self.write = out.write

    def writable(self) -> bool:
        return True

    def flush(self) -> None:
        """Nothing waits here."""

    def close(self) -> None:
        """Leave it open."""


def about(path: str) -> dict[str, str]:
    """What we said of a Parquet file when we wrote it; nothing of any other file."""
    try:
        told = pq.read_schema(path).metadata or {}
    except (pa.ArrowException, OSError):
        return {}
    start = f"{_ABOUT}.".encode()
    return {key.removeprefix(start).decode(): value.decode() for key, value in told.items() if key.startswith(start)}
