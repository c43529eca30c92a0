"""Texts read as what they are, and written back as they were."""

from datetime import date

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.connections.files.typed import typed
from understudy.errors import InputError

FORMS = [
    ("integer", st.integers(-(2**63), 2**63 - 1).map(str)),
    ("int16", st.integers(-(2**15), 2**15 - 1).map(str)),
    ("decimal", st.decimals(-(10**12), 10**12, places=3).map(lambda number: format(number, "f"))),
    ("date", st.dates().map(str)),
    ({"date": "%d.%m.%Y"}, st.dates(min_value=date(1000, 1, 1)).map(lambda day: day.strftime("%d.%m.%Y"))),
    ("timestamp", st.datetimes().map(lambda at: at.isoformat(" "))),
    ("timestamp", st.datetimes().map(lambda at: at.isoformat(timespec="milliseconds") + "Z")),
    ("timestamp", st.datetimes().map(lambda at: at.isoformat(timespec="seconds") + "+02:00")),
    ("uuid", st.uuids().map(str)),
    ("uuid", st.uuids().map(lambda one: str(one).upper())),
]


def there_and_back(spelled, texts):
    values, back = typed(spelled).read(pa.array(texts, pa.string()), "c")
    assert values.type == typed(spelled).arrow_type
    return values, back(values).to_pylist()


@pytest.mark.parametrize(("spelled", "texts"), FORMS, ids=lambda one: str(one)[:24])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_texts_come_back_as_they_were(spelled, texts, data):
    written = data.draw(st.lists(texts | st.none(), max_size=8))
    values, found = there_and_back(spelled, written)
    assert found == written and [value is None for value in values.to_pylist()] == [text is None for text in written]


def test_a_moment_keeps_its_own_form_row_by_row():
    written = ["2026-01-31 23:59:59", "2026-01-31T23:59:59.5Z", "2026-01-31 23:59:59.123456-0330", None]
    values, found = there_and_back("timestamp", written)
    assert found == written
    moved = pa.array([value and value.replace(month=3, day=1) for value in values.to_pylist()], values.type)
    back = typed("timestamp").read(pa.array(written), "c")[1]
    assert back(moved).to_pylist() == [text and text.replace("2026-01-31", "2026-03-01") for text in written]


def test_days_without_a_zero_have_a_format_of_their_own():
    assert there_and_back({"date": "%-d.%-m.%Y"}, ["3.2.1990", "13.12.1990"])[1] == ["3.2.1990", "13.12.1990"]


@pytest.mark.parametrize(
    ("spelled", "text"),
    [
        *(("integer", wrong) for wrong in ("007", "1.0", "+1", " 1", "-0", "9223372036854775808", "one")),
        ("int16", "32768"),
        *(("decimal", wrong) for wrong in ("NaN", "1e5", ".5", "1,5")),
        *(("date", wrong) for wrong in ("1990-02-30", "90-1-1", "1990-02-28 ", "infinity")),
        *((({"date": "%d.%m.%Y"}), wrong) for wrong in ("3.2.1990", "03.02.90", "30.02.1990", "03.02.1990 x")),
        *(("timestamp", wrong) for wrong in ("2026-01-01", "2026-01-01 25:00:00", "infinity")),
        *(("uuid", wrong) for wrong in ("6f1b0F6e-8a1c-4f7e-9a53-1f1a6a1b2c3d", "6f1b0f6e8a1c4f7e9a531f1a6a1b2c3d")),
    ],
    ids=str,
)
def test_what_would_not_come_back_is_refused_by_number_and_not_by_value(spelled, text):
    with pytest.raises(InputError, match="1 values of column 'c' are not") as caught:
        there_and_back(spelled, [text, None])
    assert text.strip() not in caught.value.message or len(text) < 3


@pytest.mark.parametrize("spelled", [{"date": "%m/%Y"}, {"date": "%Q"}, {"timestamp": "%d.%m.%Y"}, {"date": "today"}])
def test_a_format_that_does_not_tell_everything_is_refused(spelled):
    with pytest.raises(InputError, match="does not tell a whole"):
        typed(spelled)


def test_an_unknown_type_gets_a_close_match():
    with pytest.raises(InputError, match="'integr'") as caught:
        typed("integr")
    assert "integer" in caught.value.hint
    with pytest.raises(InputError, match="has no format"):
        typed({"uuid": "x"})
