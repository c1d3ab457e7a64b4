"""The ``spikes`` pipeline's recordings: read from their stores, cut into windows, divided once."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.artefacts import read_json
from neurodecode.datasets.spiking.arrays import read_session
from neurodecode.evaluation.audit import AuditRow, assert_no_leak
from neurodecode.evaluation.spike_splits import audit_spikes, split_spikes
from neurodecode.spikes.preparation import STORE
from neurodecode.spikes.recorded import Recorded

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from neurodecode.evaluation.spike_splits import SpikeFold
    from neurodecode.spikes.config import SpikesConfig


@dataclass(frozen=True)
class Study:
    """What a run's models read.

    Attributes
    ----------
    folders : dict
        Store folder by subject.
    key : str
        Changes with data, settings and code: an interrupted training goes on only with the same.
    """

    config: SpikesConfig
    folders: dict[str, Path]
    key: str = ""

    @cached_property
    def _read(self) -> dict[str, list[Recorded]]:
        return {}

    def sessions(self, subject: str) -> list[Recorded]:
        """Return the recordings of a subject with their windows."""
        if subject not in self._read:
            folder = self.folders[subject]
            self._read[subject] = [
                Recorded(self.config, read_session(folder / place))
                for place in read_json(folder / STORE)["sessions"]
            ]
        return self._read[subject]

    @cached_property
    def wired(self) -> Study:
        """The same recordings in the windows of the model that shows the wiring."""
        return Study(self.config.for_wiring(), self.folders, self.key)

    def folds(self, recorded: Recorded) -> list[SpikeFold]:
        """Return the folds of a session that this run uses; none leaks unmarked.

        Raises
        ------
        DataFault
            If the windows do not allow the split.
        LeakFault
            If something is on both sides that must not be.
        """
        config = self.config
        asked = config.split.settings(config.seed)
        found = split_spikes(recorded.windows, config.protocol, asked)
        places = range(len(found)) if config.split.folds == "all" else config.split.folds
        folds = [found[place] for place in places if place < len(found)] or found[:1]
        assert_no_leak(audit_spikes(recorded.windows, folds, config.protocol))
        return folds

    def audit(self) -> list[AuditRow]:
        """Count anew what crosses, over all sessions."""
        rows: list[AuditRow] = []
        for subject in sorted(self.folders):
            for recorded in self.sessions(subject):
                rows += audit_spikes(recorded.windows, self.folds(recorded), self.config.protocol)
        return rows


def valid_rows(fold: SpikeFold) -> NDArray[np.intp]:
    """Return the windows that choose a checkpoint; the test ones, as released, where none do."""
    return fold.valid if fold.valid.size else fold.test
