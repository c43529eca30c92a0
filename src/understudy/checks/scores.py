"""The noun of every measured check: a number between what chance gives and what real data gives."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from understudy.checks.run import _reason as reason


@dataclass(frozen=True)
class Score:
    """One measured property of made data, beside the two numbers without which it says nothing.

    ``floor`` is what columns sampled independently get, ``ceiling`` what a real holdout gets; ``low`` and ``high``
    bound the value with 95 % confidence.  A ``value`` of None could not be computed: ``detail`` says why, and it
    counts as failed.  Holds names, counts and shares, never a value of a row.
    """

    name: str
    subject: str
    """The table, column, pair or foreign key."""
    value: float | None
    floor: float | None = None
    ceiling: float | None = None
    low: float | None = None
    high: float | None = None
    higher_is_better: bool = True
    detail: str = ""
    breakdown: Mapping[str, float] = field(default_factory=dict)
    """The same number by column, pair or attack."""

    @property
    def failed(self) -> bool:
        """Whether it could not be computed."""
        return self.value is None

    @property
    def lift(self) -> float | None:
        """Where the value lies between floor (0) and ceiling (1); None where they do not differ by a hundredth."""
        if self.value is None or self.floor is None or self.ceiling is None:
            return None
        span = self.ceiling - self.floor
        return (self.value - self.floor) / span if abs(span) >= 0.01 else None


def attempt(name: str, subject: str, measure: Callable[[], Iterable[Score]]) -> list[Score]:
    """What a metric measures; where it raises, one Score that says so without any data, so that none is left out."""
    found: list[Score] = []
    try:
        found.extend(measure())
    except Exception as error:  # whatever it is, a metric that could not be computed must be seen
        found.append(Score(name, subject, None, detail=f"could not be computed: {reason(error)}"))
    return found
