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

import pyarrow as pa
import pyarrow.compute as pc

from understudy import locales
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

INSIDE = frozenset({"person", "city", "country"})
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


@dataclass(frozen=True)
class _Lists:
    """Words by what they can be, in lower case."""

    first: frozenset[str]
    last: frozenset[str]
    cities: frozenset[str]
    countries: frozenset[str]
    common: frozenset[str]
    things: frozenset[str]
    titles: frozenset[str]
    cues: tuple[str, ...]

    def ordinary(self, word: str) -> bool:
        """Whether a word is usually no name."""
        return word in self.common or word in self.titles

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
        titles=frozenset(words["titles"]),
        cues=tuple(cue.replace("_", " ") for cue in words["cues"]),
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
    family = [text for text in others if text in lists.last and not lists.ordinary(text)]
    if not others:
        return given and len(first) > 2 and first not in lists.cities and first not in lists.countries
    if given or (family and (first in lists.first or not lists.ordinary(first))):
        return True
    if name[0].initial:
        return bool(family) or any(text in lists.first for text in others)
    initials = any(word.initial for word in name[1:-1])
    turned = first in lists.last and texts[-1] in lists.first and not lists.ordinary(texts[-1])
    return (initials and not lists.ordinary(texts[-1])) or turned


def _introduced(text: str, place: int, lists: _Lists) -> bool:
    """Whether a title or a cue stands right before a place."""
    before = text[max(0, place - NEAR) : place].rpartition("\0")[2].lower()
    return _introduction(lists).search(before) is not None


@cache
def _introduction(lists: _Lists) -> re.Pattern[str]:
    titles = "|".join(sorted(map(re.escape, lists.titles), key=len, reverse=True))
    cues = "|".join(sorted(map(re.escape, lists.cues), key=len, reverse=True))
    return re.compile(rf"(?<!\w)(?:(?:{titles})\.?[ \u00a0]|(?:{cues})[\s:,]{{1,3}})$")
