"""Documents as columns, and columns as documents, where one format is read and another written."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from understudy import documents
from understudy.arrow import like
from understudy.connections.files.text import written
from understudy.documents import Number
from understudy.errors import InputError

Document = dict[str, Any]
"""One JSON object; its numbers with decimals are ``documents.Number``."""

_INT64 = 2**63


def to_documents(batch: pa.RecordBatch) -> list[Document]:
    """Every row as a document."""
    names = batch.schema.names
    columns = [_json_values(column, name) for name, column in zip(names, batch.columns, strict=True)]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _json_values(values: pa.Array, name: str) -> list[Any]:
    kind = values.type
    if kind == pa.json_():
        return [None if text is None else documents.read(text) for text in values.storage.to_pylist()]
    if pa.types.is_decimal(kind):
        return [None if text is None else documents.number(text) for text in written(values, name).to_pylist()]
    if pa.types.is_floating(kind):  # NaN and the infinities are no JSON
        return pc.if_else(pc.is_finite(values), values, None).to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_timestamp(kind):
        return pc.replace_substring(written(values, name), " ", "T").to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_integer(kind) or pa.types.is_boolean(kind) or pa.types.is_null(kind):
        return values.to_pylist()  # type: ignore[no-any-return]
    if pa.types.is_nested(kind):
        return [_plain(value) for value in values.to_pylist()]
    return written(values, name).to_pylist()  # type: ignore[no-any-return]


def _plain(value: Any) -> Any:
    """A nested value in the words of JSON."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def columns_of(rows: Iterable[Document], *, as_text: bool) -> pa.Schema:
    """The columns that documents have, in the order in which their fields appear; all of them text if that is asked."""
    kinds: dict[str, set[type]] = {}
    for row in rows:
        for name, value in row.items():
            kinds.setdefault(name, set()).add(type(value))
    return pa.schema([(name, pa.string() if as_text else _type(found)) for name, found in kinds.items()])


def _type(found: set[type]) -> pa.DataType:
    told = found - {type(None)}
    if told and told <= {int, Number, float}:
        return pa.int64() if told == {int} else pa.float64()
    if told and told <= {dict, list}:
        return pa.json_()
    return pa.bool_() if told == {bool} else pa.string()


def to_batch(rows: list[Document], columns: pa.Schema) -> pa.RecordBatch:
    """Documents as rows of these columns; an InputError where a field has none, or does not fit it."""
    known = set(columns.names)
    for row in rows:
        late = [name for name in row if name not in known]
        if late:
            hint = "write JSON lines, which need no columns"
            raise InputError(f"field {late[0]!r} appears too late: the columns are written already", hint=hint)
    arrays = [_array([row.get(field.name) for row in rows], field) for field in columns]
    return pa.RecordBatch.from_arrays(arrays, schema=columns)


def _array(values: list[Any], field: pa.Field) -> pa.Array:
    cast: Callable[[Any], Any] = _CASTS.get(field.type, _text)
    try:
        return like(pa.array([cast(value) for value in values], _plain_type(field.type)), field.type)
    except (pa.ArrowException, ValueError, TypeError):
        hint = "write JSON lines or CSV, or mend the field"
        raise InputError(
            f"field {field.name!r} was {field.type} in the first rows and is not later", hint=hint
        ) from None


def _plain_type(kind: pa.DataType) -> pa.DataType:
    return kind.storage_type if isinstance(kind, pa.BaseExtensionType) else kind


def _text(value: Any) -> str | None:
    if value is None or (isinstance(value, str) and not isinstance(value, Number)):
        return value
    return documents.write(value)


def _integer(value: Any) -> Any:
    if value is not None and (type(value) is not int or not -_INT64 <= value < _INT64):
        raise ValueError
    return value


def _float(value: Any) -> Any:
    if (isinstance(value, str) and not isinstance(value, Number)) or isinstance(value, bool):
        raise ValueError
    return float(value.digits) if isinstance(value, Number) else value


_CASTS: Mapping[pa.DataType, Callable[[Any], Any]] = {
    pa.int64(): _integer,
    pa.float64(): _float,
    pa.bool_(): lambda value: value,
}
