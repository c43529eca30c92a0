"""The one training loop: rows in random order, each with a random part of it masked, until the budget is used up."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from understudy.synth.encoding.encode import Encoded
from understudy.synth.network.model import Network, lower_precision, scored
from understudy.synth.network.step import chance, step_of
from understudy.synth.privacy.accounting import Privacy

_HELD = (0.05, 0.1)
"""The share of rows that only judge: the least and, of small tables, the most."""
_JUDGES = (500, 10_000)
"""How many rows that is to be, from which share to which."""
_PLAIN = 0.15
"""The share of rows that are shown with values that follow from others as they are."""
_MASKS = 4
_SHOWN = 4_000
_RISEN = 0.2
"""The share of learning from which getting worse counts."""
_CHECKS = 16
"""How often the network is judged."""
_PATIENCE = 3
_HURRY = 5
"""How much faster the rate falls once the network no longer improves: what it learns last, it learns at low rates."""


@dataclass(frozen=True)
class Recipe:
    """How to learn; ``passes`` counts rows shown."""

    passes: int
    seed: int = 0
    batch: int = 256
    rate: float = 2e-3
    decay: float = 0.01
    warm_up: int = 100
    clip: float = 2.0
    average: float = 0.998
    device: str = "cpu"


@dataclass(frozen=True)
class Learned:
    """What a fit came to: losses in nats per row, of the network that is kept."""

    passes: int
    loss: float
    """On rows learned from, lately."""
    held_loss: float
    """On rows that only judged; not a number where there were too few."""
    privacy: Privacy | None = None
    """What was spent of a budget, where the fit was private; then no loss is told."""


@dataclass(frozen=True)
class Rows:
    """Encoded rows as tensors, (rows, parts)."""

    codes: Tensor
    low: Tensor
    high: Tensor
    own: Tensor | None = None
    """The classes of the values themselves, where some say what a value follows from."""

    @staticmethod
    def of(encoded: Encoded, device: str = "cpu") -> Rows:
        """Where they are learned from; on a CPU they share the arrays' memory."""
        arrays = [a for a in (encoded.codes, encoded.low, encoded.high, encoded.own) if a is not None]
        return Rows(*(torch.from_numpy(np.ascontiguousarray(a)).to(device) for a in arrays))

    def at(self, rows: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Classes and fresh normal scores of some rows: a number's level is drawn from its range anew each time."""
        low = self.low[rows]
        level = low + (self.high[rows] - low) * uniform(low.shape, generator)
        return self.codes[rows].long(), scored(level.clamp(1e-6, 1 - 1e-6))

    def shown(self, codes: Tensor, rows: Tensor, generator: torch.Generator) -> Tensor:
        """Classes as the network sees them: in some rows values that follow from others as they are.

        So it also learns what goes with a value that is given without what it follows from.
        """
        if self.own is None:
            return codes
        return torch.where(uniform((len(rows), 1), generator) < _PLAIN, self.own[rows].long(), codes)


def uniform(shape: Sequence[int], generator: torch.Generator) -> Tensor:
    """Chance from 0 to 1, where the generator is."""
    return torch.rand(*shape, generator=generator, device=generator.device)


def masks(rows: int, made: int, parts: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """For each row an order and a cut: which parts are known, and the weight of the loss of the others.

    Cuts are spread evenly over the rows, and context (from ``made`` on) is always known.
    """
    device = generator.device
    known = torch.ones(rows, parts, dtype=torch.bool, device=device)
    turn = torch.randperm(rows, generator=generator, device=device)
    cut = ((turn + uniform((1,), generator)) * made / rows).long().clamp_max(made - 1)
    known[:, :made] = uniform((rows, made), generator).argsort(1) < cut.unsqueeze(1)
    return known, made / (made - cut).float()


def learn(network: Network, encoded: Encoded, recipe: Recipe, progress: Callable[[int, float], None]) -> Learned:
    """Teach a network some rows; in the end it holds the averaged weights that judged best."""
    network.seeded(recipe.seed)
    network.to(recipe.device).train()
    with chance(recipe.seed, recipe.device) as (generator, turns):
        return _learned(network, Rows.of(encoded, recipe.device), recipe, progress, generator, turns)


def _learned(
    network: Network,
    rows: Rows,
    recipe: Recipe,
    progress: Callable[[int, float], None],
    generator: torch.Generator,
    turns: torch.Generator,
) -> Learned:
    """The loop; ``turns`` shuffles the rows, ``generator`` is for everything that a step draws."""
    device = rows.codes.device
    shuffled = torch.randperm(len(rows.codes), generator=turns)
    held = shuffled[: judges(len(shuffled))].to(device)
    own = shuffled[len(held) :].to(device)
    size = max(16, min(recipe.batch, len(own) // 8))
    steps = max(1, math.ceil(recipe.passes / size))
    weights: list[Tensor] = list(network.parameters())
    averaged = [p.detach().clone() for p in weights]

    def loss(batch: Tensor) -> Tensor:
        return loss_of(network, rows, batch, generator)

    take = step_of(weights, loss, rate=recipe.rate, decay=recipe.decay, clip=recipe.clip, like=own[:size])
    judge = Judge(network, averaged, rows, held, recipe)
    check_every = max(1, steps // _CHECKS)
    recent = math.nan
    at, order = 0, torch.randperm(len(own), generator=turns).to(device)
    step, done, pace = 0, 0.0, 1.0 / steps
    while done < 1:
        if at + size > len(order):
            at, order = 0, torch.randperm(len(own), generator=turns).to(device)
        rate = recipe.rate * min(_falling(done), (step + 1) / min(recipe.warm_up, max(steps // 10, 1)))
        lost = take(own[order[at : at + size]], rate)
        at += size
        with torch.no_grad():
            torch._foreach_lerp_(averaged, weights, 1 - min(recipe.average, (1 + step) / (10 + step)))
        if step % 20 == 0:
            now = float(lost)
            recent = now if math.isnan(recent) else 0.9 * recent + 0.1 * now
            progress(int(done * recipe.passes), recent)
        step, done = step + 1, done + pace
        if len(held) and (step % check_every == 0 or done >= 1):
            judge.look(early=done <= _RISEN)
            if judge.worse >= _PATIENCE and pace > 1.0 / steps:
                break
            if judge.worse >= _PATIENCE:
                judge.worse, pace = 0, _HURRY / steps
    _load(network, judge.kept)
    network.eval()
    progress(recipe.passes, recent)
    return Learned(step * size, recent, judge.best if len(held) else math.nan)


def judges(rows: int) -> int:
    """How many of so many rows only judge."""
    fewest, most = _JUDGES
    return int(min(max(_HELD[0] * rows, min(fewest, _HELD[1] * rows)), most))


def loss_of(network: Network, rows: Rows, batch: Tensor, generator: torch.Generator) -> Tensor:
    """The mean loss of some rows under fresh masks, in nats per row."""
    return _loss(network, *_masked(network, rows, batch, generator))


def _masked(network: Network, rows: Rows, batch: Tensor, generator: torch.Generator) -> tuple[Tensor, ...]:
    """Some rows under fresh masks: their codes and numbers, what is shown of them, what is known, and how it counts."""
    layout = network.layout
    codes, z = rows.at(batch, generator)
    known, weight = masks(len(batch), layout.made, len(layout.parts), generator)
    return codes, z, rows.shown(codes, batch, generator), known, weight


def _loss(network: Network, codes: Tensor, z: Tensor, shown: Tensor, known: Tensor, weight: Tensor) -> Tensor:
    with lower_precision(codes.device.type):
        out = network(shown, z, known & (shown >= 0))
    losses = network.losses(out.float(), codes, z)
    return ((losses * ~known[:, : network.layout.made]).sum(1) * weight).mean()


@dataclass
class Judge:
    """Looks now and then how likely rows are that nothing is learned from, and keeps the weights that did best."""

    network: Network
    averaged: list[Tensor]
    rows: Rows
    held: Tensor
    recipe: Recipe
    best: float = math.inf
    worse: int = 0
    """How often in a row it was no better."""

    def __post_init__(self) -> None:
        self.kept = self.averaged

    def look(self, *, early: bool) -> None:
        """Judge the average as it is; getting worse ``early`` means nothing."""
        lost = self._lost()
        if lost < self.best:
            self.best, self.worse, self.kept = lost, 0, [p.clone() for p in self.averaged]
        elif not early:
            self.worse += 1

    @cached_property
    def shown(self) -> list[tuple[Tensor, ...]]:
        """Held rows under masks, in batches; few rows judge under more masks each, which one batch then holds."""
        generator = torch.Generator(self.held.device).manual_seed(self.recipe.seed + 1)
        some = self.held[:_SHOWN]
        together = max(1, min(_SHOWN // max(len(some), 1), 8 * _MASKS))
        masked = [_masked(self.network, self.rows, some, generator) for _ in range(max(_MASKS, together))]
        batches = [zip(*masked[at : at + together], strict=True) for at in range(0, len(masked), together)]
        return [tuple(map(torch.cat, batch)) for batch in batches]

    def _lost(self) -> float:
        """The loss of the averaged network on held rows, under the same masks each time."""
        network = self.network
        own = [p.detach().clone() for p in network.parameters()]
        _load(network, self.averaged)
        network.eval()
        with torch.inference_mode():
            total = sum(float(_loss(network, *some)) * len(some[0]) for some in self.shown)
        network.train()
        _load(network, own)
        return total / sum(len(some[0]) for some in self.shown)


def _load(network: Network, weights: list[Tensor]) -> None:
    with torch.no_grad():
        for one, other in zip(network.parameters(), weights, strict=True):
            one.copy_(other)


def _falling(done: float) -> float:
    """The share of the learning rate: a cosine to 2 %."""
    return 0.02 + 0.49 * (1 + math.cos(math.pi * min(done, 1.0)))
