"""Which sample belongs to which time, in a stream that may have gaps and a drifting clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from neurodecode.streaming.chain import Chain

TOLERATED = 1.5
"""A chunk may begin so many measured samples beside the end of the one before."""


@dataclass
class Segment:
    """Signal without a gap.

    Attributes
    ----------
    time : float
        Of its first sample on the source's clock, s.
    first : int
        Number of its first sample in the ring.
    stop : int or None
        Number after its last one; None while it goes on.
    """

    time: float
    first: int
    stop: int | None = None


class Timeline:
    """The segments of a stream.

    Parameters
    ----------
    chain : Chain
        Of the decoder: the rate of the samples that are counted.
    sfreq : float
        Measured sampling rate, Hz.

    Attributes
    ----------
    gaps : list of (float, float)
        Start and stop on the source's clock, s.
    """

    def __init__(self, chain: Chain, sfreq: float) -> None:
        self._chain, self._sfreq = chain, sfreq
        self._expected: float | None = None
        self._measured = 0
        self.segments: list[Segment] = []
        self.gaps: list[tuple[float, float]] = []

    def observe(self, start: float, n_samples: int, stop: int) -> bool:
        """Take note of a measured chunk; return whether a new segment begins with it.

        A clock that drifts moves the segment once it is off by half a sample of the decoder's.

        Parameters
        ----------
        start : float
            Time of the chunk's first sample, s.
        n_samples : int
            Of the chunk.
        stop : int
            Number of the next sample in the ring.
        """
        expected = self._expected
        self._expected = start + n_samples / self._sfreq
        broken = expected is None or abs(start - expected) > TOLERATED / self._sfreq
        if broken:
            if expected is not None:
                self.gaps.append((expected, start))
                self.segments[-1].stop = stop
            self.segments.append(Segment(start, stop))
            self._measured = 0
        segment = self.segments[-1]
        drift = start - (segment.time + self._measured / self._sfreq)
        if abs(drift) > 0.5 / self._chain.sfreq:
            segment.time += drift
        self._measured += n_samples
        return broken

    def window(self, onset: float) -> tuple[Segment, int] | None:
        """Return the segment of an onset's window and its first sample; None before the stream.

        Parameters
        ----------
        onset : float
            On the source's clock, s.
        """
        for segment in reversed(self.segments):
            start = int(self._chain.first_samples([onset - segment.time])[0])
            if start >= 0:
                return segment, segment.first + start
        return None
