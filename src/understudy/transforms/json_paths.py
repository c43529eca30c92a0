"""Paths into JSON documents, as they are written."""

from __future__ import annotations

import re
from dataclasses import dataclass

from understudy.errors import InputError, unknown
from understudy.schema import Kind
from understudy.transforms.inside import FORMS
from understudy.transforms.paths import Step

_STEP = re.compile(r"""(\.\.?)([^\W\d][\w-]*|\*)|(\.\.)?\[(?:(\d+)|(\*)|"([^"]*)"|'([^']*)')\]""")
_FORM = re.compile(r"::(\w+)$")
_HINT = "write $.name, $.items[*].email, $..email, $[0], $['odd name'] or $.id::uuid"


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
