"""From logits to tokens: top-k, nucleus, temperature, and draws from given numbers."""

from __future__ import annotations

import torch
from torch import Tensor

NEVER = float("-inf")


def filter_logits(logits: Tensor, *, top_k: int = 0, top_p: float = 1.0) -> Tensor:
    """Return logits with those of improbable tokens at minus infinity.

    Parameters
    ----------
    logits : Tensor, shape (..., size)
    top_k : int, default=0
        Tokens that are kept; ties with the last one are kept too. 0: all.
    top_p : float, default=1
        Going from the most probable token on, those after the one at which the probability exceeds
        ``top_p`` are dropped. 1: none.

    References
    ----------
    Holtzman et al. (2020), The curious case of neural text degeneration, ICLR.
    """
    if top_k > 0:
        smallest = logits.topk(min(top_k, logits.shape[-1])).values[..., -1:]
        logits = logits.masked_fill(logits < smallest, NEVER)
    if top_p < 1:
        ordered, order = logits.sort(descending=True, stable=True)
        beyond = ordered.softmax(dim=-1).cumsum(dim=-1) > top_p
        dropped = torch.zeros_like(beyond)
        dropped[..., 1:] = beyond[..., :-1]  # the one that crosses stays
        logits = logits.masked_fill(torch.zeros_like(beyond).scatter(-1, order, dropped), NEVER)
    return logits


def token_probabilities(
    logits: Tensor,
    *,
    top_k: int = 0,
    top_p: float = 1.0,
    temperature: float = 1.0,
    temperature_first: bool = True,
) -> Tensor:
    """Return the probabilities (..., size) that tokens are drawn with.

    Parameters
    ----------
    logits : Tensor, shape (..., size)
    top_k, top_p
        See :func:`filter_logits`.
    temperature : float, default=1
    temperature_first : bool, default=True
        Temperature before the filters, so that it changes what they keep; the released code has it
        after.
    """
    if temperature_first:
        kept = filter_logits(logits / temperature, top_k=top_k, top_p=top_p)
    else:
        kept = filter_logits(logits, top_k=top_k, top_p=top_p) / temperature
    return kept.softmax(dim=-1)


def draw_tokens(probabilities: Tensor, numbers: Tensor) -> Tensor:
    """Return the tokens (B,) at which cumulative probabilities pass numbers, never one of zero.

    Parameters
    ----------
    probabilities : Tensor, shape (B, size)
    numbers : Tensor, shape (B,)
        Uniform in [0, 1).
    """
    passed = probabilities.double().cumsum(dim=-1)
    goals = numbers.double()[:, None] * passed[:, -1:]
    below: Tensor = (passed <= goals).sum(dim=-1)
    return below


def forbid(logits: Tensor, allowed: Tensor) -> Tensor:
    """Return logits (..., size) with minus infinity where a token is not allowed, (size,)."""
    return logits.masked_fill(~allowed, NEVER)
