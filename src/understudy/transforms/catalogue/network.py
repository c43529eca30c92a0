"""``ip``: addresses of machines, of both families; networks stay networks, and no address becomes another's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import own_spans
from understudy.errors import Error
from understudy.native import texts as native
from understudy.transforms.addresses import Sixths, read_v4, read_v6, write_v4
from understudy.transforms.declare import DOMAIN, PRESERVED, Change, Declaration, Option, Place, Rows, Setting
from understudy.transforms.parts import Mask, among, first_of, part
from understudy.transforms.permute import EDGES, Permutation
from understudy.transforms.pieces import Pieces, outside
from understudy.transforms.prefixes import Block, Prefixes
from understudy.transforms.prf import Words, words

_32 = np.uint64(32)
_NATIVE = ("inet", "cidr")
_LONGEST_V4 = len("255.255.255.255")
_MAPPED = "::ffff:"


def _blocks(networks: str, *, kept: bool = False) -> tuple[Block, ...]:
    """Blocks of IPv4 addresses as people write them."""
    found = []
    for network in networks.split():
        address, _, length = network.partition("/")
        octets = bytes(int(octet) for octet in address.split("."))
        found.append(Block(int.from_bytes(octets.ljust(8, b"\0")), int(length), kept))
    return tuple(found)


_PRIVATE = "10.0.0.0/8 172.16.0.0/12 192.168.0.0/16 100.64.0.0/10 169.254.0.0/16"
_SPECIAL = "192.0.0.0/24 192.0.2.0/24 192.88.99.0/24 198.18.0.0/15 198.51.100.0/24 203.0.113.0/24"
_NOBODY = "0.0.0.0/8 127.0.0.0/8 224.0.0.0/4 240.0.0.0/4"  # this host, loopback, multicast, reserved
_PRIVATE_V6 = ((0xFC << 56, 7), (0xFE80 << 48, 10))
_SPECIAL_V6 = ((0x2000 << 48, 3), (0x2001_0DB8 << 32, 32), (0x2002 << 48, 16))
_NOBODY_V6 = ((0, 64), (0xFF << 56, 8))  # unspecified and loopback, multicast


@dataclass(frozen=True)
class Addresses:
    """The permutation of IP addresses of one key, both families; addresses are (n, 2), IPv4 in the first 32 bits."""

    subkey: bytes
    keep: int = 0
    keep_v6: int = 0
    private: bool = True
    """Private addresses change too, inside their range."""

    @cached_property
    def _fourth(self) -> Prefixes:
        blocks = _blocks(_PRIVATE, kept=not self.private) + _blocks(_SPECIAL) + _blocks(_NOBODY, kept=True)
        return Prefixes(self.subkey, 32, blocks, self.keep)

    @cached_property
    def _sixth(self) -> Prefixes:
        blocks = [Block(start, length, not self.private) for start, length in _PRIVATE_V6]
        blocks += [Block(start, length) for start, length in _SPECIAL_V6]
        blocks += [Block(start, length, True) for start, length in _NOBODY_V6]
        return Prefixes(self.subkey, 128, tuple(blocks), self.keep_v6)

    def v4(self, addresses: Words, *, back: bool) -> Words:
        """Stand-ins for IPv4 addresses."""
        return self._fourth(addresses, back=back)

    def v6(self, addresses: Words, *, back: bool) -> Words:
        """Stand-ins for IPv6 addresses; one that stands for an IPv4 address changes as that does."""
        made = self._sixth(addresses, back=back)
        mapped = (addresses[:, 0] == 0) & (addresses[:, 1] >> _32 == np.uint64(0xFFFF))
        if mapped.any():
            fourth = np.zeros((int(mapped.sum()), 2), np.uint64)
            fourth[:, 0] = addresses[mapped, 1] << _32
            made[mapped, 1] = np.uint64(0xFFFF << 32) | self.v4(fourth, back=back)[:, 0] >> _32
        return made


def _in_networks(addresses: Words, lengths: NDArray[np.uint64], change: Callable[[Words], Words]) -> Words:
    """Change addresses that stand with the length of their network, so that networks (no host) become networks.

    The host that would become the network itself gets what the network would have become.
    """
    made = change(addresses)
    if not len(lengths):
        return made
    whole = np.stack([_leading(lengths), _leading(np.maximum(lengths, 64) - np.uint64(64))], axis=1)
    networks = ~(addresses & ~whole).any(axis=1)
    strays = ~networks & ~(made & ~whole).any(axis=1)
    made[strays] = change(addresses[strays] & whole[strays])
    made[networks] &= whole[networks]
    return made


def _leading(counts: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Words of so many leading ones, at most 64."""
    ones = ~np.uint64(0)
    return np.where(counts >= 64, ones, ~(ones >> np.minimum(counts, np.uint64(63))))


