"""What holds between columns is found in the rows, beyond chance, and holds as often in rows that are made."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from understudy.synth.encoding.encode import encoder_of, table_of
from understudy.synth.relations.finding import Relations, find
from understudy.synth.relations.rules import Copy, Sum


def found(rows: pa.Table) -> Relations:
    return find(rows, table_of(rows.schema))


def told(rows: pa.Table) -> list[str]:
    return [one.text for one in found(rows).found]


def invoices(rows: int = 3_000, seed: int = 0) -> pa.Table:
    """Invoices: net is price times count less a discount, tax one of two rates, total their sum; paid in part."""
    rng = np.random.default_rng(seed)
    product = rng.integers(0, 150, rows)
    price = np.round(5 + 300 * np.random.default_rng(9).random(150), 2)[product]
    count = 1 + rng.poisson(2, rows)
    discount = np.where(rng.random(rows) < 0.7, 0, np.round(rng.beta(2, 8, rows), 2))
    net = np.round(price * count * (1 - discount), 2)
    tax = np.round(net * np.where(product % 3 == 0, 0.07, 0.19), 2)
    total = np.round(net + tax, 2)
    paid = np.where(rng.random(rows) < 0.25, total, np.round(rng.gamma(2, 80, rows), 2))
    ordered = np.datetime64("2023-01-01") + rng.integers(0, 700, rows)
    gone = rng.random(rows) < 0.2
    shipped = pa.array(ordered + rng.geometric(0.3, rows), pa.date32(), mask=gone)
    return pa.table(
        {
            "product": [f"product {one:03d}" for one in product],
            "price": price,
            "count": count,
            "discount": discount,
            "net": net,
            "tax": tax,
            "total": total,
            "paid": paid,
            "ordered": pa.array(ordered),
            "shipped": shipped,
            "carrier": pa.array(rng.choice(["ship", "rail", "road"], rows), mask=gone),
            "due": pa.array(ordered + np.timedelta64(30, "D")),
        }
    )


def test_sums_products_rates_copies_orders_and_dependencies_are_found_and_named() -> None:
    assert set(told(invoices())) == {
        "total = net + tax",
        "net = price * count * (1-discount)",
        "tax = net * 0.19",
        "tax = net * 0.07",
        "paid = total",
        "ordered <= shipped",
        "ordered <= due",
        "shipped <= due",
        "product -> price",
        "price -> product",
        "shipped is null as carrier is",
    }


def test_rates_are_those_of_the_rows_and_the_report_tells_no_value() -> None:
    rates = {one.text: one.rate for one in found(invoices()).found}
    assert rates["paid = total"] == pytest.approx(0.25, abs=0.03)
    assert rates["total = net + tax"] == 1.0 and rates["tax = net * 0.07"] == pytest.approx(1 / 3, abs=0.03)
    assert "paid = total (2" in str(found(invoices())) and "product 0" not in str(found(invoices()))


def test_nothing_is_found_between_columns_that_have_nothing_to_do_with_one_another() -> None:
    rng = np.random.default_rng(0)
    whole = {f"whole {at}": rng.integers(0, 100 * (at + 1), 3_000) for at in range(4)}
    cents = {f"cents {at}": np.round(rng.gamma(2, 20, 3_000), 2) for at in range(4)}
    labels = {f"label {at}": rng.choice(["a", "b", "c"], 3_000) for at in range(3)}
    days = {f"day {at}": np.datetime64("2023-01-01") + rng.integers(0, 500, 3_000) for at in range(2)}
    rows = pa.table({**whole, **cents, **labels, **days})
    assert str(found(rows)) == "nothing holds between the columns"
    assert str(found(rows.slice(0, 10))) == "nothing holds between the columns"


def test_numbers_that_many_rows_share_make_no_copy() -> None:
    rng = np.random.default_rng(0)
    one, two = (np.where(rng.random(2_000) < 0.6, 0.0, np.round(rng.gamma(2, 500, 2_000), 2)) for _ in range(2))
    assert told(pa.table({"gain": one, "loss": two})) == []


def test_long_sums_constants_and_copies_of_texts_are_found() -> None:
    rng = np.random.default_rng(0)
    parts = {name: rng.integers(0, 1_000, 2_000) for name in ("jan", "feb", "mar", "apr", "may")}
    street = [f"street {one}" for one in rng.integers(0, 900, 2_000)]
    other = [f"street {one}" for one in rng.integers(0, 900, 2_000)]
    rows = pa.table(
        {
            **parts,
            "year": sum(parts.values()),
            "next": parts["jan"] + 12,
            "billed": street,
            "sent": [a if at % 3 else b for at, (a, b) in enumerate(zip(street, other, strict=True))],
        }
    )
    assert {"year = jan + feb + mar + apr + may", "next = jan + 12", "sent = billed"} <= set(told(rows))


def test_keys_of_the_table_are_left_out() -> None:
    rows = pa.table({"id": np.arange(1, 1_001), "other": np.arange(1, 1_001) + 5, "x": np.arange(1_000) % 7})
    assert "other = id + 5" in told(rows)
    assert find(rows, table_of(rows.schema), skip=["id"]).found == ()


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**20), rate=st.floats(0.05, 1), digits=st.integers(0, 2))
def test_a_copy_is_found_at_any_rate(seed: int, rate: float, digits: int) -> None:
    rng = np.random.default_rng(seed)
    one, other = (np.round(rng.gamma(2, 5_000, 1_500), digits) for _ in range(2))
    same = rng.random(1_500) < rate
    relations = found(pa.table({"one": one, "two": np.where(same, one, other)}))
    assert ("two", Copy("one")) in relations.formulas
    assert relations.found[0].rate == pytest.approx(same.mean(), abs=0.01)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**20), factor=st.sampled_from([0.07, 0.19, 1.5, 0.0825, 12.0]), noise=st.floats(0, 0.8))
def test_a_constant_factor_is_found_among_noise(seed: int, factor: float, noise: float) -> None:
    rng = np.random.default_rng(seed)
    net = np.round(rng.gamma(2, 500, 2_000), 2)
    fee = np.round(np.where(rng.random(2_000) < noise, rng.gamma(2, 90, 2_000), net * factor), 2)
    formulas = found(pa.table({"net": net, "fee": fee})).formulas
    assert ("fee", ("net",), factor) in [(name, one.sources, getattr(one, "factor", None)) for name, one in formulas]


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**20))
def test_encoded_rows_come_back_with_every_relation(seed: int) -> None:
    rows = invoices(600, seed)
    encoder = encoder_of(table_of(rows.schema), rows, k=5)
    encoded = encoder.encode(rows)
    level = ((encoded.low + encoded.high) / 2).astype(np.float32)
    back = encoder.decode(np.maximum(encoded.codes, 0), level, np.random.default_rng(0), 0)
    holds(pa.Table.from_batches([back]))
    assert back.column("shipped").is_null().equals(rows.column("shipped").combine_chunks().is_null())
    assert back.column("due").equals(rows.column("due").combine_chunks()) or encoder.relations.orders


def holds(rows: pa.Table) -> None:
    """What is true of every invoice."""
    numbers = {name: rows.column(name).to_numpy(zero_copy_only=False) for name in ("net", "tax", "total")}
    off = numbers["total"] - np.round(numbers["net"] + numbers["tax"], 2)
    assert np.abs(off).max() < 1e-6
    assert all(
        not row["shipped"] or row["ordered"] <= row["shipped"]
        for row in rows.select(["ordered", "shipped"]).to_pylist()
    )


pytest.importorskip("torch")

from understudy.synth.flat import Flat  # noqa: E402
from understudy.synth.network.effort import Budget  # noqa: E402


@functools.cache
def fitted() -> Flat:
    return Flat(Budget(rows=10_000, width=64, passes=40_000)).fit(None, invoices())


@functools.cache
def made() -> pa.Table:
    return pa.Table.from_batches(fitted().sample(3_000, seed=1))


def test_made_rows_obey_every_hard_rule() -> None:
    holds(made())
    book = dict(zip(*(invoices().column(name).to_pylist() for name in ("product", "price")), strict=True))
    pairs = list(zip(made().column("product").to_pylist(), made().column("price").to_pylist(), strict=True))
    assert np.mean([book.get(product) == price for product, price in pairs]) > 0.999
    assert made().column("shipped").is_null().equals(made().column("carrier").is_null())


def test_made_rows_obey_soft_rules_as_often_as_real_ones() -> None:
    rates = {one.text: one.rate for one in found(invoices()).found}
    again = {one.text: one.rate for one in found(made()).found}
    for text in ("paid = total", "tax = net * 0.19", "tax = net * 0.07", "net = price * count * (1-discount)"):
        assert again[text] == pytest.approx(rates[text], abs=0.05)


def test_what_is_given_fixes_what_follows_from_it() -> None:
    given_rows = pa.table({"total": [119.0, 107.0, None], "net": [100.0, 100.0, 50.0], "tax": [None, None, 9.5]})
    rows = pa.Table.from_batches(fitted().sample(3, given=given_rows))
    assert rows.column("tax").to_pylist() == [19.0, 7.0, 9.5] and rows.column("total").to_pylist() == [
        119.0,
        107.0,
        59.5,
    ]


def test_a_given_end_gets_a_beginning_before_it() -> None:
    rows = invoices().slice(0, 500)
    made_rows = pa.Table.from_batches(fitted().sample(500, given=rows.select(["shipped"])))
    there = rows.column("shipped").is_valid()
    assert made_rows.filter(there).column("shipped").equals(rows.filter(there).column("shipped"))
    pairs = zip(*(made_rows.filter(there).column(name).to_pylist() for name in ("ordered", "shipped")), strict=True)
    assert all(0 <= (end - start).days <= 60 for start, end in pairs)


def test_relations_are_saved_with_what_was_learned(tmp_path: Path) -> None:
    fitted().save(tmp_path / "model")
    loaded = Flat.load(tmp_path / "model")
    assert loaded.relations == fitted().relations and "total = net + tax (100.0%)" in str(loaded.relations)
    assert pa.Table.from_batches(loaded.sample(3_000, seed=1)).equals(made())


def test_relations_can_be_left_out() -> None:
    plain = encoder_of(table_of(invoices().schema), invoices(), k=5, relations=False)
    assert plain.relations == Relations() and not plain.legal.pairs
    assert isinstance(found(invoices()).formulas[0][1], Sum)


def places(rows: int = 8_000) -> pa.Table:
    """Postcodes of thirty towns in five states, articles with their prices, a low and a high."""
    rng = np.random.default_rng(0)
    code, article = rng.integers(0, 200, rows), rng.integers(0, 200, rows)
    low = np.round(rng.gamma(2, 50, rows), 2)
    return pa.table(
        {
            "postcode": [f"{10_000 + one}" for one in code],
            "town": [f"town {one % 30}" for one in code],
            "state": [f"state {one % 5}" for one in code % 30],
            "article": article,
            "price": np.round(np.random.default_rng(3).gamma(2, 50, 200), 2)[article],
            "low": low,
            "high": np.round(low + rng.gamma(1, 20, rows), 2),
        }
    )


@functools.cache
def placed() -> Flat:
    return Flat(Budget(rows=10_000, width=48, passes=20_000)).fit(None, places())


def agreement(made_rows: pa.Table, one: str, two: str) -> float:
    """The share of made rows in which one column has what goes with the other in real rows."""
    book = dict(zip(*(places().column(name).to_pylist() for name in (one, two)), strict=True))
    pairs = zip(*(made_rows.column(name).to_pylist() for name in (one, two)), strict=True)
    return float(np.mean([book[a] == b for a, b in pairs if a in book]))


def test_columns_of_many_values_that_fix_others_do_so_in_made_rows() -> None:
    rows = pa.Table.from_batches(placed().sample(4_000))
    for one, two in (("postcode", "town"), ("town", "state"), ("postcode", "state"), ("article", "price")):
        assert agreement(rows, one, two) > 0.995
    assert (rows.column("low").to_numpy() <= rows.column("high").to_numpy()).all()


@pytest.mark.parametrize("column", ["postcode", "town", "article", "state"])
def test_what_is_given_is_kept_and_the_others_agree_with_it(column: str) -> None:
    given_rows = places().select([column]).slice(0, 400)
    rows = pa.Table.from_batches(placed().sample(400, given=given_rows))
    assert rows.column(column).equals(given_rows.column(column))
    for one, two in (("postcode", "town"), ("town", "state"), ("article", "price")):
        assert agreement(rows, one, two) > 0.98


def test_a_given_value_that_is_too_rare_to_be_learned_stays() -> None:
    names = ["Ada", "Bo"] * 300 + ["Cleo"]
    model = Flat(Budget(rows=1_000, width=16, passes=2_000)).fit(None, pa.table({"name": names, "x": list(range(601))}))
    rows = pa.Table.from_batches(model.sample(2, given=pa.table({"name": ["Cleo", "Ada"]})))
    assert rows.column("name").to_pylist() == ["Cleo", "Ada"]


def test_a_given_sum_without_its_parts_gets_parts_that_go_with_it() -> None:
    rng = np.random.default_rng(0)
    net, tip = np.round(rng.gamma(2, 100, 3_000), 2), np.round(rng.gamma(2, 20, 3_000), 2)
    rows = pa.table({"net": net, "tip": tip, "total": np.round(net + tip, 2)})
    model = Flat(Budget(rows=5_000, width=48, passes=60_000)).fit(None, rows)
    wanted = np.repeat([60.0, 600.0], 300)
    made_rows = pa.Table.from_batches(model.sample(600, given=pa.table({"total": wanted})))
    low, high = np.split(made_rows.column("net").to_numpy(), 2)
    assert made_rows.column("total").to_pylist() == wanted.tolist()
    assert 3 * np.median(low) < np.median(high) and np.median(low) < 100
    off = made_rows.column("net").to_numpy() + made_rows.column("tip").to_numpy() - wanted
    assert (np.abs(off) < 0.001).mean() > 0.9


def test_a_copy_is_to_the_last_digit_whatever_the_other_numbers_of_its_column_are() -> None:
    rng = np.random.default_rng(0)
    monthly, months = rng.gamma(9, 7, 2_000), rng.integers(1, 9, 2_000)
    rows = pa.table({"monthly": monthly, "total": np.where(months == 1, monthly, np.round(monthly * months))})
    encoder = encoder_of(table_of(rows.schema), rows, k=5)
    cells = encoder.encode(rows)
    back = encoder.decode(cells.codes, (cells.low + cells.high) / 2, np.random.default_rng(0), 0)
    same = np.asarray(back.column("monthly")) == np.asarray(back.column("total"))
    assert same.sum() == (months == 1).sum()


def test_copies_of_labels_are_foreseen_and_balanced_by_their_labels() -> None:
    rng = np.random.default_rng(0)
    billed, other = ([f"town {one}" for one in rng.integers(0, 80, 3_000)] for _ in range(2))
    sent = [a if at % 4 else b for at, (a, b) in enumerate(zip(billed, other, strict=True))]
    rows = pa.table({"billed": billed, "sent": sent})
    model = Flat(Budget(rows=5_000, width=48, passes=60_000)).fit(None, rows)
    assert model.relations.formulas == (("sent", Copy("billed")),)
    values, chance = model.predict_proba(rows.slice(0, 50), "sent")
    right = [values.index(town) for town in billed[:50]]
    assert chance[np.arange(50), right].mean() > 0.6 and np.allclose(chance.sum(1), 1)
    made_rows = pa.Table.from_batches(model.sample(800, balance={"sent": "even"}))
    counts = np.unique(made_rows.column("sent").to_pylist(), return_counts=True)[1]
    assert counts.min() == counts.max() == 10


def test_decimals_as_databases_have_them_follow_one_another_too() -> None:
    rng = np.random.default_rng(0)
    net = np.round(rng.gamma(2, 50, 2_000), 2)
    tax = np.round(net * 0.19, 2)
    money = pa.decimal128(12, 2)
    rows = pa.table({"net": net, "tax": tax, "total": net + tax}).cast(
        pa.schema([("net", money), ("tax", money), ("total", money)]), safe=False
    )
    assert set(told(rows)) == {"tax = net * 0.19", "total = net + tax"}
    encoder = encoder_of(table_of(rows.schema), rows, k=5)
    encoded = encoder.encode(rows)
    back = encoder.decode(encoded.codes, (encoded.low + encoded.high) / 2, np.random.default_rng(0), 0)
    assert all(row["net"] + row["tax"] == row["total"] for row in back.to_pylist())
