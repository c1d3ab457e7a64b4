"""The model one token at a time, with keys and values kept from earlier steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

from neurodecode.spikes.attention import KeyValues

if TYPE_CHECKING:
    from neurodecode.spikes.attention import Stage
    from neurodecode.spikes.batches import SpikeBatch
    from neurodecode.spikes.model import Memory, Neuroformer


class _Fixed(NamedTuple):
    """A stage that reads a memory which does not change from token to token."""

    stage: Stage
    memories: list[KeyValues]
    mask: Tensor | None


class _Growing:
    """Keys and values of one block, one token longer after each step."""

    def __init__(self, shape: tuple[int, ...], like: Tensor) -> None:
        self.keys, self.values = like.new_empty(shape), like.new_empty(shape)

    def append(self, new: KeyValues, place: int) -> KeyValues:
        """Write one token and return all so far."""
        self.keys[:, :, place] = new.keys[:, :, 0]
        self.values[:, :, place] = new.values[:, :, 0]
        return KeyValues(self.keys[:, :, : place + 1], self.values[:, :, : place + 1])

    def keep(self, rows: Tensor) -> None:
        self.keys, self.values = self.keys[rows], self.values[rows]


class Stepper:
    """Windows in step, each token seen once.

    Cost per token is linear in the tokens before it, where a whole pass for each token costs as
    much as the window is long. Past, frames and behaviour are encoded once per window.

    Parameters
    ----------
    model : Neuroformer
        In evaluation mode.
    batch : SpikeBatch
        B windows; of the current tokens only SOS is read.
    n_draws : int, default=1
        Rows per window; row ``window * n_draws + draw``.
    """

    def __init__(self, model: Neuroformer, batch: SpikeBatch, n_draws: int = 1) -> None:
        self.model, self.length = model, 0
        start = model.embed(batch["id"][:, :1], batch["dt"][:, :1])
        self.fixed = _fixed_stages(model, model.remember(batch, start), n_draws)
        config = model.config
        shape = (len(start) * n_draws, config.n_heads, config.windows.block,
                 config.width // config.n_heads)  # fmt: skip
        self.growing = {
            name: [_Growing(shape, start) for _ in range(config.n_state_layers)]
            for name in ("encoder", "decoder")
        }

    def step(self, ids: Tensor, times: Tensor) -> tuple[Tensor, Tensor]:
        """Return logits (rows, id_size) and (rows, dt_size) of the token after these.

        Parameters
        ----------
        ids, times : Tensor of int64, shape (rows,)
            Of the next place; at the first step SOS and its time.
        """
        model = self.model
        hidden = model.embed(ids[:, None], times[:, None], first=self.length)
        hidden = self._causal("encoder", model.encoder, hidden)
        for stage, memories, mask in self.fixed:
            hidden = stage.read(hidden, memories, mask)
        hidden = self._causal("decoder", model.decoder, hidden)
        self.length += 1
        return model.id_head(hidden[:, 0]), model.dt_head(hidden[:, 0])

    def keep(self, rows: Tensor) -> None:
        """Go on with some rows (int64) alone."""
        for blocks in self.growing.values():
            for block in blocks:
                block.keep(rows)
        self.fixed = [
            _Fixed(stage, [_rows(memory, rows) for memory in memories],
                   None if mask is None else mask[rows])
            for stage, memories, mask in self.fixed
        ]  # fmt: skip

    def _causal(self, name: str, stage: Stage, hidden: Tensor) -> Tensor:
        for block, known in zip(stage.blocks, self.growing[name], strict=True):
            memory = known.append(block.attention.key_values(hidden), self.length)
            hidden = block(hidden, memory)
        return hidden


def _fixed_stages(model: Neuroformer, memory: Memory, n_draws: int) -> list[_Fixed]:
    """Return the stages between encoder and decoder, in order, with what they read."""
    read: list[tuple[Stage, Tensor, Tensor | None]] = [
        (model.past_stage, memory.past, memory.past_mask)
    ]
    if memory.frames is not None:
        read.append((model.frame_stage, memory.frames, None))
    read += [
        (model.behaviour_stage(group), tokens, None) for group, tokens in memory.groups.items()
    ]
    rows = torch.arange(len(memory.past), device=memory.past.device).repeat_interleave(n_draws)
    return [
        _Fixed(stage, [_rows(known, rows) for known in stage.key_values(tokens)],
               None if mask is None else mask[rows])
        for stage, tokens, mask in read
    ]  # fmt: skip


def _rows(memory: KeyValues, rows: Tensor) -> KeyValues:
    return KeyValues(memory.keys[rows], memory.values[rows])
