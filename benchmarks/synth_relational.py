"""What synthesis of several tables reaches and costs: `python -m benchmarks.synth_relational [--effort normal]`.

Some of the parents are learned from, with all their children; as many are made, and judged against as many held-out
ones by the project's own checks.  With `--unseen`, parents are not made but given, others than those learned from, and
what is made for them is judged beside their own children.  On one thread, for each database:

- `agg`: AUC of trees that tell parents with aggregates of their children from held-out ones, the worst table (0.5 is
  best); `real` the same for real parents of both halves;
- `row`, `pair`: AUC on rows of child tables alone, and on rows with the one before (the worst table);
- `card`: how alike the number of children per parent is distributed; `hops`: how alike columns go together across
  foreign keys; `whole`: the share of keys that resolve (1 is best, the worst of all);
- CPU seconds of fit and sample, and peak memory.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from understudy.checks.relational import Families, Family, positions, relational, successions
from understudy.checks.scores import Score
from understudy.schema import ForeignKey, Schema, TableName
from understudy.synth.encoding.encode import table_of
from understudy.synth.tables import Tables

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "relational"

Rows = dict[TableName, pa.Table]


def read(folder: str, *names: str) -> Rows:
    """Tables of a database in the shared folder."""
    return {TableName("", name): pyarrow.csv.read_csv(DATA / folder / f"{name}.csv.gz") for name in names}


def key(child: str, column: str, parent: str) -> ForeignKey:
    """A foreign key to a parent's id."""
    return ForeignKey(f"{child}_{column}", TableName("", child), (column,), TableName("", parent), ("id",))


def baseball() -> tuple[Rows, tuple[ForeignKey, ...]]:
    """Players and their years at bat."""
    return read("baseball", "players", "batting"), (key("batting", "players_id", "players"),)


def baseball_whole() -> tuple[Rows, tuple[ForeignKey, ...]]:
    """Players, their years at bat and in the field."""
    keys = (key("batting", "players_id", "players"), key("fielding", "players_id", "players"))
    return read("baseball", "players", "batting", "fielding"), keys


def baseball_unnamed() -> tuple[Rows, tuple[ForeignKey, ...]]:
    """The same without names, most of which are so rare that no honest synthesizer repeats them."""
    tables, keys = baseball()
    players = TableName("", "players")
    tables[players] = tables[players].drop_columns(["nameFirst", "nameLast"])
    return tables, keys


def cdnow() -> tuple[Rows, tuple[ForeignKey, ...]]:
    """Buyers of discs, of whom nothing is known, and what they bought when."""
    return read("cdnow", "users", "purchases"), (key("purchases", "users_id", "users"),)


DATABASES: dict[str, Callable[[], tuple[Rows, tuple[ForeignKey, ...]]]] = {
    "baseball": baseball,
    "unnamed": baseball_unnamed,
    "baseball-3": baseball_whole,
    "cdnow": cdnow,
}


def halves(tables: Rows, keys: tuple[ForeignKey, ...], share: float = 1.0) -> tuple[Rows, Rows]:
    """Parents at random in two halves, with their children; of ``share`` of them."""
    root = keys[0].parent
    rng = np.random.default_rng(0)
    order = rng.permutation(len(tables[root]))
    half = int(len(order) * share / 2)
    sides = []
    for some in (order[:half], order[half : 2 * half]):
        side = {root: tables[root].take(pa.array(np.sort(some)))}
        for one in keys:
            at = positions(tables[one.table], one.columns, side[root], one.parent_columns)
            side[one.table] = tables[one.table].filter(pa.array(at >= 0))
        sides.append(side)
    return sides[0], sides[1]


def shape_of(tables: Rows, keys: tuple[ForeignKey, ...]) -> Schema:
    """A schema of plain tables."""
    return Schema(tuple(table_of(rows.schema, name.name) for name, rows in tables.items()), keys)


def spent(work: Callable[[], object]) -> tuple[float, object]:
    """CPU seconds of some work, and what it gave."""
    before = time.process_time()
    found = work()
    return time.process_time() - before, found


def made_rows(tables: Tables, seed: int, given: Rows) -> Rows:
    """One draw, as whole tables, those that are given as they are."""
    found: dict[TableName, list[pa.RecordBatch]] = {}
    for name, batch in tables.sample(seed=seed, given=given):
        found.setdefault(name, []).append(batch)
    return given | {name: pa.Table.from_batches(batches) for name, batches in found.items()}


