"""Words by what they can be: names and places of the dictionaries, titles, cues, and ordinary words."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from importlib.resources import files

import pyarrow as pa
import pyarrow.compute as pc

from understudy import locales


@dataclass(frozen=True)
class Lexicon:
    """Words by what they can be, in lower case."""

    first: frozenset[str]
    last: frozenset[str]
    cities: frozenset[str]
    countries: frozenset[str]
    heads: frozenset[str]
    """The first words of places of several."""
    common: frozenset[str]
    things: frozenset[str]
    firms: frozenset[str]
    titles: frozenset[str]
    cues: frozenset[str]
    """What a name is likely to follow."""
    leading: frozenset[str]
    """The last words of titles and cues."""
    endings: tuple[str, ...]
    """How family names end."""

    @cached_property
    def leading_words(self) -> pa.Array:
        """The same as an array."""
        return pa.array(sorted(self.leading), pa.string())

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
def lexicon() -> Lexicon:
    """The words there are, read on first use."""
    text = files(__package__).joinpath("words.txt").read_text(encoding="utf-8")
    words: dict[str, list[str]] = {}
    for line in text.splitlines():
        kind, _, rest = line.partition(": ")
        words.setdefault(kind, []).extend(rest.split())
    cities, countries = (frozenset(table.to_pylist()) for table in (locales.cities(), locales.countries()))
    cues = frozenset(cue.replace("_", " ") for cue in words["cues"])
    return Lexicon(
        first=frozenset(locales.first_names().to_pylist()),
        last=frozenset(locales.last_names().to_pylist()),
        cities=cities,
        countries=countries,
        heads=frozenset(name.split()[0] for name in cities | countries if " " in name),
        common=frozenset(words["common"]),
        things=frozenset(words["things"]),
        firms=frozenset(words["firms"]),
        titles=frozenset(words["titles"]),
        endings=tuple(words["endings"]),
        cues=cues,
        leading=frozenset({cue.split()[-1].rstrip(":,") for cue in cues} | set(words["titles"])),
    )


def ordinary(words: pa.Array) -> pa.Array:
    """Which words, in lower case, are usually no names though some people bear them (will, rose)."""
    return pc.is_in(words, _ordinary())


@cache
def _ordinary() -> pa.Array:
    return pa.array(sorted(lexicon().common), pa.string())
