r"""When samples were measured, from jittery time stamps of which some samples may be missing.

Stamps of one stream are :math:`t_k = a + k b + e_k`: a line over the sample numbers, and jitter.
The library's own smoothing (``proc_dejitter``) fits that line to the numbers of the samples that
came. When samples are lost on the way it bends the line instead of breaking it: after 2 s without
signal every stamp is 2 s early, and for minutes. So stamps are smoothed here, and a jump that
jitter cannot explain begins a new line.
"""

from __future__ import annotations

from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

MEMORY_S = 30.0
"""Signal that a line is fitted to."""
SLOPE_S = 10.0
"""A line over less than this has the nominal rate."""
ASSUMED_JITTER_S, ASSUMED_PARTS = 0.01, 10
"""Jitter before anything is known of it, and how many observations that is worth."""
LARGEST_JITTER = 6.0
"""Standard deviations of the jitter; more is a gap."""
LEAST_SAMPLES = 1.5
"""A gap is no shorter."""


class StampedRuns:
    """Cuts what was pulled at gaps, and gives each part the smoothed time of its first sample.

    Parameters
    ----------
    sfreq : float
        Nominal sampling rate, Hz.

    Attributes
    ----------
    tolerance : float
        Stamps further beside the line are a gap, s. It follows the jitter that was seen: from
        60 ms at the beginning to a few samples on an exact clock.
    """

    def __init__(self, sfreq: float) -> None:
        self._sfreq = sfreq
        self._begin()

    def _begin(self) -> None:
        self._points: deque[tuple[float, float]] = deque()  # s since the line began, s beside it
        self._origin: float | None = None
        self._n = 0
        self._shift = 0.0
        self._expect(ASSUMED_JITTER_S)

    def _expect(self, jitter: float) -> None:
        """Let the jitter (standard deviation, s) say how far beside the line a gap begins."""
        self.tolerance = max(LEAST_SAMPLES / self._sfreq, LARGEST_JITTER * jitter)

    def runs(self, stamps: NDArray[np.float64]) -> Iterator[tuple[float, slice]]:
        """Yield time and place of each part between two gaps.

        Parameters
        ----------
        stamps : ndarray, shape (n,)
            Of consecutive samples as they came, s, on one clock.

        Yields
        ------
        float
            Smoothed time of the first sample, s.
        slice
            Its samples.
        """
        jumps = np.abs(np.diff(stamps) - 1 / self._sfreq)
        edges = [0, *(np.flatnonzero(jumps > self.tolerance) + 1).tolist(), len(stamps)]
        for first, stop in pairwise(edges):
            yield self._next(stamps[first:stop]), slice(first, stop)

    def _next(self, stamps: NDArray[np.float64]) -> float:
        """Return the smoothed time of the first of these samples."""
        ideal = (self._n + np.arange(len(stamps))) / self._sfreq
        if self._origin is not None:
            beside = float(np.mean(stamps - self._origin - ideal))
            if abs(beside - self._shift) > self.tolerance:
                self._begin()
        if self._origin is None:
            self._origin, ideal = float(stamps[0]), np.arange(len(stamps)) / self._sfreq
        self._observe(float(ideal.mean()), float(np.mean(stamps - self._origin - ideal)))
        self._n += len(stamps)
        return self._origin + float(ideal[0]) + self._shift

    def _observe(self, at: float, beside: float) -> None:
        """Fit the line anew; it moves by a sample at most, so that no gap comes of smoothing."""
        self._points.append((at, beside))
        while at - self._points[0][0] > MEMORY_S:
            self._points.popleft()
        times, found = np.array(self._points).T
        line = _line(times, found)
        step = 1 / self._sfreq
        self._shift += float(np.clip(line[-1] - self._shift, -step, step))
        spread = ASSUMED_PARTS * ASSUMED_JITTER_S**2 + float(((found - line) ** 2).sum())
        self._expect((spread / (ASSUMED_PARTS + len(found))) ** 0.5)


def _line(times: NDArray[np.float64], beside: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the line through what stamps are beside the nominal rate, at the same times."""
    centred = times - times.mean()
    if times[-1] - times[0] < SLOPE_S:
        return np.full_like(centred, beside.mean())
    return np.asarray(beside.mean() + (centred @ beside / (centred @ centred)) * centred)
