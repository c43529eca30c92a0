"""Names in columns, as dictionaries have them, and names of people and places inside texts.

A person is two capitalised words or more of which one is a known name, a known given name that is no other
word, or capitalised words after a title or a cue (``Dear``, ``my name is``).  Scripts without capitals are
searched for names of the dictionary.  A name that is in no dictionary and stands without context is missed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from understudy import locales
from understudy.entities import scripts
from understudy.entities.entity import NEAR, Entity, Shape
from understudy.entities.letters import CAPITALS, GAP, LETTER, any_of, start

_FORMS = any_of(
    "Inc Inc. Incorporated LLC L.L.C. LLP Ltd Ltd. Limited Corp Corp. Corporation Co. PLC plc GmbH mbH AG KG OHG e.V. "
    "SE SA S.A. S.A.S. SAS SARL S.L. SL S.p.A. SpA S.r.l. Srl BV B.V. NV N.V. A/S AB Oy Oyj Ltda Ltda. S/A Pty"
)
_JOINTS = "(?:&|and|und|et|y|e|of|de|for|the|della|van)"

COMPANY = Entity(
    name="company",
    summary="the name of a company",
    sensitivity="quasi",
    example="Analytical Engines Ltd.",
    whole=rf".{{1,80}},? (?:{_FORMS})",
    shapes=(
        Shape(
            "word",
            start(CAPITALS + "0-9")
            + rf"[\w&'’\-]{{0,40}}+(?:,?{GAP}(?:{_JOINTS}{GAP})?[{CAPITALS}0-9&][\w&'’\-]{{0,40}}){{0,5}}?"
            + rf",?{GAP}(?:{_FORMS})(?!\w)",
            rf" (?:{_FORMS})(?:\W|$)",
        ),
    ),
)
PERSON = Entity("person", "the name of a person", "direct", "Ada Lovelace")
FIRST_NAME = Entity("first_name", "a given name", "direct", "Ada")
LAST_NAME = Entity("last_name", "a family name", "direct", "Lovelace")
CITY = Entity("city", "a city", "quasi", "London")
COUNTRY = Entity("country", "a country", "quasi", "France")

ENTITIES = (COMPANY, PERSON, CITY, COUNTRY, FIRST_NAME, LAST_NAME)

TABLES: Mapping[str, Callable[[], pa.Array]] = {
    "first_name": locales.first_names,
    "last_name": locales.last_names,
    "city": locales.cities,
    "country": locales.countries,
}
"""Entities that a dictionary tells."""

NAMES = frozenset({*TABLES, "person"})
"""Entities that are told by words and not by a pattern."""

INSIDE = frozenset({"person", "city", "country", "company"})
"""Entities that are found inside texts by their words."""


def is_name(values: pa.Array, name: str) -> pa.Array:
    """Which values are names of a kind: in its dictionary, or for a person, a given name and a name after it."""
    lower = pc.utf8_lower(values)
    if name != "person":
        return pc.if_else(pc.is_valid(lower), pc.is_in(lower, TABLES[name]()), None)
    parts = pc.extract_regex(lower, r"^(?P<first>[^\s\d,]{2,}),?(?: [^\s\d,]+){0,3} (?P<last>[^\s\d,]{2,})$")
    first, last = pc.struct_field(parts, 0), pc.struct_field(parts, 1)
    given, family = locales.first_names(), locales.last_names()
    usual = pc.or_(pc.is_in(first, given), pc.and_(pc.is_in(first, family), pc.is_in(last, given)))
    return pc.if_else(pc.is_valid(lower), pc.fill_null(pc.and_(pc.is_valid(first), usual), False), None)


def ordinary(words: pa.Array) -> pa.Array:
    """Which words, in lower case, are usually no names though some people bear them (will, rose)."""
    return pc.is_in(words, _ordinary())


@cache
def _ordinary() -> pa.Array:
    return pa.array(sorted(_lists().common), pa.string())


Found = tuple[int, int, str]
"""Where a name starts and ends, and which entity it is."""

_PARTICLES = (
    "(?:van|von|der|den|de|del|della|di|da|dos|das|do|du|la|le|el|al|bin|ibn|ben|ter|ten|af|zu|zum|zur|y|e|san|st\\.)"
)
_REST = rf"(?:\.(?=[ ]?[{CAPITALS}])|{LETTER}*+(?:['’\-]{LETTER}++)*+)"
_RUN = re.compile(
    rf"{start(CAPITALS)}{_REST}(?:(?:{GAP}|(?<=\.))(?:{_PARTICLES}{GAP}){{0,3}}[{CAPITALS}]{_REST}){{0,11}}"
)
_WORD = re.compile(rf"(?:{LETTER}\.|{LETTER}++(?:['’\-]{LETTER}++)*+)")
_POSSESSIVE = ("'s", "’s", "'", "’")
_PARTICLE_WORDS = frozenset(_PARTICLES.strip("(?:)").replace("\\.", ".").split("|"))
_MOST_WORDS = 4
_BETWEEN = ' \u00a0\t\r\n"“„«>(*_'
_MARKS = ":,?"
_CUE_WORDS = 3


@dataclass(frozen=True)
class _Lists:
    """Words by what they can be, in lower case."""

    first: frozenset[str]
    last: frozenset[str]
    cities: frozenset[str]
    countries: frozenset[str]
    common: frozenset[str]
    things: frozenset[str]
    firms: frozenset[str]
    titles: frozenset[str]
    cues: frozenset[str]
    endings: tuple[str, ...]

    def ordinary(self, word: str) -> bool:
        """Whether a word is usually no name."""
        return word in self.common or word in self.titles

    def family(self, word: str) -> bool:
        """Whether a word is a family name and nothing else: of the dictionary, or by its ending."""
        return (word in self.last or word.endswith(self.endings)) and not (self.ordinary(word) or self.place(word))

    def place(self, word: str) -> bool:
        """Whether a word is a city or a country."""
        return word in self.cities or word in self.countries

    def nameable(self, word: str) -> bool:
        """Whether a word may be a name after a title."""
        return word in self.first or word in self.last or not (self.ordinary(word) or word in self.things)


@cache
def _lists() -> _Lists:
    text = files(__package__).joinpath("words.txt").read_text(encoding="utf-8")
    words: dict[str, list[str]] = {}
    for line in text.splitlines():
        kind, _, rest = line.partition(": ")
        words.setdefault(kind, []).extend(rest.split())
    tables = {name: frozenset(table().to_pylist()) for name, table in TABLES.items()}
    return _Lists(
        first=tables["first_name"],
        last=tables["last_name"],
        cities=tables["city"],
        countries=tables["country"],
        common=frozenset(words["common"]),
        things=frozenset(words["things"]),
        firms=frozenset(words["firms"]),
        titles=frozenset(words["titles"]),
        endings=tuple(words["endings"]),
        cues=frozenset(cue.replace("_", " ") for cue in words["cues"]),
    )


def inside(text: str) -> Iterator[Found]:
    """The people, cities and countries of a text.

    A loop over its runs of capitalised words; what a run says by itself is looked up once for all that are alike.
    """
    lists = _lists()
    known: dict[str, tuple[tuple[Found, ...], int]] = {}
    for match in _RUN.finditer(text):
        run = match.group()
        if run not in known:
            known[run] = _read(run, lists)
        found, titled = known[run]
        place = match.start()
        if titled and _introduced(text, place, lists):
            yield place, place + titled, "person"
            found = tuple(one for one in found if one[0] >= titled)
        for first, last, name in found:
            yield place + first, place + last, name


@dataclass(frozen=True)
class _Word:
    start: int
    end: int
    text: str
    """In lower case, without the ``'s`` of a possessive."""
    last: bool
    """A possessive, after which no name goes on."""

    @property
    def initial(self) -> bool:
        return (len(self.text) == 1 and self.text not in "ai") or (len(self.text) == 2 and self.text[1] == ".")


