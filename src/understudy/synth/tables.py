# ruff: noqa: ARG002, ARG004
"""The synthesizer of several tables: parents first, then their children, with foreign keys that hold."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path

import pyarrow as pa

from understudy.errors import Error
from understudy.interfaces import Progress
from understudy.schema import Schema, TableName
from understudy.synth.effort import Budget, Effort, budget_of

Read = Callable[[TableName], pa.RecordBatchReader]
"""How to read a table's rows; called once a table, or more."""


def _silent(step: str, subject: str, done: int, total: int | None) -> None:
    pass


class Tables:
    """Learns several tables and how their rows belong together, and makes any number of families like them."""

    def __init__(
        self, effort: Effort | Budget = "normal", *, seed: int = 0, threads: int = 1, device: str = "auto"
    ) -> None:
        budget_of(effort, 1)
        self.effort, self.seed, self.threads, self.device = effort, seed, threads, device

    def fit(
        self,
        schema: Schema,
        read: Read,
        *,
        tables: Collection[TableName] | None = None,
        progress: Progress = _silent,
    ) -> Tables:
        """Learn some tables of a schema, all of them without ``tables``; parents not named are given to ``sample``."""
        raise Error("several tables cannot be learned yet", hint="learn each by itself")

    def sample(
        self,
        scale: float = 1.0,
        *,
        rows: Mapping[TableName, int] | None = None,
        seed: int = 0,
        given: Mapping[TableName, pa.Table] | None = None,
    ) -> Iterator[tuple[TableName, pa.RecordBatch]]:
        """Rows of every table, parents before children; the same seed gives the same rows."""
        raise Error("several tables cannot be made yet", hint="make each by itself")

    def save(self, path: str | Path) -> None:
        """Write what was learned to a file; no row is in it."""
        raise Error("several tables cannot be saved yet", hint="learn each by itself")

    @staticmethod
    def load(path: str | Path, *, threads: int = 1, device: str = "auto") -> Tables:
        """Read what ``save`` wrote."""
        raise Error("several tables cannot be loaded yet", hint="learn each by itself")
