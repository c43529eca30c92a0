"""``company``: the name of a business that is made up; one of that name may exist all the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.locales import LOCALES, company_forms, company_words, people
from understudy.locales.business import Listed, business, legal_forms, listed
from understudy.transforms.catalogue.business import chosen, longest_of, stand_ins_of
from understudy.transforms.catalogue.personas import LOCALE, Who, problem, reads
from understudy.transforms.declare import (
    DOMAIN,
    PER,
    TEXT,
    Change,
    Declaration,
    Option,
    Place,
    Rows,
    Setting,
    Uniqueness,
)
from understudy.transforms.draws import needs_subject
from understudy.transforms.fake import faked, folded
from understudy.transforms.joined import Taken, joined
from understudy.transforms.prf import Words

_END = 40  # characters in which a legal form stands
_UNSPACED = "\u2e80"  # from here on, scripts have no spaces between words


@dataclass(frozen=True)
class _Forms:
    """Legal forms that are recognised at the end of a name."""

    pattern: str
    endings: pa.Array
    forms: pa.Array


@cache
def _known() -> _Forms:
    spaced, unspaced = legal_forms(spaced=True), legal_forms(spaced=False)
    either = ["|".join(re.escape(one) for one in sorted(forms, key=len, reverse=True)) for forms in (spaced, unspaced)]
    pattern = rf"(?:[\s,]+(?P<spaced>{either[0]})|(?P<unspaced>{either[1]}))\.?$"
    every = {**spaced, **unspaced}
    return _Forms(pattern, pa.array(list(every), pa.string()), pa.array(list(every.values()), pa.string()))


def recognised(names: pa.Array) -> NDArray[np.int64]:
    """Which of the legal forms we know each name ends with; -1 where it ends with none."""
    known = _known()
    ends = folded(pc.utf8_slice_codeunits(names, -_END))
    found = pc.extract_regex(ends, known.pattern)
    ending = pc.if_else(pc.equal(pc.struct_field(found, 0), ""), pc.struct_field(found, 1), pc.struct_field(found, 0))
    places: NDArray[np.int64] = pc.index_in(ending, value_set=known.endings).cast(pa.int64()).fill_null(-1).to_numpy()
    return places


@cache
def _names() -> Listed:
    """What names start with: an invented word in English, a family name elsewhere."""
    families = [people(locale).last.to_pylist() for locale in LOCALES[1:]]
    capitals = [[name[0].upper() + name[1:] for name in some] for some in families]  # Van der Berg, here
    return listed([company_words("words").to_pylist(), *capitals])


@cache
def _drawn_forms() -> Listed:
    """The legal forms of every locale."""
    return listed([company_forms(locale).to_pylist() for locale in LOCALES])


def _suffix(place: Place) -> str:
    """What becomes of legal forms: as the rule says, else kept where each value is drawn by itself."""
    return str(place.options["suffix"] or ("keep" if place.subject is None else "draw"))


def _build(setting: Setting) -> Change:
    place = setting.place
    who, suffix = Who(place), _suffix(place)

    def read(values: pa.Array, rows: Rows) -> tuple[NDArray[np.int64], ...]:
        forms = recognised(values) if suffix == "keep" else np.full(len(values), -1)
        return (forms, *who.read(values, rows))

    def make(drawn: Words, forms: NDArray[np.int64], *more: NDArray[np.int64]) -> pa.Array:
        locale = who.locale_rows(len(drawn), *more)
        pieces = chosen(_names(), drawn, 0, locale), *_behind(chosen(business("trade"), drawn, 1, locale))
        if suffix == "none":
            return joined(*pieces)
        table, drawn_form = chosen(_drawn_forms(), drawn, 2, locale)
        kept = forms >= 0
        if kept.any():
            table, drawn_form = _all_forms(), np.where(kept, forms + len(table), drawn_form)
        return joined(*pieces, *_behind((table, drawn_form)))

    return faked(setting, "company", make, read=read)


@cache
def _all_forms() -> pa.Array:
    """The legal forms that are drawn, and then those that are recognised."""
    return pa.concat_arrays([_drawn_forms().entries, _known().forms])


def _behind(words: Taken) -> tuple[Taken, Taken]:
    """Words behind others: after a space, but for scripts that have none."""
    table, places = words
    unspaced = pc.greater_equal(table, _UNSPACED).to_numpy(zero_copy_only=False)
    return (pa.array([" ", ""]), unspaced[places].astype(np.int64)), words


def _tables(place: Place) -> list[Listed]:
    return [_names(), business("trade"), *([_drawn_forms()] if _suffix(place) != "none" else [])]


def _uniqueness(place: Place) -> Uniqueness:
    sizes = [stand_ins_of(table, place) for table in _tables(place)]
    if _suffix(place) == "keep":
        sizes[-1] += len(_known().forms)
    return Uniqueness("lossy", float(np.prod([float(size) for size in sizes])))


def _length(place: Place) -> int:
    longest = [longest_of(table, place) for table in _tables(place)]
    if _suffix(place) == "keep":
        longest[-1] = max(longest[-1], int(pc.max(pc.utf8_length(_known().forms)).as_py()))
    whole = sum(longest) + len(longest) - 1
    return min(whole, place.column.max_length or whole)


COMPANY = Declaration(
    name="company",
    summary="The name of a business in the language of its locale; its legal form (GmbH, Inc.) is the original's.",
    example="{company: {locale: de}}",
    kinds=TEXT,
    build=_build,
    options=(
        Option(
            "suffix",
            "text",
            "the legal form: kept where the original has one we know (the usual, without `per`), drawn, or none",
            choices=("keep", "draw", "none"),
        ),
        LOCALE,
        PER,
        DOMAIN,
    ),
    uniqueness=_uniqueness,
    length=_length,
    needs=needs_subject,
    reads=reads,
    problem=problem,
)
