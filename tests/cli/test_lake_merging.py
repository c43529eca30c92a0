"""The verbs for two states: diff, merge."""

import json
import shlex
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from cli.lake_support import append, held, upsert
from understudy.lake import tables
from understudy.lake.lake import node
from understudy.lake.nouns import Entry, Key
from understudy.schema import TableName


@pytest.fixture
def apart(lake):
    """On dev a booking more and Bob called Bo; main is as it was."""
    append(lake, "dev", "bookings", {"id": 12, "guest": 3, "price": 70})
    upsert(lake, "dev", "guests", {"id": 2, "name": "Bo"})
    return lake


def test_a_difference_of_states_tells_tables_rows_and_files(shell, apart):
    expected = "~ bookings  +1 rows (2 -> 3)  files +1 -0\n~ guests  3 rows  files +2 -1\n"
    assert shell.run("diff", "main..dev").text == expected
    assert shell.run("diff", "main", "dev").text == expected
    assert shell.run("diff", "..dev").text == expected
    told = shell.run("diff", "main..dev", "--json").json
    assert [(one["table"], one["change"], one["rows"]["after"]) for one in told["tables"]] == [
        ("bookings", "changed", 3),
        ("guests", "changed", 3),
    ]
    assert shell.run("diff", "v1").text == "v1 and main hold the same\n"
    assert shell.run("diff", "v1..main", "--stat").text == "v1 and main hold the same\n"
    assert shell.run("diff", "main~1..main").text.startswith("+ countries  +2 rows (0 -> 2)")


def test_a_difference_of_a_table_tells_rows_by_key(shell, apart):
    said = shell.run("diff", "main..dev", "guests")
    assert said.text.startswith("guests: 0 added, 0 removed, 1 changed (name 1)\n")
    assert [line.split() for line in said.text.splitlines()[-3:-1]] == [
        ["before", "name", "2", "Bob"],
        ["after", "name", "2", "Bo"],
    ]
    (told,) = shell.run("diff", "main..dev", "guests", "--json").json["tables"]
    assert told["shown"][1] == {"change": "after", "columns": ["name"], "row": {"id": 2, "name": "Bo"}}
    assert (told["changed"], told["by_column"], told["more"]) == (1, {"name": 1}, False)


def test_rows_are_counted_limited_or_shown_for_all_tables(shell, apart):
    counted = shell.run("diff", "main..dev", "--stat").text
    assert counted == "bookings: 1 added, 0 removed, 0 changed\nguests: 0 added, 0 removed, 1 changed (name 1)\n"
    shown = shell.run("diff", "main..dev", "--rows", "--limit", "1").text
    assert "70" in shown and "Bob" in shown and "Bo " not in shown.replace("Bob", "") and "the first 1;" in shown
    by_name = shell.run("diff", "main..dev", "guests", "--key", "name", "--stat").text
    assert by_name == "guests: 1 added, 1 removed, 0 changed\n"


def test_all_rows_that_differ_go_into_a_file_that_is_not_replaced_silently(shell, apart):
    said = shell.run("diff", "main..dev", "guests", "-o", "out.csv")
    assert said.text.endswith("out.csv: 2 lines\n")
    assert shell.read("out.csv") == "change,columns,id,name\nbefore,name,2,Bob\nafter,name,2,Bo\n"
    assert "exists already" in shell.run("diff", "main..dev", "bookings", "-o", "out.csv").err
    assert shell.run("diff", "main..dev", "bookings", "-o", "out.csv", "--force").code == 0
    assert shell.read("out.csv").splitlines()[1] == 'added,"",12,3,70'
    told = shell.run("diff", "main..dev", "guests", "-o", "out.parquet", "--json").json
    assert told["lines"] == pq.read_table(shell.folder / "out.parquet").num_rows == 2
    assert shell.run("diff", "main..main", "guests", "-o", "none.csv").code == 0
    assert shell.read("none.csv") == "change,columns,id,name\n"


def test_what_cannot_be_compared_is_named(shell, apart):
    assert "did you mean 'guests'?" in shell.run("diff", "main..dev", "gests").err
    assert "did you mean 'dev'?" in shell.run("diff", "main..dve").err
    assert "one word too many" in shell.run("diff", "main..dev", "guests", "bookings").err
    assert "`understudy diff main..dev TABLE -o FILE`" in shell.run("diff", "main..dev", "-o", "x.csv").err
    assert "format of 'x.txt' is not known" in shell.run("diff", "main..dev", "guests", "-o", "x.txt").err


