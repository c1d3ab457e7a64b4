"""Scalings of a subject's map that look at no other subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

Floats = NDArray[np.floating[Any]]


def _log(maps: Floats) -> Floats:
    if (maps <= -1).any():
        raise DataFault("a map holds values of -1 or less, which have no log(1 + x)",
                        where="scaling log1p", fix='use scaling="zscore"')  # fmt: skip
    return np.log1p(maps)


def _zscore(maps: Floats) -> Floats:
    centred = maps - maps.mean(axis=1, keepdims=True)
    return _divided(centred, centred.std(axis=1, keepdims=True))


def _maximum(maps: Floats) -> Floats:
    return _divided(maps, np.abs(maps).max(axis=1, keepdims=True))


def _divided(maps: Floats, by: Floats) -> Floats:
    """Divide; a flat map becomes zeros."""
    return np.asarray(np.divide(maps, by, out=np.zeros_like(maps), where=by > 0))


SCALINGS: dict[str, Callable[[Floats], Floats]] = {
    "raw": lambda maps: maps,
    "log1p": _log,
    "zscore": _zscore,
    "max": _maximum,
}
"""Raw; log(1 + x); mean 0 and standard deviation 1 over voxels; divided by the largest."""


def scale_maps(maps: Floats, scaling: str) -> Floats:
    """Scale each row by itself.

    Parameters
    ----------
    maps : ndarray of float, shape (n_subjects, n_voxels)
    scaling : str
        One of :data:`SCALINGS`.

    Raises
    ------
    ConfigFault
        If the scaling is unknown.
    DataFault
        If log1p meets values of -1 or less.
    """
    if scaling not in SCALINGS:
        raise ConfigFault(unknown("scaling", scaling, SCALINGS))
    return SCALINGS[scaling](maps)
