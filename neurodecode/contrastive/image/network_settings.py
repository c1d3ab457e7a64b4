"""What an image decoder's network is built from: kept beside its weights to build it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import Field

from neurodecode.config import Section
from neurodecode.contrastive.config_model import BrainSection, HeadSection
from neurodecode.contrastive.image.config import ImageRidge
from neurodecode.contrastive.image.decoders import Objective

if TYPE_CHECKING:
    from neurodecode.contrastive.image.network import ImageNetwork
    from neurodecode.contrastive.image.ridge import WindowRidge


class NetworkSettings(Section):
    """Sizes and layers of one decoder."""

    objective: Objective
    n_times: int = Field(ge=1, description="Samples of a window")
    n_participants: int = Field(ge=1)
    n_channels: int = Field(ge=1, description="Of all participants together")
    n_features: int = Field(ge=1, description="Of the target")
    n_contrastive: int | None = Field(default=None, ge=1, description="Of the retrieval head")
    n_regression: int | None = Field(default=None, ge=1, description="Of the regression head")
    brain: BrainSection
    head: HeadSection
    ridge: ImageRidge

    def build(self) -> ImageNetwork | WindowRidge:
        """Return the untrained network.

        Returns
        -------
        ImageNetwork or WindowRidge
            The latter for the objective "ridge".
        """
        if self.objective == "ridge":
            return self._ridge()
        from neurodecode.contrastive.image.network import ImageNetwork

        return ImageNetwork(
            self.brain,
            self.head,
            n_times=self.n_times,
            n_participants=self.n_participants,
            n_contrastive=self.n_contrastive,
            n_regression=self.n_regression,
            n_channels=self.n_channels,
        )

    def _ridge(self) -> WindowRidge:
        from neurodecode.contrastive.image.ridge import WindowRidge

        return WindowRidge(
            1 if self.ridge.pooling == "pooled" else self.n_participants,
            self.n_channels * (self.n_times // self.ridge.average),
            self.n_features,
            average=self.ridge.average,
        )
