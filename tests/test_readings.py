"""What texts of a column say is read, and written again to the letter; what may be a code stays a text."""

from datetime import date, datetime, time
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.readings import Amount, Moment, read, reading_of

EURO = Amount("", " €", ".", ",", 2)


@pytest.mark.parametrize(
    ("texts", "values"),
    [
        (["06/15/1982", "12/31/1999"], [date(1982, 6, 15), date(1999, 12, 31)]),
        (["1/5/2020", "12/25/2019"], [date(2020, 1, 5), date(2019, 12, 25)]),
        (["25/12/2019", "01/02/2020"], [date(2019, 12, 25), date(2020, 2, 1)]),
        (["31.12.2020", "1.1.2021"], [date(2020, 12, 31), date(2021, 1, 1)]),
        (["03-04-2021", "05-06-2021"], [date(2021, 4, 3), date(2021, 6, 5)]),
        (["1/2/05", "12/13/98"], [date(2005, 1, 2), date(1998, 12, 13)]),
        (["Jan 5, 2021", "Dec 25, 2020"], [date(2021, 1, 5), date(2020, 12, 25)]),
        (["05-Jan-2020", "12-Dec-2021"], [date(2020, 1, 5), date(2021, 12, 12)]),
        (["20200131", "19991231"], [date(2020, 1, 31), date(1999, 12, 31)]),
        (["1/5/2020 9:05", "12/25/2019 14:10"], [datetime(2020, 1, 5, 9, 5), datetime(2019, 12, 25, 14, 10)]),
        (["01/05/2020 09:05 PM", "12/25/2019 04:10 AM"], [datetime(2020, 1, 5, 21, 5), datetime(2019, 12, 25, 4, 10)]),
        (["2021-01-01T10:00:00Z", "2021-03-01T00:00:07Z"], [datetime(2021, 1, 1, 10), datetime(2021, 3, 1, 0, 0, 7)]),
        (["9:30", "14:05"], [time(9, 30), time(14, 5)]),
        (["$1,234.50", "$5.00", "$1,000,000.99"], [Decimal("1234.50"), Decimal("5.00"), Decimal("1000000.99")]),
        (["-$5.00", "$3.00"], [Decimal("-5.00"), Decimal("3.00")]),
        (["$-5.00", "$3.00"], [Decimal("-5.00"), Decimal("3.00")]),
        (["1.234,50 €", "3,00 €"], [Decimal("1234.50"), Decimal("3.00")]),
        (["USD 1,200", "USD 5"], [1200, 5]),
        (["1,234", "12"], [1234, 12]),
        (["12%", "5%"], [12, 5]),
        (["0.5 %", "12 %"], [0.5, 12.0]),
        (["36 months", "60 months"], [36, 60]),
        (["-12.50", "0.10"], [Decimal("-12.50"), Decimal("0.10")]),
    ],
)
def test_what_texts_say_is_read_and_written_to_the_letter(texts, values):
    column = pa.array(texts)
    reading = reading_of(column)
    assert reading is not None
    assert read(column, reading).to_pylist() == values
    assert reading.write(read(column, reading)).to_pylist() == texts


@pytest.mark.parametrize(
    "texts",
    [
        ["12", "13"],
        ["10115", "80331"],
        ["007", "012"],
        ["C12", "C13"],
        ["1.10", "1.2"],
        ["10.0.0.1", "10.0.0.2"],
        ["555-1234", "555-9876"],
        ["12345678", "99999999"],
        ["30/02/2021", "31/02/2021"],
        ["06/15/1982", "1982-06-15"],
        ["1 year", "2 years"],
        ["1e5", "2e5"],
        ["hello", "world"],
        [None, None],
    ],
)
def test_what_may_be_a_code_or_is_written_in_several_ways_stays_a_text(texts):
    assert reading_of(pa.array(texts, pa.string())) is None


def test_one_word_may_stand_for_no_value_and_is_written_again():
    column = pa.array(["N/A", "06/15/1982", "N/A"])
    reading = reading_of(column)
    assert read(column, reading).to_pylist() == [None, date(1982, 6, 15), None]
    assert reading.write(read(column, reading)).to_pylist() == ["N/A", "06/15/1982", "N/A"]
    assert reading_of(pa.array(["", "$5"])).nothing == ""
    assert reading_of(pa.array(["N/A", "none", "06/15/1982"])) is None
    assert reading_of(pa.array(["N/A", None, "06/15/1982"])) is None  # who could tell which of both to write?


def test_nulls_stay_nulls():
    column = pa.array(["06/15/1982", None])
    reading = reading_of(column)
    assert reading.write(read(column, reading)).to_pylist() == ["06/15/1982", None]


def test_texts_that_do_not_follow_the_way_say_nothing():
    assert read(pa.array(["38/59/5925", "06/15/1982"]), Moment("date", "%m/%d/%Y")).to_pylist()[0] is None
    assert read(pa.array(["1,00 €", "1.00 €", "12.34,00 €", "x", ""]), EURO).null_count == 4


def test_one_slip_in_a_hundred_rows_says_nothing_and_two_ways_are_none():
    days = [f"{1 + at % 12:02}/{1 + at % 28:02}/2020" for at in range(199)]
    column = pa.array([*days, "11/2013"])
    assert read(column, reading_of(column)).null_count == 1
    assert reading_of(pa.array([*days[:90], "11/2013"])) is None
    assert reading_of(pa.array([*days, "11/2013", "12/2013", "1/2014"])) is None


@given(st.lists(st.dates(date(1800, 1, 1), date(2300, 1, 1)), min_size=1), st.sampled_from(["%m/%d/%Y", "%d %B %Y"]))
def test_every_day_is_written_as_it_is_read(days, form):
    way = Moment("date", form)
    assert read(way.write(pa.array(days, pa.date32())), way).to_pylist() == days


@given(st.lists(st.integers(-(10**14), 10**14), min_size=1))
def test_every_amount_is_written_as_it_is_read(cents):
    amounts = pa.array([Decimal(one).scaleb(-2) for one in cents], EURO.arrow_type)
    assert EURO.read(EURO.write(amounts)).equals(amounts)
