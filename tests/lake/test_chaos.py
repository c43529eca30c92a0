"""Chaos for a few seconds: `python -m benchmarks.lake_chaos` is the same for ten minutes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
def test_kills_full_disks_and_restarts_lose_nothing_that_was_acknowledged(store: str) -> None:
    command = [sys.executable, "-m", "benchmarks.lake_chaos", "--seconds", "4", "--workers", "3", "--store", store]
    done = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr  # writers may tell of connections that were cut
    assert "kills" in done.stdout and "commits acknowledged" in done.stdout
