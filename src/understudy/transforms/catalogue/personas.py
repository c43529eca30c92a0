"""Who a draw stands for: one person, with a gender, names, and how these are written in ASCII.

Every rule of the family draws its person from the same bits, so a subject's first name, gender, initials
and e-mail address are one person's wherever they stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import own_spans, plain, spans, text_array
from understudy.errors import unknown
from understudy.locales import DEFAULT, LOCALES, People, ascii_of, locale_named, locale_of, locale_rows, longest, people
from understudy.locales.genders import woman_rows
from understudy.native import drawn as native
from understudy.transforms.declare import Option, Place, Rows
from understudy.transforms.fake import lowered
from understudy.transforms.joined import Piece, Taken
from understudy.transforms.parts import table
from understudy.transforms.prf import Words

FAMILY = "person"
"""Drawn by the same subject, a first name, a full name and an e-mail address are one person's."""

LOCALE = Option("locale", "text", "a locale (`de`), or `from COLUMN`: a masked column of countries or locales")
GENDER = Option("gender", "text", "`female`, `male`, or `from COLUMN`: a masked column of genders or titles")
SCRIPT = Option("script", "text", "how names are written", default="native", choices=("native", "latin"))

_HELD = b"abcdefghijklmnopqrstuvwxyz0123456789"  # what an address holds
_GAP = "[^a-z0-9]+"
_31 = np.uint64(31)
_LOW_31 = np.uint64(0x7FFFFFFF)
_LOW_32 = np.uint64(0xFFFFFFFF)
_32 = np.uint64(32)
_JOINTS = pa.array([" ", ""])
_WOMAN = {"female": 1, "male": 0}


