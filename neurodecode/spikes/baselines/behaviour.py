"""Rivals that decode a behaviour variable from spike counts: Lasso, GLM, MLP and bi-GRU.

All take counts (n_windows, n_bins, n_units), from
:func:`neurodecode.spikes.baselines.windows.window_counts`, and a value per window.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.linear_model import Lasso, LinearRegression
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

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


def _network(kind: str, seed: int) -> Any:
    from neurodecode.spikes.baselines.networks import NetworkDecoder

    return NetworkDecoder(kind, random_state=seed)


BEHAVIOUR: dict[str, Callable[[int], Any]] = {
    "Lasso": lambda _: _linear(Lasso(alpha=0.01, max_iter=5000)),
    "GLM": lambda _: _linear(LinearRegression()),
    "MLP": lambda seed: _network("MLP", seed),
    "bi-GRU": lambda seed: _network("bi-GRU", seed),
}
"""Builders by name, called with a seed. Lasso has the published penalty, 0.01 on standardised
counts; the GLM is Gaussian with identity link, as published, and so a linear regression."""


def make_behaviour_decoder(name: str, *, random_state: int = 0) -> Any:
    """Build an unfitted decoder with ``fit(counts, values)`` and ``predict(counts)``.

    Parameters
    ----------
    name : str
        In :data:`BEHAVIOUR`.
    random_state : int, default=0
        Of the networks' weights and batches.

    Raises
    ------
    ConfigFault
        If the name is unknown, with the nearest one.
    """
    if name not in BEHAVIOUR:
        raise ConfigFault(unknown("behaviour decoder", name, BEHAVIOUR))
    return BEHAVIOUR[name](random_state)
