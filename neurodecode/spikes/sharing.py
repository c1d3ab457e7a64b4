"""One network for all sessions: trained on all of them, then kept as a network of each."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from neurodecode.persistence import save_weights
from neurodecode.spikes.loading import fold_folder, network_of
from neurodecode.spikes.module import SpikeModule
from neurodecode.spikes.session_data import MultiSessionData
from neurodecode.spikes.sessions import MultiSessionNeuroformer
from neurodecode.spikes.study import valid_rows
from neurodecode.training import Keys, fit

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from neurodecode.evaluation.spike_splits import SpikeFold
    from neurodecode.spikes.recorded import Recorded
    from neurodecode.spikes.study import Study
    from neurodecode.spikes.units import Part

KEYS = Keys("training.optimiser.learning_rate")
"""What faults of a training tell the user to change."""


def train_shared(study: Study, part: Part, subjects: Sequence[str], folder: Path) -> list[str]:
    """Train a network with a shared body for every fold, and say how each went.

    The n-th folds of all sessions are trained together. Each session's table and the body are then
    kept as a network of that session alone, which is used as any other.
    """
    recordings = {
        f"{recorded.session.subject}_{recorded.session.session}".replace(".", "-"): recorded
        for subject in subjects
        for recorded in study.sessions(subject)
    }
    folds = {name: study.folds(recorded) for name, recorded in recordings.items()}
    n_folds = min(map(len, folds.values()))
    return [
        _train(study, part, recordings, {name: each[k] for name, each in folds.items()}, folder)
        for k in range(n_folds)
    ]


def _train(
    study: Study, part: Part, recordings: Mapping[str, Recorded],
    folds: Mapping[str, SpikeFold], folder: Path,
) -> str:  # fmt: skip
    config, training = study.config, study.config.training
    networks = {name: network_of(config, one, part.model) for name, one in recordings.items()}
    scales = {
        name: {value: one.scale(value, folds[name].train) for value in networks[name].inputs}
        for name, one in recordings.items()
    }
    windows = {name: one.spike_windows(networks[name], scales[name])
               for name, one in recordings.items()}  # fmt: skip
    data = MultiSessionData(
        windows, {name: fold.train for name, fold in folds.items()},
        {name: valid_rows(fold) for name, fold in folds.items()},
        batch_size=training.batch_size, shuffle=training.shuffle, seed=part.seed,
        num_workers=training.trainer.num_workers,
    )  # fmt: skip
    torch.manual_seed(part.seed)
    model = MultiSessionNeuroformer(next(iter(networks.values())), data.n_units)
    fold = next(iter(folds.values())).name
    how = fit(
        SpikeModule(model, training.optimiser), data, training.trainer,
        folder / "shared" / fold.replace(" ", "-"), seed=part.seed,
        key=f"{study.key} {part.slug} {fold}", keys=KEYS,
    )  # fmt: skip
    for name, recorded in recordings.items():
        place = fold_folder(folder, recorded, folds[name])
        info = {"model": part.model, "scales": scales[name], "units": recorded.unit_labels}
        save_weights(place, model.select(name), info)
    n_windows = sum(len(each.train) for each in folds.values())
    return f"{n_windows} windows of {len(recordings)} sessions, {how.sentence}"
