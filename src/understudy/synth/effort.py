"""How much a fit may cost: rows kept, size of the network and passes over rows, from the effort and the table."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from understudy.errors import InputError

Effort = Literal["fast", "normal", "best"]

_ROWS = {"fast": 100_000, "normal": 500_000, "best": 1_000_000}
_PASSES = {"fast": 1_500_000, "normal": 5_000_000, "best": 14_000_000}
_WIDTH = {"fast": 256, "normal": 384, "best": 512}
_EPOCHS = 400
_FEWEST_STEPS = 300


@dataclass(frozen=True)
class Budget:
    """What one fit may use."""

    rows: int
    """Rows kept in memory at most; of more, a uniform sample."""
    width: int
    passes: int
    """Rows shown to the network, counted as often as they are shown."""


def budget_of(effort: Effort | Budget, rows: int) -> Budget:
    """The budget of an effort for a table of so many rows: the same on any machine, so that a fit can be repeated."""
    if isinstance(effort, Budget):
        return effort
    if effort not in _PASSES:
        raise InputError(f"effort {effort!r} does not exist", hint=f"known: {', '.join(_PASSES)}")
    most = min(rows, _ROWS[effort])
    return Budget(_ROWS[effort], _WIDTH[effort], max(min(_PASSES[effort], _EPOCHS * most), most))


def kept_rows(effort: Effort | Budget) -> int:
    """Rows of a stream that a fit keeps at most."""
    return budget_of(effort, 1).rows


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Let torch use so many threads for a while."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)
