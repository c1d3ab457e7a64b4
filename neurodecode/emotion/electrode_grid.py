"""Electrodes on a grid of 9 x 9 cells: the head from above, as images have it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.channels import canonical_name
from neurodecode.faults import DataFault, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from neurodecode.emotion.positions import Positions

SIDE = 9
"""Rows and columns, front to back and left to right."""

CELLS: dict[str, tuple[int, int]] = {
    "FP1": (0, 3), "FP2": (0, 5), "AF3": (1, 3), "AF4": (1, 5),
    "F7": (2, 0), "F3": (2, 2), "FZ": (2, 4), "F4": (2, 6), "F8": (2, 8),
    "FC5": (3, 1), "FC1": (3, 3), "FC2": (3, 5), "FC6": (3, 7),
    "T7": (4, 0), "C3": (4, 2), "CZ": (4, 4), "C4": (4, 6), "T8": (4, 8),
    "CP5": (5, 1), "CP1": (5, 3), "CP2": (5, 5), "CP6": (5, 7),
    "P7": (6, 0), "P3": (6, 2), "PZ": (6, 4), "P4": (6, 6), "P8": (6, 8),
    "PO3": (7, 3), "PO4": (7, 5), "O1": (8, 3), "OZ": (8, 4), "O2": (8, 5),
}  # fmt: skip
"""Row and column of 32 sites, the EPOC's among them, as the released code has them."""


def grid_cells(channel_names: Sequence[str], source: Any = None) -> NDArray[np.int64]:
    """Return row and column of each channel; no two share a cell.

    By name where all channels are among the 32 sites of ``CELLS`` and no positions are given;
    else from positions, flattened by their angle from the vertex, the outermost electrode at the
    rim of the grid. Where two fall on one cell, the later channel takes the nearest free one.

    Parameters
    ----------
    channel_names : sequence of str
        Letter case does not count, T3 is T7.
    source : mne.Info or mapping of str to array-like, optional
        Positions, see :func:`electrode_positions`.

    Returns
    -------
    ndarray of int64, shape (n_channels, 2)

    Raises
    ------
    DataFault
        Naming the channels that have neither cell nor position, with the nearest sites; or if
        there are more channels than cells.
    """
    if source is None:
        names = [canonical_name(name) for name in channel_names]
        lost = [name for name in names if name not in CELLS]
        if lost:
            hints = [f"{name} (nearest: {nearest(name, CELLS) or 'none'})" for name in lost]
            raise DataFault(
                f"no cell of the 9 x 9 grid for {', '.join(hints)}", fix="give positions"
            )
        return np.array([CELLS[name] for name in names])
    from neurodecode.emotion.positions import electrode_positions

    return _from_positions(electrode_positions(source), channel_names)


def _from_positions(positions: Positions, channel_names: Sequence[str]) -> NDArray[np.int64]:
    lost = [name for name in channel_names if name not in positions]
    if lost:
        raise DataFault(f"no position of {', '.join(lost)}")
    if len(channel_names) > SIDE**2:
        raise DataFault(f"{len(channel_names)} channels for {SIDE**2} cells")
    flat = np.array([_flatten(positions[name]) for name in channel_names])
    middle = (SIDE - 1) / 2
    wanted = middle + middle * flat[:, ::-1] * (-1, 1) / np.abs(flat).max()
    free = np.array([(row, column) for row in range(SIDE) for column in range(SIDE)])
    cells = []
    for place in wanted:
        # rounded first: an electrode and its mirror image get mirrored cells
        distance = ((free - np.round(place)) ** 2).sum(axis=1) + 1e-3 * np.abs(free - place).sum(1)
        taken = int(distance.argmin())
        cells.append(free[taken])
        free = np.delete(free, taken, axis=0)
    return np.array(cells)


def _flatten(position: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return x and y at a distance from the centre that is the angle from the vertex."""
    plane = position[:2]
    if len(position) == 2 or not plane.any():
        return plane
    angle = np.arctan2(np.linalg.norm(plane), position[2])
    flat: NDArray[np.float64] = angle * plane / np.linalg.norm(plane)
    return flat
