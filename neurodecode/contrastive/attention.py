"""Spatial attention: sensors of any layout become a fixed set of virtual channels."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from neurodecode.contrastive.fourier import fourier_features
from neurodecode.faults import DataFault


class SpatialAttention(nn.Module):
    r"""Weighted sums of sensors, the weights a function of their positions only.

    .. math:: y_o(t) = \sum_c \mathrm{softmax}_c\big(h_o \cdot \phi(p_c)\big)\, x_c(t)

    with :math:`\phi` the Fourier features of the position :math:`p_c` and :math:`h_o` learned,
    initially :math:`\mathcal N(0, 1) / \sqrt{2K^2}`. Sensors of unknown position (NaN) take no
    part; in training, neither do those in a disc around one random centre per batch.

    Parameters
    ----------
    n_virtual_channels : int, default=270
        Outputs O.
    n_frequencies : int, default=32
        K of the Fourier features along each axis.
    margin : float, default=0.2
        Margin of the Fourier features.
    dropout_radius : float, default=0.2
        Radius of the disc, in units of the layout; 0 switches it off.

    References
    ----------
    Defossez et al. (2023), Decoding speech perception from non-invasive brain recordings, Methods.
    """

    def __init__(
        self,
        n_virtual_channels: int = 270,
        *,
        n_frequencies: int = 32,
        margin: float = 0.2,
        dropout_radius: float = 0.2,
    ) -> None:
        super().__init__()
        self.n_frequencies, self.margin, self.dropout_radius = n_frequencies, margin, dropout_radius
        n_features = 2 * n_frequencies**2
        self.heads = nn.Parameter(torch.randn(n_virtual_channels, n_features) / n_features**0.5)

    def weights(self, positions: Tensor) -> Tensor:
        """Return the attention of every virtual channel over the sensors.

        Parameters
        ----------
        positions : Tensor, shape (..., C, 2)
            In [0, 1]; NaN for a sensor of unknown position.

        Returns
        -------
        Tensor, shape (..., O, C)
            Nonnegative, each row sums to 1; 0 for sensors of unknown position. In training mode
            also 0 within the disc of this call.

        Raises
        ------
        DataFault
            If a layout has no sensor of known position.
        """
        known = known_sensors(positions)
        positions = positions.nan_to_num()
        features = fourier_features(positions, n_frequencies=self.n_frequencies, margin=self.margin)
        features = features.to(self.heads.dtype)
        scores = self.heads @ features.mT
        banned = ~self._without_disc(positions, known)
        return scores.masked_fill(banned[..., None, :], float("-inf")).softmax(dim=-1)

    def forward(self, signals: Tensor, positions: Tensor, layouts: Tensor | None = None) -> Tensor:
        """Return the virtual channels.

        Parameters
        ----------
        signals : Tensor, shape (B, C, T)
        positions : Tensor, shape (C, 2), (B, C, 2) or, with ``layouts``, (L, C, 2)
            Sensor layout shared by the batch, of each trial, or of each layout.
        layouts : Tensor of int64, shape (B,), default=None
            Which of the L layouts each trial has; each is then computed once.

        Returns
        -------
        Tensor, shape (B, O, T)

        Raises
        ------
        DataFault
            If shapes do not fit together, or a layout has no sensor of known position.
        """
        positions, layouts = distinct_layouts(signals, positions, layouts)
        return apply_to_layouts(self.weights(positions), signals, positions, layouts)

    def _without_disc(self, positions: Tensor, known: Tensor) -> Tensor:
        """Return which sensors remain; a layout that lies inside the disc keeps all."""
        if not self.training or self.dropout_radius <= 0:
            return known
        centre = torch.rand(2, device=positions.device, dtype=positions.dtype)
        kept = known & ((positions - centre).norm(dim=-1) > self.dropout_radius)
        return torch.where(kept.any(dim=-1, keepdim=True), kept, known)


def known_sensors(positions: Tensor, numbers: Tensor | None = None) -> Tensor:
    """Return which sensors have a position, (..., C); each layout needs one.

    Parameters
    ----------
    positions : Tensor, shape (..., C, 2)
    numbers : Tensor of int64, shape (L,), default=None
        Numbers under which a fault names the layouts; default: 0, 1, ...

    Raises
    ------
    DataFault
        If a layout has no sensor of known position.
    """
    known = ~positions.isnan().any(dim=-1)
    empty = ~known.any(dim=-1).reshape(-1)
    if bool(empty.any()):
        first = int(empty.nonzero()[0, 0])
        raise DataFault(
            "no sensor has a known position",
            where=f"layout {first if numbers is None else int(numbers[first])}",
            fix="give the recording's layout, x and y in [0, 1]",
        )
    return known


def distinct_layouts(
    signals: Tensor, positions: Tensor, layouts: Tensor | None
) -> tuple[Tensor, Tensor | None]:
    """Check shapes; return only the layouts that occur, and the trials' index into them.

    Returns
    -------
    positions : Tensor, shape (L, C, 2)
    layouts : Tensor of int64, shape (B,), or None
        None where trial b has layout b, or all have the only one.
    """
    n_trials, n_channels = signals.shape[:2]
    if positions.ndim == 2:
        positions = positions[None]
    expected = "L" if layouts is not None else n_trials
    fits = positions.ndim == 3 and positions.shape[1:] == (n_channels, 2)
    if not fits or (layouts is None and len(positions) not in (1, n_trials)):
        raise DataFault(
            f"positions of shape {tuple(positions.shape)} do not fit signals of shape "
            f"{tuple(signals.shape)}",
            fix=f"give ({n_channels}, 2) or ({expected}, {n_channels}, 2)",
        )
    if layouts is None:
        return positions, None
    if layouts.shape != (n_trials,):
        raise DataFault(f"layouts of shape {tuple(layouts.shape)} for {n_trials} trials")
    used, index = torch.unique(layouts, return_inverse=True)
    for layout in (int(used[0]), int(used[-1])):
        if not 0 <= layout < len(positions):
            raise DataFault(f"layout {layout} is outside 0..{len(positions) - 1}")
    known_sensors(positions[used], used)
    return positions[used], index


def apply_to_layouts(
    matrices: Tensor, signals: Tensor, positions: Tensor, layouts: Tensor | None
) -> Tensor:
    """Multiply each trial by the matrix of its layout; unknown sensors count as 0.

    Parameters
    ----------
    matrices : Tensor, shape (L, O, C)
    signals : Tensor, shape (B, C, T)
    positions : Tensor, shape (L, C, 2)
    layouts : Tensor of int64, shape (B,), or None
    """
    unknown = positions.isnan().any(dim=-1)
    if bool(unknown.any()):  # weight 0 times NaN would be NaN
        rows = unknown if layouts is None else unknown[layouts]
        signals = signals.masked_fill(rows[..., None], 0.0)
    return torch.matmul(matrices if layouts is None else matrices[layouts], signals)
