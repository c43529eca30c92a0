import json
import subprocess
import sys

import pytest

from understudy.errors import InputError
from understudy.jobs.store import clear_leftovers, find_run, new_run


def test_a_run_that_leaves_nothing_leaves_no_folder(tmp_path):
    with new_run(tmp_path) as run:
        assert run.path.exists()
    assert not run.path.exists()


def test_a_run_with_a_report_is_found_again_by_the_beginning_of_its_id(tmp_path):
    with new_run(tmp_path) as run:
        run.report.write_text("{}")
    assert find_run(tmp_path).id == run.id
    assert find_run(tmp_path, run.id[:-2]).id == run.id


def test_an_unknown_run_is_told_with_the_known_ones(tmp_path):
    with pytest.raises(InputError, match="no run"):
        find_run(tmp_path)
    with new_run(tmp_path) as run:
        run.report.write_text("{}")
    with pytest.raises(InputError, match="'x' does not exist") as caught:
        find_run(tmp_path, "x")
    assert run.id in caught.value.hint


def test_what_a_killed_run_left_is_removed_and_a_live_one_stays(tmp_path):
    script = (
        "import sys, os, signal, pathlib\n"
        "from understudy.jobs.store import new_run\n"
        "with new_run(pathlib.Path(sys.argv[1])) as run:\n"
        "    (run.path / 'data.partial').mkdir()\n"
        "    print(run.id, flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, check=False)
    left = tmp_path / "runs" / killed.stdout.strip()
    assert (left / "data.partial").exists()
    with new_run(tmp_path) as alive:
        assert not left.exists()
        assert clear_leftovers(tmp_path) == []
        assert alive.path.exists()


def test_a_number_given_again_to_another_process_does_not_keep_leftovers(tmp_path):
    left = tmp_path / "runs" / "20260101T000000-0000"
    left.mkdir(parents=True)
    (left / "owner.pid").write_text(json.dumps({"pid": 1, "started": "another"}))
    assert clear_leftovers(tmp_path) == [left.name]
    assert not left.exists()
