"""Decoders of the ``emotion`` pipeline by name: a network or a classical one, and its labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import get_args

from neurodecode.artefacts import slug
from neurodecode.emotion.config_model import TargetKind
from neurodecode.emotion.networks import NETWORKS, OPTIONS
from neurodecode.faults import ConfigFault, unknown

CLASSICAL = {
    "DE+SVM": "differential entropy of five bands, support vector machine",
    "band-power+SVM": "power of five bands, support vector machine",
    "TS+LR": "covariances in tangent space, logistic regression",
}
"""Decoders of :data:`neurodecode.emotion.classical.CLASSICAL`; naming them loads no library."""
SMOOTHED, ONE_HOT, SHUFFLED = "smoothed", "one-hot", "ratings shuffled"
KINDS: tuple[str, ...] = get_args(TargetKind)


@dataclass(frozen=True)
class Decoder:
    """What is trained.

    Attributes
    ----------
    name : str
        As in the settings: ``HiSTN G0``, ``HiSTN G0, one-hot``, ``DE+SVM``,
        ``HiSTN G0, ratings shuffled``.
    family : str
        Name of a network or of a classical decoder.
    target : str
        Kind of target of a network.
    shuffled : bool
        Trained on ratings in random order among the trials: a control.
    """

    name: str
    family: str
    target: str = SMOOTHED
    shuffled: bool = False

    @property
    def classical(self) -> bool:
        """Whether it is a scikit-learn pipeline."""
        return self.family in CLASSICAL

    @property
    def has_regions(self) -> bool:
        """Whether it is a network over a hierarchy of electrodes."""
        return not self.classical and "graph" in OPTIONS[NETWORKS[self.family].family]

    @property
    def slug(self) -> str:
        """The name as a file name."""
        return slug(self.name)

    @property
    def description(self) -> str:
        """What it is, in one line."""
        what = CLASSICAL[self.family] if self.classical else NETWORKS[self.family].description
        labels = "" if self.classical else f", {self.target} ratings"
        control = "; control: ratings shuffled among trials" if self.shuffled else ""
        return f"{what}{labels}{control}"

    @property
    def n_parameters(self) -> int | None:
        """Parameters in the published form; None of a classical decoder."""
        return None if self.classical else NETWORKS[self.family].parameters.total


def decoder_of(name: str) -> Decoder:
    """Return the decoder of a name: a family, then perhaps its target and "ratings shuffled".

    Raises
    ------
    ConfigFault
        If a part of the name is unknown, with the nearest.

    Examples
    --------
    >>> decoder_of("EEGNet, one-hot").target
    'one-hot'
    """
    family, *rest = [part.strip() for part in name.split(",")]
    if family not in NETWORKS and family not in CLASSICAL:
        raise ConfigFault(unknown("decoder", family, (*NETWORKS, *CLASSICAL)))
    shuffled = SHUFFLED in rest
    kinds = [part for part in rest if part != SHUFFLED]
    allowed = () if family in CLASSICAL else KINDS
    for kind in kinds:
        if kind not in allowed:
            raise ConfigFault(unknown(f"form of {family}", kind, (*allowed, SHUFFLED)))
    if len(kinds) > 1:
        raise ConfigFault(f"'{name}' names {len(kinds)} targets", fix="give one")
    return Decoder(name, family, kinds[0] if kinds else SMOOTHED, shuffled)