class _Texts:
    """Texts taken apart: an address, what stands before it (``::ffff:``) and after it (a mask, a port, a zone)."""

    def __init__(self, values: pa.Array) -> None:
        data, offsets = own_spans(values)
        colons = native.counted(data, offsets, ord(":"))
        mapped = np.zeros(len(values), np.bool_)
        if colons.any() and pc.any(pc.starts_with(values, _MAPPED[0])).as_py():
            mapped = _true(pc.match_substring_regex(values, rf"(?i)^{_MAPPED}\d+\."))
        starts = offsets[:-1] + len(_MAPPED) * mapped
        stops = first_of(data, offsets[:-1], offsets[1:], b"/%")
        ports = (colons == 1) & ~mapped
        if ports.any():
            stops = np.where(ports, np.minimum(stops, first_of(data, offsets[:-1], offsets[1:], b":")), stops)
        body = part(data, starts, stops)
        self.before = part(data, offsets[:-1], starts) if mapped.any() else None
        self.after = part(data, stops, offsets[1:]) if (stops < offsets[1:]).any() else None
        self._read(body, ~mapped & (colons > 1))

    def _read(self, body: pa.Array, sixth: Mask) -> None:
        """Read all that may be IPv4 addresses, and some that may be IPv6."""
        self.is_v4, self.is_v6 = np.zeros((2, len(body)), np.bool_)
        self.v4 = np.zeros((0, 2), np.uint64)
        if not sixth.all():
            fourth = np.flatnonzero(~sixth)
            numbers, valid = read_v4(body.take(pa.array(fourth)) if sixth.any() else body)
            self.is_v4[fourth[valid]] = True
            self.v4 = np.stack([numbers[valid] << _32, np.zeros(int(valid.sum()), np.uint64)], axis=1)
        self.v6: Sixths | None = None
        if sixth.any():
            found, valid = read_v6(body.filter(pa.array(sixth)))
            self.is_v6[np.flatnonzero(sixth)[valid]] = True
            self.v6 = Sixths(found.address[valid], found.full[valid], found.upper[valid])

    @property
    def valid(self) -> Mask:
        """Which texts are addresses."""
        return self.is_v4 | self.is_v6

    def lengths(self, rows: Mask, most: int) -> NDArray[np.uint64]:
        """The length of the network that stands after an address, the most there are where none does; no lengths at all
        where nothing stands after any.
        """
        if self.after is None:
            return np.zeros(0, np.uint64)
        usual = np.full(int(rows.sum()), most, np.uint64)
        given = pc.struct_field(pc.extract_regex(self.after.filter(pa.array(rows)), r"^/(?P<n>\d{1,3})$"), 0)
        found: NDArray[np.uint64] = given.cast(pa.uint64()).fill_null(most).to_numpy(zero_copy_only=False)
        return np.minimum(found, usual)


def _true(found: pa.Array) -> Mask:
    made: Mask = pc.fill_null(found, False).to_numpy(zero_copy_only=False)
    return made


def is_address(values: pa.Array) -> Mask:
    """Which texts are IP addresses, whatever stands around them: a digit starts them, or there is a colon."""
    data, offsets = own_spans(values)
    found = np.diff(offsets) > 0
    found[found] = among(data[offsets[:-1][found]], b"0123456789")
    found |= native.counted(data, offsets, ord(":")) > 0
    rows = np.flatnonzero(found)
    if len(rows):
        found[rows] = _Texts(values.take(pa.array(rows))).valid
    return found


