"""What becomes of numbers: noise, scale, round, clamp, random."""

import math
from collections import Counter
from decimal import ROUND_HALF_UP, Decimal
from itertools import pairwise

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.arrow_dataset import ArrowDataset
from transforms.sample import KEY, OTHER_KEY, PEOPLE, batch, column, mask_array, masked, people
from understudy import transforms
from understudy.errors import Error, InputError
from understudy.schema import Schema, Table, TableName
from understudy.transforms import parse_rule

TEXT = {"as_text": True, "arrow_type": pa.string()}
INT16, INT64 = {"arrow_type": pa.int16()}, {"arrow_type": pa.int64()}
WIDEST = {"arrow_type": pa.decimal128(38, 4)}

quick = settings(max_examples=50, deadline=None)
amounts = st.lists(st.decimals(-99_999, 99_999, places=2), min_size=1, max_size=50)


def refused(rule, kind, **more):
    """Why a rule is refused on a column ``v``; empty if it is not."""
    table = people(column("owner", "integer"), column("v", kind, **more))
    found = transforms.refusals(Schema((table,)), {(PEOPLE, "v"): parse_rule(rule)}, {})
    return "; ".join(one.reason for one in found)


def by_owner(rule, kind, owners, values, **more):
    """What a rule makes of a column whose rows have owners."""
    table = people(column("owner", "integer"), column("v", kind, **more))
    transform = transforms.compile(table, {"v": parse_rule(rule)}, key=KEY, domains={})
    return transform(batch(table, owner=owners, v=values))["v"].to_pylist()


class TestNoise:
    @pytest.mark.parametrize(("shape", "near"), [("gaussian", 0.683), ("laplace", 0.632)])
    def test_bell_shaped_noise_is_mostly_within_its_deviation(self, shape, near):
        found = masked({"noise": {"absolute": 1, "distribution": shape}}, [n / 8 for n in range(4000)], "float")
        moves = [after - n / 8 for n, after in enumerate(found)]
        assert sum(abs(move) <= 1 for move in moves) / 4000 == pytest.approx(near, abs=0.03)
        assert abs(sum(moves)) / 4000 < 0.1 and max(map(abs, moves)) > 3

    @given(amounts)
    @quick
    def test_no_number_passes_zero_where_the_sign_is_kept(self, values):
        rule = {"noise": {"absolute": 500, "distribution": "gaussian", "keep_sign": True}}
        found = masked(rule, values, "decimal")
        assert all(before * after >= 0 for before, after in zip(values, found, strict=True))

    def test_zero_stays_zero_where_it_is_kept(self):
        rule = {"noise": {"absolute": 5, "keep_zero": True}}
        found = masked(rule, [Decimal(0), Decimal(1)], "decimal")
        assert found[0] == 0 and found[1] != 1
        assert masked(rule, ["0.000", "7"], "decimal", **TEXT)[0] == "0.000"

    def test_limits_hold_whatever_the_noise(self):
        rule = {"noise": {"absolute": 1000, "least": 18, "most": 99}}
        assert set(masked(rule, range(500), "integer")) <= set(range(18, 100))
        assert {float(found) for found in masked(rule, ["20.5", "7"], "decimal", **TEXT)} <= {18.0, 99.0}

    def test_numbers_too_large_for_floating_point_stay_exact_besides_the_step(self):
        large = 2**60 + 1
        (found,) = masked({"noise": {"absolute": 100}}, [large], "integer", **INT64)
        assert 0 < abs(found - large) <= 100
        wide = Decimal("1234567890123456789012345678901234.5678")
        (found,) = masked({"noise": {"absolute": 1}}, [wide], "decimal", **WIDEST)
        assert 0 < abs(found - wide) <= 1

    def test_a_number_moves_alike_beside_small_and_large_ones(self):
        rule, small = {"noise": {"absolute": 1000}}, Decimal("1234.5678")
        alone = masked(rule, [small], "decimal", **WIDEST)
        for large in (-(2**63), 2**62, 10**33):
            assert masked(rule, [small, Decimal(large).scaleb(-4)], "decimal", **WIDEST)[:1] == alone

    def test_the_largest_decimal_of_all_cannot_grow(self):
        largest = Decimal("9999999999999999999999999999999999.9999")
        found = masked({"noise": 1}, [largest, largest.copy_negate()], "decimal", **WIDEST)
        assert all(abs(number) <= largest for number in found)

    def test_limits_with_nothing_between_them_are_refused(self):
        assert "nothing lies between 9 and 3" in refused({"noise": {"ratio": 0.1, "least": 9, "most": 3}}, "integer")
        assert "0.5 is not a value" in refused({"noise": {"ratio": 0.1, "least": 0.5}}, "integer")


