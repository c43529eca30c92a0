"""Functions of the user's own as rules."""

import pytest

from transforms import functions
from transforms.sample import KEY, PEOPLE, batch, column, masked, people
from understudy import transforms
from understudy.errors import Error, InputError
from understudy.interfaces import Rule
from understudy.schema import Schema, Unique
from understudy.transforms import parse_rule

TABLE = people(
    column("v"), column("country"), uniques=(Unique("people_pkey", ("id",), primary=True), Unique("one", ("v",)))
)
HERE = "transforms.functions"


def refusals(rule, table=TABLE):
    return [
        (one.reason, one.hint) for one in transforms.refusals(Schema((table,)), {(PEOPLE, "v"): parse_rule(rule)}, {})
    ]


def test_a_function_is_named_by_its_module():
    expected = functions.digests(column_of("ada", None), key=KEY.subkey(f"python:{HERE}:digests")).to_pylist()
    assert masked({"python": f"{HERE}:digests"}, ["ada", None]) == expected
    assert [len(value) for value in masked({"python": f"{HERE}:digests", "with": {"length": 5}}, ["ada"])] == [5]


def column_of(*values):
    import pyarrow as pa

    return pa.array(values, pa.string())


@pytest.mark.parametrize(
    "spelled",
    [f"{HERE}:digests", {f"{HERE}:digests": None}, {f"{HERE}:digests": {}}, {"python": f"{HERE}:digests"}],
)
def test_the_name_of_a_function_is_a_rule_by_itself(spelled):
    assert parse_rule(spelled) == Rule("python", {"function": f"{HERE}:digests"})


def test_its_arguments_stand_beside_its_name():
    expected = Rule("python", {"function": f"{HERE}:digests", "with": {"length": 5}, "unique": True})
    assert parse_rule({f"{HERE}:digests": {"length": 5}, "unique": True}) == expected


def test_it_may_read_columns_of_the_row():
    rule = parse_rule({"python": f"{HERE}:beside", "columns": ["people.country"], "with": {"between": "-"}})
    rows = batch(TABLE, v=["a", None], country=["DE", "FR"])
    found = transforms.compile(TABLE, {"v": rule}, key=KEY, domains={})(rows)
    assert found["v"].to_pylist() == ["a-DE", None] and transforms.needs(TABLE, {"v": rule}) == {"country"}


def test_it_stands_inside_other_rules():
    assert masked({"array": f"{HERE}:chunked"}, ["{ada,NULL}"], "other", native_type="text[]", as_text=True) == [
        "{ADA,NULL}"
    ]


def test_it_is_unique_if_its_author_says_so():
    assert "different values may become the same" in refusals({"python": f"{HERE}:digests"})[0][0]
    assert refusals({"python": f"{HERE}:digests", "unique": True}) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("shorter", "gave 1 of string for 2 of string"),
        ("lengths", "gave 2 of int32 for 2 of string"),
        ("no_array", "gave list, not an Arrow array"),
        ("emptied", "made 2 values NULL"),
        ("failing", "failed with ValueError"),
    ],
)
def test_what_it_gives_must_be_as_many_values_of_the_same_type(name, message):
    with pytest.raises(Error, match=f"{HERE}:{name} {message}") as caught:
        masked({"python": f"{HERE}:{name}"}, ["secret", "b"])
    assert "secret" not in f"{caught.value.message} {caught.value.hint}" and caught.value.__cause__ is None


def test_what_it_gives_must_fit_the_column():
    limited = people(column("v", max_length=8, native_type="varchar(8)"))
    ((reason, _),) = refusals(f"{HERE}:digests", limited)
    assert reason == "varchar(8) has room for 8 characters; say its `length`"
    ((reason, _),) = refusals({"python": f"{HERE}:digests", "length": 16}, limited)
    assert "gives up to 16 characters" in reason
    rule = {"python": f"{HERE}:digests", "length": 8}
    assert refusals(rule, limited) == []
    with pytest.raises(Error, match="gave 1 texts of more than 8 characters"):
        masked(rule, ["ada"], max_length=8)
    with pytest.raises(Error, match="gave 1 texts that are not labels of mood"):
        masked({"python": f"{HERE}:chunked"}, ["OK", "sad"], "enum", labels=("OK", "sad"), native_type="mood")


@pytest.mark.parametrize(
    ("rule", "reason", "hint"),
    [
        ("nowhere:mask", "module 'nowhere' of 'nowhere:mask' cannot be found", "PYTHONPATH"),
        (f"{HERE}:digest", "function of transforms.functions 'digest' does not exist", "'digests'"),
        (f"{HERE}:SETTING", "'SETTING' does not exist", ""),
        (f"{HERE}:", "names no function; write module:function", ""),
        ({"python": "digests"}, "names no function; write module:function", ""),
        (f"{HERE}:beside", "needs 'columns'", "with: {columns: ...}"),
        ({f"{HERE}:digests": {"size": 3}}, "argument of transforms.functions:digests 'size' does not exist", "length"),
        ({"python": f"{HERE}:beside", "columns": ["land"]}, "column 'people.land' does not exist", ""),
    ],
)
def test_what_cannot_be_called_is_refused_before_a_row_is_read(rule, reason, hint):
    ((found, found_hint),) = refusals(rule, people(column("v"), column("country")))
    assert reason in found and hint in found_hint


def test_a_function_without_its_module_is_no_rule():
    with pytest.raises(InputError, match="transformer 'digests' does not exist"):
        parse_rule("digests")
