"""Permutations of integers and UUIDs."""

import uuid

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms.sample import KEY, OTHER_KEY
from understudy.transforms.permute import EDGES, Permutation, rekey_uuids

SUBKEY = KEY.subkey("test")
WIDEST = {"int16": 2**15, "int32": 2**31, "int64": 2**63, "decimal": 10**18}


def permuted(within: str, numbers: list[int], key: bytes = SUBKEY) -> list[int]:
    return Permutation(key, EDGES[within])(np.array(numbers, np.int64)).tolist()


def test_the_whole_range_of_smallint_is_permuted_within_itself():
    numbers = np.arange(-(2**15), 2**15)
    found = Permutation(SUBKEY, EDGES["int16"])(numbers)
    assert (np.sort(found) == numbers).all()


def test_every_number_of_a_decimal_digit_count_keeps_it():
    numbers = np.arange(0, 10_000)
    found = Permutation(SUBKEY, EDGES["decimal"])(numbers)
    assert (np.sort(found) == numbers).all()
    assert [len(str(number)) for number in found] == [len(str(number)) for number in numbers]


def test_a_million_sequence_numbers_stay_different_and_leave_room_for_the_sequence():
    numbers = np.arange(1, 1_000_001)
    found = Permutation(SUBKEY, EDGES["int32"])(numbers)
    assert len(np.unique(found)) == len(numbers)
    assert found.min() >= 1 and found.max() < 2**30
    assert (found != numbers).mean() > 0.9999


@pytest.mark.parametrize("within", ["int16", "int32", "int64", "decimal"])
def test_zero_and_minus_one_are_kept(within):
    assert permuted(within, [0, -1]) == [0, -1]


@pytest.mark.parametrize("within", ["int16", "int32", "int64", "decimal"])
@given(numbers=st.lists(st.integers(-(2**63), 2**63 - 1), unique=True, max_size=20))
def test_numbers_stay_different_in_their_band_and_in_their_type(within, numbers):
    found = permuted(within, numbers)
    assert len(set(found)) == len(numbers)
    for before, after in zip(numbers, found, strict=True):
        low = max([edge for edge in EDGES[within] if edge <= (before if before >= 0 else ~before)], default=0)
        high = min([edge for edge in EDGES[within] if edge > (before if before >= 0 else ~before)], default=2**63)
        assert low <= (after if before >= 0 else ~after) < high


@given(st.integers(0, 2**63 - 1))
def test_negative_numbers_mirror_the_others(number):
    after, mirrored = permuted("int64", [number, ~number])
    assert mirrored == ~after


@given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=20), st.integers(0, 20))
def test_a_number_is_permuted_alike_whatever_stands_beside_it(numbers, cut):
    assert permuted("int64", numbers) == permuted("int64", numbers[:cut]) + permuted("int64", numbers[cut:])


def test_another_key_gives_another_permutation():
    numbers = list(range(1, 1001))
    other = permuted("int32", numbers, OTHER_KEY.subkey("test"))
    assert sum(a == b for a, b in zip(permuted("int32", numbers), other, strict=True)) < 3


def test_stand_ins_look_random():
    found = Permutation(SUBKEY, EDGES["int32"])(np.arange(1, 100_001))
    bits = (found[:, None] >> np.arange(30)) & 1
    assert abs(bits.mean(axis=0) - 0.5).max() < 0.01
    assert abs(np.corrcoef(found, np.arange(len(found)))[0, 1]) < 0.02


def rekeyed(*uuids: uuid.UUID) -> list[uuid.UUID]:
    words = np.frombuffer(b"".join(one.bytes for one in uuids), np.uint64).reshape(-1, 2)
    return [uuid.UUID(bytes=row.tobytes()) for row in rekey_uuids(SUBKEY, words)]


@given(st.lists(st.uuids(), unique=True, max_size=20))
def test_uuids_stay_different_and_keep_version_and_variant(uuids):
    found = rekeyed(*uuids)
    assert len(set(found)) == len(uuids)
    for before, after in zip(uuids, found, strict=True):
        assert after.version == before.version
        assert after.bytes[6] >> 4 == before.bytes[6] >> 4 and after.bytes[8] >> 6 == before.bytes[8] >> 6


def test_the_nil_and_the_max_uuid_are_kept():
    nil, largest = uuid.UUID(int=0), uuid.UUID(int=2**128 - 1)
    assert rekeyed(nil, largest) == [nil, largest]


def test_neighbouring_uuids_go_far_apart():
    first, second = rekeyed(uuid.UUID(int=(1 << 78) + 1), uuid.UUID(int=(1 << 78) + 2))
    assert 30 < (first.int ^ second.int).bit_count() < 92
