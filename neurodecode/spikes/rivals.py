"""Rivals of the network on one fold: fitted to counts, kept, and asked again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from neurodecode.artefacts import read_json
from neurodecode.faults import ConfigFault
from neurodecode.persistence import (
    load_estimators,
    load_tensors,
    save_estimators,
    save_tensors,
)
from neurodecode.spikes.baselines.behaviour import make_behaviour_decoder
from neurodecode.spikes.baselines.poisson_glm import PopulationGLM
from neurodecode.spikes.baselines.position import BayesianPositionDecoder
from neurodecode.spikes.baselines.windows import window_counts
from neurodecode.spikes.loading import refuse_other_units
from neurodecode.spikes.variants import BAYES, GLM

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.evaluation.spike_splits import SpikeFold
    from neurodecode.spikes.recorded import Recorded

TRUSTED = (
    "neurodecode.spikes.baselines.behaviour.flatten",
    "neurodecode.spikes.baselines.poisson_glm.PopulationGLM",
    "neurodecode.spikes.baselines.position.BayesianPositionDecoder",
)
NETWORKS = ("MLP", "bi-GRU")


class Drawn(NamedTuple):
    """Windows written by the GLM.

    Attributes
    ----------
    counts : ndarray of int64, shape (n_windows, n_draws, n_units)
    expected : ndarray of float64, shape (n_windows, n_units)
        Means of the draws' conditional intensities, summed over a window.
    """

    counts: NDArray[np.int64]
    expected: NDArray[np.float64]


def counts_of(recorded: Recorded) -> NDArray[np.float64]:
    """Return the spikes of past and current window, (n_windows, n_bins, n_units), in bins of dt."""
    windows = recorded.config.windows
    seconds = windows.past + windows.current
    starts = recorded.windows["stop"].to_numpy() - seconds
    n_bins = windows.n_bins + windows.n_past_bins
    return window_counts(recorded.session, starts, seconds, n_bins=n_bins)


def fit_rival(
    recorded: Recorded, fold: SpikeFold, name: str, target: str, folder: Path, *, seed: int
) -> None:
    """Fit a decoder of one behaviour and keep it.

    Raises
    ------
    ConfigFault
        If the Bayesian decoder is asked for classes.
    """
    rows, n_classes = fold.train, len(recorded.classes(target)) or None
    counts, values = counts_of(recorded)[rows], recorded.values(target)[rows]
    info = {"model": name, "units": recorded.unit_labels}
    if name == BAYES:
        if n_classes is not None:
            raise ConfigFault(f"'{target}' has classes, the {BAYES} decoder finds quantities",
                              where="decoders")  # fmt: skip
        save_estimators(folder, BayesianPositionDecoder().fit(counts, values), info)
        return
    decoder = make_behaviour_decoder(name, n_classes=n_classes, random_state=seed)
    decoder.fit(counts, values)
    if name in NETWORKS:
        save_tensors(folder, decoder.state(), info)
    else:
        save_estimators(folder, decoder, info)


def ask_rival(
    recorded: Recorded, rows: NDArray[Any], name: str, target: str, folder: Path
) -> NDArray[np.float64]:
    """Return what a kept decoder finds in windows, (n,)."""
    refuse_other_units(folder, recorded)
    counts = counts_of(recorded)[rows]
    if name in NETWORKS:
        n_classes = len(recorded.classes(target)) or None
        decoder = make_behaviour_decoder(name, n_classes=n_classes)
        decoder.restore(load_tensors(folder))
    else:
        decoder = load_estimators(folder, trusted=TRUSTED)
    return np.asarray(decoder.predict(counts), dtype=np.float64)


def fit_glm(recorded: Recorded, fold: SpikeFold, folder: Path) -> None:
    """Fit a coupled Poisson regression to the bins of the training windows and keep it.

    Units that are silent in them are left out: nothing is known of their rate.
    """
    windows = recorded.config.windows
    counts = _binned(recorded)
    keep = np.zeros(len(counts), dtype=bool)
    for first in _first_bins(recorded, fold.train):
        keep[first : first + windows.n_bins] = True
    fires = np.flatnonzero(counts[keep].any(axis=0))
    glm = PopulationGLM(n_lags=windows.n_past_bins).fit(counts[:, fires], keep=keep)
    info = {"model": GLM, "units": recorded.unit_labels, "fitted": fires.tolist()}
    save_estimators(folder, glm, info)


def draw_glm(
    recorded: Recorded, rows: NDArray[Any], folder: Path, *, n_draws: int, seed: int
) -> Drawn:
    """Write windows with the kept regression, each given the real spikes before it.

    Units that were silent in training stay silent.
    """
    refuse_other_units(folder, recorded)
    glm: PopulationGLM = load_estimators(folder, trusted=TRUSTED)
    fitted = read_json(folder / "model.json")["fitted"]
    counts, firsts = _binned(recorded)[:, fitted], _first_bins(recorded, rows)
    drawn = [
        glm.draw_windows(counts, firsts, recorded.config.windows.n_bins, random_state=seed + draw)
        for draw in range(n_draws)
    ]
    written = np.zeros((len(rows), n_draws, recorded.session.n_units), dtype=np.int64)
    expected = np.zeros((len(rows), recorded.session.n_units))
    written[..., fitted] = np.stack([one.counts.sum(axis=1) for one in drawn], axis=1)
    expected[:, fitted] = np.mean([one.means.sum(axis=1) for one in drawn], axis=0)
    return Drawn(written, expected)


def _binned(recorded: Recorded) -> NDArray[np.int64]:
    """Return the spikes of the session in bins of dt from its beginning, (n_bins, n_units)."""
    session, dt = recorded.session, recorded.config.windows.dt
    n_bins = int(np.ceil(session.duration / dt - 1e-6))
    edges = (session.limits[0] + np.arange(n_bins + 1) * dt).astype(np.float64)
    return session.counts(edges).T


def _first_bins(recorded: Recorded, rows: NDArray[Any]) -> NDArray[np.int64]:
    begin, dt = recorded.session.limits[0], recorded.config.windows.dt
    starts = recorded.windows["start"].to_numpy()[rows]
    firsts: NDArray[np.int64] = np.round((starts - begin) / dt).astype(np.int64)
    return firsts
