"""The permutation of texts that keeps their pattern."""

import re

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from transforms.sample import KEY
from understudy.transforms import characters
from understudy.transforms.characters import Characters
from understudy.transforms.ff1 import Ff1

SUBKEY = KEY.subkey("test")


def permuted(texts, **options):
    return Characters(SUBKEY, **options)(pa.array(texts, pa.string())).to_pylist()


def pattern(text):
    """What must stay: digits as 0, letters as a or A, others outside ASCII by their blocks of 64."""
    text = re.sub("[0-9]", "0", re.sub("[a-z]", "a", re.sub("[A-Z]", "A", text)))
    return [character if character < "\x80" else ord(character) // 64 for character in text]


def test_a_product_code_stays_one():
    (found,) = permuted(["AB-12345 x"])
    assert re.fullmatch(r"[A-Z]{2}-[0-9]{5} [a-z]", found)
    assert found != "AB-12345 x"


def test_digits_are_encrypted_as_the_standard_says():
    expected = Ff1(SUBKEY, (10,) * 10).encrypt(np.array([[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]], np.uint16))
    assert permuted(["01234-56789"])[0].replace("-", "") == "".join(map(str, expected[0]))


@given(st.lists(st.text(max_size=12), unique=True, max_size=30))
def test_texts_stay_different_and_keep_their_pattern(texts):
    found = permuted(texts)
    assert len(set(found)) == len(texts)
    assert [pattern(text) for text in found] == [pattern(text) for text in texts]


@given(st.lists(st.text(alphabet="aB1- é", max_size=6), max_size=20), st.integers(0, 20))
def test_a_text_is_permuted_alike_whatever_stands_beside_it(texts, cut):
    assert permuted(texts) == permuted(texts[:cut]) + permuted(texts[cut:])


def test_all_codes_of_one_pattern_are_permuted_among_themselves():
    codes = [f"{letter}{number}" for letter in "abcdefghijklmnopqrstuvwxyz" for number in range(10)]
    assert sorted(permuted(codes)) == codes


def test_what_has_neither_letter_nor_digit_stays():
    assert permuted(["", "---", " ?"]) == ["", "---", " ?"]


def test_letters_outside_ascii_change_within_their_block():
    (found,) = permuted(["北京"])
    assert found != "北京" and len(found) == 2


def test_folded_texts_that_differ_in_case_have_one_stand_in():
    first, second, third = permuted(["Straße-7b", "STRAßE-7B", "straße-7c"], fold=True)
    assert first == second == first.lower() != third
    assert "ß" in first


def test_leading_digits_can_be_kept():
    first, second = permuted(["+49 (170) 1234567", "+49 170 1234568"], keep_digits=3)
    assert first.startswith("+49 (1") and second.startswith("+49 1")
    assert re.fullmatch(r"\+49 \(1\d\d\) \d{7}", first)
    assert permuted(["1234"], keep_digits=3) == permuted(["1234"]), "too short to keep any"


def test_no_code_stays_in_its_place_where_all_are_to_move():
    codes = [f"{letter}-{number}" for letter in "abcdefghijklmnopqrstuvwxyz" for number in range(10)]
    found = permuted(codes, moved=True)
    assert sorted(found) == codes and all(before != after for before, after in zip(codes, found, strict=True))
    assert Characters(SUBKEY, moved=True).restore(pa.array(found)).to_pylist() == codes


def test_long_batches_are_worked_on_in_steps(monkeypatch):
    texts = [f"code-{number}" for number in range(500)] + ["x" * 300, "y"]
    whole = permuted(texts)
    monkeypatch.setattr(characters, "_STEP_BYTES", 100)
    assert permuted(texts) == whole


def test_slices_of_an_array_are_read_in_their_place():
    texts = pa.array(["a1", "b2", None, "c3"])
    assert Characters(SUBKEY)(texts[1:2]).to_pylist() == permuted(["b2"])
    assert Characters(SUBKEY)(texts[3:].cast(pa.large_string())).to_pylist() == permuted(["c3"])


@given(st.lists(st.text(alphabet="aB1- é", min_size=50, max_size=80), unique=True, max_size=8), st.booleans())
def test_long_texts_keep_their_pattern_stay_different_and_come_back(texts, moved):
    texts = [f"Order 12345678: {text}" for text in texts]
    found = permuted(texts, moved=moved, keep_digits=3)
    assert len(set(found)) == len(texts)
    assert [pattern(text) for text in found] == [pattern(text) for text in texts]
    assert all(" 123" in one and one != text for one, text in zip(found, texts, strict=True))
    assert Characters(SUBKEY, moved=moved, keep_digits=3).restore(pa.array(found, pa.string())).to_pylist() == texts


def test_a_long_text_is_permuted_alike_beside_short_ones():
    long = "A report of what was seen on 5 May 2021 by those who stood at the gate"
    assert permuted(["A7", long, ""])[1] == permuted([long])[0]
