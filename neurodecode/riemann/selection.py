"""Decoders whose order and lag are chosen on the training trials of each fold."""

from __future__ import annotations

import time
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.riemann.config import ModelSection, SearchSection
from neurodecode.riemann.embedding import fold_embedding, regular_order, select_embedding
from neurodecode.riemann.refit import fit_decoder
from neurodecode.riemann.search import ACMSearchCV

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray
    from sklearn.pipeline import Pipeline

    from neurodecode.evaluation.folds import Fold
    from neurodecode.riemann.embedding import TrialEmbeddings

COLUMNS = ("fold", "model", "order", "lag", "C", "kernel", "score", "reason", "chosen", "seconds")


class Selector:
    """Fits such decoders on the folds of one set of trials and keeps what was chosen.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels, n_samples)
    y : ndarray, shape (n_trials,)
    settings : SearchSection
    seed : int
        Seed of the inner folds.
    cache_dir : Path, optional
        Scores are kept here as they are computed, so that an interrupted search goes on.
    """

    def __init__(
        self,
        X: NDArray[Any],
        y: NDArray[Any],
        settings: SearchSection,
        *,
        seed: int,
        cache_dir: Path | None = None,
    ) -> None:
        self.X, self.y, self.settings = X, y, settings
        self.seed, self.cache_dir = seed, cache_dir
        self._rows: list[dict[str, Any]] = []

    @property
    def table(self) -> pd.DataFrame:
        """One row per fold, decoder and point of the grid (its best C and kernel)."""
        return pd.DataFrame(self._rows, columns=list(COLUMNS))

    @cached_property
    def embeddings(self) -> TrialEmbeddings:
        """The choice of each trial alone, without labels: computed once for all folds."""
        settings = self.settings
        options = {} if settings.max_delay is None else {"max_delay": settings.max_delay}
        return select_embedding(self.X, settings.embedding, n_jobs=settings.n_jobs, **options)

    def fit(self, name: str, fold: Fold) -> Pipeline:
        """Choose on the training trials of a fold, and fit there."""
        classifier = "mdm" if "MDM" in name else "svm"
        chosen = self._by_grid if name.endswith(", grid") else self._by_dynamics
        return chosen(name, classifier, fold)

    def _by_grid(self, name: str, classifier: str, fold: Fold) -> Pipeline:
        began, settings = time.perf_counter(), self.settings
        spatial = not name.startswith("ACM")
        search = ACMSearchCV(
            (1,) if spatial else settings.orders,
            (1,) if spatial else settings.lags,
            settings.C,
            settings.kernels,
            classifier,
            n_splits=settings.n_splits,
            random_state=self.seed,
            mode=settings.mode,
            reference=settings.reference,
            estimator=settings.estimator,
            structure=settings.structure,
            backend=settings.backend,
            n_jobs=settings.n_jobs,
            cache_dir=self.cache_dir,
        ).fit(self.X[fold.train], self.y[fold.train])
        seconds = time.perf_counter() - began
        self._rows += [
            {**row, "fold": fold.name, "model": name, "seconds": seconds}
            for row in best_of_points(search)
        ]
        return search.best_estimator_

    def _by_dynamics(self, name: str, classifier: str, fold: Fold) -> Pipeline:
        began = time.perf_counter()
        wanted, lag = fold_embedding(self.embeddings, fold.train, *self.X.shape[1:])
        estimator = self.settings.estimator
        order = regular_order(self.X[fold.train], wanted, lag, estimator)
        reason = f"order lowered from {wanted} to keep matrices regular" if order < wanted else ""
        # The SVM is not tuned after this choice: scikit-learn's defaults, as published.
        model = ModelSection(order=order, lag=lag, estimator=estimator, C=1.0, kernel="rbf")
        decoder = fit_decoder(self.X[fold.train], self.y[fold.train], classifier, model)
        self._rows.append(
            {"fold": fold.name, "model": name, "order": order, "lag": lag, "C": 1.0,
             "kernel": "rbf", "score": np.nan, "reason": reason, "chosen": True,
             "seconds": time.perf_counter() - began}
        )  # fmt: skip
        return decoder


def best_of_points(search: ACMSearchCV) -> list[dict[str, Any]]:
    """Return one row per (order, lag) of a search: its best C and kernel, and their score."""
    results = search.cv_results_
    columns = {
        "order": results["param_order"],
        "lag": results["param_lag"],
        "C": results.get("param_C", np.nan),
        "kernel": results.get("param_kernel", ""),
        "score": results["mean_test_score"],
        "reason": results["reason"],
        "rank": results["rank_test_score"],
    }
    table = pd.DataFrame(columns).sort_values("rank", kind="stable")
    best = table.drop_duplicates(["order", "lag"]).sort_values(["lag", "order"])
    chosen = search.best_params_
    best["chosen"] = (best["order"] == chosen["order"]) & (best["lag"] == chosen["lag"])
    rows = best.drop(columns="rank").to_dict("records")
    return [{str(key): value for key, value in row.items()} for row in rows]
