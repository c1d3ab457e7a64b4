"""One vector per window: three ways to aggregate features over time."""

from __future__ import annotations

from typing import get_args

import torch
from torch import Tensor, nn

from neurodecode.contrastive.config_model import Aggregation
from neurodecode.faults import ConfigFault, DataFault, unknown

AGGREGATIONS: tuple[str, ...] = get_args(Aggregation)


class MeanOverTime(nn.Module):
    r"""Global average: :math:`y_d = \frac1T \sum_t h_d(t)`."""

    def forward(self, features: Tensor) -> Tensor:
        """Map features (B, D, T) to (B, D)."""
        return features.mean(dim=-1)


class AffineOverTime(nn.Module):
    r"""One learned affine map for all features: :math:`y_d = b + \sum_t w_t\, h_d(t)`.

    Parameters
    ----------
    n_times : int
        T; windows of another length are refused.
    """

    def __init__(self, n_times: int) -> None:
        super().__init__()
        self.linear = nn.Linear(n_times, 1)

    @property
    def weights(self) -> Tensor:
        """The weight of each time step, shape (T,)."""
        return self.linear.weight[0]

    def forward(self, features: Tensor) -> Tensor:
        """Map features (B, D, T) to (B, D)."""
        n_times = self.linear.in_features
        if features.shape[-1] != n_times:
            raise DataFault(f"windows of {features.shape[-1]} samples, the model has {n_times}")
        found: Tensor = self.linear(features)
        return found.squeeze(-1)


class AttentionOverTime(nn.Module):
    r"""Weights that depend on the input, after Bahdanau and without a query.

    .. math:: e_t = v^\top \tanh(W h_t + c), \qquad y = \sum_t \operatorname{softmax}(e)_t\, h_t

    Parameters
    ----------
    n_features : int
        D.
    n_hidden : int, default=256
        Length of v.

    References
    ----------
    Bahdanau, Cho, Bengio (2015), Neural machine translation by jointly learning to align and
    translate, section 3.1.
    """

    def __init__(self, n_features: int, n_hidden: int = 256) -> None:
        super().__init__()
        self.hidden = nn.Linear(n_features, n_hidden)
        self.score = nn.Linear(n_hidden, 1, bias=False)

    def weights_of(self, features: Tensor) -> Tensor:
        """Return the weight of each time step of each window, shape (B, T)."""
        found: Tensor = self.score(torch.tanh(self.hidden(features.mT)))
        return found.squeeze(-1).softmax(dim=-1)

    def forward(self, features: Tensor) -> Tensor:
        """Map features (B, D, T) to (B, D)."""
        return torch.einsum("bdt,bt->bd", features, self.weights_of(features))


def make_aggregation(
    name: str, n_features: int, n_times: int, *, n_hidden: int = 256
) -> MeanOverTime | AffineOverTime | AttentionOverTime:
    """Make an aggregation by name: "mean", "affine" or "attention".

    Raises
    ------
    ConfigFault
        If the name is unknown, with the nearest valid one.
    """
    if name == "mean":
        return MeanOverTime()
    if name == "affine":
        return AffineOverTime(n_times)
    if name == "attention":
        return AttentionOverTime(n_features, n_hidden)
    raise ConfigFault(unknown("aggregation over time", name, AGGREGATIONS))
