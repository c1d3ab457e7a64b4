"""Latents of one vector per picture: what a generator asks of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import DataFault, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

LATENT = "latent"
"""Name of the latent of a generator that has only one."""


def latent_rows(latents: Mapping[str, NDArray[np.float32]], n_numbers: int) -> NDArray[np.float32]:
    """Return the latent named "latent", checked.

    Parameters
    ----------
    latents : mapping of str to ndarray
        With the entry "latent", of shape (n, n_numbers).
    n_numbers : int
        Length of a latent.

    Returns
    -------
    ndarray of float32, shape (n, n_numbers)

    Raises
    ------
    DataFault
        If there is another entry or none, the shape is another, or a number is not finite.
    """
    for name in latents:
        if name != LATENT:
            raise DataFault(unknown("latent", name, [LATENT]))
    if LATENT not in latents:
        raise DataFault(f"no latents, '{LATENT}' is needed")
    rows = np.asarray(latents[LATENT], dtype=np.float32)
    if rows.ndim != 2 or rows.shape[1] != n_numbers:
        raise DataFault(f"latents of shape {rows.shape}, (n, {n_numbers}) is needed")
    if not np.isfinite(rows).all():
        row = int(np.flatnonzero(~np.isfinite(rows).all(axis=1))[0])
        raise DataFault("a latent is not finite", where=f"picture {row}")
    return rows
