"""Checks of continuous recordings, made before any filter can smear a fault over a channel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.channels import (
    BadChannel,
    canonical_name,
    check_names,
    find_bad_channels,
    resolve_channels,
)
from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import mne
    from numpy.typing import NDArray

    from neurodecode.signals.config import SignalsSection

# Mean absolute step from sample to sample; unlike the standard deviation it ignores slow drift,
# which reaches tens of millivolts in recordings without a high-pass filter.
SMALLEST_STEP_V, TYPICAL_STEP_V, LARGEST_STEP_V = 1e-9, 1.5e-5, 5e-4
UNITS = {1e-6: "microvolts", 1e-3: "millivolts", 1e3: "volts scaled by 1e-3",
         1e6: "volts scaled by 1e-6"}  # fmt: skip


def check_recordings(
    recordings: Mapping[str, mne.io.BaseRaw], settings: SignalsSection
) -> dict[str, list[str]]:
    """Check and mend recordings of one subject in place.

    Parameters
    ----------
    recordings : mapping of str to Raw
        Loaded recordings by a name that tells users which file is meant.
    settings : SignalsSection
        Channels, unit factor, bands, and the policy for bad channels.

    Returns
    -------
    dict
        Per recording, one line for each channel that was dropped or interpolated.

    Raises
    ------
    DataFault
        Sampling rates differ; a band edge lies above Nyquist; a channel is missing, named twice,
        flat or not finite (policy "stop"); the amplitudes are not volts.
    """
    rates = {name: raw.info["sfreq"] for name, raw in recordings.items()}
    check_sampling_rates(rates, settings)
    mended: dict[str, list[str]] = {}
    for name, raw in recordings.items():
        check_bands(settings, raw.info["sfreq"], where=name)
        _pick(raw, settings.channels, where=name)
        raw.load_data(verbose="error")
        if settings.scale != 1.0:
            raw.apply_function(lambda x: x * settings.scale, picks="eeg", verbose="error")
        bad = find_bad_channels(raw.get_data(picks="eeg"), eeg_names(raw), raw.info["sfreq"])
        mended[name] = _mend(raw, bad, settings.bad_channels, where=name)
        check_unit(raw.get_data(picks="eeg"), where=name)
        if len(set(rates.values())) > 1:  # before cutting, where lengths could differ by a sample
            raw.resample(settings.resample, verbose="error")
    _same_channels({name: eeg_names(raw) for name, raw in recordings.items()}, recordings)
    return {name: lines for name, lines in mended.items() if lines}


def check_sampling_rates(rates: Mapping[str, float], settings: SignalsSection) -> None:
    """Raise if recordings differ in sampling rate and no common one is asked for."""
    if len(set(rates.values())) > 1 and settings.resample is None:
        table = ", ".join(f"{name}: {rate:g} Hz" for name, rate in rates.items())
        raise DataFault(
            "sampling rates differ between files",
            where=table,
            fix=f"set signals.resample={min(rates.values()):g}",
        )


def check_bands(settings: SignalsSection, sfreq: float, *, where: str) -> None:
    """Raise if a band edge does not lie below the Nyquist frequency."""
    nyquist = sfreq / 2
    for low, high in settings.bands:
        if high >= nyquist:
            raise DataFault(
                f"band [{low:g}, {high:g}] Hz reaches above the Nyquist frequency "
                f"{nyquist:g} Hz (sampling rate {sfreq:g} Hz)",
                where=where,
                fix="lower signals.bands",
            )


def check_unit(signals: NDArray[np.floating], *, where: str) -> None:
    """Raise if the typical step between samples cannot be EEG in volts (1e-9 to 5e-4 V).

    Parameters
    ----------
    signals : ndarray, shape (n_channels, n_samples)
    """
    typical = float(np.median(np.abs(np.diff(signals, axis=1)).mean(axis=1)))
    if SMALLEST_STEP_V <= typical <= LARGEST_STEP_V:
        return
    factor = min(UNITS, key=lambda unit: abs(np.log(max(typical, 1e-30) * unit / TYPICAL_STEP_V)))
    raise DataFault(
        f"a mean step of {typical:.3g} V between samples is not EEG in volts, it looks like "
        f"{UNITS[factor]}",
        where=where,
        fix=f"if so, set signals.scale={factor:g}",
    )


def common_channels(names: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the channels that all recordings have, spelled and ordered as in the first.

    Raises
    ------
    DataFault
        If there is none.
    """
    first = next(iter(names.values()))
    sites = [{canonical_name(name) for name in other} for other in names.values()]
    common = [name for name in first if all(canonical_name(name) in other for other in sites)]
    if not common:
        table = "; ".join(f"{name}: {', '.join(ch[:8])}" for name, ch in names.items())
        raise DataFault(
            "recordings share no channel", where=table, fix="leave the odd recording out"
        )
    return common


def eeg_names(raw: mne.io.BaseRaw) -> list[str]:
    """Return the names of the EEG channels, in order."""
    return [raw.ch_names[i] for i in _eeg_picks(raw)]


def _eeg_picks(raw: mne.io.BaseRaw) -> list[int]:
    kinds = raw.get_channel_types()
    return [i for i, kind in enumerate(kinds) if kind == "eeg"]


def _pick(raw: mne.io.BaseRaw, wanted: Sequence[str] | None, *, where: str) -> None:
    """Keep the wanted EEG channels in the wanted order, and the stim channels."""
    present = eeg_names(raw)
    if not present:
        kinds = sorted(set(raw.get_channel_types()))
        raise DataFault(f"no EEG channel, only {', '.join(kinds)}", where=where)
    check_names(present, where=where)
    names = resolve_channels(wanted, present, where=where) if wanted else present
    stim = [n for n, k in zip(raw.ch_names, raw.get_channel_types(), strict=True) if k == "stim"]
    raw.pick([*names, *stim], verbose="error")
    if wanted:
        raw.rename_channels(dict(zip(names, wanted, strict=True)), verbose="error")


def _mend(raw: mne.io.BaseRaw, bad: list[BadChannel], policy: str, *, where: str) -> list[str]:
    lines = [f"{channel.name}: {channel.problem} from {channel.time:.2f} s" for channel in bad]
    if not bad:
        return []
    names = [channel.name for channel in bad]
    if len(names) == len(_eeg_picks(raw)):
        raise DataFault(
            f"every channel is bad: {'; '.join(lines[:5])}", where=where, fix="leave this file out"
        )
    if policy == "stop":
        raise DataFault(
            f"bad channels: {'; '.join(lines)}",
            where=where,
            fix="set signals.bad_channels=drop or =interpolate",
        )
    if policy == "drop":
        raw.drop_channels(names)
        return [f"{line}, dropped" for line in lines]
    data = raw.get_data(picks=names)
    raw._data[[raw.ch_names.index(name) for name in names]] = np.where(np.isfinite(data), data, 0)
    raw.info["bads"] = names
    try:
        raw.interpolate_bads(reset_bads=True, verbose="error")
    except (RuntimeError, ValueError) as error:
        raise DataFault(
            f"cannot interpolate {', '.join(names)}: the recording has no channel positions",
            where=where,
            fix="set signals.bad_channels=drop",
        ) from error
    return [f"{line}, interpolated" for line in lines]


def _same_channels(
    names: Mapping[str, list[str]], recordings: Mapping[str, mne.io.BaseRaw]
) -> None:
    """Reduce all recordings to their common channels; raise if there is none."""
    common = common_channels(names)
    for raw in recordings.values():
        _pick(raw, common, where="")
