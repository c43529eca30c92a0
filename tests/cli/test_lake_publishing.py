"""The verbs for what must be true before others see it: tx, gate; and serving a lake."""

import json
import os
import signal
import sys
import urllib.request

import pytest

from cli.lake_support import append, held, make

LOAD = """
import sys
from understudy.cli import main
print("loading")
main(["restore", sys.argv[1], "guests"])
"""


@pytest.fixture
def grown(shell, lake):
    """On main a guest more than v1 has, so that v1's are something to load."""
    append(lake, "main", "guests", {"id": 4, "name": "Dan"})
    shell.write("load.py", LOAD)
    return lake


def load(shell, *options, ref="v1", into="main"):
    return shell.run("tx", "run", "--into", into, *options, "--", sys.executable, "load.py", ref)


def test_a_command_that_ends_well_is_published_as_one_commit(shell, grown, capfd):
    said = load(shell, "-m", "nightly", "--check", "test 1", "--json")
    assert said.code == 0, said.err
    assert said.json["published"] and said.json["commit"]["message"] == "nightly"
    assert said.json["checks"] == [
        {"check": "test 1", "subject": said.json["checks"][0]["subject"], "verdict": "pass", "detail": ""}
    ]
    assert len(held(grown, "main", "guests")) == 3 and grown.refs("transaction") == []
    assert "loading" in capfd.readouterr().err


def test_bisect_names_what_a_bad_step_was_published_as_for_that_is_what_is_reverted(shell, grown):
    load(shell, "-m", "nightly")
    whole, (_, step) = grown.head("main"), grown.head("main").parents
    said = shell.run("bisect", "main~1", "main", "--", "false")
    assert f"the first bad commit is @{step[:12]} restore guests" in said.text
    assert f"one step of what was published as @{whole.short} nightly" in said.text
    assert shell.run("revert", f"@{step[:12]}").code == 2
    assert f"`understudy revert @{whole.short}`" in said.text and shell.run("revert", f"@{whole.short}").code == 0
    assert len(held(grown, "main", "guests")) == 4


def test_a_check_that_fails_leaves_the_branch_alone_and_what_was_written_to_be_seen(shell, grown):
    said = load(shell, "--check", "test 1", "--check", "test 1 = 2")
    assert said.code == 1 and "1 of 2 checks did not pass: test 1 = 2" in said.err
    assert len(held(grown, "main", "guests")) == 4
    (told,) = shell.run("tx", "list", "--json").json["transactions"]
    assert (told["into"], told["status"]) == ("main", "aborted") and told["name"] in said.err
    assert len(held(grown, told["name"], "guests")) == 3
    assert told["name"] in shell.run("tx", "list").text and "[aborted]" in shell.run("branch").text
    assert told["name"] in shell.run("status").text

    refused = shell.run("branch", "fixed", "--from", told["name"])
    assert refused.code == 2 and "--from-aborted" in refused.err
    assert shell.run("branch", "fixed", "--from", told["name"], "--from-aborted").code == 0
    assert "--from-aborted" in shell.run("merge", "fixed").err
    assert "no check was asked" in shell.run("tx", "clear", "fixed").err
    assert shell.run("tx", "clear", "fixed", "--check", "false").code == 1
    assert shell.run("tx", "clear", "fixed", "--check", "true").code == 0
    assert shell.run("merge", "fixed").code == 0 and len(held(grown, "main", "guests")) == 3
    assert shell.run("branch", "-d", told["name"]).code == 0


def test_a_command_that_fails_or_writes_nothing_changes_nothing(shell, grown):
    before = grown.head("main").hash
    said = shell.run("tx", "run", "--", "sh", "-c", "exit 7")
    assert said.code == 1 and "exit status 7" in said.err
    assert shell.run("tx", "run", "--", "true").text == "nothing was written: main is as it was\n"
    assert "cannot be run" in shell.run("tx", "run", "--", "no-such-command").err
    assert "no command is given" in shell.run("tx", "run").err
    assert "does not exist" in shell.run("tx", "run", "--into", "mian", "--", "true").err
    assert "is no command" in shell.run("tx", "run", "--check", "'", "--", "true").err
    assert grown.head("main").hash == before