def _words(run: str) -> list[_Word]:
    found = []
    for match in _WORD.finditer(run):
        word = match.group()
        cut = next((len(ending) for ending in _POSSESSIVE if word.endswith(ending)), 0)
        found.append(_Word(match.start(), match.end() - cut, word[: len(word) - cut].lower(), cut > 0))
    return found


def _read(run: str, lists: _Lists) -> tuple[tuple[Found, ...], int]:
    """What a run of capitalised words names by itself, and how much of it is a name if a title stands before."""
    words = _words(run)
    found: list[Found] = []
    place = 0
    while place < len(words):
        end, name = _named(words, place, lists)
        if place and not name and (words[place - 1].text in lists.titles or words[place - 1].text in lists.cues):
            end = max(_chunk(words, place, lists), place + 1)
            name = "person" if lists.nameable(words[place].text) else ""
        if name:
            found.append((words[place].start, words[end - 1].end, name))
        place = end
    first = _chunk(words, 0, lists)
    titled = words[first - 1].end if first else 0
    if found and found[0] == (0, titled, "person"):
        titled = 0
    return tuple(found), titled


def _chunk(words: list[_Word], place: int, lists: _Lists) -> int:
    """Where a name that starts here would end (the place itself if it cannot)."""
    end = place
    for number in range(place, len(words)):
        word = words[number]
        if not (lists.nameable(word.text) or word.initial or (word.text in _PARTICLE_WORDS and number > place)):
            break
        end = number + 1
        if word.last or end - place == _MOST_WORDS:
            break
    while end > place and words[end - 1].text in _PARTICLE_WORDS and not lists.nameable(words[end - 1].text):
        end -= 1
    return end


