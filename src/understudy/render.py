"""The only place that prints: text for people, or JSON for programs, chosen once per command.

What a command found goes to stdout; progress, events and errors go to stderr.  With ``--json`` stdout holds
exactly one document, the last thing written, and stderr one JSON object per line.  Imports nothing above
``errors``, so that everything may use it.
"""

from __future__ import annotations

import json as json_format
import re
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TextIO

from understudy.errors import Error

if TYPE_CHECKING:  # rich takes longer to import than `understudy --help` may take
    from rich.console import Console
    from rich.progress import Progress, TaskID
    from rich.tree import Tree

WIDE = 10_000
"""Columns of a table that is not written to a terminal: nothing is cut."""
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

Branch = Mapping[str, Any]
"""A tree to print: names with the branches below them; what is below a leaf is empty or None."""


def clean(text: object) -> str:
    """Text that cannot steer a terminal: control and direction characters, as names may hold them, are shown as �."""
    return _CONTROL.sub("\N{REPLACEMENT CHARACTER}", str(text))


class Told(Protocol):
    """What ``progress`` yields: told how far a subject of a step is, it draws."""

    def __call__(self, step: str, subject: str, done: int, total: int | None) -> None:
        """So many rows (or items) of this subject are done by now, of so many where that is known."""
        ...


class Output(Protocol):
    """How a command tells what it found.  A text output leaves documents out, a JSON output everything else."""

    def lines(self, *lines: str) -> None:
        """Lines of text."""
        ...

    def rows(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """A table."""
        ...

    def tree(self, title: str, branches: Branch) -> None:
        """Names below names."""
        ...

    def document(self, data: Mapping[str, Any]) -> None:
        """The one document of a command."""
        ...

    def result(self, data: Mapping[str, Any], *lines: str) -> None:
        """What a command found: lines for a person, or the document for a program."""
        ...

    def event(self, what: str, **facts: object) -> None:
        """Something that happened on the way."""
        ...

    def error(self, error: Error) -> None:
        """What went wrong, and what to do next."""
        ...

    def progress(self) -> AbstractContextManager[Told]:
        """A context manager that yields a callable to be told how far long work is; see ``Told``."""
        ...


def output(*, json: bool = False) -> Output:
    """The output a command was asked for."""
    return JsonOutput() if json else TextOutput()


class TextOutput:
    """Text for people: colours and bars on a terminal, plain lines anywhere else."""

    def lines(self, *lines: str) -> None:
        """Print lines as they are."""
        for line in lines:
            sys.stdout.write(clean(line) + "\n")
        sys.stdout.flush()

    def rows(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Print a table; columns of numbers stand to the right."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        table = Table(
            title=Text(clean(title)), box=box.SIMPLE_HEAD, title_justify="left", title_style="bold", pad_edge=False
        )
        for number, name in enumerate(columns):
            values = [row[number] for row in rows if row[number] is not None]
            numeric = bool(values) and all(isinstance(value, (int, float)) for value in values)
            table.add_column(Text(clean(name)), justify="right" if numeric else "left", overflow="fold")
        for row in rows:
            table.add_row(*(Text(_shown(value)) for value in row))
        _console(sys.stdout).print(table)

    def tree(self, title: str, branches: Branch) -> None:
        """Print names below names."""
        from rich.text import Text
        from rich.tree import Tree

        root = Tree(Text(clean(title), style="bold"))
        _grow(root, branches)
        _console(sys.stdout).print(root)

    def document(self, data: Mapping[str, Any]) -> None:
        """Nothing: a person is told in lines, rows and trees."""

    def result(self, data: Mapping[str, Any], *lines: str) -> None:  # noqa: ARG002 - the other output prints it
        """Print the lines."""
        self.lines(*lines)

    def event(self, what: str, **facts: object) -> None:
        """Print what happened on one line of stderr."""
        told = " ".join(f"{name}={clean(value)}" for name, value in facts.items())
        sys.stderr.write(f"{clean(what)} {told}".rstrip() + "\n")

    def error(self, error: Error) -> None:
        """Print message and hint to stderr."""
        from rich.text import Text

        console = _console(sys.stderr)
        console.print(Text.assemble(("error: ", "bold red"), clean(error.message)), soft_wrap=True)
        if error.hint:
            console.print(Text.assemble(("hint: ", "bold cyan"), clean(error.hint)), soft_wrap=True)

    @contextmanager
    def progress(self) -> Iterator[Told]:
        """Bars on a terminal; elsewhere one line per step, when the next one begins."""
        if not sys.stderr.isatty():
            with _Steps().watching() as steps:
                yield steps
            return
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.fields[step]:<9}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[subject]}", markup=False, style="dim"),
        )
        with (
            Progress(*columns, console=_console(sys.stderr), refresh_per_second=8) as bars,
            _Bars(bars).watching() as told,
        ):
            yield told


