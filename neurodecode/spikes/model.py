"""The model: spikes of a window from its past, the stimulus and behaviour, one after another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, Self

import torch
from torch import Tensor, nn

from neurodecode.faults import DataFault
from neurodecode.spikes.attention import Stage
from neurodecode.spikes.codes import TimeNetwork, TimeSinusoid, slot_positions
from neurodecode.spikes.config_model import FRAMES, SPIKES
from neurodecode.spikes.encoders import BehaviourEncoder, FrameEncoder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.spikes.batches import SpikeBatch
    from neurodecode.spikes.config_model import NeuroformerConfig

STD = 0.02
"""Of initial weights."""
Maps = dict[str, list[Tensor]]
"""Attention maps (B, n_heads, T, S), one for each block, by stage: see :class:`Neuroformer`."""


@dataclass(frozen=True)
class Memory:
    """What the current tokens attend to.

    Attributes
    ----------
    past : Tensor, shape (B, P, width)
    past_mask : Tensor of bool, shape (B, 1, 1, P), or None
        False: padding.
    frames : Tensor, shape (B, S, width), or None
        SOS, then the frame tokens.
    groups : dict of Tensor, shape (B, n_samples, width)
        Behaviour by group.
    pooled : dict of Tensor, shape (B, width)
        Mean feature of the frames and of each behaviour that is read.
    """

    past: Tensor
    past_mask: Tensor | None
    frames: Tensor | None
    groups: dict[str, Tensor] = field(default_factory=dict)
    pooled: dict[str, Tensor] = field(default_factory=dict)


class Outputs(NamedTuple):
    """What the model says.

    Attributes
    ----------
    id, dt : Tensor, shapes (B, T, id_size) and (B, T, dt_size)
        Logits of the next token's ID and time.
    behaviour : dict of Tensor, shape (B, 1) or (B, n_classes)
        Values, or logits of classes.
    hidden : Tensor, shape (B, T, width)
        Of the last block.
    pooled : dict of Tensor, shape (B, width)
        Mean features by name: spikes, frames, behaviours.
    """

    id: Tensor
    dt: Tensor
    behaviour: dict[str, Tensor]
    hidden: Tensor
    pooled: dict[str, Tensor]


class Neuroformer(nn.Module):
    """Autoregressive transformer of spikes with attention to past, stimulus and behaviour.

    Stages, by name: ``encoder`` (causal, over current tokens), ``frame_encoder`` (over frame
    tokens), then attention of the encoded tokens to the ``past``, the ``frames``, and each group of
    behaviours (``behaviour.GROUP``), and the ``decoder`` (causal). Every stage but the decoder and
    the encoder reads a fixed memory. With the published sizes (visual navigation, lateral: 2,026
    IDs, 9 times) some 25.1 million parameters.

    Parameters
    ----------
    config : NeuroformerConfig

    Attributes
    ----------
    config : NeuroformerConfig
    tokenizer : SpikeTokenizer

    References
    ----------
    Antoniades et al. (2024), Neuroformer: multimodal and multitask generative pretraining for brain
    data, ICLR; the released code, version 1.5.
    """

    def __init__(self, config: NeuroformerConfig) -> None:
        super().__init__()
        self.config, self.tokenizer = config, config.tokenizer()
        width, corrections = config.width, config.corrections
        self.tokens = nn.Embedding(self.tokenizer.id_size, width)
        code = TimeNetwork if config.time_code == "learned" else TimeSinusoid
        self.time, self.past_time = (code(width, config.time_dropout) for _ in range(2))
        sizes = (config.windows.block, config.windows.past_block)
        self.position, self.past_position = (
            nn.Parameter(torch.zeros(1, size, width)) if config.positions else None
            for size in sizes
        )
        self.token_dropout = nn.Dropout(config.token_dropout)
        self.frame_dropout = nn.Dropout(config.frame_dropout)
        frames = config.frames if config.n_frame_layers else None
        self.frames = (
            FrameEncoder(width, frames, positions=corrections.frame_position) if frames else None
        )
        self.behaviours = nn.ModuleDict({
            group: nn.ModuleDict({
                name: BehaviourEncoder(width, config.token_dropout,
                                       value=corrections.behaviour_value)
                for name in section.variables
            })
            for group, section in config.behaviours.items() if section.n_layers
        })  # fmt: skip
        self.encoder, self.decoder = (self._stage(config.n_state_layers) for _ in range(2))
        self.past_stage = self._stage(config.n_past_layers)
        n_frame_layers = config.n_frame_layers if frames else 0
        self.frame_encoder, self.frame_stage = (self._stage(n_frame_layers) for _ in range(2))
        self.behaviour_stages = nn.ModuleDict({
            group: self._stage(section.n_layers) for group, section in config.behaviours.items()
        })  # fmt: skip
        self.id_head = nn.Linear(width, self.tokenizer.id_size, bias=False)
        self.dt_head = nn.Linear(width, self.tokenizer.dt_size, bias=False)
        self.behaviour_heads = nn.ModuleDict({
            name: nn.Linear(width, target.n_classes or 1, bias=target.n_classes is None)
            for name, target in config.targets.items()
        })  # fmt: skip
        self.projector = nn.Linear(width, width, bias=False) if config.contrastive else None
        self.apply(initialise)
        if corrections.behaviour_value:
            for module in self.modules():
                if isinstance(module, BehaviourEncoder):
                    module.reset_parameters()

    @classmethod
    def from_reference_state_dict(
        cls, state: Mapping[str, Tensor], config: NeuroformerConfig
    ) -> Self:
        """Build the model from the authors' parameters: see :func:`load_reference_state_dict`."""
        from neurodecode.spikes.reference import load_reference_state_dict

        return load_reference_state_dict(state, config, model=cls)

    def forward(self, batch: SpikeBatch, maps: Maps | None = None) -> Outputs:
        """Return logits and features of a batch.

        Parameters
        ----------
        batch : SpikeBatch
            Current and past tokens, and what else the settings read.
        maps : dict, optional
            Filled with the attention maps of each stage; attention is then computed in full, which
            takes more time and memory.

        Raises
        ------
        DataFault
            If a token is outside its vocabulary, a window longer than its block, or a modality of
            the settings absent.
        """
        current = self.embed(batch["id"], batch["dt"])
        memory = self.remember(batch, current[:, :1], maps)
        hidden = self.decode(current, memory, maps)
        return self.read(hidden, batch["id"], memory)

    def embed(self, ids: Tensor, times: Tensor, *, first: int = 0) -> Tensor:
        """Return current tokens (B, T, width) of IDs and times (B, T), at positions from ``first``.

        Raises
        ------
        DataFault
            If they do not fit the vocabularies or the block.
        """
        self._check(ids, times, self.config.windows.block - first)
        return self._embed(ids, self.time(self._scalars(times)), self.position, first)

    def remember(self, batch: SpikeBatch, start: Tensor, maps: Maps | None = None) -> Memory:
        """Return what current tokens attend to.

        Parameters
        ----------
        batch : SpikeBatch
            Only its past, frames, and behaviours are read.
        start : Tensor, shape (B, 1, width)
            Embedded SOS, which stands before the frames.
        maps : dict, optional
            See :meth:`forward`.
        """
        ids, times = batch["past_id"], batch["past_dt"]
        self._check(ids, times, self.config.windows.past_block)
        past = self._embed(ids, self.past_time(self._scalars(times)), self.past_position)
        real = (ids != self.tokenizer.pad)[:, None, None]
        frames = self._remember_frames(batch, start, maps)
        groups, pooled = self._remember_behaviours(batch)
        if frames is not None:
            pooled[FRAMES] = frames.mean(dim=1)
        mask = real if self.config.corrections.padding else None
        return Memory(past, mask, frames, groups, pooled)

    def decode(self, current: Tensor, memory: Memory, maps: Maps | None = None) -> Tensor:
        """Return the hidden states (B, T, width) of embedded current tokens."""
        hidden = self.encoder(current, causal=True, maps=_list(maps, "encoder"))
        hidden = self.past_stage(
            hidden, memory.past, mask=memory.past_mask, maps=_list(maps, "past")
        )
        if memory.frames is not None:
            hidden = self.frame_stage(hidden, memory.frames, maps=_list(maps, "frames"))
        for group, tokens in memory.groups.items():
            stage = self.behaviour_stage(group)
            hidden = stage(hidden, tokens, maps=_list(maps, f"behaviour.{group}"))
        decoded: Tensor = self.decoder(hidden, causal=True, maps=_list(maps, "decoder"))
        return decoded

    def read(self, hidden: Tensor, ids: Tensor, memory: Memory) -> Outputs:
        """Return what the heads say of hidden states (B, T, width) of tokens (B, T)."""
        mean = self.pool(hidden, ids)
        behaviour = {name: head(mean) for name, head in self.behaviour_heads.items()}
        pooled = {**memory.pooled, SPIKES: mean}
        return Outputs(self.id_head(hidden), self.dt_head(hidden), behaviour, hidden, pooled)

    def pool(self, hidden: Tensor, ids: Tensor) -> Tensor:
        """Return the mean (B, width) over tokens: all but padding (released: with padding)."""
        if not self.config.corrections.padding:
            return hidden.mean(dim=1)
        real = (ids != self.tokenizer.pad)[..., None].to(hidden.dtype)
        return (hidden * real).sum(dim=1) / real.sum(dim=1)

    def behaviour_stage(self, group: str) -> Stage:
        """Return the stage that reads a group of behaviours."""
        stage = self.behaviour_stages[group]
        assert isinstance(stage, Stage)
        return stage

    def _stage(self, n_layers: int) -> Stage:
        return Stage(n_layers, self.config.width, self.config.n_heads, self.config.dropout)

    def _embed(self, ids: Tensor, times: Tensor, position: Tensor | None, first: int = 0) -> Tensor:
        embedded = self.tokens(ids) + times
        if position is not None:
            embedded = embedded + position[:, first : first + ids.shape[1]]
        dropped: Tensor = self.token_dropout(embedded)
        return dropped

    def _scalars(self, times: Tensor) -> Tensor:
        return times.to(self.tokens.weight.dtype)

    def _remember_frames(
        self, batch: SpikeBatch, start: Tensor, maps: Maps | None
    ) -> Tensor | None:
        if self.frames is None:
            return None
        if "frames" not in batch:
            raise DataFault("the model reads frames, the batch has none")
        tokens = self.frame_dropout(torch.cat([start, self.frames(batch["frames"])], dim=1))
        encoded: Tensor = self.frame_encoder(tokens, maps=_list(maps, "frame_encoder"))
        return encoded

    def _remember_behaviours(
        self, batch: SpikeBatch
    ) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
        """Return the tokens of each group that is read, and the mean of each variable."""
        groups: dict[str, Tensor] = {}
        pooled: dict[str, Tensor] = {}
        for group, section in self.config.behaviours.items():
            names = [name for name in section.variables if name in self.config.inputs]
            if not names:
                continue
            absent = [name for name in names if name not in batch["values"]]
            if absent:
                raise DataFault(f"the model reads '{absent[0]}', the batch has none")
            encoders = self.behaviours.get_submodule(group)
            parts = {
                name: encoders.get_submodule(name)(batch["values"][name], batch["offsets"][name])
                for name in names
            }
            pooled |= {name: part.mean(dim=1) for name, part in parts.items()}
            tokens = torch.cat(list(parts.values()), dim=1)
            groups[group] = tokens + slot_positions(tokens.shape[1], self.config.width, tokens)
        return groups, pooled

    def _check(self, ids: Tensor, times: Tensor, block: int) -> None:
        if ids.ndim != 2 or ids.shape != times.shape or ids.shape[1] > block:
            raise DataFault(
                f"IDs of shape {tuple(ids.shape)}, times of shape {tuple(times.shape)}, "
                f"expected (B, T) with T at most {block}"
            )
        if torch.compiler.is_exporting():  # values cannot be looked at
            return
        if ids.device.type == "cpu" and ids.numel():  # elsewhere the look would wait for the device
            for kind, values, size in (("ID", ids, self.tokenizer.id_size),
                                       ("time", times, self.tokenizer.dt_size)):  # fmt: skip
                low, high = values.aminmax()
                if low < 0 or high >= size:
                    raise DataFault(
                        f"{kind} tokens from {int(low)} to {int(high)}, the vocabulary has {size}",
                        fix="use the model's own tokenizer",
                    )


def _list(maps: Maps | None, stage: str) -> list[Tensor] | None:
    return None if maps is None else maps.setdefault(stage, [])


def initialise(module: nn.Module) -> None:
    """Draw the weights of one layer, normal with deviation 0.02; biases are 0."""
    if isinstance(module, nn.Linear | nn.Embedding):
        nn.init.normal_(module.weight, std=STD)
    if isinstance(module, nn.Linear) and module.bias is not None:
        nn.init.zeros_(module.bias)
