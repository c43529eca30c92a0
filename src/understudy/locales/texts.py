"""How the texts beside are read: lines that are not comments, sections that start with their name."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

import pyarrow as pa
import pyarrow.compute as pc


def lines(name: str) -> list[str]:
    """The lines of one text of ``tables``, without comments and empty ones."""
    text = files(__package__).joinpath("tables", name).read_text(encoding="utf-8")
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def sections(name: str) -> dict[str, list[str]]:
    """The entries of a text by section: lines are ``section: entry, entry, ...``; a section may have several."""
    found: dict[str, list[str]] = {}
    for line in lines(name):
        section, _, entries = line.partition(": ")
        found.setdefault(section, []).extend(entry.strip() for entry in entries.split(","))
    return found


def longest(table: pa.Array) -> int:
    """How many characters the longest text of a table has."""
    return int(pc.max(pc.utf8_length(table)).as_py())


def folded(texts: Iterable[str]) -> pa.Array:
    """Different texts as people compare them, in lower case, in order."""
    return pa.array(sorted({text.strip().lower() for text in texts} - {""}), pa.string())
