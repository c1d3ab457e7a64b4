"""The losses as one would write them first: subject by subject, each loss by itself.

Layers are computed from the parameters of a :class:`neurodecode.mindbridge.MindBridge` by name, so
that both programs can share them: two models of the published width do not fit beside each other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from neurodecode.mindbridge.losses import Rows
    from neurodecode.mindbridge.model import MindBridge

TEMPERATURE, MSE_WEIGHT = 0.005, 1e4


def plain_loss(model: MindBridge, rows: Rows, pair: tuple[str, str]) -> Tensor:
    """Return the sum of all six terms; rows lie subject by subject, as many of each."""
    parts = dict(zip(model.subjects, rows.pooled.chunk(len(model.subjects)), strict=True))
    embedded = {subject: plain_embed(model, part, subject) for subject, part in parts.items()}
    x = _cat(embedded)
    blocks: Any = model.translator.blocks
    for block in blocks:
        linear, norm = block[0], block[1]
        y = _normalised(norm, functional.linear(x, linear.weight, linear.bias))
        x = x + functional.dropout(functional.gelu(y), block[3].p)
    assert model.image_head is not None
    assert model.text_head is not None
    assert rows.text is not None
    loss = x.new_zeros(())
    for head, target in ((model.image_head, rows.image), (model.text_head, rows.text)):
        predicted, wanted = functional.linear(x, head.weight, head.bias), target.flatten(1)
        loss = loss + plain_soft_clip(functional.normalize(predicted), functional.normalize(wanted))
        loss = loss + MSE_WEIGHT * functional.mse_loss(
            functional.normalize(predicted), functional.normalize(wanted)
        )
    rebuilt = {subject: plain_build(model, part, subject) for subject, part in embedded.items()}
    source, other = pair
    returned = plain_embed(model, plain_build(model, embedded[source], other), other)
    return (
        loss
        + functional.mse_loss(_cat(rebuilt), rows.pooled)
        + functional.mse_loss(returned, embedded[source])
    )


def plain_soft_clip(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the contrastive loss with the targets' own similarities as labels."""
    labels = (target @ target.T / TEMPERATURE).softmax(-1)
    logits = predicted @ target.T / TEMPERATURE
    rows = -(logits.log_softmax(-1) * labels).sum(-1).mean()
    columns = -(logits.T.log_softmax(-1) * labels).sum(-1).mean()
    return (rows + columns) / 2


def plain_embed(model: MindBridge, pooled: Tensor, subject: str) -> Tensor:
    """Return the embeddings of one subject's signals."""
    part: Any = model.embedders[subject]
    x = functional.linear(_adapted(part.adapter, pooled), part.linear.weight, part.linear.bias)
    x = _normalised(part.norm, x)
    return functional.dropout(functional.gelu(x), part.tail[1].p)


def plain_build(model: MindBridge, embedding: Tensor, subject: str) -> Tensor:
    """Return one subject's signals at some embeddings."""
    assert model.builders is not None
    part: Any = model.builders[subject]
    x = functional.linear(embedding, part.linear.weight, part.linear.bias)
    x = _normalised(part.norm, x)
    return _adapted(part.adapter, functional.gelu(x))


def _adapted(adapter: Any, x: Tensor) -> Tensor:
    down, up = adapter.down, adapter.up
    inner = functional.relu(functional.linear(x, down.weight, down.bias))
    return x + functional.linear(inner, up.weight, up.bias)


def _normalised(norm: Any, x: Tensor) -> Tensor:
    return functional.layer_norm(x, norm.weight.shape, norm.weight, norm.bias)


def _cat(parts: dict[str, Tensor]) -> Tensor:
    return torch.cat(list(parts.values()))
