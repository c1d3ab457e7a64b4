"""The network of a spikes decoder over plain tensors, as ONNX takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor, nn

from neurodecode.onnx_network import NetworkInput, OnnxNetwork

if TYPE_CHECKING:
    from neurodecode.spikes.decoder_settings import DecoderSettings
    from neurodecode.spikes.model import Neuroformer

TOKENS = ("id", "dt", "past_id", "past_dt")
"""Inputs that every network has."""
VALUES, OFFSETS = "_values", "_offsets"
"""Endings of the two inputs of a behaviour that is read."""


class BehaviourNetwork(nn.Module):
    """Tokens to behaviour: what writes the next spikes is left out.

    Parameters
    ----------
    network : Neuroformer
    settings : DecoderSettings
        Scales of what is decoded.
    """

    def __init__(self, network: Neuroformer, settings: DecoderSettings) -> None:
        super().__init__()
        self.network, self.names = network, input_names(settings)
        self.scales = {
            name: (1.0, 0.0) if target.n_classes else settings.scales[name][::-1]
            for name, target in settings.network.targets.items()
        }

    def forward(self, *inputs: Tensor) -> Tensor:
        """Return behaviours side by side (B, n_columns): values in their unit, logits of classes.

        Parameters
        ----------
        *inputs : Tensor
            In the order of :func:`input_names`.
        """
        given = dict(zip(self.names, inputs, strict=True))
        batch: dict[str, Any] = {name: given[name] for name in self.names}
        for key, ending in (("values", VALUES), ("offsets", OFFSETS)):
            batch[key] = {name.removesuffix(ending): value for name, value in given.items()
                          if name.endswith(ending)}  # fmt: skip
        found = self.network(batch).behaviour
        scaled = [found[name] * spread + middle for name, (spread, middle) in self.scales.items()]
        return torch.cat(scaled, dim=1)


def input_names(settings: DecoderSettings) -> tuple[str, ...]:
    """Return the inputs: tokens, frames where they are read, and behaviour that is."""
    frames = ("frames",) if settings.frames is not None else ()
    read = [name + end for name in settings.network.inputs for end in (VALUES, OFFSETS)]
    return (*TOKENS, *frames, *read)


def network_of(settings: DecoderSettings, network: Neuroformer) -> OnnxNetwork:
    """Return what is exported, with the vocabulary and the meaning of the output's columns."""
    tokenizer, config = network.tokenizer, settings.network
    columns: list[str] = []
    for name in config.targets:
        classes = settings.classes.get(name, ())
        columns += [f"{name}: {one}" for one in classes] if classes else [name]
    said: dict[str, Any] = {
        "units": list(settings.units), "columns": columns,
        "tokens": {"SOS": tokenizer.sos, "EOS": tokenizer.eos, "PAD": tokenizer.pad},
        "times": {"bin_s": config.windows.dt, "EOS": tokenizer.dt_eos, "PAD": tokenizer.dt_pad},
        "windows": config.windows.model_dump(mode="json"),
        "scales": {name: settings.scales[name] for name in config.inputs},
    }  # fmt: skip
    module = BehaviourNetwork(network, settings).eval()
    return OnnxNetwork(module, _inputs(settings, network), "behaviour", said)


def _inputs(settings: DecoderSettings, network: Neuroformer) -> tuple[NetworkInput, ...]:
    config, tokenizer = settings.network, network.tokenizer
    sizes = {"id": tokenizer.id_size, "dt": tokenizer.dt_size}
    units = {"id": "tokens: SOS, spikes, EOS, PAD", "dt": "bins from the start of the window"}
    found = [
        NetworkInput(
            name, ("tokens",),
            (config.windows.past_block if name.startswith("past") else config.windows.block,),
            units[name.removeprefix("past_")],
            n_values=sizes[name.removeprefix("past_")],
        )
        for name in TOKENS
    ]  # fmt: skip
    if settings.frames is not None and config.frames is not None:
        found.append(NetworkInput(
            "frames", ("channel", "frames", "rows", "columns"),
            (1, config.frames.n_frames, *settings.frames.size),
            f"divided by {settings.frames.largest:g}, less 0.5",
        ))  # fmt: skip
    for name, variable in config.inputs.items():
        for end, unit in ((VALUES, "standardised"), (OFFSETS, "s from the window's start")):
            found.append(NetworkInput(name + end, ("samples",), (variable.n_samples,), unit))
    return tuple(found)
