"""The loop: wait until a window is complete, cut it, scale it, decode it, say how long that took.

For every trial the clock starts when the last sample that its window needs has arrived:

==========  ==============================================================================
``wait``    the chunk lay in the queue, or other trials came first
``filter``  causal filters and resampling of that chunk
``cut``     the window from the ring
``scale``   baseline, scaler, clamp
``network`` the network
``rank``    scores of all candidates, the best ones
``total``   all of them
==========  ==============================================================================
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault
from neurodecode.signals.matching import match_channels
from neurodecode.streaming.buffer import ChunkQueue, Ring
from neurodecode.streaming.causal import CausalChain
from neurodecode.streaming.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from neurodecode.signals.matching import Extra
    from neurodecode.streaming.buffer import Overflow
    from neurodecode.streaming.protocol import Person, Ranking, TrialDecoder
    from neurodecode.streaming.sources import Chunk, Marker, Source

STAGES = ("wait", "filter", "cut", "scale", "network", "rank")
KEPT_SECONDS = 10.0
"""Signal kept beyond one window, for markers that come late."""


@dataclass(frozen=True)
class Decision:
    """One trial, decided.

    Attributes
    ----------
    marker : Marker
    ranking : Ranking
        Of this trial alone.
    seconds : dict of str to float
        Of each of ``STAGES``.
    """

    marker: Marker
    ranking: Ranking
    seconds: dict[str, float]

    @property
    def latency(self) -> float:
        """From the arrival of the last sample needed to the decision, s."""
        return sum(self.seconds.values())


@dataclass(frozen=True)
class Lost:
    """One trial that cannot be decided, and why."""

    marker: Marker
    reason: str


class StreamDecoder:
    """A decoder at work on a stream.

    Parameters
    ----------
    decoder : TrialDecoder
    source : Source
    person : Person
        Of ``decoder.person()``, or ``decoder.stranger()``.
    top : int, default=5
        Candidates per trial.
    held : float, default=10.0
        Seconds of signal that a live source may run ahead of the decoder.
    overflow : {"drop_oldest", "wait"}, default="drop_oldest"
        What then; see :class:`ChunkQueue`.
    extra : {"stop", "drop"}, default="stop"
        What to do with channels that the decoder does not know.
    cues : sequence of str, default=()
        Labels of the markers that begin a trial; empty: every marker does.

    Attributes
    ----------
    left_out : dict of str to int
        Markers that are no cue, by label.
    unusable : dict of str to int
        Samples that were NaN or infinite, by channel; their chunks count as gaps.

    Raises
    ------
    DataFault
        If channels of the person are not in the stream, or the stream has unknown ones.
    """

    def __init__(
        self,
        decoder: TrialDecoder,
        source: Source,
        person: Person,
        *,
        top: int = 5,
        held: float = 10.0,
        overflow: Overflow = "drop_oldest",
        extra: Extra = "stop",
        cues: Sequence[str] = (),
    ) -> None:
        self._decoder, self._source, self._person, self._top = decoder, source, person, top
        self._columns = match_channels(person.channels, source.channels, extra=extra)
        self._chain = CausalChain(decoder.chain, source.sfreq)
        self._timeline = Timeline(decoder.chain, source.sfreq)
        capacity = decoder.chain.n_samples + round(KEPT_SECONDS * decoder.chain.sfreq)
        self._ring = Ring(len(person.channels) * decoder.chain.n_lanes, capacity)
        self._pending: list[Marker] = []
        self._cues = tuple(cues)
        self.left_out: dict[str, int] = {}
        self._queue = ChunkQueue(source, held, overflow) if source.live else None
        self._unit_checked = False
        self.unusable: dict[str, int] = {}

    @property
    def filter_delay(self) -> float:
        """Signal needed after a window's last sample, s."""
        return self._chain.delay

    @property
    def gaps(self) -> list[tuple[float, float]]:
        """Start and stop of what is missing, on the source's clock, s."""
        return self._timeline.gaps

    @property
    def dropped(self) -> float:
        """Seconds of signal lost because the decoder was too slow."""
        return 0.0 if self._queue is None else self._queue.dropped

    def run(self) -> Iterator[Decision | Lost]:
        """Yield every trial as soon as it is decided, or known to be lost.

        Raises
        ------
        DataFault
            If amplitudes are not in the decoder's unit.
        """
        if self._queue is not None:
            self._warm_up()
        chunks: Iterable[Chunk] = self._source if self._queue is None else self._queue
        for chunk in chunks:
            taken = time.perf_counter()
            self._take(chunk)
            filtered = time.perf_counter()
            self._pending += [marker for marker in chunk.markers if self._begins(marker)]
            for marker in list(self._pending):
                outcome = self._try(marker, chunk, filtered - taken)
                if outcome is not None:
                    self._pending.remove(marker)
                    yield outcome
        for marker in self._pending:
            yield Lost(marker, "the stream ended before its window did")

    def _warm_up(self) -> None:
        """Decide noise of 10 uV (EEG) once: what a decoder loads late must not delay a trial."""
        rng = np.random.default_rng(0)
        rows = len(self._person.channels) * self._decoder.chain.n_lanes
        noise = 10 * rng.standard_normal((1, rows, self._decoder.chain.n_samples))
        scaled = self._decoder.scale(noise.astype(np.float32), self._person)
        self._decoder.rank(self._decoder.infer(scaled, self._person), top=self._top)

    def _take(self, chunk: Chunk) -> None:
        """Filter a chunk into the ring; one with NaN is left out, and so leaves a gap."""
        samples = chunk.samples[self._columns]
        finite = np.isfinite(samples)
        if not finite.all():
            for k in np.flatnonzero(~finite.all(axis=1)):
                name = self._person.channels[k]
                self.unusable[name] = self.unusable.get(name, 0) + int((~finite[k]).sum())
            return
        if self._timeline.observe(chunk.start, samples.shape[1], self._ring.stop):
            self._chain.reset()
        self._ring.append(self._chain.push(samples))

    def _begins(self, marker: Marker) -> bool:
        """Return whether a trial begins with a marker, and count those with which none does."""
        if not self._cues or marker.label in self._cues:
            return True
        self.left_out[marker.label] = self.left_out.get(marker.label, 0) + 1
        return False

    def _try(self, marker: Marker, chunk: Chunk, filtering: float) -> Decision | Lost | None:
        """Decide a trial; None while its window is not complete."""
        found = self._timeline.window(marker.onset)
        if found is None:
            return Lost(marker, "its window begins before the stream") if self._ring.stop else None
        segment, first = found
        stop = first + self._decoder.chain.n_samples
        if segment.stop is not None and stop > segment.stop:
            return Lost(marker, "a gap lies in its window")
        if stop > self._ring.stop:
            return None
        if first < self._ring.first:
            return Lost(marker, "its marker came too late")
        return self._decide(marker, first, chunk.arrived, filtering)

    def _decide(self, marker: Marker, first: int, arrived: float, filtering: float) -> Decision:
        decoder, person = self._decoder, self._person
        ticks = [time.perf_counter()]
        window = self._ring.cut(first, decoder.chain.n_samples)[None]
        ticks.append(time.perf_counter())
        if not self._unit_checked:
            decoder.check_unit(window, person)
            self._unit_checked = True
        scaled = decoder.scale(window, person)
        ticks.append(time.perf_counter())
        estimates = decoder.infer(scaled, person)
        ticks.append(time.perf_counter())
        ranking = decoder.rank(estimates, top=self._top, true=[marker.label])
        ticks.append(time.perf_counter())
        wait = max(0.0, ticks[0] - arrived - filtering)
        spent = [wait, filtering, *np.diff(ticks).tolist()]
        return Decision(marker, ranking, dict(zip(STAGES, spent, strict=True)))


