"""What the lake costs: branches, commits, merges, differences, appends, upserts; beside PyIceberg's own.

python -m benchmarks.lake [core parallel deep http appends rewrites rows pyiceberg] [--rows 10000000]

Ours is a local file, fsynced at every commit; figures that others publish include a network and a control plane.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from understudy.connections.postgres.server import Server
from understudy.lake import Lake, sql, tables
from understudy.lake.diff import diff
from understudy.lake.merge import merge
from understudy.lake.nouns import Entry, Key
from understudy.lake.rows import rows as row_diff
from understudy.schema import Column, Table, TableName, Unique

ENGINES = Path(__file__).resolve().parents[1] / ".venv" / "engines" / "bin" / "python"
ORDERS = TableName("shop", "orders")
ORDERS_TABLE = Table(
    ORDERS,
    (
        Column("id", "bigint", "integer", pa.int64(), nullable=False),
        Column("amount", "bigint", "integer", pa.int64()),
        Column("note", "text", "text", pa.string()),
    ),
    (Unique("orders_pkey", ("id",), primary=True),),
)


def show(what: str, seconds: Iterable[float], *, per: int = 1) -> None:
    """One line: p50 and p95 in milliseconds."""
    taken = np.array(list(seconds)) * 1000
    more = f"   {per * len(taken) / taken.sum() * 1000:10,.0f}/s" if per else ""
    print(
        f"{what:58} p50 {np.percentile(taken, 50):9.2f} ms   p95 {np.percentile(taken, 95):9.2f} ms{more}", flush=True
    )


def timed(work: Callable[[int], object], times: int) -> Iterator[float]:
    for number in range(times):
        began = time.perf_counter()
        work(number)
        yield time.perf_counter() - began


@contextmanager
def new_lake(catalog: str = "") -> Iterator[Lake]:
    with tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder:
        made = Lake.open(Path(folder) / "lake", catalog=catalog, create=True)
        yield made
        made.close()


def key(number: int) -> Key:
    return Key.table(TableName(f"n{number % 20}", f"t{number}"))


def at(table: int, version: int) -> Entry:
    return Entry(f"uuid-{table}", f"/warehouse/t{table}/metadata/{version}.metadata.json", version, 0, version)


def filled(lake: Lake, count: int) -> None:
    """Tables as the core knows them: it never opens their files."""
    lake.commit("main", {key(number): at(number, 0) for number in range(count)}, message="filled")


def core(count: int) -> None:
    print(f"\n{count:,} tables, embedded, SQLite with an fsync at every commit")
    with new_lake() as lake:
        filled(lake, count)
        show("  branch", timed(lambda n: lake.branch(f"b{n}", "main"), 200))
        show("  drop a branch", timed(lambda n: lake.drop(f"b{n}"), 200))
        show(
            "  commit one table", timed(lambda n: lake.commit("main", {key(n % count): at(0, n + 1)}, message="1"), 200)
        )
        some = min(50, count)
        many = lambda n: lake.commit("main", {key(i): at(i, 1000 + n) for i in range(some)}, message="50")  # noqa: E731
        show(f"  commit {some} tables", timed(many, 30))
        lake.branch("into", "main")
        changed = min(1000, count // 2)

        def sides(number: int) -> None:
            lake.branch(f"s{number}", "into")
            own, other = range(changed // 2), range(changed // 2, changed)
            lake.commit(f"s{number}", {key(i): at(i, 2000 + number) for i in own}, message="s")
            lake.commit("into", {key(i): at(i, 2000 + number) for i in other}, message="t")

        taken = []
        for number in range(10):
            sides(number)
            taken += timed(lambda _: merge(lake, f"s{number}", "into"), 1)  # noqa: B023
        show(f"  merge of {changed:,} disjoint changes", taken)
        show(f"  diff of {changed:,} changed tables, warm", timed(lambda _: diff(lake, "into~10", "into"), 10))
        cold = lambda _: Lake.open(lake.location).tables("main")  # noqa: E731
        show("  list all tables, cold", timed(cold, 5))
        show("  list all tables, warm", timed(lambda _: lake.tables("main"), 10))


def _parallel(location: str, catalog: str, me: int, what: str) -> list[float]:
    lake = Lake.open(location, catalog=catalog)
    if what == "branch":
        return list(timed(lambda n: lake.branch(f"p{me}-{n}", "main"), 50))
    branch = "main" if what == "same" else f"own{me}"
    if what == "own":
        lake.branch(branch, "main")
    return list(timed(lambda n: lake.commit(branch, {key(me): at(me, n + 1)}, message="p"), 50))


def parallel(processes: int = 8) -> None:
    print(f"\n1,000 tables, {processes} processes at once, SQLite")
    together(processes, "")
    print(f"\n1,000 tables, {processes} processes at once, PostgreSQL as it comes")
    with (
        tempfile.TemporaryDirectory(prefix="understudy-bench-") as folder,
        Server.start(Path(folder) / "server") as server,
    ):
        together(processes, server.create("lake"))


def together(processes: int, catalog: str) -> None:
    with new_lake(catalog) as lake, ProcessPoolExecutor(processes, get_context("spawn")) as pool:
        filled(lake, 1000)
        list(pool.map(_ready, range(processes * 4)))
        for what, told in {"branch": "branch", "own": "commit, each on a branch", "same": "commit, all on one"}.items():
            began = time.perf_counter()
            futures = [pool.submit(_parallel, lake.location, catalog, me, what) for me in range(processes)]
            taken = [one for future in futures for one in future.result()]
            show(f"  {told}", taken, per=0)
            print(f"    together {len(taken) / (time.perf_counter() - began):,.0f}/s")


def _ready(_: int) -> None:
    """Long enough for every process to have one."""
    time.sleep(0.2)


def deep(depth: int = 1000) -> None:
    print(f"\nbranch of a branch, {depth:,} deep, a commit on each; 1,000 tables")
    with new_lake() as lake:
        filled(lake, 1000)
        tables.create(lake, "main", ORDERS_TABLE, batches=orders(0, 1000))
        lake.branch("d0", "main")
        taken = []
        for number in range(1, depth + 1):
            taken += timed(lambda _: lake.branch(f"d{number}", f"d{number - 1}"), 1)  # noqa: B023
            lake.commit(f"d{number}", {key(number % 1000): at(0, number)}, message="deep")
        show("  branch", taken)
        for ref in ("d1", f"d{depth}"):
            show(f"  find a table on {ref}", timed(lambda _: lake.entry(ref, ORDERS), 100))  # noqa: B023
            show(f"  read 1,000 rows on {ref}", timed(lambda _: tables.read(lake, ref, ORDERS).read_all(), 30))  # noqa: B023


_SERVE = """
import sys, uvicorn
from understudy.lake import Lake
from understudy.lake.rest import app
uvicorn.run(app(Lake.open(sys.argv[1])), port=int(sys.argv[2]), log_level="error", lifespan="off")
"""


def http() -> None:
    print("\n1,000 tables over HTTP, the server in a process of its own")
    with new_lake() as lake:
        filled(lake, 1000)
        port = 20_000 + os.getpid() % 20_000
        server = subprocess.Popen([sys.executable, "-c", _SERVE, lake.location, str(port)])
        try:
            ask = lambda method, path, body=None: _ask(method, f"http://127.0.0.1:{port}{path}", body)  # noqa: E731
            while True:
                try:
                    ask("GET", "/lake/v1/refs")
                    break
                except OSError:
                    time.sleep(0.05)
            make = lambda n: ask("POST", "/lake/v1/refs", {"name": f"b{n}", "kind": "branch", "from": "main"})  # noqa: E731
            show("  branch", timed(make, 100))
            show("  drop a branch", timed(lambda n: ask("DELETE", f"/lake/v1/refs/b{n}"), 100))
            show("  diff of two equal states", timed(lambda _: ask("GET", "/lake/v1/diff?from=main&to=main"), 50))
        finally:
            server.terminate()
            server.wait()


def _ask(method: str, url: str, body: object) -> None:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"}, method=method)
    with urllib.request.urlopen(request) as answer:
        answer.read()


def orders(start: int, count: int, note: str = "as it was") -> Iterator[pa.RecordBatch]:
    for first in range(start, start + count, 65_536):
        ids = np.arange(first, min(first + 65_536, start + count))
        yield pa.RecordBatch.from_pydict(
            {"id": ids, "amount": ids * 7 % 1009, "note": pa.array([note]).take(_zeros(ids))}
        )


def _zeros(ids: np.ndarray) -> pa.Array:
    return pa.array(np.zeros(len(ids), np.int32))


def appends() -> None:
    print("\nappend 1,000 rows, files and metadata fsynced")
    with new_lake() as lake:
        tables.create(lake, "main", ORDERS_TABLE)
        taken = list(timed(lambda n: tables.append(lake, "main", ORDERS, orders(n * 1000, 1000)), 1000))
        for end in (10, 200, 1000):
            show(f"  the appends before the {end:,}th", taken[max(0, end - 20) : end])


def rewrites(count: int = 2_000_000) -> None:
    print(f"\nrows changed in a table of {count:,}")
    with new_lake() as lake:
        tables.create(lake, "main", ORDERS_TABLE)
        for start in range(0, count, 100_000):
            tables.append(lake, "main", ORDERS, orders(start, 100_000))
        few = pa.table({"id": pa.array(range(0, 20_000, 10), pa.int64())})
        show("  delete 2,000 rows by key", timed(lambda _: tables.delete(lake, "main", ORDERS, keys=few), 1), per=0)
        clause = lambda _: tables.delete(lake, "main", ORDERS, "id between 30000 and 32000")  # noqa: E731
        show("  delete 2,000 rows by a condition", timed(clause, 1), per=0)
        put = lambda begin, n: tables.upsert(lake, "main", ORDERS, orders(begin, n, "new"))  # noqa: E731
        show("  upsert 20,000 rows, half of them new", timed(lambda _: put(count - 10_000, 20_000), 1), per=0)
        show("  upsert 1,000,000 rows, half of them new", timed(lambda _: put(count - 490_000, 1_000_000), 1), per=0)
        show("  compact", timed(lambda _: tables.compact(lake, "main", ORDERS), 1), per=0)
        assert lake.entry("main", ORDERS).rows == count - 2_000 - 2_001 + 10_000 + 500_000


def compared(count: int) -> None:
    print(f"\nrow difference, {count:,} rows in 20 files; 100 deleted, 2 changed, 500 added on a branch")
    with new_lake() as lake:
        tables.create(lake, "main", ORDERS_TABLE)
        for part in range(20):
            tables.append(lake, "main", ORDERS, orders(part * count // 20, count // 20))
        lake.branch("dev", "main")
        tables.delete(lake, "dev", ORDERS, "id between 1000 and 1099")
        tables.upsert(lake, "dev", ORDERS, orders(2000, 2, "new"))
        tables.append(lake, "dev", ORDERS, orders(count, 500))
        show("  only files that differ", timed(lambda _: row_diff(lake, "main", "dev", ORDERS).close(), 1), per=0)
        show("  both states read wholly", timed(lambda _: _wholly(lake), 1), per=0)


def _wholly(lake: Lake) -> None:
    joined = "prod.orders full join dev.orders d using (id)"
    text = f"select count(*) from {joined} where prod.orders.note is distinct from d.note"
    found = sql.query(lake, text, {"prod": "main", "dev": "dev"}).read_all()
    assert pc.sum(found.column(0)).as_py() == 602


_PYICEBERG = """
import sys, tempfile, time, numpy as np, pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
def show(what, taken):
    taken = np.array(taken) * 1000
    print(f"{what:58} p50 {np.percentile(taken, 50):9.2f} ms   p95 {np.percentile(taken, 95):9.2f} ms", flush=True)