class TestScale:
    def test_ratios_of_one_subject_are_kept(self):
        values = [Decimal("100.00"), Decimal("250.00"), Decimal("100.00"), None]
        first, second, others, null = by_owner({"scale": 3, "per": "owner"}, "decimal", [1, 1, 2, 2], values)
        assert second / first == pytest.approx(Decimal("2.5"), rel=Decimal("0.001"))
        assert first != others and null is None

    def test_all_numbers_of_a_column_have_one_factor(self):
        found = masked({"scale": 4}, [1.0, 10.0, -3.0, 0.0], "float")
        factor = found[0]
        assert found == pytest.approx([factor, 10 * factor, -3 * factor, 0])
        assert 0.25 <= factor <= 4 and abs(factor - 1) > 0.2

    def test_sums_are_scaled_like_their_parts(self):
        table = people(column("net", "decimal"), column("total", "decimal"))
        rule = parse_rule({"scale": {"factor": 2, "domain": "money"}})
        transform = transforms.compile(table, {"net": rule, "total": rule}, key=KEY, domains={})
        rows = transform(batch(table, net=[Decimal("40.00")] * 2, total=[Decimal("80.00"), Decimal("120.00")]))
        net, double, triple = rows["net"][0].as_py(), rows["total"][0].as_py(), rows["total"][1].as_py()
        assert abs(double - 2 * net) <= Decimal("0.02") and abs(triple - 3 * net) <= Decimal("0.03")

    def test_the_factor_is_the_keys(self):
        assert (
            masked({"scale": 2}, [1.0], "float") != mask_array({"scale": 2}, [1.0], "float", key=OTHER_KEY).to_pylist()
        )


