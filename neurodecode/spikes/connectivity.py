"""Who attends to whom: directed weights between neurons from attention maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor

from neurodecode.faults import ConfigFault, DataFault, unknown
from neurodecode.spikes.batches import move
from neurodecode.training import evaluating

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from neurodecode.spikes.batches import SpikeBatch, SpikeWindows
    from neurodecode.spikes.model import Maps, Neuroformer

SourceStage = Literal["past", "encoder", "decoder"]
Layers = Literal["mean", "sum", "rollout"]
Heads = Literal["mean", "sum", "max"]
Weighting = Literal["attention", "gradient", "squared"]
Query = Literal["input", "target"]


class Connectivity(NamedTuple):
    """Directed weights between neurons.

    Attributes
    ----------
    weights : ndarray of float64, shape (n_neurons, n_neurons)
        Row a, column b: how strongly tokens of a attend to tokens of b. A connection b -> a.
    pairs : ndarray of int64, shape (n_neurons, n_neurons)
        Pairs of tokens that were seen; where 0, the weight is 0.
    """

    weights: NDArray[np.float64]
    pairs: NDArray[np.int64]


def attention_connectivity(
    model: Neuroformer,
    windows: SpikeWindows,
    *,
    stage: SourceStage = "past",
    layers: Layers = "mean",
    heads: Heads = "mean",
    weighting: Weighting = "attention",
    query: Query = "input",
    per_pair: bool = True,
    normalise_rows: bool = False,
    log: bool = False,
    batch_size: int = 32,
) -> Connectivity:
    r"""Accumulate attention between all pairs of tokens that are neurons.

    .. math:: M_{ab} = \sum_{i: q_i = a} \; \sum_{j: k_j = b} A_{ij}

    over queries i and keys j of all windows; the released self-attention script takes i = j alone.

    Parameters
    ----------
    model : Neuroformer
        Its mode stays as it was; dropout is off.
    windows : SpikeWindows
        Best held-out ones.
    stage : {"past", "encoder", "decoder"}, default="past"
        From current tokens to the past window, or to earlier tokens of the current window, before
        or after the fusion.
    layers : {"mean", "sum", "rollout"}, default="mean"
        Over blocks. Rollout: product of :math:`(A + I) / 2` with rows of sum 1, for ``encoder`` and
        ``decoder``, whose keys are what the block before wrote.
    heads : {"mean", "sum", "max"}, default="mean"
    weighting : {"attention", "gradient", "squared"}, default="attention"
        Gradient: times the positive part of the gradient of the true tokens' log probability
        (as grad-CAM). Squared: times itself, which is what the released code does in its place.
    query : {"input", "target"}, default="input"
        The neuron of a query: the token at its place, as in the released code, or the one that is
        predicted there.
    per_pair : bool, default=True
        Divide by the number of pairs of tokens, so that neurons of high rate do not lead.
    normalise_rows : bool, default=False
        Divide rows by their sum.
    log : bool, default=False
        log(1 + M) at the end.
    batch_size : int, default=32

    Raises
    ------
    ConfigFault
        If an option is unknown, rollout is asked of the past, the stage has no blocks, or windows
        were made with other settings.

    References
    ----------
    Abnar & Zuidema (2020), Quantifying attention flow in transformers, ACL (rollout).
    """
    for kind, value, valid in (
        ("stage", stage, SourceStage), ("layers", layers, Layers), ("heads", heads, Heads),
        ("weighting", weighting, Weighting), ("query", query, Query),
    ):  # fmt: skip
        if value not in get_args(valid):
            raise ConfigFault(unknown(kind, value, get_args(valid)))
    if layers == "rollout" and stage == "past":
        raise ConfigFault("rollout multiplies maps of self-attention, the past has none",
                          fix="stage encoder or decoder, or layers mean")  # fmt: skip
    n_neurons = model.tokenizer.n_neurons
    total = np.zeros(n_neurons**2)
    pairs = np.zeros(n_neurons**2, np.int64)
    for batch, maps in _maps_of(model, windows, weighting, batch_size):
        if not maps.get(stage):
            raise ConfigFault(f"the model has no block in the stage '{stage}'")
        weights = _over_layers([_over_heads(each, heads) for each in maps[stage]], layers)
        queries = batch["id"] if query == "input" else batch["target_id"]
        keys = batch["past_id"] if stage == "past" else batch["id"]
        places, values = _pairs_of(queries, keys, weights, n_neurons, causal=stage != "past")
        total += np.bincount(places, values, minlength=n_neurons**2)
        pairs += np.bincount(places, minlength=n_neurons**2)
    found = total / np.maximum(pairs, 1) if per_pair else total
    found = found.reshape(n_neurons, n_neurons)
    if normalise_rows:
        sums = found.sum(axis=1, keepdims=True)
        found = np.divide(found, sums, out=np.zeros_like(found), where=sums > 0)
    return Connectivity(np.log1p(found) if log else found, pairs.reshape(n_neurons, n_neurons))


def stimulus_attention(
    model: Neuroformer, windows: SpikeWindows, *, sigma: float = 2.0, batch_size: int = 32
) -> NDArray[np.float64]:
    """Return where in a clip each neuron attends to, (n_neurons, times, rows, columns).

    Mean over blocks, heads and tokens of the neuron; smoothed by a Gaussian in all three
    directions. Neurons without a token have zeros.

    Parameters
    ----------
    model : Neuroformer
    windows : SpikeWindows
    sigma : float, default=2
        In tokens; 0: not smoothed.
    batch_size : int, default=32

    Raises
    ------
    ConfigFault
        If windows were made with other settings.
    DataFault
        If the model reads no frames.
    """
    if model.frames is None:
        raise DataFault("the model reads no frames")
    n_neurons = model.tokenizer.n_neurons
    total: NDArray[np.float64] | None = None
    counts = np.zeros(n_neurons)
    shape = (0, 0, 0)
    for batch, maps in _maps_of(model, windows, "attention", batch_size):
        shape = model.frames.grid(*batch["frames"].shape[2:])
        weights = _over_layers([_over_heads(each, "mean") for each in maps["frames"]], "mean")
        real = batch["id"] < n_neurons
        units = batch["id"][real].cpu().numpy()
        rows = weights[real][:, 1:].cpu().double().numpy()  # the first key is SOS
        total = np.zeros((n_neurons, rows.shape[1])) if total is None else total
        np.add.at(total, units, rows)
        counts += np.bincount(units, minlength=n_neurons)
    if total is None:
        raise DataFault("no window")
    mean = (total / np.maximum(counts, 1)[:, None]).reshape(n_neurons, *shape)
    return gaussian_filter(mean, (0, sigma, sigma, sigma)) if sigma else mean


def _maps_of(
    model: Neuroformer, windows: SpikeWindows, weighting: Weighting, batch_size: int
) -> Iterator[tuple[SpikeBatch, Maps]]:
    """Yield batches and the weighted maps of all stages."""
    windows.require(model.config)
    device = next(model.parameters()).device
    with evaluating(model):
        for batch in windows.batches(batch_size):
            moved = move(batch, device)
            if weighting == "gradient":
                yield moved, _gradient_maps(model, moved)
                continue
            maps: Maps = {}
            with torch.no_grad():
                model(moved, maps)
            if weighting == "squared":
                maps = {name: [each.square() for each in found] for name, found in maps.items()}
            yield moved, maps


def _gradient_maps(model: Neuroformer, batch: SpikeBatch) -> Maps:
    """Return maps times the positive part of the gradient of the true tokens' log probability."""
    frozen = [parameter for parameter in model.parameters() if not parameter.requires_grad]
    maps: Maps = {}
    try:
        model.requires_grad_(True)  # else maps of a frozen model have no gradient
        with torch.enable_grad():
            outputs = model(batch, maps)
            real = batch["target_id"] != model.tokenizer.pad
            said = outputs.id.log_softmax(dim=-1)
            score = said.gather(2, batch["target_id"][..., None])[..., 0][real].sum()
            flat = [each for found in maps.values() for each in found]
            gradients = iter(torch.autograd.grad(score, flat, allow_unused=True))
    finally:
        for parameter in frozen:
            parameter.requires_grad_(False)
    return {
        name: [_positive(each, next(gradients)) for each in found] for name, found in maps.items()
    }


