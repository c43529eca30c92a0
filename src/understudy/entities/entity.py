"""What an entity is: a kind of thing that says something about a person, and the shapes it is written in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Sensitivity = Literal["direct", "quasi", "sensitive"]
"""``direct``: it leads to one person.  ``quasi``: it does so beside others.  ``sensitive``: it harms by getting out."""

NEAR = 32
"""How many characters before a span its context may stand at most."""


@dataclass(frozen=True)
class Shape:
    """One way in which an entity is written inside a text."""

    pattern: str
    """For ``re``: what stands in the group ``v``, or all of it where there is none.  It starts with a
    character and not with a look back, so that ``re`` skips to it fast, and never matches NUL."""
    hint: str
    """For ``re``: what every text with such a span has, so that others need not be searched for it."""
    near: str = ""
    """For ``re``, in lower case: what must stand shortly before."""
    before: str = ""
    """For ``re``, read from right to left: what must stand right before and is a part of the span.  What it
    stands before is not inside another match."""
    check: Callable[[str], bool] | None = None
    """What the span must pass besides."""
    scheme: str = ""
    """Check digits it must have instead of the entity's."""


@dataclass(frozen=True)
class Entity:
    """A kind of thing that says something about a person."""

    name: str
    summary: str
    """What it is, in plain words."""
    sensitivity: Sensitivity
    example: str
    whole: str = ""
    """For Arrow's kernel: what a value looks like that is nothing else; empty where its look does not tell."""
    shapes: tuple[Shape, ...] = ()
    scheme: str = ""
    """The check digits it must have, by their name in ``checksums``."""
