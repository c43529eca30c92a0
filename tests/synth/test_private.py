"""Private fits: what one subject may change is bounded, noised and accounted for."""

from __future__ import annotations

import math
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import torch

from synth.tables import people, rows_of
from understudy.errors import Error, InputError
from understudy.interfaces import Progress
from understudy.schema import CheckConstraint
from understudy.synth import private as private_module
from understudy.synth.encoding.columns import Numbers
from understudy.synth.encoding.encode import encoder_of, table_of
from understudy.synth.flat import Flat
from understudy.synth.network.model import Network, Size, mixed
from understudy.synth.network.train import Rows
from understudy.synth.privacy import cells
from understudy.synth.privacy.accounting import epsilon_of, gaussian
from understudy.synth.privacy.dp_encode import Counter, Known, private_encoder, questions
from understudy.synth.privacy.dp_train import Subjects, clipped, noised, row_losses, squared_norms, summed, watched
from understudy.synth.privacy.noise import Chance
from understudy.synth.private import Plan, Private, bounded

TINY = Plan(width=24, steps=8, batch=100, views=2)


def taught(rows: pa.Table, epsilon: float = 5.0, **options: object) -> Flat:
    private = Private(epsilon, seed=1, plan=TINY, **options)  # type: ignore[arg-type]
    return Flat().fit(None, rows, private=private)


def network_and_rows(count: int) -> tuple[Network, Rows]:
    rows = people(count)
    encoder = encoder_of(table_of(rows.schema), rows, k=5, relations=False)
    network = mixed(encoder.parts, encoder.made, Size(width=20, blocks=1, mixture=3, dropout=0.0), seed=3)
    return network, Rows.of(encoder.encode(rows))


def plain_gradient(network: Network, loss: torch.Tensor) -> list[torch.Tensor]:
    return list(torch.autograd.grad(loss, list(network.parameters()), retain_graph=True))


@pytest.mark.parametrize("each", [1, 3])
def test_bounded_gradients_are_those_of_a_loop_over_subjects(each: int) -> None:
    network, rows = network_and_rows(30)
    real = torch.ones(30)
    real[4] = 0.0  # a place without a row
    with watched(network) as seen:
        losses = row_losses(network, rows, torch.arange(30), real, np.random.default_rng(0))
    bound = 5.0 * math.sqrt(each)
    wanted = [torch.zeros_like(weight) for weight in network.parameters()]
    norms = []
    for own in losses.view(-1, each):
        gradient = plain_gradient(network, own.sum())
        norms.append(math.sqrt(sum(float(one.square().sum()) for one in gradient)))
        for total, one in zip(wanted, gradient, strict=True):
            total += one * min(1.0, bound / max(norms[-1], 1e-9))

    backs = torch.autograd.grad(losses.sum(), [one.out for one in seen], retain_graph=True)
    squares = sum(squared_norms(one, back, each) for one, back in zip(seen, backs, strict=True))
    found = clipped(losses, seen, each, bound)

    assert torch.as_tensor(squares).sqrt().tolist() == pytest.approx(norms, rel=1e-4)
    assert max(norms) > bound > min(norms)
    for weight, right in zip(network.parameters(), wanted, strict=True):
        assert torch.allclose(found[weight], right, atol=1e-5)


def test_one_subject_changes_the_sum_of_gradients_by_no_more_than_the_bound() -> None:
    network, rows = network_and_rows(40)
    who = Subjects(np.repeat(np.arange(10), 4), 4)
    plan = Plan(views=2, clip=0.25)

    for subject in range(10):
        alone = summed(network, rows, who, np.array([subject]), plan, np.random.default_rng(1))
        assert math.sqrt(sum(float(one.square().sum()) for one in alone.values())) <= 0.25 * 1.0001


