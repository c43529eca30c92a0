"""In how large a crowd do the rows of a masked copy stand?"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pyarrow as pa

from understudy.checks.privacy.trial import Cells
from understudy.checks.scores import Score
from understudy.checks.sides import coded
from understudy.errors import InputError, unknown

CROWDS = (2, 5, 10)


def anonymity(
    made: pa.Table, quasi: Collection[str], sensitive: Collection[str] = (), *, subject: str = "table"
) -> list[Score]:
    """``k-anonymity`` over columns that together may say who someone is, and ``l-diversity`` per sensitive column.

    k is the size of the smallest group of rows that are the same in ``quasi`` (Sweeney, 2002), l the fewest distinct
    values of a sensitive column in such a group (Machanavajjhala et al., 2007).  They say something of a masked copy,
    whose rows are people; rows that a model made are nobody's, and groups of one among them are no leak.
    """
    for name in [*quasi, *sensitive]:
        if name not in made.column_names:
            raise unknown("column", name, made.column_names)
    if not quasi or not made.num_rows:
        raise InputError("no rows, or no columns that may say who someone is", hint="name the quasi-identifiers")
    group = _groups([coded(made.column(name)) for name in quasi])
    sizes = np.bincount(group)
    breakdown = {f"rows in groups under {crowd}": float((sizes[group] < crowd).mean()) for crowd in CROWDS}
    over = ", ".join(quasi)
    smallest = float(sizes.min())
    scores = [_counted("k-anonymity", subject, smallest, f"over {over}: {len(sizes):,} groups of rows", breakdown)]
    for name in sensitive:
        pairs = np.unique(np.stack([group, coded(made.column(name))], axis=1), axis=0)
        fewest = np.bincount(pairs[:, 0])
        share = {"groups of one value": float((fewest == 1).mean())}
        scores.append(_counted("l-diversity", name, float(fewest.min()), f"in groups over {over}", share))
    return scores


def _groups(columns: list[Cells]) -> Cells:
    """A number for every row, the same for rows that are the same in all columns."""
    group = columns[0]
    for column in columns[1:]:
        group = np.unique(group * (int(column.max()) + 1) + column, return_inverse=True)[1]
    return np.asarray(np.unique(group, return_inverse=True)[1])


def _counted(name: str, subject: str, value: float, detail: str, breakdown: dict[str, float]) -> Score:
    return Score(name, subject, value, None, None, value, value, True, detail, breakdown)
