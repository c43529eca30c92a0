"""Servers and engines in tests: the lake over HTTP on a port of its own, engines in processes of their own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
import uvicorn

from understudy.lake import Lake
from understudy.lake.catalog import LakeCatalog
from understudy.lake.rest import Tokens, app

ENGINES = Path(__file__).resolve().parents[2] / ".venv" / "engines" / "bin" / "python"

ORDERS = pa.table({"id": pa.array([1, 2, 3], pa.int64()), "item": ["tea", "cup", "pot"]})


@contextmanager
def serving(lake: Lake, tokens: Tokens | None = None, *, storage: Mapping[str, str] | None = None) -> Iterator[str]:
    """The URL at which a lake is served while the block runs."""
    config = uvicorn.Config(app(lake, tokens, storage=storage), port=0, log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def ask(method: str, url: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)
    try:
        with urllib.request.urlopen(request) as answer:
            status, held = answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            status, held = error.code, error.read()
    return status, json.loads(held) if held else None


def make_orders(lake: Lake, *names: str, ref: str = "main") -> None:
    """Tables of three orders each: shop.orders, or others by name."""
    catalog = LakeCatalog(lake, ref)
    catalog.create_namespace_if_not_exists("shop")
    for name in names or ("orders",):
        catalog.create_table(("shop", name), ORDERS.schema).append(ORDERS)


def rows(lake: Lake, ref: str, table: str = "orders") -> list[tuple[Any, ...]]:
    """The rows of a table of the shop, sorted."""
    held = LakeCatalog(lake, ref).load_table(("shop", table)).scan().to_arrow()
    return sorted(tuple(row.values()) for row in held.to_pylist())


def digest(lake: Lake, ref: str) -> str:
    """What a state holds: every row of every table, and its columns."""
    catalog, told = LakeCatalog(lake, ref), hashlib.sha256()
    for namespace in catalog.list_namespaces():
        for name in catalog.list_tables(namespace):
            held = catalog.load_table(name).scan().to_arrow()
            told.update(repr((name, held.schema.names, sorted(map(repr, held.to_pylist())))).encode())
    return told.hexdigest()


def run_engine(script: str, *arguments: str, home: Path, **environment: str) -> str:
    """What a script prints in the environment of the engines; a failure shows what it said."""
    if not ENGINES.exists():
        pytest.skip(f"{ENGINES} is not there: `make setup` makes it")
    file = home / "script.py"  # PySpark does not start from `python -c`
    file.write_text(script)
    told: Mapping[str, str] = {"PATH": os.environ["PATH"], "HOME": str(home), **environment}
    done = subprocess.run(
        [str(ENGINES), str(file), *arguments], env=told, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


_DUCKDB = """
import json, pathlib, shutil, sys
import duckdb, duckdb_extension_avro, duckdb_extension_httpfs, duckdb_extension_iceberg

folder = pathlib.Path.home() / ".duckdb" / "extensions" / ("v" + duckdb.__version__)
with duckdb.connect() as connection:
    folder /= connection.execute("PRAGMA platform").fetchone()[0]
folder.mkdir(parents=True, exist_ok=True)
for module in (duckdb_extension_avro, duckdb_extension_httpfs, duckdb_extension_iceberg):
    (file,) = pathlib.Path(module.__file__).parent.glob("extensions/*/*.duckdb_extension")
    if not (folder / file.name).exists():
        (folder / file.name).symlink_to(file)
"""
_EACH = """
def answers(execute):
    told = []
    for statement in json.loads(sys.argv[1]):
        try:
            told.append(execute(statement))
        except Exception as error:
            told.append("refused: " + str(error))
    print(json.dumps(told, default=str))
"""


def duckdb_answers(home: Path, *statements: str) -> list[Any]:
    """What DuckDB 1.5 answers to each: rows, or ``refused: ...``."""
    script = _DUCKDB + _EACH + "connection = duckdb.connect()\nanswers(lambda sql: connection.execute(sql).fetchall())"
    return _lists(json.loads(run_engine(script, json.dumps(statements), home=home)))


def sail_answers(home: Path, opening: str, *statements: str) -> list[Any]:
    """What Sail answers to each, opened as our text for it says."""
    script = f"{opening}\nimport json, sys\n{_EACH}\nanswers(lambda sql: [list(r) for r in spark.sql(sql).collect()])"
    told = run_engine(script, json.dumps(statements), home=home)
    return _lists(json.loads(told.splitlines()[-1]))


def _lists(answers: list[Any]) -> list[Any]:
    return [one if isinstance(one, str) else sorted(tuple(row) for row in one) for one in answers]
