"""Checks of continuous recordings, made before any filter can smear a fault over a channel."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import mne
    from numpy.typing import NDArray

    from neurodecode.signals.config import SignalsSection

# Old (10-20) and new (10-10) names of the same sites; and common spellings of the vertex line.
ALIASES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
# Mean absolute step from sample to sample; unlike the standard deviation it ignores slow drift,
# which reaches tens of millivolts in recordings without a high-pass filter.
SMALLEST_STEP_V, TYPICAL_STEP_V, LARGEST_STEP_V = 1e-9, 1.5e-5, 5e-4
FLAT_V = 1e-12
UNITS = {1e-6: "microvolts", 1e-3: "millivolts", 1e3: "volts scaled by 1e-3",
         1e6: "volts scaled by 1e-6"}  # fmt: skip


@dataclass(frozen=True)
class BadChannel:
    """A channel that cannot be used, why, and from when on (s from the start)."""

    name: str
    problem: str
    time: float


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


def find_bad_channels(
    signals: NDArray[np.floating],
    names: Sequence[str],
    sfreq: float,
    *,
    flat: float = FLAT_V,
    unit: str = "V",
) -> list[BadChannel]:
    """Find channels with NaN or Inf, and flat ones.

    Parameters
    ----------
    signals : ndarray, shape (n_channels, n_samples)
    flat : float, default=1e-12
        Range below which a channel is flat.
    unit : str, default="V"
        Of the signals, as faults name it.

    Returns
    -------
    list of BadChannel
    """
    found = []
    for name, channel in zip(names, signals, strict=True):
        finite = np.isfinite(channel)
        if not finite.all():
            first = int(np.argmin(finite))
            kind = "NaN" if np.isnan(channel[first]) else "infinite value"
            count = int((~finite).sum())
            found.append(BadChannel(name, f"{count} samples are {kind}", first / sfreq))
        elif np.ptp(channel) < flat:
            found.append(BadChannel(name, f"flat at {channel[0]:g} {unit}", 0.0))
    return found


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


def resolve_channels(wanted: Sequence[str], present: Sequence[str], *, where: str) -> list[str]:
    """Return the recording's own name for each wanted channel (T7 is T3, case does not count).

    Raises
    ------
    DataFault
        Naming the missing channels and the nearest present ones, or those that are there twice.
    """
    check_names(present, where=where)
    known = {canonical_name(name): name for name in present}
    missing = [name for name in wanted if canonical_name(name) not in known]
    if missing:
        hints = [f"{name} (nearest: {nearest(name, present) or 'none'})" for name in missing]
        raise DataFault(
            f"channels not in the recording: {', '.join(hints)}",
            where=where,
            fix=f"present: {', '.join(present)}",
        )
    return [known[canonical_name(name)] for name in wanted]


def check_names(names: Sequence[str], *, where: str) -> None:
    """Raise if two channels have the same name, or two names of the same site (T3 and T7)."""
    seen: dict[str, str] = {}
    for name in names:
        # MNE reads two channels C3 as C3-0 and C3-1.
        key = canonical_name(_DUPLICATE.sub("", name))
        if key in seen:
            raise DataFault(
                f"channels {seen[key]} and {name} are the same site twice",
                where=where,
                fix="rename or remove one of them in the file",
            )
        seen[key] = name


_DUPLICATE = re.compile(r"(?<=[0-9zZ])-[0-9]+$")


def canonical_name(name: str) -> str:
    """Return one spelling for all names of a site: upper case, no dots, T7 for T3."""
    upper = name.strip(". ").upper()
    return ALIASES.get(upper, upper)


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
