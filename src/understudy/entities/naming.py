"""The people, companies, cities and countries that a text names, found by its runs of capitalised words.

A person is two capitalised words or more of which one is a known name, a known given name that is no other
word, or capitalised words after a title or a cue (``Dear``, ``my name is``).  A name that is in no dictionary
and stands without context is missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import Literal, NamedTuple

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.entities.entity import NEAR
from understudy.entities.letters import CAPITALS, GAP, LETTER, start
from understudy.entities.lexicon import Lexicon, lexicon
from understudy.entities.matcher import Found
from understudy.entities.text import Text

Numbers = NDArray[np.int64]
Name = tuple[int, int, str]
"""Where a name starts and ends, and which entity it is."""

NAMED = ("person", "first_name", "last_name", "initial", "company", "city", "country")
"""What can be named."""

_Lead = Literal["", "cue", "title"]
"""What stands before a name."""

_PARTICLES = (
    "(?:van|von|der|den|de|del|della|di|da|dos|das|do|du|la|le|el|al|bin|ibn|ben|ter|ten|af|zu|zum|zur|y|e|san|st\\.)"
)
_REST = rf"(?:\.(?=[ ]?[{CAPITALS}])|{LETTER}*+(?:['’\-]{LETTER}++)*+)"
RUN = rf"{start(CAPITALS)}{_REST}(?:(?:{GAP}|(?<=\.))(?:{_PARTICLES}{GAP}){{0,3}}[{CAPITALS}]{_REST}){{0,11}}"
"""Capitalised words that follow one another."""

_WORD = re.compile(rf"(?:{LETTER}\.|{LETTER}++(?:['’\-]{LETTER}++)*+)")
_POSSESSIVE = ("'s", "’s", "'", "’")
_PARTICLE_WORDS = frozenset(_PARTICLES.strip("(?:)").replace("\\.", ".").split("|"))
_MOST_WORDS = 4
_TITLED = "titled"  # a person after a title
_BETWEEN = ' \u00a0\t\r\n"“„«>(*_'
_MARKS = ":,?."
_CUE_WORDS = 3
_LAST = rf"[{re.escape(_BETWEEN)}]*+[{_MARKS}]*+(?P<v>[^ \n\0]{{1,{NEAR}}})"
"""Read from the right to the left: the word right before a place, without what may stand between them."""

PATTERNS = (RUN, _LAST)
"""All that is matched here."""


def inside(text: Text, runs: Found, *, whole: bool = True) -> tuple[Numbers, Numbers, Numbers]:
    """The people, companies, cities and countries of texts; people as the parts of their names if not ``whole``.

    Told are the characters where each starts and ends, and which of ``NAMED`` it is.  What a run of capitalised
    words, a match of ``RUN``, says by itself is looked up once for all that are alike.
    """
    first, alike = runs[0], text.cut(runs).dictionary_encode()
    said = alike.dictionary.to_pylist()
    words = lexicon()
    readings = [_read(run, words, whole=whole) for run in said]
    which = alike.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    led: dict[tuple[int, _Lead], int] = {}
    open_ = np.flatnonzero(np.array([one.chunk > 0 for one in readings], bool)[which])
    for number in open_[_led(text, first[open_])].tolist():
        after = _introduced(text.text, int(first[number]), words)
        if after:
            run = int(which[number])
            if (run, after) not in led:
                led[run, after] = len(readings)
                readings.append(_Reading(readings[run].led(said[run], after, whole=whole), 0))
            which[number] = led[run, after]
    return _unfolded(first, which, readings)


def _unfolded(first: Numbers, which: Numbers, readings: list[_Reading]) -> tuple[Numbers, Numbers, Numbers]:
    """What runs that start at some places name, by which of the readings each has."""
    counts = np.array([len(one.found) for one in readings], np.int64)
    begins, many = np.cumsum(counts) - counts, counts[which]
    run = np.repeat(np.arange(len(which)), many)
    place = np.arange(len(run)) - np.repeat(np.cumsum(many) - many, many) + begins[which[run]]
    found = [(start, end, NAMED.index(name)) for one in readings for start, end, name in one.found]
    start, end, name = np.array(found, np.int64).reshape(-1, 3)[place].T
    return first[run] + start, first[run] + end, name


def _led(text: Text, places: Numbers) -> Numbers:
    """Which places follow a word that is the last of a title or a cue."""
    size = len(text.backwards)
    ends, firsts, lasts = text.find.tried(_LAST, text.backwards, size - places)
    some = np.flatnonzero(ends >= 0)
    found = pc.utf8_lower(text.cut((size - lasts[some], size - firsts[some])))
    return some[np.flatnonzero(pc.is_in(found, lexicon().leading_words))]


class _Reading(NamedTuple):
    """What a run of capitalised words names."""

    found: tuple[Name, ...]
    chunk: int
    """How many of its words are a name if a title or a cue stands before."""

    def led(self, run: str, after: _Lead, *, whole: bool) -> tuple[Name, ...]:
        """What it names after a cue or a title."""
        person = _words(run)[: self.chunk]
        end = person[-1].end
        return (
            *_split(person, _TITLED if after == "title" else "person", whole=whole),
            *(one for one in self.found if one[0] >= end),
        )


class _Word(NamedTuple):
    start: int
    end: int
    text: str
    """In lower case, without the ``'s`` of a possessive."""
    last: bool
    """A possessive, after which no name goes on."""
    loud: bool
    """In capitals, as abbreviations are."""

    @property
    def initial(self) -> bool:
        return (len(self.text) == 1 and self.text not in "ai") or (len(self.text) == 2 and self.text[1] == ".")


