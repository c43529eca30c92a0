"""Drawing under conditions, and what the network thinks of rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

pytest.importorskip("torch")

import torch
from torch import Tensor

from synth.tables import LONGER, people, rows_of
from understudy.errors import InputError
from understudy.synth.balance import chosen
from understudy.synth.encoding.columns import Part
from understudy.synth.flat import Flat
from understudy.synth.network.model import Layout, Network, scored
from understudy.synth.network.sample import in_turn
from understudy.synth.network.states import States
from understudy.synth.network.trunk import rounded


@pytest.fixture(scope="module")
def flat() -> Flat:
    return Flat(LONGER, seed=1).fit(None, people(2_000))


def test_made_rows_depend_on_one_another_as_real_ones_do(flat: Flat) -> None:
    made = rows_of(flat.sample(4_000))
    wages = {city: pc.mean(made.filter(pc.equal(made["city"], city))["wage"]).as_py() for city in ("Bonn", "Oslo")}
    assert wages["Bonn"] == pytest.approx(2_000, rel=0.1) and wages["Oslo"] == pytest.approx(5_000, rel=0.1)
    assert made["children"].null_count / 4_000 == pytest.approx(0.2, abs=0.04)


def test_what_is_given_stays_and_the_rest_goes_with_it(flat: Flat) -> None:
    given = pa.table({"city": ["Oslo", None] * 500, "wage": pa.array([None, 5_000.0] * 500)})
    made = rows_of(flat.sample(1_000, given=given))
    assert made["city"].to_pylist()[::2] == ["Oslo"] * 500
    assert made["wage"].to_pylist()[1::2] == [5_000.0] * 500
    assert made["wage"].null_count == made["city"].null_count == 0
    assert np.mean(made["wage"].to_numpy()[::2]) == pytest.approx(5_000, rel=0.1)
    assert made["city"].to_pylist()[1::2].count("Oslo") > 450


def test_dates_are_as_often_null_as_they_were() -> None:
    rng = np.random.default_rng(0)
    born = np.datetime64("1960-01-01") + rng.integers(0, 15_000, 2_000)
    died = born + rng.integers(7_000, 12_000, 2_000)
    rows = pa.table(
        {
            "born": pa.array(born, mask=rng.random(2_000) < 0.1),
            "died": pa.array(died, mask=rng.random(2_000) < 0.6),
        }
    )
    made = rows_of(Flat(LONGER, seed=1).fit(None, rows).sample(4_000))
    for name in rows.column_names:
        assert made[name].null_count / 4_000 == pytest.approx(rows[name].null_count / 2_000, abs=0.12), name
    assert pc.all(pc.less_equal(made["born"], made["died"])).as_py()


def test_the_first_part_of_a_column_is_drawn_before_its_others() -> None:
    parts = [Part("", (1.0,)), Part("week", (1.0,)), Part("day", (1.0,), lead=1), Part("time", (1.0,), lead=2)]
    orders = [in_turn(Layout(tuple(parts), 4), np.random.default_rng(seed)) for seed in range(50)]
    assert all(sorted(order) == [0, 1, 2, 3] for order in orders)
    assert all(order.index(1) < min(order.index(2), order.index(3)) for order in orders)
    assert len(set(map(tuple, orders))) == 8  # every order in which 1 comes before 2 and 3


def test_rows_that_share_a_state_are_drawn_as_if_each_had_its_own(flat: Flat, monkeypatch: pytest.MonkeyPatch) -> None:
    given = pa.table({"city": ["Oslo", None, "Bonn"] * 1_000})
    shared = [rows_of(flat.sample(3_000, seed=4, given=some)).to_pylist() for some in (None, given)]
    begun, states = States.of, list[int]()

    def apart(network: Network, codes: Tensor, levels: Tensor) -> States:
        found = begun(network, codes, levels)
        states.append(len(found.codes))
        known, z = codes >= 0, scored(levels.clamp(1e-6, 1 - 1e-6))
        return States(codes, z, known, network.entered(codes, z, known), None)

    monkeypatch.setattr(States, "of", apart)
    alone = [rows_of(flat.sample(3_000, seed=4, given=some)).to_pylist() for some in (None, given)]
    assert sorted(set(states)) == [1, 3], "three thousand rows begin in as many"
    for one, other in zip(shared, alone, strict=True):
        labels = ("city", "children", "active")
        alike = np.mean([all(row[name] == twin[name] for name in labels) for row, twin in zip(one, other, strict=True)])
        off = np.median([abs(row["wage"] / twin["wage"] - 1) for row, twin in zip(one, other, strict=True)])
        assert alike > 0.97 and off < 0.002, "but for what rounding turns"


@pytest.mark.skipif(not torch.cpu._is_vnni_supported(), reason="the processor has no products of bytes")
def test_the_rounded_trunk_says_of_rows_what_the_exact_one_does(flat: Flat, monkeypatch: pytest.MonkeyPatch) -> None:
    real, exact = people(500, seed=6), flat.network.trunk
    told = flat.log_prob(real)
    with torch.inference_mode():
        trunk = rounded(flat.network)
        hidden = torch.randn(40, flat.network.size.width, generator=torch.Generator().manual_seed(0))
        off = trunk(hidden) - exact(hidden)
        assert 0 < off.std() < 0.05 * exact(hidden).std()
        assert torch.allclose(trunk(hidden[3:5]), trunk(hidden)[3:5], atol=1e-5), "a row is rounded by itself"
    monkeypatch.setattr(flat.network, "trunk", trunk)
    assert flat.log_prob(real).mean() == pytest.approx(told.mean(), abs=0.02)
    assert np.abs(flat.log_prob(real) - told).max() > 1e-4


def test_a_given_value_that_was_never_seen_stays(flat: Flat) -> None:
    given = pa.table({"city": ["Rome"] * 30, "wage": [1e12] * 30})
    made = rows_of(flat.sample(30, given=given))
    assert set(made["city"].to_pylist()) == {"Rome"} and set(made["wage"].to_pylist()) == {1e12}


def test_balance_evens_out_a_column_and_keeps_what_depends_on_it(flat: Flat) -> None:
    made = rows_of(flat.sample(3_000, balance={"city": "even", "active": {True: 0.75, False: 0.25}}))
    counts = {one["values"]: one["counts"] for one in pc.value_counts(made["city"]).to_pylist()}
    assert set(counts.values()) == {1_000}
    assert pc.sum(made["active"]).as_py() == pytest.approx(2_250, abs=2)
    oslo = made.filter(pc.equal(made["city"], "Oslo"))["wage"]
    assert pc.mean(oslo).as_py() == pytest.approx(5_000, rel=0.1)


@pytest.mark.parametrize(
    ("balance", "said"),
    [({"town": "even"}, "does not exist"), ({"wage": "even"}, "too many"), ({"city": {"Rome": 1}}, "no such value"),
     ({"city": {"Oslo": -1}}, "positive")],
)  # fmt: skip
def test_a_balance_that_cannot_be_is_refused(flat: Flat, balance: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said):
        flat.sample(10, balance=balance)  # type: ignore[arg-type]


def test_a_low_temperature_makes_rows_more_usual(flat: Flat) -> None:
    usual = rows_of(flat.sample(2_000, temperature=0.3))
    assert usual["city"].to_pylist().count("Bonn") > 1_300
    with pytest.raises(InputError, match="temperature"):
        flat.sample(10, temperature=0)


def test_chances_of_a_column_are_those_of_its_rows(flat: Flat) -> None:
    values, chance = flat.predict_proba(people(400, seed=5), "city")
    truth = people(400, seed=5)["city"].to_pylist()
    assert chance.shape == (400, 3) and np.allclose(chance.sum(1), 1)
    guessed = [values[at] for at in chance.argmax(1)]
    assert np.mean([g == t for g, t in zip(guessed, truth, strict=True) if t == "Oslo"]) > 0.9
    with pytest.raises(InputError, match="too many"):
        flat.predict_proba(people(), "wage")


def test_real_rows_are_likelier_than_rows_torn_apart(flat: Flat) -> None:
    real = people(500, seed=6)
    torn = real.set_column(0, "city", real["city"].take(np.random.default_rng(0).permutation(500)))
    assert flat.log_prob(real).mean() > flat.log_prob(torn).mean() + 1


def test_chosen_shares_are_exact() -> None:
    codes = chosen({0: 1, 1: 2, 2: 0}, 300, np.random.default_rng(0))
    assert np.bincount(codes, minlength=3).tolist() == [100, 200, 0]
