from __future__ import annotations

from checks.memory import Memory, name, table
from understudy.checks import RowCount, accounting

USERS = table("users", "id bigint not null", primary="id")
DATA = Memory((USERS,), {"users": [(1,), (2,), (3,)]})


def ask(count: RowCount, made: Memory = DATA) -> list[tuple[str, str, float | None, float | None]]:
    results = accounting({name("users"): count})(DATA, made)
    return [(result.subject, result.verdict, result.value, result.limit) for result in results]


def test_read_less_explained_is_written():
    assert ask(RowCount(read=6, kept=3, dropped=1, duplicate=2)) == [("users", "pass", 3, 3)]


def test_a_missing_row_is_caught_and_its_table_named():
    assert ask(RowCount(read=3, kept=3), DATA.but(users=[(1,), (2,)])) == [("users", "fail", 2, 3)]


def test_a_row_nobody_explains_is_caught():
    assert ask(RowCount(read=5, kept=3, dropped=1)) == [("users", "fail", 3, 4)]


def test_a_table_nobody_counted_is_caught():
    results = list(accounting({})(DATA, DATA))
    assert [(result.subject, result.verdict) for result in results] == [("users", "fail")]


def test_a_counted_table_that_is_not_there_is_caught():
    assert ask(RowCount(read=3, kept=3), Memory((), {})) == [("users", "fail", 0, 3)]