@dataclass(frozen=True)
class Cast:
    """The names of some locales, one after the other; the place of a locale among them tells where its own start."""

    locales: tuple[str, ...]

    @cached_property
    def given(self) -> pa.Array:
        """Given names: for every locale those of women, then those of men."""
        return _joined(array for one in self._people for array in (one.female, one.male))

    @cached_property
    def given_latin(self) -> pa.Array:
        """The same in Latin letters."""
        return _joined(array for one in self._people for array in (one.female_latin, one.male_latin))

    @cached_property
    def given_ascii(self) -> pa.Array:
        """The same as an address for e-mail can hold them."""
        return self._in_ascii(("female_latin", "male_latin"))

    @cached_property
    def family(self) -> pa.Array:
        """Family names: for every locale as women bear them, then as men do."""
        return _joined(array for one in self._people for array in (one.last_female, one.last))

    @cached_property
    def family_latin(self) -> pa.Array:
        """The same in Latin letters."""
        return _joined(array for one in self._people for array in (one.last_female_latin, one.last_latin))

    @cached_property
    def family_ascii(self) -> pa.Array:
        """The same as an address for e-mail can hold them."""
        return self._in_ascii(("last_female_latin", "last_latin"))

    @cached_property
    def names(self) -> pa.Array:
        """The given names and then the family names."""
        return pa.concat_arrays([self.given, self.family])

    @cached_property
    def capitals(self) -> tuple[pa.Array, pa.Array]:
        """The first letters of the given and of the family names, in ASCII capitals."""
        first = [pc.utf8_slice_codeunits(names, 0, 1) for names in (self.given_ascii, self.family_ascii)]
        return pc.ascii_upper(first[0]), pc.ascii_upper(first[1])

    @cached_property
    def starts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the given and the family names of every locale start."""
        given = [len(one.female) + len(one.male) for one in self._people]
        family = [2 * len(one.last) for one in self._people]
        return np.cumsum([0, *given])[:-1], np.cumsum([0, *family])[:-1]

    @cached_property
    def sizes(self) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """How many names of women, of men and of families every locale has."""
        every = [(len(one.female), len(one.male), len(one.last)) for one in self._people]
        women, men, families = (np.array(sizes, np.int64) for sizes in zip(*every, strict=True))
        return women, men, families

    @cached_property
    def family_first(self) -> NDArray[np.bool_]:
        """In which locales a full name starts with the family name, without a space."""
        return np.array([one.family_first for one in self._people])

    @property
    def _people(self) -> list[People]:
        return [people(locale) for locale in self.locales]

    def _in_ascii(self, parts: tuple[str, str]) -> pa.Array:
        pairs = [(one, locale) for one, locale in zip(self._people, self.locales, strict=True)]
        names = [(name, locale) for one, locale in pairs for part in parts for name in getattr(one, part).to_pylist()]
        return pa.array([ascii_of(name, locale) for name, locale in names], pa.string())


def _joined(arrays: Iterable[pa.Array]) -> pa.Array:
    return pa.concat_arrays(list(arrays))


@cache
def cast(locales: tuple[str, ...]) -> Cast:
    """The names of these locales."""
    return Cast(locales)


@dataclass(frozen=True)
class Persons:
    """One person per row: where its names are in the tables of a cast."""

    cast: Cast
    woman: NDArray[np.bool_]
    given: NDArray[np.int64]
    middle: NDArray[np.int64]
    family: NDArray[np.int64]
    family_first: NDArray[np.bool_]

    def first_name(self, script: str = "native") -> Taken:
        """Given names."""
        return self.cast.given if script == "native" else self.cast.given_latin, self.given

    def middle_name(self, script: str = "native") -> Taken:
        """Second given names."""
        return self.cast.given if script == "native" else self.cast.given_latin, self.middle

    def last_name(self, script: str = "native") -> Taken:
        """Family names."""
        return self.cast.family if script == "native" else self.cast.family_latin, self.family

    def full_name(self, script: str = "native") -> tuple[Piece, ...]:
        """Both names, in the order of the locale; in Latin letters always the given name first."""
        turned = self.family_first
        if script == "latin" or not turned.any():
            return self.first_name(script), " ", self.last_name(script)
        names, family = self.cast.names, self.family + len(self.cast.given)
        first, second = np.where(turned, family, self.given), np.where(turned, self.given, family)
        return (names, first), (_JOINTS, turned.astype(np.int64)), (names, second)

    def handle(self, joint: str) -> tuple[Piece, ...]:
        """Both names in lower-case ASCII."""
        return (self.cast.given_ascii, self.given), joint, (self.cast.family_ascii, self.family)

    def initials(self) -> tuple[Taken, Taken]:
        """The first letters of both names, in ASCII capitals."""
        given, family = self.cast.capitals
        return (given, self.given), (family, self.family)


@dataclass(frozen=True)
class Who:
    """How a rule finds the persons of its rows: its locale and gender, as options or read from columns."""

    place: Place

    @cached_property
    def locale_column(self) -> str | None:
        """The column that says the locale, if one does."""
        text = self.place.options.get("locale")
        if text is None or _literal_locale(text):
            return None
        if not text.startswith("from ") and text not in self.place.table.by_name:
            raise unknown("locale", text, LOCALES)
        return self.place.named("locale")

    @cached_property
    def gender_column(self) -> str | None:
        """The column that says the gender, if one does."""
        text = self.place.options.get("gender")
        return None if text is None or text in _WOMAN else self.place.named("gender")

    @property
    def columns(self) -> frozenset[str]:
        """The columns read, as they are after masking."""
        return frozenset({self.locale_column, self.gender_column} - {None})  # type: ignore[arg-type]

    @property
    def cast(self) -> Cast:
        """Whose names there are to choose from."""
        text = self.place.options.get("locale")
        return cast(LOCALES if self.locale_column else (locale_named(text or DEFAULT),))

    def read(self, _originals: pa.Array, rows: Rows) -> tuple[NDArray[np.int64], ...]:
        """What ``persons`` needs of the rows besides their draws."""
        found = []
        if self.locale_column:
            found.append(locale_rows(plain(rows.changed(self.locale_column))))
        if self.gender_column:
            found.append(woman_rows(plain(rows.changed(self.gender_column))))
        return tuple(found)

    def locale_rows(self, rows: int, *more: NDArray[np.int64]) -> NDArray[np.int64]:
        """The place of every row's locale among ``LOCALES``, from what ``read`` found."""
        if self.locale_column:
            return more[0]
        return np.full(rows, LOCALES.index(self.cast.locales[0]))

    def persons(self, drawn: Words, *more: NDArray[np.int64]) -> Persons:
        """The persons of these draws."""
        names = self.cast
        locale: Any = more[0] if self.locale_column else 0
        first, share = drawn[:, 0] & _LOW_32, drawn[:, 0] & _LOW_31
        woman = first >> _31 == 0
        if self.gender_column:
            woman = np.where(more[-1] < 0, woman, more[-1] == 1)
        elif (gender := self.place.options.get("gender")) is not None:
            woman = np.full(len(drawn), _WOMAN[gender] == 1)
        (given_start, family_start), (women, men, families) = names.starts, names.sizes
        start, size = given_start[locale], np.where(woman, women[locale], men[locale])
        start = np.where(woman, start, start + women[locale])
        family = family_start[locale] + np.where(woman, 0, families[locale])
        return Persons(
            cast=names,
            woman=woman,
            given=start + _below(share, size, _31),
            middle=start + _below(drawn[:, 1] >> _32, size, _32),
            family=family + _below(drawn[:, 0] >> _32, families[locale], _32),
            family_first=np.broadcast_to(names.family_first[locale], len(drawn)),
        )

    @property
    def longest_given(self) -> int:
        """Most characters of a given name."""
        return longest(self.cast.given if self._native else self.cast.given_latin)

    @property
    def longest_family(self) -> int:
        """Most characters of a family name."""
        return longest(self.cast.family if self._native else self.cast.family_latin)

    @property
    def longest_handle(self) -> int:
        """Most characters of both names in ASCII."""
        return longest(self.cast.given_ascii) + longest(self.cast.family_ascii)

    @property
    def _native(self) -> bool:
        return self.place.options.get("script") != "latin"

    @property
    def fewest(self) -> int:
        """How many pairs of a given and a family name there are at least to choose from."""
        women, men, families = self.cast.sizes
        return int((np.minimum(women, men) * families).min())

    @property
    def most(self) -> tuple[int, int]:
        """How many different given and family names can come out."""
        return len(self.cast.given), len(self.cast.family)


