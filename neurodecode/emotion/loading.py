"""Decoders of the ``emotion`` pipeline, built and read back, and their answers to windows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np
import torch

from neurodecode.emotion.keras_conventions import count_parameters
from neurodecode.emotion.networks import NETWORKS, OPTIONS
from neurodecode.emotion.targets import make_target
from neurodecode.persistence import load_estimators, load_weights

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.emotion.config_model import NetworkSection
    from neurodecode.emotion.decoders import Decoder
    from neurodecode.emotion.network import EmotionNetwork
    from neurodecode.emotion.study import Study
    from neurodecode.emotion.targets import Target

BATCH = 512
CALIBRATED, SOURCES = "calibrated", "sources"
"""Weights of the two stages across subjects, as file names; within subjects there is one stage."""
WEIGHTS = "model"


def fold_folder(folder: Path, decoder: Decoder, label: str, fold: str) -> Path:
    """Return the folder of one trained decoder below that of its unit."""
    return folder / decoder.slug / label / f"fold-{fold}"


def build_target(study: Study, decoder: Decoder, label: str) -> Target:
    """Return what a network's outputs are compared with."""
    return make_target(cast("Any", decoder.target), study.n_classes(label), study.config.sigma)


def build_network(
    study: Study, decoder: Decoder, label: str, *, seed: int, across: bool = False
) -> EmotionNetwork:
    """Return an untrained network; its weights depend on the seed alone, so folds begin alike."""
    section, names = network_section(study, decoder, across=across), study.first.info["channels"]
    torch.manual_seed(seed)
    return section.build(
        names, study.config.window_samples, build_target(study, decoder, label).n_outputs
    )


def parameters_of(study: Study, decoder: Decoder, label: str) -> int | None:
    """Return how many parameters a network has on this run's channels, windows and levels.

    Counted as Keras does, with the statistics of batch norm; None of a classical decoder.
    """
    if decoder.classical:
        return None
    return count_parameters(build_network(study, decoder, label, seed=0)).total


def network_section(study: Study, decoder: Decoder, *, across: bool = False) -> NetworkSection:
    """Return the settings of a decoder's network, its own regions written out.

    Settings of ``network`` that a family does not have are left out for it: own regions are for
    HiSTN, say, and not for EEGNet.
    """
    config = study.config
    family = OPTIONS[NETWORKS[decoder.family].family]
    section = config.network
    changed: dict[str, Any] = {"name": decoder.family}
    if "graph" not in family:
        changed |= {"hierarchy": None, "n_regions": None}
    if "fusion" not in family:
        changed["fusion"] = None
    if "first_kernel" not in family or decoder.family == "EEGNet":
        changed["first_kernel"] = None
    if across:
        changed["dropout"] = config.sources.dropout
    names = study.first.info["channels"]
    positions = _positions(names) if section.n_regions is not None else None
    return section.model_copy(update=changed).resolved(positions)


def answer(
    study: Study, decoder: Decoder, label: str, folder: Path, windows: NDArray[np.float32],
    *, weights: str = WEIGHTS, across: bool = False,
) -> NDArray[np.float32]:  # fmt: skip
    """Return the probabilities (n, n_classes) of a trained decoder for windows."""
    if decoder.classical:
        from neurodecode.emotion.classical import TRUSTED, level_probabilities

        found = level_probabilities(
            load_estimators(folder, trusted=TRUSTED), windows, study.n_classes(label)
        )
        return found.astype(np.float32)
    network = load_network(study, decoder, label, folder, weights=weights, across=across)
    return network_answer(network, build_target(study, decoder, label), windows)


def network_answer(
    network: EmotionNetwork, target: Target, windows: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return the probabilities (n, n_classes) of a network in evaluation mode for windows."""
    with torch.no_grad():
        parts = [
            target.probabilities(network(torch.from_numpy(windows[k : k + BATCH]))).numpy()
            for k in range(0, len(windows), BATCH)
        ]
    return np.concatenate(parts).astype(np.float32)


def load_network(
    study: Study, decoder: Decoder, label: str, folder: Path, *, weights: str, across: bool
) -> EmotionNetwork:
    """Return the trained network of a fold, in evaluation mode."""
    network = build_network(study, decoder, label, seed=0, across=across)
    return load_weights(folder, network, name=weights).eval()


def _positions(names: list[str]) -> Any:
    """Return the electrodes of the 10-05 system with these names, as MNE describes a montage."""
    from neurodecode.channels import canonical_name
    from neurodecode.datasets.montage import standard_sites

    known = standard_sites()
    return {name: known[canonical_name(name)] for name in names if canonical_name(name) in known}
