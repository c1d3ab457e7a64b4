"""One subject's trials of the ``acm`` pipeline: read, checked, filtered and cut."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from neurodecode.datasets.catalog import Card
from neurodecode.datasets.simulate.motor_imagery import OPTIMAL
from neurodecode.riemann.config import ACMConfig
from neurodecode.riemann.recordings import open_dataset
from neurodecode.signals.trials import Trials, read_trials


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
