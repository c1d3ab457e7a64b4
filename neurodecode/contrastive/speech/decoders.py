"""The decoders of the ``speech`` pipeline by name: objective, target and what is left out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from neurodecode.artefacts import slug

Objective = Literal["contrastive", "regression", "ridge"]
Target = Literal["default", "mel", "deep_mel", "wav2vec2", "moonshine", "envelope"]
SHUFFLED = "contrastive, targets shuffled"


@dataclass(frozen=True)
class Decoder:
    """One decoder.

    Attributes
    ----------
    objective : {"contrastive", "regression", "ridge"}
    target : str
        Encoder of the sound, "deep_mel" for the network trained along, "default" for
        ``stimulus.target``.
    brain : dict
        Settings of the brain module that differ from the experiment's.
    signals : dict
        Settings of the windows that differ.
    shuffled : bool
        Trained on targets in random order: a control.
    """

    description: str
    objective: Objective = "contrastive"
    target: Target = "default"
    brain: dict[str, Any] = field(default_factory=dict)
    signals: dict[str, Any] = field(default_factory=dict)
    shuffled: bool = False


def _without(what: str, **brain: Any) -> Decoder:
    return Decoder(f"ablation: {what}", brain=brain)


DECODERS: dict[str, Decoder] = {
    "contrastive": Decoder("contrastive loss on the experiment's target (the paper's method)"),
    "contrastive, Mel": Decoder("contrastive loss on the Mel spectrogram", target="mel"),
    "contrastive, Deep Mel": Decoder(
        "contrastive loss on a network over the Mel spectrogram, trained along", target="deep_mel"
    ),
    "contrastive, wav2vec 2.0": Decoder(
        "contrastive loss on pretrained wav2vec 2.0", target="wav2vec2"
    ),
    "contrastive, Moonshine": Decoder(
        "contrastive loss on the pretrained encoder of Moonshine", target="moonshine"
    ),
    "regression, Mel": Decoder(
        "same network, mean squared error to the Mel spectrogram (the paper's base model)",
        "regression",
        "mel",
    ),
    "ridge, Mel": Decoder(
        "linear: ridge regression from lagged sensors to the Mel spectrogram, per participant",
        "ridge",
        "mel",
    ),
    "ridge": Decoder("the same linear decoder with the experiment's target", "ridge"),
    SHUFFLED: Decoder(
        "control: trained on targets in random order, must land at chance", shuffled=True
    ),
    "no participant layer": _without("no participant layer", participants="none"),
    "participant embedding": _without(
        "64 numbers per participant beside the channels instead of a layer",
        participants="embedding",
    ),
    "no spatial attention": _without("1x1 convolution sees raw sensors", spatial_attention=False),
    "no spatial dropout": _without("no spatial dropout", dropout_radius=0.0),
    "no initial convolution": _without("no initial 1x1 convolution", initial_conv=False),
    "no residuals": _without("no residual connections", residual=False),
    "no gates": _without("no gated convolutions", gates=False),
    "no final convolutions": _without("no final two convolutions", final_convs=False),
    "ReLU": _without("ReLU instead of GELU", activation="relu"),
    "no clamping": Decoder("ablation: signals not clamped", signals={"clamp": None}),
    "clamp at 100": Decoder("ablation: signals clamped at 100 IQR", signals={"clamp": 100.0}),
}


BY_SLUG = {slug(name): name for name in DECODERS}