def test_micro_batches_add_up_to_the_same_sum(monkeypatch: pytest.MonkeyPatch) -> None:
    network, rows = network_and_rows(40)
    who, plan = Subjects(np.arange(40), 1), Plan(views=1, clip=1e9)
    with watched(network):
        pass_all = row_losses(network, rows, torch.arange(40), torch.ones(40), np.random.default_rng(2))
    whole = plain_gradient(network, pass_all.sum())

    found = summed(network, rows, who, np.arange(40), plan, np.random.default_rng(2))

    for weight, right in zip(network.parameters(), whole, strict=True):
        assert torch.allclose(found[weight], right, atol=1e-4)


def test_a_layer_whose_gradients_cannot_be_bounded_is_refused() -> None:
    with pytest.raises(Error, match="BatchNorm1d"), watched(torch.nn.Sequential(torch.nn.BatchNorm1d(3))):
        pass
    with pytest.raises(Error, match="twice or never"), watched(torch.nn.Sequential(torch.nn.Linear(2, 2))):
        pass


def test_a_subject_with_more_rows_than_its_bound_is_refused_by_the_network() -> None:
    with pytest.raises(Error, match="more rows than its bound"):
        Subjects(np.array([0, 0, 1]), 1)


def test_of_each_subject_so_many_rows_are_kept_and_no_more() -> None:
    rows = pa.table({"who": pa.array([7] * 50 + [8, 8, None, None, 9]), "x": np.arange(55)})

    kept, owner = bounded(rows, Private(1.0, subject="who", rows_per_subject=2), Chance(3))

    assert kept["who"].to_pylist().count(7) == 2
    assert sorted(np.bincount(owner).tolist()) == [1, 1, 1, 2, 2]
    others = bounded(rows, Private(1.0, subject="who", rows_per_subject=2), Chance(4))[0]
    assert kept["x"].to_pylist()[:2] != others["x"].to_pylist()[:2]


def test_noise_has_the_deviation_that_is_said() -> None:
    chance = Chance()
    assert chance.normal(200_000).std() == pytest.approx(1, abs=0.02)
    for deviation in (0.8, 6.0, 55.5):
        found = chance.whole_normal(60_000, deviation)
        assert found.std() == pytest.approx(deviation, rel=0.03)
        assert abs(found.mean()) < 0.03 * deviation
    counter = Counter(Chance(), noise=10.0, bound=5)  # a subject of five rows can change a count by five
    assert (counter.counts(np.zeros(7, np.int64), 20_000)[1:]).std() == pytest.approx(50, rel=0.04)


def test_noise_on_gradients_has_the_deviation_that_is_accounted_for() -> None:
    found = noised(torch.full((300, 400), 7.0), 2.5, Chance())

    assert found.dtype == torch.float64
    assert float(found.mean()) == pytest.approx(7, abs=0.05)
    assert float(found.std()) == pytest.approx(2.5, rel=0.02)


def test_noise_comes_from_the_operating_system_unless_it_is_seeded() -> None:
    assert not np.array_equal(Chance().uniform(4), Chance().uniform(4))
    assert np.array_equal(Chance(1).uniform(4), Chance(1).uniform(4))
    assert "NOT PRIVATE: the noise was seeded" in str(taught(people(400)).privacy)


def test_masks_of_a_private_fit_cannot_be_foretold() -> None:
    assert not np.array_equal(Chance().dice().random(4), Chance().dice().random(4))
    assert np.array_equal(Chance(1).dice().random(4), Chance(1).dice().random(4))


def test_a_question_that_is_not_in_the_account_stops_the_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_module, "questions", lambda *_: 3)
    with pytest.raises(Error, match="more was asked"):
        taught(people(300))


def test_what_is_spent_is_what_was_asked_and_keeps_to_the_budget() -> None:
    rows = people(1_000)
    privacy = taught(rows, 4.0).privacy

    assert privacy is not None
    columns, network = privacy.shares
    assert columns.times == questions(table_of(rows.schema), rows.schema, Known()) + 2
    spent = gaussian(columns.noise, times=columns.times)
    spent = spent + gaussian(network.noise, times=network.times, sampled=network.sampled)
    assert privacy.epsilon == pytest.approx(epsilon_of(spent, privacy.delta - privacy.label_delta))
    assert 3.9 < privacy.epsilon <= 4.0
    assert privacy.label_delta == pytest.approx(privacy.delta / 10)


