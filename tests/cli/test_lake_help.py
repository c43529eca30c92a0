"""The help of the lake's verbs: every one ends with an example, and every example is a command that parses."""

import shlex

import pytest
import typer

from understudy.cli import app, branches, history, lake, merging, publishing, tables

WHOLE = typer.main.get_command(app)


def verbs():
    """The lake's verbs by what is typed for them."""
    alone = typer.Typer()
    for module in (branches, history, merging, tables, publishing, lake):
        module.register(alone)
    return dict(below(typer.main.get_command(alone), ()))


def below(command, words):
    if not hasattr(command, "commands"):
        yield " ".join(words), command
        return
    for name, inner in command.commands.items():
        yield from below(inner, (*words, name))


VERBS = verbs()


def test_all_verbs_are_there():
    expected = """branch switch tag reset reflog status log show blame bisect revert restore diff merge sql import
    compact connect gc_plan gc_apply tx_run tx_list tx_clear gate_list gate_add gate_remove gate_run lake_init
    lake_serve lake_token lake_gates lake_verify"""
    assert set(VERBS) == {name.replace("_", " ") for name in expected.split()}


@pytest.mark.parametrize("verb", VERBS)
def test_the_help_of_every_verb_ends_with_an_example_that_parses(verb, shell):
    said = shell.run(*verb.split(), "--help")
    assert said.code == 0
    last = said.text.rstrip().splitlines()[-1].strip()
    assert last.startswith(f"Example: understudy {verb}")
    command, words = WHOLE, shlex.split(last.removeprefix("Example: understudy "))
    while hasattr(command, "commands"):
        command, words = command.commands[words[0]], words[1:]
    assert command.make_context(verb, words).args == []


def test_no_two_verbs_have_one_name():
    names = [one.name for one in [*app.registered_commands, *app.registered_groups]]
    assert len(set(names)) == len(names) and None not in names
