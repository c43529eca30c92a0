"""Names of people who do not exist: ``first_name``, ``middle_name``, ``last_name``, ``full_name``, ``display_name``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.transforms.catalogue.personas import FAMILY, GENDER, LOCALE, SCRIPT, Persons, Who, problem, reads
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
from understudy.transforms.fake import faked
from understudy.transforms.joined import Piece, Taken, joined
from understudy.transforms.prf import Words

_DOTTED = len("A.L.")


@dataclass(frozen=True)
class _Form:
    """How a name is written: its pieces for persons and a script, its most characters, and how many there are."""

    write: Callable[[Persons, str], tuple[Piece, ...]]
    length: Callable[[Who], int]
    stand_ins: Callable[[int, int], float]


def _letters(names: Taken) -> pa.Array:
    """The first character of every name."""
    return pc.utf8_slice_codeunits(joined(names), 0, 1)


def _pairs(given: int, family: int) -> float:
    return given * family


_FIRST = _Form(lambda one, script: (one.first_name(script),), lambda who: who.longest_given, lambda given, _: given)
_MIDDLE = _Form(lambda one, script: (one.middle_name(script),), lambda who: who.longest_given, lambda given, _: given)
_LAST = _Form(lambda one, script: (one.last_name(script),), lambda who: who.longest_family, lambda _, family: family)

FORMS: Mapping[str, _Form] = {
    "first last": _Form(Persons.full_name, lambda who: who.longest_given + 1 + who.longest_family, _pairs),
    "last, first": _Form(
        lambda one, script: (one.last_name(script), ", ", one.first_name(script)),
        lambda who: who.longest_given + 2 + who.longest_family,
        _pairs,
    ),
    "first middle last": _Form(
        lambda one, script: (one.first_name(script), " ", one.middle_name(script), " ", one.last_name(script)),
        lambda who: 2 * who.longest_given + 2 + who.longest_family,
        lambda given, family: given * given * family,
    ),
    "first l.": _Form(
        lambda one, script: (one.first_name(script), " ", _letters(one.last_name(script)), "."),
        lambda who: who.longest_given + 3,
        _pairs,
    ),
    "f. last": _Form(
        lambda one, script: (_letters(one.first_name(script)), ". ", one.last_name(script)),
        lambda who: who.longest_family + 3,
        _pairs,
    ),
}
"""How a whole name can be written."""


def _declare(name: str, summary: str, form: Callable[[Place], _Form], *options: Option) -> Declaration:
    def build(setting: Setting) -> Change:
        place = setting.place
        who, written = Who(place), form(place)

        def make(drawn: Words, *more: NDArray[np.int64]) -> pa.Array:
            return joined(*written.write(who.persons(drawn, *more), place.options["script"]))

        return faked(setting, name, make, family=FAMILY, read=who.read)

    def length(place: Place) -> int:
        whole = form(place).length(Who(place))
        return min(whole, place.column.max_length or whole)

    return Declaration(
        name=name,
        summary=summary,
        example=f"{{{name}: {{per: id, locale: from country}}}}",
        kinds=TEXT,
        build=build,
        options=(*options, LOCALE, GENDER, SCRIPT, PER, DOMAIN),
        uniqueness=lambda place: Uniqueness("lossy", form(place).stand_ins(*Who(place).most)),
        length=length,
        needs=needs_subject,
        reads=reads,
        problem=problem,
        listed=True,
    )


def _form_option(default: str) -> Option:
    return Option("form", "text", "how the name is written", default=default, choices=tuple(FORMS))


def _chosen(place: Place) -> _Form:
    return FORMS[place.options["form"]]


FIRST_NAME = _declare("first_name", "A given name, of a locale and a gender where these are said.", lambda _: _FIRST)
MIDDLE_NAME = _declare("middle_name", "A second given name of the same person.", lambda _: _MIDDLE)
LAST_NAME = _declare("last_name", "A family name, as women or men of the locale bear it.", lambda _: _LAST)
FULL_NAME = _declare(
    "full_name",
    "A given name and a family name, in the order of the locale unless a form is chosen.",
    _chosen,
    _form_option("first last"),
)
DISPLAY_NAME = _declare(
    "display_name",
    "What others are shown of a person's name, `Ada L.` unless another form is chosen.",
    _chosen,
    _form_option("first l."),
)


def _initials(setting: Setting) -> Change:
    who = Who(setting.place)
    room = setting.place.column.max_length or _DOTTED

    def read(originals: pa.Array, rows: Rows) -> tuple[NDArray[np.int64], ...]:
        dotted = pc.match_substring(originals, ".").fill_null(False).to_numpy(zero_copy_only=False)
        return (*who.read(originals, rows), (dotted & (room >= _DOTTED)).astype(np.int64))

    def make(drawn: Words, *more: NDArray[np.int64]) -> pa.Array:
        given, family = who.persons(drawn, *more[:-1]).initials()
        dot = pa.array(["", "."]), more[-1]
        return joined(given, dot, family, dot)

    return faked(setting, "initials", make, family=FAMILY, read=read)


INITIALS = Declaration(
    name="initials",
    summary="The first letters of a given and a family name in ASCII, with dots where the original had some.",
    example="{initials: {per: id}}",
    kinds=TEXT,
    build=_initials,
    options=(LOCALE, GENDER, PER, DOMAIN),
    length=lambda place: min(_DOTTED, place.column.max_length or _DOTTED),
    needs=needs_subject,
    reads=reads,
    problem=problem,
    listed=True,
)
