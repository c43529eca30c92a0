"""JSON documents read and written back without losing a digit: 1.50 stays 1.50, and so does a number of 30 digits.

Keys keep their order; of a key that comes twice in an object the last one counts, as in PostgreSQL's jsonb.
"""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

_MARK = "\0number\0"  # no text in a database starts like this
_MARKED = re.compile(r'"\\u0000number\\u0000([^"]*)"')


class Number(str):
    """A number with decimals, as the digits it was written in."""

    __slots__ = ()

    @property
    def digits(self) -> str:
        """What was written."""
        return self.removeprefix(_MARK)


def number(digits: str) -> Number:
    """The number that is written so."""
    return Number(_MARK + digits)


def _no(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


_DECODER = json.JSONDecoder(parse_float=number, parse_constant=_no)


@cache
def _encoder(escaped: bool, compact: bool, indent: int | str | None) -> json.JSONEncoder:
    return json.JSONEncoder(ensure_ascii=escaped, separators=(",", ":") if compact else None, indent=indent)


def read(text: str) -> Any:
    """The value that a text holds; a ValueError, which may quote it, where it is no JSON."""
    try:
        return _DECODER.decode(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None


def write(value: Any, *, escaped: bool = False, compact: bool = False, indent: int | str | None = None) -> str:
    """A value as text; escaped beyond ASCII where the original was, for its escapes may be halves of characters."""
    made = _encoder(escaped, compact, indent).encode(value)
    return _MARKED.sub(r"\1", made) if "\\u0000number" in made else made
