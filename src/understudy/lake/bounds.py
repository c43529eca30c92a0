"""What Iceberg tells of a Parquet file: its counts, and the bounds of its columns, from the file's own footer."""

from __future__ import annotations

import struct
from collections.abc import Collection, Mapping
from typing import Any

import pyarrow.parquet as pq
from pyiceberg import types as iceberg
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.typedef import Record
from pyiceberg.utils.truncate import truncate_upper_bound_binary_string, truncate_upper_bound_text_string

_LENGTH = 16
"""Characters of a text that its bounds keep, as Iceberg's own writers do it."""

_FORMATS: Mapping[iceberg.IcebergType, str] = {
    iceberg.BooleanType(): "<?",
    iceberg.IntegerType(): "<i",
    iceberg.DateType(): "<i",
    iceberg.LongType(): "<q",
    iceberg.TimeType(): "<q",
    iceberg.TimestampType(): "<q",
    iceberg.TimestamptzType(): "<q",
    iceberg.FloatType(): "<f",
    iceberg.DoubleType(): "<d",
}


def data_file(
    location: str,
    size: int,
    footer: pq.FileMetaData,
    fields: Mapping[str, iceberg.NestedField],
    *,
    nulls: Mapping[str, int],
) -> DataFile:
    """The entry of a Parquet file, whose columns hold those fields; bounds where its footer has statistics.

    ``nulls`` are the counts of those columns whose statistics the file does not have.
    """
    places = {footer.schema.column(place).path: place for place in range(footer.num_columns)}
    groups = [footer.row_group(number) for number in range(footer.num_row_groups)]
    sizes: dict[int, int] = {}
    counts: dict[int, int] = {}
    lower: dict[int, bytes] = {}
    upper: dict[int, bytes] = {}
    for name, field in fields.items():
        if name not in places:
            continue  # a nested one: its leaves have paths of their own
        chunks = [group.column(places[name]) for group in groups]
        sizes[field.field_id] = sum(chunk.total_compressed_size for chunk in chunks)
        found = [chunk.statistics for chunk in chunks if chunk.is_stats_set]
        if len(found) == len(chunks) and all(one.has_null_count for one in found):
            counts[field.field_id] = sum(one.null_count for one in found)
        elif name in nulls:
            counts[field.field_id] = nulls[name]
        ends = _ends(found, field.field_type) if len(found) == len(chunks) else None
        if ends is not None:
            low, high = _encoded(field.field_type, *ends)
            lower[field.field_id] = low
            if high is not None:
                upper[field.field_id] = high
    made = DataFile.from_args(
        content=DataFileContent.DATA,
        file_path=location,
        file_format=FileFormat.PARQUET,
        partition=Record(),
        record_count=footer.num_rows,
        file_size_in_bytes=size,
        column_sizes=sizes,
        value_counts={field.field_id: footer.num_rows for name, field in fields.items() if name in places},
        null_value_counts=counts,
        nan_value_counts={},
        lower_bounds=lower,
        upper_bounds=upper,
        split_offsets=[_offset(group.column(0)) for group in groups],
    )
    made.spec_id = 0
    return made


def _offset(chunk: pq.ColumnChunkMetaData) -> int:
    first = chunk.dictionary_page_offset if chunk.has_dictionary_page else None
    return int(min(chunk.data_page_offset, first) if first else chunk.data_page_offset)


def _ends(found: Collection[pq.Statistics], kind: iceberg.IcebergType) -> tuple[Any, Any] | None:
    """The least and the greatest value; None where a part does not tell, or all is null."""
    told = [one for one in found if one.has_min_max]
    if not told or any(not one.has_min_max and one.num_values for one in found):
        return None
    lows, highs = [one.min_raw for one in told], [one.max_raw for one in told]
    if isinstance(kind, iceberg.DecimalType):
        lows, highs = [_unscaled(low) for low in lows], [_unscaled(high) for high in highs]
    return min(lows), max(highs)


def _unscaled(value: Any) -> int:
    return int.from_bytes(value, "big", signed=True) if isinstance(value, bytes) else int(value)


def _encoded(kind: iceberg.IcebergType, low: Any, high: Any) -> tuple[bytes, bytes | None]:
    """Bounds in Iceberg's binary form; no upper one where a shortened text has no next."""
    if kind in _FORMATS:
        return struct.pack(_FORMATS[kind], low), struct.pack(_FORMATS[kind], high)
    if isinstance(kind, iceberg.DecimalType):
        return _two_complement(low), _two_complement(high)
    if isinstance(kind, iceberg.StringType):
        top = truncate_upper_bound_text_string(high.decode(), _LENGTH)
        return low.decode()[:_LENGTH].encode(), top.encode() if top is not None else None
    if isinstance(kind, iceberg.BinaryType):
        return low[:_LENGTH], truncate_upper_bound_binary_string(high, _LENGTH)
    return bytes(low), bytes(high)


def _two_complement(number: int) -> bytes:
    bits = (number if number >= 0 else ~number).bit_length()
    return number.to_bytes(bits // 8 + 1, "big", signed=True)


def decoded(kind: iceberg.IcebergType, bound: bytes) -> Any:
    """A bound in a form that compares like the values: numbers as numbers, texts and bytes as bytes."""
    if kind in _FORMATS:
        return struct.unpack(_FORMATS[kind], bound)[0]
    if isinstance(kind, iceberg.DecimalType):
        return int.from_bytes(bound, "big", signed=True)
    return bytes(bound)