def _positive(weights: Tensor, gradient: Tensor | None) -> Tensor:
    if gradient is None:  # the last block's map of a stage that is not read any more
        return torch.zeros_like(weights)
    return (weights * gradient.clamp(min=0)).detach()


def _over_heads(weights: Tensor, heads: Heads) -> Tensor:
    """Return (B, T, S) of maps (B, n_heads, T, S)."""
    if heads == "max":
        return weights.amax(dim=1)
    return weights.sum(dim=1) if heads == "sum" else weights.mean(dim=1)


def _over_layers(weights: list[Tensor], layers: Layers) -> Tensor:
    """Return one map (B, T, S) of those of all blocks."""
    if layers != "rollout":
        stacked = torch.stack(weights)
        return stacked.sum(dim=0) if layers == "sum" else stacked.mean(dim=0)
    identity = torch.eye(weights[0].shape[-1], device=weights[0].device)
    flow = identity.expand_as(weights[0])
    for each in weights:
        mixed = (each + identity) / 2
        flow = mixed / mixed.sum(dim=-1, keepdim=True) @ flow
    return flow


def _pairs_of(
    queries: Tensor, keys: Tensor, weights: Tensor, n_neurons: int, *, causal: bool
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return row * n_neurons + column, and weight, of every pair of tokens that are neurons."""
    real = (queries < n_neurons)[:, :, None] & (keys < n_neurons)[:, None, :]
    if causal:  # later tokens are no pairs: they cannot be attended to
        real = real & torch.ones(real.shape[1:], dtype=torch.bool, device=real.device).tril()
    places = queries[:, :, None] * n_neurons + keys[:, None, :]
    return places[real].cpu().numpy(), weights[real].cpu().double().numpy()
