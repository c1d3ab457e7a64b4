"""Continuous EEG or MEG recordings: checked, resampled, with the layout of their sensors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from neurodecode.channels import FLAT_V, check_names, find_bad_channels, resolve_channels
from neurodecode.config import Section
from neurodecode.faults import DataFault
from neurodecode.signals.checks import check_unit
from neurodecode.signals.layout import sensor_positions
from neurodecode.signals.memory import require_memory
from neurodecode.signals.resampling import resample_exactly

if TYPE_CHECKING:
    import mne
    from numpy.typing import NDArray

FLAT_T = 1e-18
"""Range in tesla below which a MEG channel is flat."""
FILTERS = ("highpass", "lowpass", "notch")


class ContinuousSection(Section):
    """From recordings to windows; the defaults are those of Défossez et al. (2023)."""

    kind: Literal["auto", "eeg", "meg"] = Field(
        default="auto", description="Channels to use; auto: MEG where there is any, else EEG"
    )
    sfreq: float = Field(default=120.0, gt=0, description="Sampling rate of the windows, Hz")
    tmin: float = Field(default=-0.5, description="Window start around its anchor, s")
    tmax: float = Field(default=2.5, description="Window end around its anchor, s, included")
    baseline: float = Field(
        default=0.5, ge=0, description="Subtract the mean of the first so many s; 0: none"
    )
    lag: float = Field(
        default=0.15, ge=0, description="Delay from stimulus to brain, s: sample t+lag meets t"
    )
    clamp: float | None = Field(
        default=20.0, gt=0, description="Limit in interquartile ranges; null: no clamping"
    )
    scaler_windows: int = Field(
        default=200, ge=1, description="Training windows per recording that fit the robust scaler"
    )
    highpass: float | None = Field(default=None, gt=0, description="Hz; the paper has none")
    lowpass: float | None = Field(default=None, gt=0, description="Hz; the paper has none")
    notch: float | None = Field(default=None, gt=0, description="Hz; the paper has none")
    channels: tuple[str, ...] | None = Field(default=None, description="Default: all")
    scale: float = Field(
        default=1.0, gt=0, description="Factor to volts when a file states a wrong unit"
    )
    bad_channels: Literal["stop", "drop"] = Field(
        default="stop", description="What to do with channels that are flat or hold NaN or Inf"
    )
    memory_limit_gib: float = Field(default=8.0, gt=0, description="Of one recording")

    @model_validator(mode="after")
    def _consistent(self) -> ContinuousSection:
        if self.tmax <= self.tmin:
            raise ValueError(f"the window needs tmin < tmax, got {self.tmin:g} to {self.tmax:g}")
        if self.baseline > self.tmax - self.tmin:
            raise ValueError(f"a baseline of {self.baseline:g} s is longer than the window")
        if self.lag >= self.tmax - self.tmin:
            raise ValueError(f"a lag of {self.lag:g} s leaves nothing of the window")
        for name in FILTERS:
            edge = getattr(self, name)
            if edge is not None and edge >= self.sfreq / 2:
                raise ValueError(f"{name} of {edge:g} Hz lies above half of sfreq={self.sfreq:g}")
        return self

    @property
    def n_samples(self) -> int:
        """Samples of a window, both ends included: 361 by default."""
        return round((self.tmax - self.tmin) * self.sfreq) + 1

    @property
    def n_baseline(self) -> int:
        """Samples of the baseline, both ends included: 61 by default."""
        return round(self.baseline * self.sfreq) + 1 if self.baseline else 0

    @property
    def n_lag(self) -> int:
        """Samples of the lag: 18 by default."""
        return round(self.lag * self.sfreq)


@dataclass(frozen=True)
class Continuous:
    """One recording on the common time grid.

    Attributes
    ----------
    signals : ndarray of float32, shape (n_channels, n_samples)
        In microvolts (EEG) or femtotesla (MEG).
    channels : list of str
    positions : ndarray of float32, shape (n_channels, 2)
        NaN where unknown.
    info : dict
        Kind, unit, rates, and what the checks changed.
    """

    signals: NDArray[np.float32]
    channels: list[str]
    positions: NDArray[np.float32]
    info: dict[str, Any]


def read_continuous(
    raw: mne.io.BaseRaw, settings: ContinuousSection, *, where: str, layout: bool = True
) -> Continuous:
    """Check a recording and bring it to the common sampling rate.

    Parameters
    ----------
    raw : Raw
        Loaded here; changed in place.
    where : str
        Names the recording in faults.
    layout : bool, default=True
        False: positions are not looked for, all are NaN.

    Raises
    ------
    DataFault
        No channel of the kind; a channel missing, named twice, flat or not finite (policy "stop");
        amplitudes that are not volts; no sensor position; a filter edge above Nyquist; more memory
        than the limit.
    """
    kind = _kind(raw, settings, where)
    names = _pick(raw, kind, settings, where)
    _check_edges(raw, settings, where)
    require_memory(
        (len(names), raw.n_times), dtype="float64", limit_gib=settings.memory_limit_gib,
        what=f"recording {where}", fix="raise signals.memory_limit_gib, or give fewer channels",
    )  # fmt: skip
    raw.load_data(verbose="error")
    if settings.scale != 1.0:
        raw.apply_function(lambda x: x * settings.scale, verbose="error")
    mended = _without_bad(raw, kind, settings, where)
    if kind == "eeg":
        check_unit(raw.get_data(), where=where)
    names = list(raw.ch_names)
    positions = np.full((len(names), 2), np.nan, dtype=np.float32)
    if layout:
        positions = sensor_positions(raw.info, names, where=where)
    measured = float(raw.info["sfreq"])
    _filter(raw, settings)
    factor, unit = (1e6, "uV") if kind == "eeg" else (1e15, "fT")
    info = {
        "kind": kind,
        "unit": unit,
        "measured_sfreq": measured,
        "mended": mended,
        "without_position": [n for n, p in zip(names, positions, strict=True) if np.isnan(p).any()],
    }
    signals = resample_exactly(raw.get_data(), measured, settings.sfreq) * factor
    return Continuous(signals.astype(np.float32), names, positions, info)


def require_window(recording: Continuous, settings: ContinuousSection, *, where: str) -> None:
    """Raise if a recording is shorter than one window, with both durations in s."""
    n_samples = recording.signals.shape[1]
    if n_samples < settings.n_samples:
        raise DataFault(
            f"windows of {settings.tmax - settings.tmin:g} s are longer than the recording of "
            f"{n_samples / settings.sfreq:.2f} s",
            where=where,
            fix="shorten signals.tmax, or leave this recording out",
        )


def _kind(raw: mne.io.BaseRaw, settings: ContinuousSection, where: str) -> str:
    present = {"meg" if k in ("mag", "grad") else k for k in raw.get_channel_types()}
    wanted = ("meg", "eeg") if settings.kind == "auto" else (settings.kind,)
    for kind in wanted:
        if kind in present:
            return kind
    raise DataFault(
        f"no {' or '.join(map(str.upper, wanted))} channel, only {', '.join(sorted(present))}",
        where=where,
    )


def _pick(raw: mne.io.BaseRaw, kind: str, settings: ContinuousSection, where: str) -> list[str]:
    raw.pick(kind, exclude=[], verbose="error")
    check_names(raw.ch_names, where=where)
    if settings.channels is not None:
        raw.pick(resolve_channels(settings.channels, raw.ch_names, where=where), verbose="error")
    return list(raw.ch_names)


def _without_bad(
    raw: mne.io.BaseRaw, kind: str, settings: ContinuousSection, where: str
) -> list[str]:
    """Apply the policy for bad channels; return one line for each that was dropped."""
    flat, unit = (FLAT_T, "T") if kind == "meg" else (FLAT_V, "V")
    bad = find_bad_channels(raw.get_data(), raw.ch_names, raw.info["sfreq"], flat=flat, unit=unit)
    lines = [f"{channel.name}: {channel.problem} from {channel.time:.2f} s" for channel in bad]
    if not bad:
        return []
    if len(bad) == len(raw.ch_names):
        raise DataFault(f"every channel is bad: {'; '.join(lines[:5])}", where=where,
                        fix="leave this file out")  # fmt: skip
    if settings.bad_channels == "stop":
        raise DataFault(
            f"bad channels: {'; '.join(lines)}", where=where, fix="set signals.bad_channels=drop"
        )
    raw.drop_channels([channel.name for channel in bad])
    return [f"{line}, dropped" for line in lines]


def _check_edges(raw: mne.io.BaseRaw, settings: ContinuousSection, where: str) -> None:
    nyquist = raw.info["sfreq"] / 2
    for name in FILTERS:
        edge = getattr(settings, name)
        if edge is not None and edge >= nyquist:
            raise DataFault(
                f"{name} of {edge:g} Hz reaches above the Nyquist frequency {nyquist:g} Hz",
                where=where,
                fix=f"lower signals.{name}",
            )


def _filter(raw: mne.io.BaseRaw, settings: ContinuousSection) -> None:
    if settings.highpass is not None or settings.lowpass is not None:
        raw.filter(settings.highpass, settings.lowpass, verbose="error")
    if settings.notch is not None:
        raw.notch_filter(settings.notch, verbose="error")
