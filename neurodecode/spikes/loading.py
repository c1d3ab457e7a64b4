"""Where trained models of the ``spikes`` pipeline are kept, and how they are read back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from neurodecode.artefacts import read_json
from neurodecode.faults import DataFault
from neurodecode.persistence import load_weights
from neurodecode.spikes.variants import generator_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.evaluation.spike_splits import SpikeFold
    from neurodecode.spikes.batches import SpikeWindows
    from neurodecode.spikes.config import FewShotSection, SpikesConfig
    from neurodecode.spikes.config_model import NeuroformerConfig
    from neurodecode.spikes.model import Neuroformer
    from neurodecode.spikes.recorded import Recorded
    from neurodecode.spikes.study import Study

PRETRAINED, SCRATCH = "pretrained", "scratch"
"""Ways of few-shot tuning: from a model of spikes, and from random weights."""


def fold_folder(folder: Path, recorded: Recorded, fold: SpikeFold) -> Path:
    """Return the folder of a session's fold below that of a unit."""
    return folder / recorded.label / fold.name.replace(" ", "-")


def ways_of(asked: FewShotSection) -> list[tuple[str, float]]:
    """Return the trainings of few-shot tuning: way and share of the windows."""
    return [(way, share) for share in asked.shares for way in (PRETRAINED, SCRATCH)]


def way_name(way: str, share: float) -> str:
    """Return the folder of a training."""
    return f"{way}-{share:g}"


def network_of(
    config: SpikesConfig, recorded: Recorded, name: str, *, decodes: bool = False
) -> NeuroformerConfig:
    """Return the settings of a network for the units of a session."""
    decoded = recorded.targets() if decodes else None
    return config.network_of(name, recorded.session.n_units, decoded=decoded)


def load_network(
    network: NeuroformerConfig, recorded: Recorded, folder: Path, rows: NDArray[Any]
) -> tuple[Neuroformer, SpikeWindows]:
    """Return a trained network and windows in its scales.

    Raises
    ------
    DataFault
        If it was trained on other units, or the weights are not those that were written.
    """
    refuse_other_units(folder, recorded)
    model = load_weights(folder, network.build())
    scales = {
        name: tuple(pair) for name, pair in read_json(folder / "model.json")["scales"].items()
    }
    return model.eval(), recorded.spike_windows(network, scales, rows=rows)


def refuse_other_units(folder: Path, recorded: Recorded) -> None:
    """Compare the units that a kept model was trained on with those of a session.

    Raises
    ------
    DataFault
        If the vocabulary is that of another population: its tokens mean other units.
    """
    trained, own = read_json(folder / "model.json")["units"], recorded.unit_labels
    if trained == own:
        return
    place = next((k for k, pair in enumerate(zip(trained, own, strict=False))
                  if pair[0] != pair[1]), min(len(trained), len(own)))  # fmt: skip
    names = [f"'{labels[place]}'" if place < len(labels) else "none" for labels in (trained, own)]
    raise DataFault(
        f"the vocabulary of another population: {len(trained)} units, the session has {len(own)}; "
        f"unit {place} is {names[0]}, here {names[1]}",
        where=str(folder), fix="run again with --force train",
    )  # fmt: skip


def n_parameters(study: Study, names: Iterable[str]) -> dict[str, int]:
    """Return the parameters of the networks among models, for the units of the first session."""
    recorded = study.sessions(min(study.folders))[0]
    with torch.device("meta"):
        built = {name: network_of(study.config, recorded, name).build()
                 for name in names if generator_of(name).network}  # fmt: skip
    return {name: sum(p.numel() for p in model.parameters()) for name, model in built.items()}
