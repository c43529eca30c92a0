"""IP addresses as texts and as numbers, whole columns at a time.

A text counts as an address only if it is what we would write for the number that it is: IPv4 without
idle zeros, IPv6 in its canonical form (RFC 5952) or in eight groups of four digits, in one case.  So
reading may be careless, and no two texts are one address.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans
from understudy.transforms.characters import text_array
from understudy.transforms.parts import Bytes, Mask, Offsets
from understudy.transforms.prf import Words

_LONGEST = 16  # an IPv4 address and the end of it
_GROUPS = 8
_DOT, _COLON = ord("."), ord(":")
_VALUE = np.zeros(256, np.int64)
_VALUE[list(b"0123456789abcdef")] = np.arange(16)


def _octets() -> Bytes:
    """Every octet with the dot after it."""
    found = np.zeros((256, 4), np.uint8)
    for number in range(256):
        text = f"{number}.".encode()
        found[number, : len(text)] = list(text)
    return found


_OCTETS = _octets()


def read_v4(texts: pa.Array) -> tuple[Words, Mask]:
    """The IPv4 addresses that texts are, as numbers below 2^32, and which texts are any."""
    data, offsets = own_spans(texts)
    padded = np.concatenate([data, np.zeros(_LONGEST, np.uint8)])
    windows = np.ndarray((len(data) + 1, _LONGEST), np.uint8, padded, strides=(1, 1))
    inside = np.arange(_LONGEST) < np.diff(offsets)[:, None]
    address = np.zeros(len(texts), np.uint64)
    octet = np.zeros(len(texts), np.uint64)
    for column in np.ascontiguousarray((windows[offsets[:-1]] * inside).T):
        digit = column - np.uint8(ord("0"))
        ends = column == _DOT
        address = np.where(ends, address << np.uint64(8) | octet, address)
        octet = np.where(ends, np.uint64(0), np.where(digit < 10, octet * np.uint64(10) + digit, octet))
    address = (address << np.uint64(8) | octet) & np.uint64(0xFFFFFFFF)
    return address, _same(write_v4(address), texts)


def write_v4(addresses: Words) -> pa.Array:
    """IPv4 addresses as texts."""
    made = _OCTETS[addresses.astype(">u4").view(np.uint8).reshape(-1, 4)]
    made[:, 3][made[:, 3] == _DOT] = 0
    return _compact(made.reshape(-1, 16))


@dataclass(frozen=True)
class Sixths:
    """IPv6 addresses (n, 2), and how they are written."""

    address: Words
    full: Mask
    """In eight groups of four digits, where the canonical form has fewer."""
    upper: Mask
    """With letters in upper case."""

    def written(self) -> pa.Array:
        """The addresses as texts."""
        lower = write_v6(self.address, self.full)
        return pc.if_else(pa.array(self.upper), pc.ascii_upper(lower), lower) if self.upper.any() else lower


def read_v6(texts: pa.Array) -> tuple[Sixths, Mask]:
    """The IPv6 addresses that texts are, and which texts are any."""
    lower = pc.ascii_lower(texts)
    data, offsets = own_spans(lower)
    address, full = _sixths(data, offsets), np.diff(offsets) == 4 * _GROUPS + _GROUPS - 1
    if full.any():
        full &= ~_same(write_v6(address, np.zeros_like(full)), lower)  # without an idle zero, both ways are one
    found = Sixths(address, full, ~_same(lower, texts))
    return found, _same(found.written(), texts)


def _sixths(data: Bytes, offsets: Offsets) -> Words:
    """What texts in lower case would be as IPv6 addresses, each group read from its end."""
    count = len(offsets) - 1
    colons = np.flatnonzero(data == _COLON)
    ends = np.sort(np.concatenate([colons, offsets[1:]]), kind="stable")
    groups = np.diff(np.searchsorted(colons, offsets)) + 1
    firsts = np.cumsum(groups) - groups
    row = np.repeat(np.arange(count), groups)
    number = np.arange(len(ends)) - firsts[row]
    lengths = np.diff(ends, prepend=0) - 1
    lengths[firsts] += 1  # no colon stands before the first group
    gap = np.full(count, _GROUPS)
    empty = np.flatnonzero((lengths <= 0) & (number > 0) & (number < groups[row] - 1))
    gap[row[empty]] = number[empty]  # groups after it are counted from the end
    number += np.where(number > gap[row], _GROUPS - groups[row], 0)
    before = np.append(np.uint8(0), data)  # what stands before a place
    values = np.zeros(len(ends), np.int64)
    for place in range(4):
        digits = _VALUE.take(before.take(ends - place, mode="clip"))
        values |= np.where(lengths > place, digits, 0) << 4 * place
    there = (number >= 0) & (number < _GROUPS)
    found = np.zeros((count, _GROUPS), np.uint16)
    found[row[there], number[there]] = values[there]
    return found.astype(">u2").view(">u8").astype(np.uint64)


@cache
def _written_groups(form: str) -> Words:
    """Every group with the colon after it, as the bytes of a word."""
    return np.array([format(number, form) + ":" for number in range(1 << 16)], "S8").view(np.uint64)


def write_v6(addresses: Words, full: Mask) -> pa.Array:
    """IPv6 addresses as texts: in full where asked for, else in their canonical form."""
    groups = np.ascontiguousarray(addresses.astype(">u8")).view(">u2").astype(np.int64)
    made = _written_groups("x")[groups]
    start, end = _longest_run(groups == 0)
    number = np.arange(_GROUPS)
    made[(number >= start[:, None]) & (number < end[:, None])] = 0
    gaps = np.flatnonzero(end)
    made[gaps, start[gaps]] = _COLON
    made[gaps[start[gaps] == 0], 0] = _COLON << 8 | _COLON
    if full.any():
        made[full] = _written_groups("04x")[groups[full]]
    bytes_of = made.view(np.uint8).reshape(-1, _GROUPS, 8)
    last = bytes_of[:, -1]
    last[(last == _COLON) & (full | (end < _GROUPS))[:, None]] = 0
    return _compact(made.view(np.uint8))


def _longest_run(zero: Mask) -> tuple[Offsets, Offsets]:
    """Where the first of the longest runs of two or more zeros starts and ends; 0 and 0 where there is none."""
    run, best, end = np.zeros((3, len(zero)), np.int8)
    for place, here in enumerate(np.ascontiguousarray(zero.T).view(np.int8)):
        run = (run + np.int8(1)) * here
        longer = (run > best) & (run > 1)
        best, end = np.where(longer, run, best), np.where(longer, np.int8(place + 1), end)
    return (end - best).astype(np.int64), end.astype(np.int64)


def _compact(made: Bytes) -> pa.Array:
    """Texts of the bytes (n, width) that are not 0."""
    places = np.flatnonzero(made)
    bounds = np.searchsorted(places, np.arange(len(made) + 1) * made.shape[1])
    return text_array(made.reshape(-1).take(places), bounds)


def _same(one: pa.Array, other: pa.Array) -> Mask:
    found: Mask = pc.fill_null(pc.equal(one, other), False).to_numpy(zero_copy_only=False)
    return found
