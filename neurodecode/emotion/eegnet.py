"""EEGNet in the form that HiSTN was compared with."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor, nn
from torch.nn.functional import avg_pool1d, conv1d, conv2d, elu

from neurodecode.emotion.constraints import MaxNorm
from neurodecode.emotion.keras_conventions import (
    batch_norm,
    dense,
    empty,
    glorot_uniform_,
    pad_same,
)
from neurodecode.emotion.network import EmotionNetwork
from neurodecode.faults import ConfigFault

TAPS, POOL = 5, 2
"""Of the separable convolution, and of both poolings."""


class EEGNet(EmotionNetwork):
    """Temporal filters, spatial filters of each, a separable convolution, a linear layer.

    With fourteen channels and 128 samples it has 3325 parameters with a kernel of 5, as published
    within subjects (dropout .75), and 3349 with 8, as published across (dropout .5).

    It differs from Lawhern et al. in short kernels (5 or 8 for 64), poolings of 2 (for 4 and 8),
    five taps in the separable convolution (for 16) and no limit on the last layer. The limit on
    spatial weights is on each weight by itself, not on the norm over channels: the original code
    turned channels and time, but not the axis of the limit.

    Parameters
    ----------
    n_channels : int, default=14
    n_classes : int, default=5
    n_samples : int, default=128
    first_kernel : int, default=5
        Taps of the temporal filters.
    n_filters, depth : int, default=8 and 2
        Temporal filters, and spatial filters of each.
    n_separable : int, default=16
        Outputs of the separable convolution.
    dropout : float, default=0.75

    Raises
    ------
    ConfigFault
        If the windows are too short for both poolings.

    References
    ----------
    Lawhern et al. (2018), EEGNet: a compact convolutional neural network for EEG-based
    brain-computer interfaces; dykuang/EEG-based-affective-computing, the function ``EEGNet``.
    """

    PARTS: ClassVar[dict[str, tuple[str, ...]]] = {"temporal": ("temporal",)}
    MAX_NORMS = (MaxNorm("spatial"),)

    def __init__(
        self,
        n_channels: int = 14,
        n_classes: int = 5,
        n_samples: int = 128,
        *,
        first_kernel: int = 5,
        n_filters: int = 8,
        depth: int = 2,
        n_separable: int = 16,
        dropout: float = 0.75,
    ) -> None:
        super().__init__(n_channels, n_samples)
        n_left = n_samples // POOL // POOL
        if n_left < 1:
            raise ConfigFault(f"windows of {n_samples} samples", fix=f"{POOL**2} at least")
        n_spatial = n_filters * depth
        self.temporal = empty(n_filters, first_kernel)
        self.temporal_norm = batch_norm(n_filters)
        self.spatial = empty(n_filters, depth, n_channels)
        self.spatial_norm = batch_norm(n_spatial)
        self.depthwise, self.pointwise = empty(n_spatial, 1, TAPS), empty(n_separable, n_spatial)
        self.separable_norm = batch_norm(n_separable)
        self.dropout = nn.Dropout(dropout)
        self.head = dense(n_separable * n_left, n_classes)
        glorot_uniform_(self.temporal, first_kernel, first_kernel * n_filters)
        glorot_uniform_(self.spatial, n_channels * n_filters, n_channels * depth)
        glorot_uniform_(self.depthwise, TAPS * n_spatial, TAPS)
        glorot_uniform_(self.pointwise, n_spatial, n_separable)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (B, n_classes) of windows (B, n_channels, n_samples)."""
        self.check(windows)
        padded = pad_same(windows, self.temporal.shape[1])[:, None]
        filtered = conv2d(padded, self.temporal[:, None, None])
        # one mean and variance for each filter, over channels and time
        normed = self.temporal_norm(filtered.flatten(2)).view_as(filtered)
        spatial = (self.spatial @ normed).flatten(1, 2)
        signals = self.dropout(avg_pool1d(elu(self.spatial_norm(spatial)), POOL))
        signals = conv1d(pad_same(signals, TAPS), self.depthwise, groups=len(self.depthwise))
        signals = elu(self.separable_norm(self.pointwise @ signals))
        pooled = self.dropout(avg_pool1d(signals, POOL))
        logits: Tensor = self.head(pooled.flatten(1))
        return logits