def _named(words: list[_Word], place: int, lists: _Lists) -> tuple[int, str]:
    """Where the entity at one word of a run ends, and which it is; the next word and nothing if there is none."""
    for length in (3, 2):
        name = _place(words[place : place + length], length, lists)
        if name:
            return place + length, name
    if words[-1].text in lists.firms and 2 <= len(words) - place <= _MOST_WORDS + 1 and not place:
        return len(words), "company"
    word = words[place]
    end = _chunk(words, place, lists)
    if end > place and _person(words[place:end], words[end : end + 1], lists):
        return end, "person"
    return place + 1, _place([word], 1, lists)


def _place(words: list[_Word], length: int, lists: _Lists) -> str:
    text = " ".join(word.text for word in words)
    if len(words) < length or (length == 1 and lists.ordinary(text) and text not in lists.countries):
        return ""
    return "city" if text in lists.cities else "country" if text in lists.countries else ""


def _person(name: list[_Word], after: list[_Word], lists: _Lists) -> bool:
    """Whether words that may be a name are one, by the dictionary alone."""
    if after and not name[-1].last and after[0].text in lists.things:
        return False
    texts = [word.text for word in name]
    first, *others = texts
    given = first in lists.first and not lists.ordinary(first)
    family = any(lists.family(text) for text in others)
    if not others:
        return given and len(first) > 2 and not lists.place(first)
    if given or (family and (first in lists.first or not lists.ordinary(first))):
        return True
    if name[0].initial:
        return family or any(text in lists.first for text in others)
    initials = any(word.initial for word in name[1:-1])
    turned = first in lists.last and texts[-1] in lists.first and not lists.ordinary(texts[-1])
    return (initials and not lists.ordinary(texts[-1])) or turned


def _introduced(text: str, place: int, lists: _Lists) -> bool:
    """Whether a title or a cue stands right before a place."""
    before = text[max(0, place - NEAR) : place].rpartition("\0")[2]
    words = before.rstrip(_BETWEEN).lower().rsplit(None, _CUE_WORDS)[-_CUE_WORDS:]
    for count in range(1, len(words) + 1):
        cue = " ".join(words[-count:])
        if cue in lists.cues or cue.rstrip(_MARKS) in lists.cues:
            return True
    return bool(words) and before[-1] in " \u00a0" and words[-1].rstrip(".") in lists.titles


Part = tuple[int, int, Literal["first_name", "last_name", "initial"]]
"""Where a part of a person's name starts and ends, and which part it is."""


def parts(name: str) -> list[Part]:
    """The given names of a person, the initials and the family name with its particles, in their order."""
    cut = scripts.family_ends(name)
    if cut:
        whole: list[Part] = [(0, cut, "last_name"), (cut, len(name), "first_name")]
        return [one for one in whole if one[0] < one[1]]
    lists = _lists()
    words = _words(name)
    texts = [word.text for word in words]
    if len(words) == 1:
        family = texts[0] in lists.last and texts[0] not in lists.first
        return [(words[0].start, words[0].end, "last_name" if family else "first_name")]
    if texts[0] in lists.last and texts[0] not in lists.first and texts[-1] in lists.first:
        return [_part(words[:1], "last_name"), *_given(words[1:])]
    cut = len(words) - 1
    while cut > 1 and texts[cut - 1] in _PARTICLE_WORDS:
        cut -= 1
    return [*_given(words[:cut]), _part(words[cut:], "last_name")]


def _given(words: list[_Word]) -> Iterator[Part]:
    """Given names that follow one another as one part, and every initial."""
    for initial, some in groupby(words, key=lambda word: word.initial):
        together = list(some)
        if initial:
            yield from (_part([word], "initial") for word in together)
        else:
            yield _part(together, "first_name")


def _part(words: list[_Word], kind: Literal["first_name", "last_name", "initial"]) -> Part:
    return words[0].start, words[-1].end, kind
