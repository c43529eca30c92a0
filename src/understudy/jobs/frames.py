"""`mask` and `unmask` as plain calls: on Arrow tables, on pandas and polars frames, and on JSON documents."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa

from understudy import arrow, transforms
from understudy.documents import Number
from understudy.errors import InputError
from understudy.interfaces import BATCH_ROWS
from understudy.jobs.fields import Documents
from understudy.jobs.lane import Lane, Way, lane_of
from understudy.jobs.policy import Policy, Unmapped
from understudy.jobs.rules import load_rules
from understudy.jobs.spec import resolve
from understudy.jobs.ways import Others, masking, restoring

Data = TypeVar("Data")
Rules = Mapping[str, Any] | str | Path
KeyLike = transforms.Key | str | None


def mask(
    data: Data,
    rules: Rules,
    *,
    key: KeyLike = None,
    table: str = "data",
    unmapped: Unmapped = "refuse",
    **more: Any,
) -> Data:
    """Data with its columns changed by rules, of the same kind as was given.

    ``data`` is a pyarrow Table, RecordBatch or RecordBatchReader (which stays a stream), a pandas or
    polars DataFrame, anything that speaks the Arrow stream protocol (which becomes a Table), one
    JSON document, or a list of them.  ``rules`` names a rule for every column, spelled as in a job
    file, or is the path of a rules file; a column without one is an InputError, unless ``unmapped``
    is "keep".  Of documents, fields are named (``email``) or paths into them (``$.user.email``).

    ``key`` is a ``Key``, its text, or that of the environment variable UNDERSTUDY_KEY.  ``table`` names
    the table: keys get the stand-ins that they have in a table of this name anywhere else.  More
    keywords are those of a rules file: ``types``, ``domains``, ``unique``, ``nulls``.
    """
    policy, secret = _told(rules, key, {"unmapped": unmapped, **more})
    made: Data = _turned(data, policy, table, masking(secret))
    return made


def unmask(
    data: Data,
    rules: Rules,
    *,
    key: KeyLike = None,
    table: str = "data",
    others: Others = "refuse",
    **more: Any,
) -> Data:
    """The way back from ``mask``, with the same rules and key, for rules that have one: ``key``, ``phone`` ...

    Columns that cannot be restored are an InputError that names them; with ``others`` as "drop" they
    are left out, as "keep" they stay masked.
    """
    policy, secret = _told(rules, key, more)
    made: Data = _turned(data, policy, table, restoring(secret, others))
    return made


def _told(rules: Rules, key: KeyLike, more: Mapping[str, Any]) -> tuple[Policy, transforms.Key]:
    """The policy and the key that a call names."""
    unknown = more.keys() - {"types", "domains", "unique", "nulls", "unmapped"}
    if unknown:
        raise TypeError(f"unexpected keyword {sorted(unknown)[0]!r}")
    if isinstance(rules, Mapping):
        policy, text = Policy(rules, **more), "${UNDERSTUDY_KEY}"
    else:
        file = load_rules(Path(rules))
        policy, text = file.policy, file.key
    if isinstance(key, transforms.Key):
        return policy, key
    return policy, transforms.Key.parse(resolve(text, "key") if key is None else key)


def _turned(data: Any, policy: Policy, table: str, way: Way) -> Any:
    if isinstance(data, Mapping):
        return _document(Documents(policy, table, way)([dict(data)])[0])
    if isinstance(data, list) and all(isinstance(row, Mapping) for row in data):
        rows = [dict(row) for row in data]
        return [_document(row) for row in Documents(policy, table, way, reread=lambda: [rows])(rows)]
    if isinstance(data, pa.RecordBatchReader):
        return _stream(data, lane_of(policy, table, data.schema, way))
    if isinstance(data, pa.RecordBatch):
        return lane_of(policy, table, data.schema, way, reread=lambda: [data])(data)
    if _is_frame(data, "pandas"):
        return _pandas(data, policy, table, way)
    if _is_frame(data, "polars"):
        return _polars(data, policy, table, way)
    if hasattr(data, "__arrow_c_stream__"):
        return _table(pa.table(data), policy, table, way)
    kind = f"{type(data).__module__}.{type(data).__qualname__}"
    hint = "give an Arrow table, a pandas or polars DataFrame, a dict or a list of dicts"
    raise InputError(f"a {kind} cannot be masked", hint=hint)


def as_table(data: Any, done: str) -> pa.Table:
    """A frame of any kind as an Arrow table; an InputError, saying what it cannot be (``done``), where it is none."""
    if isinstance(data, pa.Table):
        return data
    if isinstance(data, pa.RecordBatch):
        return pa.Table.from_batches([data])
    if isinstance(data, pa.RecordBatchReader):
        return data.read_all()
    if _is_frame(data, "pandas"):
        return pa.Table.from_pandas(data, preserve_index=False)
    if hasattr(data, "__arrow_c_stream__"):
        whole = pa.table(data)
        viewed = [one.with_type(pa.string()) if one.type == pa.string_view() else one for one in whole.schema]
        return whole.cast(pa.schema(viewed))  # few of Arrow's functions take views
    kind = f"{type(data).__module__}.{type(data).__qualname__}"
    raise InputError(f"a {kind} cannot be {done}", hint="give an Arrow table, or a pandas or polars DataFrame")


def _is_frame(data: Any, package: str) -> bool:
    return type(data).__name__ == "DataFrame" and type(data).__module__.partition(".")[0] == package


def _document(row: dict[str, Any]) -> dict[str, Any]:
    """A document with numbers of Python inside it."""
    return {name: _plain(value) if isinstance(value, dict | list) else value for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner) for inner in value]
    return float(value.digits) if isinstance(value, Number) else value


def _stream(data: pa.RecordBatchReader, lane: Lane) -> pa.RecordBatchReader:
    return arrow.reader(lane.columns(data.schema), (lane(batch) for batch in data))


def _table(data: pa.Table, policy: Policy, table: str, way: Way) -> pa.Table:
    def batches() -> Iterator[pa.RecordBatch]:
        return iter(data.to_batches(max_chunksize=BATCH_ROWS))

    return _stream(data.to_reader(BATCH_ROWS), lane_of(policy, table, data.schema, way, reread=batches)).read_all()


def _pandas(frame: Any, policy: Policy, table: str, way: Way) -> Any:
    """A frame of the same index and types; columns that no rule changes are the very same."""
    labels = {str(label): label for label in frame.columns}
    if len(labels) < len(frame.columns):
        raise InputError("two columns of the frame have the same name")
    columns = {name: _of_pandas(frame[[label]]) for name, label in labels.items()}
    whole = pa.table([column.column(0) for column in columns.values()], names=list(columns))
    made = _table(whole, policy, table, way)
    found = frame.copy(deep=False)
    for name, label in labels.items():
        if name not in made.column_names:
            found = found.drop(columns=[label])
        elif not made.column(name).equals(whole.column(name)):
            alone = made.select([name]).replace_schema_metadata(columns[name].schema.metadata)
            found[label] = alone.to_pandas().iloc[:, 0].set_axis(frame.index)
    return found


def _of_pandas(column: Any) -> pa.Table:
    try:
        return pa.Table.from_pandas(column, preserve_index=False)
    except (pa.ArrowException, TypeError, ValueError):  # objects of several types: nothing but `keep` takes them
        return pa.table({str(column.columns[0]): pa.nulls(len(column))})


def _polars(frame: Any, policy: Policy, table: str, way: Way) -> Any:
    """A frame of the same types; columns that no rule changes are the very same."""
    whole = pa.table(frame)
    made = _table(whole, policy, table, way)
    changed = [name for name in made.column_names if not made.column(name).equals(whole.column(name))]
    found = sys.modules["polars"].from_arrow(made.select(changed)) if changed else None
    if found is not None:
        frame = frame.with_columns(found.get_columns())
    return frame.select(made.column_names)
