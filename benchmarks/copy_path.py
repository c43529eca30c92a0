"""An anonymizing copy against a plain one, side by side: ``understudy run`` and ``pg_dump -Fc -Z0 | pg_restore``.

Ours masks two of ten columns and checks the result; theirs masks nothing.  Rounds are interleaved, so that
what else the machine does falls on both.  A second part runs ours on ten times the rows, for peak memory.

    python -m benchmarks.copy_path --rows 5000000 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import psycopg
from benchmarks import data
from benchmarks.measure import Cost, Meter

from understudy.connections.postgres.server import THROW_AWAY, Server, binary
from understudy.transforms.key import Key

JOB = """\
source: ${SOURCE_URL}
columns:
  wide.id: keep
  wide.email: email
  wide.name: full_name
  wide.amount: keep
  wide.created: keep
  wide.active: keep
  wide.quantity: keep
  wide.score: keep
  wide.reference: keep
  wide.document: keep
checks: {drift: note}   # names like "Name 7" look like nobody's
load: [{to: "${DEV_URL}", mode: create}]
"""

SETTINGS = {**THROW_AWAY, "shared_buffers": "512MB", "max_wal_size": "4GB", "maintenance_work_mem": "256MB"}


def fresh(server: Server, database: str) -> str:
    """An empty database; one of that name is dropped first."""
    server.drop(database)
    return server.create(database)


def ours(server: Server, source: str, folder: Path) -> Cost:
    """One run of the job into an empty database, from source to loaded destination."""
    environment = {"SOURCE_URL": source, "DEV_URL": fresh(server, "copy"), "UNDERSTUDY_KEY": Key.new()}
    job = folder / "job.yaml"
    job.write_text(JOB)
    command = [sys.executable, "-m", "understudy", "run", str(job), "--json"]
    return Meter(source).run(command, cwd=folder, environment=environment)


def theirs(server: Server, source: str, folder: Path) -> Cost:
    """One dump into a restore, uncompressed, into an empty database."""
    with psycopg.connect(source) as connection:
        version = connection.info.server_version // 10_000
    dump, restore = binary("pg_dump", at_least=version), binary("pg_restore", at_least=version)
    pipe = f'set -o pipefail; "{dump}" -Fc -Z0 -d "$FROM" | "{restore}" -d "$TO"'
    environment = {"FROM": source, "TO": fresh(server, "copy")}
    return Meter(source).run(["bash", "-c", pipe], cwd=folder, environment=environment)


def compare(server: Server, source: str, *, rounds: int) -> dict[str, float]:
    """Both, in turns; the ratios of the median costs, ours to theirs."""
    costs: dict[str, list[Cost]] = {"understudy run": [], "pg_dump | pg_restore": []}
    for number in range(rounds):
        for name, measured in zip(costs, (ours, theirs), strict=True):
            with tempfile.TemporaryDirectory() as folder:
                cost = measured(server, source, Path(folder))
            costs[name].append(cost)
            print(f"round {number + 1}  {name:<22} {cost}", flush=True)
    mine, other = costs.values()
    return {
        what: statistics.median(getattr(cost, what) for cost in mine)
        / statistics.median(getattr(cost, what) for cost in other)
        for what in ("cpu", "wall", "client", "server")
    }


def memory(server: Server, rows: Sequence[int]) -> dict[str, float]:
    """Peak memory of our process at each number of rows, in MiB."""
    peaks = {}
    for count in rows:
        source = fresh(server, "wide")
        data.wide(source, count)
        with tempfile.TemporaryDirectory() as folder:
            peaks[f"{count}"] = ours(server, source, Path(folder)).peak / 2**20
        print(f"{count:>12,} rows   peak {peaks[f'{count}']:,.0f} MiB", flush=True)
    return peaks


def main(arguments: list[str] | None = None) -> dict[str, dict[str, float]]:
    """Measure and print; returns the ratios and the peaks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory-rows", type=int, default=500_000, help="measured at this many rows and ten times")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, Server.start(Path(folder) / "server", options=SETTINGS) as server:
        source = fresh(server, "wide")
        data.wide(source, options.rows)
        ratios = compare(server, source, rounds=options.rounds)
        print(f"ours / theirs: CPU {ratios['cpu']:.2f}, wall {ratios['wall']:.2f} (bar: at most 1.00)", flush=True)
        peaks = memory(server, [options.memory_rows, options.memory_rows * 10])
    found = {"ratios": ratios, "peak_mib": peaks}
    print(json.dumps(found))
    return found


if __name__ == "__main__":
    main()
