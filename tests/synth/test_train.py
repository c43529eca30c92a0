"""The training loop: masks of every size, the same fit for the same seed, progress, threads."""

from __future__ import annotations

import math

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from synth.tables import people  # noqa: E402
from understudy.synth.encoding.columns import Part  # noqa: E402
from understudy.synth.encoding.encode import Encoded, encoder_of, table_of  # noqa: E402
from understudy.synth.network.effort import Budget, budget_of, threads  # noqa: E402
from understudy.synth.network.model import Network, Size, mixed  # noqa: E402
from understudy.synth.network.train import Learned, Recipe, learn, masks  # noqa: E402


def taught(passes: int = 20_000, seed: int = 0) -> tuple[Network, Learned, list[int]]:
    table = people()
    encoder = encoder_of(table_of(table.schema), table, k=5)
    network = mixed(encoder.parts, encoder.made, Size(width=32), seed)
    told: list[int] = []
    learned = learn(network, encoder.encode(table), Recipe(passes, seed), lambda done, _: told.append(done))
    return network, learned, told


def test_masks_hide_from_one_part_to_all_and_weigh_for_it() -> None:
    known, weight = masks(1_000, 4, 6, torch.Generator().manual_seed(0))
    hidden = (~known[:, :4]).sum(1)
    assert known[:, 4:].all()
    assert sorted(set(hidden.tolist())) == [1, 2, 3, 4]
    assert torch.allclose(weight * hidden, torch.full((1_000,), 4.0))
    assert (hidden.bincount()[1:] == 250).all()  # spread evenly


def test_the_same_seed_teaches_the_same_network() -> None:
    one, other = taught(3_000)[0], taught(3_000)[0]
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


def test_learning_lowers_the_loss_and_tells_of_it() -> None:
    _, short, _ = taught(1_000)
    _, long, told = taught(15_000)
    assert long.held_loss < short.held_loss
    assert told == sorted(told) and told[-1] == 15_000


def test_a_dependence_is_learned_to_its_entropy() -> None:
    rng = np.random.default_rng(0)
    first = rng.integers(0, 2, 4_000)
    second = np.where(rng.random(4_000) < 0.9, first, 1 - first)
    none = np.zeros((4_000, 2), np.float32)
    parts = (Part("a", (0.5, 0.5)), Part("b", (0.5, 0.5)))
    network = mixed(parts, 2, Size(width=32), 0)
    learned = learn(network, Encoded(np.stack([first, second], 1).astype(np.int32), none, none),
                    Recipe(80_000), lambda *_: None)  # fmt: skip
    entropy = math.log(2) - 0.9 * math.log(0.9) - 0.1 * math.log(0.1)
    assert learned.held_loss == pytest.approx(entropy, abs=0.06)


def test_more_effort_is_a_larger_budget_and_small_tables_are_not_shown_for_ever() -> None:
    fast, normal, best = (budget_of(effort, 10**6) for effort in ("fast", "normal", "best"))  # type: ignore[arg-type]
    assert fast.passes < normal.passes < best.passes
    assert budget_of("best", 300).passes <= 300 * 400
    assert budget_of(Budget(10, 8, 5), 1_000) == Budget(10, 8, 5)


def test_wide_tables_have_wide_networks_are_shown_less_often_and_few_rows_drop_more() -> None:
    narrow, wide = [Part("", (1.0,), number=True)] * 10, [Part("", (1.0,), number=True)] * 100
    labels = [Part("", (0.5, 0.5))] * 10
    assert budget_of("normal", 10**5, wide).passes < budget_of("normal", 10**5, narrow).passes / 2
    assert [budget_of("fast", 10**5, narrow * times).width for times in (1, 5, 20)] == [128, 200, 256]
    assert [budget_of("best", 10**5, narrow * times).width for times in (1, 20)] == [512, 512]
    assert [budget_of("normal", 10**5, parts).width for parts in (labels, narrow)] == [128, 192]
    assert budget_of("fast", 10**5, narrow, related=True).width == 256
    assert budget_of("normal", 10**6, narrow).passes == budget_of("normal", 10**5, narrow).passes
    assert budget_of("normal", 5_000, labels).dropout > budget_of("normal", 50_000, labels).dropout
    assert budget_of("normal", 5_000, labels).dropout > budget_of("normal", 5_000, narrow).dropout


def test_threads_are_given_back() -> None:
    before = torch.get_num_threads()
    with threads(before + 1):
        assert torch.get_num_threads() == before + 1
    assert torch.get_num_threads() == before
