"""The network: any part of a row, given any others.

Every part of a row is either known or masked.  Known ones enter as an embedding of their class and, for a number, as
its normal score with smooth steps and waves along it; a residual trunk of plain layers follows (no batch statistics, so
the gradient of every row stands alone); one wide last layer has for each part the logits of its classes and, where
there are numbers, a mixture of normal densities of the score.  Learned over rows with random masks, this is an
order-agnostic autoregressive model (Uria, Murray, Larochelle, 2014) with mixture density outputs (Bishop, 1994).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.synth.encoding.columns import Part

STEPS = 15
"""Smooth steps along a normal score."""
WAVES = (2.0, 4.0, 8.0, 16.0)
"""Waves along a level, from 0 to 1: how many periods each has."""
SEEN = 1 + STEPS + 2 * len(WAVES)
"""What the network sees of a number."""
_LOG_SD = (-7.0, 2.0)
_NEVER = -1e9


@dataclass(frozen=True)
class Size:
    """How large a network is, and how much of it is dropped while learning."""

    width: int = 384
    blocks: int = 2
    embedding: int = 12
    mixture: int = 16
    dropout: float = 0.1


@dataclass(frozen=True)
class Layout:
    """Where things of parts are: parts with about as many classes share one stretch of the last layer.

    ``groups`` are (parts, first output, width): outputs of a group are (rows, parts, width) when viewed so, with
    ``width`` at least the classes of each.  The mixtures follow all of them.
    """

    parts: tuple[Part, ...]
    made: int

    @cached_property
    def groups(self) -> tuple[tuple[tuple[int, ...], int, int], ...]:
        """Stretches of the last layer."""
        by_width: dict[int, list[int]] = {}
        for at, part in enumerate(self.parts[: self.made]):
            by_width.setdefault(1 << max(part.classes - 1, 0).bit_length(), []).append(at)
        found, start = [], 0
        for _, members in sorted(by_width.items()):
            widest = max(self.parts[at].classes for at in members)
            found.append((tuple(members), start, widest))
            start += widest * len(members)
        return tuple(found)

    @cached_property
    def logits(self) -> int:
        """Outputs that are logits."""
        return sum(len(members) * width for members, _, width in self.groups)

    @cached_property
    def place(self) -> dict[int, int]:
        """The first logit of each part that is made."""
        return {at: start + i * width for members, start, width in self.groups for i, at in enumerate(members)}

    @cached_property
    def columns(self) -> tuple[range, ...]:
        """Parts that are made, of each column that has several."""
        firsts = [at for at, part in enumerate(self.parts[: self.made]) if not part.lead]
        ends = [*firsts[1:], self.made]
        return tuple(range(first, end) for first, end in zip(firsts, ends, strict=True) if end - first > 1)

    @cached_property
    def numbers(self) -> tuple[int, ...]:
        """Parts, context included, that may be numbers; those that are made come first."""
        return tuple(at for at, part in enumerate(self.parts) if part.number)

    @cached_property
    def made_numbers(self) -> tuple[int, ...]:
        """Parts that are made and may be numbers."""
        return tuple(at for at in self.numbers if at < self.made)

    @cached_property
    def offsets(self) -> tuple[int, ...]:
        """The first row of each part in the table of embeddings; its mask stands before its classes."""
        return tuple(np.cumsum([0, *(part.classes + 1 for part in self.parts)]).tolist())


class Network(nn.Module):
    """From known parts of rows to the distributions of all of them."""

    offsets: Tensor
    which: Tensor
    free: Tensor
    marks: Tensor
    grouped: Tensor
    back: Tensor
    waves: Tensor

    def __init__(self, layout: Layout, size: Size) -> None:
        super().__init__()
        self.layout, self.size = layout, size
        parts, width = layout.parts, size.width
        self.embed = nn.Embedding(layout.offsets[-1], size.embedding)
        self.enter = nn.Linear(len(parts) * size.embedding, width)
        self.score = nn.Linear(len(layout.numbers) * SEEN, width, bias=False) if layout.numbers else None
        self.blocks = nn.ModuleList(Block(width, size.dropout) for _ in range(size.blocks))
        self.last = nn.LayerNorm(width)
        self.heads = nn.Linear(width, layout.logits + 3 * size.mixture * len(layout.made_numbers))
        self.register_buffer("offsets", torch.tensor(layout.offsets[:-1]), persistent=False)
        self.register_buffer("which", torch.tensor(layout.numbers, dtype=torch.long), persistent=False)
        free = torch.tensor([parts[at].classes - 1 for at in layout.numbers], dtype=torch.long)
        self.register_buffer("free", free, persistent=False)
        grouped = torch.tensor([at for members, _, _ in layout.groups for at in members], dtype=torch.long)
        self.register_buffer("grouped", grouped, persistent=False)
        self.register_buffer("back", grouped.argsort(), persistent=False)
        self.register_buffer("marks", torch.special.ndtri((torch.arange(STEPS) + 1.0) / (STEPS + 1)), persistent=False)
        self.register_buffer("waves", 2 * math.pi * torch.tensor(WAVES), persistent=False)
        self._start()

    def _start(self) -> None:
        """Begin at the classes' own frequencies, and with mixtures spread over the scores."""
        layout, mixture = self.layout, self.size.mixture
        with torch.no_grad():
            nn.init.normal_(self.embed.weight, std=0.3)
            self.heads.weight.mul_(0.5)
            bias = torch.full((layout.logits,), _NEVER)
            for at, first in layout.place.items():
                shares = torch.tensor(layout.parts[at].shares, dtype=torch.float64).clamp_min(1e-6)
                bias[first : first + len(shares)] = shares.log().float()
            spread = torch.zeros(len(layout.made_numbers), 3, mixture)
            spread[:, 1] = torch.linspace(-1.5, 1.5, mixture)
            spread[:, 2] = -0.7
            self.heads.bias.copy_(torch.cat([bias, spread.flatten()]))

    def seeded(self, seed: int) -> None:
        """Start the chance in learning anew."""
        for at, one in enumerate(module for module in self.modules() if isinstance(module, Drop)):
            one.seeded(64 * seed + at)

    def scores(self, codes: Tensor, z: Tensor, known: Tensor) -> Tensor:
        """The inputs of numbers, (rows, numbers, SEEN): zero where there is none known."""
        on = known[:, self.which] & (codes[:, self.which] == self.free)
        return self.seen(z[:, self.which]) * on.unsqueeze(-1)

    def seen(self, z: Tensor) -> Tensor:
        """Normal scores as the network sees them, with one more dimension, of SEEN: themselves, steps and waves."""
        z = z.unsqueeze(-1)
        angle = torch.special.ndtr(z) * self.waves
        return torch.cat([z, torch.sigmoid(4 * (z - self.marks)), torch.sin(angle), torch.cos(angle)], -1)

    def entered(self, codes: Tensor, z: Tensor, known: Tensor) -> Tensor:
        """The first layer: (rows, width) from classes, scores and what is known, each (rows, parts)."""
        at = torch.where(known, codes + 1, 0) + self.offsets
        hidden: Tensor = self.enter(self.embed(at).flatten(1)).float()
        if self.score is not None:
            with exactly(codes.device.type):
                hidden = hidden + self.score(self.scores(codes, z, known).flatten(1))
        return hidden

    def trunk(self, hidden: Tensor) -> Tensor:
        """From the first layer to the last but one."""
        for block in self.blocks:
            hidden = block(hidden)
        return functional.silu(self.last(hidden))

    def forward(self, codes: Tensor, z: Tensor, known: Tensor) -> Tensor:
        """All outputs of the last layer."""
        hidden = self.trunk(self.entered(codes, z, known))
        with torch.autocast(hidden.device.type, enabled=False):
            out: Tensor = self.heads(hidden.float())
        return out

    def losses(self, out: Tensor, codes: Tensor, z: Tensor) -> Tensor:
        """Minus the log-probability of every part that is made, (rows, made), in nats; unknown ones (-1) cost 0.

        Of a number: of its being one, and the density of its normal score.
        """
        layout, rows = self.layout, len(codes)
        widths = [len(members) * width for members, _, width in layout.groups]
        *stretches, mixtures = torch.split(out, [*widths, out.shape[1] - layout.logits], 1)
        rights = torch.split(codes[:, self.grouped], [len(members) for members, _, _ in layout.groups], 1)
        found = []
        for (members, _, width), logits, right in zip(layout.groups, stretches, rights, strict=True):
            loss = functional.cross_entropy(
                logits.reshape(-1, width), right.reshape(-1), ignore_index=-1, reduction="none"
            )
            found.append(loss.view(rows, len(members)))
        losses = torch.cat(found, 1)[:, self.back]
        if layout.made_numbers:
            count = len(layout.made_numbers)
            made = self.which[:count]
            weight, mean, log_sd = split(mixtures.view(rows, count, 3, self.size.mixture))
            off = (z[:, made].unsqueeze(-1) - mean) * torch.exp(-log_sd)
            dense = torch.logsumexp(weight - log_sd - 0.5 * off * off, -1) - 0.5 * math.log(2 * math.pi)
            on = codes[:, made] == self.free[:count]
            losses = losses.index_add(1, made, torch.where(on, dense, 0.0), alpha=-1)
        return losses