def decide_offline(
    decoder: TrialDecoder,
    signals: NDArray[np.float64],
    sfreq: float,
    onsets: NDArray[np.floating],
    person: Person,
    *,
    top: int = 5,
) -> dict[int, Any]:
    """Send a whole recording through the causal chain at once and decide its trials.

    What a stream of the same signals decides, to the last bit.

    Parameters
    ----------
    signals : ndarray, shape (n_channels, n_samples)
        Of the person's channels in order, V or T.
    sfreq : float
        Hz.
    onsets : ndarray of float
        In s after the first sample.

    Returns
    -------
    dict of int to Ranking
        By place of the onset; windows that leave the recording are left out.

    Raises
    ------
    DataFault
        If a sample is NaN or infinite.
    """
    if not np.isfinite(signals).all():
        raise DataFault("NaN or infinite values in the recording")
    resampled = CausalChain(decoder.chain, sfreq).push(signals)
    n, found = decoder.chain.n_samples, {}
    for place, first in enumerate(decoder.chain.first_samples(onsets).tolist()):
        if first >= 0 and first + n <= resampled.shape[1]:
            window = np.ascontiguousarray(resampled[:, first : first + n])[None]
            estimates = decoder.infer(decoder.scale(window, person), person)
            found[place] = decoder.rank(estimates, top=top)
    return found
