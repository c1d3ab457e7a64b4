"""Signals and markers from the lab streaming layer, on one clock."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault, NetworkFault, package_missing, unknown
from neurodecode.streaming.sources import Chunk, Marker

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

    Time stamps are brought to this machine's clock and smoothed by the library
    (``proc_clocksync | proc_dejitter``).

    Parameters
    ----------
    name : str
        Of the signal stream.
    markers : str, optional
        Name of the marker stream, whose texts say what was shown; default: the only stream of the
        type "Markers".
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
        last = time.perf_counter()
        while self._signals is not None and time.perf_counter() - last < self._timeout:
            rows, stamps = self._signals.pull_chunk(timeout=0.05)
            if not stamps:
                continue
            last = time.perf_counter()
            texts, times = self._markers.pull_chunk(timeout=0.0)
            markers = tuple(
                Marker(float(onset), str(text[0])) for onset, text in zip(times, texts, strict=True)
            )
            samples = np.asarray(rows, dtype=np.float64).T * self._factors[:, None]
            yield from _contiguous(samples, np.asarray(stamps), self.sfreq, markers, last)

    def close(self) -> None:
        """Close both streams."""
        for inlet in (self._signals, self._markers):
            if inlet is not None:
                inlet.close_stream()
        self._signals = self._markers = None

    def _open(self, pylsl: Any, info: Any) -> Any:
        flags = pylsl.proc_clocksync | pylsl.proc_dejitter
        if info.nominal_srate() == IRREGULAR:
            flags = pylsl.proc_clocksync
        inlet = pylsl.StreamInlet(
            info, max_buflen=max(1, round(self._buffered)), processing_flags=flags
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


def _contiguous(
    samples: Any, stamps: Any, sfreq: float, markers: tuple[Marker, ...], arrived: float
) -> Iterator[Chunk]:
    """Yield the parts of what was pulled at once between which no sample is lost."""
    cuts = np.flatnonzero(np.diff(stamps) > 1.5 / sfreq) + 1
    for part in np.split(np.arange(len(stamps)), cuts):
        yield Chunk(float(stamps[part[0]]), samples[:, part], markers, arrived)
        markers = ()
