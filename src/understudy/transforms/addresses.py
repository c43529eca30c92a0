"""IP addresses as texts and as numbers, whole columns at a time.

A text counts as an address only if it is what we would write for the number that it is: IPv4 without
idle zeros, IPv6 in its canonical form (RFC 5952) or in eight groups of four digits, in one case.  So
reading may be careless, and no two texts are one address.
"""

from __future__ import annotations

from dataclasses import dataclass

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
_DIGITS = np.frombuffer(b"0123456789abcdef", np.uint8)
_VALUE = np.zeros(256, np.int64)
_VALUE[_DIGITS] = np.arange(16)


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
    used = made != 0
    used[:, 3] &= made[:, 3] != _DOT
    return _compact(made.reshape(-1, 16), used.reshape(-1, 16))


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
    """What texts in lower case would be as IPv6 addresses."""
    count, place = len(offsets) - 1, np.arange(len(data))
    row = np.repeat(np.arange(count), np.diff(offsets))
    colon = data == _COLON
    passed = np.concatenate([[0], np.cumsum(colon)])
    group = passed[:-1] - passed[offsets[:-1]][row]
    colons = np.diff(passed[offsets])
    twice = np.flatnonzero(colon[:-1] & colon[1:] & (row[:-1] == row[1:]))
    gap = np.full(count, _GROUPS)
    gap[row[twice]] = group[twice] + 1  # groups after it are counted from the end
    group += np.where(group > gap[row], _GROUPS - 1 - colons[row], 0)
    ends = np.sort(np.concatenate([np.flatnonzero(colon), offsets[1:]]))
    rank = np.repeat(ends, np.diff(ends, prepend=0)) - place - 1  # how many digits of its group are to follow
    digit = ~colon & (rank < 4) & (group >= 0) & (group < _GROUPS)
    slots = row[digit] * _GROUPS + group[digit]
    values = np.bincount(slots, _VALUE[data[digit]] << 4 * rank[digit], count * _GROUPS)
    return values.astype(">u2").view(">u8").astype(np.uint64).reshape(-1, 2)


def write_v6(addresses: Words, full: Mask) -> pa.Array:
    """IPv6 addresses as texts: in full where asked for, else in their canonical form."""
    octets = addresses.astype(">u8").view(np.uint8).reshape(-1, 2 * _GROUPS)
    nibbles = np.stack([octets >> 4, octets & 15], axis=-1).reshape(-1, _GROUPS, 4)
    digits = np.logical_or.accumulate(nibbles != 0, axis=2)
    zero = ~digits[:, :, 3]
    digits[:, :, 3] = True
    digits |= full[:, None, None]
    start, end = _longest_run(zero & ~full[:, None])
    number = np.arange(_GROUPS)
    left_out = (number >= start[:, None]) & (number < end[:, None])
    made = np.full((len(octets), 1 + _GROUPS, 5), _COLON, np.uint8)
    made[:, 1:, :4] = _DIGITS[nibbles]
    used = np.zeros(made.shape, np.bool_)
    used[:, 0, 4] = (start == 0) & (end > 0)
    used[:, 1:, :4] = digits & ~left_out[:, :, None]
    used[:, 1:, 4] = ~left_out & (number < _GROUPS - 1) | (number == start[:, None]) & (end > 0)[:, None]
    return _compact(made.reshape(len(octets), -1), used.reshape(len(octets), -1))


def _longest_run(zero: Mask) -> tuple[Offsets, Offsets]:
    """Where the first of the longest runs of two or more zeros starts and ends; 0 and 0 where there is none."""
    run, best, end = (np.zeros(len(zero), np.int64) for _ in range(3))
    for place in range(zero.shape[1]):
        run = np.where(zero[:, place], run + 1, 0)
        longer = (run > best) & (run > 1)
        best, end = np.where(longer, run, best), np.where(longer, place + 1, end)
    return end - best, end


def _compact(made: Bytes, used: Mask) -> pa.Array:
    """Texts of the bytes (n, width) that are used."""
    return text_array(made[used], np.concatenate([[0], np.cumsum(used.sum(axis=1))]))


def _same(one: pa.Array, other: pa.Array) -> Mask:
    found: Mask = pc.fill_null(pc.equal(one, other), False).to_numpy(zero_copy_only=False)
    return found
