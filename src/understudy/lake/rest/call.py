"""One request, as the functions that answer it see it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from understudy.errors import InputError
from understudy.lake.catalog import LakeCatalog
from understudy.lake.lake import Lake
from understudy.lake.nouns import MAIN
from understudy.lake.rest.auth import Caller, Right


class Missing(InputError):
    """What the request names is not there."""


@dataclass(frozen=True)
class Json:
    """An answer that is JSON already."""

    text: str


@dataclass(frozen=True)
class Call:
    """Who asks, what for, and of which lake."""

    lake: Lake
    caller: Caller
    engine: str
    """What the client calls itself."""
    parts: Mapping[str, str]
    """The variable parts of the path."""
    query: Mapping[str, str]
    content: bytes
    storage: Mapping[str, str]
    """What engines are told of the storage."""

    @cached_property
    def body(self) -> dict[str, Any]:
        """The JSON object that was sent."""
        try:
            held = json.loads(self.content)
        except ValueError:
            raise InputError("the request's body is not JSON") from None
        if not isinstance(held, dict):
            raise InputError("the request's body is no JSON object")
        return held

    def text(self, name: str, default: str | None = None) -> str:
        """A text of the body."""
        value = self.body.get(name, default)
        if not isinstance(value, str):
            raise InputError(f"the request's body needs {name!r}, a text")
        return value

    def ref(self) -> str:
        """The state that the path, or the question for a configuration, names."""
        return self.parts.get("prefix") or self.query.get("warehouse") or self.parts.get("ref") or MAIN

    def catalog(self, right: Right = "read") -> LakeCatalog:
        """The catalog of the state that is named."""
        ref = self.ref()
        self.require(right, ref)
        try:
            return LakeCatalog(self.lake, ref, engine=self.engine)
        except InputError as error:
            raise Missing(error.message, hint=error.hint) from None

    def require(self, right: Right, ref: str) -> None:
        """Raise Refused where the caller may not do that."""
        self.caller.require(right, ref)


Answer = Mapping[str, Any] | Json | None
"""JSON, or None for 204."""

Endpoint = Callable[[Call], Answer]
