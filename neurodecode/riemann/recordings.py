"""The ``acm`` pipeline's recordings: any MOABB data set, a local BIDS folder, or the simulation."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from neurodecode.datasets.bids import bids_dataset, bids_manifest
from neurodecode.datasets.catalog import Card
from neurodecode.datasets.fetch import fetch, simulation_folder
from neurodecode.datasets.moabb import moabb_dataset
from neurodecode.faults import ConfigFault
from neurodecode.riemann.config import ACMConfig
from neurodecode.signals.trials import Trials, read_trials

if TYPE_CHECKING:
    from neurodecode.datasets.manifest import Manifest

SIMULATED_INTERVAL = (0.0, 3.0)


def fetch_recordings(
    config: ACMConfig, card: Card, subjects: Sequence[str], root: Path
) -> Manifest:
    """Bring the files here (or simulate them) and return their manifest."""
    data = config.data
    if data.path is not None:
        return bids_manifest(data.path, subjects)
    if card.access == "simulated":
        return fetch(card, root=root, options=_simulation(config))
    card = card.model_copy(update={"options": {**card.options, **data.options}})
    return fetch(card, subjects=subjects, root=root, allow_missing=data.allow_missing)


def read_subject(config: ACMConfig, card: Card, subject: str, root: Path) -> Trials:
    """Read, check, filter and cut one subject; simulated trials carry ``optimal_<class>``."""
    dataset = open_dataset(config, card, subject, root)
    trials = read_trials(
        dataset, dataset.subject_list[0], config.signals, events=config.data.events
    )
    if card.access != "simulated":
        return trials
    folder = simulation_folder(card, root, _simulation(config))
    optimal = pd.read_csv(folder / "derivatives" / "optimal.csv", dtype={"subject": str, "session": str})
    return Trials(trials.signals, _with_optimal(trials.table, optimal, subject), trials.info)


def open_dataset(config: ACMConfig, card: Card, subject: str, root: Path) -> Any:
    """Return a MOABB data set object that holds one subject."""
    data = config.data
    if data.path is not None:
        if data.events is None or data.interval is None:
            raise ConfigFault(
                "a local BIDS folder needs data.events and data.interval",
                fix="--set data.events=[left_hand,right_hand] --set data.interval=[0,4]",
            )
        return bids_dataset(
            data.path, [subject], events=data.events, interval=data.interval, paradigm="imagery"
        )
    if card.access == "simulated":
        from neurodecode.datasets.simulate.motor_imagery import CLASSES

        folder = simulation_folder(card, root, _simulation(config))
        return bids_dataset(
            folder, [subject], events=CLASSES, interval=SIMULATED_INTERVAL, paradigm="imagery"
        )
    card = card.model_copy(update={"options": {**card.options, **data.options}})
    return moabb_dataset(card, [subject], root, allow_missing=data.allow_missing)


def _simulation(config: ACMConfig) -> dict[str, Any]:
    return {**config.data.simulation.model_dump(), "random_state": config.seed}


def _with_optimal(table: pd.DataFrame, optimal: pd.DataFrame, subject: str) -> pd.DataFrame:
    """Add the optimal decoder's log-likelihoods, trial by trial."""
    mine = optimal[optimal["subject"] == subject].sort_values(["session", "trial"])
    parts = []
    for session, part in table.groupby("session", sort=False):
        rows = mine[mine["session"] == session.lstrip("0") or "0"]
        rows = mine[mine["session"] == session] if rows.empty else rows
        assert (rows["label"].to_numpy() == part["label"].to_numpy()).all()
        columns = [c for c in optimal.columns if c.startswith("optimal_")]
        parts.append(part.reset_index(drop=True).join(rows[columns].reset_index(drop=True)))
    return pd.concat(parts, ignore_index=True)
