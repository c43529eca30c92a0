"""How good made rows are: every quality metric of one table, and the verdict over them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from understudy.checks.arithmetic import products, sums
from understudy.checks.c2st import c2st
from understudy.checks.familiar import familiar
from understudy.checks.likelihood import LogProb, gap
from understudy.checks.marginals import accuracy, nulls, shape, trend
from understudy.checks.queries import queries as asked_queries
from understudy.checks.rulecheck import (
    composites,
    constants,
    dependencies,
    equalities,
    new_categories,
    orders,
    ranges,
    unique_keys,
)
from understudy.checks.scores import Score, attempt
from understudy.checks.sides import ROWS, Sides, sides, torn
from understudy.checks.utility import utility
from understudy.interfaces import Progress, Result, Verdict


@dataclass(frozen=True)
class Limit:
    """How far below its ceiling a Score may be: so much, or a part of the way from the floor, whichever is more."""

    lift: float = 0.8
    """Of the way from floor to ceiling, how much made rows must go."""
    slack: float = 0.02
    """What is near enough to the ceiling whatever the floor."""


_ONE = Limit(slack=0.05)
_TREES = Limit(lift=0.5, slack=0.05)
_EXACT = Limit(lift=1.0, slack=0.0)

LIMITS: dict[str, Limit | None] = {
    "shape": _ONE,
    "nulls": _ONE,
    "weakest trend": Limit(lift=0.5, slack=0.05),
    "weakest hop trend": Limit(lift=0.5, slack=0.05),
    "utility": Limit(lift=0.5, slack=0.05),
    "equality": Limit(slack=0.1),
    "query": _ONE,
    "c2st holdout": _TREES,
    "c2st-agg holdout": _TREES,
    "worst c2st-agg": _TREES,
    "sequence c2st holdout": _TREES,
    "unique pairs": _ONE,
    "integrity": _EXACT,
    "unique key": _EXACT,
    "variety": _EXACT,
    "trend of column": None,
    "familiar score": None,
    "likelihood gap": None,
    "c2st": None,
    "c2st-agg": None,
    "sequence c2st": None,
}
"""Limits by the name of a Score, ``Limit()`` where there is none; None shows the number without a verdict.

Trees tell apart what no reader would, so they are asked for half the way.  What compares with rows that were learned
from gets no verdict: memorising improves it.
"""


def quality(
    real: pa.Table,
    made: pa.Table,
    holdout: pa.Table | None = None,
    *,
    subject: str = "table",
    keys: Sequence[Collection[str]] = (),
    naming: Collection[str] = (),
    anew: Collection[str] = (),
    entity: str | None = None,
    targets: Collection[str] = (),
    queries: Mapping[str, str] | None = None,
    log_prob: LogProb | None = None,
    rows: int = ROWS,
    progress: Progress | None = None,
) -> list[Score]:
    """Every quality Score of a made table; what could not be computed is a Score that says so, none is left out.

    ``holdout`` are real rows that the synthesizer did not learn from; without them halves of the real rows stand in.
    ``keys`` are the columns of each unique key: they are asked to be unique, and single-column ones are not compared
    otherwise, as those are not that only name rows (``naming``).  Of columns in ``anew``, whose values were made anew
    on purpose, only nulls are compared, and whether they vary and are unique where real ones are.  ``entity`` is the
    column that says whose row it is: classifiers are then judged on people they were not taught by.  ``targets`` are
    columns that models will predict.  ``queries`` are SQL by name, over ``subject``.  ``log_prob`` is the model, where
    it tells the likelihood of rows.
    """
    single = list(dict.fromkeys([*naming, *(column for key in keys if len(key) == 1 for column in key)]))
    prepared: list[Sides] = []

    def compared(anew: Collection[str]) -> Sides:
        return sides(real, made, holdout, subject=subject, keys=single, entity=entity, anew=anew, rows=rows)

    def prepare() -> Iterable[Score]:
        prepared.append(compared(anew))
        return ()

    scores = attempt("comparison", subject, prepare)
    scores += attempt("variety", subject, lambda: constants(real, made, subject))
    scores += attempt("unique key", subject, lambda: unique_keys(real, made, keys, subject))
    if not prepared:
        return scores
    whole = prepared[0]
    metrics: dict[str, Callable[[], Iterable[Score]]] = {
        "shape": lambda: shape(whole),
        "nulls": lambda: nulls(whole),
        "trend": lambda: trend(whole),
        "accuracy": lambda: accuracy(whole),
        "within range": lambda: ranges(whole),
        "new categories": lambda: new_categories(whole),
        "equality": lambda: equalities(whole),
        "order": lambda: orders(whole),
        "dependency": lambda: [*dependencies(whole), *composites(whole)],
        "sum": lambda: sums(whole),
        "product": lambda: products(whole),
        "query": lambda: _ask(queries, compared(())) if queries else (),  # who asks means the values as they are
        "c2st": lambda: c2st(whole),
        "utility": lambda: utility(whole, targets),
        "familiar score": lambda: familiar(whole),
    }
    if not whole.facets:  # a table of keys alone: what they join is asked with the other tables
        metrics = {"query": metrics["query"]}
    if log_prob is not None and holdout is not None:
        metrics["likelihood gap"] = lambda: gap(real, holdout, log_prob, subject)
    for number, (name, measure) in enumerate(metrics.items(), start=1):
        scores += attempt(name, subject, measure)
        if progress is not None:
            progress("measure", f"{subject}: {name}", number, len(metrics))
    return scores


def judge(scores: Iterable[Score], limits: Mapping[str, Limit | None] = LIMITS) -> list[Result]:
    """A Result per Score: a failure where even the upper end of its interval is further below the ceiling than allowed.

    A Score that could not be computed is an error, which blocks too.
    """
    return [_judged(score, limits.get(score.name, Limit())) for score in scores]


def _judged(score: Score, limit: Limit | None) -> Result:
    if score.value is None and score.name != "familiar score":  # which is for comparison, and blocks nothing
        return Result(score.name, score.subject, "error", detail=score.detail)
    if score.value is None or score.ceiling is None or limit is None:
        return Result(score.name, score.subject, "note", score.value, None, score.detail)
    sign = 1 if score.higher_is_better else -1
    span = 0.0 if score.floor is None else sign * (score.ceiling - score.floor)
    least = score.ceiling - sign * max(limit.slack, (1 - limit.lift) * span)
    end = score.high if score.higher_is_better else score.low
    best = score.value if end is None else end
    verdict: Verdict = "pass" if sign * (best - least) >= -1e-12 else "fail"
    return Result(score.name, score.subject, verdict, score.value, least, score.detail)


def _ask(asked: Mapping[str, str], whole: Sides) -> list[Score]:
    """The queries over equally many rows of every side, so that counts and sums can be compared too."""
    count = min(whole.real.num_rows, whole.made.num_rows, whole.held.num_rows)
    real, made, held = ({whole.subject: side.slice(0, count)} for side in (whole.real, whole.made, whole.held))
    return asked_queries(asked, real, made, held, {whole.subject: torn(held[whole.subject], whole.seed)})
