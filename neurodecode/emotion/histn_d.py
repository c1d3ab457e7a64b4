"""HiSTN-D: regions that are learned, not given, below the same head."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from neurodecode.emotion.front import Front, OrderedChannels, n_pooled
from neurodecode.emotion.graphs import Hierarchy, hierarchy
from neurodecode.emotion.keras_conventions import dense, empty, glorot_uniform_
from neurodecode.emotion.network import EmotionNetwork

if TYPE_CHECKING:
    from collections.abc import Sequence

TINY = 1e-7
"""Added under a logarithm, as the original's framework does."""


class Pooled(NamedTuple):
    """A pooled graph.

    Attributes
    ----------
    signals : Tensor, shape (B, k, T)
    adjacency : Tensor, shape (B, k, k)
    assignments : Tensor, shape (B, n, k)
        Of the nodes before; each one's sum to 1.
    penalty : Tensor, a scalar
    """

    signals: Tensor
    adjacency: Tensor
    assignments: Tensor
    penalty: Tensor


class DiffPool(nn.Module):
    r"""Nodes softly assigned to fewer ones, from their signals and their graph.

    .. math:: S = \mathrm{softmax}(\hat A X W_p), \quad X' = S^\top \hat A X W_e, \quad
              A' = S^\top A S, \quad \hat A = D^{-1/2} (A + I) D^{-1/2}

    with the cost :math:`\lVert A - S S^\top \rVert_F` plus the mean entropy of the rows of S.

    Parameters
    ----------
    n_times : int
        Samples of a signal, which are the features of its node; W_e is n_times x n_times.
    n_nodes : int
        k, nodes that are left.

    References
    ----------
    Ying et al. (2018), Hierarchical graph representation learning with differentiable pooling.
    """

    def __init__(self, n_times: int, n_nodes: int) -> None:
        super().__init__()
        self.embedding, self.assignment = empty(n_times, n_times), empty(n_times, n_nodes)
        for weight in (self.embedding, self.assignment):
            glorot_uniform_(weight, *weight.shape)

    def forward(self, signals: Tensor, adjacency: Tensor) -> Pooled:
        """Pool signals (B, n, T) of nodes with adjacency (n, n) or (B, n, n)."""
        loops = adjacency + torch.eye(adjacency.shape[-1]).to(adjacency)
        scale = loops.sum(dim=-1).rsqrt()
        passed = (scale[..., None] * loops * scale[..., None, :]) @ signals
        logits = passed @ self.assignment
        assignments = logits.softmax(dim=-1)
        gram = assignments @ assignments.mT
        link = torch.linalg.matrix_norm(adjacency - gram).mean()
        entropy = -(assignments * (assignments + TINY).log()).sum(dim=-1).mean()
        return Pooled(
            assignments.mT @ (passed @ self.embedding),
            assignments.mT @ adjacency @ assignments,
            assignments,
            link + entropy,
        )


class HiSTND(EmotionNetwork):
    """The front of HiSTN, two learned poolings, and the mean of all signals over time.

    8904 parameters on the EPOC's channels (8848 trained), most of them in the two embeddings of
    62 x 62.

    The paper's supplement leaves open what a node's features are, which graph is pooled and
    whether the pooling's own cost is trained. Here, as in the released code: the features of a
    node are its 62 samples, embedded in as many; the graph is that of the electrodes within the
    regions of G0, without edges between regions; both costs are added to the loss with weight 1
    (in training alone: the original adds them in validation too). Pooling to one node assigns it
    all nodes alike, so that its assignment has nothing to learn.

    Parameters
    ----------
    graph : str or Hierarchy, default="G0"
        Its inner edges are the graph, its number of regions is that of the first pooling.
    n_classes : int, default=5
    n_samples : int, default=128
    first_kernel, n_filters : int, default=64 and 8
        Of the shared filters.
    dropout : float, default=0.2
        As in the released runs, which are across subjects.
    channel_names : sequence of str, optional
        Channels of the windows; default: the hierarchy's, in its order.

    References
    ----------
    Kuang, Song & Michoski (2024), arXiv 2408.15255, supplement; the authors' code.
    """

    PARTS: ClassVar[dict[str, tuple[str, ...]]] = {"temporal": ("front.shared.filters",)}
    adjacency: Tensor

    def __init__(
        self,
        graph: str | Hierarchy = "G0",
        n_classes: int = 5,
        n_samples: int = 128,
        *,
        first_kernel: int = 64,
        n_filters: int = 8,
        dropout: float = 0.2,
        channel_names: Sequence[str] | None = None,
    ) -> None:
        form = hierarchy(graph) if isinstance(graph, str) else graph
        names = form.channels if channel_names is None else channel_names
        super().__init__(len(names), n_samples)
        self.hierarchy, n_nodes, n_times = form, len(form.channels), n_pooled(n_samples)
        n_regions = len(form.regions)
        self.channels = OrderedChannels(form.places(names))
        self.front = Front(n_nodes, n_filters=n_filters, kernel=first_kernel, dropout=dropout)
        self.register_buffer("adjacency", _inner_adjacency(form), persistent=False)
        self.to_regions, self.to_overall = DiffPool(n_times, n_regions), DiffPool(n_times, 1)
        self.dropout = nn.Dropout(dropout)
        self.head = dense(n_nodes + n_regions + 1, n_classes)

    def forward(self, windows: Tensor) -> Tensor:
        """Return logits (B, n_classes) of windows (B, n_channels, n_samples)."""
        return self.penalised(windows)[0]

    def penalised(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        """Return the logits, and the cost of both poolings."""
        signals, regions, overall = self._levels(windows)
        levels = (signals, regions.signals, overall.signals)
        means = torch.cat([level.mean(dim=-1) for level in levels], dim=1)
        return self.head(self.dropout(means)), regions.penalty + overall.penalty

    def assignments(self, windows: Tensor) -> Tensor:
        """Return how much of each electrode each learned region takes, (B, n_channels, n_regions).

        Electrodes in the order of ``hierarchy.channels``; each one's shares sum to 1.
        """
        return self._levels(windows)[1].assignments

    def _levels(self, windows: Tensor) -> tuple[Tensor, Pooled, Pooled]:
        self.check(windows)
        signals = self.front(self.channels(windows))
        regions = self.to_regions(signals, self.adjacency)
        return signals, regions, self.to_overall(regions.signals, regions.adjacency)


def _inner_adjacency(form: Hierarchy) -> Tensor:
    """Return the adjacency of all electrodes, without edges between regions."""
    joined, start = np.zeros((len(form.channels),) * 2), 0
    for region in form.regions:
        stop = start + len(region.channels)
        joined[start:stop, start:stop] = region.adjacency
        start = stop
    return torch.as_tensor(joined).to(torch.get_default_dtype())
