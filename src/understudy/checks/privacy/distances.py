"""Do made rows lie nearer to the rows that were learned from than to rows that were not?

Distances are no proof of privacy: tables that pass here have been attacked with success (Yao et al., "The DCR
Delusion", 2025).  A failure proves a leak; a pass means no more than that this way of looking found none.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from understudy.checks.privacy.nearest import Found, nearest
from understudy.checks.privacy.rates import risk
from understudy.checks.privacy.trial import Cells, Crowd, Trial
from understudy.checks.scores import Score
from understudy.checks.sides import Numbers

VIEWS = 3
"""Random sets of columns, and as many of columns that go together, in which distances are taken too."""

LOWEST = 0.05
"""Share of the smallest distances and ratios by which the two sides are compared."""

_VIEWED = 5_000  # made rows that views other than the whole are judged by
_Z = 2.69  # standard errors of an interval that holds for all seven views at once


@dataclass(frozen=True)
class _Share:
    view: str
    value: float
    half: float


def distances(trial: Trial) -> list[Score]:
    """``nearest share``: of the made rows those nearer to a row learned from, 0.5 by chance; then two risks.

    The share is of the worst of seven views: all columns, random halves of them, and columns that go together; its
    interval holds for all of them at once.  ``small distances`` and ``small ratios`` are the risks that a made row's
    distance to the nearest row, or that divided by the distance to the second nearest, is among the smallest.
    """
    count = min(len(trial.members), len(trial.unseen))
    seen, unseen = trial.members.take(np.arange(count)), trial.unseen.take(np.arange(count))
    owner = trial.who[trial.member][:count], trial.who[~trial.member][:count]
    every = np.arange(seen.vectors.shape[1])
    to_seen, to_unseen = _found(trial.made, seen, unseen, every)
    shares = [_share("all columns", to_seen, to_unseen, owner)]
    viewers = trial.made.take(np.arange(min(len(trial.made), _VIEWED)))
    for view, fields in _views(trial):
        columns = np.concatenate([every[trial.fields[field].span] for field in fields])
        shares.append(_share(view, *_found(viewers, seen, unseen, columns), owner))
    worst = max(shares, key=lambda share: share.value - share.half)
    breakdown = {share.view: share.value for share in shares}
    detail = f"worst in {worst.view}; distance is no proof of privacy"
    low, high = max(0.0, worst.value - worst.half), min(1.0, worst.value + worst.half)
    return [
        Score("nearest share", trial.subject, worst.value, 1.0, 0.5, low, high, False, detail, breakdown),
        _small("small distances", trial.subject, to_seen.first, to_unseen.first),
        _small("small ratios", trial.subject, _ratio(to_seen), _ratio(to_unseen)),
    ]


def _found(made: Crowd, seen: Crowd, unseen: Crowd, columns: Cells) -> tuple[Found, Found]:
    mine = made.vectors[:, columns]
    return nearest(mine, seen.vectors[:, columns]), nearest(mine, unseen.vectors[:, columns])


def _share(view: str, to_seen: Found, to_unseen: Found, owner: tuple[Cells, Cells]) -> _Share:
    """The share of one view, and its error if it were chance which of the real entities were learned from."""
    nearer = to_seen.first < to_unseen.first
    value = float(nearer.mean() + (to_seen.first == to_unseen.first).mean() / 2)
    nearest_one = np.where(nearer, owner[0][to_seen.at], owner[1][to_unseen.at])
    votes = np.unique(nearest_one, return_counts=True)[1] / len(nearer)
    return _Share(view, value, _Z * float(np.sqrt(0.25 * (votes**2).sum())))


def _views(trial: Trial) -> list[tuple[str, Cells]]:
    """Sets of half of the columns, by chance and by correlation; none where there are too few columns."""
    count = len(trial.fields)
    if count < 4:
        return []
    dice = trial.dice("views")
    size = (count + 1) // 2
    values = np.nan_to_num(trial.members.values, nan=-1.0)
    ranks = np.argsort(np.argsort(values, axis=0), axis=0) + dice.random(values.shape) * 1e-9
    together = np.abs(np.corrcoef(ranks, rowvar=False))
    views = []
    for number in range(VIEWS):
        drawn = np.sort(dice.choice(count, size, replace=False))
        anchor = int(dice.integers(count))
        views.append((f"random columns {number + 1}", drawn))
        views.append((f"columns that go with {trial.fields[anchor].name}", np.argsort(-together[anchor])[:size]))
    return views


def _small(name: str, subject: str, seen: Numbers, unseen: Numbers) -> Score:
    """The risk of being among the smallest; of those equal to the limit a part counts, the same of both sides."""
    limit = np.quantile(unseen, LOWEST)
    below, at = float((unseen < limit).sum()), float((unseen == limit).sum())
    part = np.clip((LOWEST * len(unseen) - below) / max(at, 1.0), 0.0, 1.0)
    hits = [float((side < limit).sum() + part * (side == limit).sum()) for side in (seen, unseen)]
    return risk(hits[0], len(seen), hits[1], len(unseen)).score(name, subject, "distance is no proof of privacy")


def _ratio(found: Found) -> Numbers:
    """Nearest by second nearest; 1 where both are there: equal rows hide one another."""
    return np.divide(found.first, found.second, out=np.ones(len(found.first)), where=found.second > 0)
