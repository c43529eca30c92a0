"""What is refused before a row is read, and why."""

import time

import pyarrow as pa
import pytest

from transforms.sample import PEOPLE, column, people
from understudy import transforms
from understudy.interfaces import Rule
from understudy.schema import CheckConstraint, ForeignKey, Schema, Table, TableName, Unique
from understudy.transforms import parse_rule

PRIMARY = Unique("people_pkey", ("id",), primary=True)


def refusals(rule, *columns, name="v", **more):
    """Why a rule for one column of people is refused."""
    schema = Schema((people(*columns, **more),))
    return [str(one) for one in transforms.refusals(schema, {(PEOPLE, name): parse_rule(rule)}, {})]


def unique(*columns, **more):
    return {"uniques": (PRIMARY, Unique("people_v_key", columns or ("v",), **more)), "rows": 1_000_000}


def test_a_rule_that_fits_is_not_refused():
    assert refusals("email", column("v")) == []


def test_a_column_that_does_not_exist_is_named_with_a_close_match():
    (found,) = refusals("keep", column("email"), name="emial")
    assert found == "people.emial: column 'people.emial' does not exist (did you mean 'people.email'?)"


def test_a_transformer_that_does_not_exist_is_refused():
    schema = Schema((people(column("v")),))
    (found,) = transforms.refusals(schema, {(PEOPLE, "v"): Rule("emial")}, {})
    assert found.hint == "did you mean 'email'?"


@pytest.mark.parametrize(
    ("rule", "kind"),
    [
        ("email", "integer"),
        ("key", "date"),
        ({"noise": 0.1}, "text"),
        ({"shift_days": 3}, "text"),
        ("hash", "other"),
        ("redact", "other"),
    ],
)
def test_a_rule_for_another_type_is_refused(rule, kind):
    (found,) = refusals(rule, column("v", kind))
    assert f"{parse_rule(rule).name} does not take {kind}" in found and "keep, null and replace" in found


@pytest.mark.parametrize("rule", ["keep", "null", {"replace": "x"}, {"choice": ["x"]}, "shuffle"])
def test_columns_that_travel_as_text_take_what_is_lossless(rule):
    assert refusals(rule, column("v", "other", as_text=True)) == []
    assert refusals({"noise": 0.1}, column("v", "decimal", as_text=True, arrow_type=pa.string())) == []


def test_a_date_that_travels_as_text_cannot_be_shifted():
    (found,) = refusals({"shift_days": 3}, column("v", "date", as_text=True, arrow_type=pa.string()))
    assert "shift_days does not take date" in found


@pytest.mark.parametrize(
    "rule", ["first_name", "city", "redact", {"replace": "x"}, {"choice": ["a", "b"]}, {"mask": 2}]
)
def test_a_lossy_rule_on_a_unique_column_is_refused(rule):
    (found,) = refusals(rule, column("v"), **unique())
    assert found.startswith("people.v: unique people_v_key needs different values to stay different: ")
    assert "email, username, hash" in found


def test_the_birthday_estimate_is_spelled_out():
    (found,) = refusals("full_name", column("v"), **unique())
    assert "stand-ins for 1,000,000 rows, two agree with probability 1" in found
    (found,) = refusals({"hash": 10}, column("v"), **unique())
    assert "with 1,099,511,627,776 stand-ins for 1,000,000 rows, two agree with probability 0.37" in found


@pytest.mark.parametrize(
    "rule", ["key", "email", "username", "hash", "token", "phone", "keep", "shuffle", {"template": "user-{id}"}]
)
def test_rules_that_keep_values_different_may_stand_on_a_unique_column(rule):
    assert refusals(rule, column("v"), **unique()) == []


@pytest.mark.parametrize("name", ["email", "username", "hash", "token"])
def test_what_is_drawn_by_a_subject_is_unique_if_the_subject_is(name):
    assert refusals({name: {"per": "id"}}, column("v"), **unique()) == []
    assert refusals({name: {"per": "w"}}, column("v"), column("w"), **unique()) != []


def test_a_table_of_unknown_size_counts_as_a_million_rows():
    (found,) = refusals({"hash": 10}, column("v"), uniques=unique()["uniques"], rows=0)
    assert "for 1,000,000 rows" in found


def test_random_stand_ins_need_room_to_stay_unique():
    assert refusals("email", column("v", max_length=40), **unique()) == []
    (found,) = refusals("email", column("v", max_length=18), **unique())
    assert "stand-ins for 1,000,000 rows" in found


@pytest.mark.parametrize(
    ("rule", "refused"), [("key", False), ({"noise": 0.1}, True), ({"bucket": 10}, True), ("redact", True)]
)
def test_the_primary_key_must_stay_unique(rule, refused):
    found = refusals(rule, name="id")
    assert [("the primary key needs different values" in one) for one in found] == [True] * refused


