"""Do values that say who a person is stand in the made table?"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

from understudy import arrow
from understudy.checks.privacy.rates import risk
from understudy.checks.privacy.trial import names_rows
from understudy.checks.scores import Score
from understudy.checks.sides import flattened
from understudy.errors import unknown


def replay(
    real: pa.Table, made: pa.Table, holdout: pa.Table, identifying: Mapping[str, str] | None = None
) -> list[Score]:
    """One Score per identifying column: the risk that a value of it is found in any column of the made table.

    ``identifying`` says of what kind each such column is (``{"mail": "email"}``); without it, columns count whose texts
    nearly all differ.  A value in both real tables says little and does not count, and what is found of the unseen
    ones is chance.  Spelling in capitals and space around a value are not looked at.
    """
    if identifying is None:
        identifying = {name: "text" for name in real.column_names if names_rows(real.column(name))}
    for name in identifying:
        for table in (real, holdout):
            if name not in table.column_names:
                raise unknown("column", name, table.column_names)
    if not identifying:
        detail = "no column is said to identify anyone, or looks as if it did"
        return [Score("replay", "all columns", 0.0, 1.0, 0.0, 0.0, 0.0, False, detail)]
    there = all_texts(made)
    scores = []
    for name, kind in identifying.items():
        seen, unseen = (texts(table.column(name)) for table in (real, holdout))
        seen, unseen = seen.filter(_not_in(seen, unseen)), unseen.filter(_not_in(unseen, seen))
        hits = [len(values) - int(pc.sum(_not_in(values, there)).as_py() or 0) for values in (seen, unseen)]
        found = risk(hits[0], len(seen), hits[1], len(unseen))
        scores.append(found.score("replay", name, f"{kind}: {hits[0]:,} of {len(seen):,} values are in the made table"))
    return scores


def _not_in(values: pa.Array, others: pa.Array) -> pa.Array:
    return pc.invert(pc.is_in(values, value_set=others))


def all_texts(made: pa.Table) -> pa.Array:
    """Every distinct value of every column, as text."""
    parts = [texts(made.column(name)) for name in made.column_names]
    return pc.unique(pa.concat_arrays(parts)) if parts else pa.array([], pa.string())


def texts(column: pa.ChunkedArray) -> pa.Array:
    """The distinct values of a column that are there, as texts in small letters."""
    values = pc.unique(flattened(column)).drop_null()
    if pa.types.is_binary(values.type) or pa.types.is_nested(values.type) or pa.types.is_fixed_size_binary(values.type):
        values = pa.array([repr(value) for value in values.to_pylist()], pa.string())
    elif not arrow.is_text(values.type):
        values = values.cast(pa.string())
    values = pc.unique(pc.utf8_lower(pc.utf8_trim_whitespace(values)))
    return values.filter(pc.not_equal(values, ""))
