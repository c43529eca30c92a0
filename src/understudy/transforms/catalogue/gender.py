"""``gender`` and ``title``: written as the original is, of the same person as the subject's name."""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.locales import DEFAULT, LOCALES
from understudy.locales.countries import each_different
from understudy.locales.genders import GENDERS, OTHERS, TITLES, title_key, title_locales, woman_rows
from understudy.transforms.catalogue.personas import FAMILY, LOCALE, Who, problem, reads
from understudy.transforms.catalogue.personas import GENDER as OF_GENDER
from understudy.transforms.declare import DOMAIN, PER, TEXT, Change, Declaration, Option, Place, Rows, Setting
from understudy.transforms.draws import Draw, by_row, by_value, needs_row, needs_subject
from understudy.transforms.fake import cut, folded, keep_blank
from understudy.transforms.prf import Words

Pair = tuple[str, str]
"""What is written for a woman and for a man."""

_CODES, _WORDS, _ISO = GENDERS[0], GENDERS[1], ("2", "1")
_UNTOLD = "0"  # "not known" (ISO 5218) tells nothing, so it stays


def _draw(setting: Setting, name: str) -> Draw:
    """By the subject, or by the row: by the value, all women would become women or all would become men."""
    return by_row(setting, name) if setting.place.subject is None else by_value(setting, name, family=FAMILY)


def _needs(place: Place) -> frozenset[str]:
    return needs_row(place) if place.subject is None else needs_subject(place)


@cache
def _pairs() -> dict[str, Pair]:
    """The pair that every folded word or code for a gender is of."""
    found = {word.lower(): pair for pair in reversed(GENDERS) for word in pair}
    return found | dict(OTHERS)


def _pair(text: str, limit: int | None) -> Pair:
    """What is written for a woman and for a man where a text is written for a gender, in the same case."""
    word = text.strip()
    if word.removeprefix("-").isdecimal():
        return (word, word) if word == _UNTOLD else _ISO
    few = len(word) == 1 or (limit is not None and limit < len(_WORDS[0]))
    woman, man = _pairs().get(word.lower(), _CODES if few else _WORDS)
    if word.isupper():
        return woman.upper(), man.upper()
    if word.islower():
        return woman.lower(), man.lower()
    return (woman.capitalize(), man.capitalize()) if word.istitle() else (woman, man)


def _gender(setting: Setting) -> Change:
    """Genders of the persons drawn; every different original is looked at once, as there are few."""
    place = setting.place
    who, draw, own = Who(place), _draw(setting, "gender"), _values(place)
    limit = place.column.max_length

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        drawn = draw(values, rows)
        woman = pa.array(who.persons(drawn, *who.read(values, rows)).woman)
        if own is not None:
            texts = pa.array(own).cast(values.type)
            return pc.if_else(woman, texts[0], texts[1])
        encoded = pc.dictionary_encode(values.cast(pa.string()))
        pairs = [_pair(text, limit) for text in encoded.dictionary.to_pylist()]
        women, men = (pa.array([pair[side] for pair in pairs], pa.string()).take(encoded.indices) for side in (0, 1))
        made = pc.if_else(woman, women, men)
        return keep_blank(values, folded(values), cut(made, limit)) if values.type == pa.string() else made

    return change


def _values(place: Place) -> list[object] | None:
    """What is written for a woman and for a man, where the rule or the labels of an enum say it."""
    if place.options["values"]:
        return list(place.options["values"])
    if place.column.kind != "enum":
        return None
    labels = place.column.labels
    women = woman_rows(pa.array(labels, pa.string())).tolist()
    return [labels[women.index(who)] for who in (1, 0) if who in women]


def _problem(place: Place) -> str:
    values, column = _values(place), place.column
    if values is None:
        return (
            "say what is written for a woman and for a man: `values: [false, true]`" if column.kind == "boolean" else ""
        )
    if len(values) != 2:
        return "`values` are what is written for a woman and for a man"
    if column.kind == "enum":
        missing = [value for value in values if value not in column.labels]
        return f"{missing[0]!r} is no label of {column.native_type}" if missing else ""
    try:
        pa.array(values).cast(column.arrow_type)
    except pa.ArrowException:
        return f"`values` are not of the type {column.native_type}"
    return ""


def _longest(place: Place) -> int | None:
    pairs = [*GENDERS, *([tuple(map(str, place.options["values"]))] if place.options["values"] else [])]
    whole = max(len(word) for pair in pairs for word in pair)
    return min(whole, place.column.max_length or whole)


GENDER = Declaration(
    name="gender",
    summary=(
        "The gender of the subject's person, or of one of the row's own, in the words or codes of the original: F or "
        "M, female or male, weiblich or männlich, 2 or 1 (ISO 5218).  Those who are neither become one of the two."
    ),
    example="{gender: {per: id}}",
    kinds=frozenset({"text", "integer", "boolean", "enum"}),
    build=_gender,
    options=(
        Option("values", "list", "what is written for a woman and for a man, if not what the originals show"),
        PER,
        DOMAIN,
    ),
    length=_longest,
    needs=_needs,
    problem=_problem,
    by="row",
    sensitive=False,
)


def _title(setting: Setting) -> Change:
    """Titles of the persons drawn; every different original is looked at once, as there are few."""
    place = setting.place
    who, draw = Who(place), _draw(setting, "title")
    fixed = place.options["locale"] is not None

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        drawn = draw(values, rows)
        more = who.read(values, rows)
        woman = who.persons(drawn, *more).woman
        locale = who.locale_rows(len(drawn), *more) if fixed else each_different(values, _locale_of_title)
        made = _titles(drawn, locale, woman)
        dotted = pc.and_(pc.ends_with(values, "."), pc.is_in(made, value_set=pa.array(["Mr", "Ms", "Mrs"])))
        made = pc.if_else(dotted.fill_null(False), pc.binary_join_element_wise(made, "", "."), made)
        return keep_blank(values, folded(values), cut(made, place.column.max_length))

    return change


def _locale_of_title(text: str | None) -> int:
    return LOCALES.index(title_locales().get(title_key(text or ""), DEFAULT))


@cache
def _title_table() -> tuple[pa.Array, NDArray[np.int64], NDArray[np.int64]]:
    """The titles of all locales, of women and then of men, where those of each begin, and how many they are."""
    every = [titles for locale in LOCALES for titles in TITLES[locale]]
    sizes = np.array([len(titles) for titles in every], np.int64)
    return pa.array([title for titles in every for title in titles]), np.cumsum(sizes) - sizes, sizes


def _titles(drawn: Words, locale: NDArray[np.int64], woman: NDArray[np.bool_]) -> pa.Array:
    titles, starts, sizes = _title_table()
    group = 2 * locale + ~woman
    share = (drawn[:, 1] & np.uint64(0xFFFFFFFF)) * sizes[group].view(np.uint64) >> np.uint64(32)
    return titles.take(pa.array(starts[group] + share.view(np.int64)))


_LONGEST_TITLE = max(len(title) for pair in TITLES.values() for titles in pair for title in titles)

TITLE = Declaration(
    name="title",
    summary="Mr or Ms, Herr or Frau, of the subject's person; in the language of the original, or of a locale.",
    example="{title: {per: id}}",
    kinds=TEXT,
    build=_title,
    options=(LOCALE, OF_GENDER, PER, DOMAIN),
    length=lambda place: min(_LONGEST_TITLE, place.column.max_length or _LONGEST_TITLE),
    needs=_needs,
    reads=reads,
    problem=problem,
    by="row",
    sensitive=False,
    listed=True,
)
