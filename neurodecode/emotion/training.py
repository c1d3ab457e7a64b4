"""Train the decoders of the ``emotion`` pipeline and keep what is needed to use them again."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.artefacts import write_json
from neurodecode.emotion.datamodule import RatedData
from neurodecode.emotion.export import export_decoder
from neurodecode.emotion.loading import (
    CALIBRATED,
    SOURCES,
    WEIGHTS,
    build_network,
    build_target,
    fold_folder,
)
from neurodecode.emotion.module import EmotionModule
from neurodecode.emotion.study import shuffle_ratings
from neurodecode.emotion.targets import balancing_weights
from neurodecode.emotion.windows import WindowSource, all_windows, places_of
from neurodecode.persistence import save_estimators, save_weights
from neurodecode.training import Keys, fit

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from neurodecode.emotion.decoders import Decoder
    from neurodecode.emotion.network import EmotionNetwork
    from neurodecode.emotion.study import Study
    from neurodecode.emotion.units import Unit
    from neurodecode.evaluation.rated_folds import RatedFold
    from neurodecode.training import Fit


def train_unit(study: Study, unit: Unit, folder: Path) -> str:
    """Train a unit's decoders for every rating and fold, write their weights, say how many."""
    n_trained, resumed = 0, []
    for label in study.config.labels:
        stretches, folds = study.split(unit.protocol, label, unit.subject)
        for decoder in unit.decoders:
            for fold in folds:
                known = shuffle_ratings(stretches, fold, decoder, study.config.seed)
                place = fold_folder(folder, decoder, label, fold.fold)
                training = Training(study, unit, decoder, label, known, fold, place)
                training.run()
                resumed += training.resumed
                export_decoder(study, unit, decoder, label, stretches, fold, place)
                n_trained += 1
    write_json(folder / "model.json", {"unit": unit.name, "n_trained": n_trained})
    names = ", ".join(decoder.name for decoder in unit.decoders)
    return "; ".join([f"{n_trained} trainings: {names}", *resumed])


class Training:
    """One decoder on one fold.

    Parameters
    ----------
    study : Study
    unit : Unit
    decoder : Decoder
    label : str
        The rating.
    stretches : DataFrame
        With the levels to train on.
    fold : RatedFold
    folder : Path
        For weights, checkpoints and log.

    Attributes
    ----------
    resumed : list of str
        After :meth:`run`: a sentence for each training that went on from a checkpoint.
    """

    def __init__(
        self,
        study: Study,
        unit: Unit,
        decoder: Decoder,
        label: str,
        stretches: pd.DataFrame,
        fold: RatedFold,
        folder: Path,
    ) -> None:
        self.study, self.config = study, study.config
        self.unit, self.decoder, self.label = unit, decoder, label
        self.stretches, self.fold, self.folder = stretches, fold, folder
        self.resumed: list[str] = []

    def run(self) -> None:
        """Train as the protocol has it."""
        if self.decoder.classical:
            self._classical()
        elif self.unit.across:
            self._across()
        else:
            self._within()

    def _within(self) -> None:
        settings = self.config.within
        data = RatedData.of_crops(
            self.study.signals(), self.stretches, self.fold,
            window_samples=self.config.window_samples, batch_size=settings.batch_size,
            n_batches=settings.n_batches, n_valid=settings.n_valid, seed=self.config.seed,
        )  # fmt: skip
        network = self._network()
        module = EmotionModule(network, self._target(), settings.optimiser)
        self._fit(module, data, settings.trainer, WEIGHTS, "within")

    def _across(self) -> None:
        """Train on the sources, if there are any; then on the target's beginnings, if any."""
        settings, network = self.config.sources, self._network()
        if self.fold.train.size:
            data = RatedData.of_sources(
                self.study.signals(), self.stretches, self.fold,
                window_samples=self.config.window_samples, batch_size=settings.batch_size,
                consensus=settings.consensus, seed=self.config.seed,
            )  # fmt: skip
            module = EmotionModule(network, self._target(), settings.optimiser)
            self._fit(module, data, settings.trainer, SOURCES, "sources")
        if self.fold.calibrate.size:
            self._calibrate(network)

    def _calibrate(self, network: EmotionNetwork) -> None:
        settings, rate = self.config.calibration, self.config.signals.sampling_rate
        data = RatedData.of_calibration(
            self.study.signals(), self.stretches, self.fold,
            window_samples=self.config.window_samples, batch_size=settings.batch_size,
            stride=max(1, round(settings.stride_seconds * rate)), seed=self.config.seed,
        )  # fmt: skip
        levels = self.stretches["level"].to_numpy()[self.fold.calibrate]
        module = EmotionModule(
            network, self._target(), settings.optimiser, freeze=settings.freeze,
            class_weights=balancing_weights(levels, self.study.n_classes(self.label)),
        )  # fmt: skip
        self._fit(module, data, settings.trainer, CALIBRATED, "calibration", keep="last")

    def _classical(self) -> None:
        from neurodecode.emotion.classical import fit_classical, make_classical

        known = np.concatenate([self.fold.train, self.fold.valid, self.fold.calibrate])
        windows = all_windows(self.stretches.iloc[known], self.config.window_samples)
        signals = self.study.signals()
        used = {name: signals[name] for name in windows["subject"].unique()}
        source = WindowSource(used, self.config.window_samples)
        places = places_of(windows, source.subjects)
        decoder = make_classical(
            self.decoder.family, self.config.signals.sampling_rate, random_state=self.config.seed
        )
        fitted = fit_classical(decoder, source.read(places), places[:, 3])
        save_estimators(self.folder, fitted, {**self._said(), "n_windows": len(windows)})

    def _network(self) -> EmotionNetwork:
        return build_network(
            self.study, self.decoder, self.label, seed=self.config.seed, across=self.unit.across
        )

    def _target(self) -> Any:
        return build_target(self.study, self.decoder, self.label)

    def _fit(
        self, module: EmotionModule, data: RatedData, trainer: Any, name: str, section: str,
        keep: Any = "best",
    ) -> None:  # fmt: skip
        key = f"{self.study.key} {self.unit.name} {self.decoder.name} {self.label} {name}"
        folder = self.folder / name
        keys = Keys(f"{section}.optimiser.learning_rate", f"{section}.batch_size")
        found: Fit = fit(
            module, data, trainer, folder, seed=self.config.seed, key=key, keep=keep, keys=keys
        )
        if found.resumed_from:
            self.resumed.append(f"{name} {found.sentence}")
        n = sum(p.numel() for p in module.network.parameters())
        info = {**self._said(), "fit": asdict(found), "n_weights": n}
        save_weights(self.folder, module.network, info, name=name)

    def _said(self) -> dict[str, Any]:
        return {
            "decoder": self.decoder.name, "label": self.label, "protocol": self.unit.protocol,
            "subject": self.unit.subject, "fold": self.fold.name,
            "untrained": list(self.fold.untrained),
        }  # fmt: skip