def timed(work, times):
    taken = []
    for number in range(times):
        began = time.perf_counter(); work(number); taken.append(time.perf_counter() - began)
    return taken
def orders(start, count):
    ids = np.arange(start, start + count)
    return pa.table({"id": ids, "amount": ids * 7 % 1009, "note": ["as it was"] * count})
with tempfile.TemporaryDirectory() as folder:
    catalog = SqlCatalog("c", uri=f"sqlite:///{folder}/c.db", warehouse=f"file://{folder}")
    catalog.create_namespace("shop")
    made = [catalog.create_table(f"shop.t{n}", orders(0, 1).schema) for n in range(8)]
    for table in made:
        table.append(orders(0, 1000))
    def branch(number):
        for table in made:
            table.manage_snapshots().create_branch(table.current_snapshot().snapshot_id, f"b{number}").commit()
    show("  branch 8 tables, one after the other", timed(branch, 20))
    table = catalog.create_table("shop.appended", orders(0, 1).schema)
    taken = timed(lambda n: table.append(orders(n * 1000, 1000)), 200)
    show("  append 1,000 rows, the 20 before the 20th", taken[:20])
    show("  append 1,000 rows, the 20 before the 200th", taken[180:])
    table = catalog.create_table("shop.large", orders(0, 1).schema)
    for start in range(0, 2_000_000, 100_000):
        table.append(orders(start, 100_000))
    show("  delete 2,000 of 2,000,000 rows by a condition",
         timed(lambda _: table.delete("id >= 30000 and id < 32000"), 1))
    show("  upsert 20,000 rows into them, half of them new",
         timed(lambda _: table.upsert(orders(1_990_000, 20_000), join_cols=["id"]), 1))
"""


def pyiceberg() -> None:
    print("\nPyIceberg 0.12 by itself: SqlCatalog on SQLite, table branches")
    done = subprocess.run([ENGINES, "-W", "ignore", "-c", _PYICEBERG], check=False, capture_output=True, text=True)
    print(done.stdout, end="")
    if done.returncode:
        print(f"  not measured: {done.stderr.strip().splitlines()[-1]} (needs sqlalchemy in .venv/engines)")


def main() -> int:
    """Run the named parts, or all."""
    parts = ["core", "parallel", "deep", "http", "appends", "rewrites", "rows", "pyiceberg"]
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", choices=[*parts, []], default=parts)
    parser.add_argument("--rows", type=int, default=10_000_000)
    given = parser.parse_args()
    if "core" in given.parts:
        for count in (8, 1000, 10_000):
            core(count)
    for name, work in {
        "parallel": parallel,
        "deep": deep,
        "http": http,
        "appends": appends,
        "rewrites": rewrites,
        "rows": lambda: compared(given.rows),
        "pyiceberg": pyiceberg,
    }.items():
        if name in given.parts:
            work()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
