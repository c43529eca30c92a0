"""Counts of few columns together: what they cost, what they keep, and what they never tell."""

from __future__ import annotations

import itertools
import math
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from synth.tables import people, rows_of
from understudy.errors import InputError
from understudy.synth import load
from understudy.synth.encoding.columns import Categories, Numbers
from understudy.synth.encoding.curves import Curve
from understudy.synth.flat import Flat
from understudy.synth.marginals import Marginals
from understudy.synth.privacy.accounting import concentrated, epsilon_of, gaussian
from understudy.synth.privacy.aim import Limits, Rounds, choosing, counting
from understudy.synth.privacy.estimate import Counted, Estimate, total_of
from understudy.synth.privacy.evidence import drawn
from understudy.synth.privacy.groups import groups_of
from understudy.synth.privacy.noise import Chance
from understudy.synth.privacy.tree import Model, Tree
from understudy.synth.private import Private

SIZES = (3, 4, 2, 3, 5, 2)
RING = [(0, 1), (1, 2), (2, 3), (0, 3), (3, 4), (0,), (5,)]
"""Four columns in a ring, one that hangs on it, one alone."""


def taught(rows: pa.Table, epsilon: float = 5.0, **options: object) -> Marginals:
    return Marginals().fit(None, rows, private=Private(epsilon, seed=1, **options))  # type: ignore[arg-type]


def ring() -> tuple[Model, np.ndarray]:
    """A distribution as a tree, and as the table of all columns together."""
    tree, rng = Tree.of(SIZES, RING), np.random.default_rng(0)
    potentials, whole = {}, np.zeros(SIZES)
    for clique in RING:
        table = 1.5 * rng.normal(size=[SIZES[at] for at in clique])
        potentials[tree.sorted(clique)] = tree.turned(clique, table)
        whole = whole + table.reshape([SIZES[at] if at in clique else 1 for at in range(6)])
    return Model.of(tree, potentials), np.exp(whole) / np.exp(whole).sum()


def rounds(groups: np.ndarray, sizes: list[int], chance: Chance, *, rho: float = 1.0, bound: int = 1) -> Rounds:
    return Rounds(groups, sizes, rho, bound, chance, Limits())


def test_a_tree_tells_how_likely_any_columns_are_together() -> None:
    model, whole = ring()
    for count in (1, 2, 3):
        for clique in itertools.permutations(range(6), count):
            away = tuple(at for at in range(6) if at not in clique)
            wanted = whole.sum(axis=away).transpose(np.argsort(np.argsort(clique)))
            assert np.allclose(model.marginal(clique), wanted)


@pytest.mark.parametrize("told", [{}, {0: 1}, {2: 1, 4: 3}, {1: 0, 3: 2}])
def test_rows_are_drawn_as_likely_as_they_are_beside_what_is_known(told: dict[int, int]) -> None:
    model, whole = ring()
    known = np.full((40_000, 6), -1)
    for at, value in told.items():
        known[:, at] = value
    found = np.zeros(SIZES)
    np.add.at(found, tuple(drawn(model, known, np.random.default_rng(1)).T), 1 / len(known))

    wanted = np.zeros(SIZES)
    here = tuple(slice(told[at], told[at] + 1) if at in told else slice(None) for at in range(6))
    wanted[here] = whole[here] / whole[here].sum()
    by_chance = 0.5 * np.sqrt(2 / math.pi * wanted / len(known)).sum()
    assert 0.5 * np.abs(found - wanted).sum() < 1.2 * by_chance


def test_each_row_goes_with_what_is_known_of_itself() -> None:
    model = Model(Tree((2, 2), (0, 1), ((1,), ())), (np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([0.5, 0.5])))
    known = np.array([[0, -1], [-1, 1], [1, -1], [-1, -1]] * 50)

    found = drawn(model, known, np.random.default_rng(0))

    assert (found[:, 0] == found[:, 1]).all()
    assert ((found == known) | (known < 0)).all()


def test_an_estimate_has_the_counts_it_was_given_and_assumes_nothing_else() -> None:
    both = np.array([[30.0, 10.0], [5.0, 55.0]])
    other = np.array([[20.0, 15.0], [60.0, 5.0]])  # columns 1 and 2, which agree on column 1
    counted = [Counted((0, 1), both, 1.0), Counted((1, 2), other, 1.0)]

    model = Estimate((2, 2, 2), counted).improve(2_000).model

    assert total_of(counted) == pytest.approx(100)
    assert np.allclose(100 * model.marginal((0, 1)), both, atol=0.05)
    assert np.allclose(100 * model.marginal((1, 2)), other, atol=0.05)
    apart = both[:, :, None] * other[None] / both.sum(0)[None, :, None]  # 0 and 2 depend by 1 alone
    assert np.allclose(100 * model.marginal((0, 1, 2)), apart, atol=0.1)


