from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise

import pytest

from support.lakes import put
from understudy.errors import InputError
from understudy.lake import names
from understudy.lake.lake import Lake
from understudy.lake.store import named


@pytest.fixture
def three(sqlite_lake):
    """main with three commits after its first, and their hashes."""
    return sqlite_lake, [sqlite_lake.head("main").hash, *(put(sqlite_lake, orders=number) for number in (1, 2, 3))]


def refused(lake: Lake, text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        lake.resolve(text)
    return caught.value


def test_every_spelling_leads_to_its_commit(three):
    lake, (first, one, two, last) = three
    lake.tag("v1.0", "main~1")
    lake.branch("feature/prices", "v1.0")
    leads = {
        "main": last,
        "v1.0": two,
        "feature/prices": two,
        f"@{one}": one,
        f"@{one[:6]}": one,
        f"main@{one[:6]}": one,
        "main~": two,
        "main~0": last,
        "main~2": one,
        "main~~": one,
        "main~1~2": first,
        "v1.0~1": one,
        f"@{two[:8]}~1": one,
        "": last,
    }
    assert {text: lake.resolve(text).hash for text in leads} == leads


def test_only_the_plain_name_of_a_branch_may_be_written(three):
    lake, (_, one, _, _) = three
    lake.tag("v1.0", "main")
    lake.branch("feature/prices", "main")
    assert lake.resolve("main").writable() == "main"
    assert lake.resolve("feature/prices").writable() == "feature/prices"
    for text in ("v1.0", f"@{one}", "main~1", "main~0", "main@{2100-01-01}"):
        with pytest.raises(InputError, match="is not a branch"):
            lake.resolve(text).writable()


def moved_at(lake: Lake, moments: dict[str, datetime]) -> None:
    """Say in the reflog when main came to each commit, as if that was long ago."""
    with lake.store.writing() as writing:
        for name, moment in moments.items():
            writing._execute("UPDATE reflog SET time = ? WHERE new = ?", [moment.timestamp(), name])


def test_a_time_leads_where_the_branch_pointed_then(three):
    lake, (first, one, two, last) = three
    days = {name: datetime(2020, 1, day, 10, tzinfo=UTC) for day, name in enumerate((first, one, two, last), start=1)}
    moved_at(lake, days)
    assert lake.resolve("main@{2020-01-02T10:00Z}").hash == one
    assert lake.resolve("main@{2020-01-02T09:59:59}").hash == first
    assert lake.resolve("main@{2020-01-02T12:00+02:00}").hash == one
    assert lake.resolve("main@{2020-01-03}").hash == one
    assert lake.resolve("main@{2020-01-03T10:00Z}~1").hash == one
    assert lake.resolve("main@{2030-01-01}").hash == last


def test_a_time_on_a_branch_that_was_reset_leads_where_it_was_and_not_along_its_commits(three):
    lake, (_, one, two, last) = three
    lake.branch("dev", "main")
    lake.reset("dev", f"@{one}")
    with lake.store.writing() as writing:
        for day, name in enumerate((last, one), start=1):
            writing._execute(
                "UPDATE reflog SET time = ? WHERE ref = 'dev' AND new = ?",
                [datetime(2020, 1, day, tzinfo=UTC).timestamp(), name],
            )
    assert lake.resolve("dev@{2020-01-01T12:00}").hash == last
    assert lake.resolve("dev@{2020-01-02T12:00}").hash == one
    assert two not in {lake.resolve(f"dev@{{2020-01-0{day}T12:00}}").hash for day in (1, 2)}


def test_a_time_after_a_hash_or_steps_goes_back_from_there(three):
    lake, (_, one, two, _) = three
    assert lake.resolve("main~2@{2100-01-01}").hash == one
    assert lake.resolve(f"@{two}@{{2100-01-01}}").hash == two
    assert lake.resolve(f"main@{one[:8]}@{{2100-01-01}}").hash == one


def test_a_wrong_name_comes_with_a_close_one(three):
    lake, _ = three
    lake.branch("staging", "main")
    error = refused(lake, "stagin")
    assert error.message == "branch or tag 'stagin' does not exist"
    assert "staging" in error.hint


@pytest.mark.parametrize(
    "text", ["@", "@xyz", "@abc", "main~x", "main@{", "main@{2020-01-01", "~1", "a b@", "{}", "@{}"]
)
def test_what_is_no_reference_is_told_with_the_spellings(three, text):
    lake, _ = three
    error = refused(lake, text)
    assert repr(text) in error.message
    assert "main~2" in error.hint


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("main~4", "before the first commit"),
        ("@0000000000", "no commit's hash starts with"),
        ("main@{yesterday}", "is not a time"),
        ("main@{1970-01-01}", "is younger than"),
    ],
)
def test_what_leads_nowhere_is_told(three, text, says):
    lake, _ = three
    assert says in refused(lake, text).message


def test_a_hash_of_several_commits_is_told_with_all_of_them(sqlite_lake):
    start = sqlite_lake.head("main")
    made = [named(replace(start, message=str(number))) for number in range(2000)]  # four digits are 65,536
    with sqlite_lake.store.writing() as writing:
        for one in made:
            writing.put_commit(one)
    hashes = sorted(one.hash for one in made)
    first, second = next((one, two) for one, two in pairwise(hashes) if one[:4] == two[:4])
    error = refused(sqlite_lake, f"@{first[:4]}")
    assert "several commits start with" in error.message
    assert f"@{first[:12]}" in error.hint
    assert f"@{second[:12]}" in error.hint


def test_a_hash_within_a_branch_is_one_that_led_to_it(three):
    lake, (_, _, two, _) = three
    lake.branch("dev", "main~2")
    other = put(lake, "dev", users=1)
    assert "no commit's hash" in refused(lake, f"main@{other[:10]}").message
    assert "no commit's hash" in refused(lake, f"dev@{two[:10]}").message


@pytest.mark.parametrize("name", ["main2", "v1.0", "feature/prices", "a_b-c.d", "0", "tx/20260101T000000-ab12"])
def test_good_names(name):
    assert names.check_name(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        " ",
        "a b",
        "-x",
        ".x",
        "/x",
        "x/",
        "a//b",
        "a..b",
        "a~1",
        "@abc",
        "a@b",
        "a{b}",
        "x.lock",
        "ä",
        "a\n",
        "a/-b",
    ],
)
def test_names_that_would_be_read_as_something_else_are_refused(sqlite_lake, name):
    with pytest.raises(InputError, match="is no name for a branch or tag"):
        sqlite_lake.branch(name, "main")


def test_one_commit_is_an_ancestor_of_another_across_merges(three):
    lake, (first, one, two, last) = three
    lake.branch("dev", f"@{one}")
    side = put(lake, "dev", users=1)
    merged = lake.commit("main", {}, others=(side,), message="merge").hash
    assert names.is_ancestor(lake.store, side, merged)
    assert names.is_ancestor(lake.store, first, side)
    assert names.is_ancestor(lake.store, last, last)
    assert not names.is_ancestor(lake.store, side, last)
    assert not names.is_ancestor(lake.store, two, side)