def test_a_composite_key_needs_every_changed_part_to_stay_different():
    assert refusals({"shift_days": 3}, column("v", "date"), column("w"), **unique("v", "w")) != []
    assert refusals({"shift_days": 3, "per": "w"}, column("v", "date"), column("w"), **unique("v", "w")) == []
    (found,) = refusals({"shift_days": 3, "per": "id"}, column("v", "date"), column("w"), **unique("v", "w"))
    assert "they do within one id only" in found


def test_an_index_over_an_expression_sees_through_case():
    lower = {"uniques": (PRIMARY, Unique("people_lower", (), expressions="lower(v)"))}
    assert refusals("email", column("v"), **lower) == []
    (found,) = refusals("key", column("v"), **lower)
    assert "under lower(v), stand-ins may be equal" in found
    (found,) = refusals("first_name", column("v"), **lower)
    assert "two agree" in found


def test_the_condition_of_a_partial_index_counts_unless_it_asks_for_null_only():
    partial = {"uniques": (PRIMARY, Unique("people_one", ("w",), predicate="(v = 'active'::text)"))}
    (found,) = refusals({"choice": ["active"]}, column("v"), column("w"), **partial)
    assert "its condition (v = 'active'::text) reads what changes" in found
    partial = {"uniques": (PRIMARY, Unique("people_one", ("w",), predicate="(v IS NOT NULL)"))}
    assert refusals("first_name", column("v"), column("w"), **partial) == []


def test_null_needs_a_column_that_may_be_null():
    assert refusals("null", column("v")) == []
    (found,) = refusals("null", column("v", nullable=False))
    assert "NOT NULL" in found and "redact or replace" in found


def test_null_in_a_unique_column_depends_on_whether_nulls_are_distinct():
    assert refusals("null", column("v"), **unique()) == []
    (found,) = refusals("null", column("v"), **unique("v", nulls_distinct=False))
    assert "all rows would be NULL" in found


@pytest.mark.parametrize(
    ("rule", "limit"),
    [
        ({"hash": 32}, 20),
        ({"token": {"prefix": "customer_", "length": 16}}, 20),
        ("email", 14),
        ({"country": {"form": "code"}}, 1),
    ],
)
def test_what_is_too_long_for_its_column_is_refused(rule, limit):
    (found,) = refusals(rule, column("v", max_length=limit, native_type=f"varchar({limit})"))
    assert f"varchar({limit}) holds {limit}" in found


@pytest.mark.parametrize("rule", ["hash", "token", "full_name", "street", "company", "redact", {"template": "{w}"}])
def test_what_can_be_cut_fits_every_column(rule):
    assert refusals(rule, column("v", max_length=7), column("w")) == []


def test_a_constant_too_long_for_its_column_is_refused():
    (found,) = refusals({"replace": "unknown"}, column("v", max_length=3, native_type="varchar(3)"))
    assert "'unknown' is longer than the 3 characters of varchar(3)" in found


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        ("keep", False),
        ("null", False),
        ("shuffle", False),
        ({"choice": ["a", "b"]}, False),
        ({"choice": ["a", "z"]}, True),
        ("redact", True),
        ("first_name", True),
        ({"replace": "a"}, False),
    ],
)
def test_an_enum_takes_its_labels_only(rule, refused):
    found = refusals(rule, column("v", "enum", labels=("a", "b")))
    assert [("label" in one) for one in found] == [True] * refused


def test_a_computed_column_takes_no_rule():
    (found,) = refusals("first_name", column("v", generated=True))
    assert "computes it" in found
    assert refusals("keep", column("v", generated=True)) == []


def test_a_number_that_the_database_hands_out_stays_a_key():
    assert refusals("key", column("v", "integer", identity="always")) == []
    (found,) = refusals({"noise": 0.1}, column("v", "integer", identity="default"))
    assert "hands out" in found


def test_a_column_in_an_exclusion_constraint_cannot_change():
    overlap = CheckConstraint("no_overlap", ("v",), "EXCLUDE USING gist (v WITH &&)", exclusion=True)
    (found,) = refusals({"shift_days": 3}, column("v", "date"), checks=(overlap,))
    assert "exclusion constraint no_overlap" in found
    assert refusals("keep", column("v", "date"), checks=(overlap,)) == []


def test_check_constraints_are_left_to_the_run():
    positive = CheckConstraint("positive", ("v",), "v > 0")
    assert refusals({"noise": 0.1}, column("v", "integer"), checks=(positive,)) == []