class JsonOutput:
    """One JSON document on stdout; events and late errors as JSON lines on stderr."""

    def __init__(self) -> None:
        self._written = False

    def lines(self, *lines: str) -> None:
        """Nothing: a program reads the document."""

    def rows(self, title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Nothing: a program reads the document."""

    def tree(self, title: str, branches: Branch) -> None:
        """Nothing: a program reads the document."""

    def document(self, data: Mapping[str, Any]) -> None:
        """Write the one document."""
        if self._written:
            raise RuntimeError("a command writes one document")
        self._written = True
        sys.stdout.write(_json(data, indent=2) + "\n")
        sys.stdout.flush()

    def result(self, data: Mapping[str, Any], *lines: str) -> None:  # noqa: ARG002 - the other output prints them
        """Write the document."""
        self.document(data)

    def event(self, what: str, **facts: object) -> None:
        """Write one JSON object to stderr."""
        sys.stderr.write(_json({"event": what, **facts}) + "\n")

    def error(self, error: Error) -> None:
        """Write the error to stderr as one JSON object."""
        told = {"error": error.message, "hint": error.hint, "exit_code": error.exit_code}
        sys.stderr.write(_json(told) + "\n")

    @contextmanager
    def progress(self) -> Iterator[Told]:
        """Silence."""
        yield lambda step, subject, done, total: None  # noqa: ARG005 - a Told is given all four


def _json(data: Mapping[str, Any], indent: int | None = None) -> str:
    return json_format.dumps(data, ensure_ascii=False, indent=indent, default=str)


def _console(stream: TextIO) -> Console:
    from rich.console import Console

    width = None if stream.isatty() else WIDE
    return Console(file=stream, highlight=False, markup=False, emoji=False, width=width)


def _shown(value: object) -> str:
    if value is None:
        return ""
    return clean(f"{value:.6g}" if isinstance(value, float) else value)


def _grow(tree: Tree, branches: Branch) -> None:
    from rich.text import Text

    for name, below in branches.items():
        branch = tree.add(Text(clean(name)))
        if below:
            _grow(branch, below)


@dataclass
class _Step:
    """How far one step is, added up over its subjects."""

    began: float = field(default_factory=time.monotonic)
    touched: float = field(default_factory=time.monotonic)
    done: dict[str, int] = field(default_factory=dict)
    totals: dict[str, int | None] = field(default_factory=dict)
    told: int = -1
    """What was told of it last; -1 before the first time."""

    def take(self, subject: str, done: int, total: int | None) -> None:
        """Note how far a subject is: what it is called, up to a colon; what follows may change as it goes on."""
        name = subject.partition(": ")[0]
        self.done[name], self.totals[name] = done, total
        self.touched = time.monotonic()

    @property
    def all_done(self) -> int:
        return sum(self.done.values())

    @property
    def all_total(self) -> int | None:
        known = [total for total in self.totals.values() if total is not None]
        return sum(known) if len(known) == len(self.totals) else None


class _Steps:
    """Progress without a terminal: a line for a step when the next one begins, and at the end."""

    def __init__(self) -> None:
        self._steps: dict[str, _Step] = {}
        self._lock = threading.Lock()

    def __call__(self, step: str, subject: str, done: int, total: int | None) -> None:
        with self._lock:
            if step not in self._steps:
                self._tell()
            self._steps.setdefault(step, _Step()).take(subject, done, total)

    def _tell(self) -> None:
        """One line for every step that moved since it was told last."""
        for name, step in self._steps.items():
            if step.told != step.all_done:
                step.told = step.all_done
                sys.stderr.write(f"{clean(name)}: {step.told:,} done in {step.touched - step.began:.1f} s\n")
        sys.stderr.flush()

    @contextmanager
    def watching(self) -> Iterator[_Steps]:
        """Tell what is left to tell when the block ends, however it ends."""
        try:
            yield self
        finally:
            with self._lock:
                self._tell()


class _Bars:
    """Progress on a terminal: a bar for every step, the subject at work beside it."""

    SECONDS = 0.1
    """Between two changes of a bar: long work tells far more often."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._steps: dict[str, tuple[_Step, TaskID]] = {}
        self._drawn: dict[str, float] = {}
        self._lock = threading.Lock()

    def __call__(self, step: str, subject: str, done: int, total: int | None) -> None:
        with self._lock:
            if step not in self._steps:
                self._steps[step] = _Step(), self._bars.add_task("", total=None, step=clean(step), subject="")
            state, task = self._steps[step]
            state.take(subject, done, total)
            now = time.monotonic()
            if now - self._drawn.get(step, 0.0) >= self.SECONDS:
                self._drawn[step] = now
                self._bars.update(task, completed=state.all_done, total=state.all_total, subject=clean(subject))

    @contextmanager
    def watching(self) -> Iterator[_Bars]:
        """Leave every bar full, at what was really done, when the block ends well."""
        yield self
        with self._lock:
            for state, task in self._steps.values():
                self._bars.update(task, completed=state.all_done, total=state.all_done, subject="")