def change_texts(addresses: Addresses, values: pa.Array, *, back: bool = False) -> pa.Array:
    """Stand-ins for texts; those that are no addresses are scrambled."""
    found = _Texts(values)
    made = values
    if found.is_v4.any():
        fourth = _in_networks(found.v4, found.lengths(found.is_v4, 32), lambda a: addresses.v4(a, back=back))
        made = pc.replace_with_mask(made, pa.array(found.is_v4), write_v4(fourth[:, 0] >> _32))
    if found.v6 is not None and found.is_v6.any():
        sixth = _in_networks(found.v6.address, found.lengths(found.is_v6, 128), lambda a: addresses.v6(a, back=back))
        written = Sixths(sixth, found.v6.full, found.v6.upper).written()
        made = pc.replace_with_mask(made, pa.array(found.is_v6), written)
    valid = pa.array(found.valid)
    if found.before is not None:
        made = pc.if_else(valid, pc.binary_join_element_wise(found.before, made, ""), made)
    if found.after is not None:
        made = pc.if_else(valid, pc.binary_join_element_wise(made, found.after, ""), made)
    if not found.valid.all():
        others = pc.invert(valid)
        pieces = Pieces(addresses.subkey)
        scrambled = outside(lambda t: pieces.texts(t, back=back), values.filter(others), is_address)
        made = pc.replace_with_mask(made, others, scrambled)
    return made


def fitting(texts: pa.Array, place: Place) -> pa.Array:
    """The texts; an Error where an address has become too long for its column, as no address before it was."""
    limit = place.column.max_length
    if limit is not None:
        long = pc.sum(pc.greater(pc.utf8_length(texts), limit)).as_py() or 0
        if long:
            where = f"{place.table.name}.{place.column.name}"
            raise Error(f"{long} stand-ins are too long for {where}, which holds {limit} characters", hint=_TOO_LONG)
    return texts


_TOO_LONG = "IPv4 takes 15 and IPv6 39 characters; use `scramble` or `hash`, or widen the column"


def _change_numbers(addresses: Addresses, values: pa.Array, *, back: bool) -> pa.Array:
    """Stand-ins for IPv4 addresses as numbers, signed or not; other numbers become others that are no addresses."""
    signed = pa.types.is_int32(values.type)
    numbers = words(values)
    if signed:
        numbers = numbers & np.uint64(0xFFFFFFFF)
    inside = numbers >> _32 == 0
    made = np.array(numbers)
    wide = np.zeros((int(inside.sum()), 2), np.uint64)
    wide[:, 0] = numbers[inside] << _32
    made[inside] = addresses.v4(wide, back=back)[:, 0] >> _32
    if not inside.all():
        permutation = Permutation(addresses.subkey, EDGES["int64"])
        permute = permutation.restore if back else permutation
        rows = np.flatnonzero(~inside)
        while len(rows):
            made[rows] = permute(made[rows].view(np.int64)).view(np.uint64)
            rows = rows[made[rows] >> _32 == 0]
    out = made.astype(np.uint32).view(np.int32) if signed else made.view(np.int64)
    return pa.array(out).cast(values.type)


def _way(*, back: bool) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        options = setting.place.options
        addresses = Addresses(
            setting.key.subkey(f"ip:{options['domain'] or 'ip'}"),
            options["keep_prefix"],
            options["keep_prefix6"],
            options["private"] == "inside",
        )

        def change(values: pa.Array, _rows: Rows) -> pa.Array:
            if setting.place.column.kind == "integer":
                return _change_numbers(addresses, values, back=back)
            return fitting(change_texts(addresses, values, back=back), setting.place)

        return change

    return build


def _problem(place: Place) -> str:
    column = place.column
    if column.kind == "other" and column.native_type not in _NATIVE:
        return f"{column.native_type} holds no IP addresses; {' and '.join(_NATIVE)} do"
    if column.kind == "integer" and column.arrow_type.bit_width < 32:
        return f"{column.native_type} is too narrow for IP addresses"
    if column.max_length is not None and column.max_length < _LONGEST_V4:
        return f"{column.native_type} holds {column.max_length} characters, and an IPv4 address has up to {_LONGEST_V4}"
    return ""


IP = Declaration(
    name="ip",
    summary=(
        "An IP address, v4 or v6: addresses of one network stay in one network, private ones private; "
        "what is no address is scrambled."
    ),
    example="{ip: {keep_prefix: 8}}",
    kinds=frozenset({"text", "integer", "other"}),
    build=_way(back=False),
    main="keep_prefix",
    options=(
        Option("keep_prefix", "whole number", "how many leading bits of IPv4 stay", default=0, least=0, most=32),
        Option("keep_prefix6", "whole number", "how many leading bits of IPv6 stay", default=0, least=0, most=128),
        Option(
            "private",
            "text",
            "private and link-local addresses change inside their range, or are kept",
            default="inside",
            choices=("inside", "keep"),
        ),
        DOMAIN,
    ),
    uniqueness=lambda _place: PRESERVED,
    problem=_problem,
    inverse=_way(back=True),
)
