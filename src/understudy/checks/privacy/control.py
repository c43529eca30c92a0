"""Is the holdout one?  Real rows that were learned from after all would make every leak look like chance."""

from __future__ import annotations

import numpy as np

from understudy.checks.privacy.membership import odds
from understudy.checks.privacy.rates import beyond, told
from understudy.checks.privacy.trial import Trial
from understudy.checks.scores import Score
from understudy.checks.sides import Numbers


def control(trial: Trial) -> list[Score]:
    """``holdout apart``: unusual rows that training table and holdout share, beyond what its parts do.

    ``holdout alike`` is how well trees tell both apart: where they can, the holdout is of another population, and
    what an attack finds out is no measure of what was leaked.
    """
    seen, unseen, _ = trial.prints
    one, two, three = np.array_split(trial.dice("thirds").permutation(unseen), 3)
    rare = one[~np.isin(one, three)]
    both = float(np.isin(rare, seen).sum()), float(np.isin(rare, two).sum())
    apart = beyond(*both, len(one), times=len(seen) / max(len(two), 1))
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
    found = np.zeros(len(values))
    for side in (False, True):
        kinds = [values[(trial.half != side) & (trial.member == kind)] for kind in (False, True)]
        if min(map(len, kinds)):
            found[trial.half == side] = odds(kinds[0], kinds[1], values[trial.half == side], [], seed=trial.seed)
    return found
