"""`init`: the first job file for a source, complete and commented, for a person to review."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML

from understudy import detect, transforms
from understudy.connections import connect, redact
from understudy.interfaces import Progress, Refusal
from understudy.jobs.classify import UNDECIDED, Guess, guesses, parsed
from understudy.schema import Schema, Table, TableName

_HEAD = """\
# Understudy job for {identity}
# Review every line: each column has a rule, and a run refuses as long as one says `{undecided}`.
# Behind each rule stands why: what was found, how sure that is (0 to 1), by its name, type, keys{sampled}.
# `understudy plan {file}` shows what will happen; `understudy run {file}` does it.

source: {source}
key: ${{UNDERSTUDY_KEY}}          # the secret behind every stand-in; `understudy key new` makes one
lake: ./.understudy             # where runs and their results are kept

subset:
  targets:                      # rows you ask for; what they need comes along, their children too
{target}
  # follow:                     # how single foreign keys are followed (all are, both ways, unless said here)
  #   orders.shipping_address_id: null                              # empty this key in the copy
  #   sessions: {{top: 20, order_by: started_at desc}}                # at most 20 children per parent
  # exclude: {{users: "deleted_at is not null"}}                      # rows that must never be in the copy
  # virtual:                    # keys the database does not declare
  #   - {{table: notes, columns: subject_id, parent: users, parent_columns: id, when: "subject_type = 'User'"}}
  unreached: reference          # tables no target reaches: empty | reference (small ones whole) | all
{edges}
"""

_TAIL = """
checks: {integrity: fail, constraints: fail, privacy: fail}

# load:
#   - {to: "${DEV_URL}", mode: create}      # create | replace | append
"""

Place = tuple[TableName, str]

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_.$-]*\Z")


@dataclass(frozen=True)
class Draft:
    """A job file as `init` would write it, with what a person still has to decide."""

    text: str
    tables: int
    columns: int
    undecided: tuple[str, ...]
    schema: Schema
    """The source that it was drafted for."""


def init(
    url: str,
    *,
    file: str = "job.yaml",
    source: str = "${SOURCE_URL}",
    sample: int = detect.ROWS,
    recognizers: Sequence[Any] = (),
    progress: Progress | None = None,
) -> Draft:
    """Introspect a source, look at some of its rows, and draft its job; nothing is written anywhere.

    ``source`` is what the file will say; by default an environment variable, so that no
    credentials end up in git.  ``sample`` rows of every table are looked at, and forgotten; with 0,
    names and types alone decide.  ``recognizers`` are as the job's ``detect.recognizers``.
    """
    with connect(url).snapshot() as snapshot:
        schema = snapshot.schema()
        survey = detect.survey(
            schema,
            detect.Sampler(snapshot, rows=sample) if sample else None,
            recognizers=[detect.recognizer(one) for one in recognizers],
            progress=progress,
        )
    domains = transforms.domains(schema)
    chosen = fitting(schema, survey, domains)
    lines: list[str] = []
    for table in schema.tables:
        lines += _table(table, chosen, domains)
    head = _HEAD.format(
        identity=redact(schema.identity or url),
        undecided=UNDECIDED,
        sampled=f" and up to {sample:,} rows of each table" if sample else "",
        file=file,
        source=source,
        target=_target(schema),
        edges=_edges(schema),
    )
    count = sum(len(table.stored) for table in schema.tables)
    undecided = tuple(f"{table}.{column}" for (table, column), found in chosen.items() if found.rule == UNDECIDED)
    text = head + "columns:\n" + "\n".join(lines) + "\n" + _own(recognizers) + _TAIL
    return Draft(text, len(schema.tables), count, undecided, schema)


def fitting(schema: Schema, survey: detect.Survey, domains: Mapping[Place, str]) -> dict[Place, Guess]:
    """A rule for every column that takes no other's: the first of its guesses that is not refused."""
    waiting = {
        (table.name, column.name): guesses(schema, survey, table, column)
        for table in schema.tables
        for column in table.stored
        if domains.get((table.name, column.name), f"{table.name}.{column.name}") == f"{table.name}.{column.name}"
    }
    return first_fitting(schema, waiting, domains)


def first_fitting(
    schema: Schema, waiting: Mapping[Place, Sequence[Guess]], domains: Mapping[Place, str]
) -> dict[Place, Guess]:
    """The first guess of each column that is not refused, beside those of the others; ``decide`` where all are."""
    waiting = {place: list(found) for place, found in waiting.items()}
    while True:
        chosen = {place: found[0] for place, found in waiting.items()}
        refused = {refusal.subject: refusal for refusal in _refusals(schema, chosen, domains)}
        stuck = True
        for place, found in waiting.items():
            refusal = refused.get(f"{place[0]}.{place[1]}")
            if refusal is not None and found[0].rule != UNDECIDED:
                rest = found[1:] or [Guess(UNDECIDED, f"{found[0].rule} does not fit: {refusal.reason}")]
                waiting[place], stuck = rest, False
        if stuck:
            return chosen


def _refusals(schema: Schema, chosen: Mapping[Place, Guess], domains: Mapping[Place, str]) -> list[Refusal]:
    decided = {place: parsed(found.rule) for place, found in chosen.items() if found.rule != UNDECIDED}
    rules, clashes = transforms.spread(schema, decided, domains)
    return [*clashes, *transforms.refusals(schema, rules, domains)]


def _own(recognizers: Sequence[Any]) -> str:
    """The recognizers that were given, so that later checks use them too."""
    if not recognizers:
        return ""
    stream = io.StringIO()
    yaml = YAML()
    yaml.default_flow_style = None
    yaml.dump({"detect": {"recognizers": list(recognizers)}}, stream)
    return "\n" + stream.getvalue()


def _table(table: Table, chosen: Mapping[Place, Guess], domains: Mapping[Place, str]) -> list[str]:
    """The rules of one table; columns that take their parent's rule are shown as comments."""
    lines = [f"  # {table.name}: about {table.rows:,} rows"]
    for column in table.stored:
        name = f"{table.name}.{column.name}"
        found = chosen.get((table.name, column.name))
        if found is None:
            lines.append(f"  # {name}: as {domains[table.name, column.name]}, with which foreign keys join it")
            continue
        rule = f"  {quoted(name)}: {found.rule}"
        lines.append(f"{rule:<44} # {column.native_type}; {found.why}")
    return lines


def quoted(name: str) -> str:
    """A name as a YAML key: in double quotes where YAML would read something else."""
    if _PLAIN.match(name):
        return name
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _target(schema: Schema) -> str:
    table = _hub(schema)
    if table is None:
        return "    []"
    return f"    - {{table: {quoted(str(table.name))}, percent: 5}}"


def _hub(schema: Schema) -> Table | None:
    """The table most others hang from: the likeliest subject of a subset."""
    reached = {table.name: len(_below(schema, table.name)) for table in schema.tables if table.row_key}
    candidates = [table for table in schema.tables if table.name in reached]
    return max(candidates, key=lambda table: (reached[table.name], table.rows, str(table.name)), default=None)


def _below(schema: Schema, name: TableName) -> set[TableName]:
    seen: set[TableName] = set()
    todo = [name]
    while todo:
        for key in schema.children(todo.pop()):
            if key.table not in seen:
                seen.add(key.table)
                todo.append(key.table)
    return seen


def _edges(schema: Schema) -> str:
    if not schema.foreign_keys:
        return "  # the database declares no foreign keys"
    lines = ["  # the foreign keys there are:"]
    lines += [f"  #   {key}" for key in schema.foreign_keys]
    return "\n".join(lines)
