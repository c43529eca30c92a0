"""What synthesis reaches and costs: `python -m benchmarks.synth [--effort normal] [--tables adult,bank] [--seeds 1]`.

Each table is split into rows to learn from and a holdout; as many rows are made as were learned from.  On one thread:

- `c2st`, `held`: 1 - (2 AUC - 1) of boosted trees (100, step 0.3) that tell made rows from those learned from, and
  from the holdout; 1 is best, 0 is worst; `real` is the same for real rows against the holdout, the ceiling;
- `shape`, `trend`: mean over columns, and over pairs, of how alike distributions are over all rows (1 is best), as the
  open SDMetrics library defines them;
- `utility`, `r2`: trees learned from made rows, minus trees learned from real ones, judged on the holdout: the mean
  difference of AUC over label columns, and of R2 of ranks over measures;
- `dcr`: the share of made rows nearer to a row learned from than to one of as many never seen; 0.5 is right;
- CPU seconds of fit and sample, and the peak memory of the process that did both.

Tables: those of ../shared/data/tabular, and `made-*`, drawn from rules that are known.  Of `made-weather-weeks` whole
weeks are held out, for its utility: where single hours are, trees that learn from real rows know the hours around each.
Its other measures that look at the holdout say only that weeks differ.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.feather
from benchmarks.synth_tables import accounts, weather

DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "tabular"

_ADULT = (
    "age workclass fnlwgt education education_num marital_status occupation relationship race sex capital_gain"
    " capital_loss hours_per_week country income"
).split()


def adult() -> tuple[pa.Table, pa.Table]:
    """The census extract, in the split it comes in."""
    sides = []
    for part in ("train", "test"):
        options = pyarrow.csv.ReadOptions(column_names=_ADULT)
        rows = pyarrow.csv.read_csv(DATA / "adult_uci" / f"adult-{part}.csv", read_options=options)
        clean = [
            pc.utf8_rtrim(pc.utf8_trim_whitespace(c), ".") if pa.types.is_string(c.type) else c for c in rows.columns
        ]
        sides.append(pa.table(clean, _ADULT))
    return sides[0], sides[1]


def bank() -> tuple[pa.Table, pa.Table]:
    """Calls of a bank's campaign, 90 % to learn from."""
    return split(pyarrow.csv.read_csv(DATA / "bank_marketing" / "bank_marketing.csv.gz"), 0.1)


def california() -> tuple[pa.Table, pa.Table]:
    """Housing by block, 90 % to learn from."""
    return split(pyarrow.csv.read_csv(DATA / "california_housing" / "housing.csv"), 0.1)


def made_orders(rows: int = 20_000) -> tuple[pa.Table, pa.Table]:
    """Orders: dates in order, a sum, prices by product, a discount that is mostly 0, skewed amounts, nulls."""
    rng = np.random.default_rng(1)
    product = rng.choice(40, rows, p=np.arange(40, 0, -1) / 820)
    price = np.round(5 + 200 * np.random.default_rng(2).random(40) ** 3, 2)[product]
    quantity = 1 + rng.poisson(0.5 + (price < 20) * 2.0)
    discount = np.where(rng.random(rows) < 0.7, 0, np.round(rng.beta(2, 8, rows), 2))
    net = np.round(price * quantity * (1 - discount), 2)
    tax = np.round(net * np.where(product % 3 == 0, 0.07, 0.19), 2)
    placed = np.datetime64("2023-01-01") + np.sort(rng.integers(0, 730, rows))
    gone = rng.random(rows) < 0.1 + 0.2 * (quantity > 3)
    shipped = pa.array(placed + rng.geometric(0.3, rows), pa.date32(), mask=gone)
    hour = np.clip(rng.normal(14, 4, rows), 0, 23.99)
    when = placed.astype("datetime64[s]") + (hour * 3600).astype("timedelta64[s]")
    table = pa.table(
        {
            "product": [f"P-{one:02d}" for one in product],
            "price": price,
            "quantity": quantity,
            "discount": discount,
            "net": net,
            "tax": tax,
            "total": np.round(net + tax, 2),
            "placed": when,
            "shipped": shipped,
            "channel": rng.choice(["web", "shop", "phone"], rows, p=[0.6, 0.3, 0.1]),
        }
    )
    return split(table, 0.1)


