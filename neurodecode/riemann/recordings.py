"""The ``acm`` pipeline's recordings: any MOABB data set, a local BIDS folder, or the simulation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.datasets.bids import bids_dataset, bids_manifest
from neurodecode.datasets.fetch import fetch
from neurodecode.datasets.moabb import moabb_dataset
from neurodecode.datasets.simulate.motor_imagery import CLASSES, OPTIMAL, TRIAL_S
from neurodecode.faults import ConfigFault
from neurodecode.signals.trials import Trials, read_trials

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


def read_subject(config: ACMConfig, card: Card, subject: str, root: Path) -> Trials:
    """Read, check, filter and cut one subject; simulated trials carry ``optimal_<class>``."""
    dataset = open_dataset(config, card, subject, root)
    trials = read_trials(
        dataset, dataset.subject_list[0], config.signals, events=config.data.events
    )
    table = trials.table.assign(subject=subject)
    if card.access == "simulated":
        table = _with_optimal(table, root / card.name / OPTIMAL)
    return Trials(trials.signals, table, trials.info)


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


def _with_optimal(table: pd.DataFrame, path: Path) -> pd.DataFrame:
    """Add the optimal decoder's log-likelihoods, trial by trial."""
    optimal = pd.read_csv(path, dtype={"subject": str, "session": str})
    keyed = table.assign(number=table.groupby("session").cumcount())
    joined = keyed.merge(
        optimal.rename(columns={"trial": "number", "label": "cue"}),
        on=["subject", "session", "number"],
        how="left",
        validate="one_to_one",
    )
    assert (joined["cue"] == joined["label"]).all()
    return joined.drop(columns=["number", "cue"])
