"""What the texts of files without types hold: numbers, dates or moments, found by reading every one of them.

Meant for what is learned and made anew, not for what must come back as it was: white space around a number goes,
and so do the words that people write where there is none.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import pyarrow as pa
import pyarrow.compute as pc

from understudy.arrow import is_text

_NOTHING = pa.array(["", "?", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "\\N"])
"""Texts that stand where a number or a date is missing."""
_FORMS = {
    "integer": r"^-?(0|[1-9][0-9]{0,17})$",
    "decimal": r"^-?(0|[1-9][0-9]{0,11})\.[0-9]{1,5}$",
    "float": r"^[-+]?(0|[1-9][0-9]*)?(\.[0-9]*)?([eE][-+]?[0-9]+)?$",
    "date": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$",
    "moment": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,6})?)?$",
}
_TYPES = {"integer": pa.int64(), "float": pa.float64(), "date": pa.date32(), "moment": pa.timestamp("us")}
_TRIED = ("float", "date", "moment")
"""Forms that say too little: 2023-02-31 has the form of a date, and a hyphen that of a number."""


@dataclass
class _Seen:
    """What the texts of one column may still be."""

    forms: set[str] = field(default_factory=lambda: set(_FORMS))
    decimals: set[int] = field(default_factory=set)
    some: bool = False

    def take(self, texts: pa.Array) -> None:
        here = _trimmed(texts).drop_null()
        if not len(here) or not self.forms:
            return
        self.some = True
        self.forms = {form for form in self.forms if pc.all(pc.match_substring_regex(here, _FORMS[form])).as_py()}
        for form in self.forms.intersection(_TRIED):
            try:
                here.cast(_TYPES[form])
            except pa.ArrowInvalid:
                self.forms.discard(form)
        if "decimal" in self.forms:
            points = pc.subtract(pc.utf8_length(here), pc.find_substring(here, "."))
            self.decimals |= set(pc.unique(points).to_pylist())

    @property
    def arrow_type(self) -> pa.DataType:
        if not self.some:
            return pa.string()
        if "integer" not in self.forms and "decimal" in self.forms and len(self.decimals) == 1:
            return pa.decimal128(18, min(self.decimals) - 1)  # the point itself is counted
        return next((_TYPES[form] for form in _TYPES if form in self.forms), pa.string())


def typed_schema(schema: pa.Schema, batches: Iterable[pa.RecordBatch]) -> pa.Schema:
    """The columns of these batches, those of texts as what all their texts are."""
    seen = {one.name: _Seen() for one in schema if is_text(one.type)}
    for batch in batches:
        for name, column in seen.items():
            column.take(batch.column(name))
    kinds = {name: column.arrow_type for name, column in seen.items()}
    return pa.schema([pa.field(one.name, kinds.get(one.name, one.type), one.nullable) for one in schema])


def retyped(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    """The columns of a batch as a typed schema has them; raises ``pa.ArrowInvalid`` where a text does not fit."""
    columns = [
        column if column.type == one.type or not is_text(column.type) else _trimmed(column).cast(one.type)
        for column, one in zip(batch.columns, schema, strict=True)
    ]
    return pa.RecordBatch.from_arrays(columns, names=batch.schema.names)


def _trimmed(texts: pa.Array) -> pa.Array:
    trimmed = pc.utf8_trim_whitespace(texts)
    return pc.if_else(pc.is_in(trimmed, _NOTHING), None, trimmed)
