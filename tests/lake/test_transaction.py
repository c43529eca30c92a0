import os
import signal
import subprocess
import sys
import time

import pytest

from support.lakes import again, at, put, shown, table
from understudy.errors import CheckFailed, InputError
from understudy.interfaces import Result
from understudy.lake import Lake, gates
from understudy.lake.command import ask, by_command
from understudy.lake.conflicts import Conflicts
from understudy.lake.gates import Gate
from understudy.lake.history import restore, revert
from understudy.lake.merge import merge
from understudy.lake.store import fsck
from understudy.lake.transaction import abort, begin, clear, expire, publish, run_command, transaction

WRITE = (
    "import os\n"
    "from support.lakes import put\n"
    "from understudy.lake import Lake\n"
    "lake = Lake.open(os.environ['UNDERSTUDY_LAKE'], catalog=os.environ['UNDERSTUDY_CATALOG'])\n"
    "put(lake, os.environ['UNDERSTUDY_REF'], orders=5)\n"
    "put(lake, os.environ['LAKE_REF'], users=5)\n"
)


def positive(lake, ref):
    """Whether all tables hold numbers above zero."""
    for name, number in shown(lake, ref).items():
        yield Result("positive", name, "pass" if number > 0 else "fail", value=number, limit=0)


def broken(lake, ref):
    raise ZeroDivisionError(f"{lake} {ref} 4711")


def failing(lake: Lake, keep: float = 60, **tables: int) -> None:
    """A transaction that writes and then breaks."""
    with transaction(lake, keep=keep) as tx:
        put(lake, tx.name, **tables)
        raise ZeroDivisionError


def failed(lake: Lake, **tables: int) -> str:
    """The name of a transaction that wrote and broke."""
    with pytest.raises(ZeroDivisionError):
        failing(lake, **tables)
    return only(lake)


def only(lake: Lake) -> str:
    """The name of the only transaction there is."""
    (ref,) = lake.refs("transaction")
    return ref.name


def test_a_transaction_is_one_commit_on_its_target_and_leaves_no_branch(lake):
    before = put(lake, orders=1)
    with transaction(lake, into="main", message="nightly", checks=[positive], meta={"run": "r1"}) as tx:
        put(lake, tx.name, orders=2)
        put(lake, tx.name, users=3)
        assert shown(lake, "main") == {"orders": 1}
        assert {one.status for one in lake.log(tx.name, limit=2)} == {"pending"}
    assert shown(lake, "main") == {"orders": 2, "users": 3}
    published = lake.head("main")
    assert published == tx.commit
    assert (published.message, published.meta) == ("nightly", {"run": "r1", "transaction": tx.name})
    assert published.parents[0] == before
    assert lake.resolve("main~1").hash == before
    assert {str(key) for key in published.changed} == {"orders", "users"}
    assert {one.status for one in lake.log("main")} == {"published"}
    assert [one.verdict for one in tx.results] == ["pass", "pass"]
    assert lake.refs("transaction") == []


def test_a_transaction_of_one_commit_is_that_commit(lake):
    put(lake, orders=1)
    with transaction(lake) as tx:
        made = lake.commit(tx.name, {table("orders"): at(2)}, message="the job", meta={"job": "shop"})
    assert lake.head("main").hash == made.hash
    assert lake.head("main").status == "published"
    assert lake.head("main").meta == {"job": "shop", "transaction": tx.name}


def test_a_transaction_that_changes_nothing_leaves_nothing(lake):
    put(lake, orders=1)
    before = lake.head("main")
    with transaction(lake, message="nothing"):
        pass
    with transaction(lake, message="there and back") as tx:
        put(lake, tx.name, orders=2)
        put(lake, tx.name, orders=1)
    assert lake.head("main") == before
    assert lake.refs("transaction") == []


def test_a_failed_transaction_leaves_its_target_and_can_be_looked_at(lake):
    put(lake, orders=1)
    before = lake.head("main"), lake.reflog("main")
    name = failed(lake, orders=2)
    assert (lake.head("main"), lake.reflog("main")) == before
    assert shown(lake, name) == {"orders": 2}
    assert lake.head(name).status == "aborted"


