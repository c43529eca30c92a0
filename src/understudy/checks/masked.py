"""What is asked of a masked copy, whose rows are people: that no original is left, in what crowds they stand."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from understudy.checks.privacy.anonymity import anonymity
from understudy.checks.privacy.rates import wilson
from understudy.checks.privacy.replay import all_texts, texts
from understudy.checks.privacy.trial import names_rows
from understudy.checks.quality import Limit
from understudy.checks.scores import Score, attempt
from understudy.errors import unknown

NOTE = "every row of a masked copy is somebody's: attacks on made rows say nothing of it, so none was tried"

KEPT = frozenset({"comparison", "unique key", "integrity"})
"""What masking must keep whatever the rules are; all else is shown without a verdict: rules change it on purpose."""


def masked(
    real: pa.Table,
    made: pa.Table,
    *,
    subject: str,
    identifying: Mapping[str, str] | None = None,
    quasi: Collection[str] = (),
    sensitive: Collection[str] = (),
) -> list[Score]:
    """``originals``, per identifying column, and crowds over ``quasi``; see ``privacy.replay`` and ``anonymity``."""
    scores = attempt("originals", subject, lambda: originals(real, made, identifying))
    if quasi:
        scores += attempt("k-anonymity", subject, lambda: anonymity(made, quasi, sensitive, subject=subject))
    return scores


def originals(real: pa.Table, made: pa.Table, identifying: Mapping[str, str] | None = None) -> list[Score]:
    """The share of an identifying column's original values that stand in any column of the copy.

    ``identifying`` says of what kind each such column is; without it, columns count whose texts nearly all differ.
    Spelling in capitals and space around a value are not looked at.
    """
    if identifying is None:
        identifying = {name: "text" for name in real.column_names if names_rows(real.column(name))}
    there = all_texts(made)
    scores = []
    for name, kind in identifying.items():
        if name not in real.column_names:
            raise unknown("column", name, real.column_names)
        values = texts(real.column(name))
        hits = int(pc.sum(pc.is_in(values, value_set=there)).as_py() or 0)
        middle, half = wilson(hits, len(values))
        share = hits / max(len(values), 1)
        low, high = max(0.0, min(middle - half, share)), share if not hits else middle + half
        detail = f"{kind}: {hits:,} of {len(values):,} originals are in the copy"
        scores.append(Score("originals", name, share, 1.0, 0.0, low, high, False, detail))
    return scores or [Score("originals", "all columns", 0.0, 1.0, 0.0, 0.0, 0.0, False, "no column identifies anyone")]


def limits(usual: Mapping[str, Limit | None], scores: Sequence[Score]) -> dict[str, Limit | None]:
    """The limits of a masked copy: none but for what it must keep."""
    return {score.name: usual.get(score.name, Limit()) if score.name in KEPT else None for score in scores}
