"""Rules that are chosen by the row: conditions, cases, and rows that are let through."""

import datetime
import uuid
from decimal import Decimal

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.sample import KEY, PEOPLE, batch, column, masked, people
from understudy import transforms
from understudy.errors import Error, InputError
from understudy.schema import ForeignKey, Schema, Table, TableName, Unique
from understudy.transforms import parse_rule
from understudy.transforms.conditions import Scope, parse
from understudy.transforms.declare import Rows

TABLE = people(
    column("v"),
    column("country"),
    column("n", "integer"),
    column("price", "decimal"),
    column("exact", "decimal", as_text=True, arrow_type=pa.string()),
    column("born", "date"),
    column("seen", "timestamp"),
    column("ok", "boolean"),
    column("uid", "uuid"),
    column("mail", key_sql="lower(mail)"),
    column("state", "enum", labels=("new", "old")),
    column("value", "integer"),
)
ROWS = batch(
    TABLE,
    v=["ada@ours.example", "bob@x.org", None],
    country=["DE", "FR", None],
    n=[1, 2, 3],
    price=[None, Decimal("1.00"), Decimal("2.50")],
    exact=["1.50", "NaN", "10"],
    born=[0, 100, 200],
    seen=[0, 10**6, 2 * 10**15],
    ok=[True, False, None],
    uid=[uuid.UUID(int=5), None, uuid.UUID(int=7)],
    mail=["Ada@X.org", "ada@x.org", "bob@x.org"],
    state=["new", "old", None],
    value=[7, 8, 9],
)