def test_a_check_that_does_not_pass_keeps_the_target_as_it_was_and_says_which(lake):
    put(lake, orders=1)
    message = r"1 of 2 checks did not pass: positive \(users\)"
    with pytest.raises(CheckFailed, match=message) as caught, transaction(lake, checks=[positive]) as tx:
        put(lake, tx.name, users=-1)
    assert only(lake) in caught.value.hint
    assert shown(lake, "main") == {"orders": 1}
    assert lake.head(tx.name).status == "aborted"
    assert [one.verdict for one in tx.results] == ["pass", "fail"]


@pytest.mark.parametrize("check", [broken, lambda lake, ref: []])
def test_a_check_that_breaks_or_answers_nothing_blocks_and_shows_no_data(lake, check):
    with pytest.raises(CheckFailed) as caught, transaction(lake, checks=[check]) as tx:
        put(lake, tx.name, users=1)
    assert shown(lake, "main") == {}
    assert "4711" not in str(caught.value)
    assert "4711" not in tx.results[0].detail


def test_what_others_published_meanwhile_is_merged_and_checked_together(lake):
    seen = []

    def watching(lake, ref):
        seen.append(shown(lake, ref))
        return [Result("watching", ref, "pass")]

    put(lake, orders=1)
    with transaction(lake, message="mine", checks=[watching]) as tx:
        put(lake, tx.name, users=2)
        other = put(lake, rates=3)
    assert shown(lake, "main") == {"orders": 1, "users": 2, "rates": 3}
    assert seen == [{"orders": 1, "users": 2, "rates": 3}]
    assert lake.head("main").parents[0] == other
    assert [str(key) for key in lake.head("main").changed] == ["users"]
    assert {one.status for one in lake.log("main")} == {"published"}
    assert fsck(lake.store) == []


def test_what_moves_while_it_is_checked_is_checked_again(lake):
    checked = []

    def slow(lake, ref):
        checked.append(lake.head(ref).tree)
        if len(checked) < 3:
            put(lake, **{f"other{len(checked)}": 1})
        return [Result("slow", ref, "pass")]

    with transaction(lake, checks=[slow]) as tx:
        put(lake, tx.name, orders=1)
    assert len(checked) == 3
    assert lake.head("main").tree == checked[-1]
    assert shown(lake, "main") == {"orders": 1, "other1": 1, "other2": 1}


def test_what_conflicts_with_others_is_not_published_and_can_be_once_it_is_resolved(lake):
    put(lake, orders=1, users=1)
    tx = begin(lake, message="mine")
    put(lake, tx.name, orders=None)
    put(lake, orders=7)
    with pytest.raises(Conflicts):
        publish(lake, tx.name)
    abort(lake, tx.name)
    assert shown(lake, "main") == {"orders": 7, "users": 1}
    assert lake.head(tx.name).status == "aborted"
    merge(lake, "main", tx.name, tables={"orders": "ours"})
    publish(lake, tx.name, checks=[positive])
    assert shown(lake, "main") == {"users": 1}
    assert lake.head("main").message == "mine"
    assert {one.status for one in lake.log("main")} == {"published"}


def test_aborted_commits_get_nowhere_unless_that_is_said(lake):
    put(lake, orders=1)
    name = failed(lake, orders=-1)
    put(lake, "main", users=1)
    for text in (name, f"@{lake.head(name).hash}"):
        for refused in (
            lambda text=text: lake.branch("b", text),
            lambda text=text: lake.tag("t", text),
            lambda text=text: lake.make_ref("tx/b", "transaction", text),
            lambda text=text: merge(lake, text, "main"),
            lambda text=text: restore(lake, "main", text, [table("orders").table_name]),
        ):
            with pytest.raises(InputError, match="its checks have not passed") as caught:
                refused()
            assert "--from-aborted" in caught.value.hint
    assert shown(lake, "main") == {"orders": 1, "users": 1}


