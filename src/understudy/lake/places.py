"""Where the files of a lake are: a local folder or an object store, opened, written to, and waited for."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pyiceberg.io import FileIO
from pyiceberg.io.pyarrow import PyArrowFile, PyArrowFileIO

from understudy.connections import parquet
from understudy.errors import Error, InputError

_SYNCING = 16
"""Files that are waited for at once: a disk writes them together."""

_SCHEMES = ("", "file", "s3", "s3a", "gs", "abfs", "abfss")


_ENVIRONMENT = {
    "s3.endpoint": ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
    "s3.region": ("AWS_REGION", "AWS_DEFAULT_REGION"),
    "s3.connect-timeout": ("AWS_CONNECT_TIMEOUT",),
    "s3.request-timeout": ("AWS_REQUEST_TIMEOUT",),
}


def from_environment() -> dict[str, str]:
    """What the usual variables tell of an object store; keys and profiles are found by the AWS library itself."""
    found = {
        name: next((os.environ[one] for one in variables if os.environ.get(one)), "")
        for name, variables in _ENVIRONMENT.items()
    }
    if found["s3.endpoint"] and not found["s3.region"]:
        found["s3.region"] = "us-east-1"  # else Amazon would be asked where the bucket is
    return {name: value for name, value in found.items() if value}


def open_io(warehouse: str, properties: Mapping[str, str] | None = None) -> FileIO:
    """How files of a warehouse are read and written: a folder, or ``s3://bucket/prefix``.

    Properties are PyIceberg's (``s3.endpoint`` ...); what they do not say, the environment may (AWS_ENDPOINT_URL ...).
    """
    scheme = urlsplit(warehouse).scheme
    if scheme not in _SCHEMES:
        raise InputError(f"warehouse {warehouse!r} is of no known kind", hint="give a folder or s3://bucket/prefix")
    if (folder := local_path(warehouse)) is not None:
        with parquet.disk_errors(folder, needed=0):
            folder.mkdir(parents=True, exist_ok=True)
    return _Files({**from_environment(), **(properties or {})})


class _Files(PyArrowFileIO):
    """Opens files with errors that name them and say what to do; a file that is not there is FileNotFoundError."""

    def new_input(self, location: str) -> PyArrowFile:
        found = super().new_input(location)
        return _File(found.location, found._path, found._filesystem, found._buffer_size)


class _File(PyArrowFile):
    def open(self, seekable: bool = True) -> Any:
        try:
            return super().open(seekable)
        except FileNotFoundError:
            raise
        except OSError as error:
            message = f"{self.location!r} cannot be read: {error}"
            raise Error(message, hint="run it again once the store is reachable") from error


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
