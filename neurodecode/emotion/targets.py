"""What outputs are compared with, and how they are read as probabilities of levels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, get_args

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import log_softmax, softplus

from neurodecode.emotion.config_model import TargetKind
from neurodecode.emotion.label_smoothing import smoothing_table
from neurodecode.faults import ConfigFault, DataFault, unknown

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

NOISE, CUT = 0.1, 0.2
"""Standard deviation, in levels, of the noise on the labels of a mixture, and where it is cut."""
FLOOR, SLOPE = 1e-3, 0.05
"""Least scale of a Gaussian, and what an output is multiplied by before the softplus."""


class Target(Protocol):
    """A kind of target; ``levels`` are int64 (B,) from 0, outputs (B, n_outputs)."""

    @property
    def n_classes(self) -> int:
        """Levels."""
        ...

    @property
    def n_outputs(self) -> int:
        """Outputs that a network needs for it."""
        ...

    def loss(self, outputs: Tensor, levels: Tensor, class_weights: Tensor | None = None) -> Tensor:
        """Return the training loss, a scalar.

        With weights (n_classes,) each row's loss is multiplied by that of its level, and the mean
        is over rows, as Keras has it.
        """
        ...

    def validation_loss(self, outputs: Tensor, levels: Tensor) -> Tensor:
        """Return the loss without smoothing, noise and weights, a scalar."""
        ...

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return probabilities of the levels, (B, n_classes)."""
        ...


@dataclass(frozen=True)
class CategoricalTarget:
    r"""One logit per level, and the cross-entropy with smoothed or one-hot labels.

    .. math:: L = -\sum_k q_k(y) \log \mathrm{softmax}(o)_k

    In validation q is one-hot, whatever sigma, as in the original.

    Parameters
    ----------
    n_classes : int, default=5
    sigma : float, default=0.5
        Of the smoothing, in levels (see :func:`smooth_labels`); 0: one-hot.
    """

    n_classes: int = 5
    sigma: float = 0.5

    @property
    def n_outputs(self) -> int:
        """One for each level."""
        return self.n_classes

    def loss(self, outputs: Tensor, levels: Tensor, class_weights: Tensor | None = None) -> Tensor:
        """Return the cross-entropy with the labels of ``sigma``."""
        table = torch.as_tensor(smoothing_table(self.n_classes, self.sigma)).to(outputs)
        entropy = -(table[levels] * log_softmax(outputs, dim=-1)).sum(dim=-1)
        return _mean(entropy, levels, class_weights)

    def validation_loss(self, outputs: Tensor, levels: Tensor) -> Tensor:
        """Return the cross-entropy with one-hot labels."""
        return CategoricalTarget(self.n_classes, 0.0).loss(outputs, levels)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return the softmax, (B, n_classes)."""
        return outputs.softmax(dim=-1)


@dataclass(frozen=True)
class RegressionTarget:
    r"""One output whose hyperbolic tangent is the rating, scaled to [-1, 1].

    .. math:: L = |\tanh(o) - t_y|, \quad t_k = 2k / (K - 1) - 1, \quad
              p_k \propto \exp(-|\tanh(o) - t_k|)

    The probabilities are the original's rule. They decode to the nearest level, and are never
    far from uniform, since no two targets are more than 2 apart: their ranks count, not their
    sizes.

    Parameters
    ----------
    n_classes : int, default=5
        K.
    """

    n_classes: int = 5

    @property
    def n_outputs(self) -> int:
        """One."""
        return 1

    def loss(self, outputs: Tensor, levels: Tensor, class_weights: Tensor | None = None) -> Tensor:
        """Return the mean absolute error of the scaled rating."""
        error = (outputs[:, 0].tanh() - self._grid(outputs)[levels]).abs()
        return _mean(error, levels, class_weights)

    def validation_loss(self, outputs: Tensor, levels: Tensor) -> Tensor:
        """Return the mean absolute error of the scaled rating."""
        return self.loss(outputs, levels)

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return (B, n_classes), most at the nearest level."""
        return (-(outputs[:, :1].tanh() - self._grid(outputs)).abs()).softmax(dim=-1)

    def _grid(self, like: Tensor) -> Tensor:
        return torch.linspace(-1, 1, self.n_classes).to(like)


