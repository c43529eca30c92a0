"""Columns become classes and levels and come back; what is kept of them is said of k rows or more."""

from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta
from decimal import Decimal

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from synth.tables import people
from understudy.errors import InputError
from understudy.synth.artifact import read, written
from understudy.synth.encoding.columns import Drawn, categories_of, numbers_of
from understudy.synth.encoding.curves import curve_of, step_of
from understudy.synth.encoding.encode import Encoder, Reservoir, encoder_of, sampled, table_of, typed
from understudy.synth.encoding.identifiers import is_identifier
from understudy.synth.encoding.patterns import Patterns

K = 5


def learned(table: pa.Table) -> Encoder:
    return encoder_of(table_of(table.schema), table, k=K)


def returned(table: pa.Table) -> pa.Table:
    """A table through its own encoder and back."""
    encoder = learned(table)
    encoded = encoder.encode(table)
    rng = np.random.default_rng(0)
    levels = (encoded.low + (encoded.high - encoded.low) * rng.random(encoded.low.shape)).astype(np.float32)
    return pa.Table.from_batches([encoder.decode(encoded.codes, levels, rng, 0)])


def test_shared_values_dates_and_nulls_come_back_as_they_were() -> None:
    table = people()
    back = returned(table)
    for name in ("city", "children", "active"):
        assert back[name].to_pylist() == table[name].to_pylist()
    assert back.schema == table.schema


def test_numbers_come_back_near_where_they_were_with_their_own_decimals() -> None:
    wage = people()["wage"].to_numpy()
    back = returned(people())["wage"].to_numpy()
    assert np.abs(back - wage).max() < 400  # the ends are clipped
    assert np.median(np.abs(back - wage)) < 10
    assert (np.round(back, 2) == back).all()
    assert back.min() >= wage.min() and back.max() <= wage.max()


def test_days_of_the_week_are_kept() -> None:
    monday = date(2023, 1, 2)
    days = [monday + timedelta(days=7 * (n % 100) + n % 5) for n in range(1_000)]
    back = returned(pa.table({"day": days}))["day"].to_pylist()
    assert {day.weekday() for day in back} == {0, 1, 2, 3, 4}


def test_firsts_of_months_stay_firsts_of_months() -> None:
    days = [date(1990 + n % 30, 1 + n % 12, 1) for n in range(600)]
    assert {day.day for day in returned(pa.table({"day": days}))["day"].to_pylist()} == {1}


def test_moments_in_whole_minutes_stay_so() -> None:
    start = datetime(2021, 3, 1, 12, 0)
    moments = pa.array([start + timedelta(minutes=37 * n) for n in range(2_000)], pa.timestamp("us"))
    back = returned(pa.table({"at": moments}))["at"].to_pylist()
    assert {moment.second for moment in back} == {0}
    assert min(back) >= start


@pytest.mark.parametrize(
    "values",
    [
        pa.array(np.arange(-100, 100), pa.int16()),
        pa.array(np.arange(200) % 90, pa.uint8()),
        pa.array(2**62 + np.arange(200) * 2**50),
        pa.array((np.arange(200, dtype=np.uint64) + 1) * 2**56),
        pa.array([Decimal(n).scaleb(-2) for n in range(200)], pa.decimal128(9, 2)),
        pa.array(np.round(np.linspace(0, 5, 200), 1), pa.float32()),
        pa.array(np.linspace(0, 5, 200), pa.float16()),
        pa.array(np.arange(200) * 86_400_000 * 3, pa.timestamp("ms", "UTC")),
        pa.array(np.arange(200) * 400, pa.int32()).cast(pa.time32("s")),
        pa.array(np.arange(200) * 10**8).cast(pa.time64("us")),
        pa.array(np.arange(200), pa.duration("s")),
        pa.array(np.arange(200), pa.int32()).cast(pa.date32()).cast(pa.date64()),
        pa.array(["a", "b"] * 100).dictionary_encode(),
        pa.array(["a", "b"] * 100, pa.large_string()),
        pa.array(["a", "b"] * 100, pa.string_view()),
        pa.array([bytes([n]) * 16 for n in range(200)], pa.uuid()),
        pa.array([b"\x00\x01"] * 200),
        pa.nulls(200),
        pa.nulls(200, pa.timestamp("us")),
        pa.nulls(200, pa.string()),
    ],
    ids=lambda values: str(values.type),
)
def test_every_type_comes_back_as_itself(values: pa.Array) -> None:
    table = pa.table({"a": values})
    back = returned(table)
    assert back.schema == table.schema
    assert back["a"].null_count == values.null_count


