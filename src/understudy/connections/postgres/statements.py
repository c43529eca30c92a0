"""SQL scripts as statements, and statements as tokens: enough to run, tell apart and trim what pg_dump writes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from understudy.schema import TableName

_TOKEN = re.compile(
    r"""
      (?P<space>\s+|--[^\n]*)
    | (?P<comment>/\*)
    | (?P<text>[eE]'(?:[^'\\]|\\.|'')*'|[bBxXnN]?'(?:[^']|'')*'|(?P<tag>\$(?:[^\W\d]\w*)?\$).*?(?P=tag))
    | (?P<name>"(?:[^"]|"")*"|[^\W\d][\w$]*)
    | (?P<other>\d[\w.]*|.)
    """,
    re.VERBOSE | re.DOTALL,
)


_DETAILS = frozenset("AS USING FOREIGN PRIMARY UNIQUE CHECK EXCLUDE RETURNS START SET FOR WHERE".split())
"""Words after which a statement no longer says what it is about."""


@dataclass(frozen=True, slots=True)
class Token:
    """A word of SQL: a name or keyword, a text literal, or a sign or number; and where it starts."""

    kind: Literal["name", "text", "other"]
    text: str
    start: int

    @property
    def end(self) -> int:
        """Where it ends."""
        return self.start + len(self.text)

    @property
    def name(self) -> str:
        """As the server understands it: quotes undone, or folded to lower case; empty for what is no name."""
        if self.kind != "name":
            return ""
        return self.text[1:-1].replace('""', '"') if self.text.startswith('"') else self.text.lower()

    def __str__(self) -> str:
        return self.text.upper() if self.kind == "name" and not self.text.startswith('"') else self.text


@dataclass(frozen=True)
class Statement:
    """One statement without its semicolon; its tokens start where they start in ``text``."""

    text: str
    tokens: tuple[Token, ...]

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Its tokens, keywords and plain names in upper case."""
        return tuple(map(str, self.tokens))

    def starts(self, *words: str) -> bool:
        """Whether it begins with these words."""
        return self.words[: len(words)] == words

    @property
    def title(self) -> str:
        """What it is about, in a few words and without any value: ``CREATE INDEX users_email_idx``."""
        shown: list[str] = []
        for token in self.tokens[:20]:
            if token.kind == "text" or token.text == "(" or (len(shown) > 2 and str(token) in _DETAILS):
                break
            if shown and (token.text == "." or shown[-1].endswith(".")):
                shown[-1] += token.text
            else:
                shown.append(token.text)
        return " ".join(shown)

    @cached_property
    def table(self) -> TableName | None:
        """The table it makes, changes or builds something on; None where it is about something else."""
        words = self.words
        if words[0] == "CREATE" and "TABLE" in words[1:3]:
            return self.name_at(words.index("TABLE") + 1)
        if words[:2] == ("ALTER", "TABLE"):
            return self.name_at(2)
        if words[:2] == ("ALTER", "SEQUENCE") and "OWNED" in words:
            return self.name_at(words.index("OWNED") + 2, parts=3)
        if words[0] == "CREATE" and {"INDEX", "TRIGGER", "POLICY"} & set(words[1:3]):
            return self.name_at(words.index("ON") + 1)
        if words[:2] == ("CREATE", "RULE") and "TO" in words:
            return self.name_at(words.index("TO") + 1)
        if words[:2] == ("CREATE", "STATISTICS"):
            return self.name_at(words.index("FROM") + 1)
        return None

    def name_at(self, place: int, *, parts: int = 2) -> TableName:
        """The table name that starts at a token, after ONLY or IF [NOT] EXISTS; ``parts=3`` drops a column's."""
        while self.words[place] in ("ONLY", "IF", "NOT", "EXISTS"):
            place += 1
        found = [self.tokens[place].name]
        while place + 2 < len(self.tokens) and self.tokens[place + 1].text == "." and len(found) < parts:
            place += 2
            found.append(self.tokens[place].name)
        found = found[: parts - 1] if parts == 3 else found
        return TableName(found[0] if len(found) > 1 else "", found[-1])


def split(script: str) -> Iterator[Statement]:
    """The statements of a script, without comments before them and without psql's own commands (``\\restrict``)."""
    tokens: list[Token] = []
    depth = blocks = place = 0
    while place < len(script):
        match = _TOKEN.match(script, place)
        assert match is not None  # any sign is a token
        kind, text, start, place = match.lastgroup, match.group(), place, match.end()
        if kind == "space":
            continue
        if kind == "comment":
            place = _end_of_comment(script, start)
            continue
        if text == "\\" and not tokens:
            place = _end_of_line(script, start)
            continue
        if text == ";" and depth == 0 and blocks == 0:
            if tokens:
                yield _statement(script, tokens)
            tokens, depth = [], 0
            continue
        tokens.append(Token(_kind(kind), text, start))
        depth += {"(": 1, ")": -1}.get(text, 0)
        blocks = max(0, blocks + _opens(tokens, blocks))
    if tokens:
        yield _statement(script, tokens)


def joined(statements: Sequence[Statement]) -> str:
    """The statements as one script."""
    return "".join(f"{statement.text};\n" for statement in statements)


def _kind(group: str | None) -> Literal["name", "text", "other"]:
    if group == "name":
        return "name"
    return "text" if group in ("text", "tag") else "other"


def _opens(tokens: Sequence[Token], blocks: int) -> int:
    """+1 or -1 where the last token opens or closes a body: BEGIN ATOMIC ... END holds semicolons, CASE its own END."""
    word = str(tokens[-1])
    if blocks:
        return {"CASE": 1, "END": -1}.get(word, 0)
    if word != "ATOMIC" or str(tokens[0]) != "CREATE" or str(tokens[-2]) != "BEGIN":
        return 0
    return int(not {"FUNCTION", "PROCEDURE"}.isdisjoint(map(str, tokens[1:4])))


def _statement(script: str, tokens: Sequence[Token]) -> Statement:
    first = tokens[0].start
    moved = tuple(Token(token.kind, token.text, token.start - first) for token in tokens)
    return Statement(script[first : tokens[-1].end], moved)


def _end_of_line(script: str, start: int) -> int:
    end = script.find("\n", start)
    return len(script) if end < 0 else end


def _end_of_comment(script: str, start: int) -> int:
    """Comments nest in PostgreSQL."""
    depth = 0
    for match in re.finditer(r"/\*|\*/", script[start:]):
        depth += 1 if match.group() == "/*" else -1
        if depth == 0:
            return start + match.end()
    return len(script)
