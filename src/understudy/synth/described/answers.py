"""Rows in what a model says: JSON, JSON inside prose, JSON that was cut off, one object a line."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

Row = Mapping[str, Any]

_THOUGHT = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL)
_OPENING = re.compile(r"[\[{]")
_MOST_OPENINGS = 100
"""Brackets tried as the beginning of JSON; prose holds a few."""
_BETWEEN = re.compile(r"[\s,]*")
_DECODER = json.JSONDecoder(parse_float=Decimal, parse_constant=str)
"""Numbers keep all their digits; NaN and Infinity, which JSON does not have, become words that fit no number."""


def rows_in(text: str) -> list[Row] | None:
    """The rows of an answer, in order, as far as they are whole; None where there is nothing like a row."""
    text = _THOUGHT.sub("", text)
    for opening in list(_OPENING.finditer(text))[:_MOST_OPENINGS]:
        whole, _ = _value(text, opening.start())
        found = _rows(whole)
        if found is not None:
            return found if isinstance(whole, Mapping) and "rows" in whole else found + _more(text, opening.start())
        if whole is None and (part := _cut_off(text, opening.start())):
            return part
    return None


def _value(text: str, start: int) -> tuple[Any, int]:
    """The JSON that begins at a place, and where it ends; None where none does."""
    try:
        return _DECODER.raw_decode(text, start)
    except (ValueError, RecursionError):
        return None, start


def _rows(value: Any) -> list[Row] | None:
    """The rows that a value holds: a list of objects, an object with such a list, or one object."""
    if isinstance(value, Mapping):
        lists = [inner for inner in value.values() if _listed(inner)]
        if "rows" in value:
            lists = [value["rows"]] if _listed(value["rows"]) else []
            return list(lists[0]) if lists else ([] if value["rows"] == [] else None)
        return list(lists[0]) if len(value) == 1 and lists else ([value] if value else None)
    return list(value) if _listed(value) else None


def _listed(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(one, Mapping) for one in value)


def _more(text: str, start: int) -> list[Row]:
    """The objects that follow one, where they stand one after the other."""
    if not text.startswith("{", start):
        return []
    return _series(text, _value(text, start)[1])


def _cut_off(text: str, start: int) -> list[Row]:
    """The whole rows of a list, in an object or not, whose end is missing."""
    if text.startswith("{", start):
        listed = re.compile(r'\{\s*"[^"]*"\s*:\s*\[').match(text, start)
        return _series(text, listed.end()) if listed else []
    return _series(text, start + 1)


def _series(text: str, start: int) -> list[Row]:
    """The objects from a place on, up to the first thing that is none."""
    found: list[Row] = []
    while True:
        between = _BETWEEN.match(text, start)
        start = between.end() if between else start
        value, end = _value(text, start)
        if not isinstance(value, Mapping):
            return found
        found.append(value)
        start = end
