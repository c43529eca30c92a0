from __future__ import annotations

import io
import json
import subprocess
import sys
import threading

import pytest

from understudy import render
from understudy.errors import CheckFailed, InputError

text, program = render.output(), render.output(json=True)


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_lines_are_printed_as_they_are(capsys: pytest.CaptureFixture[str]):
    text.lines("users: 3 rows [bold]", "two\nlines\there")
    assert capsys.readouterr().out == "users: 3 rows [bold]\ntwo\nlines\there\n"


def test_a_name_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]):
    text.lines("\x1b[2Jusers\r\u202e")
    text.rows("\x1b]0;x\x07", ["a\x1b"], [["\x9b31m"]])
    text.tree("\x1b", {"\x1b": None})
    text.event("\x1b", fact="\x1b")
    text.error(InputError("\x1b[31mno", hint="\x07"))
    told = capsys.readouterr()
    assert told.out.startswith("\ufffd[2Jusers\ufffd\ufffd\n")
    assert not set("\x1b\x07\x9b\r") & set(told.out + told.err)


def test_a_table_away_from_a_terminal_is_not_cut_and_numbers_stand_right(capsys: pytest.CaptureFixture[str]):
    text.rows("Tables", ["table", "rows", "why"], [["users", 12, "x" * 300], ["o", 4210, None]])
    title, head, _, first, second = [line.rstrip() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert title == "Tables"
    assert head.split() == ["table", "rows", "why"]
    assert first.endswith("x" * 300)
    assert second.split() == ["o", "4210"]
    assert first.index("12") + 2 == second.index("4210") + 4


def test_a_tree_shows_what_is_below_what(capsys: pytest.CaptureFixture[str]):
    text.tree("users 7", {"orders 12": {"lines 3": None}, "sessions 9": {}})
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == [
        "users 7",
        "├── orders 12",
        "│   └── lines 3",
        "└── sessions 9",
    ]


def test_text_leaves_documents_out_and_json_everything_else(capsys: pytest.CaptureFixture[str]):
    text.document({"a": 1})
    assert capsys.readouterr().out == ""
    program = render.output(json=True)
    program.lines("a")
    program.rows("t", ["a"], [[1]])
    program.tree("t", {})
    with program.progress() as told:
        told("read", "users", 1, 2)
    program.result({"rows": 3, "name": "é"}, "3 rows")
    told_out = capsys.readouterr()
    assert json.loads(told_out.out) == {"rows": 3, "name": "é"}
    assert told_out.err == ""


def test_a_second_document_is_a_mistake():
    program = render.output(json=True)
    program.document({})
    with pytest.raises(RuntimeError, match="one document"):
        program.document({})


def test_a_result_is_lines_for_a_person(capsys: pytest.CaptureFixture[str]):
    text.result({"rows": 3}, "3 rows")
    assert capsys.readouterr().out == "3 rows\n"


def test_an_error_says_what_to_do_next_on_stderr(capsys: pytest.CaptureFixture[str]):
    text.error(InputError("table 'user' does not exist", hint="did you mean 'users'?"))
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "error: table 'user' does not exist\nhint: did you mean 'users'?\n")


def test_an_error_keeps_its_lines_and_is_never_wrapped(capsys: pytest.CaptureFixture[str]):
    text.error(InputError("no\n  " + "word " * 60))
    assert capsys.readouterr().err == "error: no\n  " + "word " * 60 + "\n"


def test_an_error_for_a_program_is_one_json_object(capsys: pytest.CaptureFixture[str]):
    program.error(CheckFailed("a check failed", hint="see the page"))
    told = capsys.readouterr()
    assert told.out == ""
    assert json.loads(told.err) == {"error": "a check failed", "hint": "see the page", "exit_code": 1}


def test_events_are_one_line_each_in_both_outputs(capsys: pytest.CaptureFixture[str]):
    text.event("published", run="r1", rows=3)
    program.event("published", run="r1", rows=3)
    plain, data = capsys.readouterr().err.splitlines()
    assert plain == "published run=r1 rows=3"
    assert json.loads(data) == {"event": "published", "run": "r1", "rows": 3}


def test_progress_away_from_a_terminal_is_a_line_per_step(capsys: pytest.CaptureFixture[str]):
    with text.progress() as told:
        told("read", "users", 500, None)
        told("read", "users", 1000, None)
        told("read", "orders", 250, None)
        told("check", "unique", 1, 2)
        told("check", "lengths", 2, 2)
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(" in ")[0] for line in lines] == ["read: 1,250 done", "check: 3 done"]


def test_what_was_done_is_told_even_when_the_work_fails(capsys: pytest.CaptureFixture[str]):
    def work() -> None:
        with text.progress() as told:
            told("read", "users", 7, None)
            raise ValueError("torn")

    with pytest.raises(ValueError, match="torn"):
        work()
    assert capsys.readouterr().err.startswith("read: 7 done")


@pytest.mark.parametrize("fails", [False, True])
def test_progress_on_a_terminal_draws_a_bar_per_step_and_leaves_the_cursor(
    monkeypatch: pytest.MonkeyPatch, fails: bool
):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    try:
        with text.progress() as told:
            threads = [threading.Thread(target=told, args=("read", f"t{n}", 10, 10)) for n in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            told("load", "users", 5, None)
            assert not fails
    except AssertionError:
        assert fails
    drawn = terminal.getvalue()
    assert "read" in drawn and "load" in drawn
    assert fails or ("80/80" in drawn and "5/5" in drawn)
    assert drawn.rindex("\x1b[?25h") > drawn.rindex("\x1b[?25l"), "the cursor is shown again"


def test_an_error_on_a_terminal_is_coloured(monkeypatch: pytest.MonkeyPatch):
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    text.error(InputError("no"))
    assert "\x1b[1;31merror: \x1b[0mno" in terminal.getvalue()


def test_importing_render_does_not_import_rich():
    code = "import sys, understudy.render; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