def test_a_gate_holds_merges_back_until_its_check_has_passed(shell, lake):
    append(lake, "dev", "guests", {"id": 4, "name": "Dan"})
    assert shell.run("gate", "add", "main", "totals", "--", "false").text == "main takes only what has passed totals\n"
    refused = shell.run("merge", "dev")
    assert refused.code == 1 and "totals was not asked" in refused.err and "understudy gate run" in refused.err
    failed = shell.run("gate", "run", "dev", "--into", "main", "--json")
    assert failed.code == 1 and failed.json["gates"][0]["answer"] == "failed"
    assert "it was `false`" in shell.run("gate", "add", "main", "totals", "--", "true").text
    assert shell.run("gate", "list", "--ref", "v1", "--json").json["gates"] == [
        {"branches": "main", "check": "totals", "command": "true", "answer": "not asked"}
    ]
    assert shell.run("gate", "run", "dev").code == 0 and "passed" in shell.run("lake", "gates", "--ref", "dev").text
    assert shell.run("status", "--ref", "v1", "--json").json["gates_missing"] == ["totals"]
    assert shell.run("merge", "dev").code == 0


def test_a_transaction_asks_the_gates_of_its_branch_by_itself(shell, grown):
    shell.run("gate", "add", "ma*", "totals", "--", "false")
    said = load(shell)
    assert said.code == 1 and "totals" in said.err and len(held(grown, "main", "guests")) == 4
    shell.run("gate", "add", "ma*", "totals", "--", "true")
    assert "pass: totals" in load(shell).text and len(held(grown, "main", "guests")) == 3


def test_a_gate_goes_and_one_that_is_not_there_is_named(shell, lake):
    shell.run("gate", "add", "release/*", "leaks")
    wrong = shell.run("gate", "remove", "main", "leaks")
    assert wrong.code == 2 and "release/* leaks" in wrong.err
    assert shell.run("gate", "remove", "release/*", "leaks").text == "release/* no longer needs leaks\n"
    assert shell.run("gate", "list", "--json").json["gates"] == []


def test_a_token_is_shown_once_and_its_file_holds_only_the_hash(shell):
    from understudy.lake.rest import Tokens

    told = shell.run("lake", "token", "ci", "--right", "main=read", "--right", "ci/*=write").text.splitlines()
    path = shell.write("tokens.yaml", f"tokens:\n{told[-1]}\n")
    caller = Tokens.read(path).caller(f"Bearer {told[0]}")
    assert caller.name == "ci" and caller.may("write", "ci/x") and not caller.may("write", "main")
    assert told[0] not in told[-1]
    known = shell.run("lake", "token", "--json").json
    assert known["rights"] == {"*": "read"} and known["token"] != told[0]
    assert "'rw' is no right" in shell.run("lake", "token", "ci", "--right", "main=rw").err


def test_a_lake_is_served_until_the_process_is_told_to_end(shell):
    make(shell).close()
    process = shell.start("lake", "serve", "--port", "0", "--json", UNDERSTUDY_LAKE="", UNDERSTUDY_REF="")
    try:
        told = ""
        while not told.endswith("}\n"):
            told += process.stdout.readline().decode()
        url = json.loads(told)["url"]
        with urllib.request.urlopen(f"{url}/v1/config?warehouse=dev", timeout=30) as answer:
            assert json.load(answer)["overrides"]["prefix"] == "dev"
    finally:
        os.kill(process.pid, signal.SIGTERM)
        process.communicate(timeout=30)


def test_what_cannot_be_served_is_said(shell, lake):
    assert "without tokens it does not listen" in shell.run("lake", "serve", "--host", "0.0.0.0").err
    assert "cannot be read" in shell.run("lake", "serve", "--tokens", "none.yaml").err
    assert "--storage s3.region=" in shell.run("lake", "serve", "--storage", "s3.region").err


def test_a_lake_that_is_whole_is_said_to_be_and_one_that_is_not_is_told_of(shell, lake):
    assert shell.run("lake", "verify").text == "all commits, trees and names are whole\n"
    with lake.store.database.writing() as execute:
        execute("UPDATE commit_ SET message = 'something else' WHERE hash = ?", [lake.head("main").hash])
    said = shell.run("lake", "verify", "--json")
    assert said.code == 1 and "is not what its hash says" in said.json["wrong"][0]
