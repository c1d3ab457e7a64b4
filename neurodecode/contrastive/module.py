"""What Lightning trains: the network and one of two objectives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightning
import torch
from torch import Tensor

from neurodecode.contrastive.losses import ClipLoss, regression_loss

if TYPE_CHECKING:
    from neurodecode.contrastive.data import Batch
    from neurodecode.contrastive.speech.network import SpeechNetwork


class DecoderModule(lightning.LightningModule):
    """Steps, logging and optimiser; a subclass gives the objective.

    Parameters
    ----------
    network : SpeechNetwork
    learning_rate : float, default=3e-4
        Of Adam.
    """

    def __init__(self, network: SpeechNetwork, learning_rate: float = 3e-4) -> None:
        super().__init__()
        self.network, self.learning_rate = network, learning_rate

    def forward(self, batch: Batch) -> Tensor:
        """Return the network's estimates (B, F, T)."""
        estimates: Tensor = self.network(batch)
        return estimates

    def objective(self, estimates: Tensor, targets: Tensor, segments: Tensor) -> Tensor:
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
        targets = self.network.targets(batch["targets"])
        loss = self.objective(self(batch), targets, batch["segments"])
        self.log(name, loss, prog_bar=True, on_epoch=True, on_step=False,
                 batch_size=len(batch["signals"]), sync_dist=name == "val_loss")  # fmt: skip
        return loss


class ContrastiveModule(DecoderModule):
    """Tells the heard segment from others by a contrastive loss.

    Parameters
    ----------
    network : SpeechNetwork
    learning_rate : float, default=3e-4
        Of Adam.
    criterion : ClipLoss, optional
        Default: the published loss, negatives from the whole batch.
    """

    def __init__(
        self,
        network: SpeechNetwork,
        learning_rate: float = 3e-4,
        criterion: ClipLoss | None = None,
    ) -> None:
        super().__init__(network, learning_rate)
        self.criterion = criterion or ClipLoss()

    def objective(self, estimates: Tensor, targets: Tensor, segments: Tensor) -> Tensor:
        """Return the contrastive loss of a batch."""
        loss: Tensor = self.criterion(estimates, targets, segments)
        return loss


class RegressionModule(DecoderModule):
    """Predicts the target's features by mean squared error over all frames."""

    def objective(self, estimates: Tensor, targets: Tensor, segments: Tensor) -> Tensor:
        """Return the mean squared error of a batch."""
        return regression_loss(estimates, targets)
