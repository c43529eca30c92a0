"""The verbs that tell what happened and go back: log, show, blame, bisect, revert, restore."""

import sys

from cli.lake_support import append, held, upsert


def messages(said):
    return [one["message"] for one in said.json["commits"]]


def test_the_log_is_filtered_by_table_author_run_and_words(shell, lake):
    append(lake, "main", "guests", {"id": 4, "name": "Dan"}, message="Dan came")
    lake.commit("main", {}, message="nothing new", meta={"run": "r123", "job": "nightly"}, always=True)
    assert messages(shell.run("log", "-n", "2", "--json")) == ["nothing new", "Dan came"]
    assert messages(shell.run("log", "--table", "guests", "--json")) == ["Dan came", "create guests"]
    assert messages(shell.run("log", "--run", "r1", "--json")) == ["nothing new"]
    assert messages(shell.run("log", "v1", "--grep", "COUNTRIES", "--json")) == ["create countries"]
    assert messages(shell.run("log", "--author", "nobody-at-all", "--json")) == []
    text = shell.run("log", "main~2").text
    assert "v1" in text and "create bookings" in text and "Dan came" not in text
    assert "did you mean 'guests'?" in shell.run("log", "-t", "gests").err


def test_the_log_of_a_table_that_was_dropped_is_there(shell, lake):
    shell.run("restore", "main~1")
    assert messages(shell.run("log", "-t", "countries", "--json")) == [
        "restore everything from main~1",
        "create countries",
    ]


def test_show_tells_what_made_a_commit_and_its_rows_before_and_after(shell, lake):
    short = append(lake, "main", "guests", {"id": 4, "name": "Dan"}, message="Dan came")
    text = shell.run("show").text
    assert text.startswith(f"commit {short}") and "refs: main" in text and "author: " in text
    assert text.endswith("    Dan came\n\n  ~ guests  +1 rows (3 -> 4)  files +1 -0\n")
    lake.commit(
        "main", {}, message="run", meta={"job": "nightly", "run": "r1", "key": "k", "dependencies": {}}, always=True
    )
    text = shell.run("show").text
    assert "job: nightly\nrun: r1\nkey: k\n" in text and "dependencies" not in text
    told = shell.run("show", "main~1", "--json").json
    assert told["tables"][0]["rows"] == {"before": 3, "after": 4} and told["changed"] == ["guests"]
    assert shell.run("show", "main~5").text.endswith("    a new lake\n\n")


def test_blame_names_the_last_commit_of_every_table(shell, lake):
    short = append(lake, "main", "guests", {"id": 4, "name": "Dan"}, message="Dan came")
    told = shell.run("blame", "--json").json["tables"]
    assert {name: one["message"] for name, one in told.items()} == {
        "bookings": "create bookings",
        "countries": "create countries",
        "guests": "Dan came",
    }
    assert short in shell.run("blame", "main").text


CHECK = """
import os, sys
from understudy.lake import Lake
from understudy.schema import TableName
print("looking")
lake = Lake.open(os.environ["UNDERSTUDY_LAKE"])
sys.exit(lake.entry(os.environ["UNDERSTUDY_REF"], TableName("", "guests")).rows != 3)
"""


def test_bisect_finds_the_commit_that_broke_something_and_revert_undoes_it(shell, lake, capfd):
    upsert(lake, "main", "bookings", {"id": 11, "guest": 2, "price": 1})
    bad = append(lake, "main", "guests", {"id": 4, "name": "Eve"})
    append(lake, "main", "bookings", {"id": 12, "guest": 3, "price": 70})
    shell.write("check.py", CHECK)
    said = shell.run("bisect", "v1", "main", "--json", "--", sys.executable, "check.py")
    assert said.code == 0, said.err
    assert "@" + said.json["commit"]["hash"][:12] == bad
    assert {one["verdict"] for one in said.json["steps"]} == {"good", "bad"}
    printed = capfd.readouterr()
    assert printed.out == "" and "looking" in printed.err
    undone = shell.run("revert", bad)
    assert "  ~ guests  -1 rows (4 -> 3)\n" in undone.text and held(lake, "main", "guests")[-1] == (3, "Cleo")
    assert held(lake, "main", "bookings")[-1] == (12, 3, 70)


def test_bisect_tells_in_words_what_it_found(shell, lake):
    append(lake, "main", "guests", {"id": 4, "name": "Dan"}, message="Dan came")
    said = shell.run("bisect", "main~2", "main", "--", "false")
    assert "the first bad commit is @" in said.text and "next: `understudy show @" in said.text
    assert "no command is given" in shell.run("bisect", "v1", "main").err
    assert "is not before" in shell.run("bisect", "main", "v1", "--", "true").err
    assert shell.run("bisect", "main~2", "main", "--", "sh", "-c", "exit 130").code == 3
    assert shell.run("bisect", "main~2", "main", "--", "no-such-command").code == 2


def test_revert_names_what_is_in_the_way(shell, lake):
    first = upsert(lake, "main", "guests", {"id": 2, "name": "Eve"})
    upsert(lake, "main", "guests", {"id": 1, "name": "Ida"})
    said = shell.run("revert", first)
    assert said.code == 2 and "guests changed on 'main' since" in said.err and "understudy restore @" in said.err


def test_one_table_of_a_commit_is_reverted_only_with_partial(shell, lake):
    append(lake, "dev", "guests", {"id": 4, "name": "Dan"})
    append(lake, "dev", "bookings", {"id": 12, "guest": 4, "price": 5})
    shell.run("merge", "dev", "--into", "main")
    refused = shell.run("revert", "main", "--table", "guests")
    assert refused.code == 2 and "bookings" in refused.err and "--partial" in refused.err
    said = shell.run("revert", "main", "-t", "guests", "--partial", "-m", "without Dan", "--json")
    assert said.json["commit"]["message"] == "without Dan"
    assert [(one["table"], one["rows"]) for one in said.json["tables"]] == [("guests", {"before": 4, "after": 3})]
    assert len(held(lake, "main", "bookings")) == 3


def test_restore_takes_tables_from_any_state(shell, lake):
    append(lake, "dev", "guests", {"id": 4, "name": "Dan"})
    append(lake, "dev", "bookings", {"id": 12, "guest": 4, "price": 5})
    said = shell.run("restore", "v1", "guests", "--on", "dev")
    assert "restore guests from v1\n  ~ guests  -1 rows (4 -> 3)\n" in said.text
    assert len(held(lake, "dev", "bookings")) == 3
    again = shell.run("restore", "v1", "guests", "--on", "dev")
    assert again.code == 0 and again.text == "dev has all of that already\n"
    shell.run("restore", "v1", "--on", "dev")
    assert lake.head("dev").tree == lake.head("v1").tree
    assert "did you mean 'guests'?" in shell.run("restore", "v1", "gusts").err
    assert "is not a branch" in shell.run("restore", "v1", "guests", "--on", "v1").err
