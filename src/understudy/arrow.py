"""Batch helpers shared by every floor: readers from iterables, prefetching, plain storage of extension types."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

import pyarrow as pa

Item = TypeVar("Item")


def reader(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.RecordBatchReader:
    """A RecordBatchReader over an iterable of batches."""
    return pa.RecordBatchReader.from_batches(schema, iter(batches))


def storage(array: pa.Array) -> pa.Array:
    """The plain array behind an extension type (uuid, json); any other array unchanged."""
    return array.storage if isinstance(array, pa.ExtensionArray) else array


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
