"""Three ways to take one customer in a hundred with everything that belongs to them, and what they cost the source.

- ``understudy``: keys kept by the client, every row read once, one query per edge.
- ``joins``: one query per table that derives its rows by joins from the targets, as tools do that plan one
  query per table; every table derives its ancestors again.
- ``key tables``: the keys are collected in temporary tables on the source first, then joined with the tables.

All three give the same rows, which is checked.  Subsetters from the package index run beside them as programs
of their own where they can be installed; what they keep is shown, since most of them mean something else by it.

    python -m benchmarks.subset --rows 10000000 --rounds 3
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg
from benchmarks import data
from benchmarks.copy_path import SETTINGS, fresh
from benchmarks.measure import STDOUT, Cost, Meter

from understudy.connections.postgres.server import Server, binary
from understudy.transforms.key import Key

TARGET = "id % 100 = 0"

JOB = f"""\
source: ${{SOURCE_URL}}
subset:
  targets: [{{table: customers, where: "{TARGET}"}}]
  unreached: empty
columns:
"""

MASKED = {"customers.email": "email", "customers.first_name": "first_name", "customers.last_name": "last_name"}

Counts = dict[str, int]


# ---------------------------------------------------------------------------------------------------------------------
# The closure in SQL.  Rows that are targets, or children of such rows, bring their children and their parents;
# rows that are only parents bring their parents alone.


SETS = {
    # a set of keys: the query that finds it from the sets before it
    "targets": f"select id from customers where {TARGET}",
    "own_addresses": "select id from addresses where customer_id in {targets}",
    "own_orders": (
        "select id from orders where customer_id in {targets} "
        "union select id from orders where billing_address_id in {own_addresses} "
        "union select id from orders where shipping_address_id in {own_addresses}"
    ),
    "own_shipments": (
        "select id from shipments where order_id in {own_orders} "
        "union select id from shipments where address_id in {own_addresses}"
    ),
    "all_orders": (
        "select id from {own_orders} o "
        "union select order_id from shipments where id in {own_shipments} and order_id is not null"
    ),
    "all_addresses": (
        "select id from {own_addresses} a "
        "union select billing_address_id from orders where id in {all_orders} "
        "union select shipping_address_id from orders where id in {all_orders} "
        "union select address_id from shipments where id in {own_shipments}"
    ),
    "all_customers": (
        "select id from {targets} c "
        "union select customer_id from orders where id in {all_orders} "
        "union select customer_id from addresses where id in {all_addresses}"
    ),
    "all_products": (
        "select product_id id from order_lines where order_id in {own_orders} "
        "union select product_id from events where customer_id in {targets} and product_id is not null "
        "union select product_id from reviews where customer_id in {targets}"
    ),
    "all_categories": (
        "with recursive up as (select category_id id from products where id in {all_products} "
        "union select c.parent_id from categories c join up using (id) where c.parent_id is not null) "
        "select id from up"
    ),
}

ROWS = {
    # table: the column that says which rows, and the set it must be in
    "categories": ("id", "all_categories"),
    "products": ("id", "all_products"),
    "customers": ("id", "all_customers"),
    "addresses": ("id", "all_addresses"),
    "orders": ("id", "all_orders"),
    "order_lines": ("order_id", "own_orders"),
    "payments": ("order_id", "own_orders"),
    "shipments": ("id", "own_shipments"),
    "events": ("customer_id", "targets"),
    "reviews": ("customer_id", "targets"),
}


def copies(sets: Mapping[str, str], *, before: str = "") -> list[str]:
    """One psql line per table that fetches its rows; ``sets`` names every set in SQL, ``before`` goes first."""
    return [
        f"\\copy ({before}select * from {table} where {column} in {sets[name]}) to '/dev/null' (format binary)"
        for table, (column, name) in ROWS.items()
    ]


def joins() -> str:
    """The script that derives every table by itself, each set it needs once (the server skips those it does not)."""
    sets = {name: f"(select id from {name})" for name in SETS}
    derived = ", ".join(f"{name} as ({query.format(**sets)})" for name, query in SETS.items())
    lines = copies(sets, before=f"with {derived} ")
    return "\n".join(["begin transaction isolation level repeatable read, read only;", *lines, "commit;"])


def key_tables() -> str:
    """The script that collects keys in temporary tables on the source first."""
    sets = {name: f"(select id from keys_{name})" for name in SETS}
    lines = ["begin transaction isolation level repeatable read;"]
    for name, query in SETS.items():
        lines += [f"create temp table keys_{name} as {query.format(**sets)};", f"analyze keys_{name};"]
    return "\n".join([*lines, *copies(sets), "commit;"])


# ---------------------------------------------------------------------------------------------------------------------
# Running them.


@dataclass(frozen=True)
class Outcome:
    """What one way cost and what it kept."""

    cost: Cost
    kept: Counts


def scripted(source: str, folder: Path, script: str) -> Outcome:
    """Run a psql script over the source; what it fetches goes nowhere."""
    with psycopg.connect(source) as connection:
        psql = binary("psql", at_least=connection.info.server_version // 10_000)
    (folder / "script.sql").write_text(script)
    command = [str(psql), "-X", "-v", "ON_ERROR_STOP=1", "-d", source, "-f", "script.sql"]
    cost = Meter(source).run(command, cwd=folder)
    tags = [line.split() for line in (folder / STDOUT).read_text().splitlines() if line.startswith("COPY ")]
    return Outcome(cost, dict(zip(ROWS, (int(tag[1]) for tag in tags), strict=True)))


def understudy(source: str, folder: Path) -> Outcome:
    """Run the job, without loading the result anywhere."""
    with psycopg.connect(source) as connection:
        query = (
            "select table_name || '.' || column_name from information_schema.columns where table_schema = 'public' "
            "order by table_name, ordinal_position"
        )
        names = [str(row[0]) for row in connection.execute(query)]
        points = (
            "select c.relname || '.' || a.attname from pg_constraint k join pg_class c on c.oid = k.conrelid "
            "join pg_attribute a on a.attrelid = c.oid and a.attnum = any (k.conkey) where k.contype = 'f'"
        )
        inherited = {str(row[0]) for row in connection.execute(points)}
    rules = [f"  {name}: {MASKED.get(name, 'keep')}" for name in names if name not in inherited]
    (folder / "job.yaml").write_text(JOB + "\n".join(rules) + "\n")
    command = [sys.executable, "-m", "understudy", "run", "job.yaml", "--no-load", "--json"]
    environment = {"SOURCE_URL": source, "UNDERSTUDY_KEY": Key.new()}
    cost = Meter(source).run(command, cwd=folder, environment=environment)
    report = json.loads((folder / STDOUT).read_text())
    return Outcome(cost, {table["name"]: table["kept"] for table in report["tables"]})


WAYS: dict[str, Callable[[str, Path], Outcome]] = {
    "understudy": understudy,
    "joins": lambda source, folder: scripted(source, folder, joins()),
    "key tables": lambda source, folder: scripted(source, folder, key_tables()),
}


# ---------------------------------------------------------------------------------------------------------------------
# Subsetters from the package index, each in an environment of its own.


@dataclass(frozen=True)
class External:
    """A subsetter of somebody else: what to install, and how it is run."""

    requirements: tuple[str, ...]
    program: str
    run: Callable[[Path, str, Path], Outcome]


def _subsetter(program: Path, source: str, folder: Path) -> Outcome:
    """github.com/msg555/subsetter; it refuses self-references, so the one of categories is left out."""
    with psycopg.connect(source) as connection:
        info = connection.info
        place = {
            "dialect": "postgres",
            "host": info.host,
            "port": info.port,
            "database": info.dbname,
            "username": info.user,
            "password": info.password,
        }
    itself = {"src_table": "public.categories", "dst_table": "public.categories"}
    planner = {"targets": {"public.customers": {"sql": TARGET}}, "select": ["public.*"], "ignore_fks": [itself]}
    sampler = {"output": {"mode": "directory", "directory": "rows"}}
    (folder / "rows").mkdir()
    # JSON is YAML too
    (folder / "subsetter.yaml").write_text(json.dumps({"source": place, "planner": planner, "sampler": sampler}))
    cost = Meter(source).run([str(program), "-c", "subsetter.yaml", "subset"], cwd=folder)
    files = {table: folder / "rows" / f"public.{table}.json" for table in ROWS}  # one line per row
    return Outcome(cost, {table: len(path.read_bytes().splitlines()) for table, path in files.items()})


EXTERNALS = {
    "subsetter": External(("subsetter==0.4.4", "psycopg2-binary"), "subsetter", _subsetter),
}


def install(external: External, folder: Path) -> Path:
    """Its program in a new virtual environment; a RuntimeError with the installer's reason where there is none."""
    venv.create(folder, with_pip=True)
    command = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", *external.requirements]
    program = folder / "bin" / external.program
    for words in (command, [str(program), "--help"]):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["no reason given"]
            raise RuntimeError(lines[-1])
    return program


