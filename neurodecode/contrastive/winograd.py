"""Convolutions with three taps in half the multiplications, for training on a CPU."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

TILE, TAPS, POINTS = 4, 3, 6
# Toom-Cook matrices for 4 outputs of 3 taps through the points 0, 1, -1, 2, -2 and infinity.
INPUT = (
    (4, 0, -5, 0, 1, 0),
    (0, -4, -4, 1, 1, 0),
    (0, 4, -4, -1, 1, 0),
    (0, -2, -1, 2, 1, 0),
    (0, 2, -1, -2, 1, 0),
    (0, 4, 0, -5, 0, 1),
)
OUTPUT = ((1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1))
FILTER = (
    (1 / 4, 0, 0),
    (-1 / 6, -1 / 6, -1 / 6),
    (-1 / 6, 1 / 6, -1 / 6),
    (1 / 24, 1 / 12, 1 / 6),
    (1 / 24, -1 / 12, 1 / 6),
    (0, 0, 1),
)


class WinogradConv1d(nn.Conv1d):
    r"""A ``Conv1d`` that keeps the length, with the same parameters, faster to train on a CPU.

    Four outputs y of three taps g over six inputs d, one dilation apart, are

    .. math:: y = A \big[ (F g) \odot (D d) \big]

    with constant matrices A, F and D: 6 products instead of 12. Sums over channels become matrix
    products. In training on a CPU in single precision, gradients are computed the same way; all
    else, evaluation included, is left to PyTorch's convolution, from which results differ by
    rounding, 1e-5 of their spread at most.

    Parameters
    ----------
    in_channels, out_channels, kernel : int
        Other kernels than 3 always take PyTorch's way.
    dilation : int, default=1
    smallest : int, default=128
        Layers with fewer input or output channels take PyTorch's way: below, moving tiles costs
        more than the products saved (equal at 64 on the processors tried).

    References
    ----------
    Lavin and Gray (2016), Fast algorithms for convolutional neural networks.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        dilation: int = 1,
        smallest: int = 128,
    ) -> None:
        self.wide = min(in_channels, out_channels) >= smallest
        padding = dilation * (kernel // 2)
        super().__init__(in_channels, out_channels, kernel, dilation=dilation, padding=padding)

    def forward(self, signals: Tensor) -> Tensor:
        """Map signals (B, in_channels, T) to (B, out_channels, T)."""
        if not self._applies(signals):
            return super().forward(signals)
        return _Winograd.apply(signals, self.weight, self.bias, self.dilation[0])  # type: ignore[no-untyped-call]

    def _applies(self, signals: Tensor) -> bool:
        return (
            self.wide
            and self.training
            and self.kernel_size == (TAPS,)
            and signals.device.type == "cpu"
            and signals.dtype == self.weight.dtype == torch.float32
            and not torch.is_autocast_enabled("cpu")
        )


class _Winograd(torch.autograd.Function):
    """Tiles of the signals, and gradients through the transposes of the same matrices."""

    @staticmethod
    def forward(ctx: Any, signals: Tensor, weight: Tensor, bias: Tensor, dilation: int) -> Tensor:
        inputs = _input_tiles(signals, dilation)
        filters = torch.einsum("pk,oik->poi", signals.new_tensor(FILTER), weight)
        ctx.save_for_backward(inputs, filters)
        ctx.shape, ctx.dilation = signals.shape, dilation
        products = filters @ inputs
        outputs = signals.new_tensor(OUTPUT) @ products.flatten(1)
        return _join_tiles(outputs, signals.shape, dilation) + bias[:, None]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        inputs, filters = ctx.saved_tensors
        tiles = _output_tiles(gradient, ctx.dilation)
        products = (gradient.new_tensor(OUTPUT).T @ tiles).view(POINTS, gradient.shape[1], -1)
        of_signals = of_weight = of_bias = None
        if ctx.needs_input_grad[0]:
            of_inputs = gradient.new_tensor(INPUT).T @ (filters.mT @ products).flatten(1)
            of_signals = _add_tiles(of_inputs, ctx.shape, ctx.dilation)
        if ctx.needs_input_grad[1]:
            of_filters = products @ inputs.mT
            of_weight = torch.einsum("pk,poi->oik", gradient.new_tensor(FILTER), of_filters)
        if ctx.needs_input_grad[2]:
            of_bias = gradient.sum(dim=(0, 2))
        return of_signals, of_weight, of_bias, None


def _n_tiles(length: int, dilation: int) -> int:
    return -(-length // (TILE * dilation))


def _input_tiles(signals: Tensor, dilation: int) -> Tensor:
    """Return D d of all tiles, shape (POINTS, C, B * tiles * dilation)."""
    n_trials, n_channels, length = signals.shape
    n_tiles = _n_tiles(length, dilation)
    padded = (n_tiles + 1) * TILE * dilation
    spread = signals.new_zeros(n_channels, n_trials, padded)
    spread[:, :, dilation : dilation + length] = signals.transpose(0, 1)
    # Sample j of tile n at phase r is at (TILE * n + j) * dilation + r; tiles overlap by two.
    tiles = spread.as_strided(
        (POINTS, n_channels, n_trials, n_tiles, dilation),
        (dilation, n_trials * padded, padded, TILE * dilation, 1),
    )
    transformed = signals.new_tensor(INPUT) @ tiles.reshape(POINTS, -1)
    return transformed.view(POINTS, n_channels, -1)


def _output_tiles(gradient: Tensor, dilation: int) -> Tensor:
    """Cut gradients (B, O, T) into tiles (TILE, O * B * tiles * dilation)."""
    n_trials, n_outputs, length = gradient.shape
    n_tiles = _n_tiles(length, dilation)
    spread = gradient.new_zeros(n_outputs, n_trials, n_tiles * TILE * dilation)
    spread[:, :, :length] = gradient.transpose(0, 1)
    tiles = spread.view(n_outputs, n_trials, n_tiles, TILE, dilation)
    return tiles.permute(3, 0, 1, 2, 4).reshape(TILE, -1)


def _join_tiles(outputs: Tensor, shape: torch.Size, dilation: int) -> Tensor:
    """Return the (B, O, T) signals of output tiles (TILE, O * B * tiles * dilation)."""
    n_trials, _, length = shape
    tiles = outputs.view(TILE, -1, n_trials, _n_tiles(length, dilation), dilation)
    return tiles.permute(2, 1, 3, 0, 4).flatten(2)[:, :, :length]


def _add_tiles(of_inputs: Tensor, shape: torch.Size, dilation: int) -> Tensor:
    """Sum the gradients of overlapping input tiles into (B, C, T)."""
    n_trials, n_channels, length = shape
    n_tiles = _n_tiles(length, dilation)
    tiles = of_inputs.view(POINTS, n_channels, n_trials, n_tiles, dilation)
    tiles = tiles.permute(2, 1, 3, 0, 4)
    total = of_inputs.new_zeros(n_trials, n_channels, n_tiles + 1, TILE, dilation)
    total[:, :, :-1] = tiles[:, :, :, :TILE]
    total[:, :, 1:, : POINTS - TILE] += tiles[:, :, :, TILE:]
    return total.flatten(2)[:, :, dilation : dilation + length]
