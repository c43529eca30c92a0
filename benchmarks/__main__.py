"""`make bench`: every benchmark, one after the other, each printing ratios measured side by side in one run.

Names on the command line run only those: ``python -m benchmarks transforms subset``.
"""

from __future__ import annotations

import subprocess
import sys

BENCHMARKS = {
    "transforms": ["benchmarks.transforms"],
    "detection": ["benchmarks.detection"],
    "attacks": ["benchmarks.attacks"],
    "closure": ["benchmarks.closure_fuzz", "--seeds", "2000"],
    "copy": ["benchmarks.copy_path", "--rows", "5000000"],
    "subset": ["benchmarks.subset", "--rows", "10000000"],
    "kills": ["benchmarks.kills", "--times", "20"],
    "lake": ["benchmarks.lake"],
    "chaos": ["benchmarks.lake_chaos", "--seconds", "600"],
}


def main() -> int:
    """Run the named benchmarks, or all of them; the exit code is that of the first that failed."""
    names = sys.argv[1:] or list(BENCHMARKS)
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"unknown: {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}")
        return 2
    for name in names:
        print(f"\n== {name} ==", flush=True)
        code = subprocess.run([sys.executable, "-m", *BENCHMARKS[name]], check=False).returncode
        if code:
            return code
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
