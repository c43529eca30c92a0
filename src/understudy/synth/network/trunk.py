"""The trunk as fast as the machine has it, for drawing, of which it is nearly all the work."""

from __future__ import annotations

import copy
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from understudy.synth.network.model import Block, Layout, Network, lower_precision

Trunk = Callable[[Tensor], Tensor]

_STATES = 512
"""States of rows, drawn by chance, that say how large what is rounded may be."""
_LEAST = -0.2785
"""The least value of ``silu``."""


def trunk_of(network: Network, device: str) -> Trunk:
    """From the first layer to the last but one, (rows, width) each, on a device where the network is."""
    if torch.device(device).type != "cpu":
        return lambda hidden: _below(network, hidden, device)
    if torch.cpu._is_amx_tile_supported():
        half = copy.deepcopy(network).bfloat16()
        return lambda hidden: half.trunk(hidden.bfloat16()).float()
    if torch.cpu._is_vnni_supported() and torch._C._has_mkldnn:
        return rounded(network)
    return network.trunk


def _below(network: Network, hidden: Tensor, device: str) -> Tensor:
    with lower_precision(device):
        return network.trunk(hidden).float()


def rounded(network: Network) -> Trunk:
    """The trunk with factors of eight bits, for processors that multiply those four times as fast (VNNI).

    Sums are of 32 bits, and what blocks add up stays as it is.  What a block changes is off by some two percent, at
    random; likelihoods of rows differ in the third decimal.  Weights have a scale for each output, what they meet has
    one for all, from states drawn by chance.
    """
    hidden, steps = _states(network), []
    for block in network.blocks:
        assert isinstance(block, Block)
        steps.append(Rounded(block, hidden))
        hidden = block(hidden)

    def trunk(hidden: Tensor) -> Tensor:
        for step in steps:
            hidden = step(hidden)
        return functional.silu(network.last(hidden))

    return trunk


def _states(network: Network) -> Tensor:
    """What the first layer makes of some rows of which more or less is known: labels as often as they are, alone."""
    layout, rng = network.layout, np.random.default_rng(0)
    codes = np.stack([_labels(layout, part, rng) for part in range(len(layout.parts))], 1)
    known = rng.random(codes.shape) < rng.random((_STATES, 1))
    z = rng.normal(size=codes.shape)
    return network.entered(torch.from_numpy(codes), torch.from_numpy(z).float(), torch.from_numpy(known))


def _labels(layout: Layout, part: int, rng: np.random.Generator) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    shares = np.maximum(np.array(layout.parts[part].shares), 1e-6)
    return rng.choice(len(shares), _STATES, p=shares / shares.sum())


class Rounded:
    """A block whose factors are rounded to eight bits; ``hidden`` says what it meets."""

    def __init__(self, block: Block, hidden: Tensor) -> None:
        normal = block.norm(hidden)
        self._seen = float(normal.abs().max()) / 127
        most = float(functional.silu(block.first(normal)).max())
        self._inner = (most - _LEAST) / 255
        self._zero = round(-_LEAST / self._inner)
        # Rounding is a cut, of what is half a step higher; 128 stands for zero.
        self._weight, self._bias = block.norm.weight / self._seen, block.norm.bias / self._seen + 128.5
        self._first, self._second = _packed(block.first), _packed(block.second)

    def __call__(self, hidden: Tensor) -> Tensor:
        """The hidden state, changed a little."""
        normal = functional.layer_norm(hidden, hidden.shape[1:], self._weight, self._bias)
        seen, product = normal.clamp_(0, 255).to(torch.uint8), torch.ops.onednn.qlinear_pointwise
        inner = product.default(
            *(seen, self._seen, 128, *self._first, self._inner, self._zero, torch.uint8, "swish", [], "")
        )
        weight, scales, zeros, bias = self._second
        found: Tensor = product.binary(
            *(inner, self._inner, self._zero, weight, scales, zeros, hidden, bias, 1.0, 0, torch.float32),
            *(1.0, 0, "add", 1.0, "none", [], ""),
        )
        return found


def _packed(layer: nn.Linear) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """A layer's weights in eight bits, their scales and zeros, (outputs,) each, and its bias."""
    scales = layer.weight.abs().amax(1).clamp_min(1e-12) / 127
    whole = (layer.weight / scales.unsqueeze(1)).round().to(torch.int8)
    zeros = torch.zeros(len(scales), dtype=torch.int64)
    return torch.ops.onednn.qlinear_prepack(whole, None), scales, zeros, layer.bias
