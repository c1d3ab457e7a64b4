"""Refuse sizes that cannot work before anything is allocated."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence


def require_memory(
    shape: Sequence[int], *, dtype: str = "float32", limit_gib: float, what: str, fix: str
) -> float:
    """Return the GiB an array would take.

    Parameters
    ----------
    shape : sequence of int
    limit_gib : float
        Largest size accepted.
    what, fix : str
        What the array is, and what makes it smaller, for the message.

    Raises
    ------
    DataFault
        If the product of ``shape`` and the item size exceeds the limit; shows the sum.
    """
    bytes_each = np.dtype(dtype).itemsize
    gib = float(np.prod([float(n) for n in shape])) * bytes_each / 2**30
    if gib > limit_gib:
        product = " x ".join(f"{n:,}" for n in shape)
        raise DataFault(
            f"{what} would take {gib:.1f} GiB ({product} x {bytes_each} bytes), "
            f"more than the limit of {limit_gib:g} GiB",
            fix=fix,
        )
    return gib
