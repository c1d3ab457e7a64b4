"""Predicted latents, put back into the distribution of those a generator was trained with."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    import numpy.typing as npt

BLOCK_BYTES = 64 * 2**20
"""Size in double precision of the features that are worked on at a time."""

MOMENT_ROWS = 1024
"""Rows that are read at a time for their mean and deviation."""


def moments(
    features: npt.NDArray[Any],
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return mean and deviation (population) of every feature, reading a block of rows at a time.

    Parameters
    ----------
    features : ndarray, shape (n, *shape)
        May be memory-mapped.

    Returns
    -------
    mean, std : ndarray of float64, shape shape
    """
    mean, square = np.zeros(features.shape[1:]), np.zeros(features.shape[1:])
    for start in range(0, len(features), MOMENT_ROWS):
        mean += np.asarray(features[start : start + MOMENT_ROWS], dtype=np.float64).sum(axis=0)
    mean /= len(features)
    for start in range(0, len(features), MOMENT_ROWS):
        block = np.asarray(features[start : start + MOMENT_ROWS], dtype=np.float64) - mean
        square += (block**2).sum(axis=0)
    return mean, np.sqrt(square / len(features))


def restandardise(
    predicted: npt.NDArray[Any], train_mean: npt.ArrayLike, train_std: npt.ArrayLike
) -> npt.NDArray[np.float32]:
    r"""Give every predicted feature the mean and spread it has among the training targets.

    .. math:: \tilde z_{if} = \mu_f + \sigma_f \,
              \frac{\hat z_{if} - \operatorname{mean}_i \hat z_{if}}
                   {\operatorname{std}_i \hat z_{if}}

    A regression shrinks what it cannot predict towards the mean, and a generator has never seen
    latents that are so short. Mean and standard deviation (population, ddof 0) of the predictions
    are taken over all test predictions, so this is transductive: the latent of one picture depends
    on the others of the test set. It ignores the true pictures. Say so beside any score that
    rests on it, and never use it for retrieval.

    Parameters
    ----------
    predicted : ndarray, shape (n, *shape)
        Predictions of the whole test set.
    train_mean, train_std : array-like, shape shape
        Of the training targets, per feature.

    Returns
    -------
    ndarray of float32, shape (n, *shape)
        A feature that is predicted the same everywhere is the training mean.

    Raises
    ------
    DataFault
        If there is a single prediction, shapes differ, a value is not finite or a training
        deviation is negative.

    References
    ----------
    .. [1] Ozcelik & VanRullen 2023, Scientific Reports 13, 15666, Methods.
    .. [2] Benchetrit et al. 2024, ICLR, section 2.4.
    """
    mean, std = np.asarray(train_mean, np.float64), np.asarray(train_std, np.float64)
    _check(predicted, mean, std)
    flat = predicted.reshape(len(predicted), -1)
    found = np.empty(flat.shape, np.float32)
    step = max(1, BLOCK_BYTES // (8 * len(flat)))
    for first in range(0, flat.shape[1], step):
        part = slice(first, first + step)
        scores = _z_scores(flat[:, part].astype(np.float64))
        found[:, part] = mean.ravel()[part] + std.ravel()[part] * scores
    return found.reshape(predicted.shape)


def _z_scores(values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Standardise columns; those that vary by rounding only become zero."""
    largest = np.abs(values).max(axis=0)
    values -= values.mean(axis=0)
    spread = values.std(axis=0)
    varies = spread > 1e-12 * largest
    return np.where(varies, values / np.where(varies, spread, 1.0), 0.0)


def _check(
    predicted: npt.NDArray[Any], mean: npt.NDArray[np.float64], std: npt.NDArray[np.float64]
) -> None:
    if len(predicted) < 2:
        raise DataFault(
            f"{len(predicted)} prediction has no spread to standardise",
            fix="give the predictions of the whole test set at once",
        )
    for name, array in (("train_mean", mean), ("train_std", std)):
        if array.shape != predicted.shape[1:]:
            raise DataFault(
                f"{name} has the shape {array.shape}, a prediction {predicted.shape[1:]}"
            )
    for name, array in (("predicted", predicted), ("train_mean", mean), ("train_std", std)):
        if not np.isfinite(array).all():
            raise DataFault("a value is NaN or infinite", where=name)
    if (std < 0).any():
        raise DataFault("a standard deviation is negative", where="train_std")
