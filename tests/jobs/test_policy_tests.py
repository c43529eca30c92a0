"""Policy tests: rows in, properties out, without a database and without a key."""

import pytest

from support.shell import Shell
from transforms.sample import column, people
from understudy.errors import InputError
from understudy.jobs.policy_tests import try_tests
from understudy.jobs.reviewed import accept
from understudy.schema import Schema

TABLE = people(
    column("email", max_length=60),
    column("name"),
    column("born", "date"),
    column("score", "decimal"),
    column("seen", "timestamp"),
    column("badge", "uuid"),
    column("login"),
)
RULES = """
source: postgresql://nowhere
columns:
  people.id: key
  people.email: email
  people.name: full_name
  people.born: {shift_days: 30, per: id}
  people.score: {noise: 0.1}
  people.seen: keep
  people.badge: key
  people.login: {template: "user-{id}"}
"""


@pytest.fixture
def tried(tmp_path, monkeypatch):
    monkeypatch.delenv("UNDERSTUDY_KEY", raising=False)

    def run(tests, rules=RULES):
        job = tmp_path / "job.yaml"
        job.write_text(f"{rules}\ntests:\n{tests}\n")
        accept(job, Schema((TABLE,), engine="postgresql"))
        return try_tests(job)

    return run


def test_every_kind_of_expectation_can_hold(tried):
    found = tried("""
  - name: a whole person
    table: people
    given: {id: 7, email: ada@x.org, name: Ada, born: 1990-02-03, score: 100, seen: 2026-01-01 10:00:00, login: x,
            badge: 6f1b0f6e-8a1c-4f7e-9a53-1f1a6a1b2c3d}
    expect:
      id: {differs: true}
      email: {differs: true, matches: '[a-z.0-9]+@example\\.(com|org|net)'}
      name: {unchanged: false, matches: '\\w+ .+'}
      born: {differs: true, within: 30, between: [1990-01-01, 1990-03-31]}
      score: {within: 10, between: [90, 110]}
      seen: {unchanged: true}
      badge: {matches: '[0-9a-f]{8}-[0-9a-f]{4}-4.*', differs: true}
      login: {matches: 'user-\\d+', empty: false}
  - {table: people, given: {email: null}, expect: {email: null}}
  - {table: people, given: {name: Ada}, expect: {name: {same_as: {table: people, column: name, given: {name: ADA}}}}}
  - {table: people, given: {seen: 2026-01-01 10:00:00}, expect: {seen: {unchanged: true}, name: {empty: true}}}
""")
    assert [str(one) for one in found.failed] == []
    assert found.passed and found.schema == "job.lock" and len(found.outcomes) == 19


def test_what_does_not_hold_is_told_with_what_was_found(tried):
    found = tried("""
  - name: nothing changes
    table: people
    given: {name: Ada, score: 10}
    expect: {name: Ada, score: {one_of: [1, 2]}, email: {empty: false}}
""")
    assert [(one.test, one.column, one.expected) for one in found.failed] == [
        ("nothing changes", "people.name", "is Ada"),
        ("nothing changes", "people.score", "is one of 1, 2"),
        ("nothing changes", "people.email", "not NULL"),
    ]
    assert found.failed[0].found not in ("Ada", "") and found.failed[2].found == "NULL"


def test_a_value_is_what_somebody_wrote_whatever_its_type(tried):
    rules = RULES.replace("people.score: {noise: 0.1}", "people.score: {replace: 7}").replace(
        "people.born: {shift_days: 30, per: id}", "people.born: {replace: 2000-01-01}"
    )
    found = tried(
        "  - {table: people, given: {score: 1, born: 1990-02-03}, expect: {score: 7, born: 2000-01-01}}", rules
    )
    assert found.passed


@pytest.mark.parametrize(
    ("test", "told"),
    [
        ("{table: persons, given: {}, expect: {id: 1}}", "'persons' does not exist - at `$.tests[0]`"),
        ("{table: people, given: {nme: Ada}, expect: {id: 1}}", "people.nme"),
        ("{table: people, given: {}, expect: {nme: Ada}}", "people.nme"),
        ("{table: people, given: {born: soon}, expect: {id: 1}}", "'soon' is not a value of type date"),
        ("{table: people, given: {name: Ada}, expect: {name: {mathces: x}}}", "at `$.tests[0].expect.name.mathces`"),
        ("{table: people, given: {name: Ada}, expect: {name: {matches: '('}}}", "at `$.tests[0].expect.name.matches`"),
        ("{table: people, given: {name: Ada}, expect: {name: {}}}", "expect one of equals, unchanged"),
        ("{table: people, given: {name: Ada}}", "at `$.tests[0].expect`"),
    ],
)
def test_a_test_that_cannot_be_run_is_told_with_its_place(tried, test, told):
    with pytest.raises(InputError) as caught:
        tried(f"  - {test}")
    assert told in caught.value.message


def test_a_row_must_say_what_a_rule_reads(tried):
    with pytest.raises(InputError, match="`given` must say what 'id' is"):
        tried(
            "  - {table: people, given: {born: 1990-02-03}, expect: {born: {differs: true}}}",
            RULES.replace("people.id: key", "people.id: keep"),
        )


def test_a_column_whose_rule_is_refused_cannot_be_tested(tried):
    with pytest.raises(InputError, match=r"people\.email: no rule"):
        tried(
            "  - {table: people, given: {email: x}, expect: {email: x}}", RULES.replace("  people.email: email\n", "")
        )


def test_a_job_without_tests_says_how_to_write_one(tmp_path):
    (tmp_path / "job.yaml").write_text(RULES)
    with pytest.raises(InputError) as caught:
        try_tests(tmp_path / "job.yaml")
    assert "tests:" in caught.value.hint


def test_the_command_exits_with_one_and_shows_a_table(tmp_path):
    shell = Shell(tmp_path)
    shell.write("job.yaml", RULES + "tests: [{table: people, given: {name: Ada}, expect: {name: Ada}}]\n")
    accept(tmp_path / "job.yaml", Schema((TABLE,), engine="postgresql"))
    failed = shell.run("test", "job.yaml")
    assert failed.code == 1 and "people.name" in failed.text and "is Ada" in failed.text
    assert "0 of 1 expectations hold; tables as in job.lock" in failed.text
    as_json = shell.run("test", "job.yaml", "--json")
    assert as_json.code == 1 and as_json.json["outcomes"][0]["expected"] == "is Ada"
    shell.write("job.yaml", RULES + "tests: [{table: people, given: {name: Ada}, expect: {name: {differs: true}}}]\n")
    assert shell.run("test", "job.yaml").code == 0
