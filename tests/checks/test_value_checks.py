from __future__ import annotations

from checks.memory import Memory, name, table
from understudy.checks import lengths, not_null, nulls
from understudy.interfaces import Result

USERS = table("users", "id bigint not null", "email text not null", "nick varchar(5)", "mood enum(glad,sad)")
SOUND = Memory(
    (USERS,), {"users": [(1, "a@x.org", "ada", "glad"), (2, "b@x.org", None, None), (3, "c@x.org", "äöüßé", "sad")]}
)


def test_sound_values_pass_in_one_line_per_table():
    assert list(not_null(SOUND, SOUND)) == [Result("not_null", "users", "pass", 0, 0, "2 columns")]
    assert list(lengths(SOUND, SOUND)) == [Result("lengths", "users", "pass", 0, 0, "2 columns")]


def test_a_nulled_column_is_caught_and_named():
    made = SOUND.but(users=[(1, None, None, None), (2, None, None, None), (3, "c@x.org", None, None)])
    [result] = not_null(SOUND, made)
    assert (result.subject, result.verdict, result.value) == ("users.email", "fail", 2)


def test_a_text_too_long_by_one_character_is_caught_and_named():
    [result] = lengths(SOUND, SOUND.but(users=[(1, "a", "äöüßé", None), (2, "b", "äöüßéx", None)]))
    assert (result.subject, result.verdict, result.value) == ("users.nick", "fail", 1)
    assert "varchar(5)" in result.detail


def test_a_label_the_enum_does_not_know_is_caught_and_named():
    [result] = lengths(SOUND, SOUND.but(users=[(1, "a", None, "furious"), (2, "b", None, None)]))
    assert (result.subject, result.verdict, result.value) == ("users.mood", "fail", 1)


def test_an_empty_table_and_an_absent_one_are_no_failure():
    assert all(result.verdict == "pass" for result in not_null(SOUND, SOUND.but(users=[])))
    assert list(lengths(SOUND, Memory((), {}))) == []


def test_nulls_are_the_ones_that_were_read():
    check = nulls({(name("users"), "nick"): 1, (name("users"), "mood"): 1})
    assert [result.verdict for result in check(SOUND, SOUND)] == ["pass"]


def test_a_column_emptied_on_the_way_is_caught_and_named():
    made = SOUND.but(users=[(1, "a", None, "glad"), (2, "b", None, None), (3, "c", None, "sad")])
    [result] = nulls({(name("users"), "nick"): 1, (name("users"), "mood"): 1})(SOUND, made)
    assert (result.subject, result.verdict, result.value, result.limit) == ("users.nick", "fail", 3, 1)