def test_a_merge_is_shown_before_it_is_done(shell, apart):
    dry = shell.run("merge", "dev", "--dry-run")
    assert dry.text == "dev into main: merged (dry run)\n  bookings: theirs, +1 rows\n  guests: theirs, +0 rows\n"
    assert len(held(apart, "main", "bookings")) == 2
    said = shell.run("merge", "dev", "-m", "Bo and his room", "--json")
    assert (said.json["result"], said.json["into"], said.json["conflicts"]) == ("merged", "main", [])
    assert apart.head("main").message == "Bo and his room" and len(held(apart, "main", "bookings")) == 3
    assert shell.run("merge", "dev", "--into", "main").text == "dev into main: nothing to do\n"


def test_a_branch_that_can_just_moves_unless_a_commit_is_wanted(shell, apart):
    shell.run("branch", "twin", "--from", "main")
    assert shell.run("merge", "dev", "--into", "twin").text.startswith("dev into twin: fast-forward\n")
    shell.run("branch", "third", "--from", "main")
    assert shell.run("merge", "dev", "--into", "third", "--no-ff").text.startswith("dev into third: merged\n")


@pytest.fixture
def conflict(apart):
    """And on main Bob is called Bobby, and there is another booking."""
    upsert(apart, "main", "guests", {"id": 2, "name": "Bobby"})
    append(apart, "main", "bookings", {"id": 13, "guest": 1, "price": 40})
    return apart


def test_a_conflict_is_explained_with_the_commands_that_decide_it(shell, conflict):
    said = shell.run("merge", "dev")
    assert said.code == 1 and "'dev' does not merge into 'main': guests:" in said.err
    lines = said.text.splitlines()
    assert lines[0].startswith("guests: ") and "upsert into guests" in lines[1] and "upsert into guests" in lines[2]
    assert lines[3] == "  understudy merge dev --into main -X guests=theirs"
    assert shell.run("merge", "dev", "--dry-run").code == 1 and len(held(conflict, "main", "bookings")) == 3
    told = shell.run("merge", "dev", "--json")
    assert told.code == 1 and told.json["conflicts"][0]["key"] == "guests"
    assert json.loads(told.err)["exit_code"] == 1
    assert shell.run(*shlex.split(lines[3])[1:]).code == 0
    assert held(conflict, "main", "guests")[1] == (2, "Bo") and len(held(conflict, "main", "bookings")) == 4


def test_every_command_that_a_conflict_names_is_understood(shell, conflict):
    for level in ("append", "rows"):
        (told,) = shell.run("merge", "dev", "--level", level, "--json").json["conflicts"]
        for command in told["commands"]:
            said = shell.run(*shlex.split(command)[1:], *(["--dry-run"] if " merge " in command else []))
            assert said.code == (1 if command.endswith("--level rows") else 0), command


def test_strategies_and_levels_are_said_for_all_tables_or_one(shell, conflict):
    assert shell.run("merge", "dev", "--strategy", "ours", "--dry-run").code == 0
    assert shell.run("merge", "dev", "-X", "guests=ours", "--dry-run").code == 0
    wrong = shell.run("merge", "dev", "-X", "guests=mine")
    assert wrong.code == 2 and "known: append, fail, files, ours" in wrong.err
    assert "did you mean 'guests'?" in shell.run("merge", "dev", "-X", "gests=ours").err
    assert "write it as `-X orders=theirs`" in shell.run("merge", "dev", "-X", "guests").err
    assert "says 'guests' twice" in shell.run("merge", "dev", "-X", "guests=ours", "-X", "guests=theirs").err
    assert shell.run("merge", "dev", "--level", "cells").code == 2


def test_rows_that_each_side_changed_apart_are_merged_by_key(shell, apart):
    upsert(apart, "main", "guests", {"id": 3, "name": "Chloe"})
    assert shell.run("merge", "dev").code == 1
    assert shell.run("merge", "dev", "--level", "rows").code == 0
    assert held(apart, "main", "guests") == [(1, "Ada"), (2, "Bo"), (3, "Chloe")]


def test_documents_that_conflict_are_decided_by_the_name_that_is_shown(shell, lake):
    for branch in ("main", "dev"):
        name, kept = node({"made on": branch})
        lake.commit(branch, {Key("document", "", "dataset/x"): Entry("", name)}, message="doc", nodes=kept)
    (told,) = shell.run("merge", "dev", "--json").json["conflicts"]
    assert shell.run(*shlex.split(told["commands"][0])[1:]).code == 0


def test_columns_go_from_a_protected_branch_only_if_that_is_said(shell, lake):
    found = tables.held(lake, "dev", TableName("", "guests")).table
    tables.evolve(lake, "dev", replace(found, columns=found.columns[:1]))
    said = shell.run("merge", "dev", "--into", "main")
    assert said.code == 1 and "--allow-breaking" in said.text and "name" in said.text
    assert shell.run("merge", "dev", "--into", "main", "--allow-breaking").code == 0