def made_mixture(rows: int = 20_000) -> tuple[pa.Table, pa.Table]:
    """Numbers only: rings, a banana, clusters, heavy tails, a product, a copy in a fifth of the rows."""
    rng = np.random.default_rng(3)
    angle, ring = rng.random(rows) * 2 * np.pi, rng.integers(1, 4, rows)
    x, y = ring * np.cos(angle) + rng.normal(0, 0.1, rows), ring * np.sin(angle) + rng.normal(0, 0.1, rows)
    heavy = rng.standard_t(2, rows)
    banana = x**2 + rng.normal(0, 0.3, rows)
    size = np.exp(rng.normal(2, 1, rows))
    rate = rng.gamma(2, 2, rows)
    table = pa.table(
        {
            "x": x,
            "y": y,
            "heavy": heavy,
            "banana": banana,
            "size": np.round(size, 2),
            "rate": np.round(rate, 3),
            "cost": np.round(size * rate, 2),
            "copy": np.where(rng.random(rows) < 0.2, heavy, rng.normal(size=rows)),
            "ring": [f"r{one}" for one in ring],
        }
    )
    return split(table, 0.1)


TABLES: dict[str, Callable[[], tuple[pa.Table, pa.Table]]] = {
    "adult": adult,
    "bank": bank,
    "california": california,
    "made-orders": made_orders,
    "made-mixture": made_mixture,
    "made-accounts": lambda: split(accounts(), 0.1),
    "made-weather": lambda: split(weather(), 0.1),
    "made-weather-weeks": lambda: split(weather(), 0.1, together=168),
}


def split(table: pa.Table, share: float, seed: int = 0, *, together: int = 1) -> tuple[pa.Table, pa.Table]:
    """Rows to learn from, and a holdout of that share.

    So many successive rows stay ``together``: in a series, a row's neighbours would tell most of it.
    """
    stretch = np.arange(len(table)) // together
    order = np.random.default_rng(seed).permutation(int(stretch[-1]) + 1)
    held = np.isin(stretch, order[: int(len(order) * share)])
    return table.filter(pa.array(~held)), table.filter(pa.array(held))


def work(source: Path, made: Path, effort: str, seed: int) -> None:
    """Fit and sample in a process of its own; prints what it cost as JSON."""
    from understudy.synth.flat import Flat

    table = pyarrow.feather.read_table(source)
    began, flat = time.process_time(), Flat(effort, seed=seed)
    flat.fit(None, table)
    fitted = time.process_time()
    rows = pa.Table.from_batches(flat.sample(len(table), seed=seed))
    sampled = time.process_time()
    pyarrow.feather.write_feather(rows, made)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    learned = flat.learned
    print(
        json.dumps(
            {
                "fit": fitted - began,
                "sample": sampled - fitted,
                "peak": peak,
                "passes": learned.passes,
                "loss": learned.loss,
                "held": learned.held_loss,
            }
        )
    )


def matrix(tables: list[pa.Table]) -> tuple[list[np.ndarray], list[int]]:
    """Tables as floats, labels as codes by frequency in the first; and which columns are labels."""
    columns: list[list[np.ndarray]] = [[] for _ in tables]
    labels = []
    for at, name in enumerate(tables[0].column_names):
        sides = [table[name].combine_chunks() for table in tables]
        kind = sides[0].type
        if pa.types.is_string(kind) or pa.types.is_boolean(kind):
            sides = [side.cast(pa.string()) for side in sides]
            counts = pc.value_counts(sides[0])
            ranked = counts.field(0)
            numbers = [pc.index_in(side, value_set=ranked).cast(pa.float64()) for side in sides]
            if len(ranked) <= 250:
                labels.append(at)
        elif pa.types.is_temporal(kind):
            days = pa.types.is_date32(kind)
            numbers = [side.cast(pa.int32() if days else pa.int64()).cast(pa.float64()) for side in sides]
        else:
            numbers = [side.cast(pa.float64(), safe=False) for side in sides]
        for column, number in zip(columns, numbers, strict=True):
            column.append(pc.fill_null(number, np.nan).to_numpy(zero_copy_only=False))
    return [np.stack(column, 1) for column in columns], labels


