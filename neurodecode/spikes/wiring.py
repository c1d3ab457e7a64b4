"""Who drives whom: the attention of a trained model and its rivals, against the truth if known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.artefacts import atomic_path, write_parquet
from neurodecode.datasets.spiking.arrays import load_array
from neurodecode.evaluation.connectivity_scores import connectivity_lead, connectivity_scores
from neurodecode.spikes.baselines.connectivity import estimate_connectivity
from neurodecode.spikes.connectivity import attention_connectivity
from neurodecode.spikes.loading import fold_folder, load_network, network_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.spikes.config import SpikesConfig
    from neurodecode.spikes.connectivity import Weighting
    from neurodecode.spikes.recorded import Recorded
    from neurodecode.spikes.study import Study
    from neurodecode.spikes.units import Part

ATTENTION, TRUTH = "attention", "truth"
MATRICES, SCORES = "wiring", "wiring.parquet"


@dataclass(frozen=True)
class Wiring:
    """Estimated wiring of one session.

    Attributes
    ----------
    subject, session : str
    estimates : dict of str to ndarray, shape (n_units, n_units)
        By name, ``[i, j]``: how strongly j drives i.
    truth : ndarray of bool, shape (n_units, n_units), or None
    """

    subject: str
    session: str
    estimates: dict[str, NDArray[np.float64]]
    truth: NDArray[np.bool_] | None


def read_wiring(
    study: Study, part: Part, subject: str, folder: Path, simulated: Path | None
) -> list[Wiring]:
    """Estimate the wiring of every session of a subject, first fold.

    All windows are read: nothing is decoded that the model was trained to find.
    """
    config, found = study.config, []
    asked = config.wiring
    assert asked is not None
    for recorded in study.sessions(subject):
        place = fold_folder(folder, recorded, study.folds(recorded)[0])
        estimates = {
            ATTENTION if weighting == "attention" else f"{ATTENTION}, {weighting}":
            _attention(config, part, recorded, place, weighting)
            for weighting in asked.weightings
        }  # fmt: skip
        session = recorded.session
        edges = np.arange(session.limits[0], session.limits[1], config.windows.dt)
        counts = session.counts(edges).T
        for name in asked.rivals:
            estimates[name] = estimate_connectivity(name, counts, n_lags=asked.n_lags)
        truth = None if simulated is None else _truth(recorded, simulated)
        found.append(Wiring(subject, session.session, estimates, truth))
    return found


def score_wiring(wirings: Sequence[Wiring], seed: int) -> pd.DataFrame:
    """Return AUC and direction accuracy, and attention's lead over each rival.

    Returns
    -------
    DataFrame
        ``subject, session, estimate, metric, value, ci_low, ci_high, lead, lead_low, lead_high,
        n``; empty where no wiring is known. Intervals are over the units that drive others.
    """
    rows = []
    for wiring in wirings:
        if wiring.truth is None:
            continue
        main = next(iter(wiring.estimates.values()))
        for name, estimate in wiring.estimates.items():
            scored = connectivity_scores(estimate, wiring.truth, random_state=seed)
            leads = connectivity_lead(main, estimate, wiring.truth, random_state=seed)
            rows += [
                {"subject": wiring.subject, "session": wiring.session, "estimate": name,
                 "metric": metric, "value": ci.estimate, "ci_low": ci.low, "ci_high": ci.high,
                 "n": int(wiring.truth.any(axis=0).sum()), "lead": leads[metric].estimate,
                 "lead_low": leads[metric].low, "lead_high": leads[metric].high}
                for metric, ci in scored.items()
            ]  # fmt: skip
    return pd.DataFrame(rows)


def save_wiring(folder: Path, wirings: Sequence[Wiring], scores: pd.DataFrame) -> None:
    """Write the matrices below ``wiring``, and the scores where the truth is known."""
    for wiring in wirings:
        arrays: dict[str, Any] = dict(wiring.estimates)
        if wiring.truth is not None:
            arrays[TRUTH] = wiring.truth
        path = folder / MATRICES / f"sub-{wiring.subject}_ses-{wiring.session}.npz"
        path.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(path) as temporary, temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)
    if not scores.empty:
        write_parquet(folder / SCORES, scores)


def load_wiring(folder: Path) -> tuple[list[Wiring], pd.DataFrame]:
    """Return what :func:`save_wiring` wrote; nothing where there is nothing."""
    found = []
    for path in sorted((folder / MATRICES).glob("sub-*_ses-*.npz")):
        arrays = load_array(path)
        subject, _, session = path.stem.removeprefix("sub-").partition("_ses-")
        truth = arrays.pop(TRUTH, None)
        found.append(Wiring(subject, session, arrays, truth))
    scores = folder / SCORES
    return found, pd.read_parquet(scores) if scores.is_file() else pd.DataFrame()


def _attention(
    config: SpikesConfig, part: Part, recorded: Recorded, folder: Path, weighting: Weighting
) -> NDArray[np.float64]:
    asked, n_windows = config.wiring, len(recorded.windows)
    assert asked is not None
    n_read = min(n_windows, asked.n_windows or n_windows)
    rows = np.linspace(0, n_windows - 1, n_read).round().astype(int)
    network = network_of(config, recorded, part.model)
    model, windows = load_network(network, recorded, folder, rows)
    return attention_connectivity(
        model, windows, stage=asked.stage, layers=asked.layers, heads=asked.heads,
        weighting=weighting, query=asked.query, batch_size=256,
    ).weights  # fmt: skip


def _truth(recorded: Recorded, folder: Path) -> NDArray[np.bool_] | None:
    """Return which unit (row) is driven by which (column); None where no wiring was simulated."""
    from neurodecode.datasets.simulate.forward_model import TRUTH as TRUTHS
    from neurodecode.datasets.simulate.forward_model import read_arrays

    session = recorded.session
    path = folder / TRUTHS / f"sub-{session.subject}_ses-{session.session}.npz"
    arrays = read_arrays(path)
    if "delays" not in arrays:
        return None
    driven: NDArray[np.bool_] = np.asarray(arrays["delays"]) > 0
    np.fill_diagonal(driven, val=False)
    return driven if driven.any() else None
