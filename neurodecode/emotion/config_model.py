"""Settings of the networks, their targets and their optimiser; reading them loads no torch."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field, model_validator

from neurodecode.config import Section
from neurodecode.emotion.graphs import (
    Edges,
    Hierarchy,
    Region,
    Shape,
    hierarchy_from_yaml,
    shaped_edges,
)
from neurodecode.faults import ConfigFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.emotion.network import EmotionNetwork
    from neurodecode.emotion.targets import Target

TargetKind = Literal["smoothed", "one-hot", "regression", "mixture", "gaussian"]
Fusion = Literal["dense", "sepconv"]


class RegionSection(Section):
    """One region of a hierarchy."""

    channels: tuple[str, ...] = Field(description="Electrodes, by name")
    edges: Shape | Edges = Field(
        default="chain", description="Pairs of electrodes, or chain, ring, complete in order"
    )
    order: int = Field(default=2, ge=1, description="Edges that a message can pass")


class HierarchySection(Section):
    """Regions by name, and the graph between them."""

    regions: dict[str, RegionSection] = Field(
        min_length=1, description="Electrodes and edges of each region, by its name"
    )
    edges: Shape | Edges = Field(
        default="ring", description="Pairs of regions, or chain, ring, complete in order"
    )
    order: int = Field(default=2, ge=1, description="Edges that a message can pass")

    @classmethod
    def of(cls, hierarchy: Hierarchy) -> HierarchySection:
        """Return what :meth:`build` makes an equal hierarchy of."""
        regions = {
            region.name: RegionSection(
                channels=region.channels, edges=region.edges, order=region.order
            )
            for region in hierarchy.regions
        }
        return cls(regions=regions, edges=hierarchy.edges, order=hierarchy.order)

    def build(self, name: str = "own") -> Hierarchy:
        """Return the hierarchy.

        Raises
        ------
        ConfigFault
            If the graphs are no graphs, see :class:`neurodecode.emotion.graphs.Region`.
        """
        regions = tuple(
            Region(title, region.channels, _edges(region.channels, region.edges), region.order)
            for title, region in self.regions.items()
        )
        return Hierarchy(name, regions, _edges(list(self.regions), self.edges), self.order)


class NetworkSection(Section):
    """A network and what can be changed of it; None: what is published for it."""

    name: str = Field(default="HiSTN G0", description="As in neurodecode.emotion.NETWORKS")
    hierarchy: Path | HierarchySection | None = Field(
        default=None, description="Own regions in place of the name's: a YAML file, or here"
    )
    n_regions: int | None = Field(
        default=None,
        ge=1,
        description="Regions cut from the montage's positions in place of the name's",
    )
    fusion: Fusion | None = Field(
        default=None, description="How electrodes become a region's signal, in HiSTN: dense"
    )
    first_kernel: int | None = Field(default=None, ge=1, description="Taps of the first filters")
    dropout: float | None = Field(
        default=None, ge=0, lt=1, description="Share of values left out; null: the network's own"
    )
    momentum: float = Field(
        default=0.99,
        ge=0,
        lt=1,
        description="Share of its running statistics that batch norm keeps at each update; the "
        "published .99 needs some 500 updates until validation says anything",
    )

    @model_validator(mode="after")
    def _one_origin(self) -> NetworkSection:
        if self.hierarchy is not None and self.n_regions is not None:
            raise ValueError("give hierarchy or n_regions, not both")
        return self

    def build(
        self,
        channel_names: Sequence[str] | None = None,
        n_samples: int = 128,
        n_outputs: int = 5,
        *,
        positions: Any = None,
    ) -> EmotionNetwork:
        """Return an untrained network.

        Parameters
        ----------
        channel_names : sequence of str, optional
            Of the windows; default: the EPOC's.
        n_samples : int, default=128
            Of a window.
        n_outputs : int, default=5
            Of the target.
        positions : mne.Info or mapping of str to array-like, optional
            Of the electrodes; for ``n_regions``.

        Raises
        ------
        ConfigFault
            If regions are to be cut and there are no positions; else as
            :func:`neurodecode.emotion.networks.make_network`.
        """
        from neurodecode.emotion.networks import make_network

        network = make_network(
            self.name, channel_names, n_samples, n_outputs, graph=self._graph(positions),
            fusion=self.fusion, first_kernel=self.first_kernel, dropout=self.dropout,
        )  # fmt: skip
        network.set_momentum(self.momentum)
        return network

    def resolved(self, positions: Any = None) -> NetworkSection:
        """Return these settings with own regions written out, so that they need no file.

        Parameters
        ----------
        positions
            As in :meth:`build`.
        """
        graph = self._graph(positions)
        if graph is None:
            return self
        return self.model_copy(update={"hierarchy": HierarchySection.of(graph), "n_regions": None})

    def _graph(self, positions: Any) -> Hierarchy | None:
        if isinstance(self.hierarchy, HierarchySection):
            return self.hierarchy.build()
        if self.hierarchy is not None:
            return hierarchy_from_yaml(self.hierarchy)
        if self.n_regions is None:
            return None
        if positions is None:
            raise ConfigFault(
                "no positions to cut regions from", where="network.n_regions", fix="set a montage"
            )
        from neurodecode.emotion.positions import hierarchy_from_positions

        return hierarchy_from_positions(positions, self.n_regions)


class TargetSection(Section):
    """What the outputs are compared with."""

    kind: TargetKind = "smoothed"
    sigma: float = Field(default=0.5, ge=0, description="Of smoothed labels, in levels")

    def build(self, n_classes: int = 5) -> Target:
        """Return the target."""
        from neurodecode.emotion.targets import make_target

        return make_target(self.kind, n_classes, self.sigma)


class AdamSection(Section):
    """Adam with a rate that changes at given epochs; the defaults are those within subjects.

    Published across subjects: 1e-2, times .2 from epoch 50; in calibration 1e-3 throughout.
    """

    learning_rate: float = Field(default=1e-3, gt=0, description="At the start")
    steps: tuple[tuple[int, float], ...] = Field(
        default=((30, 0.5),),
        description="Epochs, counted from 0, and the share of the rate that holds from there on",
    )
    epsilon: float = Field(default=1e-7, gt=0, description="Of Adam; Keras's default")

    @model_validator(mode="after")
    def _rise(self) -> AdamSection:
        epochs = [epoch for epoch, _ in self.steps]
        if epochs != sorted(set(epochs)) or any(epoch < 1 for epoch in epochs):
            raise ValueError("steps must be at rising epochs from 1 on")
        if any(share <= 0 for _, share in self.steps):
            raise ValueError("shares of the learning rate must be above 0")
        return self

    def share(self, epoch: int) -> float:
        """Return the share of the learning rate in an epoch.

        Examples
        --------
        >>> [AdamSection().share(epoch) for epoch in (0, 29, 30)]
        [1.0, 1.0, 0.5]
        """
        return next((share for start, share in reversed(self.steps) if epoch >= start), 1.0)


def _edges(names: Sequence[str], edges: Shape | Edges) -> Edges:
    return shaped_edges(names, edges) if isinstance(edges, str) else edges
