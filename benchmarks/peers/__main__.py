"""Understudy's synthesizer and its open peers, side by side: `make bench-synth`, or `python -m benchmarks.peers`.

The same rows to learn from, the same judge (`benchmarks.synth.judged`, and the best membership attack of our checks),
one CPU thread, as many rows made as learned.
Each peer is a program in an environment of its own under `.venv-peers/`, which this makes where it is missing; rows
go to it and come back in Feather files, and nothing of it is imported here.  A peer that cannot be installed, fails
or takes too long is a line of the result that says so.

`--peers`, `--tables`, `--seeds`, `--effort` (of ours), `--rows` (to try it on few), `--hours` (of one fit and sample).
`--json FILE` appends each result as one line, `--page FILE` writes them all as a table in Markdown.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Any

import pyarrow as pa
import pyarrow.feather
from benchmarks import synth

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
ENVIRONMENTS = ROOT / ".venv-peers"
QUIET = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "LOKY_MAX_CPU_COUNT"), "1")
MEASURES = ("c2st", "held", "real", "shape", "trend", "utility", "dcr", "attack")


@dataclass(frozen=True)
class Peer:
    """A program that fits and samples, and the environment it runs in."""

    title: str
    environment: str
    program: str
    arguments: tuple[str, ...] = ()
    bare: str = ""
    """A requirement that is installed without what it requires."""


PEERS = {
    "mostlyai": Peer("MOSTLY AI engine 2.7.3", "mostlyai", "engine_program.py", bare="mostlyai-engine==2.7.3"),
    "copula": Peer("Gaussian copula (SDV 2.0.0)", "sdv", "sdv_program.py", ("copula",)),
    "ctgan": Peer("CTGAN (SDV 2.0.0)", "sdv", "sdv_program.py", ("ctgan",)),
    "arf": Peer("ARF (arfpy 0.1.1)", "arf", "arf_program.py"),
}
OURS = "understudy"


class Missing(Exception):
    """Why there are no numbers."""


def python_of(peer: Peer) -> Path:
    """The Python of a peer's environment, which is made where it is not whole."""
    folder = ENVIRONMENTS / peer.environment
    python, ready, wanted = folder / "bin" / "python", folder / ".ready", HERE / f"{peer.environment}.txt"
    recipe = wanted.read_text() + peer.bare
    if ready.is_file() and ready.read_text() == recipe:
        return python
    base = shutil.which("python3.11") or sys.executable  # the version that all of them have wheels for
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    steps = [[base, "-m", "venv", str(folder)], [*pip, "-r", str(wanted)]]
    steps += [[*pip, "--no-deps", peer.bare]] if peer.bare else []
    for step in steps:
        done = subprocess.run(step, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Missing(f"not installed: {_last(done.stderr)}")
    ready.write_text(recipe)
    return python


def made_by(name: str, real: pa.Table, seed: int, chosen: argparse.Namespace) -> tuple[pa.Table, dict[str, float]]:
    """As many rows as were learned from, made by a program of its own, and what that cost."""
    with tempfile.TemporaryDirectory() as folder:
        source, made = str(Path(folder, "real")), str(Path(folder, "made"))
        pyarrow.feather.write_feather(real, source)
        if name == OURS:
            command = [sys.executable, "-m", "benchmarks.synth", "--work", source, made, chosen.effort, str(seed)]
        else:
            peer = PEERS[name]
            command = [str(python_of(peer)), str(HERE / peer.program), source, made, str(seed), *peer.arguments]
        inside = {**os.environ, **QUIET, "TMPDIR": folder, "PYTHONHASHSEED": "0", "CUDA_VISIBLE_DEVICES": ""}
        before = spent()
        place, limit = (ROOT if name == OURS else folder), chosen.hours * 3600
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, env=inside, cwd=place, timeout=limit
            )
        except subprocess.TimeoutExpired:
            raise Missing(f"took longer than {chosen.hours:g} hours") from None
        if done.returncode:
            raise Missing(f"failed: {_last(done.stderr)}")
        cost = json.loads(done.stdout.splitlines()[-1])
        return pyarrow.feather.read_table(made), cost | {"process": spent() - before}


