"""JSON lines: one document per line, each with its own keys in their own order.

Documents are parsed one by one, for want of a kernel that would keep their order, gaps and digits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any

from understudy import documents
from understudy.connections.files.records import Document
from understudy.errors import InputError

_BLOCK_BYTES = 4 << 20
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Style:
    """How a file of JSON lines is written."""

    compact: bool = False
    """Without a space after colons and commas."""
    escaped: bool = False
    """With escapes for all beyond ASCII."""


class JsonlReader:
    """The documents of a stream of JSON lines, a few thousand at a time."""

    arrow_schema = None

    def __init__(self, stream: Any, *, name: str) -> None:
        self._name = name
        self._blocks = _blocks(stream, name)
        self._first = next(self._blocks, [])
        text = b"\n".join(self._first)
        self.style = Style(compact=b'": ' not in text, escaped=b"\\u" in text and text.isascii())

    def __iter__(self) -> Iterator[list[Document]]:
        number = 0
        for lines in chain([self._first], self._blocks):
            part = []
            for line in lines:
                number += 1
                if line and not line.isspace():
                    part.append(self._document(line, number))
            if part:
                yield part

    def _document(self, line: bytes, number: int) -> Document:
        try:
            found = documents.read(line.decode())
        except ValueError:
            found = None
        if not isinstance(found, dict):
            raise InputError(f"{self._name}: line {number} is no JSON object", hint="write one object per line")
        return found


def _blocks(stream: Any, name: str) -> Iterator[list[bytes]]:
    """The lines of a stream, some MiB at a time."""
    rest, start = b"", True
    try:
        while data := stream.read(_BLOCK_BYTES):
            whole = rest + data
            if start:
                whole, start = whole.removeprefix(_BOM), False
            *lines, rest = whole.split(b"\n")
            if lines:
                yield lines
    except OSError as error:
        raise InputError(f"{name} cannot be read ({type(error).__name__})") from None
    if rest:
        yield [rest]


class JsonlWriter:
    """Documents as JSON lines."""

    def __init__(self, out: Any, style: Style | None = None) -> None:
        self._out = out
        self._style = style or Style()

    def write(self, rows: list[Document]) -> None:
        """Append documents."""
        compact, escaped = self._style.compact, self._style.escaped
        text = "".join([documents.write(row, compact=compact, escaped=escaped) + "\n" for row in rows])
        try:
            self._out.write(text.encode())
        except UnicodeEncodeError:  # half of a character, which only an escape can say
            lines = [documents.write(row, compact=compact, escaped=True) + "\n" for row in rows]
            self._out.write("".join(lines).encode())

    def close(self) -> None:
        """Nothing is left to write."""
