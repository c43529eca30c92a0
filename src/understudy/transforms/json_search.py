"""Values in JSON documents found by the key that leads to them, without reading what is around them.

A path that ends at a key is looked for as that key, in quotes, in the bytes of all documents at once.
How many values it names in a document, DuckDB says; where that many such keys stand, these are they.
Of other documents nothing is said: they must be read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from understudy.transforms.json_paths import Path
from understudy.transforms.json_text import skip_blanks
from understudy.transforms.stretches import Bytes, Flags, Places, Stretches, Texts, holding

_ODD = frozenset("\"\\/*'") | {chr(code) for code in range(32)}
_AFTER_STRING = frozenset(",:]} ")  # what may stand after a string; a key that starts so might not be one
_QUOTE, _COLON = b'":'
_STOPS = np.isin(np.arange(256), list(b",]} \t\n\r"))
_BRACKETS = np.isin(np.arange(256), list(b"[{"))


@dataclass(frozen=True)
class Search:
    """How a path is searched for."""

    name: bytes
    """The key at its end."""
    question: str
    """SQL on ``document``: how many values it names there; empty where it names the values of all such keys."""
    exact: bool
    """Whether no value by the question is none indeed."""


def search_for(path: Path) -> Search | None:
    """How to search for a path; None where it must be walked."""
    steps = path.steps
    names = [step.to for step in steps if isinstance(step.to, str)]
    if not steps or not isinstance(steps[-1].to, str) or (len(steps) > 1 and any(step.deep for step in steps)):
        return None
    if any(not name or _ODD & set(name) or name[0] in _AFTER_STRING for name in names):
        return None
    if steps[-1].deep:
        return Search(names[-1].encode(), "", exact=True)
    spelled = "$" + "".join(f'."{to}"' if isinstance(to, str) else f"[{'*' if to is None else to}]" for to in path.to)
    exact = None not in path.to
    count = f"json_exists(document, '{spelled}')" if exact else f"len(json_extract(document, '{spelled}'))"
    return Search(names[-1].encode(), f"{count}::INTEGER", exact)


def find(texts: Texts, searches: Sequence[Search], answers: Sequence[Places]) -> tuple[list[Stretches], Flags]:
    """The values that each search is for, the first that names one, and the documents that must be read instead.

    ``answers`` are those to the questions of the searches that have one, for documents that are all valid.
    """
    data = texts.data[texts.offsets[0] : texts.offsets[-1]]
    quotes = np.append(np.flatnonzero(data == _QUOTE), [len(data)] * 4)
    doubtful: Flags = holding(texts.values, b"\\").to_numpy(zero_copy_only=False).copy()
    asked = iter(answers)
    found: list[Stretches] = []
    for search in searches:
        there, hard = _values_of(texts, data, quotes, search.name)
        count = np.bincount(there.text, minlength=len(texts))
        named = next(asked) if search.question else count
        doubtful[hard] = True
        doubtful |= (named != count) & ~(search.exact & (named == 0))
        found.append(there.at(np.flatnonzero(named[there.text] > 0)))
    return _first_come(found, doubtful), doubtful


def _first_come(found: list[Stretches], doubtful: Flags) -> list[Stretches]:
    """Each value once, and none of documents that must be read."""
    taken = np.zeros(0, np.int64)
    kept = []
    for some in found:
        mine = some.at(np.flatnonzero(~doubtful[some.text] & ~np.isin(some.start, taken)))
        taken = np.concatenate([taken, mine.start])
        kept.append(mine)
    return kept


def _values_of(texts: Texts, data: Bytes, quotes: Places, name: bytes) -> tuple[Stretches, Places]:
    """The values after a key, and documents in which such a one is an object or array."""
    at = np.flatnonzero(quotes[1:-3] - quotes[:-4] == len(name) + 1)
    spelled = data[quotes[at][:, None] + 1 + np.arange(len(name))] == np.frombuffer(name, np.uint8)
    at = at[spelled.all(axis=1)]
    after = skip_blanks(data, quotes[at + 1] + 1)
    key = data.take(after, mode="clip") == _COLON
    at, start = at[key], skip_blanks(data, after[key] + 1)
    first = data.take(start, mode="clip")
    end = np.where(first == _QUOTE, quotes[at + 3] + 1, start)
    bare = np.flatnonzero(first != _QUOTE)
    size = len(data)
    while len(bare):
        bare = bare[(end[bare] < size) & ~_STOPS[data.take(end[bare], mode="clip")]]
        end[bare] += 1
    base = texts.offsets[0]
    text = np.searchsorted(texts.offsets, start + base, side="right") - 1
    end = np.minimum(end, texts.offsets[text + 1] - base)
    return Stretches(text, start + base, end + base), text[_BRACKETS[first]]
