"""The batches of all processes of a distributed run as one, with gradients."""

from __future__ import annotations

from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from neurodecode.faults import DataFault


def gather_batch(values: Tensor) -> Tensor:
    """Concatenate the batches of all processes in the order of their ranks.

    Parameters
    ----------
    values : Tensor, shape (B, ...)

    Returns
    -------
    Tensor, shape (processes * B, ...)
        ``values`` itself where no distributed run is under way. Gradients flow back to every
        process, summed over the processes that used them.

    Raises
    ------
    DataFault
        If the processes have batches of different sizes.
    """
    if place_among_processes()[1] == 1:
        return values
    sizes = [torch.zeros(1, dtype=torch.int64, device=values.device) for _ in _ranks()]
    dist.all_gather(sizes, torch.tensor([len(values)], device=values.device))
    counts = [int(size) for size in sizes]
    if len(set(counts)) > 1:
        raise DataFault(
            f"processes have batches of {', '.join(map(str, counts))} trials",
            fix="drop the last incomplete batch",
        )
    return _Gather.apply(values)  # type: ignore[no-untyped-call]


def place_among_processes() -> tuple[int, int]:
    """Return the rank of this process and the number of all; (0, 1) outside a distributed run."""
    if not (dist.is_available() and dist.is_initialized()):
        return 0, 1
    return dist.get_rank(), dist.get_world_size()


class _Gather(torch.autograd.Function):
    """All-gather along the batch; the gradient is all-reduced, then cut to the own part."""

    @staticmethod
    def forward(ctx: Any, values: Tensor) -> Tensor:  # noqa: ARG004 (torch passes it)
        parts = [torch.empty_like(values, memory_format=torch.contiguous_format) for _ in _ranks()]
        dist.all_gather(parts, values.contiguous())
        return torch.cat(parts)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:  # noqa: ARG004
        gradient = gradient.contiguous().clone()
        dist.all_reduce(gradient)
        return gradient.chunk(dist.get_world_size())[dist.get_rank()]


def _ranks() -> range:
    return range(dist.get_world_size())
