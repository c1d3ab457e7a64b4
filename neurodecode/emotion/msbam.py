"""MSBAM in the form that HiSTN was compared with: an image of the head, its halves compared."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import selu

from neurodecode.emotion.electrode_grid import SIDE, grid_cells
from neurodecode.emotion.graphs import EPOC
from neurodecode.emotion.keras_conventions import batch_norm, dense, glorot_uniform_
from neurodecode.emotion.network import EmotionNetwork
from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, N_FILTERS = 40, 16
"""Features of each of the three branches, and filters of each convolution."""
HALF = (SIDE + 1) // 2
"""Columns of a half of the grid; the middle one is in both."""


class MSBAM(EmotionNetwork):
    """Multi-scales bi-hemispheric asymmetric model, 203,349 parameters for five classes.

    Windows are laid on a grid of 9 x 9 cells. One branch looks at the grid: three convolutions,
    a linear layer, batch norm, softmax. Two look at time, with kernels over the whole window and
    half of it: the same filters on the left half and the mirrored right one, both outputs and
    their difference joined, a linear layer. The last layer reads the 120 features.

    The spatial branch sees the FIRST SAMPLE of a window only. The released function takes the
    kernel's length from the wrong axis of its input, so that it is 1 and not 128, and then keeps
    the first time step; 203,349 is the count of that. It is kept, since it is what was compared.

    Parameters
    ----------
    channel_names : sequence of str, optional
        Default: the EPOC's.
    n_classes : int, default=5
    n_samples : int, default=128
        Kernels are as long as the window and half of it, steps half of the kernels.
    dropout : float, default=0.75
        As published within subjects; .5 across.
    positions : mne.Info or mapping of str to array-like, optional
        Of electrodes that the named sites lack; see :func:`grid_cells`.

    Raises
    ------
    ConfigFault
        If windows have fewer than four samples.
    DataFault
        If a channel has no cell.

    References
    ----------
    Wu, Xia, Nie, Zhang & Fan (2021), Simultaneously exploring multi-scale and asymmetric EEG
    features for emotion recognition, arXiv 2110.06462; dykuang/EEG-based-affective-computing, the
    function ``MSBAM``.
    """

    PARTS: ClassVar[dict[str, tuple[str, ...]]] = {"temporal": ("spatial.", "long.", "short.")}
    cells: Tensor

    def __init__(
        self,
        channel_names: Sequence[str] | None = None,
        n_classes: int = 5,
        n_samples: int = 128,
        *,
        dropout: float = 0.75,
        positions: Any = None,
    ) -> None:
        names = EPOC if channel_names is None else channel_names
        super().__init__(len(names), n_samples)
        if n_samples < 4:
            raise ConfigFault(f"windows of {n_samples} samples", fix="four at least")
        places = torch.as_tensor(grid_cells(names, positions))
        self.register_buffer("cells", places[:, 0] * SIDE + places[:, 1], persistent=False)
        self.spatial = nn.Sequential(
            nn.Conv2d(1, N_FILTERS, 1), nn.SELU(),
            nn.Conv2d(N_FILTERS, N_FILTERS, 3, padding=1), nn.SELU(),
            nn.Conv2d(N_FILTERS, N_FILTERS, 3, padding=1), nn.SELU(), nn.Flatten(),
        )  # fmt: skip
        self.spatial_features = dense(N_FILTERS * SIDE**2, WIDTH)
        self.spatial_norm = batch_norm(WIDTH)
        self.long, self.short = (
            nn.Conv1d(SIDE * HALF, N_FILTERS, kernel, stride=kernel // 2)
            for kernel in (n_samples, n_samples // 2)
        )
        self.long_features, self.short_features = (
            dense(3 * N_FILTERS * _n_steps(n_samples, layer), WIDTH)
            for layer in (self.long, self.short)
        )
        self.dropout = nn.Dropout(dropout)
        self.head = dense(3 * WIDTH, n_classes)
        for module in (*self.spatial, self.long, self.short):
            _start(module)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (B, n_classes) of windows (B, n_channels, n_samples)."""
        self.check(windows)
        grid = self.grid(windows)
        spatial = self.spatial_features(self.spatial(grid[..., 0][:, None]))
        left, right = grid[:, :, :HALF], grid[:, :, -HALF:].flip(2)
        parts = [
            self.spatial_norm(spatial).softmax(dim=-1),
            self.long_features(_compare(self.long, left, right)),
            self.short_features(_compare(self.short, left, right)),
        ]
        logits: Tensor = self.head(self.dropout(torch.cat(parts, dim=-1)))
        return logits

    def grid(self, windows: Tensor) -> Tensor:
        """Return windows on the grid, (B, 9, 9, n_samples), zero where no electrode is."""
        n, _, n_samples = windows.shape  # not len(), which would fix the batch of a traced graph
        flat = windows.new_zeros(n, SIDE**2, n_samples)
        return flat.index_copy(1, self.cells, windows).view(n, SIDE, SIDE, -1)


def _compare(layer: nn.Conv1d, left: Tensor, right: Tensor) -> Tensor:
    """Return a layer's outputs on both halves and their difference, (B, 3 x filters x steps)."""
    outputs = [selu(layer(half.flatten(1, 2))) for half in (left, right)]
    return torch.cat([outputs[0], outputs[0] - outputs[1], outputs[1]], dim=1).flatten(1)


def _n_steps(n_samples: int, layer: nn.Conv1d) -> int:
    return (n_samples - layer.kernel_size[0]) // layer.stride[0] + 1


def _start(module: nn.Module) -> None:
    """Draw a convolution's weights as Keras does."""
    if isinstance(module, nn.Conv1d | nn.Conv2d):
        taps = module.weight[0, 0].numel()
        glorot_uniform_(module.weight, module.in_channels * taps, module.out_channels * taps)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
