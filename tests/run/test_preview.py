"""`preview`: masked rows for anybody, originals beside them for a person at a terminal."""

import os
import pty
import re
import subprocess
import sys

import pytest


def at_a_terminal(shop, *words):
    """What a command prints on a terminal, and its exit code."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-m", "understudy", *words]
    environment = {**shop.environment, "COLUMNS": "250", "TERM": "xterm"}
    with subprocess.Popen(command, cwd=shop.folder, env=environment, stdout=theirs, stderr=subprocess.PIPE) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                data = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not data:
                break
            shown += data
        _, told = process.communicate(timeout=120)
    os.close(ours)
    return process.returncode, re.sub(r"\x1b\[[0-9;]*m", "", shown.decode()), told.decode()


def test_originals_stand_beside_what_changes_on_a_terminal_alone(shop):
    shop.job()
    code, shown, told = at_a_terminal(shop, "preview", "job.yaml", "users", "--show-original")
    assert code == 0, told
    ada = next(line for line in shown.splitlines() if "ada@mail.test" in line)
    assert "Ada Lovelace → " in ada and "1 → " in ada
    assert "→ gold" not in ada and "gold" in ada, "what stays the same is shown once"


@pytest.mark.parametrize("words", [("--show-original",), ("--show-original", "--json")])
def test_originals_go_into_no_file_and_no_pipe(shop, words):
    shop.job()
    refused = shop.cli("preview", "job.yaml", "users", *words)
    assert refused.code == 2 and "on a terminal alone" in refused.err
    assert "mail.test" not in refused.out + refused.err


def test_without_asking_no_original_is_shown_even_on_a_terminal(shop):
    shop.job()
    code, shown, told = at_a_terminal(shop, "preview", "job.yaml", "users")
    assert code == 0, told
    assert "mail.test" not in shown and "example." in shown