def auc(score: Score) -> float:
    """The AUC that a likeness stands for."""
    return 1 - (1 if score.value is None else score.value) / 2


def judged(real: Rows, made: Rows, held: Rows, keys: tuple[ForeignKey, ...]) -> dict[str, float]:
    """Every measure of one draw."""
    from understudy.checks.c2st import c2st
    from understudy.checks.relational import ordered_by

    scores = relational(real, made, keys, held)
    by_name: dict[str, list[Score]] = {}
    for score in scores:
        by_name.setdefault(score.name, []).append(score)
    worst = by_name["worst c2st-agg"][0]
    families = Families(Family(real, keys), Family(made, keys), Family(held, keys), 20_000)
    rows, pairs = [], []
    for one in keys:
        alone = families.sides(str(one.table), lambda f, one=one: f.table(one.table).select(f.plain(one.table)))
        rows += [auc(s) for s in c2st(alone) if s.name == "c2st holdout"]
        order = ordered_by(families.real, one)
        both = families.sides(str(one.table), lambda f, one=one, order=order: successions(f, one, order))
        pairs += [auc(s) for s in c2st(both) if s.name == "c2st holdout"]
    print("   ", worst.detail, {k: round(v, 3) for k, v in list(worst.breakdown.items())[:6]})
    lift = [s.value or 0.0 for s in by_name.get("hop trend", [])]
    return {
        "agg": auc(worst),
        "real": 1 - (worst.ceiling or 0) / 2,
        "row": max(rows),
        "pair": max(pairs),
        "card": min(s.value or 0 for s in by_name["cardinality"]),
        "hops": min(lift, default=1.0),
        "whole": min(s.value or 0 for s in by_name["integrity"]),
    }


def main() -> int:
    """Run every database asked for; one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--effort", default="normal")
    parser.add_argument("--databases", default=",".join(DATABASES))
    parser.add_argument("--share", type=float, default=1.0, help="of the parents, to learn from and to judge by")
    parser.add_argument(
        "--unseen", action="store_true", help="make children of real parents that were not learned from"
    )
    parser.add_argument("--passes", type=int, help="a budget of so many rows shown to each network, of width 256")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, help="append every line's numbers to this file")
    parser.add_argument("--keep", type=Path, help="a folder for the fit of each database")
    chosen = parser.parse_args()
    print(f"{'database':12}", *(f"{n:>8}" for n in "agg real row pair card hops whole fit_s make_s MiB".split()))
    for name in chosen.databases.split(","):
        try:
            tables, keys = DATABASES[name]()
        except FileNotFoundError:
            print(f"{name:12} is not here")
            continue
        real, held = halves(tables, keys, chosen.share)
        given = {keys[0].parent: held[keys[0].parent]} if chosen.unseen else {}
        found = run(real, held, given, keys, chosen, name)
        print(f"{name:12}", *(f"{v:8.4f}" if v < 2 else f"{v:8.1f}" for v in found.values()), flush=True)
        if chosen.json:
            with chosen.json.open("a") as file:
                file.write(json.dumps({"database": name, "effort": chosen.effort, **found}) + "\n")
    return 0


def run(
    real: Rows, held: Rows, given: Rows, keys: tuple[ForeignKey, ...], chosen: argparse.Namespace, name: str
) -> dict[str, float]:
    """Fit, sample and judge."""
    import torch

    from understudy.synth.network.effort import Budget

    torch.set_num_threads(1)
    effort = Budget(500_000, 256, chosen.passes) if chosen.passes else chosen.effort
    tables = Tables(effort, seed=chosen.seed)
    shape = shape_of(real, keys)
    fit, _ = spent(lambda: tables.fit(shape, lambda one: real[one].to_reader()))
    if chosen.keep:
        chosen.keep.mkdir(parents=True, exist_ok=True)
        tables.save(chosen.keep / name)
    make, made = spent(lambda: made_rows(tables, chosen.seed, given))
    assert isinstance(made, dict)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {**judged(real, made, held, keys), "fit": fit, "make": make, "peak": peak}


if __name__ == "__main__":
    raise SystemExit(main())
