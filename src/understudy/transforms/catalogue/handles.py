"""``email`` and ``username``: names to be reached by, with enough random characters to stay unique.

Addresses that differ only in case or surrounding space belong to one person: their stand-ins too
differ only in case, so they are equal exactly where the database (citext, an index on ``lower(email)``)
takes the originals as equal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import log2

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import own_spans, plain
from understudy.locales import company_words, longest
from understudy.native import drawn as native
from understudy.transforms.catalogue.personas import FAMILY, GENDER, LOCALE, Who, ascii_names
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
    column_named,
    probable,
)
from understudy.transforms.draws import by_value, needs_subject, pick
from understudy.transforms.fake import characters, cut, folded, keep_blank, same_width
from understudy.transforms.joined import Piece, joined
from understudy.transforms.matches import matching
from understudy.transforms.parts import last_of, part
from understudy.transforms.prf import Words, digest

_TOKEN = 10
_LEAST_TOKEN = 4
_RESERVED = ("example.com", "example.org", "example.net")  # RFC 2606: never anybody's
_RESERVED_LENGTH = len(_RESERVED[0])
_A_DOMAIN = r"^(?:[a-z0-9](?:[a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$"
_MASKED_END = ".example"  # RFC 2606 too: whole domains of their own
_MASKED_TOKEN = 8
_ALIKE = 2  # bits: names that are different in their own script may be alike in ASCII
_NAMES = 64  # most characters of names taken from columns: what an address may have before the @ (RFC 5321)

Whole = Callable[[tuple[Piece, ...], Words, pa.Array], tuple[Piece, ...]]
"""What handles are part of, for their pieces, their draws and the originals."""

_OF = Option("of", "list", "columns of the masked row that the name is made of, instead of a drawn one")


@dataclass(frozen=True)
class _Handle:
    """``lena.fischer.k3v9x2abcd``: how many characters there are for it, and what stands between its parts."""

    place: Place
    room: int | None
    joint: str

    @cached_property
    def who(self) -> Who:
        """Whose name it is."""
        return Who(self.place)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The columns that the name is made of; none where it is drawn."""
        named = self.place.options["of"] or ()
        return tuple(column_named(self.place.table, str(name), "of") for name in named)

    @property
    def token(self) -> int:
        """How many random characters there are."""
        return _TOKEN if self.room is None else min(_TOKEN, max(self.room, 1))

    @property
    def names(self) -> int:
        """How many characters the names may have."""
        return _NAMES if self.room is None else min(max(self.room - self.token - len(self.joint), 0), _NAMES)

    @cached_property
    def _longest_names(self) -> int:
        return self.who.longest_handle + len(self.joint)

    @property
    def length(self) -> int:
        """Most characters of the whole."""
        names = _NAMES if self.parts else min(self._longest_names, _NAMES)
        whole = names + len(self.joint) + _TOKEN
        return whole if self.room is None else min(self.room, whole)

    @property
    def bits(self) -> float:
        """How random it is at least; names that may be cut, or are not drawn, do not count."""
        whole = self.room is None or self.room >= self.length
        return 5 * self.token + (log2(self.who.fewest) - _ALIKE if whole and not self.parts else 0.0)

    def pieces(self, drawn: Words, rows: Rows) -> tuple[Piece, ...]:
        """The pieces of a handle per row."""
        token = same_width(characters(drawn, self.token))
        if self.names == 0:
            return (token,)
        if self.parts:
            names = cut(ascii_names([plain(rows.changed(name)) for name in self.parts], self.joint), self.names)
            nameless = pc.equal(names, "").to_numpy(zero_copy_only=False)
            return names, (pa.array([self.joint, ""]), nameless.astype(np.int64)), token
        drawn_names = self.who.persons(drawn, *self.who.read(token, rows)).handle(self.joint)
        if self._longest_names > self.names:
            return cut(joined(*drawn_names), self.names), self.joint, token
        return *drawn_names, self.joint, token


def _email_handle(place: Place) -> _Handle:
    limit = place.column.max_length
    return _Handle(place, None if limit is None else limit - _RESERVED_LENGTH - 1, ".")


def _email(setting: Setting) -> Change:
    options = setting.place.options
    limit = setting.place.column.max_length
    reserved, kept = pa.array(_RESERVED), options["keep_domain"] or options["mask_domain"]
    domain_key = setting.key.subkey(f"email domain:{options['domain'] or 'email domain'}")

    def address(local: tuple[Piece, ...], drawn: Words, originals: pa.Array) -> tuple[Piece, ...]:
        usual = reserved, (drawn[:, 1] >> np.uint64(60)).view(np.int64) % len(_RESERVED)
        if not kept:
            return *local, "@", usual
        own = _own_domains(originals)
        if options["mask_domain"]:
            own = pc.if_else(own.is_valid(), _masked_domains(digest(own, domain_key)), None)
        fits = pc.is_valid(own)
        if limit is not None:
            local = (joined(*local),)
            fits = pc.and_(fits, pc.less_equal(pc.add(pc.utf8_length(local[0]), pc.utf8_length(own)), limit - 1))
        return *local, "@", pc.if_else(pc.fill_null(fits, False), own, joined(usual))

    return _cased(setting, "email", _email_handle(setting.place), address)


