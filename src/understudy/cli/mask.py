"""The verbs that work straight on files and pipes: mask, unmask, rotate."""

from __future__ import annotations

import enum
import json as json_format
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from understudy import render
from understudy.errors import InputError

if TYPE_CHECKING:
    from understudy.jobs.lane import Way
    from understudy.jobs.rules import RulesFile
    from understudy.jobs.straight import Told
    from understudy.transforms import Key

PIPE = "-"

Source = Annotated[str, typer.Argument(metavar="FILE", help="A file, a folder of files, or - for standard input.")]
Target = Annotated[str, typer.Option("--output", "-o", help="A file, or a folder; - for standard output.")]
Rules = Annotated[
    Path | None, typer.Option("--rules", "-r", metavar="RULES", help="A rules file, or a job file with its rules.")
]
KeyFrom = Annotated[
    str,
    typer.Option(
        "--key-from",
        metavar="PLACE",
        help="Where the key is: an environment variable, a file, or - for stdin; by default as the rules say.",
    ),
]
Form = Annotated[str, typer.Option("--format", help="The input's format, where its name does not tell.")]
To = Annotated[str, typer.Option("--to", help="The output's format, where its name does not tell.")]
Table = Annotated[
    str, typer.Option("--table", help="The table in the file, where rules name tables; by default the file's name.")
]
Delimiter = Annotated[str, typer.Option("--delimiter", help="What separates the fields of the CSV read.")]
Encoding = Annotated[str, typer.Option("--encoding", help="The encoding of the CSV read.")]
Header = Annotated[
    bool, typer.Option("--header/--no-header", help="The CSV read has names in its first line, or column1, column2 ...")
]
ReportTo = Annotated[Path | None, typer.Option("--report", help="Write what was done as JSON: key id, rules, counts.")]
Force = Annotated[bool, typer.Option("--force", help="Replace what is there.")]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document instead of text.")]


class Others(enum.StrEnum):
    """What becomes of columns that cannot be restored."""

    REFUSE = "refuse"
    DROP = "drop"
    KEEP = "keep"


def register(app: typer.Typer) -> None:
    """Add the verbs to the application."""
    for verb in (mask, unmask, rotate):
        app.command(verb.__name__)(verb)


def mask(
    source: Source,
    output: Target = PIPE,
    rules: Rules = None,
    key_from: KeyFrom = "",
    form: Form = "",
    to: To = "",
    table: Table = "",
    delimiter: Delimiter = "",
    encoding: Encoding = "utf-8",
    header: Header = True,
    report: ReportTo = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Mask a file, a pipe or a folder of files: CSV, TSV, Parquet or JSON lines, in and out."""
    from understudy.jobs import ways

    call = _Call(source, output, report, json=json)
    told = _told(form, to, table, (delimiter, encoding, header), force=force)
    if rules is None:
        raise _drafted(source, told)
    file = call.rules(rules)
    key = _key(file, key_from)
    call.do(file, ways.masking(key), key, told)


def unmask(
    source: Source,
    output: Target = PIPE,
    rules: Rules = None,
    key_from: KeyFrom = "",
    others: Annotated[
        Others, typer.Option("--others", help="What becomes of columns that cannot be restored.")
    ] = Others.REFUSE,
    form: Form = "",
    to: To = "",
    table: Table = "",
    delimiter: Delimiter = "",
    encoding: Encoding = "utf-8",
    header: Header = True,
    report: ReportTo = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Give the originals back to whoever holds the key, with the rules that masked them."""
    from understudy.jobs import ways

    call = _Call(source, output, report, json=json)
    file = call.rules(rules)
    key = _key(file, key_from)
    told = _told(form, to, table, (delimiter, encoding, header), force=force)
    call.do(file, ways.restoring(key, others.value), key, told)


def rotate(
    source: Source,
    from_key: Annotated[str, typer.Option("--from-key", metavar="PLACE", help="Where the old key is.")],
    to_key: Annotated[str, typer.Option("--to-key", metavar="PLACE", help="Where the new key is.")],
    output: Target = PIPE,
    rules: Rules = None,
    form: Form = "",
    to: To = "",
    table: Table = "",
    delimiter: Delimiter = "",
    encoding: Encoding = "utf-8",
    header: Header = True,
    report: ReportTo = None,
    force: Force = False,
    json: Json = False,
) -> None:
    """Exchange the key behind masked files: restore with the old one, mask with the new one, at once."""
    from understudy.jobs import keys, ways

    call = _Call(source, output, report, json=json)
    file = call.rules(rules)
    old, new = keys.key_from(from_key), keys.key_from(to_key)
    if old == new:
        raise InputError("both keys are the same", hint="`understudy key new` makes another")
    told = _told(form, to, table, (delimiter, encoding, header), force=force)
    call.do(file, ways.rotating(old, new), new, told)


class _Call:
    """One call of a verb: where it reads and writes, and how it tells what it did."""

    def __init__(self, source: str, output: str, report: Path | None, *, json: bool) -> None:
        if json and output == PIPE:
            raise InputError("--json and the data would both go to standard output", hint="name a file with `-o`")
        self._source, self._output, self._report = source, output, report
        self._out = render.output(json=json)

    def rules(self, path: Path | None) -> RulesFile:
        """The rules of the call; an InputError where none are named."""
        from understudy.jobs.rules import load_rules

        if path is None:
            raise InputError(f"there are no rules for {self._source!r}", hint="name a file that holds them: `--rules`")
        return load_rules(path)

    def do(self, file: RulesFile, way: Way, key: Key, told: Told) -> None:
        """Do it, and tell what was done, unless the result itself went to standard output."""
        from understudy.jobs import straight

        with self._progress() as progress:
            done = straight.turn(self._source, self._output, file.policy, way, key=key.id, told=told, progress=progress)
        if self._report is not None:
            text = json_format.dumps(done.json(), indent=1, ensure_ascii=False)
            self._report.write_text(text + "\n", encoding="utf-8")
        if self._output != PIPE:
            self._out.result(done.json(), str(done))

    @contextmanager
    def _progress(self) -> Iterator[render.Told]:
        """Progress; in a pipeline, only for a person who watches, and a quiet end when nobody reads any more."""
        if self._output == PIPE:
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        if self._output == PIPE and not sys.stderr.isatty():
            yield lambda step, subject, done, total: None  # noqa: ARG005 - a Told is given all four
            return
        with self._out.progress() as progress:
            yield progress


def _drafted(source: str, told: Told) -> InputError:
    """Print a draft of the rules there are none of, and tell what to do with it."""
    from understudy.jobs.suggest import suggest

    sys.stderr.write(suggest(source, told))
    hint = "review the draft above, save it, and name it: `--rules rules.yaml`"
    return InputError(f"there are no rules for {source!r}", hint=hint)


def _key(file: RulesFile, key_from: str) -> Key:
    from understudy.jobs.keys import key_from as found
    from understudy.jobs.spec import resolve
    from understudy.transforms import Key

    return found(key_from) if key_from else Key.parse(resolve(file.key, "key"))


def _told(form: str, to: str, table: str, csv: tuple[str, str, bool], *, force: bool) -> Told:
    from understudy.connections.files import Options
    from understudy.jobs.straight import Told

    delimiter, encoding, header = csv
    options = Options({"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter), encoding, header)
    return Told(form, to, table, options, force)
