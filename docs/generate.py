"""Writes docs/reference/*.md from the code; `--check` says what is out of date instead, and exits 1."""

from __future__ import annotations

import inspect
import re
import sys
import typing
from pathlib import Path

import typer
from pydantic import BaseModel
from typer.testing import CliRunner

from understudy.checks import CHECKS, accounting, constraints, leaks, nulls
from understudy.cli import app
from understudy.jobs import spec
from understudy.transforms import TRANSFORMERS

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Made by docs/generate.py from the code; edit the docstrings there. -->\n\n"


def commands() -> str:
    """Every verb with its help, arguments and options."""
    parts = ["# Commands\n", "Exit codes: 0 fine, 1 a check failed, 2 your input, 3 failure.\n"]
    verbs = [str(command.name) for command in app.registered_commands]
    verbs += [f"{group.name} {one.name}" for group in app.registered_groups for one in _commands(group.typer_instance)]
    for verb in sorted(verbs):
        shown = CliRunner().invoke(app, [*verb.split(), "--help"], env={"COLUMNS": "100"}, prog_name="understudy")
        parts.append(f"## understudy {verb}\n\n```\n{shown.output.strip()}\n```\n")
    return NOTE + "\n".join(parts)


def _commands(group: typer.Typer | None) -> list[typer.models.CommandInfo]:
    return group.registered_commands if group else []


def job_file() -> str:
    """Every field of the job file, with its type and default."""
    parts = ["# The job file\n", "One YAML file. An unknown field, a wrong type or a missing variable is an error.\n"]
    parts += [f"## {_title(model)}\n\n{inspect.getdoc(model)}\n\n{_fields(model)}" for model in _MODELS]
    return NOTE + "\n".join(parts)


_MODELS: tuple[type[BaseModel], ...] = (
    spec.Job,
    spec.SubsetSpec,
    spec.TargetSpec,
    spec.EdgeSpec,
    spec.VirtualSpec,
    spec.SynthesizeSpec,
    spec.FiltersSpec,
    spec.GatesSpec,
    spec.DetectSpec,
    spec.ChecksSpec,
    spec.PolicyTestSpec,
    spec.ExpectSpec,
    spec.SameAsSpec,
    spec.LoadSpec,
    spec.RulesSpec,
)


def _title(model: type[BaseModel]) -> str:
    """``PolicyTestSpec`` as ``policy test``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", model.__name__.removesuffix("Spec")).lower()


def _fields(model: type[BaseModel]) -> str:
    rows = ["| field | type | default | |", "|---|---|---|---|"]
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
        if isinstance(field.default, BaseModel):
            default = "see below"
        rows.append(f"| `{name}` | {_type(field.annotation)} | {default} | {field.description or ''} |")
    return "\n".join(rows) + "\n"


def _type(annotation: object) -> str:
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(f"`{value}`" for value in typing.get_args(annotation))
    if isinstance(annotation, type) and not typing.get_args(annotation):
        return _title(annotation) if issubclass(annotation, BaseModel) else annotation.__name__
    inner = [_type(part) for part in typing.get_args(annotation) if part not in (type(None), Ellipsis)]
    origin = typing.get_origin(annotation)
    if origin is tuple:
        return "list of " + " and ".join(inner)
    if origin is dict:
        return f"mapping of {inner[0]} to {inner[1]}"
    return " or ".join(dict.fromkeys(inner)) or "anything"


def checks() -> str:
    """Every check with what it asks."""
    parts = ["# Checks\n", "A check that fails, or that could not run, keeps a result from being published.\n"]
    asked = {**CHECKS, **{made.__name__: made for made in (accounting, nulls, constraints, leaks)}}
    parts += [f"## {name}\n\n{inspect.getdoc(check) or ''}\n" for name, check in asked.items()]
    return NOTE + "\n".join(parts)


def rules() -> str:
    """Every transformer with what it accepts, promises and takes."""
    parts = ["# Rules\n", "What a column can be told to become, as `columns:` of the job file spells it.\n"]
    for name, one in TRANSFORMERS.items():
        facts = [
            f"- accepts: {', '.join(sorted(one.kinds))}",
            f"- nulls are {one.nulls}; stand-ins depend on the {one.by}",
        ]
        facts += [f"- `{option.name}` ({option.kind}): {option.help}" for option in one.options]
        parts.append(
            f"## {name}\n\n{one.summary}\n\n```yaml\ntable.column: {one.example}\n```\n\n" + "\n".join(facts) + "\n"
        )
    return NOTE + "\n".join(parts)


def pages() -> dict[Path, str]:
    """The text of every reference page, by where it belongs."""
    made = {"commands": commands, "job-file": job_file, "checks": checks, "rules": rules}
    return {FOLDER / f"{name}.md": make() for name, make in made.items()}


def main() -> int:
    """Write the pages, or with ``--check`` compare them."""
    stale = [path for path, text in pages().items() if not path.exists() or path.read_text() != text]
    if "--check" in sys.argv:
        for path in stale:
            print(f"{path.relative_to(FOLDER.parents[1])} is out of date: run `make docs`")  # noqa: T201
        return int(bool(stale))
    FOLDER.mkdir(exist_ok=True)
    for path, text in pages().items():
        path.write_text(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
