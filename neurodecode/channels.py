"""Names of EEG channels, and channels that cannot be used: what every reader of signals asks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

# Old (10-20) and new (10-10) names of the same sites; and common spellings of the vertex line.
ALIASES = {"T3": "T7", "T4": "T8", "T5": "P7", "T6": "P8"}
FLAT_V = 1e-12
_DUPLICATE = re.compile(r"(?<=[0-9zZ])-[0-9]+$")


@dataclass(frozen=True)
class BadChannel:
    """A channel that cannot be used, why, and from when on (s from the start)."""

    name: str
    problem: str
    time: float


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


def canonical_name(name: str) -> str:
    """Return one spelling for all names of a site: upper case, no dots, T7 for T3."""
    upper = name.strip(". ").upper()
    return ALIASES.get(upper, upper)
