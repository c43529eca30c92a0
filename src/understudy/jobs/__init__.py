"""Wires the capabilities together: the job file, its plan, its runs and what they leave behind."""

from understudy.jobs.detecting import Detected, findings
from understudy.jobs.drafting import Draft, init
from understudy.jobs.frames import mask, unmask
from understudy.jobs.loading import load
from understudy.jobs.look import Checked, Planned, Preview, check, plan, preview, why
from understudy.jobs.record import Finished, report
from understudy.jobs.running import run

__all__ = [
    "Checked",
    "Detected",
    "Draft",
    "Finished",
    "Planned",
    "Preview",
    "check",
    "findings",
    "init",
    "load",
    "mask",
    "plan",
    "preview",
    "report",
    "run",
    "unmask",
    "why",
]
