"""Commands of the user that look at one state of a lake, or write on one branch: told where by their environment."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from understudy.errors import InputError
from understudy.lake.lake import Lake


def environment(lake: Lake, ref: str) -> dict[str, str]:
    """UNDERSTUDY_LAKE, UNDERSTUDY_CATALOG (where its store is) and UNDERSTUDY_REF, which is LAKE_REF too."""
    folder = lake.location if "://" in lake.location else str(Path(lake.location).absolute())
    return {
        **os.environ,
        "UNDERSTUDY_LAKE": folder,
        "UNDERSTUDY_CATALOG": lake.store.database.url,
        "UNDERSTUDY_REF": ref,
        "LAKE_REF": ref,
    }


def run(lake: Lake, ref: str, argv: Sequence[str]) -> int:
    """Run a command on a state; its exit status, negative where a signal ended it."""
    try:
        return subprocess.run(argv, env=environment(lake, ref), check=False).returncode
    except OSError as error:
        raise InputError(f"{argv[0]!r} cannot be run: {error.strerror}") from error
