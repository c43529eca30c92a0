"""Is the holdout one?  Real rows that were learned from after all would make every leak look like chance."""

from __future__ import annotations

import numpy as np

from understudy.checks.c2st import trees
from understudy.checks.privacy.rates import risk, told
from understudy.checks.privacy.trial import Trial
from understudy.checks.scores import Score
from understudy.checks.sides import Numbers

_ROUNDS = 40


def control(trial: Trial) -> list[Score]:
    """``holdout apart``: unusual rows that training table and holdout share, beyond those that the holdout's halves do.

    ``holdout alike`` is how well trees tell both apart: where they can, the holdout is of another population, and
    what an attack finds out is no measure of what was leaked.
    """
    seen, unseen, _ = trial.prints
    halves = [unseen[trial.chosen[1]][trial.half[~trial.member] == side] for side in (False, True)]
    both = float(np.isin(halves[0], seen[trial.chosen[0]]).sum()), float(np.isin(halves[0], halves[1]).sum())
    times = len(trial.chosen[0]) / max(len(halves[1]), 1)
    apart = risk(both[0], len(halves[0]), both[1], len(halves[0]), times=times)
    entities = len(np.unique(trial.who[~trial.member]))
    detail = "; ".join(trial.notes)
    if trial.shared:
        detail = f"{trial.shared:,} of {entities:,} entities are in both; {detail}"
    shared = apart.score("holdout apart", trial.subject, detail)
    if trial.shared:
        share = min(1.0, trial.shared / max(entities, 1))
        shared = Score("holdout apart", trial.subject, share, 1.0, 0.0, share, 1.0, False, shared.detail)
    score = _member_odds(trial)
    found = told(score, trial.member, trial.who, trial.dice("control"))
    detail = f"AUC of telling rows learned from and held out apart; {found.people:,} people"
    return [
        shared,
        Score("holdout alike", trial.subject, found.auc, 1.0, 0.5, found.auc_low, found.auc_high, False, detail),
    ]


def _member_odds(trial: Trial) -> Numbers:
    """For every target the odds that it was learned from, by trees that saw the other half of the targets."""
    values = trial.targets.values
    odds = np.zeros(len(values))
    for side in (False, True):
        learned = trial.half != side
        model = trees([], seed=trial.seed, rounds=_ROUNDS).fit(values[learned], trial.member[learned])
        odds[~learned] = model.decision_function(values[~learned])
    return odds
