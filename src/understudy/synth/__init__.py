"""Synthesizers: rows that behave like a table's without being any of its rows.

``encode`` turns columns into what a network learns, ``model`` is the network, ``train`` its one loop, ``sample`` draws
rows, under any conditions; ``artifact`` is what stays of a fit; ``flat`` is all of it for one table.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def flat(**options: Any) -> Any:
    """The synthesizer of one table, loaded when it is first asked for; options are those of ``Flat``."""
    from understudy.synth.flat import Flat

    return Flat(**options)


def tables(**options: Any) -> Any:
    """The synthesizer of several tables, loaded when it is first asked for; options are those of ``Tables``."""
    from understudy.synth.tables import Tables

    return Tables(**options)


SYNTHESIZERS: dict[str, Callable[..., Any]] = {"flat": flat}
"""Synthesizers by name: called with options, each returns one that can fit and sample.  Add your own by assignment."""

FAMILIES: dict[str, Callable[..., Any]] = {"tables": tables}
"""Synthesizers of several tables that belong together, by name; they learn a Schema where the others learn a Table."""
