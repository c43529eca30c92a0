"""Filters on several tables: copies of families are made anew in their places, and short rows that repeat stay."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

pytest.importorskip("torch")

from synth.families import SHOP, TINY, Rows, collected, key, name, parents_of, schema_of, shop, whole
from understudy.errors import InputError
from understudy.synth.families.watch import Watch, siblings_of
from understudy.synth.filters import Filters
from understudy.synth.tables import Tables

USERS, ORDERS, LINES = name("users"), name("orders"), name("lines")
BASKET = (key("lines.user_id -> users.id"),)


def baskets(users: int = 400, seed: int = 0) -> Rows:
    """Users of whom little is known, and what they bought each year: a quantity and a price, of which there are 36."""
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(users), rng.integers(1, 12, users))
    place = np.arange(len(owner)) - np.searchsorted(owner, owner)
    return {
        USERS: pa.table({"id": np.arange(users), "town": rng.choice(["Bonn", "Lyon", "Oslo"], users)}),
        LINES: pa.table(
            {
                "user_id": owner,
                "year": 2010 + rng.integers(0, 3, users)[owner] + place,
                "quantity": [f"{one} of" for one in rng.integers(1, 4, len(owner))],
                "price": [f"{one}.99" for one in rng.integers(1, 13, len(owner))],
            }
        ),
    }


def learned(rows: Rows, keys) -> Tables:
    return Tables(TINY).fit(schema_of(rows, keys), lambda one: rows[one].to_reader())


def watching(fit: Tables, rows: Rows, filters: Filters | None = None, **options):
    return fit.watches(lambda one: rows[one].to_reader(), filters or Filters("medium"), **options)


def values(rows: pa.Table, *columns: str) -> list[tuple[object, ...]]:
    return list(zip(*(rows[column].to_pylist() for column in columns), strict=True))


def families(tables: Rows) -> list[tuple[tuple[object, ...], ...]]:
    """The lines of each user, in order."""
    found: dict[int, list[tuple[object, ...]]] = {}
    for at, line in zip(parents_of(tables, BASKET[0]), values(tables[LINES], "year", "quantity", "price"), strict=True):
        found.setdefault(int(at), []).append(line)
    return [tuple(one) for one in found.values()]


@pytest.fixture(scope="module")
def a_shop() -> Tables:
    return learned(shop(120), SHOP)


@pytest.fixture(scope="module")
def a_basket() -> Tables:
    return learned(baskets(), BASKET)


COLUMNS = ("day", "drink", "size", "price")


def test_a_fit_that_makes_its_rows_by_heart_is_made_to_make_others_and_every_count_stays(a_shop: Tables):
    by_heart = collected(a_shop.sample(rows={ORDERS: 400}, seed=1))
    known = set(values(by_heart[ORDERS], *COLUMNS))
    drawing = a_shop.sample(rows={ORDERS: 400}, seed=1, watches=watching(a_shop, by_heart))
    made = collected(drawing)
    assert len(known) > 350
    assert not known & set(values(made[ORDERS], *COLUMNS))
    assert len(made[ORDERS]) == 400 and len(made[USERS]) == len(by_heart[USERS])
    assert whole(made, SHOP)
    assert np.bincount(parents_of(made, SHOP[0])).tolist() == np.bincount(parents_of(by_heart, SHOP[0])).tolist()
    told = drawing.outcome[ORDERS]
    first = len(set(parents_of(by_heart, SHOP[0])))  # what follows a row made anew is another row, too
    assert told.refused["copies"] >= first and told.rows == 400 and told.made == 400 + told.refused["copies"]


def test_what_goes_on_from_a_row_made_anew_goes_on_from_the_new_row(a_shop: Tables):
    by_heart = collected(a_shop.sample(seed=1))
    made = collected(a_shop.sample(seed=1, watches=watching(a_shop, by_heart)))
    at, day = parents_of(made, SHOP[0]), made[ORDERS]["day"].cast(pa.int32()).to_numpy()
    assert (np.diff(day)[at[1:] == at[:-1]] >= 0).all()


def test_short_lines_that_repeat_others_by_rights_are_not_refused(a_basket: Tables):
    real = baskets()
    drawing = a_basket.sample(seed=2, watches=watching(a_basket, real))
    made = collected(drawing)
    repeated = set(values(made[LINES], "quantity", "price")) & set(values(real[LINES], "quantity", "price"))
    assert len(repeated) == 36
    assert drawing.outcome[USERS].refused["copies"] == 0
    assert drawing.outcome[LINES].refused["copies"] < 0.03 * len(made[LINES])
    assert drawing.outcome[LINES].missing == 0


def test_short_lines_are_refused_where_they_follow_a_real_familys_one_by_one(a_basket: Tables):
    by_heart = collected(a_basket.sample(seed=3))
    watches = watching(a_basket, by_heart)
    made = collected(a_basket.sample(seed=3, watches=watches))
    lone = Counter(families(by_heart))
    long = {one for one, times in lone.items() if len(one) >= 5 and times == 1}
    assert 10 < watches[LINES].bar < 32
    assert len(long) > 100
    assert not long & set(families(made))


def test_rows_that_were_not_refused_stay_as_they_were(a_shop: Tables):
    real = shop(120)
    plain, drawing = collected(a_shop.sample(seed=4)), a_shop.sample(seed=4, watches=watching(a_shop, real))
    assert collected(drawing)[USERS].equals(plain[USERS])
    assert sum(drawing.outcome[ORDERS].refused.values()) <= 2


def test_an_owner_that_was_handed_in_is_held_against_none_of_its_children(a_basket: Tables):
    real = baskets()
    drawing = a_basket.sample(given={USERS: real[USERS]}, watches=watching(a_basket, real))
    made = collected(drawing)
    assert drawing.outcome[LINES].refused["copies"] < 0.03 * len(made[LINES])


def test_near_copies_and_outliers_are_refused_in_children_too(a_shop: Tables):
    real = shop(120)
    drawing = a_shop.sample(3.0, seed=5, watches=watching(a_shop, real, Filters("high", "high")))
    made = collected(drawing)
    assert whole(made, SHOP)
    told = drawing.outcome[ORDERS]
    assert 0 < told.refused["outliers"] < 0.4 * told.made
    assert set(told.refused) == {"copies", "near copies", "outliers"}


def test_children_that_are_refused_to_the_last_are_left_out_and_said_to_be():
    rows = baskets(60)
    at = parents_of(rows, BASKET[0])
    rows[LINES] = rows[LINES].append_column("line", pa.array(1 + np.arange(len(at)) - np.searchsorted(at, at)))
    fit = Tables(TINY).fit(schema_of(rows, BASKET), lambda one: rows[one].to_reader())
    watch = watching(fit, rows, ignore={LINES: ["year"]})[LINES]
    every = [(f"{q} of", f"{p}.99") for q in range(1, 4) for p in range(1, 13)]
    lines = pa.table({"quantity": [q for q, _ in every], "price": [p for _, p in every]})
    strict = Watch(watch.words, kept=np.sort(watch.marks(lines.slice(0, 30)).hashes))
    drawing = fit.sample(seed=1, watches={LINES: strict})
    made = collected(drawing)
    told = drawing.outcome[LINES]
    assert told.missing > 0 and told.rows == len(made[LINES])
    assert set(values(made[LINES], "quantity", "price")) <= set(every[30:])
    own = parents_of(made, BASKET[0])
    assert (made[LINES]["line"].to_numpy() == 1 + np.arange(len(own)) - np.searchsorted(own, own)).all()


def test_children_without_an_order_stand_in_the_one_of_the_fits_seed_from_a_file_too(tmp_path: Path):
    rows = baskets(200)
    rows[LINES] = rows[LINES].drop_columns(["year"])
    fit = Tables(TINY, seed=7).fit(schema_of(rows, BASKET), lambda one: rows[one].to_reader())
    fit.save(tmp_path / "fit")
    again = Tables.load(tmp_path / "fit")

    def order(one: Tables) -> list[int]:
        habits, users = one.models[LINES].habits, len(rows[USERS])
        return siblings_of(rows[LINES], parents_of(rows, BASKET[0]), users, habits.order, one.seed).index.tolist()

    assert order(again) == order(fit)
    again.seed = 0
    assert order(again) != order(fit)


def test_columns_to_ignore_are_not_compared_and_no_filter_needs_no_rows(a_shop: Tables):
    known = watching(a_shop, shop(120), ignore={ORDERS: ["price", "size"]})
    assert [one.field.name for one in known[ORDERS].words] == ["day", "drink"]
    assert a_shop.watches(lambda one: pytest.fail("read"), Filters("off", "off")) == {}
    with pytest.raises(InputError, match="does not exist"):
        Filters("low")  # type: ignore[arg-type]
