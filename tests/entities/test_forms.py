"""Identifiers are taken apart and put together again, and what is put together is valid."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.entities.check_digits import CHARACTERS, Values
from understudy.entities.checksums import SCHEMES, valid
from understudy.entities.cores import Cores
from understudy.entities.forms import form
from understudy.entities.parts import CENTURY, Days, Either, Kept, Part, Spread, dated, digits, fixed, listed, numbers


def values_of(*texts: str) -> Values:
    return np.array([[CHARACTERS.index(character) for character in text] for text in texts], np.uint8)


def texts_of(values: Values) -> list[str]:
    return ["".join(CHARACTERS[value] for value in row) for row in values]


PARTS = [
    digits(3),
    listed("AB XY CD"),
    numbers(2, range(3, 30), 99),
    dated(Days("DDMMYY", range(1999, 2001)), Days("DDMMYY", range(1999, 2001), day=40)),
    dated(Days("YYLDD", CENTURY), Days("YYLDD", CENTURY, day=40)),
    Spread(2),
    Spread(3),
]


@pytest.mark.parametrize("part", PARTS, ids=str)
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_every_numeral_of_a_part_is_a_text_of_its_own(part: Part, data):
    numerals = np.array([[data.draw(st.integers(0, radix - 1)) for radix in part.radices] for _ in range(3)], np.uint16)
    values = part.write(numerals)
    again, fits = part.read(values)
    assert fits.all() and (again == numerals).all()
    assert all(set(text) <= set(CHARACTERS) for text in texts_of(values))


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (digits(3), "12A"),
        (listed("AB XY"), "AC"),
        (numbers(2, range(3, 30)), "30"),
        (dated(Days("DDMMYY", range(1999, 2001))), "290299"),
        (dated(Days("DDMMYY", range(1999, 2001))), "310400"),
        (Spread(2), "1234567890"),
        (Spread(2), "1123456677"),
        (Spread(3), "1112345678"),
        (Kept(2, "AB"), "AC"),
    ],
    ids=str,
)
def test_what_may_not_stand_there_is_not_read(part, text):
    _, fits = part.read(values_of(text))
    assert not fits.any()


def test_29_february_exists_in_leap_years_only():
    part = dated(Days("YYYYMMDD", range(1999, 2002)))
    _, fits = part.read(values_of("20000229", "19990229", "20010229"))
    assert fits.tolist() == [True, False, False]


def test_a_tax_number_has_one_digit_twice_or_thrice():
    assert np.prod([float(radix) for radix in Spread(2).radices]) == 45 * 10 * 362880
    assert np.prod([float(radix) for radix in Spread(3).radices]) == 112 * 10 * 181440


def test_letters_and_digits_that_may_stand_anywhere_stay_letters_and_digits():
    kind = form(fixed("X"), Either(4))
    (before,) = ["XA1B2"]
    reading = kind.read(values_of(before))
    assert kind.radices(2) == (10, 10, 26, 26)
    assert reading.numerals.tolist() == [[1, 2, 0, 1]]
    found, _ = kind.write(np.array([[7, 8, 24, 25]], np.uint16), reading)
    assert texts_of(found) == ["XY7Z8"]


@pytest.mark.parametrize("name", sorted(SCHEMES))
def test_reading_and_writing_gives_the_identifier_back(name):
    for core in Cores(pa.array([SCHEMES[name].example])).of_lengths(SCHEMES[name].by_length):
        for found in SCHEMES[name].readings(core.values):
            one = SCHEMES[name].by_length[core.values.shape[1]][found.number]
            written, there = one.write(found.reading.numerals, found.reading)
            assert found.exact and there.all() and (written == core.values).all()


@pytest.mark.parametrize("name", sorted(SCHEMES))
@settings(max_examples=6, deadline=None)
@given(data=st.data())
def test_what_is_written_is_valid_or_does_not_exist(name, data):
    kind = SCHEMES[name]
    (core,) = Cores(pa.array([kind.example])).of_lengths(kind.by_length)
    (found,) = kind.readings(core.values)
    one = kind.by_length[core.values.shape[1]][found.number]
    radices = one.radices(int(found.reading.letters.sum()))
    numerals = np.array([[data.draw(st.integers(0, radix - 1)) for radix in radices]], np.uint16)
    written, there = one.write(numerals, found.reading)
    assert valid(name, pa.array(texts_of(written))).to_pylist() == there.tolist()


def test_a_wrong_check_digit_stays_as_wrong_as_it_was():
    kind = SCHEMES["card"]
    wrong = values_of("4111111111111113")  # two more than the right one
    (found,) = kind.readings(wrong)
    assert not found.exact
    one = kind.by_length[16][found.number]
    other, _ = one.write(one.read(values_of("4012888888881881")).numerals, found.reading)
    assert texts_of(other) == ["4012888888881883"]


def test_texts_are_changed_where_their_letters_and_digits_stand():
    texts = pa.array(["a-1 B", "ü1", None, "zz9", "12"])
    cores = Cores(texts)
    (core,) = cores.of_lengths([3])
    assert core.rows.tolist() == [0, 3]
    assert texts_of(core.values) == ["A1B", "ZZ9"]
    assert core.lower.tolist() == [[True, False, False], [True, True, False]]
    data, ends = cores.written([(core.rows, values_of("XY7", "5Q3"))]), cores.offsets
    assert [bytes(data[ends[row] : ends[row + 1]]).decode() for row in (0, 1, 3, 4)] == ["x-Y 7", "ü1", "5q3", "12"]
    assert cores.without(" -").tolist() == [True, False, True, True, True]
