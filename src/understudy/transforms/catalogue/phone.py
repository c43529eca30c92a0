"""``phone``: another number in the same format, or one that is reserved for fiction in the subject's country."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.arrow import own_spans
from understudy.errors import InputError
from understudy.locales import Patterns, longest, places
from understudy.native import drawn as native
from understudy.transforms.catalogue.localities import FAMILY, IN_COUNTRY, Where, filled, reads
from understudy.transforms.catalogue.numerals import as_digits
from understudy.transforms.characters import Characters, text_array
from understudy.transforms.declare import (
    DOMAIN,
    LOSSY,
    PER,
    PRESERVED,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
)
from understudy.transforms.derange import Derangement, walk
from understudy.transforms.draws import needs_subject
from understudy.transforms.fake import faked
from understudy.transforms.joined import joined
from understudy.transforms.matches import matching
from understudy.transforms.parts import table
from understudy.transforms.prf import Words, words

_AMPLE = 4  # digits that must be left to change when leading ones are kept
_FORMS = ("e164", "international", "national")
_TENS = np.array([10**power for power in range(20)], np.uint64)


def _build(setting: Setting) -> Change:
    if setting.place.options["mode"] == "encrypt":
        return _permuted(setting, back=False)
    made = _fake(setting)
    return as_digits(made) if setting.place.column.kind == "integer" else made


def _inverse(setting: Setting) -> Change:
    if setting.place.options["mode"] != "encrypt":
        raise InputError("a number from the ranges for fiction does not tell which one it stands for")
    return _permuted(setting, back=True)


def _permuted(setting: Setting, *, back: bool) -> Change:
    options = setting.place.options
    subkey = setting.key.subkey(f"phone:{options['domain'] or 'phone'}")
    keep = int(options["keep_digits"])
    if setting.place.column.kind == "integer":
        return lambda values, _rows: _numbers(values, subkey, keep, back=back)
    characters = Characters(subkey, keep_digits=keep, moved=True)
    texts = characters.restore if back else characters
    return lambda values, _rows: texts(values)


def _numbers(values: pa.Array, subkey: bytes, keep: int, *, back: bool) -> pa.Array:
    """Whole numbers with as many digits, the first ones kept; 0 and -1 stay, and ``~n`` mirrors ``n``."""
    numbers = words(values.cast(pa.int64())).view(np.int64)
    sign = numbers >> 63
    there = (numbers ^ sign).view(np.uint64)
    most = int(np.iinfo(values.type.to_pandas_dtype()).max)
    out = there.copy()
    lengths = np.searchsorted(_TENS, there, side="right")
    for length in np.unique(lengths[there > 0]):
        rows = np.flatnonzero((lengths == length) & (there > 0))
        kept = keep if length >= keep + _AMPLE else 0
        out[rows] = _Digits(int(length), kept, most).change(there[rows], subkey, back=back)
    return pa.array(out.view(np.int64) ^ sign).cast(values.type)


@dataclass(frozen=True)
class _Digits:
    """Numbers of so many digits, of which the first ones are kept, and none of which is above ``most``."""

    length: int
    kept: int
    most: int

    def change(self, numbers: Words, subkey: bytes, *, back: bool) -> Words:
        """Their stand-ins, none of them what it was; or the numbers that stand-ins stand for."""
        heads = numbers // _TENS[self.length - self.kept]
        cipher = Derangement(subkey, (10 if self.kept else 9, *[10] * (self.length - self.kept - 1)))
        permute = cipher.decrypt if back else cipher.encrypt
        digits = self._digits(numbers)
        if 10**self.length - 1 <= self.most:
            return self._numbers(heads, permute(digits))
        most = np.uint64(self.most)
        return self._numbers(heads, walk(permute, digits, lambda made, rows: self._numbers(heads[rows], made) <= most))

    def _digits(self, numbers: Words) -> NDArray[np.uint8]:
        """The digits after the kept ones; a first digit of all counts from 1."""
        places = range(self.length - self.kept - 1, -1, -1)
        columns = [numbers // _TENS[place] % np.uint64(10) for place in places]
        columns[0] = columns[0] - np.uint64(not self.kept)
        return np.stack(columns, axis=1).astype(np.uint8)

    def _numbers(self, heads: Words, digits: NDArray[np.uint8]) -> Words:
        made = heads
        for place in range(digits.shape[1]):
            made = made * np.uint64(10) + digits[:, place] + np.uint64(place == 0 and not self.kept)
        return made


def _fake(setting: Setting) -> Change:
    """A number of the city's country, written as the rule says or else as the original is."""
    where, form = Where(setting.place), setting.place.options["form"]
    if setting.place.column.kind == "integer":
        form = "e164"

    def read(originals: pa.Array, rows: Rows) -> tuple[NDArray[np.int64], ...]:
        return (*where.read(originals, rows), _styles(originals, form))

    def make(drawn: Words, *more: NDArray[np.int64]) -> pa.Array:
        cities = where.rows(drawn, *more[:-1])
        return _numbers_of(cities, drawn, more[-1])

    return faked(setting, "phone", make, family=FAMILY, read=read)


