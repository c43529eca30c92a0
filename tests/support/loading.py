"""What the tests of loading share: a database staged whole, a load that stops midway, an ordinary role, a full dump."""

from __future__ import annotations

import itertools
import os
import re
import subprocess
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pyarrow as pa

from conftest import run_sql
from understudy.connections.folder import Folder
from understudy.connections.postgres.load import load
from understudy.connections.postgres.read import Postgres
from understudy.connections.postgres.server import binary
from understudy.interfaces import Ddl, Mode, Scan
from understudy.schema import Schema, TableName

Made = tuple[Folder, Ddl | None]


def silent(*_: object) -> None:
    """Progress nobody looks at."""


def staged(url: str, path: Path) -> tuple[Folder, Ddl]:
    """All of a database as a folder, and its definitions."""
    with Postgres(url).snapshot() as snapshot:
        ddl = snapshot.ddl()
        Folder(path).load(snapshot, mode="create", ddl=ddl, progress=silent)
    return Folder(path), ddl


def into(url: str, made: Made, mode: Mode = "create") -> Mapping[TableName, int]:
    """Load what was staged."""
    return load(url, made[0], mode=mode, ddl=made[1], progress=silent)


def dumped(url: str, *options: str) -> str:
    """Everything pg_dump tells of a database, rows and sequences included; lines that differ by run removed."""
    program = binary("pg_dump", at_least=18)
    command = [program, "--no-owner", *options, f"--dbname={url}"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return re.sub(r"(?m)^\\(un)?restrict .*\n|^-- Dumped .*\n", "", done.stdout)


_numbers = itertools.count(1)


@dataclass
class Role:
    """An ordinary role: no superuser, owner of nothing yet."""

    name: str
    urls: list[str] = field(default_factory=list)

    def on(self, url: str) -> str:
        """The same database through this role; what it owns there is given back at the end."""
        self.urls.append(url)
        parts = urlsplit(url)
        return parts._replace(netloc=f"{self.name}@{parts.netloc.rpartition('@')[2]}").geturl()


@contextmanager
def ordinary_role(url: str) -> Iterator[Role]:
    """A role for one test."""
    role = Role(f"plain_{os.getpid()}_{next(_numbers)}")
    run_sql(url, f"CREATE ROLE {role.name} LOGIN")
    try:
        yield role
    finally:
        for each in dict.fromkeys(role.urls):
            run_sql(each, f"REASSIGN OWNED BY {role.name} TO CURRENT_USER; DROP OWNED BY {role.name}")
        run_sql(url, f"DROP ROLE {role.name}")


class Paused:
    """A Dataset that stops in the middle of a table until it is let go."""

    def __init__(self, inner: Folder) -> None:
        self.inner, self.reached, self.go_on = inner, threading.Event(), threading.Event()

    def schema(self) -> Schema:
        """That of the Dataset inside."""
        return self.inner.schema()

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        """The same rows; after each batch it waits."""
        found = self.inner.read(scan)

        def batches() -> Iterator[pa.RecordBatch]:
            for batch in found:
                yield batch
                self.reached.set()
                assert self.go_on.wait(60)

        return pa.RecordBatchReader.from_batches(found.schema, batches())
