"""What Lightning trains: the brain module, the target's network where there is one, the loss."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightning as L
import torch
from torch import Tensor, nn

from neurodecode.contrastive.losses import ClipLoss, regression_loss

if TYPE_CHECKING:
    from neurodecode.contrastive.brain_module import BrainModule
    from neurodecode.contrastive.data import Batch


class _SpeechModule(L.LightningModule):
    """Estimates, targets and the optimiser, common to both objectives."""

    def __init__(
        self, brain: BrainModule, stimulus: nn.Module | None = None, learning_rate: float = 3e-4
    ) -> None:
        super().__init__()
        self.brain, self.stimulus, self.learning_rate = brain, stimulus, learning_rate

    def forward(self, batch: Batch) -> Tensor:
        """Return estimates (B, F, T) from ``signals, positions, layouts, subjects``."""
        found: Tensor = self.brain(
            batch["signals"], batch["positions"], batch["subjects"], layouts=batch["layouts"]
        )
        return found

    def targets(self, features: Tensor) -> Tensor:
        """Return what estimates are compared with, from the encoder's scaled features."""
        return features if self.stimulus is None else self.stimulus(features)

    def loss(self, estimates: Tensor, targets: Tensor, segments: Tensor) -> Tensor:
        """Return the objective of a batch."""
        raise NotImplementedError

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Return the loss of a batch; logged as ``train_loss``."""
        return self._step(batch, "train_loss")

    def validation_step(self, batch: Batch, _: int) -> Tensor:
        """Return the loss of a batch; logged as ``val_loss``, its mean over an epoch."""
        return self._step(batch, "val_loss")

    def configure_optimizers(self) -> Any:
        """Adam with constant learning rate over all parameters that are not frozen."""
        return torch.optim.Adam(
            (p for p in self.parameters() if p.requires_grad), lr=self.learning_rate
        )

    def _step(self, batch: Batch, name: str) -> Tensor:
        loss = self.loss(self(batch), self.targets(batch["targets"]), batch["segments"])
        self.log(name, loss, prog_bar=True, on_epoch=True, on_step=False,
                 batch_size=len(batch["signals"]), sync_dist=name == "val_loss")  # fmt: skip
        return loss


class ContrastiveModule(_SpeechModule):
    """Tells the heard segment from others by a contrastive loss.

    Parameters
    ----------
    brain : BrainModule
    stimulus : Module, optional
        Network over the target's features, trained along (Deep Mel).
    learning_rate : float, default=3e-4
        Of Adam.
    criterion : ClipLoss, optional
        Default: the published loss, negatives from the whole batch.
    """

    def __init__(
        self,
        brain: BrainModule,
        stimulus: nn.Module | None = None,
        learning_rate: float = 3e-4,
        criterion: ClipLoss | None = None,
    ) -> None:
        super().__init__(brain, stimulus, learning_rate)
        self.criterion = criterion or ClipLoss()

    def loss(self, estimates: Tensor, targets: Tensor, segments: Tensor) -> Tensor:
        """Return the contrastive loss of a batch."""
        found: Tensor = self.criterion(estimates, targets, segments)
        return found


class RegressionModule(_SpeechModule):
    """Predicts the target's features by mean squared error over all frames."""

    def loss(self, estimates: Tensor, targets: Tensor, segments: Tensor) -> Tensor:
        """Return the mean squared error of a batch."""
        return regression_loss(estimates, targets)
