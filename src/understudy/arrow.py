"""Batch helpers shared by every floor: readers, prefetching, plain storage of extension types, values as text."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.schema import Kind

Item = TypeVar("Item")


def reader(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
    """A RecordBatchReader over an iterable of batches."""
    return pa.RecordBatchReader.from_batches(schema, iter(batches))


def storage(array: pa.Array) -> pa.Array:
    """The plain array behind an extension type (uuid, json); any other array unchanged."""
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def plain(values: pa.Array) -> pa.Array:
    """Values in the one Arrow form of their kind: no dictionary, no extension, strings with 32-bit offsets."""
    kind = values.type
    if isinstance(kind, pa.BaseExtensionType):
        return plain(values.storage)
    if pa.types.is_dictionary(kind):
        return plain(values.dictionary).take(values.indices)
    return values.cast(pa.string()) if pa.types.is_string_view(kind) or pa.types.is_large_string(kind) else values


def like(values: pa.Array, arrow_type: pa.DataType) -> pa.Array:
    """Plain values in the Arrow type that they came from."""
    if isinstance(arrow_type, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(arrow_type, like(values, arrow_type.storage_type))
    return values if values.type == arrow_type else values.cast(arrow_type)


def is_text(arrow_type: pa.DataType) -> bool:
    """Whether values of a type are texts, however they are laid out."""
    inner = arrow_type.value_type if pa.types.is_dictionary(arrow_type) else arrow_type
    return any(test(inner) for test in (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view))


_KINDS: tuple[tuple[Callable[[pa.DataType], bool], Kind], ...] = (
    (pa.types.is_integer, "integer"),
    (pa.types.is_decimal, "decimal"),
    (pa.types.is_floating, "float"),
    (pa.types.is_boolean, "boolean"),
    (pa.types.is_date, "date"),
    (pa.types.is_timestamp, "timestamp"),
    (pa.types.is_time, "time"),
    (is_text, "text"),
    (lambda arrow_type: arrow_type == pa.uuid(), "uuid"),
    (lambda arrow_type: arrow_type == pa.json_(), "json"),
    (lambda arrow_type: pa.types.is_binary(arrow_type) or pa.types.is_large_binary(arrow_type), "bytes"),
)


def kind_of(arrow_type: pa.DataType) -> Kind:
    """What a column of an Arrow type holds, where no database says more."""
    inner = arrow_type.value_type if pa.types.is_dictionary(arrow_type) else arrow_type
    return next((kind for belongs, kind in _KINDS if belongs(inner)), "other")


_CHANCE = 7  # pairs of equal numbers that chance would make, from which that there is none is no chance


def crowded(numbers: pa.Array | pa.ChunkedArray) -> bool:
    """Whether whole numbers lie so close that some would be the same by chance: that all differ is then by design."""
    bounds = pc.min_max(numbers).as_py()
    pairs = len(numbers) * (len(numbers) - 1) / 2
    return bool(pairs >= _CHANCE * (bounds["max"] - bounds["min"] + 1))


def spans(values: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of a string or binary array, and where each value starts and ends in them (n + 1 offsets)."""
    kind = values.type
    if pa.types.is_fixed_size_binary(kind):
        width = kind.byte_width
        offsets = np.arange(values.offset, values.offset + len(values) + 1, dtype=np.int64) * width
        data = values.buffers()[1]
    else:
        if pa.types.is_string_view(kind) or pa.types.is_binary_view(kind):
            values = values.cast(pa.large_binary())
        large = pa.types.is_large_string(values.type) or pa.types.is_large_binary(values.type)
        _, ends, data = values.buffers()
        width = np.int64 if large else np.int32
        if ends is None or ends.size == 0:
            return np.zeros(0, np.uint8), np.zeros(1, np.int64)
        offsets = np.frombuffer(ends, width)[values.offset : values.offset + len(values) + 1].astype(np.int64)
    flat = np.zeros(0, np.uint8) if data is None else np.frombuffer(data, np.uint8)
    return flat, offsets


def decimal_text(values: pa.Array) -> pa.Array:
    """Decimals as plain digits; Arrow itself writes small ones as 1E-8."""
    text = values.cast(pa.string())
    odd = pc.fill_null(pc.match_substring(text, "E"), False)
    if not odd.true_count:
        return text
    encoded = pc.dictionary_encode(text.filter(odd))
    plain = pa.array([format(Decimal(number), "f") for number in encoded.dictionary.to_pylist()], pa.string())
    return pc.replace_with_mask(text, odd, plain.take(encoded.indices))


def prefetch(items: Iterable[Item], *, depth: int = 2) -> Iterator[Item]:
    """Iterate with the producer running ahead in a thread of its own, at most ``depth`` items.

    An error in the producer is raised here; leaving the loop early stops the producer.
    """
    line: queue.Queue[tuple[str, Item | BaseException | None]] = queue.Queue(maxsize=depth)
    stopped = threading.Event()

    def put(entry: tuple[str, Item | BaseException | None]) -> bool:
        while not stopped.is_set():
            try:
                line.put(entry, timeout=0.1)
                return True
            except queue.Full:
                continue
        return False

    def produce() -> None:
        try:
            for item in items:
                if not put(("item", item)):
                    return
            put(("end", None))
        except BaseException as error:  # handed over and raised by the consumer
            put(("error", error))

    thread = threading.Thread(target=produce, name="prefetch", daemon=True)
    thread.start()
    try:
        while True:
            what, value = line.get()
            if what == "end":
                return
            if what == "error":
                assert isinstance(value, BaseException)
                raise value
            yield value  # type: ignore[misc]  # an "item" entry holds an Item
    finally:
        stopped.set()
        thread.join()


def own_spans(values: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """The bytes of an array's texts and no others, and their n + 1 offsets from 0."""
    data, offsets = spans(values)
    return data[offsets[0] : offsets[-1]], offsets - offsets[0]


def anywhere(values: pa.Array, characters: bytes) -> bool:
    """Whether any text holds one of a few ASCII characters; many times as fast as to ask every text."""
    data, _ = own_spans(values)
    some = data.tobytes()
    return any(character in some for character in characters)


def looked_up(data: NDArray[np.uint8], table: bytes) -> NDArray[np.uint8]:
    """What a table of 256 has for every byte; several times as fast as to index the table."""
    found = np.frombuffer(data.tobytes("A").translate(table), np.uint8)
    return found.reshape(data.shape, order="F" if data.flags.f_contiguous else "C")


def text_array(data: NDArray[np.uint8], offsets: NDArray[Any]) -> pa.Array:
    """A string array over bytes and n + 1 offsets, without nulls."""
    ends = pa.py_buffer(offsets.astype(np.int32))
    return pa.Array.from_buffers(pa.string(), len(offsets) - 1, [None, ends, pa.py_buffer(data)])
