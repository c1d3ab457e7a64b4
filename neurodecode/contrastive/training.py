"""Train one unit of the ``speech`` pipeline and keep what is needed to use it again."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import torch

from neurodecode.contrastive.adapting import adapt
from neurodecode.contrastive.data import Batch, HeardWindows, ListeningData, Recordings
from neurodecode.contrastive.linear import LaggedRidge
from neurodecode.contrastive.losses import ClipLoss
from neurodecode.contrastive.module import ContrastiveModule, RegressionModule
from neurodecode.contrastive.targets import encoder_settings
from neurodecode.contrastive.units import Heard, Unit, target_network
from neurodecode.training import fit, save_weights

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pandas as pd
    from torch import nn

    from neurodecode.contrastive.config import SpeechConfig
    from neurodecode.contrastive.targets import TargetBank

RIDGE_BATCH = 64


def build_module(
    config: SpeechConfig, unit: Unit, *, n_features: int, n_participants: int, n_channels: int
) -> nn.Module:
    """Return the untrained module of a unit.

    Parameters
    ----------
    n_features : int
        Of the encoder.
    n_participants, n_channels : int
        Participants trained on; channels of all recordings together.
    """
    decoder = unit.decoder
    if decoder.objective == "ridge":
        ridge, rate = config.ridge, config.signals.sfreq
        bins = max(1, round(rate / ridge.sfreq))
        lags = (round(ridge.tmin * rate / bins), round(ridge.tmax * rate / bins))
        return LaggedRidge(n_participants, n_channels, n_features, bins=bins, lags=lags)
    stimulus, width = target_network(config, decoder, n_features)
    section = config.brain.model_copy(update=decoder.brain)
    brain = section.build(width, n_participants, n_channels)
    rate = config.training.learning_rate
    if decoder.objective == "regression":
        return RegressionModule(brain, stimulus, rate)
    return ContrastiveModule(brain, stimulus, rate, make_criterion(config))


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


def train_unit(heard: Heard, unit: Unit, folder: Path) -> str:
    """Train a unit, write ``model.safetensors`` and ``model.json``, and say how it went."""
    config, decoder = heard.config, unit.decoder
    recordings = heard.recordings(unit.participants)
    bank = heard.bank(decoder)
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
    module = build_module(
        config,
        unit,
        n_features=bank.n_features,
        n_participants=len(unit.participants),
        n_channels=len(recordings.channels),
    )
    info = _info(unit, recordings, bank, module, data)
    if isinstance(module, LaggedRidge):
        _fit_ridge(module, recordings, bank, heard, unit)
        summary = f"penalties {', '.join(f'{alpha:g}' for alpha in module.alphas.tolist())}"
    else:
        found = fit(module, data, config.trainer, folder, seed=unit.seed)  # type: ignore[arg-type]
        info["fit"] = asdict(found)
        summary = f"{found.epochs} epochs, validation loss {found.best_loss:.3f}"
        summary += f", resumed from {found.resumed_from}" if found.resumed_from else ""
        if unit.kind == "adaptation":
            adapt(heard, unit, module, bank, folder)
    save_weights(folder, module, info)
    return summary


def _info(
    unit: Unit, recordings: Recordings, bank: TargetBank, module: nn.Module, data: ListeningData
) -> dict[str, Any]:
    return {
        **asdict(unit),
        "channels": recordings.channels,
        "positions": recordings.positions.tolist(),
        "encoder": encoder_settings(bank.encoder),
        "n_features": bank.n_features,
        "target_scaler": bank.scaler.to_dict(),
        "n_parameters": sum(p.numel() for p in module.parameters()),
        "n_training_windows": len(data.sets["train"]),
    }


def _fit_ridge(
    module: LaggedRidge, recordings: Recordings, bank: TargetBank, heard: Heard, unit: Unit
) -> None:
    settings = heard.settings(unit.decoder).model_copy(update={"lag": 0.0})
    train, valid = (
        unshifted(recordings, bank, recordings.windows(part), settings)
        for part in ("train", "valid")
    )
    with torch.no_grad():
        module.fit(train, list(valid), heard.config.ridge.alphas)


def unshifted(
    recordings: Recordings, bank: TargetBank, windows: pd.DataFrame, settings: Any
) -> Iterator[Batch]:
    """Yield batches of windows in order, signals and targets at the same times."""
    heard = HeardWindows(recordings, bank, windows, settings)
    for start in range(0, len(heard), RIDGE_BATCH):
        yield heard.__getitems__(range(start, min(start + RIDGE_BATCH, len(heard))))
