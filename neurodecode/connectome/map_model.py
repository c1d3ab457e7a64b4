"""A map's way to a probability: adjustment, mask, principal components, discriminant."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from neurodecode.connectome.adjustment import ADJUSTMENTS
from neurodecode.connectome.group_mask import GroupDifferenceMask, LeakyGroupDifferenceMask
from neurodecode.connectome.pca_lda import PCALDA
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray

    from neurodecode.connectome.config_search import MaskSection, SearchSection
    from neurodecode.connectome.decoders import Decoder

    Floats = NDArray[np.floating[Any]]

TRUSTED = (
    "neurodecode.connectome.adjustment.ConfoundRegression",
    "neurodecode.connectome.adjustment.SiteNormaliser",
    "neurodecode.connectome.pca_lda.PCALDA",
)
"""Own types that a saved model may hold."""


@dataclass
class MapModel:
    """Fitted on training people; ``state`` is what is saved.

    Attributes
    ----------
    adjustment : estimator or None
        Of :data:`~neurodecode.connectome.adjustment.ADJUSTMENTS`.
    mask : ndarray of bool, shape (n_values,), or None
    classifier : PCALDA
    """

    adjustment: Any
    mask: NDArray[np.bool_] | None
    classifier: PCALDA

    def probability(self, maps: Floats, people: pd.DataFrame) -> NDArray[np.float64]:
        """Return the probability of being a case, shape (n_people,)."""
        adjusted = maps if self.adjustment is None else self.adjustment.transform(maps, people)
        kept = adjusted if self.mask is None else adjusted[:, self.mask]
        return np.asarray(self.classifier.predict_proba(kept)[:, 1], dtype=np.float64)

    def weights(self, n_values: int) -> NDArray[np.float64]:
        """Return the discriminant's weights, 0 outside the mask, shape (n_values,)."""
        weights = np.zeros(n_values)
        weights[slice(None) if self.mask is None else self.mask] = self.classifier.coef_[0]
        return weights

    @property
    def state(self) -> dict[str, Any]:
        """Return what :meth:`from_state` reads."""
        return {"adjustment": self.adjustment, "mask": self.mask, "classifier": self.classifier}

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Self:
        """Build it again from a saved state."""
        return cls(state["adjustment"], state["mask"], state["classifier"])


def adjust(
    decoder: Decoder, maps: Floats, people: pd.DataFrame, train: NDArray[np.intp]
) -> tuple[Any, Floats]:
    """Fit a decoder's adjustment on training people; return it and everybody's adjusted maps."""
    if decoder.adjustment is None:
        return None, maps
    fitted = ADJUSTMENTS[decoder.adjustment]().fit(maps[train], people.iloc[train])
    return fitted, fitted.transform(maps, people)


def fit_mask(
    section: MaskSection | None, maps: Floats, groups: NDArray[np.intp], sites: NDArray[Any],
    everybody: tuple[Floats, NDArray[np.intp], NDArray[Any]] | None = None,
) -> NDArray[np.bool_] | None:  # fmt: skip
    """Choose voxels from training people, or, to show the leak, from everybody.

    Parameters
    ----------
    section : MaskSection or None
        None: all voxels.
    maps, groups, sites : ndarray
        Of the training people.
    everybody : tuple of maps, groups and sites, optional
        Of all people: the mask then leaks.

    Returns
    -------
    ndarray of bool, shape (n_values,), or None
        Without any voxel where the rule keeps none.
    """
    if section is None:
        return None
    options = section.model_dump()
    mask = GroupDifferenceMask(**options)
    if everybody is not None:
        all_maps, all_groups, all_sites = everybody
        mask = LeakyGroupDifferenceMask(all_maps, all_groups, all_sites, **options)
    try:
        mask.fit(maps, groups, sites)
    except DataFault:
        if not hasattr(mask, "mask_"):
            raise  # not for want of voxels
    chosen: NDArray[np.bool_] = mask.mask_
    return chosen


def fit_classifier(
    maps: Floats, groups: NDArray[np.intp], n_components: float, search: SearchSection
) -> PCALDA:
    """Fit PCA and LDA on maps that are scaled already."""
    return PCALDA(
        n_components, scaling="raw", shrinkage=search.shrinkage, priors=search.priors
    ).fit(maps, groups)
