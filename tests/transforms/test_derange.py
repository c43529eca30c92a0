"""A derangement moves every string, is a permutation and one cycle, and is undone with the key."""

from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.transforms.derange import Derangement, walk
from understudy.transforms.ff1 import Ff1
from understudy.transforms.prf import CHUNK_ROWS

KEY = bytes(range(16))

radices = st.lists(st.sampled_from([2, 3, 10, 26, 1000, 2**16]), min_size=2, max_size=20).map(tuple)


def grid(bases: tuple[int, ...]) -> np.ndarray:
    """Every string there is."""
    return np.stack(np.meshgrid(*map(np.arange, bases), indexing="ij"), axis=-1).reshape(-1, len(bases))


def number(bases: tuple[int, ...], row: list[int]) -> int:
    total = 0
    for numeral, base in zip(row, bases, strict=True):
        total = total * base + numeral
    return total


def numerals(bases: tuple[int, ...], total: int) -> list[int]:
    row = []
    for base in reversed(bases):
        total, numeral = divmod(total, base)
        row.append(numeral)
    return row[::-1]


@given(radices, st.data())
@settings(deadline=None)
def test_it_is_ff1_of_the_next_string_of_its_decryption(bases, data):
    rows = np.array([[data.draw(st.integers(0, base - 1)) for base in bases] for _ in range(3)], np.uint16)
    cipher = Ff1(KEY, bases, b"tweak")
    expected = [
        cipher.encrypt(np.array([numerals(bases, (number(bases, row) + 1) % prod(bases))], np.uint16))[0].tolist()
        for row in cipher.decrypt(rows).tolist()
    ]
    derangement = Derangement(KEY, bases, b"tweak")
    found = derangement.encrypt(rows)
    assert found.tolist() == expected
    assert derangement.decrypt(found).tolist() == rows.tolist()


@pytest.mark.parametrize("bases", [(2,), (3,), (2, 2), (10, 10, 10), (26, 10), (2, 3, 4, 5)])
def test_all_strings_are_one_cycle_and_none_stays(bases):
    everything = grid(bases).astype(np.uint16)
    derangement = Derangement(KEY, bases)
    assert (derangement.encrypt(everything) != everything).any(axis=1).all()
    row, seen = everything[:1], set()
    while tuple(row[0]) not in seen:
        seen.add(tuple(row[0]))
        row = derangement.encrypt(row)
    assert len(seen) == derangement.size == len(everything)


@pytest.mark.parametrize("share", [2, 3, 11])
def test_a_walk_permutes_the_strings_inside_and_leaves_none_in_its_place(share):
    everything = grid((10, 10, 10)).astype(np.uint16)
    derangement = Derangement(KEY, (10, 10, 10))
    chosen = everything[everything.sum(axis=1) % share == 1]

    def inside(strings, _rows):
        return strings.sum(axis=1) % share == 1

    found = walk(derangement.encrypt, chosen, inside)
    assert {tuple(row) for row in found.tolist()} == {tuple(row) for row in chosen.tolist()}
    assert (found != chosen).any(axis=1).all()
    assert (walk(derangement.decrypt, found, inside) == chosen).all()


def test_a_single_string_stays_and_no_strings_are_no_trouble():
    assert Derangement(KEY, ()).encrypt(np.zeros((3, 0), np.uint16)).shape == (3, 0)
    assert Derangement(KEY, (10, 10)).encrypt(np.zeros((0, 2), np.uint8)).shape == (0, 2)


def test_a_single_numeral_turns_as_far_as_the_key_says():
    digits = np.arange(10, dtype=np.uint8).reshape(-1, 1)
    turns = set()
    for number in range(40):
        derangement = Derangement(bytes([number] * 16), (10,))
        found = derangement.encrypt(digits)
        assert (derangement.decrypt(found) == digits).all()
        turns.add(int(found[0, 0]))
    assert turns == {1, 3, 7, 9}


def test_chunks_do_not_show():
    rows = np.random.default_rng(1).integers(0, 10, (CHUNK_ROWS + 2, 6)).astype(np.uint8)
    derangement = Derangement(KEY, (10,) * 6)
    assert (derangement.encrypt(rows)[CHUNK_ROWS:] == derangement.encrypt(rows[CHUNK_ROWS:])).all()
