"""Which generated pictures a figure shows, by a rule and not by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from neurodecode.faults import DataFault

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    Rows = NDArray[np.intp]


def display_order(ssim: ArrayLike, distance: ArrayLike) -> NDArray[np.intp]:
    """Return the rows from the best to the worst, by SSIM less the correlation distance.

    Rows of the same value keep their order.

    Parameters
    ----------
    ssim, distance : array-like, shape (n,)
        Structural similarity, and the correlation distance of high-level features (SwAV in the
        article), per picture.

    Raises
    ------
    DataFault
        If lengths differ or a value is not finite.

    References
    ----------
    Benchetrit et al. 2024, ICLR, figure of the examples.
    """
    first, second = np.asarray(ssim, float), np.asarray(distance, float)
    if first.shape != second.shape or first.ndim != 1:
        raise DataFault(f"SSIM of the shape {first.shape}, distance of {second.shape}")
    return _best_first(first - second)


def display_blocks(
    ssim: ArrayLike,
    distance: ArrayLike,
    *,
    n_blocks: int = 15,
    n_shown: int = 4,
    random_state: int = 0,
) -> dict[str, NDArray[np.intp]]:
    """Return rows to show from the best, the middle and the worst block of the order.

    The order of :func:`display_order` is cut into blocks of equal size (the first ones longer by
    one where it does not divide); of three of them so many rows are drawn, best first.

    Parameters
    ----------
    ssim, distance : array-like, shape (n,)
    n_blocks : int, default=15
        As in the article; odd, so that there is a middle one.
    n_shown : int, default=4
        Rows of each block.
    random_state : int, default=0
        Of the draw within a block.

    Returns
    -------
    dict
        Keys "best", "middle" and "worst".

    Raises
    ------
    DataFault
        If a block would have fewer rows than are shown, or there is no middle block.
    """
    order = display_order(ssim, distance)
    if n_blocks < 3 or n_blocks % 2 == 0:
        raise DataFault(
            f"{n_blocks} blocks have no middle one", fix="give an odd number, 3 or more"
        )
    if len(order) // n_blocks < n_shown:
        raise DataFault(
            f"{len(order)} pictures in {n_blocks} blocks: fewer than {n_shown} in one",
            fix="use fewer blocks, or show fewer",
        )
    blocks = np.array_split(order, n_blocks)
    rng = np.random.default_rng(random_state)
    chosen = {"best": blocks[0], "middle": blocks[n_blocks // 2], "worst": blocks[-1]}
    return {
        name: block[np.sort(rng.choice(len(block), n_shown, replace=False))]
        for name, block in chosen.items()
    }


def best_median_worst(
    values: ArrayLike, n_shown: int = 1, *, higher_is_better: bool = True
) -> dict[str, NDArray[np.intp]]:
    """Return the rows of the highest, the middle and the lowest ranks of one score.

    Parameters
    ----------
    values : array-like, shape (n,)
    n_shown : int, default=1
        Rows of each kind.
    higher_is_better : bool, default=True
        False for distances.

    Returns
    -------
    dict
        Keys "best", "median" and "worst"; rows from better to worse. Sets may overlap in fewer
        than ``3 * n_shown`` rows.

    Raises
    ------
    DataFault
        If there are fewer rows than are shown, or a value is not finite.
    """
    scores = np.asarray(values, float)
    order = _best_first(scores if higher_is_better else -scores)
    if not 1 <= n_shown <= len(order):
        raise DataFault(f"{n_shown} of {len(order)} pictures cannot be shown")
    first = (len(order) - n_shown) // 2
    return {
        "best": order[:n_shown],
        "median": order[first : first + n_shown],
        "worst": order[-n_shown:],
    }


def _best_first(values: NDArray[np.float64]) -> Rows:
    if not np.isfinite(values).all():
        raise DataFault(
            "a score is not finite", where=f"picture {int(np.isfinite(values).argmin())}"
        )
    return np.argsort(-values, kind="stable")
