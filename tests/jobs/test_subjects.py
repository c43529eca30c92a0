"""One table whose rows belong to subjects: what of it is theirs, and rows made so that those of each go together."""

import datetime

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy import synthesize
from understudy.errors import InputError
from understudy.jobs.rows import Rows, of_table
from understudy.jobs.subjects import advice, parted_by, subjects_of
from understudy.synth.network import effort

VISITS = pa.table(
    {
        "patient": ["a", "a", "b", "c", "c", "c"],
        "born": [1980, 1980, None, 1975, 1975, 1975],
        "city": ["Oslo", "Oslo", "Bonn", "Oslo", "Lyon", "Oslo"],
        "weight": [70, 71, 80, 65, 65, 66],
    }
)


def rows(table: pa.Table, batch: int = 2) -> Rows:
    """A table in small batches."""
    whole = of_table(table, "visits")
    return Rows(whole.table, whole.arrow_schema, lambda: iter(table.to_batches(max_chunksize=batch)))


def test_what_all_rows_of_a_subject_repeat_is_the_subjects():
    parted = parted_by(rows(VISITS), "patient")
    assert parted.subjects.arrow_schema.names == ["patient", "born"]
    assert parted.rows.arrow_schema.names == ["patient", "city", "weight"]
    subjects = pa.Table.from_batches(parted.subjects.batches())
    assert subjects.to_pylist() == [
        {"patient": "a", "born": 1980},
        {"patient": "b", "born": None},
        {"patient": "c", "born": 1975},
    ]
    assert pa.Table.from_batches(parted.rows.batches()).equals(VISITS.select(["patient", "city", "weight"]))


VALUES = st.sampled_from([None, 0, 1])


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), VALUES, VALUES), min_size=2, max_size=30), st.integers(1, 5))
def test_repeated_columns_are_those_with_one_value_for_each_subject(found, batch):
    who, one, other = zip(*found, strict=True)
    table = pa.table({"who": who, "one": pa.array(one, pa.int64()), "other": pa.array(other, pa.int64())})
    batches = iter(table.to_batches(max_chunksize=batch))
    if len(set(who)) == len(who):
        with pytest.raises(InputError, match="no 'who' has two rows"):
            subjects_of(batches, "who", ["one", "other"])
        return
    expected = [
        name
        for name, values in (("one", one), ("other", other))
        if all(len({v for w, v in zip(who, values, strict=True) if w == subject}) == 1 for subject in set(who))
    ]
    subjects = subjects_of(batches, "who", ["one", "other"])
    assert subjects.column_names == ["who", *expected]
    assert subjects["who"].to_pylist() == sorted(set(who))


@pytest.mark.parametrize(
    ("subject", "told"),
    [
        ("patients", "column 'patients' does not exist"),
        ("weights", "holds decimal, which tells no subjects"),
        ("gap", "a row has no 'gap'"),
        ("own", "no 'own' has two rows"),
    ],
)
def test_a_column_that_tells_no_subjects_is_refused_by_its_name(subject, told):
    table = pa.table(
        {
            "patient": ["a", "a", "b"],
            "weights": pa.array([1, 1, 2], pa.decimal128(5, 1)),
            "gap": ["a", None, "a"],
            "own": [1, 2, 3],
        }
    )
    with pytest.raises(InputError, match=told):
        parted_by(rows(table), subject)


def test_a_column_that_may_say_whose_row_it_is_is_told_and_one_of_keys_or_labels_is_not():
    several = pa.table(
        {
            "visit_id": range(400),
            "patient_id": [f"p{n // 4}" for n in range(400)],
            "ward_id": [n % 3 for n in range(400)],
        }
    )
    assert advice(rows(several, 64)) == (
        "patient_id has 4.0 rows each: if those belong together, `--subject patient_id` makes them together"
    )
    assert advice(rows(several.select(["visit_id", "ward_id"]), 64)) == ""


def histories(subjects: int = 60) -> pa.Table:
    """Patients with one visit to four: a birthday each, visits a week apart, and a weight that goes up by one."""
    born, day = datetime.date(1970, 1, 1), datetime.date(2024, 1, 1)
    found = [
        {
            "patient_id": f"P-{7919 * who % 999_983:06}",
            "first_name": ["Ada", "Grace", "Edsger", "Barbara"][who % 4],
            "born": (born + datetime.timedelta(days=7919 * (who + 3) ** 2 % 9001)).strftime("%m/%d/%Y"),
            "seen": (day + datetime.timedelta(days=who + 7 * visit)).strftime("%m/%d/%Y"),
            "weight": 60 + who % 20 + visit,
        }
        for who in range(subjects)
        for visit in range(1 + who % 4)
    ]
    return pa.Table.from_pylist(found)


def test_rows_of_a_made_subject_follow_one_another_and_repeat_what_is_the_subjects(monkeypatch):
    monkeypatch.setattr(effort, "_EPOCHS", 20)
    real = histories()
    made = synthesize(real, subject="patient_id", effort="fast", similarity="off")
    assert made.schema == real.schema
    who = made["patient_id"].to_pylist()
    assert not set(who) & set(real["patient_id"].to_pylist())
    assert who == sorted(who, key=who.index), "rows of one stand together"
    for column in ("first_name", "born"):
        pairs = set(zip(who, made[column].to_pylist(), strict=True))
        assert len(pairs) == len(set(who)), f"{column} is the same in all rows of one"
    sizes = sorted(who.count(one) for one in set(who))
    assert sizes == sorted(1 + n % 4 for n in range(60)), "as many rows each as there should be"
    days = [datetime.datetime.strptime(text, "%m/%d/%Y").date() for text in made["seen"].to_pylist()]
    gaps = [(b - a).days for a, b, x, y in zip(days, days[1:], who, who[1:], strict=False) if x == y]
    assert gaps and all(gap == 7 for gap in gaps), "and one visit follows the other"


def test_the_same_seed_makes_the_same_histories_and_about_as_many_rows_as_are_wanted(monkeypatch):
    monkeypatch.setattr(effort, "_EPOCHS", 2)
    real = histories()
    made, again = (synthesize(real, subject="patient_id", effort="fast", rows=300, similarity="off") for _ in range(2))
    assert made.equals(again)
    assert 280 <= len(made) <= 320


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"balance": {"weight": "even"}}, "`balance` is for rows that do not belong together"),
        ({"given": pa.table({"weight": [60]})}, "`given` is for rows that do not belong together"),
        ({"save": "model"}, "`save` is for rows that do not belong together"),
    ],
)
def test_what_rows_of_subjects_cannot_be_asked_for_is_said_before_learning(more, told):
    with pytest.raises(InputError, match=told):
        synthesize(histories(), subject="patient_id", **more)


def test_of_several_tables_no_subject_is_said():
    tables = {"a": histories(), "b": histories()}
    with pytest.raises(InputError, match="`subject` is for one table, and there is several"):
        synthesize(tables, subject="patient_id")


def test_a_table_that_tells_of_subjects_alone_is_made_too(monkeypatch):
    monkeypatch.setattr(effort, "_EPOCHS", 2)
    real = pa.table({"who": [f"user-{n // 2:03}" for n in range(120)], "city": [f"c{n // 2 % 3}" for n in range(120)]})
    made = synthesize(real, subject="who", effort="fast")
    assert len(made) == 120 and len(set(made["who"].to_pylist())) == 60
    assert len(set(zip(made["who"].to_pylist(), made["city"].to_pylist(), strict=True))) == 60
