"""The report as one self-contained HTML page: no network, no script but its own, readable without any."""

from __future__ import annotations

from string import Template

from understudy.checks.page import sections
from understudy.checks.page.drawing import drawing
from understudy.checks.page.shell import document, resource
from understudy.checks.report import Report

__all__ = ["page"]

_LINKS = (("tables", "Tables"), ("relations", "Graph"), ("checks", "Checks"))
_LAST = (("timings", "Timings"), ("again", "Reproduce"))
_FOOTER = "One file, no network: safe to mail or to keep. It holds names, counts and the job, no row of the source."


def page(report: Report, measured: str = "") -> str:
    """The page to show: verdict, figures, tables, graph, checks, timings, and what it takes to do it again.

    ``measured`` are sections of what was measured of made rows: ``quality_page.section``.
    """
    body = Template(resource("run.html")).substitute(
        tables=sections.tables(report),
        graph=sections.graph(report, drawing(report)),
        checks=sections.checks(report),
        measured=measured,
        timings=sections.timings(report),
        again=sections.again(report),
    )
    return document(
        title=f"{report.job}: {'passed' if report.passed else 'failed'}",
        links=(*_LINKS, *([("measured", "Measured")] if measured else []), *_LAST),
        header=sections.header(report),
        failures=sections.failures(report),
        figures=sections.figures(report),
        body=body,
        footer=_FOOTER,
        script=resource("page.js"),
    )
