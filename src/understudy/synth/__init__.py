"""Synthesizers: rows that behave like a table's without being any of its rows.

**One table** (``flat``, the way in): ``encoding`` turns rows into what a network learns (``encode``), one codec per
column; ``network`` is the model, its one training loop, what that may cost, and the drawing of rows under conditions;
``artifact`` is what stays of a fit.

**What holds between columns** (``relations``): ``finding`` finds it (copies, sums, dependencies, rules), ``linked``
makes columns follow one another, ``legal`` knows which classes go together.

**Several tables** (``tables``, the way in; ``families``): ``order`` says who belongs to whom, ``gather`` reads,
``learning`` and ``making`` go over the tables, ``watch`` refuses copies of families; ``allowed`` says what can be
learned within a budget, and ``private`` learns it.

**One table within a budget** (``marginals``, the way in): ``privacy.aim`` asks which columns to count together,
``groups`` puts their values in few groups, ``estimate`` finds the distribution behind the counts, kept as a ``tree``,
from which ``evidence`` draws rows beside what is known of them.

**Privacy** (``privacy``): ``filters`` refuse copies and outliers of any synthesizer by what ``guard`` knows;
``private`` is a fit within a budget.

**Nothing to learn from**: ``described`` has a language model write rows.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any


def flat(**options: Any) -> Any:
    """The synthesizer of one table, loaded when it is first asked for; options are those of ``Flat``."""
    from understudy.synth.flat import Flat

    return Flat(**options)


def tables(**options: Any) -> Any:
    """The synthesizer of several tables, loaded when it is first asked for; options are those of ``Tables``."""
    from understudy.synth.tables import Tables

    return Tables(**options)


def marginals(**options: Any) -> Any:
    """The synthesizer of one table within a budget, loaded when first asked for; options of ``Marginals``."""
    from understudy.synth.marginals import Marginals

    return Marginals(**options)


def load(path: str | Path, **options: Any) -> Any:
    """The synthesizer of one table that was saved, of whichever kind it is."""
    from understudy.synth.artifact import form_of
    from understudy.synth.flat import Flat
    from understudy.synth.marginals import FORMAT, Marginals

    kinds: dict[str, Any] = {FORMAT: Marginals}
    return kinds.get(form_of(path), Flat).load(path, **options)


SYNTHESIZERS: dict[str, Callable[..., Any]] = {"flat": flat, "marginals": marginals}
"""Synthesizers by name: called with options, each returns one that can fit and sample.  Add your own by assignment."""

FAMILIES: dict[str, Callable[..., Any]] = {"tables": tables}
"""Synthesizers of several tables that belong together, by name; they learn a Schema where the others learn a Table."""