def test_the_surer_of_two_counts_weighs_more() -> None:
    both = Counted((0,), np.array([10.0]), 1.0) + Counted((0,), np.array([20.0]), 2.0)
    assert both.counts.tolist() == [12.0]
    assert both.deviation == pytest.approx(math.sqrt(0.8))


@pytest.mark.parametrize("bound", [1, 3])
def test_counts_have_the_noise_that_is_accounted_for(bound: int) -> None:
    asked = rounds(np.zeros((10, 1), np.int64), [5_000], Chance(1), bound=bound)
    asked.count((0,), 7.0)
    told = asked.counted[(0,)]
    assert told.counts[1:].std() == pytest.approx(7.0 * bound, rel=0.05)
    assert told.deviation == 7.0 * bound
    assert asked.spent == pytest.approx(1 / 98)


@pytest.mark.parametrize(("share", "kept"), [(1.0, True), (0.5, False)])
def test_an_audit_of_one_count_finds_no_more_than_is_claimed_unless_half_of_the_noise_is_left_out(
    share: float, kept: bool
) -> None:
    from benchmarks.synth_private import told_apart

    claimed, delta, subject = 2.0, 1e-5, 3
    noise = share / math.sqrt(2 * concentrated(claimed, delta))
    asked = [rounds(np.zeros((rows, 1), np.int64), [1], Chance(rows), bound=subject) for rows in (40 + subject, 40)]
    seen = []
    for one in asked:
        found = []
        for _ in range(4_000):
            one.counted.clear()
            one.count((0,), noise)
            found.append(float(one.counted[(0,)].counts[0]))
        seen.append(np.array(found))

    least = told_apart(seen[0], seen[1], delta)
    assert (0.5 < least <= claimed) if kept else least > claimed


def test_an_audit_of_whole_fits_finds_less_than_is_claimed_and_would_find_a_claim_of_a_third_out() -> None:
    from benchmarks.synth_private import fits

    assert 10 / 3 < fits(10, trials=300) <= 10


@pytest.mark.parametrize("bound", [1, 4])
def test_choices_are_as_likely_as_the_exponential_mechanism_says(bound: int) -> None:
    rng = np.random.default_rng(0)
    one = rng.integers(0, 2, 300)
    other = np.where(rng.random(300) < 0.7, one, 1 - one)
    asked = rounds(np.stack([one, other, rng.integers(0, 2, 300)], 1), [2, 2, 2], Chance(5), bound=bound)
    for at in range(3):
        asked.count((at,), 1.0)
    estimate = Estimate((2, 2, 2), list(asked.counted.values())).improve(300)
    chosen = [asked.choose(estimate, 1.0, 0.05) for _ in range(4_000)]

    cliques = [(0, 1), (0, 2), (1, 2), (0, 1, 2)]
    worth = []
    for clique in cliques:
        true = np.zeros([2] * len(clique))
        np.add.at(true, tuple(np.stack([one, other, asked._groups[:, 2]])[list(clique)]), 1)
        off = np.abs(true - estimate.total * estimate.model.marginal(clique)).sum()
        worth.append(len(clique) * (off - math.sqrt(2 / math.pi) * bound * true.size))
    odds = np.exp(0.05 * np.array(worth) / (2 * 3 * bound))  # one subject changes a score by 3 columns x its rows
    shares = [chosen.count(clique) / 4_000 for clique in cliques]
    assert shares == pytest.approx((odds / odds.sum()).tolist(), abs=0.025)
    assert choosing(asked.choices) == pytest.approx(4_000 * 0.05**2 / 8)


@pytest.mark.parametrize("sizes", [[2], [3, 3], [4, 1, 5, 6]])
@pytest.mark.parametrize("rho", [1e-4, 0.02, 3.0])
def test_the_whole_budget_is_spent_and_no_more(sizes: list[int], rho: float) -> None:
    rng = np.random.default_rng(0)
    groups = np.stack([rng.integers(0, size, 400) for size in sizes], 1)
    asked = rounds(groups, sizes, Chance(2), rho=rho)

    model = asked.run(lambda share: None)

    assert counting(asked.noises) + choosing(asked.choices) == pytest.approx(rho, rel=1e-6)
    assert all(model.marginal((at,)).sum() == pytest.approx(1) for at in range(len(sizes)))