def _styles(originals: pa.Array, form: str | None) -> NDArray[np.int64]:
    """How each number is written: 0 with a plus and digits alone, 1 with a plus, 2 as at home, 3 as its digits."""
    if form is not None:
        return np.full(len(originals), _FORMS.index(form))
    plus = pc.fill_null(pc.starts_with(originals, "+"), True).to_numpy(zero_copy_only=False)
    digits = matching(originals.fill_null("+0"), r"^\+?\d+$")
    return np.where(plus, np.where(digits, 0, 1), np.where(digits, 3, 2))


@cache
def _written() -> tuple[pa.Array, Patterns]:
    """What stands before the numbers of every city, and the patterns of these: abroad, and then at home."""
    there = places()
    abroad = pc.binary_join_element_wise("+", there.prefix, " ", "")
    width = max(there.phones.shape[1], there.phones_national.shape[1])
    wide = [np.pad(some, ((0, 0), (0, width - some.shape[1]))) for some in (there.phones, there.phones_national)]
    return pa.concat_arrays([abroad, pa.repeat("", len(abroad))]), np.concatenate(wide)


def _numbers_of(cities: NDArray[np.int64], drawn: Words, style: NDArray[np.int64]) -> pa.Array:
    starts, patterns = _written()
    rows = cities + np.where(style <= 1, 0, len(starts) // 2)
    made = joined((starts, rows), filled(patterns, rows, drawn[:, 1]))
    bare = style % 3 == 0
    if not bare.any():
        return made
    data, offsets = own_spans(made)
    return text_array(*native.bared(data, offsets, bare, table(b"+0123456789")))


def _length(place: Place) -> int | None:
    if place.options["mode"] == "encrypt":
        return None
    whole = 2 + longest(places().prefix) + int(places().phones.shape[1])
    return min(whole, place.column.max_length or whole)


def _problem(place: Place) -> str:
    reads(place)
    options, column = place.options, place.column
    if column.kind == "integer" and options["mode"] == "fake" and column.arrow_type.bit_width < 64:
        return f"{column.native_type} is too narrow for numbers with their country in front"
    if options["mode"] == "encrypt" and (options["form"] or options["country"] or options["per"]):
        return "`per`, `country` and `form` are for `mode: fake`; encrypted numbers keep their own form"
    return ""


PHONE = Declaration(
    name="phone",
    summary=(
        "A telephone number in the same format: the first digits stay (the country), the others are encrypted, and no "
        "number stays what it is; it may be somebody's, so never let a test dial it.  Or, with `mode: fake`, one of "
        "the subject's country, from the numbers that are kept for films and books where there are any."
    ),
    example="{phone: {mode: fake, per: id, country: from country}}",
    kinds=frozenset({"text", "integer"}),
    build=_build,
    main="keep_digits",
    options=(
        Option("keep_digits", "whole number", "leading digits to keep where four others are left", default=3, least=0),
        Option("mode", "text", "encrypt the number, or fake one", default="encrypt", choices=("encrypt", "fake")),
        Option("form", "text", "how a fake is written, if not as the original is", choices=_FORMS),
        IN_COUNTRY,
        PER,
        DOMAIN,
    ),
    uniqueness=lambda place: PRESERVED if place.options["mode"] == "encrypt" else LOSSY,
    length=_length,
    needs=needs_subject,
    reads=reads,
    problem=_problem,
    inverse=_inverse,
)
