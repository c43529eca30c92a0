"""Drawing from a network, part by part, given whatever is known of a row; and what it thinks of rows that are there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from understudy.synth.encoding.columns import Codes, Levels
from understudy.synth.encoding.encode import Encoded
from understudy.synth.network.model import Layout, Network, exactly, scored, split
from understudy.synth.network.states import States, entering
from understudy.synth.network.trunk import Trunk, trunk_of

CHUNK = 4_096
"""Rows that are drawn together; a chunk's randomness is its own, so batches may be of any size."""
_MIXED, _ORDERS = 1_024, 32
"""Rows of a chunk that share an order of parts, and how many orders there are before more do: what one order gets
wrong, the others do not; but the more rows share one, the more of them are alike on the way."""

Legal = Callable[[int, Codes, NDArray[np.bool_]], NDArray[np.bool_] | None]
"""For a part, the rows' classes and what of them is known: which classes it may have, (rows, classes), or any."""


@dataclass(frozen=True)
class Drawing:
    """How rows are completed: classes that are there stay, those that are -1 are drawn.

    Parts are drawn in a random order, another for every so many rows; for more of them where they are ``among`` many.
    """

    network: Network
    temperature: float = 1.0
    legal: Legal | None = None
    device: str = "cpu"
    among: int = 0

    @cached_property
    def _trunk(self) -> Trunk:
        return trunk_of(self.network, self.device)

    def rows(self, given: Encoded, rng: np.random.Generator) -> tuple[Codes, Levels]:
        """Rows with what is given of them and the rest drawn, as classes and levels, (rows, parts)."""
        found, mixed = [], min(max(self.among // _ORDERS, _MIXED), CHUNK)
        with torch.inference_mode(), exactly(torch.device(self.device).type):
            for first in range(0, max(len(given), 1), mixed):
                order = in_turn(self.network.layout, rng)
                found.append(self._drawn(given.take(slice(first, first + mixed)), rng, order))
        return np.concatenate([codes for codes, _ in found]), np.concatenate([levels for _, levels in found])

    def _drawn(self, given: Encoded, rng: np.random.Generator, order: Sequence[int]) -> tuple[Codes, Levels]:
        """Rows whose parts are drawn in one order."""
        network, layout, rows = self.network, self.network.layout, len(given)
        spread = torch.from_numpy(rng.random(given.low.shape, np.float32))
        low = torch.from_numpy(given.low)
        levels = (low + (torch.from_numpy(given.high) - low) * spread).to(self.device)
        states = States.of(network, torch.from_numpy(given.codes.astype(np.int64)).to(self.device), levels)
        for part in order:
            noise = torch.from_numpy(rng.random((3, rows), np.float32)).to(self.device)
            todo = torch.nonzero(~states.known[:, part] & _there(layout, states.codes, part)).squeeze(1)
            if not len(todo):
                continue
            if layout.parts[part].classes == 1 and not layout.parts[part].number:
                states.codes[:, part] = 0  # nothing to draw, and nothing that others could learn from it
                continue
            seen = self._trunk(states.hidden if len(todo) == len(states.hidden) else states.hidden[todo])
            allowed = None
            if self.legal is not None:
                allowed = self.legal(part, states.codes[todo].cpu().numpy(), states.known[todo].cpu().numpy())
            who, some = states.members(todo)
            drawn, score = _one(network, seen, who, part, noise[:, some], self.temperature, allowed)
            levels[some, part] = torch.special.ndtr(score)
            states = states.after(network, part, some, drawn, score)
        return states.rows(states.codes).cpu().numpy().astype(np.int32), levels.cpu().numpy()


def in_turn(layout: Layout, rng: np.random.Generator) -> list[int]:
    """Parts in a random order, but the first of each column before its others: it tells whether there are any."""
    turn = rng.permutation(layout.made)
    for parts in layout.columns:
        soonest = parts[int(turn[parts].argmin())]
        turn[[parts[0], soonest]] = turn[[soonest, parts[0]]]
    return [int(part) for part in turn.argsort()]


def _there(layout: Layout, codes: Tensor, part: int) -> Tensor:
    """In which rows a part has anything to draw."""
    shape = layout.parts[part]
    if not shape.without:
        return torch.ones(len(codes), dtype=torch.bool, device=codes.device)
    nothing = torch.tensor(shape.without, device=codes.device)
    return ~torch.isin(codes[:, part - shape.lead], nothing)


def _one(
    network: Network,
    seen: Tensor,
    who: Tensor | None,
    part: int,
    noise: Tensor,
    temperature: float,
    allowed: NDArray[np.bool_] | None,
) -> tuple[Tensor, Tensor]:
    """Draw one part of rows: its class and, where that is a number, its normal score.

    ``seen`` is the trunk's outcome of states, and ``who`` the state of each row; None where they are the rows.
    """
    up = probabilities(network, seen, part, temperature, allowed).cumsum(1)
    top = up[:, -1:]
    if who is not None:
        up, top = up[who], top[who]
    drawn = (up < noise[0].unsqueeze(1) * top).sum(1).clamp_max(up.shape[1] - 1)
    score = torch.zeros(len(drawn), device=seen.device)
    if network.layout.parts[part].number:
        on = torch.nonzero(drawn == up.shape[1] - 1).squeeze(1)
        raw = _read(network, seen, _mixture_at(network, part))[on if who is None else who[on]]
        weight, mean, log_sd = split(raw.view(len(raw), 3, network.size.mixture))
        which = (torch.softmax(weight / temperature, 1).cumsum(1) < noise[1, on].unsqueeze(1)).sum(1)
        which = which.clamp_max(mean.shape[1] - 1).unsqueeze(1)
        normal = torch.special.ndtri(noise[2, on].double().clamp(1e-7, 1 - 1e-7)).float()
        found = mean.gather(1, which).squeeze(1) + temperature * log_sd.gather(1, which).squeeze(1).exp() * normal
        score[on] = found.clamp(-4.75, 4.75)
    return drawn, score


def probabilities(
    network: Network,
    seen: Tensor,
    part: int,
    temperature: float = 1.0,
    allowed: NDArray[np.bool_] | None = None,
) -> Tensor:
    """The chance of each class of a part, (rows, classes), by the trunk's last state; those not allowed have none."""
    shape = network.layout.parts[part]
    first = network.layout.place[part]
    logits = _read(network, seen, slice(first, first + shape.classes)) / temperature
    if shape.banned:
        logits[:, list(shape.banned)] = -torch.inf
    if allowed is not None:
        logits = logits.masked_fill(~torch.from_numpy(allowed).to(logits.device), -torch.inf)
    return torch.softmax(logits, 1)


def _read(network: Network, seen: Tensor, outputs: slice) -> Tensor:
    """Some outputs of the last layer."""
    return functional.linear(seen, network.heads.weight[outputs], network.heads.bias[outputs])


def _mixture_at(network: Network, part: int) -> slice:
    width = 3 * network.size.mixture
    first = network.layout.logits + network.layout.made_numbers.index(part) * width
    return slice(first, first + width)


def log_likelihood(
    network: Network, rows: Encoded, rng: np.random.Generator, *, orders: int = 4
) -> NDArray[np.float64]:
    """The log-likelihood of rows in nats, (rows,), as the mean over some orders of their parts; unknown ones count 0.

    Of numbers, the density of the normal score of their level.  Noise-free: a number stands in the middle of its range.
    """
    layout = network.layout
    codes = torch.from_numpy(rows.codes.astype(np.int64))
    z = scored(torch.from_numpy((rows.low + rows.high) / 2).clamp(1e-6, 1 - 1e-6))
    total = torch.zeros(len(rows), dtype=torch.float64)
    with torch.inference_mode(), exactly("cpu"):
        for _ in range(orders):
            known = codes >= 0
            known[:, : layout.made] = False
            hidden = network.entered(codes, z, known)
            for part in in_turn(layout, rng):
                seen = network.trunk(hidden)
                total += _worth(network, seen, part, codes[:, part], z[:, part]).double()
                here = (codes[:, part] >= 0).unsqueeze(1)
                hidden = hidden + entering(network, part, codes[:, part].clamp_min(0), z[:, part]) * here
    found: NDArray[np.float64] = (total / orders).numpy()
    return found


def _worth(network: Network, seen: Tensor, part: int, codes: Tensor, z: Tensor) -> Tensor:
    """The log-probability of one part's values."""
    layout = network.layout
    first, classes = layout.place[part], layout.parts[part].classes
    logits = torch.log_softmax(_read(network, seen, slice(first, first + classes)), 1)
    worth = logits.gather(1, codes.clamp_min(0).unsqueeze(1)).squeeze(1)
    if layout.parts[part].number:
        raw = _read(network, seen, _mixture_at(network, part))
        weight, mean, log_sd = split(raw.view(len(raw), 3, -1))
        off = (z.unsqueeze(1) - mean) * torch.exp(-log_sd)
        dense = torch.logsumexp(weight - log_sd - 0.5 * off * off, 1) - 0.9189385332046727
        worth = worth + torch.where(codes == classes - 1, dense, 0.0)
    return torch.where(codes >= 0, worth, 0.0)


def foreseen(network: Network, rows: Encoded, part: int) -> NDArray[np.float64]:
    """The chance of each class of one part given the others of each row, (rows, classes)."""
    codes = torch.from_numpy(rows.codes.astype(np.int64))
    z = scored(torch.from_numpy((rows.low + rows.high) / 2).clamp(1e-6, 1 - 1e-6))
    known = codes >= 0
    known[:, part] = False
    with torch.inference_mode(), exactly("cpu"):
        chance = probabilities(network, network.trunk(network.entered(codes, z, known)), part)
    return chance.double().numpy()
