"""The layers that see single channels: filters shared by all, own mixtures, pooling in time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, elu

from neurodecode.emotion.block_convolution import convolve_in_blocks
from neurodecode.emotion.constraints import MaxNorm
from neurodecode.emotion.keras_conventions import batch_norm, empty, glorot_uniform_, pad_same
from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

TAPS = 5
"""Of each channel's own filter."""
POOL = 2


class SharedFilters(nn.Module):
    r"""Steps 1 and 2: filters that all channels share, and each channel's own mixture of them.

    .. math:: y_c = \sum_f m_{cf}\, (h_f \star x_c) = \Big(\sum_f m_{cf} h_f\Big) \star x_c

    Both steps are linear, so that one filter per channel gives the same with an eighth of the
    products: that is what is computed.

    Parameters
    ----------
    n_channels : int
    n_filters : int, default=8
    kernel : int, default=64
        Taps, with padding to the same length (31 zeros on the left, 32 on the right).

    Attributes
    ----------
    filters : Parameter, shape (n_filters, kernel)
    mixing : Parameter, shape (n_channels, n_filters)
        Each weight at most 1 in magnitude.
    """

    MAX_NORMS = (MaxNorm("mixing"),)

    def __init__(self, n_channels: int, n_filters: int = 8, kernel: int = 64) -> None:
        super().__init__()
        self.filters, self.mixing = empty(n_filters, kernel), empty(n_channels, n_filters)
        glorot_uniform_(self.filters, kernel, kernel * n_filters)
        glorot_uniform_(self.mixing, n_filters * n_channels, n_filters)

    def forward(self, windows: Tensor) -> Tensor:
        """Return signals of the same shape, (B, n_channels, n_samples)."""
        kernels = self.mixing @ self.filters
        return convolve_in_blocks(pad_same(windows, kernels.shape[1]), kernels)


class ChannelFilters(nn.Module):
    """Step 4: one filter for each channel, without padding; its norm is at most 1.

    Parameters
    ----------
    n_channels : int

    Attributes
    ----------
    taps : Parameter, shape (n_channels, 5)
    """

    MAX_NORMS = (MaxNorm("taps", axes=(1,)),)

    def __init__(self, n_channels: int) -> None:
        super().__init__()
        self.taps = empty(n_channels, TAPS)
        glorot_uniform_(self.taps, TAPS * n_channels, TAPS)

    def forward(self, signals: Tensor) -> Tensor:
        """Return (B, n_channels, n_samples - 4)."""
        return conv1d(signals, self.taps[:, None], groups=len(self.taps))


class Front(nn.Module):
    """Steps 1 to 6: from windows to the signals of the nodes.

    Shared filters, batch norm, ELU, channel filters, batch norm, ELU, mean of two samples, dropout.

    Parameters
    ----------
    n_channels : int
    n_filters, kernel : int, default=8 and 64
        Of the shared filters.
    dropout : float, default=0.5
    """

    def __init__(
        self, n_channels: int, *, n_filters: int = 8, kernel: int = 64, dropout: float = 0.5
    ) -> None:
        super().__init__()
        self.shared = SharedFilters(n_channels, n_filters, kernel)
        self.shared_norm = batch_norm(n_channels)
        self.own = ChannelFilters(n_channels)
        self.own_norm = batch_norm(n_channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, windows: Tensor) -> Tensor:
        """Return (B, n_channels, (n_samples - 4) // 2)."""
        signals = elu(self.shared_norm(self.shared(windows)))
        signals = elu(self.own_norm(self.own(signals)))
        # avg_pool1d(signals, 2), which takes four times as long
        pooled: Tensor = self.dropout((signals[..., :-1:2] + signals[..., 1::2]) / POOL)
        return pooled


def n_pooled(n_samples: int) -> int:
    """Return the samples of a node's signal: 62 of a window of 128.

    Raises
    ------
    ConfigFault
        If none is left.
    """
    left = (n_samples - TAPS + 1) // POOL
    if left < 1:
        raise ConfigFault(f"windows of {n_samples} samples", fix=f"{TAPS + POOL - 1} at least")
    return left


class OrderedChannels(nn.Module):
    """Channels of a recording in the order that a network needs.

    Parameters
    ----------
    places : array-like of int
        Of each wanted channel in the recording.
    """

    places: Tensor

    def __init__(self, places: ArrayLike) -> None:
        super().__init__()
        # not saved: it belongs to the recording, and weights may go on to another one
        order = torch.as_tensor(places, dtype=torch.int64)
        self.register_buffer("places", order, persistent=False)

    def forward(self, windows: Tensor) -> Tensor:
        """Return (B, n_wanted, n_samples)."""
        return windows[:, self.places]
