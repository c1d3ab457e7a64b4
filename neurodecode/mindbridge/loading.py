"""Models of the ``mindbridge`` pipeline, built and read back; the signals that they decode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from neurodecode.mindbridge.tuning import prepare_tuning
from neurodecode.persistence import load_weights

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.mindbridge.config_model import BridgeSection, LossSection, Regime
    from neurodecode.mindbridge.data import SubjectData
    from neurodecode.mindbridge.model import MindBridge
    from neurodecode.mindbridge.models import Variant
    from neurodecode.mindbridge.study import Study
    from neurodecode.mindbridge.targets import Targets
    from neurodecode.mindbridge.units import Unit

SOURCES = "sources"
"""Folder of the model that a new subject is added to."""


@dataclass(frozen=True)
class Tuned:
    """One way to train for a new subject.

    Attributes
    ----------
    regime : {"reset", "full", "scratch"}
    length : int
        Training stimuli.
    cycle : bool
        With pseudo-data.
    """

    regime: Regime
    length: int
    cycle: bool = True

    @property
    def label(self) -> str:
        """What it is, in words."""
        return self.regime if self.cycle else f"{self.regime}, no cycle"

    @property
    def folder(self) -> str:
        """Name of its folder."""
        return f"{self.label.replace(', ', '-').replace(' ', '-')}.{self.length}"


def tuned_ways(study: Study) -> list[Tuned]:
    """Return all ways of an experiment, by length."""
    settings = study.config.tuning
    found = []
    for length in settings.lengths:
        found += [Tuned(regime, length) for regime in settings.regimes]
        if settings.without_cycle and "reset" in settings.regimes:
            found.append(Tuned("reset", length, cycle=False))
    return found


def sections_of(study: Study, variant: Variant) -> tuple[BridgeSection, LossSection]:
    """Return the settings of a variant's layers and losses."""
    config = study.config
    alone = {"builders": False} if variant.kind == "single" else {}
    return (
        config.bridge.model_copy(update={**variant.bridge, **alone}),
        config.losses.model_copy(update=variant.losses),
    )


def build_model(study: Study, unit: Unit, targets: Targets) -> MindBridge:
    """Return the untrained model of a unit; weights are drawn with its seed."""
    bridge, _ = sections_of(study, unit.variant)
    if len(unit.subjects) == 1:
        bridge = bridge.model_copy(update={"builders": False})
    torch.manual_seed(unit.seed)
    return bridge.build(unit.subjects, **targets.shapes)


def load_model(study: Study, unit: Unit, targets: Targets, folder: Path) -> MindBridge:
    """Return the trained model of a unit."""
    return load_weights(folder, build_model(study, unit, targets)).eval()


def load_tuned(study: Study, unit: Unit, targets: Targets, folder: Path, way: Tuned) -> MindBridge:
    """Return the model that was trained for a new subject in one way."""
    model = prepare_tuning(build_model(study, unit, targets), unit.new, way.regime)
    return load_weights(folder / way.folder, model).eval()


def averaged(data: SubjectData) -> Any:
    """Return the pooled responses of each stimulus, averaged over its repetitions."""
    return averaged_repetitions(data.responses, data.counts)


def averaged_repetitions(responses: NDArray[Any], counts: NDArray[np.int64]) -> Any:
    """Return the mean (n, size) of the first ``counts`` of repetitions (n, n_repetitions, size)."""
    return np.stack([rows[:n].mean(axis=0) for rows, n in
                     zip(responses, counts, strict=True)])  # fmt: skip
