"""CSV as exact text: what is empty stays empty, what is quoted and empty stays so, and nobody guesses a type.

A field that is not quoted and empty is NULL, a quoted one is an empty text.  What a file's own
delimiter, line ends and habits of quoting are is seen in its header, and kept when CSV is written again.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, NoReturn, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv

from understudy.arrow import spans
from understudy.connections.files.text import written
from understudy.errors import InputError

_BLOCK_BYTES = 2 << 20
"""Read at once; no record may be longer."""
_HEAD_BYTES = 1 << 16
_MOST_BYTES = 1 << 28
"""Of one batch to write; larger ones are written in halves."""
_BOM = b"\xef\xbb\xbf"
_DELIMITERS = ",;\t|"
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


@dataclass(frozen=True)
class Dialect:
    """How a CSV file is written."""

    delimiter: str = ","
    line_end: str = "\n"
    quote_all: bool = False
    bom: bool = False
    encoding: str = "utf-8"
    header: bool = True
    """The first record holds the names of the columns; else they are column1, column2 ..."""


class Bytes(Protocol):
    """What takes what is written."""

    def write(self, data: Any) -> int:
        """Take some bytes."""
        ...


class CsvReader:
    """The records of a CSV stream, in batches; every column is text."""

    def __init__(
        self, stream: Any, *, name: str, delimiter: str = "", encoding: str = "utf-8", header: bool = True
    ) -> None:
        self._name = name
        self._wrong: tuple[int, int] | None = None
        if encoding.lower().replace("_", "-") not in ("utf-8", "utf8"):
            stream = _transcoded(stream, encoding)
        head = _Head(stream)
        self.dialect, names = _seen(head, delimiter, name)
        self.dialect = replace(self.dialect, encoding=encoding, header=header)
        names = _named(names, name) if header else [f"column{number + 1}" for number in range(len(names))]
        self.arrow_schema = pa.schema([(column, pa.string()) for column in names])
        self._rest = head

    def __iter__(self) -> Iterator[pa.RecordBatch]:
        names = self.arrow_schema.names
        try:
            yield from pa.csv.open_csv(
                pa.PythonFile(self._rest, mode="r"),
                read_options=pa.csv.ReadOptions(
                    block_size=_BLOCK_BYTES,
                    column_names=names,
                    skip_rows_after_names=int(self.dialect.header),
                    use_threads=False,
                ),
                parse_options=pa.csv.ParseOptions(
                    delimiter=self.dialect.delimiter,
                    newlines_in_values=True,
                    ignore_empty_lines=len(names) > 1,  # of a single column, an empty line is a NULL
                    invalid_row_handler=self._ragged,
                ),
                convert_options=pa.csv.ConvertOptions(
                    column_types=self.arrow_schema,
                    null_values=[""],
                    strings_can_be_null=True,
                    quoted_strings_can_be_null=False,
                ),
            )
        except (pa.ArrowException, UnicodeError, OSError) as error:
            self._refuse(error)

    def _ragged(self, row: Any) -> str:
        self._wrong = (row.number or 0, row.actual_columns)
        return "error"

    def _refuse(self, error: Exception) -> NoReturn:
        """An InputError that says where; what Arrow says quotes rows."""
        text = str(error)
        if self._wrong is not None:
            row, fields = self._wrong
            first = "header" if self.dialect.header else "first"
            message = f"record {row} has {fields} fields and the {first} has {len(self.arrow_schema)}"
            raise InputError(f"{self._name}: {message}", hint="is a quote missing, or the delimiter another?") from None
        if "straddling" in text:
            message = f"a record is longer than {_BLOCK_BYTES >> 20} MiB"
            raise InputError(f"{self._name}: {message}", hint="is a closing quote missing?") from None
        if isinstance(error, UnicodeError) or "UTF8" in text:
            place = re.search(r"Row #(\d+)", text)
            where = f"record {place.group(1)} is" if place else "it is"
            hint = "name its encoding: `--encoding latin-1`, `cp1252`, `utf-16` ..."
            raise InputError(f"{self._name}: {where} not written in {self.dialect.encoding}", hint=hint) from None
        raise InputError(f"{self._name} cannot be read as CSV ({type(error).__name__})") from None


class _Head(io.RawIOBase):
    """A stream whose beginning was looked at already."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.seen = b""

    def look(self) -> bool:
        """Look further; False at the end."""
        more = self._stream.read(max(_HEAD_BYTES, len(self.seen)))
        self.seen += more
        return bool(more)

    def readable(self) -> bool:
        return True

    def read(self, size: int | None = -1) -> bytes:
        if not self.seen:
            data: bytes = self._stream.read(size)
            return data
        size = len(self.seen) if size is None or size < 0 else size
        taken, self.seen = self.seen[:size], self.seen[size:]
        return taken


