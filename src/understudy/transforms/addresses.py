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
from understudy.native import addresses as native
from understudy.transforms.characters import text_array
from understudy.transforms.parts import Mask
from understudy.transforms.prf import Words

_LONGEST_V6 = 39


def read_v4(texts: pa.Array) -> tuple[Words, Mask]:
    """The IPv4 addresses that texts are, as numbers below 2^32, and which texts are any."""
    address = native.read_v4(*own_spans(texts))
    return address, _same(write_v4(address), texts)


def write_v4(addresses: Words) -> pa.Array:
    """IPv4 addresses as texts."""
    return text_array(*native.written_v4(addresses))


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
    address, full = native.read_v6(data, offsets).reshape(-1, 2), np.diff(offsets) == _LONGEST_V6
    if full.any():
        full &= ~_same(write_v6(address, np.zeros_like(full)), lower)  # without an idle zero, both ways are one
    found = Sixths(address, full, ~_same(lower, texts))
    return found, _same(found.written(), texts)


def write_v6(addresses: Words, full: Mask) -> pa.Array:
    """IPv6 addresses as texts: in full where asked for, else in their canonical form."""
    return text_array(*native.written_v6(addresses.reshape(-1), full))


def _same(one: pa.Array, other: pa.Array) -> Mask:
    found: Mask = pc.fill_null(pc.equal(one, other), False).to_numpy(zero_copy_only=False)
    return found