def _literal_locale(text: str) -> bool:
    return not text.startswith("from ") and locale_of(text) is not None


def _below(random: Words, sizes: Any, bits: np.uint64) -> NDArray[np.int64]:
    """Random numbers of so many bits as numbers below sizes."""
    found: NDArray[np.int64] = ((random * sizes.view(np.uint64)) >> bits).view(np.int64)
    return found


def reads(place: Place) -> frozenset[str]:
    """The columns that say locale and gender."""
    return Who(place).columns


def problem(place: Place) -> str:
    """Nothing; an InputError where the locale or a column that the rule names is not there."""
    reads(place)
    return ""


def ascii_names(columns: list[pa.Array], joint: str) -> pa.Array:
    """Names of any origin as addresses can hold them; those of the tables as they are romanised, and "" for others."""
    texts = [_in_ascii(lowered(column.cast(pa.string())).fill_null(""), joint) for column in columns]
    data, offsets = own_spans(pc.binary_join_element_wise(*texts, joint))
    return text_array(*native.spaced(data, offsets, table(_HELD), ord(joint)))


def _in_ascii(texts: pa.Array, joint: str) -> pa.Array:
    data, offsets = spans(texts)
    if data[offsets[0] : offsets[-1]].max(initial=0) < 0x80:
        return texts
    names, romanised = _romanised()
    known = romanised.take(pc.index_in(texts, value_set=names))
    plain_letters = pc.replace_substring_regex(pc.utf8_normalize(texts, "NFKD"), r"\p{M}+", "")
    for letter, spelled in (("ß", "ss"), ("ø", "o"), ("ł", "l"), ("æ", "ae"), ("œ", "oe"), ("đ", "d")):
        plain_letters = pc.replace_substring(plain_letters, letter, spelled)
    return pc.coalesce(known, pc.replace_substring_regex(plain_letters, _GAP, joint))


@cache
def _romanised() -> tuple[pa.Array, pa.Array]:
    """Names of all locales that are not ASCII, folded, and how they are written in ASCII."""
    every = cast(LOCALES)
    pairs = {
        name.lower(): spelled
        for table, ascii_table in ((every.given, every.given_ascii), (every.family, every.family_ascii))
        for name, spelled in zip(table.to_pylist(), ascii_table.to_pylist(), strict=True)
        if not name.isascii()
    }
    return pa.array(list(pairs), pa.string()), pa.array(list(pairs.values()), pa.string())
