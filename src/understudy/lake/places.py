"""Where the files of a lake are: a local folder or an object store, opened, written to, and waited for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFileIO

from understudy.connections import parquet
from understudy.errors import Error, InputError

_SYNCING = 16
"""Files that are waited for at once: a disk writes them together."""

_SCHEMES = ("", "file", "s3", "s3a", "gs", "abfs", "abfss")


def open_io(warehouse: str, properties: Mapping[str, str] | None = None) -> FileIO:
    """How files of a warehouse are read and written: a folder, or ``s3://bucket/prefix`` with ``s3.endpoint`` etc."""
    scheme = urlsplit(warehouse).scheme
    if scheme not in _SCHEMES:
        raise InputError(f"warehouse {warehouse!r} is of no known kind", hint="give a folder or s3://bucket/prefix")
    if (folder := local_path(warehouse)) is not None:
        with parquet.disk_errors(folder, needed=0):
            folder.mkdir(parents=True, exist_ok=True)
    return PyArrowFileIO(dict(properties or {}))


def local_path(location: str) -> Path | None:
    """Where a location is on this machine's disks; None where it is elsewhere."""
    parts = urlsplit(location)
    if parts.scheme == "file":
        return Path(location.removeprefix("file://"))
    return Path(location).absolute() if not parts.scheme else None


def durable(locations: Iterable[str]) -> None:
    """Wait until local files, and their names, are on the disk; files elsewhere are where they are once written.

    What a commit names must be durable before it: ``[written metadata, *metadata.paths(...)]``.  ``write`` does this
    for the data files by itself.
    """
    local = [path for location in locations if (path := local_path(location)) is not None]
    wanted = [*local, *{path.parent for path in local}]
    if len(wanted) < 3:
        for path in wanted:
            _sync(path)
        return
    with ThreadPoolExecutor(min(_SYNCING, len(wanted))) as pool:
        for _ in pool.map(_sync, wanted):
            pass


def _sync(path: Path) -> None:
    with parquet.disk_errors(path, needed=0):
        file = os.open(path, os.O_RDONLY)
        try:
            os.fsync(file)
        finally:
            os.close(file)


@contextmanager
def written(location: str, *, needed: int = 0) -> Iterator[None]:
    """Turn what a disk or an object store says while a file is written into an Error that names the file."""
    if (path := local_path(location)) is not None:
        with parquet.disk_errors(path, needed=needed):
            yield
        return
    try:
        yield
    except OSError as error:
        message = f"{location!r} cannot be written: {error}"
        raise Error(message, hint="nothing was committed; run it again once the store is reachable") from error
