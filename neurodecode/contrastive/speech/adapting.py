"""A participant the model has not seen: only its own layer is fitted, on little data."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch

from neurodecode.contrastive.adaptation import adapt_participant
from neurodecode.contrastive.data import EpochOrder
from neurodecode.contrastive.speech.heard import HeardWindows
from neurodecode.faults import DataFault
from neurodecode.persistence import load_tensors, save_tensors

if TYPE_CHECKING:
    from pathlib import Path

    import pandas as pd

    from neurodecode.contrastive.brain_module import BrainModule
    from neurodecode.contrastive.speech.config import SpeechConfig
    from neurodecode.contrastive.speech.targets import TargetBank
    from neurodecode.contrastive.speech.units import Heard, Unit

ADAPTED = "adapted"


def first_minutes(windows: pd.DataFrame, minutes: float) -> pd.DataFrame:
    """Return the windows within the first minutes of training speech, by recording and time.

    A window counts with the time from its anchor to the next one, half a second at most.
    """
    ordered = windows.sort_values(["recording", "anchor"])
    step = ordered.groupby("recording")["anchor"].diff().fillna(0.5).clip(upper=0.5)
    return ordered[step.cumsum() <= minutes * 60]


def adapt(heard: Heard, unit: Unit, module: Any, bank: TargetBank, folder: Path) -> None:
    """Fit the held-out participant's layer on growing amounts of data.

    Writes one matrix per amount to ``adapted.safetensors``: "0" is the average of the trained
    participants', before any fit. The module is left as it was.
    """
    settings = heard.settings(unit.decoder)
    recordings = heard.recordings([unit.held_out], [*unit.participants, unit.held_out])
    windows = recordings.windows("train")
    module = copy.deepcopy(module).eval().requires_grad_(False)
    brain: BrainModule = module.network.brain
    index = brain.add_participant("average")
    assert brain.participants is not None
    average = brain.participants.weights[index].clone()
    found = {"0": average}
    for minutes in heard.config.adaptation.minutes:
        used = first_minutes(windows, minutes)
        if len(used) < 2:
            raise DataFault(
                f"{minutes:g} minutes hold {len(used)} windows",
                where=f"participant {unit.held_out}",
                fix="longer adaptation.minutes",
            )
        brain.participants.weights[index] = average
        heard_windows = HeardWindows(recordings, bank, used, settings)
        _fit_layer(module, index, heard_windows, heard.config, unit.seed)
        found[f"{minutes:g}"] = brain.participants.weights[index].clone()
    save_tensors(folder, found, {}, name=ADAPTED)


def load_adapted(folder: Path) -> dict[str, torch.Tensor]:
    """Return the held-out participant's matrix by minutes of data.

    Raises
    ------
    DataFault
        If the file is not the one written.
    """
    return load_tensors(folder, name=ADAPTED)


def _fit_layer(
    module: Any, index: int, windows: HeardWindows, config: SpeechConfig, seed: int
) -> None:
    """Adam on one participant's matrix, everything else untouched."""
    size = min(config.training.batch_size, len(windows))
    order = EpochOrder(len(windows), seed)
    torch.manual_seed(seed)
    with adapt_participant(module.network.brain, index) as matrix:
        module.network.brain.train()
        optimiser = torch.optim.Adam([matrix], lr=config.adaptation.learning_rate)
        for epoch in range(config.adaptation.max_epochs):
            order.set_epoch(epoch)
            rows = list(order)
            for start in range(0, len(rows) - size + 1, size):
                batch = windows.__getitems__(rows[start : start + size])
                loss = module.loss(batch)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
