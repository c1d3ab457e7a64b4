"""Writing as one would do it first: a pass over the tokens so far, for each next one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor

if TYPE_CHECKING:
    from neurodecode.spikes.batches import SpikeBatch
    from neurodecode.spikes.model import Neuroformer


@torch.no_grad()
def write_plainly(model: Neuroformer, batch: SpikeBatch, n_tokens: int) -> tuple[Tensor, Tensor]:
    """Return IDs and times (n_tokens,) at most, the most probable ones, of one window, up to EOS.

    Unlike the released code, which passes the whole block through the network with what is not yet
    written as padding, this peer grows from SOS on.

    Parameters
    ----------
    model : Neuroformer
        In evaluation mode.
    batch : SpikeBatch
        One window; of the current tokens only SOS is read.
    n_tokens : int
    """
    tokenizer = model.tokenizer
    ids, times = batch["id"][:, :1], batch["dt"][:, :1]
    for _ in range(n_tokens):
        outputs = model({**batch, "id": ids, "dt": times})
        logits = outputs.id[:, -1]
        logits[:, [tokenizer.sos, tokenizer.pad]] = float("-inf")
        chosen = logits.argmax(dim=-1, keepdim=True)
        if int(chosen) == tokenizer.eos:
            break
        moment = outputs.dt[:, -1, : tokenizer.windows.n_bins].argmax(dim=-1, keepdim=True)
        ids, times = torch.cat([ids, chosen], dim=1), torch.cat([times, moment], dim=1)
    return ids[0, 1:], times[0, 1:]
