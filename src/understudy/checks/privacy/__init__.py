"""What a made table gives away about the people it was learned from, measured by attacking it.

Every attack is tried on people that were learned from and on people that were not; only what it finds out about the
first beyond the second counts.  No metric here proves privacy.  Distances least of all: a table may pass them and be
open to other attacks.  A failure proves a leak, or that too little was measured; a pass says that these attacks,
with all rows but one person's known to them, found no more than the population tells.  A bound that holds against
every attack needs differential privacy.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping

import pyarrow as pa

from understudy.checks.c2st import one_thread
from understudy.checks.likelihood import LogProb
from understudy.checks.privacy.anonymity import anonymity
from understudy.checks.privacy.control import control
from understudy.checks.privacy.copies import exact_copies, near_copies
from understudy.checks.privacy.distances import distances
from understudy.checks.privacy.familiar import familiar_privacy
from understudy.checks.privacy.linking import inference, linkability
from understudy.checks.privacy.membership import BY_MODEL, likelihood, membership, membership_by_model
from understudy.checks.privacy.replay import replay
from understudy.checks.privacy.singling import singling_out
from understudy.checks.privacy.trial import ROWS, Trial, prepare
from understudy.checks.privacy.verdict import Limits, judge
from understudy.checks.scores import Score, attempt
from understudy.errors import InputError
from understudy.interfaces import Progress

__all__ = [
    "BY_MODEL",
    "ROWS",
    "Limits",
    "LogProb",
    "Trial",
    "anonymity",
    "familiar_privacy",
    "judge",
    "prepare",
    "privacy",
]


def privacy(
    real: pa.Table,
    made: pa.Table,
    holdout: pa.Table | None = None,
    *,
    subject: str = "table",
    entity: str | None = None,
    keys: Collection[str] = (),
    identifying: Mapping[str, str] | None = None,
    quasi: Collection[str] = (),
    sensitive: Collection[str] = (),
    log_prob: LogProb | None = None,
    rows: int = ROWS,
    progress: Progress | None = None,
) -> list[Score]:
    """Every privacy Score of a made table; what could not be measured is a Score that says so, none is left out.

    ``real`` is what was learned from, ``holdout`` rows of the same population that were not; without it nothing but
    anonymity can be measured, and all else fails.  ``entity`` is the column that says whose row it is: risks are then
    per person, and both tables must have other people.  ``keys`` are columns whose values only name rows,
    ``identifying`` columns that say who someone is with what kind of value it is, ``quasi`` those that do so together,
    ``sensitive`` what must not be learned.  ``log_prob`` is the released model, where it is released.  At most
    ``rows`` rows of each table take part, drawn by a seed of the tables' shapes; copies are looked for among all.
    """
    trials: list[Trial] = []

    def start() -> Iterable[Score]:
        trials.append(prepare(real, made, holdout, subject=subject, entity=entity, keys=keys, rows=rows))
        return ()

    scores = attempt("attacks", subject, start)
    attacks: dict[str, Callable[[], Iterable[Score]]] = {}
    if trials:
        attacks = _attacks(trials[0], real, holdout, log_prob)
    attacks["replay"] = lambda: replay(real, made, _given(holdout), identifying)
    if quasi or sensitive:
        attacks["k-anonymity"] = lambda: anonymity(made, quasi, sensitive, subject=subject)
    attacks["familiar privacy"] = lambda: familiar_privacy(real, made, _given(holdout), subject=subject, keys=keys)
    with one_thread():
        for number, (name, attack) in enumerate(attacks.items(), start=1):
            scores += attempt(name, subject, attack)
            if progress is not None:
                progress("attack", f"{subject}: {name}", number, len(attacks))
    return scores


def _attacks(
    trial: Trial, real: pa.Table, holdout: pa.Table | None, log_prob: LogProb | None
) -> dict[str, Callable[[], Iterable[Score]]]:
    by_model: dict[str, Callable[[], Iterable[Score]]] = {}
    if log_prob is not None:
        name = f"membership {BY_MODEL}"
        by_model[name] = lambda: membership_by_model(trial, likelihood(trial, real, _given(holdout), log_prob))
    return {
        "holdout apart": lambda: control(trial),
        "exact copies": lambda: exact_copies(trial),
        "near copies": lambda: near_copies(trial),
        "nearest share": lambda: distances(trial),
        "membership": lambda: membership(trial),
        **by_model,
        "singling out": lambda: singling_out(trial),
        "linkability": lambda: linkability(trial),
        "inference": lambda: inference(trial),
    }


def _given(holdout: pa.Table | None) -> pa.Table:
    if holdout is None:
        raise InputError("no held-out real rows", hint="give real rows that the made ones were not learned from")
    return holdout
