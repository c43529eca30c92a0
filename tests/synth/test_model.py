"""The network: what is masked cannot be seen, every row stands alone, and its losses are those of its distributions."""

from __future__ import annotations

import math

import pytest

torch = pytest.importorskip("torch")

from understudy.synth.encoding.columns import Part  # noqa: E402
from understudy.synth.network.model import Network, Size, mixed, scored  # noqa: E402

PARTS = (
    Part("a", (0.5, 0.3, 0.2)),
    Part("b", (0.4, 0.6), number=True),
    Part("c", (1.0,), number=True),
    Part("d", (0.1,) * 10),
    Part("context", (0.5, 0.5), number=True),
)


def network() -> Network:
    return mixed(PARTS, 4, Size(width=32), seed=1).eval()


def rows(count: int = 6) -> tuple[object, object]:
    generator = torch.Generator().manual_seed(0)
    codes = torch.stack([torch.randint(0, part.classes, (count,), generator=generator) for part in PARTS], 1)
    return codes, torch.randn(count, len(PARTS), generator=generator)


def test_what_is_not_known_is_not_seen() -> None:
    codes, z = rows()
    known = torch.ones(6, 5, dtype=torch.bool)
    known[:, 1] = False
    other, there = codes.clone(), z.clone()
    other[:, 1], there[:, 1] = 0, 9.0
    with torch.no_grad():
        assert torch.equal(network()(codes, z, known), network()(other, there, known))


def test_a_row_does_not_depend_on_the_rows_beside_it() -> None:
    codes, z = rows()
    known = torch.ones(6, 5, dtype=torch.bool)
    made = network()
    with torch.no_grad():
        together = made(codes, z, known)
        alone = made(codes[2:3], z[2:3], known[2:3])
    assert torch.allclose(together[2:3], alone, atol=1e-5)


def test_it_begins_at_the_frequencies_of_classes() -> None:
    made = network()
    with torch.no_grad():
        made.heads.weight.zero_()
        codes, z = rows()
        out = made(codes, z, torch.zeros(6, 5, dtype=torch.bool))
        loss = made.losses(out, torch.zeros_like(codes), z)
    assert torch.allclose(loss[:, 0], torch.full((6,), -math.log(0.5)), atol=1e-4)
    assert torch.allclose(loss[:, 3], torch.full((6,), -math.log(0.1)), atol=1e-4)


def test_densities_of_numbers_integrate_to_one() -> None:
    made = network()
    grid = torch.linspace(-60, 60, 24_001)
    codes = torch.zeros(len(grid), 5, dtype=torch.long)
    codes[:, 1] = 1
    z = torch.zeros(len(grid), 5)
    with torch.no_grad():
        out = made(codes[:1], z[:1], torch.zeros(1, 5, dtype=torch.bool)).expand(len(grid), -1)
        z[:, 2] = grid
        density = torch.exp(-made.losses(out, codes, z)[:, 2])
    assert float(torch.trapezoid(density, grid)) == pytest.approx(1, abs=1e-3)


def test_unknown_values_cost_nothing() -> None:
    codes, z = rows()
    made = network()
    with torch.no_grad():
        loss = made.losses(made(codes, z, torch.zeros(6, 5, dtype=torch.bool)), torch.full_like(codes, -1), z)
    assert not loss.any()


def test_the_gradient_of_a_row_can_be_had_by_itself() -> None:
    made = network()
    codes, z = rows()
    known = torch.zeros(6, 5, dtype=torch.bool)
    weights = dict(made.named_parameters())

    def loss(own: dict[str, object], at: object, score: object, seen: object) -> object:
        out = torch.func.functional_call(made, own, (at[None], score[None], seen[None]))  # type: ignore[index]
        return out.square().sum()

    each = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0, 0))(weights, codes, z, known)
    assert each["heads.weight"].shape == (6, *made.heads.weight.shape)


def test_levels_and_scores_are_one_another() -> None:
    levels = torch.tensor([1e-6, 0.25, 0.5, 1 - 1e-6])
    assert torch.allclose(torch.special.ndtr(scored(levels)), levels, atol=1e-6)


def test_many_classes_and_few_share_no_logits() -> None:
    parts = tuple(Part(str(n), (1 / n,) * n) for n in (1, 2, 3, 60, 1_000, 5))
    layout = mixed(parts, len(parts), Size(width=8), 0).layout
    taken = sorted(at for part, first in layout.place.items() for at in range(first, first + parts[part].classes))
    assert len(set(taken)) == len(taken) and taken[-1] < layout.logits
