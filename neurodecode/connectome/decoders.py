"""Models of the ``adhd`` pipeline by name: maps with PCA-LDA, or a baseline; no library is loaded.

``3-cycles+mask, site-normalised`` is a feature, perhaps a mask, and forms.
"""

from __future__ import annotations

from dataclasses import dataclass

from neurodecode.artefacts import slug
from neurodecode.faults import ConfigFault, unknown

GRAPH_FEATURES = {
    "3-cycles": "three_cycles",
    "degree": "degree",
    "distance degree": "distance_degree",
    "weight": "weight",
    "clustering": "clustering",
    "weighted triangles": "weighted_triangles",
}
"""Maps of :mod:`neurodecode.connectome.subject_maps` by the names of models."""
READY_FEATURES = {"region features": "alff", "edges": "edges"}
"""Vectors that a data set brings, by the names of models."""
BASELINE_NAMES = {
    "all control": "nobody is a case",
    "phenotype": "site, sex, handedness, age, IQs; logistic regression",
    "motion": "mean and largest framewise displacement, number of volumes; logistic regression",
    "site": "site; logistic regression",
    "correlation": "correlations of regions, logistic regression",
    "partial correlation": "partial correlations of regions, logistic regression",
    "tangent": "covariances of regions in tangent space, logistic regression",
}
"""Names of :data:`neurodecode.connectome.baselines.BASELINES`; naming them loads no library."""
CONNECTIVITY = ("correlation", "partial correlation", "tangent")
CONFOUNDS = ("phenotype", "motion", "site")
"""Baselines that know nothing of the scan's content."""
MASK, LEAKY_MASK = "mask", "mask from all (leaks)"
SHUFFLED = "labels shuffled"
ADJUSTED = ("site-normalised", "confounds removed")
LEAK = "the mask is chosen from all people, those of the test part too"


@dataclass(frozen=True)
class Decoder:
    """What is trained.

    Attributes
    ----------
    name : str
        As in the settings.
    family : str
        A feature, or a baseline.
    mask : str or None
        "mask", chosen from the training part; "mask from all (leaks)"; None: all voxels.
    adjustment : str or None
        Of :data:`ADJUSTED`.
    shuffled : bool
        Trained on groups in random order: a control.
    """

    name: str
    family: str
    mask: str | None = None
    adjustment: str | None = None
    shuffled: bool = False

    @property
    def baseline(self) -> bool:
        """Whether it is one of :data:`BASELINE_NAMES`."""
        return self.family in BASELINE_NAMES

    @property
    def map(self) -> str | None:
        """Name of the network feature it reads, if any."""
        return GRAPH_FEATURES.get(self.family)

    @property
    def leaks(self) -> str | None:
        """What leaks, or None."""
        return LEAK if self.mask == LEAKY_MASK else None

    @property
    def slug(self) -> str:
        """The name as a file name."""
        return slug(self.name)

    @property
    def description(self) -> str:
        """What it is, in one line."""
        if self.baseline:
            return BASELINE_NAMES[self.family] + (_CONTROL if self.shuffled else "")
        where = "all of them" if self.mask is None else "those of a group-difference mask"
        parts = [f"{self.family} of voxels or regions, {where}, PCA-LDA"]
        parts += [self.adjustment] if self.adjustment else []
        leaks = f"; leaks: {LEAK}" if self.leaks else ""
        return ", ".join(parts) + leaks + (_CONTROL if self.shuffled else "")

    def with_form(self, form: str) -> str:
        """Return the name of the same decoder with another form added."""
        return f"{self.name}, {form}"


_CONTROL = "; control: groups shuffled before training"


def decoder_of(name: str) -> Decoder:
    """Return the decoder of a name.

    Raises
    ------
    ConfigFault
        If a part of the name is unknown, with the nearest.

    Examples
    --------
    >>> decoder_of("3-cycles+mask, labels shuffled").family
    '3-cycles'
    """
    head, *forms = [part.strip() for part in name.split(",")]
    family, _, mask = (part.strip() for part in head.partition("+"))
    families = (*GRAPH_FEATURES, *READY_FEATURES, *BASELINE_NAMES)
    if family not in families:
        raise ConfigFault(unknown("model", family, families))
    plain = family in BASELINE_NAMES
    if mask and (plain or mask not in (MASK, LEAKY_MASK)):
        valid = () if plain else (MASK, LEAKY_MASK)
        raise ConfigFault(unknown(f"addition to {family}", mask, valid))
    allowed = (SHUFFLED,) if plain else (*ADJUSTED, SHUFFLED)
    for form in forms:
        if form not in allowed:
            raise ConfigFault(unknown(f"form of {family}", form, allowed))
    adjusted = [form for form in forms if form in ADJUSTED]
    if len(adjusted) > 1:
        raise ConfigFault(f"'{name}' names {len(adjusted)} adjustments", fix="give one")
    return Decoder(name, family, mask or None, next(iter(adjusted), None), SHUFFLED in forms)
