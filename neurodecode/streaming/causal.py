r"""Filters and resampling of a recording that goes on: no sample of the future is needed.

The resampler is the windowed sinc of :func:`~neurodecode.signals.resampling.resample_exactly`
(Kaiser 5.0, :math:`L = 10 \max(p, q)` taps on either side for the ratio :math:`p / q`). Output
sample k still lies at time k / rate; it is given out once the :math:`L / (p f)` seconds of signal
after it have come. So nothing is shifted, and apart from the edges a stream sees the numbers that
its decoder was trained on; the price is that delay, 83 ms from 1,200 to 120 Hz.

Every output is the same sum in the same order, whatever the sizes of the chunks: results are equal
to the last bit.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np
from scipy.signal import butter, firwin, iirnotch, sosfilt, sosfilt_zi, tf2sos

from neurodecode.faults import DataFault
from neurodecode.signals.resampling import LARGEST_DENOMINATOR

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from neurodecode.streaming.chain import Chain

ORDER = 4
"""Of the Butterworth filters."""
NOTCH_QUALITY = 30.0


class CausalResampler:
    """Polyphase resampling with state.

    Parameters
    ----------
    sfreq, target : float
        Measured and wanted sampling rate, Hz.
    """

    def __init__(self, sfreq: float, target: float) -> None:
        ratio = (Fraction(target) / Fraction(sfreq)).limit_denominator(LARGEST_DENOMINATOR)
        self.up, self.down = ratio.numerator, ratio.denominator
        self.same = self.up == self.down
        self.half = 0 if self.same else 10 * max(self.up, self.down)
        self.delay = self.half / self.up / sfreq
        self._taps = np.ones((1, 1)) if self.same else self._phases()
        self.reset()

    def _phases(self) -> NDArray[np.float64]:
        """Return the filter as (up, n_taps): row r holds taps r, r + up, r + 2 up, ..."""
        window = ("kaiser", 5.0)
        taps = self.up * firwin(2 * self.half + 1, 1 / max(self.up, self.down), window=window)
        padded = np.zeros(-(-len(taps) // self.up) * self.up)
        padded[: len(taps)] = taps
        return padded.reshape(-1, self.up).T.copy()

    def reset(self) -> None:
        """Forget everything: the next sample is the first, and held before its time."""
        self._held: NDArray[np.float64] | None = None
        self._first = 0  # number of the first held input sample
        self._next = 0  # number of the next output sample

    def push(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Take input (n_channels, n) and return all output that is complete with it."""
        if self.same or not samples.shape[1]:
            return samples
        n_taps = self._taps.shape[1]
        if self._held is None:
            self._held = np.repeat(samples[:, :1], n_taps, axis=1)
            self._first = -n_taps
        held = np.concatenate([self._held, samples], axis=1)
        stop = self._first + held.shape[1]
        last = (stop * self.up - 1 - self.half) // self.down
        out = self._outputs(held, np.arange(self._next, last + 1))
        self._next = max(self._next, last + 1)
        keep = max(0, (self._next * self.down + self.half) // self.up - n_taps + 1 - self._first)
        self._held, self._first = held[:, keep:].copy(), self._first + keep
        return out

    def _outputs(
        self, held: NDArray[np.float64], numbers: NDArray[np.integer]
    ) -> NDArray[np.float64]:
        place = numbers * self.down + self.half
        newest, phase = place // self.up - self._first, place % self.up
        out = np.zeros((len(held), len(numbers)))
        for tap in range(self._taps.shape[1]):  # one fixed order of summation
            out += self._taps[phase, tap] * held[:, newest - tap]
        return out


class CausalFilter:
    """Butterworth and notch filters in second-order sections, with state.

    Parameters
    ----------
    sections : ndarray, shape (n_sections, 6)
    """

    def __init__(self, sections: NDArray[np.float64]) -> None:
        self._sections = sections
        self._settled = sosfilt_zi(sections)
        self.reset()

    def reset(self) -> None:
        """Forget everything: the next sample is taken for a level that always was."""
        self._state: NDArray[np.float64] | None = None

    def push(self, samples: NDArray[np.float64]) -> NDArray[np.float64]:
        """Filter samples (n_channels, n)."""
        if not samples.shape[1]:
            return samples
        if self._state is None:
            self._state = self._settled[:, None, :] * samples[None, :, :1]
        out, self._state = sosfilt(self._sections, samples, axis=1, zi=self._state)
        return out


class CausalChain:
    """From measured chunks in V or T to float32 samples at the decoder's rate and unit.

    Parameters
    ----------
    chain : Chain
        Of the decoder. Its filters become causal ones of the same edges, whose phase differs from
        that of the zero-phase filters in training.
    sfreq : float
        Measured sampling rate, Hz.

    Raises
    ------
    DataFault
        If a filter edge lies above the Nyquist frequency.
    """

    def __init__(self, chain: Chain, sfreq: float) -> None:
        self._factor = chain.factor
        common = _sections(chain, sfreq)
        self._lanes = [
            [CausalFilter(sections) for sections in chain.passes * [*common, *own]]
            for own in _band_sections(chain, sfreq) or [[]]
        ]
        self._resamplers = [CausalResampler(sfreq, chain.sfreq) for _ in self._lanes]

    @property
    def delay(self) -> float:
        """Signal needed after a sample before it is given out, s."""
        return self._resamplers[0].delay

    def reset(self) -> None:
        """Forget everything, as after a gap."""
        for lane, resampler in zip(self._lanes, self._resamplers, strict=True):
            for stage in lane:
                stage.reset()
            resampler.reset()

    def push(self, samples: NDArray[np.float64]) -> NDArray[np.float32]:
        """Take measured samples (n_channels, n) and return what is complete with them.

        With several bands the rows are those of the first band, then of the second, ...
        """
        found = []
        for lane, resampler in zip(self._lanes, self._resamplers, strict=True):
            signals = np.asarray(samples, dtype=np.float64)
            for stage in lane:
                signals = stage.push(signals)
            found.append((resampler.push(signals) * self._factor).astype(np.float32))
        return found[0] if len(found) == 1 else np.concatenate(found)


def _band_sections(chain: Chain, sfreq: float) -> list[list[NDArray[np.float64]]]:
    """Return the second-order sections of each band, (order 4: eight poles, as MNE has it)."""
    for low, high in chain.bands:
        _require_below_nyquist(f"band [{low:g}, {high:g}]", high, sfreq)
    return [[butter(ORDER, band, "bandpass", fs=sfreq, output="sos")] for band in chain.bands]


def _require_below_nyquist(name: str, edge: float, sfreq: float) -> None:
    if edge >= sfreq / 2:
        raise DataFault(
            f"{name} of {edge:g} Hz reaches above the Nyquist frequency {sfreq / 2:g} Hz",
            fix="record at a higher sampling rate",
        )


def _sections(chain: Chain, sfreq: float) -> list[NDArray[np.float64]]:
    """Return the second-order sections of each filter that a chain has for all bands."""
    for name in ("highpass", "lowpass", "notch"):
        edge = getattr(chain, name)
        if edge is not None:
            _require_below_nyquist(name, edge, sfreq)
    found = []
    for kind in ("highpass", "lowpass"):
        edge = getattr(chain, kind)
        if edge is not None:
            found.append(butter(ORDER, edge, kind, fs=sfreq, output="sos"))
    if chain.notch is not None:
        found.append(tf2sos(*iirnotch(chain.notch, NOTCH_QUALITY, fs=sfreq)))
    return found
