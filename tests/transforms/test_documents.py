"""Rules inside JSON documents."""

import json

import pyarrow as pa
import pytest

from transforms.sample import masked
from understudy.errors import Error, InputError
from understudy.transforms.catalogue.documents import steps


def change(document, paths):
    return masked({"json": paths}, [document], "json")[0]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$", ()),
        ("$.email", ("email",)),
        ("$.items[*].e-mail", ("items", None, "e-mail")),
        ("$[0]", (0,)),
        ("$['odd name'].x", ("odd name", "x")),
        ('$["a.b"][2]', ("a.b", 2)),
    ],
)
def test_paths(path, expected):
    assert steps(path) == expected


@pytest.mark.parametrize("path", ["", "email", "$email", "$..email", "$.items[]", "$.a.", "$[-1]"])
def test_what_is_no_path_is_refused_with_an_example(path):
    with pytest.raises(InputError, match="is not a path") as caught:
        steps(path)
    assert "$.items[*].email" in caught.value.hint


def test_a_value_inside_gets_the_stand_in_it_has_everywhere():
    found = json.loads(change('{"id": 1, "email": "ada@x.org"}', {"$.email": "email"}))
    assert found == {"id": 1, "email": masked("email", ["ada@x.org"])[0]}


def test_keys_keep_their_order_and_numbers_their_digits():
    document = '{"z": 1.50, "a": 1e400, "m": {"b": 12345678901234567890, "email": "ada@x.org"}, "k": -0.0}'
    found = change(document, {"$.m.email": "redact"})
    assert found == document.replace("ada@x.org", "REDACTED")


def test_every_item_of_an_array_and_everything_below_an_object():
    document = (
        '{"items": [{"email": "a@x.org"}, {"email": "b@x.org"}, {}], "who": {"name": "Ada", "tags": ["x", null]}}'
    )
    found = json.loads(change(document, {"$.items[*].email": "redact", "$.who": {"replace": "-"}}))
    assert found == {
        "items": [{"email": "REDACTED"}, {"email": "REDACTED"}, {}],
        "who": {"name": "-", "tags": ["-", None]},
    }


def test_a_document_without_the_path_stays_byte_for_byte():
    assert change('{"b":1,  "a":[ ]}', {"$.email": "redact", "$.a[*]": "redact"}) == '{"b":1,  "a":[ ]}'


def test_numbers_and_booleans_stay_what_they_are_where_the_rule_takes_them():
    found = change(
        '{"age": 37, "price": 19.90, "ok": true, "id": 7}',
        {"$.age": {"bucket": 10}, "$.price": {"bucket": 10}, "$.ok": "redact", "$.id": None},
    )
    assert found == '{"age": 30, "price": 10.00, "ok": false, "id": null}'


def test_a_number_under_a_rule_for_texts_becomes_a_text():
    found = json.loads(change('{"phone": 491701234567}', {"$.phone": "phone"}))
    assert found["phone"] == masked("phone", ["491701234567"])[0]


def test_a_text_under_a_rule_for_numbers_stops_the_run():
    with pytest.raises(Error, match=r"1 values at people\.v \$\.age are of kind text"):
        change('{"age": "37"}', {"$.age": {"noise": 0.1}})


def test_a_key_inside_agrees_with_the_column_it_refers_to():
    inside = json.loads(change('{"user": 7}', {"$.user": {"key": {"domain": "users.id", "within": "int32"}}}))
    assert [inside["user"]] == masked({"key": {"domain": "users.id"}}, [7], "integer", arrow_type=pa.int32())


def test_what_is_not_valid_json_stops_the_run_with_a_count_and_no_value():
    with pytest.raises(Error, match=r"3 rows of people\.v hold no valid JSON") as caught:
        masked({"json": {"$.a": "redact"}}, ["{secret", "{secret", '{"a": NaN}', "{}", None, ""])
    assert "secret" not in str(caught.value)


def test_json_may_stand_in_a_text_column_whose_length_is_watched():
    rule = {"json": {"$.a": {"replace": "xx"}}}
    assert masked(rule, ['{"a": "1"}', "", None], max_length=11) == ['{"a": "xx"}', "", None]
    with pytest.raises(Error, match=r"1 rows of people\.v became too long"):
        masked({"json": {"$.a": {"replace": "xxx"}}}, ['{"a": "1"}'], max_length=11)


def test_escapes_and_other_alphabets_survive():
    assert change('{"a": "1", "b": "żółć 🎉"}', {"$.a": "redact"}) == '{"a": "REDACTED", "b": "żółć 🎉"}'
    assert change(r'{"a": "1", "b": "\ud83d"}', {"$.a": "redact"}) == r'{"a": "REDACTED", "b": "\ud83d"}'


def test_a_deep_document_is_walked_without_recursion():
    document = '{"a": ' * 300 + '"ada"' + "}" * 300
    assert change(document, {"$": "redact"}) == document.replace("ada", "REDACTED")
