"""What a model is asked: the table, its rules, the description, the rows that new ones belong to, what went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from understudy.schema import Table
from understudy.synth.described.endpoint import Message
from understudy.synth.described.linking import Slot
from understudy.synth.described.values import shape_of, words_of

_SYSTEM = (
    "You write rows of test data for a database table. Everything is invented: no real person, company or account. "
    "Rows are varied, believable, and consistent in themselves and with the rows they belong to. "
    'Answer with JSON alone, of the form {"rows": [{...}, ...]}, with every named column in every row.'
)
_LONGEST = 80
"""Characters of a value of a row that new ones belong to."""


def shape(table: Table, written: Sequence[str]) -> dict[str, Any]:
    """The JSON schema of an answer."""
    columns = {name: shape_of(table.column(name)) for name in written}
    row = {"type": "object", "properties": columns, "required": list(columns), "additionalProperties": False}
    return {
        "type": "object",
        "properties": {"rows": {"type": "array", "items": row}},
        "required": ["rows"],
        "additionalProperties": False,
    }


def messages(
    table: Table,
    written: Sequence[str],
    description: str,
    slots: Sequence[Slot],
    *,
    made: int,
    taken: Sequence[str],
    reasons: Sequence[str],
    examples: Sequence[Mapping[str, Any]],
) -> list[Message]:
    """The question for as many rows as there are slots."""
    parts = [
        f"About the data: {description}",
        "\n".join([f"Table {table.name}.", *([table.comment] if table.comment else [])]),
        "\n".join(["Columns:", *(f"- {name}: {words_of(table.column(name))}" for name in written)]),
    ]
    rules = [f"- {check.sql}" for check in table.checks if not check.exclusion]
    rules += [
        f"- unique: {', '.join(unique.columns) or unique.expressions}"
        for unique in table.uniques
        if not unique.columns or any(name in written for name in unique.columns)
    ]
    parts += ["\n".join(["Rules:", *rules])] if rules else []
    if examples:
        parts.append("\n".join(["Rows of this kind:", *map(_line, examples)]))
    if made:
        parts.append(f"{made} rows are made already; write others.")
    if taken:
        parts.append("\n".join(["Taken, so not to be used again:", *taken]))
    parts.append(f"Write {len(slots)} {'row' if len(slots) == 1 else 'rows'}.")
    belonging = [f"{place}. {_line(slot.parents)}" for place, slot in enumerate(slots, 1) if slot.parents]
    if belonging:
        parts.append("\n".join(["In this order, each belongs to:", *belonging]))
    if reasons:
        parts.append("\n".join(["Rows that you wrote before were refused:", *(f"- {one}" for one in reasons)]))
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": "\n\n".join(parts)}]


def _line(row: Mapping[str, Any]) -> str:
    return json.dumps(_short(row), ensure_ascii=False)


def _short(value: Any) -> Any:
    """A value as JSON can say it, cut where it is long."""
    if isinstance(value, Mapping):
        return {name: _short(inner) for name, inner in value.items()}
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value.hex() if isinstance(value, bytes) else str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
