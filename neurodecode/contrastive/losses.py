"""Losses that bring estimates from brain signals near the representations of the stimuli."""

from __future__ import annotations

from math import log

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, mse_loss

from neurodecode.contrastive.gathering import gather_batch
from neurodecode.faults import ConfigFault, DataFault

EPSILON = 1e-8


def scores(estimates: Tensor, candidates: Tensor, *, normalise_estimates: bool = False) -> Tensor:
    r"""Score every candidate for every estimate.

    .. math:: s_{ij} = \frac{\langle Z_i, Y_j \rangle}{10^{-8} + \lVert Y_j \rVert}

    with product and norm over features and time. The norm of an estimate takes the place of a
    temperature; it changes no ranking.

    Parameters
    ----------
    estimates : Tensor, shape (B, F, T) or (B, F)
        Z.
    candidates : Tensor, shape (N, F, T) or (N, F)
        Y.
    normalise_estimates : bool, default=False
        Divide by the estimate's norm too: cosine similarity.

    Returns
    -------
    Tensor, shape (B, N)

    Raises
    ------
    DataFault
        If the shapes of an estimate and of a candidate differ.

    References
    ----------
    Defossez et al. (2023), Decoding speech perception from non-invasive brain recordings, Methods.
    """
    _check_same_features(estimates, candidates)
    Z, Y = estimates.flatten(1), candidates.flatten(1)
    products = (Z @ Y.mT) / (EPSILON + Y.norm(dim=1))
    return products / (EPSILON + Z.norm(dim=1))[:, None] if normalise_estimates else products


def clip_loss(estimates: Tensor, candidates: Tensor) -> Tensor:
    r"""Contrastive loss of the article, from estimates to candidates.

    .. math:: L = -\frac1B \sum_i \log \frac{\exp s_{ii}}{\sum_{j=1}^{N} \exp s_{ij}}

    Parameters
    ----------
    estimates : Tensor, shape (B, F, T) or (B, F)
    candidates : Tensor, shape (N, F, T) or (N, F)
        N >= B; candidate i is the right one of estimate i, those beyond B are negatives of all.

    Returns
    -------
    Tensor, a scalar

    Raises
    ------
    DataFault
        If there are fewer candidates than estimates, or their shapes differ.
    """
    if len(candidates) < len(estimates):
        raise DataFault(f"{len(estimates)} estimates but only {len(candidates)} candidates")
    return cross_entropy(scores(estimates, candidates), _diagonal(estimates))


def regression_loss(estimates: Tensor, targets: Tensor) -> Tensor:
    """Return the mean squared error over all trials, features and frames.

    Raises
    ------
    DataFault
        If the shapes differ.
    """
    if estimates.shape != targets.shape:
        raise DataFault(
            f"estimates of shape {tuple(estimates.shape)}, targets of {tuple(targets.shape)}"
        )
    return mse_loss(estimates, targets)


class ClipLoss(nn.Module):
    r"""Contrastive loss within groups of trials; the defaults are the article's.

    Parameters
    ----------
    symmetric : bool, default=False
        Average with the loss from candidates to estimates.
    temperature : float, default=1.0
        Scores are divided by it.
    learn_temperature : bool, default=False
        Train its logarithm.
    normalise_estimates : bool, default=False
        Cosine similarity.
    group_size : int or None, default=None
        A trial and its negatives together: consecutive trials of the batch form groups of this
        size, the last one perhaps smaller. The article's runs had 128, on each of two devices.
        None: the whole batch.
    merge_duplicates : bool, default=False
        Trials with the same segment are not negatives of each other. They are taken out of the
        sum instead of counted as right: they are equal, so counting them would start each
        repeated segment at a better loss and weaken its gradient.
    gather : bool, default=False
        In a distributed run, form groups in the batches of all processes together. Every process
        then returns the same loss, and averaged gradients are those of one process with the
        whole batch.

    Raises
    ------
    ConfigFault
        If the temperature is not positive, or a group has no negative.

    References
    ----------
    Defossez et al. (2023), Methods; Benchetrit et al. (2024), Brain decoding: toward real-time
    reconstruction of visual perception, section 2 (symmetric, cosine, learned temperature).
    """

    def __init__(
        self,
        *,
        symmetric: bool = False,
        temperature: float = 1.0,
        learn_temperature: bool = False,
        normalise_estimates: bool = False,
        group_size: int | None = None,
        merge_duplicates: bool = False,
        gather: bool = False,
    ) -> None:
        super().__init__()
        if temperature <= 0:
            raise ConfigFault(f"temperature {temperature:g} is not positive")
        if group_size is not None and group_size < 2:
            raise ConfigFault(f"group_size {group_size} leaves no negative", fix="2 or more")
        self.symmetric, self.normalise_estimates = symmetric, normalise_estimates
        self.group_size, self.merge_duplicates = group_size, merge_duplicates
        self.gather = gather
        start = torch.tensor(log(temperature))
        self.log_temperature: Tensor
        if learn_temperature:
            self.log_temperature = nn.Parameter(start)
        else:
            self.register_buffer("log_temperature", start)

    def forward(
        self, estimates: Tensor, candidates: Tensor, segments: Tensor | None = None
    ) -> Tensor:
        """Return the mean loss over all trials.

        Parameters
        ----------
        estimates, candidates : Tensor, shape (B, F, T) or (B, F)
        segments : Tensor of int64, shape (B,), default=None
            Which stimulus segment each trial has; needed to merge duplicates.

        Raises
        ------
        DataFault
            If shapes differ, or segments are needed and missing.
        """
        if estimates.shape != candidates.shape:
            raise DataFault(
                f"estimates of shape {tuple(estimates.shape)}, "
                f"candidates of {tuple(candidates.shape)}"
            )
        segments = self._segments(segments, len(estimates))
        if self.gather:
            estimates, candidates = gather_batch(estimates), gather_batch(candidates)
            segments = None if segments is None else gather_batch(segments)
        total = estimates.new_zeros(())
        size = self.group_size or len(estimates)
        for start in range(0, len(estimates), size):
            group = slice(start, start + size)
            same = None if segments is None else segments[group]
            total = total + self._sum(estimates[group], candidates[group], same)
        return total / len(estimates)

    def _sum(self, estimates: Tensor, candidates: Tensor, segments: Tensor | None) -> Tensor:
        """Return the summed loss of one group."""
        logits = scores(estimates, candidates, normalise_estimates=self.normalise_estimates)
        logits = logits / self.log_temperature.exp()
        if segments is not None:
            same = segments[:, None] == segments
            logits = logits.masked_fill(same.fill_diagonal_(False), float("-inf"))
        right = _diagonal(estimates)
        loss = cross_entropy(logits, right, reduction="sum")
        if not self.symmetric:
            return loss
        return (loss + cross_entropy(logits.mT, right, reduction="sum")) / 2

    def _segments(self, segments: Tensor | None, n_trials: int) -> Tensor | None:
        if not self.merge_duplicates:
            return None
        if segments is None or segments.shape != (n_trials,):
            found = None if segments is None else tuple(segments.shape)
            raise DataFault(f"segments of shape {found} for {n_trials} trials")
        return segments


def _diagonal(estimates: Tensor) -> Tensor:
    return torch.arange(len(estimates), device=estimates.device)


def _check_same_features(estimates: Tensor, candidates: Tensor) -> None:
    if estimates.ndim < 2 or estimates.shape[1:] != candidates.shape[1:]:
        raise DataFault(
            f"estimates of shape {tuple(estimates.shape)} cannot be compared with candidates "
            f"of shape {tuple(candidates.shape)}"
        )
