"""Conditions of partial indexes and polymorphic keys, as far as every engine reads them alike.

A condition is taken only where each of its words is known to mean the same here as in the database: columns,
literals, ``= <> AND OR NOT IS NULL``.  All else (patterns, functions, ranges of text under some collation) is
left to the database.
"""

from __future__ import annotations

import re

from understudy.schema import Table

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<literal>'(?:[^']|'')*'|-?\d+(?![\w.]))
      | (?P<cast>::\s*[\w."]+(?:\s+varying)?(?:\(\d+\))?)
      | (?P<sign><>|!=|=|\(|\))
      | (?P<name>"(?:[^"]|"")+"|[A-Za-z_]\w*)
    )""",
    re.VERBOSE,
)
_ALIKE = {"integer", "text", "enum", "boolean", "date", "timestamp", "uuid"}
"""Kinds whose equality is the same here as in the database."""
_WORDS = {"and", "or", "not", "is", "null", "true", "false"}


def simple(sql: str, table: Table, first: int = 0) -> tuple[str, list[str]] | None:
    """The condition over columns named c<first>, c<first+1> ..., and the columns they stand for; None if not simple."""
    kinds = {column.name: column.kind for column in table.stored}
    words: list[str] = []
    columns: list[str] = []
    position = 0
    while position < len(sql.rstrip()):
        match = _TOKEN.match(sql, position)
        if match is None:
            return None
        position = match.end()
        what, word = match.lastgroup, match.group(match.lastgroup or 0)
        if what == "cast":  # a literal takes the type of the column beside it, whatever it is called
            continue
        if what != "name" or word.lower() in _WORDS:
            words.append(word)
            continue
        name = word[1:-1].replace('""', '"') if word.startswith('"') else word.lower()
        if kinds.get(name) not in _ALIKE:
            return None
        if name not in columns:
            columns.append(name)
        words.append(f"c{first + columns.index(name)}")
    return " ".join(words), columns
