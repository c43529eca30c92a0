"""The permutation of pieces of texts: of any length and pattern, all at once."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sample import KEY
from transforms.test_characters import pattern
from understudy.arrow import own_spans
from understudy.transforms import labels, pieces
from understudy.transforms.parts import first_of, last_of, names_in, part, spread
from understudy.transforms.pieces import CHARACTERS, HEX, Alphabet, Pieces

SUBKEY = KEY.subkey("test")
few = settings(max_examples=40, deadline=None)


def permuted(texts, alphabet=CHARACTERS, **options):
    return Pieces(SUBKEY, alphabet).texts(pa.array(texts, pa.string()), **options).to_pylist()


@few
@given(st.lists(st.text(max_size=60), unique=True, max_size=30))
def test_texts_stay_different_keep_their_pattern_and_come_back(texts):
    found = permuted(texts)
    assert len(set(found)) == len(texts)
    assert [pattern(text) for text in found] == [pattern(text) for text in texts]
    assert permuted(found, back=True) == texts


@few
@given(st.lists(st.text(alphabet="aB1- é", max_size=40), max_size=20), st.integers(0, 20))
def test_a_text_is_permuted_alike_whatever_stands_beside_it(texts, cut_at):
    assert permuted(texts) == permuted(texts[:cut_at]) + permuted(texts[cut_at:])


@pytest.mark.parametrize("length", [1, 2, 3])
def test_all_texts_of_a_small_pattern_are_permuted_and_none_stays(length):
    codes = [f"{number:0{length}}" for number in range(10**length)]
    found = permuted(codes)
    assert sorted(found) == codes
    assert all(before != after for before, after in zip(codes, found, strict=True))


def test_a_single_character_turns_by_a_step_that_only_the_key_tells():
    steps = {(int(Pieces(KEY.subkey(str(number))).texts(pa.array(["0"]))[0].as_py())) for number in range(30)}
    assert len(steps) > 3 and 0 not in steps


@pytest.mark.parametrize("length", [7, 13, 14, 26, 27, 28, 200, 3000])
def test_every_character_depends_on_all_others(length):
    text = "ab" * length
    for place in (0, length, 2 * length - 1):
        other = text[:place] + "q" + text[place + 1 :]
        one, two = permuted([text, other])
        same = sum(a == b for a, b in zip(one, two, strict=True))
        assert same < len(text) / 26 * 3 + 8


def test_digits_come_out_about_as_often_as_one_another():
    found = "".join(permuted([f"{number:012}" for number in range(4000)]))
    counts = np.bincount([int(digit) for digit in found], minlength=10)
    assert abs(counts / len(found) - 0.1).max() < 0.01


def test_the_case_of_a_letter_does_not_matter_for_what_letter_it_becomes():
    lower, upper, mixed = permuted(["mail", "MAIL", "Mail"])
    assert upper == lower.upper() and mixed == lower.capitalize()


def test_hexadecimal_digits_stay_hexadecimal():
    (found,) = permuted(["0123456789abcdef-xyz"], HEX)
    assert set(found[:16]) <= set("0123456789abcdef") and found[16:] == "-xyz"


def test_an_alphabet_leaves_all_else():
    assert permuted(["a1b2"], Alphabet((b"0123456789",)))[0][::2] == "ab"


def test_bytes_that_are_to_stay_do_and_count_for_nothing():
    data, offsets = own_spans(pa.array(["ab12", "cd12"]))
    stay = np.array([True, True, False, False] * 2)
    found = Pieces(SUBKEY)(data, offsets, stay=stay).tobytes().decode()
    assert found[:2] == "ab" and found[4:6] == "cd" and found[2:4] == found[6:8] != "12"


def test_long_batches_are_worked_on_in_steps(monkeypatch):
    texts = [f"code-{number}" for number in range(500)] + ["x" * 300, "y"]
    whole = permuted(texts)
    monkeypatch.setattr(pieces, "_STEP_BYTES", 100)
    assert permuted(texts) == whole


def test_parts_of_texts_are_found_and_taken():
    data, offsets = own_spans(pa.array(["ab/c/d", "", "xyz"]))
    starts, stops = offsets[:-1], offsets[1:]
    assert first_of(data, starts, stops, b"/").tolist() == [2, 6, 9]
    assert last_of(data, starts, stops, b"/").tolist() == [4, 5, 5]
    assert part(data, starts, first_of(data, starts, stops, b"/")).to_pylist() == ["ab", "", "xyz"]
    assert spread(5, np.array([0, 3]), np.array([1, 5])).tolist() == [True, False, False, True, True]


def test_pieces_that_come_again_may_be_permuted_once_or_each_time():
    texts = pa.array(["ab", "7", "", "ab", "Ada Lovelace", "7", "é1", "x" * 40, "ab"])
    assert Pieces(SUBKEY, repeated=False).texts(texts) == Pieces(SUBKEY).texts(texts)


def test_names_are_the_same_however_many_are_compared_at_once(monkeypatch):
    texts = [f"user{number % 7}/report-{number % 5}.pdf/www/{number}" for number in range(40)]
    data, offsets = own_spans(pa.array(texts))
    starts, stops = names_in(data, offsets, b"/.")
    names = labels.Labels(SUBKEY, frozenset({"pdf", "www"}))
    whole = names(data, starts, stops)
    monkeypatch.setattr(labels, "_AT_ONCE", 6)
    assert bytes(names(data, starts, stops)) == bytes(whole)
    assert bytes(names(whole, starts, stops, back=True)) == bytes(data)
    assert bytes(names(data, starts[:0], stops[:0])) == bytes(data)
