"""The six terms: what decoded targets, rebuilt signals and passed-on embeddings should be near."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import mse_loss, normalize

from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from neurodecode.mindbridge.config_model import LossSection
    from neurodecode.mindbridge.model import MindBridge

WEIGHT_OF = {
    "image_soft_clip": "soft_clip",
    "image_mse": "mse",
    "text_soft_clip": "soft_clip",
    "text_mse": "mse",
    "reconstruction": "reconstruction",
    "cycle": "cycle",
}
"""Names of the terms, as they are logged, and the setting that weighs each."""


class Rows(NamedTuple):
    """Stimuli of several subjects together.

    Attributes
    ----------
    pooled : Tensor, shape (B, pooled_size)
    subject : Tensor of int64, shape (B,)
        Place of each row's subject among the model's.
    image : Tensor, shape (B, ...)
        Targets.
    text : Tensor or None, shape (B, ...)
        Targets.
    """

    pooled: Tensor
    subject: Tensor
    image: Tensor
    text: Tensor | None


def soft_clip_loss(predicted: Tensor, target: Tensor, temperature: float = 0.005) -> Tensor:
    r"""Contrastive loss whose labels are the targets' own similarities.

    .. math:: L = -\frac{1}{2B} \sum_{ij} p_{ij} (\log q_{ij} + \log q'_{ij}), \quad
              p = \mathrm{softmax}(T T^\top / \tau), \;
              q = \mathrm{softmax}(P T^\top / \tau), \;
              q' = \mathrm{softmax}(T P^\top / \tau)

    with rows of P and T flattened to unit length, softmax along rows. Not symmetric in its
    arguments; at P = T it is the mean entropy of p, not 0.

    Parameters
    ----------
    predicted, target : Tensor, shape (B, ...)
    temperature : float, default=0.005

    Returns
    -------
    Tensor, a scalar
        In single precision at least: half precision of a cosine is coarser than the temperature.

    Raises
    ------
    ConfigFault
        If the temperature is not positive.
    DataFault
        If the shapes differ.

    References
    ----------
    Scotti et al. (2023), Reconstructing the mind's eye, NeurIPS (SoftCLIP).
    """
    return _soft_clip(*_unit_rows(predicted, target), temperature)


def _soft_clip(P: Tensor, T: Tensor, temperature: float) -> Tensor:
    """Return the loss of rows that have unit length already."""
    if temperature <= 0:
        raise ConfigFault(f"temperature {temperature:g} is not positive")
    with torch.autocast(P.device.type, enabled=False):
        logits = (P @ T.mT) / temperature
        labels = ((T @ T.mT) / temperature).softmax(dim=1)
    both = logits.log_softmax(dim=1) + logits.mT.log_softmax(dim=1)
    return -(labels * both).sum(dim=1).mean() / 2


def normalised_mse(predicted: Tensor, target: Tensor) -> Tensor:
    r"""Mean squared error of rows flattened to unit length, :math:`\frac{2}{D} (1 - \cos)`.

    Parameters
    ----------
    predicted, target : Tensor, shape (B, ...)
        D values a row.

    Raises
    ------
    DataFault
        If the shapes differ.
    """
    return mse_loss(*_unit_rows(predicted, target))


def cosine(predicted: Tensor, target: Tensor) -> Tensor:
    """Return the cosine of each flattened pair, shape (B,)."""
    P, T = _unit_rows(predicted, target)
    return (P * T).sum(dim=1)


def reconstruction_loss(pooled: Tensor, rebuilt: Tensor) -> Tensor:
    """Return the mean squared error over all rows and values, in single precision at least.

    Raises
    ------
    DataFault
        If the shapes differ.
    """
    if pooled.shape != rebuilt.shape:
        raise DataFault(
            f"signals of shape {tuple(pooled.shape)}, rebuilt ones of {tuple(rebuilt.shape)}"
        )
    return mse_loss(_single(rebuilt), pooled.to(_single(rebuilt).dtype))


def cycle_loss(model: MindBridge, embedding: Tensor, subject: str) -> Tensor:
    r"""Return how far embeddings move on their way through another subject.

    .. math:: \frac{1}{B W} \sum \bigl( e - E_b(B_b(e)) \bigr)^2

    with the subject's embedder E and builder B. Gradients flow to both sides.

    Parameters
    ----------
    model : MindBridge
    embedding : Tensor, shape (B, W)
        Of other subjects.
    subject : str
        b.
    """
    returned = model.embed(model.build(embedding, subject), subject)
    return mse_loss(_single(returned), _single(embedding))


def draw_pair(
    subjects: Sequence[str], rng: np.random.Generator, *, target: str | None = None
) -> tuple[str, str] | None:
    """Draw whose embeddings pass through whom.

    Parameters
    ----------
    subjects : sequence of str
        Those in the batch.
    rng : numpy.random.Generator
    target : str, optional
        A new subject: the pair is then always (one of the others, target).

    Returns
    -------
    (str, str) or None
        An ordered pair of two different subjects, all equally likely; None where the batch has
        none.
    """
    others = [subject for subject in subjects if subject != target]
    if target is not None:
        return (str(rng.choice(others)), target) if others else None
    if len(others) < 2:
        return None
    source, other = rng.choice(len(others), size=2, replace=False)
    return others[source], others[other]


def bridge_terms(
    model: MindBridge,
    rows: Rows,
    *,
    pair: tuple[str, str] | None = None,
    temperature: float = 0.005,
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return the unweighted terms of a batch, and the mean cosines of what was decoded.

    SoftCLIP contrasts all rows, also of different subjects. Reconstruction averages over all rows,
    whatever each subject's share.

    Parameters
    ----------
    model : MindBridge
    rows : Rows
    pair : (str, str), optional
        Of :func:`draw_pair`; None: no cycle.
    temperature : float, default=0.005

    Returns
    -------
    terms : dict of str to Tensor
        Those of ``WEIGHT_OF`` that the model's heads and builders allow.
    cosines : dict of str to Tensor
        ``image`` and ``text``, without gradients.

    Raises
    ------
    DataFault
        If the targets do not fit the heads, or the texts are missing.
    """
    embedding = model.embed(rows.pooled, rows.subject)
    decoded = model.decode(embedding)
    terms, cosines = {}, {}
    for name, predicted, target in (
        ("image", decoded.image, rows.image), ("text", decoded.text, rows.text),
    ):  # fmt: skip
        if predicted is None:
            continue
        if target is None:
            raise DataFault(
                f"the model has a {name} head, the data no {name} targets",
                fix=f"give them, or build the model with {name}_shape=None",
            )
        # rows are wide (197,376 as published): unit length is made once for all three
        P, T = _unit_rows(predicted, target)
        terms[f"{name}_soft_clip"] = _soft_clip(P, T, temperature)
        terms[f"{name}_mse"] = mse_loss(P, T)
        cosines[name] = (P.detach() * T).sum(dim=1).mean()
    if model.builders is not None:
        rebuilt = model.build(embedding, rows.subject)
        terms["reconstruction"] = reconstruction_loss(rows.pooled, rebuilt)
        if pair is not None:
            source = rows.subject == model.subjects.index(pair[0])
            terms["cycle"] = cycle_loss(model, embedding[source], pair[1])
    return terms, cosines


def weighted_sum(terms: dict[str, Tensor], weights: LossSection) -> Tensor:
    """Return the sum of the terms by their weights; a term of weight 0 counts not at all."""
    parts = [getattr(weights, WEIGHT_OF[name]) * value for name, value in terms.items()
             if getattr(weights, WEIGHT_OF[name]) > 0]  # fmt: skip
    if not parts:
        raise ConfigFault("all terms of the loss that the model allows have weight 0")
    return torch.stack(parts).sum()


def _unit_rows(predicted: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    if predicted.shape != target.shape or predicted.ndim < 2:
        raise DataFault(
            f"predictions of shape {tuple(predicted.shape)}, targets of {tuple(target.shape)}"
        )
    P = normalize(_single(predicted).flatten(1), dim=1)
    return P, normalize(target.to(P.dtype).flatten(1), dim=1)


def _single(values: Tensor) -> Tensor:
    return values if values.dtype == torch.float64 else values.float()