def test_what_comes_of_an_aborted_commit_stays_marked_until_checks_pass(lake):
    put(lake, orders=1)
    with pytest.raises(CheckFailed), transaction(lake, checks=[positive]) as tx:
        put(lake, tx.name, orders=-1)
    lake.branch("rescue", tx.name, from_aborted=True)
    put(lake, "rescue", users=1)
    assert lake.head("rescue").status == "pending"
    with pytest.raises(InputError, match="its checks have not passed"):
        merge(lake, "rescue", "main")
    with pytest.raises(CheckFailed, match="stays marked as pending"):
        clear(lake, "rescue", ask(lake, "rescue", [positive]))
    with pytest.raises(InputError, match="no check was asked"):
        clear(lake, "rescue", [])
    put(lake, "rescue", orders=2)
    assert clear(lake, "rescue", ask(lake, "rescue", [positive])).status == "published"
    merge(lake, "rescue", "main")
    assert shown(lake, "main") == {"orders": 2, "users": 1}
    assert lake.head("main").status == "published"
    with pytest.raises(InputError, match="its checks have not passed"):
        lake.branch("again", "rescue~1")


def test_one_step_of_a_transaction_is_not_undone_alone(lake):
    put(lake, orders=1, users=1)
    with transaction(lake, message="nightly") as tx:
        step = put(lake, tx.name, orders=2)
        put(lake, tx.name, users=2)
    whole = lake.head("main").short
    with pytest.raises(InputError, match="is one step of tx/") as caught:
        revert(lake, "main", f"@{step}")
    assert f"understudy revert @{whole}" in caught.value.hint
    revert(lake, "main", f"@{whole}")
    assert shown(lake, "main") == {"orders": 1, "users": 1}
    revert(lake, "main", "main")
    revert(lake, "main", f"@{step}", partial=True)
    assert shown(lake, "main") == {"orders": 1, "users": 2}


def test_transactions_expire_by_themselves(lake):
    name = failed(lake, orders=1)
    bad = lake.head(name).hash
    left = begin(lake, keep=60)
    pending = put(lake, left.name, orders=1)
    assert expire(lake) == []
    assert expire(lake, now=time.time() + 61) == sorted([name, left.name])
    assert lake.refs("transaction") == []
    assert [lake.store.commit(one).status for one in (bad, pending)] == ["aborted", "aborted"]
    with pytest.raises(InputError, match="transaction 'tx/gone' does not exist"):
        publish(lake, "tx/gone")
    abort(lake, "tx/gone")


def test_opening_a_transaction_removes_those_whose_time_is_over(lake):
    old = begin(lake, keep=-1)
    with transaction(lake):
        assert lake.store.ref(old.name) is None


def test_a_transaction_is_published_on_a_branch_and_nothing_else(lake):
    lake.tag("v1", "main")
    for into in ("v1", "nowhere", "main~0"):
        with pytest.raises(InputError, match="does not exist"), transaction(lake, into=into):
            pass
    lake.branch("dev", "main")
    with transaction(lake, into="dev") as tx:
        put(lake, tx.name, orders=1)
    assert (shown(lake, "dev"), shown(lake, "main")) == ({"orders": 1}, {})