def _transcoded(stream: Any, encoding: str) -> Any:
    try:
        return pa.transcoding_input_stream(stream, encoding, "utf-8")
    except LookupError:
        raise InputError(f"there is no encoding {encoding!r}", hint="latin-1, cp1252, utf-16, shift_jis ...") from None


def _seen(head: _Head, delimiter: str, name: str) -> tuple[Dialect, list[str]]:
    """The dialect and the column names, from as much of the beginning as holds the header."""
    while True:
        more = head.look()
        text = head.seen.removeprefix(_BOM).decode(errors="replace")
        outside = _QUOTED.sub("", text)
        if re.search(r"[\r\n]", outside) or not more:
            break
    if not text:
        raise InputError(f"{name} holds nothing, not even a header")
    first = re.split(r"[\r\n]", outside, maxsplit=1)[0]
    used = delimiter or max(_DELIMITERS, key=first.count)
    names = next(csv.reader(io.StringIO(text, newline=""), delimiter=used))
    ends = re.search(r"\r\n|\n|\r", outside)
    return (
        Dialect(
            delimiter=used,
            line_end=ends.group() if ends else "\n",
            quote_all=not re.sub(re.escape(used), "", first) and bool(_QUOTED.match(text)),
            bom=head.seen.startswith(_BOM),
        ),
        names,
    )


def _named(names: list[str], name: str) -> list[str]:
    """The names that a header gives; an InputError where it cannot be one."""
    if any("\N{REPLACEMENT CHARACTER}" in one for one in names):
        hint = "name its encoding: `--encoding latin-1`, `cp1252`, `utf-16` ..."
        raise InputError(f"{name}: its header is not written in UTF-8", hint=hint)
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise InputError(
            f"{name}: two columns are called {twice[0]!r}", hint="where the first line holds no names: `--no-header`"
        )
    return names


class CsvWriter:
    """Batches as CSV; a field is quoted where it must be, or all are where all were."""

    def __init__(self, out: Bytes, arrow_schema: pa.Schema, dialect: Dialect | None = None) -> None:
        self._out = out
        self._dialect = dialect or Dialect()
        self._special = np.zeros(256, bool)
        self._special[list(f'"\r\n{self._dialect.delimiter}'.encode())] = True
        header = pa.RecordBatch.from_arrays(
            [pa.array([name]) for name in arrow_schema.names], names=list(arrow_schema.names)
        )
        self._put((_BOM if self._dialect.bom else b"") + (self._lines(header) if self._dialect.header else b""))

    def write(self, batch: pa.RecordBatch) -> None:
        """Append rows."""
        if batch.nbytes > _MOST_BYTES and batch.num_rows > 1:
            half = batch.num_rows // 2
            self.write(batch.slice(0, half))
            self.write(batch.slice(half))
        elif batch.num_rows:
            self._put(self._lines(batch))

    def close(self) -> None:
        """Nothing is left to write."""

    def _put(self, data: bytes) -> None:
        other = self._dialect.encoding
        try:
            self._out.write(data if other == "utf-8" else data.decode().encode(other))
        except UnicodeEncodeError:
            hint = "write another format, or read the file in UTF-8"
            raise InputError(f"a stand-in has letters that {other} does not know", hint=hint) from None

    def _lines(self, batch: pa.RecordBatch) -> bytes:
        fields = [self._fields(written(column, name)) for name, column in zip(batch.schema.names, batch, strict=True)]
        rows = fields[0]
        if len(fields) > 1:
            joint = self._dialect.delimiter
            rows = pc.binary_join_element_wise(*fields, joint, null_handling="replace", null_replacement="")
        ended = pc.binary_join_element_wise(
            rows, "", self._dialect.line_end, null_handling="replace", null_replacement=""
        )
        data, offsets = spans(ended)
        return data[offsets[0] : offsets[-1]].tobytes()

    def _fields(self, texts: pa.Array) -> pa.Array:
        if self._dialect.quote_all:
            return _quoted(texts)
        empty = pc.equal(pc.binary_length(texts), 0)
        data, offsets = spans(texts)
        if self._special[data[offsets[0] : offsets[-1]]].any():
            inside = re.escape(self._dialect.delimiter)
            empty = pc.or_(empty, pc.match_substring_regex(texts, f'["\r\n{inside}]'))
        chosen = pc.fill_null(empty, False)
        return pc.replace_with_mask(texts, chosen, _quoted(texts.filter(chosen))) if chosen.true_count else texts


def _quoted(texts: pa.Array) -> pa.Array:
    return pc.binary_join_element_wise('"', pc.replace_substring(texts, '"', '""'), '"', "")
