"""``json``: values inside documents, each by a rule of its own.

Documents are parsed one by one, for want of a kernel; equal ones once.  Keys keep their order, numbers
their digits; of a key that comes twice in an object the last one counts, as in PostgreSQL's jsonb.  A
document in which no path finds a value stays as it is, byte for byte.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.errors import Error, InputError
from understudy.interfaces import Rule
from understudy.schema import Column
from understudy.transforms.declare import Change, Declaration, Option, Place, Rows, Setting

Step = str | int | None
"""A key, a position, or None for every one of them."""

_STEP = re.compile(r"""\.([A-Za-z_][\w-]*)|\[(\d+)\]|\[(\*)\]|\[(?:"([^"]*)"|'([^']*)')\]""")
_MARK = "\0number\0"  # no text in a database starts like this
_MARKED = re.compile(r'"\\u0000number\\u0000([^"]*)"')

_KINDS = {
    "integer": Column("", "integer", "integer", pa.int64()),
    "decimal": Column("", "number", "decimal", pa.string(), as_text=True),
    "boolean": Column("", "boolean", "boolean", pa.bool_()),
    "text": Column("", "text", "text", pa.string()),
}
"""What the values of a document are, as columns of their own."""


class _Number(str):
    """A number with decimals, kept as the digits it was written in."""

    __slots__ = ()


Slot = tuple[Any, Any]
"""A value's place: its container, and its key or position there."""

_DECODER = json.JSONDecoder(parse_float=lambda digits: _Number(_MARK + digits), parse_constant=lambda name: _no(name))
_ENCODER, _ESCAPING = json.JSONEncoder(ensure_ascii=False), json.JSONEncoder()


def _no(name: str) -> Any:
    raise ValueError(name)  # NaN and Infinity are Python's, not JSON's


def _kind(value: Any) -> str:
    """Which of ``_KINDS`` a value is; empty for null."""
    if isinstance(value, str):
        return "decimal" if isinstance(value, _Number) else "text"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, int):
        return "integer" if -(2**63) <= value < 2**63 else "decimal"
    return ""


def steps(path: str) -> tuple[Step, ...]:
    """A path as its steps: ``$.items[*].email`` is items, every one, email; an InputError where it is none."""
    found: list[Step] = []
    place = 1
    while place < len(path) or not path.startswith("$"):
        match = _STEP.match(path, place) if path.startswith("$") else None
        if match is None:
            raise InputError(f"{path!r} is not a path", hint="write $.name, $.items[*].email, $[0] or $['odd name']")
        name, position, every, *quoted = match.groups()
        if position is not None:
            found.append(int(position))
        else:
            found.append(None if every else next(text for text in (name, *quoted) if text is not None))
        place = match.end()
    return tuple(found)


def _slots(document: list[Any], path: tuple[Step, ...]) -> list[Slot]:
    """The places that a path names; where it names an object or array, those of all values inside."""
    slots: list[Slot] = [(document, 0)] if document else []
    for step in path:
        slots = [(value, key) for value in [box[key] for box, key in slots] for key in _keys(value, step)]
    found: list[Slot] = []
    while slots:
        inside: list[Slot] = []
        for box, key in slots:
            value = box[key]
            if isinstance(value, (dict, list)):
                inside += [(value, each) for each in _keys(value, None)]
            else:
                found.append((box, key))
        slots = inside
    return found


def _keys(value: Any, step: Step) -> Iterable[Any]:
    """The keys or positions of a value that a step names."""
    if isinstance(value, dict):
        return value if step is None else (step,) if step in value else ()
    if isinstance(value, list):
        return range(len(value)) if step is None else (step,) if isinstance(step, int) and step < len(value) else ()
    return ()


