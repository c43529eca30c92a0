from __future__ import annotations

import json

import pytest

from checks.sample import small
from understudy.checks.report import Report, without_secrets
from understudy.errors import InputError
from understudy.interfaces import Result


def test_a_report_survives_json():
    report = small()
    assert Report.from_json(json.loads(json.dumps(report.json()))) == report


def test_the_json_form_says_its_version_and_verdict():
    assert {key: small().json()[key] for key in ("version", "passed")} == {"version": 1, "passed": True}
    assert small(results=(Result("unique", "users (id)", "fail", 1, 0),)).json()["passed"] is False
    assert small(results=(Result("unique", "the check itself", "error"),)).passed is False


def test_a_report_of_another_version_is_refused():
    with pytest.raises(InputError, match="version 7"):
        Report.from_json({**small().json(), "version": 7})


def test_passwords_and_keys_written_into_a_job_are_taken_out():
    text = "source: postgresql://ada:s3cret@db:5432/shop\nkey: k1-abcdef\nload: [{to: 'mysql://x:p@h/d'}]\n"
    assert (
        without_secrets(text)
        == "source: postgresql://ada:***@db:5432/shop\nkey: ***\nload: [{to: 'mysql://x:***@h/d'}]\n"
    )
    assert "s3cret" not in json.dumps(small(job_text=text).json())


@pytest.mark.parametrize(
    "text", ["source: ${SOURCE_URL}\nkey: ${UNDERSTUDY_KEY}\n", 'key: "${K}"\n', "columns:\n  users.id: key\n"]
)
def test_names_of_secrets_and_rules_stay(text: str):
    assert without_secrets(text) == text
