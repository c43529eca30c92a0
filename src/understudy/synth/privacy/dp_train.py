"""Noisy gradients: what each subject would change is bounded without its gradient ever being built.

Every weight of the network belongs to a plain layer, that sees a subject as a few rows: those of its own, each under
some masks.  The norm of a subject's gradient follows from what went into a layer and what came back to it (Goodfellow,
2015; of several rows, Li and others, 2021), and the sum of all gradients, each shortened by its own factor, is one more
product of the same two (Bu and others, 2023).  So a step costs about as much as a plain one, and memory is bounded by
the micro-batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from understudy.errors import Error
from understudy.interfaces import Progress
from understudy.synth.encoding.encode import Encoded
from understudy.synth.network.model import Network, scored
from understudy.synth.network.train import Rows
from understudy.synth.privacy.noise import Chance

if TYPE_CHECKING:
    from understudy.synth.private import Plan

_MICRO = 4_096
"""Rows, masks counted, that go through the network together."""
_RISE = 30
"""Steps over which the learning rate rises."""


@dataclass
class Seen:
    """What went into a layer, and what came out of it."""

    layer: nn.Module
    into: Tensor
    out: Tensor


@contextmanager
def watched(network: nn.Module) -> Iterator[list[Seen]]:
    """Note what passes through each layer that has weights of its own."""
    seen: list[Seen] = []
    layers = [one for one in network.modules() if next(one.parameters(recurse=False), None) is not None]
    odd = [type(one).__name__ for one in layers if not isinstance(one, nn.Linear | nn.Embedding | nn.LayerNorm)]
    if odd:  # fail closed: a weight whose gradient is not bounded would tell
        raise Error(
            f"a layer of kind {odd[0]} cannot learn in private", hint="use plain layers, without norms of batches"
        )

    def note(layer: nn.Module, into: tuple[Tensor, ...], out: Tensor) -> None:
        seen.append(Seen(layer, into[0], out))

    hooks = [layer.register_forward_hook(note) for layer in layers]
    try:
        yield seen
    finally:
        for hook in hooks:
            hook.remove()
        if len({id(one.layer) for one in seen}) != len(layers) or len(seen) != len(layers):
            raise Error("a layer was used twice or never, and its gradient cannot be bounded", hint="use each once")


def squared_norms(one: Seen, back: Tensor, rows: int) -> Tensor:
    """The squared norm of each subject's gradient in one layer, (subjects,); each has ``rows`` rows in a row."""
    if isinstance(one.layer, nn.Embedding):
        at, back = (x.reshape(-1, rows, *x.shape[1:]) for x in (one.into, back))
        if rows == 1:
            return back.square().sum((1, 2, 3))
        same = (at.unsqueeze(2) == at.unsqueeze(1)).to(back.dtype)  # (subjects, rows, rows, parts)
        return torch.einsum("sijp,sipd,sjpd->s", same, back, back)
    into, back = (x.reshape(-1, rows, x.shape[-1]) for x in (one.into, back))
    if isinstance(one.layer, nn.LayerNorm):
        return (back * _standard(one.layer, into)).sum(1).square().sum(1) + back.sum(1).square().sum(1)
    if rows == 1:
        found = into.square().sum((1, 2)) * back.square().sum((1, 2))
    else:
        found = ((into @ into.transpose(1, 2)) * (back @ back.transpose(1, 2))).sum((1, 2))
    return found + back.sum(1).square().sum(1) if one.layer.bias is not None else found


def gradients(one: Seen, back: Tensor) -> dict[Tensor, Tensor]:
    """The gradients of one layer's weights, summed over rows; each row's ``back`` is already shortened."""
    if isinstance(one.layer, nn.Embedding):
        flat = torch.zeros_like(one.layer.weight)
        flat.index_add_(0, one.into.reshape(-1), back.reshape(-1, back.shape[-1]))
        return {one.layer.weight: flat}
    if isinstance(one.layer, nn.LayerNorm):
        return {one.layer.weight: (back * _standard(one.layer, one.into)).sum(0), one.layer.bias: back.sum(0)}
    assert isinstance(one.layer, nn.Linear)
    found: dict[Tensor, Tensor] = {one.layer.weight: back.T @ one.into}
    if one.layer.bias is not None:
        found[one.layer.bias] = back.sum(0)
    return found


def _standard(layer: nn.LayerNorm, into: Tensor) -> Tensor:
    return nn.functional.layer_norm(into, layer.normalized_shape, eps=layer.eps)


def clipped(losses_of: Tensor, seen: list[Seen], rows: int, clip: float) -> dict[Tensor, Tensor]:
    """The sum over subjects of the gradients of their losses, each no longer than ``clip``.

    ``losses_of`` are the losses of rows, (subjects x rows,), of which a subject's loss is the sum.
    """
    backs = torch.autograd.grad(losses_of.sum(), [one.out for one in seen])
    with torch.no_grad():
        squares = torch.stack([squared_norms(one, back, rows) for one, back in zip(seen, backs, strict=True)]).sum(0)
        shorter = (clip / squares.clamp_min(1e-24).sqrt()).clamp_max(1.0)
        shorter = torch.where(torch.isfinite(squares), shorter, 0.0).repeat_interleave(rows)
        found: dict[Tensor, Tensor] = {}
        for one, back in zip(seen, backs, strict=True):
            short = torch.nan_to_num(back) * shorter.view(-1, *[1] * (back.dim() - 1))
            found.update(gradients(one, short))
    return found


