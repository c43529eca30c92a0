"""Filters refuse copies, near copies and outliers, make them anew in their places, and leave fresh real rows alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.errors import InputError
from understudy.interfaces import Progress
from understudy.schema import Table
from understudy.synth.filters import CHUNK, Filters, filtered
from understudy.synth.privacy.guard import Guard

BANK = Path(__file__).resolve().parents[3] / "shared" / "data" / "tabular" / "bank_marketing" / "bank_marketing.csv.gz"
HIGH = Filters(similarity="high")


def population(rows: int, seed: int) -> pa.Table:
    """Clients: four numbers, three labels, and a date."""
    rng = np.random.default_rng(seed)
    size = rng.gamma(2, 50, rows)
    return pa.table(
        {
            "number": pa.array(np.arange(1, rows + 1)),
            "size": np.round(size, 2),
            "rate": np.round(rng.gamma(3, 2, rows) + size / 100, 3),
            "age": rng.integers(18, 90, rows),
            "balance": np.round(rng.normal(0, 1_000, rows), 2),
            "town": rng.choice(["Bonn", "Lyon", "Oslo", "Riga"], rows),
            "kind": rng.choice(["a", "b", "c"], rows, p=[0.7, 0.2, 0.1]),
            "active": rng.random(rows) < 0.4,
            "since": pa.array(np.datetime64("2020-01-01") + rng.integers(0, 1_500, rows)),
        }
    )


@dataclass
class Replay:
    """A synthesizer that makes the rows it is told to, and, where it is asked again, fresh ones."""

    first: pa.Table
    identifiers: tuple[str, ...] = ("number",)
    again: pa.Table | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)

    def fit(self, table: Table, batches: pa.RecordBatchReader, *, progress: Progress) -> None:
        """There is nothing to learn."""

    def sample(self, rows: int, *, seed: int = 0, given: pa.Table | None = None) -> Iterator[pa.RecordBatch]:
        """The rows told, or fresh ones."""
        self.asked.append((rows, seed))
        if rows == len(self.first) and len(self.asked) == 1:
            made = self.first
        else:
            made = population(rows, seed) if self.again is None else self.again.take(pa.array([0] * rows))
        for name in given.column_names if given is not None else ():
            made = made.set_column(made.column_names.index(name), name, given.column(name))
        yield from made.to_batches(max_chunksize=1_000)


REAL, FRESH = population(4_000, 1), population(4_000, 2)


def planted(rows: pa.Table, count: int = 200) -> pa.Table:
    """Fresh rows of which the first are others."""
    return pa.concat_tables([rows.slice(0, count), FRESH.slice(count)]).combine_chunks()


def changed(rows: pa.Table, column: str) -> pa.Table:
    """Rows with one column of other rows."""
    return rows.set_column(rows.column_names.index(column), column, FRESH.column(column))


def jittered(rows: pa.Table) -> pa.Table:
    """Rows with every float a little off."""
    rng = np.random.default_rng(0)
    for at, name in enumerate(rows.column_names):
        if pa.types.is_floating(rows.schema.field(name).type):
            off = rng.normal(0, 0.001, len(rows)) * rows.column(name).to_numpy().std()
            rows = rows.set_column(at, name, pa.array(rows.column(name).to_numpy() + off))
    return rows


def rows_of(batches: Iterator[pa.RecordBatch]) -> pa.Table:
    return pa.Table.from_batches(list(batches))


def shared(made: pa.Table, real: pa.Table) -> int:
    """How many made rows, but for their number, are real ones."""
    known = {tuple(row.values()) for row in real.drop_columns(["number"]).to_pylist()}
    return sum(tuple(row.values()) in known for row in made.drop_columns(["number"]).to_pylist())


def test_copies_are_made_anew_and_the_other_rows_stay_in_their_places() -> None:
    model = Replay(planted(REAL))
    found = filtered(model, 4_000, real=REAL)
    made = rows_of(found)
    assert shared(planted(REAL), REAL) == 200 and shared(made, REAL) == 0
    assert made.slice(200).equals(FRESH.slice(200))
    assert found.outcome.refused["copies"] == 200 and found.outcome.rows == 4_000 and found.outcome.made == 4_200
    assert str(found.outcome) == "4,000 rows; refused: 200 copies, of 4,200 made"


def test_a_row_made_anew_keeps_its_identifier_and_what_was_given() -> None:
    towns = pa.table({"town": ["Riga"] * 4_000})
    made = rows_of(filtered(Replay(planted(changed(REAL, "town"))), 4_000, real=changed(REAL, "town"), given=towns))
    assert made.column("town").to_pylist() == ["Riga"] * 4_000
    assert made.column("number").to_pylist() == planted(REAL).column("number").to_pylist()


@pytest.mark.parametrize("column", ["size", "age", "town", "active", "since"])
def test_near_copies_with_one_field_changed_are_refused_where_similarity_is_high(column: str) -> None:
    near = planted(changed(REAL, column))
    guard = Guard.of(REAL, similarity="high", ignore=["number"])
    verdict = guard.judged(near)
    assert (verdict["near copies"] | verdict["copies"])[:200].mean() > 0.95
    assert (verdict["near copies"] | verdict["copies"])[200:].mean() < 0.02


def test_near_copies_with_every_number_a_little_off_are_refused_where_similarity_is_high() -> None:
    verdict = Guard.of(REAL, similarity="high", ignore=["number"]).judged(planted(jittered(REAL)))
    assert verdict["near copies"][:200].mean() > 0.9 and not verdict["copies"].any()


def test_amounts_and_days_in_texts_are_near_as_those_are(tmp_path: Path) -> None:
    def spelled(rows: pa.Table) -> pa.Table:
        days = pc.strftime(rows.column("since"), "%d.%m.%Y")
        sizes = [f"{one:,.2f} EUR" for one in rows.column("size").to_pylist()]
        rows = rows.set_column(rows.column_names.index("since"), "since", days)
        return rows.set_column(rows.column_names.index("size"), "size", pa.array(sizes))

    guard = Guard.of(spelled(REAL), similarity="high", ignore=["number"])
    guard.save(tmp_path / "guard")
    for one in (guard, Guard.load(tmp_path / "guard")):
        verdict = one.judged(spelled(planted(jittered(REAL))))
        assert verdict["near copies"][:200].mean() > 0.9 and verdict["near copies"][200:].mean() < 0.02


def test_a_table_of_which_every_value_is_a_fresh_one_has_nothing_to_filter() -> None:
    numbers = REAL.select(["number"])
    assert len(rows_of(filtered(Replay(numbers), 4_000, real=numbers))) == 4_000


def test_what_many_rows_share_is_no_copy() -> None:
    real = pa.table({"town": ["Bonn", "Lyon"] * 500, "age": [30, 40] * 499 + [31, 99]})
    made = pa.table({"town": ["Bonn", "Lyon", "Lyon"], "age": [30, 40, 99]})
    assert Guard.of(real).judged(made)["copies"].tolist() == [False, False, True]


def test_where_a_few_values_make_all_rows_there_can_be_a_row_of_them_is_no_copy_and_one_that_stands_out_is() -> None:
    real = pa.table({"line": [n // 20 for n in range(400)] + [3], "seat": [n % 20 for n in range(400)] + [77]})
    made = pa.table({"line": [3, 3], "seat": [7, 77]})
    assert Guard.of(real).judged(made)["copies"].tolist() == [False, True]
    twice = pa.concat_tables([REAL, REAL])  # rows that are there twice do not come so by chance
    assert Guard.of(twice, ignore=["number"]).judged(REAL)["copies"].all()


def test_what_people_who_were_not_learned_from_share_is_no_copy() -> None:
    real = pa.table({"town": ["Bonn", "Lyon"] * 20, "age": list(range(40))})
    verdict = Guard.of(real, holdout=real.slice(0, 10)).judged(real)
    assert verdict["copies"].tolist() == [False] * 10 + [True] * 30


def test_outliers_are_refused_by_level() -> None:
    odd = REAL.slice(0, 40)
    for name, value in (("size", 5_000.0), ("balance", -90_000.0), ("age", 89)):
        at = odd.column_names.index(name)
        odd = odd.set_column(at, name, pa.array([value] * 40, odd.schema.field(name).type))
    for level, usual in (("medium", 0.01), ("high", 0.05)):
        guard = Guard.of(REAL, similarity="off", outliers=level, ignore=["number"])  # type: ignore[arg-type]
        assert guard.judged(odd)["outliers"].all()
        assert guard.judged(FRESH)["outliers"].mean() < usual
    assert guard.judged(FRESH)["outliers"].mean() > 0.005


def test_rows_that_cannot_be_made_anew_are_left_out_and_counted() -> None:
    found = filtered(Replay(planted(REAL), again=REAL), 4_000, real=REAL)
    made = rows_of(found)
    assert len(made) == 3_800 and shared(made, REAL) == 0
    assert found.outcome.missing == 200 and "200 rows could not be replaced" in str(found.outcome)


def test_without_real_rows_a_guard_is_asked_for() -> None:
    with pytest.raises(InputError, match="need the rows that were learned from"):
        filtered(Replay(FRESH), 10)
    assert len(rows_of(filtered(Replay(FRESH), 4_000, filters=Filters(similarity="off")))) == 4_000
    with pytest.raises(InputError, match="similarity 'much' does not exist"):
        Filters(similarity="much")  # type: ignore[arg-type]


def test_a_guard_is_saved_without_any_row_and_judges_alike(tmp_path: Path) -> None:
    guard = Guard.of(REAL, similarity="high", outliers="high", ignore=["number"])
    guard.save(tmp_path / "guard")
    loaded = Guard.load(tmp_path / "guard")
    made = planted(changed(REAL, "town"))
    one, other = guard.judged(made), loaded.judged(made)
    assert all((one[what] == other[what]).all() for what in one)
    kept = (tmp_path / "guard").read_bytes()
    doubles = [np.float64(value).tobytes() for value in REAL.column("balance").to_pylist()[:50]]
    assert not any(value in kept for value in doubles)
    (tmp_path / "other").write_bytes(b"nothing")
    with pytest.raises(InputError, match="cannot be read"):
        Guard.load(tmp_path / "other")


def test_salts_differ_and_verdicts_do_not() -> None:
    one, other = (Guard.of(REAL, similarity="high", ignore=["number"], salt=salt) for salt in (1, 2))
    assert not set(one.copies.tolist()) & set(other.copies.tolist())
    made = planted(jittered(REAL))
    assert all((one.judged(made)[what] == other.judged(made)[what]).all() for what in one.judged(made))


@settings(deadline=None, max_examples=15)
@given(size=st.integers(1, 5_000), seed=st.integers(0, 2**20))
def test_the_same_rows_pass_whatever_the_batches(size: int, seed: int) -> None:
    def run(rows: int) -> pa.Table:
        return rows_of(filtered(Replay(planted(REAL, 50)), 4_000, real=REAL, seed=seed, batch_rows=rows))

    assert run(size).equals(run(CHUNK))


TYPES: Mapping[str, Any] = {
    "integers": st.lists(st.one_of(st.none(), st.integers(-(2**40), 2**40)), min_size=30, max_size=60),
    "floats": st.lists(st.one_of(st.none(), st.floats(width=32)), min_size=30, max_size=60),
    "texts": st.lists(st.one_of(st.none(), st.text(max_size=4)), min_size=30, max_size=60),
}


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_every_rare_real_row_is_refused_and_common_ones_are_not(data: st.DataObject) -> None:
    columns = {name: data.draw(values, name)[:30] for name, values in TYPES.items()}
    real = pa.table({"integers": pa.array(columns["integers"], pa.int64()), "floats": pa.array(columns["floats"]).cast(
        pa.float64()), "texts": pa.array(columns["texts"], pa.string())})  # fmt: skip
    guard = Guard.of(real, similarity="high", outliers="high", salt=data.draw(st.integers(0, 2**64 - 1)))
    rows = [repr(tuple(row.values())) for row in real.to_pylist()]
    values = [[repr(0 if one == 0 else one) for one in real.column(name).to_pylist()] for name in real.column_names]
    chance = [30 * math.prod((column.count(column[at]) - 1) / 30 for column in values) for at in range(30)]
    rare = [rows.count(row) < 5 and chance[at] < 0.1 for at, row in enumerate(rows)]
    assert guard.judged(real)["copies"].tolist() == rare
    verdict = guard.judged(real)
    assert (
        not (verdict["copies"] & verdict["near copies"]).any() and not (verdict["copies"] & verdict["outliers"]).any()
    )


def test_on_real_tables_planted_copies_go_and_fresh_people_stay() -> None:
    if not BANK.exists():
        pytest.skip("the bank's table is not here")
    table = pyarrow.csv.read_csv(BANK)
    order = np.random.default_rng(0).permutation(len(table))
    real, fresh = table.take(pa.array(order[:20_000])), table.take(pa.array(order[20_000:30_000]))
    guard = Guard.of(real, similarity="high", outliers="medium")
    refused = np.logical_or.reduce(list(guard.judged(fresh).values()))
    assert refused.mean() < 0.03
    near = real.slice(0, 2_000)
    near = near.set_column(0, near.schema.field(0), fresh.column(0).slice(0, 2_000))
    assert guard.judged(real)["copies"].mean() > 0.99
    verdict = guard.judged(near)
    assert (verdict["copies"] | verdict["near copies"]).mean() > 0.95
