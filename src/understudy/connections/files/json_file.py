"""A JSON file: one document, or a list of them; it is read whole, for JSON has no other beginning and end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from understudy import documents
from understudy.connections.files.records import Document
from understudy.errors import InputError

_PART = 10_000
_BLOCK_BYTES = 1 << 20
_INDENT = re.compile(r"[\[{][ \t]*\r?\n([ \t]+)")


class JsonReader:
    """The documents of a JSON file."""

    arrow_schema = None

    def __init__(self, stream: Any, *, name: str) -> None:
        try:
            text = b"".join(iter(lambda: stream.read(_BLOCK_BYTES), b"")).decode("utf-8-sig")
            found = documents.read(text)
        except (ValueError, OSError):
            raise InputError(f"{name} holds no JSON") from None
        self.single = isinstance(found, dict)
        self._rows: list[Document] = [found] if self.single else found
        if not isinstance(self._rows, list) or not all(isinstance(row, dict) for row in self._rows):
            raise InputError(f"{name} holds neither an object nor a list of objects")
        self.rows = len(self._rows)
        indent = _INDENT.match(text)
        self.style: dict[str, Any] = {
            "indent": indent.group(1) if indent else None,
            "compact": indent is None and '": ' not in text,
            "escaped": "\\u" in text and text.isascii(),
        }

    def __iter__(self) -> Iterator[list[Document]]:
        for start in range(0, self.rows, _PART):
            yield self._rows[start : start + _PART]


class JsonWriter:
    """Documents as one JSON file, written when all are there."""

    def __init__(self, out: Any, *, single: bool = False, style: dict[str, Any] | None = None) -> None:
        self._out, self._single, self._style = out, single, style or {}
        self._rows: list[Document] = []

    def write(self, rows: list[Document]) -> None:
        """Append documents."""
        self._rows += rows

    def close(self) -> None:
        """Write them all."""
        whole = self._rows[0] if self._single and self._rows else self._rows
        text = documents.write(whole, **self._style) + "\n"
        try:
            self._out.write(text.encode())
        except UnicodeEncodeError:  # half of a character, which only an escape can say
            self._out.write((documents.write(whole, **{**self._style, "escaped": True}) + "\n").encode())
