"""What each transformer makes of visible values."""

import re
import uuid
from decimal import Decimal

import pyarrow as pa
import pytest

from support.arrow_dataset import ArrowDataset
from transforms.sample import KEY, OTHER_KEY, PEOPLE, batch, column, mask_array, masked, people
from understudy import transforms
from understudy.errors import Error, InputError
from understudy.schema import Schema, TableName
from understudy.transforms import parse_rule

DAY = 86_400_000_000
INFINITY = 2**63 - 1


def fits(pattern, texts):
    return all(re.fullmatch(pattern, text) for text in texts)


class TestKeep:
    def test_values_stay(self):
        assert masked("keep", ["Ada", "", None]) == ["Ada", "", None]


class TestKey:
    def test_integers_become_others_and_sentinels_stay(self):
        first, second, zero, nobody, null = masked("key", [1, 2, 0, -1, None], "integer")
        assert len({first, second, 1, 2}) == 4
        assert (zero, nobody, null) == (0, -1, None)

    def test_a_narrow_column_gets_the_stand_ins_of_its_domain(self):
        wide = masked({"key": {"domain": "users.id", "within": "int32"}}, [1, 70_000], "integer", arrow_type=pa.int64())
        assert wide == masked({"key": {"domain": "users.id"}}, [1, 70_000], "integer", arrow_type=pa.int32())

    def test_whole_decimals_keep_their_number_of_digits(self):
        kind = {"arrow_type": pa.decimal128(12, 0)}
        (found,) = masked("key", [Decimal(12345)], "decimal", **kind)
        assert 10_000 <= found <= 99_999 and found != 12345

    def test_uuids_keep_their_version(self):
        (found,) = masked("key", [uuid.UUID("0b0f3d2e-5b60-4c3a-9d5e-0123456789ab")], "uuid")
        assert found.version == 4 and found != uuid.UUID("0b0f3d2e-5b60-4c3a-9d5e-0123456789ab")

    def test_texts_keep_their_pattern(self):
        assert fits(r"[A-Z]{2}-\d{4}", masked("key", ["AB-1234", "AB-1235"]))

    def test_texts_that_the_database_takes_as_equal_stay_equal(self):
        first, second = masked("key", ["Bob", "BOB"], key_sql="lower(v)")
        assert first == second

    def test_every_column_outside_a_domain_is_its_own(self):
        table = people(column("a", "integer"), column("b", "integer"))
        transform = transforms.compile(table, {"a": parse_rule("key"), "b": parse_rule("key")}, key=KEY, domains={})
        found = transform(batch(table, a=[7], b=[7]))
        assert found["a"] != found["b"]

    def test_columns_of_one_domain_change_alike(self):
        table = people(column("a", "integer"), column("b", "integer"))
        joined = {(PEOPLE, "a"): "x.id", (PEOPLE, "b"): "x.id"}
        transform = transforms.compile(table, {"a": parse_rule("key"), "b": parse_rule("key")}, key=KEY, domains=joined)
        found = transform(batch(table, a=[7], b=[7]))
        assert found["a"] == found["b"]


class TestHash:
    def test_a_text_becomes_32_hexadecimal_digits(self):
        first, second, again = masked("hash", ["ada", "bob", "ada"])
        assert fits("[0-9a-f]{32}", [first, second]) and first == again != second

    def test_the_length_is_the_rules_or_the_columns(self):
        assert fits("[0-9a-f]{8}", masked({"hash": 8}, ["ada"]))
        assert masked("hash", ["ada"], max_length=12)[0] == masked("hash", ["ada"])[0][:12]

    def test_rows_of_one_subject_get_one_hash(self):
        table = people(column("owner", "integer"), column("v"))
        transform = transforms.compile(table, {"v": parse_rule({"hash": {"per": "owner"}})}, key=KEY, domains={})
        first, second, third = transform(batch(table, owner=[1, 1, 2], v=["a", "b", "a"]))["v"].to_pylist()
        assert first == second != third


class TestToken:
    def test_a_text_becomes_letters_and_digits_after_a_prefix(self):
        assert fits("cus_[a-z2-7]{16}", masked({"token": {"prefix": "cus_"}}, ["ada", "bob"]))

    def test_the_length_is_the_rules_or_the_columns(self):
        assert fits("[a-z2-7]{5}", masked({"token": 5}, ["ada"]))
        assert fits("[a-z2-7]{24}", masked({"token": 24}, ["ada"]))
        assert fits("x-[a-z2-7]{7}", masked({"token": {"prefix": "x-"}}, ["ada"], max_length=9))


class TestCompany:
    def test_a_word_a_trade_and_a_form(self):
        assert fits(r"[A-Z]\w+ [A-Z]\w+ \w+", masked("company", ["Acme"]))