def test_infinities_and_no_numbers_are_classes_where_many_rows_have_them() -> None:
    values = np.concatenate([np.random.default_rng(0).normal(size=200), [np.inf] * 9, [-np.inf] * 9, [np.nan] * 9])
    back = returned(pa.table({"a": values}))["a"].to_numpy()
    assert np.isposinf(back[200:209]).all() and np.isneginf(back[209:218]).all() and np.isnan(back[218:]).all()
    assert np.isfinite(back[:200]).all()


def test_one_infinity_is_no_class() -> None:
    values = np.append(np.random.default_rng(0).normal(size=200), np.inf)
    back = returned(pa.table({"a": values}))["a"].to_numpy()
    assert np.isfinite(back).all()


def test_a_list_is_refused_by_the_name_of_its_column() -> None:
    with pytest.raises(InputError, match="'tags' holds list"):
        learned(pa.table({"tags": [["a"]] * 50}))


@pytest.mark.parametrize("rows", [0, 1, 19])
def test_too_few_rows_are_refused(rows: int) -> None:
    with pytest.raises(InputError, match="fewer than the 20"):
        learned(people().slice(0, rows))


def test_columns_of_fresh_values_are_keys_and_texts_that_differ() -> None:
    table = pa.table(
        {
            "id": np.arange(100),
            "code": [f"AB-{n:05d}" for n in range(100)],
            "amount": np.random.default_rng(0).integers(0, 10**6, 100),
        }
    )
    assert learned(table).identifiers == ("id", "code")


def test_labels_that_few_rows_have_are_not_kept_unless_the_schema_has_them() -> None:
    values = pa.array(["often"] * 95 + ["seldom"] * 4 + ["once"])
    assert categories_of(values, K).labels == ("often",)
    assert set(categories_of(values, K, declared=["once"]).labels) == {"often", "once"}


def test_rare_labels_are_learned_by_what_they_look_like() -> None:
    values = pa.array(
        [f"{n * 7919 % 9_973:05}" for n in range(60)] + [f"H{n}-X" for n in range(100, 140)] + ["?", "??"]
    )
    found = categories_of(values, K)
    assert found.labels == () and found.parts[0].shares == pytest.approx([0.6, 0.4, 2 / 102], abs=0.02)
    (cells,) = found.encode(values)
    assert cells.codes.tolist() == [0] * 60 + [1] * 40 + [2] * 2
    drawn = Drawn([np.repeat(np.arange(2, dtype=np.int32), 50)], [], np.random.default_rng(0), range(100))
    made = found.decode(drawn).to_pylist()
    assert all(re.fullmatch(r"\d{5}", text) for text in made[:50])
    assert all(re.fullmatch(r"H1\d\d-X", text) for text in made[50:])


