"""``email`` and ``username``: names to be reached by, with enough random characters to stay unique.

Addresses that differ only in case or surrounding space belong to one person: their stand-ins too
differ only in case, so they are equal exactly where the database (citext, an index on ``lower(email)``)
takes the originals as equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import log2

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.locales import longest, words
from understudy.transforms.catalogue.people import FAMILY, first_names, last_names
from understudy.transforms.characters import text_array
from understudy.transforms.declare import (
    DOMAIN,
    LOSSY,
    PER,
    TEXT,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    Uniqueness,
    probable,
)
from understudy.transforms.draws import by_value, needs_subject
from understudy.transforms.fake import characters, cut, folded, keep_blank, same_width
from understudy.transforms.prf import Words, digest, spans

_TOKEN = 10
_LEAST_TOKEN = 4
_RESERVED = ("example.com", "example.org", "example.net")  # RFC 2606: never anybody's
_RESERVED_LENGTH = len(_RESERVED[0])
_AFTER_AT = r"^.*@(?P<domain>(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,})$"


Domains = Callable[[pa.Array, Words, pa.Array], pa.Array]
"""What stands after the @, for handles, draws and originals."""


@dataclass(frozen=True)
class _Handle:
    """``lena.fischer.k3v9x2abcd``: how many characters there are for it, and what stands between its parts."""

    room: int | None
    joint: str

    @property
    def token(self) -> int:
        """How many random characters there are."""
        return _TOKEN if self.room is None else min(_TOKEN, max(self.room, 1))

    @property
    def names(self) -> int | None:
        """How many characters the names may have; None for any number."""
        return None if self.room is None else max(self.room - self.token - len(self.joint), 0)

    @property
    def length(self) -> int:
        """Most characters of the whole."""
        names = longest(words("first_names")) + longest(words("last_names"))
        whole = names + 2 * len(self.joint) + _TOKEN
        return whole if self.room is None else min(self.room, whole)

    @property
    def bits(self) -> float:
        """How random it is at least; names that may be cut do not count."""
        whole = self.room is None or self.room >= self.length
        named = log2(len(words("first_names")) * len(words("last_names"))) if whole else 0.0
        return 5 * self.token + named

    def make(self, drawn: Words) -> pa.Array:
        """A handle per row."""
        token = same_width(characters(drawn, self.token))
        if self.names == 0:
            return token
        names = pc.binary_join_element_wise(first_names(drawn), last_names(drawn), self.joint)
        return pc.binary_join_element_wise(pc.ascii_lower(cut(names, self.names)), token, self.joint)


def _email_handle(place: Place) -> _Handle:
    limit = place.column.max_length
    return _Handle(None if limit is None else limit - _RESERVED_LENGTH - 1, ".")


def _email(setting: Setting) -> Change:
    limit = setting.place.column.max_length
    reserved = pa.array(_RESERVED)

    def domains(local: pa.Array, drawn: Words, originals: pa.Array) -> pa.Array:
        usual = reserved.take(pa.array((drawn[:, 1] >> np.uint64(60)).view(np.int64) % len(_RESERVED)))
        if not setting.place.options["keep_domain"]:
            return usual
        kept = pc.struct_field(pc.extract_regex(originals, _AFTER_AT), 0)
        fits = pc.is_valid(kept)
        if limit is not None:
            fits = pc.and_(fits, pc.less_equal(pc.add(pc.utf8_length(local), pc.utf8_length(kept)), limit - 1))
        return pc.if_else(pc.fill_null(fits, False), kept, usual)

    return _cased(setting, "email", _email_handle(setting.place), domains)


def _username_handle(place: Place) -> _Handle:
    return _Handle(place.column.max_length, "_")


def _username(setting: Setting) -> Change:
    return _cased(setting, "username", _username_handle(setting.place), None)


def _cased(setting: Setting, name: str, handle: _Handle, domains: Domains | None) -> Change:
    """Handles drawn by the folded text, in another case where the text itself was not folded."""
    draw = by_value(setting, name, family=FAMILY)
    case_key = setting.key.subkey(f"{name} case")
    exact = not setting.place.column.key_sql

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        originals = folded(values)
        drawn = draw(originals, rows)
        made = handle.make(drawn)
        other = pc.fill_null(pc.not_equal(values, originals), False)
        if exact and other.true_count:
            made = pc.replace_with_mask(made, other, _recased(made.filter(other), values.filter(other), case_key))
        if domains:
            made = pc.binary_join_element_wise(made, domains(made, drawn, originals), "@")
        return keep_blank(values, originals, made)

    return change


def _recased(made: pa.Array, values: pa.Array, subkey: bytes) -> pa.Array:
    """Texts with those letters in upper case that the bits drawn by the original values say."""
    data, offsets = spans(made)
    data, offsets = data[offsets[0] : offsets[-1]], offsets - offsets[0]
    lengths = np.diff(offsets)
    width = int(lengths.max())  # a handle is shorter than the 128 bits drawn
    padded = np.concatenate([data, np.zeros(width, np.uint8)])
    rows = np.ndarray((len(data) + 1, width), np.uint8, padded, strides=(1, 1))[offsets[:-1]]
    bits = np.unpackbits(digest(values, subkey).view(np.uint8), axis=1)[:, :width]
    rows ^= (bits & (rows >= ord("a")) & (rows <= ord("z"))) << np.uint8(5)
    return text_array(rows[np.arange(width) < lengths[:, None]], offsets)


def _uniqueness(place: Place, handle: _Handle) -> Uniqueness:
    return probable(handle.bits) if place.own_subject else LOSSY


def _email_length(place: Place) -> int | None:
    handle = _email_handle(place)
    usual = max(handle.length, _LEAST_TOKEN) + 1 + _RESERVED_LENGTH
    if not place.options["keep_domain"]:
        return usual
    return None if place.column.max_length is None else max(usual, place.column.max_length)


EMAIL = Declaration(
    name="email",
    summary="An address nobody has, at example.com, .org or .net; the same for every spelling of the original.",
    example="email",
    kinds=TEXT,
    build=_email,
    options=(
        Option("keep_domain", "yes or no", "keep what stands after the @", default=False),
        PER,
        DOMAIN,
    ),
    uniqueness=lambda place: _uniqueness(place, _email_handle(place)),
    length=_email_length,
    needs=needs_subject,
)

USERNAME = Declaration(
    name="username",
    summary="A name to log in with, unique with near certainty.",
    example="username",
    kinds=TEXT,
    build=_username,
    options=(PER, DOMAIN),
    uniqueness=lambda place: _uniqueness(place, _username_handle(place)),
    length=lambda place: _username_handle(place).length,
    needs=needs_subject,
)