def spent() -> float:
    """CPU seconds of all programs that were run and have ended, whatever they started in turn included."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def attacked(real: pa.Table, held: pa.Table, made: pa.Table) -> float:
    """How well the best attack tells from the made rows who was learned from (AUC; 0.5 is right)."""
    from understudy.checks.privacy import prepare
    from understudy.checks.privacy.membership import membership

    return float(membership(prepare(real, made, held))[0].value or 0)


def measured(name: str, table: str, seed: int, chosen: argparse.Namespace) -> dict[str, Any]:
    """One line of the result: who, on what, with which seed, and the numbers, or why there are none."""
    line: dict[str, Any] = {"peer": name, "table": table, "seed": seed}
    if name == OURS:
        line["effort"] = chosen.effort
    try:
        real, held = synth.TABLES[table]()
    except FileNotFoundError:
        return line | {"missing": "the table is not here"}
    if chosen.rows:
        real, held = (synth.split(side, min(1.0, chosen.rows / len(side)))[1] for side in (real, held))
    line |= {"rows": len(real), "columns": real.num_columns}
    try:
        made, cost = made_by(name, real, seed, chosen)
    except Missing as missing:
        return line | {"missing": str(missing)}
    return line | synth.judged(real, held, made) | {"attack": attacked(real, held, made), "cost": cost}


def page(lines: Sequence[Mapping[str, Any]]) -> str:
    """Every result as a table in Markdown: the mean over seeds, and the spread of C2ST."""
    head = ["table", "by", "seeds", *MEASURES, "fit CPU s", "sample CPU s", "peak MiB"]
    rows = [head, ["---"] * len(head)]
    groups: dict[tuple[str, str, str], list[Mapping[str, Any]]] = {}
    for line in lines:
        groups.setdefault((line["table"], line["peer"], line.get("effort", "")), []).append(line)
    for (table, name, effort), group in sorted(groups.items()):
        title = f"Understudy, {effort}" if name == OURS else PEERS[name].title
        good = [line for line in group if "missing" not in line]
        reasons = sorted({line["missing"] for line in group if "missing" in line})
        row = [table, title, str(len(good))]
        if good:
            row += [_numbers([line[measure] for line in good if measure in line], measure) for measure in MEASURES]
            row += [f"{mean(line['cost'][what] for line in good):,.1f}" for what in ("fit", "sample")]
            row += [f"{max(line['cost']['peak'] for line in good):,}"]
        else:
            row += ["missing", *[""] * (len(head) - 4)]
        rows.append(row)
        rows += [[table, title, "", reason, *[""] * (len(head) - 4)] for reason in reasons]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _numbers(values: Sequence[float], measure: str) -> str:
    if not values:
        return ""
    spread = f" ± {(max(values) - min(values)) / 2:.3f}" if measure == "c2st" and len(values) > 1 else ""
    return (
        f"{mean(values):.3f}{spread}" if measure in ("c2st", "held", "real", "dcr", "attack") else f"{mean(values):.4f}"
    )


def _last(text: str) -> str:
    """The last line that a program wrote, without bars that would break the table."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return (lines[-1] if lines else "no word why")[:200].replace("|", "/")


def main() -> int:
    """Run every peer, table and seed asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--peers", default=",".join([OURS, *PEERS]))
    parser.add_argument("--tables", default="adult,bank,california,made-orders,made-mixture")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--effort", default="normal")
    parser.add_argument("--rows", type=int, default=0)
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--page", type=Path)
    chosen = parser.parse_args()
    os.environ.update(QUIET)
    lines = []
    if chosen.json and chosen.json.is_file():
        lines = [json.loads(line) for line in chosen.json.read_text().splitlines()]
    print(f"{'table':14} {'by':12} seed", *(f"{name:>8}" for name in (*MEASURES, "fit s", "sample s", "MiB")))
    for table in chosen.tables.split(","):
        for seed in range(chosen.first, chosen.first + chosen.seeds):
            for name in chosen.peers.split(","):
                line = measured(name, table, seed, chosen)
                lines.append(line)
                shown: list[str] = [f"{line[measure]:8.4f}" for measure in MEASURES if measure in line]
                shown += [f"{line['cost'][what]:8.1f}" for what in ("fit", "sample", "peak") if "cost" in line]
                print(f"{table:14} {name:12} {seed:4}", *(shown or [line["missing"]]), flush=True)
                if chosen.json:
                    with chosen.json.open("a") as file:
                        file.write(json.dumps(line) + "\n")
                if chosen.page:
                    chosen.page.write_text(page(lines))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