def test_labels_beyond_the_thousandth_are_drawn_by_their_frequency() -> None:
    values = pa.array([f"c{n % 1_500:04d}" for n in range(15_000)])
    found = categories_of(values, K)
    assert len(found.labels) == 1_000 and len(found.tail) == 500


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-1e6, 1e6), min_size=30, max_size=300), st.integers(5, 10))
def test_no_number_that_fewer_than_k_rows_have_is_kept(values: list[float], k: int) -> None:
    found = numbers_of(pa.array(values), k)
    told = json.loads(json.dumps(written(found)))
    assert read(told) == found
    points = set(found.curve.values) if found.curve else set()
    different, counts = np.unique(values, return_counts=True)
    alone = {value for value, count in zip(different.tolist(), counts.tolist(), strict=True) if count < k}
    nearby = [np.mean(values)]  # a mean of k values may be one of them by chance, where values are evenly spaced
    told_alone = [p for p in points & alone if not any(abs(p - m) < 1e-9 for m in nearby)]
    spread = np.sort(values)
    means = {float(np.mean(spread[i : i + w])) for w in range(k, len(spread) + 1) for i in range(len(spread) - w + 1)}
    assert all(any(abs(p - m) <= 1e-9 * max(1, abs(m)) for m in means) for p in told_alone)


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-1_000, 1_000), min_size=50, max_size=400), st.integers(5, 10))
def test_a_level_inside_a_numbers_range_comes_back_as_the_number(values: list[int], k: int) -> None:
    different, counts = np.unique(np.array(values, np.float64), return_counts=True)
    curve = curve_of(different, counts, k)
    low, high = curve.levels_of(different, 1.0)
    wide = (high - low > 1e-6) & (different > curve.values[0]) & (different < curve.values[-1])
    assert (curve.values_at((low + high) / 2, 1.0) == different)[wide].all()


def test_rare_numbers_beyond_the_others_keep_their_mean_where_k_rows_have_them() -> None:
    few = [0] * 71 + [1] * 148 + [2] * 30 + [3] * 14 + [4, 4, 5, 6, 11, 21]  # more than a hundredth of the rows
    many = [0] * 4_000 + [1] * 2_000 + [2, 2, 2] + [5] * 1_000 + [30, 40, 40, 60]
    for values, tail in ((few, (4, 4, 5, 6, 11, 21)), (many, (30, 40, 40, 60))):
        kept = numbers_of(pa.array(values), 4)
        assert kept.curve is not None and kept.curve.rows == len(tail)
        assert not set(kept.curve.values) & {21.0, 60.0}
        levels = (np.arange(1_000) + 0.5) / 1_000
        assert abs(kept.curve.values_at(levels, 0).mean() - np.mean(tail)) < 0.1 * np.mean(tail)
    assert kept.atoms == (0, 1, 5)
    assert numbers_of(pa.array(many[:-1]), 4).curve is None, "three rows are too few to tell of"


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-1e9, 1e9), min_size=50, max_size=400), st.integers(5, 10))
def test_curves_rise(values: list[float], k: int) -> None:
    different, counts = np.unique(np.array(values), return_counts=True)
    curve = curve_of(different, counts, k)
    assert curve.levels[0] == 0 and curve.levels[-1] == 1
    assert (np.diff(curve.levels) >= 0).all() and (np.diff(curve.values) >= -1e-6).all()


def test_what_all_numbers_are_multiples_of_is_found() -> None:
    assert step_of(np.array([0.1, 0.2, 0.7])) == 0.1
    assert step_of(np.array([500.0, 1500.0])) == 500
    assert step_of(np.array([np.pi, 1.0])) == 0


def test_numbers_that_all_differ_name_rows_where_that_is_no_chance() -> None:
    rng = np.random.default_rng(0)
    some = pa.array(rng.permutation(100_000)[:2_000])
    few = pa.array(rng.permutation(3_000)[:100])
    assert is_identifier(some, unique=False) and not is_identifier(few, unique=False)
    assert is_identifier(few, unique=False, called="case_id") and not is_identifier(few, unique=False, called="paid")
    assert not is_identifier(pa.array([*range(1, 500), 499]), unique=False, called="id")


