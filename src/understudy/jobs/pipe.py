"""One worker thread behind a bounded line: work is done in the order it was put, errors surface where it is put."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import BoundedSemaphore
from types import TracebackType
from typing import Any


class Pipe:
    """Overlaps reading with what comes after it; at most ``depth`` pieces of work wait, so memory stays bounded."""

    def __init__(self, *, depth: int = 4) -> None:
        self._worker = ThreadPoolExecutor(1, thread_name_prefix="pipe")
        self._places = BoundedSemaphore(depth)
        self._error: BaseException | None = None

    def put(self, work: Callable[..., None], *arguments: Any) -> None:
        """Have the work done after all that was put before; raises what earlier work raised."""
        self._places.acquire()
        if self._error is not None:
            self._places.release()
            raise self._error
        self._worker.submit(self._do, work, arguments)

    def _do(self, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
        try:
            if self._error is None:
                work(*arguments)
        except BaseException as error:  # kept, and raised by put() or at the end
            self._error = error
        finally:
            self._places.release()

    def __enter__(self) -> Pipe:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._worker.shutdown(wait=True)
        if kind is None and self._error is not None:
            raise self._error