class TestRound:
    def test_decimals_are_rounded_halves_away_from_zero(self):
        values = [Decimal("1.25"), Decimal("-1.25"), Decimal("1.24"), None]
        assert masked({"round": 1}, values, "decimal") == [Decimal("1.3"), Decimal("-1.3"), Decimal("1.2"), None]
        assert masked({"round": -2}, [Decimal("149.99"), Decimal(150)], "decimal") == [100, 200]

    def test_whole_numbers_are_rounded_to_tens_and_more(self):
        assert masked({"round": -1}, [14, 15, -15, 0, None], "integer") == [10, 20, -20, 0, None]
        assert masked({"round": -3}, [499, 500, -1500], "integer") == [0, 1000, -2000]

    def test_significant_digits_are_counted_from_the_first(self):
        rule = {"round": {"significant": 2}}
        assert masked(rule, [12_345, 99_500, 7, -1250, 0], "integer") == [12_000, 100_000, 7, -1300, 0]
        assert masked(rule, [123.4, 0.00126, -0.0], "float") == pytest.approx([120, 0.0013, 0])
        assert masked(rule, [Decimal("1234.56"), Decimal("0.04")], "decimal") == [1200, Decimal("0.04")]
        assert masked(rule, ["1234.567", "0.00126", "NaN"], "decimal", **TEXT) == ["1200.000", "0.00130", "NaN"]

    def test_at_the_end_of_a_type_it_is_rounded_towards_zero(self):
        assert masked({"round": -2}, [32_767, -32_768], "integer", **INT16) == [32_700, -32_700]
        assert masked({"round": -18}, [2**63 - 1, -(2**63)], "integer", **INT64) == [9 * 10**18, -9 * 10**18]
        assert masked({"round": -3}, [Decimal("99999999.99")], "decimal") == [99_999_000]

    @given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1), st.integers(1, 18))
    @quick
    def test_whole_numbers_are_as_near_as_pythons(self, values, digits):
        step = 10**digits
        for before, after in zip(values, masked({"round": -digits}, values, "integer", **INT64), strict=True):
            away = (abs(before) + step // 2) // step * step
            expected = away if away < 2**63 else abs(before) // step * step
            assert abs(after) == expected and after * before >= 0

    def test_digits_that_say_nothing_about_whole_numbers_are_refused(self):
        assert "tens with -1" in refused({"round": 2}, "integer")
        assert "either digits or significant" in refused("round", "integer")
        assert "so all would stay" in refused({"round": 2}, "decimal") and not refused({"round": 1}, "decimal")


class TestClamp:
    def test_nobody_is_older_than_the_limit(self):
        assert masked({"clamp": {"most": 90}}, [17, 90, 91, 104, None], "integer") == [17, 90, 90, 90, None]

    def test_both_ends_can_be_held(self):
        rule = {"clamp": {"least": 0, "most": "99.99"}}
        values = [Decimal("-0.01"), Decimal("50.00"), Decimal(100)]
        assert masked(rule, values, "decimal") == [0, Decimal("50.00"), Decimal("99.99")]
        assert masked(rule, ["-3", "100.123"], "decimal", **TEXT) == ["0", "99.990"]

    def test_dates_have_ends_too(self):
        assert masked({"clamp": {"least": "1970-01-11"}}, [3, 10, 500], "date") == [10, 10, 500]
        moments = masked({"clamp": {"most": "1970-01-02"}}, [5, 10**15], "timestamp")
        assert moments == [5, 86_400_000_000]

    def test_what_is_no_limit_is_refused(self):
        assert "'old' is not a value" in refused({"clamp": {"most": "old"}}, "integer")
        assert "'old' is not a value" in refused({"clamp": {"most": "old"}}, "decimal", **TEXT)
        assert "least, most or both" in refused("clamp", "integer")


class TestRandom:
    def test_equal_numbers_stay_equal_and_lie_in_the_range(self):
        first, second, again = masked({"random": {"least": 1, "most": 10**9}}, [7, 8, 7], "integer")
        assert first == again != second and 1 <= first <= 10**9

    def test_every_number_of_a_small_range_comes_about_as_often(self):
        counts = Counter(masked({"random": {"least": -1, "most": 3, "by": "row"}}, [7] * 5000, "integer"))
        assert set(counts) == {-1, 0, 1, 2, 3} and all(880 < count < 1120 for count in counts.values())

    def test_decimals_have_the_places_of_their_column(self):
        found = masked({"random": {"least": 0, "most": 1, "by": "row"}}, [Decimal(5)] * 3000, "decimal")
        assert len(set(found)) == 101 and min(found) == 0 and max(found) == 1
        (text,) = masked({"random": {"least": 10, "most": 99}}, ["7.125"], "decimal", **TEXT)
        assert len(text) == 6 and 10 <= Decimal(text) <= 99
        (fine,) = masked({"random": {"least": 10, "most": 99}}, [f"7.{'1' * 30}"], "decimal", **TEXT)
        assert len(fine) == 33 and 10 <= Decimal(fine) <= 99

    def test_a_normal_distribution_has_its_middle_in_the_middle(self):
        rule = {"random": {"least": 0, "most": 60, "distribution": "normal", "by": "row"}}
        found = masked(rule, [1.0] * 4000, "float")
        assert sum(found) / 4000 == pytest.approx(30, abs=0.6)
        assert sum(20 <= number <= 40 for number in found) / 4000 == pytest.approx(0.683, abs=0.03)

    def test_a_lognormal_distribution_has_its_middle_at_the_geometric_mean(self):
        rule = {"random": {"least": 1, "most": 10_000, "distribution": "lognormal", "by": "row"}}
        found = masked(rule, [1.0] * 4000, "float")
        assert sum(number < 100 for number in found) / 4000 == pytest.approx(0.5, abs=0.03)
        assert min(found) >= 1 and max(found) <= 10_000

    def test_dates_come_from_a_range_too(self):
        found = masked({"random": {"least": "1970-01-02", "most": "1970-01-04"}}, range(200), "date")
        assert set(found) == {1, 2, 3}

    def test_all_rows_of_one_subject_get_one_number(self):
        rule = {"random": {"least": 0, "most": 10**6, "per": "owner"}}
        first, same, other = by_owner(rule, "integer", [3, 3, 4], [1, 2, 1])
        assert first == same != other

    def test_times_of_day_come_from_a_range_too(self):
        hour = 3_600_000_000
        found = masked({"random": {"least": "08:00", "most": "09:00", "by": "row"}}, [5] * 200, "time")
        assert min(found) >= 8 * hour and max(found) <= 9 * hour and len(set(found)) == 200

    def test_ranges_that_are_none_are_refused(self):
        assert "nothing lies between 9 and 3" in refused({"random": {"least": 9, "most": 3}}, "integer")
        for kind in ("decimal", "float"):
            assert "above 0" in refused({"random": {"least": 0, "most": 3, "distribution": "lognormal"}}, kind)
        days = {"least": "2020-01-01", "most": "2020-01-02", "distribution": "lognormal"}
        assert "only numbers" in refused({"random": days}, "date")
        assert "wider than 18 digits" in refused({"random": {"least": -(2**62), "most": 2**62}}, "integer", **INT64)


class TestComputed:
    LINE = people(
        column("quantity", "integer"),
        column("price", "decimal"),
        column("tax", "decimal", arrow_type=pa.decimal128(12, 4)),
        column("total", "decimal"),
    )

    def line(self, rules, table=LINE, **values):
        parsed = {name: parse_rule(rule) for name, rule in rules.items()}
        return transforms.compile(table, parsed, key=KEY, domains={})(batch(table, **values))

    def one(self, rule, kind="decimal", *, parts=None, **more):
        """What is computed for one row from parts that stay as they are."""
        parts = parts or {"a": ("integer", 7), "b": ("decimal", Decimal("2.50"))}
        table = people(*(column(name, of) for name, (of, _) in parts.items()), column("v", kind, **more))
        value = "1.000" if more.get("as_text") else 1
        values = {name: [value] for name, (_, value) in parts.items()}
        return self.line({"v": rule}, table, **values, v=[value])["v"][0].as_py()

    @given(st.lists(st.tuples(st.decimals(0, 9999, places=2), st.decimals(0, 999, places=4)), min_size=1, max_size=30))
    @quick
    def test_masked_totals_add_up_exactly(self, rows):
        rules = {"price": {"noise": 0.2}, "tax": {"noise": 0.2}, "total": {"sum_of": ["price", "tax", "quantity"]}}
        prices, taxes = ([row[place] for row in rows] for place in (0, 1))
        found = self.line(rules, quantity=[2] * len(rows), price=prices, tax=taxes, total=[Decimal(0)] * len(rows))
        for row in found.to_pylist():
            expected = (row["price"] + row["tax"] + 2).quantize(Decimal("0.01"), ROUND_HALF_UP)
            assert row["total"] == expected

    @given(st.lists(st.tuples(st.integers(1, 500), st.decimals(0, 9999, places=2)), min_size=1, max_size=30))
    @quick
    def test_masked_products_multiply_exactly_and_ratios_divide(self, rows):
        rules = {
            "quantity": {"noise": 0.3},
            "total": {"product_of": ["quantity", "price"]},
            "tax": {"ratio_of": ["total", "quantity"]},
        }
        quantities, prices = ([row[place] for row in rows] for place in (0, 1))
        zeros = [Decimal(0)] * len(rows)
        for row in self.line(rules, quantity=quantities, price=prices, total=zeros, tax=zeros).to_pylist():
            assert row["total"] == row["quantity"] * row["price"]
            assert row["tax"] == (row["price"] if row["quantity"] else 0)

    def test_numbers_stand_beside_columns(self):
        assert self.one({"product_of": ["b", 0.19]}) == Decimal("0.48")  # 0.4750, and halves go up
        assert self.one({"difference_of": ["a", "b", 1.5]}) == 3
        assert self.one({"sum_of": ["a", 1_000.0]}, "integer") == 1007

    def test_numbers_in_text_have_all_their_places(self):
        text = {"a": ("integer", 7), "b": ("decimal", Decimal("2.50"))}
        assert self.one({"product_of": ["a", "b", 1.001]}, parts=text, **TEXT) == "17.5175"
        assert self.one({"ratio_of": ["a", "b"]}, parts=text, **TEXT) == "2.800"

    def test_a_missing_part_counts_for_nothing(self):
        parts = {"a": ("integer", None), "b": ("decimal", Decimal("2.50"))}
        assert self.one({"sum_of": ["a", "b"]}, parts=parts) == Decimal("2.50")
        assert self.one({"product_of": ["a", "b"]}, parts=parts) == Decimal("2.50")
        assert self.one({"ratio_of": ["b", "a"]}, parts=parts) == 0
        nan = {"a": ("float", float("nan")), "b": ("float", 2.5)}
        assert self.one({"sum_of": ["a", "b"]}, "integer", parts=nan) == 3

    def test_a_ratio_that_is_a_half_goes_up_though_floating_point_cannot_hold_it(self):
        parts = {"a": ("decimal", Decimal("2.01")), "b": ("integer", 2)}
        assert self.one({"ratio_of": ["a", "b"]}, parts=parts) == Decimal("1.01")

    def test_what_is_too_large_for_the_column_stops_the_run(self):
        parts = {"a": ("decimal", Decimal("99999999.99")), "b": ("integer", 2)}
        for rule in ({"product_of": ["a", "b"]}, {"sum_of": ["a", "b"]}, {"ratio_of": ["a", 0.001]}):
            with pytest.raises(Error, match=r"a number computed for people\.v is too large"):
                self.one(rule, parts=parts)

    @pytest.mark.parametrize(
        ("parts", "reason"),
        [
            (["owner"], "two parts or more"),
            ([1, 2], "none of its parts is a column"),
            (["owner", "v"], "cannot be computed from itself"),
            (["owner", "ownr"], "people.ownr"),
            (["owner", "orders.owner"], "names another table"),
            (["owner", float("nan")], "no number to compute with"),
        ],
    )
    def test_parts_that_are_none_are_refused(self, parts, reason):
        assert reason in refused({"sum_of": parts}, "integer")

    def test_texts_are_no_parts(self):
        table = people(column("name"), column("v", "integer"))
        rules = {(PEOPLE, "v"): parse_rule({"sum_of": ["id", "name"]})}
        (found,) = transforms.refusals(Schema((table,)), rules, {})
        assert found.reason == "name holds no numbers"


def read_whole(rule, kind, values, *, owners=None, key=KEY, table=None, **more):
    """What a rule that reads the whole column makes of it."""
    table = table or people(column("owner", "integer"), column("v", kind, **more))
    rows = batch(table, owner=owners or [1] * len(values), v=values)
    data = ArrowDataset(Schema((table,)), {PEOPLE: pa.Table.from_batches([rows])})
    transform = transforms.compile(table, {"v": parse_rule(rule)}, key=key, domains={}, dataset=data)
    return transform(rows)["v"].to_pylist()


class TestBucket:
    def test_widths_may_have_more_places_than_numbers_in_text(self):
        assert masked({"bucket": 2.5}, ["7", "7.49", "-1"], "decimal", **TEXT) == ["5.0", "5.00", "-2.5"]


class TestStretch:
    @given(st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40))
    @quick
    def test_the_order_is_kept_and_different_numbers_stay_different(self, values):
        found = read_whole({"stretch": 3}, "integer", values, **INT64)
        pairs = sorted(set(zip(values, found, strict=True)))
        assert len(pairs) == len(set(values)) == len(set(found))
        assert [after for _, after in pairs] == sorted(found_one for _, found_one in pairs)

    @given(amounts)
    @quick
    def test_the_sign_and_zero_are_kept(self, values):
        found = read_whole("stretch", "decimal", [*values, Decimal(0)])
        assert found[-1] == 0
        assert all(before * after >= 0 for before, after in zip(values, found, strict=False))

    def test_distances_become_others_within_the_factor(self):
        found = read_whole({"stretch": 2}, "float", [float(n) for n in range(200)])
        distances = [high - low for low, high in pairwise(found)]
        assert all(0.5 <= distance <= 2 for distance in distances)
        assert len({round(distance, 6) for distance in distances}) == 199

    def test_a_full_type_has_no_room_so_nothing_leaves_it(self):
        values = list(range(32_000, 32_768))
        found = read_whole({"stretch": 5}, "integer", values, **INT16)
        assert found == sorted(set(found)) and len(found) == 768 and max(found) <= 32_767

    def test_infinite_and_missing_numbers_stay(self):
        nan, infinite, null, one = read_whole("stretch", "float", [float("nan"), float("inf"), None, 1.0])
        assert nan != nan and infinite == float("inf") and null is None and 0.5 <= one <= 2

    def test_a_number_that_was_not_there_is_an_error(self):
        table = people(column("v", "integer"))
        data = ArrowDataset(Schema((table,)), {PEOPLE: pa.Table.from_batches([batch(table, v=[1, 2])])})
        with pytest.raises(Error, match=r"1 values of people\.v were not there"):
            mask_array("stretch", [1, 3], "integer", dataset=data)

    def test_numbers_without_a_scale_are_refused(self):
        assert "without a scale" in refused("stretch", "decimal", **TEXT)


