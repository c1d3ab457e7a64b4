"""Hierarchies of electrodes as data: regions with inner graphs, and a graph of the regions."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Literal

import numpy as np

from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Edges = tuple[tuple[str, str], ...]
Shape = Literal["chain", "ring", "complete"]

EPOC = ("AF3", "F7", "F3", "FC5", "T7", "P7", "O1", "O2", "P8", "T8", "FC6", "F4", "F8", "AF4")
"""Channels of the Emotiv EPOC in the order of its recordings, and of DREAMER's."""


@dataclass(frozen=True)
class Region:
    """Electrodes that exchange messages.

    Attributes
    ----------
    name : str
    channels : tuple of str
        At least one; a region of one electrode has no edge.
    edges : tuple of pairs of str
        Undirected, all of weight 1.
    order : int, default=2
        K of the polynomial: how many edges a message can pass.

    Raises
    ------
    ConfigFault
        If the region is empty, a channel or edge stands twice, an edge ends at itself or at no
        channel of the region (with the nearest), or the order is below 1.
    """

    name: str
    channels: tuple[str, ...]
    edges: Edges = ()
    order: int = 2

    def __post_init__(self) -> None:
        _check_graph(self.channels, self.edges, self.order, kind="channel", where=self.name)

    @property
    def adjacency(self) -> NDArray[np.float64]:
        """Symmetric matrix of zeros and ones, (n_channels, n_channels), without self loops."""
        return _adjacency(self.channels, self.edges)


@dataclass(frozen=True)
class Hierarchy:
    """Regions, the graph between them, and one global node above.

    Attributes
    ----------
    name : str
    regions : tuple of Region
    edges : tuple of pairs of str
        Between names of regions.
    order : int, default=2
        Of the polynomial between regions.

    Raises
    ------
    ConfigFault
        As for a region; also if two regions share a channel.
    """

    name: str
    regions: tuple[Region, ...]
    edges: Edges = ()
    order: int = 2

    def __post_init__(self) -> None:
        names = [region.name for region in self.regions]
        _check_graph(names, self.edges, self.order, kind="region", where=self.name)
        _refuse_twice(self.channels, kind="channel", where=self.name)

    @property
    def channels(self) -> tuple[str, ...]:
        """Channels of all regions, region by region: the order of the node signals."""
        return tuple(channel for region in self.regions for channel in region.channels)

    @property
    def sizes(self) -> tuple[int, ...]:
        """Number of channels of each region."""
        return tuple(len(region.channels) for region in self.regions)

    @property
    def adjacency(self) -> NDArray[np.float64]:
        """Adjacency of the regions, (n_regions, n_regions)."""
        return _adjacency([region.name for region in self.regions], self.edges)

    def places(self, channel_names: Sequence[str], *, where: str = "") -> NDArray[np.intp]:
        """Return where each channel of the hierarchy stands in a recording.

        Parameters
        ----------
        channel_names : sequence of str
            Of the recording, in any order; letter case does not count, T3 is T7, T4 is T8, T5 is
            P7, T6 is P8. Channels that the hierarchy lacks are passed over.
        where : str
            Names the recording in faults.

        Raises
        ------
        DataFault
            Naming the missing channels, and the nearest of the recording.
        """
        from neurodecode.signals.matching import match_channels

        return match_channels(self.channels, channel_names, where=where, extra="drop")


def shaped_edges(names: Sequence[str], shape: Shape) -> Edges:
    """Return the edges of a chain, ring or complete graph over names in order.

    Examples
    --------
    >>> shaped_edges(["T7", "P7", "O1"], "chain")
    (('T7', 'P7'), ('P7', 'O1'))
    """
    if shape == "complete":
        return tuple(combinations(names, 2))
    chain = tuple(pairwise(names))
    closed = shape == "ring" and len(names) > 2
    return (*chain, (names[-1], names[0])) if closed else chain


def hierarchy(name: str) -> Hierarchy:
    """Return a published hierarchy of the EPOC's fourteen channels: "G0" (the main one), G1, G2.

    Raises
    ------
    ConfigFault
        If there is no such hierarchy, with the nearest name.

    References
    ----------
    Kuang, Song & Michoski (2024), Emotion classification from multi-channel EEG signals using
    HiSTN, arXiv 2408.15255; the authors' code, dykuang/EEG-based-affective-computing.
    """
    if name not in HIERARCHIES:
        raise ConfigFault(unknown("hierarchy", name, HIERARCHIES))
    return HIERARCHIES[name]


