"""The secret: read, printed, named, divided."""

import pytest

from transforms.sample import KEY
from understudy.errors import InputError
from understudy.transforms import Key


def test_a_new_key_can_be_read_back():
    text = Key.new()
    assert text.startswith("uk1_")
    assert len(Key.parse(text).secret) == 32


def test_two_new_keys_differ():
    assert Key.new() != Key.new()


def test_upper_case_and_surrounding_space_do_not_matter():
    text = Key.new()
    assert Key.parse(f"  uk1_{text[4:].upper()}\n") == Key.parse(text)


@pytest.mark.parametrize(
    "wrong", ["", "secret-of-mine", "uk1_", "uk1_abc", "uk1_!!!!", "uk2_" + "a" * 56, "uk1_" + "a" * 64]
)
def test_what_is_no_key_is_refused_without_being_repeated(wrong):
    with pytest.raises(InputError) as caught:
        Key.parse(wrong)
    assert "understudy key new" in caught.value.hint
    assert len(wrong) < 5 or wrong not in str(caught.value) + caught.value.hint


def test_a_mistyped_letter_is_noticed():
    text = Key.new()
    wrong = text[:10] + ("a" if text[10] != "a" else "b") + text[11:]
    with pytest.raises(InputError, match="mistyped"):
        Key.parse(wrong)


def test_a_secret_of_another_length_is_no_key():
    with pytest.raises(InputError, match="32 bytes"):
        Key(b"short")


def test_the_secret_is_never_shown():
    text = Key.new()
    key = Key.parse(text)
    assert text[4:20] not in repr(key) + str(key) and repr(key) == "Key()"
    assert key.secret.hex() not in repr(key)


def test_the_name_of_a_key_is_short_and_its_own():
    assert KEY.id == Key(bytes(range(32))).id
    assert KEY.id != Key(bytes(32)).id
    assert len(KEY.id) == 12


def test_every_domain_has_its_own_subkey():
    labels = ["users.id", "orders.id", "users.i", "", "é"]
    assert len({KEY.subkey(label) for label in labels}) == len(labels)
    assert {len(KEY.subkey(label)) for label in labels} == {16}
    assert KEY.subkey("users.id") != Key(bytes(32)).subkey("users.id")


def test_subkeys_stay_what_they_are_for_ever():
    assert KEY.subkey("users.id").hex() == "80692d00907ba54370183482afafecb1"
    assert KEY.id == "39cca012342e"
