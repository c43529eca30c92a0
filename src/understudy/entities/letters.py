"""Pieces that patterns are made of: capitals of every alphabet, words, and where a match may start."""

from __future__ import annotations

import unicodedata

CAPITALS = "".join(
    letter for letter in map(chr, (*range(0x250), *range(0x370, 0x530))) if unicodedata.category(letter) in ("Lu", "Lt")
)
"""Every capital of the Latin, Greek and Cyrillic alphabets, for a character class."""

LETTER = r"[^\W\d_]"
"""One letter of any alphabet."""

CAP = rf"[{CAPITALS}]{LETTER}*+(?:['’\-]{LETTER}++)*+"
"""A capitalised word, parts after an apostrophe or a hyphen included."""

GAP = "[ \u00a0]"
"""The space between two words of one line."""

CODE = r"[A-Z0-9](?<!\w[A-Z0-9])(?:(?<=\d)|(?=[A-Z\-]{0,6}\d))"
"""How a code starts that has a digit among its first characters."""


def start(first: str, *, not_after: str = r"\w") -> str:
    """A first character of one class that does not stand right after one of another."""
    return f"[{first}](?<![{not_after}][{first}])"


def any_of(text: str) -> str:
    """An alternation of the words of a text, longer ones first; a ``.`` is itself, a ``_`` a space."""
    ordered = sorted(set(text.split()), key=lambda word: (-len(word), word))
    return "|".join(word.replace(".", r"\.").replace("_", " ") for word in ordered)