def _words(run: str) -> list[_Word]:
    found = []
    for match in _WORD.finditer(run):
        word = match.group()
        cut = next(len(end) for end in _POSSESSIVE if word.endswith(end)) if word.endswith(_POSSESSIVE) else 0
        found.append(_Word(match.start(), match.end() - cut, word[: len(word) - cut].lower(), cut > 0, word.isupper()))
    return found


def _read(run: str, lexicon: Lexicon, *, whole: bool) -> _Reading:
    """What a run of capitalised words names."""
    words = _words(run)
    found: list[Name] = []
    place = 0
    while place < len(words):
        end, name = _named(words, place, lexicon)
        led = _leads(words[place - 1].text, lexicon) if place else ""
        if led and not (name and led == "person"):
            end = max(_chunk(words, place, lexicon), place + 1)
            name = led if lexicon.nameable(words[place].text) else ""
        if name:
            found += _split(words[place:end], name, whole=whole)
        place = end
    return _Reading(tuple(found), _chunk(words, 0, lexicon))


def _split(words: list[_Word], name: str, *, whole: bool) -> list[Name]:
    """What some words name, people as the parts of their names if not ``whole``."""
    if name not in ("person", _TITLED):
        return [(words[0].start, words[-1].end, name)]
    return [(words[0].start, words[-1].end, "person")] if whole else _parts(words, titled=name == _TITLED)


def _leads(word: str, lexicon: Lexicon) -> str:
    """What may follow a word of the same run: a person, titled or not, or nothing."""
    return _TITLED if word in lexicon.titles else "person" if word in lexicon.cues else ""


def _chunk(words: list[_Word], place: int, lexicon: Lexicon) -> int:
    """Where a name that starts here would end (the place itself if it cannot)."""
    end = place
    for number in range(place, len(words)):
        word = words[number]
        if not (lexicon.nameable(word.text) or word.initial or (word.text in _PARTICLE_WORDS and number > place)):
            break
        end = number + 1
        if word.last or end - place == _MOST_WORDS:
            break
    while end > place and words[end - 1].text in _PARTICLE_WORDS and not lexicon.nameable(words[end - 1].text):
        end -= 1
    return end


