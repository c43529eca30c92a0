"""What becomes of categories: choice, shuffle of columns together, sample, rare, map, generalize."""

from collections import Counter

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.arrow_dataset import ArrowDataset
from transforms.sample import KEY, OTHER_KEY, PEOPLE, batch, column, masked, people
from understudy import transforms
from understudy.errors import Error, InputError
from understudy.interfaces import BATCH_ROWS
from understudy.schema import Schema, Unique
from understudy.transforms import parse_rule

MOODS = {"labels": ("sad", "ok", "happy")}

quick = settings(max_examples=50, deadline=None)


def refused(rule, kind="text", **more):
    """Why a rule is refused on a column ``v``; empty if it is not."""
    table = people(column("owner", "integer"), column("v", kind, **more))
    found = transforms.refusals(Schema((table,)), {(PEOPLE, "v"): parse_rule(rule)}, {})
    return "; ".join(f"{one.reason} {one.hint}" for one in found)


def read_whole(rules, table, rows, *, key=KEY):
    """Rows masked by rules that read whole columns."""
    data = ArrowDataset(Schema((table,)), {PEOPLE: pa.Table.from_batches([rows])})
    parsed = {name: parse_rule(rule) for name, rule in rules.items()}
    return transforms.compile(table, parsed, key=key, domains={}, dataset=data)(rows)


def column_masked(rule, values, kind="text", *, key=KEY, owners=None, **more):
    """A column masked by a rule that reads it whole."""
    table = people(column("owner", "integer"), column("v", kind, **more))
    rows = batch(table, owner=owners or [1] * len(values), v=values)
    return read_whole({"v": rule}, table, rows, key=key)["v"].to_pylist()


class TestChoice:
    def test_an_enum_and_a_boolean_say_themselves_what_there_is(self):
        assert set(masked("choice", ["sad"] * 100, "enum", **MOODS)) == {"sad", "ok", "happy"}
        found = masked({"choice": {"weights": [9, 1]}}, [True] * 2000, "boolean")
        assert 150 < found.count(True) < 250

    def test_equal_values_may_be_given_equal_choices(self):
        rule = {"choice": {"values": list("abcdefgh"), "by": "value"}}
        first, _other, again = masked(rule, ["x", "y", "x"])
        assert first == again and len(set(masked(rule, [str(n) for n in range(100)]))) == 8

    def test_rows_of_one_subject_may_be_given_one_choice(self):
        table = people(column("owner", "integer"), column("v"))
        rule = {"v": parse_rule({"choice": {"values": list("abcdefgh"), "per": "owner"}})}
        rows = batch(table, owner=[n % 20 for n in range(200)], v=["x"] * 200)
        found = transforms.compile(table, rule, key=KEY, domains={})(rows).to_pylist()
        assert len({(row["owner"], row["v"]) for row in found}) == 20 and len({row["v"] for row in found}) > 4

    def test_a_text_does_not_say_what_values_there_are(self):
        assert "list them" in refused("choice")


TOWNS = st.lists(st.tuples(st.sampled_from("ABC") | st.none(), st.integers(0, 5) | st.none()), max_size=40)


class TestShuffleTogether:
    def towns(self, rows, key=KEY):
        table = people(column("city"), column("code", "integer"))
        rule = {"shuffle": ["city", "code"]}
        data = batch(table, city=[city for city, _ in rows], code=[code for _, code in rows])
        found = read_whole({"city": rule, "code": rule}, table, data, key=key)
        return list(zip(found["city"].to_pylist(), found["code"].to_pylist(), strict=True))

    @given(TOWNS)
    @quick
    def test_rows_keep_their_company_and_nulls_their_places(self, rows):
        found = self.towns(rows)
        assert Counter(found) == Counter(rows)
        assert [(a is None, b is None) for a, b in found] == [(a is None, b is None) for a, b in rows]

    def test_they_move_and_another_key_moves_them_otherwise(self):
        rows = [(str(number), number) for number in range(100)]
        found = self.towns(rows)
        assert found != rows and found != self.towns(rows, OTHER_KEY)

    def test_a_column_may_stay_behind_others_it_names(self):
        table = people(column("city"), column("code", "integer"))
        data = batch(table, city=list("abcdefgh"), code=range(8))
        found = read_whole({"city": {"shuffle": ["code"]}}, table, data)
        assert sorted(found["city"].to_pylist()) == list("abcdefgh") and found["code"].equals(data["code"])

    def test_what_does_not_fit_is_refused(self):
        assert "people.town" in refused({"shuffle": ["town"]})


class TestSample:
    def test_values_come_about_as_often_as_before(self):
        values = ["a"] * 600 + ["b"] * 300 + ["c"] * 100
        counts = Counter(column_masked("sample", values))
        expected = {"a": 600, "b": 300, "c": 100}
        assert sum((counts[name] - count) ** 2 / count for name, count in expected.items()) < 9.21  # 99 % of chi square

    def test_rows_are_drawn_independently_of_what_they_held(self):
        values = ["a", "b"] * 1000
        found = column_masked("sample", values)
        assert 900 < sum(before == after for before, after in zip(values, found, strict=True)) < 1100

    def test_rare_values_may_be_left_out(self):
        found = column_masked({"sample": {"at_least": 3}}, ["a"] * 50 + ["b"] * 3 + ["odd", "odd"])
        assert set(found) <= {"a", "b"}

    def test_null_stays_and_the_rows_of_one_subject_agree(self):
        values = [None if n % 9 == 0 else str(n % 7) for n in range(90)]
        found = column_masked({"sample": {"per": "owner"}}, values, owners=[n % 10 for n in range(90)])
        assert [one is None for one in found] == [one is None for one in values]
        assert len({(n % 10, one) for n, one in enumerate(found) if one is not None}) == 10

    def test_where_no_value_is_frequent_enough_the_run_stops(self):
        with pytest.raises(Error, match=r"no value of people\.v is frequent enough"):
            column_masked({"sample": {"at_least": 2}}, ["a", "b"])
        assert column_masked("sample", [None, None]) == [None, None]

    def test_columns_of_many_batches_are_counted_whole(self):
        count = BATCH_ROWS + 10
        found = column_masked("sample", [number % 3 for number in range(count)], "integer")
        assert all(abs(times - count / 3) < 700 for times in Counter(found).values()) and len(found) == count

    def test_without_the_dataset_nothing_can_be_drawn(self):
        with pytest.raises(InputError, match=r"people\.v needs the dataset"):
            masked("sample", ["a"])


