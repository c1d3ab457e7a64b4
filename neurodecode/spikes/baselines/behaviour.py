"""Rivals that decode a behaviour variable from spike counts: Lasso, GLM, MLP and bi-GRU.

All take counts (n_windows, n_bins, n_units), from
:func:`neurodecode.spikes.baselines.windows.window_counts`, and a value per window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import Lasso, LinearRegression, LogisticRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray


def flatten(counts: NDArray[Any]) -> NDArray[np.float64]:
    """Return windows as rows of a design, (n_windows, n_bins * n_units)."""
    windows = np.asarray(counts, dtype=np.float64)
    return windows.reshape(len(windows), -1)


def _linear(model: Any) -> Pipeline:
    return Pipeline([
        ("flatten", FunctionTransformer(flatten)),
        ("scale", StandardScaler()),
        ("model", model),
    ])  # fmt: skip


def _regression(name: str) -> Any:
    return Lasso(alpha=0.01, max_iter=5000) if name == "Lasso" else LinearRegression()


def _classification(name: str) -> Any:
    """Return the logistic counterpart: with an L1 penalty, or with scikit-learn's own."""
    if name == "Lasso":
        return LogisticRegression(l1_ratio=1.0, solver="saga", max_iter=2000, random_state=0)
    return LogisticRegression(max_iter=2000)


BEHAVIOUR = ("Lasso", "GLM", "MLP", "bi-GRU")
"""Names. Lasso has the published penalty, 0.01 on standardised counts; the GLM is Gaussian with
identity link, as published, and so a linear regression."""


def make_behaviour_decoder(
    name: str, *, n_classes: int | None = None, random_state: int = 0
) -> Any:
    """Build an unfitted decoder with ``fit(counts, values)`` and ``predict(counts)``.

    Parameters
    ----------
    name : str
        In :data:`BEHAVIOUR`.
    n_classes : int, optional
        Values are classes from 0 on; None: a quantity. The linear models are then logistic.
    random_state : int, default=0
        Of the networks' weights and batches.

    Raises
    ------
    ConfigFault
        If the name is unknown, with the nearest one.
    """
    if name not in BEHAVIOUR:
        raise ConfigFault(unknown("behaviour decoder", name, BEHAVIOUR))
    if name in ("Lasso", "GLM"):
        return _linear(_regression(name) if n_classes is None else _classification(name))
    from neurodecode.spikes.baselines.networks import NetworkDecoder

    return NetworkDecoder(name, n_classes=n_classes, random_state=random_state)
