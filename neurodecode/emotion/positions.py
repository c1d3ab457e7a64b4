"""Hierarchies of any montage, from where its electrodes lie."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from neurodecode.emotion.graphs import Hierarchy, Region, shaped_edges
from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

Positions = dict[str, "NDArray[np.float64]"]
MIDLINE = 0.05
"""Share of the largest distance from the midline below which an electrode lies on it."""
BANDS = {1: ("",), 2: (" frontal", " posterior"), 3: (" frontal", " central", " posterior")}
"""Names of the parts of a half, front to back."""


def electrode_positions(source: Any) -> Positions:
    """Return the position of each electrode by its name.

    Parameters
    ----------
    source : mne.Info or mapping of str to array-like
        An Info with a montage, or two or three coordinates for each name: x to the right, y to
        the front, z up, in any unit.

    Returns
    -------
    dict of str to ndarray of float64, shape (2,) or (3,)
        In the order of the channels.

    Raises
    ------
    DataFault
        If there is no montage, or a channel has no finite position.
    """
    # an Info is a mapping too
    named = _of_info(source) if hasattr(source, "get_montage") else source
    found = {name: np.asarray(place, np.float64) for name, place in named.items()}
    lost = [n for n, p in found.items() if p.shape not in ((2,), (3,)) or not np.isfinite(p).all()]
    if lost or not found:
        raise DataFault(
            f"no position of {', '.join(lost) or 'any electrode'}",
            fix="set a montage, or drop these channels",
        )
    return found


def hierarchy_from_positions(
    source: Any, n_regions: int = 4, order: int = 2, *, name: str = "positions"
) -> Hierarchy:
    """Cut a montage into regions of the left and the right side, from front to back.

    Each side is cut into bands of equally many electrodes (the frontal ones have one more where
    they do not divide); those on the midline go to the left and the right in turn, from front to
    back, or, where the number of regions is odd, to a region of their own. Within a region two
    electrodes are joined where no third lies in the ball between them (the Gabriel graph: it
    holds each one's nearest neighbour and is connected). Regions form a ring, down the left side
    and up the right one; a midline region is joined to all others.

    Four regions of the EPOC's fourteen channels have the channels of the published G0.

    Parameters
    ----------
    source : mne.Info or mapping of str to array-like
        As for :func:`electrode_positions`.
    n_regions : int, default=4
        1: the whole head.
    order : int, default=2
        Of the polynomials in and between regions.
    name : str, default="positions"
        Of the hierarchy.

    Raises
    ------
    ConfigFault
        If there is no region, or the order is below 1.
    DataFault
        If electrodes have no position, or are too few on a side or the midline.

    References
    ----------
    Gabriel & Sokal (1969), A new statistical approach to geographic variation analysis.
    """
    if n_regions < 1:
        raise ConfigFault(f"{n_regions} regions", fix="one at least")
    positions = electrode_positions(source)
    parts = {"whole head": list(positions)} if n_regions == 1 else _parts(positions, n_regions)
    regions = tuple(
        Region(title, tuple(names), gabriel_edges({n: positions[n] for n in names}), order)
        for title, names in parts.items()
    )
    ring = [title for title in parts if title != "midline"]
    spokes = tuple(("midline", title) for title in ring if "midline" in parts)
    return Hierarchy(name, regions, (*shaped_edges(ring, "ring"), *spokes), order)


def gabriel_edges(positions: Mapping[str, ArrayLike]) -> tuple[tuple[str, str], ...]:
    """Return the pairs between which, in the ball that has them as its poles, no third one lies."""
    names = list(positions)
    points = np.array([np.asarray(positions[name], np.float64) for name in names])
    squares = ((points[:, None] - points[None]) ** 2).sum(axis=-1)
    return tuple(
        (names[i], names[j])
        for i in range(len(names))
        for j in range(i + 1, len(names))
        if not np.any(np.delete(squares[i] + squares[j], [i, j]) < squares[i, j])
    )


def _of_info(info: Any) -> Mapping[str, Any]:
    montage = info.get_montage()
    if montage is None:
        raise DataFault("the recording has no electrode positions", fix="set a montage")
    found: Mapping[str, Any] = montage.get_positions()["ch_pos"]
    return found


def _parts(positions: Positions, n_regions: int) -> dict[str, list[str]]:
    """Return channels of each region: left front to back, right back to front, midline."""
    left, right, midline = _sides(positions)
    if n_regions % 2 == 0:
        for place, name in enumerate(midline):
            (right if place % 2 else left).append(name)
        midline = []
    elif not midline:
        raise DataFault("no electrode on the midline", fix="an even number of regions")
    n_bands = n_regions // 2
    parts: dict[str, list[str]] = {}
    for side, names in (("left", left), ("right", right)):
        if len(names) < n_bands:
            raise DataFault(f"{len(names)} electrodes on the {side} side for {n_bands} regions",
                            fix="fewer regions")  # fmt: skip
        front_to_back = sorted(names, key=lambda name: (-positions[name][1], name))
        bands = [list(band) for band in np.array_split(front_to_back, n_bands)]
        titled = zip(_titles(side, n_bands), bands, strict=True)
        parts.update(titled if side == "left" else reversed(list(titled)))
    order = {name: place for place, name in enumerate(positions)}
    found = {
        title: sorted(map(str, names), key=order.__getitem__) for title, names in parts.items()
    }
    return found | ({"midline": midline} if midline else {})


def _sides(positions: Positions) -> tuple[list[str], list[str], list[str]]:
    """Return left, right and midline channels, the last from front to back."""
    width = max(abs(p[0]) for p in positions.values())
    left = [name for name, p in positions.items() if p[0] < -MIDLINE * width]
    right = [name for name, p in positions.items() if p[0] > MIDLINE * width]
    rest = [name for name in positions if name not in {*left, *right}]
    return left, right, sorted(rest, key=lambda name: (-positions[name][1], name))


def _titles(side: str, n_bands: int) -> Sequence[str]:
    numbered = tuple(f" {k + 1}" for k in range(n_bands))
    return [side + band for band in BANDS.get(n_bands, numbered)]
