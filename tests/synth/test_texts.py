"""Texts that say dates, times and amounts are learned as what they say, and come back as texts of the same look."""

from __future__ import annotations

import re
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from synth.tables import rows_of
from understudy.errors import InputError
from understudy.synth.encoding.encode import encoder_of, table_of
from understudy.synth.flat import Flat
from understudy.synth.network.effort import Budget

SMALL = Budget(10_000, 48, 60_000)


def stays(rows: int = 900) -> pa.Table:
    """Departures are written as they are in the United States, one to nine nights after arrivals; some have none."""
    rng = np.random.default_rng(0)
    nights = rng.integers(1, 10, rows)
    arrived = [date(2024, 1, 1) + timedelta(days=int(day)) for day in rng.integers(0, 360, rows)]
    left = [day + timedelta(days=int(more)) for day, more in zip(arrived, nights, strict=True)]
    price = nights * rng.choice([99, 1_250], rows) + rng.integers(0, 3, rows) / 4
    return pa.table(
        {
            "arrived": [day.strftime("%m/%d/%Y") for day in arrived],
            "left": ["N/A" if at % 10 == 0 else day.strftime("%m/%d/%Y") for at, day in enumerate(left)],
            "nights": nights,
            "price": [f"${one:,.2f}" for one in price],
            "at": [f"{minute // 60}:{minute % 60:02}" for minute in rng.integers(420, 1_380, rows).tolist()],
            "room": [f"{one:03}" for one in rng.integers(1, 40, rows)],
        }
    )


def test_texts_that_are_encoded_and_decoded_say_the_same() -> None:
    table = stays()
    encoder = encoder_of(table_of(table.schema), table, k=5, relations=False)
    assert {name: str(kind.arrow_type) for name, kind in encoder.texts.items()} == {
        "arrived": "date32[day]", "left": "date32[day]", "price": "decimal128(18, 2)", "at": "time32[s]",
    }  # fmt: skip
    found = encoder.encode(table)
    back = encoder.decode(found.codes, (found.low + found.high) / 2, np.random.default_rng(0), 0)
    assert back.schema == table.schema
    for name in ("arrived", "left"):  # the outermost days are no row's own
        assert pc.sum(pc.equal(back.column(name), table[name].combine_chunks())).as_py() >= 880


@pytest.fixture(scope="module")
def model() -> Flat:
    return Flat(SMALL, device="cpu").fit(None, stays())


def test_made_texts_look_like_the_others_and_keep_their_order(model: Flat) -> None:
    made = rows_of(model.sample(500, seed=1))
    there = made.filter(pc.not_equal(made["left"], "N/A"))
    assert 20 <= 500 - len(there) <= 90  # one in ten stays
    form = "%m/%d/%Y"
    arrived, left = (pc.strptime(there[name], form, "s") for name in ("arrived", "left"))
    assert arrived.null_count == left.null_count == 0
    assert pc.all(pc.less(arrived, left)).as_py()
    assert all(re.fullmatch(r"\$(\d{1,3},)?\d{1,3}\.(00|25|50|75)", one) for one in made["price"].to_pylist())
    assert all(re.fullmatch(r"([7-9]|1\d|2[0-2]):[0-5]\d", one) for one in made["at"].to_pylist())
    assert set(made["room"].to_pylist()) <= set(stays()["room"].to_pylist())  # numbers of rooms are labels


def test_texts_may_be_given_as_they_are_written(model: Flat) -> None:
    given = pa.table({"arrived": ["02/03/2024", None], "price": [None, "$2,500.25"]})
    made = rows_of(model.sample(2, seed=1, given=given))
    assert made["arrived"][0].as_py() == "02/03/2024" and made["price"][1].as_py() == "$2,500.25"
    with pytest.raises(InputError, match="'arrived' has a value that is not written as the others are") as raised:
        list(model.sample(1, given=pa.table({"arrived": ["soon"]})))
    assert "01/31/2026" in raised.value.hint


def test_a_model_of_texts_comes_back_from_a_file(model: Flat, tmp_path: Path) -> None:
    model.save(tmp_path / "stays.model")
    again = Flat.load(tmp_path / "stays.model", device="cpu")
    assert rows_of(again.sample(50, seed=2)).equals(rows_of(model.sample(50, seed=2)))


def test_a_slip_is_not_learned_and_is_no_null() -> None:
    table = pa.table({"day": [*(f"{1 + at % 28:02}.{1 + at % 12:02}.2020" for at in range(999)), "May 2020"]})
    encoder = encoder_of(table_of(table.schema), table, k=5)
    codes = encoder.encode(table).codes
    assert (codes[-1] == -1).all() and (codes[:-1] >= 0).all()
    assert "May" not in str(encoder.coded["day"])
