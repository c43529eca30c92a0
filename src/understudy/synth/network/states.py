"""What is known of rows while they are drawn, each different state of knowledge but once.

Rows begin alike, and as long as only a few labels of them are drawn, many of them still are: the network need see each
state only once to say how all its rows may go on.  Rows with a number are hardly ever alike.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from understudy.synth.network.model import SEEN, Network, scored

Some = Tensor | slice


@dataclass
class States:
    """What is known of rows; ``after`` goes on from it, and may change it."""

    codes: Tensor
    z: Tensor
    known: Tensor
    hidden: Tensor
    """Classes, normal scores, what of them is known, and what the first layer makes of that: each (states, ...)."""
    at: Tensor | None
    """The state of each row; None where each row is its own."""

    @staticmethod
    def of(network: Network, codes: Tensor, levels: Tensor) -> States:
        """Rows with what is given of them, (rows, parts) each; unknown classes are -1."""
        at = None
        if not (codes >= 0).any():
            codes, levels, at = codes[:1], levels[:1], torch.zeros(len(codes), dtype=torch.int64, device=codes.device)
        elif not (codes[:, list(network.layout.numbers)] >= 0).any():
            codes, at = torch.unique(codes, dim=0, return_inverse=True)
            levels = levels[: len(codes)]  # none of them is known, so any will do
        known, z = codes >= 0, scored(levels.clamp(1e-6, 1 - 1e-6))
        return States(codes, z, known, network.entered(codes, z, known), at)

    def rows(self, one: Tensor) -> Tensor:
        """Something of states, for each row."""
        return one if self.at is None else one[self.at]

    def members(self, todo: Tensor) -> tuple[Tensor | None, Some]:
        """The rows that are in some states, as (the place of each one's state among those, the rows).

        The places are None where they are those of the rows themselves.
        """
        every = len(todo) == len(self.codes)
        if self.at is None:
            return None, slice(None) if every else todo
        if every:
            return self.at, slice(None)
        place = torch.full((len(self.codes),), -1, device=todo.device)
        place[todo] = torch.arange(len(todo), device=todo.device)
        who = place[self.at]
        some = torch.nonzero(who >= 0).squeeze(1)
        return who[some], some

    def after(self, network: Network, part: int, some: Some, drawn: Tensor, score: Tensor) -> States:
        """The states when a part of some rows is drawn: its classes, and normal scores of those that are numbers."""
        if self.at is None:
            self._learn(network, part, some, drawn, score)
            return self
        rows, shape = len(self.at), network.layout.parts[part]
        every = torch.arange(rows, device=drawn.device)
        codes = torch.full((rows,), -1, device=drawn.device)
        scores = torch.zeros(rows, device=drawn.device)
        codes[some], scores[some] = drawn, score
        state = self.at * (shape.classes + 1) + codes + 1
        if shape.number:
            state = torch.where(codes == shape.classes - 1, len(self.codes) * (shape.classes + 1) + every, state)
        found, at = torch.unique(state, return_inverse=True)
        one = torch.zeros_like(found).scatter_(0, at, every)  # a row of each state
        shared: Tensor | None = at
        if 2 * len(found) > rows:
            one, shared = every, None
        was = self.at[one]
        then = States(self.codes[was], self.z[was], self.known[was], self.hidden[was], shared)
        fresh = torch.nonzero(codes[one] >= 0).squeeze(1)
        then._learn(network, part, fresh, codes[one[fresh]], scores[one[fresh]])
        return then

    def _learn(self, network: Network, part: int, some: Some, drawn: Tensor, score: Tensor) -> None:
        """Put down what some states have in a part."""
        self.codes[some, part], self.z[some, part], self.known[some, part] = drawn, score, True
        change = entering(network, part, drawn, score)
        if isinstance(some, slice):
            self.hidden[some].add_(change)  # `+=` would write all of it once more
        else:
            self.hidden.index_add_(0, some, change)


def entering(network: Network, part: int, drawn: Tensor, score: Tensor) -> Tensor:
    """What the first layer changes by when a part becomes known."""
    layout, width = network.layout, network.size.embedding
    offset = layout.offsets[part]
    table = network.embed.weight[offset : offset + layout.parts[part].classes + 1]
    into = network.enter.weight[:, part * width : (part + 1) * width]
    change = functional.embedding(drawn, functional.linear(table[1:] - table[:1], into))
    if layout.parts[part].number and network.score is not None:
        at = layout.numbers.index(part)
        on = (drawn == layout.parts[part].classes - 1).unsqueeze(1)
        weight = network.score.weight[:, at * SEEN : (at + 1) * SEEN]
        change.addmm_(network.seen(score) * on, weight.T)
    return change
