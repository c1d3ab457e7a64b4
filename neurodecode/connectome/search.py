"""Choose threshold, mask and components inside the training part."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.connectome.map_model import MapModel, adjust, fit_classifier, fit_mask
from neurodecode.evaluation.cohort_splits import deal, strata_of
from neurodecode.evaluation.diagnosis_scores import AUC, values_of
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurodecode.connectome.config_search import MaskSection, SearchSection
    from neurodecode.connectome.decoders import Decoder

    Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Search:
    """Choices for one decoder and one training part.

    Attributes
    ----------
    decoder : Decoder
    settings : SearchSection
    people : DataFrame
        Everybody.
    groups : ndarray of int, shape (n_people,)
        As trained on: those of the training part are shuffled for a control.
    train : ndarray of int
        Rows of the training part.
    seed : int
        Of the inner folds.
    """

    decoder: Decoder
    settings: SearchSection
    people: pd.DataFrame
    groups: NDArray[np.intp]
    train: NDArray[np.intp]
    seed: int

    def run(
        self, maps: Mapping[str, Floats]
    ) -> tuple[dict[str, MapModel], str, pd.DataFrame]:  # fmt: skip
        """Fit the best model of every threshold, and name the best threshold.

        Parameters
        ----------
        maps : mapping of str to ndarray, shape (n_people, n_values)
            By threshold, scaled.

        Returns
        -------
        models : dict of str to MapModel
            By threshold, fitted on the training part with what was chosen in its inner folds.
        threshold : str
            The best one of the inner folds.
        scores : DataFrame
            ``threshold, mask, n_components, auc, best``: every candidate in the inner folds,
            and whether it is the model of its threshold.

        Raises
        ------
        DataFault
            If no mask keeps a voxel at any threshold.
        """
        models, tables = {}, []
        for threshold, values in maps.items():
            fitted, adjusted = adjust(self.decoder, values, self.people, self.train)
            table = self._scores(adjusted).assign(threshold=threshold)
            model, place = self._best(fitted, adjusted, table)
            if model is not None:
                models[threshold] = model
                tables.append(table.assign(best=np.arange(len(table)) == place))
        if not models:
            raise DataFault("no mask keeps a voxel at any threshold", where=self.decoder.name,
                            fix="lower search.masks.quantile, or raise alpha")  # fmt: skip
        scores = pd.concat(tables, ignore_index=True)
        chosen = scores[scores["best"]].reset_index(drop=True)
        best = int(np.argmax(chosen["auc"].to_numpy()))
        return models, str(chosen["threshold"].iloc[best]), scores

    def _best(
        self, adjustment: Any, maps: Floats, table: pd.DataFrame
    ) -> tuple[MapModel | None, int]:
        """Fit the best candidate that keeps a voxel; return it with its place in the table."""
        for place in np.argsort(-table["auc"].to_numpy(), kind="stable"):
            row = table.iloc[int(place)]
            mask = self._mask(self._masks[int(row["candidate"])], maps, self.train)
            if mask is None or mask.any():
                kept = maps[self.train] if mask is None else maps[np.ix_(self.train, mask)]
                classifier = fit_classifier(
                    kept, self.groups[self.train], row["n_components"], self.settings
                )
                return MapModel(adjustment, mask, classifier), int(place)
        return None, -1

    @property
    def _masks(self) -> tuple[MaskSection | None, ...]:
        return (None,) if self.decoder.mask is None else self.settings.masks

    def _scores(self, maps: Floats) -> pd.DataFrame:
        """Score every mask and number of components on the inner folds, together."""
        mine = self.people.iloc[self.train].assign(group=self.groups[self.train])
        inner = deal(strata_of(mine), self.settings.inner_folds, self.seed)
        rows = []
        for candidate, section in enumerate(self._masks):
            found = {n: np.zeros(self.train.size) for n in self.settings.n_components}
            for fold in np.unique(inner):
                known, held = self.train[inner != fold], inner == fold
                mask = self._mask(section, maps, known)
                if mask is not None and not mask.any():
                    continue  # says nothing of these people
                kept = maps if mask is None else maps[:, mask]
                for n in found:
                    model = fit_classifier(kept[known], self.groups[known], n, self.settings)
                    found[n][held] = model.decision_function(kept[self.train[held]])
            for n, scores in found.items():
                table = pd.DataFrame({"fold": inner, "score": scores})
                auc = float(values_of(AUC, table, self.groups[self.train][None])[0])
                named = "all" if section is None else section.name
                rows.append({"candidate": candidate, "mask": named, "n_components": n,
                             "auc": 0.5 if np.isnan(auc) else auc})  # fmt: skip
        return pd.DataFrame(rows)

    def _mask(
        self, section: MaskSection | None, maps: Floats, rows: NDArray[np.intp]
    ) -> NDArray[np.bool_] | None:
        sites = self.people["site"].to_numpy(str)
        everybody = (maps, self.groups, sites) if self.decoder.leaks else None
        return fit_mask(section, maps[rows], self.groups[rows], sites[rows], everybody)