def test_a_command_writes_on_the_transaction_and_another_checks_it(lake, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    look = "import os, sys\nfrom understudy.lake import Lake\n" + (
        "lake = Lake.open(os.environ['UNDERSTUDY_LAKE'], catalog=os.environ['UNDERSTUDY_CATALOG'])\n"
        "sys.exit(len(lake.tables(os.environ['UNDERSTUDY_REF'])) != 2)"
    )
    check = by_command([sys.executable, "-c", look], "two tables")
    done = run_command(lake, "main", [sys.executable, "-c", WRITE], checks=[check])
    assert shown(lake, "main") == {"orders": 5, "users": 5}
    assert [(one.check, one.verdict) for one in done.results] == [("two tables", "pass")]
    assert lake.head("main").message.startswith("run python")


@pytest.mark.parametrize(("end", "says"), [("exit(3)", "exit status 3"), ("os.kill(os.getpid(), 9)", "signal 9")])
def test_a_command_that_fails_publishes_nothing(lake, monkeypatch, end, says):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    with pytest.raises(CheckFailed, match=says):
        run_command(lake, "main", [sys.executable, "-c", f"{WRITE}{end}\n"])
    assert shown(lake, "main") == {}
    assert shown(lake, only(lake)) == {"orders": 5, "users": 5}
    assert lake.head(only(lake)).status == "aborted"


def test_a_killed_process_leaves_the_target_and_a_transaction_that_expires(lake):
    script = (
        "import os, sys\n"
        "from support.lakes import put\n"
        "from understudy.lake import Lake\n"
        "from understudy.lake.transaction import transaction\n"
        "lake = Lake.open(sys.argv[1], catalog=sys.argv[2])\n"
        "with transaction(lake, keep=60) as tx:\n"
        "    put(lake, tx.name, orders=1)\n"
        "    os.kill(os.getpid(), 9)\n"
    )
    killed = subprocess.run(
        [sys.executable, "-c", script, lake.location, lake.store.database.url],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )
    assert killed.returncode == -signal.SIGKILL
    assert shown(lake, "main") == {}
    assert lake.head(only(lake)).status == "pending"
    with pytest.raises(InputError, match="which is pending"):
        lake.branch("b", only(lake))
    assert len(expire(lake, now=time.time() + 61)) == 1
    assert fsck(lake.store) == []


# Gates


def test_a_gate_lets_through_what_has_passed_on_exactly_that_tree(lake):
    gates.add(lake, Gate("main", "positive"))
    lake.branch("dev", "main")
    put(lake, "dev", orders=1)
    with pytest.raises(CheckFailed, match=r"'main' takes only .*: positive was not asked") as caught:
        merge(lake, "dev", "main")
    assert "understudy gate run" in caught.value.hint
    gates.record(lake, lake.head("dev"), ask(lake, "dev", [positive]))
    merge(lake, "dev", "main")
    put(lake, "dev", orders=-1)
    gates.record(lake, lake.head("dev"), ask(lake, "dev", [positive]))
    with pytest.raises(CheckFailed, match="positive failed"):
        merge(lake, "dev", "main")
    assert shown(lake, "main") == {"orders": 1}


def test_a_transaction_passes_gates_by_its_own_checks(lake):
    gates.add(lake, Gate("main", "positive"))
    with pytest.raises(CheckFailed, match="positive was not asked"), transaction(lake) as tx:
        put(lake, tx.name, orders=1)
    assert shown(lake, "main") == {}
    with transaction(lake, checks=[positive]) as tx:
        put(lake, tx.name, orders=1)
    assert shown(lake, "main") == {"orders": 1}


def test_content_that_has_passed_is_not_asked_again_on_another_branch(lake, tmp_path):
    asked = tmp_path / "asked"
    gates.add(lake, Gate("release/*", "counted", ("sh", "-c", f"echo $LAKE_REF >> {asked}")))
    lake.branch("dev", "main")
    put(lake, "dev", orders=1)
    lake.branch("release/1", "dev")
    lake.branch("copy", "main")
    put(lake, "copy", orders=1)
    assert [one.verdict for one in gates.run(lake, "dev", "release/1")] == ["pass"]
    assert gates.run(lake, "copy", "release/1") == []
    assert len(asked.read_text().split()) == 1
    gates.require(lake, "release/1", lake.head("copy").tree)
    (gate,) = gates.listed(lake)
    assert gates.passed(lake, lake.head("copy").tree, gate)
    assert not gates.passed(lake, lake.head("main").tree, gate)


def test_gates_are_listed_by_branch_replaced_and_removed(lake):
    for gate in (Gate("main", "a"), Gate("release/*", "b", ("true",)), Gate("*", "c")):
        gates.add(lake, gate)
    gates.add(lake, Gate("main", "a", ("false",)))
    assert [gate.check for gate in gates.listed(lake, "main")] == ["c", "a"]
    assert [gate.check for gate in gates.listed(lake, "release/1")] == ["c", "b"]
    assert Gate("main", "a", ("false",)) in gates.listed(again(lake))
    gates.remove(lake, "main", "a")
    with pytest.raises(InputError, match="there is no gate 'a'") as caught:
        gates.remove(lake, "main", "a")
    assert "release/* b" in caught.value.hint


def test_one_bad_answer_makes_a_check_one_that_failed(lake):
    put(lake, orders=1)
    results = [Result("unique", "orders", "pass"), Result("unique", "users", "error"), Result("size", "", "note")]
    gates.record(lake, lake.head("main"), results)
    assert lake.store.verdicts(lake.head("main").tree) == {"unique": False, "size": True}
