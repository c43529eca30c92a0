"""The report as one self-contained HTML page: no network, no script but its own, readable without any."""

from __future__ import annotations

import base64
import hashlib
from importlib import resources
from string import Template

from understudy.checks.page import sections
from understudy.checks.page.drawing import drawing
from understudy.checks.page.words import text
from understudy.checks.report import Report

__all__ = ["page"]


def page(report: Report, measured: str = "") -> str:
    """The page to show: verdict, figures, tables, graph, checks, timings, and what it takes to do it again.

    ``measured`` are sections of what was measured of made rows: ``quality_page.section``.
    """
    script = _resource("page.js")
    return Template(_resource("page.html")).substitute(
        title=text(f"{report.job}: {'passed' if report.passed else 'failed'} · Understudy"),
        style=_resource("page.css"),
        script=script,
        script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
        header=sections.header(report),
        failures=sections.failures(report),
        figures=sections.figures(report),
        tables=sections.tables(report),
        graph=sections.graph(report, drawing(report)),
        checks=sections.checks(report),
        measured=measured,
        link='<a href="#measured">Measured</a>' if measured else "",
        timings=sections.timings(report),
        again=sections.again(report),
    )


def _resource(name: str) -> str:
    return (resources.files(__name__) / name).read_text(encoding="utf-8")
