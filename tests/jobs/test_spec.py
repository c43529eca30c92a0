from pathlib import Path

import pytest

from understudy.errors import InputError
from understudy.jobs.spec import load_job, parse_job, resolve

JOB = Path("job.yaml")


def parse(text):
    return parse_job(text, JOB).job


def test_a_job_needs_no_more_than_a_source():
    job = parse("source: postgresql://localhost/shop")
    assert job.source == "postgresql://localhost/shop"
    assert job.subset.unreached == "reference"
    assert job.checks.integrity == "fail"


def test_null_on_an_edge_empties_the_key_in_the_copy():
    job = parse("source: x\nsubset: {follow: {orders.shipping_address_id: null}}")
    assert job.subset.follow["orders.shipping_address_id"].parents == "null"


def test_false_on_an_edge_brings_no_children():
    edge = parse("source: x\nsubset: {follow: {sessions: false}}").subset.follow["sessions"]
    assert (edge.parents, edge.children) == ("follow", False)


def test_one_destination_may_stand_without_a_list():
    assert parse("source: x\nload: {to: y, mode: replace}").load[0].mode == "replace"


def test_no_is_a_country_code_and_not_a_boolean():
    target = parse("source: x\nsubset: {targets: [{table: users, keys: [no, yes]}]}").subset.targets[0]
    assert target.keys == ("no", "yes")


def test_an_unknown_field_is_named_with_its_path_and_a_close_match():
    with pytest.raises(InputError) as caught:
        parse("source: x\nsubset: {targets: [{table: users, procent: 5}]}")
    assert "field 'procent' does not exist - at `$.subset.targets[0].procent`" in caught.value.message
    assert caught.value.hint == "did you mean 'percent'?"


def test_a_value_out_of_range_is_named_with_its_path():
    with pytest.raises(InputError, match=r"less than or equal to 100 - at `\$\.subset\.targets\[0\]\.percent`"):
        parse("source: x\nsubset: {targets: [{table: users, percent: 101}]}")


def test_broken_yaml_is_told_with_its_line():
    with pytest.raises(InputError, match="not valid YAML at line 2"):
        parse("source: x\nsubset: {targets: [")


def test_a_duplicate_column_is_refused():
    with pytest.raises(InputError, match=r"users\.id"):
        parse("source: x\ncolumns:\n  users.id: key\n  users.id: keep\n")


def test_a_text_that_is_no_job_is_refused():
    with pytest.raises(InputError, match="holds no job"):
        parse("just words")


def test_a_missing_job_file_tells_how_to_make_one(tmp_path):
    with pytest.raises(InputError) as caught:
        load_job(tmp_path / "none.yaml")
    assert "understudy init" in caught.value.hint


def test_the_environment_is_asked_only_when_a_value_is_used(monkeypatch):
    monkeypatch.setenv("WHERE", "db")
    assert resolve("postgresql://${WHERE}/shop", "source") == "postgresql://db/shop"
    monkeypatch.delenv("WHERE")
    with pytest.raises(InputError, match="`source` needs the environment variable WHERE"):
        resolve("postgresql://${WHERE}/shop", "source")