class TestRare:
    def test_rare_values_become_one_and_frequent_ones_stay(self):
        values = ["nurse"] * 3 + ["teacher"] * 2 + ["astronaut", None]
        assert column_masked({"rare": 2}, values) == ["nurse"] * 3 + ["teacher"] * 2 + ["other", None]
        assert column_masked({"rare": 3}, values) == ["nurse"] * 3 + ["other"] * 3 + [None]

    def test_other_types_are_told_what_rare_values_become(self):
        assert column_masked({"rare": 2, "into": 0}, [7, 7, 9], "integer") == [7, 7, 0]
        assert column_masked({"rare": 2, "into": "ok"}, ["sad", "happy", "happy"], "enum", **MOODS) == [
            "ok",
            "happy",
            "happy",
        ]
        assert "`into`" in refused({"rare": 2}, "integer")
        assert "not a label" in refused({"rare": 2, "into": "angry"}, "enum", **MOODS)

    @given(st.lists(st.sampled_from("abcdef"), max_size=40), st.integers(2, 6))
    @quick
    def test_whatever_stays_is_shared_by_enough_rows(self, values, least):
        counts = Counter(column_masked({"rare": least}, values))
        assert all(count >= least for value, count in counts.items() if value != "other")


class TestWholeColumns:
    @pytest.mark.parametrize("rule", ["sample", {"rare": 2, "into": "1970-01-01"}, "shuffle"], ids=str)
    def test_nothing_inside_a_column_can_be_read_beforehand(self, rule):
        assert "inside a column" in refused({"as_date": "%Y", "rule": rule})


class TestMap:
    def test_values_become_the_ones_that_are_listed(self):
        assert masked({"map": {"M": "male", "F": "female"}}, ["M", "F", None, "M"]) == ["male", "female", None, "male"]
        assert masked({"map": {1: 10, 2: 10}}, [2, 1, None], "integer") == [10, 10, None]
        assert masked({"map": {True: False, False: False}}, [True, None], "boolean") == [False, None]

    def test_what_is_not_listed_stops_the_run_and_is_not_named(self):
        with pytest.raises(Error, match=r"2 values of people\.v are not listed") as caught:
            masked({"map": {"M": "male"}}, ["M", "secret", "secret"])
        assert "secret" not in f"{caught.value}"

    def test_all_others_may_have_a_rule_of_their_own(self):
        rule = {"map": {"M": "male"}, "otherwise": "keep"}
        assert masked(rule, ["M", "X"]) == ["male", "X"]
        first, second, third = masked(
            {"map": {"test@x.org": "test@x.org"}, "otherwise": "email"}, ["a@x.org", "test@x.org", "b@x.org"]
        )
        assert [first, third] == masked("email", ["a@x.org", "b@x.org"]) and second == "test@x.org"

    def test_the_database_decides_which_texts_are_equal(self):
        assert masked({"map": {"m": "male"}}, ["M", "m"], key_sql="lower(v)") == ["male", "male"]

    @pytest.mark.parametrize(
        ("rule", "kind", "reason"),
        [
            ({"map": {"sad": "angry"}}, "enum", "'angry' is not a label"),
            ({"map": {"angry": "sad"}}, "enum", "'angry' is not a label"),
            ({"map": {"1": 2, 1: 3}}, "integer", "1 is listed twice"),
            ({"map": {"a": None}}, "text", "cannot become NULL"),
            ({"map": {"sad": "ok"}, "otherwise": "email"}, "enum", "email"),
            ({"map": {"x": "y"}, "otherwise": {"email": {"per": "nobody"}}}, "text", "people.nobody"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, rule, kind, reason):
        assert reason in refused(rule, kind, **MOODS)

    def test_a_unique_column_would_lose_values(self):
        table = people(column("v"), uniques=(Unique("people_pkey", ("id",), primary=True), Unique("people_v", ("v",))))
        rules = {(PEOPLE, "v"): parse_rule({"map": {"a": "b"}, "otherwise": "keep"})}
        (found,) = transforms.refusals(Schema((table,)), rules, {})
        assert "unique people_v" in found.reason


class TestGeneralize:
    def test_values_become_their_group(self):
        groups = {"technical": ["developer", "tester"], "sales": "agent"}
        rule = {"generalize": groups, "otherwise": {"replace": "other"}}
        values = ["developer", "agent", "tester", "pilot", None]
        assert masked(rule, values) == ["technical", "sales", "technical", "other", None]

    def test_a_value_in_two_groups_is_refused(self):
        assert "'a' is listed twice" in refused({"generalize": {"x": ["a"], "y": ["a", "b"]}})
