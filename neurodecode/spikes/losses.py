"""The terms: next neuron, its time, alignment of modalities, decoded behaviours."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, mse_loss, normalize

from neurodecode.faults import ConfigFault, DataFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from neurodecode.spikes.batches import SpikeBatch
    from neurodecode.spikes.config_model import NeuroformerConfig
    from neurodecode.spikes.model import Neuroformer, Outputs

ID_WEIGHT, TIME_WEIGHT = 3 / 5, 2 / 5
CONTRASTIVE_SHARE = 1 / 4


def token_loss(logits: Tensor, targets: Tensor, padding: int) -> Tensor:
    """Return the mean cross-entropy (nats) of next tokens, EOS included, padding left out.

    Parameters
    ----------
    logits : Tensor, shape (B, T, size)
    targets : Tensor of int64, shape (B, T)
    padding : int
        Token that is not counted.

    Raises
    ------
    DataFault
        If the shapes do not fit.
    """
    if logits.shape[:2] != targets.shape:
        raise DataFault(f"targets of shape {tuple(targets.shape)} for logits "
                        f"{tuple(logits.shape)}")  # fmt: skip
    return cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=padding)


def contrastive_loss(
    features: Mapping[str, Tensor], temperature: float = 0.5, *, symmetric: bool = False
) -> Tensor:
    r"""Return the mean InfoNCE loss over all pairs of modalities.

    .. math:: L_{ij} = -\frac{1}{B} \sum_b \log \frac{\exp(u_b \cdot v_b / \tau)}
              {\sum_c \exp(u_b \cdot v_c / \tau)}

    with rows u of modality i and v of j, of unit length, i before j.

    Parameters
    ----------
    features : mapping of str to Tensor, shape (B, width)
        In order.
    temperature : float, default=0.5
    symmetric : bool, default=False
        Mean of both directions of a pair, as CLIP has it.

    Raises
    ------
    ConfigFault
        If there are fewer than two modalities, or the temperature is not positive.
    """
    if len(features) < 2:
        raise ConfigFault("a contrastive loss needs two features at least")
    if temperature <= 0:
        raise ConfigFault(f"temperature {temperature:g} is not positive")
    rows = [normalize(feature, dim=-1) for feature in features.values()]
    losses = []
    for first, second in combinations(rows, 2):
        similarity = first @ second.mT / temperature
        matching = torch.arange(len(first), device=first.device)
        loss = cross_entropy(similarity, matching)
        if symmetric:
            loss = (loss + cross_entropy(similarity.mT, matching)) / 2
        losses.append(loss)
    return torch.stack(losses).mean()


def behaviour_loss(decoded: Tensor, target: Tensor) -> Tensor:
    """Return the mean squared error of values (B, 1), or cross-entropy of logits (B, n_classes).

    Parameters
    ----------
    decoded : Tensor
    target : Tensor, shape (B,)
        Floating: values; int64: classes.
    """
    if target.is_floating_point():
        return mse_loss(decoded[:, 0], target)
    return cross_entropy(decoded, target)


def spike_terms(model: Neuroformer, outputs: Outputs, batch: SpikeBatch) -> dict[str, Tensor]:
    """Return all terms of a batch, unweighted: id, dt, contrastive, and each decoded behaviour.

    Raises
    ------
    DataFault
        If a behaviour to decode is absent.
    """
    tokenizer, config = model.tokenizer, model.config
    terms = {
        "id": token_loss(outputs.id, batch["target_id"], tokenizer.pad),
        "dt": token_loss(outputs.dt, batch["target_dt"], tokenizer.dt_pad),
    }
    if config.contrastive is not None and model.projector is not None:
        projected = {name: model.projector(outputs.pooled[name])
                     for name in config.contrastive.features}  # fmt: skip
        terms["contrastive"] = contrastive_loss(
            projected, config.contrastive.temperature, symmetric=config.contrastive.symmetric
        )
    for name in config.targets:
        if name not in batch["targets"]:
            raise DataFault(f"the model decodes '{name}', the batch has none")
        terms[name] = behaviour_loss(outputs.behaviour[name], batch["targets"][name])
    return terms


def weighted_sum(
    terms: Mapping[str, Tensor], config: NeuroformerConfig, *, spikes: bool = True
) -> Tensor:
    r"""Return the loss.

    .. math:: \Bigl(1 - \frac{1}{4}\Bigr) \Bigl(\frac{3}{5} L_{id} + \frac{2}{5} L_{dt}\Bigr)
              + \frac{1}{4} L_{contrastive} + \sum L_{behaviour}

    Without a contrastive loss the first factor is 1; released: 3/4 all the same.

    Parameters
    ----------
    terms : mapping of str to Tensor
    config : NeuroformerConfig
    spikes : bool, default=True
        False: the first term is left out.
    """
    total = ID_WEIGHT * terms["id"] + TIME_WEIGHT * terms["dt"] if spikes else terms["id"] * 0
    if config.contrastive is not None or not config.corrections.loss_scale:
        total = (1 - CONTRASTIVE_SHARE) * total
    if "contrastive" in terms:
        total = total + CONTRASTIVE_SHARE * terms["contrastive"]
    for name in config.targets:
        total = total + terms[name]
    return total