def test_columns_ask_as_many_questions_as_their_types_say() -> None:
    rows = people(500).append_column("at", pa.array(np.arange(500), pa.timestamp("s")))
    counter = Counter(Chance(1), 5.0)

    private_encoder(table_of(rows.schema), rows, Known(identifiers=["children"]), counter, 1e-7)

    assert counter.asked == questions(table_of(rows.schema), rows.schema, Known(identifiers=["children"]))


def test_made_rows_are_of_the_tables_types_and_ranges_and_come_back_from_a_file(tmp_path: Path) -> None:
    rows = people(3_000)
    flat = taught(rows, 10.0)
    made = rows_of(flat.sample(200, seed=2))

    assert made.schema == rows.schema
    assert set(made["city"].to_pylist()) <= {"Bonn", "Lyon", "Oslo"}
    assert all(abs(wage - round(wage, 2)) < 1e-9 for wage in made["wage"].to_pylist())
    assert min(made["since"].to_pylist()) > date(2019, 6, 1)
    assert max(made["since"].to_pylist()) < date(2022, 6, 1)
    flat.save(tmp_path / "model")
    again = Flat.load(tmp_path / "model")
    assert again.privacy == flat.privacy
    assert rows_of(again.sample(200, seed=2)).equals(made)
    assert math.isnan(flat.learned.loss)
    assert math.isnan(flat.learned.held_loss)


def test_a_value_of_one_person_is_not_in_the_model(tmp_path: Path) -> None:
    rows = people(1_000).to_pydict()
    rows["city"][3], rows["wage"][3] = "Atlantis", 987_654_321.25
    flat = taught(pa.table(rows), 10.0)
    flat.save(tmp_path / "model")
    kept = (tmp_path / "model").read_bytes()
    made = rows_of(flat.sample(2_000, seed=1))

    assert b"Atlantis" not in kept
    assert b"98765432" not in kept
    assert "Atlantis" not in made["city"].to_pylist()
    assert max(made["wage"].to_pylist()) < 100_000


def test_bounds_and_categories_are_taken_as_public_and_said_to_be() -> None:
    rows = people(500)
    flat = taught(rows, bounds={"wage": (0.0, 9_000.0)}, categories={"city": ["Bonn", "Lyon", "Oslo", "Rome"]})

    assert flat.privacy is not None
    assert {"bounds of wage", "labels of city"} <= set(flat.privacy.public)
    assert "Rome" in str(flat.encoder.coded["city"])
    assert max(rows_of(flat.sample(300, seed=1))["wage"].to_pylist()) <= 9_001


def test_cells_find_values_that_many_share_and_the_range_of_the_others() -> None:
    found = np.concatenate([np.zeros(5_000), np.random.default_rng(1).integers(40_000, 60_000, 5_000)]).astype(float)
    counter = Counter(Chance(2), 5.0)

    tree = cells.grown(found, None, 1.0, counter.counts, counter.deviation)

    assert counter.asked == 1 + cells.SPLITS
    assert tree.counts[tree.low == 0].tolist() == pytest.approx([5_000], abs=40)
    rest = tree.low > 0
    assert tree.low[rest].min() > 38_000
    assert tree.high[rest].max() < 62_000
    assert tree.counts[rest].sum() == pytest.approx(5_000, abs=200)


def test_no_loss_of_real_rows_is_told_while_learning() -> None:
    said: list[str] = []
    tell: Progress = lambda step, subject, done, total: said.append(subject)  # noqa: E731

    Flat().fit(None, people(400), private=Private(5.0, seed=1, plan=TINY), progress=tell)

    assert said
    assert set(said) == {"rows"}


