"""The permutation that keeps networks together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sample import KEY
from understudy.transforms.prefixes import Block, Prefixes

SUBKEY = KEY.subkey("test")
few = settings(max_examples=40, deadline=None)
NET = 10 << 56
addresses = st.lists(st.integers(0, 2**128 - 1), min_size=2, max_size=30)


def words(numbers):
    return np.array([[number >> 64, number & (2**64 - 1)] for number in numbers], np.uint64)


def numbers(found):
    return [int(high) << 64 | int(low) for high, low in found]


def shared(one, other):
    """How many leading bits two addresses of 128 bits share."""
    return 128 - (one ^ other).bit_length()


@few
@given(addresses, st.integers(0, 128))
def test_what_begins_alike_begins_alike_afterwards_and_for_exactly_as_long(some, bits):
    some = [*some, some[0] ^ 1 << max(bits - 1, 0)]
    found = numbers(Prefixes(SUBKEY, 128)(words(some)))
    assert [shared(found[0], other) for other in found] == [shared(some[0], other) for other in some]


@few
@given(addresses)
def test_addresses_come_back_and_none_stays_what_it_is(some):
    prefixes = Prefixes(SUBKEY, 128, keep=9)
    found = prefixes(words(some))
    assert numbers(prefixes(found, back=True)) == some
    assert all(before != after for before, after in zip(some, numbers(found), strict=True))
    assert all(shared(before, after) >= 9 for before, after in zip(some, numbers(found), strict=True))


def test_all_addresses_of_a_small_network_are_permuted_among_themselves():
    some = [NET << 64 | low << 96 for low in range(256)]
    found = numbers(Prefixes(SUBKEY, 32, keep=24)(words(some)))
    assert sorted(found) == some


@pytest.mark.parametrize("kept", [False, True])
def test_a_block_is_mapped_onto_itself(kept):
    prefixes = Prefixes(SUBKEY, 32, (Block(NET, 8, kept), Block(NET + (1 << 40), 24)))
    inside = [(NET | low << 32) << 64 for low in range(0, 2**24, 4099)]
    outside = [high << 96 for high in range(0, 2**32, 10_000_019) if high >> 24 != 10]
    found = numbers(prefixes(words(inside + outside)))
    assert [one >> 120 == 10 for one in found] == [True] * len(inside) + [False] * len(outside)
    assert (found[: len(inside)] == inside) == kept
    assert len(set(found)) == len(found)


def test_a_kept_block_stays_and_all_else_changes():
    prefixes = Prefixes(SUBKEY, 32, (Block(NET, 8, True),))
    inside, outside = NET << 64 | 5 << 96, 11 << 120
    found = numbers(prefixes(words([inside, outside])))
    assert found[0] == inside and found[1] != outside
