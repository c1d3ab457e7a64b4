"""Settings of the networks of an experiment, and of what is read from their attention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BeforeValidator, Field

from neurodecode.config import Section
from neurodecode.spikes.config_model import (
    FRAMES,
    SPIKES,
    ContrastiveSection,
    CorrectionSection,
    GroupSection,
    NeuroformerConfig,
    TimeCode,
    VariableSection,
    WindowSection,
    from_name,
)
from neurodecode.spikes.config_training import SpikeTraining

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.spikes.config_model import FrameSection
    from neurodecode.spikes.variants import Generator

Rival = Literal["Pearson", "partial correlation", "lagged cross-correlation", "Poisson GLM"]
INPUTS, TARGETS = "read", "decoded"
"""Groups of variables."""


class NetworkSection(Section):
    """Sizes that all networks of an experiment share; the defaults are the published ones."""

    width: int = Field(default=256, ge=2, description="Of every token")
    n_heads: int = Field(default=8, ge=1, description="Heads of attention")
    n_state_layers: int = Field(default=6, ge=0, description="Over current tokens, twice")
    n_past_layers: int = Field(default=6, ge=1, description="Of attention to the past")
    n_frame_layers: int = Field(default=6, ge=1, description="Over frames, and to them")
    n_behaviour_layers: int = Field(default=4, ge=1, description="Of attention to behaviour")
    n_samples: int = Field(default=1, ge=1, description="Of each behaviour in a window")
    dropout: float = Field(default=0.2, ge=0, lt=1, description="Share of values left out")
    time_code: TimeCode = Field(default="learned", description="Of times within a window")
    positions: bool = Field(default=True, description="Learnt vectors of the places in a window")
    temperature: float = Field(default=0.5, gt=0, description="Of the contrastive loss")
    symmetric: bool = Field(default=False, description="Contrastive loss in both directions")
    corrections: Annotated[CorrectionSection, BeforeValidator(from_name)] = CorrectionSection()

    def of(
        self, variant: Generator, n_units: int, *, windows: WindowSection,
        frames: FrameSection | None, inputs: tuple[str, ...], targets: Mapping[str, int | None],
    ) -> NeuroformerConfig:  # fmt: skip
        """Return the settings of one model: what it does not read is left out."""
        read = inputs if variant.has("behaviour") else ()
        groups = {}
        if read:
            variables = {
                name: VariableSection(role="input", n_samples=self.n_samples) for name in read
            }
            groups[INPUTS] = GroupSection(n_layers=self.n_behaviour_layers, variables=variables)
        if targets:
            decoded = {
                name: VariableSection(role="target", n_classes=n_classes)
                for name, n_classes in targets.items()
            }
            groups[TARGETS] = GroupSection(n_layers=0, variables=decoded)
        seen = frames if variant.has("stimulus") else None
        aligned = (SPIKES, *([FRAMES] if seen else []), *read)
        return NeuroformerConfig(
            n_neurons=n_units, windows=windows, width=self.width, n_heads=self.n_heads,
            n_state_layers=self.n_state_layers,
            n_past_layers=self.n_past_layers if variant.has("past") else 0,
            n_frame_layers=self.n_frame_layers if seen else 0,
            dropout=self.dropout, token_dropout=self.dropout, frame_dropout=self.dropout,
            time_dropout=self.dropout, time_code=self.time_code, positions=self.positions,
            frames=seen, behaviours=groups, corrections=self.corrections,
            contrastive=ContrastiveSection(
                features=aligned, temperature=self.temperature, symmetric=self.symmetric
            ) if variant.has("contrastive") else None,
        )  # fmt: skip


class WiringSection(Section):
    """Wiring read from the attention of a model that is trained for it, and its rivals.

    A connection acts within milliseconds: windows shorter than those for behaviour show more.
    """

    model: str = Field(default="state+past", description="What is trained")
    windows: WindowSection | None = Field(
        default=None, description="Null: those of the experiment; they follow one another"
    )
    network: NetworkSection | None = Field(default=None, description="Null: as the experiment has")
    training: SpikeTraining | None = Field(default=None, description="Null: as the experiment has")
    stage: Literal["past", "encoder", "decoder"] = Field(
        default="past",
        description="Attention that is read: to the past window, or to earlier tokens of the "
        "current one, before or after the fusion",
    )
    layers: Literal["mean", "sum", "rollout"] = Field(
        default="mean", description="How blocks are combined; rollout needs encoder or decoder"
    )
    heads: Literal["mean", "sum", "max"] = Field(
        default="mean", description="How the heads of a block are combined"
    )
    weightings: tuple[Literal["attention", "gradient", "squared"], ...] = Field(
        default=("attention", "gradient"),
        min_length=1,
        description="As it is; times the gradient of the true token; squared. First: the main one",
    )
    query: Literal["input", "target"] = Field(
        default="target", description="The neuron of a query: the token itself, or the next one"
    )
    rivals: tuple[Rival, ...] = Field(
        default=("Pearson", "partial correlation", "lagged cross-correlation", "Poisson GLM"),
        description="Estimates from counts",
    )
    n_lags: int = Field(default=10, ge=1, description="Bins of dt that the rivals look back")
    n_windows: int | None = Field(
        default=None, ge=10, description="Windows whose attention is read; null: all"
    )
