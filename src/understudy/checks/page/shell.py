"""The document around every page: one file, no network, nothing runs but the script that is written into it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from importlib import resources
from string import Template

from understudy.checks.page.words import text

__all__ = ["document", "resource"]

Link = tuple[str, str]
"""A section's id, and what it is called in the navigation."""


def document(
    *,
    title: str,
    links: Iterable[Link],
    header: str,
    failures: str,
    figures: str,
    body: str,
    footer: str,
    script: str = "",
) -> str:
    """A whole page: navigation, the verdict, what failed, figures, and the sections of ``body``."""
    told = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return Template(resource("shell.html")).substitute(
        title=text(f"{title} · Understudy"),
        style=resource("page.css"),
        scripts=f" script-src 'sha256-{told}';" if script else "",
        links="".join(f'<a href="#{name}">{word}</a>' for name, word in links),
        header=header,
        failures=failures,
        figures=figures,
        body=body,
        footer=footer,
        script=f"<script>{script}</script>" if script else "",
    )


def resource(name: str) -> str:
    """A file that lies beside this one."""
    return (resources.files("understudy.checks.page") / name).read_text(encoding="utf-8")
