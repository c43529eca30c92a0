"""Wires the capabilities together: the job file, its plan, its runs and what they leave behind."""

from understudy.connections import CONNECTIONS, connect
from understudy.interfaces import Connection
from understudy.jobs.approving import approve
from understudy.jobs.comparing import measure
from understudy.jobs.detecting import Detected, findings
from understudy.jobs.drafting import Draft, init
from understudy.jobs.frames import mask, unmask
from understudy.jobs.loading import load
from understudy.jobs.look import Checked, Planned, Preview, check, plan, preview, why
from understudy.jobs.record import Finished, report
from understudy.jobs.rerunning import Rerun, rerun
from understudy.jobs.running import run
from understudy.jobs.synthesizing import synthesize

__all__ = [
    "Checked",
    "Detected",
    "Draft",
    "Finished",
    "Planned",
    "Preview",
    "Rerun",
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


def _lake(url: str) -> Connection:
    from understudy.lake.connection import connect as open_branch

    return open_branch(url)


CONNECTIONS["lake"] = _lake
