"""The verbs that name states: lake init, branch, switch, tag, reset, reflog, status."""

from cli.lake_support import append
from understudy.lake import Lake


def head(lake, ref="main"):
    return lake.resolve(ref).hash


def test_a_lake_is_made_once_and_then_left_as_it_is(shell, monkeypatch):
    monkeypatch.delenv("UNDERSTUDY_LAKE", raising=False)
    said = shell.run("lake", "init", "data/lake")
    assert said.code == 0 and said.text.startswith("made the lake data/lake\nnext: `understudy run JOB`")
    first = Lake.open(shell.folder / "data/lake").resolve("main").hash
    again = shell.run("lake", "init", "data/lake", "--json")
    assert again.json == {"lake": "data/lake", "made": False, "main": first}


def test_where_there_is_no_lake_the_verb_that_makes_one_is_named(shell):
    said = shell.run("branch", "--lake", "nowhere")
    assert said.code == 2 and "there is no lake in 'nowhere'" in said.err and "understudy lake init" in said.err


def test_the_lake_is_the_one_that_is_said_or_that_of_the_environment(shell, lake):
    (shell.folder / "elsewhere").mkdir()
    at = str(shell.folder / ".understudy")
    assert shell.run("status", "--lake", at, "--json").json["lake"] == at
    assert shell.run("status", "--json", UNDERSTUDY_LAKE=at).json["lake"] == at
    url = f"sqlite:///{shell.folder}/.understudy/lake.db"
    assert shell.run("status", "--lake", at, "--catalog", url).code == 0
    assert shell.run("status", "--lake", at, UNDERSTUDY_CATALOG="mysql://x").code == 2


def test_a_branch_is_made_listed_and_worked_on(shell, lake):
    said = shell.run("branch", "feature/prices", "--from", "v1")
    assert said.code == 0
    assert said.text == f"feature/prices is at @{head(lake)[:12]}, as v1 is\nnext: `understudy switch feature/prices`\n"
    assert shell.run("switch", "feature/prices").text == f"on feature/prices, at @{head(lake)[:12]} create countries\n"
    listed = shell.run("branch").text
    assert "* feature/prices" in listed and "  dev" in listed and "[protected] create countries" in listed
    told = shell.run("branch", "--json").json
    assert told["current"] == "feature/prices"
    assert [(one["name"], one["protected"]) for one in told["branches"]] == [
        ("dev", False),
        ("feature/prices", False),
        ("main", True),
    ]
    assert shell.run("switch", "-c", "later").code == 0 and lake.current() == "later"


def test_what_cannot_be_worked_on_is_refused_with_a_way_out(shell, lake):
    assert "did you mean 'dev'?" in shell.run("switch", "dve").err
    tag = shell.run("switch", "v1")
    assert tag.code == 2 and "not a branch" in tag.err and "branch off it" in tag.err
    assert "already" in shell.run("branch", "dev").err
    assert "`understudy branch NAME`" in shell.run("branch", "-d").err
    assert "no name for a branch" in shell.run("branch", "a b").err


def test_a_branch_is_deleted_only_if_its_commits_have_another_name_or_with_force(shell, lake):
    assert "protected" in shell.run("branch", "-d", "main").err
    append(lake, "dev", "guests", {"id": 4, "name": "Dan"})
    there = head(lake, "dev")
    said = shell.run("branch", "-d", "dev")
    assert said.code == 2 and "no other branch or tag has" in said.err and "--force" in said.err
    lake.tag("kept", "dev")
    told = shell.run("branch", "-d", "dev", "--json")
    assert told.json == {"deleted": "dev", "commit": there}
    back = shell.run("branch", "dev", "--from", f"@{there[:12]}")
    assert back.code == 0 and head(lake, "dev") == there
    lake.drop("kept", force=True)
    said = shell.run("branch", "-d", "dev", "--force")
    assert f"back: `understudy branch dev --from @{there[:12]}`" in said.text
    assert "branch 'v1' does not exist" in shell.run("branch", "-d", "v1").err