def test_rows_of_one_person_are_one_subject() -> None:
    rows = people(1_200).append_column("who", pa.array(np.arange(1_200) // 4))
    flat = taught(rows, subject="who", rows_per_subject=3)

    assert flat.privacy is not None
    assert flat.privacy.subject == "all rows of one who"
    assert flat.privacy.rows_per_subject == 3
    assert "who" in flat.identifiers
    assert len(rows_of(flat.sample(10))) == 10


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"epsilon": 0.0}, "no budget"),
        ({"epsilon": 1.0, "delta": 0.5}, "delta"),
        ({"epsilon": 1.0, "rows_per_subject": 2}, "needs a subject"),
    ],
)
def test_budgets_that_make_no_sense_are_refused(wrong: dict[str, float], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Private(**wrong)  # type: ignore[arg-type]


def test_columns_that_are_not_there_are_named() -> None:
    with pytest.raises(InputError, match="nowhere"):
        taught(people(300), subject="nowhere")


def test_bounds_of_texts_and_categories_of_numbers_are_refused() -> None:
    with pytest.raises(InputError, match="holds no numbers"):
        taught(people(300), bounds={"city": (0.0, 1.0)})
    with pytest.raises(InputError, match="holds no text"):
        taught(people(300), categories={"wage": ["1"]})


def test_a_delta_of_more_than_one_subject_is_refused() -> None:
    with pytest.raises(InputError, match="more than one in the number of subjects"):
        taught(people(1_500), delta=1e-3)


def test_too_few_subjects_are_refused() -> None:
    with pytest.raises(InputError, match="too few subjects"):
        taught(people(30), 10.0)


@pytest.mark.slow
def test_an_audit_of_one_step_finds_less_than_is_claimed_and_more_at_half_the_noise() -> None:
    from benchmarks.synth_private import steps

    assert 0.5 < steps(3.0, trials=1_000) <= 3.0
    assert steps(3.0, trials=1_000, share=0.5) > 3.0


@pytest.mark.slow
def test_an_audit_finds_less_than_is_claimed_and_more_without_noise() -> None:
    from benchmarks.synth_private import NOISELESS, audit

    assert audit(1.0) <= 1.0
    assert audit(NOISELESS) > 1.0


def test_no_noise_makes_numbers_of_another_magnitude() -> None:
    ages = np.random.default_rng(0).integers(18, 80, 1_000).astype(np.float64)
    for seed in range(200):  # one in 25 fits had ages in the millions
        counter = Counter(Chance(seed), 4.0)
        tree = cells.grown(ages, None, 1.0, counter.counts, counter.deviation)
        assert tree.low.min() > -300 and tree.high.max() < 1_100


def test_no_noise_leads_over_a_bound_that_the_table_declares() -> None:
    rng = np.random.default_rng(0)
    rows = pa.table(
        {"age": rng.integers(5, 130, 3_000), "paid": rng.normal(0, 30, 3_000), "few": rng.integers(0, 4, 3_000)}
    )
    checks = (
        CheckConstraint("adult", ("age",), "CHECK (((age >= 18) AND (age < 120)))"),
        CheckConstraint("paid", ("paid",), "CHECK ((paid >= (0)::numeric))"),
        CheckConstraint("few", ("few",), 'CHECK (("few" > 0))'),
        CheckConstraint("either", ("age",), "CHECK (((age > 90) OR (age < 20)))"),
        CheckConstraint("both", ("age", "few"), "CHECK ((age >= 50))"),
    )
    table = replace(table_of(rows.schema), checks=checks)
    made = private_encoder(table, rows, Known(), Counter(Chance(1), 5.0), 0.0).coded
    age, paid, few = (made[name] for name in ("age", "paid", "few"))
    assert isinstance(age, Numbers) and isinstance(paid, Numbers) and isinstance(few, Numbers)
    assert age.curve and (age.curve.values[0], age.curve.values[-1]) == (18, 119)
    assert paid.curve and paid.curve.values[0] == 0 and paid.curve.values[-1] > 30
    assert min(few.atoms) == 1