def likeness(one: np.ndarray, two: np.ndarray, labels: list[int], folds: int = 3) -> float:
    """1 where boosted trees cannot tell two sets of rows apart, 0 where they always can."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold

    rows, which = np.concatenate([one, two]), np.repeat([0, 1], [len(one), len(two)])
    found = np.zeros(len(rows))
    for learn, judge in StratifiedKFold(folds, shuffle=True, random_state=0).split(rows, which):
        weight = np.where(which[learn] == 1, len(one) / len(two), 1.0)
        trees = HistGradientBoostingClassifier(
            learning_rate=0.3, max_iter=100, categorical_features=labels, random_state=0
        )
        found[judge] = trees.fit(rows[learn], which[learn], weight).predict_proba(rows[judge])[:, 1]
    return float(1 - (2 * max(roc_auc_score(which, found), 0.5) - 1))


def shape(one: np.ndarray, two: np.ndarray, labels: list[int]) -> float:
    """Mean over columns: 1 less the Kolmogorov-Smirnov distance of numbers, or the total variation of labels."""
    found = []
    for at in range(one.shape[1]):
        if at in labels:
            found.append(_together(one[:, [at]], two[:, [at]]))
            continue
        left, right = (np.sort(side[~np.isnan(side[:, at]), at]) for side in (one, two))
        every = np.concatenate([left, right])
        up = [np.searchsorted(side, every, "right") / max(len(side), 1) for side in (left, right)]
        found.append(1 - float(np.abs(up[0] - up[1]).max(initial=0)))
    return float(np.mean(found))


def trend(one: np.ndarray, two: np.ndarray, labels: list[int]) -> float:
    """Mean over pairs: 1 less half the difference of correlations, or the total variation where one has labels.

    Numbers beside labels are cut into ten equal stretches of the first side's range.
    """
    cut = [one.copy(), two.copy()]
    for at in set(range(one.shape[1])) - set(labels):
        edges = np.linspace(np.nanmin(one[:, at]), np.nanmax(one[:, at]), 11)[1:-1]
        for side in cut:
            side[:, at] = np.where(np.isnan(side[:, at]), np.nan, np.searchsorted(edges, side[:, at]))
    found = []
    for left in range(one.shape[1]):
        for right in range(left):
            if left in labels or right in labels:
                found.append(_together(*(side[:, [left, right]] for side in cut)))
                continue
            pairs = [side[:, [left, right]] for side in (one, two)]
            both = [np.corrcoef(pair[~np.isnan(pair).any(1)].T)[0, 1] for pair in pairs]
            found.append(1 - abs(np.nan_to_num(both[0]) - np.nan_to_num(both[1])) / 2)
    return float(np.mean(found))


def _together(one: np.ndarray, two: np.ndarray) -> float:
    """1 less the total variation of how often values, or pairs of them, come on two sides."""
    every, codes = np.unique(np.nan_to_num(np.concatenate([one, two]), nan=-1.0), axis=0, return_inverse=True)
    sides = (codes.ravel()[: len(one)], codes.ravel()[len(one) :])
    counts = [np.bincount(side, minlength=len(every)) / max(len(side), 1) for side in sides]
    return 1 - float(np.abs(counts[0] - counts[1]).sum()) / 2


def nearer(real: np.ndarray, held: np.ndarray, made: np.ndarray, labels: list[int], most: int = 4_000) -> float:
    """The share of made rows nearer to a row learned from than to one of as many never seen."""
    from sklearn.neighbors import NearestNeighbors

    count = min(len(real), len(held), most * 2)
    rng = np.random.default_rng(0)
    sides = [side[rng.permutation(len(side))[:size]] for side, size in ((real, count), (held, count), (made, most))]
    parts: list[list[np.ndarray]] = [[], [], []]
    for at in range(real.shape[1]):
        own = np.sort(sides[0][:, at][~np.isnan(sides[0][:, at])])
        for part, side in zip(parts, sides, strict=True):
            values = side[:, at]
            if at in labels:
                part.append((values[:, None] == np.arange(int(np.nanmax(own, initial=0)) + 1)) / np.sqrt(2))
            else:
                rank = (np.searchsorted(own, values, "left") + np.searchsorted(own, values, "right")) / 2 / len(own)
                part.append(np.stack([np.where(np.isnan(values), 0.5, rank), np.isnan(values)], 1))
    x, h, m = (np.concatenate(part, 1) for part in parts)
    near = [NearestNeighbors(n_neighbors=1).fit(side).kneighbors(m)[0][:, 0] for side in (x, h)]
    return float((near[0] < near[1]).mean() + 0.5 * (near[0] == near[1]).mean())


def judged(real: pa.Table, held: pa.Table, made: pa.Table) -> dict[str, float]:
    """Every measure of one made table."""
    from understudy.checks.sides import sides
    from understudy.checks.utility import utility

    (x, h, m), labels = matrix([real, held, made])
    some = np.random.default_rng(0).permutation(len(x))[: len(h)]
    prepared = sides(real, made, held)
    found = {
        "c2st": likeness(x, m, labels),
        "held": likeness(h, m[: len(h)], labels),
        "real": likeness(h, x[some], labels),
        "shape": shape(x, m, labels),
        "trend": trend(x, m, labels),
        "dcr": nearer(x, h, m, labels),
    }
    useful = utility(prepared)
    gaps: dict[str, list[float]] = {"utility": [], "r2": []}
    for one in useful:
        if one.name == "utility":
            gap, measure = (one.value or 0) - (one.ceiling or 0), one.detail.startswith("R2")
            gaps["r2" if measure else "utility"].append(gap if measure else gap / 2)  # of labels it is 2 AUC - 1
    found |= {name: float(np.mean(some)) if some else 0.0 for name, some in gaps.items()}
    return found


def main() -> int:
    """Run every table and seed asked for; one line each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--effort", default="fast")
    parser.add_argument("--tables", default=",".join(TABLES))
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--work", nargs=4, help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, help="append every line's numbers to this file")
    chosen = parser.parse_args()
    if chosen.work:
        work(Path(chosen.work[0]), Path(chosen.work[1]), chosen.work[2], int(chosen.work[3]))
        return 0
    names = ["c2st", "held", "real", "shape", "trend", "utility", "r2", "dcr"]
    print(f"{'table':14} {'seed':>4}", *(f"{name:>8}" for name in (*names, "fit s", "sample s", "MiB")))
    for table in chosen.tables.split(","):
        for seed in range(chosen.seeds):
            try:
                real, held = TABLES[table]()
            except FileNotFoundError:
                print(f"{table:14} is not here")
                continue
            found, cost = run(real, held, chosen.effort, seed)
            numbers = (*(found[name] for name in names), cost["fit"], cost["sample"], cost["peak"])
            print(f"{table:14} {seed:4}", *(f"{value:8.4f}" if value < 10 else f"{value:8.1f}" for value in numbers),
                  flush=True)  # fmt: skip
            if chosen.json:
                line = {"table": table, "seed": seed, "effort": chosen.effort, **found, "cost": cost}
                with chosen.json.open("a") as file:
                    file.write(json.dumps(line) + "\n")
    return 0


def run(real: pa.Table, held: pa.Table, effort: str, seed: int) -> tuple[dict[str, float], dict[str, float]]:
    """Fit and sample in a fresh process of one thread, then judge."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder, "real"), Path(folder, "made")
        pyarrow.feather.write_feather(real, source)
        command = [sys.executable, "-m", "benchmarks.synth", "--work", str(source), str(made), effort, str(seed)]
        quiet = {**os.environ, "OMP_NUM_THREADS": "1"}
        done = subprocess.run(command, check=True, capture_output=True, text=True, env=quiet)
        cost = json.loads(done.stdout.splitlines()[-1])
        return judged(real, held, pyarrow.feather.read_table(made)), cost


if __name__ == "__main__":
    raise SystemExit(main())
