"""Where bytes come from and go to: a file, or standard input and output; compressed if the name says so.

A file appears at its place when it is complete: it is written beside, as ``NAME.partial``, and moved.
"""

from __future__ import annotations

import fcntl
import os
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa

from understudy.connections.parquet import disk_errors
from understudy.errors import InputError

PIPE = "-"
"""What stands for standard input, or standard output, in the place of a path."""

COMPRESSION = {".gz": "gzip", ".zst": "zstd", ".bz2": "bz2"}
"""Endings that say how a file is compressed."""


@contextmanager
def opened(path: str, *, seekable: bool = False) -> Iterator[Any]:
    """A readable stream over the plain bytes of a file or of standard input; one that can be read from its end."""
    kind = COMPRESSION.get(Path(path).suffix)
    if seekable and (kind or (path == PIPE and not sys.stdin.buffer.seekable())):
        raise InputError(f"{path!r} is of a format that is read from its end", hint="give it as a plain file")
    with _raw(path) as raw:
        if kind is None:
            yield raw
        else:
            with pa.CompressedInputStream(raw, kind) as plain:
                yield plain


def _raw(path: str) -> Any:
    if path == PIPE:
        return pa.PythonFile(_Kept(sys.stdin.buffer), mode="r")
    place = Path(path)
    if not place.exists():
        raise InputError(f"there is no file {path!r}")
    if place.is_dir():
        raise InputError(f"{path!r} is a folder, not a file")
    try:
        return pa.OSFile(path, "rb") if place.is_file() else pa.PythonFile(place.open("rb"), mode="r")
    except OSError as error:
        raise InputError(f"{path!r} cannot be read: {os.strerror(error.errno or 0)}") from error


class _Kept:
    """A file that whoever uses it cannot close."""

    closed = False

    def __init__(self, file: IO[bytes]) -> None:
        self.read, self.write, self.seek, self.tell = file.read, file.write, file.seek, file.tell
        self.flush, self.seekable, self.readable, self.writable = (
            file.flush,
            file.seekable,
            file.readable,
            file.writable,
        )

    def close(self) -> None:
        """Leave it open."""


class Output:
    """A place for bytes, held until they are complete: ``write`` them, then ``publish``; without it nothing is left."""

    def __init__(self, path: str, *, force: bool = False) -> None:
        self.path = path
        self.written = 0
        self._place = Path(path)
        self._partial = self._place.with_name(self._place.name + ".partial")
        self._direct = path == PIPE or _is_device(self._place)
        if not self._direct:
            refuse_existing(self._place, force=force)
        self._raw = self._open()
        kind = None if path == PIPE else COMPRESSION.get(self._place.suffix)
        self._packed = pa.CompressedOutputStream(pa.PythonFile(_Kept(self._raw), mode="w"), kind) if kind else None

    def _open(self) -> IO[bytes]:
        if self.path == PIPE:
            return sys.stdout.buffer
        if self._direct:
            return self._place.open("wb")
        try:
            self._place.parent.mkdir(parents=True, exist_ok=True)
            file = self._partial.open("ab")
        except OSError as error:
            raise InputError(f"{self.path!r} cannot be written: {os.strerror(error.errno or 0)}") from error
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.close()
            raise InputError(f"another process is writing {self.path!r}", hint="wait until it is done") from None
        file.truncate(0)  # what a killed process left
        return file

    def write(self, data: Any) -> int:
        """Take some bytes."""
        size = memoryview(data).nbytes
        with disk_errors(self._place, needed=size):
            (self._packed or self._raw).write(data)
        self.written += size
        return size

    def publish(self) -> None:
        """The bytes are complete: wait for the disk and put the file in its place."""
        with disk_errors(self._place, needed=0):
            if self._packed:
                self._packed.close()
            self._raw.flush()
            if not self._direct:
                os.fsync(self._raw.fileno())
                self._partial.replace(self._place)
            if self.path != PIPE:
                self._raw.close()

    def discard(self) -> None:
        """Leave nothing behind, if it was not published."""
        if self.path != PIPE and not self._raw.closed:
            self._raw.close()
            if not self._direct:
                self._partial.unlink(missing_ok=True)


@contextmanager
def output(path: str, *, force: bool = False) -> Iterator[Output]:
    """A place to write to, published if the block ends well."""
    place = Output(path, force=force)
    try:
        yield place
        place.publish()
    finally:
        place.discard()


def refuse_existing(path: Path, *, force: bool) -> None:
    """An InputError where something is there that may not be replaced."""
    if path.is_dir():
        raise InputError(f"{str(path)!r} is a folder, not a file")
    if path.exists() and not force:
        raise InputError(f"{str(path)!r} exists already", hint="choose another place, or replace it with `--force`")


def _is_device(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))