class TestShiftDays:
    def test_dates_move_but_never_by_nothing(self):
        moves = [after - before for before, after in enumerate(masked({"shift_days": 3}, range(2000), "date"))]
        assert set(moves) == {-3, -2, -1, 1, 2, 3}

    def test_moments_move_by_whole_days(self):
        (found,) = masked({"shift_days": 30}, [DAY // 2], "timestamp")
        assert (found - DAY // 2) % DAY == 0 and 0 < abs(found - DAY // 2) <= 30 * DAY

    def test_all_dates_of_one_person_move_alike_in_every_table(self):
        joined = {(PEOPLE, "id"): "people.id", (TableName("public", "visits"), "person"): "people.id"}
        home = people(column("born", "date"), column("seen", "timestamp"))
        rules = {name: parse_rule({"shift_days": 30, "per": "people.id"}) for name in ("born", "seen")}
        rows = transforms.compile(home, rules, key=KEY, domains=joined)(batch(home, born=[100], seen=[5 * DAY]))
        step = rows["born"].view(pa.int32())[0].as_py() - 100
        assert rows["seen"].view(pa.int64())[0].as_py() == (5 + step) * DAY

        visits = people(column("person", "integer"), column("day", "date"), uniques=())
        visits = type(visits)(TableName("public", "visits"), visits.columns)
        rule = {"day": parse_rule({"shift_days": 30, "per": "person"})}
        found = transforms.compile(visits, rule, key=KEY, domains=joined)(batch(visits, person=[1, None], day=[7, 7]))
        assert found["day"].view(pa.int32())[0].as_py() == 7 + step

    def test_infinite_and_far_dates_stay_dates(self):
        far = 2**31 - 100
        found = masked({"shift_days": 200}, [2**31 - 1, -(2**31 - 1), far, -far, None], "date")
        assert found[:2] == [2**31 - 1, -(2**31 - 1)] and found[4] is None
        assert 0 < far - found[2] <= 200 and 0 < found[3] + far <= 200
        assert masked({"shift_days": 30}, [INFINITY, -INFINITY], "timestamp") == [INFINITY, -INFINITY]


class TestNoise:
    def test_integers_stay_integers_near_themselves(self):
        found = masked({"noise": 0.1}, [1000, 1000, -2000, 0], "integer")
        assert 900 <= found[0] == found[1] <= 1100 and -2200 <= found[2] <= -1800 and found[3] == 0

    def test_decimals_keep_their_scale(self):
        (found,) = masked({"noise": 0.1}, [Decimal("1000.00")], "decimal")
        assert Decimal(900) <= found <= Decimal(1100) and found.as_tuple().exponent == -2 and found != 1000

    def test_numbers_in_text_keep_their_scale_too(self):
        values = ["1000.5", "7", "NaN", "-Infinity", "0.00000000", None]
        found = masked({"noise": 0.5}, values, "decimal", as_text=True, arrow_type=pa.string())
        assert re.fullmatch(r"\d+\.\d", found[0]) and re.fullmatch(r"\d+", found[1])
        assert found[2:] == ["NaN", "-Infinity", "0.00000000", None]

    def test_an_amount_moves_all_alike(self):
        found = masked({"noise": {"absolute": 5}}, [float(number) for number in range(200)], "float")
        assert all(abs(after - before) <= 5 for before, after in enumerate(found))
        assert len({round(after - before, 6) for before, after in enumerate(found)}) == 200

    def test_all_numbers_of_one_subject_move_by_one_share(self):
        table = people(column("owner", "integer"), column("v", "float"))
        transform = transforms.compile(table, {"v": parse_rule({"noise": 0.5, "per": "owner"})}, key=KEY, domains={})
        first, second = transform(batch(table, owner=[3, 3], v=[100.0, 1000.0]))["v"].to_pylist()
        assert second == pytest.approx(first * 10)

    def test_the_ends_of_a_type_are_not_passed(self):
        large = range(32_000, 2**15)
        assert max(masked({"noise": 1}, large, "integer", arrow_type=pa.int16())) <= 2**15 - 1
        assert len(masked({"noise": 1}, [2**63 - 1, -(2**63), 2**62], "integer", arrow_type=pa.int64())) == 3
        assert max(masked({"noise": 0.9}, [Decimal("99999999.99")] * 2, "decimal")) <= Decimal("99999999.99")

    def test_what_is_no_number_stays(self):
        nan, infinite = masked({"noise": 0.1}, [float("nan"), float("inf")], "float")
        assert nan != nan and infinite == float("inf")


class TestBucket:
    def test_numbers_become_the_start_of_their_range(self):
        assert masked({"bucket": 10}, [0, 9, 10, 37, -1, None], "integer") == [0, 0, 10, 30, -10, None]
        assert masked({"bucket": 0.5}, [0.7, -0.2], "float") == [0.5, -0.5]
        assert masked({"bucket": 10}, [Decimal("19.99"), Decimal("-0.01")], "decimal") == [10, -10]
        text = {"as_text": True, "arrow_type": pa.string()}
        assert masked({"bucket": 10}, ["19.99", "7", "NaN"], "decimal", **text) == ["10.00", "0", "NaN"]

    def test_edges_may_be_anywhere(self):
        rule = {"bucket": {"edges": [18, 0, 30]}}
        assert masked(rule, [-5, 0, 17, 18, 29, 30, 99], "integer") == [0, 0, 0, 18, 18, 30, 30]
        assert masked({"bucket": {"edges": ["1970-01-01", "1970-01-11"]}}, [3, 10, 500], "date") == [0, 10, 10]

    def test_dates_become_the_start_of_their_month(self):
        assert masked({"bucket": "month"}, [0, 30, 31, 2**31 - 1], "date") == [0, 0, 31, 2**31 - 1]
        assert masked({"bucket": "day"}, [DAY + 5, INFINITY, -INFINITY], "timestamp") == [DAY, INFINITY, -INFINITY]

    def test_the_lowest_number_has_no_range_below_it(self):
        assert masked({"bucket": 10}, [-(2**15)], "integer", arrow_type=pa.int16()) == [-(2**15)]


class TestMask:
    def test_the_first_and_last_characters_stay(self):
        assert masked({"mask": {"first": 1, "last": 2}}, ["4111-2222", "żółć!"]) == ["4******22", "ż**ć!"]
        assert masked({"mask": 4}, ["4111111111111111"]) == ["************1111"]

    def test_a_text_too_short_to_hide_anything_is_hidden_wholly(self):
        rule = {"mask": {"first": 1, "last": 2, "char": "#"}}
        assert masked(rule, ["abc", "ab", "", None]) == ["###", "##", "", None]

    def test_without_options_all_is_hidden(self):
        assert masked("mask", ["Ada"]) == ["***"]


class TestRedact:
    def test_a_text_says_nothing_any_more(self):
        assert masked("redact", ["my secret", "", None]) == ["REDACTED", "REDACTED", None]
        assert masked({"redact": "-"}, ["my secret"]) == ["-"]
        assert masked("redact", ["my secret"], max_length=3) == ["RED"]

    @pytest.mark.parametrize(
        ("kind", "value", "expected"),
        [
            ("integer", 7, 0),
            ("decimal", Decimal(7), Decimal(0)),
            ("float", 7.5, 0.0),
            ("boolean", True, False),
            ("date", 7, 0),
            ("timestamp", 7, 0),
            ("uuid", uuid.uuid4(), uuid.UUID(int=0)),
            ("json", '{"a": 1}', "{}"),
            ("bytes", b"x", b""),
        ],
    )
    def test_other_types_become_empty(self, kind, value, expected):
        assert masked("redact", [value, None], kind) == [expected, None]


class TestReplace:
    def test_every_value_becomes_the_one_that_is_given(self):
        assert masked({"replace": "unknown"}, ["Ada", None]) == ["unknown", None]
        assert masked({"replace": 7}, [1, None], "integer") == [7, None]
        assert masked({"replace": "2020-02-01"}, [5], "date") == [18293]
        assert masked({"replace": "1970-01-02"}, [5], "timestamp") == [DAY]
        assert masked({"replace": True}, [False], "boolean") == [True]
        assert masked({"replace": "active"}, ["gone"], "enum", labels=("active", "gone")) == ["active"]
        assert masked({"replace": "{1,2}"}, ["{3}"], "other", as_text=True) == ["{1,2}"]
        assert masked({"replace": {"value": {"a": 1}}}, ["{}"], "json") == ['{"a": 1}']

    @pytest.mark.parametrize(
        ("kind", "value"),
        [("integer", "x"), ("integer", 2**40), ("date", "soon"), ("enum", "new"), ("json", "{"), ("uuid", 1)],
    )
    def test_a_value_of_another_type_is_refused(self, kind, value):
        with pytest.raises(InputError, match=re.escape(repr(value))):
            masked({"replace": value}, [], kind, labels=("old",))


class TestNull:
    def test_nothing_is_left(self):
        assert masked(None, ["Ada", None]) == [None, None]
        assert masked("null", [2**31 - 1, 5], "date") == [None, None]
        assert masked("null", [uuid.uuid4()], "uuid") == [None]


class TestTemplate:
    def rows(self, template, **more):
        table = people(column("name"), column("code", "uuid"), column("born", "date"), column("v", **more))
        rules = {"id": "key", "name": "first_name", "v": {"template": template}}
        parsed = {name: parse_rule(rule) for name, rule in rules.items()}
        transform = transforms.compile(table, parsed, key=KEY, domains={})
        code = uuid.UUID("0b0f3d2e-5b60-4c3a-9d5e-0123456789ab")
        return transform(batch(table, name=["Ada", None], code=[code, code], born=[0, 31], v=["a", "b"])).to_pylist()

    def test_it_is_made_of_masked_values(self):
        for row in self.rows("user-{id}"):
            assert row["v"] == f"user-{row['id']}" and row["id"] not in (1, 2)

    def test_values_are_written_as_people_write_them(self):
        first, second = self.rows("{{{name}}}: {code} {born}")
        assert first["v"] == f"{{{first['name']}}}: 0b0f3d2e-5b60-4c3a-9d5e-0123456789ab 1970-01-01"
        assert second["v"].startswith("{}: ")

    def test_it_is_cut_to_the_column(self):
        assert [row["v"] for row in self.rows("user-{born}", max_length=9)] == ["user-1970"] * 2

    def test_templates_may_use_one_another(self):
        table = people(column("a"), column("b"))
        rules = {"a": parse_rule({"template": "{b}!"}), "b": parse_rule({"template": "#{id}"})}
        found = transforms.compile(table, rules, key=KEY, domains={})(batch(table, a=["x"], b=["y"]))
        assert found.to_pylist() == [{"id": 1, "a": "#1!", "b": "#1"}]

    def test_templates_made_of_one_another_are_refused(self):
        table = people(column("a"), column("b"))
        rules = {"a": parse_rule({"template": "{b}"}), "b": parse_rule({"template": "{a}"})}
        with pytest.raises(InputError, match="a, b"):
            transforms.compile(table, rules, key=KEY, domains={})


class TestChoice:
    def test_every_row_gets_one_of_the_values(self):
        found = masked({"choice": ["gold", "silver"]}, ["x"] * 2000)
        assert set(found) == {"gold", "silver"} and 900 < found.count("gold") < 1100

    def test_weights_say_how_often(self):
        found = masked({"choice": {"values": [1, 2, 3], "weights": [8, 2, 0]}}, [5] * 2000, "integer")
        assert set(found) == {1, 2} and 1500 < found.count(1) < 1700

    def test_null_stays(self):
        assert masked({"choice": ["a"]}, ["x", None]) == ["a", None]

    def test_a_table_without_a_key_draws_by_the_whole_row(self):
        table = people(column("v"), column("w"), uniques=())
        rule = parse_rule({"choice": list("abcdefgh")})
        assert transforms.needs(table, {"v": rule}) == {"id", "v", "w"}
        transform = transforms.compile(table, {"v": rule}, key=KEY, domains={})
        rows = batch(table, id=[1, 1, 2], v=["x", "x", "x"], w=["y", "y", None])
        first, same, _other = transform(rows)["v"].to_pylist()
        assert first == same


class TestShuffle:
    TABLE = people(column("v"))

    def dataset(self, values):
        rows = pa.table({"id": pa.array(range(1, len(values) + 1), pa.int32()), "v": pa.array(values, pa.string())})
        return ArrowDataset(Schema((self.TABLE,)), {PEOPLE: rows})

    def shuffled(self, values, key=KEY):
        return (
            masked("shuffle", values, dataset=self.dataset(values))
            if key == KEY
            else mask_array("shuffle", values, dataset=self.dataset(values), key=key).to_pylist()
        )

    def test_every_value_is_there_as_often_as_before(self):
        values = [f"name {number % 70}" for number in range(200)]
        found = self.shuffled(values)
        assert sorted(found) == sorted(values) and found != values

    def test_null_stays_where_it_is(self):
        found = self.shuffled(["a", None, "b", "c", None])
        assert found[1] is None and found[4] is None and sorted(filter(None, found)) == ["a", "b", "c"]

    def test_another_key_shuffles_otherwise(self):
        values = [str(number) for number in range(50)]
        assert self.shuffled(values) != self.shuffled(values, OTHER_KEY)

    def test_a_row_that_was_not_there_is_an_error(self):
        with pytest.raises(Error, match="1 rows were not there"):
            masked("shuffle", ["a", "b"], dataset=self.dataset(["a"]))

    def test_without_the_dataset_nothing_can_be_shuffled(self):
        with pytest.raises(InputError, match=r"people\.v needs the dataset"):
            masked("shuffle", ["a"])

    def test_an_empty_column_stays_empty(self):
        assert self.shuffled([]) == [] and self.shuffled([None]) == [None]
