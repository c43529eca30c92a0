"""Regular expressions of Python's ``re`` as trees."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from itertools import chain
from typing import Literal

How = Literal["greedy", "lazy", "firm"]
"""As often as possible and then less often, as seldom as possible and then more often, as often as possible."""

_CLASS = r"\[\^?\]?(?:\\[\s\S]|[^\]\\])*\]"
_TOKEN = re.compile(
    rf"(?P<among>{_CLASS}|\\[dDwWsS]|\.)|(?P<edge>[\^$]|\\[bBAZ])|\\(?P<again>[1-9])"
    r"|\\(?P<sign>\W)|(?P<plain>[^\\()|*+?\[])"
)
_TIMES = re.compile(r"(?:(?P<sign>[*+?])|\{(?P<least>\d+)(?P<most>,\d*)?\})(?P<how>[+?]?)")
_GROUP = re.compile(r"\((?:\?(?:P<(?P<name>\w+)>|(?P<plain>:)|(?P<look><?[=!])))?(?!\?)")
_HOW: dict[str, How] = {"": "greedy", "?": "lazy", "+": "firm"}
_WIDER = re.compile(r"[^\x00-\x7f]|^\[\^|\\[dDwWsSuUxN]|^\.$")
_ASCII = [chr(code) for code in range(128)]


class UnreadError(Exception):
    """A pattern has something that is not understood here."""


@dataclass(frozen=True)
class Letter:
    """One character of those that a token of one character matches."""

    token: str
    flags: int

    @property
    def plain(self) -> str:
        """The one character that is meant where the token is that; else nothing."""
        character = self.token[-1:]
        escaped = self.token[:-1] == "\\" and not character.isalnum()
        return character if escaped or (len(self.token) == 1 and character != ".") else ""

    @property
    def wide(self) -> bool:
        """Whether there may be others than those of ASCII among them."""
        return bool(self.flags or _WIDER.search(self.token))

    @property
    def ascii(self) -> int:
        """Those of them that are ASCII, as bits."""
        return _in_ascii(self.token, self.flags)

    def among(self, characters: str) -> list[int]:
        """The places of those of them that stand in a text."""
        return [match.start() for match in re.compile(self.token, self.flags).finditer(characters)]


@dataclass(frozen=True)
class Edge:
    """No character, but a place: of the text or of a word."""

    sign: str


@dataclass(frozen=True)
class Look:
    """No character, but what must or must not stand after a place, or before it."""

    part: Node
    ahead: bool
    wanted: bool


@dataclass(frozen=True)
class Group:
    """A part that is remembered."""

    part: Node
    number: int


@dataclass(frozen=True)
class Again:
    """What a group was, once more."""

    group: int


@dataclass(frozen=True)
class Row:
    """One after another; nothing at all if there are none."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Choice:
    """The first that leads to a match."""

    parts: tuple[Node, ...]


@dataclass(frozen=True)
class Loop:
    """So many times at least and at most; without end where that is None."""

    part: Node
    least: int
    most: int | None
    how: How


Node = Letter | Edge | Look | Group | Again | Row | Choice | Loop


@dataclass(frozen=True)
class Expression:
    """A regular expression."""

    root: Choice
    groups: int
    value: int | None
    """The number of the group ``v``."""


@cache
def parse(pattern: str) -> Expression | None:
    """The tree of a pattern; None where it has none."""
    reader = _Reader(pattern)
    try:
        root = reader.choice()
    except UnreadError:
        return None
    return None if reader.rest else Expression(root, reader.groups, reader.value)


def empty(node: Node) -> bool:
    """Whether a part may match no character at all."""
    match node:
        case Letter():
            return False
        case Row(parts):
            return all(map(empty, parts))
        case Choice(parts):
            return any(map(empty, parts))
        case Loop(part, least, _, _):
            return least == 0 or empty(part)
        case Group(part, _):
            return empty(part)
        case _:
            return True