def _own_domains(originals: pa.Array) -> pa.Array:
    """What stands after the last @; null where that is no domain."""
    data, offsets = own_spans(originals.fill_null(""))
    starts, stops = offsets[:-1], offsets[1:]
    at = last_of(data, starts, stops, b"@")
    after = part(data, at + 1, stops)
    return pc.if_else(pa.array((at >= starts) & matching(after, _A_DOMAIN)), after, None)


def _masked_domains(drawn: Words) -> pa.Array:
    """``brightwater-x7k2m4ab.example``: a domain that nobody can have."""
    words = pc.ascii_lower(company_words("words"))
    token = same_width(characters(drawn, _MASKED_TOKEN))
    return joined((words, pick(drawn, 0, len(words))), "-", token, _MASKED_END)


def _username_handle(place: Place) -> _Handle:
    return _Handle(place, place.column.max_length, "_")


def _username(setting: Setting) -> Change:
    return _cased(setting, "username", _username_handle(setting.place))


def _cased(setting: Setting, name: str, handle: _Handle, whole: Whole | None = None) -> Change:
    """Handles drawn by the folded text, in another case where the text itself was not folded."""
    draw = by_value(setting, name, family=FAMILY)
    case_key = setting.key.subkey(f"{name} case")
    exact = not setting.place.column.key_sql

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        originals = folded(values)
        drawn = draw(originals, rows)
        pieces = handle.pieces(drawn, rows)
        other = pc.fill_null(pc.not_equal(values, originals), False)
        if exact and other.true_count:
            pieces = (_recased(joined(*pieces), values, other, case_key),)
        return keep_blank(values, originals, joined(*(whole(pieces, drawn, originals) if whole else pieces)))

    return change


def _recased(made: pa.Array, values: pa.Array, other: pa.Array, subkey: bytes) -> pa.Array:
    """Texts, those of other values with the letters in upper case that the bits drawn by these say."""
    data, offsets = own_spans(made)
    rows = np.flatnonzero(other.to_numpy(zero_copy_only=False))
    drawn = digest(values.filter(other), subkey)  # a handle is shorter than the 128 bits drawn
    return text_array(native.recased(data, offsets, rows, drawn.reshape(-1)), offsets)


def _uniqueness(place: Place, handle: _Handle) -> Uniqueness:
    return probable(handle.bits) if place.own_subject else LOSSY


def _email_length(place: Place) -> int | None:
    handle, limit = _email_handle(place), place.column.max_length
    local = max(handle.length, _LEAST_TOKEN) + 1
    usual = local + _RESERVED_LENGTH
    if place.options["keep_domain"]:
        return None if limit is None else max(usual, limit)
    if place.options["mask_domain"]:
        masked = local + longest(company_words("words")) + 1 + _MASKED_TOKEN + len(_MASKED_END)
        return masked if limit is None else max(usual, min(masked, limit))
    return usual


def _reads(place: Place) -> frozenset[str]:
    """The columns that say whose name it is."""
    handle = _username_handle(place)
    return frozenset(handle.parts) if handle.parts else handle.who.columns


def _email_problem(place: Place) -> str:
    _reads(place)
    return "a domain is either kept or masked" if place.options["keep_domain"] and place.options["mask_domain"] else ""


def _username_problem(place: Place) -> str:
    _reads(place)
    return ""


EMAIL = Declaration(
    name="email",
    summary="An address nobody has, at example.com, .org or .net; the same for every spelling of the original.",
    example="{email: {per: id, mask_domain: true}}",
    kinds=TEXT,
    build=_email,
    options=(
        Option("keep_domain", "yes or no", "keep what stands after the @", default=False),
        Option(
            "mask_domain", "yes or no", "give every domain a stand-in of its own, the same each time", default=False
        ),
        _OF,
        LOCALE,
        GENDER,
        PER,
        DOMAIN,
    ),
    uniqueness=lambda place: _uniqueness(place, _email_handle(place)),
    length=_email_length,
    needs=needs_subject,
    reads=_reads,
    problem=_email_problem,
)

USERNAME = Declaration(
    name="username",
    summary="A name to log in with, unique with near certainty.",
    example="username",
    kinds=TEXT,
    build=_username,
    options=(_OF, LOCALE, GENDER, PER, DOMAIN),
    uniqueness=lambda place: _uniqueness(place, _username_handle(place)),
    length=lambda place: _username_handle(place).length,
    needs=needs_subject,
    reads=_reads,
    problem=_username_problem,
)
