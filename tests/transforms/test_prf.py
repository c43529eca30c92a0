"""The pseudo-random function, against an oracle that computes it value by value as its definition reads."""

from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import given
from hypothesis import strategies as st

from transforms.sample import KEY
from understudy.errors import Error
from understudy.transforms.prf import CHUNK_ROWS, digest, of_words

SUBKEY = KEY.subkey("test")
BYTES, INTEGER, FLOAT = 1, 2, 3


def oracle(blocks: list[bytes]) -> tuple[int, int]:
    """CBC-MAC: each block is mixed into the state, and the state encrypted."""
    state = bytes(16)
    for block in blocks:
        mixed = bytes(a ^ b for a, b in zip(state, block, strict=True))
        state = Cipher(algorithms.AES(SUBKEY), modes.ECB()).encryptor().update(mixed)
    return int.from_bytes(state[:8], "little"), int.from_bytes(state[8:], "little")


def of_bytes(message: bytes) -> tuple[int, int]:
    padded = message + bytes(-len(message) % 16)
    first = len(message).to_bytes(8, "little") + BYTES.to_bytes(8, "little")
    return oracle([first, *(padded[i : i + 16] for i in range(0, len(padded), 16))])


def of_integer(number: int) -> tuple[int, int]:
    return oracle([number.to_bytes(8, "little", signed=True) + INTEGER.to_bytes(8, "little")])


def found(values: pa.Array) -> list[tuple[int, int]]:
    return [tuple(row) for row in digest(values, SUBKEY).tolist()]


@given(st.lists(st.one_of(st.text(max_size=70), st.none()), max_size=30), st.integers(0, 5))
def test_texts_agree_with_the_oracle(texts, start):
    array = pa.array(texts, pa.string())[start:]
    for text, drawn in zip(texts[start:], found(array), strict=True):
        assert text is None or drawn == of_bytes(text.encode())


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_bytes_agree_with_the_oracle(values):
    assert found(pa.array(values, pa.binary())) == [of_bytes(value) for value in values]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20))
def test_integers_agree_with_the_oracle(numbers):
    assert found(pa.array(numbers, pa.int64())) == [of_integer(number) for number in numbers]


@pytest.mark.parametrize("length", [0, 15, 16, 17, 1023, 1024, 1025, 5000])
def test_long_texts_agree_with_the_oracle_beside_short_ones(length):
    texts = ["a", "x" * length, "", "y" * length]
    assert found(pa.array(texts)) == [of_bytes(text.encode()) for text in texts]


@pytest.mark.parametrize(
    "kind",
    [
        pa.string(),
        pa.large_string(),
        pa.string_view(),
        pa.binary(),
        pa.large_binary(),
        pa.dictionary(pa.int32(), pa.string()),
    ],
)
def test_the_same_text_gives_the_same_bits_in_every_arrow_type(kind):
    texts = ["ada", "", "a text of more than sixteen bytes", None, "ada"]
    array = pa.array(texts).cast(kind)
    assert [drawn for text, drawn in zip(texts, found(array), strict=True) if text is not None] == [
        of_bytes(text.encode()) for text in texts if text is not None
    ]


@pytest.mark.parametrize("kind", [pa.int8(), pa.int16(), pa.int32(), pa.int64()])
def test_the_same_number_gives_the_same_bits_in_every_width(kind):
    assert found(pa.array([1, -1, 100], kind)) == [of_integer(1), of_integer(-1), of_integer(100)]


def test_decimals_are_drawn_by_their_value_not_their_zeros():
    numbers = ["1.5", "0", "-20", "0.00000001"]
    narrow = pa.array([Decimal(number) for number in numbers], pa.decimal128(20, 8))
    wide = pa.array([Decimal(number) for number in numbers], pa.decimal128(30, 12))
    assert found(narrow) == found(wide) == [of_bytes(number.encode()) for number in numbers]


def test_both_zeros_and_all_nans_are_one_float_each():
    zero, minus_zero, nan, other = found(pa.array([0.0, -0.0, float("nan"), 1.5]))
    assert zero == minus_zero
    assert len({zero, nan, other}) == 3
    assert found(pa.array([1.5], pa.float32())) == [other]


def test_dates_and_times_are_drawn_by_their_numbers():
    assert found(pa.array([3], pa.int32()).view(pa.date32())) == [of_integer(3)]
    assert found(pa.array([3], pa.int64()).view(pa.timestamp("us"))) == [of_integer(3)]
    assert found(pa.array([True, False])) == [of_integer(1), of_integer(0)]


def test_uuids_are_drawn_by_their_sixteen_bytes():
    raw = bytes(range(16))
    uuids = pa.ExtensionArray.from_storage(pa.uuid(), pa.array([bytes(16), raw], pa.binary(16)))
    assert found(uuids[1:]) == [of_bytes(raw)]


def test_a_text_and_a_number_never_share_their_bits():
    assert found(pa.array(["1"])) != found(pa.array([1]))


def test_chunks_do_not_show():
    texts = [f"text {number}" for number in range(CHUNK_ROWS + 3)]
    drawn = found(pa.array(texts))
    assert [drawn[i] for i in (0, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 2)] == [
        of_bytes(texts[i].encode()) for i in (0, CHUNK_ROWS - 1, CHUNK_ROWS, CHUNK_ROWS + 2)
    ]
    assert len(set(drawn)) == len(drawn)
    assert (of_words(np.arange(CHUNK_ROWS + 3, dtype=np.uint64), SUBKEY)[CHUNK_ROWS] == of_integer(CHUNK_ROWS)).all()


def test_no_rows_give_no_bits():
    assert digest(pa.array([], pa.string()), SUBKEY).shape == (0, 2)
    assert digest(pa.array([], pa.int64()), SUBKEY).shape == (0, 2)
    assert digest(pa.array([None, None], pa.string()), SUBKEY).shape == (2, 2)


def test_a_type_nobody_can_draw_from_is_an_error():
    with pytest.raises(Error, match="list"):
        digest(pa.array([[1]]), SUBKEY)
