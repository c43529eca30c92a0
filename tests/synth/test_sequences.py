"""What is known before a row is the same whether rows are learned from or made, and rows come back as they went in."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.synth.families.children import Siblings, habits_of, plans_of, sorted_siblings
from understudy.synth.families.sequences import examples, sequence

ROW = st.tuples(st.integers(0, 5), st.sampled_from(["red", "blue"]), st.one_of(st.none(), st.integers(0, 9)))
FAMILY = st.lists(ROW, max_size=6)


def siblings_of(families: list[list[tuple[int, str, int | None]]]) -> Siblings:
    """Rows of families: days that rise by so much, a colour, and a number that may be missing."""
    owner = np.repeat(np.arange(len(families)), [len(one) for one in families]).astype(np.int64)
    day = [10 + sum(step for step, _, _ in one[: at + 1]) for one in families for at in range(len(one))]
    table = pa.table(
        {
            "day": pa.array(day, pa.int32()).cast(pa.date32()),
            "colour": pa.array([row[1] for one in families for row in one], pa.string()),
            "number": pa.array([row[2] for one in families for row in one], pa.int64()),
        }
    )
    return sorted_siblings(table, owner, "")


@settings(max_examples=60, deadline=None)
@given(st.lists(FAMILY, min_size=1, max_size=8))
def test_rows_made_of_what_was_learned_are_the_rows(families: list[list[tuple[int, str, int | None]]]):
    siblings = siblings_of(families)
    names = siblings.rows.column_names
    if not len(siblings.rows):
        return
    habits = habits_of(siblings, "day", names, (), 1)
    plans = plans_of(siblings, habits, len(families))
    learned = examples(siblings, habits, names, plans, len(families))
    counts = np.bincount(siblings.owner, minlength=len(families))
    starts = np.cumsum(counts) - counts
    known: list[bool] = []

    def draw(place: int, context: pa.Table, who: np.ndarray, turn: int) -> pa.Table:
        like = learned.take(pa.array(starts[who] + place))
        known.append(context.equals(like.select(context.column_names)))
        return like.select(names)

    made, owner, _ = sequence(habits, siblings.rows.schema, counts, plans, draw)
    assert owner.tolist() == siblings.owner.tolist()
    assert made.select(names).equals(siblings.rows)
    assert all(known)


def test_before_a_row_is_known_what_is_left_and_what_there_was_so_far():
    siblings = siblings_of([[(0, "red", 4), (3, "red", None), (2, "blue", 8)]])
    habits = habits_of(siblings, "day", ["day", "colour", "number"], (), 1)
    assert habits.steps == ("day",)
    learned = examples(siblings, habits, ["day", "colour", "number"], plans_of(siblings, habits, 1), 1)
    assert learned["~ left"].to_pylist() == [3, 2, 1]
    assert learned["~ ahead day"].to_pylist() == [5.0, 5.0, 2.0]
    assert learned["day"].to_pylist() == [0, 3, 2]
    assert learned["~ previous colour"].to_pylist() == [None, "red", "red"]
    assert learned["~ so far number"].to_pylist() == [None, 4.0, 4.0]
    assert learned["~ different ahead colour"].to_pylist() == [2.0, 1.0, 1.0]
