"""The decoders of the ``image`` pipeline by name: objective, then target."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from neurodecode.faults import ConfigFault, unknown
from neurodecode.stimuli.pictures.encoder import PICTURE_ENCODERS

Objective = Literal["contrastive", "joint", "regression", "ridge"]
OBJECTIVES: dict[str, str] = {
    "contrastive": "the network, contrastive loss (the paper's method)",
    "joint": "the network, contrastive and squared-error loss together, one head each",
    "regression": "the network, mean squared error to the target",
    "ridge": "linear: ridge regression from the flattened window to the target",
}
OWN_TARGETS = ("identity", "category", "latent")
"""Targets that are no encoder's: which picture, which category, the latent it was made from."""
DEFAULT = "default"
SHUFFLED_TARGETS = "pictures shuffled"
SHUFFLED = f"contrastive, {SHUFFLED_TARGETS}"


@dataclass(frozen=True)
class Decoder:
    """One decoder.

    Attributes
    ----------
    objective : {"contrastive", "joint", "regression", "ridge"}
    target : str
        A picture encoder, one of ``OWN_TARGETS``, or "default": that of the experiment.
    shuffled : bool
        Trained on pictures in random order: a control.
    """

    objective: Objective
    target: str = DEFAULT
    shuffled: bool = False

    @property
    def description(self) -> str:
        """What the decoder is, in words."""
        if self.shuffled:
            return "control: trained on pictures in random order, must land at chance"
        target = "the experiment's target" if self.target == DEFAULT else self.target
        return f"{OBJECTIVES[self.objective]}; target: {target}"


def parse_decoder(name: str) -> Decoder:
    """Read a decoder's name: "contrastive", "ridge, hog", "contrastive, pictures shuffled".

    Raises
    ------
    ConfigFault
        If objective or target is unknown, with the nearest valid one.

    Examples
    --------
    >>> parse_decoder("ridge, hog")
    Decoder(objective='ridge', target='hog', shuffled=False)
    """
    objective, _, target = (part.strip() for part in name.partition(","))
    if objective not in get_args(Objective):
        raise ConfigFault(unknown("objective", objective, OBJECTIVES))
    known: Objective = objective  # type: ignore[assignment]
    if target == SHUFFLED_TARGETS:
        return Decoder(known, shuffled=True)
    check_target(target or DEFAULT, DEFAULT, SHUFFLED_TARGETS)
    return Decoder(known, target or DEFAULT)


def check_target(target: str, *others: str) -> None:
    """Refuse a target that is neither an encoder, one of ``OWN_TARGETS``, nor one of the others.

    Raises
    ------
    ConfigFault
        With the nearest valid name.
    """
    valid = (*PICTURE_ENCODERS, *OWN_TARGETS, *others)
    if target not in valid:
        raise ConfigFault(unknown("target", target, valid))