REDISTRIBUTED = {"redistribute": 0.3, "within": "owner"}


class TestRedistribute:
    @given(
        st.lists(st.tuples(st.integers(1, 5) | st.none(), st.decimals(0, 99_999, places=2) | st.none()), max_size=60)
    )
    @quick
    def test_the_sum_of_every_group_is_kept_to_the_cent(self, rows):
        owners, values = [owner for owner, _ in rows], [value for _, value in rows]
        found = read_whole(REDISTRIBUTED, "decimal", values, owners=owners)
        for group in set(owners):
            there = [n for n, owner in enumerate(owners) if owner == group and values[n] is not None]
            assert sum(found[n] for n in there) == sum(values[n] for n in there)

    def test_amounts_move_by_a_share_of_themselves_and_keep_their_sign(self):
        values = [Decimal(n) for n in range(-500, 500)]
        found = read_whole(REDISTRIBUTED, "decimal", values)
        assert sum(found) == sum(values) and sum(a != b for a, b in zip(found, values, strict=True)) > 950
        for before, after in zip(values, found, strict=True):
            assert after * before >= 0 and abs(after - before) <= abs(before) * Decimal("0.6") + Decimal("0.01")

    def test_whole_numbers_and_floats_keep_their_sums_too(self):
        whole = read_whole(REDISTRIBUTED, "integer", [10, 20, 30, 0, 7], owners=[1, 1, 1, 1, 2])
        assert sum(whole[:4]) == 60 and whole[3] == 0 and whole[4] == 7 and whole[:3] != [10, 20, 30]
        inexact = read_whole(REDISTRIBUTED, "float", [10.0, 20.0, 30.0])
        assert sum(inexact) == pytest.approx(60)

    def test_floats_that_add_up_to_no_float_stay_and_others_outgrow_none(self):
        huge = [1.7e308, 1e308, 5.0, 1.7e308, 5e306]
        found = read_whole(REDISTRIBUTED, "float", huge, owners=[1, 1, 1, 2, 2])
        assert found[:3] == huge[:3] and found[3:] != huge[3:] and all(map(math.isfinite, found))

    def test_what_would_leave_its_type_stops_the_run(self):
        with pytest.raises(Error, match=r"people\.v would become too large"):
            read_whole(REDISTRIBUTED, "integer", [32_700] * 50, **INT16)

    def test_a_table_without_a_key_and_numbers_without_a_scale_are_refused(self):
        assert "without a scale" in refused(REDISTRIBUTED, "decimal", **TEXT)
        assert "its own group" in refused({"redistribute": 0.3, "within": "v"}, "integer")


