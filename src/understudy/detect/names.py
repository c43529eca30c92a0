"""What a name says: the words of a column's name, in several languages, and the entities they stand for."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Strength = Literal["exact", "part", "weak"]
"""``exact``: nothing else is in the name.  ``part``: other words are.  ``weak``: it says little by itself."""

_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=[A-Za-z])(?=[0-9])|(?<=[0-9])(?=[A-Za-z])")
_SPLIT = re.compile(r"[^0-9a-z]+")
_MORE = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i"})

_GROUPS = frozenset({"people", "things", "turns", "around", "asks"})
_NOTHING = "nothing"
"""What phrases say that only hide the shorter ones in them."""
_LONGEST = 5
"""Most words that a phrase has, counted as they are spelled."""

_EVEN_SO = frozenset({"free_text", "url", "photo", "full_name"})
"""Entities whose weak words say something among others that we do not know."""

_LIST_ENDS = frozenset(
    "info data details detail account list master table history log record records tbl base all".split()
)
_GENERIC = frozenset("value number no nr address amount key hash data text content bytes".split())
"""Columns that are called by what their table is: ``email_addresses.address``."""


@dataclass(frozen=True)
class Reading:
    """One entity that a name may stand for."""

    entity: str
    strength: Strength
    phrase: str
    """The words of ours that were found in it."""
    thing: bool = False
    """Another word in the name is that of a thing: ``product_name``."""


@dataclass(frozen=True)
class _Words:
    """All that is known of words: phrases without their spaces, and the groups of single words."""

    phrases: Mapping[str, tuple[tuple[str, bool, str], ...]]
    """By joined phrase: entity, whether it is weak, and the phrase as it is read."""
    groups: Mapping[str, frozenset[str]]


@cache
def _known() -> _Words:
    phrases: dict[str, dict[tuple[str, bool], str]] = {}
    groups: dict[str, set[str]] = {group: set() for group in _GROUPS}
    for line in files(__package__).joinpath("words.txt").read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        entity, _, listed = line.partition(": ")
        for entry in map(str.strip, listed.split(",")):
            phrase = entry.removesuffix("~")
            if entity in groups:
                groups[entity].add(phrase)
                continue
            spelled = phrases.setdefault(phrase.replace(" ", ""), {})
            if entity != _NOTHING:
                spelled.setdefault((entity, phrase != entry), phrase)
    known = {
        joined: tuple((entity, weak, phrase) for (entity, weak), phrase in found.items())
        for joined, found in phrases.items()
    }
    return _Words(known, {group: frozenset(found) for group, found in groups.items()})


def fold(text: str) -> str:
    """A text in lower-case letters without marks: ``Prénom`` is ``prenom``."""
    plain = unicodedata.normalize("NFKD", text.lower().translate(_MORE))
    return "".join(letter for letter in plain if not unicodedata.combining(letter))


@cache
def tokens(name: str) -> tuple[str, ...]:
    """The words of an identifier: ``customerEmailAddress`` and ``customer_email_address`` read alike."""
    marked = unicodedata.normalize("NFC", name).translate(_MORE)
    plain = "".join(letter for letter in unicodedata.normalize("NFKD", marked) if not unicodedata.combining(letter))
    return tuple(word for word in _SPLIT.split(_CAMEL.sub(" ", plain).lower()) if word)


@cache
def singular(word: str) -> str:
    """A word in the singular, as far as English and its neighbours form the plural with an s."""
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3 else word


def of_people(table: str) -> bool:
    """Whether a table's name says that its rows are people: ``app_users``, ``Kunden``, ``m_client``."""
    head = [word for word in tokens(table) if not word.isdigit() and singular(word) not in _LIST_ENDS]
    return bool(head) and bool({head[-1], singular(head[-1])} & _known().groups["people"])


def of_things(table: str) -> bool:
    """Whether a table's name says that its rows are things: ``products``, ``user_roles``."""
    head = [word for word in tokens(table) if not word.isdigit() and singular(word) not in _LIST_ENDS]
    return bool(head) and bool({head[-1], singular(head[-1])} & _known().groups["things"])


def listed(table: str) -> frozenset[str]:
    """The entities that the last words of a table's name are: ``us_states`` lists regions."""
    head = [singular(word) for word in tokens(table) if not word.isdigit() and singular(word) not in _LIST_ENDS]
    ends = {"".join(head[-count:]) for count in (1, 2, 3)}
    return frozenset(entity for end in ends for entity, _weak, _phrase in _known().phrases.get(end, ()))


def read(name: str, table: str = "") -> tuple[Reading, ...]:
    """The entities that a name of a column may stand for, those of the longest phrases; none for most names.

    ``table`` is the name of its table: what is called ``number`` there may be read with it.
    """
    words = tokens(name)
    found = list(_in(words))
    if table and (all(one.strength == "weak" for one in found) or _generic(words)):
        found = list(_with_table(words, table)) or found
    return tuple(dict.fromkeys(found))


