"""Laws that every transformer obeys, over every one that is registered.

To add a transformer to them, add a line to a file of ``cases``.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from laws.case import Case
from laws.cases import CASES
from transforms.sample import KEY, OTHER_KEY, PEOPLE, batch, plain
from understudy import transforms
from understudy.arrow import storage
from understudy.interfaces import Scan
from understudy.schema import Schema, Table
from understudy.transforms import TRANSFORMERS, parse_rule


def cases_where(condition: Callable[[Case], bool]) -> pytest.MarkDecorator:
    """The cases of which something is true, as the parameter ``case`` of a test."""
    chosen = [case for cases in CASES.values() for case in cases if condition(case)]
    return pytest.mark.parametrize("case", chosen, ids=str)


every_case = cases_where(lambda case: True)
few = settings(max_examples=12, deadline=None)

INFINITE = {"date": 2**31 - 1, "timestamp": 2**63 - 1}


class Held:
    """The table in memory, for what reads it whole."""

    def __init__(self, table: Table, rows: pa.RecordBatch) -> None:
        self.table, self.rows = table, rows

    def schema(self) -> Schema:
        return Schema((self.table,))

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        return pa.Table.from_batches([self.rows]).select(list(scan.columns)).to_reader()


def rows_of(case: Case, values: list[Any]) -> pa.RecordBatch:
    """Rows with these values, ten people who own them since some day, and a column without a rule."""
    return batch(
        case.table,
        v=values,
        id=range(1, len(values) + 1),
        who=[number % 10 if number % 7 else None for number in range(len(values))],
        since=[number * 10**14 if number % 5 else None for number in range(len(values))],
        bystander=[f"b{number}" for number in range(len(values))],
    )


def transformer(case: Case, rows: pa.RecordBatch, key: transforms.Key = KEY) -> Any:
    held = Held(case.table, rows)
    return transforms.compile(case.table, {"v": parse_rule(case.rule)}, key=key, domains={}, dataset=held)


def changed(case: Case, values: list[Any], key: transforms.Key = KEY) -> list[Any]:
    rows = rows_of(case, values)
    return plain(transformer(case, rows, key)(rows)["v"])


def same(one: Any, other: Any) -> bool:
    return one == other or (one != one and other != other)


def test_every_transformer_has_its_cases():
    assert CASES.keys() == TRANSFORMERS.keys()
    assert all(case.declared.name == name for name, cases in CASES.items() for case in cases)


@every_case
@few
@given(data=st.data())
def test_rows_nulls_and_other_columns_stay_what_they_were_unless_filling_is_the_purpose(case, data):
    values = data.draw(case.columns)
    rows = rows_of(case, values)
    found = transformer(case, rows)(rows)
    assert found.schema == rows.schema and found.num_rows == rows.num_rows
    found.validate(full=True)
    assert all(found[name].equals(rows[name]) for name in ("id", "who", "bystander"))
    pairs = [(before is None, after is None) for before, after in zip(values, plain(found["v"]), strict=True)]
    if case.placed.nulls == "kept":
        assert all(before == after for before, after in pairs) or case.kind == "float"
    else:
        assert all(after for before, after in pairs if before)


@every_case
@few
@given(data=st.data())
def test_a_row_becomes_the_same_wherever_batches_are_cut_and_in_whatever_order(case, data):
    rows = rows_of(case, data.draw(case.columns))
    transform = transformer(case, rows)
    whole = transform(rows)["v"]
    cut = data.draw(st.integers(0, len(rows)))
    parts = [storage(transform(part)["v"]) for part in (rows.slice(0, cut), rows.slice(cut))]
    assert pa.concat_arrays(parts).equals(storage(whole)) or any(value != value for value in plain(rows["v"]))
    order = data.draw(st.permutations(range(len(rows))))
    expected, turned = plain(whole), plain(transform(rows.take(pa.array(order, pa.int64())))["v"])
    assert all(same(found, expected[place]) for found, place in zip(turned, order, strict=True))


@cases_where(lambda case: case.placed.by_value)
@few
@given(data=st.data())
def test_the_same_value_under_the_same_key_has_the_same_stand_in(case, data):
    values = data.draw(st.lists(case.values, min_size=1, max_size=6))
    there, later = changed(case, values), changed(case, [None, *values, *values])
    assert all(same(one, other) for one, other in zip(there * 2, later[1:], strict=True))


@every_case
def test_no_rows_give_no_rows_of_the_same_types(case):
    rows = rows_of(case, [])
    found = transformer(case, rows)(rows)
    assert found.schema == rows.schema and found.num_rows == 0


@every_case
def test_a_column_of_nulls_alone_is_no_trouble(case):
    assert changed(case, [None, None]) == [None, None]


DISTINCT: dict[str, list[Any]] = {
    "integer": list(range(1, 1501)),
    "float": [number / 8 for number in range(1500)],
    "decimal": [Decimal(number) for number in range(100_000, 101_500)],
    "text": [f"person.{number}@mail.example" for number in range(1500)],
    "date": list(range(1500)),
    "timestamp": [number * 10**9 for number in range(1500)],
    "time": [number * 10**7 for number in range(1500)],
    "boolean": [True, False] * 750,  # as different as they can be
    "json": [json.dumps({"email": f"{number}@x.org", "n": [number]}) for number in range(1500)],
    "other": [f"{{{number}}}" for number in range(1500)],
}


def distinct_of(case: Case) -> list[Any]:
    if case.nth is not None:
        return [case.nth(number) for number in range(1500)]
    if case.kind == "enum":
        return [case.more["labels"][number % len(case.more["labels"])] for number in range(1500)]
    if case.kind == "uuid":
        return [uuid.UUID(int=number + 2**100) for number in range(1500)]
    return [str(value) for value in DISTINCT["decimal"]] if case.more.get("as_text") else DISTINCT[case.kind]


@every_case
def test_declared_uniqueness_holds_over_1500_different_values(case):
    values = distinct_of(case)
    found = [repr(value) for value in changed(case, values)]
    if case.uniqueness.kind == "lossy":
        assert len(set(found)) <= (case.uniqueness.stand_ins or len(values))
    elif case.uniqueness.within:
        owners = rows_of(case, values)["who"].to_pylist()
        pairs = {(who, after) for who, after in zip(owners, found, strict=True) if who is not None}
        assert len(pairs) == sum(who is not None for who in owners)
    elif case.placed.nulls == "kept":
        assert len(set(found)) == len(set(values))
        assert case.uniqueness.collision(len(values)) < 1e-4


@every_case
def test_another_key_gives_other_stand_ins(case):
    values = distinct_of(case)[:300]
    ours, theirs = changed(case, values), changed(case, values, OTHER_KEY)
    assert (ours == theirs) == (not case.keyed)


@cases_where(lambda case: case.placed.sensitive)
def test_what_identifies_does_not_come_through_but_where_it_shall(case):
    values = distinct_of(case)[:300]
    rows = rows_of(case, values)
    spared = transforms.spared(case.table, {"v": parse_rule(case.rule)})(rows).get("v", pa.array([False] * len(values)))
    pairs = zip(values, plain(transformer(case, rows)(rows)["v"]), spared.to_pylist(), strict=True)
    came_through = sum(before == after for before, after, shall in pairs if not shall)
    assert came_through <= 1, "a permutation may leave a value in its place, hardly two"


@pytest.mark.parametrize("limit", [1, 2, 5, 8, 13, 16, 24, 60])
@pytest.mark.parametrize("name", sorted(CASES))
def test_declared_lengths_hold_and_what_is_not_refused_fits(name, limit):
    for given_case in CASES[name]:
        if given_case.kind != "text":
            continue
        case = replace(given_case, more={**given_case.more, "max_length": limit})
        rules = {(PEOPLE, "v"): parse_rule(case.rule)}
        if transforms.refusals(Schema((case.table,)), rules, {}):
            continue
        values = [value[:limit] for value in [*DISTINCT["text"][:200], "Ada", "żółć", "x" * 60, "A1@b.org"]]
        if case.form is not None:
            values = [value for value in distinct_of(case)[:200] if len(value) <= limit] or [""]
        longest = max(len(value) for value in changed(case, values) if value is not None) if name != "null" else 0
        assert longest <= limit
        declared = case.placed.length
        assert declared is None or longest <= declared


@cases_where(lambda case: case.kind in INFINITE and case.placed.nulls == "kept")
def test_the_infinities_of_dates_stay(case):
    ends = [INFINITE[case.kind], -INFINITE[case.kind]]
    assert changed(case, [*ends, 5, None, *ends]) == [*ends, changed(case, [*ends, 5, None, *ends])[2], None, *ends]


@pytest.mark.parametrize(
    "kind", [pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())], ids=lambda kind: str(kind)
)
@cases_where(lambda case: case.table.column("v").arrow_type == pa.string())
def test_text_keeps_the_arrow_type_it_came_in(case, kind):
    one, other = {"decimal": ("7.50", "8.25"), "enum": case.more.get("labels", ("",))[:2]}.get(case.kind, ("{}", "{}"))
    if case.form is not None:
        one, other = distinct_of(case)[:2]
    values = [one, None, other]
    rows = rows_of(case, values)
    expected = plain(transformer(case, rows)(rows)["v"])
    column_type = rows.schema.get_field_index("v")
    other = rows.set_column(column_type, "v", rows["v"].cast(kind))
    found = transformer(case, rows)(other)
    assert found["v"].type == kind and found["v"].cast(pa.string()).to_pylist() == expected
