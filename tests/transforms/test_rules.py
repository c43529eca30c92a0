"""How rules are spelled in the job file."""

import pytest

from understudy.errors import InputError
from understudy.interfaces import Rule
from understudy.transforms import TRANSFORMERS, parse_rule
from understudy.transforms.registry import declaration


@pytest.mark.parametrize(
    ("spelled", "expected"),
    [
        ("email", Rule("email")),
        (None, Rule("null")),
        ("null", Rule("null")),
        ({"bucket": 10}, Rule("bucket", {"width": 10})),
        ({"bucket": {"edges": [0, 18]}}, Rule("bucket", {"edges": [0, 18]})),
        ({"email": {"keep_domain": True}}, Rule("email", {"keep_domain": True})),
        ({"email": None, "keep_domain": True}, Rule("email", {"keep_domain": True})),
        ({"shift_days": 30, "per": "users.id"}, Rule("shift_days", {"days": 30, "per": "users.id"})),
        ({"shift_days": {"days": 30, "per": "users.id"}}, Rule("shift_days", {"days": 30, "per": "users.id"})),
        ({"fake": "full_name"}, Rule("full_name")),
        ({"fake": "full_name", "per": "id"}, Rule("full_name", {"per": "id"})),
        ({"template": "user-{id}"}, Rule("template", {"text": "user-{id}"})),
        ({"choice": ["a", "b"]}, Rule("choice", {"values": ["a", "b"]})),
        ({"replace": 0}, Rule("replace", {"value": 0})),
        (
            {"json": {"$.email": "email", "$.x": None}},
            Rule("json", {"paths": {"$.email": Rule("email"), "$.x": Rule("null")}}),
        ),
        (
            {"json": {"paths": {"$.email": "email"}, "default": "redact"}},
            Rule("json", {"paths": {"$.email": Rule("email")}, "default": Rule("redact")}),
        ),
        ({"array": {"mask": 4}}, Rule("array", {"each": Rule("mask", {"last": 4})})),
        ({"array": {"each": "email"}}, Rule("array", {"each": Rule("email")})),
        ({"hstore": {"fields": "email"}}, Rule("hstore", {"fields": {"fields": Rule("email")}})),
        (
            {"when": {"where": "a = 1", "then": None, "else": "keep"}},
            Rule("when", {"where": "a = 1", "then": Rule("null"), "else": Rule("keep")}),
        ),
    ],
)
def test_spellings(spelled, expected):
    assert parse_rule(spelled) == expected


@pytest.mark.parametrize(
    ("spelled", "message", "hint"),
    [
        ("emial", "transformer 'emial' does not exist", "did you mean 'email'?"),
        ({"shift_day": 30}, "transformer 'shift_day' does not exist", "did you mean 'shift_days'?"),
        ({"fake": "fullname"}, "transformer 'fullname' does not exist", "did you mean 'full_name'?"),
        ({"email": {"keepdomain": True}}, "option of email 'keepdomain' does not exist", "did you mean 'keep_domain'?"),
        (
            {"noise": 0.1, "every": "id"},
            "option of noise 'every' does not exist",
            "known: absolute, distribution, domain",
        ),
        ({"shift_days": "30"}, "option 'days' of shift_days takes a whole number, not '30'", "the most days"),
        ({"shift_days": True}, "option 'days' of shift_days takes a whole number, not True", "the most days"),
        ({"shift_days": 0}, "option 'days' of shift_days takes at least 1, not 0", "the most days"),
        ({"noise": 3}, "option 'ratio' of noise takes at most 1, not 3", "largest share"),
        ({"key": {"within": "int8"}}, "takes one of int16, int32, int64, decimal, not 'int8'", "narrowest"),
        (
            {"email": 3},
            "email takes no value of its own, but was given 3",
            "its options: domain, gender, keep_domain, locale, mask_domain, of, per",
        ),
        ({"null": 3}, "null takes no value of its own, but was given 3", "it has no options"),
        ("shift_days", "shift_days needs 'days'", "as in `{shift_days: 30, per: users.id}`"),
        ({"json": {"$.a": "emial"}}, "transformer 'emial' does not exist", "did you mean 'email'?"),
        ({"json": {}}, "takes a mapping of rules, not {}", "paths"),
        ([], "[] is not a rule", "{shift_days: 30, per: users.id}"),
        ({}, "{} is not a rule", "write a name"),
        (7, "7 is not a rule", "write a name"),
    ],
)
def test_mistakes_are_named_with_what_there_is(spelled, message, hint):
    with pytest.raises(InputError) as caught:
        parse_rule(spelled)
    assert message in caught.value.message and hint in caught.value.hint


def test_every_transformer_is_listed_under_its_name_with_a_sentence_and_an_example_that_can_be_read():
    from ruamel.yaml import YAML

    for name, declared in TRANSFORMERS.items():
        assert declared.name == name and declared.summary.endswith(".") and declared.kinds
        assert parse_rule(YAML(typ="safe", pure=True).load(declared.example)).name == name
        assert {option.name for option in declared.options} >= ({declared.main} - {""})
        assert all(option.help and not option.help.endswith(".") for option in declared.options)


def test_a_transformer_is_added_by_assignment(monkeypatch):
    shout = declaration("keep").__class__(
        name="shout",
        summary="The text in capitals.",
        example="shout",
        kinds=frozenset({"text"}),
        build=lambda _setting: lambda values, _rows: __import__("pyarrow.compute").compute.utf8_upper(values),
    )
    monkeypatch.setitem(TRANSFORMERS, "shout", shout)
    from transforms.sample import masked

    assert masked("shout", ["Ada", None]) == ["ADA", None]
