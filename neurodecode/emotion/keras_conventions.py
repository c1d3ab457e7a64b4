"""What the original's framework does otherwise than torch: padding, first weights, batch norm."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from neurodecode.emotion.networks import ParameterCount

EPSILON, MOMENTUM = 1e-3, 0.01
"""Of batch norm: Keras's epsilon, and its momentum of .99 as torch counts it."""


def glorot_uniform_(weight: Tensor, fan_in: int, fan_out: int) -> Tensor:
    r"""Fill with draws from :math:`U(-a, a)`, :math:`a = \sqrt{6 / (fan_{in} + fan_{out})}`.

    The fans are the caller's, because Keras counts them by its own layouts: the last two axes of
    a kernel times its taps. A depthwise kernel (taps, channels, 1) thus has taps x channels in
    and taps out; a vector of n has n and n.

    References
    ----------
    Glorot & Bengio (2010), Understanding the difficulty of training deep feedforward networks.
    """
    bound = math.sqrt(6 / (fan_in + fan_out))
    return nn.init.uniform_(weight, -bound, bound)


def dense(n_inputs: int, n_outputs: int, *, bias: bool = True) -> nn.Linear:
    """Return a linear layer with Keras's first weights: Glorot uniform, biases zero."""
    layer = nn.Linear(n_inputs, n_outputs, bias=bias)
    glorot_uniform_(layer.weight, n_inputs, n_outputs)
    if bias:
        nn.init.zeros_(layer.bias)
    return layer


def batch_norm(n_features: int) -> nn.BatchNorm1d:
    """Return batch norm over axis 1 with Keras's constants.

    The running variance takes each batch's unbiased variance, as torch has it and as Keras's
    fused kernel (four-dimensional input) does. Where Keras is not fused (three-dimensional input,
    step 9 of the network) it takes the biased one, smaller by 1 / (batch x time): 6e-5 for the
    published batches.
    """
    return nn.BatchNorm1d(n_features, eps=EPSILON, momentum=MOMENTUM)


def pad_same(signals: Tensor, kernel: int) -> Tensor:
    """Pad the last axis so that a convolution keeps its length: the odd sample goes to the right.

    For a kernel of 64: 31 zeros on the left, 32 on the right.
    """
    left = (kernel - 1) // 2
    return pad(signals, (left, kernel - 1 - left))


def count_parameters(module: nn.Module) -> ParameterCount:
    """Count as Keras does: batch norm has two trained and two untrained numbers per feature.

    Frozen parameters count as untrained.
    """
    numbers = [(p.numel(), p.requires_grad) for p in module.parameters()]
    statistics = sum(
        2 * part.num_features
        for part in module.modules()
        if isinstance(part, nn.modules.batchnorm._BatchNorm)
    )
    total = sum(n for n, _ in numbers) + statistics
    return ParameterCount(total, sum(n for n, trained in numbers if trained))


def empty(*shape: int) -> nn.Parameter:
    """Return a parameter to be filled."""
    return nn.Parameter(torch.empty(*shape))
