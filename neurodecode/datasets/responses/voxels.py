"""Where the voxels of a subject are, and which of them cannot be used."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from numpy.typing import NDArray

BadVoxels = Literal["stop", "drop"]
POLICIES = ("stop", "drop")
_ROWS = 256  # trials looked at together, so that a memory-mapped array stays on disk


@dataclass(frozen=True)
class Voxels:
    """Voxels of one subject, in the order of the columns of its responses.

    Attributes
    ----------
    n_voxels : int
        Columns.
    mask : str, default ""
        File of the mask, "" where the data set comes without one.
    shape : tuple of int, default ()
        Of the mask's grid.
    sizes : tuple of float, default ()
        Edges of a voxel, mm.
    affine : tuple of float, default ()
        The 16 numbers of the grid's affine, row by row.
    sha256 : str, default ""
        Of the whole mask: a byte of 0 or 1 for each voxel of the grid, in C order.
    coordinates : ndarray of int, shape (n_voxels, 3), or None, default None
        Place of each voxel in the grid; rows are in C order, as ``numpy.argwhere`` gives them.
    dropped : tuple of int, default ()
        Places, among all voxels of the file, of those left out as NaN or infinite.
    constant : tuple of int, default ()
        Columns that are the same in all trials; they stay.
    """

    n_voxels: int
    mask: str = ""
    shape: tuple[int, ...] = ()
    sizes: tuple[float, ...] = ()
    affine: tuple[float, ...] = ()
    sha256: str = ""
    coordinates: NDArray[np.int64] | None = None
    dropped: tuple[int, ...] = ()
    constant: tuple[int, ...] = ()

    def name(self, column: int) -> str:
        """Return what a message calls a voxel: its column, and its place where known."""
        if self.coordinates is None:
            return f"voxel {column}"
        place = ", ".join(map(str, self.coordinates[column].tolist()))
        return f"voxel {column} at ({place})"

    @property
    def places(self) -> NDArray[np.int64] | None:
        """Place of each voxel in the flattened grid (C order); None where there is no mask."""
        if self.coordinates is None:
            return None
        return np.ravel_multi_index(tuple(self.coordinates.T), self.shape).astype(np.int64)

    def info(self) -> dict[str, Any]:
        """Return what a store should know of them, as plain values."""
        return {
            "n_voxels": self.n_voxels,
            "mask": self.mask,
            "grid": list(self.shape),
            "voxel_sizes_mm": list(self.sizes),
            "affine": list(self.affine),
            "sha256": self.sha256,
            "dropped": list(self.dropped),
            "constant": list(self.constant),
        }


def usable_voxels(
    responses: NDArray[Any], voxels: Voxels, policy: BadVoxels, *, where: str
) -> tuple[NDArray[np.float32], Voxels, tuple[str, ...]]:
    """Find voxels that are NaN or infinite in any trial, and those that never change.

    Parameters
    ----------
    responses : ndarray, shape (n_trials, n_voxels)
        As float32 it is returned uncopied, as long as nothing is dropped.
    voxels : Voxels
        Of the columns.
    policy : {"stop", "drop"}
        What to do about a voxel that is not finite in some trial; "drop" leaves it out of all.
    where : str
        File, for messages.

    Returns
    -------
    responses : ndarray of float32, shape (n_trials, n_kept)
    voxels : Voxels
        Of the columns that are left.
    notes : tuple of str
        What was dropped, and how many voxels are constant.

    Raises
    ------
    ConfigFault
        If the policy is unknown.
    DataFault
        If a voxel is not finite and the policy is "stop", or no voxel would be left.
    """
    if policy not in POLICIES:
        raise ConfigFault(unknown("policy for bad voxels", policy, POLICIES))
    bad, low, high, trial = _scan(responses)
    places = np.flatnonzero(bad)
    notes: tuple[str, ...] = ()
    if places.size:
        told = (
            f"{places.size} of {bad.size} voxels are NaN or infinite in some trial, as "
            f"{voxels.name(int(places[0]))} in trial {trial}"
        )
        if policy == "stop":
            raise DataFault(
                told, where=where, fix="mend the file, or set data.options.bad_voxels=drop"
            )
        if bad.all():
            fix = "remove the broken trials: no voxel is whole in all of them"
            raise DataFault(told, where=where, fix=fix)
        responses, voxels = responses[:, ~bad], _without(voxels, bad)
        low, high = low[~bad], high[~bad]
        notes = (f"{told}, left out",)
    constant = np.flatnonzero(low == high)
    if constant.size:
        voxels = replace(voxels, constant=tuple(constant.tolist()))
        example = voxels.name(int(constant[0]))
        notes += (f"{constant.size} voxels are the same in all trials, as {example}",)
    return responses.astype(np.float32, copy=False), voxels, notes


def _scan(
    responses: NDArray[Any],
) -> tuple[NDArray[np.bool_], NDArray[Any], NDArray[Any], int]:
    """Return which voxels are bad, the extremes of all, and the first trial of the first bad."""
    n_voxels = responses.shape[1]
    bad = np.zeros(n_voxels, dtype=bool)
    low, high = np.full(n_voxels, np.inf), np.full(n_voxels, -np.inf)
    first = np.full(n_voxels, -1)
    for start in range(0, len(responses), _ROWS):
        block = np.asarray(responses[start : start + _ROWS])
        wrong = ~np.isfinite(block)
        new = wrong.any(axis=0) & ~bad
        first[new] = start + wrong[:, new].argmax(axis=0)
        bad |= new
        low, high = np.fmin(low, block.min(axis=0)), np.fmax(high, block.max(axis=0))
    return bad, low, high, int(first[bad.argmax()]) if bad.any() else -1


def _without(voxels: Voxels, bad: NDArray[np.bool_]) -> Voxels:
    places = voxels.coordinates
    return replace(
        voxels,
        n_voxels=int((~bad).sum()),
        coordinates=None if places is None else places[~bad],
        dropped=tuple(np.flatnonzero(bad).tolist()),
    )
