"""The formats there are, by name and by the endings of files."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, TypeAlias

import pyarrow as pa

from understudy.connections.files.columnar import ParquetReader, ParquetWriter
from understudy.connections.files.csv import CsvReader, CsvWriter, Dialect
from understudy.connections.files.json_file import JsonReader, JsonWriter
from understudy.connections.files.jsonl import JsonlReader, JsonlWriter, Style
from understudy.connections.files.places import COMPRESSION, PIPE
from understudy.connections.files.records import Document, columns_of, to_batch, to_documents
from understudy.errors import InputError, unknown

Part: TypeAlias = pa.RecordBatch | list[Document]
"""Some rows: a batch, or documents."""


class Reader(Protocol):
    """What a stream holds, part by part."""

    @property
    def arrow_schema(self) -> pa.Schema | None:
        """The columns; None for documents, whose fields are found as they come."""
        ...

    def __iter__(self) -> Iterator[Part]:
        """The parts in order, once."""
        ...


class Writer(Protocol):
    """Takes parts of either kind."""

    def write(self, part: Any) -> None:
        """Append rows."""
        ...

    def close(self) -> None:
        """Write what waits; the bytes are complete then."""
        ...


@dataclass(frozen=True)
class Options:
    """What a person says of a file that its name does not."""

    delimiter: str = ""
    encoding: str = "utf-8"
    header: bool = True
    about: Mapping[str, str] = field(default_factory=dict)
    """What is written into files that have a place for it."""


Begin = Callable[[Any, pa.Schema, Options, Reader], Writer]
"""A writer of parts of a format's own kind, told of the reader, whose ways it keeps where they are of one format."""


@dataclass(frozen=True)
class Format:
    """One format of files: how a stream of it is read, and written."""

    name: str
    endings: tuple[str, ...]
    read: Callable[[Any, str, Options], Reader]
    begin: Begin
    documents: bool = False
    """It has no columns."""
    as_text: bool = False
    """All its columns are text."""
    seekable: bool = False
    """It is read from its end."""

    def writer(self, out: Any, options: Options, reader: Reader) -> Writer:
        """A writer of whatever a reader's parts become."""
        if self.documents:
            return _Documents(self.begin(out, pa.schema([]), options, reader))
        return _Columns(self, lambda columns: self.begin(out, columns, options, reader))


class _Documents:
    """A writer of documents that takes batches too."""

    def __init__(self, inner: Writer) -> None:
        self._inner = inner
        self.close = inner.close

    def write(self, part: Part) -> None:
        self._inner.write(to_documents(part) if isinstance(part, pa.RecordBatch) else part)


class _Columns:
    """A writer of batches that takes documents too: the first of them decide which columns there are."""

    def __init__(self, form: Format, begin: Callable[[pa.Schema], Writer]) -> None:
        self._form, self._begin = form, begin
        self._inner: Writer | None = None
        self._columns = pa.schema([])

    def write(self, part: Part) -> None:
        if self._inner is None:
            found = part.schema if isinstance(part, pa.RecordBatch) else columns_of(part, as_text=self._form.as_text)
            self._columns, self._inner = found, self._begin(found)
        self._inner.write(part if isinstance(part, pa.RecordBatch) else to_batch(part, self._columns))

    def close(self) -> None:
        if self._inner is not None:
            self._inner.close()


def _read_csv(stream: Any, name: str, told: Options) -> Reader:
    return CsvReader(stream, name=name, delimiter=told.delimiter, encoding=told.encoding, header=told.header)


def _read_tsv(stream: Any, name: str, told: Options) -> Reader:
    return _read_csv(stream, name, replace(told, delimiter=told.delimiter or "\t"))


def _begin_csv(out: Any, columns: pa.Schema, _told: Options, reader: Reader) -> Writer:
    usual = reader.dialect if isinstance(reader, CsvReader) else Dialect()
    return CsvWriter(out, columns, replace(usual, delimiter="," if usual.delimiter == "\t" else usual.delimiter))


def _begin_tsv(out: Any, columns: pa.Schema, _told: Options, reader: Reader) -> Writer:
    usual = reader.dialect if isinstance(reader, CsvReader) else Dialect()
    return CsvWriter(out, columns, replace(usual, delimiter="\t"))


def _begin_jsonl(out: Any, _columns: pa.Schema, _told: Options, reader: Reader) -> Writer:
    return JsonlWriter(out, reader.style if isinstance(reader, JsonlReader) else Style())


def _begin_json(out: Any, _columns: pa.Schema, _told: Options, reader: Reader) -> Writer:
    if isinstance(reader, JsonReader):
        return JsonWriter(out, single=reader.single, style=reader.style)
    return JsonWriter(out)


def _begin_parquet(out: Any, columns: pa.Schema, told: Options, reader: Reader) -> Writer:
    compression = reader.compression if isinstance(reader, ParquetReader) else "snappy"
    return ParquetWriter(out, columns, compression=compression, about=told.about)


FORMATS: dict[str, Format] = {
    "csv": Format("csv", (".csv",), _read_csv, _begin_csv, as_text=True),
    "tsv": Format("tsv", (".tsv", ".tab"), _read_tsv, _begin_tsv, as_text=True),
    "jsonl": Format(
        "jsonl",
        (".jsonl", ".ndjson"),
        lambda stream, name, _told: JsonlReader(stream, name=name),
        _begin_jsonl,
        documents=True,
    ),
    "json": Format(
        "json",
        (".json",),
        lambda stream, name, _told: JsonReader(stream, name=name),
        _begin_json,
        documents=True,
    ),
    "parquet": Format(
        "parquet",
        (".parquet", ".pq"),
        lambda stream, name, _told: ParquetReader(stream, name=name),
        _begin_parquet,
        seekable=True,
    ),
}
"""What files can be; assign to it to add one."""


def stem(path: Path) -> str:
    """A file's name without the endings that say its format and how it is compressed."""
    plain = path.with_suffix("") if path.suffix in COMPRESSION else path
    return plain.stem


def format_of(path: str, given: str = "", *, usual: str = "") -> Format:
    """The format of a file by its name, unless it is given; ``usual`` where the name says nothing."""
    if given:
        if given not in FORMATS:
            raise unknown("format", given, FORMATS)
        return FORMATS[given]
    place = Path(path)
    ending = place.with_suffix("").suffix if place.suffix in COMPRESSION else place.suffix
    for found in FORMATS.values():
        if ending.lower() in found.endings:
            return found
    if usual:
        return FORMATS[usual]
    what = "a pipe" if path == PIPE else repr(path)
    hint = f"say it with `--format`: {', '.join(FORMATS)}"
    raise InputError(f"the format of {what} is not known", hint=hint)


def tables_in(folder: Path) -> tuple[list[Path], list[str]]:
    """The files of a folder that hold rows, and the names of all else in it."""
    known = [ending for found in FORMATS.values() for ending in found.endings]
    files, others = [], []
    for path in sorted(folder.iterdir()):
        ending = path.with_suffix("").suffix if path.suffix in COMPRESSION else path.suffix
        if path.is_file() and ending.lower() in known and not path.name.startswith("."):
            files.append(path)
        else:
            others.append(path.name)
    if not files:
        raise InputError(f"{str(folder)!r} holds no {', '.join(known)} file")
    return files, others