def holds(condition, table=TABLE, rows=ROWS):
    """The rows (counted from 1) for which a condition on the column ``v`` holds."""
    own = table.column("v")
    found = parse(condition, table, own)(Scope(table, own, rows.column("v"), Rows(rows, {})))
    return [number for number, true in enumerate(found.to_pylist(), 1) if true]


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("country = 'DE'", [1]),
        ("'DE' = country", [1]),
        ("country <> 'DE'", [2]),
        ("not country = 'DE'", [2]),
        ("country is null", [3]),
        ("country is not null and n > 1", [2]),
        ("country = 'DE' or country is null", [1, 3]),
        ("country in ('DE', 'FR') and not n in (2, 7)", [1]),
        ("country not in ('DE')", [2]),
        ("n = 1 or n = 2 and country = 'DE'", [1]),
        ("(n = 1 or n = 2) and country = 'FR'", [2]),
        ("people.n >= 2", [2, 3]),
        ("public.people.n >= 2", [2, 3]),
        ("2 < n", [3]),
        ("n between -1 and 2", [1, 2]),
        ("n not between 2 and 9", [1]),
        ("n = 2.5", []),
        ("price >= 1.0", [2, 3]),
        ("price in (1, 2.5)", [2, 3]),
        ("price < n", [2, 3]),
        ("exact = 1.5", [1]),
        ("exact in (10.0, 11)", [3]),
        ("exact > 1.5", [3]),
        ("born between '1970-01-02' and '1970-06-01'", [2]),
        ("seen > '1990-01-01'", [3]),
        ("seen < '1970-01-01 01:00:01+01:00'", [1]),
        ("ok", [1]),
        ("not ok", [2]),
        ("ok = false", [2]),
        ("uid = '00000000-0000-0000-0000-000000000005'", [1]),
        ("uid in ('00000000-0000-0000-0000-000000000005')", [1]),
        ("v like '%@ours.example'", [1]),
        ("v not like '%@ours.example'", [2]),
        ("country ilike 'd_'", [1]),
        ("mail = 'ADA@x.org'", [1, 2]),
        ("mail like 'ADA%'", [1, 2]),
        ("state = 'new'", [1]),
        ("value = 'bob@x.org'", [2]),
        ("VALUE is null", [3]),
        ('"value" = 7', [1]),
        ("people.value = 7", [1]),
        ("v = 'it''s'", []),
        ("v = country", []),
    ],
)
def test_conditions_mean_what_they_mean_in_sql(condition, expected):
    assert holds(condition) == expected


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ("", "at character 1: expected a column"),
        ("country = ", "at character 10: expected a column, a number or a text in single quotes, found nothing more"),
        ("country == 'x'", "at character 10: expected a column"),
        ("country = 'x' n", "at character 15: expected `and`, `or` or the end, found `n`"),
        ("country not = 3", "at character 13: expected `in`, `like` or `between` after `not`"),
        ("(n = 1", "at character 7: expected `)`, found nothing more"),
        ("n in ()", "at character 7"),
        ("a;b", "at character 2: `;` means nothing here"),
        ("country = 'a", "at character 11: `'` means nothing here"),
        ("n is 5", "at character 6: expected `null`, found a number"),
        ("n = 1 and contry = 'x'", "at character 11: column 'people.contry' does not exist"),
        ("orders.n = 1", "names another table"),
        ("n = null", "write `is null`"),
        ("1 = 1", "compares two constants"),
        ("'x' is null", "after a constant"),
        ("country", "do not compare with true"),
        ("n = 'x'", "values of type integer do not compare with a text"),
        ("born = 1", "values of type date do not compare with 1"),
        ("born > 'yesterday'", "'yesterday' is not a value of type date"),
        ("n like 'a'", "`like` compares texts"),
        ("v like 3", "takes a pattern in quotes"),
        ("ok > true", "have no order here"),
        ("state > 'new'", "have no order here"),
        ("v = n", "text and integer do not compare"),
        ("country in ('a', 3)", "do not compare with 3"),
        ("(" * 60 + "n = 1" + ")" * 60, "more than 50 parentheses"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused_with_the_character(condition, message):
    with pytest.raises(InputError) as caught:
        parse(condition, TABLE, TABLE.column("v"))
    assert message in caught.value.message and caught.value.hint


def test_a_bad_condition_is_refused_before_a_row_is_read():
    rule = parse_rule({"when": {"where": "contry = 'x'", "then": "keep", "else": "email"}})
    (found,) = transforms.refusals(Schema((TABLE,)), {(PEOPLE, "v"): rule}, {})
    assert "'people.contry'" in found.reason and "people.country" in found.hint


atoms = st.sampled_from(
    ["n = 1", "n < 3", "n is null", "w = 'a'", "w in ('a', 'b')", "not w = 'b'", "n between 2 and 4"]
)
conditions = st.recursive(
    atoms,
    lambda inner: (
        st.tuples(inner, st.sampled_from(["and", "or"]), inner).map(lambda parts: f"({' '.join(parts)})")
        | inner.map(lambda one: f"not ({one})")
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    condition=conditions, rows=st.lists(st.tuples(st.none() | st.integers(0, 5), st.none() | st.sampled_from("abc")))
)
def test_any_condition_chooses_the_rows_that_sqlite_chooses(condition, rows):
    import sqlite3
    from contextlib import closing

    with closing(sqlite3.connect(":memory:")) as database:
        database.execute("create table t (place integer, n integer, w text)")
        database.executemany("insert into t values (?, ?, ?)", [(place, *row) for place, row in enumerate(rows, 1)])
        expected = [place for (place,) in database.execute(f"select place from t where {condition} order by place")]
    table = people(column("v"), column("n", "integer"), column("w"))
    there = batch(table, v=[None] * len(rows), n=[n for n, _ in rows], w=[w for _, w in rows])
    assert holds(condition, table, there) == expected


def change(rule, values, table=TABLE, name="v", **more):
    rows = batch(table, **{name: values}, **more)
    return transforms.compile(table, {name: parse_rule(rule)}, key=KEY, domains={})(rows)[name].to_pylist()


WHEN_OURS = {"when": {"where": "value like '%@ours.example'", "then": "keep", "else": "email"}}


class TestWhen:
    def test_values_that_meet_the_condition_take_one_rule_and_all_others_the_other(self):
        found = change(WHEN_OURS, ["ada@ours.example", "bob@x.org", None])
        assert found == ["ada@ours.example", masked("email", ["bob@x.org"])[0], None]

    def test_where_null_leaves_the_condition_open_the_second_rule_counts(self):
        rule = {"when": {"where": "country = 'DE'", "then": "keep", "else": "redact"}}
        assert change(rule, ["a", "b"], country=["DE", None]) == ["a", "REDACTED"]

    def test_the_condition_sees_originals_though_their_columns_are_masked_too(self):
        rules = {
            "country": parse_rule("redact"),
            "v": parse_rule({"when": "country = 'DE'", "then": "keep", "else": None}),
        }
        rows = batch(TABLE, v=["a", "b"], country=["DE", "FR"])
        found = transforms.compile(TABLE, rules, key=KEY, domains={})(rows)
        assert found["v"].to_pylist() == ["a", None] and found["country"].to_pylist() == ["REDACTED"] * 2

    def test_rules_inside_read_their_own_rows(self):
        rule = {"when": {"where": "n > 1", "then": {"template": "{country}-{n}"}, "else": {"email": {"per": "n"}}}}
        found = change(rule, ["a", "b", "c"], country=["DE", "FR", "IT"], n=[1, 2, 3])
        alone = change({"email": {"per": "n"}}, ["a"], n=[1])
        assert found == [*alone, "FR-2", "IT-3"]

    def test_what_it_must_read_is_the_condition_and_what_its_rules_read(self):
        rule = parse_rule(
            {"when": {"where": "n > 1", "then": {"template": "{country}"}, "else": {"email": {"per": "mail"}}}}
        )
        assert transforms.needs(TABLE, {"v": rule}) == {"n", "country", "mail"}

    def test_a_rule_inside_that_does_not_fit_is_refused_by_its_place(self):
        rule = parse_rule({"when": {"where": "n > 1", "then": "email", "else": {"hash": 30}}})
        found = transforms.refusals(
            Schema((people(column("v", "date"), column("n", "integer")),)), {(PEOPLE, "v"): rule}, {}
        )
        assert [one.reason for one in found] == ["then: email does not take date", "else: hash does not take date"]

    def test_null_in_a_branch_needs_a_column_that_may_be_null(self):
        rule = parse_rule({"when": {"where": "n > 1", "then": "null", "else": "keep"}})
        schema = Schema((people(column("v", nullable=False), column("n", "integer")),))
        (found,) = transforms.refusals(schema, {(PEOPLE, "v"): rule}, {})
        assert "then: it is NOT NULL" in found.reason

    def test_what_was_masked_comes_back_where_the_condition_reads_another_column(self):
        rules = {"v": parse_rule({"when": {"where": "n > 1", "then": "key", "else": "keep"}}), "n": parse_rule("key")}
        rows = batch(TABLE, v=["ab-12", "cd-34"], n=[1, 2])
        made = transforms.compile(TABLE, rules, key=KEY, domains={})(rows)
        back, lost = transforms.restore(TABLE, rules, key=KEY, domains={})
        assert made != rows and back(made) == rows and not lost


class TestUniqueness:
    def kind(self, rule, kind="text", **more):
        table = people(column("v", kind, **more), column("n", "integer"))
        return transforms.placed(table, table.column("v"), parse_rule(rule)).uniqueness

    def when(self, then, other, *more):
        return self.kind({"when": {"where": "n = 1", "then": then, "else": other}}, *more)

    def test_random_stand_ins_hardly_meet_values_that_stay(self):
        assert self.when("email", "keep").kind == "probable"
        assert self.when("email", "keep").stand_ins == self.kind("email").stand_ins

    def test_a_permutation_meets_values_that_stay(self):
        assert self.when("key", "keep", "integer").kind == "lossy"

    def test_the_same_rule_twice_is_that_rule(self):
        assert self.when("key", "key", "integer").kind == "preserved"

    def test_one_lossy_rule_makes_it_lossy(self):
        assert self.when("email", "first_name").kind == "lossy"

    def test_null_takes_nothing_away_from_the_other_rule(self):
        assert self.when("key", None, "integer").kind == "preserved"

    def test_a_unique_column_says_so(self):
        table = people(
            column("v", "integer"),
            column("n", "integer"),
            uniques=(Unique("people_pkey", ("id",), primary=True), Unique("people_v_key", ("v",))),
        )
        rule = parse_rule({"when": {"where": "n = 1", "then": "key", "else": "keep"}})
        (found,) = transforms.refusals(Schema((table,)), {(PEOPLE, "v"): rule}, {})
        assert "different values may become the same" in found.reason


ORDERS = TableName("public", "orders")


def test_in_columns_that_must_agree_a_condition_may_ask_for_the_value_only():
    child = Table(ORDERS, (column("mail"), column("n", "integer")))
    key = ForeignKey("orders_fkey", ORDERS, ("mail",), PEOPLE, ("v",))
    schema = Schema((people(column("v"), column("n", "integer")), child), (key,))
    domains = transforms.domains(schema)

    def refused(where):
        rule = parse_rule({"when": {"where": where, "then": "keep", "else": "email"}})
        rules, clashes = transforms.spread(schema, {(PEOPLE, "v"): rule}, domains)
        assert clashes == []
        return [str(one) for one in transforms.refusals(schema, rules, domains)]

    assert refused("value like '%@ours.example'") == []
    assert any("does not give equal values equal stand-ins" in one for one in refused("n = 1"))


CASES = {"on": "country", "cases": {"email": "email", "phone": "phone", "plan": "keep"}}


class TestSwitch:
    def test_the_value_of_another_column_chooses_the_rule(self):
        found = change(
            {"switch": CASES}, ["ada@x.org", "+49 170 1", "free", None], country=["email", "phone", "plan", "other"]
        )
        assert found == [masked("email", ["ada@x.org"])[0], masked("phone", ["+49 170 1"])[0], "free", None]

    def test_a_value_that_no_case_names_stops_the_run_and_is_not_shown(self):
        with pytest.raises(Error, match=r"2 rows of people\.v have a value in country that no case") as caught:
            change({"switch": CASES}, ["secret", "x", "y"], country=["fax", "plan", None])
        assert "secret" not in str(caught.value) and "fax" not in str(caught.value)
        assert "default: redact" in caught.value.hint

    def test_or_takes_the_default(self):
        rule = {"switch": {**CASES, "default": "redact"}}
        assert change(rule, ["a", "b", "c"], country=["fax", None, "plan"]) == ["REDACTED", "REDACTED", "c"]

    def test_numbers_and_truth_values_choose_too(self):
        assert change({"switch": {"on": "n", "cases": {1: "keep", 2: "redact"}}}, ["a", "b"], n=[1, 2]) == [
            "a",
            "REDACTED",
        ]
        assert change(
            {"switch": {"on": "ok", "cases": {True: "keep", False: "redact"}}}, ["a", "b"], ok=[True, False]
        ) == [
            "a",
            "REDACTED",
        ]

    @pytest.mark.parametrize(
        ("on", "reason"),
        [("v", "chooses by another column"), ("born", "cannot choose by values of type date"), ("kind", "people.kind")],
    )
    def test_what_cannot_choose_is_refused(self, on, reason):
        rule = parse_rule({"switch": {"on": on, "cases": {"a": "keep"}}})
        (found,) = transforms.refusals(Schema((TABLE,)), {(PEOPLE, "v"): rule}, {})
        assert reason in found.reason

    def test_switches_and_conditions_stand_inside_one_another(self):
        inner = {"when": {"where": "n > 1", "then": {"json": {"$.mail": "redact"}}, "else": {"replace": "{}"}}}
        rule = {"switch": {"on": "country", "cases": {"doc": inner, "plain": "redact"}}}
        found = change(rule, ['{"mail": "a"}', '{"mail": "b"}', "c"], country=["doc", "doc", "plain"], n=[1, 2, 3])
        assert found == ["{}", '{"mail": "REDACTED"}', "REDACTED"]


class TestAllow:
    """Rows that come through as they are: test accounts, the firm's own people."""

    CHILD = Table(ORDERS, (column("id", "integer"), column("people_id", "integer")))
    SCHEMA = Schema(
        (
            people(
                column("v"),
                column("n", "integer"),
                column("mail"),
                uniques=(
                    Unique("people_pkey", ("id",), primary=True),
                    Unique("people_mail_key", ("mail",)),
                ),
                rows=1000,
            ),
            CHILD,
        ),
        (ForeignKey("orders_fkey", ORDERS, ("people_id",), PEOPLE, ("id",)),),
    )

    def rules(self, condition="v like '%@ours.example'"):
        rules = {(PEOPLE, "id"): "key", (PEOPLE, "v"): "redact", (PEOPLE, "mail"): "email", (PEOPLE, "n"): "keep"}
        domains = transforms.domains(self.SCHEMA)
        spread, _ = transforms.spread(self.SCHEMA, {spot: parse_rule(rule) for spot, rule in rules.items()}, domains)
        return transforms.allow(self.SCHEMA, spread, domains, {PEOPLE: condition}), domains

    def test_allowed_rows_stay_but_for_the_keys_that_others_refer_to(self):
        rules, domains = self.rules()
        assert transforms.refusals(self.SCHEMA, rules, domains) == []
        table = self.SCHEMA.table(PEOPLE)
        own = {name: rule for (owner, name), rule in rules.items() if owner == PEOPLE}
        rows = batch(table, v=["ada@ours.example", "bob@x.org"], n=[1, 2], mail=["a@x.org", "b@x.org"])
        found = transforms.compile(table, own, key=KEY, domains=domains)(rows).to_pydict()
        assert found["v"] == ["ada@ours.example", "REDACTED"] and found["mail"][0] == "a@x.org" != found["mail"][1]
        assert not {1, 2} & set(found["id"])

    def test_what_stays_on_purpose_is_told_from_what_leaks(self):
        rules, _ = self.rules()
        table = self.SCHEMA.table(PEOPLE)
        own = {name: rule for (owner, name), rule in rules.items() if owner == PEOPLE}
        rows = batch(table, v=["ada@ours.example", "bob@x.org"], n=[1, 2], mail=["a@x.org", "b@x.org"])
        found = {name: flags.to_pylist() for name, flags in transforms.spared(table, own)(rows).items()}
        assert found == {"v": [True, False], "mail": [True, False]}

    def test_a_condition_that_makes_no_sense_is_an_error(self):
        with pytest.raises(InputError, match=r"people\.w"):
            self.rules("w = 1")


def test_a_moment_is_compared_in_utc():
    table = people(column("v"), column("seen", "timestamp"))
    noon = int(datetime.datetime(2024, 1, 1, 12, tzinfo=datetime.UTC).timestamp() * 10**6)
    rows = batch(table, v=["a"], seen=[noon])
    assert (
        holds("seen = '2024-01-01 12:00'", table, rows) == holds("seen = '2024-01-01 13:00+01:00'", table, rows) == [1]
    )
