"""Paths into JSON documents, and what they name in all documents of a column at once."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass

import numpy as np

from understudy.errors import InputError, unknown
from understudy.schema import Kind
from understudy.transforms.inside import FORMS
from understudy.transforms.json_text import STRING, Values
from understudy.transforms.nesting import inside
from understudy.transforms.stretches import Flags, Texts, equal_to, having, taken

_STEP = re.compile(r"""(\.\.?)([^\W\d][\w-]*|\*)|(\.\.)?\[(?:(\d+)|(\*)|"([^"]*)"|'([^']*)')\]""")
_FORM = re.compile(r"::(\w+)$")
_HINT = "write $.name, $.items[*].email, $..email, $[0], $['odd name'] or $.id::uuid"


@dataclass(frozen=True)
class Step:
    """One step of a path: to a key, to a position, or (None) to every value inside; ``deep`` at any depth."""

    to: str | int | None
    deep: bool = False


@dataclass(frozen=True)
class Path:
    """A path: its steps, and the kind that texts at its end are read as, if it says so."""

    text: str
    steps: tuple[Step, ...]
    form: Kind | None = None

    @property
    def to(self) -> list[str | int | None]:
        """Where each step goes."""
        return [step.to for step in self.steps]


def parse(text: str) -> Path:
    """Read a path, such as ``$.items[*].email``, ``$..email`` or ``$.id::uuid``; an InputError where it is none."""
    form = _FORM.search(text)
    if form is not None and form[1] not in FORMS:
        raise unknown("kind", form[1], FORMS)
    end = len(text) if form is None else form.start()
    steps: list[Step] = []
    place = 1
    while place < end or not text.startswith("$"):
        match = _STEP.match(text, place, end) if text.startswith("$") else None
        if match is None:
            raise InputError(f"{text!r} is not a path", hint=_HINT)
        dots, name, deep, position, _, *quoted = match.groups()
        to = name if dots else next((one for one in quoted if one is not None), None)
        plain = None if dots and name == "*" else int(position) if position is not None else to
        steps.append(Step(plain, deep=dots == ".." or deep is not None))
        place = match.end()
    return Path(text, tuple(steps), next((kind for kind in FORMS if form is not None and kind == form[1]), None))


class Keys:
    """The keys of documents, compared as what they spell."""

    def __init__(self, texts: Texts, values: Values) -> None:
        self._texts, self._keys = texts, values.keys
        some = texts.data[texts.offsets[0] : texts.offsets[-1]] == ord("\\")
        escaped = np.flatnonzero(having(texts, values.keys, b"\\")) if some.any() else np.zeros(0, np.int64)
        spelled = taken(texts, values.keys.at(escaped)).to_pylist()
        self._escaped = {int(key): json.loads(text) for key, text in zip(escaped, spelled, strict=True)}

    def named(self, name: str) -> Flags:
        """Which keys are this name, however it is escaped."""
        found = equal_to(self._texts, self._keys, f'"{name}"')
        for key, text in self._escaped.items():
            found[key] = text == name
        return found


def named(path: Path, values: Values, keys: Keys) -> Flags:
    """Which values a path names itself, objects and arrays among them."""
    chosen = values.parent < 0
    for step in path.steps:
        parents = inside(chosen, values.after) | chosen if step.deep else chosen
        there = (values.parent >= 0) & parents[values.parent]
        if isinstance(step.to, str):
            there &= (values.key >= 0) & keys.named(step.to)[values.key] if len(values.keys) else False
        elif step.to is not None:
            there &= (values.key < 0) & (values.place == step.to)
        chosen = there
    return chosen


def leaves(chosen: Flags, values: Values) -> Flags:
    """Of chosen values the texts and scalars; of objects and arrays, all that are inside them."""
    return (values.kind >= STRING) & (chosen | inside(chosen, values.after))
