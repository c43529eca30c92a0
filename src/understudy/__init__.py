"""Understudy: stand-ins for production data.

The names below are the Python API; each is loaded on first use, so that ``import understudy`` stays light.
Progress is reported to any callable of the shape of ``interfaces.Progress``; ``quiet`` ignores it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from understudy.errors import CheckFailed, Error, InputError
    from understudy.jobs import (
        approve,
        check,
        connect,
        findings,
        init,
        load,
        mask,
        measure,
        plan,
        preview,
        report,
        rerun,
        run,
        synthesize,
        unmask,
        why,
    )
    from understudy.lake import Lake
    from understudy.transforms import Key

_HOMES = {
    "CheckFailed": "errors",
    "Error": "errors",
    "InputError": "errors",
    "Key": "transforms",
    "Lake": "lake",
    "approve": "jobs",
    "check": "jobs",
    "connect": "jobs",
    "findings": "jobs",
    "init": "jobs",
    "load": "jobs",
    "mask": "jobs",
    "measure": "jobs",
    "plan": "jobs",
    "preview": "jobs",
    "report": "jobs",
    "rerun": "jobs",
    "run": "jobs",
    "synthesize": "jobs",
    "unmask": "jobs",
    "why": "jobs",
}

__all__ = [
    "CheckFailed",
    "Error",
    "InputError",
    "Key",
    "Lake",
    "approve",
    "check",
    "connect",
    "findings",
    "init",
    "load",
    "mask",
    "measure",
    "plan",
    "preview",
    "report",
    "rerun",
    "run",
    "synthesize",
    "unmask",
    "why",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'understudy' has no attribute {name!r}")
    return getattr(importlib.import_module(f"understudy.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return __all__
