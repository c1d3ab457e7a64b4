"""Where a stream comes from: a recording replayed, in chunks as they would have come."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from neurodecode.faults import ConfigFault, DataFault
from neurodecode.signals.matching import channels_of_kind, recording_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import mne
    from numpy.typing import NDArray


@dataclass(frozen=True)
class Marker:
    """An onset on the source's clock.

    Attributes
    ----------
    onset : float
        s.
    label : str
        What was shown; "" where unknown.
    """

    onset: float
    label: str = ""


@dataclass(frozen=True)
class Chunk:
    """Consecutive samples, and the markers that came with them.

    Attributes
    ----------
    start : float
        Time of the first sample on the source's clock, s.
    samples : ndarray, shape (n_channels, n)
        In V or T.
    markers : tuple of Marker
    arrived : float
        ``time.perf_counter()`` when the chunk was complete here.
    """

    start: float
    samples: NDArray[np.float64]
    markers: tuple[Marker, ...] = ()
    arrived: float = field(default_factory=time.perf_counter)


class Source(Protocol):
    """Chunks of a recording that goes on."""

    channels: list[str]
    sfreq: float
    live: bool
    """Chunks come in their own time, whether or not somebody takes them."""

    def __iter__(self) -> Iterator[Chunk]:
        """Yield chunks until the stream ends."""

    def close(self) -> None:
        """Let go of what the source holds."""


class ReplaySource:
    """A recording, in chunks.

    Parameters
    ----------
    raw : Raw
        Read chunk by chunk; left as it is.
    onsets : sequence of float
        In s after the first sample. A marker comes with the chunk that holds its onset.
    labels : sequence of str, optional
        What was shown at each onset.
    kind : {"eeg", "meg"}, default="eeg"
        Channels to send.
    chunk : float, default=0.1
        Length of a chunk, s.
    speed : float or None, default=1.0
        1: real time; 2: twice as fast; None: as fast as chunks are taken.
    jitter : float, default=0.0
        Chunks come late by up to so many s, at random; in real time only.
    gaps : sequence of (float, float), default=()
        Start and stop (s) of what is lost on the way.
    seed : int, default=0
        Of the jitter.

    Raises
    ------
    ConfigFault
        If ``chunk`` or ``speed`` is not positive, or ``jitter`` is negative.
    DataFault
        If there is no onset, or as many labels as onsets are not given.
    """

    def __init__(
        self,
        raw: mne.io.BaseRaw,
        onsets: Sequence[float],
        labels: Sequence[str] | None = None,
        *,
        kind: str = "eeg",
        chunk: float = 0.1,
        speed: float | None = 1.0,
        jitter: float = 0.0,
        gaps: Sequence[tuple[float, float]] = (),
        seed: int = 0,
    ) -> None:
        if chunk <= 0 or jitter < 0 or (speed is not None and speed <= 0):
            raise ConfigFault(
                f"chunk {chunk:g} s, speed {speed}, jitter {jitter:g} s",
                fix="give a positive chunk and speed, a jitter of 0 or more",
            )
        labels = [""] * len(onsets) if labels is None else labels
        if not len(onsets) or len(labels) != len(onsets):
            raise DataFault(
                f"no marker found: {len(onsets)} onsets, {len(labels)} labels",
                where=recording_name(raw),
                fix="give onsets, or an events table (--events)",
            )
        self.sfreq, self.live = float(raw.info["sfreq"]), speed is not None
        self.channels = channels_of_kind(raw, kind, recording_name(raw))
        self._raw, self._speed, self._jitter, self._seed = raw, speed, jitter, seed
        self._size = max(1, round(chunk * self.sfreq))
        self._gaps = [tuple(round(edge * self.sfreq) for edge in gap) for gap in gaps]
        pairs = zip(onsets, labels, strict=True)
        self._markers = sorted((Marker(float(t), str(s)) for t, s in pairs), key=_onset)

    def __iter__(self) -> Iterator[Chunk]:
        """Yield the chunks of the recording, each once its last sample would be recorded."""
        picks = [self._raw.ch_names.index(name) for name in self.channels]
        lateness = np.random.default_rng(self._seed)
        began, waiting, lost = time.perf_counter(), list(self._markers), []
        for first in range(0, self._raw.n_times, self._size):
            stop = min(first + self._size, self._raw.n_times)
            while waiting and waiting[0].onset < stop / self.sfreq:
                lost.append(waiting.pop(0))
            if self._speed is not None:
                due = stop / self.sfreq / self._speed + self._jitter * lateness.random()
                time.sleep(max(0.0, began + due - time.perf_counter()))
            for start, end in self._runs(first, stop):
                samples = self._raw.get_data(picks=picks, start=start, stop=end)
                yield Chunk(start / self.sfreq, samples, tuple(lost))
                lost = []

    def close(self) -> None:
        """Do nothing: the recording belongs to the caller."""

    def _runs(self, first: int, stop: int) -> Iterator[tuple[int, int]]:
        """Yield the parts of a chunk that lie in no gap."""
        kept = np.ones(stop - first, dtype=bool)
        for start, end in self._gaps:
            kept[max(0, start - first) : max(0, end - first)] = False
        edges = np.flatnonzero(np.diff(np.concatenate([[0], kept.astype(int), [0]])))
        for start, end in edges.reshape(-1, 2).tolist():
            yield first + start, first + end


def _onset(marker: Marker) -> float:
    return marker.onset
