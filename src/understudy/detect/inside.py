"""What a table offers to judge: columns, paths inside documents, elements of arrays, rows of keys and values."""

from __future__ import annotations

import csv
import json
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import storage
from understudy.detect.fields import Field, Values
from understudy.detect.names import tokens
from understudy.schema import Column, Kind, Table

_DOCUMENTS = 200
"""Most documents of a column that are opened."""

_PATHS = 200
"""Most paths of a column that are judged; of more, the first."""

_MOST_KEYS = 100
"""Most different keys in a table of keys and values."""

_PLAIN = re.compile(r"[A-Za-z_][\w-]*\Z", re.ASCII)
_DYNAMIC = re.compile(r"\d+|[0-9a-f]{16,}|[0-9a-f]{8}-[0-9a-f-]{27}|.{40,}", re.IGNORECASE)
_KEY_LIKE = re.compile(r"[A-Za-z][\w.:\- ]{1,39}\Z", re.ASCII)
_KEY_NAMES = frozenset(
    "key name attribute attr property field setting meta_key metakey param parameter option variable code label".split()
)
_VALUE_NAMES = frozenset(
    "value val meta_value metavalue content data text_value string_value value_text setting_value".split()
)
_PREFIXES = (
    "attribute_",
    "attr_",
    "property_",
    "field_",
    "meta_",
    "setting_",
    "param_",
    "option_",
    "info_",
    "custom_",
    "x_",
)


def fields(table: Table, rows: pa.Table | None) -> list[Field]:
    """Everything of a table that is judged by itself, from its columns and the rows that were sampled (if any)."""
    found: list[Field] = []
    for column in table.stored:
        array = None
        if rows is not None and column.name in rows.column_names:
            array = rows.column(column.name).combine_chunks()
        found += _of_column(table, column, array)
    return [*found, *_by_key(table, rows)]


def _of_column(table: Table, column: Column, array: pa.Array | None) -> Iterator[Field]:
    if is_array(column):
        yield Field(table, column, column.name, element_kind(column), _elements(array), path="[*]")
        return
    values = None if array is None else Values.of(array)
    documents = _documents(column, values)
    yield Field(table, column, column.name, "json" if documents else column.kind, values)
    yield from _paths(table, column, documents)


def is_array(column: Column) -> bool:
    """Whether a column holds arrays, by its type."""
    return column.native_type.endswith("[]") or column.native_type.upper().endswith(" ARRAY")


def element_kind(column: Column) -> Kind:
    """What the elements of a column of arrays are."""
    name = column.native_type.lower().removesuffix("[]").strip()
    return "text" if name.startswith(("text", "character", "varchar", "char", "citext")) else "other"


def _elements(array: pa.Array | None) -> Values | None:
    """The elements of arrays, which travel as lists or as the database's own text: ``{a,"b c"}``."""
    if array is None:
        return None
    plain = storage(array).drop_null()
    if pa.types.is_list(plain.type) or pa.types.is_large_list(plain.type):
        return Values.of(pc.list_flatten(plain))
    inner = [text[1:-1] for text in plain.cast(pa.string()).to_pylist() if len(text) > 2 and text[0] == "{"]
    parts = csv.reader(inner, quotechar='"', escapechar="\\", doublequote=False)
    return Values.of(pa.array([part for row in parts for part in row if part != "NULL"], pa.string()))


def _documents(column: Column, values: Values | None) -> list[Any]:
    """The documents of a column of JSON, or of texts that are all JSON; none where it holds something else."""
    if values is None or not values.rows or column.kind not in ("json", "text"):
        return []
    texts = values.typed.cast(pa.string())
    boxes = pc.match_substring_regex(texts, r"^\s*[\[{]")
    if column.kind == "text" and (pc.sum(boxes).as_py() or 0) < 0.9 * len(texts):
        return []
    found = []
    for text in texts.filter(boxes).unique().to_pylist()[:_DOCUMENTS]:
        try:
            found.append(json.loads(text))
        except (ValueError, RecursionError):
            continue
    return found


def _paths(table: Table, column: Column, documents: Sequence[Any]) -> Iterator[Field]:
    """A field for every path that leads to values."""
    leaves: dict[str, list[Any]] = defaultdict(list)
    called: dict[str, str] = {}
    for document in documents:
        for path, name, value in _leaves(document, "$", column.name):
            if path in leaves or len(leaves) < _PATHS:
                leaves[path].append(value)
                called[path] = name
    for path, found in leaves.items():
        kind = _kind(found)
        values = Values.of(pa.array([str(value) for value in found], pa.string()))
        yield Field(table, column, called[path], kind, values, path=path)


def _leaves(value: Any, path: str, name: str, depth: int = 0) -> Iterator[tuple[str, str, Any]]:
    """Every value inside a document with its path, and the last name on the way to it."""
    if depth > 20:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            if _DYNAMIC.fullmatch(key):
                yield from _leaves(inner, f"{path}[*]", name, depth + 1)
            else:
                step = f".{key}" if _PLAIN.match(key) else f'["{key}"]' if '"' not in key else f"['{key}']"
                yield from _leaves(inner, path + step, name if key.startswith("$") else key, depth + 1)
    elif isinstance(value, list):
        for inner in value:
            yield from _leaves(inner, f"{path}[*]", name, depth + 1)
    elif value is not None:
        yield path, name, value


def _kind(found: Sequence[Any]) -> Kind:
    kinds = {type(value) for value in found}
    if kinds == {bool}:
        return "boolean"
    if kinds <= {int, float}:
        return "integer" if kinds == {int} else "decimal"
    return "text"


def _by_key(table: Table, rows: pa.Table | None) -> Iterator[Field]:
    """The values of every key, where rows are keys and values: ``meta_key = 'phone'``."""
    columns = pair(table)
    if columns is None or rows is None or not set(columns) <= set(rows.column_names):
        return
    key, value = columns
    held = table.column(value)
    keys = rows.column(key).combine_chunks()
    counted = keys.drop_null().value_counts()
    if not 2 <= len(counted) <= _MOST_KEYS or len(counted) * 2 > len(keys):
        return
    values = rows.column(value).combine_chunks()
    for name in counted.field("values").to_pylist():
        if _KEY_LIKE.match(name):
            own = Values.of(values.filter(pc.fill_null(pc.equal(keys, name), False)))
            yield Field(table, held, name, held.kind, own, key=f"{key}={name}")


def pair(table: Table) -> tuple[str, str] | None:
    """The columns of the key and of the value, in a table of keys and values; None in any other."""
    plain = {_short(column.name): column for column in table.stored if column.kind == "text"}
    keys = [column.name for name, column in plain.items() if name in _KEY_NAMES]
    values = [column.name for name, column in plain.items() if name in _VALUE_NAMES]
    return (keys[0], values[0]) if len(keys) == 1 and len(values) == 1 else None


def _short(name: str) -> str:
    """A column's name without what such tables put before it."""
    lower = "_".join(tokens(name))
    for prefix in _PREFIXES:
        if lower.startswith(prefix) and lower not in _KEY_NAMES | _VALUE_NAMES:
            return lower.removeprefix(prefix)
    return lower
