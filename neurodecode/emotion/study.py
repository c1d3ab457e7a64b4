"""The ``emotion`` pipeline's rated clips: read, prepared per subject, and divided by a protocol."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.datasets.loaders import read_subject_of
from neurodecode.datasets.rated import rated_loader
from neurodecode.emotion.config import ACROSS
from neurodecode.evaluation.audit import AuditRow, assert_no_leak
from neurodecode.evaluation.rated_splits import audit_rated, split_rated
from neurodecode.evaluation.stretches import whole_trials
from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.signals.store import Store, open_store

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.datasets.catalog import Card
    from neurodecode.datasets.rated.recording import Rated
    from neurodecode.emotion.config import EmotionConfig
    from neurodecode.emotion.decoders import Decoder
    from neurodecode.evaluation.rated_folds import RatedFold


def read_subject(config: EmotionConfig, card: Card, subject: str, root: Path) -> list[Rated]:
    """Return the sessions of one subject."""
    found: list[Rated] = read_subject_of(rated_loader, config.data, card, subject, root)
    return found


@dataclass(frozen=True)
class Study:
    """What a run's decoders read: prepared trials, and the settings.

    Attributes
    ----------
    folders : dict
        Store folder by subject.
    key : str
        Changes with data, settings and code: an interrupted training goes on only with the same.
    """

    config: EmotionConfig
    folders: dict[str, Path]
    key: str = ""

    @property
    def subjects(self) -> tuple[str, ...]:
        """Labels, sorted."""
        return tuple(sorted(self.folders))

    @cached_property
    def stores(self) -> dict[str, Store]:
        """The stores by subject, opened; signals stay on disk until they are read."""
        return {subject: open_store(self.folders[subject]) for subject in self.subjects}

    @property
    def first(self) -> Store:
        """A store: all have the same channels and scales."""
        return self.stores[self.subjects[0]]

    def signals(self) -> dict[str, NDArray[np.float32]]:
        """Return the signals (n_trials, n_channels, n_samples) of every subject."""
        return {subject: store.signals for subject, store in self.stores.items()}

    def scale(self, label: str) -> tuple[int, int]:
        """Return the lowest and highest value of a rating.

        Raises
        ------
        ConfigFault
            If the data set has no such rating, with the nearest.
        """
        scales = self.first.info["ratings"]
        if label not in scales:
            raise ConfigFault(unknown("rating", label, scales), where="labels")
        low, high = scales[label]
        return int(low), int(high)

    def n_classes(self, label: str) -> int:
        """Return the number of levels of a rating."""
        low, high = self.scale(label)
        return high - low + 1

    def split(
        self, protocol: str, label: str, subject: str
    ) -> tuple[pd.DataFrame, list[RatedFold]]:
        """Return the stretches, and the folds in which a subject is tested; none leaks unmarked.

        Raises
        ------
        DataFault
            If the protocol needs more subjects, or the trials do not allow the split.
        LeakFault
            If something is on both sides that must not be.
        """
        asked = self.config.split
        people = self.subjects if protocol in ACROSS else (subject,)
        trials = pd.concat([self._trials(one, label) for one in people], ignore_index=True)
        rate = float(self.first.info["sfreq"])
        settings = asked.settings(rate, self.config.window_samples, self.config.seed)
        try:
            stretches, folds = split_rated(trials, protocol, settings)
        except DataFault as fault:
            where = f"{label}, {protocol}, {fault.where}".removesuffix(", ")
            raise DataFault(fault.what, where=where, fix=fault.fix) from fault
        mine = [fold for fold in folds if fold.subject == subject]
        if asked.max_folds is not None and len(mine) > asked.max_folds:
            chosen = np.linspace(0, len(mine) - 1, asked.max_folds).round().astype(int)
            mine = [mine[place] for place in chosen]
        assert_no_leak(audit_rated(stretches, mine, protocol))
        return stretches, mine

    def audit(self, protocol: str, label: str) -> list[AuditRow]:
        """Count anew what crosses in a protocol, over the folds of everybody."""
        rows: list[AuditRow] = []
        for subject in self.subjects:
            rows += audit_rated(*self.split(protocol, label, subject), protocol)
        return rows

    def _trials(self, subject: str, label: str) -> pd.DataFrame:
        store = self.stores[subject]
        return whole_trials(store.trials, store.signals.shape[2], label, self.scale(label))


def shuffle_ratings(
    stretches: pd.DataFrame, fold: RatedFold, decoder: Decoder, seed: int
) -> pd.DataFrame:
    """Return stretches with the levels that a decoder is trained on.

    Those of a control are shuffled among the trials of each subject, whole trials at a time, in
    training, validation and calibration; the test part stays as it is.
    """
    if not decoder.shuffled:
        return stretches
    rng = np.random.default_rng(seed)
    changed = stretches.copy()
    known = stretches.iloc[np.concatenate([fold.train, fold.valid, fold.calibrate])]
    for _, mine in known.groupby("subject", sort=True):
        levels = mine.groupby("row")["level"].first()
        drawn = pd.Series(rng.permutation(levels.to_numpy()), index=levels.index)
        changed.loc[mine.index, "level"] = mine["row"].map(drawn)
    return changed
