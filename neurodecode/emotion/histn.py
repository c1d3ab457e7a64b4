"""HiSTN: electrodes, regions and the whole head as the levels of one small network."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self, cast, get_args

import torch
from torch import Tensor, nn
from torch.nn.functional import conv1d, elu

from neurodecode.emotion.config_model import Fusion
from neurodecode.emotion.constraints import MaxNorm
from neurodecode.emotion.front import Front, OrderedChannels, n_pooled
from neurodecode.emotion.fusion import DenseFusion, SeparableFusion
from neurodecode.emotion.graphs import Hierarchy, hierarchy
from neurodecode.emotion.keras_conventions import (
    batch_norm,
    dense,
    empty,
    glorot_uniform_,
)
from neurodecode.emotion.message_passing import MessagePassing, block_diagonal
from neurodecode.emotion.network import EmotionNetwork
from neurodecode.faults import ConfigFault, unknown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from numpy.typing import ArrayLike

TAPS = 5
"""Of the regional filters."""


class Features(NamedTuple):
    """What the network makes of windows, for interpretation.

    Attributes
    ----------
    node : Tensor, shape (B, T, n_channels)
        In the order of ``network.hierarchy.channels``; T is 62 for windows of 128 samples.
    region : Tensor, shape (B, T, n_regions)
    overall : Tensor, shape (B, T, 1)
        The global node.
    penultimate : Tensor, shape (B, n_channels + n_regions + 1)
        Means over time, what the last layer reads.
    fusion : dict of str to Tensor
        Weights of the nodes in their groups, each group's sum to 1: ``region`` and
        ``region_passed`` (B, n_channels), ``overall`` and ``overall_passed`` (B, n_regions); those
        "passed" are of the signals after the exchange of messages. Empty for "sepconv", whose
        weights do not depend on the window.
    """

    node: Tensor
    region: Tensor
    overall: Tensor
    penultimate: Tensor
    fusion: dict[str, Tensor]


class RegionalFilters(nn.Module):
    """Step 8: in each region five taps per channel (same length), then its channels mixed.

    Parameters
    ----------
    sizes : sequence of int
        Channels of each region.

    Attributes
    ----------
    depthwise : Parameter, shape (n_channels, 1, 5)
    pointwise : ParameterList, each of shape (n, n), outputs x inputs
        Each weight at most 1 in magnitude.
    """

    MAX_NORMS = (MaxNorm("pointwise"),)

    def __init__(self, sizes: Sequence[int]) -> None:
        super().__init__()
        self.depthwise = empty(sum(sizes), 1, TAPS)
        with torch.no_grad():
            for n, taps in zip(sizes, self.depthwise.split_with_sizes(list(sizes)), strict=True):
                glorot_uniform_(taps, TAPS * n, TAPS)
        self.pointwise = nn.ParameterList(empty(n, n) for n in sizes)
        for n, weight in zip(sizes, self.pointwise, strict=True):
            glorot_uniform_(weight, n, n)

    def forward(self, signals: Tensor, exchange: Tensor) -> Tensor:
        """Return signals of the same shape, (B, n_channels, T), of those after the exchange.

        The exchange of messages, the taps and the mixture are all linear: they are multiplied
        first, so that the signals pass one convolution instead of three products.

        Parameters
        ----------
        signals : Tensor, shape (B, n_channels, T)
        exchange : Tensor, shape (n_channels, n_channels)
            Of messages, step 7.
        """
        mixing, taps = block_diagonal(self.pointwise), self.depthwise[:, 0]
        kernels = torch.einsum("oj,jk,ji->oik", mixing, taps, exchange)
        return conv1d(signals, kernels, padding=TAPS // 2)


class HiSTN(EmotionNetwork):
    """Signals of electrodes, regions and the whole head, averaged over time and classified.

    On the EPOC's channels it has 1265 parameters for "G0" (1181 trained), 1260 (1176) for "G1"
    and 1291 (1207) for "G2"; with ``fusion="sepconv"`` 1305 for "G0".

    Parameters
    ----------
    graph : str or Hierarchy, default="G0"
        A published hierarchy, or your own: see :func:`hierarchy_from_yaml` and
        :func:`hierarchy_from_positions`.
    n_classes : int, default=5
        Outputs; of another target than one output per level, its ``n_outputs``.
    n_samples : int, default=128
        Of a window: one second at 128 Hz as published.
    first_kernel : int, default=64
        Taps of the shared filters. The released function's own default is 5 (793 parameters),
        the released runs take 64.
    n_filters : int, default=8
        Filters that all channels share.
    dropout : float, default=0.5
        Of node signals and of what the last layer reads; published: .5 within subjects, .2 across.
    fusion : {"dense", "sepconv"}, default="dense"
        How electrodes become a region's signal; the global node is always "dense".
    channel_names : sequence of str, optional
        Channels of the windows; default: the hierarchy's, in its order.
    hierarchical : bool, default=True
        False: the last layer reads the node signals alone, there are no region and global signals
        (1069 parameters on "G0"); an ablation of ours.

    Raises
    ------
    ConfigFault
        If the graph or the fusion is unknown, or windows are too short.
    DataFault
        If ``channel_names`` lack a channel of the hierarchy, naming it and the nearest.

    Notes
    -----
    Batch norms of steps 3, 5 and 9, their constants and the first weights are Keras's; see
    :mod:`neurodecode.emotion.keras_conventions`. Limits on weights are restored by
    :func:`neurodecode.emotion.constraints.project`, which the training calls after each step.

    References
    ----------
    Kuang, Song & Michoski (2024), Emotion classification from multi-channel EEG signals using
    HiSTN, arXiv 2408.15255; the authors' code, dykuang/EEG-based-affective-computing.
    """

    PARTS: ClassVar[dict[str, tuple[str, ...]]] = {"temporal": ("front.shared.filters",)}

    def __init__(
        self,
        graph: str | Hierarchy = "G0",
        n_classes: int = 5,
        n_samples: int = 128,
        *,
        first_kernel: int = 64,
        n_filters: int = 8,
        dropout: float = 0.5,
        fusion: Fusion = "dense",
        channel_names: Sequence[str] | None = None,
        hierarchical: bool = True,
    ) -> None:
        form = hierarchy(graph) if isinstance(graph, str) else graph
        names = form.channels if channel_names is None else channel_names
        super().__init__(len(names), n_samples)
        n_pooled(n_samples)
        self.hierarchy, self.n_classes, self.fusion = form, n_classes, fusion
        sizes, n_nodes, n_regions = form.sizes, len(form.channels), len(form.regions)
        self.channels = OrderedChannels(form.places(names))
        self.front = Front(n_nodes, n_filters=n_filters, kernel=first_kernel, dropout=dropout)
        self.node_passing = nn.ModuleList(
            MessagePassing(region.adjacency, region.order) for region in form.regions
        )
        self.regional = RegionalFilters(sizes)
        self.node_norm = batch_norm(n_nodes)
        self.upper = RegionsAndWhole(form, fusion) if hierarchical else None
        self.dropout = nn.Dropout(dropout)
        self.head = dense(n_nodes + (n_regions + 1 if hierarchical else 0), n_classes)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (B, n_classes) of windows (B, n_channels, n_samples).

        Raises
        ------
        DataFault
            If windows have another shape.
        """
        signals, passed = self._nodes(windows)
        if self.fusion == "dense":
            # its weights follow from means over time, and all else above the nodes is linear: what
            # the last layer reads, the means of all levels, follows from the nodes' means
            signals, passed = (part.mean(dim=-1, keepdim=True) for part in (signals, passed))
        logits: Tensor = self.head(self.dropout(_means(self._levels(signals, passed))))
        return logits

    def features(self, windows: Tensor) -> Features:
        """Return the signals of all levels, their means and the weights of the fusions.

        Without hierarchy regions and the global node have no signal: (B, T, 0).
        """
        fusion: dict[str, Tensor] = {}
        levels = self._levels(*self._nodes(windows), fusion)
        none = levels[0][:, :0]
        node, region, overall = (s.mT for s in (*levels, none, none)[:3])
        return Features(node, region, overall, _means(levels), fusion)

    @classmethod
    def from_reference_weights(
        cls, arrays: Sequence[ArrayLike], graph: str | Hierarchy = "G0", **options: Any
    ) -> Self:
        """Build the network from the original's weights: see :func:`load_reference_weights`."""
        from neurodecode.emotion.reference import load_reference_weights

        return load_reference_weights(arrays, graph, model=cls, **options)

    def _nodes(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Return signals of the nodes (B, n_channels, T) before and after messages: X and Xa."""
        self.check(windows)
        signals = self.front(self.channels(windows))
        exchange = block_diagonal(
            cast("MessagePassing", part).matrix() for part in self.node_passing
        )
        return signals, elu(self.node_norm(self.regional(signals, exchange)))

    def _levels(
        self, signals: Tensor, passed: Tensor, fusion: dict[str, Tensor] | None = None
    ) -> list[Tensor]:
        """Return signals of nodes, regions and the global node; note the weights of fusions."""
        upper = [] if self.upper is None else self.upper(signals, passed, fusion)
        return [signals + passed, *upper]


class RegionsAndWhole(nn.Module):
    r"""Steps 10 and 11: signals of the regions and of the global node.

    With X the node signals before and Xa those after the exchange of messages,

    .. math:: R = F(X), \quad R_a = F'(X_a), \quad region = M(R) + R_a, \quad
              global = G(R) + G'(R_a)

    where F, F', G, G' are fusions with their own weights and M passes messages between regions;
    the global node reads R before M.

    Parameters
    ----------
    form : Hierarchy
    fusion : {"dense", "sepconv"}, default="dense"
        Kind of F and F'.
    """

    def __init__(self, form: Hierarchy, fusion: Fusion = "dense") -> None:
        super().__init__()
        if fusion not in get_args(Fusion):
            raise ConfigFault(unknown("fusion", fusion, get_args(Fusion)))
        kind = DenseFusion if fusion == "dense" else SeparableFusion
        n_regions = len(form.regions)
        self.to_region, self.to_region_passed = kind(form.sizes), kind(form.sizes)
        self.passing = MessagePassing(form.adjacency, form.order)
        self.to_overall, self.to_overall_passed = DenseFusion([n_regions]), DenseFusion([n_regions])

    def forward(
        self, signals: Tensor, passed: Tensor, weights: dict[str, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        """Return signals of the regions (B, n_regions, T) and of the global node (B, 1, T).

        Parameters
        ----------
        signals, passed : Tensor, shape (B, n_channels, T)
            X and Xa.
        weights : dict, optional
            To be filled with the fusions' weights.
        """
        noted = {} if weights is None else weights
        region = _fuse(self.to_region, signals, "region", noted)
        region_passed = _fuse(self.to_region_passed, passed, "region_passed", noted)
        overall = _fuse(self.to_overall, region, "overall", noted)
        overall = overall + _fuse(self.to_overall_passed, region_passed, "overall_passed", noted)
        return self.passing(region) + region_passed, overall


def _means(levels: Iterable[Tensor]) -> Tensor:
    """Return the means over time of all signals, (B, n_signals)."""
    return torch.cat([signals.mean(dim=-1) for signals in levels], dim=1)


def _fuse(layer: nn.Module, signals: Tensor, name: str, noted: dict[str, Tensor]) -> Tensor:
    if isinstance(layer, DenseFusion):
        noted[name] = layer.weights(signals)
        return layer.weighted(signals, noted[name])
    fused: Tensor = layer(signals)
    return fused
