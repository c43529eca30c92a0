"""``mac``: hardware addresses, in whichever way they are written.

The addresses of all zeros and all ones mean nobody and everybody, and are kept.  Spellings of one
address (``00:1A`` and ``00-1a``) become spellings of one address.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import own_spans
from understudy.native import cores as native
from understudy.transforms.characters import text_array
from understudy.transforms.declare import DOMAIN, PRESERVED, Change, Declaration, Option, Place, Rows, Setting
from understudy.transforms.derange import Derangement
from understudy.transforms.ff1 import Ff1
from understudy.transforms.matches import matching
from understudy.transforms.parts import Mask
from understudy.transforms.pieces import Pieces, outside

_NATIVE = ("macaddr", "macaddr8")
_VENDOR = 6  # digits that a maker has been given
_LOCAL = 2  # the bit of the second digit that says that no maker gave the address out
_GROUP = 1  # the bit that says that it is a group's

_CAPITALS = np.frombuffer(b"0123456789ABCDEF", np.uint8)
_VALUE = np.full(256, 255, np.uint8)
_VALUE[list(b"0123456789abcdef")] = _VALUE[_CAPITALS] = np.arange(16)


def _pattern(digit: str, octets: int) -> str:
    pair, four = f"{digit}{{2}}", f"{digit}{{4}}"
    by_two = [f"{pair}(?:{mark}{pair}){{{octets - 1}}}" for mark in (":", "-")]
    return "|".join([*by_two, rf"{four}(?:\.{four}){{{octets // 2 - 1}}}", f"{digit}{{{2 * octets}}}"])


def _pattern_of(octets: int) -> str:
    return f"^(?:{_pattern('[0-9a-f]', octets)}|{_pattern('[0-9A-F]', octets)})$"


_PATTERNS = {octets: _pattern_of(octets) for octets in (6, 8)}
"""EUI-48 and EUI-64, in one case."""

_ANY = "|".join(_PATTERNS.values())


@dataclass(frozen=True)
class _Addresses:
    """The permutation of hardware addresses of one key, as hexadecimal digits (n, 12) or (n, 16)."""

    subkey: bytes
    keep_vendor: bool

    def __call__(self, digits: NDArray[np.uint8], *, back: bool) -> NDArray[np.uint8]:
        """Stand-ins for addresses; a stand-in is never nobody's or everybody's."""
        made = self._once(digits, back=back)
        kept = _nobody(digits)
        made[kept] = digits[kept]
        while (stray := _nobody(made) & ~kept).any():
            made[stray] = self._once(made[stray], back=back)
        return made

    def _once(self, digits: NDArray[np.uint8], *, back: bool) -> NDArray[np.uint8]:
        out = np.array(digits)
        width = digits.shape[1]
        if self.keep_vendor:
            moving = Derangement(self.subkey, (16,) * (width - _VENDOR))
            out[:, _VENDOR:] = (moving.decrypt if back else moving.encrypt)(out[:, _VENDOR:])
            return out
        cipher = Ff1(self.subkey, (16, 4, *(16,) * (width - 2)))
        numerals = np.array(digits)
        numerals[:, 1] >>= 2
        out[:] = (cipher.decrypt if back else cipher.encrypt)(numerals)
        out[:, 1] = out[:, 1] << 2 | digits[:, 1] & _GROUP | ~digits[:, 1] & _LOCAL
        return out


def _nobody(digits: NDArray[np.uint8]) -> Mask:
    found: Mask = (digits == 0).all(axis=1) | (digits == 15).all(axis=1)
    return found


def _size(addresses: _Addresses, values: pa.Array, octets: int, *, back: bool) -> pa.Array:
    """Stand-ins for texts that are all addresses of so many octets."""
    data, offsets = own_spans(values)
    rows, width = np.arange(len(values)), 2 * octets
    digits = native.told(data, offsets, rows, width, _VALUE, _VALUE).reshape(width, -1).T
    after = addresses(digits, back=back).ravel()
    capitals = text_array(native.written(data, offsets, rows * width, after, _VALUE, _CAPITALS), offsets)
    return pc.if_else(pc.equal(values, pc.ascii_lower(values)), pc.ascii_lower(capitals), capitals)


def _change(addresses: _Addresses, values: pa.Array, *, back: bool) -> pa.Array:
    """Stand-ins for texts; those that are no hardware addresses are scrambled."""
    made, others = values, np.ones(len(values), np.bool_)
    for octets, pattern in _PATTERNS.items():
        found = matching(values, pattern)
        if len(found) and found.all():
            return _size(addresses, values, octets, back=back)
        if found.any():
            rows = pa.array(found)
            made = pc.replace_with_mask(made, rows, _size(addresses, values.filter(rows), octets, back=back))
            others &= ~found
    if others.any():
        pieces = Pieces(addresses.subkey)
        scrambled = outside(lambda t: pieces.texts(t, back=back), values.filter(pa.array(others)), _is_address)
        made = pc.replace_with_mask(made, pa.array(others), scrambled)
    return made


def _is_address(values: pa.Array) -> Mask:
    return matching(values, _ANY)


def _way(*, back: bool) -> Callable[[Setting], Change]:
    def build(setting: Setting) -> Change:
        options = setting.place.options
        addresses = _Addresses(setting.key.subkey(f"mac:{options['domain'] or 'mac'}"), options["keep_vendor"])

        def change(values: pa.Array, _rows: Rows) -> pa.Array:
            return _change(addresses, values, back=back)

        return change

    return build


def _problem(place: Place) -> str:
    column = place.column
    if column.kind == "other" and column.native_type not in _NATIVE:
        return f"{column.native_type} holds no hardware addresses; {' and '.join(_NATIVE)} do"
    return ""


MAC = Declaration(
    name="mac",
    summary="A hardware address that no maker gave out, or one of the same maker; written as the original is.",
    example="{mac: {keep_vendor: true}}",
    kinds=frozenset({"text", "other"}),
    build=_way(back=False),
    options=(
        Option("keep_vendor", "yes or no", "keep the half that tells the maker", default=False),
        DOMAIN,
    ),
    uniqueness=lambda _place: PRESERVED,
    problem=_problem,
    inverse=_way(back=True),
)