def _build(setting: Setting) -> Change:
    rules: Mapping[str, Rule] = setting.place.options["paths"]
    plans = [(path, steps(path), _changes(setting, rule)) for path, rule in rules.items()]
    where = f"{setting.place.table.name}.{setting.place.column.name}"
    limit = setting.place.column.max_length

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        encoded = values.cast(pa.string()).dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        read = [_read(text) for text in texts]
        _refuse([document is None for document in read], encoded, f"of {where} hold no valid JSON")
        documents = [document or [] for document in read]
        touched: set[int] = set()
        for path, walk, changes in plans:
            slots: dict[str, list[Slot]] = defaultdict(list)
            for number, document in enumerate(documents):
                for box, place in _slots(document, walk):
                    slots[_kind(box[place])].append((box, place))
                    touched.add(number)
            slots.pop("", None)
            for kind, found in slots.items():
                _fill(found, kind, changes, rows, where=f"{where} {path}")
        made = [_write(documents[number], text) if number in touched else text for number, text in enumerate(texts)]
        _refuse([len(text) > (limit or len(text)) for text in made], encoded, f"of {where} became too long for it")
        return pa.array(made, pa.string()).take(encoded.indices)

    return change


def _changes(setting: Setting, rule: Rule) -> dict[str, tuple[str, Change]]:
    """For each kind of value, as which kind it is changed (its own, else text) and how."""
    made: dict[str, Change] = {}
    for kind, column in _KINDS.items():
        try:
            made[kind] = setting.build(rule, column)
        except InputError:  # it does not take this kind
            continue
    chosen = {kind: kind if kind in made else "text" for kind in _KINDS}
    return {kind: (other, made[other]) for kind, other in chosen.items() if other in made}


def _fill(slots: list[Slot], kind: str, changes: Mapping[str, tuple[str, Change]], rows: Rows, *, where: str) -> None:
    """Change the values in places that all hold one kind."""
    if kind not in changes:
        raise Error(f"{len(slots)} values at {where} are of kind {kind}, which their rule cannot change")
    chosen, change = changes[kind]
    before = pa.array([_plain(box[key], chosen) for box, key in slots], _KINDS[chosen].arrow_type)
    for (box, key), value in zip(slots, change(before, rows).to_pylist(), strict=True):
        box[key] = _Number(_MARK + value) if chosen == "decimal" and value is not None else value


def _plain(value: Any, kind: str) -> Any:
    """A value as the kind of column it is changed in."""
    if isinstance(value, _Number):
        value = value.removeprefix(_MARK)
    if kind == "decimal":
        return format(Decimal(str(value)), "f")
    return value if kind != "text" or isinstance(value, str) else json.dumps(value)


def _read(text: str) -> list[Any] | None:
    """A document, alone in a list so that it has a place; None where there is none, an empty list for a blank text."""
    if not text.strip():
        return []
    try:
        return [_DECODER.decode(text)]
    except (ValueError, RecursionError):
        return None


def _write(document: Any, text: str) -> str:
    """A document as text; with escapes where the original had some, for they may be halves of characters."""
    made = (_ESCAPING if "\\u" in text else _ENCODER).encode(document[0])
    return _MARKED.sub(r"\1", made) if "\\u0000number" in made else made


def _refuse(wrong: list[bool], encoded: pa.Array, what: str) -> None:
    if any(wrong):
        rows = int(pc.sum(pa.array(np.array(wrong)).take(encoded.indices)).as_py() or 0)
        raise Error(f"{rows} rows {what}", hint="use `redact` or `null`, or mend them at the source")


def _problem(place: Place) -> str:
    try:
        for path in place.options["paths"]:
            steps(str(path))
    except InputError as error:
        return f"{error.message}: {error.hint}"
    return ""


JSON = Declaration(
    name="json",
    summary="Values inside JSON documents, each path by a rule of its own; what no path names stays.",
    example="{json: {$.email: email, '$.items[*].name': full_name}}",
    kinds=frozenset({"json", "text"}),
    build=_build,
    main="paths",
    options=(Option("paths", "mapping of rules", "paths and their rules", required=True),),
    problem=_problem,
    sensitive=False,
)
