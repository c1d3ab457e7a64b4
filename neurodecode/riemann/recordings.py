"""The ``acm`` pipeline's recordings: any MOABB data set, a local BIDS folder, or the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from neurodecode.datasets.bids import bids_dataset, bids_manifest
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.moabb import moabb_dataset
from neurodecode.datasets.simulate.motor_imagery import CLASSES, TRIAL_S
from neurodecode.faults import ConfigFault

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
    if card.access == "bids":
        return bids_manifest(card.name, _local(config), subjects)
    if card.access == "simulated":
        options = {**data.simulation.model_dump(), "random_state": config.seed}
        return fetch(card, root=root, options=options)
    return fetch(_with_options(card, config), subjects=subjects, root=root,
                 allow_missing=data.allow_missing)  # fmt: skip


def open_dataset(config: ACMConfig, card: Card, subject: str, root: Path) -> Any:
    """Return a MOABB data set object that holds one subject."""
    data = config.data
    if card.access == "bids":
        folder, events, interval = _local(config), data.events, data.interval
        if events is None or interval is None:
            raise ConfigFault(
                "a local BIDS folder needs data.events and data.interval",
                fix='add --set "data.events=[left_hand, right_hand]" --set "data.interval=[0, 4]"',
            )
        return bids_dataset(folder, [subject], events=events, interval=interval)
    if card.access == "simulated":
        folder = root / card.name
        return bids_dataset(folder, [subject], events=CLASSES, interval=(0.0, TRIAL_S))
    return moabb_dataset(
        _with_options(card, config), [subject], root, allow_missing=data.allow_missing
    )


def _with_options(card: Card, config: ACMConfig) -> Card:
    return card.model_copy(update={"options": {**card.options, **config.data.options}})


def _local(config: ACMConfig) -> Path:
    if config.data.path is None:
        raise ConfigFault("data set 'local' needs data.path", fix="--set data.path=FOLDER")
    return config.data.path
