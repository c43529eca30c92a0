"""What tests share: a real PostgreSQL server per worker, fresh databases on it, the real databases where present."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import psycopg
import pytest
from hypothesis import settings
from psycopg import sql

from support.shop import SHOP, Shop
from understudy.connections.postgres.server import THROW_AWAY, Server

# no deadline: whichever example calls a kernel first waits until it is compiled
settings.register_profile("same", derandomize=True, deadline=None)
settings.register_profile("explore", derandomize=False, deadline=None)
settings.load_profile("same")  # so that a change fails for what it changed; `--hypothesis-profile=explore` draws anew


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest tests first, or one worker does them at the end while the others wait."""
    items.sort(key=lambda item: item.path.name != "test_docs.py")


@dataclass(frozen=True)
class GivenServer:
    """The server of UNDERSTUDY_TEST_POSTGRES, used like our own."""

    given: str

    def url(self, database: str = "postgres") -> str:
        return urlsplit(self.given)._replace(path="/" + quote(database, safe="")).geturl()

    def create(self, database: str) -> str:
        run_sql(self.url(), sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(database)))
        return self.url(database)

    def drop(self, database: str) -> None:
        run_sql(self.url(), sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(database)))


def run_sql(url: str, script: str | sql.Composed) -> None:
    """Run a script of any number of statements, as one transaction unless the script says BEGIN."""
    with psycopg.connect(url, autocommit=True, options="-c client_min_messages=error") as connection:
        connection.execute(script.encode() if isinstance(script, str) else script)


def query(url: str, statement: str) -> list[tuple[object, ...]]:
    """The rows of one query, as Python values."""
    with psycopg.connect(url, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server | GivenServer]:
    """A server of our own for this worker, or the one UNDERSTUDY_TEST_POSTGRES names."""
    given = os.environ.get("UNDERSTUDY_TEST_POSTGRES")
    if given:
        yield GivenServer(given)
        return
    with Server.start(tmp_path_factory.mktemp("postgres") / "data", options=THROW_AWAY) as server:
        yield server


_numbers = itertools.count(1)


@contextmanager
def _databases(postgres: Server | GivenServer) -> Iterator[Callable[..., str]]:
    """A maker of databases that are removed at the end."""
    made: list[str] = []

    def make(script: str = "", name: str = "") -> str:
        made.append(name or f"understudy_test_{os.getpid()}_{next(_numbers)}")
        url = postgres.create(made[-1])
        if script:
            run_sql(url, script)
        return url

    try:
        yield make
    finally:
        for name in made:
            postgres.drop(name)


@pytest.fixture
def database(postgres: Server | GivenServer) -> Iterator[Callable[..., str]]:
    """``database(script="", name="")`` makes an empty database, runs the script there and returns its URL."""
    with _databases(postgres) as make:
        yield make


@pytest.fixture(scope="module")
def module_database(postgres: Server | GivenServer) -> Iterator[Callable[..., str]]:
    """Like ``database``, for what the tests of a module only read."""
    with _databases(postgres) as make:
        yield make


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real databases; tests that need it skip where it is not there."""
    folder = Path(__file__).resolve().parents[2] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("the folder of real databases is not here")
    return folder


@pytest.fixture
def shop(database: Callable[..., str], tmp_path: Path) -> Shop:
    """A tiny shop as source, an empty database as destination, and the command line over both."""
    return Shop(tmp_path, database(SHOP), database())


Copied = tuple[Shop, dict[str, Any]]


@pytest.fixture
def ran(shop: Shop) -> Copied:
    """A shop of one's own that was copied, and the report of that."""
    return _ran(shop)


@pytest.fixture(scope="module")
def copied(module_database: Callable[..., str], tmp_path_factory: pytest.TempPathFactory) -> Copied:
    """A shop that was copied, for what the tests of a module only look at, and the report of that."""
    return _ran(Shop(tmp_path_factory.mktemp("shop"), module_database(SHOP), module_database()))


def _ran(shop: Shop) -> Copied:
    shop.job()
    result = shop.cli("run", "job.yaml", "--json")
    assert result.code == 0, result.err
    return shop, result.json
