import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from understudy.demo import draw
from understudy.demo.people import ascii_word
from understudy.demo.stays import _one_after_another


def ints(*values):
    return np.array(values, np.int64)


def test_runs_count_within_every_run():
    assert draw.runs(ints(2, 0, 3)).tolist() == [0, 1, 0, 1, 2]


def test_repeats_tell_how_often_a_value_came_before():
    assert draw.repeats(ints(7, 5, 7, 7)).tolist() == [0, 0, 1, 2]


def test_distinct_numbers_are_distinct_even_when_they_are_scarce():
    found = draw.distinct(draw.stream(1, "x"), 100, 90)
    assert len(set(found.tolist())) == 90 and found.min() >= 0 and found.max() < 100


def test_numerals_are_padded_to_one_width():
    assert draw.numerals(ints(7, 120), width=4).to_pylist() == ["0007", "0120"]
    assert draw.numerals(ints(35), digits="0123456789abcdefghijklmnopqrstuvwxyz", width=2).to_pylist() == ["0z"]


def test_a_shape_gives_digits_and_letters_where_it_asks_for_them():
    for text in draw.shape(draw.stream(1, "x"), "A9 9", 20).to_pylist():
        assert len(text) == 4 and text[0].isalpha() and text[1].isdigit() and text[2] == " " and text[3].isdigit()


def test_templates_are_filled_row_by_row():
    fields = {"me": pa.array(["Ada", "Bob", "Eve"]), "city": pa.array(["Rome", "Bonn", None])}
    filled = draw.fill_each(["Hi {me}!", "no field", "{city} and {me}"], ints(2, 1, 0), fields)
    assert filled.to_pylist() == ["Rome and Ada", "no field", "Hi Eve!"]


def test_money_is_exact_and_may_be_negative():
    assert [str(value) for value in draw.money(ints(1250, -1, 0)).to_pylist()] == ["12.50", "-0.01", "0.00"]


def test_zipf_falls_with_rank_and_adds_up_to_one():
    shares = draw.zipf(5, 1)
    assert np.isclose(shares.sum(), 1) and np.isclose(shares[0] / shares[3], 4)


def test_streams_of_other_names_differ():
    assert draw.stream(1, "users").random() != draw.stream(1, "hosts").random()


def test_names_become_plain_letters():
    assert [ascii_word(name) for name in ["Jürgen", "Łukasz", "O'Neill", "Élodie"]] == [
        *("jurgen", "lukasz", "oneill", "elodie")
    ]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(18_000, 18_020), st.integers(1, 6)), min_size=1))
def test_stays_in_one_listing_follow_one_another_and_never_start_early(wishes):
    listing, wished, nights = (ints(*column) for column in zip(*wishes, strict=True))
    arrival = _one_after_another(listing, wished, nights)
    assert (arrival >= wished).all()
    taken = [
        (home, day)
        for home, first, many in zip(listing.tolist(), arrival.tolist(), nights.tolist(), strict=True)
        for day in range(first, first + many)
    ]
    assert len(taken) == len(set(taken))
