"""Documents as rows: the fields that rules name become columns, and go back where they stood.

A field has one kind of value; keys keep their order, and a field that is missing stays missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pyarrow as pa

from understudy import documents
from understudy.connections.files.records import Document
from understudy.documents import Number
from understudy.errors import InputError
from understudy.interfaces import Rule
from understudy.jobs.lane import Counts, Lane, Reread, Way
from understudy.jobs.policy import Policy
from understudy.schema import Column, Kind


@dataclass(frozen=True)
class Field:
    """A kind of value in documents: the column it makes, and how its values go there and back."""

    kind: Kind
    arrow_type: pa.DataType
    what: str
    there: Callable[[Any], Any] = lambda value: value
    back: Callable[[Any], Any] = lambda value: value

    def column(self, name: str) -> Column:
        """The column that rules see."""
        return Column(name, self.what, self.kind, self.arrow_type, as_text=self.kind == "decimal")


def _digits(value: Any) -> str:
    """A number as plain digits."""
    return format(Decimal(value.digits if isinstance(value, Number) else str(value)), "f")


_NOTHING = Field("text", pa.string(), "nothing")
_TEXT = Field("text", pa.string(), "texts")
_INTEGER = Field("integer", pa.int64(), "whole numbers")
_NUMBER = Field("decimal", pa.string(), "numbers with decimals", _digits, documents.number)
_FLOAT = Field("float", pa.float64(), "numbers")
_INSIDE = Field("json", pa.string(), "objects or lists", documents.write, documents.read)
_SEVERAL = replace(_INSIDE, what="values of several kinds")
_NUMBERS = replace(_INSIDE, what="whole numbers beside others (declare its type as decimal)")
_FIELDS: Mapping[type, Field] = {
    Number: _NUMBER,
    str: _TEXT,
    bool: Field("boolean", pa.bool_(), "yes or no"),
    int: _INTEGER,
    float: _FLOAT,
    dict: _INSIDE,
    list: _INSIDE,
    tuple: _INSIDE,
    datetime: Field("timestamp", pa.timestamp("us"), "moments"),
    date: Field("date", pa.date32(), "dates"),
    Decimal: Field("decimal", pa.string(), "decimal numbers", _digits, Decimal),
    UUID: Field("uuid", pa.binary(16), "UUIDs", lambda value: value.bytes, lambda value: UUID(bytes=value)),
    bytes: Field("bytes", pa.binary(), "bytes"),
}
_ZONED = Field("timestamp", pa.timestamp("us", "UTC"), "moments with a zone")


def field_of(values: list[Any], name: str, declared: Any) -> Field:
    """The kind of values of a field; nulls are of any."""
    found: dict[Field, None] = {}
    for kind in set(map(type, values)) - {type(None)}:
        known = next((_FIELDS[base] for base in kind.__mro__ if base in _FIELDS), None)
        if known is None:
            raise InputError(f"field {name!r} holds a {kind.__module__}.{kind.__qualname__}, which cannot be masked")
        found[known] = None
    if _FIELDS[datetime] in found and any(getattr(value, "tzinfo", None) for value in values):
        found = {_ZONED: None}
    kinds = found.keys()
    if kinds and kinds <= {_INTEGER, _NUMBER} and declared == "decimal":
        return _NUMBER
    if kinds == {_INTEGER, _FLOAT}:
        return _FLOAT
    if len(kinds) > 1:
        return _NUMBERS if kinds == {_INTEGER, _NUMBER} else _SEVERAL
    return next(iter(kinds), _NOTHING)


class Documents:
    """Documents of one table on their way through its rules."""

    def __init__(
        self,
        policy: Policy,
        table: str,
        way: Way,
        *,
        reread: Callable[[], Iterable[list[Document]]] | None = None,
        counts: Counts | None = None,
    ) -> None:
        self._policy, self._table, self._way = replace(policy, gaps=True), table, way
        self._reread = reread
        self.counts = counts or Counts()
        self._lanes: dict[tuple[tuple[str, Field], ...], Lane] = {}

    def __call__(self, rows: list[Document]) -> list[Document]:
        """Other documents, changed where rules say so."""
        names = dict.fromkeys(name for row in rows for name in row)
        values = {name: [row.get(name) for row in rows] for name in names}
        fields = {name: field_of(values[name], name, self._policy.declared(self._table, name)) for name in names}
        lane = self._lane(fields)
        after = lane(_columns(values, fields, lane.ruled.read))
        made = [dict(row) for row in rows]
        for name in lane.ruled.changed:
            if name in after.schema.names:
                _put(made, name, after.column(name).to_pylist(), fields[name])
            else:
                for row in made:
                    row.pop(name, None)
        return made

    @property
    def met(self) -> frozenset[str]:
        """The fields that there were."""
        return frozenset(name for known in self._lanes for name, _ in known)

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules of all fields that were met."""
        return {name: rule for lane in self._lanes.values() for name, rule in lane.rules.items()}

    def _lane(self, fields: Fields) -> Lane:
        """The lane of documents whose fields hold these kinds."""
        known = tuple(fields.items())
        if known not in self._lanes:
            self._lanes[known] = self._made(fields)
        return self._lanes[known]

    def _made(self, fields: Fields) -> Lane:
        columns: list[Column] = []
        read_as = {}
        for name, kind in fields.items():
            column, found = kind.column(name), None
            if kind is _TEXT:
                column, found = self._policy.column(self._table, name, pa.string())
            if found is not None:
                read_as[name] = found
            columns.append(column)
        idle = {name for name, kind in fields.items() if kind is _NOTHING}
        ruled = self._policy.rules(self._policy.table(self._table, columns), idle=idle)
        again = self._again(fields, ruled.read) if self._reread else None
        return Lane(ruled, self._way, read_as=read_as, nulls=self._policy.nulls, reread=again, counts=self.counts)

    def _again(self, fields: Fields, names: tuple[str, ...]) -> Reread:
        """The same documents from the beginning, as columns."""

        def batches() -> Iterator[pa.RecordBatch]:
            for rows in self._reread() if self._reread else ():
                yield _columns({name: [row.get(name) for row in rows] for name in names}, fields, names)

        return batches


Fields = Mapping[str, Field]


def _columns(values: Mapping[str, list[Any]], fields: Fields, names: tuple[str, ...]) -> pa.RecordBatch:
    return pa.RecordBatch.from_arrays([_array(values[name], fields[name], name) for name in names], names=list(names))


def _put(rows: list[Document], name: str, values: list[Any], kind: Field) -> None:
    """Put values where a field stands."""
    for row, value in zip(rows, values, strict=True):
        if name in row:
            row[name] = None if value is None else kind.back(value)


def _array(values: list[Any], kind: Field, name: str) -> pa.Array:
    try:
        return pa.array([None if value is None else kind.there(value) for value in values], kind.arrow_type)
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        raise InputError(f"field {name!r} holds {kind.what} that are too large, or broken") from None
