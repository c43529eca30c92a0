"""``json``: values and keys inside documents, each by a rule of its own.

All documents of a batch are read at once, and only what a rule changes is written: every other byte stays,
spaces and the digits of numbers too.  Of a key that comes twice in an object both values change.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import anywhere, own_spans, spans, text_array
from understudy.errors import Error, InputError
from understudy.interfaces import Rule
from understudy.native import json as native
from understudy.schema import Kind
from understudy.transforms import json_paths
from understudy.transforms.declare import Change, Declaration, Option, Part, Place, Rows, Setting
from understudy.transforms.inside import changed, part
from understudy.transforms.json_paths import Path
from understudy.transforms.json_text import find
from understudy.transforms.paths import told
from understudy.transforms.stretches import Places, Stretches, Texts, spliced, taken

_VALUES: tuple[Kind, ...] = ("integer", "decimal", "boolean", "date", "timestamp", "text")
_DEFAULT = "default"
_KEYS_OF = "keys of "
_KINDS: tuple[Kind, ...] = ("boolean", "text")
_NUMBER, _NOTHING = 2, 3
_TOLD = np.full(256, _NUMBER, np.uint8)  # by the first byte of a value, which of the kinds it is
_TOLD[list(b'tf"n')] = (0, 0, 1, _NOTHING)
_BACKSLASH = b"\\"
_BLANK = ord(" ")


@dataclass(frozen=True)
class _Plan:
    """A rule of the document: what it is for and how it changes that."""

    label: str
    path: Path | None
    """None for whatever no path names."""
    keys: bool
    changes: Mapping[Kind, Change] | None
    """None where it keeps what it is for."""


def _labelled(place: Place) -> list[tuple[str, str | None, Rule]]:
    """Every rule by its label, with its path."""
    options = place.options
    found: list[tuple[str, str | None, Rule]] = []
    found += [(f"{_KEYS_OF}{path}", path, rule) for path, rule in (options["keys"] or {}).items()]
    found += [(path, path, rule) for path, rule in (options["paths"] or {}).items()]
    return found if options["default"] is None else [*found, (_DEFAULT, None, options["default"])]


def _pieces(place: Place) -> dict[str, Part]:
    if _problem(place):
        return {}
    found = {}
    for label, path, rule in _labelled(place):
        form = None if path is None else json_paths.parse(path).form
        kinds: Sequence[Kind] = ("text",) if label.startswith(_KEYS_OF) else (form,) if form else _VALUES
        found[label] = part(place, label, rule, kinds, distinct=label.startswith(_KEYS_OF))
    return found


def _build(setting: Setting) -> Change:
    place = setting.place
    plans = [
        _Plan(
            label,
            None if path is None else json_paths.parse(path),
            label.startswith(_KEYS_OF),
            None if rule.name == "keep" else setting.pieces(label),
        )
        for label, path, rule in _labelled(place)
        if rule.name != "keep" or not label.startswith(_KEYS_OF)
    ]
    paths = told([plan.path.steps if plan.path else None for plan in plans], [plan.keys for plan in plans])
    where, limit = f"{place.table.name}.{place.column.name}", place.column.max_length

    def change(values: pa.Array, rows: Rows) -> pa.Array:
        texts = Texts(values)
        found, which, lost = find(texts, paths)
        _refuse(lost, f"of {where} hold no valid JSON")
        made = _changed(texts, found, which, plans, rows, where)
        if limit is not None:
            _refuse(pc.greater(pc.utf8_length(made), limit).true_count, f"of {where} became too long for it")
        return made

    return change


def _refuse(count: int, what: str) -> None:
    if count:
        raise Error(f"{count} rows {what}", hint="use `redact` or `null`, or mend them at the source")


def _changed(texts: Texts, found: Stretches, which: Places, plans: Sequence[_Plan], rows: Rows, where: str) -> pa.Array:
    """Documents with every plan's values and keys changed."""
    start, end, turn = found.start.copy(), found.end.copy(), np.full(len(found), -1)
    made, size = [], 0
    for number, plan in enumerate(plans):
        mine = np.flatnonzero(which == number) if plan.changes is not None else which[:0]
        for kind, chosen in _by_kind(texts, found, mine):
            some, stand_ins = _rewritten(texts, found.at(chosen), kind, plan, rows, where)
            start[chosen], end[chosen], turn[chosen] = some.start, some.end, np.arange(size, size + len(chosen))
            made.append(stand_ins)
            size += len(chosen)
    if not made:
        return texts.values
    changing = np.flatnonzero(turn >= 0)
    some = Stretches(found.text, start, end).at(changing)
    return spliced(texts, some, pa.concat_arrays(made), turn[changing] if len(made) > 1 else None)


