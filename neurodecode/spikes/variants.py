"""The models of the ``spikes`` pipeline by name: what each reads, and what it is trained for."""

from __future__ import annotations

from dataclasses import dataclass

from neurodecode.faults import ConfigFault, unknown

STATE = "state"
PARTS = ("past", "stimulus", "behaviour", "contrastive")
"""What a generative model may have beside the spikes of its window, in the order of a name."""
GLM = "Poisson GLM"
SHARED = ", shared body"
"""Ending of the name of a network that all sessions share, but for their tables of units."""

JOINT, ALONE, SHUFFLED = "joint", "behaviour alone", "joint, behaviour shuffled"
BAYES = "Bayesian"
NETWORKS = {
    JOINT: "the network, trained on spikes and behaviour together",
    ALONE: "the same network, trained on behaviour alone",
    SHUFFLED: "control: the joint network with behaviour of another time",
}
"""Networks that decode behaviour."""
RIVALS = {
    "Lasso": "linear with an L1 penalty of .01, on standardised counts",
    "GLM": "linear Gaussian model of the same counts",
    "MLP": "five layers over the counts",
    "bi-GRU": "three bidirectional recurrent layers over the bins",
    BAYES: "Poisson tuning curves and Bayes' rule, memoryless; of one window",
}
"""Other decoders of behaviour, which see the counts of past and current window."""


@dataclass(frozen=True)
class Generator:
    """A generative model.

    Attributes
    ----------
    name : str
        ``Poisson GLM``, or "state" and parts joined by "+", as "state+past+stimulus": the ablation
        of the paper.
    parts : tuple of str
        Of :data:`PARTS`.
    shared : bool
        One network for all sessions; the name then ends with ", shared body".
    """

    name: str
    parts: tuple[str, ...]
    shared: bool = False

    @property
    def network(self) -> bool:
        """Whether it is a Neuroformer."""
        return self.name != GLM

    @property
    def slug(self) -> str:
        """Name for folders."""
        return self.name.lower().replace("+", "-").replace(",", "").replace(" ", "-")

    @property
    def description(self) -> str:
        """What the model reads, in words."""
        if not self.network:
            return "coupled Poisson regression, each unit on the recent spikes of all"
        read = ["earlier spikes of the window"]
        words = {"past": "the past window", "stimulus": "the stimulus", "behaviour": "behaviour"}
        read += [words[part] for part in self.parts if part in words]
        aligned = ", features aligned by a contrastive loss" if "contrastive" in self.parts else ""
        tables = (
            "; one body for all sessions, with a table of units for each" if self.shared else ""
        )
        return ", ".join(read) + aligned + tables

    def has(self, part: str) -> bool:
        """Return whether a part belongs to it."""
        return part in self.parts


def generator_of(name: str) -> Generator:
    """Return the generative model of a name.

    Raises
    ------
    ConfigFault
        If a part is unknown, with the nearest one, out of order, or the contrastive loss has
        nothing to align.
    """
    if name == GLM:
        return Generator(name, ("past",))
    first, *parts = name.removesuffix(SHARED).split("+")
    if first != STATE:
        raise ConfigFault(unknown("generative model", name, (GLM, STATE, *_examples())))
    for part in parts:
        if part not in PARTS:
            raise ConfigFault(unknown(f"part of '{name}'", part, PARTS))
    ordered = [part for part in PARTS if part in parts]
    if ordered != parts:
        raise ConfigFault(f"'{name}'", fix=f"write '{'+'.join([STATE, *ordered])}'")
    if "contrastive" in parts and not {"stimulus", "behaviour"} & set(parts):
        raise ConfigFault(f"'{name}': a contrastive loss aligns spikes with something else",
                          fix="add stimulus or behaviour")  # fmt: skip
    return Generator(name, tuple(parts), shared=name.endswith(SHARED))


def decoder_slug(name: str) -> str:
    """Return the name of a behaviour decoder for folders.

    Raises
    ------
    ConfigFault
        If there is no such decoder, with the nearest name.
    """
    if name not in (*NETWORKS, *RIVALS):
        raise ConfigFault(unknown("behaviour decoder", name, (*NETWORKS, *RIVALS)))
    return name.lower().replace(",", "").replace(" ", "-")


def _examples() -> list[str]:
    return ["+".join([STATE, *PARTS[:n]]) for n in range(1, len(PARTS) + 1)]