def firsts(node: Node) -> list[Letter]:
    """What the first character may be that a part matches; none where that is not known."""
    match node:
        case Letter():
            return [node]
        case Row(parts):
            found = []
            for part in parts:
                if isinstance(part, Look | Edge):
                    continue
                some = firsts(part)
                if not some:
                    return []
                found += some
                if not empty(part):
                    break
            return found
        case Choice(parts):
            several = [firsts(part) for part in parts]
            return list(chain.from_iterable(several)) if all(several) else []
        case Loop(part, _, _, _) | Group(part, _):
            return firsts(part)
        case _:
            return []


def remembers(node: Node) -> bool:
    """Whether there is a group in a part."""
    match node:
        case Row(parts) | Choice(parts):
            return any(map(remembers, parts))
        case Loop(part, _, _, _) | Look(part, _, _):
            return remembers(part)
        case _:
            return isinstance(node, Group)


def wide(node: Node) -> bool:
    """Whether a part may match characters outside ASCII."""
    match node:
        case Letter():
            return node.wide
        case Row(parts) | Choice(parts):
            return any(map(wide, parts))
        case Loop(part, _, _, _) | Group(part, _):
            return wide(part)
        case _:
            return True


def width(node: Node) -> int:
    """How many characters a part matches, always; an UnreadError where that is not one number."""
    match node:
        case Letter():
            return 1
        case Row(parts):
            return sum(map(width, parts))
        case Choice(parts):
            return _same(map(width, parts))
        case Loop(part, least, most, _):
            return least * width(part) if _same([least, -1 if most is None else most]) else 0
        case Group(part, _):
            return width(part)
        case Edge() | Look():
            return 0
        case Again():
            raise UnreadError


def _same(numbers: Iterable[int]) -> int:
    found = set(numbers)
    if len(found) > 1:
        raise UnreadError
    return found.pop()


@cache
def _in_ascii(token: str, flags: int) -> int:
    pattern = re.compile(token, flags)
    return sum(1 << code for code, character in enumerate(_ASCII) if pattern.fullmatch(character))


class _Reader:
    """Reads a pattern from left to right."""

    def __init__(self, pattern: str) -> None:
        self.rest = pattern.removeprefix("(?i)")
        self.groups = 0
        self.value: int | None = None
        self._flags = re.IGNORECASE if pattern.startswith("(?i)") else 0

    def _take(self, token: re.Pattern[str]) -> re.Match[str] | None:
        match = token.match(self.rest)
        self.rest = self.rest[match.end() :] if match else self.rest
        return match

    def choice(self) -> Choice:
        """The alternatives that stand here."""
        found = [self._row()]
        while self.rest.startswith("|"):
            self.rest = self.rest[1:]
            found.append(self._row())
        return Choice(tuple(found))

    def _row(self) -> Row:
        parts: list[Node] = []
        while self.rest and self.rest[0] not in "|)":
            part = self._part()
            times = self._take(_TIMES)
            parts.append(_loop(part, times) if times else part)
        return Row(tuple(parts))

    def _part(self) -> Node:
        group = self._take(_GROUP)
        if group:
            return self._group(group)
        token = self._take(_TOKEN)
        if not token:
            raise UnreadError
        if token["edge"]:
            return Edge(token["edge"])
        if token["again"]:
            return Again(int(token["again"]))
        return Letter(token["among"] or re.escape(token["sign"] or token["plain"]), self._flags)

    def _group(self, group: re.Match[str]) -> Node:
        kept = not (group["plain"] or group["look"])
        self.groups += kept
        number = self.groups
        if group["name"] == "v":
            self.value = number
        found = self.choice()
        if not self.rest.startswith(")"):
            raise UnreadError
        self.rest = self.rest[1:]
        if group["look"]:
            return Look(found, ahead="<" not in group["look"], wanted="=" in group["look"])
        return Group(found, number) if kept else found


def _loop(part: Node, times: re.Match[str]) -> Loop:
    how = _HOW[times["how"]]
    if times["sign"]:
        least, most = {"*": (0, None), "+": (1, None), "?": (0, 1)}[times["sign"]]
        return Loop(part, least, most, how)
    least, upto = int(times["least"]), times["most"]
    return Loop(part, least, least if upto is None else int(upto[1:]) if upto[1:] else None, how)
