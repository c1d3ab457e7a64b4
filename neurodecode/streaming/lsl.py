"""Signals and markers from the lab streaming layer, on one clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault, NetworkFault, package_missing, unknown
from neurodecode.streaming.sources import Chunk, Marker
from neurodecode.streaming.stamps import StampedRuns

if TYPE_CHECKING:
    from collections.abc import Iterator

IRREGULAR = 0.0
UNITS = {
    "microvolts": 1e-6, "microvolt": 1e-6, "uv": 1e-6, "µv": 1e-6, "μv": 1e-6,
    "millivolts": 1e-3, "millivolt": 1e-3, "mv": 1e-3,
    "volts": 1.0, "volt": 1.0, "v": 1.0, "tesla": 1.0, "t": 1.0,
    "femtotesla": 1e-15, "ft": 1e-15,
}  # fmt: skip
"""Names of units in stream descriptions, in V or T."""


class LSLSource:
    """A signal stream and, beside it, a stream of markers.

    The library brings time stamps to this machine's clock (``proc_clocksync``); those of the
    samples are smoothed, and broken at gaps, by :class:`~neurodecode.streaming.stamps.StampedRuns`.

    Parameters
    ----------
    name : str
        Of the signal stream.
    markers : str, optional
        Name of the marker stream, whose texts say what was shown; default: the only stream of the
        type "Markers". It may end before the signals do.
    unit : str, optional
        Of the samples, where the stream's description does not say; see ``UNITS``.
    timeout : float, default=5.0
        s to wait for the streams, and for samples before the stream counts as ended.
    buffered : float, default=60.0
        s of signal that the library keeps for a slow reader; older samples are lost.

    Raises
    ------
    ConfigFault
        If pylsl is not installed.
    NetworkFault
        If there is no such stream, with the nearest name.
    DataFault
        If the stream does not name its channels or their unit, or has no regular rate.
    """

    live = True

    def __init__(
        self,
        name: str,
        markers: str | None = None,
        *,
        unit: str | None = None,
        timeout: float = 5.0,
        buffered: float = 60.0,
    ) -> None:
        self._timeout, self._buffered = timeout, buffered
        self._signals = self._open(*_find("name", name, timeout))
        info = self._signals.info(timeout=timeout)
        self.sfreq = float(info.nominal_srate())
        if self.sfreq == IRREGULAR:
            raise DataFault("the stream has no regular sampling rate", where=name)
        self.channels, self._factors = _described(info, unit, name)
        self._markers = self._open(
            *(_find("type", "Markers", timeout) if markers is None
              else _find("name", markers, timeout))
        )  # fmt: skip

    def __iter__(self) -> Iterator[Chunk]:
        """Yield what has come, until nothing came for ``timeout`` seconds or :meth:`close`."""
        runs, last = StampedRuns(self.sfreq), time.perf_counter()
        while self._signals is not None and time.perf_counter() - last < self._timeout:
            pulled = _pull(self._signals, 0.05)
            if pulled is None:
                return
            rows, stamps = pulled
            if not stamps:
                continue
            last, markers = time.perf_counter(), self._new_markers()
            samples = np.asarray(rows, dtype=np.float64).T * self._factors[:, None]
            for start, part in runs.runs(np.asarray(stamps)):
                yield Chunk(start, samples[:, part], markers, last)
                markers = ()

    def _new_markers(self) -> tuple[Marker, ...]:
        pulled = None if self._markers is None else _pull(self._markers, 0.0)
        texts, times = pulled or ((), ())
        return tuple(
            Marker(float(onset), str(text[0])) for onset, text in zip(times, texts, strict=True)
        )

    def close(self) -> None:
        """Close both streams."""
        for inlet in (self._signals, self._markers):
            if inlet is not None:
                inlet.close_stream()
        self._signals = self._markers = None

    def _open(self, pylsl: Any, info: Any) -> Any:
        inlet = pylsl.StreamInlet(
            info,
            max_buflen=max(1, round(self._buffered)),
            processing_flags=pylsl.proc_clocksync,
        )
        inlet.open_stream(timeout=self._timeout)
        return inlet


def _find(prop: str, value: str, timeout: float) -> tuple[Any, Any]:
    """Return the library, and the description of the one stream with this property."""
    try:
        import pylsl
    except ModuleNotFoundError as error:
        raise package_missing(error, "reading an LSL stream") from error
    found = pylsl.resolve_byprop(prop, value, timeout=timeout)
    if len(found) == 1:
        return pylsl, found[0]
    if found:
        names = ", ".join(sorted(info.name() for info in found))
        raise NetworkFault(f"{len(found)} streams with {prop} '{value}'", where=names,
                           fix="name the one that is meant")  # fmt: skip
    present = sorted({info.name() for info in pylsl.resolve_streams(wait_time=1.0)})
    what = unknown("LSL stream", value, present) if present else f"no LSL stream '{value}'"
    raise NetworkFault(f"{what} ({prop}, after {timeout:g} s)", fix="start it, or check the name")


def _described(info: Any, unit: str | None, name: str) -> tuple[list[str], Any]:
    """Return channel names, and what makes each V or T."""
    names, units = [], []
    channel = info.desc().child("channels").child("channel")
    for _ in range(info.channel_count()):
        names.append(channel.child_value("label"))
        units.append((unit or channel.child_value("unit")).strip().lower())
        channel = channel.next_sibling()
    if not all(names):
        raise DataFault("the stream does not name its channels", where=name,
                        fix="describe them (desc/channels/channel/label)")  # fmt: skip
    for label, text in zip(names, units, strict=True):
        if text not in UNITS:
            raise DataFault(unknown("unit", text, UNITS), where=f"{name}, channel {label}",
                            fix="give it (unit=, --unit)")  # fmt: skip
    return names, np.array([UNITS[text] for text in units])


def _pull(inlet: Any, timeout: float) -> tuple[Any, Any] | None:
    """Return samples and stamps; None once the sender has gone for good.

    Where its stream has an identifier the library waits for the sender to come back, else not.
    """
    from pylsl.util import LostError

    try:
        samples, stamps = inlet.pull_chunk(timeout=timeout)
    except LostError:
        return None
    return samples, stamps
