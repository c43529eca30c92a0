"""IP addresses read and written."""

import ipaddress

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from understudy.transforms.addresses import Sixths, read_v4, read_v6, write_v4, write_v6


def sixth(address):
    return np.array([[int(address) >> 64, int(address) & (2**64 - 1)]], np.uint64)


@given(st.lists(st.ip_addresses(v=4), max_size=20))
def test_ipv4_is_written_as_everybody_writes_it_and_read_again(some):
    texts = write_v4(np.array([int(one) for one in some], np.uint64))
    assert texts.to_pylist() == [str(one) for one in some]
    found, valid = read_v4(texts)
    assert found.tolist() == [int(one) for one in some] and valid.all()


few_groups = st.lists(st.sampled_from([0, 0, 0, 1, 0xDB8, 0xFFFF]), min_size=8, max_size=8).map(
    lambda groups: ipaddress.IPv6Address(b"".join(group.to_bytes(2) for group in groups))
)


@given(st.ip_addresses(v=6) | few_groups, st.booleans(), st.booleans())
def test_ipv6_is_written_as_rfc_5952_says_or_in_full_and_read_again(address, full, upper):
    plain = address.exploded if full else address.compressed
    if "." in plain:  # Python writes ::ffff:1.2.3.4, which stands in another place here
        return
    text = plain.upper() if upper else plain
    upper, full = text != plain, plain != address.compressed
    written = Sixths(sixth(address), np.array([full]), np.array([upper])).written()
    assert written.to_pylist() == [text]
    found, valid = read_v6(written)
    assert valid.all() and (found.address == sixth(address)).all() and (found.full, found.upper) == ([full], [upper])


@pytest.mark.parametrize(
    "text",
    ["", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.4 ", "a.b.c.d", "1..2.3", "１.2.3.4", "12345.1.1.1"],
)
def test_what_is_no_ipv4_address_is_none(text):
    assert not read_v4(pa.array([text, None]))[1].any()


@pytest.mark.parametrize(
    "text",
    [
        "",
        ":",
        "1:2",
        "1:::2",
        "1::2::3",
        "12345::",
        "g::1",
        "2001:Db8::1",
        "0::1",
        "1:2:3:4:5:6:7:8:9",
        "::1:2:3:4:5:6:7",
    ],
)
def test_what_is_not_written_as_we_write_it_is_no_ipv6_address(text):
    assert not read_v6(pa.array([text, None]))[1].any()


def test_the_first_of_the_longest_runs_of_zeros_is_left_out():
    assert write_v6(sixth(ipaddress.ip_address("1:0:0:2:0:0:3:4")), np.array([False])).to_pylist() == ["1::2:0:0:3:4"]
