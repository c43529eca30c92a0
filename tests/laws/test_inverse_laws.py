"""The law of every transformer with a way back: whoever holds the key gets the originals."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from laws.case import Case
from laws.test_transformer_laws import cases_where, distinct_of, few, rows_of, same, transformer
from transforms.sample import KEY, plain
from understudy import transforms
from understudy.transforms import parse_rule


def undo(case: Case) -> Any:
    """The function that restores masked rows; skips a case whose options leave no way back."""
    function, lost = transforms.restore(case.table, {"v": parse_rule(case.rule)}, key=KEY, domains={})
    if lost:
        pytest.skip(lost["v"])
    return function


def as_compared(case: Case, values: list[Any]) -> list[Any]:
    """Values as the database compares them: where it takes "Ada" and "ada" as one, only one of them can come back."""
    folds = case.table.column("v").key_sql
    return [value.lower() if folds and isinstance(value, str) else value for value in values]


def comes_back(case: Case, values: list[Any]) -> bool:
    rows = rows_of(case, values)
    found = undo(case)(transformer(case, rows)(rows))
    assert found.schema == rows.schema and all(found[name] == rows[name] for name in ("id", "who", "bystander"))
    pairs = zip(as_compared(case, plain(rows["v"])), as_compared(case, plain(found["v"])), strict=True)
    return all(same(before, after) for before, after in pairs)


with_a_way_back = cases_where(lambda case: case.declared.inverse is not None)


@with_a_way_back
@few
@given(data=st.data())
def test_what_was_masked_comes_back(case, data):
    assert comes_back(case, data.draw(case.columns))


@with_a_way_back
def test_1500_different_values_come_back(case):
    assert comes_back(case, distinct_of(case))


@with_a_way_back
def test_what_comes_back_was_unique_unless_the_row_or_a_rule_inside_tells_more(case):
    undo(case)
    assert case.uniqueness.kind == "preserved" or case.placed.inside
