"""Long filters, one per channel, as products of matrices."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pad

BLOCK = 32
"""Outputs of one block. With 64 taps 16 and 64 are slower, for 1 to 256 windows of 128 samples."""


def convolve_in_blocks(signals: Tensor, kernels: Tensor) -> Tensor:
    r"""Slide each channel's filter along it, without padding and without turning it round.

    .. math:: y_c(t) = \sum_k h_c(k)\, x_c(t + k)

    What ``conv1d`` with as many groups as channels gives. Its gradient for a filter is slow on a
    processor, and slowest for long ones; here it is a product of matrices. Outputs are taken in
    blocks of 32: each is a Toeplitz matrix (32 x (32 + n_taps - 1), zero where no tap falls) times
    the samples that it reads, so that the cost grows with the length of the signals, not with its
    square.

    Parameters
    ----------
    signals : Tensor, shape (B, n_channels, n_samples)
    kernels : Tensor, shape (n_channels, n_taps)

    Returns
    -------
    Tensor, shape (B, n_channels, n_samples - n_taps + 1)
    """
    n_taps = kernels.shape[1]
    n_read, n_outputs = BLOCK + n_taps - 1, signals.shape[-1] - n_taps + 1
    # row t of a Toeplitz matrix: the taps, shifted to the right by t
    shifted = pad(kernels, (BLOCK - 1, BLOCK - 1)).unfold(-1, n_read, 1).flip(1)
    blocks = pad(signals, (0, -n_outputs % BLOCK)).unfold(-1, n_read, BLOCK)
    return torch.einsum("bcni,cti->bcnt", blocks, shifted).flatten(2)[..., :n_outputs]
