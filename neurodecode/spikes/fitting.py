"""Train the models of the ``spikes`` pipeline and keep what is needed to use them again."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodecode.artefacts import write_json
from neurodecode.persistence import save_weights
from neurodecode.spikes.datamodule import SpikeData
from neurodecode.spikes.export import export_decoder
from neurodecode.spikes.loading import PRETRAINED, fold_folder, network_of, way_name, ways_of
from neurodecode.spikes.module import SpikeModule
from neurodecode.spikes.rivals import fit_glm, fit_rival
from neurodecode.spikes.sharing import KEYS, train_shared
from neurodecode.spikes.study import valid_rows
from neurodecode.spikes.tuning import few_shot, take_over
from neurodecode.spikes.variants import ALONE, NETWORKS, SHUFFLED, generator_of
from neurodecode.training import fit

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.evaluation.spike_splits import SpikeFold
    from neurodecode.spikes.config import FewShotSection
    from neurodecode.spikes.config_model import NeuroformerConfig
    from neurodecode.spikes.config_training import SpikeTraining
    from neurodecode.spikes.model import Neuroformer
    from neurodecode.spikes.recorded import Recorded
    from neurodecode.spikes.study import Study
    from neurodecode.spikes.units import Part, Unit


def train_unit(study: Study, unit: Unit, folder: Path) -> str:
    """Train a unit's models on every session and fold of its subjects; say what was trained."""
    said = {part.slug: _train_part(study, unit, part, folder / part.slug) for part in unit.parts}
    write_json(folder / "model.json", {"unit": unit.name, "trained": said})
    if len(said) > 1:
        return f"{len(said)} models"
    trained = said[unit.parts[0].slug]
    return trained[0] + (f" and {len(trained) - 1} more" if len(trained) > 1 else "")


def _train_part(study: Study, unit: Unit, part: Part, folder: Path) -> list[str]:
    if part.task == "wire":
        study = study.wired
    if part.shared:
        return train_shared(study, part, unit.subjects, folder)
    return [
        Fitting(study, part, recorded, fold, fold_folder(folder, recorded, fold)).run()
        for subject in unit.subjects
        for recorded in study.sessions(subject)
        for fold in study.folds(recorded)
    ]


class Fitting:
    """One model on one fold of one session.

    Parameters
    ----------
    study : Study
    part : Part
    recorded : Recorded
    fold : SpikeFold
    folder : Path
        For weights, checkpoints and log.
    """

    def __init__(
        self, study: Study, part: Part, recorded: Recorded, fold: SpikeFold, folder: Path
    ) -> None:
        self.config, self.key = study.config, study.key
        self.part, self.recorded, self.fold, self.folder = part, recorded, fold, folder

    def run(self) -> str:
        """Train what the part asks for, and say how it went."""
        if self.part.task == "few-shot":
            return self._few_shot()
        if self.part.task == "decode":
            return self._decoder()
        if not generator_of(self.part.model).network:
            fit_glm(self.recorded, self.fold, self.folder)
            return f"{self.fold.train.size} windows"
        network = network_of(self.config, self.recorded, self.part.model)
        return self._network(network, self.fold.train, self.folder, self.config.training)[1]

    def _decoder(self) -> str:
        name = self.part.model
        if name not in NETWORKS:
            for target in self.config.targets:
                fit_rival(self.recorded, self.fold, name, target, self.folder / target,
                          seed=self.part.seed)  # fmt: skip
            return f"{self.fold.train.size} windows"
        network = network_of(self.config, self.recorded, self.config.decoder_model, decodes=True)
        targets = self.config.targets if name == SHUFFLED else ()
        shift = {
            target: self.recorded.unrelated_shift(target, self.fold.train) for target in targets
        }
        said = self._network(
            network, self.fold.train, self.folder, self.config.training,
            spikes=name != ALONE, shift=shift,
        )[1]  # fmt: skip
        export_decoder(self.config, self.part, self.recorded, self.fold, self.folder)
        return said

    def _few_shot(self) -> str:
        """Pretrain on spikes; then tune that, and an untrained network, on few windows.

        No behaviour beyond the share is used: all epochs are run, the last weights are kept.
        """
        asked, name = self.config.few_shot, self.config.few_shot.model
        alone = network_of(self.config, self.recorded, name)
        pretrained, said = self._network(
            alone, self.fold.train, self.folder / PRETRAINED, self.config.training
        )
        network = network_of(self.config, self.recorded, name, decodes=True)
        order = np.random.default_rng(self.part.seed).permutation(self.fold.train)
        known = order if asked.draw == "random" else self.fold.train
        for way, share in ways_of(asked):
            rows = np.sort(few_shot(known, share))
            state = pretrained.state_dict() if way == PRETRAINED else None
            training = tuning_of(asked, rows.size)
            self._network(
                network, rows, self.folder / way_name(way, share), training, state=state,
                frozen=asked.freeze if state is not None else (), spikes=asked.spikes, last=True,
            )  # fmt: skip
        return f"pretrained ({said}), tuned {len(ways_of(asked))} times"

    def _network(
        self, network: NeuroformerConfig, rows: NDArray[Any], folder: Path,
        training: SpikeTraining, *, state: Mapping[str, torch.Tensor] | None = None,
        frozen: tuple[Any, ...] = (), spikes: bool = True,
        shift: Mapping[str, float] | None = None, last: bool = False,
    ) -> tuple[Neuroformer, str]:  # fmt: skip
        """Train a network on windows, keep its weights, and say how it went."""
        scales = {name: self.recorded.scale(name, rows)
                  for name in (*network.inputs, *network.targets)}  # fmt: skip
        windows = self.recorded.spike_windows(network, scales, shift=shift)
        torch.manual_seed(self.part.seed)
        model = network.build()
        if state is not None:
            take_over(model, state)
        module = SpikeModule(model, training.optimiser, freeze=frozen, spikes=spikes)
        data = SpikeData(
            windows, rows, valid_rows(self.fold), batch_size=training.batch_size,
            shuffle=training.shuffle, seed=self.part.seed, num_workers=training.trainer.num_workers,
        )  # fmt: skip
        how = fit(
            module, data, training.trainer, folder, seed=self.part.seed,
            key=f"{self.key} {self.part.slug} {self.fold.name} {folder.name}",
            keep="last" if last else "best", keys=KEYS,
        )  # fmt: skip
        info = {"model": self.part.model, "scales": scales, "units": self.recorded.unit_labels}
        save_weights(folder, model, info)
        return model, f"{len(rows)} windows, {how.sentence}"


def tuning_of(asked: FewShotSection, n_rows: int) -> SpikeTraining:
    """Return the training of few windows: it validates once, at the end.

    With ``n_updates`` it has as many epochs as that many updates need.
    """
    training = asked.training
    n_epochs = training.trainer.max_epochs
    if asked.n_updates is not None:
        n_epochs = math.ceil(asked.n_updates / math.ceil(n_rows / training.batch_size))
    changed = {"max_epochs": n_epochs, "check_val_every_n_epoch": n_epochs}
    return training.model_copy(update={"trainer": training.trainer.model_copy(update=changed)})
