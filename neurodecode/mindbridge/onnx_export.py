"""The network of a mindbridge decoder over plain tensors, as ONNX takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from neurodecode.onnx_network import NetworkInput, OnnxNetwork

if TYPE_CHECKING:
    from neurodecode.mindbridge.decoder_settings import DecoderSettings
    from neurodecode.mindbridge.model import MindBridge


class OfOne(nn.Module):
    """The way of one participant's pooled responses to the image head.

    Parameters
    ----------
    network : MindBridge
    participant : str
    """

    def __init__(self, network: MindBridge, participant: str) -> None:
        super().__init__()
        self.network, self.participant = network, participant

    def forward(self, pooled: Tensor) -> Tensor:
        """Return estimates (B, *image_shape) of pooled responses (B, pooled_size)."""
        image = self.network(pooled, self.participant).image
        assert image is not None
        return image


class OfAnybody(nn.Module):
    """The same for all participants, who are an input.

    Every embedder sees every row and one is kept: a graph does not branch by row.

    Parameters
    ----------
    network : MindBridge
    """

    def __init__(self, network: MindBridge) -> None:
        super().__init__()
        self.network = network

    def forward(self, pooled: Tensor, participant: Tensor) -> Tensor:
        """Return estimates (B, *image_shape); ``participant`` (B,) counts from 0."""
        embedded = torch.stack([embed(pooled) for embed in self.network.embedders.values()], dim=1)
        own = participant[:, None, None].expand(-1, 1, embedded.shape[2])
        image = self.network.decode(embedded.gather(1, own)[:, 0]).image
        assert image is not None
        return image


def network_of(
    settings: DecoderSettings, network: MindBridge, participant: str | None
) -> OnnxNetwork:
    """Return what is exported: of one participant, or with the participant as an input."""
    bridge, people = settings.bridge, settings.people
    pooled = NetworkInput(
        "pooled", ("values",), (bridge.pooled_size,),
        f"responses scaled as in training, pooled to {bridge.pooled_size} values "
        f"({bridge.aggregation}: bin i of M has voxels floor(iN/M) to ceil((i+1)N/M)-1), then "
        "averaged over repetitions",
    )  # fmt: skip
    said: dict[str, Any] = {
        "target": settings.target, "aggregation": bridge.aggregation,
        "n_voxels": {label: person.n_voxels for label, person in people.items()},
    }  # fmt: skip
    if participant is not None:
        return OnnxNetwork(OfOne(network, participant).eval(), (pooled,), "image", said)
    who = NetworkInput("participant", (), (), "place in participants", n_values=len(people))
    said["participants"] = list(people)
    return OnnxNetwork(OfAnybody(network).eval(), (pooled, who), "image", said)
