"""Signals that a subject would have had: one subject's embeddings through another's builder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from neurodecode.mindbridge.aggregation import pool_repetitions
from neurodecode.mindbridge.data import SubjectData
from neurodecode.training import evaluating

if TYPE_CHECKING:
    from neurodecode.mindbridge.config_model import Aggregation
    from neurodecode.mindbridge.model import MindBridge


class PseudoPair(NamedTuple):
    """Synthetic signals (B, pooled_size) and the embeddings (B, W) they must lead back to."""

    signals: Tensor
    embedding: Tensor


def synthesise(model: MindBridge, pooled: Tensor, source: str, target: str) -> Tensor:
    r"""Return what the target subject would have shown: :math:`B_b(E_a(v_a))`.

    Without dropout and gradients; the model's mode stays as it was.

    Parameters
    ----------
    model : MindBridge
    pooled : Tensor, shape (B, pooled_size)
        Pooled signals of the source subject.
    source, target : str
        a and b; with a = b, the signal rebuilt.

    Returns
    -------
    Tensor, shape (B, pooled_size)
        Pooled signals of the target subject; ``model(signals, target)`` decodes them.

    Raises
    ------
    DataFault
        If the shape is another one.
    ConfigFault
        If the model lacks a subject or its builders.

    References
    ----------
    Wang et al. (2024), MindBridge: a cross-subject brain decoding framework, CVPR (novel fMRI
    synthesis).
    """
    with evaluating(model), torch.no_grad():
        return pseudo_pair(model, pooled, source, target).signals


def pseudo_pair(model: MindBridge, pooled: Tensor, source: str, target: str) -> PseudoPair:
    """Return pseudo-data of the target subject from the source's signals, with gradients.

    In the model's present mode: dropout acts in training. The published augmentation asks that the
    target's embedder maps the signals back to the embedding (:func:`cycle_loss`) and nothing else.

    See :func:`synthesise` for the parameters and what is raised.
    """
    embedding = model.embed(pooled, source)
    return PseudoPair(model.build(embedding, target), embedding)


def pseudo_subject_data(
    model: MindBridge,
    data: SubjectData,
    source: str,
    target: str,
    *,
    method: Aggregation = "max",
    batch_size: int = 256,
) -> SubjectData:
    """Return a data set of the target subject for the source's stimuli.

    To train on beside real data, with all losses: further than the published augmentation goes.
    Repetitions are pooled, then averaged; each stimulus has one synthetic repetition.

    Parameters
    ----------
    model : MindBridge
    data : SubjectData
        Of the source subject.
    source, target : str
    method : {"max", "mean", "linear"}, default="max"
        See :func:`aggregate`.
    batch_size : int, default=256

    Returns
    -------
    SubjectData
        Responses (n_stimuli, 1, pooled_size), which later pooling leaves as they are.

    Raises
    ------
    ConfigFault
        If the model lacks a subject or its builders.
    """
    device = next(model.parameters()).device
    signals = np.empty((len(data), 1, model.pooled_size), dtype=np.float32)
    for first in range(0, len(data), batch_size):
        rows = range(first, min(first + batch_size, len(data)))
        pooled = np.stack([_pooled(model, data, row, method, source) for row in rows])
        made = synthesise(model, torch.from_numpy(pooled).to(device), source, target)
        signals[first : first + len(rows), 0] = made.float().cpu().numpy()
    return SubjectData(signals, data.image, data.ids, data.text)


def _pooled(
    model: MindBridge, data: SubjectData, row: int, method: Aggregation, source: str
) -> Any:
    return pool_repetitions(
        data.responses[row, : data.counts[row]], model.pooled_size, method,
        where=f"subject {source}, stimulus {data.ids[row]}",
    ).astype(np.float32)  # fmt: skip
