"""A connection per thread and process, closed with its thread or with the lake."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Generic, Protocol, TypeVar


class Closes(Protocol):
    """A connection of any kind."""

    def close(self) -> None: ...  # noqa: D102


C = TypeVar("C", bound=Closes)
_INHERITED: list[object] = []  # a forked process must not close what its parent goes on using


class PerThread(Generic[C]):
    """Opens a connection where a thread has none yet."""

    def __init__(self, connect: Callable[[], C]) -> None:
        self._connect = connect  # knows nothing of who holds this: a cycle would be closed in no order
        self._own = threading.local()

    def opened(self) -> C | None:
        """This thread's connection, if it has one."""
        held: _Held[C] | None = getattr(self._own, "held", None)
        if held is not None and held.process != os.getpid():
            _INHERITED.append(held)
            self._own.held = held = None
        return held.connection if held is not None else None

    def get(self) -> C:
        """This thread's connection."""
        connection = self.opened()
        if connection is None:
            connection = self._connect()
            self._own.held = _Held(connection)
        return connection

    def close(self) -> None:
        """Close this thread's connection."""
        if (connection := self.opened()) is not None:
            self._own.held = None
            connection.close()


class _Held(Generic[C]):
    """Closes its connection when the thread that had it is gone."""

    def __init__(self, connection: C) -> None:
        self.connection = connection
        self.process = os.getpid()

    def __del__(self) -> None:
        if self.process != os.getpid():
            _INHERITED.append(self.connection)
            return
        with suppress(Exception):  # closed already, or the interpreter is
            self.connection.close()