@contextmanager
def matrices(precision: str) -> Iterator[None]:
    """Let products of 32-bit matrices round their factors: "medium" to 16 bits where the processor does; sums stay."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


def lower_precision(device: str) -> AbstractContextManager[object]:
    """Sixteen-bit factors where the machine is faster at them."""
    kind = torch.device(device).type
    if kind == "cuda":  # what is recorded must not lean on factors that were rounded before
        return torch.autocast(kind, torch.bfloat16, cache_enabled=not torch.cuda.is_current_stream_capturing())
    return matrices("medium") if kind == "cpu" and torch.cpu._is_amx_tile_supported() else nullcontext()


@contextmanager
def exactly(kind: str) -> Iterator[None]:
    """Products at full precision, whatever is allowed around: fewer bits would blur what numbers are."""
    with matrices("highest"), torch.autocast(kind, enabled=False):
        yield


def split(raw: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """A mixture's outputs, (..., 3, components), as log-weights, means and log-deviations."""
    weight, mean, log_sd = raw.unbind(-2)
    return torch.log_softmax(weight, -1), mean, log_sd.clamp(*_LOG_SD)


class Block(nn.Module):
    """A residual step: normalise, widen through one layer, drop some, and add."""

    def __init__(self, width: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.first = nn.Linear(width, width)
        self.drop = Drop(dropout)
        self.second = nn.Linear(width, width)

    def forward(self, hidden: Tensor) -> Tensor:
        """The hidden state, changed a little."""
        inner = self.drop(functional.silu(self.first(self.norm(hidden))))
        out: Tensor = hidden + self.second(inner)
        return out


class Drop(nn.Module):
    """Dropout (Srivastava and others, 2014) with bytes as dice, which on a CPU is ten times as fast as torch's own.

    ``seeded`` starts its chance anew, so that a fit can be repeated.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self._bar = round(share * 256)
        self.seeded(0)

    def seeded(self, seed: int) -> None:
        """Start at a seed."""
        self._dice = np.random.Generator(np.random.SFC64(seed))

    def forward(self, hidden: Tensor) -> Tensor:
        """Some of the values as zeros and the others larger, while learning; all as they are otherwise.

        On a GPU it is the device's own chance.
        """
        if not self.training or not self._bar:
            return hidden
        if hidden.is_cuda:
            return functional.dropout(hidden, self._bar / 256)
        dice = torch.frombuffer(bytearray(self._dice.bytes(hidden.numel())), dtype=torch.uint8).view(hidden.shape)
        return hidden * ((dice >= self._bar).to(hidden) * (256 / (256 - self._bar)))


def scored(levels: Tensor) -> Tensor:
    """Levels as normal scores."""
    score: Tensor = torch.special.ndtri(levels.double()).float()
    return score


def mixed(parts: Sequence[Part], made: int, size: Size, seed: int) -> Network:
    """A fresh network, the same for the same seed."""
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # `torch.manual_seed` would start GPUs anew, too
        return Network(Layout(tuple(parts), made), size)
