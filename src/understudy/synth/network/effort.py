"""How much a fit may cost: rows kept, size of the network and passes over rows, from the effort and the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from understudy.errors import InputError
from understudy.synth.encoding.columns import Part

Effort = Literal["fast", "normal", "best"]

_ROWS = {"fast": 100_000, "normal": 500_000, "best": 1_000_000}
_SECONDS = {"fast": 60, "normal": 250, "best": 780}
"""What learning may take on one core of a server of 2023; encoding comes on top."""
_WIDTH = {"fast": 128, "normal": 128, "best": 512}
"""Of few parts.  In the same time a narrow network sees more rows, and making rows costs by the square of its width."""
_OF_NUMBERS = {"fast": 128, "normal": 192, "best": 512}
"""Where two in five parts are numbers, whose densities take more to tell than the chances of labels."""
_WIDEST = {"fast": 256, "normal": 384, "best": 512}
_PER_PART = 4
"""How wide it is at least for each part, of which it has to carry something, up to the widest."""
_EPOCHS = 400
_TYPICAL = 50.0


@dataclass(frozen=True)
class Budget:
    """What one fit may use."""

    rows: int
    """Rows kept in memory at most; of more, a uniform sample."""
    width: int
    passes: int
    """Rows shown to the network, counted as often as they are shown."""
    dropout: float = 0.1
    """The share of the network that is dropped at each step, against learning rows by heart."""


def budget_of(effort: Effort | Budget, rows: int, parts: Sequence[Part] = (), *, related: bool = False) -> Budget:
    """The budget of an effort for a table of so many rows, and of these parts where they are known.

    A ``related`` table also says how many rows others have for each of its own, which takes the widest network.
    It follows from the table alone, not from a clock: the same on any machine, so that a fit can be repeated.
    """
    if isinstance(effort, Budget):
        return effort
    if effort not in _SECONDS:
        raise InputError(f"effort {effort!r} does not exist", hint=f"known: {', '.join(_SECONDS)}")
    most, widest = min(rows, _ROWS[effort]), _WIDEST[effort]
    numbers = sum(part.number for part in parts)
    least = (_OF_NUMBERS if 5 * numbers >= 2 * max(len(parts), 1) else _WIDTH)[effort]
    width = widest if related else min(max(least, _PER_PART * len(parts)), widest)
    passes = int(_SECONDS[effort] * 1e6 / (microseconds(width, parts) if parts else _TYPICAL))
    return Budget(_ROWS[effort], width, max(min(passes, _EPOCHS * most), most), dropout_of(rows, parts))


def microseconds(width: int, parts: Sequence[Part]) -> float:
    """About what one row costs in learning, 256 rows a step: drawn through times on tables of 11 and 24 columns."""
    numbers = sum(part.number for part in parts)
    classes = sum(part.classes for part in parts)
    each = 0.4 + 0.0035 * width
    return 13 + 1.7e-4 * width * width + 0.6 * len(parts) + each * numbers + 0.02 * classes


def dropout_of(rows: int, parts: Sequence[Part]) -> float:
    """More for few rows, and for classes, which are learned by heart sooner than numbers whose levels are jittered."""
    labels = sum(not part.number for part in parts) / len(parts) if parts else 0.6
    scarce: float = (30_000 / max(rows, 1)) ** 0.75
    return round((0.05 + 0.08 * labels) * min(max(scarce, 0.4), 2.5), 3)


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
