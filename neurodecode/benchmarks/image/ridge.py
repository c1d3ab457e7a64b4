r"""Chooses the penalty of one ridge regression with every program, in turn.

Samples are the windows of the simulated array, flattened. Targets are
:math:`Y = X B / \lVert X B \rVert + E / \lVert E \rVert` with Gaussian :math:`B` and :math:`E`:
half of their variance is linear in the window. Penalties are :math:`10^{-3}` to :math:`10^4` times
the mean squared norm of the centred samples, so that the best one lies inside.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np
from himalaya.kernel_ridge import KernelRidgeCV
from himalaya.ridge import RidgeCV as HimalayaRidgeCV
from himalaya.scoring import r2_score
from sklearn.linear_model import RidgeCV
from sklearn.model_selection import KFold

from neurodecode.benchmarks.image.programs import KERNEL, OURS, SKLEARN, SVD
from neurodecode.dual_ridge import DualRidgeCV
from neurodecode.signals.store import open_store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.benchmarks.image.config import RidgeSection

N_WARM = 40
"""Samples of a first fit with every program, which loads and initialises what it uses."""


def time_ridges(array: Path, sizes: RidgeSection, *, seed: int, turn: int) -> dict[str, Any]:
    """Fit the same samples with every program.

    Parameters
    ----------
    array : Path
        Store of the windows.
    turn : int
        Which program begins, so that no one is always first.

    Returns
    -------
    dict
        By program: ``alphas`` chosen, ``scores`` (mean R2 at that penalty), ``seconds`` and
        ``cpu_seconds`` of the fit; by peer ``gaps``, the largest difference of its predictions
        from ours over the largest prediction; ``shape`` of the samples.
    """
    drawn = draw(array, sizes.n_targets, seed=seed)
    x, y = (values.astype(sizes.precision) for values in drawn)
    scale = float(np.square(x - x.mean(axis=0), dtype=np.float64).sum() / len(x))
    alphas = scale * np.logspace(-3, 4, sizes.n_alphas)
    programs = make_programs(alphas, sizes.n_folds)
    names = list(programs)
    names = names[turn % len(names) :] + names[: turn % len(names)]
    for name in names:
        programs[name]().fit(x[:N_WARM], y[:N_WARM])
    fitted, seconds, cpu = {}, {}, {}
    for name in names:
        began, of_cpu = time.perf_counter(), time.process_time()
        fitted[name] = programs[name]().fit(x, y)
        seconds[name], cpu[name] = time.perf_counter() - began, time.process_time() - of_cpu
    expected = fitted[OURS].predict(x)
    largest = float(np.abs(expected).max())
    return {
        "alphas": {name: chosen_alpha(model) for name, model in fitted.items()},
        "scores": {name: chosen_score(model) for name, model in fitted.items()},
        "gaps": {
            name: float(np.abs(model.predict(x) - expected).max()) / largest
            for name, model in fitted.items()
            if name != OURS
        },
        "seconds": seconds,
        "cpu_seconds": cpu,
        "shape": list(x.shape),
    }


def draw(
    array: Path, n_targets: int, *, seed: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return flattened windows (n_samples, n_features) and targets (n_samples, n_targets)."""
    signals = np.asarray(open_store(array).signals, np.float32)
    x = signals.reshape(len(signals), -1)
    rng = np.random.default_rng(seed)
    signal = x @ rng.standard_normal((x.shape[1], n_targets), np.float32)
    noise = rng.standard_normal(signal.shape, np.float32)
    y = signal / np.linalg.norm(signal) + noise / np.linalg.norm(noise)
    return x, np.asarray(y * np.sqrt(y.size), np.float32)


def make_programs(alphas: NDArray[np.float64], n_folds: int) -> dict[str, Callable[[], Any]]:
    """Return what makes each estimator: same penalties, folds, score, and one penalty for all."""
    folds = KFold(n_folds)
    options = {"score_func": r2_score, "local_alpha": False}
    svd = {**options, "warn": False}
    return {
        OURS: lambda: DualRidgeCV(alphas, cv=folds),
        SKLEARN: lambda: RidgeCV(alphas, cv=folds, scoring="r2"),
        KERNEL: lambda: KernelRidgeCV(
            alphas, fit_intercept=True, cv=folds, solver_params=options, warn=False
        ),
        SVD: lambda: HimalayaRidgeCV(alphas, fit_intercept=True, cv=folds, solver_params=svd),
    }


def chosen_alpha(model: Any) -> float:
    """Return the penalty of a fitted program, one for all targets."""
    return float(model.alpha_ if hasattr(model, "alpha_") else model.best_alphas_[0])


def chosen_score(model: Any) -> float:
    """Return the mean R2 over folds and targets at that penalty."""
    found = model.best_score_ if hasattr(model, "best_score_") else model.cv_scores_.mean()
    return float(found)