def test_the_account_is_of_all_that_was_asked_and_keeps_to_the_budget() -> None:
    privacy = taught(people(1_000), 2.0).privacy

    assert [one.what for one in privacy.shares] == ["columns", "counts", "choices"]
    spent = sum(gaussian(one.noise, times=one.times) for one in privacy.shares)
    assert privacy.epsilon == pytest.approx(epsilon_of(spent, privacy.delta - privacy.label_delta))
    assert 1.99 < privacy.epsilon <= 2.0
    assert "NOT PRIVATE: the noise was seeded" in str(privacy)


def test_noise_is_another_in_every_fit() -> None:
    fits = [Marginals().fit(None, people(300), private=Private(5.0)) for _ in range(2)]
    assert str(fits[0].model) != str(fits[1].model)
    assert "NOT PRIVATE" not in str(fits[0].privacy)


def test_columns_are_distributed_as_they_were_and_depend_as_they_did() -> None:
    rows = people(6_000)
    made = rows_of(taught(rows, 10.0).sample(6_000, seed=3))

    assert made.schema == rows.schema
    for city, share in (("Bonn", 0.5), ("Lyon", 0.3), ("Oslo", 0.2)):
        assert made["city"].to_pylist().count(city) / 6_000 == pytest.approx(share, abs=0.03)
    frame = made.to_pandas()
    wages = frame.groupby("city")["wage"].mean()
    assert wages["Bonn"] == pytest.approx(2_000, abs=100)
    assert wages["Oslo"] == pytest.approx(5_000, abs=150)
    assert frame["wage"][frame["city"] == "Bonn"].std() == pytest.approx(500, rel=0.25)
    assert frame["children"].isna().mean() == pytest.approx(0.2, abs=0.03)


def test_of_given_rows_the_rest_goes_with_what_is_given() -> None:
    fit = taught(people(6_000), 10.0)
    given = pa.table({"city": ["Oslo", "Bonn", None] * 400, "active": pa.array([None, True, False] * 400)})
    made = rows_of(fit.sample(1_200, given=given)).to_pandas()

    assert made["city"][0::3].eq("Oslo").all()
    assert made["active"][1::3].all() and not made["active"][2::3].any()
    assert made["wage"][0::3].mean() == pytest.approx(5_000, abs=200)
    assert made["wage"][1::3].mean() == pytest.approx(2_000, abs=200)
    rich = rows_of(fit.sample(500, given=pa.table({"wage": [5_300.0] * 500})))
    assert rich["city"].to_pylist().count("Oslo") > 450
    odd = rows_of(fit.sample(2, given=pa.table({"city": ["Atlantis", "Atlantis"]})))
    assert odd["city"].to_pylist() == ["Atlantis", "Atlantis"]


def test_a_column_comes_as_often_as_is_wanted_and_the_rest_goes_with_it() -> None:
    fit = taught(people(6_000), 10.0)
    given = pa.table({"city": ["Lyon", None, None, None] * 300})
    made = rows_of(fit.sample(1_200, given=given, balance={"city": {"Oslo": 2, "Bonn": 1}, "active": "even"}))

    assert made["city"].to_pylist()[::4] == ["Lyon"] * 300
    assert made["city"].to_pylist().count("Oslo") == 600 and made["city"].to_pylist().count("Bonn") == 300
    assert pc.sum(made["active"]).as_py() == 600
    wages = made.to_pandas().groupby("city")["wage"].mean()
    assert wages["Oslo"] == pytest.approx(5_000, abs=200) and wages["Bonn"] == pytest.approx(2_000, abs=200)


def test_days_and_amounts_in_texts_are_learned_as_that_and_how_they_are_written_is_public() -> None:
    rng = np.random.default_rng(0)
    days = np.datetime64("2020-01-01") + rng.integers(0, 1_400, 3_000)
    rows = pa.table({"day": [day.item().strftime("%d.%m.%Y") for day in days],
                     "paid": [f"${one:,.2f}" for one in rng.gamma(3, 500, 3_000)]})  # fmt: skip
    model = taught(rows)
    made = rows_of(model.sample(1_000, seed=1, given=pa.table({"paid": ["$1,000.00", *[None] * 999]})))
    years = pc.year(pc.strptime(made["day"], "%d.%m.%Y", "s"))
    assert pc.min(years).as_py() >= 2019 and pc.max(years).as_py() <= 2024
    assert made["paid"][0].as_py() == "$1,000.00"
    assert pc.all(pc.match_substring_regex(made["paid"], r"^\$-?[0-9,]+\.[0-9]{2}$")).as_py()
    assert "how day is written" in model.privacy.public and "how paid is written" in model.privacy.public