def _named(words: list[_Word], place: int, lexicon: Lexicon) -> tuple[int, str]:
    """Where the entity at one word of a run ends, and which it is; the next word and nothing if there is none."""
    for length in (3, 2) if words[place].text in lexicon.heads else ():
        name = _place(words[place : place + length], length, lexicon)
        if name:
            return place + length, name
    if words[-1].text in lexicon.firms and 2 <= len(words) - place <= _MOST_WORDS + 1 and not place:
        return len(words), "company"
    end = _chunk(words, place, lexicon)
    if end > place and _person(words[place:end], words[end : end + 1], lexicon):
        return end, "person"
    return place + 1, _place([words[place]], 1, lexicon)


def _place(words: list[_Word], length: int, lexicon: Lexicon) -> str:
    text = " ".join(word.text for word in words)
    if len(words) < length or (length == 1 and lexicon.ordinary(text) and text not in lexicon.countries):
        return ""
    return "city" if text in lexicon.cities else "country" if text in lexicon.countries else ""


def _person(name: list[_Word], after: list[_Word], lexicon: Lexicon) -> bool:
    """Whether words that may be a name are one, by the dictionary alone."""
    if after and not name[-1].last and after[0].text in lexicon.things:
        return False
    texts = [word.text for word in name]
    first, *others = texts
    given = first in lexicon.first and not lexicon.ordinary(first)
    family = any(lexicon.family(text) for text in others)
    if not others:
        return given and len(first) > 2 and not (lexicon.place(first) or name[0].loud)
    if given or (family and (first in lexicon.first or not lexicon.ordinary(first))):
        return True
    if name[0].initial:
        return family or any(text in lexicon.first for text in others)
    initials = any(word.initial for word in name[1:-1])
    turned = first in lexicon.last and texts[-1] in lexicon.first and not lexicon.ordinary(texts[-1])
    return (initials and not lexicon.ordinary(texts[-1])) or turned


def _introduced(text: str, place: int, lexicon: Lexicon) -> _Lead:
    """What stands right before a place."""
    before = text[max(0, place - NEAR) : place]
    close = before.rstrip(_BETWEEN)
    last = close[max(close.rfind(" "), close.rfind("\n"), close.rfind("\0")) + 1 :]
    if last.rstrip(_MARKS).lower() not in lexicon.leading:
        return ""
    words = close.rpartition("\0")[2].lower().split()[-_CUE_WORDS:]
    for count in range(1, len(words) + 1):
        cue = " ".join(words[-count:])
        if cue in lexicon.cues or cue.rstrip(_MARKS) in lexicon.cues:
            return "cue"
    return "title" if before[-1] in " \u00a0" and words[-1].rstrip(".") in lexicon.titles else ""


def _parts(words: list[_Word], *, titled: bool) -> list[Name]:
    """The given names of a person, the initials and the family name with its particles, in their order.

    One word after a title is a family name, unless it is known as a given name alone; without one it is a given
    name, unless it is known as a family name alone.
    """
    known = lexicon()
    texts = [word.text for word in words]
    if len(words) == 1:
        given, family = texts[0] in known.first, texts[0] in known.last
        family = family or not given if titled else family and not given
        return [_part(words, "last_name" if family else "first_name")]
    if texts[0] in known.last and texts[0] not in known.first and texts[-1] in known.first:
        return [_part(words[:1], "last_name"), *_given(words[1:])]
    cut = len(words) - 1
    while cut > 1 and texts[cut - 1] in _PARTICLE_WORDS:
        cut -= 1
    return [*_given(words[:cut]), _part(words[cut:], "last_name")]


def _given(words: list[_Word]) -> Iterator[Name]:
    """Given names that follow one another as one part, and every initial."""
    for initial, some in groupby(words, key=lambda word: word.initial):
        together = list(some)
        if initial:
            yield from (_part([word], "initial") for word in together)
        else:
            yield _part(together, "first_name")


def _part(words: list[_Word], name: str) -> Name:
    return words[0].start, words[-1].end, name
