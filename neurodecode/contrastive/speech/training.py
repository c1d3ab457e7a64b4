"""Train one unit of the ``speech`` pipeline and keep what is needed to use it again."""

from __future__ import annotations

from dataclasses import asdict
from math import ceil
from typing import TYPE_CHECKING, Any

import torch

from neurodecode.contrastive.data import Batch, Recordings
from neurodecode.contrastive.losses import ClipLoss
from neurodecode.contrastive.module import ContrastiveModule, DecoderModule, RegressionModule
from neurodecode.contrastive.speech.adapting import adapt
from neurodecode.contrastive.speech.datamodule import ListeningData
from neurodecode.contrastive.speech.export import export_decoder
from neurodecode.contrastive.speech.heard import HeardWindows
from neurodecode.contrastive.speech.linear import LaggedRidge
from neurodecode.contrastive.speech.network import SpeechNetwork, build_network
from neurodecode.contrastive.speech.targets import encoder_settings
from neurodecode.persistence import save_weights
from neurodecode.training import fit

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd

    from neurodecode.contrastive.speech.config import SpeechConfig
    from neurodecode.contrastive.speech.targets import TargetBank
    from neurodecode.contrastive.speech.units import Heard, Unit
    from neurodecode.training_config import TrainerSection

RIDGE_BATCH = 64


def train_unit(heard: Heard, unit: Unit, folder: Path) -> str:
    """Train a unit, write ``model.safetensors`` and ``model.json``, and say how it went."""
    config, decoder = heard.config, unit.decoder
    recordings, bank = heard.recordings(unit.participants), heard.bank(decoder)
    data = ListeningData(
        recordings,
        bank,
        heard.settings(decoder),
        batch_size=config.training.batch_size,
        seed=unit.seed,
        shuffled=decoder.shuffled,
        scaler_windows=config.stimulus.scaler_windows,
        num_workers=config.trainer.num_workers,
    )
    data.setup()
    torch.manual_seed(unit.seed)
    network = build_network(
        config,
        decoder,
        n_features=bank.n_features,
        n_participants=len(unit.participants),
        n_channels=len(recordings.channels),
    )
    info = _info(unit, recordings, bank, network, data)
    if isinstance(network, LaggedRidge):
        _fit_ridge(network, recordings, bank, heard, unit)
        summary = f"penalties {', '.join(f'{alpha:g}' for alpha in network.alphas.tolist())}"
    else:
        module = make_module(config, unit, network)
        settings = _equal_updates(heard, unit)
        found = fit(module, data, settings, folder, seed=unit.seed, key=heard.key)
        info["fit"] = asdict(found)
        summary = found.sentence
        if unit.kind == "adaptation":
            adapt(heard, unit, module, bank, folder)
    save_weights(folder, network, info)
    export_decoder(heard, unit, recordings, bank, folder)
    return summary


def _equal_updates(heard: Heard, unit: Unit) -> TrainerSection:
    """Give a model of fewer participants more epochs, so that it makes as many updates."""
    settings = heard.config.trainer
    if unit.kind != "curve":
        return settings
    factor = len(heard.folders) / len(unit.participants)
    epochs, patience = (ceil(n * factor) for n in (settings.max_epochs, settings.patience))
    return settings.model_copy(update={"max_epochs": epochs, "patience": patience})


def make_module(config: SpeechConfig, unit: Unit, network: SpeechNetwork) -> DecoderModule:
    """Return the LightningModule of a unit's objective."""
    rate = config.training.learning_rate
    if unit.decoder.objective == "regression":
        return RegressionModule(network, rate)
    return ContrastiveModule(network, rate, make_criterion(config))


def make_criterion(config: SpeechConfig) -> ClipLoss:
    """Return the contrastive loss of an experiment."""
    chosen = config.training
    return ClipLoss(
        symmetric=chosen.symmetric,
        temperature=chosen.temperature,
        learn_temperature=chosen.learn_temperature,
        group_size=chosen.group_size,
        merge_duplicates=chosen.merge_duplicates,
        gather=chosen.gather,
    )


def _info(
    unit: Unit,
    recordings: Recordings,
    bank: TargetBank,
    network: torch.nn.Module,
    data: ListeningData,
) -> dict[str, Any]:
    return {
        **asdict(unit),
        "channels": recordings.channels,
        "positions": recordings.positions.tolist(),
        "encoder": encoder_settings(bank.encoder),
        "n_features": bank.n_features,
        "target_scaler": bank.scaler.to_dict(),
        "n_parameters": sum(p.numel() for p in network.parameters()),
        "n_training_windows": len(data.sets["train"]),
    }


def _fit_ridge(
    network: LaggedRidge, recordings: Recordings, bank: TargetBank, heard: Heard, unit: Unit
) -> None:
    settings = heard.settings(unit.decoder).model_copy(update={"lag": 0.0})
    train, valid = (
        unshifted(recordings, bank, recordings.windows(part), settings)
        for part in ("train", "valid")
    )
    network.fit(train, list(valid), heard.config.ridge.alphas)


def unshifted(
    recordings: Recordings, bank: TargetBank, windows: pd.DataFrame, settings: Any
) -> Iterator[Batch]:
    """Yield batches of windows in order, signals and targets at the same times."""
    heard = HeardWindows(recordings, bank, windows, settings)
    for start in range(0, len(heard), RIDGE_BATCH):
        yield heard.__getitems__(range(start, min(start + RIDGE_BATCH, len(heard))))
