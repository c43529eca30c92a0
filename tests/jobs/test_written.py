"""Texts that say dates and amounts: learned as what they say, and written again as they were."""

import datetime

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.jobs.rows import Rows, of_table
from understudy.jobs.written import read_of


def rows(table: pa.Table) -> Rows:
    """A table in small batches."""
    whole = of_table(table, "sales")
    return Rows(whole.table, whole.arrow_schema, lambda: iter(table.to_batches(max_chunksize=7)))


def read(table: pa.Table, *leave: str) -> pa.Table:
    """What the texts of a table say."""
    found = read_of(rows(table), leave)
    return pa.Table.from_batches(found.rows.batches(), found.rows.arrow_schema)


DAYS = st.lists(st.dates(datetime.date(1930, 1, 1), datetime.date(2030, 1, 1)), min_size=1, max_size=40)


@settings(max_examples=40, deadline=None)
@given(DAYS, st.sampled_from(["%m/%d/%Y", "%d.%m.%Y", "%d %b %Y"]))
def test_what_is_read_is_written_again_as_it_was(days, form):
    table = pa.table({"sold": [day.strftime(form) for day in days], "pieces": range(len(days))})
    found = read_of(rows(table), ())
    back = pa.Table.from_batches([found.back(batch) for batch in found.rows.batches()])
    assert back.to_pydict() == table.to_pydict()


def test_a_key_is_not_read():
    table = pa.table({"day": ["01/31/2024"] * 30, "sold": ["01/31/2024"] * 30})
    assert read(table, "day").schema.types == [pa.string(), pa.date32()]


def test_one_text_in_a_hundred_may_be_written_otherwise_and_then_says_what_the_one_before_it_does():
    texts = ["01/30/2024", *["01/31/2024"] * 200]
    texts[5] = "01/2024"
    found = read(pa.table({"sold": texts}))
    assert found["sold"].null_count == 0
    assert found["sold"][5].as_py() == datetime.date(2024, 1, 31)


def test_texts_that_many_rows_write_otherwise_stay_texts_however_the_first_ones_are_written():
    texts = ["01/31/2024"] * 2_500 + ["2024, in winter"] * 50
    assert read(pa.table({"sold": texts})).schema.types == [pa.string()]


def test_a_word_for_nothing_is_null_and_comes_back_unless_null_is_there_as_well():
    texts = ["01/31/2024"] * 40 + ["never"] * 10
    table = pa.table({"sold": texts})
    found = read_of(rows(table), ())
    assert sum(batch.column(0).null_count for batch in found.rows.batches()) == 10
    assert [text for batch in found.rows.batches() for text in found.back(batch).column(0).to_pylist()] == texts
    late = pa.table({"sold": pa.array(texts * 50 + [None], pa.string())})
    assert read(late).schema.types == [pa.string()]
