"""The ``acm`` pipeline's recordings: any MOABB data set, a local BIDS folder, or the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.datasets.bids import bids_dataset
from neurodecode.datasets.fetch import fetch_experiment
from neurodecode.datasets.moabb import moabb_dataset
from neurodecode.datasets.simulate.motor_imagery import CLASSES, TRIAL_S

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from neurodecode.datasets.catalog import Card
    from neurodecode.datasets.manifest import Manifest
    from neurodecode.riemann.config import ACMConfig


def fetch_recordings(
    config: ACMConfig, card: Card, subjects: Sequence[str], root: Path
) -> Manifest:
    """Bring the files here (or simulate them below ``root``) and return their manifest."""
    data = config.data
    return fetch_experiment(
        _with_options(card, config),
        subjects,
        root,
        path=data.path,
        simulation={**data.simulation.model_dump(), "random_state": config.seed},
        allow_missing=data.allow_missing,
    )


def open_dataset(config: ACMConfig, card: Card, subject: str, root: Path) -> Any:
    """Return a MOABB data set object that holds one subject."""
    data = config.data
    if card.access == "bids":
        assert data.path is not None
        assert data.events is not None
        assert data.interval is not None
        return bids_dataset(
            data.path, [subject], events=data.events, interval=data.interval, task=data.task
        )
    if card.access == "simulated":
        folder = root / card.name
        return bids_dataset(folder, [subject], events=CLASSES, interval=(0.0, TRIAL_S))
    return moabb_dataset(
        _with_options(card, config), [subject], root, allow_missing=data.allow_missing
    )


def _with_options(card: Card, config: ACMConfig) -> Card:
    return card.model_copy(update={"options": {**card.options, **config.data.options}})
