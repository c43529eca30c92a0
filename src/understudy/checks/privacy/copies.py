"""Do rows of the training table stand in the made one, as they were or with little changed?"""

from __future__ import annotations

import numpy as np

from understudy.checks.privacy.nearest import has_twin
from understudy.checks.privacy.rates import beyond, excess
from understudy.checks.privacy.trial import Trial
from understudy.checks.scores import Score

MOST = 5_000
"""People of each kind whose near copies are looked for, at most."""


def exact_copies(trial: Trial) -> list[Score]:
    """``exact copies``, of the rows learned from those that were made again; ``copied rows``, of the made ones.

    Only rows count that the other half of the unseen ones does not hold as well: what is common is nobody's.  All rows
    of the training and the made table are looked through, however many there are.
    """
    seen, unseen, made = trial.prints
    mine = np.concatenate([seen[trial.chosen[0]], unseen[trial.chosen[1]]])
    halves = [mine[~trial.member & (trial.half == side)] for side in (False, True)]
    common = np.where(trial.half, np.isin(mine, halves[0]), np.isin(mine, halves[1]))
    again = excess(trial, np.isin(mine, made) & ~common)
    rare = made[~np.isin(made, halves[1])]
    copied = float(np.isin(rare, seen).sum()), float(np.isin(rare, halves[0]).sum())
    times = len(seen) / max(len(halves[0]), 1)
    share = beyond(copied[0], copied[1], len(made), times=times)
    return [
        again.score(
            "exact copies", trial.subject, f"{copied[0]:,.0f} of {len(made):,} made rows are unusual real rows"
        ),
        share.score("copied rows", trial.subject),
    ]


def near_copies(trial: Trial) -> list[Score]:
    """Of the rows learned from those of which a made row differs in one field (in one of ten, where there are many).

    Numbers agree within a tenth of their column's spread.  Rows that an unseen row is as near to do not count.
    """
    spare = max(1, len(trial.fields) // 10)
    within = trial.some(MOST)
    hit = has_twin(trial.targets.take(within), trial.made, spare)
    common = trial.by_population(within, lambda rows, others: has_twin(rows, others, spare))
    what = f"all fields but {spare}" if len(trial.fields) > 1 else "nothing"
    return [excess(trial, hit & ~common, within).score("near copies", trial.subject, f"made rows that agree in {what}")]
