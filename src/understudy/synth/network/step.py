"""One step of learning; and how a GPU, for which each of its many small kernels is over sooner than told, takes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor

from understudy.synth.network.model import lower_precision

_TRIED = 3
"""Calls before one is recorded: memory is found and kernels are chosen in them."""


@contextmanager
def chance(seed: int, device: str) -> Iterator[tuple[torch.Generator, torch.Generator]]:
    """What steps draw from, where they run, and what shuffles rows; nobody else's chance is touched.

    What is recorded draws from the device's own generator, which is put back.
    """
    shuffling = torch.Generator().manual_seed(seed)
    place = torch.device(device)
    if place.type != "cuda":
        yield shuffling, shuffling
        return
    number = torch.cuda.current_device() if place.index is None else place.index
    with torch.random.fork_rng([number]):
        own = torch.cuda.default_generators[number]
        own.manual_seed(seed)
        yield own, shuffling


def step_of(
    weights: list[Tensor],
    loss: Callable[[Tensor], Tensor],
    *,
    rate: float,
    decay: float,
    clip: float,
    like: Tensor,
) -> Callable[[Tensor, float], Tensor]:
    """A call that takes a step down the loss of some rows, at a rate, and gives that loss.

    ``like`` stands for the numbers of the rows: every call has as many, on the same device.
    """
    gpu = like.is_cuda
    optimizer = torch.optim.AdamW(
        weights,
        torch.tensor(rate, device=like.device) if gpu else rate,
        betas=(0.9, 0.99),
        weight_decay=decay,
        fused=True,
        capturable=gpu,
    )

    def take(batch: Tensor) -> Tensor:
        optimizer.zero_grad(set_to_none=True)
        with lower_precision(like.device.type):
            found = loss(batch)
            torch.autograd.backward(found)
        torch.nn.utils.clip_grad_norm_(weights, clip)
        optimizer.step()
        return found.detach()

    call = Recorded(take, like) if gpu else take

    def step(batch: Tensor, rate: float) -> Tensor:
        for group in optimizer.param_groups:
            if gpu:
                group["lr"].fill_(rate)
            else:
                group["lr"] = rate
        return call(batch)

    return step


class Recorded:
    """A call with one tensor that a GPU records and then plays by itself, whatever the tensor holds."""

    def __init__(self, call: Callable[[Tensor], Tensor], like: Tensor) -> None:
        self._call, self._given, self._tried = call, like.clone(), 0
        self._graph: torch.cuda.CUDAGraph | None = None
        self._found = like

    def __call__(self, given: Tensor) -> Tensor:
        """What the call gives; it is overwritten by the next."""
        self._given.copy_(given)
        if self._tried < _TRIED:
            self._tried += 1
            return self._aside()
        if self._graph is None:
            self._graph = torch.cuda.CUDAGraph()
            with torch.cuda.graph(self._graph):
                self._found = self._call(self._given)
        self._graph.replay()
        return self._found

    def _aside(self) -> Tensor:
        """Call on a stream of its own, as before every recording."""
        usual, stream = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        stream.wait_stream(usual)
        with torch.cuda.stream(stream):
            found = self._call(self._given)
        usual.wait_stream(stream)
        return found
