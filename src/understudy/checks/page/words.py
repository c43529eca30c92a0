"""How the page writes text, numbers and times; everything that comes from a job or a database is escaped here."""

from __future__ import annotations

import html

UNITS = ("B", "kB", "MB", "GB", "TB")


def text(value: object) -> str:
    """A value inside an element."""
    return html.escape(str(value), quote=False)


def attribute(value: object) -> str:
    """A value inside a quoted attribute."""
    return html.escape(str(value), quote=True)


def number(value: float) -> str:
    """A count with separators; fractions only where there are any."""
    return f"{value:,.0f}" if float(value).is_integer() else f"{value:,.3g}"


def share(part: float, whole: float) -> str:
    """A part as a percentage that never says nothing or all where it is not."""
    if not whole:
        return ""
    percent = 100 * part / whole
    if 0 < percent < 0.1:
        return "< 0.1 %"
    if 99 < percent < 100:
        return "> 99 %"
    return f"{percent:.1f} %" if 0 < percent < 10 else f"{percent:.0f} %"


def seconds(value: float) -> str:
    """A duration as a person says it: ``0.21 s``, ``4.9 s``, ``3 min 04 s``, ``2 h 05 min``."""
    if value < 1:
        return f"{value:.2f} s"
    if value < 60:
        return f"{value:.1f} s"
    if value < 3600:
        return f"{int(value // 60)} min {int(value % 60):02} s"
    return f"{int(value // 3600)} h {int(value % 3600 // 60):02} min"


def size(value: float) -> str:
    """Bytes in the largest unit that leaves a whole number before the point."""
    for unit in UNITS[:-1]:
        if value < 1000:
            return f"{value:.0f} {unit}" if unit == "B" or value >= 10 else f"{value:.1f} {unit}"
        value /= 1000
    return f"{value:,.1f} {UNITS[-1]}"


def plural(count: int, noun: str) -> str:
    """``1 table``, ``2 tables``."""
    return f"{number(count)} {noun}{'' if count == 1 else 's'}"