def test_a_value_of_one_person_is_not_in_the_file_nor_in_rows(tmp_path: Path) -> None:
    rows = people(2_000).to_pydict()
    rows["city"][3], rows["wage"][3] = "Atlantis", 987_654_321.25
    fit = taught(pa.table(rows), 10.0)
    fit.save(tmp_path / "fit")
    made = rows_of(fit.sample(3_000, seed=1))

    assert b"Atlantis" not in (tmp_path / "fit").read_bytes()
    assert "Atlantis" not in made["city"].to_pylist()
    assert max(made["wage"].to_pylist()) < 100_000


def test_a_file_holds_the_fit_and_is_no_other_synthesizers(tmp_path: Path) -> None:
    fit = taught(people(500))
    fit.save(tmp_path / "fit")
    again = Marginals.load(tmp_path / "fit")

    assert again.privacy == fit.privacy and isinstance(load(tmp_path / "fit"), Marginals)
    assert rows_of(again.sample(50, seed=4)).equals(rows_of(fit.sample(50, seed=4)))
    with pytest.raises(InputError, match="no synthesizer of this version"):
        Flat.load(tmp_path / "fit")
    (tmp_path / "not").write_text("nothing")
    with pytest.raises(InputError, match="cannot be read"):
        Marginals.load(tmp_path / "not")


def test_rows_of_one_person_are_one_subject() -> None:
    rows = people(1_200).append_column("who", pa.array(np.arange(1_200) // 4))
    fit = taught(rows, subject="who", rows_per_subject=3)

    assert fit.privacy.subject == "all rows of one who"
    assert fit.privacy.rows_per_subject == 3
    assert "who" in fit.identifiers
    assert rows_of(fit.sample(10)).num_rows == 10


def test_a_table_of_identifiers_alone_has_nothing_to_count() -> None:
    rows = pa.table({"id": np.arange(300)}, schema=pa.schema([pa.field("id", pa.int64(), nullable=False)]))
    fit = Marginals(identifiers=["id"]).fit(None, rows, private=Private(1.0, seed=1))
    assert len(set(rows_of(fit.sample(40))["id"].to_pylist())) == 40


def test_numbers_share_groups_with_their_neighbours_and_labels_with_other_rare_ones() -> None:
    curve = Curve((0.0, 1.0), (0.0, 100.0), 1_000)
    (numbers,) = groups_of(Numbers((50.0,), (0.4, 0.1, 0.5), True, curve, 0.0), most=5, fewest=0.1)
    codes = np.array([0, 1, 2, 2, 2], np.int32)
    found = numbers.of(codes, np.array([0.0, 0.0, 0.1, 0.12, 0.9]))
    code, level = numbers.drawn(found.repeat(500), np.random.default_rng(0))

    assert len(numbers) <= 6
    assert found[2] == found[3] != found[4]
    assert len({*found[[0, 1, 2, 4]].tolist()}) == 4
    assert set(code[:1_000].tolist()) == {0, 1} or set(code[500:1_000].tolist()) == {1}
    assert level[1_000:1_500].max() < 0.6 < level[2_000:].min() + 0.2

    (labels,) = groups_of(Categories(("a", "b", "c"), (0.9, 0.01, 0.01, 0.08), False, True), most=8, fewest=0.05)
    assert labels.of(np.array([0, 1, 2, 3, -1], np.int32), np.zeros(5)).tolist() == [0, 2, 2, 1, -1]
    assert set(labels.drawn(np.ones(400, np.int64), np.random.default_rng(0))[0].tolist()) <= {0, 1, 2}


def test_what_cannot_be_done_is_refused() -> None:
    rows = people(300)
    with pytest.raises(InputError, match="within a budget only"):
        Marginals().fit(None, rows)
    with pytest.raises(InputError, match="learned nothing yet"):
        list(Marginals().sample(3))
    with pytest.raises(InputError, match="nowhere"):
        Marginals(identifiers=["nowhere"]).fit(None, rows, private=Private(1.0))
    with pytest.raises(InputError, match="too few subjects"):
        taught(people(30))
    fit = taught(rows)
    with pytest.raises(InputError, match="too many different values"):
        fit.sample(3, balance={"wage": "even"})
    with pytest.raises(InputError, match="has 1 rows where 3 are wanted"):
        fit.sample(3, given=pa.table({"city": ["Oslo"]}))
    with pytest.raises(InputError, match="nowhere"):
        fit.sample(1, given=pa.table({"nowhere": [1]}))