def hierarchy_from_yaml(path: Path) -> Hierarchy:
    """Read a hierarchy of any montage from a YAML file.

    ::

        regions:
          left frontal: {channels: [F7, F3, FC5], edges: [[F7, F3], [F3, FC5]], order: 2}
          left posterior: {channels: [T7, P7, O1], edges: chain}
        edges: ring
        order: 2

    Edges are pairs of names, or "chain", "ring" or "complete" over the names in order.

    Raises
    ------
    ConfigFault
        If the file is absent or no plain YAML, a key is unknown, or the graphs are no graphs (see
        :class:`Region`); an edge's unknown end is answered with the nearest name.
    """
    from neurodecode.config import read_yaml, validate
    from neurodecode.emotion.config_model import HierarchySection

    section = validate(HierarchySection, read_yaml(path), source=str(path))
    try:
        return section.build(path.stem)
    except ConfigFault as fault:
        raise ConfigFault(fault.what, where=f"{path}, {fault.where}", fix=fault.fix) from fault


def _check_graph(names: Sequence[str], edges: Edges, order: int, *, kind: str, where: str) -> None:
    if not names:
        raise ConfigFault(f"no {kind} in it", where=where)
    if order < 1:
        raise ConfigFault(f"a polynomial of order {order}", where=where, fix="order: 1 or more")
    _refuse_twice(names, kind=kind, where=where)
    _refuse_twice([" - ".join(sorted(edge)) for edge in edges], kind="edge", where=where)
    for edge in edges:
        for end in edge:
            if end not in names:
                raise ConfigFault(unknown(f"{kind} of an edge", end, names), where=where)
        if edge[0] == edge[1]:
            raise ConfigFault(f"an edge from {kind} '{edge[0]}' to itself", where=where)


def _refuse_twice(names: Iterable[str], *, kind: str, where: str) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise ConfigFault(f"{kind} '{name}' stands twice", where=where)
        seen.add(name.lower())


def _adjacency(names: Sequence[str], edges: Edges) -> NDArray[np.float64]:
    place = {name: k for k, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    for first, second in edges:
        matrix[place[first], place[second]] = matrix[place[second], place[first]] = 1
    return matrix


def _published(name: str, *regions: Region, order: int) -> Hierarchy:
    names = [region.name for region in regions]
    return Hierarchy(name, regions, shaped_edges(names, "ring"), order)


def _shaped(name: str, channels: str, shape: Shape, order: int) -> Region:
    return Region(name, tuple(channels.split()), shaped_edges(channels.split(), shape), order)


_LEFT = (("AF3", "F3"), ("F7", "F3"), ("F7", "FC5"), ("F3", "FC5"))
_RIGHT = (("AF4", "F4"), ("F8", "F4"), ("F8", "FC6"), ("F4", "FC6"))

HIERARCHIES: dict[str, Hierarchy] = {
    "G0": _published(
        "G0",
        Region("left frontal", EPOC[:4], _LEFT, 2),
        _shaped("left posterior", "T7 P7 O1", "chain", 2),
        _shaped("right posterior", "O2 P8 T8", "chain", 2),
        Region("right frontal", EPOC[10:], _RIGHT, 2),
        order=2,
    ),
    "G1": _published(
        "G1",
        _shaped("left frontal", "AF3 F7 F3", "complete", 1),
        _shaped("left temporal", "FC5 T7 P7", "chain", 2),
        _shaped("occipital", "O1 O2", "chain", 1),
        _shaped("right temporal", "P8 T8 FC6", "chain", 2),
        _shaped("right frontal", "F4 F8 AF4", "complete", 1),
        order=2,
    ),
    "G2": _published(
        "G2",
        Region("left frontal", EPOC[:5], (*_LEFT, ("FC5", "T7")), 3),
        _shaped("posterior", "P7 O1 O2 P8", "chain", 3),
        Region("right frontal", EPOC[9:], (*_RIGHT, ("FC6", "T8")), 3),
        order=1,
    ),
}  # fmt: skip
"""Published hierarchies by name."""