def externals(source: str, folder: Path) -> dict[str, Outcome]:
    """One run of each that can be installed; the others are skipped with a sentence."""
    found = {}
    for name, external in EXTERNALS.items():
        try:
            program = install(external, folder / name)
            with tempfile.TemporaryDirectory() as place:
                found[name] = external.run(program, source, Path(place))
        except (RuntimeError, OSError) as error:
            print(f"{name} is skipped: {error}", flush=True)
    return found


# ---------------------------------------------------------------------------------------------------------------------


def compare(source: str, *, rounds: int) -> dict[str, list[Outcome]]:
    """Every way in turns; a RuntimeError where they do not keep the same rows."""
    outcomes: dict[str, list[Outcome]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            with tempfile.TemporaryDirectory() as folder:
                outcomes[name].append(way(source, Path(folder)))
            show(name, outcomes[name][-1])
    counts = {name: found[0].kept for name, found in outcomes.items()}
    if any(kept != counts["joins"] for kept in counts.values()):
        raise RuntimeError(f"the ways keep different rows: {json.dumps(counts)}")
    return outcomes


def show(name: str, outcome: Outcome) -> None:
    """One line."""
    kept = sum(outcome.kept.values())
    print(f"{name:<12} {outcome.cost}   rows scanned {outcome.cost.scanned:>12,}   kept {kept:>10,}", flush=True)


def main(arguments: list[str] | None = None) -> dict[str, float]:
    """Measure and print; returns how many times our server CPU the others need."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--no-externals", action="store_true", help="leave out subsetters from the package index")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder, Server.start(Path(folder) / "server", options=SETTINGS) as server:
        source = fresh(server, "shop")
        data.shop(source, options.rows)
        outcomes = compare(source, rounds=options.rounds)
        others = {} if options.no_externals else externals(source, Path(folder))
        for name, outcome in others.items():
            show(name, outcome)
            print(f"{'':<12} kept {json.dumps(outcome.kept)}; the closure has {json.dumps(outcomes['joins'][0].kept)}")
    server_cpu = {name: statistics.median(o.cost.server for o in found) for name, found in outcomes.items()}
    server_cpu |= {name: outcome.cost.server for name, outcome in others.items()}
    ratios = {name: round(cpu / server_cpu["understudy"], 2) for name, cpu in server_cpu.items()}
    print(f"server CPU, ours = 1: {json.dumps(ratios)} (bar: joins at least 3)", flush=True)
    return ratios


if __name__ == "__main__":
    main()
