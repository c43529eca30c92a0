from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from checks.memory import Memory, name, table
from understudy.checks import constraints, passed, run_checks
from understudy.schema import CheckConstraint, TableName

POSITIVE = CheckConstraint("positive", ("price",), "CHECK (price > 0)")
RANGE = CheckConstraint("stars", ("stars",), "CHECK (stars < 6)")
ITEMS = table("items", "id bigint", "price bigint", "stars bigint", "note text", checks=(POSITIVE, RANGE))


@dataclass(frozen=True)
class Source(Memory):
    """A source that evaluates the two constraints itself, as a database would."""

    def violations(self, table: TableName, batch: pa.RecordBatch) -> Mapping[str, int]:
        assert batch.schema.names == ["price", "stars"]
        return {
            "positive": pc.sum(pc.less_equal(batch["price"], 0)).as_py() or 0,
            "stars": pc.sum(pc.greater(batch["stars"], 5)).as_py() or 0,
        }


ROWS = {"items": [(1, 10, 5, "x"), (2, 0, 9, "y"), (3, -1, 1, "z")]}
MADE = Memory((ITEMS,), ROWS)
PRICE = frozenset({(name("items"), "price")})


def test_a_changed_value_that_breaks_a_constraint_is_caught_and_the_constraint_named():
    [result] = constraints(PRICE)(Source((ITEMS,), ROWS), MADE)
    assert (result.subject, result.verdict, result.value) == ("items [positive]", "fail", 2)
    assert result.detail == "2 rows break CHECK (price > 0)"


def test_a_constraint_over_unchanged_columns_is_not_asked():
    assert list(constraints(frozenset({(name("items"), "note")}))(Source((ITEMS,), ROWS), MADE)) == []


def test_values_that_satisfy_their_constraint_pass():
    [result] = constraints(PRICE)(Source((ITEMS,), ROWS), MADE.but(items=[(1, 10, 5, "x")]))
    assert result.verdict == "pass"


def test_a_source_that_cannot_evaluate_constraints_blocks():
    results = run_checks({"constraints": constraints(PRICE)}, MADE, MADE)
    assert [(result.check, result.verdict) for result in results] == [("constraints", "error")]
    assert not passed(results)