@dataclass(frozen=True)
class MixtureTarget:
    r"""The rating as a mixture of Gaussians on the line of levels.

    .. math:: L = -\log \sum_m \pi_m \mathcal N(y + \varepsilon; \mu_m, \sigma_m), \quad
              \sigma_m = 10^{-3} + \mathrm{softplus}(0.05\, u_m)

    with outputs mu, u and the logits of pi in this order. In training the label carries noise
    drawn from N(0, 0.1) cut at +-0.2, from torch's global generator; in validation none. The
    probability of a level is the mass nearest to it, so that the outermost levels hold the tails;
    the original counts 1024 draws, of which this is the expectation.

    Parameters
    ----------
    n_classes : int, default=5
    n_components : int, default=5
        One: a single Gaussian with two outputs, without logit.
    """

    n_classes: int = 5
    n_components: int = 5

    @property
    def n_outputs(self) -> int:
        """Three for each component, or two for a single one."""
        return 2 if self.n_components == 1 else 3 * self.n_components

    def loss(self, outputs: Tensor, levels: Tensor, class_weights: Tensor | None = None) -> Tensor:
        """Return the negative log density at labels with noise."""
        noisy = levels + truncated_noise(levels.shape).to(outputs)
        return _mean(self._surprise(outputs, noisy), levels, class_weights)

    def validation_loss(self, outputs: Tensor, levels: Tensor) -> Tensor:
        """Return the negative log density at the levels."""
        return self._surprise(outputs, levels).mean()

    def probabilities(self, outputs: Tensor) -> Tensor:
        """Return the mass nearest to each level, (B, n_classes)."""
        location, scale, log_share = self._parts(outputs)
        edges = torch.arange(0.5, self.n_classes - 1).to(outputs)
        z = (edges - location[..., None]) / scale[..., None]
        below = (log_share.exp()[..., None] * torch.special.ndtr(z)).sum(dim=1)
        none, all_ = torch.zeros_like(below[:, :1]), torch.ones_like(below[:, :1])
        return torch.cat([none, below, all_], dim=1).diff(dim=1).clamp(min=0)

    def _parts(self, outputs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return location, scale and log share of each component, (B, n_components) each."""
        size = outputs.shape[0], -1, self.n_components  # len() would fix the batch of a graph
        location, raw, *logits = outputs.reshape(size).unbind(1)
        share = log_softmax(logits[0], dim=-1) if logits else torch.zeros_like(location)
        return location, FLOOR + softplus(SLOPE * raw), share

    def _surprise(self, outputs: Tensor, ratings: Tensor) -> Tensor:
        location, scale, log_share = self._parts(outputs)
        z = (ratings[:, None] - location) / scale
        log_density = -0.5 * z**2 - scale.log() - 0.5 * math.log(2 * math.pi)
        return -(log_share + log_density).logsumexp(dim=-1)


def make_target(kind: str = "smoothed", n_classes: int = 5, sigma: float = 0.5) -> Target:
    """Return a target by its name.

    Parameters
    ----------
    kind : {"smoothed", "one-hot", "regression", "mixture", "gaussian"}, default="smoothed"
        A mixture has one component per level; "gaussian" is a single one.
    n_classes : int, default=5
    sigma : float, default=0.5
        Of the smoothed labels, in levels.

    Raises
    ------
    ConfigFault
        If there is no such kind, with the nearest.
    """
    kinds: dict[str, Target] = {
        "smoothed": CategoricalTarget(n_classes, sigma),
        "one-hot": CategoricalTarget(n_classes, 0.0),
        "regression": RegressionTarget(n_classes),
        "mixture": MixtureTarget(n_classes, n_classes),
        "gaussian": MixtureTarget(n_classes, 1),
    }
    if kind not in kinds:
        raise ConfigFault(unknown("kind of target", kind, get_args(TargetKind)))
    return kinds[kind]


def balancing_weights(levels: ArrayLike, n_classes: int = 5) -> Tensor:
    """Return a weight per class: the largest class's count over its own; 1 for an absent class.

    Parameters
    ----------
    levels : array-like of int
        Of the training windows.
    n_classes : int, default=5

    Returns
    -------
    Tensor of float32, shape (n_classes,)

    Raises
    ------
    DataFault
        If there is no level, or one is out of range.
    """
    found = np.asarray(levels, dtype=np.int64)
    if not found.size or found.min() < 0 or found.max() >= n_classes:
        raise DataFault(f"levels of {n_classes} classes expected, got {sorted(set(found.flat))}")
    counts = np.bincount(found.ravel(), minlength=n_classes)
    weights = np.where(counts > 0, counts.max() / np.maximum(counts, 1), 1.0)
    return torch.as_tensor(weights, dtype=torch.float32)


def truncated_noise(shape: tuple[int, ...]) -> Tensor:
    """Draw from N(0, 0.1) cut at +-0.2, by the inverse of its distribution function."""
    tail = 0.5 * (1 + math.erf(-CUT / NOISE / math.sqrt(2)))
    return NOISE * torch.special.ndtri(tail + (1 - 2 * tail) * torch.rand(shape))


def _mean(losses: Tensor, levels: Tensor, class_weights: Tensor | None) -> Tensor:
    if class_weights is not None:
        losses = losses * class_weights.to(losses)[levels]
    return losses.mean()
