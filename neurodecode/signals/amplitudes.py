"""Whether windows can be in the unit that a decoder was trained with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

LARGEST_RATIO = 100.0
"""Nobody's signals are a hundred times larger or smaller than those of the training."""
FACTORS = {"eeg": (1e6, "uV"), "meg": (1e15, "fT")}
"""From SI units to those of the windows of decoders, and their names."""
UNIT_FACTORS = {
    "eeg": {1e-6: "volts", 1e-3: "millivolts", 1e3: "nanovolts"},
    "meg": {1e-15: "tesla", 1e-3: "picotesla", 1e-12: "millitesla"},
}
"""Size of a unit in that of the decoder, by what a user may have given."""


def require_finite(windows: NDArray[Any], channels: Sequence[str], *, where: str = "") -> None:
    """Raise DataFault with channel and window if a value is NaN or infinite.

    Parameters
    ----------
    windows : ndarray, shape (n, C, T)
    channels : sequence of str, shape (C,)
    """
    finite = np.isfinite(windows)
    if not finite.all():
        trial, channel, _ = (int(k) for k in np.argwhere(~finite)[0])
        raise DataFault(
            f"NaN or infinite values in channel {channels[channel]}, window {trial}", where=where
        )


def require_unit(ratio: float, kind: str, *, where: str = "") -> None:
    """Raise DataFault, with the unit it looks like, if a spread lies a hundredfold off.

    Parameters
    ----------
    ratio : float
        Spread of the windows, divided by that of the training.
    kind : {"eeg", "meg"}
        Of the channels.
    """
    if 1 / LARGEST_RATIO <= ratio <= LARGEST_RATIO:
        return
    units, own = UNIT_FACTORS[kind], FACTORS[kind][1]
    factor = min(units, key=lambda size: abs(np.log(max(ratio, 1e-30) / size)))
    raise DataFault(
        f"amplitudes {ratio:.3g} times those of the training, in {own}: they look like "
        f"{units[factor]}",
        where=where,
        fix=f"give {own}: multiply by {1 / factor:g}",
    )
