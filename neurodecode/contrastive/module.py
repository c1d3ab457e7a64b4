"""What Lightning trains: a network and its objective."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import lightning
import torch
from torch import Tensor

from neurodecode.contrastive.losses import ClipLoss, regression_loss

if TYPE_CHECKING:
    from neurodecode.contrastive.data import Batch


class Network(Protocol):
    """What is trained: estimates from a batch, and what they are compared with."""

    def __call__(self, batch: Batch) -> Tensor:
        """Return estimates from ``signals, positions, layouts, subjects``."""
        ...

    def targets(self, features: Tensor) -> Tensor:
        """Return what estimates are compared with, from the stimulus's features."""
        ...


class DecoderModule(lightning.LightningModule):
    """Steps, logging and optimiser; a subclass gives the objective.

    Parameters
    ----------
    network : Network
    learning_rate : float, default=3e-4
        Of Adam.
    """

    def __init__(self, network: Network, learning_rate: float = 3e-4) -> None:
        super().__init__()
        self.network, self.learning_rate = network, learning_rate

    def forward(self, batch: Batch) -> Tensor:
        """Return the network's estimates, (B, F, T) or (B, F)."""
        estimates: Tensor = self.network(batch)
        return estimates

    def loss(self, batch: Batch) -> Tensor:
        """Return the loss of a batch."""
        raise NotImplementedError

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Return the loss of a batch; logged as ``train_loss``."""
        return self._step(batch, "train_loss")

    def validation_step(self, batch: Batch, _: int) -> Tensor:
        """Return the loss of a batch; logged as ``val_loss``, its mean over an epoch."""
        return self._step(batch, "val_loss")

    def configure_optimizers(self) -> Any:
        """Adam with constant learning rate over all parameters that are not frozen."""
        trained = (p for p in self.parameters() if p.requires_grad)
        return torch.optim.Adam(trained, lr=self.learning_rate)

    def _step(self, batch: Batch, name: str) -> Tensor:
        loss = self.loss(batch)
        self.log(name, loss, prog_bar=True, on_epoch=True, on_step=False,
                 batch_size=len(batch["signals"]), sync_dist=name == "val_loss")  # fmt: skip
        return loss


class ContrastiveModule(DecoderModule):
    """Tells the true stimulus from others by a contrastive loss.

    Parameters
    ----------
    network : Network
    learning_rate : float, default=3e-4
        Of Adam.
    criterion : ClipLoss, optional
        Default: the published loss, negatives from the whole batch.
    """

    def __init__(
        self,
        network: Network,
        learning_rate: float = 3e-4,
        criterion: ClipLoss | None = None,
    ) -> None:
        super().__init__(network, learning_rate)
        self.criterion = criterion or ClipLoss()

    def loss(self, batch: Batch) -> Tensor:
        """Return the contrastive loss of a batch."""
        targets = self.network.targets(batch["targets"])
        loss: Tensor = self.criterion(self(batch), targets, batch["segments"])
        return loss


class RegressionModule(DecoderModule):
    """Predicts the target's features by their mean squared error."""

    def loss(self, batch: Batch) -> Tensor:
        """Return the mean squared error of a batch."""
        return regression_loss(self(batch), self.network.targets(batch["targets"]))