def masks(rows: int, made: int, dice: np.random.Generator) -> tuple[Tensor, Tensor]:
    """Which parts of each row are known, and the weight of its loss; every row by itself, whatever others there are."""
    cut = torch.from_numpy(dice.integers(made, size=(rows, 1)))
    order = torch.from_numpy(dice.random((rows, made), np.float32)).argsort(1)
    return order < cut, 1 / (made - cut).squeeze(1).float()


def row_losses(network: Network, rows: Rows, at: Tensor, real: Tensor, dice: np.random.Generator) -> Tensor:
    """The losses of some rows under fresh masks, (rows,), in nats per part; 0 where a place holds no row."""
    made = network.layout.made
    codes, low = rows.codes[at].long(), rows.low[at]
    level = low + (rows.high[at] - low) * torch.from_numpy(dice.random(low.shape, np.float32))
    z = scored(level.clamp(1e-6, 1 - 1e-6))
    known, weight = masks(len(at), made, dice)
    shown = torch.ones(len(at), codes.shape[1] - made, dtype=torch.bool)
    out = network(codes, z, torch.cat([known, shown], 1) & (codes >= 0))
    losses = network.losses(out, codes, z)
    return (losses * ~known).sum(1) * weight * real


class Subjects:
    """Which rows are whose: (subjects, rows of each at most), with -1 where there are fewer."""

    def __init__(self, owner: NDArray[np.int64], bound: int) -> None:
        order = np.argsort(owner, kind="stable")
        sorted_owner = owner[order]
        within = np.arange(len(owner)) - np.searchsorted(sorted_owner, sorted_owner)
        if len(within) and within.max() >= bound:
            raise Error("a subject has more rows than its bound", hint="bound them first")
        self.rows = np.full((int(owner.max(initial=-1)) + 1, bound), -1, np.int64)
        self.rows[sorted_owner, within] = order

    def __len__(self) -> int:
        return len(self.rows)


def learn(
    network: Network,
    encoded: Encoded,
    owner: NDArray[np.int64],
    plan: Plan,
    sampled: float,
    noise: float,
    subjects: float,
    bound: int,
    chance: Chance,
    tell: Progress,
    name: str,
) -> None:
    """Teach a network; in the end it holds the average of its last weights.

    Masks come from chance that nobody knows: a subject more in a step shifts the masks of those after it, which changes
    no chance of an outcome only as long as the masks cannot be foretold.
    """
    who = Subjects(owner, bound)
    rows, dice = Rows.of(encoded), chance.dice()
    weights: list[Tensor] = list(network.parameters())
    averaged = [p.detach().clone() for p in weights]
    optimizer = torch.optim.AdamW(weights, plan.rate, (0.9, 0.99), weight_decay=0.0, fused=True)
    network.train()
    for step in range(plan.steps):
        total = summed(network, rows, who, chance.chosen(len(who), sampled), plan, dice)
        for weight in weights:
            weight.grad = (noised(total[weight], noise * plan.clip, chance) / (sampled * subjects)).float()
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * _schedule(step, plan.steps)
        optimizer.step()
        with torch.no_grad():
            torch._foreach_lerp_(averaged, weights, 1 - min(plan.average, (1 + step) / (10 + step)))
        if step % 20 == 0:
            tell("learn", name, step, plan.steps)
    with torch.no_grad():
        for weight, mean in zip(weights, averaged, strict=True):
            weight.copy_(mean)
            weight.grad = None
    network.eval()
    tell("learn", name, plan.steps, plan.steps)


def summed(
    network: Network, rows: Rows, who: Subjects, chosen: NDArray[np.int64], plan: Plan, dice: np.random.Generator
) -> dict[Tensor, Tensor]:
    """The sum of the bounded gradients of chosen subjects, by micro-batches."""
    total: dict[Tensor, Tensor] = {weight: torch.zeros_like(weight) for weight in network.parameters()}
    each = who.rows.shape[1] * plan.views
    stride = max(1, _MICRO // each)
    for first in range(0, len(chosen), stride):
        own = np.repeat(who.rows[chosen[first : first + stride]], plan.views, axis=1).ravel()
        real = torch.from_numpy((own >= 0).astype(np.float32)) / plan.views
        at = torch.from_numpy(np.maximum(own, 0))
        with watched(network) as seen:
            losses = row_losses(network, rows, at, real, dice)
        for weight, found in clipped(losses, seen, each, plan.clip).items():
            total[weight] += found
    return total


def noised(total: Tensor, deviation: float, chance: Chance) -> Tensor:
    """A sum with Gaussian noise of that deviation on each number, in 64 bits."""
    blur = torch.from_numpy(deviation * chance.normal(total.numel()))
    return total.double() + blur.view_as(total)


def _schedule(step: int, steps: int) -> float:
    """The share of the learning rate: a rise, then a cosine to a tenth."""
    if step < _RISE:
        return (step + 1) / _RISE
    return 0.1 + 0.45 * (1 + math.cos(math.pi * (step - _RISE) / max(steps - _RISE, 1)))