class TestSerial:
    def test_identifiers_become_the_first_numbers_in_another_order(self):
        ids = [number * 7 - 30 for number in range(200)]
        found = read_whole("serial", "integer", ids)
        assert sorted(found) == list(range(1, 201)) and found != list(range(1, 201))

    def test_equal_ones_stay_equal_and_the_first_number_may_be_another(self):
        first, null, second, again = read_whole({"serial": {"start": 1000}}, "integer", [5, None, 9, 5])
        assert first == again and {first, second} == {1000, 1001} and null is None

    def test_references_follow(self):
        orders = Table(TableName("", "orders"), (column("id", "integer"), column("person", "integer")))
        table = people()
        data = ArrowDataset(
            Schema((table, orders)),
            {PEOPLE: pa.table({"id": [30, 10, 20]}), orders.name: pa.table({"id": [1, 2], "person": [20, None]})},
        )
        domains = {(PEOPLE, "id"): "people.id", (orders.name, "person"): "people.id"}
        given = {"key": KEY, "domains": domains, "dataset": data}
        parents = transforms.compile(table, {"id": parse_rule("serial")}, **given)(batch(table, id=[30, 10, 20]))
        children = transforms.compile(orders, {"person": parse_rule("serial")}, **given)(
            batch(orders, id=[1, 2], person=[20, None])
        )
        assert sorted(parents["id"].to_pylist()) == [1, 2, 3]
        assert children["person"].to_pylist() == [parents["id"][2].as_py(), None]

    def test_an_identifier_that_nobody_has_stops_the_run(self):
        table = people(column("v", "integer"))
        data = ArrowDataset(Schema((table,)), {PEOPLE: pa.Table.from_batches([batch(table, v=[1, 2])])})
        with pytest.raises(Error, match=r"1 values of people\.v are none of the identifiers"):
            mask_array("serial", [1, 3], "integer", dataset=data)

    def test_a_type_without_room_stops_the_run(self):
        with pytest.raises(Error, match="no room for 3 numbers from 32766 on"):
            read_whole({"serial": {"start": 32_766}}, "integer", [1, 2, 3], **INT16)

    def test_a_domain_that_is_no_column_is_named(self):
        with pytest.raises(InputError, match="'persons' names no column to number"):
            read_whole({"serial": {"domain": "persons"}}, "integer", [1])