def turned(name: str) -> bool:
    """Whether the name is that of something about an entity: ``token_type``, ``is_email``."""
    groups, words = _known().groups, tokens(name)
    return bool(groups["turns"] & set(words[1:]) or groups["asks"] & set(words[:1]))


def mentioned(words: Sequence[str]) -> tuple[Reading, ...]:
    """The entities that a sentence names by a telling phrase."""
    return tuple(
        Reading(entity, "part", phrase)
        for start in range(len(words))
        for end in range(start + 1, min(start + _LONGEST, len(words)) + 1)
        for entity, weak, phrase in _known().phrases.get("".join(words[start:end]), ())
        if not weak and end - start == phrase.count(" ") + 1 and len(phrase) > 4
    )


def persons_key(name: str) -> bool:
    """Whether a name is that of a number or code that tells persons apart: ``customerID``, ``patient_no``."""
    words = [word for word in tokens(name) if not word.isdigit()]
    number = {"id", "no", "nr", "num", "number", "code", "key", "uuid", "guid", "ref", "numer", "nummer", "numero"}
    glued = re.fullmatch(r"(.+?)(id|no|nr|key)", words[0]) if len(words) == 1 else None
    if glued:
        words = [glued.group(1), glued.group(2)]
    people = _known().groups["people"]
    return len(words) == 2 and words[1] in number and bool({words[0], singular(words[0])} & people)


def _in(words: Sequence[str], first: int = 0) -> Iterator[Reading]:
    """Readings of some words: of spans inside one another the longest, and only those that reach past ``first``."""
    known = _known()
    spans = [
        (start, end)
        for start in range(len(words))
        for end in range(start + 1, min(start + _LONGEST, len(words)) + 1)
        if "".join(words[start:end]) in known.phrases or _plural(words[start:end]) in known.phrases
    ]
    for start, end in spans:
        inside = any(s <= start and end <= e and (s, e) != (start, end) for s, e in spans)
        if inside or end <= first:
            continue
        joined = "".join(words[start:end])
        entries = known.phrases[joined if joined in known.phrases else _plural(words[start:end])]
        for entity, weak, phrase in entries:
            reading = _judge(words[:start], words[end:], entity, weak=weak, phrase=phrase)
            if reading is not None:
                yield reading


def _plural(words: Sequence[str]) -> str:
    """The words joined, the last one in the singular: ``contacts`` is found as ``contact``."""
    return "".join([*words[:-1], singular(words[-1])])


def _judge(before: Sequence[str], after: Sequence[str], entity: str, *, weak: bool, phrase: str) -> Reading | None:
    """What a phrase says among the other words of the name; None where these turn it into something else."""
    groups = _known().groups
    if groups["asks"] & set(before) or groups["turns"] & set(after):
        return None
    others = [word for word in (*before, *after) if not word.isdigit()]
    people = any({word, singular(word)} & groups["people"] for word in others)
    residue = [word for word in others if not {word, singular(word)} & (groups["around"] | groups["people"])]
    thing = any({word, singular(word)} & groups["things"] for word in residue)
    if weak and not (people and not residue and entity in ("full_name", "free_text", "email", "job_title", "photo")):
        return Reading(entity, "weak", phrase, thing) if not residue or entity in _EVEN_SO else None
    return Reading(entity, "part" if residue else "exact", phrase, thing)


def _with_table(words: Sequence[str], table: str) -> Iterator[Reading]:
    """Readings of a column together with its table: ``api_keys.key``, ``sessions.key``, ``cities.name``."""
    above = [singular(word) for word in tokens(table) if not word.isdigit()]
    for tail in (above[-2:], above[-1:]):
        found = [one for one in _in([*tail, *words], len(tail)) if one.strength == "exact"]
        found = [one for one in found if (one.entity, words) != ("username", ("name",))]  # users.name is a full name
        if found and _crosses([*tail, *words], len(tail)):
            yield from found
            return
    itself = any(one.strength == "exact" for one in _in(words)) and not set(words) & set(above)
    if _generic(words) and not itself:  # `email_addresses.address` is an email, `notes.address` no note
        yield from (one for one in _in(above) if one.strength != "weak")


def _generic(words: Sequence[str]) -> bool:
    """Whether a column is called by a word that says nothing without its table."""
    plain = [word for word in words if word not in _known().groups["around"] or word in _GENERIC]
    return len(plain) == 1 and plain[0] in _GENERIC


def _crosses(words: Sequence[str], border: int) -> bool:
    """Whether some phrase consists of words on both sides of the border."""
    phrases = _known().phrases
    return any(
        "".join(words[start:end]) in phrases
        for start in range(border)
        for end in range(border + 1, min(start + _LONGEST, len(words)) + 1)
    )
