r"""The linear baseline: a backward model (stimulus reconstruction) per participant.

.. math:: \hat y_t = \sum_{l} W_l \, x_{t + l}, \qquad
          W = \arg\min \sum_t \lVert y_t - \hat y_t \rVert^2 + \alpha \lVert W \rVert^2

Brain windows and targets are averaged in bins to a lower rate first. The penalty is chosen per
participant on validation windows.

References
----------
Crosse et al. (2016), The multivariate temporal response function (mTRF) toolbox.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from neurodecode.contrastive.data import Batch


class LaggedRidge(nn.Module):
    """Ridge regression from lagged sensors to target features, one per participant.

    Parameters
    ----------
    n_participants, n_channels, n_features : int
    bins : int
        Samples averaged into one.
    lags : (int, int)
        First and last lag in bins; positive: the brain follows the stimulus.
    """

    def __init__(
        self,
        n_participants: int,
        n_channels: int,
        n_features: int,
        *,
        bins: int,
        lags: tuple[int, int],
    ) -> None:
        super().__init__()
        self.bins, self.lags = bins, lags
        size = (lags[1] - lags[0] + 1) * n_channels
        self.register_buffer("weights", torch.zeros(n_participants, size, n_features))
        self.register_buffer("alphas", torch.full((n_participants,), torch.nan))
        self.weights: Tensor
        self.alphas: Tensor

    def forward(self, batch: Batch) -> Tensor:
        """Return estimates (B, F, T // bins)."""
        design = self.design(batch["signals"])
        found: Tensor = torch.einsum("btl,blf->bft", design, self.weights[batch["subjects"]])
        return found

    def targets(self, features: Tensor) -> Tensor:
        """Average targets (B, F, T) in bins."""
        return _binned(features, self.bins)

    def add_participant(self) -> int:
        """Append a model that is the mean of all and return its index."""
        for name in ("weights", "alphas"):
            held = getattr(self, name)
            setattr(self, name, torch.cat([held, held.mean(dim=0, keepdim=True)]))
        return len(self.weights) - 1

    def design(self, signals: Tensor) -> Tensor:
        """Return lagged sensors, shape (B, T // bins, n_lags * C); zeros beyond the window."""
        binned = _binned(signals, self.bins)
        first, last = self.lags
        padded = nn.functional.pad(binned, (max(-first, 0), max(last, 0)))
        start = max(first, 0)
        shifted = [
            padded[..., start + i : start + i + binned.shape[-1]] for i in range(last - first + 1)
        ]
        return torch.cat(shifted, dim=1).transpose(1, 2)

    @torch.no_grad()
    def fit(
        self, train: Iterable[Batch], valid: Sequence[Batch], alphas: Sequence[float]
    ) -> LaggedRidge:
        """Solve for every participant, at the penalty that predicts validation windows best.

        Parameters
        ----------
        train, valid : iterable of batches
            With ``signals``, ``targets`` and ``subjects``; unshifted.
        alphas : sequence of float
            Penalties, times the mean eigenvalue of the design's second moment.

        Raises
        ------
        DataFault
            If a participant has no training window.
        """
        moments = self._moments(train)
        held_out = self._moments(valid)
        for participant, (gram, cross, _, n) in enumerate(zip(*moments, strict=True)):
            if not n:
                raise DataFault("no training window", where=f"participant {participant}")
            values, vectors = torch.linalg.eigh(gram / n)
            projected = vectors.T @ (cross / n)
            scale = values.mean()
            found = []
            for alpha in alphas:
                weights = vectors @ (projected / (values + alpha * scale)[:, None])
                found.append((_error(weights, *(m[participant] for m in held_out)), alpha, weights))
            _, best, weights = min(found, key=lambda entry: entry[0])
            self.weights[participant] = weights.float()
            self.alphas[participant] = best
        return self

    def _moments(self, batches: Iterable[Batch]) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return, per participant, X'X, X'Y, the energy of Y, and the number of rows."""
        n_participants, size, n_features = self.weights.shape
        gram = torch.zeros(n_participants, size, size, dtype=torch.float64)
        cross = torch.zeros(n_participants, size, n_features, dtype=torch.float64)
        energy = torch.zeros(n_participants, dtype=torch.float64)
        n = torch.zeros(n_participants, dtype=torch.float64)
        for batch in batches:
            design = self.design(batch["signals"])
            targets = self.targets(batch["targets"]).transpose(1, 2)
            for participant in sorted(set(batch["subjects"].tolist())):
                mine = batch["subjects"] == participant
                x, y = design[mine].flatten(0, 1), targets[mine].flatten(0, 1)
                gram[participant] += (x.T @ x).double()
                cross[participant] += (x.T @ y).double()
                energy[participant] += y.double().square().sum()
                n[participant] += len(x)
        return gram, cross, energy, n


def _error(weights: Tensor, gram: Tensor, cross: Tensor, energy: Tensor, n: Tensor) -> float:
    """Mean squared error from second moments."""
    explained = 2 * (weights * cross).sum() - (weights * (gram @ weights)).sum()
    return float((energy - explained) / n.clamp(min=1))


def _binned(values: Tensor, bins: int) -> Tensor:
    n = values.shape[-1] // bins
    return values[..., : n * bins].reshape(*values.shape[:-1], n, bins).mean(dim=-1)
