"""One session as models read it: a table of windows, behaviour in one scale, frames on a grid."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.datasets.spiking.recording import Series
from neurodecode.evaluation.spike_windows import window_table
from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.spikes.baselines.windows import SLACK_S, last_values

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from neurodecode.datasets.spiking.recording import SpikeSession
    from neurodecode.spikes.batches import SpikeWindows
    from neurodecode.spikes.config import SpikesConfig
    from neurodecode.spikes.config_model import NeuroformerConfig

N_SHIFTS = 241
"""That are tried for a control."""


class Recorded:
    """A session and its windows.

    Parameters
    ----------
    config : SpikesConfig
    session : SpikeSession

    Attributes
    ----------
    session : SpikeSession
    windows : DataFrame
        As :func:`~neurodecode.evaluation.spike_windows.window_table` cuts them, without those in
        which behaviour that is read or decoded was not recorded.
    n_dropped : int
        Windows without behaviour.

    Raises
    ------
    ConfigFault
        If the session has no such behaviour, no stimulus that is read, or no such event.
    DataFault
        If no window fits, or none has the behaviour.
    """

    def __init__(self, config: SpikesConfig, session: SpikeSession) -> None:
        self.config, self.session = config, session
        self._require_parts()
        windows = self._cut()
        known = np.ones(len(windows), dtype=bool)
        for name in (*config.inputs, *config.targets):
            known &= np.isfinite(self._last(name, windows))
        if not known.any():
            raise DataFault(
                "no window has the behaviour that is read or decoded", where=session.label,
                fix="check that behaviour and spikes have one clock",
            )  # fmt: skip
        self.n_dropped = int((~known).sum())
        self.windows = windows[known].reset_index(drop=True)

    @property
    def label(self) -> str:
        """Name of the session for folders."""
        return f"sub-{self.session.subject}_ses-{self.session.session}"

    @property
    def units(self) -> NDArray[np.int64]:
        """Token of each spike's unit."""
        return self.session.units

    @property
    def largest(self) -> float:
        """Largest value of the stimulus, which frames are divided by; 1 where all are 0."""
        assert self.session.stimulus is not None
        return float(np.abs(self.session.stimulus.frames).max()) or 1.0

    @property
    def unit_labels(self) -> list[str]:
        """Labels of the units, in the order of their tokens."""
        return [str(label) for label in self.session.unit_table["unit"]]

    def classes(self, name: str) -> tuple[str, ...]:
        """Return the classes of a behaviour that occur; empty for a quantity."""
        return self._series(name)[1]

    def targets(self) -> dict[str, int | None]:
        """Return the number of classes of every behaviour to decode; None for a quantity."""
        return {name: len(self.classes(name)) or None for name in self.config.targets}

    def values(self, name: str) -> NDArray[np.float64]:
        """Return the last sample of a behaviour in every window."""
        return self._last(name, self.windows)

    def scale(self, name: str, rows: NDArray[Any]) -> tuple[float, float]:
        """Return mean and standard deviation over windows; (0, 1) of classes."""
        if self.classes(name):
            return 0.0, 1.0
        values = self.values(name)[rows]
        spread = float(values.std())
        if not spread > 0:
            raise DataFault(f"'{name}' does not vary in the training part",
                            where=self.session.label)  # fmt: skip
        return float(values.mean()), spread

    def unrelated_shift(self, name: str, rows: NDArray[Any]) -> float:
        """Return how far, as a share of the recording, a control moves a behaviour.

        Of shifts by a fifth of the recording to four fifths, the one at which the moved quantity
        has the least correlation with the real one over windows. Any other has some, of either
        sign, and a network that learns the moved behaviour then decodes that share of the real
        one. Of classes: a half.

        Parameters
        ----------
        name : str
        rows : ndarray of int
            Windows that are trained on.
        """
        (times, values), labels = self._series(name)
        if labels:
            return 0.5
        last = np.searchsorted(times, self.windows["stop"].to_numpy()[rows] - SLACK_S) - 1
        moved = np.linspace(0.2, 0.8, N_SHIFTS)
        related = [
            abs(np.corrcoef(values[last], values[last - int(len(values) * share)])[0, 1])
            for share in moved
        ]
        return float(moved[int(np.argmin(related))])

    def spike_windows(
        self,
        network: NeuroformerConfig,
        scales: Mapping[str, tuple[float, float]],
        *,
        shift: Mapping[str, float] | None = None,
        rows: NDArray[Any] | None = None,
    ) -> SpikeWindows:
        """Return what a network reads: all windows, or those of ``rows``.

        Parameters
        ----------
        network : NeuroformerConfig
        scales : mapping of str to (mean, standard deviation)
            Of every behaviour that the network reads or decodes, from :meth:`scale`.
        shift : mapping of str to float, optional
            For controls, behaviour of another time: moved round the recording by this share of it;
            labels of trials are dealt anew, since blocks of one label would stay blocks.
        rows : ndarray of int, optional
        """
        from neurodecode.spikes.batches import SpikeWindows

        begin = self.session.limits[0]
        chosen = self.windows if rows is None else self.windows.iloc[rows]
        behaviours = {}
        for name in (*network.inputs, *network.targets):
            moved = (shift or {}).get(name, 0.0)
            (times, values), labels = self._series(name, moved=moved)
            middle, spread = scales[name]
            if not labels:
                values = (values - middle) / spread
            behaviours[name] = (times - begin, values)
        chains = pd.factorize(chosen["trial"])[0] if "trial" in chosen else None
        return SpikeWindows(
            network, self.session.times - begin, self.units,
            chosen["stop"].to_numpy() - begin, chains=chains,
            frames=self.frames if network.frames is not None else None, behaviours=behaviours,
        )  # fmt: skip

    @cached_property
    def frames(self) -> NDArray[np.float32]:
        """The stimulus on a regular grid from the beginning of the session: the last frame shown.

        Each pixel is divided by the largest value, minus .5, as published.
        """
        stimulus, settings = self.session.stimulus, self.config.stimulus
        assert stimulus is not None
        assert settings is not None
        n_frames = int(np.ceil(self.session.duration * settings.rate)) + 1
        grid = self.session.limits[0] + np.arange(n_frames) / settings.rate
        place = np.searchsorted(stimulus.frame_times, grid + 1e-9, side="right") - 1
        shown: NDArray[np.float32] = stimulus.frames[np.maximum(place, 0)] / self.largest - 0.5
        return shown

    def _require_parts(self) -> None:
        """Raise ConfigFault if the session lacks what is read."""
        if self.config.stimulus is not None and self.session.stimulus is None:
            raise ConfigFault("no stimulus was recorded", where=self.session.label,
                              fix="set stimulus: null, and models without it")  # fmt: skip

    def _cut(self) -> pd.DataFrame:
        config, session = self.config, self.session
        released = not config.network.corrections.clip_end and config.stimulus is not None
        clip = 0.0
        if config.stimulus is not None:
            clip = max(0.0, config.stimulus.window - config.windows.current)
            clip = float(np.ceil(clip / config.windows.dt - 1e-6)) * config.windows.dt
        trials = self._trials()
        labels = [] if trials is None else [
            name for name in trials.columns if name not in ("trial", "start", "stop")
        ]  # fmt: skip
        return window_table(
            session.subject, session.session, session.limits, trials,
            current_s=config.windows.current, past_s=max(config.windows.past, clip),
            ahead_s=config.windows.current if released else 0.0, step_s=config.step_seconds,
            labels=labels,
        )  # fmt: skip

    def _trials(self) -> pd.DataFrame | None:
        """Return the pieces that windows lie in; None for the whole recording."""
        crop, trials = self.config.crop, self.session.trials
        if crop is None and self.config.protocol != "trial_wise":
            return None
        if trials is None:
            raise ConfigFault("the session has no trials", where=self.session.label,
                              fix="split by blocked_time, without crop")  # fmt: skip
        if crop is None:
            return self._on_bins(trials)
        if crop.event not in trials:
            raise ConfigFault(unknown("event of trials", crop.event, trials.columns),
                              where=self.session.label)  # fmt: skip
        event = trials[crop.event].to_numpy(float)
        begin, end = self.session.limits
        cut = trials.assign(start=np.maximum(event - crop.before, begin),
                            stop=np.minimum(event + crop.after, end))  # fmt: skip
        return self._on_bins(cut[np.isfinite(event)].reset_index(drop=True))

    def _on_bins(self, pieces: pd.DataFrame) -> pd.DataFrame:
        """Return pieces that begin on a bin of the session, so that tokens and counts agree."""
        begin, dt = self.session.limits[0], self.config.windows.dt
        bins = np.ceil((pieces["start"].to_numpy(float) - begin) / dt - 1e-6)
        return pieces.assign(start=begin + bins * dt)

    def _last(self, name: str, windows: pd.DataFrame) -> NDArray[np.float64]:
        starts, stops = (windows[end].to_numpy() for end in ("start", "stop"))
        found: NDArray[np.float64] = last_values(self._series(name)[0], starts, stops)
        return found

    def _series(self, name: str, *, moved: float = 0.0) -> tuple[Series, tuple[str, ...]]:
        """Return a behaviour, or a label of the trials as classes, with their names.

        Classes are numbered from 0 in the order of their values, whatever these are.
        """
        session, trials = self.session, self.session.trials
        if name not in session.behaviour and trials is not None and name in trials:
            return self._label_series(trials, name, shuffled=moved > 0)
        times, values = session.series(name)
        labels: tuple[str, ...] = ()
        if session.series(name).is_class:
            found, values = np.unique(values, return_inverse=True)
            labels = tuple(map(str, found))
        return Series(times, np.roll(values, int(len(values) * moved))), labels

    def _label_series(
        self, trials: pd.DataFrame, name: str, *, shuffled: bool
    ) -> tuple[Series, tuple[str, ...]]:
        """Return a label of the trials that have one, sampled twice in every window."""
        trials = trials[trials[name].notna()]
        codes, labels = pd.factorize(trials[name], sort=True)
        if shuffled:
            codes = _dealt(codes, len(labels), self.config.seed)
        step = self.config.windows.current / 2
        spans = [np.arange(start + step / 2, stop, step) for start, stop
                 in zip(trials["start"], trials["stop"], strict=True)]  # fmt: skip
        values = np.repeat(codes, [len(span) for span in spans]).astype(np.int64)
        return Series(np.concatenate(spans), values), tuple(map(str, labels))


def _dealt(codes: NDArray[np.intp], n_classes: int, seed: int) -> NDArray[np.intp]:
    """Return labels that say nothing of the true ones: of each class evenly all.

    A plain permutation of few classes would by luck favour or avoid the true label.
    """
    rng, dealt = np.random.default_rng(seed), np.empty_like(codes)
    for code in range(n_classes):
        rows = np.flatnonzero(codes == code)
        dealt[rows] = rng.permutation((np.arange(rows.size) + code) % n_classes)
    return dealt
