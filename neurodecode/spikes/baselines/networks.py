"""Small networks from spike counts to a behaviour variable, with scikit-learn's manners."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import torch
from sklearn.base import BaseEstimator
from torch import Tensor, nn

from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

KINDS = ("MLP", "bi-GRU")


class CountMLP(nn.Module):
    """Five linear layers with GELU and dropout over all counts of a window.

    Parameters
    ----------
    n_bins, n_units : int
        Of a window.
    width : int
        Of the hidden layers.
    dropout : float
    n_outputs : int, default=1
        1: a value; else logits of classes.
    """

    def __init__(
        self, n_bins: int, n_units: int, width: int, dropout: float, n_outputs: int = 1
    ) -> None:
        super().__init__()
        sizes = [n_bins * n_units, *[width] * 4]
        layers: list[nn.Module] = [nn.Flatten()]
        for before, after in pairwise(sizes):
            layers += [nn.Linear(before, after), nn.GELU(), nn.Dropout(dropout)]
        self.layers = nn.Sequential(*layers, nn.Linear(width, n_outputs))

    def forward(self, counts: Tensor) -> Tensor:
        """Return outputs (n, n_outputs) for counts (n, n_bins, n_units)."""
        outputs: Tensor = self.layers(counts)
        return outputs


class CountBiGRU(nn.Module):
    """Three bidirectional GRU layers over the bins, read out from their mean.

    The published rival has linear layers with layer norm, dropout 0.1 and tanh; its initial state
    comes from the network's own token embeddings, here it is 0.

    Parameters
    ----------
    n_units, width : int
    dropout : float
    n_outputs : int, default=1
        1: a value; else logits of classes.
    """

    def __init__(self, n_units: int, width: int, dropout: float, n_outputs: int = 1) -> None:
        super().__init__()
        self.embed = nn.Sequential(nn.Linear(n_units, width), nn.LayerNorm(width), nn.Tanh())
        self.recurrent = nn.GRU(
            width, width, num_layers=3, batch_first=True, bidirectional=True, dropout=dropout
        )
        self.read = nn.Sequential(
            nn.Linear(2 * width, width), nn.LayerNorm(width), nn.Dropout(dropout), nn.Tanh(),
            nn.Linear(width, n_outputs),
        )  # fmt: skip

    def forward(self, counts: Tensor) -> Tensor:
        """Return outputs (n, n_outputs) for counts (n, n_bins, n_units)."""
        states, _ = self.recurrent(self.embed(counts))
        outputs: Tensor = self.read(states.mean(dim=1))
        return outputs


class NetworkDecoder(BaseEstimator):
    """Train a network by AdamW, and stop where the last tenth no longer improves.

    The loss is the squared error of a quantity, or the cross-entropy of classes. Counts, and values
    of a quantity, are standardised by the training windows. The last tenth in the order given,
    which should be that of time, is held out to choose the epoch, so that no neighbour of a
    training window decides.

    Parameters
    ----------
    kind : {"MLP", "bi-GRU"}, default="MLP"
    width : int, default=64
    epochs : int, default=60
        At most.
    patience : int, default=8
        Epochs without improvement.
    batch_size : int, default=128
    learning_rate, weight_decay, dropout : float, default=1e-3, 1e-2, 0.1
    n_classes : int, optional
        Values are classes 0 to n_classes - 1; None: a quantity.
    random_state : int, default=0

    Attributes
    ----------
    network_ : torch.nn.Module
    shape_ : tuple of int
        Bins and units of a window.
    scale_ : dict of Tensor
        Means and standard deviations of counts and values.
    n_epochs_ : int
        Epochs of the weights that were kept.
    """

    def __init__(
        self,
        kind: str = "MLP",
        *,
        width: int = 64,
        epochs: int = 60,
        patience: int = 8,
        batch_size: int = 128,
        learning_rate: float = 1e-3,
        weight_decay: float = 1e-2,
        dropout: float = 0.1,
        n_classes: int | None = None,
        random_state: int = 0,
    ) -> None:
        self.kind = kind
        self.width = width
        self.epochs = epochs
        self.patience = patience
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.dropout = dropout
        self.n_classes = n_classes
        self.random_state = random_state

    def fit(
        self,
        counts: NDArray[Any],
        values: NDArray[Any],
        valid: tuple[NDArray[Any], NDArray[Any]] | None = None,
    ) -> Self:
        """Fit to counts (n, n_bins, n_units) and values or classes (n,).

        Parameters
        ----------
        counts, values : ndarray
        valid : tuple of ndarray, optional
            Counts and values that choose the epoch; by default the last tenth, which is one
            stretch of time, and no fair choice where classes follow one another.

        Raises
        ------
        ConfigFault
            If the kind is unknown.
        DataFault
            If there are fewer than 20 windows, or a value is not finite.
        """
        if self.kind not in KINDS:
            raise ConfigFault(unknown("network", self.kind, KINDS))
        windows, wanted = np.asarray(counts, np.float64), np.asarray(values, np.float64)
        if len(windows) < 20 or not np.isfinite(wanted).all():
            what = f"{len(windows)} windows, {int((~np.isfinite(wanted)).sum())} without a value"
            raise DataFault(what, fix="give 20 windows or more, each with a value")
        self.shape_ = windows.shape[1:]
        spread = windows.std(axis=(0, 1))
        # A unit that is silent here may fire elsewhere: its counts then stay as they are.
        scale = {"mean": windows.mean(axis=(0, 1)), "scale": np.where(spread > 0, spread, 1.0)}
        quantity = self.n_classes is None
        scale["middle"] = np.array(wanted.mean() if quantity else 0.0)
        scale["spread"] = np.array(wanted.std() + 1e-12 if quantity else 1.0)
        self.scale_ = {name: torch.from_numpy(value) for name, value in scale.items()}
        if valid is None:
            held = max(1, len(windows) // 10)
            valid = windows[-held:], wanted[-held:]
            windows, wanted = windows[:-held], wanted[:-held]
        parts = [part for pair in ((windows, wanted), valid) for part in self._tensors(*pair)]
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self.random_state)
            self.network_ = self._make()
            self._train(*parts)
        return self

    def predict(self, counts: NDArray[Any]) -> NDArray[np.float64]:
        """Return the decoded values or classes, (n,)."""
        self.network_.eval()
        with torch.inference_mode():
            inputs = torch.split(self._scaled(np.asarray(counts)), 2048)
            outputs = torch.cat([self.network_(part) for part in inputs]).numpy()
        if self.n_classes is not None:
            return np.asarray(outputs.argmax(axis=1), dtype=np.float64)
        spread, middle = float(self.scale_["spread"]), float(self.scale_["middle"])
        return np.asarray(outputs[:, 0].astype(np.float64) * spread + middle)

    def state(self) -> dict[str, Tensor]:
        """Return all that was fitted, as tensors."""
        weights = {f"network.{name}": value for name, value in self.network_.state_dict().items()}
        return {**weights, **self.scale_, "shape": torch.tensor(self.shape_)}

    def restore(self, state: Mapping[str, Tensor]) -> Self:
        """Take over what :meth:`state` returned, of a decoder with the same settings."""
        self.shape_ = tuple(map(int, state["shape"]))
        self.scale_ = {name: state[name] for name in ("mean", "scale", "middle", "spread")}
        self.network_ = self._make()
        self.network_.load_state_dict({
            name.removeprefix("network."): value
            for name, value in state.items() if name.startswith("network.")
        })  # fmt: skip
        return self

    def _make(self) -> nn.Module:
        n_bins, n_units = self.shape_
        n_outputs = self.n_classes or 1
        if self.kind == "MLP":
            return CountMLP(n_bins, n_units, self.width, self.dropout, n_outputs)
        return CountBiGRU(n_units, self.width, self.dropout, n_outputs)

    def _scaled(self, counts: NDArray[Any]) -> Tensor:
        mean, scale = (self.scale_[name].numpy() for name in ("mean", "scale"))
        return torch.from_numpy(((counts - mean) / scale).astype(np.float32))

    def _tensors(self, counts: NDArray[Any], values: NDArray[Any]) -> tuple[Tensor, Tensor]:
        """Return scaled inputs and targets."""
        middle, spread = float(self.scale_["middle"]), float(self.scale_["spread"])
        kind = np.float32 if self.n_classes is None else np.int64
        targets = (np.asarray(values, np.float64) - middle) / spread
        return self._scaled(np.asarray(counts)), torch.from_numpy(targets.astype(kind))

    def _loss(self, outputs: Tensor, targets: Tensor) -> Tensor:
        if self.n_classes is not None:
            return nn.functional.cross_entropy(outputs, targets)
        return nn.functional.mse_loss(outputs[:, 0], targets)

    def _train(self, inputs: Tensor, targets: Tensor, held: Tensor, wanted: Tensor) -> None:
        optimiser = torch.optim.AdamW(
            self.network_.parameters(), lr=self.learning_rate, weight_decay=self.weight_decay
        )
        best, kept, self.n_epochs_ = np.inf, self.network_.state_dict(), 0
        for epoch in range(1, self.epochs + 1):
            self.network_.train()
            for rows in torch.split(torch.randperm(len(inputs)), self.batch_size):
                loss = self._loss(self.network_(inputs[rows]), targets[rows])
                optimiser.zero_grad()
                loss.backward()  # type: ignore[no-untyped-call]
                optimiser.step()
            self.network_.eval()
            with torch.inference_mode():
                error = float(self._loss(self.network_(held), wanted))
            if error < best:
                best, self.n_epochs_ = error, epoch
                state = self.network_.state_dict()
                kept = {name: tensor.clone() for name, tensor in state.items()}
            elif epoch - self.n_epochs_ >= self.patience:
                break
        self.network_.load_state_dict(kept)