def _by_kind(texts: Texts, found: Stretches, mine: Places) -> list[tuple[Kind, Places]]:
    """Some of the values by what they are; null is none."""
    told = _TOLD[texts.data[found.start[mine]]]
    kinds = [(kind, mine[told == number]) for number, kind in enumerate(_KINDS)]
    numbers = mine[told == _NUMBER]
    if len(numbers):
        integers = native.whole(texts.data, found.start[numbers], found.end[numbers])
        kinds += [("integer", numbers[integers]), ("decimal", numbers[~integers])]
    return [(kind, places) for kind, places in kinds if len(places)]


def _rewritten(
    texts: Texts, where: Stretches, kind: Kind, plan: _Plan, rows: Rows, column: str
) -> tuple[Stretches, pa.Array]:
    """What is written anew where there are values of one kind, and what is written there."""
    assert plan.changes is not None
    there = rows.at(pa.array(where.text))
    label = f"{column} {plan.label}"
    if kind != "text":
        before = taken(texts, where)
        made, now = changed(plan.changes, before, there, kind, where=label)
        return where, (_quoted(made, before) if now == "text" else made).fill_null("null")
    within = Stretches(where.text, where.start + 1, where.end - 1)
    raw = taken(texts, within)
    before = text_array(*native.spelled(*spans(raw))) if anywhere(raw, _BACKSLASH) else raw
    form: Kind = "text" if plan.path is None or plan.path.form is None else plan.path.form
    made, _ = changed(plan.changes, before, there, form, where=label)
    if before is raw and not made.null_count and _plain(made):
        return within, made
    found = _quoted(made, raw).fill_null("null")
    if before is not raw:  # what stays is not spelled anew
        same = pc.equal(made, before).fill_null(False)
        found = pc.if_else(same, pc.binary_join_element_wise('"', raw, '"', ""), found)
    return where, found


def _plain(texts: pa.Array) -> bool:
    """Whether texts stand in strings as they are: there are no quotes, backslashes or control characters."""
    return not anywhere(texts, b'"\\') and own_spans(texts)[0].min(initial=_BLANK) >= _BLANK


def _quoted(texts: pa.Array, originals: pa.Array) -> pa.Array:
    """Texts as JSON strings, those escaped beyond ASCII whose originals were."""
    written = text_array(*native.quoted(*spans(texts), *spans(originals)))
    return pc.if_else(texts.is_valid(), written, None) if texts.null_count else written


def _problem(place: Place) -> str:
    labelled = _labelled(place)
    if not labelled:
        return "it names no path, and no default either"
    try:
        for _, path, _ in labelled:
            if path is not None:
                json_paths.parse(path)
    except InputError as error:
        return f"{error.message}: {error.hint}"
    return ""


JSON = Declaration(
    name="json",
    summary=(
        "Values inside JSON documents, each path by a rule of its own, the first that names a value; "
        "what no path names stays, or gets the default rule."
    ),
    example="{json: {$..email: email, '$.items[*].name': full_name, '$.owner_id::uuid': key}, default: redact}",
    kinds=frozenset({"json", "text"}),
    build=_build,
    inverse=_build,
    main="paths",
    options=(
        Option("paths", "mapping of rules", "paths to values and their rules; `::date` reads texts there as dates"),
        Option("keys", "mapping of rules", "paths to objects, and rules for their keys"),
        Option("default", "rule", "the rule for all values that no path names"),
    ),
    problem=_problem,
    pieces=_pieces,
    sensitive=False,
)
