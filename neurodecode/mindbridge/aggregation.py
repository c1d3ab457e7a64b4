"""Voxels of any number to one fixed number, so that all subjects share a network."""

from __future__ import annotations

from typing import Any, TypeVar, get_args

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from neurodecode.faults import DataFault, unknown
from neurodecode.mindbridge.config_model import Aggregation

AGGREGATIONS: tuple[str, ...] = get_args(Aggregation)
Array = TypeVar("Array", npt.NDArray[Any], Tensor)


def window_edges(n_voxels: int, size: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    r"""Return first and one-past-last voxel of each bin.

    .. math:: \text{first}_i = \lfloor i N / M \rfloor, \qquad
              \text{end}_i = \lceil (i + 1) N / M \rceil

    Neighbouring windows overlap where N / M is no whole number. With N < M voxels are repeated.

    Parameters
    ----------
    n_voxels : int
        N.
    size : int
        M, number of bins.

    Returns
    -------
    tuple of two ndarray, shape (M,)

    Raises
    ------
    DataFault
        If there is no voxel or no bin.

    Examples
    --------
    >>> window_edges(5, 3)
    (array([0, 1, 3]), array([2, 4, 5]))
    """
    if n_voxels < 1 or size < 1:
        raise DataFault(f"{n_voxels} voxels cannot be pooled to {size} values")
    bins = np.arange(size, dtype=np.int64)
    return bins * n_voxels // size, -((bins + 1) * -n_voxels // size)


def aggregate(
    responses: Array, size: int, method: Aggregation = "max", *, where: str = ""
) -> Array:
    """Pool the last axis to a fixed size along the stored order of voxels.

    Maxima of noise lie above zero, further where windows are wider, so that pooled responses of
    subjects with more voxels are larger. The published system leaves that as it is.

    Parameters
    ----------
    responses : ndarray or Tensor, shape (..., n_voxels)
        Whole numbers and half precision are pooled in float32.
    size : int
        Number of values M; published: 8192.
    method : {"max", "mean", "linear"}, default="max"
        Largest or mean value of each window (see :func:`window_edges`), or linear interpolation
        at the bins' centres, (i + 1/2) N / M - 1/2, constant beyond the outer voxels.
    where : str, default=""
        Whose responses these are, for the message of a fault.

    Returns
    -------
    ndarray or Tensor, shape (..., M)
        Of the kind that was given; differentiable for tensors.

    Raises
    ------
    DataFault
        If the method is unknown, there is no voxel, or a voxel is NaN or infinite.

    References
    ----------
    Wang et al. (2024), MindBridge: a cross-subject brain decoding framework, CVPR.
    """
    if method not in AGGREGATIONS:
        raise DataFault(unknown("aggregation", method, AGGREGATIONS))
    values = _floating(responses)
    _require_finite(values, where)
    if method == "linear":
        return _interpolated(values, size)
    first, end = window_edges(values.shape[-1], size)
    windows = first[:, None] + np.arange((end - first).max())
    inside = windows < end[:, None]
    # places beyond a narrower window repeat its last voxel, which changes no maximum
    picked = values[..., _index(np.minimum(windows, end[:, None] - 1), values)]
    if method == "max":
        return picked.amax(-1) if isinstance(picked, Tensor) else picked.max(-1)
    return (picked * _like(inside / inside.sum(axis=1, keepdims=True), values)).sum(-1)


def pool_repetitions(
    responses: Array, size: int, method: Aggregation = "max", *, where: str = ""
) -> Array:
    """Pool each repetition, then average the pooled ones: how stimuli are tested.

    Not the same as pooling the average, whose maxima are lower.

    Parameters
    ----------
    responses : ndarray or Tensor, shape (..., n_repetitions, n_voxels)
    size, method, where
        As for :func:`aggregate`.

    Returns
    -------
    ndarray or Tensor, shape (..., size)

    Raises
    ------
    DataFault
        As :func:`aggregate`; also if there is no repetition.
    """
    if responses.ndim < 2 or not responses.shape[-2]:
        raise DataFault(f"no repetitions in responses of shape {tuple(responses.shape)}",
                        where=where)  # fmt: skip
    return aggregate(responses, size, method, where=where).mean(-2)


def _floating(values: Array) -> Array:
    """Return at least single precision."""
    if isinstance(values, Tensor):
        keep = values.dtype in (torch.float32, torch.float64)
        return values if keep else values.float()
    array = np.asarray(values)
    return array if array.dtype in (np.float32, np.float64) else array.astype(np.float32)


def _require_finite(values: Array, where: str) -> None:
    finite = np.isfinite(values.detach().cpu().numpy() if isinstance(values, Tensor) else values)
    if finite.all():
        return
    bad = ~finite.reshape(-1, finite.shape[-1])
    response, voxel = np.argwhere(bad)[0]
    raise DataFault(
        f"{bad.sum()} values of {bad.any(axis=0).sum()} voxels are NaN or infinite, the first at "
        f"voxel {voxel} of response {response}",
        where=where,
        fix="leave those voxels out",
    )


def _interpolated(values: Array, size: int) -> Array:
    n_voxels = values.shape[-1]
    window_edges(n_voxels, size)  # refuses empty sizes
    centres = (np.arange(size) + 0.5) * (n_voxels / size) - 0.5
    centres = centres.clip(0, n_voxels - 1)
    left = np.floor(centres).astype(np.int64)
    right = np.minimum(left + 1, n_voxels - 1)
    share = _like(centres - left, values)
    return (
        values[..., _index(left, values)] * (1 - share) + values[..., _index(right, values)] * share
    )


def _index(places: npt.NDArray[np.int64], values: Array) -> Any:
    return torch.from_numpy(places).to(values.device) if isinstance(values, Tensor) else places


def _like(weights: npt.NDArray[np.float64], values: Array) -> Any:
    if isinstance(values, Tensor):
        return torch.from_numpy(weights).to(values)
    return weights.astype(values.dtype)
