"""What Lightning trains: a network and a target."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import lightning
import torch
from torch import Tensor

from neurodecode.emotion.config_model import AdamSection
from neurodecode.emotion.constraints import project
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Iterable

    from neurodecode.emotion.network import EmotionNetwork
    from neurodecode.emotion.targets import Target

Batch = tuple[Tensor, Tensor]
"""Windows (B, n_channels, n_samples) of float32, and levels (B,) of int64."""
TINY = 1e-12


class EmotionModule(lightning.LightningModule):
    """Steps, logging, Adam with its steps, limits on weights after each of its updates.

    Logs ``train_loss``, of the target as it is trained; ``val_loss``, without smoothing, noise and
    weights (hard cross-entropy for the classifying kinds); ``val_cross_entropy``, of the
    probabilities, which compares kinds of targets; ``val_accuracy``.

    Parameters
    ----------
    network : EmotionNetwork
    target : Target
        The network has its ``n_outputs``.
    optimiser : AdamSection, optional
        Default: the published settings within subjects.
    class_weights : Tensor, shape (n_classes,), optional
        See :func:`balancing_weights`; for the training loss alone.
    freeze : iterable of str, default=()
        Parts of the network that are not trained, as ("temporal",) in the published calibration:
        the first filters. Batch norms within such parts keep their statistics; all others, none of
        which is frozen in HiSTN, go on taking up those of the new batches, as in the original.

    Raises
    ------
    ConfigFault
        If the network has no such part, or everything is frozen.
    """

    def __init__(
        self,
        network: EmotionNetwork,
        target: Target,
        optimiser: AdamSection | None = None,
        *,
        class_weights: Tensor | None = None,
        freeze: Iterable[str] = (),
    ) -> None:
        super().__init__()
        self.network, self.target = network, target
        self.class_weights: Tensor | None
        self.optimiser = optimiser or AdamSection()
        self.register_buffer("class_weights", class_weights, persistent=False)
        network.freeze(freeze)
        if not any(p.requires_grad for p in network.parameters()):
            raise ConfigFault("every parameter is frozen, there is nothing to train")

    def forward(self, windows: Tensor) -> Tensor:
        """Return the network's outputs, (B, n_outputs)."""
        outputs: Tensor = self.network(windows)
        return outputs

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return probabilities of the levels, (B, n_classes), of outputs."""
        return self.target.probabilities(outputs)

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """Return the loss of a batch, with what the network itself adds to it."""
        windows, levels = self._checked(batch)
        outputs, penalty = self.network.penalised(windows)
        loss = self.target.loss(outputs, levels, self.class_weights) + penalty
        self._log({"train_loss": loss.detach()}, len(levels))
        return loss

    def validation_step(self, batch: Batch, _: int) -> None:
        """Log the losses of a batch; see the class."""
        windows, levels = self._checked(batch)
        outputs = self(windows)
        probabilities = self.probabilities(outputs)
        true = probabilities.gather(1, levels[:, None])
        said = {
            "val_loss": self.target.validation_loss(outputs, levels),
            "val_cross_entropy": -true.clamp(min=TINY).log().mean(),
            "val_accuracy": (probabilities.argmax(dim=1) == levels).float().mean(),
        }
        self._log(said, len(levels))

    def predict_step(self, batch: Batch | Tensor, _: int = 0) -> Tensor:
        """Return probabilities of the levels, (B, n_classes) of float32, of windows or a batch."""
        windows = batch if isinstance(batch, Tensor) else batch[0]
        return self.probabilities(self(windows)).float()

    def on_fit_start(self) -> None:
        """Switch to training mode, which Lightning leaves to us."""
        # frozen batch norms too for now: Lightning warns of modules that start in another mode
        for module in self.modules():
            module.training = True

    def on_train_start(self) -> None:
        """Put batch norms of frozen parts back into evaluation mode; validation keeps it so."""
        self.network.train()

    def optimizer_step(self, *args: Any, **options: Any) -> None:
        """Update, then restore the limits on weights."""
        super().optimizer_step(*args, **options)
        project(self.network)

    def configure_optimizers(self) -> Any:
        """Adam over what is not frozen, its rate changed at the epochs of the settings."""
        settings = self.optimiser
        trained = (p for p in self.parameters() if p.requires_grad)
        optimiser = torch.optim.Adam(
            trained, lr=settings.learning_rate, eps=settings.epsilon, fused=True
        )
        schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, settings.share)
        return {"optimizer": optimiser, "lr_scheduler": schedule}

    def _checked(self, batch: Batch) -> Batch:
        windows, levels = batch
        if levels.shape != windows.shape[:1]:
            raise DataFault(f"levels of shape {tuple(levels.shape)} for {len(windows)} windows")
        low, high = levels.aminmax()
        if low < 0 or high >= self.target.n_classes:
            raise DataFault(
                f"levels from {int(low)} to {int(high)} for {self.target.n_classes} classes",
                fix="the rating less the lowest one",
            )
        return windows, levels

    def _log(self, said: dict[str, Tensor], n_rows: int) -> None:
        if self._trainer is None:  # used outside a Trainer
            return
        for name, value in said.items():
            self.log(name, value, prog_bar=name.endswith("_loss"), on_step=False, on_epoch=True,
                     batch_size=n_rows, sync_dist=name.startswith("val"))  # fmt: skip
