"""What learning may use of the machine."""

import pytest

from understudy.jobs.making import threads


@pytest.mark.parametrize(("told", "used"), [("4", 4), ("1", 1), (None, 1), ("", 1), ("0", 1), ("many", 1)])
def test_learning_uses_one_thread_unless_told_more(told, used, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if told is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", told)
    assert threads() == used
