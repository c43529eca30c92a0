"""The verdict over privacy: by the worst risk, and only by what was measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from understudy.checks.privacy.membership import BY_MODEL
from understudy.checks.scores import Score
from understudy.interfaces import Result

_TOO_FEW = "; not shown to leak, but too few rows to tell: give more held-out rows"
_BY_LOW = frozenset({"nearest share", "holdout alike"})
"""Judged by the lower end of their interval: they must not be shown to be over their limit."""

_SHOWN_ONLY = frozenset({"familiar privacy"})


@dataclass(frozen=True)
class Limits:
    """What a released table may leak at most; the upper end of every interval must be below."""

    risk: float = 0.05
    """Of copies, small distances, singling out, linkability and inference."""
    replay: float = 0.02
    """Of values that say who someone is."""
    auc: float = 0.55
    """Of telling members from others."""
    hits: float = 0.02
    """Of members told at 1 % false alarms."""
    nearest_share: float = 0.5
    """The interval must reach down to it."""
    k: int | None = None
    """The smallest group of rows that are alike in what may say who someone is; without a limit, k is only shown."""
    l: int | None = None  # noqa: E741 - its name everywhere
    """The fewest values of a sensitive column in such a group."""

    def of(self, name: str) -> float | None:
        """The limit of a Score by its name; None where it is only shown."""
        own = {
            "replay": self.replay,
            "membership": self.auc,
            "membership of outliers": self.auc,
            "holdout alike": self.auc,
            "membership for sure": self.hits,
            "nearest share": self.nearest_share,
            "k-anonymity": self.k,
            "l-diversity": self.l,
        }
        return own.get(name.replace(f" {BY_MODEL}", ""), self.risk)


DEFAULT = Limits()


def judge(scores: Iterable[Score], limits: Limits = DEFAULT) -> list[Result]:
    """A Result per Score; nothing is averaged, so one failure or error fails the whole.

    A risk passes only if the upper end of its interval is under its limit.  What could not be computed is an error,
    and so are no scores at all.
    """
    results = [_judged(score, limits) for score in scores]
    return results or [Result("privacy", "all tables", "error", detail="nothing was measured")]


def _judged(score: Score, limits: Limits) -> Result:
    if score.name in _SHOWN_ONLY:
        return Result(score.name, score.subject, "note", score.value, None, score.detail)
    if score.value is None or score.low is None or score.high is None:
        return Result(score.name, score.subject, "error", score.value, detail=score.detail)
    limit = limits.of(score.name)
    if limit is None:
        return Result(score.name, score.subject, "note", score.value, None, score.detail)
    if score.higher_is_better:
        verdict = score.value >= limit
    elif score.name in _BY_LOW:
        verdict = score.low <= limit
    else:
        verdict = score.high < limit
    detail = score.detail
    if not verdict and not score.higher_is_better and score.low <= (score.ceiling or 0.0):
        detail += _TOO_FEW
    return Result(score.name, score.subject, "pass" if verdict else "fail", score.value, limit, detail)