def test_the_current_branch_is_not_deleted(shell, lake):
    shell.run("switch", "dev")
    said = shell.run("branch", "-d", "dev", "--force")
    assert said.code == 2 and "`understudy switch main` first" in said.err


def test_a_protected_branch_is_not_reset_until_it_is_unprotected(shell, lake):
    assert shell.run("branch", "dev", "--protect").text == "dev is protected\n"
    refused = shell.run("reset", "dev", "main~1")
    assert refused.code == 2 and "protected" in refused.err and "understudy revert" in refused.err
    assert shell.run("branch", "dev", "--unprotect", "--json").json == {"branch": "dev", "protected": False}
    before = head(lake, "dev")
    said = shell.run("reset", "dev", "main~1")
    assert f"back: `understudy reset dev @{before[:12]}`" in said.text and head(lake, "dev") == head(lake, "main~1")
    moves = shell.run("reflog", "dev", "-n", "1", "--json").json["moves"]
    assert [(one["old"], one["new"], one["why"]) for one in moves] == [(before, head(lake, "dev"), "reset to main~1")]
    assert "does not exist" in shell.run("branch", "mian", "--protect").err


def test_a_tag_moves_and_goes_only_with_force_and_says_where_it_was(shell, lake):
    assert shell.run("tag", "v2", "main~1").text == f"v2 is @{head(lake, 'main~1')[:12]}\n"
    refused = shell.run("tag", "v2", "main")
    assert refused.code == 2 and "`understudy tag v2 main --force` moves it" in refused.err
    moved = shell.run("tag", "v2", "main", "--force", "--json")
    assert moved.json == {"tag": "v2", "commit": head(lake), "was": head(lake, "main~1")}
    assert "not a tag" in shell.run("tag", "dev", "main", "--force").err
    assert [one["name"] for one in shell.run("tag", "--json").json["tags"]] == ["v1", "v2"]
    assert "tags stay" in shell.run("tag", "-d", "v2").err
    assert "it was at" in shell.run("tag", "-d", "v2", "--force").text
    assert "v2" not in shell.run("tag").text
    assert shell.run("tag", "v1", "nowhere", "--force").code == 2 and head(lake, "v1") == head(lake)


def test_the_reflog_remembers_deleted_names(shell, lake):
    shell.run("branch", "-d", "dev")
    said = shell.run("reflog", "dev")
    assert said.code == 0 and "deleted the branch" in said.text and "branch from main" in said.text
    assert "known: dev, main, v1" in shell.run("reflog", "nothing-like-it").err


def test_status_tells_where_one_is_and_how_far_from_main(shell, lake):
    append(lake, "dev", "guests", {"id": 4, "name": "Dan"})
    shell.run("switch", "dev")
    assert shell.run("status").text.splitlines()[1:] == [
        "3 tables, 8 rows",
        "1 commits that main has not, 0 of main it has not",
    ]
    told = shell.run("status", "--ref", "main~1", "--json").json
    assert (told["tables"], told["rows"], told["ahead"], told["behind"]) == (2, 5, 0, 1)


def test_the_variable_that_transactions_set_says_which_state_is_meant(shell, lake):
    assert shell.run("status", "--json", UNDERSTUDY_REF="dev").json["ref"] == "dev"
    assert shell.run("branch", "--json", UNDERSTUDY_REF="dev").json["current"] == "dev"
    assert shell.run("restore", "v1", "guests", UNDERSTUDY_REF="v1").code == 2


def test_errors_are_one_line_of_json_for_programs(shell, lake):
    import json

    said = shell.run("switch", "dve", "--json")
    assert said.out == b"" and json.loads(said.err) == {
        "error": "branch or tag 'dve' does not exist",
        "hint": "did you mean 'dev'?",
        "exit_code": 2,
    }
