"""The joint objective: find the picture and predict its embedding with one network."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from neurodecode.contrastive.losses import ClipLoss, regression_loss
from neurodecode.contrastive.module import DecoderModule
from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from torch import Tensor

    from neurodecode.contrastive.data import Batch
    from neurodecode.contrastive.image.network import ImageNetwork


class JointModule(DecoderModule):
    r"""Trains both heads.

    .. math:: L = \lambda\, L_{\mathrm{CLIP}} + (1 - \lambda)\, L_{\mathrm{MSE}}

    The retrieval head is compared with ``batch["pooled"]``, the regression head with
    ``batch["targets"]``. At :math:`\lambda` 0 and 1 the head without a loss may be missing.
    Both terms are logged by name.

    Parameters
    ----------
    network : ImageNetwork
    learning_rate : float, default=3e-4
        Of Adam.
    weight : float, default=0.75
        :math:`\lambda`.
    criterion : ClipLoss, optional
        Default: the loss of appendix B, negatives from the whole batch.

    Raises
    ------
    ConfigFault
        If the weight is outside 0 to 1, or a head is missing that it needs.

    References
    ----------
    Benchetrit et al. (2024), Brain decoding: toward real-time reconstruction of visual
    perception, equations 1 to 3.
    """

    def __init__(
        self,
        network: ImageNetwork,
        learning_rate: float = 3e-4,
        *,
        weight: float = 0.75,
        criterion: ClipLoss | None = None,
    ) -> None:
        super().__init__(network, learning_rate)
        if not 0 <= weight <= 1:
            raise ConfigFault(f"weight {weight:g} of the contrastive loss lies outside 0 to 1")
        if (weight > 0 and network.contrastive is None) or (
            weight < 1 and network.regression is None
        ):
            raise ConfigFault(f"weight {weight:g} needs a head that the network lacks")
        self.weight = weight
        self.criterion = criterion or ClipLoss()

    def loss(self, batch: Batch) -> Tensor:
        """Return the weighted sum of a batch."""
        retrieval, regression = cast("ImageNetwork", self.network).heads(batch)
        total = batch["signals"].new_zeros(())
        if retrieval is not None and self.weight > 0:
            clip = self.criterion(retrieval, batch["pooled"], batch["segments"])
            self._log("clip_loss", clip, batch)
            total = total + self.weight * clip
        if regression is not None and self.weight < 1:
            mse = regression_loss(regression, batch["targets"])
            self._log("mse_loss", mse, batch)
            total = total + (1 - self.weight) * mse
        return total

    def _log(self, name: str, value: Tensor, batch: Batch) -> None:
        if self._trainer is None:  # used outside a Trainer
            return
        part = "train" if self.training else "val"
        self.log(f"{part}_{name}", value, on_epoch=True, on_step=False,
                 batch_size=len(batch["signals"]), sync_dist=part == "val")  # fmt: skip