def test_one_number_in_some_hundreds_may_be_no_multiple() -> None:
    prices = np.round(np.arange(400, 1_400) * 0.05, 2)
    once = np.ones(1_001, np.int64)
    assert step_of(np.append(prices, 23.23333333), once) == 0.05
    assert step_of(np.append(prices[:300], 23.23333333), once[:301]) == 1e-8
    made = numbers_of(pa.array(np.append(prices, 23.23333333)), 5)
    assert made.step == 0.05 and made.encode(pa.array([23.23333333]))[0].codes[0] >= 0


def test_texts_are_spelled_like_those_seen_and_differ() -> None:
    patterns = Patterns.of([f"DE-{n:06d}-x" for n in range(0, 10**6, 997)], K)
    made = patterns.draw(np.random.default_rng(0), 5_000, np.arange(5_000)).to_pylist()
    assert len(set(made)) == 5_000
    assert all(text[:3] == "DE-" and text[3:9].isdecimal() and text[9:] == "-x" for text in made)


def test_names_that_no_words_are_known_of_can_be_said_and_begin_as_names_do() -> None:
    rng = np.random.default_rng(1)
    letters = [list("qxjwkz"), list("ycvptm")]
    names = [
        " ".join("".join(rng.choice(some, rng.integers(5, 15))).capitalize() for some in letters) for _ in range(90)
    ]
    patterns = Patterns.of(names, K)
    assert patterns.words is None and patterns.other > 0.8 and patterns.capitals == "each"
    drawn = patterns.draw(rng, 5_000, np.arange(5_000)).to_pylist()
    assert len(set(drawn)) == 5_000 and sum(" " in text for text in drawn) > 4_000
    assert all(re.fullmatch("([A-Z][a-z]*)( [A-Z][a-z]*)*", text) for text in drawn)
    assert not any(re.search("[bdfghjklmnprstvz]{3}", text.lower()) for text in drawn)
    short = Patterns((), (), 1.0, 3.0, max_length=4).draw(rng, 5_000, np.arange(5_000)).to_pylist()
    assert len(set(short)) == 5_000 and max(map(len, short)) <= 4


def test_words_of_one_length_can_be_said_and_codes_keep_all_their_letters() -> None:
    rng = np.random.default_rng(1)
    words = ["".join(rng.choice(list("abcdefghij"), 7)).capitalize() for _ in range(60)]
    codes = ["".join(rng.choice(list("abcdefghijklmnop"), 3)) for _ in range(60)]
    said = Patterns.of(sorted(set(words)), K).draw(rng, 100, np.arange(100)).to_pylist()
    assert all(re.fullmatch("[BDFGHJ-NPRSTVZ]([aeiou][bdfghj-nprstvz]){3}", text) for text in said)
    coded = "".join(Patterns.of(sorted(set(codes)), K).draw(rng, 200, np.arange(200)).to_pylist())
    assert {"q", "x", "c"} <= set(coded)


def test_a_sample_of_a_stream_does_not_depend_on_its_batches() -> None:
    table = pa.table({"a": np.arange(50_000)})
    one, seen = sampled(table.to_batches(max_chunksize=50_000), table.schema, 1_000, 3)
    other, _ = sampled(table.to_batches(max_chunksize=777), table.schema, 1_000, 3)
    assert one.equals(other) and seen == 50_000 and len(one) == 1_000
    assert abs(np.mean(one["a"].to_numpy()) - 25_000) < 2_000


def test_a_reservoir_holds_no_more_than_it_needs() -> None:
    kept = Reservoir(pa.schema([("a", pa.int64())]), 1_000, 0)
    for start in range(0, 1_000_000, 10_000):
        kept.add(pa.record_batch({"a": np.arange(start, start + 10_000)}))
        assert sum(map(len, kept._kept)) <= 13_000
    assert len(kept.rows()) == 1_000


def test_decimals_that_do_not_fit_become_the_nearest_that_do() -> None:
    found = typed(pa.array([1e9, -1e9, None, 12.345]), pa.decimal128(6, 2))
    assert found.to_pylist() == [Decimal("9999.99"), Decimal("-9999.99"), None, Decimal("12.35")]
