"""The closure against a brute-force oracle on random schemas, as long as you like; and its speed.

python benchmarks/closure_fuzz.py --seeds 2000            every seed is one schema with rows and a request
python benchmarks/closure_fuzz.py --seeds 1 --start 4711  one seed again, with its plan when it fails
python benchmarks/closure_fuzz.py --chain 10000           time per round along a chain of so many levels
python benchmarks/closure_fuzz.py --rows 3000000          rows per second of a schema of three tables
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import psycopg
import pyarrow as pa

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from subset.laws import check, check_why
from subset.postgres import comparable, in_postgres
from subset.worlds import make
from support.arrow_dataset import ArrowDataset
from understudy.interfaces import Scan
from understudy.schema import Column, ForeignKey, Schema, Table, TableName, Unique
from understudy.subset import EdgePolicy, Request, Target, closure, plan


@contextmanager
def scratch(url: str) -> Iterator[str]:
    """A database of our own on the server of that URL."""
    name = f"closure_fuzz_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
        try:
            yield urlsplit(url)._replace(path=f"/{name}").geturl()
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


def fuzz(start: int, seeds: int, server: str) -> int:
    with scratch(server) if server else nullcontext("") as url:
        return fuzz_in(url, start, seeds)


def fuzz_in(url: str, start: int, seeds: int) -> int:
    failed, begun = [], time.perf_counter()
    for seed in range(start, start + seeds):
        case = make(Random(seed))
        try:
            if not url:
                check(case)
                check_why(case, Random(seed))
            elif comparable(case):
                with in_postgres(case, url) as (found, snapshot):
                    check(found, snapshot)
        except Exception:
            failed.append(seed)
            traceback.print_exc()
            print(f"seed {seed}\n{case.plan}\n")
        if (seed - start + 1) % 250 == 0:
            print(f"{seed - start + 1:,} seeds, {len(failed)} failed, {time.perf_counter() - begun:.0f} s", flush=True)
    print(f"{seeds:,} seeds from {start}: {len(failed)} failed {failed[:20]}")
    return 1 if failed else 0


def column(name: str, arrow_type: pa.DataType = pa.int64(), *, nullable: bool = True) -> Column:  # noqa: B008
    return Column(name, "", "text" if arrow_type == pa.string() else "integer", arrow_type, nullable=nullable)


def table(name: str, keys: tuple[str, ...], rows: int) -> Table:
    columns = (column("id", nullable=False), *map(column, keys), column("note", pa.string()), column("w"))
    indexes = tuple((key,) for key in keys)
    return Table(TableName("", name), columns, (Unique("pk", ("id",), primary=True),), indexes=indexes, rows=rows)


def edge(child: str, key: str, parent: str) -> ForeignKey:
    return ForeignKey(f"{child}_{key}", TableName("", child), (key,), TableName("", parent), ("id",))


class Timed:
    """A Dataset that counts the CPU time it takes itself, so that what remains is the closure's own."""

    def __init__(self, inner: ArrowDataset) -> None:
        self.schema, self.inner, self.seconds = inner.schema, inner, 0.0

    def read(self, scan: Scan) -> pa.RecordBatchReader:
        begun = time.thread_time()
        found = self.inner.read(scan)
        self.seconds += time.thread_time() - begun
        return found


def timed(data: ArrowDataset, request: Request) -> tuple[int, float, float]:
    """Rows handed on, CPU seconds of the closure alone, CPU seconds of the source."""
    source, schema = Timed(data), data.schema()
    rows, begun = 0, time.process_time()

    def count(_: TableName, batch: pa.RecordBatch) -> None:
        nonlocal rows
        rows += batch.num_rows

    columns = {table.name: tuple(column.name for column in table.columns) for table in schema.tables}
    closure(plan(schema, request), source, count, columns=columns, rank=rank)
    return rows, time.process_time() - begun - source.seconds, source.seconds


def rank(keys: Any) -> np.ndarray[Any, np.dtype[np.uint64]]:
    spread: np.ndarray[Any, np.dtype[np.uint64]] = keys[0].to_numpy().astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return spread


def chain(levels: int) -> int:
    nodes = TableName("", "nodes")
    schema = Schema((table("nodes", ("up",), levels),), (edge("nodes", "up", "nodes"),))
    ids = np.arange(levels)
    up = pa.array(ids - 1, mask=ids == 0)
    data = ArrowDataset(
        schema, {nodes: pa.table({"id": ids, "up": up, "note": pa.nulls(levels, pa.string()), "w": ids})}
    )
    for name, where, policy in (
        ("children", "id = 0", EdgePolicy()),
        ("parents", f"id = {levels - 1}", EdgePolicy(children=False)),
    ):
        rows, own, source = timed(data, Request((Target(nodes, where),), {"nodes": policy}))
        print(f"chain by {name}: {rows:,} rounds, {own / levels * 1e3:.2f} ms each, source {source / levels * 1e3:.2f}")
    return 0


def speed(rows: int) -> int:
    users, orders, lines = rows // 10, rows * 3 // 10, rows * 6 // 10
    random = np.random.default_rng(1)
    counts = {"users": users, "orders": orders, "lines": lines}
    keys: dict[str, dict[str, int]] = {
        "users": {},
        "orders": {"user_id": users, "ship_id": users},
        "lines": {"order_id": orders},
    }
    schema = Schema(
        tuple(table(name, tuple(keys[name]), count) for name, count in counts.items()),
        (edge("orders", "user_id", "users"), edge("orders", "ship_id", "users"), edge("lines", "order_id", "orders")),
    )
    data = ArrowDataset(schema, {t.name: filled(t, keys[t.name.name], random) for t in schema.tables})
    subject = TableName("", "users")
    requests = {
        "full copy": Request(unreached="all"),
        "half of the users": Request((Target(subject, "w < 500"),)),
        "5 % of the users": Request((Target(subject, percent=5),)),
        "one line per order": Request((Target(subject, "w < 100"),), {"lines": EdgePolicy(top=1)}),
    }
    for name, request in requests.items():
        found, own, source = timed(data, request)
        print(f"{name:<20} {found:>10,} rows, {found / own / 1e6:6.2f} M rows per CPU second, source {source:.2f} s")
    return 0


def filled(table: Table, keys: dict[str, int], random: np.random.Generator) -> pa.Table:
    ids = np.arange(table.rows)
    notes = pa.array(np.char.add("some text about ", ids.astype(str)))
    values = {key: random.integers(0, parents, table.rows) for key, parents in keys.items()}
    return pa.table({"id": ids, **values, "note": notes, "w": random.integers(0, 1000, table.rows)})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, help="how many random schemas")
    parser.add_argument("--start", type=int, default=0, help="the first seed")
    parser.add_argument("--postgres", default="", metavar="URL", help="run them in a new database on this server")
    parser.add_argument("--chain", type=int, metavar="LEVELS")
    parser.add_argument("--rows", type=int)
    given = parser.parse_args()
    runs: list[Callable[[], int]] = []
    if given.seeds:
        runs.append(lambda: fuzz(given.start, given.seeds, given.postgres))
    if given.chain:
        runs.append(lambda: chain(given.chain))
    if given.rows:
        runs.append(lambda: speed(given.rows))
    if not runs:
        parser.error("give --seeds, --chain or --rows")
    return max(run() for run in runs)


if __name__ == "__main__":
    sys.exit(main())