@pytest.mark.parametrize(
    ("rule", "kind", "reason"),
    [
        ({"noise": {"per": "id"}}, "integer", "either a ratio or an absolute amount"),
        ({"noise": 0.1, "absolute": 5}, "integer", "either a ratio or an absolute amount"),
        ({"bucket": {"width": 2.5}}, "integer", "a whole number"),
        ({"bucket": 0.001}, "decimal", "more decimal places"),
        ({"bucket": 10}, "date", "one of day, week, month, quarter, year"),
        ({"bucket": -1}, "integer", "above 0"),
        ({"bucket": {"edges": ["x"]}}, "integer", "'x' is not a value of type integer"),
        ("key", "decimal", "only whole ones of up to 18 digits"),
        ({"key": {"within": "int64"}}, "integer", "cannot hold"),
        ({"mask": {"char": "ab"}}, "text", "one character"),
        ({"template": "{nobody}"}, "text", "'nobody'"),
        ({"template": "{v}"}, "text", "its own column"),
        ({"template": "{id:>5}"}, "text", "plain {column} parts"),
        ({"template": "{"}, "text", "cannot be read"),
        ({"template": "{}"}, "text", "names no column"),
        ({"choice": {"values": ["a"], "weights": [1, 2]}}, "text", "1 values and 2 weights"),
        ({"choice": {"values": ["a"], "weights": [-1]}}, "text", "numbers from 0"),
        ({"redact": "x"}, "integer", "takes no text"),
        ({"json": {"email": "email"}}, "json", "'email' is not a path"),
        ({"json": {"$.a": {"email": {"per": "idd"}}}}, "json", "$.a: column 'people.idd' does not exist"),
        ({"json": {"$.a": "shuffle"}}, "json", "is inside a column, and only a whole one"),
        ({"email": {"per": "orders.user_id"}}, "text", "names another table"),
        ({"email": {"per": "idd"}}, "text", "'people.idd' does not exist"),
    ],
)
def test_options_that_do_not_fit_the_column_are_refused(rule, kind, reason):
    (found,) = refusals(rule, column("v", kind))
    assert reason in found


def test_templates_made_of_one_another_are_refused():
    schema = Schema((people(column("a"), column("b")),))
    rules = {(PEOPLE, "a"): parse_rule({"template": "{b}"}), (PEOPLE, "b"): parse_rule({"template": "{a}"})}
    (found,) = transforms.refusals(schema, rules, {})
    assert found.subject == "people" and "made of one another: a, b" in found.reason


def test_a_thousand_tables_are_looked_through_in_seconds():
    names = [TableName("public", f"t{number}") for number in range(1000)]
    columns = tuple(column(f"c{number}") for number in range(10))
    schema = Schema(tuple(Table(name, columns, (Unique("u", ("c1",)),)) for name in names))
    rules = {(name, one.name): Rule("email") for name in names for one in columns}
    start = time.process_time()
    assert transforms.refusals(schema, rules, {}) == []
    assert time.process_time() - start < 8


def test_a_table_without_a_key_cannot_be_shuffled():
    (found,) = refusals("shuffle", column("v"), uniques=())
    assert "no key that tells its rows apart" in found


class TestDomains:
    ORDERS = TableName("public", "orders")

    def refusals(self, rule, parent, child):
        key = ForeignKey("orders_fkey", self.ORDERS, ("v",), PEOPLE, ("v",))
        schema = Schema((people(parent), Table(self.ORDERS, (child,))), (key,))
        domains = transforms.domains(schema)
        rules, clashes = transforms.spread(schema, {(PEOPLE, "v"): parse_rule(rule)}, domains)
        assert clashes == []
        return [str(one) for one in transforms.refusals(schema, rules, domains)]

    def test_columns_of_one_type_change_alike(self):
        assert self.refusals("key", column("v", "integer", arrow_type=pa.int64()), column("v", "integer")) == []
        assert self.refusals("email", column("v", max_length=80), column("v", max_length=90)) == []

    @pytest.mark.parametrize("rule", [{"choice": ["a"]}, "shuffle", {"email": {"per": "id"}}])
    def test_what_is_drawn_by_the_row_breaks_references(self, rule):
        assert any(
            "does not give equal values equal stand-ins" in one for one in self.refusals(rule, column("v"), column("v"))
        )

    def test_an_integer_and_a_decimal_are_permuted_otherwise(self):
        decimal = column("v", "decimal", arrow_type=pa.decimal128(9, 0))
        (found,) = self.refusals("key", column("v", "integer"), decimal)
        assert found.startswith("people.v: its type differs from that of orders.v")

    def test_case_must_count_on_both_sides_or_on_none(self):
        (found,) = self.refusals("key", column("v", key_sql="lower(v)"), column("v"))
        assert "compares case differently" in found

    def test_stand_ins_may_not_be_cut_on_one_side_only(self):
        (found,) = self.refusals("email", column("v", max_length=80), column("v", max_length=30))
        assert "another length" in found
